//! Texts by their SHA-256: what several records refer to is kept once, and goes with the last of them.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use super::key::to_hex;
use super::seal::{Cell, Sealer};
use super::whole;
use crate::problem::{Category, Problem};
use crate::text::Rope;

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
    let mut known = connection.prepare_cached("SELECT 1 FROM blobs WHERE hash = ?1")?;
    if !known.exists([hash])? {
        let sealed = sealer.seal(cell(&to_hex(&hash).as_str()), &bytes)?;
        connection
            .prepare_cached("INSERT INTO blobs (hash, bytes, sealed) VALUES (?1, ?2, ?3)")?
            .execute(params![hash, whole(bytes.len() as u64), sealed])?;
    }
    Ok(Some(hash))
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
        let text = Rope::from(self.sealer.open_text(cell(&to_hex(&hash).as_str()), &sealed)?);
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

/// Removes all that nothing refers to any more; returns how many bytes of text that was.
pub(super) fn collect(connection: &Connection) -> rusqlite::Result<u64> {
    let sum = format!("SELECT coalesce(sum(bytes), 0) FROM blobs WHERE {UNUSED}");
    let bytes: i64 = connection.query_row(&sum, [], |row| row.get(0))?;
    connection.execute(&format!("DELETE FROM blobs WHERE {UNUSED}"), [])?;
    Ok(bytes.unsigned_abs())
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
