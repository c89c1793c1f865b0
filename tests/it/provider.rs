//! Providers against a fake server that cuts, stalls, lies and breaks: each answer ends as a success whose
//! terminal event was seen, or as one typed error; no text is lost on the way, no key is shown.

mod cuts;
mod errors;
mod local;
mod proxy;
mod stalls;
mod tls;
mod vendors;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use tenon::model::{
    Api, FinishReason, KeySource, Message, ModelError, ModelErrorKind, ModelRequest, ModelSettings, Outgoing,
    OutgoingFilter, ProviderSettings, Request, StreamEvent, Timeouts, Upstream, provider,
};

use crate::support::fake_provider::{Act, FakeProvider};

const SSE: &str = "text/event-stream";
const KEY: &str = "sk-very-secret-0123456789";

fn settings(fake: &FakeProvider, timeouts: Timeouts) -> (ProviderSettings, ModelSettings) {
    let provider =
        ProviderSettings { timeouts, ..ProviderSettings::new("fake", Api::OpenAiChat, fake.base_url()) };
    let model =
        ModelSettings { context: 8192, max_output: 64, ..ModelSettings::new("coder", "fake", "qwen") };
    (provider, model)
}

fn model(fake: &FakeProvider, timeouts: Timeouts) -> Arc<dyn Upstream> {
    let (provider, model) = settings(fake, timeouts);
    provider::build(&provider, &model).expect("set up")
}

fn request() -> Outgoing {
    let request = ModelRequest::new("be brief", vec![Message::user("hello")]);
    OutgoingFilter::default().pass(Request::Chat(request)).expect("it passes")
}

/// How a reply ended: its text and its terminal event or error.
type Outcome = (String, Result<FinishReason, ModelError>);

/// Asks and reads to the end. No stream may end without a terminal event or an error, or go on after it.
async fn outcome(model: &dyn Upstream) -> Outcome {
    outcome_of(model, request()).await
}

/// As [`outcome`], for any request.
async fn outcome_of(model: &dyn Upstream, request: Outgoing) -> Outcome {
    let mut text = String::new();
    let mut end = None;
    let mut stream = model.send(request);
    while let Some(item) = stream.next().await {
        assert!(end.is_none(), "{item:?} after {end:?}");
        match item {
            Ok(StreamEvent::Text(piece)) => text.push_str(&piece),
            Ok(StreamEvent::Finished(reason)) => end = Some(Ok(reason)),
            Ok(_) => {}
            Err(error) => end = Some(Err(error)),
        }
    }
    (text, end.expect("a stream ends with a terminal event or an error"))
}

/// Answers one request with `script`; says how the reply ended.
async fn played(script: Vec<Act>) -> Outcome {
    let fake = FakeProvider::start([script]).await;
    outcome(&*model(&fake, Timeouts::default())).await
}

/// The reply to `body`, sent whole as an event stream.
async fn streamed(body: &str) -> Outcome {
    played(vec![Act::head(SSE), Act::chunk(body), Act::end()]).await
}

fn delta(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}}]}))
}

fn finish() -> String {
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
        .to_owned()
}

fn assert_kind(outcome: &Outcome, kind: ModelErrorKind, text: &str) {
    assert_eq!(outcome.0, text, "{outcome:?}");
    let error = outcome.1.as_ref().expect_err("an error");
    assert_eq!(error.kind, kind, "{error:?}");
    assert_eq!((error.provider.as_str(), error.model.as_str()), ("fake", "coder"));
}

