//! The key that fields are sealed with: in the keyring of the operating system where this build and this machine have
//! one, else in a file beside the journal that only its owner can read.
//!
//! Guarantees: a key is made once, also by many processes at once, and never made anew while something is sealed with
//! another. Each file keeps a known text under its key: a key that does not open it is not used.

mod keyring;

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};

use super::failure::Failure;
use super::seal::{Cell, KEY, Sealer};
use super::{layout, open};
use crate::problem::{Category, Problem, Severity};
use crate::text::hex;

/// `sealed` is the known text; one row.
pub(super) const KEYS: &str = "
    CREATE TABLE keys (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        place TEXT NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
";

/// The file of the key.
const FILE: &str = "journal.key";

/// One process at a time makes a key.
const LOCK: &str = "journal.key.lock";

const KNOWN: &[u8] = b"tenon journal";
const CELL: Cell<'_> = Cell { table: "keys", row: &["1"], column: "sealed" };

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the keyring of the operating system.
    Keyring,
    /// In this file.
    File(PathBuf),
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the keyring"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl KeyPlace {
    fn name(&self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File(_) => "file",
        }
    }
}

/// The key that this file's fields are sealed with, made if nothing is sealed yet. Blocks, for a person if the keyring
/// is locked.
///
/// # Errors
/// `journal-key-missing`, `journal-key-wrong` or `journal-unusable`; nothing was changed.
pub(super) fn unlock(connection: &Connection, folder: &Path) -> Result<(Sealer, KeyPlace), Failure> {
    if let Some(known) = known(connection)? {
        return verify(&known, folder);
    }
    let _lock = lock(folder)?;
    let file = folder.join(FILE);
    let (key, place) = match read_file(&file).map_err(|error| unread(&file, &error))? {
        Some(key) => (key, KeyPlace::File(file)),
        None => match sealed_beside(connection, folder)? {
            // It has a key already, and there is one key for both.
            Some(known) => return adopt(connection, &known, folder),
            None => make(&file)?,
        },
    };
    let sealer = Sealer::new(&key);
    connection.execute(
        "INSERT INTO keys (id, place, sealed) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
        params![place.name(), sealer.seal(CELL, KNOWN)?],
    )?;
    // Another process may have been first, with another place.
    let known = known(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    verify(&known, folder)
}

/// Seals this file with the key that the other one is sealed with.
fn adopt(connection: &Connection, beside: &Known, folder: &Path) -> Result<(Sealer, KeyPlace), Failure> {
    let (sealer, place) = verify(beside, folder)?;
    connection.execute(
        "INSERT INTO keys (id, place, sealed) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
        params![place.name(), sealer.seal(CELL, KNOWN)?],
    )?;
    Ok((sealer, place))
}

/// What the other file of the folder is sealed with, if it is there and sealed.
fn sealed_beside(connection: &Connection, folder: &Path) -> Result<Option<Known>, Failure> {
    let own = connection.path().map(Path::new).and_then(Path::file_name);
    for file in [layout::JOURNAL.file, layout::ANSWERS.file] {
        let path = folder.join(file);
        if own == path.file_name() || !path.exists() {
            continue;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let found = Connection::open_with_flags(&path, flags).and_then(|other| {
            other.busy_timeout(Duration::from_secs(1))?;
            known(&other)
        });
        match found {
            Ok(Some(known)) => return Ok(Some(known)),
            Err(error) if is_passing(&error) => return Err(error.into()),
            // None of ours, or from before there were keys: nothing in it is sealed.
            Ok(None) | Err(_) => {}
        }
    }
    Ok(None)
}

fn is_passing(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// The place of the key, and the known text under it.
struct Known {
    place: String,
    sealed: Vec<u8>,
}

fn known(connection: &Connection) -> rusqlite::Result<Option<Known>> {
    let row = |row: &rusqlite::Row<'_>| Ok(Known { place: row.get(0)?, sealed: row.get(1)? });
    connection.query_row("SELECT place, sealed FROM keys WHERE id = 1", [], row).optional()
}

fn verify(known: &Known, folder: &Path) -> Result<(Sealer, KeyPlace), Failure> {
    let file = folder.join(FILE);
    let (key, place) = if known.place == KeyPlace::Keyring.name() {
        (keyring::read().map_err(|reason| missing(&reason))?, KeyPlace::Keyring)
    } else {
        let key = read_file(&file).map_err(|error| missing(&format!("{}: {error}", file.display())))?;
        (key, KeyPlace::File(file.clone()))
    };
    let key = key.ok_or_else(|| match place {
        KeyPlace::Keyring => missing("the keyring does not have it any more"),
        KeyPlace::File(_) => missing(&format!("{} is not there any more", file.display())),
    })?;
    let sealer = Sealer::new(&key);
    match sealer.open(CELL, &known.sealed) {
        Ok(text) if text == KNOWN => Ok((sealer, place)),
        _ => Err(wrong(&place).into()),
    }
}

/// A new key, in the best place there is.
fn make(file: &Path) -> Result<([u8; KEY], KeyPlace), Problem> {
    let unusable = |error: &dyn fmt::Display| open::unusable(file, &error.to_string());
    match keyring::read() {
        Ok(Some(key)) => return Ok((key, KeyPlace::Keyring)),
        Ok(None) => {
            let key = random().map_err(|error| unusable(&error))?;
            if keyring::write(&key).is_ok() && keyring::read().is_ok_and(|kept| kept == Some(key)) {
                return Ok((key, KeyPlace::Keyring));
            }
        }
        Err(_) => {}
    }
    let key = random().map_err(|error| unusable(&error))?;
    write_file(file, &key).map_err(|error| unusable(&error))?;
    Ok((key, KeyPlace::File(file.to_owned())))
}

fn random() -> Result<[u8; KEY], getrandom::Error> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key)?;
    Ok(key)
}

/// The key in `file`, in hexadecimal digits; `None` when there is no file.
fn read_file(file: &Path) -> io::Result<Option<[u8; KEY]>> {
    let opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    open::make_private(&opened)?;
    let mut text = String::new();
    // More than a key is none; a file without end must not be read to it.
    opened.take(1024).read_to_string(&mut text)?;
    from_hex(text.trim())
        .map(Some)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it holds no key"))
}

/// Writes the key aside and gives it its name only when it is whole, and only where no file has it.
fn write_file(file: &Path, key: &[u8; KEY]) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    // For the owner only, from the first moment.
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut aside, hex(key).as_bytes())?;
    aside.as_file().sync_all()?;
    aside.persist_noclobber(file)?;
    sync_folder(folder)
}

