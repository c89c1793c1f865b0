//! Steps of other sessions and of the terminal, named by their numbers; the files that are not open change on the disk.

use std::sync::Arc;

use futures::FutureExt as _;
use serde_json::{Value, json};
use tenon::ports::{FileChange, FileRecord, Journal, MemoryJournal, NewOperation, Settlement};
use tenon::text::{DocumentUri, Rope};

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

/// A session, and the journal in which others write as well.
async fn begin(peer: Peer) -> (Session, MemoryJournal) {
    let journal = MemoryJournal::default();
    let folder = tempfile::tempdir().unwrap();
    let session = Session::kept(peer, folder, Arc::new(journal.clone())).await;
    session.status().await;
    (session, journal)
}

fn file(
    session: &Session,
    path: &str,
    to: Option<&str>,
    before: Option<&str>,
    after: Option<&str>,
) -> FileRecord {
    let uri = |path: &str| DocumentUri::new(session.uri(path));
    let kind = match (to, before, after) {
        (Some(_), ..) => FileChange::Renamed,
        (None, None, _) => FileChange::Created,
        (None, _, None) => FileChange::Deleted,
        (None, Some(_), Some(_)) => FileChange::Modified,
    };
    FileRecord {
        path: path.to_owned(),
        path_after: to.map(str::to_owned),
        uri: uri(path),
        uri_after: to.map(uri),
        kind,
        before: before.map(Rope::from_str),
        after: after.map(Rope::from_str),
    }
}

/// Has a step on record that another process of this workspace made; answers its number.
fn done(journal: &MemoryJournal, root: &str, files: Vec<FileRecord>) -> String {
    let other =
        journal.resume(root, tenon::ports::FrontDoor::default()).now_or_never().unwrap().unwrap().session;
    let new = NewOperation {
        local: 1,
        proposal: "p1".to_owned(),
        task: "t1".to_owned(),
        title: "from the terminal".to_owned(),
        instruction: String::new(),
        model: String::new(),
        numbers: vec![0],
        files,
    };
    let number = journal.prepare(&other, new).now_or_never().unwrap().unwrap();
    journal.settle(&other, number, Settlement::Applied, None).now_or_never().unwrap().unwrap();
    format!("o{number}")
}

fn root(session: &Session) -> String {
    session.folder.path().to_string_lossy().into_owned()
}

async fn undone(session: &Session, operation: &str) {
    assert_eq!(session.run("tenon.undo", json!({"operation": operation})).await["undone"], operation);
    session.event("undone").await;
    session.editor.flush();
}

#[tokio::test]
async fn open_buffers_by_the_editor_and_closed_files_on_the_disk() {
    for peer in Peer::ALL {
        let (session, journal) = begin(peer).await;
        let files = vec![
            file(&session, "open.rs", None, Some(TEXT), Some("1\ntwo\nthree\nfour\nfive\n")),
            file(&session, "closed.rs", None, Some(TEXT), Some("one\n2\nthree\nfour\nfive\n")),
            file(&session, "sub/new.rs", None, None, Some("fn n() {}\n")),
            file(&session, "gone.rs", None, Some("gone\n"), None),
            file(&session, "from.rs", Some("to.rs"), Some("a\n"), Some("b\n")),
        ];
        let operation = done(&journal, &root(&session), files);
        let open = session.open("open.rs", "0\n1\ntwo\nthree\nfour\nfive\n");
        session.write("closed.rs", "one\n2\nthree\nfour\nfive\n");
        session.write("sub/new.rs", "fn n() {}\n");
        session.write("to.rs", "b\n");
        let listed = session.run("tenon.history", json!({"path": "to.rs"})).await;
        assert_eq!(listed["operations"][0]["operation"], operation.as_str());
        assert_eq!(session.refusal("tenon.undo", json!({})).await, "nothing-to-undo", "it was not named");
        undone(&session, &operation).await;
        assert_eq!(session.editor.text(&open), format!("0\n{TEXT}"), "{peer:?}");
        let on_disk = |name: &str| session.read(name);
        assert_eq!(on_disk("closed.rs").as_deref(), Some(TEXT), "{peer:?}");
        assert_eq!((on_disk("sub/new.rs"), on_disk("to.rs")), (None, None), "{peer:?}");
        assert_eq!(
            (on_disk("gone.rs").as_deref(), on_disk("from.rs").as_deref()),
            (Some("gone\n"), Some("a\n"))
        );
        assert_eq!(session.editor.open_documents(), [open.clone()], "{peer:?}");
        session.run("tenon.redo", json!({"operation": operation})).await;
        session.event("applied").await;
        session.editor.flush();
        assert_eq!(session.editor.text(&open), "0\n1\ntwo\nthree\nfour\nfive\n");
        assert_eq!(
            (on_disk("sub/new.rs").as_deref(), on_disk("to.rs").as_deref()),
            (Some("fn n() {}\n"), Some("b\n"))
        );
        assert_eq!((on_disk("gone.rs"), on_disk("from.rs")), (None, None), "{peer:?}");
        session.undo().await;
        assert_eq!(session.editor.text(&open), format!("0\n{TEXT}"), "what was taken last is taken back");
        session.finish().await;
    }
}

