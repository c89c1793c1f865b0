//! The front door's face: an LSP client, a terminal, or a test.

use crate::problem::{Problem, Severity};
use crate::text::{DocumentUri, Rope, Span, SpanEdit};

/// The reason given for an edit that the editor did not answer in time; it may still apply it.
pub const NO_ANSWER: &str = "no answer";

/// Identifies one edit sent to the editor, so that its answer can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApplyId(pub u64);

/// One file's part of a [`WorkspaceChange`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEdit {
    /// Text edits, in the client's positions, sorted and disjoint.
    Edit {
        /// The file.
        uri: DocumentUri,
        /// The version they are for; `None` for a file that is not open.
        version: Option<i32>,
        /// The text they are for, where there is no version: who writes the file compares it. An editor cannot.
        base: Option<Rope>,
        /// The edits.
        edits: Vec<SpanEdit>,
    },
    /// A new file with its text. The caller has made sure that it does not exist.
    Create {
        /// The file.
        uri: DocumentUri,
        /// Its whole text.
        text: String,
    },
    /// A file that goes. The caller has made sure that its text is the one expected.
    Delete {
        /// The file.
        uri: DocumentUri,
        /// That text, for a file that is not open: who deletes it compares it. An editor cannot.
        base: Option<Rope>,
    },
    /// A file that gets another path. The caller has made sure that nothing is there. Text edits of it name the old one.
    Rename {
        /// The file.
        from: DocumentUri,
        /// Its new place.
        to: DocumentUri,
        /// Its text before, for a file that is not open.
        base: Option<Rope>,
    },
}

/// One edit of the workspace: all files or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceChange {
    /// Shown in the editor's undo list where it has one.
    pub label: String,
    /// Text edits first, then creations, renames and deletions.
    pub files: Vec<FileEdit>,
}

/// What a [`Mark`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A hunk waiting for a decision.
    Pending,
    /// A hunk that no longer fits, because the text changed where it belongs.
    Stale,
}

/// A place in a document that the user should see: shown as a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub span: Span,
    /// What it stands for.
    pub kind: MarkKind,
    /// Plain text.
    pub message: String,
    /// Proposal it belongs to.
    pub proposal: String,
    /// File and hunk inside the proposal, zero-based over the whole proposal.
    pub hunk: usize,
}

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressStage {
    /// Waiting for a free place.
    Queued,
    /// Gathering context.
    Gather,
    /// Waiting for the model's first token.
    Ask,
    /// Reading the reply.
    Stream,
    /// Finding each edit's place.
    Resolve,
    /// Sending the refusals back to the model.
    Repair,
}

/// A step of progress of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The task exists now.
    Begin {
        /// Shown as the title.
        title: String,
    },
    /// It went on.
    Report {
        /// Where it is.
        stage: ProgressStage,
        /// Plain text, with counts.
        message: String,
        /// 0 to 100, never falling.
        percent: u8,
    },
    /// It is over, whatever the outcome.
    End {
        /// Plain text.
        message: String,
    },
}

/// One `tenon/event` notification, for clients that asked for them.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TaskNotice {
    /// The task began.
    Started {
        /// Plain text.
        title: String,
    },
    /// It entered a stage.
    Stage {
        /// The stage.
        stage: ProgressStage,
        /// 0 to 100.
        percent: u8,
    },
    /// The model wrote text.
    Text {
        /// The piece.
        text: String,
    },
    /// A proposal is ready.
    Proposal {
        /// Its id.
        proposal: String,
        /// Files it touches.
        files: usize,
        /// Hunks in all.
        hunks: usize,
        /// Whether the answer was kept from an earlier time, and no model asked.
        cached: bool,
    },
    /// A hunk, a file or all of a proposal is in the text now.
    Applied {
        /// The proposal's id.
        proposal: String,
        /// Hunks applied by this step.
        hunks: usize,
    },
    /// A step was taken back.
    Undone {
        /// The proposal's id.
        proposal: String,
    },
    /// The task ended well.
    Finished,
    /// The task failed or was cancelled.
    Failed {
        /// Why.
        error: Problem,
    },
}

/// Things worth telling the editor that need no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Code lenses changed.
    RefreshLenses,
}

/// The front door's face. Every method returns at once and never blocks.
pub trait Editor: Send + Sync {
    /// Sends an edit; the answer comes back as `Event::EditAnswered` with this id.
    fn apply(&self, id: ApplyId, change: WorkspaceChange);

    /// The same, and the editor asks its user to confirm it, where it can.
    fn apply_confirmed(&self, id: ApplyId, change: WorkspaceChange) {
        self.apply(id, change);
    }

    /// Replaces all marks of a document; `version` is the one the spans are for.
    fn mark(&self, uri: &DocumentUri, version: Option<i32>, marks: Vec<Mark>);

    /// Reports progress of a task.
    fn progress(&self, task: &str, progress: Progress);

    /// Sends a `tenon/event`, if the client asked for them.
    fn notice(&self, task: &str, notice: TaskNotice);

    /// Shows one sentence.
    fn message(&self, severity: Severity, text: &str);

    /// Opens a document, at `span` if given. Success is no proof that anything opened.
    fn show(&self, uri: &DocumentUri, span: Option<Span>);

    /// Anything else worth telling.
    fn hint(&self, hint: Hint);
}
