//! Every protocol over TCP: what is sent, what comes back however the body is cut, and how each ends badly. The streams
//! are those of `src/model/provider/battery.rs`, which cuts them at every byte without a socket.

use tenon::model::{FillForm, FillRequest, ModelErrorKind::*};

use super::*;

/// A protocol: how it is configured, what it sends where, and an answer in its words.
struct Vendor {
    api: Api,
    fill: Option<FillForm>,
    /// The request line's path, and the header that carries the key.
    path: &'static str,
    key_header: &'static str,
    content_type: &'static str,
    stream: &'static str,
    /// An answer that is not streamed.
    whole: &'static str,
}

const LINES: &str = "application/x-ndjson";
const TEXT: &str = "fn né() {\n    \"🦀\"\n}\r\n";
const MIDDLE: &str = "né() {\n    \"🦀\"";

macro_rules! stream {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/streams/", $name))
    };
}

fn vendors() -> Vec<Vendor> {
    let chat = |api, path, key_header, stream, whole| {
        let content_type = if api == Api::Ollama { LINES } else { SSE };
        Vendor { api, fill: None, path, key_header, content_type, stream, whole }
    };
    let fill = |form, path, stream, whole| {
        let content_type = if form == FillForm::Ollama { LINES } else { SSE };
        Vendor {
            api: Api::OpenAiChat,
            fill: Some(form),
            path,
            key_header: "authorization: Bearer ",
            content_type,
            stream,
            whole,
        }
    };
    let completion = r#"{"choices":[{"text":"né","finish_reason":"stop"}]}"#;
    vec![
        chat(
            Api::OpenAiResponses,
            "/v1/responses",
            "authorization: Bearer ",
            stream!("responses.sse"),
            r#"{"status":"completed","error":null,"output":[{"type":"message","content":[{"type":"output_text","text":"né"}]}]}"#,
        ),
        chat(
            Api::Anthropic,
            "/v1/messages",
            "x-api-key: ",
            stream!("anthropic.sse"),
            r#"{"type":"message","content":[{"type":"text","text":"né"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}"#,
        ),
        chat(
            Api::Gemini,
            "/v1/models/qwen:streamGenerateContent?alt=sse",
            "x-goog-api-key: ",
            stream!("gemini.sse"),
            r#"{"candidates":[{"content":{"parts":[{"text":"né"}]},"finishReason":"STOP"}]}"#,
        ),
        chat(
            Api::Ollama,
            "/api/chat",
            "authorization: Bearer ",
            stream!("ollama.jsonl"),
            r#"{"message":{"role":"assistant","content":"né"},"done":true,"done_reason":"stop"}"#,
        ),
        fill(
            FillForm::Mistral,
            "/v1/fim/completions",
            stream!("fill-mistral.sse"),
            r#"{"choices":[{"message":{"content":"né"},"finish_reason":"stop"}]}"#,
        ),
        fill(FillForm::Completions, "/v1/completions", stream!("fill-completions.sse"), completion),
        fill(
            FillForm::Template("<p>{prefix}<s>{suffix}<m>".to_owned()),
            "/v1/completions",
            stream!("fill-completions.sse"),
            completion,
        ),
        fill(
            FillForm::Infill,
            "/infill",
            stream!("fill-infill.sse"),
            r#"{"content":"né","stop":true,"stop_type":"eos"}"#,
        ),
        fill(
            FillForm::Ollama,
            "/api/generate",
            stream!("fill-ollama.jsonl"),
            r#"{"response":"né","done":true,"done_reason":"stop"}"#,
        ),
    ]
}

impl Vendor {
    fn name(&self) -> String {
        format!("{:?} {:?}", self.api, self.fill)
    }

    fn model(&self, fake: &FakeProvider) -> Arc<dyn Upstream> {
        let (mut provider, mut model) = settings(fake, Timeouts::default());
        provider.api = self.api;
        provider.key = Some(KeySource::Command(vec!["printf".to_owned(), KEY.to_owned()]));
        model.capabilities.fill.clone_from(&self.fill);
        provider::build(&provider, &model).expect("set up")
    }

