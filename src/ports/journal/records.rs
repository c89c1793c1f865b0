//! What the journal keeps, as plain data. Times count from the beginning of 1970 in UTC; the journal sets them.

use std::time::Duration;

use crate::text::{DocumentUri, Rope};

/// What an operation did to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileChange {
    /// Changed it.
    Modified,
    /// Created it.
    Created,
    /// Deleted it.
    Deleted,
    /// Gave it another path, and maybe changed it.
    Renamed,
}

/// A file's text before and after a step. Ropes share their nodes: a record costs what changed, not the file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRecord {
    /// Workspace-relative, `/` separators; the path before.
    pub path: String,
    /// The path after, where it is another.
    pub path_after: Option<String>,
    /// Where it is before.
    pub uri: DocumentUri,
    /// Where it is after, where that is elsewhere.
    pub uri_after: Option<DocumentUri>,
    /// What was done.
    pub kind: FileChange,
    /// `None` when the file did not exist.
    pub before: Option<Rope>,
    /// `None` when the file no longer exists.
    pub after: Option<Rope>,
}

/// A file of an operation without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// As [`FileRecord::path`].
    pub path: String,
    /// As [`FileRecord::path_after`].
    pub path_after: Option<String>,
    /// What was done.
    pub kind: FileChange,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// About to be made.
    Prepared,
    /// Made; it can be taken back.
    Applied,
    /// About to be taken back.
    Undoing,
    /// Taken back; it can be made again.
    Undone,
    /// About to be made again.
    Redoing,
    /// It did not happen, or nothing was left of it.
    RolledBack,
}

/// Which way an operation is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Back.
    Undo,
    /// Once more.
    Redo,
}

/// How what was prepared ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settlement {
    /// A prepared operation was made.
    Applied,
    /// It did not happen, or was taken back at once: a prepared operation is then rolled back, a take is as if it
    /// had not begun.
    RolledBack,
    /// It was taken back.
    Undone,
    /// It was made again.
    Redone,
}

/// An operation about to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOperation {
    /// Its number in the session.
    pub local: u64,
    /// The proposal it comes from; empty for none.
    pub proposal: String,
    /// The task that made the proposal.
    pub task: String,
    /// What people read.
    pub title: String,
    /// What was asked.
    pub instruction: String,
    /// The model's name in the configuration.
    pub model: String,
    /// Hunk numbers of the proposal that it applies.
    pub numbers: Vec<usize>,
    /// The files.
    pub files: Vec<FileRecord>,
}

/// An operation without its files.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationHead {
    /// Its number over all sessions: `o17`.
    pub number: u64,
    /// The session.
    pub session: String,
    /// Its number in the session.
    pub local: u64,
    /// The proposal it comes from; empty for none.
    pub proposal: String,
    /// The task that made the proposal.
    pub task: String,
    /// What people read.
    pub title: String,
    /// What was asked.
    pub instruction: String,
    /// The model's name in the configuration.
    pub model: String,
    /// Hunk numbers of the proposal that it applied.
    pub numbers: Vec<usize>,
    /// Where it stands.
    pub state: OperationState,
    /// When its state changed last, counted over all operations of all sessions.
    pub turn: u64,
    /// When it was prepared.
    pub prepared: Duration,
    /// When its state changed last.
    pub changed: Duration,
    /// It came with an imported session: it was not made here, and is never the one that is meant by default.
    pub imported: bool,
}

/// An operation with its files' texts.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRecord {
    /// All but the files.
    pub head: OperationHead,
    /// The files.
    pub files: Vec<FileRecord>,
}

/// An operation with its files' names.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationSummary {
    /// All but the files.
    pub head: OperationHead,
    /// The files.
    pub files: Vec<FileName>,
}

/// An operation that a process left under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    /// The operation; its state says what was under way.
    pub operation: OperationRecord,
    /// What was under way: each file's text before that step and after it.
    pub step: Vec<FileRecord>,
}

