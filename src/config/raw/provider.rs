//! `[providers.NAME]` as typed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A server that answers for models.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The protocol it speaks.
    pub api: Api,
    /// For HTTP: the URL that the protocol's paths are appended to, such as `http://127.0.0.1:8080/v1`. The default is
    /// the protocol's own service: `https://api.openai.com/v1`, `https://api.anthropic.com/v1`,
    /// `https://generativelanguage.googleapis.com/v1beta`, and for Ollama `http://127.0.0.1:11434`.
    /// For `replay`: the path of the recording, relative to this file; it has no default.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Name of the environment variable that holds the key. Never a key.
    #[serde(default)]
    pub key_env: Option<String>,
    /// Command that prints the key: program and arguments, run without a shell.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub key_command: Option<Vec<String>>,
    /// Entry of the operating system's keyring that holds the key: the user name of service `tenon`. Needs a tenon that
    /// was built with the feature `keyring`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub key_keyring: Option<String>,
    /// Further headers of every request, by name. Never a key.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// URL of the proxy to go through, `http://` or `https://`. Default: what the system and `HTTPS_PROXY` say.
    #[serde(default)]
    pub proxy: Option<String>,
    /// File of certificates (PEM) to trust besides the system's, relative to this file.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub ca_file: Option<String>,
    /// Permits plain `http://` to a host that is not this machine: text and keys then travel unencrypted.
    #[serde(default)]
    pub allow_http: Option<bool>,
    /// Requests under way at once; further ones wait. Default 16.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    pub concurrent: Option<u32>,
    /// Requests begun per minute; further ones wait. Default: no limit.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, read and written; further requests wait. Default: no limit.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub tokens_per_minute: Option<u32>,
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
    /// OpenAI responses.
    OpenaiResponses,
    /// Anthropic messages.
    Anthropic,
    /// Google Gemini.
    Gemini,
    /// Ollama's own protocol.
    Ollama,
    /// Recorded replies from a file, for tests and demonstrations.
    Replay,
}

/// Limits of patience with a provider, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
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
