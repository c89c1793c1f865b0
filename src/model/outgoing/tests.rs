//! What passes the gate, and in which form.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::{AnswerForm, FillRequest, Message, ModelRequest, Tool, ToolCall, ToolResult};

const GITHUB: &str = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
const PASSWORD: &str = "Xy7kPq2Lm9Rt4Wv8";

fn chat(sources: &[&str]) -> Request {
    let sources = sources.iter().map(|&path| path.to_owned()).collect();
    Request::Chat(ModelRequest { sources, ..ModelRequest::new("rules", vec![Message::user("do it")]) })
}

fn filter(rules: &OutgoingRules) -> OutgoingFilter {
    OutgoingFilter::new(rules).unwrap()
}

#[test]
fn denied_files_are_withheld_however_they_came() {
    let deny = vec!["internal/**".to_owned()];
    let filter = filter(&OutgoingRules { deny, ..OutgoingRules::default() });
    for path in [".env", "sub\\.ENV", "internal/plan.md", "a/../.ssh/id"] {
        let withheld = filter.pass(chat(&["src/a.rs", path])).unwrap_err();
        assert_eq!(withheld.kind, ModelErrorKind::Withheld);
        assert!(withheld.message.starts_with(path), "{}", withheld.message);
        let fill = FillRequest { path: path.to_owned(), ..FillRequest::default() };
        assert!(filter.pass(Request::Fill(fill)).is_err(), "{path}");
    }
    assert!(filter.pass(chat(&["src/a.rs"])).is_ok());
}

#[test]
fn every_part_is_looked_through() {
    let line = format!("token: \"{GITHUB}\"");
    let mut message = Message::user(&line);
    message.calls.push(ToolCall { id: "1".to_owned(), name: "t".to_owned(), arguments: line.clone() });
    let result = ToolResult { id: "1".to_owned(), name: "t".to_owned(), text: line.clone(), failed: false };
    message.results.push(result);
    let tool = Tool {
        name: "t".to_owned(),
        description: line.clone(),
        schema: json!({"properties": {"a": {"default": [line]}}}),
    };
    let requests = [
        Request::Chat(ModelRequest {
            answer: AnswerForm::Tools { tools: vec![tool.clone()], must: false },
            ..ModelRequest::new(&line, vec![message])
        }),
        Request::Chat(ModelRequest {
            answer: AnswerForm::Json { name: "n".to_owned(), schema: tool.schema },
            ..ModelRequest::default()
        }),
        Request::Fill(FillRequest {
            prefix: line.clone(),
            suffix: line.clone(),
            stop: vec![line.clone()],
            ..FillRequest::default()
        }),
    ];
    for (request, parts) in requests.into_iter().zip([6, 1, 3]) {
        let outgoing = filter(&OutgoingRules::default()).pass(request).unwrap();
        let sent = serde_json::to_string(outgoing.request()).unwrap();
        assert!(!sent.contains(GITHUB), "{sent}");
        assert_eq!(sent.matches("REDACTED-1-").count(), parts, "{sent}");
        assert_eq!(outgoing.redactions().len(), parts);
        let told = format!("{:?}", outgoing.redactions());
        assert!(told.contains("GitHub token") && !told.contains(GITHUB), "{told}");
    }
}

#[test]
fn what_was_taken_out_is_told_by_kind_and_place() {
    let text = format!("a\nurl = postgres://me:{PASSWORD}@db/x\n\npassword = \"{PASSWORD}\"\nx\n");
    let request = Request::Chat(ModelRequest::new("", vec![Message::user("b"), Message::user(text)]));
    let outgoing = filter(&OutgoingRules::default()).pass(request).unwrap();
    let told: Vec<_> = outgoing.redactions().iter().map(|it| (it.kind, it.part.as_str(), it.line)).collect();
    assert_eq!(told, [("password in a URL", "message 2", 2), ("secret value", "message 2", 4)]);
}

