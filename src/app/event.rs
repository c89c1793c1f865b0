//! Everything that can happen, as a closed enum of plain data.

use std::path::PathBuf;

use serde_json::Value;
use tokio::sync::oneshot;

use super::NewParts;
use super::applying::{FileTexts, Plan};
use super::chronicle::{Left, Recalled, Word};
use super::completion::{Asked, Filled};
use super::pages::Subject;
use crate::orchestrator::Outcome;
pub use crate::orchestrator::{Finding, Intent, Region};
use crate::ports::{ApplyId, FileError, Verdict};
use crate::problem::Problem;
use crate::text::{ContentChange, DocumentUri, Position, PositionEncoding, Span};

/// Where an answer goes. Dropping it answers nothing; the asker sees that as an internal error.
pub type Reply<T> = oneshot::Sender<Result<T, Problem>>;

/// Where a request points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A document URI, as the client wrote it.
    Uri(DocumentUri),
    /// A path, absolute or relative to the first workspace folder.
    Path(PathBuf),
}

/// A change asked of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditRequest {
    /// The file meant.
    pub target: Target,
    /// The part meant; `None` is the whole file.
    pub region: Option<Region>,
    /// What to do.
    pub intent: Intent,
    /// `Some(true)`: apply as soon as it is validated; `Some(false)`: review first; `None`: as configured.
    pub auto: Option<bool>,
    /// More files to give to the model (command line).
    pub also: Vec<PathBuf>,
    /// Protected files that the user lets be written, workspace-relative.
    pub consent: Vec<String>,
}

/// Which part of which proposal; everything `None` is the latest proposal, whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The proposal's id.
    pub proposal: Option<String>,
    /// A file of it, workspace-relative.
    pub path: Option<String>,
    /// A hunk of it, zero-based over the whole proposal.
    pub hunk: Option<usize>,
}

/// A step through the pending hunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The document to start from; none means before the first.
    pub from: Option<Target>,
    /// The one-based line to start from.
    pub line: u32,
    /// Whether to go back.
    pub back: bool,
}

/// Which operation to take back, or to make again; everything `None` is the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// The proposal that it came from.
    pub proposal: Option<String>,
    /// Its number.
    pub operation: Option<u64>,
    /// Where the text changed since: propose a three-way merge, with the conflicts shown.
    pub merge: bool,
}

/// A command of the user. Every one is answered at once; the answer is the command's JSON result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `tenon.edit`, `tenon.fix` and the code actions: `{"task": id}`.
    Edit(EditRequest),
    /// `tenon.cancel`: `{"cancelled": n}`.
    Cancel {
        /// The task; none means all.
        task: Option<String>,
    },
    /// `tenon.accept`: `{"accepted": n}`.
    Accept(Selection),
    /// `tenon.reject`: `{"rejected": n}`.
    Reject(Selection),
    /// `tenon.accept` with `confirm`: as [`Command::Accept`], and the editor asks its user where it can.
    Preview(Selection),
    /// `tenon.next`, `tenon.previous`: the pending hunk that follows a place is shown.
    Step(Step),
    /// `tenon.regenerate`: `{"task": id}`.
    Regenerate {
        /// The proposal; none means the latest that has something undecided.
        proposal: Option<String>,
        /// The hunk; none means the only undecided one.
        hunk: Option<usize>,
        /// What is wrong with it.
        remark: String,
    },
    /// `tenon.ask`: `{"page": uri}`, a document on which the request is written.
    Ask {
        /// The file meant.
        target: Target,
        /// The part meant; `None` is the whole file.
        region: Option<Region>,
    },
    /// `tenon.run`: `{"task": id}`.
    Run {
        /// The page; none means the latest.
        page: Option<Target>,
        /// As [`EditRequest::auto`].
        auto: Option<bool>,
    },
    /// `tenon.undo`: `{"undone": id}`.
    Undo(Which),
    /// `tenon.redo`: `{"redone": id}`.
    Redo(Which),
    /// `tenon.history`: `{"operations": […]}`.
    History {
        /// Only what had to do with this file, workspace-relative.
        path: Option<String>,
    },
    /// `tenon.show`: `{"proposal": id, "diff": text, "files": […], …}`; also opens the diff where the editor can show a document.
    Show {
        /// The proposal; none means the latest.
        proposal: Option<String>,
        /// Whether to open it in the editor (code actions do, scripts do not).
        open: bool,
        /// Whether to tell the whole texts of the files as well.
        texts: bool,
    },
    /// `tenon.prompt`: `{"task": id, "text": text, "prompts": […]}`.
    Prompt {
        /// The task; none means the latest.
        task: Option<String>,
        /// Whether to open the text in the editor.
        open: bool,
    },
    /// `tenon.status`.
    Status,
}

