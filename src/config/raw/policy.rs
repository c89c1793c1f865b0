//! What the user wants of the way to the models, as typed: budgets, the cache, the outgoing filter, completion and the
//! recorder.

use schemars::JsonSchema;
use serde::Deserialize;

/// What may be spent, in the currency of the prices. Checked before anything is sent, by the most that a request can
/// cost; every model with a role then needs a price.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// By one request.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub request: Option<f64>,
    /// By one session.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub session: Option<f64>,
    /// On one day (UTC), by all sessions.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub day: Option<f64>,
    /// Tokens read and written on one day (UTC), by all sessions; needs no prices.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub day_tokens: Option<u64>,
}

/// Complete answers are kept for the same request asked again.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Whether any are kept. Default true.
    pub enabled: Option<bool>,
    /// For how long. Default 3600.
    #[schemars(range(min = 1, max = 31_536_000))]
    pub ttl_seconds: Option<u64>,
    /// Bytes kept in memory. Default 16777216 (16 MiB).
    #[schemars(range(min = 0, max = 1_099_511_627_776_u64))]
    pub memory_bytes: Option<u64>,
    /// Bytes kept on disk; 0 keeps none there. Default 67108864 (64 MiB).
    #[schemars(range(min = 0, max = 1_099_511_627_776_u64))]
    pub disk_bytes: Option<u64>,
}

/// What may not be sent to a model, whoever asks.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Outgoing {
    /// Globs of files that are never sent, besides the built-in ones (`.env`, keys, credentials): relative to the
    /// workspace, with `/`.
    #[schemars(inner(length(min = 1)))]
    pub deny: Vec<String>,
    /// Whether what looks like a secret is taken out. Default true.
    pub redact: Option<bool>,
    /// Largest request, in bytes of text. Default 4194304 (4 MiB).
    #[schemars(range(min = 1_000, max = 268_435_456))]
    pub max_bytes: Option<u64>,
}

/// Text is completed at the cursor where a model has the role `completion`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Completion {
    /// How long the typing must rest before a model is asked, in milliseconds. Default 150.
    #[schemars(range(min = 0, max = 10_000))]
    pub debounce_ms: Option<u32>,
    /// Most tokens of one completion. Default 128.
    #[schemars(range(min = 1, max = 4_096))]
    pub max_output: Option<u32>,
    /// Most bytes of text around the cursor that are sent. Default 8192.
    #[schemars(range(min = 256, max = 1_000_000))]
    pub context_bytes: Option<u32>,
}

/// Replies are recorded for reports and tests, without secrets; `docs/replay-format.md` describes the files.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recorder {
    /// Folder that every reply is recorded in, relative to this file. Default: nothing is recorded.
    #[schemars(length(min = 1))]
    pub folder: Option<String>,
}

/// You are warned, once, when one of these numbers is reached; again only after it was well below for a minute.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// Whether you are warned at all. Default true.
    pub enabled: Option<bool>,
    /// Failed requests, in percent of the last ones. Default 50.
    #[schemars(range(min = 1, max = 100))]
    pub error_percent: Option<u64>,
    /// How many of the last requests are looked at. Default 20.
    #[schemars(range(min = 1, max = 10_000))]
    pub window: Option<u64>,
    /// Entries of the journal that could not be written. Default 1.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub lost_entries: Option<u64>,
    /// Tasks that wait for a free place. Default 20.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub queue_length: Option<u64>,
    /// The used part of a budget, in percent. Default 80.
    #[schemars(range(min = 1, max = 100))]
    pub budget_percent: Option<u64>,
}
