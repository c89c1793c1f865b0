//! Deletions and renames that a keystroke overtakes, or that happen for some files only: no text is lost.

use serde_json::json;

use crate::support::client::Peer;
use crate::support::session::{Session, able, patch};

const TEXT: &str = "one\ntwo\n";
const TYPED: &str = "one\nmine\n";

/// Types a little first, so that no version is zero: one editor never checks that.
fn open(session: &Session, name: &str) -> String {
    let uri = session.open(name, "one\nzwei\n");
    session.editor.replace(&uri, "zwei", "two");
    uri
}

#[tokio::test]
async fn what_is_typed_just_before_a_deletion_stays() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        let a = open(&session, "a.rs");
        let id = session.propose(&a, &patch("*** Delete File: a.rs\n")).await;
        session.editor.replace_before_apply(&a, "two", "mine");
        session.run("tenon.accept", json!({})).await;
        let code = session.failure().await;
        if peer == Peer::Neovim {
            assert_eq!(code, "overtaken", "{peer:?}");
            session.event("undone").await;
        } else {
            assert_eq!(code, "stale-proposal", "{peer:?}");
            assert!(session.read("a.rs").is_some(), "{peer:?}");
        }
        session.editor.wait_text(&a, TYPED).await;
        assert_eq!(session.state_of(&id).await, "proposed", "{peer:?}");
        session.finish().await;
    }
}

#[tokio::test]
async fn what_is_typed_just_before_a_creation_is_taken_back_stays() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        let a = session.open("a.rs", TEXT);
        session.propose(&a, &patch("*** Add File: n.txt\n+one\n+two\n")).await;
        session.accept(json!({})).await;
        let n = session.uri("n.txt");
        session.editor.replace(&n, "two", "zwei");
        session.editor.replace(&n, "zwei", "two");
        session.editor.replace_before_apply(&n, "two", "mine");
        session.run("tenon.undo", json!({})).await;
        session.failure().await;
        session.editor.wait_text(&n, TYPED).await;
        session.finish().await;
    }
}

#[tokio::test]
async fn what_is_typed_just_before_a_rename_goes_along() {
    for peer in able() {
        for lines in ["", "@@\n-one\n+1\n two\n"] {
            let session = Session::with_patches(peer).await;
            let a = open(&session, "a.rs");
            let to = session.uri("b.rs");
            let sections = format!("*** Update File: a.rs\n*** Move to: b.rs\n{lines}");
            let id = session.propose(&a, &patch(&sections)).await;
            session.editor.replace_before_apply(&a, "two", "two\nmine");
            session.run("tenon.accept", json!({})).await;
            if peer == Peer::Neovim && !lines.is_empty() {
                // It skips the lines and renames all the same: the half is taken back.
                assert_eq!(session.failure().await, "edit-not-applied");
                session.event("undone").await;
                session.editor.wait_text(&a, "one\ntwo\nmine\n").await;
                assert_eq!(session.state_of(&id).await, "proposed");
            } else {
                session.event("applied").await;
                let first = if lines.is_empty() { "one" } else { "1" };
                session.editor.wait_text(&to, &format!("{first}\ntwo\nmine\n")).await;
                session.editor.flush();
                session.undo().await;
                session.editor.wait_text(&a, "one\ntwo\nmine\n").await;
            }
            session.finish().await;
        }
    }
}

