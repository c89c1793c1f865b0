//! Undo and redo of what was accepted.

use serde_json::json;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

#[tokio::test]
async fn across_files_and_after_typing_elsewhere() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let (a, b) = (session.open("a.rs", TEXT), session.open("b.rs", TEXT));
        session.propose(&a, &(block("a.rs", "one\n", "1\n") + &block("b.rs", "two\n", "2\n"))).await;
        session.accept(json!({})).await;
        session.editor.replace(&a, "five", "5");
        session.undo().await;
        assert_eq!(
            (session.editor.text(&a).as_str(), session.editor.text(&b).as_str()),
            ("one\ntwo\nthree\nfour\n5\n", TEXT),
            "{peer:?}"
        );
        session.editor.replace(&b, "four", "4");
        session.redo().await;
        assert_eq!(session.editor.text(&a), "1\ntwo\nthree\nfour\n5\n");
        assert_eq!(session.editor.text(&b), "one\n2\nthree\n4\nfive\n");
        session.finish().await;
    }
}

#[tokio::test]
async fn after_typing_inside_it_is_refused() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "ein\n")).await;
    session.accept(json!({})).await;
    session.editor.replace(&uri, "ein", "e i n");
    assert_eq!(session.refusal("tenon.undo", json!({})).await, "changed-since");
    session.editor.replace(&uri, "e i n", "ein");
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    session.finish().await;
}

#[tokio::test]
async fn after_close_and_reopen() {
    let session = Session::start(Peer::Helix).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    let saved = session.editor.text(&uri);
    session.editor.close(&uri);
    session.open("a.rs", &format!("zero\n{saved}"));
    session.undo().await;
    assert_eq!(session.editor.text(&uri), format!("zero\n{TEXT}"));
    session.finish().await;
}

#[tokio::test]
async fn hunk_by_hunk_the_last_undone_is_redone_first() {
    let session = Session::start(Peer::Helix).await;
    let uri = session.open("a.rs", TEXT);
    let first = session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    session.propose(&uri, &block("a.rs", "five\n", "5\n")).await;
    session.accept(json!({})).await;
    session.run("tenon.undo", json!({"proposal": first})).await;
    session.event("undone").await;
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    session.redo().await;
    assert_eq!(session.editor.text(&uri), "one\ntwo\nthree\nfour\n5\n");
    session.finish().await;
}

#[tokio::test]
async fn a_change_that_was_there_already_is_no_step() {
    let session = Session::start(Peer::Helix).await;
    let uri = session.open("a.rs", TEXT);
    session.write("b.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    let other = session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.editor.replace(&uri, "two", "2");
    session.status().await;
    let accepted = session.command("tenon.accept", json!({"proposal": other})).await;
    assert!(accepted.is_ok());
    session.undo().await;
    assert_eq!(session.editor.text(&uri), "one\n2\nthree\nfour\nfive\n");
    session.finish().await;
}

#[tokio::test]
async fn a_created_file_goes_and_comes_back() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        let new = session.uri("sub/new.rs");
        session.propose(&uri, &block("sub/new.rs", "", "fn n() {}\n")).await;
        session.accept(json!({})).await;
        session.compare().await;
        session.undo().await;
        let gone = session.editor.document(&new).is_none_or(|document| document.text.is_empty());
        assert!(gone, "{peer:?}");
        if peer != Peer::Emacs {
            session.redo().await;
            assert_eq!(session.text("sub/new.rs").as_deref(), Some("fn n() {}\n"), "{peer:?}");
            if session.editor.document(&new).is_none() {
                session.open("sub/new.rs", "fn n() {}\n");
            }
            session.editor.replace(&new, "n()", "m()");
            assert_eq!(session.refusal("tenon.undo", json!({})).await, "changed-since");
        }
        session.finish().await;
    }
}
