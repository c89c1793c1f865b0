//! Complete answers of models, kept for a while under the hash of the whole request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, ready};
use serde::{Deserialize, Serialize};

pub use crate::model::CacheKey;
use crate::model::StreamEvent;

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

/// A store that ends with the process and forgets only what it is told to: for tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    replies: HashMap<CacheKey, StoredReply>,
    hits: u64,
    misses: u64,
}

impl MemoryStore {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResponseStore for MemoryStore {
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Option<StoredReply>> {
        let mut kept = self.kept();
        let reply = kept.replies.get(&key).cloned();
        *if reply.is_some() { &mut kept.hits } else { &mut kept.misses } += 1;
        Box::pin(ready(reply))
    }

    fn put(&self, key: CacheKey, reply: StoredReply) {
        self.kept().replies.insert(key, reply);
    }

    fn remove(&self, key: CacheKey) {
        self.kept().replies.remove(&key);
    }

    fn clear(&self) {
        self.kept().replies.clear();
    }

    fn statistics(&self) -> BoxFuture<'_, StoreStatistics> {
        let kept = self.kept();
        let bytes =
            kept.replies.values().map(|reply| reply.events.iter().map(StreamEvent::size).sum::<u64>()).sum();
        let entries = kept.replies.len() as u64;
        Box::pin(ready(StoreStatistics { entries, bytes, hits: kept.hits, misses: kept.misses }))
    }
}
