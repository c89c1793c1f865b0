//! `[models.NAME]` as typed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A model: its capability record.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
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
    /// Nucleus sampling; sent only when set.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub top_p: Option<f64>,
    /// Whether its answers are streamed. Default true.
    #[serde(default)]
    pub stream: Option<bool>,
    /// Whether it can call tools. Default false.
    #[serde(default)]
    pub tools: Option<bool>,
    /// Whether it can be held to a JSON schema. Default false.
    #[serde(default)]
    pub schema: Option<bool>,
    /// How much it thinks before it answers. Default: as the provider has it; nothing is sent.
    #[serde(default)]
    pub thinking: Option<Thinking>,
    /// Most tokens it may think, instead of `thinking`; they are part of `max_output`.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub thinking_tokens: Option<u32>,
    /// Whether the parts of a prompt that repeat are marked, for providers that keep them cheaper only when asked.
    /// Default false.
    #[serde(default)]
    pub prompt_cache: Option<bool>,
    /// Whether the output limit is called `max_completion_tokens` in the protocol `openai-chat`; newer models of OpenAI
    /// want that. Default false.
    #[serde(default)]
    pub max_completion_tokens: Option<bool>,
    /// How it is asked to fill in the middle of a text. The role `completion` needs this or `fill_template`.
    #[serde(default)]
    pub fill: Option<Fill>,
    /// The prompt for the middle of a text, for models that take it as plain text: it holds `{prefix}` and `{suffix}`
    /// once each. It goes to `completions`, or to Ollama's own `api/generate`.
    #[serde(default)]
    pub fill_template: Option<String>,
    /// Further members of every request's body, as they are. An empty table takes out a member that tenon would send, such
    /// as `stream_options = {}` for a server that does not know it.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub extra: toml::Table,
    /// What a million tokens cost. Default: unknown.
    #[serde(default)]
    pub price: Option<Price>,
}

/// How much a model thinks, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Thinking {
    /// Not at all, where that can be said.
    Off,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// A call that fills in the middle of a text, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// `fim/completions` with prompt and suffix: Mistral.
    Mistral,
    /// `completions` with prompt and suffix: the beta of `DeepSeek`, vLLM, LM Studio.
    Completions,
    /// `/infill` of llama-server.
    Infill,
    /// `/api/generate` with prompt and suffix: Ollama.
    Ollama,
}

/// What a million tokens cost, in any one currency; six decimals count. Take the numbers from your provider's page.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Read.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub input: f64,
    /// Written, reasoning included.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub output: f64,
    /// Read from the provider's prompt cache. Default: as `input`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub cache_read: Option<f64>,
    /// Read and written to the provider's prompt cache. Default: as `input`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub cache_write: Option<f64>,
    /// Other prices for whole requests that read much, by rising thresholds.
    #[serde(default)]
    pub tiers: Vec<Tier>,
}

/// What a million tokens cost in a request that reads more than so many.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Tokens that the request must exceed.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub above: u64,
    /// Read.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub input: f64,
    /// Written, reasoning included.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub output: f64,
    /// Read from the provider's prompt cache. Default: as `input`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub cache_read: Option<f64>,
    /// Read and written to the provider's prompt cache. Default: as `input`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub cache_write: Option<f64>,
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
