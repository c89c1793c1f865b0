//! Is every page of a file there? `SQLite` counts a page that is there in part, and reads one that is not there at all as
//! zeros; a cut near the end would be seen only when somebody reads there.
//!
//! Formats: <https://www.sqlite.org/fileformat2.html>, sections 1.3 and 4.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::journal::aside::ending;

/// Bytes before the first frame of a write-ahead log, and before the page of each frame.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What of the file is missing, in words. A page may be in the log only: then it was written but not yet merged.
pub(super) fn missing(connection: &Connection, path: &Path) -> rusqlite::Result<Option<String>> {
    // While this lasts, nobody merges the log away under our eyes or makes the file shorter.
    let moment = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let number = |pragma| moment.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let n_pages = number("page_count")?.unsigned_abs();
    let page_size = number("page_size")?.unsigned_abs().max(1);
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let n_whole = bytes / page_size;
    if n_whole >= n_pages {
        return Ok(None);
    }
    // A log that cannot be read has nothing.
    let logged = logged(&ending(path, "-wal"), page_size).unwrap_or_default();
    let all = (n_whole + 1..=n_pages).all(|page| logged.contains(&page));
    Ok((!all).then(|| format!("{n_whole} of its {n_pages} pages are there")))
}

/// The pages that a write-ahead log has. Only numbers are looked at: `SQLite` checks the sums.
fn logged(log: &Path, page_size: u64) -> io::Result<HashSet<u64>> {
    let mut log = BufReader::new(File::open(log)?);
    let mut header = [0; LOG_HEADER];
    log.read_exact(&mut header)?;
    let mut pages = HashSet::new();
    let mut frame = [0; FRAME_HEADER];
    // Frames of an earlier round have other salts.
    while log.read_exact(&mut frame).is_ok() && frame[8..16] == header[16..24] {
        pages.insert(u64::from(u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]])));
        let Ok(page_size) = i64::try_from(page_size) else { break };
        log.seek_relative(page_size)?;
    }
    Ok(pages)
}
