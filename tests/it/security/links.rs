//! A link shows a model nothing that its place would keep from it, and leads no change out of the workspace.
#![cfg(unix)]

use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::{GOOD, Machine, leave};
use crate::support::client::Peer;
use crate::support::editor::FakeEditor;
use crate::support::session::{Session, block, patch};

const SECRET: &str = "HELLO-from-outside";

/// A workspace with `notes.txt`, a link to a file of this name outside.
fn linked(machine: &Machine, name: &str) {
    let secret = machine.root().parent().unwrap().join("secret");
    std::fs::create_dir_all(&secret).unwrap();
    std::fs::write(secret.join(name), format!("{SECRET}\n")).unwrap();
    symlink(secret.join(name), machine.root().join("notes.txt")).unwrap();
}

fn sent(machine: &Machine) -> bool {
    machine.own.requests().iter().any(|request| request.body.contains(SECRET))
}

async fn end(editor: &FakeEditor, arguments: Value) -> Value {
    editor.client.command("tenon.edit", json!([arguments])).await.unwrap();
    let over = |message: &Value| {
        message["method"] == "tenon/event"
            && matches!(message["params"]["kind"].as_str(), Some("finished" | "failed"))
    };
    editor.client.expect_where("the end of the task", over).await["params"].clone()
}

/// Closed, open, or open beside what is asked about.
#[tokio::test]
async fn what_a_link_leads_out_to_is_not_sent() {
    for name in [".env", "id_rsa", "plain.txt"] {
        let machine = Machine::new(&[GOOD, GOOD]).await;
        linked(&machine, name);
        let editor = machine.editor(json!({"tenon": {"events": true}})).await;
        let asked = json!({"path": "notes.txt", "instruction": "x"});
        assert_eq!(end(&editor, asked.clone()).await["error"]["code"], "private-file", "closed {name}");
        editor.open(&machine.uri("notes.txt"), "plaintext", &format!("{SECRET}\n"));
        assert_eq!(end(&editor, asked).await["error"]["code"], "private-file", "open {name}");
        assert_eq!(machine.own.requests().len(), 0);
        editor.open(&machine.uri("a.txt"), "plaintext", "one\ntwo\n");
        assert_eq!(end(&editor, json!({"path": "a.txt", "instruction": "x"})).await["kind"], "finished");
        assert_eq!(machine.own.requests().len(), 1);
        assert!(!sent(&machine), "beside {name}");
        leave(editor).await;
    }
}

/// The same in a terminal, however the file is named.
#[tokio::test]
async fn nor_from_a_terminal() {
    let machine = Machine::new(&[GOOD, GOOD]).await;
    linked(&machine, "plain.txt");
    let whole = machine.root().join("notes.txt").to_string_lossy().into_owned();
    for name in ["notes.txt", "./notes.txt", &whole] {
        let ran = machine.run(&["edit", "--yes", "do it", name]).await;
        assert!(ran.code != Some(0) && ran.stderr.contains("private-file"), "{name}: {}", ran.stderr);
    }
    machine.asked(0);
    let ran = machine.run(&["edit", "--yes", "do it", "a.txt", "notes.txt"]).await;
    assert!(ran.code != Some(0) && ran.stderr.contains("private-file"), "{}", ran.stderr);
    machine.asked(0);
}

/// A name outside of every folder is judged by where it really is as well.
#[tokio::test]
async fn a_link_to_a_folder_of_secrets_hides_nothing() {
    let machine = Machine::new(&[GOOD]).await;
    let home = machine.root().parent().unwrap().to_owned();
    std::fs::create_dir(home.join(".ssh")).unwrap();
    std::fs::write(home.join(".ssh/config"), format!("{SECRET}\n")).unwrap();
    symlink(home.join(".ssh"), home.join("plain")).unwrap();
    let editor = machine.editor(json!({"tenon": {"events": true}})).await;
    let uri = format!("file://{}/plain/config", home.display());
    let asked = json!({"uri": uri, "instruction": "x"});
    let refused = editor.client.command("tenon.edit", json!([asked])).await.unwrap_err();
    assert_eq!(refused["data"]["code"], "outside-workspace");
    editor.open(&uri, "plaintext", &format!("{SECRET}\n"));
    assert_eq!(end(&editor, asked).await["error"]["code"], "private-file");
    machine.asked(0);
    leave(editor).await;
}

/// A folder becomes a link between the proposal and the decision, and between a step and its undo.
#[tokio::test]
async fn a_link_that_comes_later_leads_nothing_out() {
    let session = Session::with_patches(Peer::VsCode).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let uri = session.open("a.rs", "one\n");
    let root = session.folder.path().to_owned();
    std::fs::create_dir(root.join("out")).unwrap();
    let new = patch("*** Add File: out/n.txt\n+new\n");
    session.propose(&uri, &new).await;
    std::fs::remove_dir(root.join("out")).unwrap();
    symlink(elsewhere.path(), root.join("out")).unwrap();
    session.run("tenon.accept", json!({})).await;
    assert_eq!(session.failure().await, "unreadable-file");
    assert_eq!(session.editor.n_applied(), 0);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    // It is pending again, and works once the link is gone.
    std::fs::remove_file(root.join("out")).unwrap();
    session.accept(json!({})).await;
    session.editor.close(&session.uri("out/n.txt"));
    std::fs::rename(root.join("out"), root.join("was")).unwrap();
    std::fs::write(elsewhere.path().join("n.txt"), "new\n").unwrap();
    symlink(elsewhere.path(), root.join("out")).unwrap();
    assert_eq!(session.refusal("tenon.undo", json!({})).await, "unreadable-file");
    assert!(elsewhere.path().join("n.txt").exists(), "nothing outside is deleted");
    session.finish().await;
}

/// The same with a document that is open, and so is not read.
#[tokio::test]
async fn nor_does_one_on_the_way_to_an_open_document() {
    let session = Session::start(Peer::Neovim).await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("a.rs"), "one\n").unwrap();
    let uri = session.open("out/a.rs", "one\n");
    session.propose(&uri, &block("out/a.rs", "one\n", "1\n")).await;
    let root = session.folder.path();
    std::fs::rename(root.join("out"), root.join("was")).unwrap();
    symlink(elsewhere.path(), root.join("out")).unwrap();
    session.run("tenon.accept", json!({})).await;
    assert_eq!(session.failure().await, "bad-path");
    assert_eq!((session.editor.n_applied(), session.editor.text(&uri).as_str()), (0, "one\n"));
    session.finish().await;
}

/// A document that is a link to what decides what runs.
#[tokio::test]
async fn a_link_that_comes_later_hides_no_protected_name() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", "one\n");
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.write(".vscode/tasks.json", "one\n");
    let root = session.folder.path();
    std::fs::remove_file(root.join("a.rs")).unwrap();
    symlink(root.join(".vscode/tasks.json"), root.join("a.rs")).unwrap();
    session.run("tenon.accept", json!({})).await;
    assert_eq!(session.failure().await, "protected-path");
    assert_eq!(session.editor.text(&uri), "one\n");
    session.finish().await;
}
