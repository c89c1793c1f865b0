//! Lets sessions and their texts go, a little at a time.
//!
//! Guarantees: no step writes more than a few sessions or a few megabytes, so that neither the work of this process nor
//! that of another waits long; no session goes while an operation of it is under way; what a step removed is consistent by itself; the file is smaller in the end.

use rusqlite::{Connection, params};

use super::blobs;
use super::database::Gradual;
use super::failure::Failure;
use super::locks::Locks;
use super::sessions;
use crate::ports::Expired;

/// Most sessions of a step.
const SESSIONS: usize = 8;

/// Bytes of texts after which a step ends.
const BYTES: u64 = 4 << 20;

/// Pages that a step gives back.
const PAGES: i64 = 1024;

/// What is to go, and how far that is.
pub(super) struct Letting {
    locks: Locks,
    /// Sessions used before go.
    old: i64,
    /// Bytes of texts that may stay.
    bytes: u64,
    phase: Phase,
    gone: Expired,
}

enum Phase {
    Old,
    /// Texts behind this row are still to be looked at.
    Texts(i64),
    /// Whether what is left is small enough.
    Fit,
    /// The file had so many free pages.
    Space(i64),
}

impl Letting {
    /// Lets go sessions that were used last before `old`, then the longest unused until `bytes` are left.
    pub(super) fn expire(locks: Locks, old: i64, bytes: u64) -> Self {
        Self { locks, old, bytes, phase: Phase::Old, gone: Expired::default() }
    }

    /// Lets go only what nothing refers to.
    pub(super) fn sweep(locks: Locks) -> Self {
        Self { phase: Phase::Texts(0), ..Self::expire(locks, 0, u64::MAX) }
    }

    /// Removes up to `limit` of the sessions that nobody holds and that have nothing under way, the longest unused first.
    fn remove(&mut self, connection: &Connection, before: i64, limit: usize) -> rusqlite::Result<usize> {
        let unfinished = sessions::UNFINISHED;
        let ids: Vec<String> = connection
            .prepare_cached(&format!(
                "SELECT id FROM sessions WHERE used < ?1 AND NOT {unfinished} ORDER BY used, begun"
            ))?
            .query_map([before], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut n_removed = 0;
        for id in ids {
            if n_removed == limit {
                break;
            }
            if !self.locks.is_held(&id) {
                sessions::remove(connection, &self.locks, &id)?;
                n_removed += 1;
            }
        }
        self.gone.n_sessions += n_removed as u64;
        Ok(n_removed)
    }
}

impl Gradual for Letting {
    type Value = Expired;

    fn step(&mut self, connection: &Connection) -> Result<Option<Expired>, Failure> {
        self.phase = match self.phase {
            Phase::Old => match self.remove(connection, self.old, SESSIONS)? {
                0 => Phase::Texts(0),
                _ => Phase::Old,
            },
            Phase::Texts(after) => match blobs::collect_some(connection, after, BYTES)? {
                Some((bytes, last)) => {
                    self.gone.bytes = self.gone.bytes.saturating_add(bytes);
                    Phase::Texts(last)
                }
                None => Phase::Fit,
            },
            Phase::Fit => {
                let fits = self.bytes == u64::MAX || blobs::total(connection)? <= self.bytes;
                if fits || self.remove(connection, i64::MAX, 1)? == 0 {
                    Phase::Space(i64::MAX)
                } else {
                    Phase::Texts(0)
                }
            }
            Phase::Space(before) => {
                let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
                // A file of another making gives nothing back.
                if free == 0 || free >= before {
                    return Ok(Some(self.gone));
                }
                give_back(connection, PAGES)?;
                Phase::Space(free)
            }
        };
        Ok(None)
    }
}

/// Gives free pages back to the file system.
fn give_back(connection: &Connection, n_pages: i64) -> rusqlite::Result<()> {
    // It answers one row for each page, and works only while they are read.
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({n_pages})"))?;
    let mut rows = statement.query(params![])?;
    while rows.next()?.is_some() {}
    Ok(())
}
