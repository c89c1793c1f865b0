//! What is kept over sessions, or a stand-in that ends with the process where that cannot be opened.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::gateway::Books;
use crate::journal::{Answers, Facts, Journal, system_clock};
use crate::model::CacheSettings;
use crate::model::routing::Spending;
use crate::ports::{self, Expiry, Ledger, MemoryJournal, MemoryLedger, ResponseStore};
use crate::problem::Problem;

/// Longest wait for the disk at the end.
const PATIENCE: Duration = Duration::from_secs(3);

/// The journal and the kept answers; clones share them.
#[derive(Clone, Default)]
pub struct Storage(Arc<Opening>);

/// What is open, or what opens it.
#[derive(Default)]
struct Opening {
    opened: OnceLock<Opened>,
    thread: Mutex<Option<JoinHandle<Opened>>>,
    spending: Arc<Mutex<Spending>>,
}

struct Opened {
    ledger: Arc<dyn Ledger>,
    records: Arc<dyn ports::Journal>,
    journal: Option<Arc<Journal>>,
    answers: Option<Arc<Answers>>,
    problems: Vec<Problem>,
}

impl Default for Opened {
    /// Keeps nothing over sessions.
    fn default() -> Self {
        let (ledger, records) = (Arc::new(MemoryLedger::default()), Arc::new(MemoryJournal::default()));
        Self { ledger, records, journal: None, answers: None, problems: Vec::new() }
    }
}

impl Opened {
    fn open(folder: &Path, cache: &CacheSettings) -> Self {
        let mut opened = Self::default();
        match Journal::open(folder, system_clock()) {
            Ok(journal) => {
                opened.problems.extend(journal.aside());
                opened.ledger = Arc::new(journal.ledger());
                match journal.records() {
                    Ok(records) => opened.records = Arc::new(records),
                    Err(problem) => opened.problems.push(problem),
                }
                opened.journal = Some(Arc::new(journal));
            }
            Err(problem) => opened.problems.push(problem),
        }
        if cache.enabled && cache.disk_bytes > 0 {
            match Answers::open(folder, cache, system_clock()) {
                Ok(answers) => opened.answers = Some(Arc::new(answers)),
                // There is one key for both.
                Err(problem) if opened.problems.contains(&problem) => {}
                Err(problem) => opened.problems.push(problem),
            }
        }
        opened
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("is_open", &self.0.opened.get().is_some()).finish_non_exhaustive()
    }
}

impl Storage {
    /// Opens what `folder` keeps. What cannot be opened is told and done without.
    pub fn open(folder: &Path, cache: &CacheSettings) -> (Self, Vec<Problem>) {
        let mut opened = Opened::open(folder, cache);
        let problems = std::mem::take(&mut opened.problems);
        (Self(Arc::new(Opening { opened: opened.into(), ..Opening::default() })), problems)
    }

    /// The same on a thread of its own: nobody waits for the disk, or for another process, before the first use. What
    /// cannot be opened is told by [`Storage::problems`].
    pub fn opening(folder: &Path, cache: &CacheSettings) -> Self {
        let (folder, cache) = (folder.to_owned(), *cache);
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || Opened::open(&folder, &cache));
        if let Err(error) = &thread {
            tracing::warn!(%error, "nothing is kept over sessions");
        }
        Self(Arc::new(Opening { thread: Mutex::new(thread.ok()), ..Opening::default() }))
    }

    /// The same without the record of what is proposed and done: for who only looks. The account and the answers are
    /// kept all the same. It is closed with what it was made from.
    #[must_use]
    pub fn unrecorded(&self) -> Self {
        let from = self.opened();
        let (ledger, answers, problems) = (self.ledger(), from.answers.clone(), from.problems.clone());
        let opened = Opened { ledger, answers, problems, ..Opened::default() };
        Self(Arc::new(Opening { opened: opened.into(), ..Opening::default() }))
    }

    /// What is open. Blocks while it is being opened.
    fn opened(&self) -> &Opened {
        self.0.opened.get_or_init(|| {
            let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
        })
    }

    /// What could not be opened, where that was not told before. Blocks while it is being opened.
    pub fn problems(&self) -> &[Problem] {
        &self.opened().problems
    }

    /// The books for a gateway.
    pub fn books(&self) -> Books {
        Books {
            ledger: self.ledger(),
            responses: self.responses(),
            recorder: None,
            spending: Arc::clone(&self.0.spending),
        }
    }

    /// The record of what is proposed and done.
    pub fn journal(&self) -> Arc<dyn ports::Journal> {
        Arc::clone(&self.opened().records)
    }

    /// Lets go, when there is time for it, what is too old or too much.
    pub fn expire(&self) {
        // What could not be forgotten today is tomorrow; the log says why.
        drop(self.opened().records.expire(Expiry::default()));
    }

    /// The account.
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.opened().ledger)
    }

    /// The kept answers, if any are kept.
    pub fn responses(&self) -> Option<Arc<dyn ResponseStore>> {
        self.opened().answers.clone().map(|answers| answers as Arc<dyn ResponseStore>)
    }

    /// Where and how large the journal is, if there is one.
    pub fn facts(&self) -> Option<Facts> {
        self.opened().journal.as_ref().map(|journal| journal.facts())
    }

    /// Reads the whole journal. Blocks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), Problem> {
        self.opened().journal.as_ref().map_or(Ok(()), |journal| journal.check())
    }

    /// Writes what waits and closes everything; blocks for a few seconds at most. What comes later is lost.
    pub fn close(&self) {
        let closed = self.opened().journal.as_ref().is_none_or(|journal| journal.close(PATIENCE))
            & self.opened().answers.as_ref().is_none_or(|answers| answers.close(PATIENCE));
        if !closed {
            tracing::warn!("the disk was too slow: what was done last may not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_looks_leaves_no_record_and_shares_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let cache = CacheSettings { enabled: true, disk_bytes: 1 << 20, ..CacheSettings::default() };
        let (storage, _) = Storage::open(dir.path(), &cache);
        let looking = storage.unrecorded();
        assert!(!looking.journal().outlives());
        assert!(Arc::ptr_eq(&looking.ledger(), &storage.ledger()));
        let answers = [&looking, &storage].map(|storage| storage.opened().answers.clone().unwrap());
        assert!(Arc::ptr_eq(&answers[0], &answers[1]));
        storage.close();
    }

    #[test]
    #[cfg(not(feature = "keyring"))]
    fn a_missing_key_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let open = || {
            let cache = CacheSettings { enabled: true, disk_bytes: 1 << 20, ..CacheSettings::default() };
            let (storage, problems) = Storage::open(dir.path(), &cache);
            storage.close();
            problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        assert!(open().is_empty());
        std::fs::remove_file(dir.path().join("journal.key")).unwrap();
        assert_eq!(open(), ["journal-key-missing"]);
    }

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

    /// Before, a server answered nothing while another process held the file.
    #[test]
    fn nobody_waits_for_a_file_that_is_being_opened() {
        let dir = tempfile::tempdir().unwrap();
        Storage::open(dir.path(), &CacheSettings::default()).0.close();
        // As who looks through it has it.
        let other = std::fs::File::open(dir.path().join("journal.db.users")).unwrap();
        other.lock().unwrap();
        let storage = Storage::opening(dir.path(), &CacheSettings::default());
        assert!(storage.0.opened.get().is_none());
        drop(other);
        assert_eq!(storage.problems(), []);
        assert!(storage.journal().outlives());
        storage.close();
    }
}
