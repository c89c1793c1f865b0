//! Files of all kinds in the place of the journal.

use std::path::PathBuf;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use rusqlite::Connection;

use super::super::layout::{ANSWERS, JOURNAL};
use super::super::{Journal, system_clock};
use super::*;

mod damage;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(JOURNAL.file)
    }

    fn open(&self) -> Result<Connection, Problem> {
        match open(&self.path(), &JOURNAL, true)? {
            (connection, None) => Ok(connection),
            (_, Some(problem)) => Err(problem),
        }
    }

    /// The file is set aside with this code, byte for byte, and a new one begun.
    fn check_set_aside(&self, code: &str, words: &str) {
        let before = fs::read(self.path()).unwrap();
        let problem = self.open().unwrap_err();
        assert_eq!((problem.code, problem.severity), (code, Severity::Warning));
        assert!(problem.message.contains(words), "{}", problem.message);
        let asides: Vec<_> = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("journal.db.aside-"))
            .filter(|path| problem.message.contains(&format!("as {},", path.display())))
            .collect();
        assert_eq!(asides.len(), 1, "{}", problem.message);
        assert_eq!(fs::read(&asides[0]).unwrap(), before);
        assert_eq!(pragma(&self.open().unwrap(), "user_version"), version());
    }

    /// Opening is refused with this code, and the file stays byte for byte.
    fn check_refused(&self, code: &str, words: &str) {
        let before = fs::read(self.path()).unwrap();
        let problem = self.open().unwrap_err();
        assert_eq!((problem.code, problem.severity), (code, Severity::Warning));
        assert!(problem.message.contains(words), "{}", problem.message);
        assert!(problem.hint.is_some());
        assert_eq!(fs::read(self.path()).unwrap(), before);
        let journal = Journal::open(self.dir.path(), system_clock());
        assert_eq!(journal.err().map(|problem| problem.code), Some(code));
    }
}

fn version() -> String {
    JOURNAL.steps.len().to_string()
}

fn pragma(connection: &Connection, name: &str) -> String {
    connection
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
        .map(|value| match value {
            rusqlite::types::Value::Integer(n) => n.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        })
        .unwrap()
}

#[test]
fn a_new_file_is_private_and_set_up() {
    let place = Place::new();
    let connection = place.open().unwrap();
    for (name, expected) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("auto_vacuum", "2"),
        ("secure_delete", "1"),
        ("application_id", "1953385074"),
        ("user_version", &version()),
    ] {
        assert_eq!(pragma(&connection, name), expected, "{name}");
    }
    let (answers, _) = open(&place.dir.path().join("answers.db"), &ANSWERS, true).unwrap();
    assert_eq!(pragma(&answers, "synchronous"), "1");
    #[cfg(unix)]
    for file in fs::read_dir(place.dir.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_becomes_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(place.open().unwrap());
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o664)).unwrap();
    drop(place.open().unwrap());
    assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_library_is_new_enough() {
    // Before 3.51.3 beginning the write-ahead log anew could damage a file.
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[test]
fn an_empty_file_is_a_new_one() {
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    assert_eq!(pragma(&place.open().unwrap(), "user_version"), version());
}

/// Before, it was taken for a new one, and nobody was told.
#[test]
fn an_emptied_or_removed_file_is_told_once() {
    let check = |trace: &str, lose: &dyn Fn(&Path)| {
        let place = Place::new();
        assert!(Journal::open(place.dir.path(), system_clock()).unwrap().close(LOOK_TIME));
        fs::create_dir_all(place.dir.path().join("sessions")).unwrap();
        for other in JOURNAL.traces.iter().filter(|other| **other != trace) {
            let other = place.dir.path().join(other);
            let _ = fs::remove_file(&other).or_else(|_| fs::remove_dir(&other));
        }
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(ending(&place.path(), end));
        }
        lose(&place.path());
        let problem = place.open().unwrap_err();
        assert_eq!((problem.code, problem.severity), ("journal-damaged", Severity::Warning));
        assert!(problem.message.contains(trace), "{problem:?}");
        assert!(problem.hint.unwrap().contains("not known any more"));
        assert_eq!(pragma(&place.open().unwrap(), "user_version"), version(), "it is told once");
    };
    check("sessions", &|path| fs::write(path, "").unwrap());
    check("sessions", &|path| fs::remove_file(path).unwrap());
    let fresh = Journal::open(Place::new().dir.path(), system_clock()).unwrap();
    assert_eq!(fresh.aside(), None);
}

