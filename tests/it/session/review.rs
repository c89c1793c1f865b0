//! Decisions on a proposal: whole, by hunk, by file; what is shown meanwhile.

use serde_json::json;
use tenon::config::Config;
use tenon::review::ReviewMode;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

fn two_hunks() -> String {
    block("a.rs", "one\n", "1é\n") + &block("a.rs", "five\n", "5\n")
}

#[tokio::test]
async fn it_is_shown_and_accepted_whole() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        let id = session.propose(&uri, &two_hunks()).await;
        let marks = session
            .editor
            .client
            .expect_where("two marks", |m| {
                m["params"]["diagnostics"].as_array().is_some_and(|d| d.len() == 2)
            })
            .await;
        assert_eq!(marks["params"]["diagnostics"][1]["range"]["start"]["line"], 4);
        let lenses = session
            .editor
            .client
            .request("textDocument/codeLens", json!({"textDocument": {"uri": uri}}))
            .await
            .unwrap();
        assert_eq!(lenses.as_array().unwrap().len(), 4);
        let shown = session.run("tenon.show", json!({})).await;
        assert_eq!(shown["proposal"], id.as_str());
        assert!(shown["diff"].as_str().unwrap().contains("-one\n+1é\n"), "{shown}");
        session.accept(json!({})).await;
        assert_eq!(session.editor.text(&uri), "1é\ntwo\nthree\nfour\n5\n", "{peer:?}");
        assert_eq!(session.state_of(&id).await, "applied");
        assert_eq!(session.refusal("tenon.accept", json!({"proposal": id})).await, "already-decided");
        session.finish().await;
    }
}

#[tokio::test]
async fn doubts_and_impact_are_shown() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", "fn one() {}\nfn two() {}\n");
    session.propose(&uri, &block("a.rs", "fn one() {}  \n", "fn one() { two(); }\nfn three() {}\n")).await;
    let client = &session.editor.client;
    let marks = client
        .expect_where("a mark", |m| m["params"]["diagnostics"].as_array().is_some_and(|d| d.len() == 1))
        .await;
    let message = marks["params"]["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("right-trimmed, 0.98"), "{message}");
    let document = json!({"textDocument": {"uri": uri}});
    let lenses = client.request("textDocument/codeLens", document).await.unwrap();
    let title = lenses[0]["command"]["title"].as_str().unwrap();
    assert!(title.starts_with("✓ Apply (right-trimmed, 0.98): "), "{title}");
    let shown = session.run("tenon.show", json!({})).await;
    let changes: Vec<_> = shown["impact"].as_array().unwrap().iter().map(|i| &i["change"]).collect();
    assert_eq!(changes, ["body", "added"], "{shown}");
    assert_eq!(shown["impact"][1]["symbol"], "three", "{shown}");
    session.finish().await;
}

#[tokio::test]
async fn hunks_are_decided_one_by_one() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        let id = session.propose(&uri, &two_hunks()).await;
        session.accept(json!({"proposal": id, "hunk": 1})).await;
        assert_eq!(session.editor.text(&uri), "one\ntwo\nthree\nfour\n5\n");
        assert_eq!(session.state_of(&id).await, "proposed");
        assert_eq!(session.run("tenon.reject", json!({"hunk": 0})).await, json!({"rejected": 1}));
        assert_eq!(session.state_of(&id).await, "applied");
        session.finish().await;
    }
}

#[tokio::test]
async fn what_does_not_exist_is_refused() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    assert_eq!(session.refusal("tenon.accept", json!({})).await, "no-proposal");
    let id = session.propose(&uri, &two_hunks()).await;
    assert_eq!(session.refusal("tenon.accept", json!({"proposal": "p9"})).await, "unknown-proposal");
    assert_eq!(session.refusal("tenon.accept", json!({"hunk": 7})).await, "unknown-hunk");
    assert_eq!(session.refusal("tenon.reject", json!({"path": "b.rs"})).await, "unknown-hunk");
    assert_eq!(session.refusal("tenon.undo", json!({})).await, "nothing-to-undo");
    assert_eq!(session.refusal("tenon.redo", json!({"proposal": id})).await, "nothing-to-redo");
    session.finish().await;
}

#[tokio::test]
async fn in_auto_mode_it_is_applied() {
    for peer in Peer::ALL {
        let config = Config { review_mode: ReviewMode::Auto, ..Config::default() };
        let session = Session::configured(peer, config).await;
        let uri = session.open("a.rs", TEXT);
        session.propose(&uri, &two_hunks()).await;
        session.event("applied").await;
        session.compare().await;
        assert_eq!(session.editor.text(&uri), "1é\ntwo\nthree\nfour\n5\n");
        session.finish().await;
    }
}

#[tokio::test]
async fn an_editor_that_takes_no_edits_gets_them_inside_the_actions() {
    let session = Session::without_apply_edit(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    let id = session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    let origin = json!({"line": 0, "character": 0});
    let params = json!({"textDocument": {"uri": uri}, "range": {"start": origin, "end": origin},
        "context": {"diagnostics": []}});
    let actions = session.editor.client.request("textDocument/codeAction", params).await.unwrap();
    let action = actions.as_array().unwrap().iter().find(|a| a["title"] == "Apply this change").unwrap();
    assert_eq!(action["edit"]["documentChanges"][0]["edits"][0]["newText"], "1\n", "{action}");
    let refused = session.refusal("tenon.accept", json!({})).await;
    assert_eq!(
        (refused.as_str(), session.state_of(&id).await.as_str()),
        ("unsupported-operation", "proposed")
    );
    session.editor.replace(&uri, "one\n", "1\n");
    let gone = |m: &serde_json::Value| m["params"]["diagnostics"].as_array().is_some_and(Vec::is_empty);
    session.editor.client.expect_where("no marks", gone).await;
    assert_eq!(session.state_of(&id).await, "applied");
    session.finish().await;
}

/// Titles of what is offered at a zero-based line of a document, with these diagnostics there.
async fn titles(session: &Session, uri: &str, line: u32, diagnostics: serde_json::Value) -> Vec<String> {
    let at = json!({"line": line, "character": 0});
    let params = json!({"textDocument": {"uri": uri}, "range": {"start": at, "end": at},
        "context": {"diagnostics": diagnostics}});
    let actions = session.editor.client.request("textDocument/codeAction", params).await.unwrap();
    actions.as_array().unwrap().iter().map(|action| action["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_menu_offers_what_makes_sense_and_says_which_is_which() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    for new in ["1\n", "uno\n"] {
        session.propose(&uri, &block("a.rs", "one\n", new)).await;
    }
    let at = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}});
    let mark = |source: &str| json!({"range": at, "message": "look", "source": source});
    let offered = titles(&session, &uri, 0, json!([mark("tenon"), mark("lint")])).await;
    let n = |title: &str| offered.iter().filter(|one| *one == title).count();
    assert_eq!((n("Fix with AI: look"), n("Apply this change")), (1, 0), "{offered:?}");
    assert_eq!(offered.iter().filter(|one| one.starts_with("Apply this change: ")).count(), 2, "{offered:?}");
    // What does not fit any more is not offered to be applied.
    session.editor.replace(&uri, "one\n", "eins zwei\n");
    let offered = titles(&session, &uri, 0, json!([])).await;
    assert!(!offered.iter().any(|title| title.starts_with("Apply")), "{offered:?}");
    assert_eq!(offered.iter().filter(|one| one.starts_with("Reject this outdated change: ")).count(), 2);
    session.finish().await;
}
