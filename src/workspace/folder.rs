//! Files below one folder: read by name, written together or not at all.
//!
//! A name is first followed through links to the place that it means, as names only. The folder of that place is then
//! opened below the folder's own handle with no link allowed, so that a link which is put there meanwhile leads
//! nowhere. What is done afterwards is done in that handle. Names that decide what runs or who is trusted are not
//! written. A byte order mark is kept, but is no part of a text here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::handle::{Dir, Facts};
use super::off_limits::is_off_limits;
use super::{BYTE_ORDER_MARK, WriteError, WriteErrorKind, Writes, left_behind};
use crate::diff::lower::ProtectedConsent;

/// Largest file that is read, in bytes.
const SIZE_CAP: u64 = 64 << 20;
/// Times that a name is followed anew, when links change meanwhile.
const TRIES: usize = 4;

/// A folder that nothing below leads out of. Clones share its handle.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Canonical.
    root: PathBuf,
    dir: Arc<Dir>,
    /// Protected files that the user lets be written.
    allowed: ProtectedConsent,
}

/// What becomes of a file. A byte order mark that the file has stays, and need not be in its texts; a file that comes
/// gets one when its text begins with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewText {
    /// Relative to the folder.
    pub path: String,
    /// Its new path, for a file that is renamed.
    pub moved_to: Option<String>,
    /// What is there now; `None` where there is no file.
    pub old: Option<String>,
    /// What comes; `None` for a file that goes.
    pub new: Option<String>,
}

/// Where a change happens.
#[derive(Debug)]
pub struct Targets {
    /// Of the file's own path.
    pub(super) at: Place,
    /// Of its new path.
    pub(super) to: Option<Place>,
}

/// A place below a folder.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The nearest folder above that exists.
    pub(super) dir: Arc<Dir>,
    /// Folders to make in it, from above.
    pub(super) missing: Vec<OsString>,
    /// The name in the last of them.
    pub(super) leaf: OsString,
    /// Below the root, links followed.
    pub(super) path: PathBuf,
}

impl Place {
    /// What is there; `None` where nothing is.
    pub(super) fn facts(&self) -> io::Result<Option<Facts>> {
        if self.missing.is_empty() { self.dir.facts(&self.leaf) } else { Ok(None) }
    }
}

/// Folders that were opened in one go, so that a change of many files in one folder opens it once.
type Opened = RefCell<HashMap<PathBuf, Arc<Dir>>>;

impl Folder {
    /// Opens a folder that exists.
    pub fn open(path: &Path) -> Result<Self, WriteError> {
        let opened = fs::canonicalize(path).and_then(|root| Ok((Dir::open(&root)?, root)));
        let (dir, root) =
            opened.map_err(|_| WriteError { path: None, kind: WriteErrorKind::NoFolder(path.to_owned()) })?;
        Ok(Self { root, dir: Arc::new(dir), allowed: ProtectedConsent::default() })
    }

    /// Lets the protected files be written that the user consented to.
    #[must_use]
    pub fn allowing(self, allowed: ProtectedConsent) -> Self {
        Self { allowed, ..self }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads one file, without its byte order mark; `None` where there is none.
    pub fn read(&self, name: &str) -> Result<Option<String>, WriteError> {
        let text = self.read_whole(name)?;
        Ok(text.map(|text| text.strip_prefix(BYTE_ORDER_MARK).map_or(text.clone(), str::to_owned)))
    }

    /// Reads one file with its byte order mark, for what has to bring it back byte by byte.
    pub fn read_whole(&self, name: &str) -> Result<Option<String>, WriteError> {
        let place = match self.place(name, true, &Opened::default()) {
            // A file where a folder would have to be: nothing is below it.
            Err(WriteError { kind: WriteErrorKind::Failed(_, error), .. })
                if error.kind() == io::ErrorKind::NotADirectory =>
            {
                return Ok(None);
            }
            place => place?,
        };
        if place.missing.is_empty() { read_text(&place.dir, &place.leaf, name) } else { Ok(None) }
    }

    /// Reads one file of at most `cap` bytes, without its byte order mark, and tells where it lies with links followed:
    /// both of the same opened folder.
    pub(super) fn read_placed(&self, name: &str, cap: u64) -> Result<Option<(String, PathBuf)>, WriteError> {
        let place = match self.place(name, true, &Opened::default()) {
            Err(WriteError { kind: WriteErrorKind::Failed(_, error), .. })
                if error.kind() == io::ErrorKind::NotADirectory =>
            {
                return Ok(None);
            }
            place => place?,
        };
        if !place.missing.is_empty() {
            return Ok(None);
        }
        let text = read_capped(&place.dir, &place.leaf, name, cap)?;
        Ok(text.map(|text| {
            let text = text.strip_prefix(BYTE_ORDER_MARK).map_or(text.clone(), str::to_owned);
            (text, place.path)
        }))
    }

    /// Writes the new texts beside their targets. Nothing has changed yet; dropping the result takes it all back.
    pub fn prepare(&self, files: &[NewText]) -> Result<Writes, WriteError> {
        let targets = self.check(files)?;
        Writes::stage_all(files, targets)
    }

    /// Removes what killed runs left waiting beside these files, as far as it is one of `texts`, or the beginning of
    /// one. Among it may be the only copy of an old text, so this comes after recovery, with what the journal has.
    pub fn sweep<'a>(&self, names: impl IntoIterator<Item = &'a str>, texts: &[String]) {
        let opened = Opened::default();
        for name in names {
            // A folder that is gone has nothing left in it.
            let _ = self.place(name, true, &opened);
        }
        for dir in opened.borrow().values() {
            left_behind::sweep(dir, texts);
        }
    }

