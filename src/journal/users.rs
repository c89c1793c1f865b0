//! Whether another living process uses a file: each holds a shared lock beside it as long as it does. The system frees it
//! when the process ends, however.
//!
//! Who comes alone to a file that was not closed well looks through it; who comes meanwhile waits for that.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::aside::ending;
use super::open::private_file;

/// The first user's look takes less than this; on a file system without locks nobody waits.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// A use of a file. Without a lock where there can be none.
pub(super) struct Use {
    file: Option<File>,
    alone: bool,
}

impl Use {
    /// Begins to use `path`.
    pub(super) fn begin(path: &Path) -> Self {
        let none = Self { file: None, alone: false };
        let Ok(file) = private_file(&ending(path, ".users")) else { return none };
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Self { file: Some(file), alone: true },
                Err(TryLockError::Error(_)) => return none,
                Err(TryLockError::WouldBlock) => {}
            }
            match file.try_lock_shared() {
                Ok(()) => return Self { file: Some(file), alone: false },
                Err(TryLockError::Error(_)) => return none,
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            }
        }
        none
    }

    /// Whether nobody else uses it.
    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }

    /// Lets others in.
    pub(super) fn share(&mut self) {
        if std::mem::take(&mut self.alone)
            && let Some(file) = &self.file
            && (file.unlock().is_err() || file.try_lock_shared().is_err())
        {
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_alone_and_the_others_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let mut first = Use::begin(&path);
        assert!(first.is_alone());
        first.share();
        let second = Use::begin(&path);
        assert!(!first.is_alone() && !second.is_alone());
        drop(first);
        assert!(!Use::begin(&path).is_alone(), "the second is still there");
        drop(second);
        assert!(Use::begin(&path).is_alone());
        assert!(!Use::begin(&dir.path().join("not/there.db")).is_alone());
    }
}
