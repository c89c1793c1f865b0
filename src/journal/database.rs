//! One file and the thread that it belongs to.
//!
//! Whatever is written or asked is handed to the thread over a channel, and it does everything in that order: a
//! question sees what was written before it. What waits at the same time is written in one transaction, so that many
//! entries wait for the disk once. What cannot be written is logged, counted and dropped: a full disk must not stop
//! the work on the user's text. Who wants the word that an entry is on the disk gets it after its transaction.

mod entry;
mod gradual;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Facts;
use super::aside::ending;
use super::failure::Failure;
use super::key::{self, KeyPlace};
use super::layout::Layout;
use super::open;
use super::seal::Sealer;
use super::users::Use;
use crate::ports::metrics::catalogue::{JOURNAL_BATCH_TIME, JOURNAL_LOST, JOURNAL_WRITES};
use crate::problem::Problem;
use entry::{Acknowledged, Entry};
pub(super) use gradual::Gradual;
use gradual::{Awaited, Steps};

/// Entries that may wait; more come only when the disk hangs, and are dropped.
const WAITING: usize = 4096;

/// Most entries of one transaction.
const BATCH: usize = 256;

/// Wait before each step of what has time.
const BREATH: Duration = Duration::from_millis(20);

/// Longest wait of a check for people.
const CHECK_TIME: Duration = Duration::from_secs(30);

type Write = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;
type Read = Box<dyn FnOnce(&Connection) + Send>;

enum Job {
    Write(Write),
    Entry(Box<dyn Entry>),
    Read(Read),
    Gradual(Box<dyn Steps>),
    Close(SyncSender<()>),
}

/// An open file.
pub(super) struct Database {
    path: PathBuf,
    version: usize,
    jobs: SyncSender<Job>,
    n_lost: Arc<AtomicU64>,
    aside: Option<Problem>,
    key: Result<(Sealer, KeyPlace), Problem>,
}

impl Database {
    /// Opens the file of this kind in `folder`, or begins it, and starts its thread.
    pub(super) fn open(folder: &Path, layout: &Layout) -> Result<Self, Problem> {
        let path = folder.join(layout.file);
        let mut used = Use::begin(&path);
        let (connection, aside) = open::open(&path, layout, used.is_alone())?;
        used.share();
        let key = key::unlock(&connection, folder).map_err(|failure| told(&path, failure));
        let (jobs, inbox) = sync_channel(WAITING);
        let n_lost = Arc::new(AtomicU64::new(0));
        let thread =
            Thread { connection, path: path.clone(), n_lost: Arc::clone(&n_lost), place: place(&path), used };
        std::thread::Builder::new()
            .name(layout.file.to_owned())
            .spawn(move || thread.run(&inbox))
            .map_err(|error| open::unusable(&path, &error.to_string()))?;
        Ok(Self { path, version: layout.steps.len(), jobs, n_lost, aside, key })
    }

