//! Where tenon keeps what it must remember between runs: logs, and later the journal.
//!
//! Private to the user: it is created with mode 0700, and so is each folder in it. A directory that exists already
//! keeps its mode; [`StateDir::is_private`] tells.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::problem::{Category, Problem};

/// The bits of a mode that let others in.
const GROUP_AND_OTHERS: u32 = 0o077;

/// The state directory; it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir {
    path: PathBuf,
}

impl StateDir {
    /// Finds and creates it: `TENON_STATE_DIR`, else `tenon` in the platform's state directory.
    ///
    /// # Errors
    /// It cannot be created, or there is no home directory.
    pub fn open() -> Result<Self, Problem> {
        let path = Self::place().ok_or_else(|| {
            Problem::error("no-state-dir", Category::Storage, "there is no home directory to keep state in")
                .hint("set TENON_STATE_DIR to a directory of your own")
        })?;
        Self::at(&path)
    }

    /// Where it is, or would be.
    pub fn place() -> Option<PathBuf> {
        locate(std::env::var_os("TENON_STATE_DIR"))
    }

    /// Creates it at `path`.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn at(path: &Path) -> Result<Self, Problem> {
        create_private(path).map_err(|error| unusable(path, &error))?;
        Ok(Self { path: path.to_owned() })
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the log files, created.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn logs(&self) -> Result<PathBuf, Problem> {
        self.folder("logs")
    }

    /// The folder of replies kept for a look afterwards, created.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn replies(&self) -> Result<PathBuf, Problem> {
        self.folder("replies")
    }

    /// The folder of what running servers count, created.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn metrics(&self) -> Result<PathBuf, Problem> {
        self.folder("metrics")
    }

    /// Tries to write into it.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn try_write(&self) -> Result<(), Problem> {
        let probe = tempfile::NamedTempFile::new_in(&self.path)
            .and_then(|mut file| io::Write::write_all(&mut file, b"x"));
        probe.map_err(|error| unusable(&self.path, &error))
    }

    /// Whether nobody else can read it. Always true where the system has no such modes.
    pub fn is_private(&self) -> bool {
        mode(&self.path).is_none_or(|mode| mode & GROUP_AND_OTHERS == 0)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Problem> {
        let path = self.path.join(name);
        create_private(&path).map_err(|error| unusable(&path, &error))?;
        Ok(path)
    }
}

pub(super) fn locate(variable: Option<OsString>) -> Option<PathBuf> {
    if let Some(path) = variable.filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return Some(std::path::absolute(&path).unwrap_or(path));
    }
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("tenon"))
}

fn unusable(path: &Path, error: &io::Error) -> Problem {
    let message = format!("cannot write to {}: {error}", path.display());
    Problem::error("state-dir-unusable", Category::Storage, message)
        .hint("set TENON_STATE_DIR to a directory that you can write to")
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // The mode holds for parents made on the way too: `~/.local/state` may not exist yet.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::metadata(path).ok()?.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_created_private_with_its_folders() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(&dir.path().join("a/b")).unwrap();
        assert!(state.is_private());
        assert!(state.logs().unwrap().is_dir());
        assert!(state.replies().unwrap().is_dir());
        assert_eq!(state.try_write(), Ok(()));
    }

    #[test]
    fn a_file_in_the_way_is_a_problem_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let problem = StateDir::at(&file.join("state")).unwrap_err();
        assert_eq!(problem.code, "state-dir-unusable");
        assert!(problem.hint.is_some());
    }

    #[cfg(unix)]
    #[test]
    fn an_open_directory_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!StateDir::at(dir.path()).unwrap().is_private());
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(locate(Some(OsString::new())), locate(None));
        assert!(locate(Some("x".into())).unwrap().is_absolute());
    }
}
