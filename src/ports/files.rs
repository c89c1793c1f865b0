//! Files that are not open in the editor.

use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is larger than the configured cap, in bytes.
    #[error("{} has {size} bytes; the cap is {cap}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The cap.
        cap: u64,
    },
    /// It is not UTF-8 text.
    #[error("{} is not UTF-8 text", .0.display())]
    NotText(PathBuf),
    /// Reading failed.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
}

/// A file below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileBelow {
    /// Its text, without a byte order mark.
    pub text: String,
    /// Where it lies with every link followed, relative to the folder.
    pub leads_to: PathBuf,
}

/// Reads files that are not open. Blocking: never call it on the main loop.
pub trait SourceFiles: Send + Sync {
    /// The text of a file without its byte order mark, or `None` where it does not exist. Editors' buffers hold no
    /// mark either, and with one every place in the first line would be off by one.
    fn read(&self, path: &Path) -> Result<Option<String>, FileError>;

    /// The text of a file below `root`, and where it really lies: both from one opened handle, so that no link which is
    /// put there meanwhile brings a file from elsewhere. `None` where it does not exist.
    ///
    /// # Errors
    /// As [`SourceFiles::read`], and for a name that leads out of `root`.
    fn read_below(&self, root: &Path, path: &Path) -> Result<Option<FileBelow>, FileError>;

    /// Where `path`, which need not exist, leads once every link on its way is followed, relative to `root`. `None`
    /// when that is outside, or when a link leads to nothing.
    fn resolve(&self, root: &Path, path: &Path) -> Option<PathBuf>;

    /// Whether `path`, below `root` and without links, is in a place that nobody but its owner changes: the folder of a
    /// repository, or what tenon itself is steered by.
    fn is_off_limits(&self, _root: &Path, _path: &Path) -> bool {
        false
    }

    /// A folder with every link on its way followed, without a slash at its end; as it is where it does not exist.
    fn canonical(&self, folder: &Path) -> PathBuf {
        folder.components().collect()
    }
}

/// What becomes of a file that is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWrite {
    /// Relative to the workspace, `/` separators.
    pub path: String,
    /// Its new path, for a file that is renamed.
    pub moved_to: Option<String>,
    /// The text that must be there, without a byte order mark; `None` where no file may be.
    pub old: Option<String>,
    /// What comes; `None` for a file that goes.
    pub new: Option<String>,
}

/// Writes files that are not open. Blocking: never call it on the main loop.
pub trait FileWriter: Send + Sync {
    /// Writes all of `files` below `root`, or none. Protected files are among them only where they were consented to
    /// when they were first written: the caller has it on record.
    ///
    /// # Errors
    /// A file is not as expected, may not be written, or the disk fails. Nothing has changed then, unless the problem
    /// says so (`half-written`).
    fn write(&self, root: &Path, files: &[FileWrite]) -> Result<(), Problem>;
}

/// Keeps texts that are made to be looked at, such as diffs. Blocking: never call it on the main loop.
pub trait Scratch: Send + Sync {
    /// Writes `text` under `name` (a plain file name) and returns where.
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, FileError>;
}
