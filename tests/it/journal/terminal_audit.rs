//! The audit log: what was done from the terminal is in it, and no text of the user's. And what was written by consent
//! can be taken back, but by nobody who brings the consent along.

use serde_json::{Value, json};

use tenon::assembly::Storage;
use tenon::model::CacheSettings;
use tenon::ports::{FileChange, FileRecord, FrontDoor, NewOperation};
use tenon::text::{DocumentUri, Rope};
use tokio::runtime::Builder;

use super::place::{Place, Ran};

const REPLY: &str = "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+zwei\n*** Add File: .vscode/tasks.json\n\
    +{}\n*** End Patch\n";

fn place() -> Place {
    Place::new(&[("a.txt", "one\ntwo\nthree\nfour\n")], "apply-patch", REPLY)
}

/// Trusts the workspace, and applies the reply by consent.
fn applied_by_consent(place: &Place) {
    place.must(&["trust", "--yes"]);
    let reply = place.path("reply");
    place.must(&["apply", "--allow-protected", ".vscode/tasks.json", reply.to_str().unwrap()]);
}

/// The entries, oldest first: action, subject and detail, the place written as `ROOT`.
fn entries(place: &Place) -> Vec<[String; 3]> {
    let root = place.workspace().canonicalize().unwrap();
    let text =
        |entry: &Value, key: &str| entry[key].as_str().unwrap().replace(root.to_str().unwrap(), "ROOT");
    let told = place.must(&["log", "--audit", "--json", "-n", "1000"]).json();
    let entries = told["entries"].as_array().unwrap().iter().rev();
    entries.map(|entry| ["action", "subject", "detail"].map(|key| text(entry, key))).collect()
}

#[track_caller]
fn check(place: &Place, expected: &[[&str; 3]]) {
    assert_eq!(entries(place), expected);
}

fn is(ran: &Ran, code: &str) -> bool {
    ran.code != Some(0) && (ran.stderr.contains(&format!("error[{code}]")) || ran.stdout.contains(code))
}

#[test]
fn what_was_done_is_in_it() {
    let place = place();
    check(&place, &[]);
    applied_by_consent(&place);
    place.must(&["undo"]);
    place.must(&["redo"]);
    place.must(&["trust", "--revoke"]);
    check(
        &place,
        &[
            ["trusted", "ROOT", ""],
            ["consented", ".vscode/tasks.json", "ROOT"],
            ["applied", "o1", "ROOT"],
            ["undone", "o1", "ROOT"],
            ["redone", "o1", "ROOT"],
            ["revoked", "ROOT", ""],
        ],
    );
    let shown = place.must(&["log", "--audit", "-n", "2"]).stdout;
    assert_eq!(shown.lines().count(), 2);
    assert!(shown.contains("redone       o1"), "{shown}");
    assert_eq!(place.run(&["log", "--audit", "a.txt"]).code, Some(2), "it is of all workspaces");
}

#[test]
fn what_is_refused_or_only_shown_is_not_in_it() {
    let place = place();
    let reply = place.path("reply");
    let reply = reply.to_str().unwrap();
    let refused = place.run(&["apply", reply]);
    assert!(
        is(&refused, "protected-path") && refused.stderr.contains("--allow-protected .vscode/tasks.json")
    );
    place.must(&["sessions", "expire"]);
    assert_eq!(place.run(&["apply", "--allow-protected", ".vscode/tasks.json", reply]).code, Some(2));
    place.must(&["trust", "--show"]);
    assert_eq!(place.run(&["trust", "--revoke"]).code, Some(0));
    check(&place, &[]);
}

#[test]
fn sessions_that_leave_come_and_go_are_in_it() {
    let place = Place::new(&[("a.txt", "one\n")], "search-replace", "");
    std::fs::write(
        place.path("reply"),
        "a.txt\n<<<<<<< SEARCH\none\n=======\nsecret words\n>>>>>>> REPLACE\n",
    )
    .unwrap();
    place.apply();
    let sessions = place.must(&["sessions", "--json"]).json();
    let id = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let exported = place.must(&["sessions", "export", &id]).stdout;
    std::fs::write(place.path("s.json"), exported).unwrap();
    let imported = place.must(&["sessions", "import", "../s.json", "--json"]).json();
    let new = imported["session"].as_str().unwrap();
    place.must(&["sessions", "forget", new]);
    place.must(&["sessions", "expire", "--days", "0"]);
    check(
        &place,
        &[
            ["applied", "o1", "ROOT"],
            ["exported", &id, ""],
            ["imported", new, "ROOT"],
            ["forgotten", new, "1 operation(s), 0 proposal(s)"],
            ["expired", "1 session(s)", ""],
        ],
    );
    let whole = place.must(&["log", "--audit"]).stdout;
    assert!(!whole.contains("secret words"), "{whole}");
}

