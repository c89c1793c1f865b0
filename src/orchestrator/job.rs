//! What a task is given, and what it gives back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Board, PromptLog};
use crate::diff::gate::Note;
use crate::diff::impact::Impact;
use crate::diff::lower::ProtectedConsent;
use crate::diff::{ChangeSet, FileSet};
use crate::model::{CacheKey, OutgoingFilter, Role, Usage};
use crate::ports::{Editor, Ledger, ModelSource, OwnAction, SourceFiles};
use crate::text::{DocumentSnapshot, DocumentUri, PositionEncoding, Rope, Span};

/// A range of a document: in the client's positions, or in whole lines (one-based, both inside), as people type them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// Client positions.
    Span(Span),
    /// One-based first and last line.
    Lines(u32, u32),
}

impl Region {
    /// The bytes of `text` that are meant; `None` where the lines are not in it.
    pub fn to_bytes(self, encoding: PositionEncoding, text: &Rope) -> Option<std::ops::Range<usize>> {
        match self {
            Self::Span(span) => {
                let (start, end) = (encoding.to_byte(text, span.start), encoding.to_byte(text, span.end));
                Some(start.min(end)..start.max(end))
            }
            Self::Lines(first, last) => {
                let (n_lines, first, last) = (text.len_lines(), first as usize, last as usize);
                let is_there = first > 0 && first <= last && first <= n_lines;
                is_there.then(|| text.line_to_byte(first - 1)..text.line_to_byte(last.min(n_lines)))
            }
        }
    }
}

/// A diagnostic of another server, as context for a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub span: Span,
    /// What it says.
    pub message: String,
    /// Who says so.
    pub source: Option<String>,
}

/// What a task should do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Free instruction.
    Instruction(String),
    /// Do what the comment instruction (`AI!`) at the target's region says; the edit removes the comment.
    Comment,
    /// Fix these findings.
    Fix(Vec<Finding>),
    /// Implement the stub.
    Implement,
    /// Write documentation comments.
    Document,
    /// Refactor for readability without changing behaviour.
    Refactor,
    /// Write tests.
    Tests,
}

/// One run of the `edit` pipeline.
#[derive(Debug, Clone)]
pub struct EditJob {
    /// The task's id.
    pub task: String,
    /// Files are named relative to this folder, and none outside it is read or written.
    pub root: PathBuf,
    /// That folder is none of the workspace: only the target may change.
    pub alone: bool,
    /// The file meant.
    pub target: DocumentUri,
    /// The part meant; `None` is the whole file.
    pub region: Option<Region>,
    /// What to do.
    pub intent: Intent,
    /// The encoding of every [`Span`] in this job.
    pub encoding: PositionEncoding,
    /// The open documents as they are now, most recently used first.
    pub documents: Vec<DocumentSnapshot>,
    /// More files to show to the model.
    pub also: Vec<PathBuf>,
    /// Protected files that the user lets be written by this task, beside those of [`Settings::protected`].
    pub consent: ProtectedConsent,
}

/// Limits and habits of the pipelines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Times a refused reply goes back to the model.
    pub repair_rounds: u32,
    /// Longest a task may take.
    pub task_time: Duration,
    /// Most files shown to the model.
    pub files: usize,
    /// What makes a comment an instruction.
    pub comment_marker: String,
    /// Requests of the user's own that are offered as code actions.
    pub actions: Vec<OwnAction>,
    /// Whether prompts are only made and kept for a look, and none is sent.
    pub sends_nothing: bool,
    /// Protected files that the user lets be written, in a workspace that is trusted.
    pub protected: ProtectedConsent,
}

/// The ports a task works through.
#[derive(Clone)]
pub struct Services {
    /// Models by role.
    pub models: Arc<dyn ModelSource>,
    /// Files that are not open.
    pub files: Arc<dyn SourceFiles>,
    /// Progress and notices.
    pub editor: Arc<dyn Editor>,
    /// Where it is counted what became of the models' edits.
    pub ledger: Arc<dyn Ledger>,
    /// Where tasks leave their progress for whoever asks.
    pub board: Arc<Board>,
    /// Limits and habits.
    pub settings: Arc<Settings>,
    /// What was sent.
    pub prompts: Arc<PromptLog>,
    /// What must not be sent; the same that stands between the models and their providers, so that a secret has one
    /// mark everywhere.
    pub filter: OutgoingFilter,
}

/// What a task found out: a change set proved against the texts it was shown.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The changes, all of them proved.
    pub changes: ChangeSet,
    /// The texts they were proved against.
    pub base: FileSet,
    /// What they do to the symbols of each file; files of which nothing is known are left out.
    pub impact: BTreeMap<String, Vec<Impact>>,
    /// What deserves a look.
    pub notes: Vec<Note>,
    /// Where each file of `base` is.
    pub uris: BTreeMap<String, DocumentUri>,
    /// What the model was asked for.
    pub role: Role,
    /// Name of the model that wrote them.
    pub model: String,
    /// Tokens used, over all rounds.
    pub usage: Usage,
    /// What the answer is kept under, so that it can be forgotten when the user does not want it.
    pub answer: Option<CacheKey>,
    /// Whether the answer was given before and nobody was asked.
    pub cached: bool,
}
