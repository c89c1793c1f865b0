//! The record of what tenon proposed and did: on the disk before it is shown or done, there again after a restart.
//!
//! A call hands over at once and in order; the future it returns is only the word that it is on the disk. Dropping
//! the future drops nothing else. A session belongs to one root and is held by one process at a time, so ids of
//! tasks (`t1`), proposals (`p1`) and operations are unique in it; an operation has a number over all sessions too.
//!
//! An operation is written down before the edit is sent ([`Journal::prepare`], [`Journal::prepare_take`]) and settled
//! after ([`Journal::settle`]). Its state changes by compare-and-set: two processes never take the same operation.

mod memory;
mod records;

use futures::future::BoxFuture;
use serde_json::Value;

pub use memory::MemoryJournal;
pub use records::{
    AuditRecord, BaseFile, DecisionRecord, Direction, Expired, Expiry, FileChange, FileName, FileRecord,
    Forgotten, FrontDoor, Imported, NewOperation, OperationHead, OperationQuery, OperationRecord,
    OperationState, OperationSummary, ProposalRecord, ProposalStanding, Resumed, SessionSummary, Settlement,
    StepRecord, TaskRecord, Unfinished,
};

use crate::problem::{Category, Problem};

/// The word that something is on the disk, or what was asked for.
pub type Kept<T = ()> = BoxFuture<'static, Result<T, Problem>>;

/// Keeps the record. Called on the main loop: an implementer hands over to a thread of its own.
pub trait Journal: Send + Sync {
    /// Whether what is recorded outlives the process.
    fn outlives(&self) -> bool;

    /// Takes over the newest session of `root` (an absolute path) that was begun through the same door, that no living
    /// process holds and that is not expired, else begins one. It is held until the journal is dropped or the process
    /// ends, however it ends.
    fn resume(&self, root: &str, door: FrontDoor) -> Kept<Resumed>;

    /// Takes over every other such session in which a proposal waits for a decision, newest first, so that none is lost
    /// behind a newer session.
    fn resume_waiting(&self, root: &str, door: FrontDoor) -> Kept<Vec<Resumed>>;

    /// Records a task, or what became known of it since.
    fn record_task(&self, session: &str, task: TaskRecord) -> Kept;

    /// Records a step of a task.
    fn record_step(&self, session: &str, step: StepRecord) -> Kept;

    /// Records a proposal that is about to be shown.
    fn propose(&self, session: &str, proposal: ProposalRecord) -> Kept;

    /// Records what became of a proposal: its state, its body if that changed, and the decisions just made.
    fn update_proposal(
        &self,
        session: &str,
        proposal: &str,
        standing: ProposalStanding,
        body: Option<String>,
        decisions: Vec<DecisionRecord>,
    ) -> Kept;

    /// Records an operation that is about to be made, and returns its number over all sessions.
    fn prepare(&self, session: &str, operation: NewOperation) -> Kept<u64>;

    /// Claims an operation that is about to be taken back or made again, with each file's text as it is now and as it
    /// will be.
    ///
    /// # Errors
    /// `operation-taken` when it is not on the side to take it from, or another process is at it;
    /// `unknown-operation`.
    fn prepare_take(&self, session: &str, number: u64, direction: Direction, files: Vec<FileRecord>) -> Kept;

    /// Records how a prepared operation, or a prepared take, ended, and notes in the audit log what was done. `files` take the place of the operation's own
    /// where its texts are others now.
    ///
    /// [`Settlement::Undone`] and [`Settlement::Redone`] are good without [`Journal::prepare_take`] where there was
    /// nothing to write.
    ///
    /// # Errors
    /// `operation-taken` when its state does not fit, or another process is at it; `unknown-operation`.
    fn settle(
        &self,
        session: &str,
        number: u64,
        settlement: Settlement,
        files: Option<Vec<FileRecord>>,
    ) -> Kept;

    /// Operations of the root of `session` that a process left under way when it ended. They belong to the caller
    /// from then on, who settles each; no other process gets them. What the caller itself has under way is not
    /// among them. A command gets what commands left only: what an editor left may be in its texts, or built on since.
    fn unfinished(&self, session: &str) -> Kept<Vec<Unfinished>>;

    /// The operations of the root of `session` that a process left under way, but which are not for `session` to settle
    /// unasked. They stay whose they are.
    fn unfinished_elsewhere(&self, session: &str) -> Kept<Vec<Unfinished>>;

    /// Records how an operation ended that any process left under way when it ended: the user decided on it.
    ///
    /// # Errors
    /// As of [`Journal::settle`]; `operation-taken` when that process lives.
    fn settle_left(&self, session: &str, number: u64, settlement: Settlement) -> Kept;

    /// Operations, newest number first.
    fn operations(&self, query: OperationQuery) -> Kept<Vec<OperationSummary>>;

    /// One operation with its texts.
    ///
    /// # Errors
    /// `unknown-operation`.
    fn operation(&self, number: u64) -> Kept<OperationRecord>;

    /// The sessions of `root`, or of all roots; last used first.
    fn sessions(&self, root: Option<&str>) -> Kept<Vec<SessionSummary>>;

    /// All of a session in plain text.
    ///
    /// # Errors
    /// `unknown-session`.
    fn export(&self, session: &str) -> Kept<Value>;

    /// Begins a session of `root` from an exported one. It is held by nobody, and the next editor there takes it over.
    ///
    /// # Errors
    /// `session-invalid` when anything in it is not as [`Journal::export`] writes it: a path that leaves the root, a
    /// text that does not have its hash, a size past the limits. Nothing of it is kept then.
    fn import(&self, root: &str, exported: Value) -> Kept<Imported>;

    /// Forgets sessions that nobody holds and that are too old, then the oldest of the rest until what is kept is
    /// small enough.
    fn expire(&self, expiry: Expiry) -> Kept<Expired>;

    /// Forgets a session: its tasks, proposals and operations, and the texts that no other session refers to. The audit
    /// log keeps its entries and says that the session was forgotten.
    ///
    /// # Errors
    /// `session-held` while a process holds it, this one included; `unknown-session`.
    fn forget(&self, session: &str) -> Kept<Forgotten>;

    /// Appends to the audit log, of which nothing is ever changed or taken away.
    fn audit(&self, record: AuditRecord) -> Kept;

    /// The newest entries of the audit log, newest first.
    fn audits(&self, limit: usize) -> Kept<Vec<AuditRecord>>;
}

/// There is no such operation.
pub fn unknown_operation(number: u64) -> Problem {
    Problem::error("unknown-operation", Category::Request, format!("there is no operation o{number}"))
        .hint("`tenon log` lists what can be taken back")
}

/// There is no such session.
pub fn unknown_session(session: &str) -> Problem {
    Problem::error("unknown-session", Category::Request, format!("there is no session {session}"))
        .hint("`tenon sessions` lists them; old ones expire")
}

/// A process works in the session.
pub fn session_held(session: &str) -> Problem {
    Problem::error("session-held", Category::Request, format!("session {session} is in use"))
        .hint("close the editor or end the command that works in it, then try again")
}

/// Another process took it, or it is not on the side to take it from.
pub fn operation_taken(number: u64, state: OperationState) -> Problem {
    let message = format!("operation o{number} cannot be taken: it is {} by now", state.name());
    Problem::error("operation-taken", Category::Request, message)
        .hint("another editor or terminal was first; look at it with `tenon log`")
}
