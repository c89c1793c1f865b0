//! Texts on their way to their places, all or none.
//!
//! A new text is whole and synced beside its target before the first target is touched. It then changes places with
//! the old file, so that at every moment the target is the one or the other; the old file waits under the other name
//! until all is done. Taking back is to change places again: it needs no space, and it brings back the very file.
//! What changed places is compared once more, so not even a save in the last moment is lost.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use super::fault::{Call, Feature, allowed, lacks};
use super::folder::{NewText, Place, Targets, read_text};
use super::handle::{Dir, make_alike};
use super::{BYTE_ORDER_MARK, WriteError, WriteErrorKind, left_behind};

/// Times that something is tried when a change is taken back or cleaned up after.
const TRIES: usize = 3;

/// Texts that wait on disk to take their files' places.
#[derive(Debug, Default)]
pub struct Writes {
    staged: Vec<Staged>,
    /// Folders made on the way, each by the one it is in.
    made: Vec<(Arc<Dir>, OsString)>,
    opened: HashMap<PathBuf, Arc<Dir>>,
}

#[derive(Debug)]
struct Staged {
    /// As the caller calls it.
    name: String,
    target: OsString,
    /// What must still be there, a byte order mark included, when the step is taken.
    old: Option<String>,
    step: Step,
    waiting: Waiting,
}

#[derive(Debug)]
enum Step {
    /// The file that waits, with this text, takes the target's place, or a place that is free.
    Put(String),
    /// The target goes, and waits until all is done.
    Remove,
}

/// A name beside a target where something waits. Dropping it removes what is there.
#[derive(Debug)]
struct Waiting {
    dir: Arc<Dir>,
    name: OsString,
    /// Whether it is the only place of a text that nobody may lose.
    keeps: bool,
}

impl Writes {
    /// Writes what each of `files` becomes beside its target.
    pub(super) fn stage_all(files: &[NewText], targets: Vec<Targets>) -> Result<Self, WriteError> {
        let mut writes = Self::default();
        for (file, targets) in files.iter().zip(targets) {
            writes.stage(file, &targets)?;
        }
        // What comes first: as long as it can fail, nothing has gone.
        writes.staged.sort_by_key(|staged| matches!(staged.step, Step::Remove));
        Ok(writes)
    }

    fn stage(&mut self, file: &NewText, Targets { at, to }: &Targets) -> Result<(), WriteError> {
        let name = &file.path;
        let unreadable = |error| WriteError::unreadable(name, &error);
        let (mut mark, mut whole, mut model) = (String::new(), None, None);
        if let Some(old) = &file.old {
            let now = read_text(&at.dir, &at.leaf, name)?;
            let now = now.ok_or_else(|| WriteError::of(name, WriteErrorKind::Vanished))?;
            if now.starts_with(BYTE_ORDER_MARK) {
                mark.push(BYTE_ORDER_MARK);
            }
            if now[mark.len()..] != *without_mark(old, &mark) {
                return Err(WriteError::of(name, WriteErrorKind::Changed));
            }
            model = Some(at.dir.open_file(&at.leaf).map_err(unreadable)?);
            whole = Some(now);
        }
        if let Some(new) = &file.new {
            let (name, place, old) = match (&file.moved_to, to) {
                (Some(name), Some(to)) => (name, to, None),
                _ => (name, at, whole.clone()),
            };
            let dir = self.make_folders(place).map_err(|error| WriteError::failed(name, error))?;
            let text = mark.clone() + without_mark(new, &mark);
            let waiting = write_beside(dir, model.as_ref(), &text, name)?;
            self.staged.push(Staged {
                name: name.clone(),
                target: place.leaf.clone(),
                old,
                step: Step::Put(text),
                waiting,
            });
        }
        if file.new.is_none() || to.is_some() {
            let waiting = Waiting::new(Arc::clone(&at.dir));
            self.staged.push(Staged {
                name: name.clone(),
                target: at.leaf.clone(),
                old: whole,
                step: Step::Remove,
                waiting,
            });
        }
        Ok(())
    }

