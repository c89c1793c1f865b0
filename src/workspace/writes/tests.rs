//! Calls that fail, one after the other, and links that are swapped in while files are written.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::*;
use crate::problem::Problem;
use crate::workspace::Folder;
use crate::workspace::fault::{Feature, Plan, with_plan, without};

const BEFORE: [(&str, &str); 4] = [("a", "a\n"), ("b", "b\n"), ("c", "c\n"), ("sub/e", "e\n")];
const AFTER: [(&str, &str); 4] = [("b2", "B\n"), ("c", "CC\n"), ("new/deep/n", "n\n"), ("sub/e", "EE\n")];

/// A change with everything in it: `a` goes, `b` moves, `c` and `sub/e` change, `new/deep/n` comes.
fn change() -> Vec<NewText> {
    let file = |path: &str, to: Option<&str>, old: Option<&str>, new: Option<&str>| NewText {
        path: path.to_owned(),
        moved_to: to.map(str::to_owned),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
    };
    vec![
        file("c", None, Some("c\n"), Some("CC\n")),
        file("a", None, Some("a\n"), None),
        file("b", Some("b2"), Some("b\n"), Some("B\n")),
        file("sub/e", None, Some("e\n"), Some("EE\n")),
        file("new/deep/n", None, None, Some("n\n")),
    ]
}

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("sub")).unwrap();
    for (path, text) in BEFORE {
        fs::write(place.path().join(path), text).unwrap();
    }
    place
}

/// Every file with its text, sorted; folders end in a slash.
fn entries(root: &Path) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.push((name + "/", String::new()));
                folders.push(path);
            } else {
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn with_folders(files: &[(&str, &str)], folders: &[&str]) -> Vec<(String, String)> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let folders = folders.iter().map(|path| ((*path).to_owned(), String::new()));
    let mut all: Vec<_> = files.chain(folders).collect();
    all.sort();
    all
}

fn before() -> Vec<(String, String)> {
    with_folders(&BEFORE, &["sub/"])
}

fn after() -> Vec<(String, String)> {
    with_folders(&AFTER, &["new/", "new/deep/", "sub/"])
}

/// Makes the change while calls fail as planned; returns its result, what is there then, and how many calls counted.
fn run(plan: Plan) -> (Result<(), WriteError>, Vec<(String, String)>, usize) {
    let place = place();
    let folder = Folder::open(place.path()).unwrap();
    let (result, n_calls) = with_plan(plan, || folder.prepare(&change()).and_then(Writes::commit));
    (result, entries(place.path()), n_calls)
}

/// Lets the calls that `counts` names fail at every point; all files are as before, or all as after.
fn check_every(error: Errno, short: bool, again: fn(usize) -> bool, counts: fn(Call) -> bool, code: &str) {
    let (result, there, n_calls) = run(Plan { error, first: usize::MAX, again, counts, short });
    assert!(result.is_ok() && n_calls > 0, "{result:?}");
    assert_eq!(there, after());
    let mut n_refused = 0;
    for first in 0..n_calls {
        let (result, there, _) = run(Plan { error, first, again, counts, short });
        match result {
            Ok(()) => {
                // What could not be cleaned up is no file of the user's.
                let left: Vec<_> = there.into_iter().filter(|(name, _)| !name.contains(".tenon-")).collect();
                assert_eq!(left, after(), "call {first}");
            }
            Err(error) => {
                n_refused += 1;
                let there: Vec<_> = there.into_iter().filter(|(name, _)| !name.contains(".tenon-")).collect();
                assert_eq!(there, before(), "call {first}: {error}");
                assert_eq!(Problem::from(&error).code, code, "call {first}");
            }
        }
    }
    assert!(n_refused > 0, "no call that failed was noticed");
}

const FEATURES: [&[Feature]; 3] = [
    &[Feature::Syncing],
    &[Feature::Syncing, Feature::Exchange],
    &[Feature::Syncing, Feature::Exchange, Feature::Links, Feature::Resolution],
];