#[tokio::test]
async fn a_whole_conversation() {
    let body = delta("né 🦀") + &delta("!") + &finish();
    let fake = FakeProvider::start([vec![Act::head(SSE), Act::chunk(body), Act::end()]]).await;
    let (mut provider, mut model) = settings(&fake, Timeouts::default());
    provider.key = Some(KeySource::Command(vec!["printf".to_owned(), format!("{KEY}\\n")]));
    model.capabilities.temperature = Some("0.2".to_owned());
    let model = provider::build(&provider, &model).expect("set up");
    drop(model.send(request()));
    assert_eq!(outcome(&*model).await, ("né 🦀!".to_owned(), Ok(FinishReason::Stop)));

    let requests = fake.requests();
    assert_eq!(requests.len(), 1, "nothing happens before a stream is polled");
    assert!(requests[0].head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{}", requests[0].head);
    assert!(requests[0].head.contains(&format!("authorization: Bearer {KEY}\r\n")));
    let body: serde_json::Value = serde_json::from_str(&requests[0].body).expect("set up");
    assert_eq!(
        body,
        serde_json::json!({
            "model": "qwen",
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}],
            "max_tokens": 64,
            "temperature": 0.2,
            "stream": true,
            "stream_options": {"include_usage": true},
        })
    );
}

#[tokio::test]
async fn output_limit_and_usage() {
    let body = delta("cut")
        + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
        + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9}}\n\ndata: [DONE]\n\n";
    let fake = FakeProvider::start([vec![Act::head(SSE), Act::chunk(body), Act::end()]]).await;
    let events: Vec<_> = model(&fake, Timeouts::default()).send(request()).collect().await;
    let usage = tenon::model::Usage { input: 7, output: 9, ..Default::default() };
    let expected = [
        Ok(StreamEvent::Text("cut".to_owned())),
        Ok(StreamEvent::Usage(usage)),
        Ok(StreamEvent::Finished(FinishReason::Length)),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn nothing_after_the_terminal_event_counts() {
    let gate = tenon::model::scripted::Gate::default();
    let body = delta("a") + &finish() + &delta("late") + "data: {\"error\":{\"message\":\"late\"}}\n\n";
    // The server keeps the connection open: the reply ends without waiting for it.
    let outcome = played(vec![Act::head(SSE), Act::chunk(body), Act::Pause(gate)]).await;
    assert_eq!(outcome, ("a".to_owned(), Ok(FinishReason::Stop)));
}

#[tokio::test]
async fn pieces_arrive_as_they_are_sent() {
    let gate = tenon::model::scripted::Gate::default();
    let script = vec![
        Act::head(SSE),
        Act::chunk(delta("a")),
        Act::Pause(gate.clone()),
        Act::chunk(finish()),
        Act::end(),
    ];
    let fake = FakeProvider::start([script]).await;
    let mut stream = model(&fake, Timeouts::default()).send(request());
    assert_eq!(stream.next().await, Some(Ok(StreamEvent::Text("a".to_owned()))));
    gate.open();
    assert_eq!(stream.next().await, Some(Ok(StreamEvent::Finished(FinishReason::Stop))));
    assert_eq!(stream.next().await, None);
}

/// For what happens at once, on a machine that does other things, too.
const PATIENCE: Duration = Duration::from_secs(10);
const QUICK: Duration = Duration::from_millis(200);

#[tokio::test]
async fn dropping_a_reply_closes_the_socket() {
    let never = tenon::model::scripted::Gate::default();
    // In the middle of the text, and before any answer.
    let script = vec![Act::head(SSE), Act::chunk(delta("a")), Act::Pause(never)];
    let fake = FakeProvider::start([script]).await;
    let mut stream = model(&fake, Timeouts::default()).send(request());
    assert_eq!(stream.next().await, Some(Ok(StreamEvent::Text("a".to_owned()))));
    drop(stream);
    tokio::time::timeout(QUICK, fake.client_left()).await.expect("closed in time");

    let never = tenon::model::scripted::Gate::default();
    let fake = FakeProvider::start([vec![Act::Pause(never.clone())]]).await;
    let mut stream = model(&fake, Timeouts::default()).send(request());
    tokio::select! {
        item = stream.next() => panic!("{item:?}"),
        () = never.reached() => {}
    }
    drop(stream);
    tokio::time::timeout(QUICK, fake.client_left()).await.expect("closed in time");
}
