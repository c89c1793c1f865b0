//! The codec against what the API and its look-alikes send, and the bodies against what it takes.

use expect_test::{Expect, expect};
use serde_json::{Map, Value, json};

use super::*;
use crate::model::provider::codec::tests::check_stream;
use crate::model::provider::codec::{self, Codec as _};
use crate::model::{
    AnswerForm, FillRequest, Message, ModelRequest, ModelSettings, Request, Thinking, Tool, ToolCall,
    ToolResult,
};

fn settings() -> ModelSettings {
    ModelSettings { max_output: 4000, ..ModelSettings::new("writer", "anthropic", "claude") }
}

fn body(request: ModelRequest, change: impl FnOnce(&mut ModelSettings)) -> Value {
    let mut model = settings();
    change(&mut model);
    wire(&Request::Chat(request), &model).expect("a request").body
}

fn question() -> ModelRequest {
    ModelRequest::new("be brief", vec![Message::user("a")])
}

fn with_tools(must: bool) -> ModelRequest {
    let tool =
        Tool { name: "look".to_owned(), description: "looks".to_owned(), schema: json!({"type": "object"}) };
    ModelRequest { answer: AnswerForm::Tools { tools: vec![tool], must }, ..question() }
}

#[test]
fn a_plain_request() {
    let wire = wire(&Request::Chat(question()), &settings()).expect("a request");
    assert_eq!(wire.path, "messages");
    assert_eq!(wire.headers, [("anthropic-version", "2023-06-01".to_owned())]);
    let expected = json!({
        "model": "claude",
        "max_tokens": 4000,
        "stream": true,
        "system": [{"type": "text", "text": "be brief"}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
    });
    assert_eq!(wire.body, expected);
}

#[test]
fn what_the_configuration_adds() {
    let body = body(question(), |model| {
        model.capabilities.temperature = Some("0.2".to_owned());
        model.capabilities.top_p = Some("0.9".to_owned());
        model.capabilities.stream = false;
        model.capabilities.extra = Map::from_iter([("metadata".to_owned(), json!({"user_id": "u"}))]);
    });
    assert_eq!((&body["temperature"], &body["top_p"]), (&json!(0.2), &json!(0.9)));
    assert_eq!((&body["stream"], &body["metadata"]["user_id"]), (&json!(false), &json!("u")));
    let mut model = settings();
    model.capabilities.temperature = Some("warm".to_owned());
    let fault = wire(&Request::Chat(question()), &model).expect_err("no number");
    assert_eq!(fault.kind, ModelErrorKind::BadRequest);
    let fill = Request::Fill(FillRequest::default());
    assert_eq!(wire(&fill, &settings()).expect_err("no middle").kind, ModelErrorKind::BadRequest);
}

#[test]
fn thinking_and_what_it_forbids() {
    let check = |thinking, expected: Value, effort: Value, choice: &str| {
        let body = body(with_tools(true), |model| model.capabilities.thinking = thinking);
        assert_eq!(body["thinking"], expected, "{thinking:?}");
        assert_eq!(body["output_config"]["effort"], effort, "{thinking:?}");
        assert_eq!(body["tool_choice"], json!({"type": choice}), "{thinking:?}");
    };
    let adaptive = json!({"type": "adaptive"});
    let enabled = |budget| json!({"type": "enabled", "budget_tokens": budget});
    check(Thinking::Unset, Value::Null, Value::Null, "any");
    check(Thinking::Off, json!({"type": "disabled"}), Value::Null, "any");
    check(Thinking::Low, adaptive.clone(), json!("low"), "auto");
    check(Thinking::Medium, adaptive.clone(), json!("medium"), "auto");
    check(Thinking::High, adaptive, json!("high"), "auto");
    check(Thinking::Tokens(2000), enabled(2000), Value::Null, "auto");
    // The budget must leave room for the answer, and has a least value.
    check(Thinking::Tokens(9000), enabled(3000), Value::Null, "auto");
    check(Thinking::Tokens(1), enabled(1024), Value::Null, "auto");

    let extra = Map::from_iter([("thinking".to_owned(), enabled(1500))]);
    let body = body(with_tools(true), |model| model.capabilities.extra = extra);
    assert_eq!(body["tool_choice"], json!({"type": "auto"}), "thinking by `extra` counts too");

    let small = self::body(with_tools(true), |model| {
        model.capabilities.thinking = Thinking::Tokens(500);
        model.max_output = 1024;
    });
    assert_eq!(small["thinking"], Value::Null, "no room to think and to answer");
}

#[test]
fn forms_of_answers() {
    let tools = body(with_tools(false), |_| ());
    let expected = json!([{"name": "look", "description": "looks", "input_schema": {"type": "object"}}]);
    assert_eq!(tools["tools"], expected);
    assert_eq!(tools["tool_choice"], json!({"type": "auto"}));

    let schema = json!({"type": "object", "additionalProperties": false});
    let answer = AnswerForm::Json { name: "edits".to_owned(), schema: schema.clone() };
    let request = ModelRequest { answer, ..question() };
    let json = body(request, |model| model.capabilities.thinking = Thinking::Low);
    let format = json!({"type": "json_schema", "schema": schema});
    assert_eq!(json["output_config"], json!({"effort": "low", "format": format}));
}

#[test]
fn a_conversation_with_calls_and_kept_blocks() {
    let signed = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    let call = ToolCall { id: "c1".to_owned(), name: "look".to_owned(), arguments: r#"{"at":1}"#.to_owned() };
    let result =
        ToolResult { id: "c1".to_owned(), name: "look".to_owned(), text: "nothing".to_owned(), failed: true };
    let foreign = json!({"text": "x", "thoughtSignature": "of another provider"});
    let messages = vec![
        Message::user("a"),
        Message { calls: vec![call], kept: vec![signed.clone(), foreign], ..Message::assistant("I look.") },
        Message { results: vec![result], ..Message::user("go on") },
        Message::assistant(" \n"),
    ];
    let body = body(ModelRequest::new("", messages), |_| ());
    let expected = json!([
        {"role": "user", "content": [{"type": "text", "text": "a"}]},
        {"role": "assistant", "content": [
            signed,
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 1}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "nothing", "is_error": true},
            {"type": "text", "text": "go on"},
        ]},
    ]);
    assert_eq!(body["messages"], expected);
    assert!(body.get("system").is_none());
}