/// A code action offered at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedAction {
    /// Shown to the user.
    pub title: String,
    /// LSP code-action kind, e.g. `refactor.rewrite`, `quickfix`.
    pub kind: &'static str,
    /// Whether it fixes what the cursor is on.
    pub preferred: bool,
    /// The command it runs and its arguments; `None` when it only carries an edit.
    pub command: Option<(&'static str, Value)>,
    /// The edit it carries, for clients without `workspace/applyEdit`.
    pub edit: Option<Vec<crate::ports::FileEdit>>,
}

/// A code lens above a pending hunk.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedLens {
    /// Where.
    pub span: Span,
    /// Shown to the user.
    pub title: String,
    /// The command it runs and its arguments.
    pub command: (&'static str, Value),
}

/// How a completion came to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// By typing: others will follow at once.
    Typing,
    /// By the user's own wish.
    Hand,
    /// The editor does not tell these apart.
    Either,
}

/// What the text that is put in begins with, because it stands there already or as good as that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: it is put in at the cursor.
    Nothing,
    /// The word before the cursor, by which editors filter what they offer.
    Word,
    /// What is chosen in the editor's list and would replace the text before the cursor.
    Chosen {
        /// What would be replaced.
        span: Span,
        /// What would come there.
        text: String,
    },
}

/// A question for what completes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionRequest {
    /// The document.
    pub uri: DocumentUri,
    /// The cursor.
    pub position: Position,
    /// How it came.
    pub trigger: Trigger,
    /// What the answer begins with.
    pub kept: Kept,
}

/// What completes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is replaced, within one line; it ends at the cursor.
    pub span: Span,
    /// What the text put in begins with.
    pub kept: String,
    /// What is new behind that.
    pub insert: String,
    /// Name of the model that wrote it.
    pub model: String,
}

/// Questions that change nothing.
#[derive(Debug)]
pub enum Query {
    /// Code actions at a place.
    Actions {
        /// The document.
        uri: DocumentUri,
        /// The place.
        span: Span,
        /// Diagnostics the client showed there.
        findings: Vec<Finding>,
        /// Kinds the client wants; empty means all.
        only: Vec<String>,
        /// The answer.
        reply: Reply<Vec<OfferedAction>>,
    },
    /// Code lenses of a document.
    Lenses {
        /// The document.
        uri: DocumentUri,
        /// The answer.
        reply: Reply<Vec<OfferedLens>>,
    },
    /// What completes the text at the cursor; answered in a while, or with nothing once it is of no use any more.
    Completion(CompletionRequest, Reply<Option<Completion>>),
}

