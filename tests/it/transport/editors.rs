//! The recorded editors: what they are offered, and how their doubles treat an edit.

use expect_test::{Expect, expect};
use tenon::text::PositionEncoding;

use super::*;
use crate::support::editor::FakeEditor;

async fn check(peer: Peer, encoding: PositionEncoding, resource_operations: bool, expected: &Expect) {
    let (client, mut app) = App::connect().await;
    let result = client.initialize(peer.parameters()).await;
    let Event::Initialized(facts) = app.next().await else { panic!("{peer:?} is introduced") };
    assert_eq!(facts.encoding, encoding);
    assert_eq!(facts.folders, [std::path::PathBuf::from("/workspace")]);
    assert!(facts.apply_edit);
    assert_eq!(facts.resource_operations, resource_operations);
    assert_eq!(result["serverInfo"]["name"], "tenon");
    expected.assert_eq(&result["capabilities"].to_string());
    client.shutdown().await;
}

#[tokio::test]
async fn editors_are_offered_what_they_understand() {
    check(Peer::Neovim, PositionEncoding::Utf8, true, &expect![[r#"{"codeActionProvider":{"codeActionKinds":["quickfix","refactor","refactor.rewrite"],"resolveProvider":true},"codeLensProvider":{},"executeCommandProvider":{"commands":["tenon.edit","tenon.fix","tenon.ask","tenon.run","tenon.cancel","tenon.accept","tenon.reject","tenon.next","tenon.previous","tenon.regenerate","tenon.undo","tenon.redo","tenon.history","tenon.show","tenon.prompt","tenon.status"]},"positionEncoding":"utf-8","textDocumentSync":{"change":2,"openClose":true},"workspace":{"workspaceFolders":{"changeNotifications":true,"supported":true}}}"#]]).await;
    check(Peer::VsCode, PositionEncoding::Utf16, true, &expect![[r#"{"codeActionProvider":{"codeActionKinds":["quickfix","refactor","refactor.rewrite"],"resolveProvider":true},"codeLensProvider":{},"executeCommandProvider":{"commands":["tenon.edit","tenon.fix","tenon.ask","tenon.run","tenon.cancel","tenon.accept","tenon.reject","tenon.next","tenon.previous","tenon.regenerate","tenon.undo","tenon.redo","tenon.history","tenon.show","tenon.prompt","tenon.status"]},"positionEncoding":"utf-16","textDocumentSync":{"change":2,"openClose":true},"workspace":{"workspaceFolders":{"changeNotifications":true,"supported":true}}}"#]]).await;
    check(Peer::Helix, PositionEncoding::Utf8, true, &expect![[r#"{"codeActionProvider":{"codeActionKinds":["quickfix","refactor","refactor.rewrite"],"resolveProvider":true},"codeLensProvider":{},"executeCommandProvider":{"commands":["tenon.edit","tenon.fix","tenon.ask","tenon.run","tenon.cancel","tenon.accept","tenon.reject","tenon.next","tenon.previous","tenon.regenerate","tenon.undo","tenon.redo","tenon.history","tenon.show","tenon.prompt","tenon.status"]},"positionEncoding":"utf-8","textDocumentSync":{"change":2,"openClose":true},"workspace":{"workspaceFolders":{"changeNotifications":true,"supported":true}}}"#]]).await;
    check(Peer::Emacs, PositionEncoding::Utf16, false, &expect![[r#"{"codeActionProvider":{"codeActionKinds":["quickfix","refactor","refactor.rewrite"]},"codeLensProvider":{},"executeCommandProvider":{"commands":["tenon.edit","tenon.fix","tenon.ask","tenon.run","tenon.cancel","tenon.accept","tenon.reject","tenon.next","tenon.previous","tenon.regenerate","tenon.undo","tenon.redo","tenon.history","tenon.show","tenon.prompt","tenon.status"]},"positionEncoding":"utf-16","textDocumentSync":{"change":2,"openClose":true},"workspace":{"workspaceFolders":{"changeNotifications":true,"supported":true}}}"#]]).await;
}

/// Starts an editor with an open document, and the application behind it.
async fn start(peer: Peer, uri: &str, text: &str) -> (FakeEditor, App) {
    let (sender, events) = mpsc::unbounded_channel();
    let (give, given) = tokio::sync::oneshot::channel();
    let start = move |face| {
        let _ = give.send(face);
        sender
    };
    let fake = FakeEditor::start(peer, peer.parameters(), start).await;
    let mut app = App { events, editor: given.await.unwrap() };
    let Event::Initialized(_) = app.next().await else { panic!("the client is introduced first") };
    fake.open(uri, "rust", text);
    let Event::Opened { .. } = app.next().await else { panic!("it opens") };
    (fake, app)
}

#[tokio::test]
async fn an_edit_arrives_and_comes_back_as_a_change() {
    for peer in Peer::ALL {
        let (fake, mut app) = start(peer, "file:///a", "é = 1\n").await;
        let version = fake.document("file:///a").unwrap().version;
        app.editor.apply(ApplyId(1), change("file:///a", i32::try_from(version).unwrap()));
        let (mut answered, mut changed) = (false, false);
        while !(answered && changed) {
            match app.next().await {
                Event::EditAnswered { applied, .. } => answered = applied,
                Event::Changed { changes, .. } => changed = changes[0].text == "y",
                other => panic!("{peer:?}: {other:?}"),
            }
        }
        assert_eq!(fake.text("file:///a"), "yé = 1\n");
        fake.shutdown().await;
    }
}

#[tokio::test]
async fn a_stale_edit_is_treated_as_each_editor_does() {
    for (peer, says) in [
        (Peer::Neovim, Ok(())),
        (Peer::VsCode, Err("the editor refused the edit without a reason")),
        (Peer::Helix, Err("version mismatch")),
        (Peer::Emacs, Err("Invalid version")),
    ] {
        let (fake, mut app) = start(peer, "file:///a", "a b\n").await;
        fake.replace("file:///a", "b", "c");
        let Event::Changed { version, .. } = app.next().await else { panic!("it changes") };
        app.editor.apply(ApplyId(1), change("file:///a", version + 7));
        let (_, applied, reason) = app.edit_answered().await;
        assert_eq!((applied, reason.as_deref()), (says.is_ok(), says.err()), "{peer:?}");
        assert_eq!(fake.text("file:///a"), "a c\n");
        fake.shutdown().await;
    }
}

#[tokio::test]
async fn a_new_file_has_exactly_its_text_in_every_editor() {
    for peer in Peer::ALL {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("file://{}/new.rs", folder.path().display());
        let (fake, mut app) = start(peer, "file:///a", "a\n").await;
        let create = FileEdit::Create { uri: DocumentUri::new(uri.as_str()), text: "fn a() {}\n".to_owned() };
        let change = WorkspaceChange { label: "new".to_owned(), files: vec![create] };
        app.editor.apply(ApplyId(1), change);
        while !matches!(app.next().await, Event::Changed { .. }) {}
        assert_eq!(fake.text(&uri), "fn a() {}\n", "{peer:?}");
        fake.shutdown().await;
    }
}
