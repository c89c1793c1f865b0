//! Directories as file descriptors.
//!
//! On Linux the kernel resolves a path below a handle in one call that cannot leave it (`openat2(2)`, `RESOLVE_*`);
//! elsewhere, and where that call is missing, each part is opened on its own and no link is followed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;

use crate::workspace::fault::{Call, Feature, allowed, lacks};

/// How a directory is opened: never through a link.
const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Times that a resolution is tried which a rename elsewhere disturbed.
#[cfg(target_os = "linux")]
const TRIES: usize = 64;

/// An opened directory.
#[derive(Debug)]
pub(in crate::workspace) struct Dir(OwnedFd);

/// What is known of a name without opening it.
#[derive(Debug, Clone, Copy)]
pub(in crate::workspace) struct Facts(Stat);

impl Facts {
    pub(in crate::workspace) fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    pub(in crate::workspace) fn is_dir(&self) -> bool {
        self.kind() == FileType::Directory
    }

    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.0.st_mode)
    }

    pub(in crate::workspace) fn is_link(&self) -> bool {
        self.kind() == FileType::Symlink
    }

    /// Whether both are one file, by whatever names.
    pub(in crate::workspace) fn is_same(&self, other: &Self) -> bool {
        (self.0.st_dev, self.0.st_ino) == (other.0.st_dev, other.0.st_ino)
    }

    /// Whether nobody may write it. The superuser could, but was told not to.
    pub(in crate::workspace) fn is_read_only(&self) -> bool {
        let writers = Mode::WUSR | Mode::WGRP | Mode::WOTH;
        !Mode::from_raw_mode(self.0.st_mode).intersects(writers)
    }
}

