//! The codec against what servers really send.

use expect_test::{Expect, expect};

use super::codec::Codec as _;
use super::*;

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
    let mut lines: Vec<String> = out.iter().map(|event| format!("{event:?}\n")).collect();
    if let Err(fault) = result {
        lines.push(format!("{:?} {:?} {:?} {}\n", fault.kind, fault.status, fault.code, fault.message));
    }
    expected.assert_eq(&lines.concat());
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
        &expect![[""]],
    );
}

#[test]
fn calls() {
    check(
        &[
            r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"edit","arguments":{"path":"a"}}},{"id":"call_x","function":{"name":"read"}}]},"done":false}"#,
            r#"{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        ],
        &expect![[""]],
    );
    check(&[r#"{"message":{"tool_calls":[{"function":{}}]},"done":false}"#], &expect![[""]]);
}

#[test]
fn middles() {
    check(
        &[
            r#"{"model":"m","response":"a + ","done":false}"#,
            r#"{"response":"b","done":true,"done_reason":"length"}"#,
        ],
        &expect![[""]],
    );
}

#[test]
fn ends() {
    check(&[r#"{"message":{"content":"a"},"done":true}"#], &expect![[""]]);
    check(&[r#"{"message":{"content":""},"done":true,"done_reason":"load"}"#], &expect![[""]]);
    check(&[r#"{"message":{"content":"a"},"done":false}"#], &expect![[""]]);
    check(&[r#"{"message":{"content":"a"},"done":tr"#], &expect![[""]]);
}

#[test]
fn errors() {
    check(
        &[r#"{"message":{"content":"a"},"done":false}"#, r#"{"error":"model runner has stopped"}"#, "{}"],
        &expect![[""]],
    );
    check(&[r#"{"error":"the input length exceeds the context length"}"#], &expect![[""]]);
    check(
        &[
            r#"{"error":"{\"error\":{\"code\":400,\"message\":\"request (351 tokens) exceeds the available context size (256 tokens)\",\"type\":\"exceed_context_size_error\"}}"}"#,
        ],
        &expect![[""]],
    );
    check(&["no JSON", "{}"], &expect![[""]]);
    check(&[r#"{"status":"ok"}"#], &expect![[""]]);
}
