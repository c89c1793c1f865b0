//! Files that were cut anywhere, or in which anything changed: each is healthy, or set aside with every byte, or left as
//! it is. Nothing is overwritten, nothing panics.

use rusqlite::Connection;

use super::super::super::{Journal, block_on, system_clock};
use super::*;
use crate::ports::{
    FileChange, FileRecord, FrontDoor, Journal as _, NewOperation, OperationQuery, Settlement,
};
use crate::text::{DocumentUri, Rope};

/// Operations in the file, and those that are in its log only.
const MERGED: u64 = 12;
const LOGGED: u64 = 6;

/// The files of a journal.
#[derive(Clone)]
struct Sample {
    database: Vec<u8>,
    log: Option<Vec<u8>>,
    key: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// With so many operations.
    Healthy(usize),
    Aside,
    /// Damage was met later, and the next who opened it set it aside.
    Later,
    Refused,
}

fn write(journal: &Journal, n: u64) {
    let records = journal.records().unwrap();
    let session = block_on(records.resume("/w", FrontDoor::Editor)).unwrap().session;
    for local in 1..=n {
        let text = |seed: &str| Some(Rope::from_str(&format!("{seed} {local}\n").repeat(300)));
        let file = FileRecord {
            path: "a".to_owned(),
            path_after: None,
            uri: DocumentUri::new("file:///w/a"),
            uri_after: None,
            kind: FileChange::Modified,
            before: text("before"),
            after: text(&n.to_string()),
        };
        let operation = NewOperation {
            local,
            proposal: String::new(),
            task: String::new(),
            title: "T".to_owned(),
            instruction: "I".to_owned(),
            model: String::new(),
            numbers: vec![0],
            files: vec![file],
        };
        let number = block_on(records.prepare(&session, operation)).unwrap();
        block_on(records.settle(&session, number, Settlement::Applied, None)).unwrap();
    }
}

/// One that was closed well, and one whose process was killed later.
fn samples() -> (Sample, Sample) {
    let dir = tempfile::tempdir().unwrap();
    let open = || Journal::open(dir.path(), system_clock()).unwrap();
    let read = |name: &str| fs::read(dir.path().join(name)).unwrap();
    let journal = open();
    write(&journal, MERGED);
    assert!(journal.close(Duration::from_secs(60)));
    let closed = Sample { database: read("journal.db"), log: None, key: read("journal.key") };
    let journal = open();
    write(&journal, LOGGED);
    let killed =
        Sample { database: read("journal.db"), log: Some(read("journal.db-wal")), key: read("journal.key") };
    (closed, killed)
}

impl Sample {
    fn cut(&self, length: usize) -> Self {
        Self { database: self.database[..length].to_vec(), ..self.clone() }
    }

    fn flipped(&self, at: usize) -> Self {
        let mut database = self.database.clone();
        database[at] ^= 0xff;
        Self { database, ..self.clone() }
    }

    fn with_log(&self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut log = self.log.clone().unwrap();
        change(&mut log);
        Self { log: Some(log), ..self.clone() }
    }

    /// Opens it and reads all that is in it.
    fn outcome(&self, name: &str) -> Outcome {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        fs::write(&path, &self.database).unwrap();
        fs::write(dir.path().join("journal.key"), &self.key).unwrap();
        if let Some(log) = &self.log {
            fs::write(ending(&path, "-wal"), log).unwrap();
        }
        let journal = match Journal::open(dir.path(), system_clock()) {
            Ok(journal) => journal,
            Err(problem) => {
                assert!(["journal-newer", "journal-unusable"].contains(&problem.code), "{name}: {problem:?}");
                assert!(fs::read(&path).unwrap() == self.database, "{name}: it was written to");
                return Outcome::Refused;
            }
        };
        if let Some(problem) = journal.aside() {
            self.check_aside(dir.path(), &problem, name);
            return Outcome::Aside;
        }
        let n_operations = read_all(&journal, name);
        let check = journal.check();
        assert!(journal.close(Duration::from_secs(60)), "{name}");
        let Err(problem) = check else { return Outcome::Healthy(n_operations) };
        assert_eq!(problem.code, "journal-damaged", "{name}");
        let again = Journal::open(dir.path(), system_clock()).unwrap();
        let problem = again.aside().unwrap_or_else(|| panic!("{name}: it is used again"));
        match self.log {
            None => self.check_aside(dir.path(), &problem, name),
            // The log was merged into it meanwhile.
            Some(_) => assert_eq!(problem.code, "journal-damaged", "{name}"),
        }
        Outcome::Later
    }

