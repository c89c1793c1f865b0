//! What a session spent and what became of its edits, as the account and the status tell it.

use serde_json::json;
use tenon::config::Config;
use tenon::model::scripted::Step;
use tenon::model::{Api, Budget, Money, ProviderSettings, StreamEvent, Usage};
use tenon::ports::ModelStatistics;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

async fn fates(session: &Session) -> [u64; 5] {
    let all = session.ledger.statistics().await;
    let found =
        all.into_iter().find(|known| (known.role.as_str(), known.model.as_str()) == ("edit", "first"));
    let ModelStatistics { fitted, refused, accepted, rejected, undone, .. } = found.unwrap_or_default();
    [fitted, refused, accepted, rejected, undone]
}

#[tokio::test]
async fn the_fate_of_every_edit_is_counted() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", "one\ntwo\nthree\nfour\nfive\n");
    let reply =
        block("a.rs", "one\n", "1\n") + &block("a.rs", "three\n", "3\n") + &block("a.rs", "five\n", "5\n");
    session.propose(&uri, &reply).await;
    assert_eq!(fates(&session).await, [1, 0, 0, 0, 0]);
    session.run("tenon.reject", json!({"hunk": 2})).await;
    session.accept(json!({})).await;
    assert_eq!(fates(&session).await, [1, 0, 2, 1, 0]);
    session.undo().await;
    assert_eq!(fates(&session).await, [1, 0, 2, 1, 2]);
    session.redo().await;
    assert_eq!(fates(&session).await, [1, 0, 4, 1, 2]);
    // Refused, then refused again as repaired.
    for _ in 0..2 {
        session.model.push([Step::text(block("a.rs", "nowhere to be found\n", "x\n")), Step::finish()]);
    }
    session.ask(&uri).await;
    session.failure().await;
    assert_eq!(fates(&session).await, [1, 2, 4, 1, 2]);
    session.finish().await;
}

#[tokio::test]
async fn an_accepted_hunk_that_is_there_already_counts() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", "one\ntwo\n");
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.editor.replace(&uri, "two", "2");
    session.run("tenon.accept", json!({})).await;
    assert_eq!(fates(&session).await, [1, 0, 1, 0, 0]);
    session.finish().await;
}

#[tokio::test]
async fn the_status_tells_usage_and_health() {
    let provider = ProviderSettings::new("scripted", Api::OpenAiChat, "http://127.0.0.1:9");
    let config = Config {
        providers: [("scripted".to_owned(), provider)].into(),
        budget: Budget { day: Some(Money(5 * Money::ONE)), ..Budget::default() },
        ..Config::default()
    };
    let session = Session::configured(Peer::VsCode, config).await;
    let before = session.status().await;
    assert_eq!(before["providers"], json!([{"name": "scripted", "health": "unknown"}]));
    assert_eq!(before["usage"]["session"], json!({"tokens": 0, "cost": "0.0000"}));
    assert_eq!(
        before["usage"]["budget"],
        json!({"request": null, "session": null, "day": "5.0000", "day_tokens": null})
    );
    let uri = session.open("a.rs", "one\n");
    let usage = Usage { input: 100, output: 20, ..Usage::default() };
    session.model.push([
        Step::Event(StreamEvent::Usage(usage)),
        Step::text(block("a.rs", "one\n", "1\n")),
        Step::finish(),
    ]);
    session.ask(&uri).await;
    session.proposal().await;
    let after = session.status().await;
    assert_eq!(
        (&after["usage"]["session"]["tokens"], &after["usage"]["today"]["tokens"]),
        (&json!(120), &json!(120))
    );
    let provider = &after["providers"][0];
    assert_eq!(
        (&provider["health"], &provider["in_flight"], &provider["last_error"]),
        (&json!("ok"), &json!(0), &json!(null))
    );
    session.finish().await;
}
