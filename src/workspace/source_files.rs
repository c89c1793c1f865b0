//! Reads files on disk that are not open in an editor.
//!
//! Bounded in size, and what is no text is refused. Writes nothing.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use super::off_limits::is_off_limits;
use super::{BYTE_ORDER_MARK, Folder, WriteError, WriteErrorKind};
use crate::ports::metrics::catalogue::{FILES, FileRead};
use crate::ports::{FileBelow, FileError, SourceFiles};

/// Reads files up to a size.
#[derive(Debug, Clone, Copy)]
pub struct DiskFiles {
    cap: u64,
}

impl DiskFiles {
    /// Reads files of at most `cap` bytes.
    pub fn new(cap: u64) -> Self {
        Self { cap }
    }

    fn read_bytes(self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        let unreadable =
            |error: &io::Error| FileError::Unreadable { path: path.to_owned(), reason: error.to_string() };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(unreadable(&error)),
        };
        if !metadata.is_file() {
            return Err(FileError::NotText(path.to_owned()));
        }
        let too_large = |size| FileError::TooLarge { path: path.to_owned(), size, cap: self.cap };
        if metadata.len() > self.cap {
            return Err(too_large(metadata.len()));
        }
        // The file may grow while it is read.
        let mut bytes = Vec::new();
        let file = open(path).map_err(|error| unreadable(&error))?;
        // Another one may have come to be there meanwhile.
        if !file.metadata().map_err(|error| unreadable(&error))?.is_file() {
            return Err(FileError::NotText(path.to_owned()));
        }
        file.take(self.cap + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > self.cap { Err(too_large(bytes.len() as u64)) } else { Ok(Some(bytes)) }
    }

    fn read_text(self, path: &Path) -> Result<Option<String>, FileError> {
        let Some(bytes) = self.read_bytes(path)? else { return Ok(None) };
        let mut text = String::from_utf8(bytes).map_err(|_| FileError::NotText(path.to_owned()))?;
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        if text.contains('\0') { Err(FileError::NotText(path.to_owned())) } else { Ok(Some(text)) }
    }

    fn read_placed(self, root: &Path, path: &Path) -> Result<Option<FileBelow>, FileError> {
        let failed = |error: WriteError| match error.kind {
            WriteErrorKind::TooLarge { size, cap, .. } => {
                FileError::TooLarge { path: path.to_owned(), size, cap }
            }
            WriteErrorKind::NotText(_) => FileError::NotText(path.to_owned()),
            WriteErrorKind::Unreadable(_, reason) => FileError::Unreadable { path: path.to_owned(), reason },
            kind => FileError::Unreadable { path: path.to_owned(), reason: kind.to_string() },
        };
        let outside = || FileError::Unreadable { path: path.to_owned(), reason: "outside".to_owned() };
        let name = path.strip_prefix(root).map_err(|_| outside())?.to_str().ok_or_else(outside)?;
        let folder = match Folder::open(root) {
            Ok(folder) => folder,
            Err(error) => return Err(failed(error)),
        };
        let read = folder.read_placed(name, self.cap).map_err(failed)?;
        Ok(read.map(|(text, leads_to)| FileBelow { text, leads_to }))
    }
}

fn count<T>(read: &Result<Option<T>, FileError>) {
    FILES.count(match read {
        Ok(Some(_)) => FileRead::Text,
        Ok(None) => FileRead::Missing,
        Err(FileError::TooLarge { .. }) => FileRead::TooLarge,
        Err(FileError::NotText(_)) => FileRead::NotText,
        Err(FileError::Unreadable { .. }) => FileRead::Unreadable,
    });
}

/// Opens a file without waiting for whoever holds the other end, should it be a pipe.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let flags = (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<fs::File> {
    fs::File::open(path)
}

impl SourceFiles for DiskFiles {
    fn canonical(&self, folder: &Path) -> PathBuf {
        fs::canonicalize(folder).unwrap_or_else(|_| folder.components().collect())
    }

    fn read(&self, path: &Path) -> Result<Option<String>, FileError> {
        let read = self.read_text(path);
        count(&read);
        read
    }

    fn read_below(&self, root: &Path, path: &Path) -> Result<Option<FileBelow>, FileError> {
        let read = self.read_placed(root, path);
        count(&read);
        read
    }

