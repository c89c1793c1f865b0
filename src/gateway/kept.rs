//! Complete answers: the newest in memory, bounded in bytes and age, and behind that the store on disk, if there is one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

use crate::model::{CacheKey, CacheSettings, StreamEvent};
use crate::ports::metrics::catalogue::{CACHE, Lookup};
use crate::ports::{ResponseStore, StoreStatistics, StoredReply};

pub(super) struct Kept {
    memory: Cache<CacheKey, Entry>,
    time_to_live: Duration,
    store: Option<Arc<dyn ResponseStore>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    reply: Arc<StoredReply>,
    at: Instant,
}

impl Kept {
    pub(super) fn new(settings: &CacheSettings, store: Option<Arc<dyn ResponseStore>>) -> Self {
        let memory = Cache::builder()
            .max_capacity(settings.memory_bytes)
            .weigher(|_, entry: &Entry| u32::try_from(size(&entry.reply)).unwrap_or(u32::MAX))
            .build();
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { memory, time_to_live: settings.time_to_live, store, hits, misses }
    }

    /// The answer under `key`, if it is there and not too old.
    pub(super) async fn get(&self, key: CacheKey) -> Option<Arc<StoredReply>> {
        let found = match self.memory.get(&key).filter(|entry| entry.at.elapsed() < self.time_to_live) {
            Some(entry) => Some(entry.reply),
            None => self.stored(key).await,
        };
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        CACHE.count(if found.is_some() { Lookup::Hit } else { Lookup::Miss });
        found
    }

    /// The store's answer is not taken into memory: there it would grow young again.
    async fn stored(&self, key: CacheKey) -> Option<Arc<StoredReply>> {
        self.store.as_ref()?.get(key).await.map(Arc::new)
    }

    pub(super) fn put(&self, key: CacheKey, reply: StoredReply) {
        if let Some(store) = &self.store {
            store.put(key, reply.clone());
        }
        self.memory.insert(key, Entry { reply: Arc::new(reply), at: Instant::now() });
    }

    pub(super) fn forget(&self, key: CacheKey) {
        self.memory.invalidate(&key);
        if let Some(store) = &self.store {
            store.remove(key);
        }
    }

    /// Of the memory; the store has its own.
    pub(super) fn statistics(&self) -> StoreStatistics {
        self.memory.run_pending_tasks();
        StoreStatistics {
            entries: self.memory.entry_count(),
            bytes: self.memory.weighted_size(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

fn size(reply: &StoredReply) -> u64 {
    reply.events.iter().map(StreamEvent::size).sum()
}
