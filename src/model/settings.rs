//! What is known of providers and models: plain data, made by the configuration.

use std::time::Duration;

/// The protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `POST {base_url}/chat/completions`, streamed.
    OpenAiChat,
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
    /// Time-outs.
    pub timeouts: Timeouts,
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

/// One model: its capability record.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Sent only when set: newer models refuse it.
    pub temperature: Option<String>,
}
