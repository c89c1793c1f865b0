//! The codec against what servers really send.

use expect_test::{Expect, expect};

use super::codec::Codec as _;
use super::*;
use crate::model::provider::codec::tests::written;

/// Decodes lines and writes what came out, one event a line; the last one lacks its end.
fn check(lines: &[&str], expected: &Expect) {
    let mut codec = Codec::default();
    let mut out = VecDeque::new();
    let event = |data: &str| Event { event: String::new(), data: data.to_owned() };
    let (last, lines) = lines.split_last().expect("a line");
    let mut result = lines.iter().try_for_each(|line| codec.event(&event(line), &mut out));
    if result.is_ok() {
        result = codec.closed(Some(&event(last)), &mut out);
    }
    expected.assert_eq(&written(&out, result));
}

#[test]
fn thinking_text_and_counts() {
    check(
        &[
            r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","thinking":"Hm."},"done":false}"#,
            r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"né"},"done":false}"#,
            r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":" 🦀"},"done":false}"#,
            r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"prompt_eval_count":26,"eval_count":8}"#,
        ],
        &expect![[r#"
            Reasoning("Hm.")
            Text("né")
            Text(" 🦀")
            Usage(Usage { input: 26, cache_read: 0, cache_write: 0, output: 8, reasoning: 0 })
            Finished(Stop)
        "#]],
    );
}

#[test]
fn calls() {
    check(
        &[
            r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"edit","arguments":{"path":"a"}}},{"id":"call_x","function":{"name":"read"}}]},"done":false}"#,
            r#"{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        ],
        &expect![[r#"
            CallBegun { index: 0, id: "call-0", name: "edit" }
            CallArguments { index: 0, json: "{\"path\":\"a\"}" }
            CallBegun { index: 1, id: "call_x", name: "read" }
            CallArguments { index: 1, json: "{}" }
            Finished(Tools)
        "#]],
    );
    check(
        &[r#"{"message":{"tool_calls":[{"function":{}}]},"done":false}"#],
        &expect![[r"
        Server None None a call of the answer names no tool
    "]],
    );
}

#[test]
fn middles() {
    check(
        &[
            r#"{"model":"m","response":"a + ","done":false}"#,
            r#"{"response":"b","done":true,"done_reason":"length"}"#,
        ],
        &expect![[r#"
            Text("a + ")
            Text("b")
            Finished(Length)
        "#]],
    );
}

#[test]
fn ends() {
    check(
        &[r#"{"message":{"content":"a"},"done":true}"#],
        &expect![[r#"
        Text("a")
        Finished(Stop)
    "#]],
    );
    check(
        &[r#"{"message":{"content":""},"done":true,"done_reason":"load"}"#],
        &expect![[r#"
        Finished(Other("load"))
    "#]],
    );
    check(
        &[r#"{"message":{"content":"a"},"done":false}"#],
        &expect![[r#"
        Text("a")
        Truncated None None the stream ended without its terminal line
    "#]],
    );
    check(
        &[r#"{"message":{"content":"a"},"done":tr"#],
        &expect![[r"
        Truncated None None the stream ended without its terminal line
    "]],
    );
}

#[test]
fn errors() {
    check(
        &[r#"{"message":{"content":"a"},"done":false}"#, r#"{"error":"model runner has stopped"}"#, "{}"],
        &expect![[r#"
            Text("a")
            Server None None model runner has stopped
        "#]],
    );
    check(
        &[r#"{"error":"the input length exceeds the context length"}"#],
        &expect![[r"
        PromptTooLarge None None the input length exceeds the context length
    "]],
    );
    check(
        &[
            r#"{"error":"{\"error\":{\"code\":400,\"message\":\"request (351 tokens) exceeds the available context size (256 tokens)\",\"type\":\"exceed_context_size_error\"}}"}"#,
        ],
        &expect![[r#"
            PromptTooLarge Some(400) Some("exceed_context_size_error") request (351 tokens) exceeds the available context size (256 tokens)
        "#]],
    );
    check(
        &["no JSON", "{}"],
        &expect![[r"
        Server None None a line of the stream is not JSON
    "]],
    );
    check(
        &[r#"{"status":"ok"}"#],
        &expect![[r"
        Server None None the server is not an Ollama API: its JSON has neither `message` nor `done`
    "]],
    );
}
