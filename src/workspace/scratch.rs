//! Texts that are made to be looked at, such as diffs and prompts, in a folder of their own.
//!
//! The folder is tenon's, never a workspace. Each process has its own in it, which only the user can read and nobody can
//! foresee; it goes with the process, and what killed ones left goes with the next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::ports::{FileError, Scratch};

/// What the folders of processes begin with.
const PREFIX: &str = "view-";
/// A folder that nothing was written to for so long has nobody any more.
const ABANDONED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A folder of texts that are made to be looked at, such as diffs.
#[derive(Debug)]
pub struct ScratchFolder {
    folder: Option<PathBuf>,
    /// Of this process, once there was something to write.
    own: Mutex<Option<TempDir>>,
}

impl ScratchFolder {
    /// Uses `folder`, which exists; `None` when there is no place to write to.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, own: Mutex::new(None) }
    }

    fn put(&self, folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let own = match &mut *own {
            Some(own) if own.path().is_dir() => own,
            own => {
                sweep(folder);
                own.insert(private().prefix(PREFIX).tempdir_in(folder)?)
            }
        };
        let path = own.path().join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

/// Makes folders for the user alone.
fn private() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
}

/// Removes what killed processes left.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_left = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().and_then(|facts| facts.modified()).is_ok_and(is_abandoned);
        if is_left && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, "texts that a killed process left to be looked at could not be removed");
        }
    }
}

fn is_abandoned(modified: SystemTime) -> bool {
    modified.elapsed().is_ok_and(|age| age > ABANDONED)
}

impl Scratch for ScratchFolder {
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, FileError> {
        let unreadable =
            |path: &Path, reason: String| FileError::Unreadable { path: path.to_owned(), reason };
        let Some(folder) = &self.folder else {
            return Err(unreadable(Path::new(name), "there is no folder to write to".to_owned()));
        };
        self.put(folder, name, text).map_err(|error| unreadable(&folder.join(name), error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_folder_nothing_is_put_aside() {
        assert!(ScratchFolder::new(None).write("p1.diff", "x").is_err());
    }

    #[test]
    fn texts_are_private_to_the_process_and_go_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) =
            (ScratchFolder::new(Some(folder.path().into())), ScratchFolder::new(Some(folder.path().into())));
        let (first, second) = (one.write("p1.diff", "a").unwrap(), two.write("p1.diff", "b").unwrap());
        assert_eq!(one.write("p1.diff", "c").unwrap(), first, "an editor that shows it sees the newer text");
        assert_eq!(
            (fs::read_to_string(&first).unwrap(), fs::read_to_string(&second).unwrap()),
            ("c".into(), "b".into())
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(first.parent().unwrap()).unwrap().permissions().mode() & 0o077, 0);
        }
        drop((one, two));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_killed_processes_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        for (name, age) in [("view-old", 8), ("view-new", 1), ("other", 30)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age * 24 * 3600);
            fs::File::open(folder.path().join(name)).unwrap().set_modified(time).unwrap();
        }
        sweep(folder.path());
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["other", "view-new"]);
    }
}
