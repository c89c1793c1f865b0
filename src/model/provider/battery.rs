//! The battery: every protocol's stream, cut wherever bytes can be cut, ended wherever it can end, and damaged.
//!
//! What is proved of each: the events do not depend on the cuts; only a stream that is whole is a success, any shorter
//! one is `Truncated` and gives a beginning of the same events; no damage makes a panic or a second end. The same
//! streams go over TCP in `tests/it/provider/`.

use std::collections::VecDeque;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::codec::Framing;
use super::failure::Fault;
use super::lines;
use super::protocol::Protocol;
use super::sse::{self, Event};
use crate::model::{
    Api, FillForm, FillRequest, ModelErrorKind, ModelRequest, ModelSettings, Request, StreamEvent,
};

/// A stream and who reads it.
#[derive(Debug, Clone)]
struct Case {
    name: &'static str,
    api: Api,
    fill: Option<FillForm>,
    text: &'static str,
}

macro_rules! stream {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/streams/", $name))
    };
}

fn cases() -> [Case; 10] {
    let chat = |name, api, text| Case { name, api, fill: None, text };
    let fill = |name, form, text| Case { name, api: Api::OpenAiChat, fill: Some(form), text };
    let template = FillForm::Template("<p>{prefix}<s>{suffix}<m>".to_owned());
    [
        chat("chat", Api::OpenAiChat, stream!("chat.sse")),
        chat("responses", Api::OpenAiResponses, stream!("responses.sse")),
        chat("anthropic", Api::Anthropic, stream!("anthropic.sse")),
        chat("gemini", Api::Gemini, stream!("gemini.sse")),
        chat("ollama", Api::Ollama, stream!("ollama.jsonl")),
        fill("fill of Mistral", FillForm::Mistral, stream!("fill-mistral.sse")),
        fill("fill by completions", FillForm::Completions, stream!("fill-completions.sse")),
        fill("fill by template", template, stream!("fill-completions.sse")),
        fill("fill of llama-server", FillForm::Infill, stream!("fill-infill.sse")),
        fill("fill of Ollama", FillForm::Ollama, stream!("fill-ollama.jsonl")),
    ]
}

impl Case {
    fn protocol(&self) -> Protocol {
        let mut model = ModelSettings::new("m", "p", "m");
        model.capabilities.fill.clone_from(&self.fill);
        let request = match self.fill {
            Some(_) => Request::Fill(FillRequest::default()),
            None => Request::Chat(ModelRequest::default()),
        };
        Protocol::of(self.api, &request, &model).expect("a protocol")
    }

    /// The stream with each line ended by `line_end`.
    fn bytes(&self, line_end: &str) -> Vec<u8> {
        self.text.replace('\n', line_end).into_bytes()
    }

    /// Reads pieces of a body that then ends.
    fn read<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let protocol = self.protocol();
        let mut codec = (protocol.codec)();
        let mut out = VecDeque::new();
        let mut framed = Framed::new(protocol.framing);
        for piece in pieces {
            let mut events = Vec::new();
            let result = framed.push(piece, &mut events);
            for event in &events {
                if let Err(fault) = codec.event(event, &mut out) {
                    return (out, Err(fault));
                }
                if matches!(out.back(), Some(StreamEvent::Finished(_))) {
                    return (out, Ok(()));
                }
            }
            if let Err(error) = result {
                return (out, Err(Fault::new(ModelErrorKind::Server, error.to_string())));
            }
        }
        let result = codec.closed(framed.finish().as_ref(), &mut out);
        (out, result)
    }
}

/// The events, and whether they ended well.
type Outcome = (VecDeque<StreamEvent>, Result<(), Fault>);

/// A decoder of either framing.
enum Framed {
    Sse(sse::Decoder),
    Lines(lines::Decoder),
}

impl Framed {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Sse => Self::Sse(sse::Decoder::default()),
            Framing::Lines => Self::Lines(lines::Decoder::default()),
        }
    }

    fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), sse::SseError> {
        match self {
            Self::Sse(decoder) => decoder.push(bytes, events),
            Self::Lines(decoder) => decoder.push(bytes, events),
        }
    }

    fn finish(self) -> Option<Event> {
        match self {
            Self::Sse(decoder) => decoder.finish(),
            Self::Lines(decoder) => decoder.finish(),
        }
    }
}

