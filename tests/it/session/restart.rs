//! A server that ends and begins again: what was pending, done or under way is there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tenon::ports::Journal as _;

use crate::support::client::Peer;
use crate::support::journal::Disk;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

async fn begin() -> (Session, Arc<Disk>) {
    begin_in(Peer::Neovim).await
}

async fn begin_in(peer: Peer) -> (Session, Arc<Disk>) {
    let journal = Arc::new(Disk::default());
    let folder = tempfile::tempdir().unwrap();
    (Session::kept(peer, folder, Arc::clone(&journal) as _).await, journal)
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

/// The journal has the texts of the moment at which the editor made the edit, not of the one at which it was sent.
#[tokio::test]
async fn a_step_that_the_editor_moved_is_undone_after_a_restart() {
    let (session, journal) = begin_in(Peer::Zed).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.editor.replace_before_apply(&uri, "one\n", "zero\none\n");
    session.accept(json!({})).await;
    let saved = session.editor.text(&uri);
    let kept = journal.operation(1).await.unwrap().files.swap_remove(0);
    let texts = [kept.before, kept.after].map(|text| text.unwrap().to_string());
    assert_eq!(texts, [format!("zero\n{TEXT}"), saved.clone()]);
    assert_eq!(saved, "zero\none\n2\nthree\nfour\nfive\n");
    let session = restart(session, &journal).await;
    let uri = session.open("a.rs", &saved);
    session.undo().await;
    assert_eq!(session.editor.text(&uri), format!("zero\n{TEXT}"));
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

/// Kills the server when the edit of an undo was sent; `on_disk` is what there is after that.
async fn killed_in_undo(on_disk: &str) -> Session {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    journal.settles_never.store(true, Ordering::SeqCst);
    session.run("tenon.undo", json!({})).await;
    session.editor.wait_text(&uri, TEXT).await;
    session.status().await;
    journal.settles_never.store(false, Ordering::SeqCst);
    session.write("a.rs", on_disk);
    restart(session, &journal).await
}

#[tokio::test]
async fn a_step_stays_one_that_can_be_taken_back_though_its_undo_was_cut_short() {
    let typed = "1\ntwo\nthree\nfour\nfive\nsix\n";
    let session = killed_in_undo(typed).await;
    assert_eq!(states(&session).await, ["applied"]);
    let uri = session.open("a.rs", typed);
    session.undo().await;
    assert_eq!(session.editor.text(&uri), "one\ntwo\nthree\nfour\nfive\nsix\n");
    session.finish().await;

    let undone = "one\ntwo\nthree\nfour\nfive\nsix\n";
    let session = killed_in_undo(undone).await;
    assert_eq!(states(&session).await, ["undone"]);
    let uri = session.open("a.rs", undone);
    session.redo().await;
    assert_eq!(session.editor.text(&uri), typed);
    session.finish().await;

    let other = "uno\ntwo\nthree\nfour\nfive\n";
    let session = killed_in_undo(other).await;
    assert_eq!(states(&session).await, ["applied"]);
    session.open("a.rs", other);
    assert_eq!(session.refusal("tenon.undo", json!({})).await, "changed-since");
    let answer = session.run("tenon.undo", json!({"merge": true})).await;
    assert_eq!(answer["conflicts"], 1, "{answer}");
    session.finish().await;
}

#[tokio::test]
async fn what_arrived_in_part_can_be_taken_back() {
    let (session, journal) = begin().await;
    let (a, b) = (session.open("a.rs", TEXT), session.open("b.rs", TEXT));
    let id = session.propose(&a, &(block("a.rs", "one\n", "1\n") + &block("b.rs", "one\n", "1\n"))).await;
    journal.settles_never.store(true, Ordering::SeqCst);
    session.run("tenon.accept", json!({})).await;
    session.editor.wait_text(&a, "1\ntwo\nthree\nfour\nfive\n").await;
    session.editor.wait_text(&b, "1\ntwo\nthree\nfour\nfive\n").await;
    session.status().await;
    journal.settles_never.store(false, Ordering::SeqCst);
    let saved = session.editor.text(&a);
    session.write("a.rs", &saved);
    session.write("b.rs", TEXT);
    let session = restart(session, &journal).await;
    assert_eq!(states(&session).await, ["applied"]);
    assert_eq!(session.state_of(&id).await, "proposed");
    let a = session.open("a.rs", &saved);
    session.undo().await;
    assert_eq!(session.editor.text(&a), TEXT);
    // The other one was in a buffer, which the editor brings back.
    let b = session.open("b.rs", &saved);
    session.status().await;
    session.status().await;
    assert_eq!(states(&session).await, ["applied", "undone"]);
    session.undo().await;
    assert_eq!(session.editor.text(&b), TEXT);
    session.finish().await;
}

#[tokio::test]
async fn what_was_not_saved_is_found_when_its_document_is_opened() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    let id = session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    journal.settles_never.store(true, Ordering::SeqCst);
    session.run("tenon.accept", json!({})).await;
    session.editor.wait_text(&uri, "1\ntwo\nthree\nfour\nfive\n").await;
    session.status().await;
    journal.settles_never.store(false, Ordering::SeqCst);
    let unsaved = session.editor.text(&uri);
    session.write("a.rs", TEXT);
    let session = restart(session, &journal).await;
    assert_eq!(states(&session).await, ["rolled-back"]);
    assert_eq!(session.state_of(&id).await, "proposed");
    let uri = session.open("a.rs", &unsaved);
    assert_eq!(session.state_of(&id).await, "applied");
    session.status().await;
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    assert_eq!(states(&session).await, ["undone", "rolled-back"]);
    session.finish().await;
}

#[tokio::test]
async fn a_step_whose_end_could_not_be_written_can_still_be_taken() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    journal.settles_fail.store(true, Ordering::SeqCst);
    session.accept(json!({})).await;
    assert_eq!(states(&session).await, ["prepared"]);
    journal.settles_fail.store(false, Ordering::SeqCst);
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    assert_eq!(states(&session).await, ["undone"]);
    // And without the user's doing anything with it.
    journal.settles_fail.store(true, Ordering::SeqCst);
    session.redo().await;
    assert_eq!(states(&session).await, ["redoing"]);
    journal.settles_fail.store(false, Ordering::SeqCst);
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.status().await;
    assert_eq!(states(&session).await, ["applied"]);
    session.finish().await;
}

