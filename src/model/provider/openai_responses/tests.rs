//! The codec against what servers really send.

use expect_test::{Expect, expect};

use super::codec::Codec as _;
use super::*;

/// Decodes the data of events and writes what came out, one event a line.
fn check(events: &[&str], expected: &Expect) {
    let mut codec = Codec::default();
    let mut out = VecDeque::new();
    let result = events.iter().try_for_each(|data| {
        codec.event(&Event { event: String::new(), data: (*data).to_owned() }, &mut out)
    });
    expected.assert_eq(&written(&out, result));
}

fn check_whole(answer: &str, expected: &Expect) {
    let mut out = VecDeque::new();
    let answer = serde_json::from_str(answer).expect("valid JSON");
    let result = Codec::default().whole(&answer, &mut out);
    expected.assert_eq(&written(&out, result));
}

fn written(out: &VecDeque<StreamEvent>, result: Result<(), Fault>) -> String {
    let mut lines: Vec<String> = out.iter().map(|event| format!("{event:?}\n")).collect();
    if let Err(fault) = result {
        lines.push(format!("{:?} {:?} {:?} {}\n", fault.kind, fault.status, fault.code, fault.message));
    }
    lines.concat()
}

#[test]
fn text() {
    check(
        &[
            r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","error":null,"output":[]}}"#,
            r#"{"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1","status":"in_progress"}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#,
            r#"{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}"#,
            r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"né"}"#,
            r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":" 🦀"}"#,
            r#"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"né 🦀"}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","text":"né 🦀"}],"role":"assistant"}}"#,
            r#"{"type":"response.completed","response":{"id":"resp_1","status":"completed","error":null,"incomplete_details":null,"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":30},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":48}}}"#,
        ],
        &expect![[r#"
            Text("né")
            Text(" 🦀")
            Usage(Usage { input: 7, cache_read: 30, cache_write: 0, output: 11, reasoning: 4 })
            Finished(Stop)
        "#]],
    );
}

#[test]
fn reasoning_and_calls() {
    check(
        &[
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
            r#"{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0}"#,
            r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"Hm."}"#,
            r#"{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":1}"#,
            r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"So."}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"gAAAA"}}"#,
            r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"edit","arguments":""}}"#,
            r#"{"type":"response.output_item.added","output_index":2,"item":{"id":"fc_2","type":"function_call","call_id":"call_2","name":"read","arguments":""}}"#,
            r#"{"type":"response.function_call_arguments.delta","output_index":1,"item_id":"fc_1","delta":"{\"a\":"}"#,
            r#"{"type":"response.function_call_arguments.done","output_index":2,"item_id":"fc_2","arguments":"{}"}"#,
            r#"{"type":"response.function_call_arguments.delta","output_index":1,"item_id":"fc_1","delta":"1}"}"#,
            r#"{"type":"response.function_call_arguments.done","output_index":1,"item_id":"fc_1","arguments":"{\"a\":1}"}"#,
            r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"edit","arguments":"{\"a\":1}"}}"#,
            r#"{"type":"response.output_item.done","output_index":2,"item":{"id":"fc_2","type":"function_call","call_id":"call_2","name":"read","arguments":"{}"}}"#,
            r#"{"type":"response.completed","response":{"status":"completed"}}"#,
        ],
        &expect![[r#"
            Reasoning("Hm.")
            Reasoning("\n\n")
            Reasoning("So.")
            Keep(Object {"encrypted_content": String("gAAAA"), "id": String("rs_1"), "summary": Array [Object {"text": String("Hm."), "type": String("summary_text")}], "type": String("reasoning")})
            CallBegun { index: 0, id: "call_1", name: "edit" }
            CallBegun { index: 1, id: "call_2", name: "read" }
            CallArguments { index: 0, json: "{\"a\":" }
            CallArguments { index: 1, json: "{}" }
            CallArguments { index: 0, json: "1}" }
            Finished(Tools)
        "#]],
    );
}