#[tokio::test]
async fn what_the_editor_refuses_is_taken_back_on_the_disk() {
    let (session, journal) = begin(Peer::VsCode).await;
    let after = "1\ntwo\nthree\nfour\nfive\n";
    let files = vec![
        file(&session, "open.rs", None, Some(TEXT), Some(after)),
        file(&session, "closed.rs", None, Some(TEXT), Some(after)),
    ];
    let operation = done(&journal, &root(&session), files);
    let open = session.open("open.rs", after);
    session.write("closed.rs", after);
    session.editor.replace_before_apply(&open, "1\n", "eins\n");
    session.run("tenon.undo", json!({"operation": operation})).await;
    session.failure().await;
    session.event("undone").await;
    assert_eq!(session.read("closed.rs").as_deref(), Some(after));
    assert_eq!(session.editor.text(&open), "eins\ntwo\nthree\nfour\nfive\n");
    session.finish().await;
}

#[tokio::test]
async fn its_own_proposals_are_not_those_of_another_session() {
    let (session, journal) = begin(Peer::Helix).await;
    let uri = session.open("a.rs", TEXT);
    let own = session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    session.write("b.rs", "b\n");
    let operation =
        done(&journal, &root(&session), vec![file(&session, "b.rs", None, Some("a\n"), Some("b\n"))]);
    undone(&session, &operation).await;
    assert_eq!(session.read("b.rs").as_deref(), Some("a\n"));
    assert_eq!(session.state_of(&own).await, "applied");
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    session.finish().await;
}

#[tokio::test]
async fn what_another_process_did_meanwhile_counts() {
    let (session, journal) = begin(Peer::Helix).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    session.editor.close(&uri);
    // The terminal takes it back.
    journal.settle("", 1, Settlement::Undone, None).now_or_never().unwrap().unwrap();
    session.write("a.rs", TEXT);
    assert_eq!(session.refusal("tenon.undo", json!({"operation": "o1"})).await, "operation-taken");
    session.run("tenon.redo", json!({"operation": "o1"})).await;
    session.event("applied").await;
    assert_eq!(session.read("a.rs").as_deref(), Some("1\ntwo\nthree\nfour\nfive\n"));
    session.finish().await;
}

#[tokio::test]
async fn protected_files_that_were_consented_to_and_what_is_never_written() {
    let (session, journal) = begin(Peer::Neovim).await;
    let root = root(&session);
    let consented = done(&journal, &root, vec![file(&session, ".env", None, None, Some("A=1\n"))]);
    session.write(".env", "A=1\n");
    undone(&session, &consented).await;
    assert_eq!(session.read(".env"), None);
    let hostile =
        done(&journal, &root, vec![file(&session, ".git/hooks/pre-commit", None, Some("x\n"), None)]);
    let code = session.refusal("tenon.undo", json!({"operation": hostile})).await;
    assert_eq!(code, "protected-path");
    assert_eq!(session.read(".git/hooks/pre-commit"), None);
    session.finish().await;
}

