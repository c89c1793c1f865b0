//! Documents whose mirror is lost.

use serde_json::{Value, json};

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\n";

async fn check(notification: impl Fn(&str) -> Value) {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    for _ in 0..2 {
        session.editor.client.notify("textDocument/didChange", notification(&uri));
    }
    assert_eq!(session.status().await["documents"][0]["desynchronised"], true);
    assert_eq!(session.refusal("tenon.accept", json!({})).await, "desynchronised-document");
    let edit = json!({"uri": uri, "instruction": "x"});
    assert_eq!(session.refusal("tenon.edit", edit).await, "desynchronised-document");
    let is_warning = |m: &Value| m["method"] == "window/showMessage" && m["params"]["type"] == 2;
    session.editor.client.expect_where("a warning", is_warning).await;
    assert!(session.editor.client.claim(is_warning).is_none(), "it is said once");
    session.editor.close(&uri);
    session.open("a.rs", TEXT);
    session.accept(json!({})).await;
    assert_eq!(session.editor.text(&uri), "1\ntwo\n");
    session.finish().await;
}

#[tokio::test]
async fn edits_are_refused_until_it_is_opened_again() {
    check(|uri| json!({"textDocument": {"uri": uri, "version": 1}, "contentChanges": []})).await;
    let range = json!({"start": {"line": 99, "character": 0}, "end": {"line": 99, "character": 0}});
    check(|uri| {
        let changes = json!([{"range": range, "text": "x"}]);
        json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": changes})
    })
    .await;
    check(|uri| json!({"textDocument": {"uri": uri, "version": "x"}, "contentChanges": 3})).await;
}
