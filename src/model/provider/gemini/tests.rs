//! The codec against what the API sends, and the bodies against what it takes.

use expect_test::{Expect, expect};
use serde_json::{Map, json};

use super::*;
use crate::model::provider::codec::tests::check_stream;
use crate::model::provider::codec::{self, Codec as _};
use crate::model::{
    AnswerForm, FillRequest, Message, ModelRequest, ModelSettings, Request, Thinking, Tool, ToolCall,
    ToolResult,
};

fn settings() -> ModelSettings {
    ModelSettings { max_output: 100, ..ModelSettings::new("writer", "google", "gemini-3-pro") }
}

fn body(request: ModelRequest, change: impl FnOnce(&mut ModelSettings)) -> Value {
    let mut model = settings();
    change(&mut model);
    wire(&Request::Chat(request), &model).expect("a request").body
}

fn question() -> ModelRequest {
    ModelRequest::new("be brief", vec![Message::user("a"), Message::assistant(""), Message::assistant("b")])
}

#[test]
fn a_plain_request() {
    let wire = wire(&Request::Chat(question()), &settings()).expect("a request");
    assert!(wire.headers.is_empty());
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"text": "b"}]},
        ],
        "generationConfig": {"maxOutputTokens": 100},
    });
    assert_eq!(wire.body, expected);
}

#[test]
fn paths() {
    let check = |name: &str, stream: bool, expected: &str| {
        let mut model = ModelSettings { model: name.to_owned(), ..settings() };
        model.capabilities.stream = stream;
        assert_eq!(wire(&Request::Chat(question()), &model).expect("a request").path, expected);
    };
    check("gemini-3-pro", true, "models/gemini-3-pro:streamGenerateContent?alt=sse");
    check("gemini-3-pro", false, "models/gemini-3-pro:generateContent");
    check("models/gemini-3-pro", false, "models/gemini-3-pro:generateContent");
    check("tunedModels/mine", false, "tunedModels/mine:generateContent");
    check("a?key=b#c", false, "models/a%3Fkey%3Db%23c:generateContent");
}

#[test]
fn what_the_configuration_adds() {
    let body = body(question(), |model| {
        model.capabilities.temperature = Some("0.2".to_owned());
        model.capabilities.top_p = Some("0.9".to_owned());
        model.capabilities.extra = Map::from_iter([("generationConfig".to_owned(), json!({"seed": 7}))]);
    });
    let expected = json!({"maxOutputTokens": 100, "temperature": 0.2, "topP": 0.9, "seed": 7});
    assert_eq!(body["generationConfig"], expected);
    let fill = Request::Fill(FillRequest::default());
    assert_eq!(wire(&fill, &settings()).expect_err("no middle").kind, ModelErrorKind::BadRequest);
    let mut model = settings();
    model.capabilities.top_p = Some("most".to_owned());
    let fault = wire(&Request::Chat(question()), &model).expect_err("no number");
    assert!(fault.message.contains("`top_p`"), "{fault:?}");
}

#[test]
fn thinking() {
    let check = |thinking, expected: Value| {
        let body = body(question(), |model| model.capabilities.thinking = thinking);
        assert_eq!(body["generationConfig"]["thinkingConfig"], expected, "{thinking:?}");
    };
    check(Thinking::Unset, Value::Null);
    check(Thinking::Off, json!({"thinkingBudget": 0}));
    check(Thinking::Low, json!({"includeThoughts": true, "thinkingLevel": "LOW"}));
    check(Thinking::Medium, json!({"includeThoughts": true, "thinkingLevel": "MEDIUM"}));
    check(Thinking::High, json!({"includeThoughts": true, "thinkingLevel": "HIGH"}));
    check(Thinking::Tokens(512), json!({"includeThoughts": true, "thinkingBudget": 512}));
}

#[test]
fn forms_of_answers() {
    let schema = json!({"type": "object"});
    let tool = Tool { name: "look".to_owned(), description: "looks".to_owned(), schema: schema.clone() };
    for (must, mode) in [(true, "ANY"), (false, "AUTO")] {
        let answer = AnswerForm::Tools { tools: vec![tool.clone()], must };
        let body = body(ModelRequest { answer, ..question() }, |_| ());
        let declared = json!({"name": "look", "description": "looks", "parametersJsonSchema": schema});
        assert_eq!(body["tools"], json!([{"functionDeclarations": [declared]}]));
        assert_eq!(body["toolConfig"], json!({"functionCallingConfig": {"mode": mode}}));
    }
    let answer = AnswerForm::Json { name: "edits".to_owned(), schema: schema.clone() };
    let body = body(ModelRequest { answer, ..question() }, |_| ());
    let expected = json!({
        "maxOutputTokens": 100,
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    });
    assert_eq!(body["generationConfig"], expected);
}

fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: "look".to_owned(), arguments: arguments.to_owned() }
}

fn result(id: &str, failed: bool) -> ToolResult {
    ToolResult { id: id.to_owned(), name: "look".to_owned(), text: "nothing".to_owned(), failed }
}