    fn request(&self) -> Outgoing {
        let fill = FillRequest { prefix: "fn ".to_owned(), suffix: "\n}".to_owned(), ..Default::default() };
        match self.fill {
            Some(_) => OutgoingFilter::default().pass(Request::Fill(fill)).expect("it passes"),
            None => request(),
        }
    }

    fn text(&self) -> &'static str {
        if self.fill.is_some() { MIDDLE } else { TEXT }
    }

    /// Asks `n` times in turn, each answered by a script.
    async fn outcomes(&self, scripts: Vec<Vec<Act>>) -> Vec<Outcome> {
        let n_scripts = scripts.len();
        let fake = FakeProvider::start(scripts).await;
        let model = self.model(&fake);
        let mut outcomes = Vec::new();
        for _ in 0..n_scripts {
            outcomes.push(outcome_of(&*model, self.request()).await);
        }
        assert_eq!(fake.requests().len(), n_scripts, "{}: nothing is asked again", self.name());
        outcomes
    }
}

#[tokio::test]
async fn what_is_sent_where_and_with_which_key() {
    for vendor in vendors() {
        let script = vec![Act::head(vendor.content_type), Act::chunk(vendor.stream), Act::end()];
        let fake = FakeProvider::start([script]).await;
        let (text, end) = outcome_of(&*vendor.model(&fake), vendor.request()).await;
        assert_eq!(text, vendor.text(), "{}", vendor.name());
        assert!(end.is_ok(), "{}: {end:?}", vendor.name());
        let head = &fake.requests()[0].head;
        assert!(head.starts_with(&format!("POST {} HTTP/1.1\r\n", vendor.path)), "{head}");
        assert!(head.contains(&format!("{}{KEY}\r\n", vendor.key_header)), "{head}");
        assert_eq!(head.matches(KEY).count(), 1, "the key travels once: {head}");
        let body: serde_json::Value = serde_json::from_str(&fake.requests()[0].body).expect("JSON");
        assert!(body.is_object() && !body.to_string().contains(KEY));
    }
}

