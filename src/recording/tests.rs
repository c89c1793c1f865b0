//! What is written, and who may read it.

use super::*;
use crate::model::{FinishReason, Message, ModelErrorKind, ModelRequest, Usage};

const TOKEN: &str = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";

fn text(text: &str) -> StreamEvent {
    StreamEvent::Text(text.to_owned())
}

/// Records one exchange and returns its line.
fn recorded(message: &str, events: &[StreamEvent], error: Option<&ModelError>) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let filter = OutgoingFilter::default();
    let request = ModelRequest::new("system", vec![Message::user(message)]);
    let outgoing = filter.pass(Request::Chat(request)).unwrap();
    let recorder = ReplyRecorder::create(folder.path().join("r.jsonl"), filter).unwrap();
    recorder.record(&outgoing, events, error);
    let written = std::fs::read_to_string(folder.path().join("r.jsonl")).unwrap();
    assert_eq!(written.lines().count(), 1);
    serde_json::from_str(&written).unwrap()
}

#[test]
fn a_secret_goes_even_when_it_comes_in_pieces() {
    let (first, rest) = TOKEN.split_at(9);
    let call = |json: &str| StreamEvent::CallArguments { index: 1, json: json.to_owned() };
    let events = [
        text(&format!("a {first}")),
        call(&format!("{{\"t\": \"{first}")),
        StreamEvent::Usage(Usage::default()),
        text(&format!("{rest} b")),
        call(&format!("{rest}\"}}")),
        StreamEvent::Keep(json!({"signed": [TOKEN]})),
        StreamEvent::Finished(FinishReason::Stop),
    ];
    let line = recorded("do it", &events, None);
    assert!(!line.to_string().contains(rest), "{line}");
    let read: Vec<StreamEvent> = serde_json::from_value(line["events"].clone()).unwrap();
    assert_eq!(read.len(), events.len());
    assert_eq!(read[0], text("a REDACTED-"));
    assert_eq!(read[6], events[6]);
    assert_eq!(line["match"], "do it");
}

#[test]
fn the_end_of_the_last_message_tells_the_request() {
    let message = format!("{}é{}\n", "x".repeat(300), "y".repeat(199));
    let line = recorded(&message, &[], None);
    assert_eq!(line["match"], "y".repeat(199));
    let line = recorded(&format!("password of {TOKEN}"), &[], None);
    assert_eq!(line["match"], "password of REDACTED-1-xxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

#[test]
fn errors_are_recorded_without_secrets() {
    let error = ModelError {
        status: Some(529),
        retry_after: Some(Duration::from_secs(2)),
        ..ModelError::new(ModelErrorKind::Overloaded, "p", "m", format!("not with {TOKEN}"))
    };
    let line = recorded("x", &[text("half")], Some(&error));
    let expected = json!({"kind": "overloaded", "message": "not with REDACTED-1-xxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                          "status": 529, "retry_after_ms": 2000});
    assert_eq!(line["error"], expected);
}

#[test]
fn files_are_named_by_day_and_session_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    let now = Duration::from_secs(1_709_210_096);
    let create = || ReplyRecorder::in_folder(&inner, "0123456789abcdef", now, OutgoingFilter::default());
    let recorder = create().unwrap();
    assert!(recorder.path.ends_with("recording-2024-02-29-0123456789ab.jsonl"), "{:?}", recorder.path);
    assert_eq!(create().unwrap_err().code, "recording-failed");
    assert!(recorder.notice().message.contains("recording-2024-02-29"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&recorder.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn days() {
    let check = |days: u64, expected: &str| assert_eq!(date(Duration::from_secs(days * 86_400)), expected);
    check(0, "1970-01-01");
    check(11_016, "2000-02-29");
    check(11_017, "2000-03-01");
    check(20_453, "2025-12-31");
    check(20_454, "2026-01-01");
}
