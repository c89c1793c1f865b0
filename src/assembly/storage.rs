//! What is kept over sessions, or a stand-in that ends with the process where that cannot be opened.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::gateway::Books;
use crate::journal::{Answers, Facts, Journal, system_clock};
use crate::model::CacheSettings;
use crate::ports::{self, Expiry, Ledger, MemoryJournal, MemoryLedger, ResponseStore};
use crate::problem::Problem;

/// Longest wait for the disk at the end.
const PATIENCE: Duration = Duration::from_secs(3);

/// The journal and the kept answers; clones share them.
#[derive(Clone)]
pub struct Storage {
    ledger: Arc<dyn Ledger>,
    records: Arc<dyn ports::Journal>,
    journal: Option<Arc<Journal>>,
    answers: Option<Arc<Answers>>,
}

impl Default for Storage {
    /// Keeps nothing over sessions.
    fn default() -> Self {
        let (ledger, records) = (Arc::new(MemoryLedger::default()), Arc::new(MemoryJournal::default()));
        Self { ledger, records, journal: None, answers: None }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("journal", &self.facts()).finish_non_exhaustive()
    }
}

impl Storage {
    /// Opens what `folder` keeps. What cannot be opened is told and done without.
    pub fn open(folder: &Path, cache: &CacheSettings) -> (Self, Vec<Problem>) {
        let mut storage = Self::default();
        let mut problems = Vec::new();
        match Journal::open(folder, system_clock()) {
            Ok(journal) => {
                problems.extend(journal.aside());
                storage.ledger = Arc::new(journal.ledger());
                match journal.records() {
                    Ok(records) => storage.records = Arc::new(records),
                    Err(problem) => problems.push(problem),
                }
                storage.journal = Some(Arc::new(journal));
            }
            Err(problem) => problems.push(problem),
        }
        if cache.enabled && cache.disk_bytes > 0 {
            match Answers::open(folder, cache, system_clock()) {
                Ok(answers) => storage.answers = Some(Arc::new(answers)),
                Err(problem) => problems.push(problem),
            }
        }
        (storage, problems)
    }

    /// The books for a gateway.
    pub fn books(&self) -> Books {
        Books { ledger: self.ledger(), responses: self.responses(), recorder: None }
    }

    /// The record of what is proposed and done.
    pub fn journal(&self) -> Arc<dyn ports::Journal> {
        Arc::clone(&self.records)
    }

    /// Lets go, when there is time for it, what is too old or too much.
    pub fn expire(&self) {
        // What could not be forgotten today is tomorrow; the log says why.
        drop(self.records.expire(Expiry::default()));
    }

    /// The account.
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.ledger)
    }

    /// The kept answers, if any are kept.
    pub fn responses(&self) -> Option<Arc<dyn ResponseStore>> {
        self.answers.clone().map(|answers| answers as Arc<dyn ResponseStore>)
    }

    /// Where and how large the journal is, if there is one.
    pub fn facts(&self) -> Option<Facts> {
        self.journal.as_ref().map(|journal| journal.facts())
    }

    /// Reads the whole journal. Blocks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), Problem> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.check())
    }

    /// Writes what waits and closes everything; blocks for a few seconds at most. What comes later is lost.
    pub fn close(&self) {
        let closed = self.journal.as_ref().is_none_or(|journal| journal.close(PATIENCE))
            & self.answers.as_ref().is_none_or(|answers| answers.close(PATIENCE));
        if !closed {
            tracing::warn!("the disk was too slow: what was done last may not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_is_told_and_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("journal.db"), "not a database at all").unwrap();
        let (storage, problems) = Storage::open(dir.path(), &CacheSettings::default());
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["journal-damaged"]);
        assert!(storage.facts().is_some() && storage.responses().is_some());
        assert!(storage.journal().outlives() && !Storage::default().journal().outlives());
        let off = CacheSettings { disk_bytes: 0, ..CacheSettings::default() };
        assert!(Storage::open(dir.path(), &off).0.responses().is_none());
        storage.close();
        storage.close();
    }
}
