//! Opens a file with care: whose is it, which version, is it whole? What is not ours, or damaged, keeps every byte
//! under another name; a newer one, and one that cannot be used for a reason outside it, stays as it is.
//!
//! Whether all pages are there is asked each time ([`pages`]). What is in them costs more: it is looked at where the file
//! was not closed well, as long as nobody has to wait for it, and where damage was met before.

mod pages;

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use rusqlite_migration::Migrations;

use super::aside::{ending, set_aside};
use super::layout::Layout;
use crate::problem::{Category, Problem, Severity};

/// How long another process may hold the file while one write waits.
const BUSY: Duration = Duration::from_secs(2);

/// Longest wait for other processes until the file is open, all in all. In tests a slow machine must not decide.
const PATIENCE: Duration = if cfg!(test) { LOOK_TIME } else { BUSY };
const PAUSE: Duration = Duration::from_millis(25);

/// Longest look through a file that was not closed well, and through one in which damage was met.
/// In tests a slow machine must not decide what is found.
const GLANCE: Duration = if cfg!(test) { LOOK_TIME } else { Duration::from_millis(40) };
const LOOK_TIME: Duration = Duration::from_secs(30);

/// Bytes of the write-ahead log that stay after it was merged into the file.
const LOG_BYTES: i64 = 1 << 20;

/// Opens `path`, or begins it, up to the newest version of its tables. What cannot be the file is set aside, and the
/// problem says where. `alone`: no other process uses it.
///
/// # Errors
/// Why not; the file is as it was.
pub(super) fn open(
    path: &Path,
    layout: &Layout,
    alone: bool,
) -> Result<(Connection, Option<Problem>), Problem> {
    open_until(path, layout, alone, Instant::now() + PATIENCE)
}

fn open_until(
    path: &Path,
    layout: &Layout,
    alone: bool,
    end: Instant,
) -> Result<(Connection, Option<Problem>), Problem> {
    match open_as_it_is(path, layout, layout.traces, alone, end) {
        Ok(connection) => Ok((connection, None)),
        Err(Obstacle::NoJournal(..)) => begin_anew(path, layout, alone, end),
        Err(Obstacle::Lasting(problem)) => Err(problem),
        Err(Obstacle::Passing(reason)) => Err(locked(path, &reason)),
    }
}

/// `traces` beside an empty file tell that it is not a new one.
fn open_as_it_is(
    path: &Path,
    layout: &Layout,
    traces: &[&str],
    alone: bool,
    end: Instant,
) -> Result<Connection, Obstacle> {
    loop {
        if let Some(trace) = lost(path, traces) {
            let reason = format!("it is empty or gone, and {trace} beside it shows that there was one");
            // It may have been removed.
            private_file(path).map_err(|error| Obstacle::Lasting(unusable(path, &error.to_string())))?;
            return Err(Obstacle::NoJournal(damaged(path, &reason), layout.lost));
        }
        private_file(path).map_err(|error| Obstacle::Lasting(unusable(path, &error.to_string())))?;
        let look = look(path, alone);
        let left = end.saturating_duration_since(Instant::now());
        match try_open_within(path, layout, left.min(BUSY), look) {
            Err(Obstacle::Passing(_)) if Instant::now() < end => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
}

/// What tells that there was something in the file, where there is nothing now. Looked for first: who begins a file makes
/// the traces later.
fn lost<'a>(path: &Path, traces: &[&'a str]) -> Option<&'a str> {
    let trace = traces.iter().find(|trace| path.with_file_name(trace).exists())?;
    let is_empty = |end: &str| match fs::metadata(ending(path, end)) {
        Ok(file) => file.is_file() && file.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    // A log without its file is told by itself.
    (is_empty("") && is_empty("-wal")).then_some(*trace)
}

/// Sets the file aside and begins another. Under a lock: a second process must not set the new one aside.
fn begin_anew(
    path: &Path,
    layout: &Layout,
    alone: bool,
    end: Instant,
) -> Result<(Connection, Option<Problem>), Problem> {
    let failed = |error: &io::Error| unusable(path, &error.to_string());
    let lock = private_file(&ending(path, ".lock")).and_then(|file| lock_until(&file, end).map(|()| file));
    let _lock = lock.map_err(|error| failed(&error))?;
    let (problem, look_at_it) = match open_as_it_is(path, layout, layout.traces, alone, end) {
        Ok(connection) => return Ok((connection, None)),
        Err(Obstacle::NoJournal(problem, hint)) => (problem, hint),
        Err(Obstacle::Lasting(problem)) => return Err(problem),
        Err(Obstacle::Passing(reason)) => return Err(locked(path, &reason)),
    };
    let Ok(aside) = set_aside(path) else {
        let message = format!("{} and was left as it is", problem.message);
        return Err(Problem { message, ..problem }.hint(MOVE_AWAY));
    };
    clear(path);
    let message =
        format!("{}; it was set aside as {}, and a new one begun", problem.message, aside.display());
    let problem = Problem { message, ..problem };
    match open_as_it_is(path, layout, &[], alone, end) {
        Ok(connection) => Ok((connection, Some(problem.hint(look_at_it)))),
        Err(Obstacle::NoJournal(again, _) | Obstacle::Lasting(again)) => Err(again),
        Err(Obstacle::Passing(reason)) => Err(locked(path, &reason)),
    }
}

