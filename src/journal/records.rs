//! The port that records proposals and operations, on the file.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use super::blobs::Texts;
use super::database::Database;
use super::exchange::Destination;
use super::expiry::Letting;
use super::failure::Failure;
use super::locks::Locks;
use super::operations::{self, Writer, left};
use super::seal::Sealer;
use super::{Clock, audit, exchange, millis, proposals, sessions, work};
use crate::ports::{
    AuditRecord, DecisionRecord, Direction, Expired, Expiry, FileRecord, Forgotten, FrontDoor, Imported,
    Journal, Kept, NewOperation, OperationQuery, OperationRecord, OperationState, OperationSummary,
    ProposalRecord, ProposalStanding, Resumed, SessionSummary, Settlement, StepRecord, TaskRecord,
    Unfinished,
};
use crate::problem::Problem;

/// The record of what tenon proposed and did, in the journal's file; clones share it.
#[derive(Clone)]
pub struct Records {
    database: Arc<Database>,
    sealer: Sealer,
    locks: Locks,
    /// Tells what this process has under way from what a former holder of its session left.
    process: Arc<str>,
    clock: Clock,
}

impl Records {
    pub(super) fn new(
        database: Arc<Database>,
        sealer: Sealer,
        folder: &Path,
        clock: Clock,
    ) -> Result<Self, Problem> {
        let process = random_id().map_err(|error| super::open::unusable(folder, &error.to_string()))?;
        Ok(Self { database, sealer, locks: Locks::new(folder), process: process.into(), clock })
    }

    /// Hands over an entry that writes.
    fn enter<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection, &Self, Duration) -> Result<T, Failure> + Send + 'static,
    ) -> Kept<T> {
        let (own, now) = (self.clone(), (self.clock)());
        self.database.enter(move |connection| write(connection, &own, now))
    }

    /// Hands over a question.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection, &Sealer) -> Result<T, Failure> + Send + 'static,
    ) -> Kept<T> {
        let sealer = self.sealer.clone();
        self.database.inquire(move |connection| question(connection, &sealer))
    }

    /// Waits a moment for the processes that have sessions of an editor in which something is undecided, until one lets
    /// go: it may be the server of an editor that was closed and opened again at once. Others may write meanwhile.
    async fn hand_over(&self, root: &str, door: FrontDoor) -> Result<(), Problem> {
        let begun = Instant::now();
        let mut n_first = None;
        loop {
            let (locks, asked) = (self.locks.clone(), root.to_owned());
            let held =
                self.ask(move |connection, _| sessions::n_held_waiting(connection, &locks, (&asked, door)));
            let n_held = held.await?;
            if n_held < *n_first.get_or_insert(n_held.max(1)) || begun.elapsed() >= HAND_OVER {
                return Ok(());
            }
            tokio::time::sleep(HAND_OVER_LOOK).await;
        }
    }

    fn writer<'a>(&'a self, session: &'a str, now: Duration) -> Writer<'a> {
        Writer { session, process: &self.process, now }
    }
}

/// Longest wait for a server that is ending, which takes a second at most.
const HAND_OVER: Duration = Duration::from_millis(1200);

/// Time between two looks at what it holds.
const HAND_OVER_LOOK: Duration = Duration::from_millis(20);

/// 128 random bits in hexadecimal digits.
///
/// # Errors
/// The system has no randomness.
pub fn random_id() -> Result<String, getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}

/// A session's id, which has to be new.
pub(super) fn session_id() -> Result<String, Failure> {
    random_id().map_err(|error| super::open::unusable(Path::new("journal.db"), &error.to_string()).into())
}

fn resumed(
    connection: &Connection,
    own: &Records,
    place: (&str, FrontDoor),
    now: Duration,
) -> Result<Resumed, Failure> {
    let old = sessions::take_over(connection, &own.locks, place, now, Expiry::default().age)?;
    let again = old.is_some();
    let session = match old {
        Some(session) => session,
        None => {
            let session = session_id()?;
            sessions::begin(connection, &session, place, now)?;
            if !own.locks.take(&session)? {
                // Nobody else knows its name yet.
                return Err(crate::ports::session_held(&session).into());
            }
            session
        }
    };
    read(connection, own, session, again)
}

/// What a session that is held has.
fn read(connection: &Connection, own: &Records, session: String, again: bool) -> Result<Resumed, Failure> {
    let next = sessions::next_numbers(connection, &session)?;
    let mut texts = Texts::new(connection, &own.sealer);
    let mut n_unread = 0;
    Ok(Resumed {
        again,
        next_task: next.task,
        next_proposal: next.proposal,
        next_operation: next.operation,
        proposals: proposals::open(connection, &mut texts, &own.sealer, &session, &mut n_unread)?,
        operations: operations::newest(connection, &mut texts, &own.sealer, &session, &mut n_unread)?,
        n_unread,
        session,
    })
}

impl Journal for Records {
    fn outlives(&self) -> bool {
        true
    }

    fn resume(&self, root: &str, door: FrontDoor) -> Kept<Resumed> {
        let (own, root) = (self.clone(), root.to_owned());
        Box::pin(async move {
            if door == FrontDoor::Editor {
                own.hand_over(&root, door).await?;
            }
            own.enter(move |connection, own, now| resumed(connection, own, (&root, door), now)).await
        })
    }

    fn resume_waiting(&self, root: &str, door: FrontDoor) -> Kept<Vec<Resumed>> {
        let root = root.to_owned();
        self.enter(move |connection, own, now| {
            let (place, age) = ((root.as_str(), door), Expiry::default().age);
            let taken = sessions::take_waiting(connection, &own.locks, place, now, age)?;
            taken.into_iter().map(|session| read(connection, own, session, true)).collect()
        })
    }