/// Which operations are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationQuery {
    /// Of this root only.
    pub root: Option<String>,
    /// That had to do with this workspace-relative path, before or after.
    pub path: Option<String>,
    /// With smaller numbers than this: the next page.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRecord {
    /// Its id in the session.
    pub task: String,
    /// The kind of work.
    pub kind: String,
    /// What people read.
    pub title: String,
    /// What was asked.
    pub instruction: String,
}

/// A step of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// The task.
    pub task: String,
    /// A stage's name, `finished`, or the code of the problem that ended it.
    pub stage: String,
    /// More of it, for people.
    pub detail: String,
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProposalStanding {
    /// Something is undecided.
    Proposed,
    /// Something is on its way to the editor.
    Accepted,
    /// It is in the text.
    Applied,
    /// It was not wanted.
    Rejected,
    /// It was taken back.
    Undone,
}

/// A file as a proposal's model saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseFile {
    /// Workspace-relative, `/` separators.
    pub path: String,
    /// Where it is.
    pub uri: DocumentUri,
    /// Its text; `None` when it did not exist.
    pub base: Option<Rope>,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposalRecord {
    /// Its id in the session: `p3`.
    pub id: String,
    /// The task that made it.
    pub task: String,
    /// What people read.
    pub title: String,
    /// What was asked.
    pub instruction: String,
    /// The model's name in the configuration.
    pub model: String,
    /// What the model was asked for.
    pub role: String,
    /// The document it is about.
    pub target: DocumentUri,
    /// The files.
    pub files: Vec<BaseFile>,
    /// The rest of it, as JSON; whoever records it knows what it means.
    pub body: String,
    /// Number of hunks.
    pub n_hunks: usize,
    /// Where it stands.
    pub standing: ProposalStanding,
}

/// A decision on a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// The hunk's number in the proposal.
    pub number: usize,
    /// What was decided, in one word.
    pub decision: String,
}

/// Through which door work comes in. What is pending in a session is for who works there: an editor's is not taken over by
/// a command, nor the reverse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum FrontDoor {
    /// A server for an editor.
    #[default]
    Editor,
    /// A command at a terminal.
    Terminal,
    /// None: it was imported, and anybody may have written it. Nobody takes it over.
    Imported,
}

/// A session begun or taken over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resumed {
    /// 128 random bits in hexadecimal digits.
    pub session: String,
    /// Whether it was there before.
    pub again: bool,
    /// The number of the next task.
    pub next_task: u64,
    /// The number of the next proposal.
    pub next_proposal: u64,
    /// The number in the session of the next operation.
    pub next_operation: u64,
    /// Proposals with something undecided or under way, oldest first.
    pub proposals: Vec<ProposalRecord>,
    /// The newest operations that were made, oldest first; [`Resumed::OPERATIONS`] at most.
    pub operations: Vec<OperationRecord>,
    /// Records that would be among these and could not be read.
    pub n_unread: usize,
}

impl Resumed {
    /// Operations that come back with a session; those before are looked up by their number.
    pub const OPERATIONS: usize = 20;
}

/// A session as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub id: String,
    /// The root it belongs to.
    pub root: String,
    /// Who works in it.
    pub door: FrontDoor,
    /// When it was begun.
    pub begun: Duration,
    /// When it was last used.
    pub used: Duration,
    /// Whether a living process holds it.
    pub held: bool,
    /// Proposals, and those of them with something undecided or under way.
    pub n_proposals: u64,
    /// Proposals with something undecided or under way.
    pub n_open: u64,
    /// Operations.
    pub n_operations: u64,
    /// Bytes of the texts it refers to; other sessions may share them.
    pub bytes: u64,
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The new session's id.
    pub session: String,
    /// Proposals.
    pub n_proposals: usize,
    /// Operations.
    pub n_operations: usize,
}

/// What is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// Sessions unused for longer go.
    pub age: Duration,
    /// Bytes of texts that may stay.
    pub bytes: u64,
}

impl Default for Expiry {
    /// 90 days, and 1 GiB.
    fn default() -> Self {
        Self { age: Duration::from_secs(90 * 24 * 60 * 60), bytes: 1 << 30 }
    }
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Sessions.
    pub n_sessions: u64,
    /// Bytes of texts.
    pub bytes: u64,
}

