//! From one pending change to the next, one asked for anew, and what was done.

use serde_json::{Value, json};
use tenon::model::scripted::Step;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

#[tokio::test]
async fn steps_go_round_over_all_files() {
    let session = Session::start(Peer::VsCode).await;
    let (a, b) = (session.open("a.rs", TEXT), session.open("b.rs", TEXT));
    let reply =
        block("a.rs", "one\n", "1\n") + &block("a.rs", "five\n", "5\n") + &block("b.rs", "two\n", "2\n");
    session.propose(&a, &reply).await;
    let check = async |command: &str, from: Value, uri: &str, line: u32, hunk: u32| {
        let answer = session.run(command, from).await;
        assert_eq!(
            (&answer["uri"], &answer["line"], &answer["hunk"]),
            (&json!(uri), &json!(line), &json!(hunk))
        );
    };
    check("tenon.next", json!({}), &a, 1, 0).await;
    check("tenon.next", json!({"uri": a, "line": 1}), &a, 5, 1).await;
    check("tenon.next", json!({"uri": a, "line": 5}), &b, 2, 2).await;
    check("tenon.next", json!({"uri": b, "line": 2}), &a, 1, 0).await;
    check("tenon.previous", json!({"uri": a, "line": 1}), &b, 2, 2).await;
    check("tenon.previous", json!({"uri": b, "line": 2}), &a, 5, 1).await;
    check("tenon.next", json!({"path": "a.rs", "line": 1}), &a, 5, 1).await;
    check("tenon.next", json!(["a.rs", "5"]), &b, 2, 2).await;
    check("tenon.previous", json!([b, 2]), &a, 5, 1).await;
    check("tenon.next", json!({"path": "/no/where", "line": 1}), &a, 1, 0).await;
    session.editor.insert(&a, 0, "zero\n");
    check("tenon.next", json!({"uri": a, "line": 1}), &a, 2, 0).await;
    session.run("tenon.reject", json!({})).await;
    assert_eq!(session.refusal("tenon.next", json!({})).await, "no-proposal");
    session.finish().await;
}

/// An editor says where its cursor is, and that is where the last step led.
#[tokio::test]
async fn every_hunk_of_one_line_has_its_turn() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    let p1 = session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    let p2 = session.propose(&uri, &block("a.rs", "two\n", "zwei\n")).await;
    let p3 = session.propose(&uri, &block("a.rs", "two\n", "deux\n")).await;
    let round = async |command: &str, expected: [&String; 4]| {
        for id in expected {
            let answer = session.run(command, json!({"uri": uri, "line": 2})).await;
            assert_eq!((&answer["proposal"], &answer["line"]), (&json!(id), &json!(2)), "{command}");
        }
    };
    // What came last is what the first step leads to, wherever the cursor is.
    round("tenon.next", [&p3, &p1, &p2, &p3]).await;
    round("tenon.previous", [&p2, &p1, &p3, &p2]).await;
    session.finish().await;
}

#[tokio::test]
async fn what_comes_behind_the_last_line_is_shown_at_it() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.txt", "one\ntwo\n");
    session.propose(&uri, &block("a.txt", "two\n", "two\nthree\n")).await;
    let answer = session.run("tenon.next", json!({})).await;
    assert_eq!(answer["line"], 2, "{answer}");
    let at = json!({"line": 1, "character": 0});
    let params = json!({"textDocument": {"uri": uri}, "range": {"start": at, "end": at},
        "context": {"diagnostics": []}});
    let actions = session.editor.client.request("textDocument/codeAction", params).await.unwrap();
    assert!(actions.to_string().contains("Apply this change"), "it is decided there as well: {actions}");
    session.finish().await;
}

#[tokio::test]
async fn a_hunk_is_asked_for_anew_and_the_old_one_rejected() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    let reply = block("a.rs", "one\n", "1\n") + &block("a.rs", "five\n", "5\n");
    let first = session.propose(&uri, &reply).await;
    assert_eq!(session.refusal("tenon.regenerate", json!({"remark": "no"})).await, "unknown-hunk");
    assert_eq!(
        session.refusal("tenon.regenerate", json!({"hunk": 1, "remark": " "})).await,
        "no-instruction"
    );
    session.editor.insert(&uri, 0, "zero\n");
    session.model.push([Step::text(block("a.rs", "five\n", "V\n")), Step::finish()]);
    session.run("tenon.regenerate", json!({"proposal": first, "hunk": 1, "remark": "in Roman"})).await;
    let second = session.proposal().await;
    let prompt = session.run("tenon.prompt", json!({})).await["text"].as_str().unwrap().to_owned();
    assert!(
        prompt.contains("do it") && prompt.contains("in Roman") && prompt.contains("lines 6 to 6"),
        "{prompt}"
    );
    assert_eq!(
        session.refusal("tenon.accept", json!({"proposal": first, "hunk": 1})).await,
        "already-decided"
    );
    session.accept(json!({"proposal": second})).await;
    session.accept(json!({"proposal": first})).await;
    assert_eq!(session.editor.text(&uri), "zero\n1\ntwo\nthree\nfour\nV\n");
    session.finish().await;
}

#[tokio::test]
async fn an_editor_that_can_is_told_to_ask_its_user() {
    for (peer, asks) in [(Peer::VsCode, true), (Peer::Helix, false)] {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
        session.accept(json!({"confirm": true})).await;
        let sent = session.editor.last_edit();
        let annotation = &sent["changeAnnotations"]["tenon"]["needsConfirmation"];
        assert_eq!(*annotation == json!(true), asks, "{sent}");
        assert_eq!(session.editor.text(&uri), "1\ntwo\nthree\nfour\nfive\n");
        session.finish().await;
    }
}

#[tokio::test]
async fn any_step_can_be_taken_back_by_its_number() {
    let session = Session::start(Peer::Neovim).await;
    let (a, b) = (session.open("a.rs", TEXT), session.open("b.rs", TEXT));
    session.propose(&a, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    session.propose(&b, &block("b.rs", "two\n", "2\n")).await;
    session.accept(json!({})).await;
    let history = session.run("tenon.history", json!({"path": "a.rs"})).await;
    let operations = history["operations"].as_array().unwrap();
    assert_eq!(operations.len(), 1, "{history}");
    assert_eq!(
        (&operations[0]["instruction"], &operations[0]["state"]),
        (&json!("do it"), &json!("applied"))
    );
    let number = operations[0]["operation"].as_str().unwrap().to_owned();
    session.run("tenon.undo", json!({"operation": number})).await;
    session.event("undone").await;
    session.editor.flush();
    assert_eq!(session.editor.text(&a), TEXT);
    assert_eq!(session.refusal("tenon.undo", json!({"operation": number})).await, "operation-taken");
    assert_eq!(session.refusal("tenon.undo", json!({"operation": 999})).await, "unknown-operation");
    session.run("tenon.redo", json!(number)).await;
    session.event("applied").await;
    session.editor.flush();
    assert_eq!(session.editor.text(&a), "1\ntwo\nthree\nfour\nfive\n");
    session.finish().await;
}
