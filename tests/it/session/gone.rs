//! Files that are deleted and renamed: with the editor's own operations, and back again.

use std::path::Path;

use serde_json::json;
use tenon::model::scripted::Step;

use crate::support::client::Peer;
use crate::support::session::{Session, able, patch};

const TEXT: &str = "one\ntwo\n";

#[tokio::test]
async fn a_closed_file_is_deleted_and_comes_back() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        let a = session.open("a.rs", TEXT);
        session.write("b.rs", TEXT);
        let b = session.uri("b.rs");
        let reply = patch("*** Update File: b.rs\n@@\n-one\n+1\n two\n");
        session.propose(&b, &reply).await;
        session.run("tenon.reject", json!({})).await;
        session.propose(&b, &patch("*** Delete File: b.rs\n")).await;
        let shown = session.run("tenon.show", json!({})).await;
        assert_eq!(shown["diff"], "--- a/b.rs\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n");
        session.accept(json!({})).await;
        assert_eq!(session.read("b.rs"), None, "{peer:?}");
        session.undo().await;
        assert_eq!(session.read("b.rs").as_deref(), Some(TEXT), "{peer:?}");
        assert_eq!(session.editor.text(&a), TEXT);
        session.redo().await;
        assert_eq!(session.read("b.rs"), None, "{peer:?}");
        session.finish().await;
    }
}

#[tokio::test]
async fn an_open_file_is_deleted_with_an_edit_of_another_and_both_come_back() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        let (a, b) = (session.open("a.rs", TEXT), session.open("b.rs", TEXT));
        let reply = patch("*** Delete File: b.rs\n*** Update File: a.rs\n@@\n-one\n+1\n two\n");
        // Only what was shown can be deleted: the other open file is.
        session.propose(&a, &reply).await;
        session.accept(json!({})).await;
        assert_eq!(session.read("b.rs"), None, "{peer:?}");
        assert!(session.editor.document(&b).is_none(), "{peer:?}");
        assert_eq!(session.editor.text(&a), "1\ntwo\n");
        session.undo().await;
        assert_eq!(session.read("b.rs").as_deref(), Some(TEXT), "{peer:?}");
        assert_eq!(session.editor.text(&a), TEXT);
        session.compare().await;
        session.finish().await;
    }
}

#[tokio::test]
async fn a_renamed_file_takes_its_changes_along_and_goes_back() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        let a = session.open("a.rs", TEXT);
        let to = session.uri("sub/b.rs");
        let reply = patch("*** Update File: a.rs\n*** Move to: sub/b.rs\n@@\n-one\n+1\n two\n");
        session.propose(&a, &reply).await;
        let shown = session.run("tenon.show", json!({})).await;
        assert!(
            shown["diff"].as_str().unwrap().starts_with("rename from a.rs\nrename to sub/b.rs\n"),
            "{shown}"
        );
        // Typed meanwhile: it goes along.
        session.editor.replace(&a, "two", "zwei");
        session.accept(json!({})).await;
        assert!(session.editor.document(&a).is_none(), "{peer:?}");
        assert_eq!(session.editor.text(&to), "1\nzwei\n", "{peer:?}");
        assert_eq!(session.read("a.rs"), None);
        session.compare().await;
        session.editor.replace(&to, "zwei", "2");
        session.undo().await;
        assert_eq!(session.editor.text(&a), "one\n2\n", "{peer:?}");
        assert!(session.editor.document(&to).is_none(), "{peer:?}");
        session.redo().await;
        assert_eq!(session.editor.text(&to), "1\n2\n", "{peer:?}");
        session.finish().await;
    }
}

#[tokio::test]
async fn a_closed_file_is_renamed() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        session.write("a.rs", TEXT);
        let a = session.uri("a.rs");
        session.propose(&a, &patch("*** Update File: a.rs\n*** Move to: b.rs\n")).await;
        session.accept(json!({})).await;
        assert_eq!((session.read("a.rs"), session.read("b.rs").as_deref()), (None, Some(TEXT)), "{peer:?}");
        session.undo().await;
        assert_eq!((session.read("a.rs").as_deref(), session.read("b.rs")), (Some(TEXT), None), "{peer:?}");
        session.finish().await;
    }
}

