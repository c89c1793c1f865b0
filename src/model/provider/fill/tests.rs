//! Each form: what is sent, and what its server answers.

use expect_test::{Expect, expect};

use super::*;
use crate::model::{Api, ModelRequest};

fn settings(form: FillForm) -> ModelSettings {
    let mut model =
        ModelSettings { context: 4096, max_output: 64, ..ModelSettings::new("quick", "p", "codestral") };
    model.capabilities.fill = Some(form);
    model
}

fn request() -> Request {
    Request::Fill(FillRequest {
        prefix: "let a = ".to_owned(),
        suffix: ";\n".to_owned(),
        path: "a.rs".to_owned(),
        max_output: 32,
        stop: vec!["\n\n".to_owned()],
    })
}

/// What is sent, then what is read from `stream`, whose last event lacks its end.
fn check(form: FillForm, stream: &[&str], expected: &Expect) {
    check_api(Api::OpenAiChat, form, stream, expected);
}

fn check_api(api: Api, form: FillForm, stream: &[&str], expected: &Expect) {
    let model = settings(form);
    let protocol = Protocol::of(api, &request(), &model).expect("it can");
    let wire = (protocol.wire)(&request(), &model).expect("it can");
    let mut lines = vec![format!("{:?} {} {}\n", protocol.below, wire.path, wire.body)];
    let mut codec = (protocol.codec)();
    let mut out = VecDeque::new();
    let event = |data: &str| Event { event: String::new(), data: data.to_owned() };
    let (last, pieces) = stream.split_last().expect("a stream");
    let mut result = pieces.iter().try_for_each(|data| codec.event(&event(data), &mut out));
    if result.is_ok() {
        result = codec.closed(Some(&event(last)), &mut out);
    }
    lines.extend(out.iter().map(|event| format!("{event:?}\n")));
    lines.extend(result.err().map(|fault| format!("{:?} {}\n", fault.kind, fault.message)));
    expected.assert_eq(&lines.concat());
}

#[test]
fn mistral() {
    check(
        FillForm::Mistral,
        &[
            r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"1"},"finish_reason":null}]}"#,
            r#"{"id":"c","choices":[{"index":0,"delta":{"content":" + 2"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"total_tokens":13,"completion_tokens":4}}"#,
            "[DONE]",
        ],
        &expect![[r#"
            Base fim/completions {"max_tokens":32,"model":"codestral","prompt":"let a = ","stop":["\n\n"],"stream":true,"suffix":";\n"}
            Text("1")
            Text(" + 2")
            Usage(Usage { input: 9, cache_read: 0, cache_write: 0, output: 4, reasoning: 0 })
            Finished(Stop)
        "#]],
    );
}

#[test]
fn completions() {
    check(
        FillForm::Completions,
        &[
            r#"{"id":"c","object":"text_completion","choices":[{"text":"1","index":0,"logprobs":null,"finish_reason":null}]}"#,
            r#"{"id":"c","choices":[{"text":"","index":0,"finish_reason":"length"}]}"#,
            "[DONE]",
        ],
        &expect![[r#"
            Base completions {"max_tokens":32,"model":"codestral","prompt":"let a = ","stop":["\n\n"],"stream":true,"stream_options":{"include_usage":true},"suffix":";\n"}
            Text("1")
            Finished(Length)
        "#]],
    );
}

#[test]
fn templates() {
    check(
        FillForm::Template("<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>".to_owned()),
        &[r#"{"choices":[{"text":"1","index":0,"finish_reason":"stop"}]}"#, "[DONE]"],
        &expect![[r#"
            Base completions {"max_tokens":32,"model":"codestral","prompt":"<|fim_prefix|>let a = <|fim_suffix|>;\n<|fim_middle|>","stop":["\n\n"],"stream":true,"stream_options":{"include_usage":true}}
            Text("1")
            Finished(Stop)
        "#]],
    );
    let nested = FillRequest {
        prefix: "{suffix}".to_owned(),
        suffix: "{prefix}".to_owned(),
        ..FillRequest::default()
    };
    assert_eq!(filled("{suffix}|{prefix}|{x}", &nested), "{prefix}|{suffix}|{x}");
}

#[test]
fn llama_server() {
    check(
        FillForm::Infill,
        &[
            r#"{"index":0,"content":"1","tokens":[16],"stop":false,"id_slot":-1,"tokens_predicted":1,"tokens_evaluated":9}"#,
            r#"{"index":0,"content":"","stop":true,"model":"q","tokens_predicted":2,"tokens_evaluated":9,"stop_type":"limit","truncated":false,"timings":{"cache_n":4,"prompt_n":5}}"#,
        ],
        &expect![[r#"
            Root infill {"input_prefix":"let a = ","input_suffix":";\n","n_predict":32,"stop":["\n\n"],"stream":true}
            Text("1")
            Usage(Usage { input: 5, cache_read: 4, cache_write: 0, output: 2, reasoning: 0 })
            Finished(Length)
        "#]],
    );
    check(
        FillForm::Infill,
        &[
            r#"{"content":"1","stop":false}"#,
            r#"{"error":{"code":500,"message":"slot died","type":"server_error"}}"#,
        ],
        &expect![[r#"
            Root infill {"input_prefix":"let a = ","input_suffix":";\n","n_predict":32,"stop":["\n\n"],"stream":true}
            Text("1")
            Server slot died
        "#]],
    );
    check(
        FillForm::Infill,
        &[r#"{"content":"1","stop":false}"#, "{"],
        &expect![[r#"
        Root infill {"input_prefix":"let a = ","input_suffix":";\n","n_predict":32,"stop":["\n\n"],"stream":true}
        Text("1")
        Truncated the stream ended without its terminal event
    "#]],
    );
}

#[test]
fn ollama() {
    check(
        FillForm::Ollama,
        &[
            r#"{"model":"m","response":"1","done":false}"#,
            r#"{"model":"m","response":"","done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":2}"#,
        ],
        &expect![[r#"
            Root api/generate {"model":"codestral","options":{"num_ctx":4096,"num_predict":32,"stop":["\n\n"]},"prompt":"let a = ","shift":false,"stream":true,"suffix":";\n","truncate":false}
            Text("1")
            Usage(Usage { input: 9, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 })
            Finished(Stop)
        "#]],
    );
}

#[test]
fn ollama_takes_a_template_in_its_own_protocol() {
    check_api(
        Api::Ollama,
        FillForm::Template("<p>{prefix}<s>{suffix}<m>".to_owned()),
        &[r#"{"model":"m","response":"1","done":true,"done_reason":"stop"}"#],
        &expect![[r#"
            Root api/generate {"model":"codestral","options":{"num_ctx":4096,"num_predict":32,"stop":["\n\n"]},"prompt":"<p>let a = <s>;\n<m>","raw":true,"shift":false,"stream":true,"suffix":"","truncate":false}
            Text("1")
            Finished(Stop)
        "#]],
    );
}

#[test]
fn limits_and_refusals() {
    let model = settings(FillForm::Infill);
    let limit = |asked| max_output(&FillRequest { max_output: asked, ..FillRequest::default() }, &model);
    assert_eq!([limit(0), limit(32), limit(1000)], [64, 32, 64]);
    let fault = wire(&Request::Chat(ModelRequest::default()), &model).expect_err("a fault");
    assert_eq!(fault.kind, ModelErrorKind::BadRequest);
    let mut model = model;
    model.capabilities.fill = None;
    let fault = Protocol::of(Api::Ollama, &request(), &model).map(|_| ()).expect_err("a fault");
    assert_eq!(fault.message, "model quick is not set up to fill in a middle");
}
