//! Secrets: no model sees one, and the text keeps them.

use serde_json::json;
use tenon::model::scripted::Step;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const PASSWORD: &str = "Xy7kPq2Lm9Rt4Wv8";
const MARK: &str = "REDACTED-1-xxxxx";

fn text() -> String {
    format!("fn a() {{}}\nconst PASSWORD: &str = \"{PASSWORD}\";\nfn b() {{}}\n")
}

/// Everything that the model was sent.
fn sent(session: &Session) -> String {
    serde_json::to_string(&session.model.requests()).unwrap()
}

#[tokio::test]
async fn a_line_with_a_secret_is_edited_and_the_secret_stays() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", &text());
        let old = format!("fn a() {{}}\nconst PASSWORD: &str = \"{MARK}\";\n");
        let new = format!("fn a2() {{}}\nstatic PASSWORD: &str = \"{MARK}\";\n");
        let id = session.propose(&uri, &block("a.rs", &old, &new)).await;
        let shown = session.run("tenon.show", json!({"proposal": id})).await.to_string();
        assert!(!shown.contains(MARK) && shown.contains(PASSWORD), "{shown}");
        session.accept(json!({"proposal": id})).await;
        let expected = text().replace("fn a()", "fn a2()").replace("const", "static");
        assert_eq!(session.editor.text(&uri), expected);
        assert!(!sent(&session).contains(PASSWORD) && sent(&session).contains(MARK));
        session.undo().await;
        assert_eq!(session.editor.text(&uri), text());
        session.finish().await;
    }
}

#[tokio::test]
async fn a_line_with_a_secret_can_be_deleted() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", &text());
    let line = format!("const PASSWORD: &str = \"{MARK}\";\n");
    let id = session.propose(&uri, &block("a.rs", &line, "")).await;
    session.accept(json!({"proposal": id})).await;
    assert_eq!(session.editor.text(&uri), "fn a() {}\nfn b() {}\n");
    session.finish().await;
}

#[tokio::test]
async fn a_reply_that_carries_a_secret_away_is_refused_and_repaired() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", &text());
    let copied = format!("fn b() {{ log(\"{MARK}\") }}\n");
    session.model.push([Step::text(block("a.rs", "fn b() {}\n", &copied)), Step::finish()]);
    let id = session.propose(&uri, &block("a.rs", "fn b() {}\n", "fn c() {}\n")).await;
    session.accept(json!({"proposal": id})).await;
    assert_eq!(session.editor.text(&uri), text().replace("fn b()", "fn c()"));
    assert!(sent(&session).contains("[moves-secret]"));
    // The repair shows no secret either.
    assert!(!sent(&session).contains(PASSWORD));
    let created = block("new.rs", "", &format!("const P: &str = \"{MARK}\";\n"));
    for _ in 0..2 {
        session.model.push([Step::text(created.clone()), Step::finish()]);
    }
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "moves-secret");
    session.finish().await;
}

#[tokio::test]
async fn instructions_comments_and_other_files_are_looked_through() {
    let session = Session::start(Peer::VsCode).await;
    session.open("other.rs", &format!("// the one of the database is {PASSWORD}\n"));
    let comment = format!("// AI! use password = \"{PASSWORD}\" here\nfn a() {{}}\n");
    let uri = session.open("a.rs", &comment);
    let reply = block("a.rs", "fn a() {}\n", "fn a2() {}\n");
    session.model.push([Step::text(reply.clone()), Step::finish()]);
    session.run("tenon.edit", json!({"uri": uri, "intent": "comment"})).await;
    let id = session.proposal().await;
    session.accept(json!({"proposal": id})).await;
    assert_eq!(session.editor.text(&uri), "fn a2() {}\n");
    session.model.push([Step::text(block("a.rs", "fn a2() {}\n", "fn a() {}\n")), Step::finish()]);
    let token = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    let instruction = format!("call it with {token}");
    session.run("tenon.edit", json!({"uri": uri, "instruction": instruction})).await;
    session.proposal().await;
    let sent = sent(&session);
    assert!(!sent.contains(PASSWORD) && !sent.contains(token), "{sent}");
    assert!(sent.contains("REDACTED-1-") && sent.contains("call it with REDACTED-2-"), "{sent}");
    session.finish().await;
}

#[tokio::test]
async fn what_was_sent_is_shown_as_it_was_sent() {
    let session = Session::start(Peer::VsCode).await;
    assert_eq!(session.refusal("tenon.prompt", json!({})).await, "no-prompt");
    let uri = session.open("a.rs", &text());
    session.propose(&uri, &block("a.rs", "fn b() {}\n", "fn c() {}\n")).await;
    let shown = session.run("tenon.prompt", json!({})).await;
    let request = &session.model.requests()[0];
    let prompt = &shown["prompts"][0];
    assert_eq!(
        (&shown["task"], &prompt["model"], &prompt["sent"]),
        (&json!("t1"), &json!("first"), &json!(true))
    );
    assert_eq!(prompt["system"], request.system);
    assert_eq!(prompt["messages"], json!(request.messages));
    assert_eq!(prompt["redactions"][0]["kind"], "secret value");
    assert!(shown["text"].as_str().unwrap().contains(MARK));
    assert_eq!(session.refusal("tenon.prompt", json!({"task": "t9"})).await, "no-prompt");
    session.finish().await;
}

#[tokio::test]
async fn a_private_file_is_refused_and_one_beside_is_left_out() {
    let session = Session::start(Peer::VsCode).await;
    let env = session.open("prod.env", "A=1\n");
    session.ask(&env).await;
    assert_eq!(session.failure().await, "private-file");
    let uri = session.open("a.rs", &text());
    session.propose(&uri, &block("a.rs", "fn b() {}\n", "fn c() {}\n")).await;
    assert_eq!(session.model.requests()[0].sources, ["a.rs"]);
    session.finish().await;
}