#[test]
fn every_call_that_fails_once_changes_nothing() {
    for features in FEATURES {
        without(features, || {
            for short in [false, true] {
                check_every(Errno::NOSPC, short, |_| false, |_| true, "disk-full");
                check_every(Errno::IO, short, |_| false, |_| true, "write-failed");
            }
        });
    }
}

#[test]
fn a_disk_that_stays_full_changes_nothing() {
    let needs_space = |call| matches!(call, Call::Create | Call::Write | Call::SyncFile | Call::MakeFolder);
    without(FEATURES[0], || {
        check_every(Errno::NOSPC, true, |_| true, needs_space, "disk-full");
        check_every(Errno::DQUOT, false, |_| true, needs_space, "disk-full");
        check_every(Errno::IO, false, |_| true, |call| call == Call::SyncFolder, "write-failed");
    });
}

#[test]
fn calls_that_fail_now_and_then_change_nothing() {
    without(FEATURES[0], || {
        check_every(Errno::IO, false, |distance| distance % 2 == 0, |_| true, "write-failed");
        check_every(Errno::IO, true, |distance| distance % 3 == 0, |_| true, "write-failed");
    });
}

/// When no rename works any more, nothing can be taken back: that is said, and what was there is kept.
#[test]
fn a_disk_that_fails_for_good_tears_nothing() {
    let again = |_| true;
    let (_, _, n_calls) = run(Plan {
        error: Errno::IO,
        first: usize::MAX,
        again,
        counts: |call| call == Call::Rename,
        short: false,
    });
    let mut n_half = 0;
    for first in 0..n_calls {
        let counts = |call| call == Call::Rename;
        let (result, there, _) = run(Plan { error: Errno::IO, first, again, counts, short: false });
        let error = result.unwrap_err();
        let code = Problem::from(&error).code;
        assert_eq!(code, if first == 0 { "write-failed" } else { "half-written" });
        let WriteErrorKind::HalfWritten { files, .. } = &error.kind else { continue };
        n_half += 1;
        assert_eq!(files.len(), first, "{error}");
        for (name, text) in BEFORE {
            let kept = there.iter().any(|(_, found)| found == text);
            assert!(kept, "{name} is lost: {there:?}");
        }
        for (name, text) in &there {
            let whole = text.is_empty() || BEFORE.iter().chain(&AFTER).any(|(_, known)| known == text);
            assert!(whole, "{name} is torn: {text}");
        }
    }
    assert!(n_half > 0);
}

#[test]
fn mode_and_owner_stay() {
    let place = place();
    let path = place.path().join("c");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4751)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&path, Some(1234), Some(4321)).unwrap();
        // Changing the owner takes this bit away.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4751)).unwrap();
    }
    let before = fs::metadata(&path).unwrap();
    Folder::open(place.path()).unwrap().prepare(&change()).unwrap().commit().unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    // The right to run as another was given to the old content.
    assert_eq!(after.mode() & 0o7777, 0o751);
    assert_ne!(after.ino(), before.ino());
}

#[test]
fn an_owner_that_cannot_be_kept_is_told() {
    let plan = Plan {
        error: Errno::PERM,
        first: 0,
        again: |_| false,
        counts: |call| call == Call::Mode,
        short: false,
    };
    let (result, there, _) = run(plan);
    assert_eq!(Problem::from(&result.unwrap_err()).code, "owner-not-kept");
    assert_eq!(there, before());
}

#[cfg(target_os = "linux")]
#[test]
fn attributes_stay() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let place = place();
    let path = place.path().join("c");
    if setxattr(&path, "user.tenon", b"kept", XattrFlags::empty()) == Err(Errno::OPNOTSUPP) {
        return;
    }
    Folder::open(place.path()).unwrap().prepare(&change()).unwrap().commit().unwrap();
    let mut value = [0; 8];
    let n_bytes = getxattr(&path, "user.tenon", &mut value[..]).unwrap();
    assert_eq!(&value[..n_bytes], b"kept");
}