    /// Hands over something to write.
    pub(super) fn write(&self, write: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        JOURNAL_WRITES.count(());
        match self.jobs.try_send(Job::Write(Box::new(write))) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                lose(&self.path, &self.n_lost, 1, "its thread does not take any more");
            }
        }
    }

    /// Where the file is.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// What was there before and was set aside.
    pub(super) fn aside(&self) -> Option<&Problem> {
        self.aside.as_ref()
    }

    /// What its fields are sealed with, or why that is not known.
    pub(super) fn key(&self) -> &Result<(Sealer, KeyPlace), Problem> {
        &self.key
    }

    /// Hands over an entry; the answer comes when it is on the disk.
    pub(super) fn enter<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, Problem>> {
        let (entry, answered) = Acknowledged::new(write);
        self.hand_over(Job::Entry(Box::new(entry)), answered)
    }

    /// Hands over what has time: a step of it is done when nothing else waits.
    pub(super) fn gradually<G: Gradual + 'static>(
        &self,
        work: G,
    ) -> BoxFuture<'static, Result<G::Value, Problem>> {
        let (work, answered) = Awaited::new(work);
        self.hand_over(Job::Gradual(Box::new(work)), answered)
    }

    /// Asks something whose failure the asker has to know.
    pub(super) fn inquire<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, Problem>> {
        let (answer, answered) = oneshot::channel();
        let path = self.path.clone();
        let read = move |connection: &Connection| {
            // Nobody waits any more when the asker left.
            drop(answer.send(question(connection).map_err(|failure| told(&path, failure))));
        };
        self.hand_over(Job::Read(Box::new(read)), answered)
    }

    fn hand_over<T: Send + 'static>(
        &self,
        job: Job,
        answered: oneshot::Receiver<Result<T, Problem>>,
    ) -> BoxFuture<'static, Result<T, Problem>> {
        let dead = open::unusable(&self.path, "its thread does not answer");
        if self.jobs.try_send(job).is_err() {
            self.n_lost.fetch_add(1, Ordering::Relaxed);
            return std::future::ready(Err(dead)).boxed();
        }
        answered.map(move |answer| answer.unwrap_or(Err(dead))).boxed()
    }

    /// Hands over a look at the file whose result nobody waits for.
    pub(super) fn look(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        drop(self.ask(read));
    }

    /// Asks something. `None` when it cannot be read; the log says why.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Option<T>> {
        let (answer, asked) = oneshot::channel();
        let path = self.path.clone();
        let read = move |connection: &Connection| match question(connection) {
            // Nobody waits any more when the asker left.
            Ok(value) => drop(answer.send(value)),
            Err(error) => {
                failed(&path, &error);
                tracing::warn!(path = %path.display(), %error, "cannot be read");
            }
        };
        if self.jobs.try_send(Job::Read(Box::new(read))).is_err() {
            tracing::warn!(path = %self.path.display(), "cannot be asked: its thread does not answer");
        }
        asked.map(Result::ok).boxed()
    }

    pub(super) fn facts(&self) -> Facts {
        let beside = |end: &str| fs::metadata(ending(&self.path, end)).map_or(0, |metadata| metadata.len());
        Facts {
            path: self.path.clone(),
            version: self.version,
            bytes: beside("").saturating_add(beside("-wal")),
            n_lost: self.n_lost.load(Ordering::Relaxed),
            key: self.key.as_ref().ok().map(|(_, place)| place.clone()),
        }
    }

    /// Reads the whole file.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let (answer, answered) = sync_channel(1);
        let read = move |connection: &Connection| {
            let _ = answer.send(open::quick_check(connection));
        };
        let sent = self.jobs.try_send(Job::Read(Box::new(read)));
        match sent.ok().and_then(|()| answered.recv_timeout(CHECK_TIME).ok()) {
            Some(Ok(None)) => Ok(()),
            Some(Ok(Some(damage))) => {
                open::suspect(&self.path);
                Err(open::damaged_within(&self.path, &damage))
            }
            Some(Err(error)) => Err(told(&self.path, error.into())),
            None => Err(open::unusable(&self.path, "it does not answer")),
        }
    }

    /// Writes what waits and closes the file.
    pub(super) fn close(&self, patience: Duration) -> bool {
        let (done, closed) = sync_channel(1);
        match self.jobs.try_send(Job::Close(done)) {
            Ok(()) => closed.recv_timeout(patience).is_ok(),
            // Closed before.
            Err(TrySendError::Disconnected(_)) => true,
            Err(TrySendError::Full(_)) => false,
        }
    }
}

/// What has time, in the order it came.
type Waiting = VecDeque<Box<dyn Steps>>;

/// What the thread owns.
struct Thread {
    connection: Connection,
    path: PathBuf,
    n_lost: Arc<AtomicU64>,
    place: Place,
    /// Let go of after the connection.
    used: Use,
}