#[test]
fn text_is_set_aside() {
    let place = Place::new();
    fs::write(place.path(), "dear diary, ".repeat(100)).unwrap();
    place.check_set_aside("journal-damaged", "not a database");
}

#[test]
fn a_database_of_another_program_is_set_aside() {
    let place = Place::new();
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").unwrap();
    drop(other);
    place.check_set_aside("journal-foreign", "another program");
    let other = Connection::open(place.path()).unwrap();
    other.pragma_update(None, "application_id", 42).unwrap();
    drop(other);
    place.check_set_aside("journal-foreign", "another program");
}

#[test]
fn the_answers_are_not_the_journal() {
    let place = Place::new();
    drop(open(&place.path(), &ANSWERS, true).unwrap());
    place.check_set_aside("journal-foreign", "another program");
}

#[test]
fn a_newer_version_stays() {
    let place = Place::new();
    let connection = place.open().unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    place.check_refused("journal-newer", "version 99");
    let connection = Connection::open(place.path()).unwrap();
    connection.pragma_update(None, "user_version", -1).unwrap();
    drop(connection);
    place.check_refused("journal-newer", "newer tenon");
}

#[test]
fn damage_in_the_schema_is_told() {
    let place = Place::new();
    drop(place.open().unwrap());
    let mut bytes = fs::read(place.path()).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(place.path(), bytes).unwrap();
    place.check_set_aside("journal-damaged", "malformed");
}

#[test]
fn a_cut_file_is_told() {
    let place = Place::new();
    drop(place.open().unwrap());
    let bytes = fs::read(place.path()).unwrap();
    fs::write(place.path(), &bytes[..50]).unwrap();
    place.check_set_aside("journal-damaged", "malformed");
}

#[test]
fn many_may_set_it_aside_at_once() {
    let place = Place::new();
    fs::write(place.path(), "dear diary, ".repeat(100)).unwrap();
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (barrier, path) = (Arc::clone(&barrier), place.path());
            std::thread::spawn(move || {
                barrier.wait();
                open(&path, &JOURNAL, false).map(|(_, problem)| problem.is_some())
            })
        })
        .collect();
    let n_told = threads.into_iter().map(|thread| thread.join().unwrap().unwrap());
    assert_eq!(n_told.filter(|told| *told).count(), 1);
    let asides = fs::read_dir(place.dir.path())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains(".aside-"));
    assert_eq!(asides.count(), 1);
}

#[test]
fn damage_further_in_is_found_by_the_check() {
    let place = Place::new();
    let journal = Journal::open(place.dir.path(), system_clock()).unwrap();
    assert_eq!(journal.check(), Ok(()));
    assert!(journal.close(Duration::from_secs(60)));
    let mut bytes = fs::read(place.path()).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'requests'";
    let page: u32 = place.open().unwrap().query_row(root, [], |row| row.get(0)).unwrap();
    let page = page as usize;
    bytes[(page - 1) * 4096..page * 4096].fill(0xff);
    fs::write(place.path(), bytes).unwrap();
    let journal = Journal::open(place.dir.path(), system_clock()).unwrap();
    assert_eq!(journal.check().unwrap_err().code, "journal-damaged");
}

#[test]
fn a_folder_in_the_way_is_told() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    assert_eq!(place.open().unwrap_err().code, "journal-unusable");
    let nowhere = open(&place.dir.path().join("not/there.db"), &JOURNAL, false);
    assert_eq!(nowhere.unwrap_err().code, "journal-unusable");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_only_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(place.open().unwrap());
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o400)).unwrap();
    // The superuser may write it all the same.
    if fs::OpenOptions::new().append(true).open(place.path()).is_err() {
        assert_eq!(place.open().unwrap_err().code, "journal-unusable");
    }
}

