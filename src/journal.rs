//! What is kept over sessions, in `SQLite` files of the state directory that all processes of a user share.
//!
//! Two files, because what they hold differs in worth. `journal.db` holds the account of what was asked, what came of
//! it and what it cost; every entry is on the disk before the next is taken (`synchronous=FULL`). `answers.db` holds
//! answers that can be asked for again: large, rewritten all the time, and worth no wait for the disk
//! (`synchronous=NORMAL`). A damaged answer store so never touches the account.
//!
//! What is text of the user's or a model's is sealed ([`seal`]), field by field.
//!
//! Guarantees: a file that is not ours or is damaged keeps every byte under another name, and a new one is begun; one
//! that was written by a newer version, or cannot be used, is left as it is, and the caller works without it. Both
//! are told as a [`Problem`]. Every file is readable by its owner only. Nobody waits for the disk:
//! each file belongs to a thread of its own that takes what it is handed in order.

mod aside;
mod audit;
mod blobs;
mod database;
mod exchange;
mod expiry;
mod failure;
mod key;
mod layout;
mod locks;
mod open;
mod operations;
mod proposals;
mod records;
mod responses;
mod seal;
mod sessions;
mod usage;
mod users;
mod work;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use database::Database;
pub use key::KeyPlace;
pub use records::{Records, random_id};
pub use responses::Answers;
use rusqlite::Row;
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
    /// Where the key is that texts in it are sealed with; `None` when it cannot be read.
    pub key: Option<KeyPlace>,
}

impl Journal {
    /// Opens the journal in `folder`, or begins one.
    ///
    /// # Errors
    /// `journal-newer` or `journal-unusable`; also `journal-foreign` and `journal-damaged` when such a file cannot be
    /// set aside. The file is as it was.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, Problem> {
        let database = Database::open(folder, &layout::JOURNAL)?;
        Ok(Self { database: Arc::new(database), clock })
    }

    /// The account in it.
    pub fn ledger(&self) -> UsageLedger {
        UsageLedger::new(Arc::clone(&self.database), Arc::clone(&self.clock))
    }

    /// The record in it of what was proposed and done.
    ///
    /// # Errors
    /// `journal-key-missing`, `journal-key-wrong` or `journal-unusable`: without the key nothing can be recorded.
    pub fn records(&self) -> Result<Records, Problem> {
        let (sealer, _) = self.database.key().as_ref().map_err(Clone::clone)?;
        let folder = self.database.folder();
        Records::new(Arc::clone(&self.database), sealer.clone(), folder, Arc::clone(&self.clock))
    }

    /// What was found in its place and set aside.
    pub fn aside(&self) -> Option<Problem> {
        self.database.aside().cloned()
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
    /// `answers-unusable`, with the words of [`Journal::open`]; the key's as for [`Journal::records`].
    pub fn open(folder: &Path, settings: &CacheSettings, clock: Clock) -> Result<Self, Problem> {
        let database = Database::open(folder, &layout::ANSWERS)
            .map_err(|problem| Problem { code: "answers-unusable", ..problem })?;
        let (sealer, _) = database.key().as_ref().map_err(Clone::clone)?;
        let sealer = sealer.clone();
        Ok(Self::new(database, sealer, *settings, clock))
    }
}

/// A count as `SQLite` keeps it; the largest at the most.
fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A time, or the length of one, as `SQLite` keeps it.
fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A count as it was kept. A negative one is nothing that we write.
fn tally(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or_default())
}

/// A time as it was kept.
fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Duration> {
    tally(row, column).map(Duration::from_millis)
}

/// A clock that tests turn.
#[cfg(test)]
fn hand_clock(start: Duration) -> (Clock, Arc<std::sync::Mutex<Duration>>) {
    let hand = Arc::new(std::sync::Mutex::new(start));
    let read = Arc::clone(&hand);
    (Arc::new(move || *read.lock().expect("no test panics with it")), hand)
}

/// Waits for what a thread of a file answers.
#[cfg(test)]
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
