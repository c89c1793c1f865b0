//! Which sessions living processes hold: a lock on a file each. The system frees it when the process ends, however.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::open::{private_file, unusable};
use crate::problem::Problem;

/// The locks of this journal. Looked at inside transactions that write only: then no other process is between its look
/// and its lock.
#[derive(Clone)]
pub(super) struct Locks {
    folder: PathBuf,
    held: Arc<Mutex<HashMap<String, File>>>,
}

impl Locks {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.join("sessions"), held: Arc::default() }
    }

    /// Takes the lock of `session` for good; whether that went, or another has it.
    ///
    /// # Errors
    /// `journal-unusable` where there can be no lock: nobody would know that the session is held.
    pub(super) fn take(&self, session: &str) -> Result<bool, Problem> {
        let locked =
            self.try_lock(session).map_err(|error| unusable(&self.path(session), &error.to_string()))?;
        let Some(file) = locked else { return Ok(false) };
        self.held().insert(session.to_owned(), file);
        Ok(true)
    }

    /// Whether this journal holds it.
    pub(super) fn is_own(&self, session: &str) -> bool {
        self.held().contains_key(session)
    }

    /// Whether another holds it, or this journal. What cannot be known counts as held: it may be.
    pub(super) fn is_held(&self, session: &str) -> bool {
        let is_free =
            || !self.path(session).exists() || self.try_lock(session).is_ok_and(|file| file.is_some());
        self.is_own(session) || !is_free()
    }

    /// Removes the file of a session that is gone.
    pub(super) fn forget(&self, session: &str) {
        let _ = fs::remove_file(self.path(session));
    }

    /// The lock; `None` when another has it.
    fn try_lock(&self, session: &str) -> io::Result<Option<File>> {
        make_folder(&self.folder)?;
        let file = private_file(&self.path(session))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn path(&self, session: &str) -> PathBuf {
        // Ids are hexadecimal digits; anything else in the file is no path of ours.
        let safe: String = session.chars().filter(char::is_ascii_alphanumeric).collect();
        self.folder.join(format!("{safe}.lock"))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_until_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (Locks::new(dir.path()), Locks::new(dir.path()));
        assert!(!two.is_held("a"));
        assert!(one.take("a").unwrap() && one.is_own("a"));
        assert!(!two.take("a").unwrap() && two.is_held("a") && !two.is_own("a"));
        assert!(two.take("b").unwrap());
        drop(one);
        assert!(!two.is_held("a") && two.take("a").unwrap());
        assert!(!two.is_held("../../c"));
    }
}