#[tokio::test]
async fn pieces_of_the_body_do_not_matter() {
    for vendor in vendors() {
        for line_end in ["\n", "\r\n"] {
            let body = vendor.stream.replace('\n', line_end);
            let bytes = body.as_bytes();
            let mut scripts: Vec<Vec<Act>> = [1, 7, 64]
                .iter()
                .map(|size| {
                    let mut script = vec![Act::head(vendor.content_type)];
                    script.extend(bytes.chunks(*size).map(Act::chunk));
                    script.push(Act::end());
                    script
                })
                .collect();
            scripts.extend((1..bytes.len()).step_by(211).map(|cut| {
                let (first, rest) = bytes.split_at(cut);
                vec![Act::head(vendor.content_type), Act::chunk(first), Act::chunk(rest), Act::end()]
            }));
            for (text, end) in vendor.outcomes(scripts).await {
                assert_eq!(text, vendor.text(), "{}", vendor.name());
                assert!(end.is_ok(), "{}: {end:?}", vendor.name());
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_truncated() {
    for vendor in vendors() {
        let bytes = vendor.stream.as_bytes();
        let complete = vendor.stream.trim_end().len();
        let ends: Vec<usize> = (0..complete).step_by(173).chain([complete - 1]).collect();
        let by_end =
            |end: &usize| vec![Act::head(vendor.content_type), Act::chunk(&bytes[..*end]), Act::end()];
        // The connection breaks after the terminal event's line, but in the middle of a chunk before it.
        let broken =
            vec![Act::head(vendor.content_type), Act::chunk(&bytes[..complete / 2]), Act::send("ff\r\nda")];
        let scripts = ends.iter().map(by_end).chain([broken]).collect();
        for (text, end) in vendor.outcomes(scripts).await {
            assert!(vendor.text().starts_with(&text), "{}: {text:?}", vendor.name());
            assert_eq!(end.expect_err("not complete").kind, Truncated, "{}", vendor.name());
        }
    }
}

#[tokio::test]
async fn answers_that_are_not_streamed_and_errors_with_a_good_status() {
    let json = |body: &str| vec![Act::answer(200, "content-type: application/json\r\n", body)];
    let error = r#"{"error":{"type":"not_found_error","code":"model_not_found","message":"no such model"}}"#;
    for vendor in vendors() {
        let html =
            vec![Act::answer(200, "content-type: text/html; charset=utf-8\r\n", "<html>sign in</html>")];
        let half = &vendor.whole[..vendor.whole.len() - 3];
        let scripts = vec![json(vendor.whole), json(error), json(half), json("{}"), json(""), html];
        let outcomes = vendor.outcomes(scripts).await;
        assert_eq!(outcomes[0], ("né".to_owned(), Ok(FinishReason::Stop)), "{}", vendor.name());
        let expected = [BadRequest, Truncated, Server, Truncated, Server];
        for (outcome, kind) in outcomes[1..].iter().zip(expected) {
            assert_kind(outcome, kind, "");
        }
        assert_eq!(outcomes[1].1.as_ref().expect_err("an error").message, "no such model");
    }
}

#[tokio::test]
async fn errors_in_the_middle_end_the_reply() {
    let error = r#"{"error":{"type":"api_error","message":"worker died"}}"#;
    for vendor in vendors() {
        let is_lines = vendor.content_type == LINES;
        let report = if is_lines { format!("{error}\n") } else { format!("data: {error}\n\n") };
        let last = vendor.stream.trim_end().rfind(if is_lines { "\n" } else { "\n\n" }).expect("several");
        let (first, terminal) = vendor.stream.split_at(last + if is_lines { 1 } else { 2 });
        // vLLM sends its terminal event after the error.
        let script = vec![
            Act::head(vendor.content_type),
            Act::chunk(first),
            Act::chunk(report),
            Act::chunk(terminal),
            Act::end(),
        ];
        let outcomes = vendor.outcomes(vec![script]).await;
        assert_kind(&outcomes[0], Server, vendor.text());
        assert_eq!(outcomes[0].1.as_ref().expect_err("an error").message, "worker died");
    }
}

#[tokio::test]
async fn cancelling_closes_the_socket() {
    for vendor in vendors() {
        // In the middle of the reply.
        let cut = vendor.stream.find("🦀").expect("in each") - 1;
        let never = tenon::model::scripted::Gate::default();
        let script =
            vec![Act::head(vendor.content_type), Act::chunk(&vendor.stream[..cut]), Act::Pause(never)];
        let fake = FakeProvider::start([script]).await;
        let mut stream = vendor.model(&fake).send(vendor.request());
        while let Some(item) = stream.next().await {
            if matches!(item.expect("no error"), StreamEvent::Text(_)) {
                break;
            }
        }
        drop(stream);
        tokio::time::timeout(PATIENCE, fake.client_left()).await.expect("closed in time");

        // Before any answer.
        let never = tenon::model::scripted::Gate::default();
        let fake = FakeProvider::start([vec![Act::Pause(never.clone())]]).await;
        let mut stream = vendor.model(&fake).send(vendor.request());
        tokio::select! {
            item = stream.next() => panic!("{item:?}"),
            () = never.reached() => {}
        }
        drop(stream);
        tokio::time::timeout(PATIENCE, fake.client_left()).await.expect("closed in time");
    }
}

#[tokio::test]
async fn settings_reach_the_head_of_a_request() {
    let fake = FakeProvider::start([vec![Act::answer(401, "", "")]]).await;
    let (mut provider, model) = settings(&fake, Timeouts::default());
    provider.api = Api::Anthropic;
    provider.headers = vec![("X-Team".to_owned(), "parsers".to_owned())];
    let model = provider::build(&provider, &model).expect("set up");
    assert_kind(&outcome(&*model).await, Authentication, "");
    let head = fake.requests()[0].head.to_lowercase();
    assert!(head.contains("anthropic-version: 2023-06-01\r\n"), "{head}");
    assert!(head.contains("x-team: parsers\r\n"), "{head}");
    assert!(!head.contains("x-api-key"), "{head}");
}
