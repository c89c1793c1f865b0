//! Where bytes are cut must not matter; where they end must.

use tenon::model::{FinishReason, ModelErrorKind};

use super::*;

/// A stream with everything that is easily lost when cut.
fn stream(line_end: &str) -> String {
    let lines = [
        "\u{feff}: OPENROUTER PROCESSING".to_owned(),
        String::new(),
        "event: message".to_owned(),
        delta("né").trim_end().to_owned(),
        String::new(),
        ":".to_owned(),
        "data: {\"error\": null, \"choices\":".to_owned(),
        "data: [{\"delta\": {\"content\": \" 🦀\\n\"}, \"finish_reason\": null}]}".to_owned(),
        String::new(),
        finish().trim_end().replace("\n\n", &format!("{line_end}{line_end}")),
        String::new(),
        String::new(),
    ];
    lines.join(line_end)
}

#[tokio::test]
async fn a_stream_cut_anywhere_in_two_is_the_same() {
    for line_end in ["\n", "\r\n"] {
        let body = stream(line_end);
        let cuts: Vec<usize> = (1..body.len()).step_by(3).collect();
        let scripts = cuts.iter().map(|&cut| {
            let (first, rest) = body.as_bytes().split_at(cut);
            vec![Act::head(SSE), Act::chunk(first), Act::chunk(rest), Act::end()]
        });
        let fake = FakeProvider::start(scripts).await;
        let model = model(&fake, Timeouts::default());
        for cut in cuts {
            let expected = ("né 🦀\n".to_owned(), Ok(FinishReason::Stop));
            assert_eq!(outcome(&*model).await, expected, "cut at {cut}, lines end in {line_end:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_in_single_bytes_is_the_same() {
    let body = stream("\r\n");
    let mut script = vec![Act::head(SSE)];
    script.extend(body.as_bytes().iter().map(|byte| Act::chunk([*byte])));
    script.push(Act::end());
    assert_eq!(played(script).await, ("né 🦀\n".to_owned(), Ok(FinishReason::Stop)));
}

#[tokio::test]
async fn a_stream_that_ends_early_is_truncated() {
    let body = stream("\n");
    let done = body.rfind("[DONE]").expect("set up") + "[DONE]".len();
    let ends: Vec<usize> = (1..done).step_by(7).collect();
    let scripts =
        ends.iter().map(|&end| vec![Act::head(SSE), Act::chunk(&body.as_bytes()[..end]), Act::end()]);
    let fake = FakeProvider::start(scripts).await;
    let model = model(&fake, Timeouts::default());
    for end in ends {
        let outcome = outcome(&*model).await;
        let error = outcome.1.expect_err("not complete");
        assert_eq!(error.kind, ModelErrorKind::Truncated, "ended at {end}");
        assert!("né 🦀\n".starts_with(&outcome.0));
    }
}

#[tokio::test]
async fn the_terminal_event_needs_no_line_end_but_a_finish_reason() {
    assert_eq!(
        streamed(finish().trim_end()).await,
        (String::new(), Ok(FinishReason::Stop)),
        "a server that forgets the empty line"
    );
    let unfinished = delta("a") + "data: [DONE]\n\n";
    assert_kind(&streamed(&unfinished).await, ModelErrorKind::Truncated, "a");
    let without_done = finish().replace("data: [DONE]\n\n", "");
    assert_kind(&streamed(&(delta("a") + &without_done)).await, ModelErrorKind::Truncated, "a");
}

#[tokio::test]
async fn connections_that_break() {
    let closed = played(vec![Act::head(SSE), Act::chunk(delta("a"))]).await;
    assert_kind(&closed, ModelErrorKind::Truncated, "a");
    let cut_in_chunk = played(vec![Act::head(SSE), Act::chunk(delta("a")), Act::send("ff\r\ndata: ")]).await;
    assert_kind(&cut_in_chunk, ModelErrorKind::Truncated, "a");

    // The reset waits until the text was read: it may overtake it otherwise.
    let gate = tenon::model::scripted::Gate::default();
    let script = vec![Act::head(SSE), Act::chunk(delta("a")), Act::Pause(gate.clone()), Act::Reset];
    let fake = FakeProvider::start([script]).await;
    let mut stream = model(&fake, Timeouts::default()).send(request());
    assert_eq!(stream.next().await, Some(Ok(StreamEvent::Text("a".to_owned()))));
    gate.open();
    let error = stream.next().await.expect("an item").expect_err("an error");
    assert_eq!(error.kind, ModelErrorKind::Network, "{error:?}");
    assert_eq!(stream.next().await, None);
    assert_eq!(fake.requests().len(), 1, "never again after output was shown");
}

#[tokio::test]
async fn events_that_are_too_large_or_no_text() {
    let large = format!("data: {}", "x".repeat(provider::sse::EVENT_LIMIT));
    assert_kind(&streamed(&(delta("a") + &large)).await, ModelErrorKind::Server, "a");
    let script = vec![Act::head(SSE), Act::chunk(delta("a")), Act::chunk(b"data: \"\xff\"\n\n"), Act::end()];
    assert_kind(&played(script).await, ModelErrorKind::Server, "a");
    assert_kind(&streamed(&(delta("a") + "data: no JSON\n\n")).await, ModelErrorKind::Server, "a");
}
