//! The configuration as typed: one struct per table, nothing resolved.
//!
//! These types are the one list of known keys, value types and ranges. The JSON schema is derived from them,
//! and the checker of [`super::check`] reads that schema; a key is added here and nowhere else.

mod model;
mod policy;
mod provider;
mod roles;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use model::{EditFormat, Fill, Model, Price, Thinking, Tier};
pub use policy::{Alerts, Budget, Cache, Completion, Outgoing, Recorder};
pub use provider::{Api, Provider, Timeouts};
pub use roles::{Roles, Split, Weight};

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "tenon configuration")]
pub struct File {
    /// Servers that answer for models, by a name of your choice.
    pub providers: BTreeMap<String, Provider>,
    /// Models, by a name of your choice.
    pub models: BTreeMap<String, Model>,
    /// Which models do which work.
    pub roles: Roles,
    /// Models that share the first place of a role.
    pub split: Split,
    /// How proposals reach the text.
    pub review: Review,
    /// Caps on work and size.
    pub limits: Limits,
    /// Editing from inside the text.
    pub edit: Edit,
    /// Requests of your own that the editor offers, by a name of your choice.
    pub actions: BTreeMap<String, Action>,
    /// Completing text at the cursor.
    pub completion: Completion,
    /// What may be spent.
    pub budget: Budget,
    /// Keeping answers.
    pub cache: Cache,
    /// What may not be sent.
    pub outgoing: Outgoing,
    /// Recording replies.
    pub recorder: Recorder,
    /// When you are warned.
    pub alerts: Alerts,
}

/// How proposals reach the text.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    /// Who decides. Default `review`.
    pub mode: Option<ReviewMode>,
}

/// A review mode by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewMode {
    /// Every hunk waits for your decision.
    Review,
    /// Proposals are applied at once and can be undone.
    Auto,
}

/// Caps on work and size.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Tasks that run at the same time; further ones wait. Default 10.
    #[schemars(range(min = 1, max = 256))]
    pub concurrent_tasks: Option<u32>,
    /// Files that one proposal may touch. Default 50.
    #[schemars(range(min = 1, max = 10_000))]
    pub files: Option<u32>,
    /// Largest file that is read or edited, in bytes. Default 1000000.
    #[schemars(range(min = 1_000, max = 100_000_000))]
    pub file_bytes: Option<u64>,
    /// Longest run of one task, in seconds. Default 300.
    #[schemars(range(min = 1, max = 86_400))]
    pub task_seconds: Option<u32>,
    /// How often refused edits go back to the model. Default 1.
    #[schemars(range(min = 1, max = 3))]
    pub repair_rounds: Option<u32>,
}

/// A request that the editor offers as a code action.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What the editor's menu says.
    #[schemars(length(min = 1, max = 80))]
    pub title: String,
    /// What is asked of the model, about the lines that are selected or the whole file.
    #[schemars(length(min = 1, max = 20_000))]
    pub instruction: String,
    /// Languages it is for, by the editor's identifiers, such as `rust`. Every one, unless some are named.
    #[serde(default)]
    pub languages: Option<Vec<String>>,
    /// Offered only where something is selected. Default `false`.
    #[serde(default)]
    pub selection: Option<bool>,
}

/// Editing from inside the text.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// A comment that ends in this is an instruction. Default `AI!`.
    #[schemars(length(min = 2, max = 32))]
    pub comment_marker: Option<String>,
}