#[test]
fn passing_twice_changes_nothing_more_and_tells_the_same() {
    let filter = filter(&OutgoingRules::default());
    let text = format!("password = \"{PASSWORD}\"\nAuthorization: Bearer {PASSWORD}aB3d\n{GITHUB}");
    let once = filter.pass(Request::Chat(ModelRequest::new(text, Vec::new()))).unwrap();
    assert_eq!(once.redactions().len(), 3);
    assert_eq!(filter.pass(once.request().clone()).unwrap(), once);
}

#[test]
fn a_cap_on_all_parts_together() {
    let filter = filter(&OutgoingRules { max_bytes: 100, ..OutgoingRules::default() });
    let request = |n: usize| {
        let messages = vec![Message::user("a".repeat(n)), Message::user("b".repeat(40))];
        Request::Chat(ModelRequest::new("c".repeat(20), messages))
    };
    assert!(filter.pass(request(40)).is_ok());
    let withheld = filter.pass(request(41)).unwrap_err();
    assert_eq!(withheld.message, "the request has 101 bytes of text; the cap is 100");
}

#[test]
fn redaction_can_be_switched_off_but_not_the_deny_list() {
    let filter = filter(&OutgoingRules { redact: false, ..OutgoingRules::default() });
    let request = Request::Chat(ModelRequest::new(GITHUB, Vec::new()));
    assert_eq!(filter.pass(request.clone()).unwrap().request(), &request);
    assert!(filter.pass(chat(&[".env"])).is_err());
}

#[test]
fn debug_output_tells_no_secret() {
    let filter = OutgoingFilter::default();
    let redacted = filter.sources(&[GITHUB]);
    assert!(!format!("{filter:?}{redacted:?}").contains(GITHUB));
}

/// Pieces of text that are secrets, marks, or parts of either.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé¤ =:\"'\\n-]{0,12}",
        Just(format!("password = \"{PASSWORD}\"")),
        Just(format!("'{GITHUB}'")),
        Just("https://me:s3cr.tX9@host/".to_owned()),
        Just("https://me:q7Zp@host/".to_owned()),
        Just("REDACTED-1-xxxxxxxx".to_owned()),
        Just("REDACTED-2-".to_owned()),
        Just("\u{a4}1--".to_owned()),
        Just("\u{a4}--".to_owned()),
        Just("x".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nab==\n-----END PRIVATE KEY-----\n".to_owned()),
    ]
}

proptest! {
    #[test]
    fn lengths_stay_and_secrets_go(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let filter = OutgoingFilter::default();
        let redacted = filter.sources(&[&text]).remove(0);
        prop_assert_eq!(redacted.text.len(), text.len());
        // Between the marks nothing changed, and each mark leads back.
        let mut at = 0;
        for mark in &redacted.marks {
            prop_assert_eq!(&redacted.text[at..mark.range.start], &text[at..mark.range.start]);
            if let Some(number) = mark.number {
                let secret = filter.secret(number).unwrap();
                prop_assert_eq!(secret, &text[mark.range.clone()]);
            }
            at = mark.range.end;
        }
        prop_assert_eq!(&redacted.text[at..], &text[at..]);
        for secret in [GITHUB, "s3cr.tX9", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"] {
            prop_assert!(!redacted.text.contains(secret), "{}", redacted.text);
        }
        // All that looks like a mark is one, and is found again.
        let marks: Vec<_> = redacted.marks.iter().map(|mark| (mark.range.clone(), mark.number)).collect();
        prop_assert_eq!(filter.written(&redacted.text), marks);
        // The gate has nothing left to do.
        let passed = filter.pass(Request::Chat(ModelRequest::new(&redacted.text, Vec::new()))).unwrap();
        let Request::Chat(chat) = passed.request() else { panic!("a chat") };
        prop_assert_eq!(&chat.system, &redacted.text);
    }
}
