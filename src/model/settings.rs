//! What is known of providers and models: plain data, made by the configuration.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Price;

/// The protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Api {
    /// `POST {base_url}/chat/completions`.
    OpenAiChat,
    /// `POST {base_url}/responses`.
    OpenAiResponses,
    /// `POST {base_url}/messages`.
    Anthropic,
    /// `POST {base_url}/models/{model}:streamGenerateContent`.
    Gemini,
    /// `POST {base_url}/api/chat`.
    Ollama,
    /// Recorded replies from a file.
    Replay,
}

/// The form in which a model writes edits best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EditFormat {
    /// Search/replace blocks.
    #[default]
    SearchReplace,
    /// Whole files.
    Whole,
    /// Unified diffs.
    UnifiedDiff,
    /// Patch envelopes.
    ApplyPatch,
    /// JSON edits.
    Json,
}

/// Where the key of a provider comes from; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// An environment variable.
    Variable(String),
    /// Standard output of a command (argv, no shell).
    Command(Vec<String>),
    /// The operating system's keyring: the entry of service `tenon` with this user name.
    Keyring(String),
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Name in the configuration.
    pub name: String,
    /// The protocol.
    pub api: Api,
    /// For HTTP: the URL that the protocol's paths are appended to. For replay: the file's path.
    pub base_url: String,
    /// Where its key comes from, if it needs one.
    pub key: Option<KeySource>,
    /// Further headers, name and value; never a key.
    pub headers: Vec<(String, String)>,
    /// URL of the proxy to go through; `None` is the system's own setting.
    pub proxy: Option<String>,
    /// File of certificates (PEM) to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// How much is asked of it at a time.
    pub limits: ProviderLimits,
}

impl ProviderSettings {
    /// A provider of which nothing more is known.
    pub fn new(name: impl Into<String>, api: Api, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            api,
            base_url: base_url.into(),
            key: None,
            headers: Vec::new(),
            proxy: None,
            ca_file: None,
            timeouts: Timeouts::default(),
            limits: ProviderLimits::default(),
        }
    }
}

/// How much is asked of a provider at a time; what is above waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderLimits {
    /// Requests under way at once. Default 16.
    pub concurrent: u32,
    /// Requests begun per minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, read and written, by estimate before and as reported after.
    pub tokens_per_minute: Option<u32>,
}

impl Default for ProviderLimits {
    fn default() -> Self {
        Self { concurrent: 16, requests_per_minute: None, tokens_per_minute: None }
    }
}

/// Limits of patience with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until connected. Default 10 s.
    pub connect: Duration,
    /// Until the first byte of the answer. Default 120 s (local servers load models).
    pub first_byte: Duration,
    /// Between bytes. Default 30 s.
    pub idle_bytes: Duration,
    /// Between pieces of content; keep-alives do not count. Default 120 s.
    pub idle_content: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            idle_bytes: Duration::from_secs(30),
            idle_content: Duration::from_secs(120),
        }
    }
}

/// One model: its capability record. Names tell nothing: what a model takes and can do stands here.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
    /// Name in the configuration.
    pub name: String,
    /// The provider's name in the configuration.
    pub provider: String,
    /// The provider's name for it.
    pub model: String,
    /// Window in tokens.
    pub context: u32,
    /// Output limit in tokens.
    pub max_output: u32,
    /// The edit format it writes best.
    pub edit_format: EditFormat,
    /// What it takes and can do.
    pub capabilities: Capabilities,
    /// What it costs; `None` is unknown.
    pub price: Option<Price>,
}

impl ModelSettings {
    /// A model with a window of 32768 tokens, of which nothing more is known.
    pub fn new(name: impl Into<String>, provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            provider: provider.into(),
            model: model.into(),
            context: 32_768,
            max_output: 4096,
            edit_format: EditFormat::default(),
            capabilities: Capabilities::default(),
            price: None,
        }
    }
}

/// What a model takes and can do.
#[expect(clippy::struct_excessive_bools, reason = "each is one independent capability")]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Capabilities {
    /// Sampling temperature, a JSON number; sent only when set: newer models refuse it.
    pub temperature: Option<String>,
    /// Nucleus sampling, a JSON number; sent only when set.
    pub top_p: Option<String>,
    /// Whether its answers are streamed. Default `true`.
    pub stream: bool,
    /// Whether it can call tools.
    pub tools: bool,
    /// Whether it can be held to a JSON schema.
    pub schema: bool,
    /// How much it thinks before it answers.
    pub thinking: Thinking,
    /// Whether to mark the parts of a prompt that repeat, where the provider wants that.
    pub prompt_cache: bool,
    /// Whether the output limit is called `max_completion_tokens` in the `OpenAI` Chat protocol.
    pub max_completion_tokens: bool,
    /// How it fills in a middle, if it can.
    pub fill: Option<FillForm>,
    /// Further members of the request's body, as they are.
    pub extra: Map<String, Value>,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            temperature: None,
            top_p: None,
            stream: true,
            tools: false,
            schema: false,
            thinking: Thinking::default(),
            prompt_cache: false,
            max_completion_tokens: false,
            fill: None,
            extra: Map::new(),
        }
    }
}

/// How much a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Thinking {
    /// As the provider has it; nothing is sent.
    #[default]
    Unset,
    /// Not at all, where that can be said.
    Off,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// At most so many tokens.
    Tokens(u32),
}

/// How a model is asked for the middle of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum FillForm {
    /// `POST {base_url}/fim/completions` with `prompt` and `suffix` (Mistral).
    Mistral,
    /// `POST {base_url}/completions` with `prompt` and `suffix` (`DeepSeek`'s beta, vLLM, LM Studio).
    Completions,
    /// `POST {root}/infill` (llama-server), where `root` is the base URL without a trailing `/v1`.
    Infill,
    /// `POST {root}/api/generate` with `suffix` (Ollama).
    Ollama,
    /// `POST {base_url}/completions` with a prompt made from this text, which holds `{prefix}` and `{suffix}`; to Ollama
    /// `POST {root}/api/generate`.
    Template(String),
}