#[test]
fn cache_marks() {
    fn n_marks(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(n_marks).sum(),
            Value::Object(members) => {
                usize::from(members.contains_key("cache_control"))
                    + members.values().map(n_marks).sum::<usize>()
            }
            _ => 0,
        }
    }
    let ask = |request, prompt_cache| body(request, |model| model.capabilities.prompt_cache = prompt_cache);
    let mark = json!({"type": "ephemeral"});

    let first = ask(question(), true);
    assert_eq!((n_marks(&first), &first["system"][0]["cache_control"]), (1, &mark));
    assert_eq!(n_marks(&ask(question(), false)), 0);

    let tools = ask(ModelRequest { system: String::new(), ..with_tools(false) }, true);
    assert_eq!((n_marks(&tools), &tools["tools"][0]["cache_control"]), (1, &mark));

    let kept = vec![json!({"type": "thinking", "thinking": "", "signature": "s"})];
    let long = vec![
        Message::user("a"),
        Message::assistant("b"),
        Message::user("c"),
        Message { kept, ..Message::assistant("d") },
        Message::user("e"),
    ];
    let long = ask(ModelRequest { messages: long, ..with_tools(false) }, true);
    assert_eq!(n_marks(&long), 3);
    assert_eq!(long["messages"][3]["content"][1]["cache_control"], mark, "not at the thinking");
    assert_eq!(long["messages"][4]["content"][0]["cache_control"], mark);
}

/// Decodes events, `name|data` or only data, and writes what came out, one event a line.
fn check(events: &[&str], expected: &Expect) {
    check_stream(Codec::default(), events, false, expected);
}

