//! What tenon adds to the protocol: its commands and its one notification.
//!
//! `docs/protocol.md` describes this file for authors of plugins and carries its hash; a test fails when one
//! changes without the other.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp::gen_lsp_types::Range;

use crate::ports::TaskNotice;

/// Asks a model for a change. Arguments: [`Edit`], or `path-or-uri [startLine endLine] instruction…`.
pub const EDIT: &str = "tenon.edit";
/// Asks a model to fix diagnostics. Arguments: [`Fix`], or `path-or-uri [startLine endLine]`.
pub const FIX: &str = "tenon.fix";
/// Cancels a task, or all of them. Arguments: [`Cancel`], or the task's id, or none.
pub const CANCEL: &str = "tenon.cancel";
/// Applies hunks of a proposal. Arguments: [`Select`], or `[proposal [hunk]]`.
pub const ACCEPT: &str = "tenon.accept";
/// Rejects hunks of a proposal. Arguments: [`Select`], or `[proposal [hunk]]`.
pub const REJECT: &str = "tenon.reject";
/// Shows the pending hunk after a place. Arguments: [`Place`], or `[uri [line]]`.
pub const NEXT: &str = "tenon.next";
/// Shows the pending hunk before a place. Arguments: [`Place`], or `[uri [line]]`.
pub const PREVIOUS: &str = "tenon.previous";
/// Asks for one hunk anew. Arguments: [`Regenerate`], or `[proposal hunk remark]`.
pub const REGENERATE: &str = "tenon.regenerate";
/// Tells what was done to the files. Arguments: [`History`], or `[path]`.
pub const HISTORY: &str = "tenon.history";
/// Takes an applied step back. Arguments: [`Which`], or `[proposal]`.
pub const UNDO: &str = "tenon.undo";
/// Makes an undone step again. Arguments: [`Which`], or `[proposal]`.
pub const REDO: &str = "tenon.redo";
/// Tells a proposal as a unified diff. Arguments: [`Show`], or `[proposal]`.
pub const SHOW: &str = "tenon.show";
/// Makes and shows a page on which a request is written. Arguments: [`Ask`], or `path [startLine endLine]`.
pub const ASK: &str = "tenon.ask";
/// Sends what stands on a page. Arguments: [`Run`], or `[page]`.
pub const RUN: &str = "tenon.run";
/// Tells what was sent to models. Arguments: [`Prompt`], or `[task]`.
pub const PROMPT: &str = "tenon.prompt";
/// Tells what the server knows and does. No arguments.
pub const STATUS: &str = "tenon.status";

/// All commands, as announced in `executeCommandProvider`.
pub const COMMANDS: [&str; 16] = [
    EDIT, FIX, ASK, RUN, CANCEL, ACCEPT, REJECT, NEXT, PREVIOUS, REGENERATE, UNDO, REDO, HISTORY, SHOW,
    PROMPT, STATUS,
];

/// The notification sent with `initializationOptions: {"tenon": {"events": true}}`.
pub const EVENT: &str = "tenon/event";

/// Parameters of [`EVENT`]: the task, `kind`, and what belongs to the kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventParams {
    /// The task's id, as [`EDIT`] answered it.
    pub task: String,
    /// What happened.
    #[serde(flatten)]
    pub notice: TaskNotice,
}

/// Arguments of [`EDIT`]: `uri` or `path`, and `instruction` or `intent`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The document, as the client writes its URI.
    pub uri: Option<String>,
    /// A path, absolute or relative to the first workspace folder.
    pub path: Option<String>,
    /// The part meant, in the client's positions; none is the whole file.
    pub range: Option<Range>,
    /// What to do, in words.
    pub instruction: Option<String>,
    /// What to do, by name.
    pub intent: Option<Named>,
    /// Whether to apply at once or to wait for a decision; none is as configured.
    pub mode: Option<Mode>,
    /// Protected files that the user lets be written, each by its path below the workspace.
    #[serde(default)]
    pub consent: Vec<String>,
}