    /// Makes the folders above a place that are missing, and opens the last.
    fn make_folders(&mut self, place: &Place) -> io::Result<Arc<Dir>> {
        let folder = place.path.parent().map(PathBuf::from).unwrap_or_default();
        if let Some(dir) = self.opened.get(&folder) {
            return Ok(Arc::clone(dir));
        }
        let mut dir = Arc::clone(&place.dir);
        for name in &place.missing {
            match dir.make_dir(name) {
                Ok(()) => self.made.push((Arc::clone(&dir), name.clone())),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            dir = Arc::new(dir.child(name)?);
        }
        self.opened.insert(folder, Arc::clone(&dir));
        Ok(dir)
    }

    /// Puts every text in its place, or none: what was done before a failure is taken back.
    pub fn commit(mut self) -> Result<(), WriteError> {
        for staged in &self.staged {
            staged.check_unchanged()?;
        }
        let mut n_taken = 0;
        let mut taken = Ok(());
        for staged in &mut self.staged {
            taken = staged.take();
            if taken.is_err() {
                break;
            }
            n_taken += 1;
        }
        let Err(error) = taken.and_then(|()| self.sync()) else {
            self.made.clear();
            return Ok(());
        };
        let mut stuck: Vec<String> = Vec::new();
        if let WriteErrorKind::HalfWritten { files, .. } = &error.kind {
            stuck.clone_from(files);
        }
        for staged in self.staged[..n_taken].iter_mut().rev() {
            if tried(|| staged.take_back()).is_err() {
                stuck.push(staged.name.clone());
            }
        }
        let _ = self.sync();
        if stuck.is_empty() {
            return Err(error);
        }
        let kind = WriteErrorKind::HalfWritten { reason: error.kind.to_string(), files: stuck };
        Err(WriteError { kind, ..error })
    }

    /// Syncs every folder in which a name changed, each once.
    fn sync(&self) -> Result<(), WriteError> {
        let mut synced: Vec<*const Dir> = Vec::new();
        let made = self.made.iter().map(|(dir, name)| (dir, name.to_string_lossy()));
        let staged = self.staged.iter().map(|staged| (&staged.waiting.dir, staged.name.as_str().into()));
        for (dir, name) in made.chain(staged) {
            if !synced.contains(&Arc::as_ptr(dir)) {
                synced.push(Arc::as_ptr(dir));
                dir.sync().map_err(|error| WriteError::failed(&name, error))?;
            }
        }
        Ok(())
    }
}

impl Drop for Writes {
    fn drop(&mut self) {
        // The files that wait first, so that the folders made for them are empty.
        self.staged.clear();
        for (dir, name) in self.made.iter().rev() {
            let _ = dir.remove_dir(name);
        }
    }
}

impl Staged {
    fn check_unchanged(&self) -> Result<(), WriteError> {
        self.check_text(&self.target)
    }

    /// Whether the file of this name has the old text.
    fn check_text(&self, name: &OsStr) -> Result<(), WriteError> {
        let now = read_text(&self.waiting.dir, name, &self.name)?;
        match (&now, &self.old) {
            _ if now == self.old => Ok(()),
            (None, Some(_)) => Err(WriteError::of(&self.name, WriteErrorKind::Vanished)),
            _ => Err(WriteError::of(&self.name, WriteErrorKind::Changed)),
        }
    }