/// Before, undo refused the very file that the user had let be written.
#[test]
fn what_was_written_by_consent_is_undone_and_redone() {
    let place = place();
    let before = place.files();
    applied_by_consent(&place);
    let after = place.files();
    assert_eq!(after[".vscode/tasks.json"], "{}\n");
    for _ in 0..2 {
        place.must(&["undo"]);
        assert_eq!(place.files(), before);
        place.must(&["redo"]);
        assert_eq!(place.files(), after);
    }
    place.write("a.txt", "zwei\ntwo\nthree\nmine\n");
    place.must(&["undo", "--merge"]);
    assert!(!place.files().contains_key(".vscode/tasks.json"));
    // The consent was for that change; another one needs its own.
    assert!(is(&place.run(&["apply", place.path("reply").to_str().unwrap()]), "protected-path"));
}

/// An operation from outside is no consent: it would be a way to write what runs.
#[test]
fn a_session_from_outside_brings_no_consent_along() {
    let place = place();
    applied_by_consent(&place);
    let sessions = place.must(&["sessions", "--json"]).json();
    let id = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let exported = place.must(&["sessions", "export", &id]).json();
    std::fs::create_dir(place.path("other")).unwrap();
    for protected in [".vscode/tasks.json", ".VSCODE/tasks.json", "sub/.env"] {
        let text = exported.to_string().replace(".vscode/tasks.json", protected);
        std::fs::write(place.path("s.json"), text).unwrap();
        let ran = place.run(&["sessions", "import", "../s.json", "--root", "../other"]);
        assert!(is(&ran, "session-invalid") && ran.stderr.contains("protected"), "{ran:?}");
    }
    let told = place.must(&["log", "--root", "../other", "--json"]).json();
    assert_eq!(told["operations"], json!([]));
}

/// Leaves an operation behind as a process does that is killed between its two files, the protected one written.
fn interrupted(place: &Place) {
    let file = |path: &str, before: &str, after: &str| FileRecord {
        path: path.to_owned(),
        path_after: None,
        uri: DocumentUri::from_path(&place.workspace().join(path)),
        uri_after: None,
        kind: FileChange::Modified,
        before: Some(Rope::from_str(before)),
        after: Some(Rope::from_str(after)),
    };
    let operation = NewOperation {
        local: 1,
        proposal: String::new(),
        task: String::new(),
        title: "apply reply".to_owned(),
        instruction: String::new(),
        model: String::new(),
        numbers: Vec::new(),
        files: vec![file(".vscode/tasks.json", "old\n", "new\n"), file("a.txt", "one\n", "two\n")],
    };
    place.write(".vscode/tasks.json", "new\n");
    place.write("a.txt", "one\n");
    let (storage, problems) = Storage::open(&place.path("state"), &CacheSettings::default());
    assert_eq!(problems, []);
    let journal = storage.journal();
    let root = place.workspace().canonicalize().unwrap();
    let runtime = Builder::new_current_thread().build().unwrap();
    let session =
        runtime.block_on(journal.resume(root.to_str().unwrap(), FrontDoor::Terminal)).unwrap().session;
    runtime.block_on(journal.prepare(&session, operation)).unwrap();
    storage.close();
}

/// Before, recovery refused the protected file, and the operation was stuck.
#[test]
fn what_was_written_by_consent_is_rolled_back_after_a_crash() {
    let place = Place::new(&[], "search-replace", "");
    place.run(&["log"]);
    interrupted(&place);
    let ran = place.run(&["undo"]);
    assert!(ran.stderr.contains("note[recovered]") && ran.code == Some(0), "{ran:?}");
    assert!(ran.stderr.ends_with("o1 was interrupted and is rolled back.\n"), "{ran:?}");
    let files = place.files();
    assert_eq!((files[".vscode/tasks.json"].as_str(), files["a.txt"].as_str()), ("old\n", "one\n"));
    assert_eq!(place.operations()[0]["state"], "rolled-back");
    check(&place, &[]);
}
