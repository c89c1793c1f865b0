//! How providers and models are doing in this session: what the gateway knows, as plain data for whoever shows it.

use serde::Serialize;

use super::{Spent, StoreStatistics};
use crate::model::ModelErrorKind;

/// Everything the gateway knows at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Providers that were asked or are about to be, by name.
    pub providers: Vec<ProviderHealth>,
    /// Models that were asked or are about to be, by name.
    pub models: Vec<ModelHealth>,
    /// What this session spent, requests under way not counted.
    pub spent: Spent,
    /// Answers kept in memory.
    pub cache: StoreStatistics,
}

impl Health {
    /// What is known of a provider.
    pub fn provider(&self, name: &str) -> Option<&ProviderHealth> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

/// Whether a provider is asked at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Availability {
    /// It is asked.
    #[default]
    Closed,
    /// It failed too often and has rested: one request tries whether it is back.
    HalfOpen,
    /// It is left alone.
    Open {
        /// For so many more seconds, rounded up.
        seconds: u64,
    },
}

/// The latest error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// Its kind.
    pub kind: ModelErrorKind,
    /// The model that was asked.
    pub model: String,
    /// The provider's message, or ours; of any length, with whatever characters.
    pub message: String,
    /// Seconds since then.
    pub seconds_ago: u64,
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderHealth {
    /// Name in the configuration.
    pub name: String,
    /// Whether it is asked at the moment.
    pub availability: Availability,
    /// How the latest request that says something about the provider ended; `None` before the first.
    pub answered: Option<bool>,
    /// Its latest error, also when it answered since.
    pub last_error: Option<LastError>,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests that wait for their turn.
    pub waiting: u64,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelHealth {
    /// Name in the configuration.
    pub name: String,
    /// Its provider's name.
    pub provider: String,
    /// Requests that were sent and have ended.
    pub requests: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Requests that were answered from the cache.
    pub cached: u64,
    /// What it spent in this session.
    pub spent: Spent,
}
