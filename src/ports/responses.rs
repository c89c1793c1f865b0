//! Complete answers of models, kept for a while under the hash of the whole request.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::model::StreamEvent;

/// SHA-256 of everything that makes a request: provider, model, settings and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey(pub [u8; 32]);

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredReply {
    /// Its events, the terminal one last.
    pub events: Vec<StreamEvent>,
}

/// What the store holds and did since this process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatistics {
    /// Answers held.
    pub entries: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Answers given.
    pub hits: u64,
    /// Questions for an answer that was not there.
    pub misses: u64,
}

/// Keeps answers over sessions. Time to live and size are the implementer's; a broken store holds nothing and says so
/// in the log.
pub trait ResponseStore: Send + Sync {
    /// The answer under `key`, if it is there and not too old.
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Option<StoredReply>>;

    /// Keeps an answer.
    fn put(&self, key: CacheKey, reply: StoredReply);

    /// Forgets an answer.
    fn remove(&self, key: CacheKey);

    /// Forgets all answers.
    fn clear(&self);

    /// What it holds.
    fn statistics(&self) -> BoxFuture<'_, StoreStatistics>;
}
