//! Which model answers when one does not, what the user hears of it, and answers that are given again.

use serde_json::{Value, json};
use tenon::model::scripted::Step;
use tenon::model::{ModelErrorKind, ModelSettings};

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "fn a() {}\nfn b() {}\n";

fn good(name: &str) -> [Step; 2] {
    [Step::text(block("a.rs", "fn a() {}\n", &format!("fn {name}() {{}}\n"))), Step::finish()]
}

fn fails(kind: ModelErrorKind) -> [Step; 1] {
    [Step::Error(kind, "it said so".to_owned())]
}

/// Waits for a message or a progress report that has these words.
async fn said(session: &Session, words: &str) {
    let has = |value: &Value| value["message"].as_str().is_some_and(|message| message.contains(words));
    let fits = |message: &Value| has(&message["params"]) || has(&message["params"]["value"]);
    session.editor.client.expect_where(words, fits).await;
}

#[tokio::test]
async fn a_wrong_key_is_told_although_another_provider_answers() {
    let elsewhere = ModelSettings::new("second", "elsewhere", "second");
    let session = Session::with_fallback(Peer::VsCode, elsewhere).await;
    let uri = session.open("a.rs", TEXT);
    session.model.push(fails(ModelErrorKind::Authentication));
    session.fallback.push(good("c"));
    session.ask(&uri).await;
    session.proposal().await;
    said(&session, "did not get a valid key").await;
    // It is left alone now: the other one comes first.
    session.fallback.push(good("d"));
    session.ask(&uri).await;
    session.proposal().await;
    assert_eq!((session.model.requests().len(), session.fallback.requests().len()), (1, 2));
    session.finish().await;
}

#[tokio::test]
async fn other_models_of_a_provider_that_stopped_are_not_tried() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    session.model.push(fails(ModelErrorKind::Payment));
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "model-payment");
    assert_eq!(session.fallback.requests().len(), 0);
    session.finish().await;
}

#[tokio::test]
async fn too_large_a_prompt_goes_only_to_a_larger_window() {
    for (context, expected) in [(100_000, 1), (8192, 0)] {
        let settings = ModelSettings { context, ..ModelSettings::new("second", "scripted", "second") };
        let session = Session::with_fallback(Peer::Helix, settings).await;
        let uri = session.open("a.rs", TEXT);
        session.model.push(fails(ModelErrorKind::PromptTooLarge));
        session.fallback.push(good("c"));
        session.ask(&uri).await;
        if expected == 1 {
            session.proposal().await;
        } else {
            assert_eq!(session.failure().await, "model-prompt-too-large");
        }
        assert_eq!(session.fallback.requests().len(), expected);
        session.finish().await;
    }
}

#[tokio::test]
async fn a_repair_goes_to_the_model_that_wrote_the_reply() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    session.model.push([Step::text(block("a.rs", "fn none() {}\n", "x\n")), Step::finish()]);
    session.model.push(fails(ModelErrorKind::Overloaded));
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "no-such-place");
    assert_eq!((session.model.requests().len(), session.fallback.requests().len()), (2, 0));
    session.finish().await;
}

#[tokio::test]
async fn an_answer_is_given_again_until_it_turns_out_unwanted() {
    let session = Session::with_cache(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    session.model.push(good("c"));
    for _ in 0..2 {
        session.ask(&uri).await;
        session.proposal().await;
    }
    said(&session, "answered from the cache").await;
    assert_eq!(session.model.requests().len(), 1);
    session.run("tenon.reject", json!({})).await;
    session.model.push(good("d"));
    session.ask(&uri).await;
    session.proposal().await;
    assert_eq!(session.model.requests().len(), 2, "what was rejected is asked again");
    session.finish().await;
}

#[tokio::test]
async fn a_reply_that_was_refused_is_not_given_again() {
    let session = Session::with_cache(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    for n in 1..3 {
        for _ in 0..2 {
            session.model.push([Step::text("I would rather not."), Step::finish()]);
        }
        session.ask(&uri).await;
        assert_eq!(session.failure().await, "no-edit");
        assert_eq!(session.model.requests().len(), 2 * n);
    }
    session.finish().await;
}
