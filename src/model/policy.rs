//! What the user wants of the way to the models: plain data, made by the configuration.

use std::time::Duration;

use super::Money;

/// Limits on what is spent; checked before anything is sent, by the most that a request can cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// Of one request.
    pub request: Option<Money>,
    /// Of one session.
    pub session: Option<Money>,
    /// Of one day (UTC), over all sessions.
    pub day: Option<Money>,
    /// Tokens of one day, read and written, over all sessions.
    pub day_tokens: Option<u64>,
}

/// How complete answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Whether any are. Default `true`.
    pub enabled: bool,
    /// For how long. Default one hour.
    pub time_to_live: Duration,
    /// Bytes kept in memory. Default 16 MiB.
    pub memory_bytes: u64,
    /// Bytes kept on disk; 0 keeps none there. Default 64 MiB.
    pub disk_bytes: u64,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            time_to_live: Duration::from_secs(3600),
            memory_bytes: 16 << 20,
            disk_bytes: 64 << 20,
        }
    }
}

/// What must not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingRules {
    /// Globs of files that are never sent, besides the built-in ones; workspace-relative, `/` separators.
    pub deny: Vec<String>,
    /// Whether what looks like a secret is taken out. Default `true`.
    pub redact: bool,
    /// Largest request, in bytes of text. Default 4 MiB.
    pub max_bytes: u64,
}

impl Default for OutgoingRules {
    fn default() -> Self {
        Self { deny: Vec::new(), redact: true, max_bytes: 4 << 20 }
    }
}

/// How text is completed at the cursor. Without a model for the role `completion` it never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletionSettings {
    /// How long the typing must rest before a model is asked. Default 150 ms.
    pub debounce: Duration,
    /// Most tokens of one completion. Default 128.
    pub max_output: u32,
    /// Most bytes of text before and behind the cursor that are sent. Default 8192.
    pub context_bytes: usize,
}

impl Default for CompletionSettings {
    fn default() -> Self {
        Self { debounce: Duration::from_millis(150), max_output: 128, context_bytes: 8192 }
    }
}