#[test]
fn calls_and_results_go_back() {
    let messages = vec![
        Message {
            calls: vec![call("tenon-call-0", r#"{"at":1}"#), call("fc2", "")],
            ..Message::assistant("I look.")
        },
        Message { results: vec![result("tenon-call-0", false), result("fc2", true)], ..Message::user("") },
    ];
    let expected = json!([
        {"role": "model", "parts": [
            {"text": "I look."},
            {"functionCall": {"name": "look", "args": {"at": 1}}},
            {"functionCall": {"id": "fc2", "name": "look", "args": {}}},
        ]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "look", "response": {"output": "nothing"}}},
            {"functionResponse": {"id": "fc2", "name": "look", "response": {"error": "nothing"}}},
        ]},
    ]);
    assert_eq!(body(ModelRequest::new("", messages), |_| ())["contents"], expected);
}

#[test]
fn signatures_go_back_with_their_parts() {
    let check = |text: &str, calls: Vec<ToolCall>, kept: Value, expected: Value| {
        let Value::Array(kept) = kept else { unreachable!() };
        let message = Message { calls, kept, ..Message::assistant(text) };
        let body = body(ModelRequest::new("", vec![message]), |_| ());
        assert_eq!(body["contents"][0]["parts"], expected);
    };
    let signed = |id: &str, args: Value| {
        let mut part = json!({"functionCall": {"name": "look", "args": args}, "thoughtSignature": id});
        if !id.is_empty() && id.starts_with("fc") {
            part["functionCall"]["id"] = json!(id);
        }
        part
    };
    // With an id and without one, the second of two equal calls, and one that was not signed.
    check(
        "",
        vec![call("fc1", "{}"), call("tenon-call-1", r#"{"at": 1}"#), call("tenon-call-2", r#"{"at":1}"#)],
        json!([signed("fc1", json!({})), signed("s1", json!({"at": 1}))]),
        json!([
            signed("fc1", json!({})),
            signed("s1", json!({"at": 1})),
            {"functionCall": {"name": "look", "args": {"at": 1}}},
        ]),
    );
    // Text in front of and behind a signed part; a signature alone ends the text; thoughts come first.
    check(
        "one two three",
        vec![],
        json!([
            {"thought": true, "text": "hm", "thoughtSignature": "t"},
            {"text": "two", "thoughtSignature": "s"},
            {"text": "", "thoughtSignature": "e"},
        ]),
        json!([
            {"thought": true, "text": "hm", "thoughtSignature": "t"},
            {"text": "one "},
            {"text": "two", "thoughtSignature": "s"},
            {"text": " three"},
            {"text": "", "thoughtSignature": "e"},
        ]),
    );
    // Text that was changed since has lost its signature; blocks of other providers mean nothing.
    check(
        "changed",
        vec![],
        json!([{"text": "before", "thoughtSignature": "s"}, {"type": "thinking", "signature": "x"}]),
        json!([{"text": "changed"}]),
    );
}

/// Decodes chunks, ends the body, and writes what came out, one event a line.
fn check(chunks: &[&str], expected: &Expect) {
    check_stream(Codec::default(), chunks, true, expected);
}

fn check_whole(answer: &str, expected: &Expect) {
    codec::tests::check_whole(Codec::default(), answer, expected);
}

#[test]
fn a_whole_stream() {
    check(
        &[
            r#"{"candidates":[{"content":{"parts":[{"text":"**Plan**\n","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"totalTokenCount":25,"thoughtsTokenCount":15},"modelVersion":"gemini-3-pro","responseId":"r"}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"né "}],"role":"model"},"index":0},{"content":{"parts":[{"text":"other"}]},"index":1}],"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"totalTokenCount":25,"thoughtsTokenCount":15}}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"🦀"},{"functionCall":{"name":"look","args":{"at":1}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"fc9","name":"list"}}],"role":"model"}}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"ZW5k"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":6,"thoughtsTokenCount":15}}"#,
            r#"{"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":7,"thoughtsTokenCount":15,"toolUsePromptTokenCount":2}}"#,
        ],
        &expect![[r#"
            Reasoning("**Plan**\n")
            Usage(Usage { input: 6, cache_read: 4, cache_write: 0, output: 15, reasoning: 15 })
            Text("né ")
            Text("🦀")
            CallBegun { index: 0, id: "tenon-call-0", name: "look" }
            CallArguments { index: 0, json: "{\"at\":1}" }
            Keep(Object {"functionCall": Object {"args": Object {"at": Number(1)}, "name": String("look")}, "thoughtSignature": String("c2ln")})
            CallBegun { index: 1, id: "fc9", name: "list" }
            CallArguments { index: 1, json: "{}" }
            Keep(Object {"text": String(""), "thoughtSignature": String("ZW5k")})
            Usage(Usage { input: 6, cache_read: 4, cache_write: 0, output: 21, reasoning: 15 })
            Usage(Usage { input: 8, cache_read: 4, cache_write: 0, output: 22, reasoning: 15 })
            Finished(Tools)
        "#]],
    );
}

#[test]
fn a_word_of_another_protocol_proves_nothing() {
    let half = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    check(
        &[half, "[DONE]"],
        &expect![[r#"
            Text("a")
            Truncated None None the answer ended without a finish reason
        "#]],
    );
}

#[test]
fn finish_reasons() {
    let check = |said: &str, reason: &str, expected: Result<FinishReason, ModelErrorKind>| {
        let mut codec = Codec::default();
        let mut out = VecDeque::new();
        let chunk = json!({"candidates": [{"content": {"parts": [{"text": said}]}, "finishReason": reason}]});
        let result = codec
            .event(&Event { event: String::new(), data: chunk.to_string() }, &mut out)
            .and_then(|()| codec.closed(None, &mut out));
        let result = result.map_err(|fault| fault.kind).map(|()| out.pop_back().expect("an event"));
        assert_eq!(result, expected.map(StreamEvent::Finished), "{said:?} {reason}");
    };
    check("a", "STOP", Ok(FinishReason::Stop));
    check("", "STOP", Ok(FinishReason::Stop));
    check("a", "MAX_TOKENS", Ok(FinishReason::Length));
    for reason in ["SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"] {
        check("a", reason, Ok(FinishReason::Filtered));
        check("", reason, Err(ModelErrorKind::Refused));
    }
    for reason in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "OTHER"] {
        check("a", reason, Err(ModelErrorKind::Server));
    }
    check("a", "MISSING_THOUGHT_SIGNATURE", Err(ModelErrorKind::BadRequest));
    check("a", "FINISH_REASON_UNSPECIFIED", Err(ModelErrorKind::Truncated));
    check("a", "NEW_REASON", Ok(FinishReason::Other("NEW_REASON".to_owned())));
}

#[test]
fn blocked_prompts_and_errors() {
    check(
        &[
            r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":3}}"#,
        ],
        &expect![[r#"
            Usage(Usage { input: 3, cache_read: 0, cache_write: 0, output: 0, reasoning: 0 })
            Refused None Some("PROHIBITED_CONTENT") the prompt was blocked: PROHIBITED_CONTENT
        "#]],
    );
    check(
        &[
            r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: print("}]}"#,
        ],
        &expect![[r#"
            Server None Some("MALFORMED_FUNCTION_CALL") Malformed function call: print(
        "#]],
    );
    check(
        &[
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}"#,
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
        ],
        &expect![[r#"
            Text("a")
            Overloaded Some(503) Some("UNAVAILABLE") The model is overloaded.
        "#]],
    );
    check(
        &["error|{}"],
        &expect![[r"
        Server None None the server reported an error and did not name it
    "]],
    );
    check(
        &["<html>"],
        &expect![[r"
        Server None None an event of the stream is not JSON
    "]],
    );
    check(
        &[r#"{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}"#],
        &expect![[r"
        Server None None the server is not a Gemini API: a call has no name
    "]],
    );
    check(
        &[r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#],
        &expect![[r#"
        Text("a")
        Truncated None None the answer ended without a finish reason
    "#]],
    );
    check(
        &[],
        &expect![[r"
        Truncated None None the answer ended without a finish reason
    "]],
    );
}

#[test]
fn answers_that_do_not_stream() {
    check_whole(
        r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"a"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2},"error":null}"#,
        &expect![[r#"
            Reasoning("hm")
            Text("a")
            Usage(Usage { input: 1, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 })
            Finished(Stop)
        "#]],
    );
    check_whole(
        r#"[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}]"#,
        &expect![[r#"
            Text("a")
            Text("b")
            Finished(Stop)
        "#]],
    );
    check_whole(
        r#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#,
        &expect![[r#"
        BadRequest Some(400) Some("INVALID_ARGUMENT") m
    "#]],
    );
    check_whole(
        r#"{"status":"ok"}"#,
        &expect![[r"
        Server None None the server is not a Gemini API: its JSON has no `candidates`
    "]],
    );
    check_whole(
        "[]",
        &expect![[r"
        Truncated None None the answer ended without a finish reason
    "]],
    );
}

#[test]
fn the_end_of_the_body() {
    let check = |rest: &str, expected: Result<(), ModelErrorKind>| {
        let mut codec = Codec::default();
        let mut out = VecDeque::new();
        let rest = Event { event: String::new(), data: rest.to_owned() };
        assert_eq!(codec.closed(Some(&rest), &mut out).map_err(|fault| fault.kind), expected, "{rest:?}");
        assert_eq!(matches!(out.back(), Some(StreamEvent::Finished(_))), expected.is_ok());
    };
    let last = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}"#;
    check(last, Ok(()));
    check(&last[..last.len() - 1], Err(ModelErrorKind::Truncated));
    check(r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#, Err(ModelErrorKind::Truncated));
}