#[test]
fn a_byte_order_mark_comes_back_with_a_file() {
    let place = place();
    let path = place.path().join("c");
    fs::write(&path, "\u{feff}c\n").unwrap();
    let folder = Folder::open(place.path()).unwrap();
    let write = |old: Option<&str>, new: Option<&str>| {
        let [old, new] = [old, new].map(|text| text.map(str::to_owned));
        let file = NewText { path: "c".to_owned(), moved_to: None, old, new };
        folder.prepare(&[file]).and_then(Writes::commit).unwrap();
    };
    let whole = folder.read_whole("c").unwrap();
    assert_eq!((whole.as_deref(), folder.read("c").unwrap().as_deref()), (Some("\u{feff}c\n"), Some("c\n")));
    // With the mark or without, it is there once.
    write(whole.as_deref(), Some("\u{feff}d\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}d\n");
    write(Some("d\n"), Some("c\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}c\n");
    write(Some("c\n"), None);
    write(None, whole.as_deref());
    assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}c\n");
}

/// What is said of a place that was changed by `spoil`; nothing is written.
fn check_refused(spoil: impl Fn(&Path), code: &str, name: &str) {
    let place = place();
    spoil(place.path());
    let there = entries(place.path());
    let result = Folder::open(place.path()).unwrap().prepare(&change()).map(drop);
    let error = result.unwrap_err();
    assert_eq!((Problem::from(&error).code, error.path.as_deref()), (code, Some(name)), "{error}");
    assert!(Problem::from(&error).hint.is_some());
    assert_eq!(entries(place.path()), there);
}

#[test]
fn what_may_not_be_written_is_told() {
    let mode = |path: &'static str, mode| {
        move |root: &Path| {
            fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    check_refused(mode("c", 0o444), "read-only-file", "c");
    check_refused(mode("a", 0o444), "read-only-file", "a");
    check_refused(mode("sub", 0o555), "read-only-folder", "sub/e");
    check_refused(|root| fs::remove_file(root.join("sub/e")).unwrap(), "file-vanished", "sub/e");
    check_refused(|root| fs::write(root.join("sub/e"), "mine\n").unwrap(), "conflict", "sub/e");
    check_refused(|root| fs::write(root.join("b2"), "mine\n").unwrap(), "file-exists", "b2");
}

/// What is said when `spoil` is done between preparing and committing.
fn check_overtaken(spoil: impl Fn(&Path), code: &str) {
    let place = place();
    let writes = Folder::open(place.path()).unwrap().prepare(&change()).unwrap();
    spoil(place.path());
    let error = writes.commit().unwrap_err();
    assert_eq!(Problem::from(&error).code, code, "{error}");
    let clean = self::place();
    spoil(clean.path());
    assert_eq!(entries(place.path()), entries(clean.path()));
}

/// What waits to take the place of a private file holds the same text.
#[test]
fn a_text_that_waits_is_as_private_as_its_file() {
    let place = place();
    fs::set_permissions(place.path().join("c"), fs::Permissions::from_mode(0o600)).unwrap();
    let dir = Dir::open(place.path()).unwrap();
    let made = dir.create(OsStr::new("made"), true).unwrap();
    assert_eq!(made.metadata().unwrap().mode() & 0o077, 0, "before a byte is written");
    let writes = Folder::open(place.path()).unwrap().prepare(&change()).unwrap();
    let waiting: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".tenon-"))
        .collect();
    let open = waiting.iter().filter(|entry| entry.metadata().unwrap().mode() & 0o077 != 0).count();
    assert!(open < waiting.len(), "that of `c` is as private as `c`");
    drop(writes);
}

