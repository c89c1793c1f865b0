//! Sets a file aside that cannot be the journal, so that a new one can begin. What was there keeps every byte, under
//! a name of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::key::sync_folder;

/// Files of the same second get a number; so many tries are never needed.
const TRIES: u32 = 1000;

/// The file, and what `SQLite` keeps beside it. The file first: one that stayed without its log would be taken for whole,
/// and what was in the log be missed, while a log that stayed alone is seen and set aside too.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// Gives `path` and the files beside it another name, and returns it. The caller holds the lock for this.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for n in 0..TRIES {
        let number = if n == 0 { String::new() } else { format!("-{n}") };
        let aside = ending(path, &format!(".aside-{now}{number}"));
        let taken = ENDINGS.iter().any(|end| fs::symlink_metadata(ending(&aside, end)).is_ok());
        if taken {
            continue;
        }
        for end in ENDINGS {
            match fs::rename(ending(path, end), ending(&aside, end)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound || end.is_empty() => {
                    return Err(error);
                }
                _ => {}
            }
        }
        path.parent().map_or(Ok(()), sync_folder)?;
        return Ok(aside);
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `path` with something after its name.
pub(super) fn ending(path: &Path, end: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_move_and_none_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let mut asides = Vec::new();
        for text in ["one", "two", "three"] {
            fs::write(&path, text).unwrap();
            fs::write(ending(&path, "-wal"), "log").unwrap();
            asides.push((set_aside(&path).unwrap(), text));
            assert!(!path.exists() && !ending(&path, "-wal").exists());
        }
        for (aside, text) in asides {
            assert_eq!(fs::read_to_string(&aside).unwrap(), text);
            assert_eq!(fs::read_to_string(ending(&aside, "-wal")).unwrap(), "log");
        }
        assert!(set_aside(&path).is_err());
    }
}