fn check_whole(answer: &str, expected: &Expect) {
    codec::tests::check_whole(Codec::default(), answer, expected);
}

#[test]
fn a_whole_stream() {
    check(
        &[
            r#"message_start|{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,"output_tokens":1}}}"#,
            r#"content_block_start|{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"ping|{"type":"ping"}"#,
            r#"content_block_delta|{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"h"}}"#,
            r#"content_block_delta|{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}"#,
            r#"content_block_delta|{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig=="}}"#,
            r#"content_block_stop|{"type":"content_block_stop","index":0}"#,
            r#"content_block_start|{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"xyz"}}"#,
            r#"content_block_stop|{"type":"content_block_stop","index":1}"#,
            r#"content_block_start|{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
            r#"content_block_delta|{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"né 🦀"}}"#,
            r#"content_block_stop|{"type":"content_block_stop","index":2}"#,
            r#"content_block_start|{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}"#,
            r#"content_block_delta|{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            r#"content_block_delta|{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"at\": "}}"#,
            r#"content_block_delta|{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
            r#"content_block_stop|{"type":"content_block_stop","index":3}"#,
            r#"content_block_start|{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"list","input":{}}}"#,
            r#"content_block_stop|{"type":"content_block_stop","index":4}"#,
            r#"message_delta|{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89,"output_tokens_details":{"thinking_tokens":40}}}"#,
            r#"message_stop|{"type":"message_stop"}"#,
        ],
        &expect![[r#"
            Usage(Usage { input: 25, cache_read: 100, cache_write: 7, output: 1, reasoning: 0 })
            Reasoning("h")
            Reasoning("m")
            Keep(Object {"signature": String("sig=="), "thinking": String("hm"), "type": String("thinking")})
            Keep(Object {"data": String("xyz"), "type": String("redacted_thinking")})
            Text("né 🦀")
            CallBegun { index: 0, id: "toolu_1", name: "look" }
            CallArguments { index: 0, json: "{\"at\": " }
            CallArguments { index: 0, json: "1}" }
            CallBegun { index: 1, id: "toolu_2", name: "list" }
            CallArguments { index: 1, json: "{}" }
            Usage(Usage { input: 25, cache_read: 100, cache_write: 7, output: 89, reasoning: 40 })
            Finished(Tools)
        "#]],
    );
}

#[test]
fn stop_reasons() {
    let check = |reason: &str, expected: Result<FinishReason, ModelErrorKind>| {
        let mut codec = Codec::default();
        let mut out = VecDeque::new();
        let delta = json!({"type": "message_delta", "delta": {"stop_reason": reason}});
        let result = [delta, json!({"type": "message_stop"})].iter().try_for_each(|data| {
            codec.event(&Event { event: String::new(), data: data.to_string() }, &mut out)
        });
        let result = result.map_err(|fault| fault.kind).map(|()| out.pop_back().expect("an event"));
        assert_eq!(result, expected.map(StreamEvent::Finished), "{reason}");
    };
    check("end_turn", Ok(FinishReason::Stop));
    check("stop_sequence", Ok(FinishReason::Stop));
    check("max_tokens", Ok(FinishReason::Length));
    check("model_context_window_exceeded", Ok(FinishReason::Length));
    check("tool_use", Ok(FinishReason::Tools));
    check("pause_turn", Ok(FinishReason::Other("pause_turn".to_owned())));
    check("refusal", Err(ModelErrorKind::Refused));
}

#[test]
fn ends_that_are_none() {
    check(
        &[r#"{"type":"message_stop"}"#],
        &expect![[r"
        Truncated None None the answer ended without a stop reason
    "]],
    );
    check(
        &[
            r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber","explanation":"not that"}},"usage":{"output_tokens":3}}"#,
        ],
        &expect![[r#"
            Usage(Usage { input: 0, cache_read: 0, cache_write: 0, output: 3, reasoning: 0 })
            Refused None Some("cyber") not that
        "#]],
    );
    // The end mark of another protocol proves nothing.
    check(&[r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#, "[DONE]"], &expect![[""]]);
}

#[test]
fn errors_in_band() {
    check(
        &[
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
            r#"error|{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
        ],
        &expect![[r#"
            Text("a")
            Overloaded None Some("overloaded_error") Overloaded
        "#]],
    );
    check(
        &[r#"error|{"type":"error"}"#],
        &expect![[r"
        Server None None the server reported an error and did not name it
    "]],
    );
    check(
        &["error|null"],
        &expect![[r"
        Server None None the server reported an error and did not name it
    "]],
    );
    check(
        &["hello"],
        &expect![[r"
        Server None None an event of the stream is not JSON
    "]],
    );
    check(
        &[r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","name":"look"}}"#],
        &expect![[r"
            Server None None the server is not an Anthropic Messages API: a call has no id or no name
        "]],
    );
}

#[test]
fn what_look_alikes_and_later_versions_send() {
    check(
        &[
            r#"{"type":"vendor_event","x":1}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"search","input":{}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{}}}"#,
            r#"{"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"without a begin"}}"#,
            r#"{"type":"content_block_start","index":8,"content_block":{"type":"tool_use","id":"c","name":"look","input":{"at":1}}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"error":null}"#,
            "message_stop|{}",
        ],
        &expect![[r#"
            Text("without a begin")
            CallBegun { index: 0, id: "c", name: "look" }
            CallArguments { index: 0, json: "{\"at\":1}" }
            Finished(Tools)
        "#]],
    );
}

#[test]
fn answers_that_do_not_stream() {
    check_whole(
        r#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"a"},{"type":"tool_use","id":"c","name":"look","input":{"at":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}"#,
        &expect![[r#"
            Reasoning("hm")
            Keep(Object {"signature": String("s"), "thinking": String("hm"), "type": String("thinking")})
            Text("a")
            CallBegun { index: 0, id: "c", name: "look" }
            CallArguments { index: 0, json: "{\"at\":1}" }
            Usage(Usage { input: 1, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 })
            Finished(Tools)
        "#]],
    );
    check_whole(
        r#"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#,
        &expect![[r#"
            BadRequest None Some("not_found_error") model: x
        "#]],
    );
    check_whole(
        r#"{"type":"message","content":[]}"#,
        &expect![[r"
        Truncated None None the answer ended without a stop reason
    "]],
    );
    check_whole(
        r#"{"status":"ok"}"#,
        &expect![[r"
        Server None None the server is not an Anthropic Messages API: its JSON has no `content`
    "]],
    );
}

#[test]
fn the_end_of_the_body() {
    let check = |data: Option<&str>, expected: Result<(), ModelErrorKind>, n_events: usize| {
        let mut codec = Codec::default();
        let mut out = VecDeque::new();
        let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
        codec.event(&Event { event: String::new(), data: delta.to_owned() }, &mut out).expect("fine");
        let rest = data.map(|data| Event { event: String::new(), data: data.to_owned() });
        assert_eq!(codec.closed(rest.as_ref(), &mut out).map_err(|fault| fault.kind), expected, "{data:?}");
        assert_eq!(out.len(), n_events, "{out:?}");
    };
    let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
    check(Some(r#"{"type":"message_stop"}"#), Ok(()), 1);
    check(Some(r#"{"type":"message_stop""#), Err(ModelErrorKind::Truncated), 0);
    check(Some(text), Err(ModelErrorKind::Truncated), 1);
    check(None, Err(ModelErrorKind::Truncated), 0);
}

#[test]
fn blocks_that_are_never_ended_are_not_remembered_for_ever() {
    let mut codec = Codec::default();
    let mut out = VecDeque::new();
    let block = json!({"type": "thinking", "thinking": "", "signature": ""});
    let fault = (0..1000).find_map(|index| {
        let data = json!({"type": "content_block_start", "index": index, "content_block": block});
        codec.event(&Event { event: String::new(), data: data.to_string() }, &mut out).err()
    });
    assert_eq!(fault.expect("a bound").kind, ModelErrorKind::Server);
}