#[tokio::test]
async fn what_was_typed_or_made_meanwhile_stays() {
    let session = Session::with_patches(Peer::VsCode).await;
    let a = session.open("a.rs", TEXT);
    session.propose(&a, &patch("*** Delete File: a.rs\n")).await;
    session.editor.replace(&a, "two", "mine");
    assert_eq!(session.refusal("tenon.accept", json!({})).await, "stale-proposal");
    session.editor.replace(&a, "mine", "two");
    let id = session.propose(&a, &patch("*** Update File: a.rs\n*** Move to: b.rs\n")).await;
    session.write("b.rs", "mine\n");
    session.run("tenon.accept", json!({"proposal": id})).await;
    assert_eq!(session.failure().await, "file-exists");
    assert_eq!(session.state_of(&id).await, "proposed");
    assert_eq!(session.editor.n_applied(), 0);
    assert_eq!(session.read("b.rs").as_deref(), Some("mine\n"));
    // A file that is not open.
    session.write("c.rs", TEXT);
    let c = session.uri("c.rs");
    let id = session.propose(&c, &patch("*** Delete File: c.rs\n")).await;
    session.write("c.rs", "mine\n");
    session.run("tenon.accept", json!({"proposal": id})).await;
    assert_eq!(session.failure().await, "stale-proposal");
    assert_eq!(session.read("c.rs").as_deref(), Some("mine\n"));
    session.finish().await;
}

#[tokio::test]
async fn an_editor_without_these_operations_is_asked_for_none() {
    let session = Session::with_patches(Peer::Emacs).await;
    let a = session.open("a.rs", TEXT);
    for sections in ["*** Delete File: a.rs\n", "*** Update File: a.rs\n*** Move to: b.rs\n"] {
        let id = session.propose(&a, &patch(sections)).await;
        let refusal = session.refusal("tenon.accept", json!({"proposal": id})).await;
        assert_eq!(refusal, "unsupported-operation");
        assert_eq!(session.state_of(&id).await, "proposed");
    }
    assert_eq!(session.editor.n_applied(), 0);
    assert_eq!(session.read("a.rs").as_deref(), Some(TEXT));
    session.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn protected_names_and_links_are_neither_left_nor_reached() {
    let session = Session::with_patches(Peer::VsCode).await;
    let outside = tempfile::tempdir().unwrap();
    let a = session.open("a.rs", TEXT);
    session.write(".vscode/tasks.json", "{}\n");
    let tasks = session.uri(".vscode/tasks.json");
    let link = |to: &Path, name: &str| {
        std::os::unix::fs::symlink(to, session.folder.path().join(name)).unwrap();
    };
    link(outside.path(), "out");
    link(Path::new("a.rs"), "link.rs");
    let linked = session.uri("link.rs");
    let to = |name: &str| format!("*** Update File: a.rs\n*** Move to: {name}\n");
    for (uri, sections, code) in [
        (&a, to(".git/hooks/post-commit"), "protected-path"),
        (&a, to("out/b.rs"), "bad-path"),
        (&a, to("../b.rs"), "bad-path"),
        (&a, to("link.rs"), "file-exists"),
        (&tasks, "*** Delete File: .vscode/tasks.json\n".to_owned(), "protected-path"),
        (&linked, "*** Delete File: link.rs\n".to_owned(), "bad-path"),
    ] {
        for _ in 0..2 {
            session.model.push([Step::text(patch(&sections)), Step::finish()]);
        }
        session.ask(uri).await;
        assert_eq!(session.failure().await, code, "{sections}");
    }
    assert_eq!(session.editor.n_applied(), 0);
    session.finish().await;
}
