//! The configuration as typed: one struct per table, nothing resolved.
//!
//! These types are the one list of known keys, value types and ranges. The JSON schema is derived from them,
//! and the checker of [`super::check`] reads that schema; a key is added here and nowhere else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "tenon configuration")]
pub struct File {
    /// Servers that answer for models, by a name of your choice.
    pub providers: BTreeMap<String, Provider>,
    /// Models, by a name of your choice.
    pub models: BTreeMap<String, Model>,
    /// Which models do which work.
    pub roles: Roles,
    /// How proposals reach the text.
    pub review: Review,
    /// Caps on work and size.
    pub limits: Limits,
    /// Editing from inside the text.
    pub edit: Edit,
}

/// A server that answers for models.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The protocol it speaks.
    pub api: Api,
    /// For HTTP: the URL that the protocol's paths are appended to, such as `http://127.0.0.1:8080/v1`.
    /// For `replay`: the path of the recording, relative to this file.
    pub base_url: String,
    /// Name of the environment variable that holds the key. Never a key.
    #[serde(default)]
    pub key_env: Option<String>,
    /// Command that prints the key: program and arguments, run without a shell.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub key_command: Option<Vec<String>>,
    /// Permits plain `http://` to a host that is not this machine: text and keys then travel unencrypted.
    #[serde(default)]
    pub allow_http: Option<bool>,
    /// Limits of patience, in seconds.
    #[serde(default)]
    pub timeouts: Timeouts,
}

/// A protocol by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// OpenAI chat completions; most vendors and local servers speak it.
    OpenaiChat,
    /// OpenAI responses. Comes in a later version.
    OpenaiResponses,
    /// Anthropic messages. Comes in a later version.
    Anthropic,
    /// Google Gemini. Comes in a later version.
    Gemini,
    /// Ollama's own protocol. Comes in a later version.
    Ollama,
    /// Recorded replies from a file, for tests and demonstrations.
    Replay,
}

/// Limits of patience with a provider, in seconds.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Until connected. Default 10.
    #[schemars(range(min = 0.05, max = 3600.0))]
    pub connect: Option<f64>,
    /// Until the first byte of the answer; local servers load the model first. Default 120.
    #[schemars(range(min = 0.05, max = 3600.0))]
    pub first_byte: Option<f64>,
    /// Between any two bytes. Default 30.
    #[schemars(range(min = 0.05, max = 3600.0))]
    pub idle: Option<f64>,
    /// Between two pieces of content; keep-alives do not count. Default 120.
    #[schemars(range(min = 0.05, max = 3600.0))]
    pub content: Option<f64>,
}

/// A model: its capability record.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The provider's name in this file.
    pub provider: String,
    /// The provider's name for the model.
    pub model: String,
    /// Window in tokens. Default 32768.
    #[serde(default)]
    #[schemars(range(min = 512, max = 10_000_000))]
    pub context: Option<u32>,
    /// Longest answer in tokens. Default 4096, or half the window where that is less.
    #[serde(default)]
    #[schemars(range(min = 16, max = 1_000_000))]
    pub max_output: Option<u32>,
    /// The form in which it writes edits best. Default `search-replace`.
    #[serde(default)]
    pub edit_format: Option<EditFormat>,
    /// Sampling temperature; sent only when set, because newer models refuse it.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: Option<f64>,
}

/// An edit format by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EditFormat {
    /// Whole files.
    Whole,
    /// Search/replace blocks.
    SearchReplace,
    /// Unified diffs.
    Udiff,
    /// Patch envelopes.
    ApplyPatch,
    /// JSON edits.
    Json,
}

/// Models by work: the first is preferred, the rest are fallbacks. A single configured model serves every role.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// Writing edits.
    pub edit: Option<Vec<String>>,
    /// Reading and explaining. Kept for a later version.
    pub analysis: Option<Vec<String>>,
    /// Writing new files. Kept for a later version.
    pub generation: Option<Vec<String>>,
    /// Judging changes. Kept for a later version.
    pub review: Option<Vec<String>>,
    /// Improving code that works. Kept for a later version.
    pub improvement: Option<Vec<String>>,
}

/// How proposals reach the text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
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

/// Editing from inside the text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// A comment that ends in this is an instruction. Default `AI!`.
    #[schemars(length(min = 2, max = 32))]
    pub comment_marker: Option<String>,
}
