//! Servers that stop answering. The time-outs are short, the gates never open: only the clock of the client
//! ends these replies.

use tenon::model::scripted::Gate;

use super::*;

const SHORT: Duration = Duration::from_millis(60);

fn patience() -> Timeouts {
    Timeouts { connect: Duration::from_secs(5), ..Timeouts::default() }
}

async fn check(script: Vec<Act>, timeouts: Timeouts, text: &str, message: &str) {
    let fake = FakeProvider::start([script]).await;
    let outcome = outcome(&*model(&fake, timeouts)).await;
    assert_kind(&outcome, ModelErrorKind::Stalled, text);
    let error = outcome.1.expect_err("an error");
    assert!(error.message.contains(message), "{error}");
    tokio::time::timeout(QUICK, fake.client_left()).await.expect("the connection is closed");
    assert_eq!(fake.requests().len(), 1, "a stall is not repeated");
}

#[tokio::test]
async fn no_answer_at_all() {
    let timeouts = Timeouts { first_byte: SHORT, ..patience() };
    check(vec![Act::Pause(Gate::default())], timeouts, "", "no answer came").await;
}

#[tokio::test]
async fn a_head_and_nothing_more() {
    let timeouts = Timeouts { first_byte: SHORT, ..patience() };
    check(vec![Act::head(SSE), Act::Pause(Gate::default())], timeouts, "", "no answer came").await;
}

#[tokio::test]
async fn silence_in_the_middle() {
    let timeouts = Timeouts { idle_bytes: SHORT, ..patience() };
    let script = vec![Act::head(SSE), Act::chunk(delta("a")), Act::Pause(Gate::default())];
    check(script, timeouts, "a", "nothing came").await;
}

#[tokio::test]
async fn keep_alives_without_content() {
    let Act::Send(ping) = Act::chunk(": ping\n\n") else { unreachable!() };
    let timeouts = Timeouts { idle_bytes: 2 * SHORT, idle_content: 4 * SHORT, ..patience() };
    let script = vec![Act::head(SSE), Act::chunk(delta("a")), Act::Repeat(ping, SHORT / 10)];
    check(script, timeouts, "a", "nothing but keep-alives came").await;
}

#[tokio::test]
async fn an_error_body_that_never_ends_is_still_its_status() {
    let head = "HTTP/1.1 401 No\r\ncontent-length: 100\r\n\r\n";
    let fake = FakeProvider::start([vec![Act::send(head), Act::Pause(Gate::default())]]).await;
    // The head has come: a server that may take long to begin may not take long to end.
    let model = model(&fake, Timeouts { idle_bytes: SHORT, ..patience() });
    let outcome = tokio::time::timeout(Duration::from_secs(4), outcome(&*model)).await;
    let outcome = outcome.expect("nobody waits for it");
    assert_kind(&outcome, ModelErrorKind::Authentication, "");
}
