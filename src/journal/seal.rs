//! Encrypts single fields, so that whoever copies the file does not have the text in it.
//!
//! XChaCha20-Poly1305 with a random nonce each time (24 bytes: never twice). A field is bound to its table, row and
//! column: moved elsewhere it does not open.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::failure::Failure;
use crate::problem::{Category, Problem, Severity};

/// Bytes of a key.
pub(super) const KEY: usize = 32;

const NONCE: usize = 24;

/// Where a field is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) table: &'static str,
    /// What tells the row from others of its table.
    pub(super) row: &'a [&'a str],
    pub(super) column: &'static str,
}

/// Seals and opens fields with one key.
#[derive(Clone)]
pub(super) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    pub(super) fn new(key: &[u8; KEY]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// The field as it is kept: the nonce, then what is sealed.
    pub(super) fn seal(&self, cell: Cell<'_>, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| unsealed(&error.to_string()))?;
        let payload = Payload { msg: text, aad: &cell.name() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| unsealed("it is too long"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed for this field.
    pub(super) fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Result<Vec<u8>, Failure> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(|| unopened(cell))?;
        let payload = Payload { msg: sealed, aad: &cell.name() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| unopened(cell))
    }

    /// The same for text.
    pub(super) fn open_text(&self, cell: Cell<'_>, sealed: &[u8]) -> Result<String, Failure> {
        String::from_utf8(self.open(cell, sealed)?).map_err(|_| unopened(cell))
    }
}

impl Cell<'_> {
    /// One name for it that no other field has: each part with its length.
    fn name(&self) -> Vec<u8> {
        let mut name = Vec::new();
        for part in [self.table, self.column].iter().chain(self.row) {
            name.extend((part.len() as u64).to_le_bytes());
            name.extend(part.as_bytes());
        }
        name
    }
}

fn unsealed(reason: &str) -> Failure {
    let problem = Problem::error(
        "journal-unusable",
        Category::Storage,
        format!("a field of the journal cannot be sealed: {reason}"),
    );
    Failure::Problem(
        Problem { severity: Severity::Warning, ..problem }.hint("try again; the log has the details"),
    )
}

fn unopened(cell: Cell<'_>) -> Failure {
    let message = format!("the {} of one of the {} of the journal cannot be opened", cell.column, cell.table);
    let problem = Problem::error("journal-sealed", Category::Storage, message)
        .hint("it was sealed with another key, or changed since; `tenon doctor` says where the key is");
    Failure::Problem(Problem { severity: Severity::Warning, ..problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell<'a>(row: &'a [&'a str], column: &'static str) -> Cell<'a> {
        Cell { table: "notes", row, column }
    }

    #[test]
    fn a_field_opens_in_its_place_only() {
        let sealer = Sealer::new(&[7; KEY]);
        let place = cell(&["s", "p1"], "title");
        let sealed = sealer.seal(place, "grün".as_bytes()).unwrap();
        assert_eq!(sealer.open_text(place, &sealed).unwrap(), "grün");
        assert_ne!(sealed, sealer.seal(place, "grün".as_bytes()).unwrap());
        let closed = |sealer: &Sealer, cell, sealed: &[u8]| match sealer.open(cell, sealed) {
            Err(Failure::Problem(problem)) => problem.code == "journal-sealed",
            _ => false,
        };
        assert!(closed(&sealer, cell(&["sp", "1"], "title"), &sealed));
        assert!(closed(&sealer, cell(&["s", "p1"], "body"), &sealed));
        assert!(closed(&Sealer::new(&[8; KEY]), place, &sealed));
        assert!(closed(&sealer, place, &sealed[..20]));
        assert!(closed(&sealer, place, &sealed[..sealed.len() - 1]));
        let mut other = sealed;
        *other.last_mut().unwrap() ^= 1;
        assert!(closed(&sealer, place, &other));
    }
}