/// What the client told about itself that the loop must know.
#[expect(clippy::struct_excessive_bools, reason = "each is one independent capability")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientFacts {
    /// Workspace folders; the first is the root.
    pub folders: Vec<PathBuf>,
    /// The negotiated encoding.
    pub encoding: PositionEncoding,
    /// `workspace/applyEdit` is there.
    pub apply_edit: bool,
    /// Files can be created and deleted by an edit.
    pub resource_operations: bool,
    /// Files can get another path by an edit.
    pub rename_files: bool,
    /// `window/showDocument` is there.
    pub show_document: bool,
}

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// The client is known.
    Initialized(ClientFacts),
    /// The user added folders to the workspace, or took some away.
    FoldersChanged {
        /// Those that came.
        added: Vec<PathBuf>,
        /// Those that went.
        removed: Vec<PathBuf>,
    },
    /// The user's configuration changed.
    Reconfigured(Box<NewParts>),
    /// `didOpen`.
    Opened {
        /// The document.
        uri: DocumentUri,
        /// Its language identifier.
        language: String,
        /// Its version.
        version: i32,
        /// Its text.
        text: String,
    },
    /// `didChange`.
    Changed {
        /// The document.
        uri: DocumentUri,
        /// The version after the changes.
        version: i32,
        /// The changes, in order.
        changes: Vec<ContentChange>,
    },
    /// `didClose`.
    Closed {
        /// The document.
        uri: DocumentUri,
    },
    /// A document notification could not be read.
    Malformed {
        /// The document, if even that could be read.
        uri: Option<DocumentUri>,
        /// What was wrong.
        reason: String,
    },
    /// A command of the user.
    Command(Command, Reply<Value>),
    /// A question.
    Query(Query),
    /// The editor answered an edit.
    EditAnswered {
        /// Which one.
        id: ApplyId,
        /// Whether it says it applied it.
        applied: bool,
        /// Its reason, if not.
        reason: Option<String>,
    },
    /// The user cancelled a task by its progress display.
    ProgressCancelled {
        /// The task.
        task: String,
    },
    /// The loop's own timers, tasks and file reads.
    Internal(Internal),
    /// The front door closes; running tasks are cancelled and the loop ends.
    Shutdown,
}

/// An event that the loop sends to itself; nobody else can make one.
#[derive(Debug)]
pub struct Internal(pub(super) InternalEvent);

#[derive(Debug)]
pub(super) enum InternalEvent {
    /// A task ended.
    TaskDone { task: String, result: Box<Result<Outcome, Problem>> },
    /// The closed files that a plan needs were read; `None` for a file that does not exist.
    FilesRead { plan: Plan, texts: FileTexts },
    /// The editor refused an edit, and the files that the mirror does not show were read.
    FilesLooked { id: ApplyId, texts: FileTexts },
    /// The places that an edit touches were looked at.
    Guarded { id: ApplyId, verdict: Option<Verdict>, result: Result<(), Problem> },
    /// The folders of the workspace were looked at; the status waits for it if there is somebody to answer.
    Judged { verdict: Option<Verdict>, reply: Option<Reply<Value>> },
    /// An edit was sent this long ago, and its effect should be seen by now.
    ApplyDeadline(ApplyId),
    /// A question for a completion was answered, or dropped.
    Completed { asked: Box<Asked>, filled: Result<Option<Filled>, Problem>, reply: Reply<Option<Completion>> },
    /// The user stopped typing for a moment.
    RefreshMarks,
    /// The journal said something.
    Journal(Word),
    /// The closed files of an edit were written.
    FilesWritten { id: ApplyId, result: Result<(), Problem> },
    /// The closed files were read that an undo or a redo has to know.
    TakeRead { command: Command, reply: Reply<Value>, texts: FileTexts },
    /// A page for a request was written, or could not be.
    PageWritten { subject: Box<Subject>, written: Result<PathBuf, FileError>, reply: Reply<Value> },
    /// A page that is not open was read.
    PageRead { uri: DocumentUri, auto: Option<bool>, texts: FileTexts, reply: Reply<Value> },
    /// A step that a command names by its number was looked up in the journal.
    Recalled(Box<Recalled>),
    /// The files were read by which it is judged what became of operations that were left under way.
    LeftLooked { left: Left, texts: FileTexts },
}