#[test]
fn llama_server_knows_no_places() {
    check(
        &[
            r#"{"type":"response.output_item.added","item":{"id":"rs_1","summary":[],"type":"reasoning","content":[],"encrypted_content":"","status":"in_progress"}}"#,
            r#"{"type":"response.reasoning_text.delta","delta":"hm","item_id":"rs_1"}"#,
            r#"{"type":"response.output_item.added","item":{"content":[],"id":"msg_1","role":"assistant","status":"in_progress","type":"message"}}"#,
            r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"a"}"#,
            r#"{"type":"response.output_item.added","item":{"arguments":"","call_id":"fc_x","name":"edit","type":"function_call","status":"in_progress"}}"#,
            r#"{"type":"response.function_call_arguments.delta","delta":"{}","item_id":"fc_x"}"#,
            r#"{"type":"response.output_item.added","item":{"arguments":"","call_id":"fc_y","name":"read","type":"function_call","status":"in_progress"}}"#,
            r#"{"type":"response.function_call_arguments.delta","delta":"[]","item_id":"fc_y"}"#,
            r#"{"type":"response.output_item.done","item":{"type":"reasoning","id":"rs_1","summary":[],"content":[{"text":"hm","type":"reasoning_text"}],"encrypted_content":""}}"#,
            r#"{"type":"response.output_item.done","item":{"type":"message","id":"msg_1","content":[{"type":"output_text","text":"a"}],"role":"assistant"}}"#,
            r#"{"type":"response.output_item.done","item":{"type":"function_call","arguments":"{}","call_id":"fc_x","name":"edit"}}"#,
            r#"{"type":"response.output_item.done","item":{"type":"function_call","arguments":"[]","call_id":"fc_y","name":"read"}}"#,
            r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":3,"output_tokens":2}}}"#,
        ],
        &expect![[r#"
            Reasoning("hm")
            Text("a")
            CallBegun { index: 0, id: "fc_x", name: "edit" }
            CallArguments { index: 0, json: "{}" }
            CallBegun { index: 1, id: "fc_y", name: "read" }
            CallArguments { index: 1, json: "[]" }
            Usage(Usage { input: 3, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 })
            Finished(Tools)
        "#]],
    );
}

#[test]
fn ends() {
    let incomplete = |reason: &str| {
        format!(
            r#"{{"type":"response.incomplete","response":{{"status":"incomplete","error":null,"incomplete_details":{{"reason":"{reason}"}}}}}}"#
        )
    };
    check(
        &[&incomplete("max_output_tokens")],
        &expect![[r"
        Finished(Length)
    "]],
    );
    check(
        &[&incomplete("content_filter")],
        &expect![[r"
        Finished(Filtered)
    "]],
    );
    check(
        &[&incomplete("other")],
        &expect![[r#"
        Finished(Other("other"))
    "#]],
    );
    check(
        &[
            r#"{"type":"response.refusal.delta","output_index":0,"delta":"I can"}"#,
            r#"{"type":"response.refusal.delta","output_index":0,"delta":"not"}"#,
            r#"{"type":"response.refusal.done","output_index":0,"refusal":"I cannot"}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"refusal","refusal":"I cannot"}]}}"#,
            r#"{"type":"response.completed","response":{"status":"completed"}}"#,
        ],
        &expect![[r"
            Refused None None I cannot
        "]],
    );
    check(
        &[r#"{"type":"response.completed","response":{"status":"in_progress"}}"#],
        &expect![[r"
        Truncated None None the answer ended with the status in_progress
    "]],
    );
}

#[test]
fn errors() {
    check(
        &[
            r#"{"type":"error","code":"rate_limit_exceeded","message":"slow","param":null,"sequence_number":3}"#,
        ],
        &expect![[r#"
            RateLimit None Some("rate_limit_exceeded") slow
        "#]],
    );
    check(
        &[r#"{"type":"error","error":{"type":"server_error","code":null,"message":"gone"}}"#],
        &expect![[r#"
            Server None Some("server_error") gone
        "#]],
    );
    check(
        &[
            r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"The model failed"}}}"#,
        ],
        &expect![[r#"
            Server None Some("server_error") The model failed
        "#]],
    );
    check(
        &[r#"{"type":"response.failed","response":{"status":"failed","error":null}}"#],
        &expect![[r"
        Server None None the server reported an error and did not describe it
    "]],
    );
    check(
        &[r#"{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}"#],
        &expect![[r#"
            PromptTooLarge Some(400) Some("exceed_context_size_error") too long
        "#]],
    );
    check(
        &[r#"{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{"}"#],
        &expect![[r"
            Server None None arguments came for a call that had not begun
        "]],
    );
    check(
        &[r#"{"type":"response.output_item.added","item":{"type":"function_call","name":""}}"#],
        &expect![[r"
            Server None None a call of the answer names no tool
        "]],
    );
    check(
        &["hello"],
        &expect![[r"
        Server None None an event of the stream is not JSON
    "]],
    );
}

#[test]
fn answers_that_do_not_stream() {
    check_whole(
        r#"{"status":"completed","error":null,"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]},{"type":"message","content":[{"type":"output_text","text":"a"}]},{"type":"function_call","call_id":"c","name":"edit","arguments":"{}"}],"usage":{"input_tokens":1,"output_tokens":2}}"#,
        &expect![[r#"
            Reasoning("Hm.")
            Text("a")
            CallBegun { index: 0, id: "c", name: "edit" }
            CallArguments { index: 0, json: "{}" }
            Usage(Usage { input: 1, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 })
            Finished(Tools)
        "#]],
    );
    check_whole(
        r#"{"status":"ok"}"#,
        &expect![[r"
        Server None None the server is not an OpenAI Responses API: its JSON has no `output`
    "]],
    );
    check_whole(
        r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
        &expect![[r#"
        BadRequest None Some("model_not_found") no such model
    "#]],
    );
}

#[test]
fn an_end_without_pieces_says_everything() {
    check(
        &[
            r#"{"type":"response.created","response":{"status":"in_progress","output":[]}}"#,
            r#"{"type":"response.completed","response":{"status":"completed","output":[{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]}]}}"#,
        ],
        &expect![[r#"
            Text("a")
            Text("b")
            Finished(Stop)
        "#]],
    );
}

#[test]
fn the_terminal_event_needs_no_line_end() {
    let check = |rest: Option<&str>, expected: &[StreamEvent]| {
        let event = rest.map(|data| Event { event: String::new(), data: data.to_owned() });
        let mut out = VecDeque::new();
        let result = Codec::default().closed(event.as_ref(), &mut out);
        assert_eq!(out, expected);
        assert_eq!(result.is_ok(), !expected.is_empty(), "{rest:?}");
    };
    let end = r#"{"type":"response.completed","response":{"status":"completed"}}"#;
    check(Some(end), &[StreamEvent::Finished(FinishReason::Stop)]);
    check(Some(&end[..end.len() - 1]), &[]);
    check(Some("[DONE]"), &[]);
    check(None, &[]);
}