#[test]
fn what_happened_meanwhile_is_seen() {
    check_overtaken(|root| fs::write(root.join("c"), "mine\n").unwrap(), "conflict");
    check_overtaken(|root| fs::remove_file(root.join("a")).unwrap(), "file-vanished");
    check_overtaken(|root| fs::write(root.join("b2"), "mine\n").unwrap(), "conflict");
}

#[test]
fn a_folder_that_vanishes_or_moves_is_told() {
    let place = place();
    let root = place.path().join("root");
    let fill = || {
        fs::create_dir_all(root.join("sub")).unwrap();
        for (path, text) in BEFORE {
            fs::write(root.join(path), text).unwrap();
        }
    };
    fill();
    let folder = Folder::open(&root).unwrap();
    let writes = folder.prepare(&change()).unwrap();
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(Problem::from(&writes.commit().unwrap_err()).code, "file-vanished");
    assert_eq!(Problem::from(&folder.prepare(&change()).unwrap_err()).code, "no-such-folder");
    // Another folder of that name is not the one that was opened.
    fill();
    assert!(folder.prepare(&change()).and_then(Writes::commit).is_err());
    assert_eq!(entries(&root), before());
}

#[test]
fn protected_names_need_consent_and_what_git_has_is_never_written() {
    let place = place();
    fs::create_dir(place.path().join(".git")).unwrap();
    let check = |path: &str, allowed: &str, expected: bool| {
        let (old, new) = (None, Some("x\n".to_owned()));
        let file = NewText { path: path.to_owned(), moved_to: None, old, new };
        let mut consent = crate::diff::lower::ProtectedConsent::default();
        // What can never be consented to stays refused.
        let _ = consent.allow(allowed);
        let folder = Folder::open(place.path()).unwrap().allowing(consent);
        let result = folder.prepare(&[file]).and_then(Writes::commit);
        let code = result.as_ref().map_err(|error| Problem::from(error).code);
        assert_eq!(code, if expected { Ok(&()) } else { Err("protected-path") }, "{path}");
        assert_eq!(place.path().join(path).exists(), expected, "{path}");
    };
    check(".env", ".env.local", false);
    check(".env", ".env", true);
    check(".git/config", ".git/config", false);
    check(".GIT/config", ".GIT/config", false);
    // By a link as well.
    symlink(".git", place.path().join("other")).unwrap();
    check("other/config", "other/config", false);
}

#[test]
fn what_a_killed_run_left_is_swept_and_nothing_else() {
    let place = place();
    let put = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
    let left = [
        (".tenon-4294967295-00-00.tmp", "known\n"),
        (".tenon-4294967295-00-01.tmp", "\u{feff}kno"),
        (".tenon-4294967295-00-02.tmp", ""),
        ("sub/.tenon-4294967295-00-00.tmp.kept", "known\n"),
    ];
    let kept = [
        // What nobody else has: a user's, saved in the last moment.
        (".tenon-4294967295-00-03.tmp", "known\nmine\n"),
        (".tenon-1-00-00.tmp", "known\n"),
        ("sub/.tenon.toml", "known\n"),
        ("sub/x.tmp", "known\n"),
    ];
    for (name, text) in left.iter().chain(&kept) {
        put(name, text);
    }
    let folder = Folder::open(place.path()).unwrap();
    let writes = folder.prepare(&change()).unwrap();
    folder.sweep(["a", "sub/e", "gone/x"], &["other\n".to_owned(), "known\n".to_owned()]);
    assert!(left.iter().all(|(name, _)| !place.path().join(name).exists()));
    // What waits in a run that goes on stays.
    writes.commit().unwrap();
    let there = [&AFTER[..], &kept].concat();
    assert_eq!(entries(place.path()), with_folders(&there, &["new/", "new/deep/", "sub/"]));
}