/// What was renamed in `folder` stays renamed when the power fails.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn lock(folder: &Path) -> Result<fs::File, Problem> {
    let path = folder.join(LOCK);
    let file = open::private_file(&path).and_then(|file| file.lock().map(|()| file));
    file.map_err(|error| open::unusable(&path, &error.to_string()))
}

pub(super) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// There is a file, and no key is to be had from it. Nothing is sealed yet.
fn unread(file: &Path, error: &io::Error) -> Problem {
    let problem = open::unusable(file, &error.to_string());
    if error.kind() == io::ErrorKind::InvalidData {
        return problem.hint("put the key there, or move the file away and tenon makes a new key");
    }
    problem
}

fn missing(reason: &str) -> Failure {
    let message = format!("the key of the journal cannot be read: {reason}");
    Failure::Problem(sealed("journal-key-missing", message).hint(WITHOUT))
}

fn wrong(place: &KeyPlace) -> Problem {
    sealed("journal-key-wrong", format!("the key in {place} is not the one that the journal is sealed with"))
        .hint(ANOTHER)
}

const WITHOUT: &str = "bring the key back; without it nothing more is recorded, and what is there stays as it is. To \
                       begin anew, set TENON_STATE_DIR to another directory";

const ANOTHER: &str = "put the key there that it was sealed with; until then nothing more is recorded, and what is there \
                       stays as it is. To begin anew, set TENON_STATE_DIR to another directory";

fn sealed(code: &'static str, message: String) -> Problem {
    Problem { severity: Severity::Warning, ..Problem::error(code, Category::Storage, message) }
}

#[cfg(test)]
mod tests;
