//! One look at a workspace: which folder it is, and the content of the files that count.
//!
//! Each file is read once, and what was read is what is shown, compared, trusted and used: nothing can be swapped in
//! between. Links and devices are not followed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};

use super::{SETTINGS, WATCHED};
use crate::problem::{Category, Problem};
use crate::text::hex;

/// Larger files steer nothing.
const MAX_BYTES: u64 = 1_000_000;

/// Which folder it is, as far as the system tells: another folder at the same path is another workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) owner: u32,
    /// When it was made, in nanoseconds since 1970, where the file system tells: the number of a folder that is gone is
    /// given to the next one.
    #[serde(default)]
    pub(super) born: Option<u64>,
}

/// What is at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// No file.
    Nothing,
    /// A file with this text.
    Text(String),
    /// Something that cannot be read as text; why.
    Unusable(String),
}

/// A workspace at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    root: PathBuf,
    identity: Option<Identity>,
    files: BTreeMap<&'static str, Found>,
}

impl Look {
    /// Looks at the workspace at `root`.
    ///
    /// # Errors
    /// It is no folder that can be read.
    pub fn at(root: &Path) -> Result<Self, Problem> {
        let unusable = |error: io::Error| {
            let message = format!("{} is not a folder that can be read: {error}", root.display());
            Problem::error("no-such-folder", Category::Request, message).hint("name a folder that exists")
        };
        let canonical = fs::canonicalize(root).map_err(unusable)?;
        let folder = fs::metadata(&canonical).map_err(unusable)?;
        if !folder.is_dir() {
            return Err(unusable(ErrorKind::NotADirectory.into()));
        }
        let files = WATCHED.iter().map(|name| (*name, find(&canonical.join(name)))).collect();
        Ok(Self { identity: identity(&folder), root: canonical, files })
    }

    /// The folder, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is at one of the places of [`WATCHED`].
    pub fn file(&self, name: &str) -> &Found {
        self.files.get(name).unwrap_or(&Found::Nothing)
    }

    /// Every place that counts.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &Found)> {
        self.files.iter().map(|(name, found)| (*name, found))
    }

    /// The text of the settings, if there are any.
    pub fn settings(&self) -> Option<&str> {
        match self.file(SETTINGS) {
            Found::Text(text) => Some(text),
            Found::Nothing | Found::Unusable(_) => None,
        }
    }

    /// Whether another user of the system owns the folder.
    pub fn is_foreign(&self) -> bool {
        self.identity.is_some_and(|identity| Some(identity.owner) != user())
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity
    }
}

impl Found {
    /// The digest of the text in hexadecimal digits.
    pub fn digest(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(hex(&Sha256::digest(text))),
            Self::Nothing | Self::Unusable(_) => None,
        }
    }
}

fn find(path: &Path) -> Found {
    match read(path) {
        Ok(text) => Found::Text(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Nothing,
        Err(error) => Found::Unusable(error.to_string()),
    }
}

fn read(path: &Path) -> io::Result<String> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it is larger than {MAX_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// Opens a file without following a link, and without waiting for whoever holds the other end of a pipe.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn identity(folder: &fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let born = folder.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Some(Identity {
        device: folder.dev(),
        inode: folder.ino(),
        owner: folder.uid(),
        born: born.and_then(|since| u64::try_from(since.as_nanos()).ok()),
    })
}

#[cfg(not(unix))]
fn identity(_folder: &fs::Metadata) -> Option<Identity> {
    None
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn user() -> Option<u32> {
    Some(rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn user() -> Option<u32> {
    None
}
