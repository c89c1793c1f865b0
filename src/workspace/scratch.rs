//! Texts that are made to be looked at, such as diffs, in a folder of their own.
//!
//! The folder is tenon's, never a workspace.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ports::{FileError, Scratch};

/// A folder of texts that are made to be looked at, such as diffs.
#[derive(Debug, Clone)]
pub struct ScratchFolder {
    folder: Option<PathBuf>,
}

impl ScratchFolder {
    /// Uses `folder`, which exists; `None` when there is no place to write to.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }
}

impl Scratch for ScratchFolder {
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, FileError> {
        let unreadable =
            |path: &Path, reason: String| FileError::Unreadable { path: path.to_owned(), reason };
        let Some(folder) = &self.folder else {
            return Err(unreadable(Path::new(name), "there is no folder to write to".to_owned()));
        };
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| unreadable(&path, error.to_string()))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_folder_nothing_is_put_aside() {
        assert!(ScratchFolder::new(None).write("p1.diff", "x").is_err());
    }
}
