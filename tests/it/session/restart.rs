//! A server that ends and begins again: what was pending, done or under way is there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::client::Peer;
use crate::support::journal::Disk;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

async fn begin() -> (Session, Arc<Disk>) {
    let journal = Arc::new(Disk::default());
    let folder = tempfile::tempdir().unwrap();
    (Session::kept(Peer::Neovim, folder, Arc::clone(&journal) as _).await, journal)
}

async fn restart(session: Session, journal: &Arc<Disk>) -> Session {
    let folder = session.leave().await;
    Session::kept(Peer::Neovim, folder, Arc::clone(journal) as _).await
}

async fn states(session: &Session) -> Vec<String> {
    let history = session.run("tenon.history", json!({})).await;
    let operations = history["operations"].as_array().unwrap().clone();
    operations.into_iter().map(|operation| operation["state"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_review_goes_on_in_its_middle() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    let reply =
        block("a.rs", "one\n", "1\n") + &block("a.rs", "three\n", "3\n") + &block("a.rs", "five\n", "5\n");
    let id = session.propose(&uri, &reply).await;
    session.accept(json!({"hunk": 0})).await;
    session.run("tenon.reject", json!({"hunk": 1})).await;
    let saved = session.editor.text(&uri);
    let session = restart(session, &journal).await;
    assert_eq!(session.state_of(&id).await, "proposed");
    // Typed in another editor meanwhile.
    let uri = session.open("a.rs", &format!("zero\n{saved}"));
    let is_marked = |message: &Value| {
        message["params"]["diagnostics"]
            .as_array()
            .is_some_and(|marks| marks.len() == 1 && marks[0]["range"]["start"]["line"] == 5)
    };
    session.editor.client.expect_where("the mark of the last hunk", is_marked).await;
    session.accept(json!({})).await;
    assert_eq!(session.editor.text(&uri), "zero\n1\ntwo\nthree\nfour\n5\n");
    session.undo().await;
    session.undo().await;
    assert_eq!(session.editor.text(&uri), format!("zero\n{TEXT}"));
    assert_eq!(session.propose(&uri, &block("a.rs", "two\n", "2\n")).await, "p2");
    session.finish().await;
}

#[tokio::test]
async fn any_step_is_undone_after_a_restart() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    for (old, new) in [("one\n", "1\n"), ("two\n", "2\n")] {
        session.propose(&uri, &block("a.rs", old, new)).await;
        session.accept(json!({})).await;
    }
    let saved = session.editor.text(&uri);
    let session = restart(session, &journal).await;
    let uri = session.open("a.rs", &saved);
    let answer = session.run("tenon.undo", json!({"operation": "o1"})).await;
    assert_eq!(answer["undone"], "p1");
    session.event("undone").await;
    session.editor.flush();
    assert_eq!(session.editor.text(&uri), "one\n2\nthree\nfour\nfive\n");
    assert_eq!(states(&session).await, ["applied", "undone"]);
    let session = restart(session, &journal).await;
    let uri = session.open("a.rs", "one\n2\nthree\nfour\nfive\n");
    session.redo().await;
    assert_eq!(session.editor.text(&uri), saved);
    session.finish().await;
}

/// Kills the server when an edit was made and before that was written down; `on_disk` is what the user saved.
async fn killed(on_disk: &str, expected: &str, after_undo: Option<&str>) {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    let id = session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    journal.settles_never.store(true, Ordering::SeqCst);
    session.run("tenon.accept", json!({})).await;
    session.editor.wait_text(&uri, "1\ntwo\nthree\nfour\nfive\n").await;
    session.status().await;
    let told = session.editor.client.claim(|message| message["params"]["kind"] == "applied");
    assert!(told.is_none(), "nothing is told that is not kept");
    journal.settles_never.store(false, Ordering::SeqCst);
    session.write("a.rs", on_disk);
    let session = restart(session, &journal).await;
    assert_eq!(states(&session).await, [expected]);
    let uri = session.open("a.rs", on_disk);
    match after_undo {
        Some(text) => {
            session.undo().await;
            assert_eq!(session.editor.text(&uri), text);
        }
        None => assert_eq!(session.refusal("tenon.undo", json!({})).await, "nothing-to-undo"),
    }
    if expected == "rolled-back" {
        assert_eq!(session.state_of(&id).await, "proposed");
        session.accept(json!({})).await;
    }
    session.finish().await;
}

#[tokio::test]
async fn what_was_under_way_is_judged_by_the_text() {
    killed("1\ntwo\nthree\nfour\nfive\n", "applied", Some(TEXT)).await;
    killed(TEXT, "rolled-back", None).await;
    killed("something else\n", "interrupted", None).await;
}

#[tokio::test]
async fn a_journal_that_fails_is_told_once_and_work_goes_on() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    session.status().await;
    journal.fails.store(true, Ordering::SeqCst);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    let is_warning = |message: &Value| {
        message["method"] == "window/showMessage"
            && message["params"]["message"].as_str().is_some_and(|text| text.contains("may not survive"))
    };
    assert!(session.editor.client.claim(is_warning).is_some());
    assert!(session.editor.client.claim(is_warning).is_none());
    session.finish().await;
}

#[tokio::test]
async fn where_the_text_changed_since_a_merge_is_proposed() {
    let (session, _journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &(block("a.rs", "one\n", "1\n") + &block("a.rs", "five\n", "5\n"))).await;
    session.accept(json!({})).await;
    session.editor.replace(&uri, "5\n", "V\n");
    assert_eq!(session.refusal("tenon.undo", json!({})).await, "changed-since");
    let answer = session.run("tenon.undo", json!({"merge": true})).await;
    assert_eq!(answer["conflicts"], 1, "{answer}");
    let id = session.proposal().await;
    assert_eq!(answer["proposal"], id.as_str());
    session.accept(json!({"proposal": id})).await;
    assert_eq!(
        session.editor.text(&uri),
        "one\ntwo\nthree\nfour\n<<<<<<< as it is\nV\n=======\nfive\n>>>>>>> without o1\n"
    );
    session.finish().await;
}
