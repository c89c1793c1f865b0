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
/// Undoes an applied proposal. Arguments: [`Which`], or `[proposal]`.
pub const UNDO: &str = "tenon.undo";
/// Applies an undone proposal again. Arguments: [`Which`], or `[proposal]`.
pub const REDO: &str = "tenon.redo";
/// Tells a proposal as a unified diff. Arguments: [`Show`], or `[proposal]`.
pub const SHOW: &str = "tenon.show";
/// Tells what was sent to models. Arguments: [`Prompt`], or `[task]`.
pub const PROMPT: &str = "tenon.prompt";
/// Tells what the server knows and does. No arguments.
pub const STATUS: &str = "tenon.status";

/// All commands, as announced in `executeCommandProvider`.
pub const COMMANDS: [&str; 10] = [EDIT, FIX, CANCEL, ACCEPT, REJECT, UNDO, REDO, SHOW, PROMPT, STATUS];

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
}

/// Arguments of [`UNDO`] and [`REDO`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The proposal's id; none is the last.
    pub proposal: Option<String>,
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

/// Arguments of [`STATUS`]: none.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {}