/// A folder `sub` that is swapped for a link to another one, over and over, while `writer` is at work below it.
/// Returns how often it wrote, how often it refused, and how many writes were found outside.
fn race(n_tries: usize, writer: impl Fn(&Path, usize) -> bool) -> (usize, usize, usize) {
    let (place, outside) = (place(), tempfile::tempdir().unwrap());
    let root = fs::canonicalize(place.path()).unwrap();
    let (inside, outside) = (root.join("sub"), fs::canonicalize(outside.path()).unwrap());
    fs::write(outside.join("e"), "e\n").unwrap();
    symlink(&outside, root.join("link")).unwrap();
    let inside = File::open(inside).unwrap();
    let clean = |folder: &File, n: usize| {
        let folders = rustix::fs::unlinkat(folder, format!("new{n}/n"), rustix::fs::AtFlags::empty());
        folders.and(rustix::fs::unlinkat(folder, format!("new{n}"), rustix::fs::AtFlags::REMOVEDIR))
    };
    let outside_handle = File::open(&outside).unwrap();
    let stop = AtomicBool::new(false);
    let (mut n_written, mut n_refused, mut n_escaped) = (0, 0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let dir = File::open(&root).unwrap();
            let mut pause = 0;
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(&dir, "sub", &dir, "link", RenameFlags::EXCHANGE).unwrap();
                // Of many lengths, so that every moment of a write is met.
                pause = (pause + 97) % 2_003;
                for _ in 0..pause {
                    std::hint::spin_loop();
                }
            }
        });
        for n in 0..n_tries {
            *(if writer(&root, n) { &mut n_written } else { &mut n_refused }) += 1;
            let _ = clean(&inside, n);
            if entries(&outside) != with_folders(&[("e", "e\n")], &[]) {
                n_escaped += 1;
                let _ = clean(&outside_handle, n);
                fs::write(outside.join("e"), "e\n").unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    let left = entries(&root).into_iter().filter(|(name, _)| name.contains(".tenon-"));
    assert_eq!(left.collect::<Vec<_>>(), []);
    (n_written, n_refused, n_escaped)
}

/// Writes through a [`Folder`]: by turns a new file in a new folder, and a file that is there.
fn write(root: &Path, n: usize) -> bool {
    let Ok(folder) = Folder::open(root) else { return false };
    let file = |path: String, old| NewText { path, moved_to: None, old, new: Some(format!("{n}\n")) };
    let file = if n.is_multiple_of(2) {
        Some(file(format!("sub/new{n}/n"), None))
    } else {
        let old = folder.read("sub/e").ok().flatten();
        old.map(|old| file("sub/e".to_owned(), Some(old)))
    };
    file.is_some_and(|file| folder.prepare(&[file]).and_then(Writes::commit).is_ok())
}

/// What everybody writes first: it looks where the path leads, and then opens it.
fn write_naively(root: &Path, n: usize) -> bool {
    let folder = root.join("sub");
    let is_inside = fs::canonicalize(&folder).is_ok_and(|folder| folder.starts_with(root));
    is_inside && fs::write(folder.join("e"), format!("{n}\n")).is_ok()
}

#[test]
fn no_write_follows_a_link_that_is_swapped_in() {
    // The whole length with TENON_LONG=1.
    let is_long = std::env::var_os("TENON_LONG").is_some();
    let n_tries = if is_long { 30_000 } else { 1_000 };
    let ways: [&[Feature]; 2] = [&[Feature::Syncing], &[Feature::Syncing, Feature::Resolution]];
    for features in ways {
        let (n_written, n_refused, n_escaped) = without(features, || race(n_tries, write));
        assert_eq!(n_escaped, 0);
        // In a short run one of the threads may have slept all the time.
        assert!(!is_long || n_written > 0 && n_refused > 0, "{n_written} written, {n_refused} refused");
    }
    // The race bites: it catches a writer that looks first, if only now and then.
    assert!(!is_long || (0..50).any(|_| race(n_tries, write_naively).2 > 0));
}
