//! A session goes out and comes in the same; one that was tampered with does not come in.

use serde_json::{Value, json};

use super::super::{Journal as File, Records, blobs, block_on, system_clock};
use crate::ports::{
    BaseFile, DecisionRecord, FileChange, FileRecord, FrontDoor, Journal as _, NewOperation, OperationQuery,
    ProposalRecord, ProposalStanding, Settlement, StepRecord, TaskRecord,
};
use crate::text::{DocumentUri, Rope, hex};

struct Place {
    _dir: tempfile::TempDir,
    records: Records,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let records = File::open(dir.path(), system_clock()).unwrap().records().unwrap();
        Self { _dir: dir, records }
    }

    fn import(&self, exported: Value) -> Result<Value, &'static str> {
        let imported = block_on(self.records.import("/new place", exported));
        let imported = imported.map_err(|problem| problem.code)?;
        Ok(block_on(self.records.export(&imported.session)).unwrap())
    }
}

fn exported() -> Value {
    let place = Place::new();
    let records = &place.records;
    let session = block_on(records.resume("/w", FrontDoor::Editor)).unwrap().session;
    let text = |text: &str| text.to_owned();
    let uri = DocumentUri::new("file:///w/src/a.rs");
    let task = TaskRecord { task: text("t1"), kind: text("edit"), title: text("T"), instruction: text("I") };
    block_on(records.record_task(&session, task)).unwrap();
    let step = StepRecord { task: text("t1"), stage: text("asking"), detail: text("D") };
    block_on(records.record_step(&session, step)).unwrap();
    let base = Some(Rope::from_str("one\n"));
    let proposal = ProposalRecord {
        id: text("p1"),
        task: text("t1"),
        title: text("T"),
        instruction: text("I"),
        model: text("coder"),
        role: text("edit"),
        target: uri.clone(),
        files: vec![BaseFile { path: text("src/a.rs"), uri: uri.clone(), base: base.clone() }],
        body: json!({"files": [{"to": "src/b.rs", "uri": "file:///w/src/b.rs"}], "text": "../.."})
            .to_string(),
        n_hunks: 1,
        standing: ProposalStanding::Proposed,
    };
    block_on(records.propose(&session, proposal)).unwrap();
    let decisions = vec![DecisionRecord { number: 0, decision: text("accepted") }];
    let standing = ProposalStanding::Applied;
    block_on(records.update_proposal(&session, "p1", standing, None, decisions)).unwrap();
    let file = FileRecord {
        path: text("src/a.rs"),
        path_after: Some(text("src/b.rs")),
        uri,
        uri_after: Some(DocumentUri::new("file:///w/src/b.rs")),
        kind: FileChange::Renamed,
        before: base,
        after: Some(Rope::from_str("two\n")),
    };
    let operation = NewOperation {
        local: 1,
        proposal: text("p1"),
        task: text("t1"),
        title: text("T"),
        instruction: text("I"),
        model: text("coder"),
        numbers: vec![0],
        files: vec![file],
    };
    let number = block_on(records.prepare(&session, operation)).unwrap();
    block_on(records.settle(&session, number, Settlement::Applied, None)).unwrap();
    block_on(records.export(&session)).unwrap()
}

#[test]
fn a_session_goes_out_and_comes_in() {
    let exported = exported();
    assert_eq!(exported["texts"].as_object().unwrap().len(), 2);
    let place = Place::new();
    let again = place.import(exported.clone()).unwrap();
    let moved = exported
        .to_string()
        .replace("file:///w/", "file:///new%20place/")
        .replace("\"/w\"", "\"/new place\"");
    assert_eq!(again, serde_json::from_str::<Value>(&moved).unwrap());
    // Nobody works in it: anybody may have written it.
    for door in [FrontDoor::Editor, FrontDoor::Terminal] {
        let resumed = block_on(place.records.resume("/new place", door)).unwrap();
        assert!(!resumed.again && resumed.operations.is_empty() && resumed.proposals.is_empty());
    }
    let query = OperationQuery { root: Some("/new place".to_owned()), limit: 9, ..OperationQuery::default() };
    let listed = block_on(place.records.operations(query)).unwrap();
    assert_eq!(listed.iter().map(|operation| operation.head.imported).collect::<Vec<_>>(), [true]);
}

/// Each reference was hashed and sealed anew, for minutes; and whoever goes through the records reads every one.
#[test]
fn texts_that_are_named_again_and_again_are_bounded() {
    let mut session = exported();
    let text = "x".repeat(1 << 20);
    let name = hex(&blobs::hash(text.as_bytes()));
    session["texts"][&name] = json!(text);
    let file = json!({"path": "src/a.rs", "path_after": null, "uri": "file:///w/src/a.rs", "uri_after": null,
        "kind": "modified", "before": name, "after": name});
    session["operations"][0]["files"] = json!(vec![file.clone(); 100]);
    let place = Place::new();
    let again = place.import(session.clone()).unwrap();
    assert_eq!(again["operations"][0]["files"][99]["after"], json!(name));
    session["operations"][0]["files"] = json!(vec![file; 128]);
    assert_eq!(Place::new().import(session), Err("session-invalid"));
}