    /// Finds where each text goes, and refuses what must not be written. Touches nothing.
    pub fn check(&self, files: &[NewText]) -> Result<Vec<Targets>, WriteError> {
        let opened = Opened::default();
        let mut seen: Vec<(&str, Place)> = Vec::new();
        let mut targets = Vec::new();
        for file in files {
            let goes = file.new.is_none() || file.moved_to.is_some();
            let at = self.check_path(&file.path, !goes, &opened, &mut seen)?;
            if file.old.is_some() && facts(&at, &file.path)?.is_none() {
                return Err(WriteError::of(&file.path, WriteErrorKind::Vanished));
            }
            let to = match &file.moved_to {
                None => None,
                Some(to) => {
                    let place = self.check_path(to, true, &opened, &mut seen)?;
                    if facts(&place, to)?.is_some() {
                        return Err(WriteError::of(to, WriteErrorKind::Exists));
                    }
                    Some(place)
                }
            };
            targets.push(Targets { at, to });
        }
        Ok(targets)
    }

    /// Where `name` leads, when it may be written and is nothing of what was `seen`. A link is written `through`,
    /// but neither it nor what it leads to is deleted or renamed.
    fn check_path<'a>(
        &self,
        name: &'a str,
        through: bool,
        opened: &Opened,
        seen: &mut Vec<(&'a str, Place)>,
    ) -> Result<Place, WriteError> {
        self.refuse_protected(name, name)?;
        let place = self.place(name, through, opened)?;
        self.refuse_protected(&place.path.to_string_lossy(), name)?;
        if let (Some(root), Some(real)) = (self.dir.real_path(), place.dir.real_path()) {
            // Where the opened folder is by the system's own account, with the names that will be made in it.
            let inside = real.strip_prefix(root).map_err(|_| outside(name))?;
            let whole =
                place.missing.iter().chain([&place.leaf]).fold(inside.to_owned(), |at, part| at.join(part));
            self.refuse_protected(&whole.to_string_lossy(), name)?;
        }
        let facts = facts(&place, name)?;
        if facts.is_some_and(|file| file.is_read_only() || !place.dir.may_write(&place.leaf)) {
            return Err(WriteError::of(name, WriteErrorKind::ReadOnlyFile));
        }
        let folder = place.dir.own_facts().map_err(|error| WriteError::failed(name, error))?;
        if folder.is_read_only() || !place.dir.may_write(OsStr::new(".")) {
            return Err(WriteError::of(name, WriteErrorKind::ReadOnlyFolder));
        }
        if let Some((first, _)) = seen.iter().find(|(_, other)| clash(other, &place)) {
            let kind = WriteErrorKind::Overlapping((*first).to_owned(), name.to_owned());
            return Err(WriteError { path: Some(name.to_owned()), kind });
        }
        seen.push((name, place.clone()));
        Ok(place)
    }

    /// Refuses `path`, which `name` means, when it decides what runs or whom we trust.
    fn refuse_protected(&self, path: &str, name: &str) -> Result<(), WriteError> {
        if is_off_limits(&self.root, Path::new(path)) {
            let kind = WriteErrorKind::OffLimits(path.replace('\\', "/"));
            return Err(WriteError { path: Some(name.to_owned()), kind });
        }
        if self.allowed.permits(path) {
            return Ok(());
        }
        Err(WriteError {
            path: Some(name.to_owned()),
            kind: WriteErrorKind::Protected(path.replace('\\', "/")),
        })
    }

    /// Opens the folder of the place that `name` leads to, whether or not there is a file.
    fn place(&self, name: &str, through: bool, opened: &Opened) -> Result<Place, WriteError> {
        let mut last = None;
        for _ in 0..TRIES {
            let path = self.follow(name, through)?;
            match self.open_place(&path, opened) {
                Ok(place) => return Ok(place),
                // A link came to be there after the name was followed.
                Err(error) if is_link_error(&error) => last = Some(error),
                Err(error) => return Err(WriteError::failed(name, error)),
            }
        }
        Err(match last {
            Some(error) if error.kind() == io::ErrorKind::NotADirectory => WriteError::failed(name, error),
            _ => outside(name),
        })
    }