    /// Takes the step; after an error nothing has changed, unless the error says so.
    fn take(&mut self) -> Result<(), WriteError> {
        self.check_unchanged()?;
        let (dir, waiting) = (&self.waiting.dir, &self.waiting.name);
        let moved = match (&self.step, &self.old) {
            (Step::Put(_), Some(_)) => dir.exchange(waiting, &self.target),
            // Never over a file that came into being meanwhile.
            (Step::Put(_), None) => dir.rename_new(waiting, &self.target),
            (Step::Remove, _) => dir.rename_new(&self.target, waiting),
        };
        moved.map_err(|error| WriteError::failed(&self.name, error))?;
        if self.old.is_none() {
            return Ok(());
        }
        // What came out must be what was looked at: another file may have taken the place in between.
        let Err(error) = self.check_text(&self.waiting.name) else { return Ok(()) };
        if tried(|| self.take_back()).is_ok() {
            return Err(error);
        }
        let kind =
            WriteErrorKind::HalfWritten { reason: error.kind.to_string(), files: vec![self.name.clone()] };
        Err(WriteError { kind, ..error })
    }

    /// Takes a step back that was taken. What waits is kept when that fails.
    fn take_back(&mut self) -> io::Result<()> {
        let (dir, waiting) = (&self.waiting.dir, &self.waiting.name);
        self.waiting.keeps = self.old.is_some();
        match (&self.step, &self.old) {
            (Step::Put(new), Some(_)) => {
                dir.exchange(waiting, &self.target)?;
                if !has_text(dir, waiting, new) {
                    // Somebody saved over our text: theirs stays, and the old one is kept beside it.
                    return dir.exchange(waiting, &self.target).and(Err(io::ErrorKind::AlreadyExists.into()));
                }
            }
            (Step::Put(new), None) => {
                dir.rename_new(&self.target, waiting)?;
                if !has_text(dir, waiting, new) {
                    self.waiting.keeps = true;
                    return dir
                        .rename_new(waiting, &self.target)
                        .and(Err(io::ErrorKind::AlreadyExists.into()));
                }
            }
            (Step::Remove, _) => dir.rename_new(waiting, &self.target)?,
        }
        self.waiting.keeps = false;
        Ok(())
    }
}

impl Waiting {
    /// A name that nothing has.
    fn new(dir: Arc<Dir>) -> Self {
        Self { dir, name: left_behind::new_name(), keeps: false }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.keeps {
            return;
        }
        let _ = tried(|| match self.dir.remove(&self.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        });
    }
}

/// Tries something a few times: a failure that passes must not leave a change half done.
fn tried(mut action: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let mut result = action();
    for _ in 1..TRIES {
        match &result {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => result = action(),
            _ => break,
        }
    }
    result
}

/// A text as the caller has it, which may or may not begin with the file's mark.
fn without_mark<'a>(text: &'a str, mark: &str) -> &'a str {
    text.strip_prefix(mark).unwrap_or(text)
}

/// Whether the file `name` has just this text.
fn has_text(dir: &Dir, name: &OsStr, text: &str) -> bool {
    read_text(dir, name, "").is_ok_and(|found| found.as_deref() == Some(text))
}

/// Writes and syncs a text in `dir`, with mode and owner of `model` where there is one. `path` is what it becomes.
fn write_beside(dir: Arc<Dir>, model: Option<&File>, text: &str, path: &str) -> Result<Waiting, WriteError> {
    let mut waiting = Waiting::new(dir);
    // Not ours until it is made.
    waiting.keeps = true;
    let failed = |error| WriteError::failed(path, error);
    // A text that others may not read is never in a file that they may, not even until it gets its mode.
    let mut file = waiting.dir.create(&waiting.name, model.is_some()).map_err(failed)?;
    waiting.keeps = false;
    write_all(&mut file, text.as_bytes()).map_err(failed)?;
    if let Some(model) = model {
        make_alike(model, &file).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => WriteError::of(path, WriteErrorKind::Owner),
            _ => failed(error),
        })?;
    }
    allowed(Call::SyncFile, 0).map_err(failed)?;
    if !lacks(Feature::Syncing) {
        file.sync_all().map_err(failed)?;
    }
    Ok(waiting)
}

fn write_all(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let n_allowed = allowed(Call::Write, bytes.len())?;
        match file.write(&bytes[..n_allowed]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n_written) => bytes = &bytes[n_written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