    fn record_task(&self, session: &str, task: TaskRecord) -> Kept {
        let session = session.to_owned();
        self.enter(move |connection, own, now| work::record(connection, &own.sealer, &session, &task, now))
    }

    fn record_step(&self, session: &str, step: StepRecord) -> Kept {
        let session = session.to_owned();
        self.enter(move |connection, own, now| {
            work::record_step(connection, &own.sealer, &session, &step, now)
        })
    }

    fn propose(&self, session: &str, proposal: ProposalRecord) -> Kept {
        let session = session.to_owned();
        self.enter(move |connection, own, now| {
            proposals::insert(connection, &own.sealer, &session, &proposal, now)
        })
    }

    fn update_proposal(
        &self,
        session: &str,
        proposal: &str,
        standing: ProposalStanding,
        body: Option<String>,
        decisions: Vec<DecisionRecord>,
    ) -> Kept {
        let (session, proposal) = (session.to_owned(), proposal.to_owned());
        self.enter(move |connection, own, now| {
            let id = (session.as_str(), proposal.as_str());
            proposals::update(connection, &own.sealer, id, standing, body.as_deref(), now)?;
            for decision in &decisions {
                proposals::decide(connection, id, decision, now)?;
            }
            Ok(())
        })
    }

    fn prepare(&self, session: &str, operation: NewOperation) -> Kept<u64> {
        let session = session.to_owned();
        self.enter(move |connection, own, now| {
            let writer = own.writer(&session, now);
            operations::insert(connection, &own.sealer, writer, &operation, OperationState::Prepared)
        })
    }

    fn prepare_take(&self, session: &str, number: u64, direction: Direction, files: Vec<FileRecord>) -> Kept {
        let session = session.to_owned();
        self.enter(move |connection, own, now| {
            let writer = own.writer(&session, now);
            operations::take(connection, &own.sealer, writer, number, direction, &files)
        })
    }

    fn settle(
        &self,
        session: &str,
        number: u64,
        settlement: Settlement,
        files: Option<Vec<FileRecord>>,
    ) -> Kept {
        let session = session.to_owned();
        self.enter(move |connection, own, now| {
            let writer = own.writer(&session, now);
            operations::settle(connection, &own.sealer, writer, number, settlement, files.as_deref())
        })
    }

    fn unfinished(&self, session: &str) -> Kept<Vec<Unfinished>> {
        let session = session.to_owned();
        self.enter(move |connection, own, now| {
            left::unfinished(connection, &own.sealer, &own.locks, own.writer(&session, now))
        })
    }

    fn unfinished_elsewhere(&self, session: &str) -> Kept<Vec<Unfinished>> {
        let session = session.to_owned();
        // Not as a question, for the locks.
        self.enter(move |connection, own, now| {
            left::elsewhere(connection, &own.sealer, &own.locks, own.writer(&session, now))
        })
    }

    fn settle_left(&self, session: &str, number: u64, settlement: Settlement) -> Kept {
        let session = session.to_owned();
        self.enter(move |connection, own, now| {
            let writer = own.writer(&session, now);
            left::settle(connection, &own.sealer, &own.locks, writer, number, settlement)
        })
    }

    fn operations(&self, query: OperationQuery) -> Kept<Vec<OperationSummary>> {
        self.ask(move |connection, sealer| operations::list(connection, sealer, &query))
    }

    fn operation(&self, number: u64) -> Kept<OperationRecord> {
        self.ask(move |connection, sealer| {
            operations::get(connection, &mut Texts::new(connection, sealer), sealer, number)
        })
    }

    fn sessions(&self, root: Option<&str>) -> Kept<Vec<SessionSummary>> {
        let root = root.map(str::to_owned);
        // Not as a question: what it looks at is locked against others that look.
        self.enter(move |connection, own, _| Ok(sessions::list(connection, &own.locks, root.as_deref())?))
    }

    fn export(&self, session: &str) -> Kept<Value> {
        let session = session.to_owned();
        self.ask(move |connection, sealer| exchange::export(connection, sealer, &session))
    }

    fn import(&self, root: &str, exported: Value) -> Kept<Imported> {
        let root = root.to_owned();
        self.enter(move |connection, own, now| {
            let (sealer, process) = (&own.sealer, &*own.process);
            exchange::import(&Destination { connection, sealer, process, root: &root, now }, exported)
        })
    }

    fn expire(&self, expiry: Expiry) -> Kept<Expired> {
        let old = millis((self.clock)().saturating_sub(expiry.age));
        self.database.gradually(Letting::expire(self.locks.clone(), old, expiry.bytes))
    }

    fn forget(&self, session: &str) -> Kept<Forgotten> {
        let session = session.to_owned();
        let rows =
            self.enter(move |connection, own, now| sessions::forget(connection, &own.locks, &session, now));
        let texts = self.database.gradually(Letting::sweep(self.locks.clone()));
        Box::pin(async move {
            let forgotten = rows.await?;
            texts.await?;
            Ok(forgotten)
        })
    }

    fn audit(&self, record: AuditRecord) -> Kept {
        self.enter(move |connection, _, now| Ok(audit::append(connection, &record, now)?))
    }

    fn audits(&self, limit: usize) -> Kept<Vec<AuditRecord>> {
        self.ask(move |connection, _| Ok(audit::newest(connection, limit)?))
    }
}

#[cfg(test)]
mod tests;
