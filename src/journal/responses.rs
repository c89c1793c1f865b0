//! Complete answers of models, kept for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::database::Database;
use super::failure::Failure;
use super::seal::{Cell, Sealer};
use super::{Clock, millis};
use crate::model::CacheSettings;
use crate::ports::{CacheKey, ResponseStore, StoreStatistics, StoredReply};
use crate::text::hex;

/// `stored` and `used` are milliseconds since 1970; `bytes` counts the text of the reply.
pub(super) const RESPONSES: &str = "
    CREATE TABLE responses (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        reply TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        stored INTEGER NOT NULL,
        used INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX responses_by_use ON responses (used, bytes);
    CREATE INDEX responses_by_age ON responses (stored);
";

/// Replies as they were, in plain text, are forgotten: they can be asked for again.
pub(super) const SEALED: &str = "
    DROP TABLE responses;
    CREATE TABLE responses (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        reply BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        stored INTEGER NOT NULL,
        used INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX responses_by_use ON responses (used, bytes);
    CREATE INDEX responses_by_age ON responses (stored);
";

/// A clock that was set back makes answers of the future; so much of it is no reason to distrust them.
const AHEAD: Duration = Duration::from_secs(60);

/// The answers kept on disk.
pub struct Answers {
    database: Database,
    sealer: Sealer,
    settings: CacheSettings,
    clock: Clock,
    uses: Arc<Uses>,
}

#[derive(Default)]
struct Uses {
    hits: AtomicU64,
    misses: AtomicU64,
}

/// When an answer was stored that still counts: first and last millisecond.
#[derive(Clone, Copy)]
struct Valid {
    since: i64,
    until: i64,
}

impl Answers {
    pub(super) fn new(database: Database, sealer: Sealer, settings: CacheSettings, clock: Clock) -> Self {
        Self { database, sealer, settings, clock, uses: Arc::default() }
    }

    /// Writes what was handed over and closes the file, as [`super::Journal::close`] does.
    pub fn close(&self, patience: Duration) -> bool {
        self.database.close(patience)
    }

    /// A reply that does not open is none: it is asked for again.
    fn opened(&self, key: &CacheKey, sealed: &[u8]) -> Option<StoredReply> {
        let text = self.sealer.open(cell(&hex(&key.0).as_str()), sealed).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn valid(&self, now: Duration) -> Valid {
        let since = now.saturating_sub(self.settings.time_to_live);
        Valid { since: millis(since), until: millis(now.saturating_add(AHEAD)) }
    }
}

impl ResponseStore for Answers {
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Option<StoredReply>> {
        let now = (self.clock)();
        let valid = self.valid(now);
        let found = self.database.ask(move |connection| find(connection, &key, valid));
        async move {
            let reply = found.await.flatten().and_then(|sealed| self.opened(&key, &sealed));
            let count = if reply.is_some() { &self.uses.hits } else { &self.uses.misses };
            count.fetch_add(1, Ordering::Relaxed);
            if reply.is_some() {
                self.database.write(move |connection| touch(connection, &key, now));
            }
            reply
        }
        .boxed()
    }

    fn put(&self, key: CacheKey, reply: StoredReply) {
        let (now, limit) = ((self.clock)(), i64::try_from(self.settings.disk_bytes).unwrap_or(i64::MAX));
        let valid = self.valid(now);
        let sealer = self.sealer.clone();
        self.database.write(move |connection| {
            let text = serde_json::to_vec(&reply)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            // What would push out everything else is not kept at all.
            if size(text.len()) <= limit {
                let sealed =
                    sealer.seal(cell(&hex(&key.0).as_str()), &text).map_err(|failure| match failure {
                        Failure::Sqlite(error) => error,
                        Failure::Problem(problem) => {
                            rusqlite::Error::ToSqlConversionFailure(Box::new(problem))
                        }
                    })?;
                keep(connection, &key, &sealed, size(text.len()), now)?;
            }
            evict(connection, valid, limit)
        });
    }

    fn remove(&self, key: CacheKey) {
        self.database.write(move |connection| {
            connection.execute("DELETE FROM responses WHERE key = ?1", params![key.0])?;
            Ok(())
        });
    }

    fn clear(&self) {
        self.database.write(|connection| {
            connection.execute("DELETE FROM responses", [])?;
            give_back(connection)
        });
    }

    fn statistics(&self) -> BoxFuture<'_, StoreStatistics> {
        let held = self.database.ask(|connection| {
            connection.query_row("SELECT count(*), coalesce(sum(bytes), 0) FROM responses", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })
        });
        async move {
            let (entries, bytes) = held.await.unwrap_or_default();
            let (entries, bytes) = (entries.unsigned_abs(), bytes.unsigned_abs());
            let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            StoreStatistics { entries, bytes, hits: count(&self.uses.hits), misses: count(&self.uses.misses) }
        }
        .boxed()
    }
}

fn find(connection: &Connection, key: &CacheKey, valid: Valid) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .query_row(
            "SELECT reply FROM responses WHERE key = ?1 AND stored > ?2 AND stored <= ?3",
            params![key.0, valid.since, valid.until],
            |row| row.get(0),
        )
        .optional()
}

fn touch(connection: &Connection, key: &CacheKey, now: Duration) -> rusqlite::Result<()> {
    connection.execute("UPDATE responses SET used = ?2 WHERE key = ?1", params![key.0, millis(now)])?;
    Ok(())
}

fn cell<'a>(key: &'a &'a str) -> Cell<'a> {
    Cell { table: "responses", row: std::slice::from_ref(key), column: "reply" }
}

fn keep(
    connection: &Connection,
    key: &CacheKey,
    sealed: &[u8],
    bytes: i64,
    now: Duration,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO responses (key, reply, bytes, stored, used) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![key.0, sealed, bytes, millis(now)],
    )?;
    Ok(())
}

/// Forgets what is too old, then what was not used for the longest time until the rest is within the limit.
fn evict(connection: &Connection, valid: Valid, limit: i64) -> rusqlite::Result<()> {
    let mut n_gone = connection.execute(
        "DELETE FROM responses WHERE stored <= ?1 OR stored > ?2",
        params![valid.since, valid.until],
    )?;
    let sum = "SELECT coalesce(sum(bytes), 0) FROM responses";
    let mut total: i64 = connection.query_row(sum, [], |row| row.get(0))?;
    while total > limit {
        let oldest = "SELECT id, bytes FROM responses ORDER BY used, id LIMIT 1";
        let (id, bytes): (i64, i64) =
            connection.query_row(oldest, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        n_gone += connection.execute("DELETE FROM responses WHERE id = ?1", [id])?;
        total = total.saturating_sub(bytes);
    }
    if n_gone > 0 { give_back(connection) } else { Ok(()) }
}

/// Gives free pages back to the file system.
fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    // It answers one row for each page, and works only while they are read.
    let mut statement = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
