//! Which file is read: the user's, and nothing else.

use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::error::{ConfigError, Fault, FaultKind};

/// Larger files are not configuration; the cap keeps a device file from filling the memory.
const MAX_BYTES: u64 = 1_000_000;

/// The user's configuration file, whether it exists or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFile {
    path: Option<PathBuf>,
    by_variable: bool,
}

impl UserFile {
    /// Finds it: `TENON_CONFIG`, else `tenon/config.toml` in the platform's configuration directory.
    pub fn locate() -> Self {
        Self::locate_with(std::env::var_os("TENON_CONFIG"))
    }

    /// The file at `path`.
    pub fn at(path: &Path) -> Self {
        Self { path: Some(path.to_owned()), by_variable: true }
    }

    fn locate_with(variable: Option<OsString>) -> Self {
        if let Some(path) = variable.filter(|path| !path.is_empty()) {
            // A relative path stays as typed if the current directory is gone; opening it reports that.
            let path = PathBuf::from(path);
            return Self { path: Some(std::path::absolute(&path).unwrap_or(path)), by_variable: true };
        }
        let path = etcetera::choose_base_strategy()
            .ok()
            .map(|strategy| strategy.config_dir().join("tenon").join("config.toml"));
        Self { path, by_variable: false }
    }

    /// The path; `None` when the user has no home directory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether `TENON_CONFIG` named it.
    pub fn by_variable(&self) -> bool {
        self.by_variable
    }

    /// Whether something is there.
    pub fn exists(&self) -> bool {
        self.path.as_deref().is_some_and(Path::exists)
    }
}

/// Reads a configuration file, `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let unreadable = |why: String| {
        ConfigError::new(path, vec![Fault { key: String::new(), line: 0, kind: FaultKind::Unreadable(why) }])
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(format!("it is larger than {MAX_BYTES} bytes")));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_and_becomes_absolute() {
        let file = UserFile::locate_with(Some("some/config.toml".into()));
        assert!(file.by_variable());
        assert!(file.path().is_some_and(Path::is_absolute));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert!(!UserFile::locate_with(Some(OsString::new())).by_variable());
    }

    #[test]
    fn a_missing_file_is_none_and_a_directory_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(&dir.path().join("none.toml")), Ok(None));
        assert!(read(dir.path()).is_err());
    }

    #[test]
    fn a_large_or_binary_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        fs::write(&path, vec![b'#'; 1_000_001]).unwrap();
        assert!(read(&path).is_err());
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&path).is_err());
    }
}