/// Checks that an outcome is one at all: an end comes once and last, and never with an error.
fn check_shape((events, result): &Outcome) {
    let n_ends = events.iter().filter(|event| matches!(event, StreamEvent::Finished(_))).count();
    assert_eq!(n_ends, usize::from(result.is_ok()), "{events:?} {result:?}");
    let is_last = matches!(events.back(), Some(StreamEvent::Finished(_)));
    assert_eq!(is_last, result.is_ok(), "{events:?}");
}

fn whole(case: &Case) -> VecDeque<StreamEvent> {
    let outcome = case.read([case.text.as_bytes()]);
    check_shape(&outcome);
    assert_eq!(outcome.1, Ok(()), "{}", case.name);
    outcome.0
}

fn check(name: &str, expected: &Expect) {
    let cases = cases();
    let case = cases.iter().find(|case| case.name == name).expect("a case");
    let lines: Vec<String> = whole(case).iter().map(|event| format!("{event:?}\n")).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one expectation a protocol")]
fn what_the_streams_say() {
    check(
        "chat",
        &expect![[r#"
        Reasoning("Überlegen …")
        Text("fn né() {\n")
        Text("    \"🦀\" // é\\\n")
        Text("}\r\n")
        CallBegun { index: 0, id: "call_1", name: "look" }
        CallArguments { index: 0, json: "{\"path\":\"né" }
        CallArguments { index: 0, json: ".rs\"}" }
        Usage(Usage { input: 7, cache_read: 30, cache_write: 0, output: 11, reasoning: 4 })
        Finished(Tools)
    "#]],
    );
    check(
        "responses",
        &expect![[r#"
        Reasoning("Überlegen …")
        Keep(Object {"encrypted_content": String("gAAAAé=="), "id": String("rs_1"), "summary": Array [Object {"text": String("Überlegen …"), "type": String("summary_text")}], "type": String("reasoning")})
        Text("fn né() {\n")
        Text("    \"🦀\"\n}\r\n")
        CallBegun { index: 0, id: "call_1", name: "look" }
        CallArguments { index: 0, json: "{\"path\":\"né" }
        CallArguments { index: 0, json: ".rs\"}" }
        Usage(Usage { input: 7, cache_read: 30, cache_write: 0, output: 11, reasoning: 4 })
        Finished(Tools)
    "#]],
    );
    check(
        "anthropic",
        &expect![[r#"
        Usage(Usage { input: 7, cache_read: 30, cache_write: 3, output: 1, reasoning: 0 })
        Reasoning("Überlegen …")
        Keep(Object {"signature": String("EqQBCgIYAhIM=="), "thinking": String("Überlegen …"), "type": String("thinking")})
        Keep(Object {"data": String("EmwKAhgB"), "type": String("redacted_thinking")})
        Text("fn né() {\n")
        Text("    \"🦀\"\n}\r\n")
        CallBegun { index: 0, id: "toolu_1", name: "look" }
        CallArguments { index: 0, json: "{\"path\":\"né" }
        CallArguments { index: 0, json: ".rs\"}" }
        CallBegun { index: 1, id: "toolu_2", name: "list" }
        CallArguments { index: 1, json: "{}" }
        Usage(Usage { input: 7, cache_read: 30, cache_write: 3, output: 89, reasoning: 40 })
        Finished(Tools)
    "#]],
    );
    check(
        "gemini",
        &expect![[r#"
        Reasoning("Überlegen …")
        Usage(Usage { input: 7, cache_read: 30, cache_write: 0, output: 4, reasoning: 4 })
        Text("fn né() {\n")
        Usage(Usage { input: 7, cache_read: 30, cache_write: 0, output: 7, reasoning: 4 })
        Text("    \"🦀\"\n}\r\n")
        CallBegun { index: 0, id: "tenon-call-0", name: "look" }
        CallArguments { index: 0, json: "{\"path\":\"né.rs\"}" }
        Keep(Object {"functionCall": Object {"args": Object {"path": String("né.rs")}, "name": String("look")}, "thoughtSignature": String("CiQB4/H/Xu==")})
        CallBegun { index: 1, id: "fc2", name: "list" }
        CallArguments { index: 1, json: "{}" }
        Keep(Object {"text": String(""), "thoughtSignature": String("ZW5k")})
        Usage(Usage { input: 7, cache_read: 30, cache_write: 0, output: 11, reasoning: 4 })
        Finished(Tools)
    "#]],
    );
    check(
        "ollama",
        &expect![[r#"
        Reasoning("Überlegen …")
        Text("fn né() {\n")
        Text("    \"🦀\"\n}\r\n")
        CallBegun { index: 0, id: "call-0", name: "look" }
        CallArguments { index: 0, json: "{\"path\":\"né.rs\"}" }
        Usage(Usage { input: 37, cache_read: 0, cache_write: 0, output: 11, reasoning: 0 })
        Finished(Tools)
    "#]],
    );
    check(
        "fill of Mistral",
        &expect![[r#"
        Text("né() {\n")
        Text("    \"🦀\"")
        Usage(Usage { input: 9, cache_read: 0, cache_write: 0, output: 4, reasoning: 0 })
        Finished(Length)
    "#]],
    );
    check(
        "fill by completions",
        &expect![[r#"
        Text("né() {\n")
        Text("    \"🦀\"")
        Usage(Usage { input: 9, cache_read: 0, cache_write: 0, output: 4, reasoning: 0 })
        Finished(Stop)
    "#]],
    );
    check(
        "fill by template",
        &expect![[r#"
        Text("né() {\n")
        Text("    \"🦀\"")
        Usage(Usage { input: 9, cache_read: 0, cache_write: 0, output: 4, reasoning: 0 })
        Finished(Stop)
    "#]],
    );
    check(
        "fill of llama-server",
        &expect![[r#"
        Text("né() {\n")
        Text("    \"🦀\"")
        Usage(Usage { input: 4, cache_read: 5, cache_write: 0, output: 4, reasoning: 0 })
        Finished(Stop)
    "#]],
    );
    check(
        "fill of Ollama",
        &expect![[r#"
        Text("né() {\n")
        Text("    \"🦀\"")
        Usage(Usage { input: 9, cache_read: 0, cache_write: 0, output: 4, reasoning: 0 })
        Finished(Length)
    "#]],
    );
}

#[test]
fn a_cut_at_any_byte_changes_nothing() {
    for case in cases() {
        let expected = (whole(&case), Ok(()));
        for line_end in ["\n", "\r\n"] {
            let bytes = case.bytes(line_end);
            assert_eq!(case.read(bytes.chunks(1)), expected, "{} in single bytes", case.name);
            for cut in 0..=bytes.len() {
                let outcome = case.read([&bytes[..cut], &bytes[cut..]]);
                assert_eq!(outcome, expected, "{} cut at {cut}, lines end in {line_end:?}", case.name);
            }
        }
    }
}

#[test]
fn an_end_at_any_byte_is_seen() {
    for case in cases() {
        let expected = whole(&case);
        for line_end in ["\n", "\r\n"] {
            let bytes = case.bytes(line_end);
            // The terminal event is the last that each stream has; its line may lack its end.
            let complete = bytes.trim_ascii_end().len();
            for end in 0..bytes.len() {
                let outcome = case.read([&bytes[..end]]);
                check_shape(&outcome);
                let (events, result) = outcome;
                let place = format!("{} ended at {end}, lines end in {line_end:?}", case.name);
                match result {
                    Ok(()) => assert!(end >= complete, "{place}: a success"),
                    Err(fault) => {
                        assert!(end < complete, "{place}: {fault:?}");
                        assert_eq!(fault.kind, ModelErrorKind::Truncated, "{place}: {fault:?}");
                    }
                }
                assert!(expected.iter().take(events.len()).eq(&events), "{place}: {events:?}");
            }
        }
    }
}

#[test]
fn nothing_is_lost_before_an_end() {
    // Every event whose line is whole has been given out, also when the rest is missing.
    for case in cases() {
        let all = whole(&case);
        let mut most = 0;
        for (end, _) in case.text.match_indices('\n') {
            let (events, _) = case.read([&case.text.as_bytes()[..=end]]);
            assert!(events.len() >= most, "{} went back at {end}", case.name);
            most = events.len();
        }
        assert_eq!(most, all.len(), "{}", case.name);
    }
}

/// An error that the server reports after a part of each stream, in the form of its protocol.
#[test]
fn an_error_in_the_middle_is_that_error() {
    let error = r#"{"error":{"type":"overloaded_error","code":529,"message":"busy"}}"#;
    for case in cases() {
        let is_lines = case.protocol().framing == Framing::Lines;
        let report = if is_lines { format!("{error}\n") } else { format!("data: {error}\n\n") };
        let events_end = if is_lines { "\n" } else { "\n\n" };
        let all = whole(&case);
        let last = case.text.trim_end().rfind(events_end).expect("several events") + events_end.len();
        for (at, _) in case.text.match_indices(events_end).filter(|(at, _)| *at < last) {
            let at = at + events_end.len();
            // Servers go on after an error as if nothing had happened, up to the terminal event.
            let text = format!("{}{report}{}", &case.text[..at], &case.text[at..]);
            let outcome = case.read([text.as_bytes()]);
            check_shape(&outcome);
            let (events, result) = outcome;
            let fault = result.expect_err("an error");
            let told = (fault.kind, fault.status, fault.message.as_str());
            assert_eq!(told, (ModelErrorKind::Overloaded, Some(529), "busy"), "{} at {at}", case.name);
            assert!(all.iter().take(events.len()).eq(&events), "{} at {at}: {events:?}", case.name);
        }
    }
}

#[test]
fn what_is_no_stream_is_never_a_success() {
    let bodies = [
        "<!doctype html>\n<html><body>Sign in</body></html>\n",
        "data: <html></html>\n\n",
        "data: {}\n\n",
        "data: []\n\n",
        "data: null\n\n",
        "data: {\"status\":\"ok\"}\n\n",
        "data: [DONE]\n\n",
        "event: error\ndata: {}\n\n",
        "{\"status\":\"ok\"}\n",
        "null\n",
        "",
    ];
    for case in cases() {
        for body in bodies {
            let outcome = case.read([body.as_bytes()]);
            check_shape(&outcome);
            let fault = outcome.1.expect_err(body);
            assert!(
                matches!(fault.kind, ModelErrorKind::Truncated | ModelErrorKind::Server),
                "{} {body:?}: {fault:?}",
                case.name
            );
            assert!(outcome.0.is_empty(), "{} {body:?}: {:?}", case.name, outcome.0);
        }
    }
}

/// A place in `len` bytes.
fn place(part: f64, len: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short stream"
    )]
    let place = (part * len as f64) as usize;
    place.min(len)
}

proptest! {
    #[test]
    fn cuts_at_any_two_bytes_change_nothing(first in 0.0..1.0f64, second in 0.0..1.0f64, crlf: bool) {
        for case in cases() {
            let bytes = case.bytes(if crlf { "\r\n" } else { "\n" });
            let (first, second) = (place(first, bytes.len()), place(second, bytes.len()));
            let (first, second) = (first.min(second), first.max(second));
            let outcome = case.read([&bytes[..first], &bytes[first..second], &bytes[second..]]);
            prop_assert_eq!(outcome, (whole(&case), Ok(())), "{} cut at {} and {}", case.name, first, second);
        }
    }

    #[test]
    fn damage_is_no_panic(at in 0.0..1.0f64, len in 0_usize..40, with: Vec<u8>) {
        for case in cases() {
            let mut bytes = case.bytes("\n");
            let at = place(at, bytes.len());
            let end = (at + len).min(bytes.len());
            bytes.splice(at..end, with.iter().copied());
            check_shape(&case.read([&bytes[..]]));
        }
    }

    #[test]
    fn any_values_of_members_are_no_panic(which in 0_usize..400, value in 0_usize..8) {
        let values = ["null", "true", "-1", "1e300", "\"\"", "\"x\"", "[]", "{\"a\":[null]}"];
        for case in cases() {
            // Replaces the value behind the n-th colon of the JSON by another one.
            let colons: Vec<usize> = case.text.match_indices("\":").map(|(at, _)| at + 2).collect();
            let at = colons[which % colons.len()];
            let rest = &case.text[at..];
            let end = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
            let text = format!("{}{}{}", &case.text[..at], values[value], &rest[end..]);
            check_shape(&case.read([text.as_bytes()]));
        }
    }
}
