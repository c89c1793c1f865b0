//! `tenon log`, `show`, `undo`, `redo` and `sessions` from outside.

use tenon::journal::{Journal, Records, system_clock};
use tenon::ports::{FrontDoor, Journal as _};

use super::place::{Files, Place, files};

const BEFORE: [(&str, &str); 3] =
    [("changed.txt", "one\r\ntwo é\r\nthree\r\nfour\r\n"), ("gone.txt", "bye"), ("old.txt", "😀\nmoved\n")];

const REPLY: &str = "*** Begin Patch\n*** Update File: changed.txt\n@@\n one\n-two é\n+zwei\n three\n four\n\
    *** Add File: sub/new.txt\n+made\n*** Delete File: gone.txt\n\
    *** Update File: old.txt\n*** Move to: sub/moved.txt\n@@\n 😀\n-moved\n+there\n*** End Patch\n";

fn before() -> Files {
    files(&BEFORE)
}

fn after() -> Files {
    files(&[
        ("changed.txt", "one\r\nzwei\r\nthree\r\nfour\r\n"),
        ("sub/new.txt", "made\n"),
        ("sub/moved.txt", "😀\nthere\n"),
    ])
}

fn place() -> Place {
    Place::new(&BEFORE, "apply-patch", REPLY)
}

fn code(ran: &super::place::Ran) -> String {
    let said = ran.stderr.split_once("error[").map_or("", |(_, rest)| rest);
    said.split(']').next().unwrap_or("").to_owned()
}

#[test]
fn every_byte_comes_back_and_goes_again() {
    let place = place();
    place.apply();
    assert_eq!(place.files(), after());
    for _ in 0..3 {
        place.must(&["undo"]);
        assert_eq!(place.files(), before());
        place.must(&["redo"]);
        assert_eq!(place.files(), after());
    }
    let [operation] = place.operations().try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!((operation["operation"].as_str(), operation["state"].as_str()), (Some("o1"), Some("applied")));
    assert_eq!(operation["files"].as_array().unwrap().len(), 4);
}

#[test]
fn what_tenon_edit_wrote_is_undone_too() {
    let place = place();
    place.must(&["edit", "--yes", "do it", "changed.txt", "gone.txt", "old.txt"]);
    assert_eq!(place.files(), after());
    let operation = place.operations()[0].clone();
    assert_eq!(
        (operation["instruction"].as_str(), operation["model"].as_str()),
        (Some("do it"), Some("coder"))
    );
    place.must(&["undo"]);
    assert_eq!(place.files(), before());
}

#[test]
fn a_file_that_changed_since_is_merged_only_when_asked() {
    let place = place();
    place.apply();
    place.write("changed.txt", "one\r\nzwei\r\nthree\r\nmine\r\n");
    let now = place.files();
    let ran = place.run(&["undo"]);
    assert_eq!((ran.code, code(&ran).as_str()), (Some(1), "changed-since"), "{ran:?}");
    assert!(ran.stderr.contains("--merge"), "{ran:?}");
    assert_eq!(place.files(), now, "it was only shown");
    place.must(&["undo", "--merge"]);
    let mut expected = before();
    expected.insert("changed.txt".to_owned(), "one\r\ntwo é\r\nthree\r\nmine\r\n".to_owned());
    assert_eq!(place.files(), expected);
    place.must(&["redo"]);
    assert_eq!(place.files(), now);
}