#[tokio::test]
async fn only_steps_of_this_workspace() {
    let (session, journal) = begin(Peer::Neovim).await;
    let elsewhere = done(&journal, "/elsewhere", vec![file(&session, "a.rs", None, None, Some("a\n"))]);
    session.write("a.rs", "a\n");
    let mut outside = file(&session, "a.rs", None, None, Some("a\n"));
    outside.uri = DocumentUri::new("file:///elsewhere/a.rs");
    let outside = done(&journal, &root(&session), vec![outside]);
    for operation in [elsewhere.as_str(), outside.as_str(), "o99"] {
        let refused: Value =
            session.command("tenon.undo", json!({"operation": operation})).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "unknown-operation", "{operation}");
    }
    assert_eq!(session.read("a.rs").as_deref(), Some("a\n"));
    session.finish().await;
}

#[tokio::test]
async fn a_closed_file_that_changed_since_is_merged_in_a_review() {
    for peer in Peer::ALL {
        let (session, journal) = begin(peer).await;
        let after = "1\ntwo\nthree\nfour\n5\n";
        let operation =
            done(&journal, &root(&session), vec![file(&session, "a.rs", None, Some(TEXT), Some(after))]);
        let now = "1\ntwo\nzero\nthree\nfour\nV\n";
        session.write("a.rs", now);
        let refused = session.command("tenon.undo", json!({"operation": operation})).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "changed-since");
        let expected = json!([{
            "path": "a.rs",
            "uri": session.uri("a.rs"),
            "range": {"start": {"line": 5, "character": 0}, "end": {"line": 6, "character": 0}},
            "ours": "V\n", "theirs": "five\n", "base": "5\n", "truncated": false,
        }]);
        let details = &refused["data"]["details"];
        assert_eq!(details, &json!({"conflicts": 1, "places": expected, "mergeable": true}));
        let merge = json!({"operation": operation, "merge": true});
        let offered = session.run("tenon.undo", merge).await;
        assert_eq!((&offered["conflicts"], &offered["places"]), (&json!(1), &expected));
        let id = session.proposal().await;
        assert_eq!(session.read("a.rs").as_deref(), Some(now), "nothing is written without a decision");
        assert_eq!(session.editor.n_applied(), 0);
        session.accept(json!({"proposal": id})).await;
        let merged = "one\ntwo\nzero\nthree\nfour\n<<<<<<< as it is\nV\n=======\nfive\n";
        assert_eq!(
            session.editor.text(&session.uri("a.rs")),
            format!("{merged}>>>>>>> without {operation}\n")
        );
        session.finish().await;
    }
}

#[tokio::test]
async fn conflicts_are_told_in_bounds() {
    let (session, journal) = begin(Peer::VsCode).await;
    let lines = |each: &dyn Fn(usize) -> String| (0..60).map(|n| each(n) + "\nsame\n").collect::<String>();
    let (before, after) = (lines(&|n| format!("b{n}")), lines(&|n| format!("a{n}")));
    let operation =
        done(&journal, &root(&session), vec![file(&session, "a.rs", None, Some(&before), Some(&after))]);
    session.open("a.rs", &lines(&|n| format!("n{n}{}", "\u{e9}".repeat(3_000))));
    let refused = session.command("tenon.undo", json!({"operation": operation})).await.unwrap_err();
    let details = &refused["data"]["details"];
    let places = details["places"].as_array().unwrap();
    assert_eq!((&details["conflicts"], places.len()), (&json!(60), 20));
    assert!(
        places
            .iter()
            .all(|place| place["truncated"] == true && place["ours"].as_str().unwrap().len() <= 2_000)
    );
    session.finish().await;
}
