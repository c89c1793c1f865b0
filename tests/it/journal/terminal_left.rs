//! What an editor left under way or did not save, a journal that lags behind the files, and files with other names: what
//! commands make of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tenon::cli::apply::{self, ApplyArgs, Streams};
use tenon::cli::record::Record;
use tenon::journal::{Journal, Records, system_clock};
use tenon::ports::{
    Direction, FileChange, FileRecord, FrontDoor, Journal as _, Kept, NewOperation, OperationState,
    Settlement,
};
use tenon::text::{DocumentUri, Rope};

use super::place::{Files, Place, Ran, files};
use crate::support::journal::Disk;

const OLD: &str = "one\ntwo\nthree\n";
const NEW: &str = "one\nzwei\nthree\n";
const REPLY: &str = "c.txt\n<<<<<<< SEARCH\ny\n=======\nY\n>>>>>>> REPLACE\n";

fn now<T>(kept: Kept<T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(kept).unwrap()
}

fn place() -> Place {
    Place::new(&[("a.txt", OLD), ("b.txt", OLD), ("c.txt", "x\ny\n")], "search-replace", REPLY)
}

fn texts(a: &str, b: &str, c: &str) -> Files {
    files(&[("a.txt", a), ("b.txt", b), ("c.txt", c)])
}

/// A process of an editor, which changes `a.txt` and `b.txt`.
struct Editor {
    records: Records,
    session: String,
    files: Vec<FileRecord>,
    number: u64,
}

impl Editor {
    /// Begins with an operation that is about to be made.
    fn start(place: &Place) -> Self {
        // A command makes the folder of the journal.
        place.must(&["sessions"]);
        let records = Journal::open(&place.path("state"), system_clock()).unwrap().records().unwrap();
        let root = place.workspace().canonicalize().unwrap();
        let session = now(records.resume(root.to_str().unwrap(), FrontDoor::Editor)).session;
        let file = |path: &str| FileRecord {
            path: path.to_owned(),
            path_after: None,
            uri: DocumentUri::from_path(&root.join(path)),
            uri_after: None,
            kind: FileChange::Modified,
            before: Some(Rope::from_str(OLD)),
            after: Some(Rope::from_str(NEW)),
        };
        let files = vec![file("a.txt"), file("b.txt")];
        let operation = NewOperation {
            local: 1,
            proposal: String::new(),
            task: String::new(),
            title: "of an editor".to_owned(),
            instruction: String::new(),
            model: String::new(),
            numbers: Vec::new(),
            files: files.clone(),
        };
        let number = now(records.prepare(&session, operation));
        Self { records, session, files, number }
    }

    fn settle(&self, settlement: Settlement) {
        now(self.records.settle(&self.session, self.number, settlement, None));
    }

    fn take(&self, direction: Direction) {
        let turned = |file: &FileRecord| match direction {
            Direction::Redo => file.clone(),
            Direction::Undo => {
                FileRecord { before: file.after.clone(), after: file.before.clone(), ..file.clone() }
            }
        };
        let step = self.files.iter().map(turned).collect();
        now(self.records.prepare_take(&self.session, self.number, direction, step));
    }
}

fn state(place: &Place, name: &str) -> String {
    let operations = place.operations();
    let operation = operations.iter().find(|one| one["operation"] == name).unwrap();
    operation["state"].as_str().unwrap().to_owned()
}

fn is_refused(ran: &Ran, code: &str) {
    assert!(ran.code != Some(0) && ran.stderr.contains(&format!("[{code}]")), "{code}: {ran:?}");
}

/// An editor ends with an operation in `left`, of which `a.txt` has the change; commands leave it as it is until they are
/// told.
fn check_left(left: OperationState) {
    for (command, other, one_side, other_side) in [("undo", "redo", OLD, NEW), ("redo", "undo", NEW, OLD)] {
        let place = place();
        let editor = Editor::start(&place);
        if left != OperationState::Prepared {
            editor.settle(Settlement::Applied);
            editor.take(Direction::Undo);
        }
        if left == OperationState::Redoing {
            editor.settle(Settlement::Undone);
            editor.take(Direction::Redo);
        }
        place.write("a.txt", NEW);
        is_refused(&place.run(&[command, "o1"]), "operation-taken");
        assert_eq!(place.must(&["log"]).stderr, "", "the editor is still at it");
        drop(editor);
        let told = place.must(&["log"]).stderr;
        assert!(told.contains("an editor ended before o1 in "), "{told}");
        assert!(
            told.contains("`tenon undo o1` takes back") && told.contains("`tenon redo o1` finishes"),
            "{told}"
        );
        let reply = place.path("reply");
        // The second one does not fit any more; it looks all the same.
        for code in [0, 1] {
            let ran = place.run(&["apply", reply.to_str().unwrap()]);
            assert_eq!(ran.stderr.matches("note[left-under-way]").count(), 1, "{ran:?}");
            assert!(ran.code == Some(code) && ran.stderr.contains("`tenon undo o1`"), "{ran:?}");
            assert_eq!(place.files(), texts(NEW, OLD, "x\nY\n"), "no file of the editor's was touched");
            assert_eq!(state(&place, "o1"), left.name());
        }
        // A file that changed since is merged only when asked, and nothing is settled before.
        place.write("a.txt", &format!("{NEW}mine\n"));
        if command == "undo" {
            is_refused(&place.run(&[command, "o1"]), "changed-since");
            assert_eq!(state(&place, "o1"), left.name());
        }
        let ran = place.must(&[command, "o1", "--merge"]);
        assert!(!ran.stderr.contains("left-under-way"), "{ran:?}");
        assert_eq!(place.files(), texts(&format!("{one_side}mine\n"), one_side, "x\nY\n"), "{left:?}");
        let ran = place.must(&[other, "o1", "--merge"]);
        assert!(!ran.stderr.contains("left-under-way"), "{ran:?}");
        assert_eq!(place.files(), texts(&format!("{other_side}mine\n"), other_side, "x\nY\n"), "{left:?}");
    }
}

