//! Keys that are there, gone, wrong, and made by many at once.

use std::sync::{Arc, Barrier};

use super::super::layout::JOURNAL;
use super::*;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn unlock(&self) -> Result<(Sealer, KeyPlace), &'static str> {
        self.try_unlock().map_err(|problem| problem.code)
    }

    fn try_unlock(&self) -> Result<(Sealer, KeyPlace), Problem> {
        let path = self.dir.path().join("journal.db");
        let connection = open::open(&path, &JOURNAL, false).unwrap().0;
        unlock(&connection, self.dir.path()).map_err(|failure| match failure {
            Failure::Problem(problem) => problem,
            Failure::Sqlite(error) => panic!("{error}"),
        })
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join(FILE)
    }
}

const OTHER: Cell<'static> = Cell { table: "t", row: &["r"], column: "c" };

#[test]
fn a_key_is_made_once_and_for_the_owner_only() {
    let place = Place::new();
    let (sealer, at) = place.unlock().unwrap();
    let sealed = sealer.seal(OTHER, b"x").unwrap();
    assert_eq!(place.unlock().unwrap().0.open(OTHER, &sealed).unwrap(), b"x");
    if at == KeyPlace::File(place.file()) {
        assert_eq!(fs::read_to_string(place.file()).unwrap().len(), 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = || fs::metadata(place.file()).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            fs::set_permissions(place.file(), fs::Permissions::from_mode(0o644)).unwrap();
            place.unlock().unwrap();
            assert_eq!(mode(), 0o600);
        }
    }
}

#[test]
#[cfg(not(feature = "keyring"))]
fn a_key_that_is_gone_or_wrong_is_told_and_not_replaced() {
    let place = Place::new();
    place.unlock().unwrap();
    let key = fs::read(place.file()).unwrap();
    fs::remove_file(place.file()).unwrap();
    assert_eq!(place.unlock().err(), Some("journal-key-missing"));
    assert!(!place.file().exists());
    fs::write(place.file(), "0".repeat(64)).unwrap();
    assert_eq!(place.unlock().err(), Some("journal-key-wrong"));
    fs::write(place.file(), "no key").unwrap();
    assert_eq!(place.unlock().err(), Some("journal-key-missing"));
    assert_eq!(fs::read(place.file()).unwrap(), b"no key");
    fs::write(place.file(), key).unwrap();
    assert!(place.unlock().is_ok());
}

#[test]
#[cfg(not(feature = "keyring"))]
fn a_damaged_key_file_without_a_journal_is_not_overwritten() {
    let place = Place::new();
    fs::write(place.file(), "something else").unwrap();
    assert_eq!(place.unlock().err(), Some("journal-unusable"));
    assert_eq!(fs::read(place.file()).unwrap(), b"something else");
}

#[test]
fn many_at_once_agree_on_one_key() {
    for _ in 0..5 {
        let place = Arc::new(Place::new());
        let barrier = Arc::new(Barrier::new(6));
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let (place, barrier) = (Arc::clone(&place), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    place.unlock().unwrap().0
                })
            })
            .collect();
        let sealers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let sealed = sealers[0].seal(OTHER, b"x").unwrap();
        assert!(sealers.iter().all(|sealer| sealer.open(OTHER, &sealed).is_ok()));
    }
}

#[test]
fn hexadecimal_digits_and_back() {
    assert_eq!(from_hex(&hex(&[0xa5; 32])), Some([0xa5; 32]));
    for wrong in ["", "a5", &"é".repeat(32), &"g".repeat(64)] {
        assert_eq!(from_hex(wrong), None, "{wrong}");
    }
}

#[test]
#[cfg(not(feature = "keyring"))]
fn what_to_do_about_a_key_names_no_other_file() {
    let place = Place::new();
    fs::write(place.file(), "something else").unwrap();
    let hint = |words: &str| {
        let hint = place.try_unlock().err().unwrap().hint.unwrap();
        assert!(hint.contains(words), "{hint}");
        assert!(!hint.contains("-wal") && !hint.contains("journal.db"), "{hint}");
    };
    hint("move the file away and tenon makes a new key");
    fs::remove_file(place.file()).unwrap();
    place.unlock().unwrap();
    fs::write(place.file(), "0".repeat(64)).unwrap();
    hint("put the key there that it was sealed with");
    fs::remove_file(place.file()).unwrap();
    hint("bring the key back");
}
