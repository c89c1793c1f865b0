/*
 * Makes one call of a program to the files below a folder fail, or all from one on: loaded by LD_PRELOAD.
 *
 * FAIL_BELOW  the folder, an absolute path without links
 * FAIL_AT     which call, from 1
 * FAIL_HOW    enospc, eio, or short: a write of half, and ENOSPC for the one that comes to write the rest
 * FAIL_ON     when set, all that come after fail too
 * FAIL_TOLD   a file that gets a line for each call that failed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { NOT_NOW, FAILS, HALF };

static atomic_int n_calls;

static int is_below(const char *path) {
    const char *folder = getenv("FAIL_BELOW");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

static void tell(int n, const char *call, const char *path) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%d %s %s\n", n, call, path);
    int file = syscall(SYS_openat, AT_FDCWD, getenv("FAIL_TOLD"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    syscall(SYS_write, file, line, length);
    syscall(SYS_close, file);
}

/* Counts a call; whether it fails, with errno set. Half is for writes. */
static int judge(const char *call, const char *path, int is_write) {
    const char *at = getenv("FAIL_AT"), *how = getenv("FAIL_HOW");
    if (!at || !how || !is_below(path)) return NOT_NOW;
    int n = atomic_fetch_add(&n_calls, 1) + 1, first = atoi(at);
    int is_half = strcmp(how, "short") == 0 && is_write && n == first;
    int is_rest = strcmp(how, "short") == 0 && n == first + 1;
    if (n != first && !is_rest && !(getenv("FAIL_ON") && n > first)) return NOT_NOW;
    tell(n, call, path);
    if (is_half) return HALF;
    errno = strcmp(how, "eio") == 0 ? EIO : ENOSPC;
    return FAILS;
}

static int judge_file(const char *call, int file, int is_write) {
    char path[PATH_MAX];
    int before = errno;
    int verdict = path_of(file, path) ? judge(call, path, is_write) : NOT_NOW;
    if (verdict != FAILS) errno = before;
    return verdict;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITES(name, parameters, whole, half)                       \
    ssize_t name parameters {                                       \
        int verdict = judge_file(#name, file, 1);                   \
        if (verdict == FAILS) return -1;                            \
        return verdict == HALF && size > 1 ? REAL(name) half : REAL(name) whole; \
    }
WRITES(write, (int file, const void *bytes, size_t size), (file, bytes, size), (file, bytes, size / 2))
WRITES(pwrite, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at),
       (file, bytes, size / 2, at))
WRITES(pwrite64, (int file, const void *bytes, size_t size, off64_t at), (file, bytes, size, at),
       (file, bytes, size / 2, at))

#define ON_FILE(name, parameters, arguments)                        \
    int name parameters { return judge_file(#name, file, 0) ? -1 : REAL(name) arguments; }
ON_FILE(fsync, (int file), (file))
ON_FILE(fdatasync, (int file), (file))
ON_FILE(ftruncate, (int file, off_t size), (file, size))
ON_FILE(ftruncate64, (int file, off64_t size), (file, size))
ON_FILE(fchmod, (int file, mode_t mode), (file, mode))

#define ON_PATH(name, parameters, arguments)                        \
    int name parameters { return judge(#name, path, 0) ? -1 : REAL(name) arguments; }
ON_PATH(rename, (const char *path, const char *to), (path, to))
ON_PATH(unlink, (const char *path), (path))
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode))

#define OPENS(name)                                                 \
    int name(const char *path, int flags, ...) {                    \
        va_list rest;                                               \
        va_start(rest, flags);                                      \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                               \
        return judge(#name, path, 0) ? -1 : REAL(name)(path, flags, mode); \
    }
OPENS(open)
OPENS(open64)