#[tokio::test]
async fn the_first_of_two_deletions_comes_back_when_the_second_fails() {
    for peer in able() {
        for is_open in [false, true] {
            let session = Session::with_patches(peer).await;
            let (a, b) = (session.uri("a.rs"), session.uri("b.rs"));
            for (name, uri) in [("a.rs", &a), ("b.rs", &b)] {
                session.write(name, TEXT);
                if is_open {
                    session.editor.open(uri, "rust", TEXT);
                }
            }
            // Only what was shown can be deleted.
            if !is_open {
                session.editor.open(&b, "rust", TEXT);
            }
            let id = session.propose(&a, &patch("*** Delete File: a.rs\n*** Delete File: b.rs\n")).await;
            if !is_open {
                session.editor.close(&b);
            }
            session.editor.fail_operation(&b);
            session.run("tenon.accept", json!({})).await;
            assert_eq!(session.failure().await, "edit-not-applied", "{peer:?}");
            session.event("undone").await;
            session.editor.wait_text(&a, TEXT).await;
            assert_eq!(session.read("b.rs").as_deref(), Some(TEXT));
            assert_eq!(session.state_of(&id).await, "proposed", "{peer:?}");
            session.finish().await;
        }
    }
}

#[tokio::test]
async fn a_deletion_that_cannot_be_taken_back_is_a_step_to_undo() {
    let session = Session::with_patches(Peer::VsCode).await;
    let a = session.open("a.rs", TEXT);
    let b = session.open("b.rs", TEXT);
    session.propose(&a, &patch("*** Delete File: a.rs\n*** Delete File: b.rs\n")).await;
    let path = session.folder.path().join("a.rs");
    let first = std::sync::atomic::AtomicBool::new(true);
    session.editor.client.respond("workspace/applyEdit", move |_| {
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            std::fs::remove_file(&path).unwrap();
        }
        Ok(json!({"applied": false}))
    });
    session.editor.close(&a);
    session.run("tenon.accept", json!({})).await;
    assert_eq!(session.failure().await, "edit-not-applied");
    assert_eq!(session.failure().await, "edit-not-applied");
    // What is not open needs no editor to come back.
    session.undo().await;
    assert_eq!(session.read("a.rs").as_deref(), Some(TEXT));
    assert_eq!(session.read("b.rs").as_deref(), Some(TEXT));
    assert_eq!(session.editor.text(&b), TEXT);
    session.finish().await;
}

#[tokio::test]
async fn a_closed_file_that_was_renamed_goes_back_when_the_rest_fails() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        session.write("a.rs", TEXT);
        let b = session.open("b.rs", TEXT);
        let sections = "*** Update File: a.rs\n*** Move to: c.rs\n*** Delete File: b.rs\n";
        let a = session.uri("a.rs");
        session.propose(&a, &patch(sections)).await;
        session.editor.fail_operation(&b);
        session.run("tenon.accept", json!({})).await;
        assert_eq!(session.failure().await, "edit-not-applied", "{peer:?}");
        session.event("undone").await;
        assert_eq!(session.read("a.rs").as_deref(), Some(TEXT), "{peer:?}");
        assert_eq!(session.read("c.rs"), None, "{peer:?}");
        session.finish().await;
    }
}

#[tokio::test]
async fn what_is_back_is_not_taken_again_and_the_rest_is_a_step_to_undo() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        let uris = ["a.rs", "b.rs", "c.rs"].map(|name| session.open(name, TEXT));
        let sections: String = ["a", "b", "c"].map(|name| format!("*** Delete File: {name}.rs\n")).concat();
        let id = session.propose(&uris[0], &patch(&sections)).await;
        // Two are deleted; then one of them cannot be made again.
        session.editor.fail_operation(&uris[2]);
        session.editor.fail_operation(&uris[1]);
        session.run("tenon.accept", json!({})).await;
        assert_eq!(session.failure().await, "edit-not-applied", "{peer:?}");
        assert_eq!(session.failure().await, "edit-not-applied", "{peer:?}");
        session.editor.wait_text(&uris[0], TEXT).await;
        assert!(session.editor.document(&uris[1]).is_none(), "{peer:?}");
        session.undo().await;
        for name in ["a.rs", "b.rs", "c.rs"] {
            assert_eq!(session.text(name).as_deref(), Some(TEXT), "{peer:?}");
        }
        assert_eq!(session.state_of(&id).await, "proposed", "{peer:?}");
        session.finish().await;
    }
}
