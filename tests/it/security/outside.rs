//! Trust is in folders, and holds for nothing else, nor a moment longer than it is there.

use serde_json::{Value, json};
use tenon::config::trust::Look;

use super::{GOOD, Machine, leave, new_file};
use crate::support::editor::FakeEditor;

const AUTO: &str = "[review]\nmode = 'auto'";

/// Asks for a change of a document, and waits for the end of the task and of what it applied.
async fn ask_about(editor: &FakeEditor, uri: &str, kinds: &[&str]) -> Value {
    editor.client.command("tenon.edit", json!([{"uri": uri, "instruction": "do it"}])).await.unwrap();
    let over = |message: &Value| {
        message["method"] == "tenon/event"
            && message["params"]["kind"].as_str().is_some_and(|kind| kinds.contains(&kind))
    };
    editor.client.expect_where("the end", over).await["params"].clone()
}

/// A file beside the workspace, and the document of it.
fn beside(machine: &Machine, name: &str, text: &str) -> String {
    let path = machine.root().parent().unwrap().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    format!("file://{}", path.display())
}

async fn status(editor: &FakeEditor) -> Value {
    editor.client.command("tenon.status", json!([])).await.unwrap()
}

/// In a trusted folder a change is applied unasked: without this, the other tests here show nothing.
#[tokio::test]
async fn in_a_trusted_folder_it_is_applied() {
    let machine = Machine::configured(&[GOOD], AUTO).await;
    machine.trust();
    let editor = machine.editor(json!({"tenon": {"events": true}})).await;
    let uri = machine.uri("a.txt");
    editor.open(&uri, "plaintext", "one\ntwo\n");
    assert_eq!(ask_about(&editor, &uri, &["applied", "failed"]).await["kind"], "applied");
    assert_eq!(editor.text(&uri), "ONE\ntwo\n");
    leave(editor).await;
}

/// The trust in one folder is not that in another: a file outside waits for a decision.
#[tokio::test]
async fn a_file_outside_waits_for_a_decision() {
    let machine = Machine::configured(&[GOOD], AUTO).await;
    machine.trust();
    let uri = beside(&machine, "other/a.txt", "one\ntwo\n");
    let editor = machine.editor(json!({"tenon": {"events": true}})).await;
    editor.open(&uri, "plaintext", "one\ntwo\n");
    assert_eq!(ask_about(&editor, &uri, &["finished", "failed"]).await["kind"], "finished");
    assert_eq!(status(&editor).await["proposals"][0]["state"], "proposed");
    assert_eq!((editor.n_applied(), editor.text(&uri).as_str()), (0, "one\ntwo\n"));
    // The user may well want it.
    editor.client.command("tenon.accept", json!([])).await.unwrap();
    editor.wait_text(&uri, "ONE\ntwo\n").await;
    leave(editor).await;
}

/// And nothing but the file itself is changed there.
#[tokio::test]
async fn a_file_outside_brings_no_others() {
    let reply = format!("{GOOD}{}", new_file(".bashrc", "evil\n"));
    let machine = Machine::configured(&[&reply, &reply, &reply], AUTO).await;
    machine.trust();
    let uri = beside(&machine, "other/a.txt", "one\ntwo\n");
    let editor = machine.editor(json!({"tenon": {"events": true}})).await;
    editor.open(&uri, "plaintext", "one\ntwo\n");
    let end = ask_about(&editor, &uri, &["finished", "failed"]).await;
    assert_eq!((&end["kind"], &end["error"]["code"]), (&json!("failed"), &json!("bad-path")), "{end}");
    assert_eq!(editor.n_applied(), 0);
    leave(editor).await;
}

/// A folder that is added while the editor runs is judged like the others.
#[tokio::test]
async fn a_folder_that_comes_is_judged() {
    let machine = Machine::configured(&[GOOD], AUTO).await;
    machine.trust();
    let uri = beside(&machine, "clone/a.txt", "one\ntwo\n");
    let editor = machine.editor(json!({"tenon": {"events": true}})).await;
    assert_eq!(status(&editor).await["trust"], "trusted");
    let folder = uri.strip_suffix("/a.txt").unwrap();
    let event = json!({"added": [{"uri": folder, "name": "clone"}], "removed": []});
    editor.client.notify("workspace/didChangeWorkspaceFolders", json!({"event": event}));
    assert_eq!(status(&editor).await["trust"], "restricted");
    editor.open(&uri, "plaintext", "one\ntwo\n");
    assert_eq!(ask_about(&editor, &uri, &["finished", "failed"]).await["kind"], "finished");
    assert_eq!(status(&editor).await["proposals"][0]["state"], "proposed");
    assert_eq!(editor.n_applied(), 0);
    let event = json!({"added": [], "removed": [{"uri": folder, "name": "clone"}]});
    editor.client.notify("workspace/didChangeWorkspaceFolders", json!({"event": event}));
    assert_eq!(status(&editor).await["trust"], "trusted");
    leave(editor).await;
}

/// Has `change` happen to a trusted workspace while its editor runs; what the status says then, and that nothing is
/// applied unasked any more.
async fn later(change: impl FnOnce(&Machine)) -> Value {
    let machine = Machine::configured(&[GOOD], AUTO).await;
    machine.trust();
    let editor = machine.editor(json!({"tenon": {"events": true}})).await;
    let uri = machine.uri("a.txt");
    editor.open(&uri, "plaintext", "one\ntwo\n");
    assert_eq!(status(&editor).await["trust"], "trusted");
    change(&machine);
    let end = ask_about(&editor, &uri, &["applied", "failed"]).await;
    assert_eq!((&end["kind"], &end["error"]["code"]), (&json!("failed"), &json!("restricted")), "{end}");
    assert_eq!((editor.n_applied(), editor.text(&uri).as_str()), (0, "one\ntwo\n"));
    let status = status(&editor).await;
    assert_eq!(status["proposals"][0]["state"], "proposed", "it waits for a decision");
    let told = editor.client.unclaimed();
    let told = told.iter().filter(|message| message["method"] == "window/showMessage");
    assert!(told.count() > 0, "the user hears of it");
    leave(editor).await;
    status["trust"].clone()
}

/// CVE-2025-54136, within one session: what was trusted at its start is looked at again before it counts.
#[tokio::test]
async fn trust_is_judged_when_it_is_used() {
    let revoked = later(|machine| assert!(machine.store().revoke(&machine.root()).unwrap())).await;
    assert_eq!(revoked, "restricted");
    let changed = later(|machine| machine.write(".tenon.toml", "[limits]\nfiles = 2\n")).await;
    assert_eq!(changed, "changed");
    let anew = later(|machine| {
        machine.write(".tenon.toml", "[limits]\nfiles = 2\n");
        machine.store().grant(&Look::at(&machine.root()).unwrap()).unwrap();
    });
    assert_eq!(anew.await, "changed", "it was trusted, but is not what this process works by");
}