#[tokio::test]
async fn a_decision_that_could_not_be_written_is_told_again() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    let id = session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    let standing = || journal.memory.proposals()[0].standing;
    journal.fails.store(true, Ordering::SeqCst);
    session.run("tenon.reject", json!({"proposal": id})).await;
    session.status().await;
    assert_eq!(standing(), tenon::ports::ProposalStanding::Proposed);
    journal.fails.store(false, Ordering::SeqCst);
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.status().await;
    assert_eq!(standing(), tenon::ports::ProposalStanding::Rejected);
    // It is said again when it fails again.
    let is_warning = |message: &Value| {
        message["params"]["message"].as_str().is_some_and(|text| text.contains("may not survive"))
    };
    assert!(session.editor.client.claim(is_warning).is_some());
    journal.fails.store(true, Ordering::SeqCst);
    session.run("tenon.reject", json!({})).await;
    session.editor.client.expect_where("the warning", is_warning).await;
    session.finish().await;
}

#[tokio::test]
async fn after_a_restart_a_place_that_is_there_twice_is_not_guessed() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "two\n", "zwei\n")).await;
    session.accept(json!({})).await;
    let session = restart(session, &journal).await;
    let twice = "zwei\none\nzwei\nthree\none\nzwei\nthree\nfour\nfive\n";
    let uri = session.open("a.rs", twice);
    assert_eq!(session.refusal("tenon.undo", json!({})).await, "changed-since");
    assert_eq!(session.editor.text(&uri), twice);
    session.finish().await;
}

#[tokio::test]
async fn a_step_that_another_process_took_is_known_as_it_is_then() {
    let (session, journal) = begin().await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    journal.memory.settle("", 1, tenon::ports::Settlement::Undone, None).await.unwrap();
    session.run("tenon.undo", json!({})).await;
    assert_eq!(session.failure().await, "operation-taken");
    session.status().await;
    // The text has it still, so making it again changes nothing but the record.
    session.redo().await;
    assert_eq!(states(&session).await, ["applied"]);
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    session.finish().await;
}