#[test]
fn conflicts_are_shown_and_written_only_when_asked() {
    let place = place();
    place.apply();
    place.write("changed.txt", "one\r\nmine\r\nthree\r\nfour\r\n");
    let now = place.files();
    for arguments in [&["undo"][..], &["undo", "--merge"]] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, code(&ran).as_str()), (Some(1), "changed-since"), "{ran:?}");
        assert!(ran.stdout.contains("<<<<<<< as it is now"), "{ran:?}");
        assert_eq!(place.files(), now);
    }
    let refused = place.run(&["undo", "--json"]).json();
    assert_eq!(
        (refused["status"].as_str(), refused["files"][0]["how"].as_str()),
        (Some("refused"), Some("conflict"))
    );
    place.must(&["undo", "--merge", "--conflicts"]);
    let marked =
        "one\r\n<<<<<<< as it is now\r\nmine\r\n=======\r\ntwo é\r\n>>>>>>> before o1\r\nthree\r\nfour\r\n";
    assert_eq!(place.files()["changed.txt"], marked);
    assert_eq!(place.files()["gone.txt"], "bye");
}

#[test]
fn a_created_file_that_the_user_wrote_into_stays() {
    let place = place();
    place.apply();
    place.write("sub/new.txt", "made\nmine\n");
    assert_eq!(place.run(&["undo"]).code, Some(1));
    place.must(&["undo", "--merge", "--conflicts"]);
    let mut expected = before();
    expected.insert("sub/new.txt".to_owned(), "made\nmine\n".to_owned());
    assert_eq!(place.files(), expected);
}

#[test]
fn what_does_not_exist_is_a_typed_error() {
    let place = place();
    let check = |arguments: &[&str], expected: &str| {
        let ran = place.run(arguments);
        assert_eq!(code(&ran), expected, "{arguments:?}: {ran:?}");
        assert!(matches!(ran.code, Some(1 | 2)) && ran.stderr.contains("hint"), "{ran:?}");
    };
    check(&["undo"], "nothing-to-undo");
    check(&["redo"], "nothing-to-redo");
    check(&["undo", "o7"], "unknown-operation");
    check(&["show", "seven"], "unknown-operation");
    check(&["undo", "--root", "nowhere"], "no-such-folder");
    check(&["sessions", "export", "abc"], "unknown-session");
    check(&["sessions", "forget", "abc"], "unknown-session");
    check(&["sessions", "forget", ""], "unknown-session");
    check(&["sessions", "import", "nowhere.json"], "unreadable-file");
    place.apply();
    check(&["redo", "o1"], "operation-taken");
    std::fs::create_dir(place.path("other")).unwrap();
    let other = place.path("other");
    check(&["undo", "o1", "--root", other.to_str().unwrap()], "other-workspace");
    check(&["show", "o1", "--root", other.to_str().unwrap()], "other-workspace");
    place.write("sessions.json", "{}");
    check(&["sessions", "import", "sessions.json"], "session-invalid");
}

#[test]
fn a_journal_that_is_none_is_told_and_apply_works_without() {
    let place = place();
    std::fs::write(place.path("state"), "a file in the way").unwrap();
    let ran = place.run(&["log"]);
    assert_eq!((ran.code, code(&ran).as_str()), (Some(1), "no-journal"), "{ran:?}");
    place.apply();
    assert_eq!(place.files(), after());
}

#[test]
fn nothing_shown_drives_a_terminal() {
    let reply =
        "*** Begin Patch\n*** Update File: ab.txt\n@@\n-x\n+\x1b]0;title\x07\x1b[2J\u{202e}\n*** End Patch\n";
    let place = Place::new(&[("ab.txt", "x\n")], "apply-patch", reply);
    place.must(&["edit", "--yes", "say \x1b[31m\u{202e}it", "ab.txt"]);
    for arguments in [&["log"][..], &["show", "o1"], &["undo", "--json"], &["redo"], &["undo"], &["sessions"]]
    {
        let ran = place.must(arguments);
        let said = ran.stdout + &ran.stderr;
        let obeyed =
            |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{202e}' && arguments.len() == 1;
        assert!(!said.contains(obeyed), "{arguments:?}: {said:?}");
    }
    assert!(place.must(&["show", "o1"]).stdout.contains("\\u{1b}[2J"));
}