/// Things to do that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// Do what the comment (`AI!`) in the range says, and remove it.
    Comment,
    /// Implement the stub.
    Implement,
    /// Write documentation comments.
    Document,
    /// Refactor for readability without changing behaviour.
    Refactor,
    /// Write tests.
    Tests,
}

/// What happens to a validated proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It waits for a decision.
    Review,
    /// It is applied.
    Auto,
}

/// Arguments of [`FIX`]: `uri` or `path`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The document, as the client writes its URI.
    pub uri: Option<String>,
    /// A path, absolute or relative to the first workspace folder.
    pub path: Option<String>,
    /// The part meant, in the client's positions; none is the whole file.
    pub range: Option<Range>,
    /// LSP diagnostics to fix.
    #[serde(default)]
    pub diagnostics: Vec<Value>,
    /// Whether to apply at once or to wait for a decision; none is as configured.
    pub mode: Option<Mode>,
    /// Protected files that the user lets be written, each by its path below the workspace.
    #[serde(default)]
    pub consent: Vec<String>,
}

/// Arguments of [`CANCEL`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The task; none means all.
    #[serde(alias = "task")]
    #[serde(rename = "taskId")]
    pub task_id: Option<String>,
}

/// Arguments of [`ACCEPT`] and [`REJECT`]; nothing given is the latest proposal, whole.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// The proposal's id.
    pub proposal: Option<String>,
    /// A file of it, relative to the workspace.
    pub path: Option<String>,
    /// A hunk of it, counted from zero over the whole proposal.
    pub hunk: Option<usize>,
    /// Whether the editor shall ask its user first, where it can; only for [`ACCEPT`].
    #[serde(default)]
    pub confirm: bool,
}

/// Arguments of [`NEXT`] and [`PREVIOUS`]; nothing given is before the first, or after the last.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The document to start from.
    pub uri: Option<String>,
    /// The same, as an absolute path or one relative to the first folder.
    pub path: Option<String>,
    /// The line to start from, counted from one.
    pub line: Option<u32>,
}

/// Arguments of [`ASK`]: `uri` or `path`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The document, as the client writes its URI.
    pub uri: Option<String>,
    /// Its path, absolute or relative to the first folder.
    pub path: Option<String>,
    /// The part meant; none is the whole file.
    pub range: Option<Range>,
}

/// Arguments of [`RUN`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// A path or the URI of the page; none is the latest.
    pub page: Option<String>,
    /// Whether the proposal waits or is applied; none is what the configuration says.
    pub mode: Option<Mode>,
}

/// Arguments of [`REGENERATE`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regenerate {
    /// The proposal's id; none is the latest with something undecided.
    pub proposal: Option<String>,
    /// The hunk, counted from zero over the whole proposal; none is the only undecided one.
    pub hunk: Option<usize>,
    /// What is wrong with it.
    pub remark: String,
}

/// Arguments of [`HISTORY`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Only what had to do with this file, relative to the workspace.
    pub path: Option<String>,
}

/// Arguments of [`UNDO`] and [`REDO`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The proposal's id; none is the last.
    pub proposal: Option<String>,
    /// The step's number, as [`HISTORY`] tells it: `"o17"` or `17`.
    pub operation: Option<Value>,
    /// Where the text changed since: whether to propose a merge of both, with the conflicts shown.
    #[serde(default)]
    pub merge: bool,
}

/// Arguments of [`SHOW`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// The proposal's id; none is the latest.
    pub proposal: Option<String>,
    /// Whether to open the diff in the editor as well.
    #[serde(default)]
    pub open: bool,
    /// Whether to answer with the whole text of each file before and after, too.
    #[serde(default)]
    pub texts: bool,
}

/// Arguments of [`PROMPT`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// The task's id; none is the latest.
    pub task: Option<String>,
    /// Whether to open the text in the editor as well.
    #[serde(default)]
    pub open: bool,
}

/// Arguments of [`STATUS`]: none. The answer tells tasks, proposals, documents, the health of providers and usage.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {}
