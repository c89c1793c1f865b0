//! What the tests of every codec share: events in, what came out as text, one event a line.

use std::collections::VecDeque;

use expect_test::Expect;

use super::Codec;
use crate::model::StreamEvent;
use crate::model::provider::failure::Fault;
use crate::model::provider::sse::Event;

/// Decodes events, each `name|data` or only data. `close` ends the body behind them.
pub(in crate::model::provider) fn check_stream(
    mut codec: impl Codec,
    events: &[&str],
    close: bool,
    expected: &Expect,
) {
    let mut out = VecDeque::new();
    let mut result = events.iter().try_for_each(|data| {
        // Data is JSON or a word in brackets; a name comes before it.
        let named = data.split_once('|').filter(|(name, _)| !name.contains(['{', '[']));
        let (event, data) = named.unwrap_or(("", data));
        codec.event(&Event { event: event.to_owned(), data: data.to_owned() }, &mut out)
    });
    if close && result.is_ok() {
        result = codec.closed(None, &mut out);
    }
    expected.assert_eq(&written(&out, result));
}

/// Reads an answer that is not streamed.
pub(in crate::model::provider) fn check_whole(mut codec: impl Codec, answer: &str, expected: &Expect) {
    let mut out = VecDeque::new();
    let answer = serde_json::from_str(answer).expect("valid JSON");
    let result = codec.whole(&answer, &mut out);
    expected.assert_eq(&written(&out, result));
}

/// Events one a line, then the fault.
pub(in crate::model::provider) fn written(out: &VecDeque<StreamEvent>, result: Result<(), Fault>) -> String {
    let mut lines: Vec<String> = out.iter().map(|event| format!("{event:?}\n")).collect();
    if let Err(fault) = result {
        lines.push(format!("{:?} {:?} {:?} {}\n", fault.kind, fault.status, fault.code, fault.message));
    }
    lines.concat()
}
