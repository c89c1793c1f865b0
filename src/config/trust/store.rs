//! The record on disk: one JSON file in the state directory, private to the user, replaced as a whole.
//!
//! Several processes may change it: each takes a lock, reads, and renames a complete new file into place. A record
//! that others could have written, or that makes no sense, gives no trust, and is not overwritten either.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::look::{Found, Identity, Look};
use crate::problem::{Category, Problem};

const NAME: &str = "trust.json";
const LOCK: &str = "trust.lock";
const VERSION: u32 = 1;
/// Far more than anybody trusts.
const MAX_BYTES: u64 = 8 << 20;

/// One trusted workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The folder, without links.
    pub(super) root: String,
    identity: Option<Identity>,
    /// Digest of each file that counted; `None` where there was none.
    files: BTreeMap<String, Option<String>>,
}

#[derive(Serialize, Deserialize)]
struct Book {
    version: u32,
    workspaces: Vec<Record>,
}

impl Record {
    /// Trust in what was looked at.
    ///
    /// # Errors
    /// Something in it is not readable text, so nobody can know what would be trusted.
    pub(super) fn of(look: &Look) -> Result<Self, Problem> {
        let refused = |message: String| {
            Problem::error("cannot-trust", Category::Request, message)
                .hint("remove it, or make it a plain text file")
        };
        let root = look
            .root()
            .to_str()
            .ok_or_else(|| refused(format!("the path {} is not UTF-8 text", look.root().display())))?;
        for (name, found) in look.files() {
            if let Found::Unusable(why) = found {
                return Err(refused(format!("{name} of {root} cannot be used: {why}")));
            }
        }
        let files = look.files().map(|(name, found)| (name.to_owned(), found.digest())).collect();
        Ok(Self { root: root.to_owned(), identity: look.identity(), files })
    }

    /// What is not as it was trusted, in words.
    pub(super) fn changes(&self, look: &Look) -> Vec<String> {
        let mut changes = Vec::new();
        if let (Some(then), Some(now)) = (self.identity, look.identity()) {
            if then.owner != now.owner {
                changes.push("the folder has another owner".to_owned());
            } else if then != now {
                changes.push("the folder is another one".to_owned());
            }
        }
        for (name, found) in look.files() {
            let word = match (self.files.get(name).and_then(Option::as_ref), found) {
                (None, Found::Nothing) => continue,
                (None, _) => "appeared",
                (Some(_), Found::Nothing) => "is gone",
                (Some(then), found) if found.digest().as_ref() == Some(then) => continue,
                (Some(_), _) => "changed",
            };
            changes.push(format!("{name} {word}"));
        }
        changes
    }
}

/// How a file is made that nobody else opens: who could, could also hold the lock for ever.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The record in a folder.
pub(super) struct Store<'a> {
    pub(super) folder: &'a Path,
}

impl Store<'_> {
    /// The trusted workspaces; none where there is no record yet.
    ///
    /// # Errors
    /// The record cannot be read or believed.
    pub(super) fn read(&self) -> Result<Vec<Record>, Problem> {
        let path = self.folder.join(NAME);
        let unusable = |why: String| {
            let message = format!("the record of trust in {} cannot be believed: {why}", path.display());
            Problem::error("trust-damaged", Category::Storage, message)
                .hint("nothing is trusted until it is moved away; then trust your workspaces again")
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unusable(error.to_string())),
        };
        let metadata = file.metadata().map_err(|error| unusable(error.to_string()))?;
        if others_may_write(&metadata) {
            return Err(unusable("others may write it".to_owned()));
        }
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| unusable(error.to_string()))?;
        let book: Book = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        if book.version != VERSION {
            return Err(unusable(format!("it has the version {}", book.version)));
        }
        Ok(book.workspaces)
    }

    /// Changes the record, with nobody else between reading and writing.
    ///
    /// # Errors
    /// The record cannot be read, believed or written; it is as before then.
    pub(super) fn change(&self, change: impl FnOnce(&mut Vec<Record>)) -> Result<(), Problem> {
        let unwritten = |error: io::Error| {
            let message = format!("cannot write the record of trust in {}: {error}", self.folder.display());
            Problem::error("state-dir-unusable", Category::Storage, message)
                .hint("set TENON_STATE_DIR to a directory that you can write to")
        };
        // Held until the end of this function.
        let lock = private().open(self.folder.join(LOCK)).map_err(unwritten)?;
        lock.lock().map_err(unwritten)?;
        let mut workspaces = self.read()?;
        change(&mut workspaces);
        let text = serde_json::to_string_pretty(&Book { version: VERSION, workspaces })
            .map_err(|error| unwritten(error.into()))?;
        self.replace(&text).map_err(unwritten)
    }

    /// Made beside it with mode 0600, made safe, and renamed: readers see the old record or the new one.
    fn replace(&self, text: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(NAME)).map_err(|error| error.error)?;
        if cfg!(unix) {
            File::open(self.folder)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn others_may_write(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o022 != 0 || metadata.uid() != rustix::process::getuid().as_raw()
}

#[cfg(not(unix))]
fn others_may_write(_metadata: &fs::Metadata) -> bool {
    false
}