#[test]
fn a_locked_file_is_told_after_a_while() {
    let place = Place::new();
    // Not yet in the mode in which reading goes on beside writing.
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let quick = |path: &Path| try_open_within(path, &JOURNAL, Duration::ZERO, None);
    assert!(matches!(quick(&place.path()), Err(Obstacle::Passing(_))));
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert!(quick(&place.path()).is_ok());
}

#[test]
fn many_may_begin_it_at_once() {
    // More than once: what they may see of each other lasts microseconds.
    for _ in 0..20 {
        let place = Place::new();
        let n = 8;
        let barrier = Arc::new(Barrier::new(n));
        let threads: Vec<_> = (0..n)
            .map(|_| {
                let (barrier, path) = (Arc::clone(&barrier), place.path());
                std::thread::spawn(move || {
                    barrier.wait();
                    open(&path, &JOURNAL, false).map(|(connection, _)| pragma(&connection, "user_version"))
                })
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(version()));
        }
    }
}

#[test]
fn a_cut_file_is_set_aside_wherever_it_was_cut() {
    let place = Place::new();
    drop(place.open().unwrap());
    let whole = fs::read(place.path()).unwrap();
    let cuts =
        [16, 99, 100, 511, 512, 4095, 4096, 4097, whole.len() / 2, whole.len() - 4096, whole.len() - 1];
    for cut in cuts {
        fs::write(place.path(), &whole[..cut]).unwrap();
        place.check_set_aside("journal-damaged", "set aside");
    }
    fs::write(place.path(), &whole).unwrap();
    assert!(place.open().is_ok());
}

#[test]
fn a_journal_from_before_there_were_doors_keeps_its_sessions() {
    let place = Place::new();
    let before = Layout { steps: &JOURNAL.steps[..10], ..JOURNAL };
    let (connection, _) = open(&place.path(), &before, true).unwrap();
    assert_eq!(pragma(&connection, "user_version"), "10");
    let sql = "INSERT INTO sessions (id, root, begun, used, n_tasks, n_proposals, n_operations)
        VALUES ('asked', '/w', 1, 2, 3, 0, 0), ('reviewed', '/w', 1, 2, 0, 3, 1), ('applied', '/w', 1, 2, 0, 0, 4)";
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let connection = place.open().unwrap();
    assert_eq!(pragma(&connection, "user_version"), version());
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let sessions: Vec<(String, String, i64)> = connection
        .prepare("SELECT id, door, n_operations FROM sessions ORDER BY id")
        .unwrap()
        .query_map([], row)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let expected = [("applied", "terminal", 4), ("asked", "editor", 0), ("reviewed", "editor", 1)];
    assert_eq!(sessions, expected.map(|(id, door, n)| (id.to_owned(), door.to_owned(), n)));
}

/// Nobody is told to move files that are not there, nor to look for what is not the matter.
#[test]
fn every_hint_is_about_its_own_case() {
    let hint = |problem: Problem| problem.hint.unwrap();
    let path = Path::new("journal.db");
    let error = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
    let of = |code| hint(failure(path, &error(code)));
    assert!(of(rusqlite::ffi::SQLITE_FULL).contains("room"));
    assert!(of(rusqlite::ffi::SQLITE_BUSY).contains("another process"));
    assert!(of(rusqlite::ffi::SQLITE_READONLY).contains("permissions"));
    assert!(of(rusqlite::ffi::SQLITE_CORRUPT).contains("who opens it next sets it aside"));
    let place = Place::new();
    let told = |text: &[u8], layout: &Layout| {
        let path = place.dir.path().join(layout.file);
        fs::write(&path, text).unwrap();
        hint(open(&path, layout, true).unwrap().1.unwrap())
    };
    let noise = "dear diary, ".repeat(100);
    assert!(told(noise.as_bytes(), &JOURNAL).contains("proposed before is not known any more"));
    assert!(told(noise.as_bytes(), &ANSWERS).contains("asked for again"));
    drop(open(&place.dir.path().join("x.db"), &ANSWERS, true).unwrap());
    let answers = fs::read(place.dir.path().join("x.db")).unwrap();
    assert!(told(&answers, &JOURNAL).contains("look whose it is"));
}