    fn check_aside(&self, folder: &Path, problem: &Problem, name: &str) {
        assert!(["journal-damaged", "journal-foreign"].contains(&problem.code), "{name}: {problem:?}");
        assert!(problem.hint.is_some(), "{name}: {problem:?}");
        let aside = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| problem.message.contains(&format!("as {},", path.display())))
            .unwrap_or_else(|| panic!("{name}: {problem:?}"));
        assert!(fs::read(&aside).unwrap() == self.database, "{name}: a byte of the file changed");
        if let Some(log) = &self.log {
            assert!(&fs::read(ending(&aside, "-wal")).unwrap() == log, "{name}: a byte of the log changed");
        }
    }
}

/// Reads what can be read; every failure has a code of the journal's. Returns how many operations there are.
fn read_all(journal: &Journal, name: &str) -> usize {
    let typed = |problem: Problem| assert!(problem.code.starts_with("journal-"), "{name}: {problem:?}");
    let records = match journal.records() {
        Ok(records) => records,
        Err(problem) => {
            typed(problem);
            return 0;
        }
    };
    let query = OperationQuery { root: None, path: None, before: None, limit: 1000 };
    let operations = block_on(records.operations(query)).unwrap_or_else(|problem| {
        typed(problem);
        Vec::new()
    });
    for operation in &operations {
        if let Err(problem) = block_on(records.operation(operation.head.number)) {
            // An index that leads elsewhere does not find it.
            assert!(problem.code == "unknown-operation" || problem.code.starts_with("journal-"), "{name}");
        }
    }
    let _ = block_on(records.sessions(None)).map_err(typed);
    operations.len()
}

/// Places in a file of this length: round the borders of pages, and in between.
fn places(length: usize) -> Vec<usize> {
    let borders = (1..=length / 4096).flat_map(|page| [page * 4096 - 1, page * 4096, page * 4096 + 1]);
    let between = (0..length).step_by(6007);
    borders.step_by(5).chain(between).filter(|at| *at < length).collect()
}

#[test]
fn a_file_that_was_cut_anywhere_is_set_aside() {
    let (closed, _) = samples();
    assert_eq!(closed.outcome("whole"), Outcome::Healthy(12));
    for length in places(closed.database.len()).into_iter().filter(|length| *length > 0) {
        assert_eq!(closed.cut(length).outcome(&format!("cut to {length}")), Outcome::Aside, "{length}");
    }
    let last = closed.database.len() - 1;
    assert_eq!(closed.cut(last).outcome("the last byte is gone"), Outcome::Aside);
}

#[test]
fn a_cut_file_with_a_log_has_everything_or_is_set_aside() {
    let (_, killed) = samples();
    let all = Outcome::Healthy(18);
    assert_eq!(killed.outcome("whole"), all);
    let mut n_aside = 0;
    for length in places(killed.database.len()) {
        let outcome = killed.cut(length).outcome(&format!("cut to {length}"));
        assert!(outcome == all || outcome == Outcome::Aside, "{length}: {outcome:?}");
        n_aside += u32::from(outcome == Outcome::Aside);
    }
    assert!(n_aside > 0);
    let empty = killed.cut(0).outcome("empty");
    assert_eq!(empty, Outcome::Aside, "its log is not thrown away");
}

#[test]
fn a_log_that_was_cut_or_changed_leaves_what_was_before_or_is_set_aside() {
    let (_, killed) = samples();
    let length = killed.log.as_ref().unwrap().len();
    for at in (0..length).step_by(length / 12) {
        for (name, sample) in [
            (format!("log cut to {at}"), killed.with_log(|log| log.truncate(at))),
            (format!("log changed at {at}"), killed.with_log(|log| log[at] ^= 0xff)),
        ] {
            let outcome = sample.outcome(&name);
            let fits = matches!(outcome, Outcome::Healthy(12..=18) | Outcome::Aside);
            assert!(fits, "{name}: {outcome:?}");
        }
    }
}

#[test]
fn a_byte_that_changed_does_no_harm() {
    let (closed, killed) = samples();
    let length = closed.database.len();
    for at in (0..100).step_by(3).chain((100..length).step_by(5003)) {
        closed.flipped(at).outcome(&format!("byte {at} changed"));
    }
    for at in (0..killed.database.len()).step_by(9001) {
        let outcome = killed.flipped(at).outcome(&format!("byte {at} changed, with a log"));
        assert_ne!(outcome, Outcome::Later, "{at}: it was not closed well, so it was looked at");
    }
}

#[test]
fn damage_that_was_met_is_set_aside_next_time() {
    let (closed, _) = samples();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    fs::write(&path, &closed.database).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'operations'";
    let connection = Connection::open(&path).unwrap();
    let page: usize = connection.query_row(root, [], |row| row.get::<_, u32>(0)).unwrap().try_into().unwrap();
    drop(connection);
    let mut database = closed.database.clone();
    database[(page - 1) * 4096..][..64].fill(0xff);
    assert_eq!(Sample { database, ..closed }.outcome("a page is no page"), Outcome::Later);
}
