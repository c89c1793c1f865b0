//! Texts by their SHA-256: what several records refer to is kept once, and goes with the last of them.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use super::seal::{Cell, Sealer};
use super::whole;
use crate::problem::{Category, Problem};
use crate::text::{Rope, hex};

/// `bytes` counts the text; `sealed` is larger.
pub(super) const BLOBS: &str = "
    CREATE TABLE blobs (
        hash BLOB NOT NULL PRIMARY KEY,
        bytes INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX blobs_by_size ON blobs (bytes);
";

/// What a text is known by.
pub(super) type Hash = [u8; 32];

pub(super) fn hash(text: &[u8]) -> Hash {
    Sha256::digest(text).into()
}

/// Keeps `text`, if there is one, and returns its hash.
pub(super) fn keep(
    connection: &Connection,
    sealer: &Sealer,
    text: Option<&Rope>,
) -> Result<Option<Hash>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let bytes: Vec<u8> = text.bytes().collect();
    let hash = hash(&bytes);
    keep_as(connection, sealer, hash, &bytes)?;
    Ok(Some(hash))
}

/// Keeps a text whose hash is known.
pub(super) fn keep_as(
    connection: &Connection,
    sealer: &Sealer,
    hash: Hash,
    bytes: &[u8],
) -> Result<(), Failure> {
    let mut known = connection.prepare_cached("SELECT 1 FROM blobs WHERE hash = ?1")?;
    if !known.exists([hash])? {
        let sealed = sealer.seal(cell(&hex(&hash).as_str()), bytes)?;
        connection
            .prepare_cached("INSERT INTO blobs (hash, bytes, sealed) VALUES (?1, ?2, ?3)")?
            .execute(params![hash, whole(bytes.len() as u64), sealed])?;
    }
    Ok(())
}

fn cell<'a>(hash: &'a &'a str) -> Cell<'a> {
    Cell { table: "blobs", row: std::slice::from_ref(hash), column: "sealed" }
}

/// Reads texts, each once.
pub(super) struct Texts<'a> {
    connection: &'a Connection,
    sealer: &'a Sealer,
    read: HashMap<Hash, Rope>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(connection: &'a Connection, sealer: &'a Sealer) -> Self {
        Self { connection, sealer, read: HashMap::new() }
    }

    /// The text of this hash, if there is one.
    pub(super) fn get(&mut self, hash: Option<Hash>) -> Result<Option<Rope>, Failure> {
        let Some(hash) = hash else { return Ok(None) };
        if let Some(text) = self.read.get(&hash) {
            return Ok(Some(text.clone()));
        }
        let mut statement = self.connection.prepare_cached("SELECT sealed FROM blobs WHERE hash = ?1")?;
        let sealed: Vec<u8> = statement.query_row([hash], |row| row.get(0))?;
        let text = Rope::from(self.sealer.open_text(cell(&hex(&hash).as_str()), &sealed)?);
        self.read.insert(hash, text.clone());
        Ok(Some(text))
    }
}

const UNUSED: &str = "
    NOT EXISTS (SELECT 1 FROM operation_files WHERE before = blobs.hash)
    AND NOT EXISTS (SELECT 1 FROM operation_files WHERE after = blobs.hash)
    AND NOT EXISTS (SELECT 1 FROM proposal_files WHERE base = blobs.hash)";

/// Removes those of `hashes` that nothing refers to any more.
pub(super) fn let_go(connection: &Connection, hashes: &[Hash]) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached(&format!("DELETE FROM blobs WHERE hash = ?1 AND {UNUSED}"))?;
    for hash in hashes {
        statement.execute([hash])?;
    }
    Ok(())
}

/// Removes what nothing refers to any more among the texts behind the row `after`, until that are `bytes`; returns how
/// many bytes of text that were, and the last row. `None` when there are no more.
pub(super) fn collect_some(
    connection: &Connection,
    after: i64,
    bytes: u64,
) -> rusqlite::Result<Option<(u64, i64)>> {
    let unused =
        format!("SELECT rowid, bytes FROM blobs WHERE rowid > ?1 AND {UNUSED} ORDER BY rowid LIMIT 256");
    let found: Vec<(i64, i64)> = connection
        .prepare_cached(&unused)?
        .query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut gone = None;
    let mut sum = 0_u64;
    for (row, size) in found {
        connection.prepare_cached("DELETE FROM blobs WHERE rowid = ?1")?.execute([row])?;
        sum = sum.saturating_add(size.unsigned_abs());
        gone = Some((sum, row));
        if sum >= bytes {
            break;
        }
    }
    Ok(gone)
}

/// Bytes of the texts that nothing refers to any more.
pub(super) fn unused(connection: &Connection) -> rusqlite::Result<u64> {
    let sum = format!("SELECT coalesce(sum(bytes), 0) FROM blobs WHERE {UNUSED}");
    connection.query_row(&sum, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// Bytes of all texts.
pub(super) fn total(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT coalesce(sum(bytes), 0) FROM blobs", [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// What a row says cannot be.
pub(super) fn invalid(what: &str) -> Failure {
    let message = format!("the journal holds {what} that this version does not know");
    Problem::error("journal-damaged", Category::Storage, message)
        .hint("`tenon doctor` says whether the file is whole")
        .into()
}
