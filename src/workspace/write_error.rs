//! Why files below a folder were not read or written.
//!
//! But for [`WriteErrorKind::HalfWritten`], all files are as they were.

use std::io;
use std::path::PathBuf;

use crate::problem::{Category, Problem};

/// A refusal or a failure, with the file that it is about.
#[derive(Debug, thiserror::Error)]
#[error("{}", .kind)]
pub struct WriteError {
    /// The file, as it was named; `None` when it is about the folder.
    pub path: Option<String>,
    /// What it is.
    pub kind: WriteErrorKind,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum WriteErrorKind {
    /// The folder is not there, or is no folder.
    #[error("{} is not a folder that can be read", .0.display())]
    NoFolder(PathBuf),
    /// A name leads out of the folder.
    #[error("{0} leads out of the folder")]
    Outside(String),
    /// A file to delete or rename is a link, or one came to be where a file was.
    #[error("{0} is a link")]
    Link(String),
    /// The file decides what runs or whom to trust.
    #[error("{0} is protected")]
    Protected(String),
    /// A place that only its owner changes, whatever its name.
    #[error(
        "{0} is in the folder of a repository, or among what tenon itself is steered by: it is protected"
    )]
    OffLimits(String),
    /// Something is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// Two names are one file, or one is a folder of the other.
    #[error("{0} and {1} are the same file, or one is a folder of the other")]
    Overlapping(String, String),
    /// The file may not be written.
    #[error("{0} is read-only")]
    ReadOnlyFile(String),
    /// Nothing may be made in the folder of the file.
    #[error("the folder of {0} is read-only")]
    ReadOnlyFolder(String),
    /// The new file could not be given the owner of the old one.
    #[error("{0} belongs to another user or group, and that cannot be kept")]
    Owner(String),
    /// No space is left for the file.
    #[error("there is no space left for {0}")]
    Full(String),
    /// The file was there when it was read.
    #[error("{0} is gone")]
    Vanished(String),
    /// The text is not the one that the change was made for.
    #[error("{0} changed meanwhile")]
    Changed(String),
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Unreadable(String, String),
    /// The file has more bytes than are read.
    #[error("{path} has {size} bytes; the cap is {cap}")]
    TooLarge {
        /// The file.
        path: String,
        /// Bytes that it has.
        size: u64,
        /// Bytes that are read.
        cap: u64,
    },
    /// The file is not UTF-8 text.
    #[error("{0} is not UTF-8 text")]
    NotText(String),
    /// The file system failed.
    #[error("{0}: {1}")]
    Failed(String, io::Error),
    /// The file system failed, and failed again when what was done was taken back.
    #[error("{reason}; these files could not be put back: {}", files.join(", "))]
    HalfWritten {
        /// What failed first.
        reason: String,
        /// Files that have the new text, or wait under another name beside their place.
        files: Vec<String>,
    },
}

impl WriteError {
    /// About one file.
    pub(super) fn of(path: &str, kind: impl FnOnce(String) -> WriteErrorKind) -> Self {
        Self { path: Some(path.to_owned()), kind: kind(path.to_owned()) }
    }

    /// A call failed on the way to write `path`.
    pub(super) fn failed(path: &str, error: io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
        };
        Self::of(path, |path| match error.kind() {
            StorageFull | QuotaExceeded => WriteErrorKind::Full(path),
            PermissionDenied | ReadOnlyFilesystem => WriteErrorKind::ReadOnlyFolder(path),
            NotFound => WriteErrorKind::Vanished(path),
            AlreadyExists => WriteErrorKind::Exists(path),
            _ => WriteErrorKind::Failed(path, error),
        })
    }

    /// A call failed on the way to read `path`.
    pub(super) fn unreadable(path: &str, error: &io::Error) -> Self {
        Self::of(path, |path| WriteErrorKind::Unreadable(path, error.to_string()))
    }
}

impl WriteErrorKind {
    /// Code, category and hint.
    fn class(&self) -> (&'static str, Category, &'static str) {
        use Category::{Edit, Request, Storage};
        match self {
            Self::NoFolder(_) => ("no-such-folder", Request, "Name a folder that exists."),
            Self::Outside(_) => (
                "outside-workspace",
                Request,
                "Replace the link by a file or folder, or choose another root.",
            ),
            Self::Link(_) => ("is-a-link", Request, "Delete or rename links by hand."),
            Self::Protected(_) => {
                ("protected-path", Request, "Change files that decide what runs or whom to trust by hand.")
            }
            Self::OffLimits(_) => ("protected-path", Request, "Change it by hand."),
            Self::Exists(_) => {
                ("file-exists", Edit, "Open that file too and ask again, or choose another name.")
            }
            Self::Overlapping(..) => {
                ("overlapping-blocks", Edit, "Put all changes of a file under one name.")
            }
            Self::ReadOnlyFile(_) => {
                ("read-only-file", Storage, "Make the file writable if it is meant to change.")
            }
            Self::ReadOnlyFolder(_) => {
                ("read-only-folder", Storage, "See that you may write into the folder; nothing was changed.")
            }
            Self::Owner(_) => {
                ("owner-not-kept", Storage, "Change the file as its owner; nothing was changed.")
            }
            Self::Full(_) => ("disk-full", Storage, "Free some space and try again; nothing was changed."),
            Self::Vanished(_) => {
                ("file-vanished", Storage, "Something else removed it. Look where it is, and try again.")
            }
            Self::Changed(_) => ("conflict", Edit, "Run the command again."),
            Self::Unreadable(..) => ("unreadable-file", Storage, "Check the path and its permissions."),
            Self::TooLarge { .. } => ("file-too-large", Storage, "Change it by hand."),
            Self::NotText(_) => ("not-text", Storage, "Save it as UTF-8."),
            Self::Failed(..) => {
                ("write-failed", Storage, "Nothing was changed; see that the folder can be written to.")
            }
            Self::HalfWritten { .. } => (
                "half-written",
                Storage,
                "Check the disk. Old texts that could not be put back are in `.tenon-` files beside their places.",
            ),
        }
    }
}

impl From<&WriteError> for Problem {
    fn from(error: &WriteError) -> Self {
        let (code, category, hint) = error.kind.class();
        Self::error(code, category, error.kind.to_string()).hint(hint)
    }
}
