//! Editors that refuse an edit, skip it, or do half of it.

use serde_json::{Value, json};

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\n";

async fn check(answer: Result<Value, Value>, code: &str) {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    let id = session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.editor.client.respond("workspace/applyEdit", move |_| answer.clone());
    session.run("tenon.accept", json!({})).await;
    assert_eq!(session.failure().await, code);
    assert_eq!(session.state_of(&id).await, "proposed");
    assert_eq!(session.editor.text(&uri), TEXT);
    session.finish().await;
}

#[tokio::test]
async fn an_edit_that_did_not_happen_is_pending_again() {
    check(Ok(json!({"applied": false})), "edit-not-applied").await;
    check(Ok(Value::Null), "edit-not-applied").await;
    check(Err(json!({"code": -32603, "message": "no"})), "edit-not-applied").await;
    check(Ok(json!({"applied": true})), "edit-not-applied").await;
}

#[tokio::test]
async fn half_an_edit_is_taken_back() {
    let session = Session::start(Peer::Helix).await;
    let (a, b) = (session.open("a.rs", TEXT), session.open("b.rs", TEXT));
    session.editor.replace(&b, "two", "TWO");
    let reply = block("a.rs", "one\n", "1\n") + &block("b.rs", "one\n", "1\n");
    let id = session.propose(&a, &reply).await;
    // Helix does the first file, then finds the second one changed.
    session.editor.replace_before_apply(&b, "one", "o ne");
    session.run("tenon.accept", json!({})).await;
    session.failure().await;
    session.event("undone").await;
    assert_eq!(session.editor.text(&a), TEXT);
    assert_eq!(session.editor.text(&b), "o ne\nTWO\n");
    assert_eq!(session.state_of(&id).await, "proposed");
    session.accept(json!({"path": "a.rs"})).await;
    assert_eq!(session.editor.text(&a), "1\ntwo\n");
    session.finish().await;
}