    fn resolve(&self, root: &Path, path: &Path) -> Option<PathBuf> {
        let root = fs::canonicalize(root).ok()?;
        let existing = path.ancestors().find(|path| fs::symlink_metadata(path).is_ok())?;
        // A link to nothing cannot be resolved, and might come to lead anywhere.
        let resolved = fs::canonicalize(existing).ok()?;
        let rest = path.strip_prefix(existing).ok()?;
        // What does not exist yet cannot be left again by `..`.
        let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
        let inside = resolved.strip_prefix(&root).ok().filter(|_| is_plain)?;
        // Joining nothing would add a slash.
        Some(if rest.as_os_str().is_empty() { inside.to_owned() } else { inside.join(rest) })
    }

    fn is_off_limits(&self, root: &Path, path: &Path) -> bool {
        fs::canonicalize(root).is_ok_and(|root| is_off_limits(&root, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], cap: u64, expected: impl Fn(Result<Option<String>, FileError>) -> bool) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), bytes).expect("written");
        let read = DiskFiles::new(cap).read(file.path());
        assert!(expected(read.clone()), "{read:?}");
    }

    #[test]
    fn text_is_read_and_everything_else_refused() {
        check("é\r\n".as_bytes(), 10, |read| read == Ok(Some("é\r\n".to_owned())));
        check("\u{feff}a\u{feff}\n".as_bytes(), 10, |read| read == Ok(Some("a\u{feff}\n".to_owned())));
        check(b"\xff\xfe", 10, |read| matches!(read, Err(FileError::NotText(_))));
        check(b"a\0b", 10, |read| matches!(read, Err(FileError::NotText(_))));
        check(b"12345", 4, |read| matches!(read, Err(FileError::TooLarge { size: 5, cap: 4, .. })));
    }

    #[test]
    fn a_missing_file_is_no_error_and_a_folder_is_no_text() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = DiskFiles::new(10);
        assert_eq!(files.read(&folder.path().join("none")), Ok(None));
        assert!(matches!(files.read(folder.path()), Err(FileError::NotText(_))));
    }

    /// A pipe that came to be there after it was looked at must not be waited for.
    #[cfg(unix)]
    #[test]
    fn a_pipe_is_opened_without_waiting() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        assert!(!open(&pipe).expect("opened at once").metadata().expect("facts").is_file());
    }

    /// A folder of the workspace is swapped for a link to elsewhere, again and again: what is read is never from there.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_racing_swap_brings_nothing_from_outside() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let (root, other) = (tempfile::tempdir().expect("a root"), tempfile::tempdir().expect("elsewhere"));
        fs::create_dir(root.path().join("real")).expect("a folder");
        fs::write(root.path().join("real/a.rs"), "inside").expect("a file");
        fs::write(other.path().join("a.rs"), "outside").expect("a file");
        std::os::unix::fs::symlink(other.path(), root.path().join("link")).expect("a link");
        let path = root.path().join("real/a.rs");
        let (files, done) = (DiskFiles::new(100), AtomicBool::new(false));
        let mut n_inside = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (real, link) = (root.path().join("real"), root.path().join("link"));
                while !done.load(Ordering::Relaxed) {
                    let _ = rustix::fs::renameat_with(
                        rustix::fs::CWD,
                        &real,
                        rustix::fs::CWD,
                        &link,
                        rustix::fs::RenameFlags::EXCHANGE,
                    );
                }
            });
            for _ in 0..30_000 {
                let Ok(Some(read)) = files.read_below(root.path(), &path) else { continue };
                n_inside += usize::from(read.text == "inside");
                if read.text != "inside"
                    || !read.leads_to.starts_with("real") && !read.leads_to.starts_with("link")
                {
                    done.store(true, Ordering::Relaxed);
                    panic!("read {read:?}");
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        assert!(n_inside > 0, "nothing was read at all");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_where_they_lead() {
        let (root, other) = (tempfile::tempdir().expect("a root"), tempfile::tempdir().expect("elsewhere"));
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.path().join(name));
        fs::create_dir_all(root.path().join(".git/hooks")).expect("folders");
        link(other.path(), "out").expect("a link");
        link(Path::new("nowhere"), "dangling").expect("a link");
        link(Path::new(".git/hooks"), "hooks").expect("a link");
        let check = |name: &str, expected: Option<&str>| {
            let resolved = DiskFiles::new(1).resolve(root.path(), &root.path().join(name));
            assert_eq!(resolved.as_deref(), expected.map(Path::new), "{name}");
        };
        check("new/deep/file.rs", Some("new/deep/file.rs"));
        check("hooks/pre-commit", Some(".git/hooks/pre-commit"));
        check("hooks", Some(".git/hooks"));
        check("out/file.rs", None);
        check("dangling", None);
        check("new/../../x", None);
    }
}
