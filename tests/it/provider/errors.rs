//! Errors by status, in the stream, and in disguise; what is tried again; that keys stay out of it.

use tenon::model::ModelErrorKind::*;
use tenon::model::{FinishReason, ModelErrorKind};
use tenon::problem::Problem;

use super::*;

/// Header that keeps retries short.
const SOON: &str = "retry-after-ms: 1\r\n";
const NO_RETRY: &str = "x-should-retry: false\r\n";

async fn check_status(status: u16, headers: &str, body: &str, kind: ModelErrorKind, n_requests: usize) {
    let fake = FakeProvider::start(vec![vec![Act::answer(status, headers, body)]; 4]).await;
    let outcome = outcome(&*model(&fake, Timeouts::default())).await;
    assert_kind(&outcome, kind, "");
    assert_eq!(outcome.1.expect_err("an error").status, Some(status));
    assert_eq!(fake.requests().len(), n_requests, "requests for {status} {headers} {body}");
}

#[tokio::test]
async fn statuses_and_their_retries() {
    let spent = r#"{"error":{"message":"no money","code":"insufficient_quota"}}"#;
    let large = r#"{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}"#;
    check_status(400, SOON, large, PromptTooLarge, 1).await;
    check_status(
        400,
        SOON,
        r#"{"error":{"message":"m","code":"context_length_exceeded"}}"#,
        PromptTooLarge,
        1,
    )
    .await;
    check_status(400, SOON, r#"{"error":{"message":"temperature is not supported"}}"#, BadRequest, 1).await;
    check_status(401, SOON, "", Authentication, 1).await;
    check_status(402, SOON, "", Payment, 1).await;
    check_status(403, SOON, "", Authentication, 1).await;
    check_status(403, SOON, r#"{"error":{"code":403,"message":"Your input was flagged"}}"#, Refused, 1).await;
    check_status(404, SOON, r#"{"error":"model 'x' not found"}"#, BadRequest, 1).await;
    check_status(408, SOON, "", Stalled, 3).await;
    check_status(409, SOON, "", Server, 3).await;
    check_status(413, SOON, "", PromptTooLarge, 1).await;
    check_status(422, SOON, r#"{"detail":[{"loc":["body"],"msg":"Field required"}]}"#, BadRequest, 1).await;
    check_status(429, SOON, "", RateLimit, 3).await;
    check_status(429, "", "", RateLimit, 1).await;
    check_status(429, "retry-after: 0\r\n", "", RateLimit, 3).await;
    check_status(429, "retry-after: 0\r\n", spent, Payment, 1).await;
    check_status(500, SOON, "<html>", Server, 3).await;
    check_status(500, NO_RETRY, "", Server, 1).await;
    check_status(501, SOON, "", BadRequest, 1).await;
    check_status(502, SOON, "<html>", Server, 3).await;
    check_status(503, SOON, "", Overloaded, 3).await;
    check_status(504, SOON, "", Server, 3).await;
    check_status(529, SOON, "", Overloaded, 3).await;
    check_status(503, "retry-after: 121\r\n", "", Overloaded, 1).await;
    check_status(400, "x-should-retry: true\r\nretry-after-ms: 1\r\n", "", BadRequest, 3).await;
    check_status(307, "location: http://127.0.0.1:9/\r\n", "", Server, 1).await;
}

#[tokio::test]
async fn promised_times_reach_the_error() {
    for (header, seconds) in [
        ("retry-after: 3600\r\n", 3600..=3600),
        ("retry-after-ms: 500000\r\nretry-after: 1\r\n", 500..=500),
        ("retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\n", 200_000_000_000..=300_000_000_000),
        ("retry-after: Fri Dec 31 23:59:59 9999\r\n", 200_000_000_000..=300_000_000_000),
    ] {
        let outcome = played(vec![Act::answer(429, header, "")]).await;
        let promise = outcome.1.expect_err("an error").retry_after.expect("told").as_secs();
        assert!(seconds.contains(&promise), "{header} {promise}");
    }
}

#[tokio::test]
async fn a_promise_in_the_body_counts_like_one_in_a_header() {
    let body = |delay: &str| {
        format!(
            r#"{{"error":{{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{delay}"}}]}}}}"#
        )
    };
    check_status(429, "", &body("0.001s"), RateLimit, 3).await;
    check_status(429, "", &body("600s"), RateLimit, 1).await;
    let outcome = played(vec![Act::answer(429, "retry-after: 700\r\n", &body("600s"))]).await;
    let error = outcome.1.expect_err("an error");
    assert_eq!(error.retry_after, Some(Duration::from_secs(700)), "the header says it better");
}

#[tokio::test]
async fn what_helps_to_find_a_request_again_reaches_the_error() {
    let headers = "X-Request-Id: req_7\r\nx-ratelimit-remaining-tokens: 0\r\nset-cookie: c=1\r\nx-should-retry: false\r\n";
    let outcome = played(vec![Act::answer(500, headers, r#"{"error":{"message":"m","code":"c"}}"#)]).await;
    let error = outcome.1.expect_err("an error");
    assert_eq!((error.status, error.code.as_deref(), error.message.as_str()), (Some(500), Some("c"), "m"));
    assert_eq!(error.should_retry, Some(false));
    let mut names: Vec<&str> = error.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["x-ratelimit-remaining-tokens", "x-request-id"]);
}

#[tokio::test]
async fn a_reply_without_bound_ends() {
    let piece = delta(&"x".repeat(3 << 20));
    let fake = FakeProvider::start([
        vec![Act::head(SSE), Act::Repeat(piece_of(&piece), Duration::from_millis(1))],
        vec![
            Act::head("application/json"),
            Act::chunk("{\"choices\":["),
            Act::Repeat(piece_of(&" ".repeat(1 << 20)), Duration::from_millis(1)),
        ],
    ])
    .await;
    let model = model(&fake, Timeouts::default());
    for _ in 0..2 {
        let error = outcome(&*model).await.1.expect_err("an error");
        assert_eq!((error.kind, error.code.as_deref()), (Server, Some("reply-too-large")), "{error:?}");
    }
}

fn piece_of(text: &str) -> Vec<u8> {
    let Act::Send(bytes) = Act::chunk(text) else { unreachable!("a chunk is sent") };
    bytes
}

#[tokio::test]
async fn a_retry_that_succeeds_shows_nothing_of_the_failure() {
    let good = vec![Act::head(SSE), Act::chunk(delta("a") + &finish()), Act::end()];
    let reported = vec![
        Act::head(SSE),
        Act::chunk("data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n"),
    ];
    let fake = FakeProvider::start([vec![Act::answer(500, SOON, "")], reported, good]).await;
    let expected = ("a".to_owned(), Ok(FinishReason::Stop));
    assert_eq!(outcome(&*model(&fake, Timeouts::default())).await, expected);
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn errors_inside_the_stream() {
    let reported = delta("a")
        + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        + "data: {\"error\":{\"message\":\"worker died\",\"code\":500}}\n\ndata: [DONE]\n\n";
    let outcome = streamed(&reported).await;
    assert_kind(&outcome, Server, "a");
    assert_eq!(outcome.1.expect_err("an error").message, "worker died");
    let named = delta("a") + "event: error\ndata: {\"type\":\"overloaded_error\",\"message\":\"busy\"}\n\n";
    assert_kind(&streamed(&named).await, Overloaded, "a");
}

#[tokio::test]
async fn good_statuses_with_other_content() {
    let json = |body: &str| vec![Act::answer(200, "content-type: application/json; charset=utf-8\r\n", body)];
    let error = played(json(r#"{"error":{"message":"no such model","code":"model_not_found"}}"#)).await;
    assert_kind(&error, BadRequest, "");
    assert_kind(&played(json(r#"{"status":"ok"}"#)).await, Server, "");
    assert_kind(&played(json("not JSON")).await, Server, "");
    assert_kind(&played(json(r#"{"choices":[{"message":"#)).await, Truncated, "");
    assert_kind(&played(json("")).await, Truncated, "");

    let whole = r#"{"choices":[{"message":{"content":"né"},"finish_reason":"stop"}]}"#;
    assert_eq!(played(json(whole)).await, ("né".to_owned(), Ok(FinishReason::Stop)));

    // Under the name of a stream, and under none.
    for content_type in ["content-type: text/event-stream\r\n", ""] {
        let said = |body: &str| vec![Act::answer(200, content_type, body)];
        let error =
            played(said("\n{\n\"error\": {\"message\": \"bad key\", \"code\": \"invalid_api_key\"}}\n"));
        assert_kind(&error.await, Authentication, "");
        assert_eq!(played(said(whole)).await, ("né".to_owned(), Ok(FinishReason::Stop)));
        assert_kind(&played(said(&whole[..whole.len() - 1])).await, Truncated, "");
        assert_kind(&played(said("{data: 1")).await, Server, "");
    }

    let page = vec![Act::answer(200, "content-type: text/html\r\n", "<html>welcome</html>")];
    let outcome = played(page).await;
    assert_kind(&outcome, Server, "");
    assert!(outcome.1.expect_err("an error").message.contains("not an OpenAI-compatible API"));
    assert_kind(&played(vec![Act::answer(200, "", "")]).await, Truncated, "");
    assert_kind(&played(vec![Act::send("garbage\r\n\r\n"); 1]).await, Network, "");
}

#[tokio::test]
async fn keys_stay_secret() {
    let body =
        format!("{{\"error\":{{\"message\":\"bad key {KEY}{}\",\"code\":\"{KEY}\"}}}}", " ".repeat(2000));
    // The second one puts the key where long messages are cut.
    let cut = format!("{}{KEY}{}", "x".repeat(990), "y".repeat(100));
    for body in [&body, &cut] {
        let fake = FakeProvider::start([vec![Act::answer(401, "", body)]]).await;
        let (mut provider, settings) = settings(&fake, Timeouts::default());
        provider.key = Some(KeySource::Command(vec!["printf".to_owned(), KEY.to_owned()]));
        let model = provider::build(&provider, &settings).expect("set up");
        let error = outcome(&*model).await.1.expect_err("an error");
        assert_eq!(error.kind, Authentication);
        assert!(fake.requests()[0].head.contains(KEY));
        for text in [format!("{error:?}"), error.to_string(), format!("{:?}", Problem::from(&error))] {
            assert!(!text.contains("sk-very"), "{text}");
        }
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had() {
    let fake = FakeProvider::start([]).await;
    for command in ["echo sk-very-secret; exit 1", "printf 'sk-very\\nsecret'"] {
        let (mut provider, settings) = settings(&fake, Timeouts::default());
        provider.key = Some(KeySource::Command(["sh", "-c", command].map(str::to_owned).to_vec()));
        let error =
            outcome(&*provider::build(&provider, &settings).expect("set up")).await.1.expect_err("an error");
        assert_eq!(error.kind, Authentication);
        assert!(!error.to_string().contains("sk-very"), "{error}");
    }
    assert!(fake.requests().is_empty(), "no request without its key");
}

#[tokio::test]
async fn nobody_listens() {
    // Bound but not listening: refuses, and no other test can take the port meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().expect("set up");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("set up");
    let free = socket.local_addr().expect("set up").port();
    let fake = FakeProvider::start([]).await;
    let (mut provider, settings) = settings(&fake, Timeouts::default());
    provider.base_url = format!("http://user:pass-word@127.0.0.1:{free}/v1");
    let error =
        outcome(&*provider::build(&provider, &settings).expect("set up")).await.1.expect_err("an error");
    assert_eq!(error.kind, Network);
    assert!(!error.to_string().contains("pass-word"), "{error}");
}

#[tokio::test]
async fn a_key_that_ran_out_is_got_anew_once() {
    let refused = || vec![Act::answer(401, "", r#"{"error":{"message":"expired"}}"#)];
    let good = || vec![Act::head(SSE), Act::chunk(delta("a")), Act::chunk(finish()), Act::end()];
    let fake = FakeProvider::start([good(), refused(), good(), refused(), refused()]).await;
    let folder = tempfile::tempdir().expect("set up");
    let (mut provider, settings) = settings(&fake, Timeouts::default());
    let count = format!("cd '{}'; echo x >> n; printf 'key-%s' $(wc -l < n)", folder.path().display());
    provider.key = Some(KeySource::Command(["sh", "-c", &count].map(str::to_owned).to_vec()));
    let model = provider::build(&provider, &settings).expect("set up");
    for _ in 0..2 {
        outcome(&*model).await.1.expect("an answer");
    }
    let error = outcome(&*model).await.1.expect_err("the new key is not taken either");
    assert_eq!(error.kind, Authentication);
    let keys: Vec<_> = fake.requests().iter().map(|request| key_of(&request.head)).collect();
    assert_eq!(keys, ["key-1", "key-1", "key-2", "key-2", "key-3"]);
}

fn key_of(head: &str) -> String {
    let key = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
    key.expect("a key").to_owned()
}