    /// The path below the root that a name means, links followed. Only a name: what is there may change at any time.
    fn follow(&self, name: &str, through: bool) -> Result<PathBuf, WriteError> {
        let is_plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || name.contains('\0') || !is_plain {
            return Err(outside(name));
        }
        let named = Path::new(name);
        if !through && let (Some(folder), Some(leaf)) = (named.parent(), named.file_name()) {
            let folder = if folder.as_os_str().is_empty() {
                PathBuf::new()
            } else {
                self.follow(&folder.to_string_lossy(), true)?
            };
            return Ok(folder.join(leaf));
        }
        let path = self.root.join(name);
        // What does not exist yet is placed below its nearest ancestor that does.
        let mut existing = path.as_path();
        while fs::symlink_metadata(existing).is_err() {
            match existing.parent() {
                Some(parent) if parent.starts_with(&self.root) => existing = parent,
                _ => {
                    let kind = WriteErrorKind::NoFolder(self.root.clone());
                    return Err(WriteError { path: Some(name.to_owned()), kind });
                }
            }
        }
        // A link to nothing cannot be resolved, and might come to lead anywhere.
        let resolved = fs::canonicalize(existing).map_err(|_| outside(name))?;
        let rest = path.strip_prefix(existing).map_err(|_| outside(name))?;
        let inside = resolved.strip_prefix(&self.root).map_err(|_| outside(name))?;
        // Joining nothing would add a slash.
        Ok(if rest.as_os_str().is_empty() { inside.to_owned() } else { inside.join(rest) })
    }

    /// Opens the nearest folder above `path` that exists; a link anywhere is an error.
    fn open_place(&self, path: &Path, opened: &Opened) -> io::Result<Place> {
        let leaf = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
        let mut missing = Vec::new();
        let mut folder = path.parent().unwrap_or(Path::new(""));
        let dir = loop {
            if let Some(dir) = opened.borrow().get(folder) {
                break Arc::clone(dir);
            }
            let found = match folder.parent() {
                None => Ok(Arc::clone(&self.dir)),
                Some(_) => self.dir.below(folder).map(Arc::new),
            };
            match (found, folder.parent(), folder.file_name()) {
                (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
                    missing.insert(0, name.to_owned());
                    folder = parent;
                }
                (found, ..) => {
                    let found = found?;
                    opened.borrow_mut().insert(folder.to_owned(), Arc::clone(&found));
                    break found;
                }
            }
        };
        Ok(Place { dir, missing, leaf, path: path.to_owned() })
    }
}

/// What is at a place. Only a file may be there.
fn facts(place: &Place, name: &str) -> Result<Option<Facts>, WriteError> {
    let facts = place.facts().map_err(|error| WriteError::failed(name, error))?;
    match facts {
        Some(found) if found.is_link() => Err(WriteError::of(name, WriteErrorKind::Link)),
        Some(found) if !found.is_file() => {
            let kind = if found.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
            Err(WriteError::of(name, |name| WriteErrorKind::Failed(name, kind.into())))
        }
        facts => Ok(facts),
    }
}

fn outside(name: &str) -> WriteError {
    WriteError::of(name, WriteErrorKind::Outside)
}

/// What opening says of a link where none may be: `ELOOP`, or of one that is taken for a file, `ENOTDIR`.
fn is_link_error(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::NotADirectory
}

/// Whether two places are one file, by a hard link or a file system that folds case, or one would be a folder of
/// the other.
fn clash(one: &Place, other: &Place) -> bool {
    one.path.starts_with(&other.path)
        || other.path.starts_with(&one.path)
        || matches!((one.facts(), other.facts()), (Ok(Some(one)), Ok(Some(other))) if one.is_same(&other))
}

/// A file's whole text with its byte order mark, or `None` where there is no file. `name` is how it is called.
pub(super) fn read_text(dir: &Dir, leaf: &OsStr, name: &str) -> Result<Option<String>, WriteError> {
    read_capped(dir, leaf, name, SIZE_CAP)
}

fn read_capped(dir: &Dir, leaf: &OsStr, name: &str, cap: u64) -> Result<Option<String>, WriteError> {
    let unreadable = |error: io::Error| WriteError::unreadable(name, &error);
    let file = match dir.open_file(leaf) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(WriteError::of(name, |name| WriteErrorKind::Unreadable(name, "not a file".to_owned())));
    }
    let too_large = |size| WriteError::of(name, |path| WriteErrorKind::TooLarge { path, size, cap });
    if metadata.len() > cap {
        return Err(too_large(metadata.len()));
    }
    // The file may grow while it is read.
    let mut bytes = Vec::new();
    file.take(cap + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > cap {
        return Err(too_large(bytes.len() as u64));
    }
    let not_text = || WriteError::of(name, WriteErrorKind::NotText);
    let text = String::from_utf8(bytes).map_err(|_| not_text())?;
    // UTF-16 without a mark, and most of what is no text at all.
    if text.contains('\0') { Err(not_text()) } else { Ok(Some(text)) }
}

#[cfg(test)]
mod tests;