/// Takes the lock, unless another process keeps it until `end`.
pub(super) fn lock_until(file: &fs::File, end: Instant) -> io::Result<()> {
    loop {
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(PAUSE),
            locked => return Ok(locked?),
        }
    }
}

/// Why an attempt failed.
enum Obstacle {
    /// Another process was at it.
    Passing(String),
    /// It is of another program, or damaged; with what to tell when it was set aside.
    NoJournal(Problem, &'static str),
    Lasting(Problem),
}

/// How long to look through the file; `None` when it was closed well, or others use it.
fn look(path: &Path, alone: bool) -> Option<Duration> {
    let has = |end: &str| fs::metadata(ending(path, end)).is_ok_and(|file| file.len() > 0 || end == SUSPECT);
    match (alone, has(SUSPECT), has("-wal")) {
        (true, true, _) => Some(LOOK_TIME),
        (true, false, true) => Some(GLANCE),
        _ => None,
    }
}

fn try_open_within(
    path: &Path,
    layout: &Layout,
    busy: Duration,
    look: Option<Duration>,
) -> Result<Connection, Obstacle> {
    let broken = |reason: &str| Obstacle::NoJournal(damaged(path, reason), layout.lost);
    let fail = |error: &rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Obstacle::Passing(error.to_string()),
        // Set aside by another process a moment before.
        Some(ErrorCode::CannotOpen) if !path.exists() => Obstacle::Passing(error.to_string()),
        // `Unknown`: what every file of ours can do, this one cannot.
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => {
            broken(&error.to_string())
        }
        _ => Obstacle::Lasting(failure(path, error)),
    };
    let length = |end: &str| fs::metadata(ending(path, end)).map_or(0, |file| file.len());
    if length("") == 0 && length("-wal") > 0 {
        // `SQLite` would throw the log away.
        return Err(broken("it is empty, and the log beside it is not"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| fail(&error))?;
    connection.busy_timeout(busy).map_err(|error| fail(&error))?;
    // Until it is known to be ours and whole: what is set aside keeps its log.
    let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(keep_log, true).map_err(|error| fail(&error))?;
    let found = Found::read(&connection).map_err(|error| fail(&error))?;
    if !found.is_new() && found.application != layout.application {
        return Err(Obstacle::NoJournal(foreign(path), NOT_OURS));
    }
    if found.version > layout.steps.len() {
        return Err(Obstacle::Lasting(newer(path, found.version, layout.steps.len())));
    }
    if connection.is_readonly("main").map_err(|error| fail(&error))? {
        return Err(Obstacle::Lasting(unusable(path, "it cannot be written to")));
    }
    let damage = pages::missing(&connection, path).and_then(|missing| match (missing, look) {
        (None, Some(time)) => look_through(&connection, time),
        (missing, _) => Ok(missing),
    });
    if let Some(damage) = damage.map_err(|error| fail(&error))? {
        return Err(broken(&damage));
    }
    settle(&connection, layout, &found).map_err(|error| fail(&error))?;
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    match Migrations::from_slice(layout.steps).to_latest(&mut connection) {
        Ok(()) => {
            connection.set_db_config(keep_log, false).map_err(|error| fail(&error))?;
            connection.busy_timeout(BUSY).map_err(|error| fail(&error))?;
            if look.is_some() {
                clear(path);
            }
            Ok(connection)
        }
        // Another process made the same steps a moment before.
        Err(error) if Found::read(&connection).is_ok_and(|now| now.version != found.version) => {
            Err(Obstacle::Passing(error.to_string()))
        }
        Err(rusqlite_migration::Error::RusqliteError { err, .. }) => Err(fail(&err)),
        Err(error) => Err(broken(&error.to_string())),
    }
}

/// What is wrong in the pages, as far as it is found in `time`.
fn look_through(connection: &Connection, time: Duration) -> rusqlite::Result<Option<String>> {
    let began = Instant::now();
    connection.progress_handler(100, Some(move || began.elapsed() > time))?;
    let found = quick_check(connection);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    match found {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
        found => found,
    }
}

/// What is wrong in the pages.
pub(super) fn quick_check(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}

/// Notes that damage was met, so that who next opens the file alone looks through it.
pub(super) fn suspect(path: &Path) {
    // Without the note it is met again.
    drop(private_file(&ending(path, SUSPECT)));
}

fn clear(path: &Path) {
    let _ = fs::remove_file(ending(path, SUSPECT));
}

const SUSPECT: &str = ".suspect";

/// What a file says of itself.
struct Found {
    application: i32,
    version: usize,
    n_tables: u32,
}

impl Found {
    /// All of one moment: another process that begins the file in between would look like another program.
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let moment = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        let version: i64 = moment.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(Self {
            application: moment.pragma_query_value(None, "application_id", |row| row.get(0))?,
            // A negative one is nothing that we write.
            version: usize::try_from(version).unwrap_or(usize::MAX),
            n_tables: moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        })
    }

    fn is_new(&self) -> bool {
        self.application == 0 && self.version == 0 && self.n_tables == 0
    }
}

/// Sets what holds for the file and for this connection.
fn settle(connection: &Connection, layout: &Layout, found: &Found) -> rusqlite::Result<()> {
    if found.is_new() {
        // Takes effect only before the first table.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "application_id", layout.application)?;
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    connection.pragma_update(None, "synchronous", layout.synchronous)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |row| row.get::<_, i64>(0))?;
    // What is deleted here is text of the user's: it must not stay in the file.
    connection.pragma_update_and_check(None, "secure_delete", true, |row| row.get::<_, i64>(0))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// Opens a file for its owner only, made if it is not there; `SQLite` gives the files beside it the same mode.
pub(super) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => make_private(&file).map(|()| file),
        // One that may only be read is told by `SQLite` after it was looked at.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.is_file() => {
            fs::File::open(path)
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
pub(super) fn make_private(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let private = mode & 0o700;
    if mode == private { Ok(()) } else { file.set_permissions(fs::Permissions::from_mode(private)) }
}

#[cfg(not(unix))]
pub(super) fn make_private(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

/// The problem that an error of `SQLite` is for the user.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> Problem {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged_within(path, &reason),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => locked(path, &reason),
        Some(ErrorCode::DiskFull) => unusable(path, &reason)
            .hint("make room there, or set TENON_STATE_DIR to a directory on another disk"),
        _ => unusable(path, &reason),
    }
}

/// Whether an error of `SQLite` means damage.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// It is not ours.
fn foreign(path: &Path) -> Problem {
    warning("journal-foreign", format!("{} belongs to another program", path.display()))
}

fn newer(path: &Path, found: usize, known: usize) -> Problem {
    let message = format!(
        "{} was written by a newer tenon (version {found} of its tables, this one knows {known}) and was left as it \
         is",
        path.display()
    );
    warning("journal-newer", message).hint("use the newer tenon, or another TENON_STATE_DIR for this one")
}

/// It cannot be read as a database.
fn damaged(path: &Path, reason: &str) -> Problem {
    warning("journal-damaged", format!("{} is damaged ({reason})", path.display())).hint(MOVE_AWAY)
}

/// The same, found while it is open.
pub(super) fn damaged_within(path: &Path, reason: &str) -> Problem {
    damaged(path, reason).hint(NEXT_TIME)
}

/// Another process set it aside while it was open here.
pub(super) fn set_aside_meanwhile(path: &Path) -> Problem {
    unusable(path, "it was moved away while it was open")
        .hint("restart the editor or the command: a new one is begun")
}

/// Another process does not let go of it.
fn locked(path: &Path, reason: &str) -> Problem {
    unusable(path, reason).hint("another process is at it: try again, or end that one")
}

/// It cannot be used, for a reason outside it.
pub(super) fn unusable(path: &Path, reason: &str) -> Problem {
    warning("journal-unusable", format!("{} cannot be used: {reason}", path.display()))
        .hint("check the permissions and the free space there, or set TENON_STATE_DIR to another directory")
}

const NOT_OURS: &str = "look whose it is before you remove it: nothing of tenon's is in it";

const NEXT_TIME: &str =
    "end every editor and command that uses it: who opens it next sets it aside and begins a new one";

const MOVE_AWAY: &str = "until then nothing is kept over sessions; move it away, with the files beside it that end in \
                         -wal and -shm, and tenon begins a new one";

fn warning(code: &'static str, message: String) -> Problem {
    Problem { severity: Severity::Warning, ..Problem::error(code, Category::Storage, message) }
}

#[cfg(test)]
mod tests;