#[test]
fn git_is_never_touched() {
    let place = place();
    place.write(".git/index", "mine");
    place.apply();
    place.must(&["undo"]);
    place.must(&["redo"]);
    let git: Vec<_> = std::fs::read_dir(place.workspace().join(".git")).unwrap().collect();
    assert_eq!((git.len(), place.files()[".git/index"].as_str()), (1, "mine"));
}

#[test]
fn a_session_goes_to_another_workspace() {
    let place = place();
    place.apply();
    let sessions = place.must(&["sessions", "list", "--json"]).json();
    let id = sessions["sessions"][0]["id"].as_str().unwrap();
    let exported = place.must(&["sessions", "export", &id[..8]]).stdout;
    std::fs::write(place.path("session.json"), &exported).unwrap();
    std::fs::create_dir(place.path("other")).unwrap();
    let (file, other) = (place.path("session.json"), place.path("other"));
    let (file, other) = (file.to_str().unwrap(), other.to_str().unwrap());
    let imported = place.must(&["sessions", "import", file, "--root", other, "--json"]).json();
    assert_eq!(imported["operations"], 1);
    let log = place.must(&["log", "--root", other, "--json"]).json();
    assert_eq!(log["operations"].as_array().unwrap().len(), 1);
    place.must(&["sessions", "expire", "--days", "0"]);
}

/// What `tenon sessions --json` lists, last used first.
fn sessions(place: &Place) -> Vec<serde_json::Value> {
    place.must(&["sessions", "--json"]).json()["sessions"].as_array().unwrap().clone()
}

/// Another process of this user that opened the journal.
fn other_process(place: &Place) -> Records {
    Journal::open(&place.path("state"), system_clock()).unwrap().records().unwrap()
}

/// The session that it holds from now on.
fn taken(records: &Records, place: &Place, door: FrontDoor) -> String {
    let root = place.workspace().canonicalize().unwrap();
    let resumed = records.resume(root.to_str().unwrap(), door);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(resumed).unwrap().session
}

#[test]
fn a_session_is_forgotten_unless_somebody_works_in_it() {
    let place = place();
    place.apply();
    let id = sessions(&place)[0]["id"].as_str().unwrap().to_owned();
    let other = other_process(&place);
    assert_eq!(taken(&other, &place, FrontDoor::Terminal), id);
    let ran = place.run(&["sessions", "forget", &id[..8]]);
    assert_eq!((ran.code, code(&ran).as_str()), (Some(2), "session-held"), "{ran:?}");
    assert!(ran.stderr.contains("close the editor"), "{ran:?}");
    assert_eq!(place.operations().len(), 1);
    drop(other);
    let gone = place.must(&["sessions", "forget", &id[..8], "--json"]).json();
    assert_eq!((gone["status"].as_str(), gone["operations"].as_u64()), (Some("forgotten"), Some(1)));
    assert!(sessions(&place).is_empty() && place.operations().is_empty());
    assert_eq!(code(&place.run(&["undo", "o1"])), "unknown-operation");
    assert_eq!(code(&place.run(&["sessions", "forget", &id])), "unknown-session");
    assert_eq!(place.files(), after(), "only the record of it went");
}

#[test]
fn a_command_leaves_an_editors_session_alone_and_an_editor_a_commands() {
    let place = place();
    place.must(&["sessions"]);
    let editor = other_process(&place);
    let editors = taken(&editor, &place, FrontDoor::Editor);
    drop(editor);
    place.must(&["edit", "--yes", "do it", "changed.txt", "gone.txt", "old.txt"]);
    place.must(&["undo"]);
    let all = sessions(&place);
    let doors: Vec<_> =
        all.iter().map(|one| (one["door"].as_str().unwrap(), one["operations"].as_u64().unwrap())).collect();
    assert_eq!(doors, [("terminal", 1), ("editor", 0)]);
    let commands = all[0]["id"].as_str().unwrap();
    let again = other_process(&place);
    assert_eq!(taken(&again, &place, FrontDoor::Editor), editors);
    assert_ne!(taken(&again, &place, FrontDoor::Editor), commands);
}