#[test]
fn what_decides_what_runs_is_not_imported() {
    for path in [".git/config", ".vscode/tasks.json", "sub/.env", ".tenon.toml", "src/.GIT/hooks/x"] {
        let moved = |text: &str| text.replace("src/a.rs", path).replace("src/b.rs", path);
        let session = serde_json::from_str(&moved(&exported().to_string())).unwrap();
        assert_eq!(Place::new().import(session), Err("session-invalid"), "{path}");
    }
}

#[test]
fn what_a_body_shows_is_what_it_changes() {
    check("/proposals/0/body/files/0/to", json!("docs/README.md"));
    check("/proposals/0/body/files/0", json!({"path": "docs/README.md", "uri": "file:///w/src/b.rs"}));
    check("/proposals/0/body/files/0", json!({"path": "src/b.rs", "uri": 1}));
}

/// With what is at `pointer` replaced, it is refused and nothing of it is kept.
#[track_caller]
fn check(pointer: &str, value: Value) {
    let mut session = exported();
    *session.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    let place = Place::new();
    assert_eq!(place.import(session), Err("session-invalid"), "{pointer}");
    assert!(block_on(place.records.sessions(None)).unwrap().is_empty(), "{pointer}");
}

#[test]
fn paths_that_leave_the_root_are_refused() {
    for path in ["../a", "/etc/passwd", "src/../../a", "", "a//b", "./a", "a\\b", "C:/a", "a\0b", "a\nb"] {
        check("/operations/0/files/0/path", json!(path));
        check("/operations/0/files/0/path_after", json!(path));
        check("/proposals/0/files/0/path", json!(path));
        check("/proposals/0/body/files/0/to", json!(path));
    }
    // A path and its document are one.
    check("/operations/0/files/0/path", json!("src/other.rs"));
    for uri in
        ["file:///etc/passwd", "file:///w/../etc/passwd", "file:///w/%2e%2e/x", "untitled:x", "file:///w"]
    {
        check("/operations/0/files/0/uri", json!(uri));
        check("/operations/0/files/0/uri_after", json!(uri));
        check("/proposals/0/target", json!(uri));
        check("/proposals/0/body/files/0/uri", json!(uri));
    }
}

#[test]
fn texts_without_their_hash_are_refused() {
    let mut session = exported();
    let name = session["texts"].as_object().unwrap().keys().next().unwrap().clone();
    check(&format!("/texts/{name}"), json!("another text"));
    check("/operations/0/files/0/after", json!("0".repeat(64)));
    check("/proposals/0/files/0/base", json!("short"));
    session["texts"].as_object_mut().unwrap().remove(&name);
    assert_eq!(Place::new().import(session), Err("session-invalid"));
}

#[test]
fn what_is_not_our_form_is_refused() {
    for value in [json!(null), json!([]), json!({}), json!("x"), json!({"tenon_session": 1})] {
        assert_eq!(Place::new().import(value), Err("session-invalid"));
    }
    check("/tenon_session", json!(2));
    check("/operations/0/state", json!("dreaming"));
    check("/operations/0/files/0/kind", json!("copied"));
    check("/operations/0/local", json!(-1));
    check("/proposals/0/standing", json!("loved"));
    check("/proposals/0/id", json!("p1\u{1b}[2J"));
    check("/decisions/0/proposal", json!("p9"));
    check("/tasks/0/title", json!("x".repeat((4 << 20) + 1)));
    check("/steps", json!(vec![json!({"task": "t", "stage": "s", "detail": ""}); 20_001]));
    let twice = exported()["proposals"][0].clone();
    check("/proposals", json!([twice, twice]));
    let mut more = exported();
    more["surprise"] = json!(1);
    assert_eq!(Place::new().import(more), Err("session-invalid"));
}

#[test]
fn what_is_wrong_is_named() {
    let check = |pointer: &str, wrong: &str| {
        let mut session = exported();
        *session.pointer_mut(pointer).unwrap() = json!(wrong);
        let problem = block_on(Place::new().records.import("/to", session)).unwrap_err();
        assert!(problem.message.contains(wrong), "{pointer}: {problem:?}");
    };
    check("/operations/0/files/0/path", "../out.rs");
    check("/operations/0/files/0/path", ".git/config");
    check("/operations/0/files/0/uri", "file:///elsewhere/a.rs");
    check("/operations/0/state", "finished");
}