impl Thread {
    fn run(self, inbox: &Receiver<Job>) {
        let mut gradual = VecDeque::new();
        loop {
            let next = if gradual.is_empty() {
                inbox.recv().map_err(RecvTimeoutError::from)
            } else {
                // Other processes have to get in between the steps.
                inbox.recv_timeout(BREATH)
            };
            let first = match next {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.step(&mut gradual);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let batch = std::iter::once(first).chain(inbox.try_iter().take(BATCH - 1)).collect();
            if let Some(closed) = self.work(batch, &mut gradual) {
                // Closing the last connection merges the write-ahead log into the file.
                drop(self.connection);
                drop(self.used);
                let _ = closed.send(());
                return;
            }
        }
    }

    /// Does what waits, in order; returns whom to tell that the file is closed, if it is to be.
    fn work(&self, batch: Vec<Job>, gradual: &mut Waiting) -> Option<SyncSender<()>> {
        let n_writes = batch.iter().filter(|job| matches!(job, Job::Write(_) | Job::Entry(_))).count();
        // Asking must work while another process writes, so only writing takes the lock.
        let began = Instant::now();
        let begun = if n_writes > 0 { self.begin(n_writes).map(Some) } else { Ok(None) };
        let (transaction, refused) = match begun {
            Ok(transaction) => (transaction, None),
            Err(problem) => (None, Some(problem)),
        };
        let mut closed = None;
        let mut entries = Vec::new();
        for job in batch {
            match job {
                Job::Write(write) if transaction.is_some() => {
                    if let Err(error) = whole(&self.connection, write) {
                        failed(&self.path, &error);
                        lose(&self.path, &self.n_lost, 1, &error.to_string());
                    }
                }
                Job::Write(_) => {}
                Job::Entry(mut entry) => {
                    let made = match &refused {
                        Some(problem) => Err(problem.clone()),
                        None => self.enter(entry.as_mut()),
                    };
                    entries.push((entry, made));
                }
                Job::Read(read) => read(&self.connection),
                Job::Gradual(work) => gradual.push_back(work),
                Job::Close(done) => closed = Some(done),
            }
        }
        let committed = transaction.map_or(Ok(()), Transaction::commit).map_err(|error| {
            lose(&self.path, &self.n_lost, n_writes, &error.to_string());
            failed(&self.path, &error)
        });
        for (entry, made) in entries {
            entry.answer(made.and_then(|()| committed.clone()));
        }
        if n_writes > 0 {
            JOURNAL_BATCH_TIME.observe(began.elapsed());
        }
        closed
    }

    /// Does a step of what has time.
    fn step(&self, gradual: &mut Waiting) {
        let Some(mut work) = gradual.pop_front() else { return };
        let stepped = self.begin(0).and_then(|transaction| {
            let mut is_done = false;
            whole(&self.connection, |connection| {
                is_done = work.step(connection)?;
                Ok(())
            })
            .map_err(|failure| told(&self.path, failure))?;
            transaction.commit().map_err(|error| failed(&self.path, &error))?;
            Ok(is_done)
        });
        match stepped {
            Ok(false) => gradual.push_front(work),
            Ok(true) => work.answer(Ok(())),
            Err(problem) => work.answer(Err(problem)),
        }
    }

    fn enter(&self, entry: &mut dyn Entry) -> Result<(), Problem> {
        whole(&self.connection, |connection| entry.write(connection))
            .map_err(|failure| told(&self.path, failure))
    }

    fn begin(&self, n_writes: usize) -> Result<Transaction<'_>, Problem> {
        if self.place != place(&self.path) {
            lose(&self.path, &self.n_lost, n_writes, "it was set aside by another process");
            return Err(open::set_aside_meanwhile(&self.path));
        }
        Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate).map_err(|error| {
            lose(&self.path, &self.n_lost, n_writes, &error.to_string());
            failed(&self.path, &error)
        })
    }
}

/// What tells a file from another one of its name; `None` where that is not known.
type Place = Option<(u64, u64)>;

/// The file that has this name now. What is written into one that lost it, nobody finds again.
#[cfg(unix)]
fn place(path: &Path) -> Place {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn place(_path: &Path) -> Place {
    None
}

/// What a failure is for people; the log has it too.
fn told(path: &Path, failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        Failure::Sqlite(error) => {
            tracing::warn!(path = %path.display(), %error, "an entry failed");
            failed(path, &error)
        }
    }
}

/// The same of an error of `SQLite`. Where it is damage, who opens the file next looks through it.
fn failed(path: &Path, error: &rusqlite::Error) -> Problem {
    if open::is_damage(error) {
        open::suspect(path);
    }
    open::failure(path, error)
}

/// Does all of a write or nothing of it, inside a transaction.
fn whole<E: From<rusqlite::Error>>(
    connection: &Connection,
    write: impl FnOnce(&Connection) -> Result<(), E>,
) -> Result<(), E> {
    if connection.is_autocommit() {
        // A disk that failed under an earlier entry took the transaction with it. Without one the savepoint would be a
        // transaction of its own, and what is told to be lost would be kept.
        return Err(E::from(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
            Some("the transaction was rolled back".to_owned()),
        )));
    }
    connection.execute_batch("SAVEPOINT entry")?;
    let written = write(connection);
    if written.is_err() {
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK TO entry; RELEASE entry")?;
        }
        return written;
    }
    connection.execute_batch("RELEASE entry")?;
    written
}

fn lose(path: &Path, n_lost: &AtomicU64, n: usize, reason: &str) {
    JOURNAL_LOST.add((), u64::try_from(n).unwrap_or(u64::MAX));
    n_lost.fetch_add(u64::try_from(n).unwrap_or(u64::MAX), Ordering::Relaxed);
    tracing::warn!(path = %path.display(), n, reason, "entries are lost");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_after_the_transaction_was_lost() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n); BEGIN").unwrap();
        // As `SQLite` does by itself when the disk fails.
        let lost = whole(&connection, |connection| connection.execute_batch("ROLLBACK; SELECT * FROM none"));
        assert!(lost.is_err());
        let next = whole(&connection, |connection| connection.execute_batch("INSERT INTO t VALUES (1)"));
        assert!(next.is_err(), "it is told to be lost with the others, and must be");
        let n_rows: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(n_rows, 0);
    }
}