impl Dir {
    /// Opens a directory by its canonical path.
    pub(in crate::workspace) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(fs::open(path, DIRECTORY, Mode::empty())?))
    }

    /// Opens a directory below this one. `path` is relative and plain; a link in it is an error.
    pub(in crate::workspace) fn below(&self, path: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if !lacks(Feature::Resolution)
            && let Some(opened) = self.below_at_once(path)
        {
            return opened;
        }
        self.below_by_parts(path)
    }

    /// `None` where the system has no such call, or a sandbox hides it.
    #[cfg(target_os = "linux")]
    fn below_at_once(&self, path: &Path) -> Option<io::Result<Self>> {
        use fs::ResolveFlags;
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
        for _ in 0..TRIES {
            match fs::openat2(&self.0, path, DIRECTORY, Mode::empty(), resolve) {
                Ok(opened) => return Some(Ok(Self(opened))),
                Err(Errno::AGAIN | Errno::INTR) => {}
                // Older container runtimes answer EPERM for calls they do not know.
                Err(Errno::NOSYS | Errno::PERM) => return None,
                Err(error) => return Some(Err(error.into())),
            }
        }
        Some(Err(Errno::AGAIN.into()))
    }

    /// The same part by part.
    pub(in crate::workspace) fn below_by_parts(&self, path: &Path) -> io::Result<Self> {
        let mut dir = Self(fs::openat(&self.0, ".", DIRECTORY, Mode::empty())?);
        for part in path.components() {
            let Component::Normal(part) = part else { return Err(Errno::INVAL.into()) };
            dir = dir.child(part)?;
        }
        Ok(dir)
    }

    /// Opens a directory in this one.
    pub(in crate::workspace) fn child(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(fs::openat(&self.0, name, DIRECTORY, Mode::empty())?))
    }

    /// Where the directory is now, by the system; `None` where it does not tell.
    pub(in crate::workspace) fn real_path(&self) -> Option<PathBuf> {
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd as _;
            std::fs::read_link(format!("/proc/self/fd/{}", self.0.as_raw_fd())).ok()
        }
        #[cfg(target_vendor = "apple")]
        {
            use std::os::unix::ffi::OsStringExt as _;
            let path = fs::getpath(&self.0).ok()?.into_bytes();
            Some(PathBuf::from(OsString::from_vec(path)))
        }
        #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
        None
    }

    /// What `name` is, links not followed; `None` where there is nothing.
    pub(in crate::workspace) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        match fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Facts(stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What this directory is.
    pub(in crate::workspace) fn own_facts(&self) -> io::Result<Facts> {
        Ok(Facts(fs::fstat(&self.0)?))
    }

    /// Whether this process may write `name`, or for `.` into this directory.
    pub(in crate::workspace) fn may_write(&self, name: &OsStr) -> bool {
        let access = fs::accessat(&self.0, name, fs::Access::WRITE_OK, AtFlags::EACCESS);
        // A system that cannot tell says so at the write.
        !matches!(access, Err(Errno::ACCESS | Errno::ROFS))
    }

    /// The names in it.
    pub(in crate::workspace) fn names(&self) -> io::Result<Vec<OsString>> {
        let entries = fs::Dir::read_from(&self.0)?;
        let names = entries.map(|entry| Ok(OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned()));
        names.collect()
    }

    /// Opens a file for reading. Neither follows a link nor waits for the other end of a pipe.
    pub(in crate::workspace) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(fs::openat(&self.0, name, flags, Mode::empty())?.into())
    }

    /// Makes a file that is not there, for the user alone or with the mode of any new file.
    pub(in crate::workspace) fn create(&self, name: &OsStr, is_private: bool) -> io::Result<File> {
        allowed(Call::Create, 0)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(fs::openat(&self.0, name, flags, Mode::from_raw_mode(if is_private { 0o600 } else { 0o666 }))?
            .into())
    }

    /// Makes a directory that is not there.
    pub(in crate::workspace) fn make_dir(&self, name: &OsStr) -> io::Result<()> {
        allowed(Call::MakeFolder, 0)?;
        Ok(fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
    }

    /// Removes an empty directory.
    pub(in crate::workspace) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    /// Removes a file.
    pub(in crate::workspace) fn remove(&self, name: &OsStr) -> io::Result<()> {
        allowed(Call::Remove, 0)?;
        Ok(fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Makes what was done to names here survive a power cut. File systems that cannot are left to it.
    pub(in crate::workspace) fn sync(&self) -> io::Result<()> {
        allowed(Call::SyncFolder, 0)?;
        if lacks(Feature::Syncing) {
            return Ok(());
        }
        match fs::fsync(&self.0) {
            Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::BADF) => Ok(()),
            synced => Ok(synced?),
        }
    }

    /// Lets two files change places: at every moment `target` is the one or the other.
    pub(in crate::workspace) fn exchange(&self, other: &OsStr, target: &OsStr) -> io::Result<()> {
        allowed(Call::Rename, 0)?;
        match self.rename_with(other, target, true) {
            Err(error) if is_unsupported(error) => self.exchange_by_link(other, target),
            exchanged => Ok(exchanged?),
        }
    }

    /// Renames a file to a name that is free.
    pub(in crate::workspace) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        allowed(Call::Rename, 0)?;
        match self.rename_with(from, to, false) {
            Err(error) if is_unsupported(error) => {}
            renamed => return Ok(renamed?),
        }
        match self.link(from, to) {
            Ok(()) => return Ok(fs::unlinkat(&self.0, from, AtFlags::empty())?),
            Err(error) if is_unsupported(error) || error == Errno::PERM => {}
            Err(error) => return Err(error.into()),
        }
        // A file system with neither: a file that comes into being between these two calls is lost.
        match self.facts(to)? {
            Some(_) => Err(Errno::EXIST.into()),
            None => Ok(fs::renameat(&self.0, from, &self.0, to)?),
        }
    }

    fn link(&self, from: &OsStr, to: &OsStr) -> rustix::io::Result<()> {
        if lacks(Feature::Links) {
            return Err(Errno::PERM);
        }
        fs::linkat(&self.0, from, &self.0, to, AtFlags::empty())
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    fn rename_with(&self, from: &OsStr, to: &OsStr, exchange: bool) -> rustix::io::Result<()> {
        use fs::RenameFlags;
        if lacks(Feature::Exchange) {
            return Err(Errno::INVAL);
        }
        let flags = if exchange { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
        fs::renameat_with(&self.0, from, &self.0, to, flags)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn rename_with(&self, _from: &OsStr, _to: &OsStr, _exchange: bool) -> rustix::io::Result<()> {
        Err(Errno::NOSYS)
    }

    /// For file systems that cannot exchange: a second name, or a copy, keeps the old file.
    fn exchange_by_link(&self, other: &OsStr, target: &OsStr) -> io::Result<()> {
        let mut kept = other.to_owned();
        kept.push(".kept");
        match self.link(target, &kept) {
            Err(error) if is_unsupported(error) || error == Errno::PERM => self.copy(target, &kept)?,
            linked => linked?,
        }
        if let Err(error) = fs::renameat(&self.0, other, &self.0, target) {
            let _ = fs::unlinkat(&self.0, &kept, AtFlags::empty());
            return Err(error.into());
        }
        fs::renameat(&self.0, &kept, &self.0, other).map_err(|error| {
            let _ = fs::renameat(&self.0, &kept, &self.0, target);
            error.into()
        })
    }

    fn copy(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let mut old = self.open_file(from)?;
        let mut copy = self.create(to, true)?;
        let copied = io::copy(&mut old, &mut copy)
            .and_then(|_| make_alike(&old, &copy))
            .and_then(|()| copy.sync_all());
        copied.inspect_err(|_| {
            let _ = fs::unlinkat(&self.0, to, AtFlags::empty());
        })
    }
}

/// Gives `file` the owner, the mode and the attributes of `model`; an error where the owner cannot be kept.
pub(in crate::workspace) fn make_alike(model: &File, file: &File) -> io::Result<()> {
    allowed(Call::Mode, 0)?;
    let (model_stat, own) = (fs::fstat(model)?, fs::fstat(file)?);
    let owner = (own.st_uid != model_stat.st_uid).then(|| Uid::from_raw(model_stat.st_uid));
    let group = (own.st_gid != model_stat.st_gid).then(|| Gid::from_raw(model_stat.st_gid));
    if owner.is_some() || group.is_some() {
        fs::fchown(file, owner, group)?;
    }
    // After the owner: a change of owner takes bits of the mode away. The right to run as another user was given to
    // the old content.
    fs::fchmod(file, Mode::from_raw_mode(model_stat.st_mode & 0o777))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    super::attributes::copy(model, file)?;
    Ok(())
}

fn is_unsupported(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}