/// What went with a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Proposals.
    pub n_proposals: u64,
    /// Operations; they can be neither taken back nor made again any more.
    pub n_operations: u64,
    /// Bytes of texts that nothing else refers to.
    pub bytes: u64,
}

/// An entry of the audit log: who did what to what. Never a text of the user's, never a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditRecord {
    /// When; set by the journal.
    pub at: Duration,
    /// The session, if there is one.
    pub session: Option<String>,
    /// What was done, in one word: `trusted`, `undone`, `exported`, …
    pub action: String,
    /// To what.
    pub subject: String,
    /// More of it.
    pub detail: String,
}

impl FrontDoor {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Terminal => "terminal",
            Self::Imported => "imported",
        }
    }

    /// The door that has this word.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Editor, Self::Terminal, Self::Imported].into_iter().find(|door| door.name() == name)
    }
}

impl OperationState {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Applied => "applied",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Redoing => "redoing",
            Self::RolledBack => "rolled-back",
        }
    }

    /// The state that has this word.
    pub fn of(name: &str) -> Option<Self> {
        use OperationState::{Applied, Prepared, Redoing, RolledBack, Undoing, Undone};
        [Prepared, Applied, Undoing, Undone, Redoing, RolledBack]
            .into_iter()
            .find(|state| state.name() == name)
    }

    /// Whether a process is at it.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Prepared | Self::Undoing | Self::Redoing)
    }
}

impl Direction {
    /// The state that it is taken from, and the one while that is under way.
    pub fn states(self) -> (OperationState, OperationState) {
        match self {
            Self::Undo => (OperationState::Applied, OperationState::Undoing),
            Self::Redo => (OperationState::Undone, OperationState::Redoing),
        }
    }
}

impl Settlement {
    /// The word for what was done; `None` where nothing was.
    pub fn deed(self) -> Option<&'static str> {
        match self {
            Self::Applied => Some("applied"),
            Self::Undone => Some("undone"),
            Self::Redone => Some("redone"),
            Self::RolledBack => None,
        }
    }

    /// The state that follows `state`; `None` where this cannot be.
    pub fn after(self, state: OperationState) -> Option<OperationState> {
        use OperationState::{Applied, Prepared, Redoing, RolledBack, Undoing, Undone};
        match (self, state) {
            (Self::Applied, Prepared) | (Self::Redone, Redoing | Undone) | (Self::RolledBack, Undoing) => {
                Some(Applied)
            }
            (Self::RolledBack, Prepared) => Some(RolledBack),
            (Self::Undone, Undoing | Applied) | (Self::RolledBack, Redoing) => Some(Undone),
            _ => None,
        }
    }
}

impl FileChange {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Modified => "modified",
            Self::Created => "created",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
        }
    }

    /// The change that has this word.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Modified, Self::Created, Self::Deleted, Self::Renamed]
            .into_iter()
            .find(|change| change.name() == name)
    }
}

impl ProposalStanding {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Undone => "undone",
        }
    }

    /// The standing that has this word.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Proposed, Self::Accepted, Self::Applied, Self::Rejected, Self::Undone]
            .into_iter()
            .find(|standing| standing.name() == name)
    }

    /// Whether something is undecided or under way.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Proposed | Self::Accepted)
    }
}

impl FileRecord {
    /// Its name.
    pub fn name(&self) -> FileName {
        FileName { path: self.path.clone(), path_after: self.path_after.clone(), kind: self.kind }
    }

    /// Whether each of its paths belongs to its document, as `is_at` tells.
    pub fn is_in_place(&self, is_at: impl Fn(&str, &DocumentUri) -> bool) -> bool {
        let is_there = match (&self.path_after, &self.uri_after) {
            (Some(path), Some(uri)) => is_at(path, uri),
            (None, None) => true,
            _ => false,
        };
        is_there && is_at(&self.path, &self.uri)
    }
}

impl FileName {
    /// Whether it had to do with `path`, before or after.
    pub fn is_about(&self, path: &str) -> bool {
        self.path == path || self.path_after.as_deref() == Some(path)
    }
}
