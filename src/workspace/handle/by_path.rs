//! Directories as paths, for systems without handles that names can be resolved from.
//!
//! Weaker than handles: a directory above that becomes a link between two calls is followed. The path is resolved
//! again before every call, which leaves a short time only.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::workspace::fault::{Call, allowed};

/// A directory by its canonical path.
#[derive(Debug)]
pub(in crate::workspace) struct Dir(PathBuf);

/// What is known of a name without opening it.
#[derive(Debug, Clone)]
pub(in crate::workspace) struct Facts {
    path: PathBuf,
    metadata: Metadata,
}

impl Facts {
    pub(in crate::workspace) fn is_file(&self) -> bool {
        self.metadata.is_file()
    }

    pub(in crate::workspace) fn is_dir(&self) -> bool {
        self.metadata.is_dir()
    }

    /// Whether both are one file: the system's own spelling tells.
    pub(in crate::workspace) fn is_same(&self, other: &Self) -> bool {
        matches!(
            (fs::canonicalize(&self.path), fs::canonicalize(&other.path)),
            (Ok(one), Ok(other)) if one == other
        )
    }

    /// Whether nobody may write it.
    pub(in crate::workspace) fn is_read_only(&self) -> bool {
        self.metadata.permissions().readonly()
    }

    pub(in crate::workspace) fn is_link(&self) -> bool {
        self.metadata.is_symlink()
    }
}

impl Dir {
    /// Opens a directory by its canonical path.
    pub(in crate::workspace) fn open(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path)?.is_dir() {
            Ok(Self(path.to_owned()))
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// Opens a directory below this one. `path` is relative and plain; a link in it is an error.
    pub(in crate::workspace) fn below(&self, path: &Path) -> io::Result<Self> {
        let mut dir = Self(self.0.clone());
        for part in path {
            dir = dir.child(part)?;
        }
        Ok(dir)
    }

    /// Opens a directory in this one.
    pub(in crate::workspace) fn child(&self, name: &OsStr) -> io::Result<Self> {
        Self::open(&self.at(name)?)
    }

    /// Where the directory is now.
    pub(in crate::workspace) fn real_path(&self) -> Option<PathBuf> {
        fs::canonicalize(&self.0).ok()
    }

    /// What `name` is, links not followed; `None` where there is nothing.
    pub(in crate::workspace) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        let path = self.at(name)?;
        match fs::symlink_metadata(&path) {
            Ok(metadata) => Ok(Some(Facts { path, metadata })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What this directory is.
    pub(in crate::workspace) fn own_facts(&self) -> io::Result<Facts> {
        Ok(Facts { path: self.0.clone(), metadata: fs::symlink_metadata(&self.0)? })
    }

    /// Whether this process may write `name`; the call itself tells.
    pub(in crate::workspace) fn may_write(&self, _name: &OsStr) -> bool {
        true
    }

    /// The names in it.
    pub(in crate::workspace) fn names(&self) -> io::Result<Vec<OsString>> {
        fs::read_dir(&self.0)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// Opens a file for reading.
    pub(in crate::workspace) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        File::open(self.at(name)?)
    }

    /// Makes a file that is not there.
    pub(in crate::workspace) fn create(&self, name: &OsStr, _is_private: bool) -> io::Result<File> {
        allowed(Call::Create, 0)?;
        File::create_new(self.at(name)?)
    }

    /// Makes a directory that is not there.
    pub(in crate::workspace) fn make_dir(&self, name: &OsStr) -> io::Result<()> {
        allowed(Call::MakeFolder, 0)?;
        fs::create_dir(self.at(name)?)
    }

    /// Removes an empty directory.
    pub(in crate::workspace) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.at(name)?)
    }

    /// Removes a file.
    pub(in crate::workspace) fn remove(&self, name: &OsStr) -> io::Result<()> {
        allowed(Call::Remove, 0)?;
        fs::remove_file(self.at(name)?)
    }

    /// Directories cannot be synced here.
    pub(in crate::workspace) fn sync(&self) -> io::Result<()> {
        allowed(Call::SyncFolder, 0).map(drop)
    }

    /// Lets two files change places: at every moment `target` is the one or the other.
    pub(in crate::workspace) fn exchange(&self, other: &OsStr, target: &OsStr) -> io::Result<()> {
        allowed(Call::Rename, 0)?;
        let (other, target) = (self.at(other)?, self.at(target)?);
        let kept = other.with_extension("kept");
        fs::hard_link(&target, &kept).or_else(|_| fs::copy(&target, &kept).map(drop))?;
        if let Err(error) = fs::rename(&other, &target) {
            let _ = fs::remove_file(&kept);
            return Err(error);
        }
        fs::rename(&kept, &other).inspect_err(|_| {
            let _ = fs::rename(&kept, &target);
        })
    }

    /// Renames a file to a name that is free.
    pub(in crate::workspace) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        allowed(Call::Rename, 0)?;
        let (from, to) = (self.at(from)?, self.at(to)?);
        if fs::symlink_metadata(&to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(from, to)
    }

    /// The path of a name, while the directory is where it was opened.
    fn at(&self, name: &OsStr) -> io::Result<PathBuf> {
        if fs::canonicalize(&self.0)? == self.0 {
            Ok(self.0.join(name))
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }
}

/// Gives `file` the permissions of `model`.
pub(in crate::workspace) fn make_alike(model: &File, file: &File) -> io::Result<()> {
    allowed(Call::Mode, 0)?;
    file.set_permissions(model.metadata()?.permissions())
}