#[test]
fn what_an_editor_was_about_to_do_is_only_told_until_it_is_asked_for() {
    check_left(OperationState::Prepared);
}

#[test]
fn what_an_editor_was_taking_back_is_only_told_until_it_is_asked_for() {
    check_left(OperationState::Undoing);
}

#[test]
fn what_an_editor_was_making_again_is_only_told_until_it_is_asked_for() {
    check_left(OperationState::Redoing);
}

#[test]
fn what_is_not_saved_in_an_open_editor_is_not_taken_behind_its_back() {
    let place = place();
    let editor = Editor::start(&place);
    editor.settle(Settlement::Applied);
    // The buffers have the change; none of them is saved, then one.
    for a in [OLD, NEW] {
        place.write("a.txt", a);
        let ran = place.run(&["undo"]);
        is_refused(&ran, "open-in-editor");
        assert!(ran.stderr.contains("tenon.undo"), "{ran:?}");
        assert_eq!((place.files(), state(&place, "o1")), (texts(a, OLD, "x\ny\n"), "applied".to_owned()));
        let refused = place.run(&["undo", "--json"]).json();
        let told = (refused["status"].as_str(), refused["errors"][0]["code"].as_str());
        assert_eq!(told, (Some("refused"), Some("open-in-editor")));
    }
    // All of it is on the disk: then it is there to be taken.
    place.write("b.txt", NEW);
    place.must(&["undo"]);
    assert_eq!(place.files(), texts(OLD, OLD, "x\ny\n"));
    place.must(&["redo"]);
    place.write("a.txt", OLD);
    drop(editor);
    place.must(&["undo"]);
    assert_eq!(state(&place, "o1"), "undone");
}

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: ApplyArgs,
}

#[test]
fn a_journal_that_lags_makes_nothing_undone_that_was_done() {
    let place = place();
    let disk = Arc::new(Disk::default());
    disk.settles_fail.store(true, Ordering::SeqCst);
    let record = Record::new(disk.clone()).unwrap();
    let (root, reply) = (place.workspace(), place.path("reply"));
    let arguments = ["apply", "--root", root.to_str().unwrap(), reply.to_str().unwrap()];
    let args = <Command as clap::Parser>::try_parse_from(arguments).unwrap().args;
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut streams =
        Streams { input: &mut std::io::empty(), output: &mut output, errors: &mut errors, colour: false };
    let code = format!("{:?}", apply::run_with(&args, Some(&record), &mut streams));
    let errors = String::from_utf8(errors).unwrap();
    assert_eq!(code, format!("{:?}", std::process::ExitCode::SUCCESS), "{errors}");
    assert!(
        errors.contains("warning[journal-behind]") && !errors.contains("Nothing was changed"),
        "{errors}"
    );
    assert_eq!(place.files()["c.txt"], "x\nY\n");
    assert_eq!(disk.memory.all_operations()[0].head.state, OperationState::Prepared);
    // The next command catches up.
    disk.settles_fail.store(false, Ordering::SeqCst);
    let told = tenon::cli::record::recover(&record, &place.workspace()).unwrap();
    assert_eq!(told.iter().map(|told| told.code).collect::<Vec<_>>(), ["recovered"]);
    assert_eq!(disk.memory.all_operations()[0].head.state, OperationState::Applied);
}

#[cfg(unix)]
#[test]
fn a_file_with_another_name_is_told() {
    let place = place();
    let (here, other) = (place.workspace().join("c.txt"), place.path("other name"));
    let link = || {
        let _ = std::fs::remove_file(&other);
        std::fs::hard_link(&here, &other).unwrap();
    };
    link();
    let reply = place.path("reply");
    let told = place.must(&["apply", reply.to_str().unwrap(), "--json"]).json();
    assert_eq!(told["warnings"][0]["code"], "hard-link", "{told}");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "x\ny\n");
    // It has one name now.
    assert!(!place.must(&["undo"]).stderr.contains("hard-link"));
    link();
    assert!(place.must(&["redo"]).stderr.contains("warning[hard-link]"));
    link();
    let told = place.must(&["undo", "--json"]).json();
    assert_eq!(told["warnings"][0]["code"], "hard-link", "{told}");
    link();
    let told = place.must(&["edit", "--yes", "do it", "c.txt", "--json"]).json();
    assert_eq!(told["warnings"][0]["code"], "hard-link", "{told}");
}
