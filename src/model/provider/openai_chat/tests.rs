//! The codec against what servers really send.

use expect_test::{Expect, expect};

use super::codec::Codec as _;
use super::*;

/// Decodes the data of events and writes what came out, one event a line.
fn check(events: &[&str], expected: &Expect) {
    let mut codec = Codec::default();
    let mut out = VecDeque::new();
    let result = events.iter().try_for_each(|data| {
        let (event, data) = data.split_once('|').unwrap_or(("", data));
        codec.event(&Event { event: event.to_owned(), data: data.to_owned() }, &mut out)
    });
    expected.assert_eq(&written(&out, result));
}

fn check_completion(answer: &str, expected: &Expect) {
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
fn a_whole_stream() {
    check(
        &[
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"error":null}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning":"so","content":null}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"né\n"}},{"index":1,"delta":{"content":"other"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
            DONE,
        ],
        &expect![[r#"
            Reasoning("hm")
            Reasoning("so")
            Text("né\n")
            Text("!")
            Usage(Usage { input: 3, cache_read: 0, cache_write: 0, output: 4, reasoning: 0 })
            Finished(Stop)
        "#]],
    );
}

#[test]
fn finish_reasons() {
    check(
        &[
            r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#,
            r#"{"choices":[{"finish_reason":"stop"}]}"#,
            DONE,
        ],
        &expect![["Finished(Length)\n"]],
    );
    check(
        &[
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"thinking"}]},"finish_reason":"tool_calls"}]}"#,
            DONE,
        ],
        &expect![[r#"
            Text("a")
            Finished(Tools)
        "#]],
    );
    check(&[DONE], &expect![["Truncated None None the answer ended without a finish reason\n"]]);
    check(
        &[
            r#"{"choices":[{"delta":{"refusal":"I can"}}]}"#,
            r#"{"choices":[{"delta":{"refusal":"not"},"finish_reason":"stop"}]}"#,
            DONE,
        ],
        &expect![["Refused None None I cannot\n"]],
    );
}

#[test]
fn text_that_is_said_in_two_places_counts_once() {
    // Together, in conversations and in completions.
    check(
        &[
            r#"{"choices":[{"index":0,"text":"le","finish_reason":null,"delta":{"content":"le","tool_calls":null}}]}"#,
            r#"{"choices":[{"index":0,"text":"t","finish_reason":"stop","delta":{"content":null}}]}"#,
            DONE,
        ],
        &expect![[r#"
            Text("le")
            Text("t")
            Finished(Stop)
        "#]],
    );
}

#[test]
fn an_empty_finish_reason_is_none() {
    // Text Generation Inference and others, in every chunk but the last.
    check(
        &[
            r#"{"choices":[{"delta":{"content":"a","reasoning_content":"","reasoning":"hm"},"finish_reason":""}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#,
            DONE,
        ],
        &expect![[r#"
            Reasoning("hm")
            Text("a")
            Finished(Length)
        "#]],
    );
    check(
        &[r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"insufficient_system_resource"}]}"#],
        &expect![[r#"
            Text("a")
            Overloaded None Some("insufficient_system_resource") the server had no room to end the answer
        "#]],
    );
}

#[test]
fn errors_in_band() {
    check(
        &[
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
            r#"{"error":{"code":502,"message":"gone"}}"#,
            DONE,
        ],
        &expect![[r#"
            Text("a")
            Server Some(502) Some("502") gone
        "#]],
    );
    check(
        &[r#"error|{"message":"busy","type":"overloaded_error"}"#],
        &expect![[r#"
            Overloaded None Some("overloaded_error") busy
        "#]],
    );
    check(&["error|null"], &expect![["Server None None the server reported an error and did not name it\n"]]);
    check(&["hello"], &expect![["Server None None an event of the stream is not JSON\n"]]);
    check(
        &[r#"{"choices":[{"delta":{"content":3}}]}"#],
        &expect![["Server None None the server is not an OpenAI-compatible API: its content is no text\n"]],
    );
}

#[test]
fn answers_that_do_not_stream() {
    check_completion(
        r#"{"choices":[{"message":{"content":"a","reasoning_content":"r"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
        &expect![[r#"
            Reasoning("r")
            Text("a")
            Usage(Usage { input: 1, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 })
            Finished(Stop)
        "#]],
    );
    check_completion(
        r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
        &expect![[r#"
            BadRequest None Some("model_not_found") no such model
        "#]],
    );
    check_completion(
        r#"{"status":"ok"}"#,
        &expect![[
            "Server None None the server is not an OpenAI-compatible API: its JSON has no `choices`\n"
        ]],
    );
    check_completion(
        r#"{"choices":[]}"#,
        &expect![["Truncated None None the answer ended without a finish reason\n"]],
    );
}

#[test]
fn calls_in_pieces() {
    check(
        &[
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"edit","arguments":""}}]},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":"}}]},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"a\"}"}}]},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
            DONE,
        ],
        &expect![[r#"
            CallBegun { index: 0, id: "call_a", name: "edit" }
            CallArguments { index: 0, json: "{\"path\":" }
            CallArguments { index: 0, json: "\"a\"}" }
            Finished(Tools)
        "#]],
    );
    // A server that says `stop` although it waits.
    check_completion(
        r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"x","function":{"name":"edit","arguments":{"a":1}}}]},"finish_reason":"stop"}]}"#,
        &expect![[r#"
            CallBegun { index: 0, id: "x", name: "edit" }
            CallArguments { index: 0, json: "{\"a\":1}" }
            Finished(Tools)
        "#]],
    );
}

#[test]
fn thinking_in_parts() {
    check(
        &[
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"a"}]},"finish_reason":"stop"}]}"#,
            DONE,
        ],
        &expect![[r#"
            Reasoning("hm")
            Text("a")
            Finished(Stop)
        "#]],
    );
}

fn check_usage(text: &str, expected: Option<[u64; 5]>) {
    let usage = usage(&serde_json::from_str(text).expect("valid JSON"));
    let counts = usage.map(|u| [u.input, u.cache_read, u.cache_write, u.output, u.reasoning]);
    assert_eq!(counts, expected, "{text}");
}

#[test]
fn usage_in_the_words_of_each_vendor() {
    let openai = r#"{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":8}}"#;
    check_usage(openai, Some([36, 64, 0, 20, 8]));
    let deepseek = r#"{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_cache_hit_tokens":90,"prompt_cache_miss_tokens":10}"#;
    check_usage(deepseek, Some([10, 90, 0, 20, 0]));
    let open_router = r#"{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":50}}"#;
    check_usage(open_router, Some([40, 10, 50, 20, 0]));
    // Reasoning beside the completion instead of in it.
    let xai = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":45,"completion_tokens_details":{"reasoning_tokens":30}}"#;
    check_usage(xai, Some([10, 0, 0, 35, 30]));
    let gemini = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":45}"#;
    check_usage(gemini, Some([10, 0, 0, 35, 30]));
    let nonsense = r#"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":0,"prompt_tokens_details":{"cached_tokens":9}}"#;
    check_usage(nonsense, Some([0, 1, 0, 2, 0]));
    check_usage(
        r#"{"prompt_tokens":18446744073709551615,"completion_tokens":18446744073709551615,"total_tokens":1}"#,
        Some([u64::MAX, 0, 0, u64::MAX, 0]),
    );
    check_usage("null", None);
}
