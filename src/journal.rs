//! What is kept over sessions, in `SQLite` files of the state directory that all processes of a user share.
//!
//! Two files, because what they hold differs in worth. `journal.db` holds the account of what was asked, what came of
//! it and what it cost; every entry is on the disk before the next is taken (`synchronous=FULL`). `answers.db` holds
//! answers that can be asked for again: large, rewritten all the time, and worth no wait for the disk
//! (`synchronous=NORMAL`). A damaged answer store so never touches the account.
//!
//! Guarantees: a file that is not ours, is damaged, or was written by a newer version is left as it is and told as a
//! [`Problem`]; the caller then works without it. Every file is readable by its owner only. Nobody waits for the disk:
//! each file belongs to a thread of its own that takes what it is handed in order.

mod database;
mod layout;
mod open;
mod responses;
mod usage;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use database::Database;
pub use responses::Answers;
pub use usage::UsageLedger;

use crate::model::CacheSettings;
use crate::problem::Problem;

/// Tells the time since the beginning of 1970 in UTC.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The system's clock. A time before 1970 counts as 1970.
pub fn system_clock() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// The journal, open.
pub struct Journal {
    database: Arc<Database>,
    clock: Clock,
}

/// What can be said of a file without opening it up for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Where it is.
    pub path: PathBuf,
    /// Version of its tables.
    pub version: usize,
    /// Size in bytes, with what is not yet merged into the file.
    pub bytes: u64,
    /// Entries of this process that could not be written.
    pub n_lost: u64,
}

impl Journal {
    /// Opens the journal in `folder`, or begins one.
    ///
    /// # Errors
    /// `journal-foreign`, `journal-newer`, `journal-damaged` or `journal-unusable`; the file is as it was.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, Problem> {
        let database = Database::open(folder, &layout::JOURNAL)?;
        Ok(Self { database: Arc::new(database), clock })
    }

    /// The account in it.
    pub fn ledger(&self) -> UsageLedger {
        UsageLedger::new(Arc::clone(&self.database), Arc::clone(&self.clock))
    }

    /// Where and how large it is.
    pub fn facts(&self) -> Facts {
        self.database.facts()
    }

    /// Reads the whole file and says what is wrong with it. Blocks.
    ///
    /// # Errors
    /// `journal-damaged`, or `journal-unusable` when it cannot be read in time.
    pub fn check(&self) -> Result<(), Problem> {
        self.database.check()
    }

    /// Writes what was handed over and closes the file; what comes later is dropped. Blocks, for `patience` at most;
    /// returns whether that was enough.
    pub fn close(&self, patience: Duration) -> bool {
        self.database.close(patience)
    }
}

impl Answers {
    /// Opens the answers kept in `folder`, or begins to keep some.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open(folder: &Path, settings: &CacheSettings, clock: Clock) -> Result<Self, Problem> {
        Ok(Self::new(Database::open(folder, &layout::ANSWERS)?, *settings, clock))
    }
}

/// A clock that tests turn.
#[cfg(test)]
fn hand_clock(start: Duration) -> (Clock, Arc<std::sync::Mutex<Duration>>) {
    let hand = Arc::new(std::sync::Mutex::new(start));
    let read = Arc::clone(&hand);
    (Arc::new(move || *read.lock().expect("no test panics with it")), hand)
}
