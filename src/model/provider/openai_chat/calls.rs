//! Calls of tools that come in pieces. Servers differ in how they tell one call from the next: by an index (`OpenAI`),
//! by an id with an index that is always 0 (some proxies), or by nothing but whole calls (Gemini).

use std::collections::VecDeque;

use serde_json::Value;

use crate::model::provider::failure::Fault;
use crate::model::{ModelErrorKind, StreamEvent};

/// Calls of one answer that are still accepted.
const MOST: usize = 128;

/// The calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    begun: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    /// The server's index, if it has one.
    index: Option<u64>,
    /// The server's id; empty when it gave none.
    id: String,
}

impl Calls {
    /// Whether there was none.
    pub(crate) fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// Reads a piece of a call, in the form of a member of `tool_calls`.
    pub(crate) fn piece(&mut self, piece: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let function = &piece["function"];
        let id = piece["id"].as_str().unwrap_or_default();
        let name = function["name"].as_str().unwrap_or_default();
        let index = piece["index"].as_u64();
        let at = match self.position(index, id, !name.is_empty()) {
            Some(at) => at,
            None if name.is_empty() => {
                return Err(Fault::new(ModelErrorKind::Server, "a call of the answer names no tool"));
            }
            None => self.begin(index, id, name, out)?,
        };
        let json = match &function["arguments"] {
            Value::Null => String::new(),
            Value::String(json) => json.clone(),
            // Some servers send them as the object they are.
            arguments => arguments.to_string(),
        };
        if !json.is_empty() {
            out.push_back(StreamEvent::CallArguments { index: number(at), json });
        }
        Ok(())
    }

    /// The call that a piece goes on with; `None` when it begins one.
    fn position(&self, index: Option<u64>, id: &str, is_named: bool) -> Option<usize> {
        if !id.is_empty()
            && let Some(at) = self.begun.iter().rposition(|call| call.id == id)
        {
            return Some(at);
        }
        // Another id and a name: a call of its own, whatever the index says.
        let is_other = |call: &Call| is_named && !id.is_empty() && !call.id.is_empty();
        match index {
            Some(_) => self.begun.iter().rposition(|call| call.index == index && !is_other(call)),
            None if is_named => None,
            None => self.begun.len().checked_sub(1),
        }
    }

    fn begin(
        &mut self,
        index: Option<u64>,
        id: &str,
        name: &str,
        out: &mut VecDeque<StreamEvent>,
    ) -> Result<usize, Fault> {
        let at = self.begun.len();
        if at == MOST {
            let message = format!("the answer has more than {MOST} calls of tools");
            return Err(Fault::new(ModelErrorKind::Server, message));
        }
        self.begun.push(Call { index, id: id.to_owned() });
        let shown = if id.is_empty() { format!("call-{at}") } else { id.to_owned() };
        out.push_back(StreamEvent::CallBegun { index: number(at), id: shown, name: name.to_owned() });
        Ok(at)
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(pieces: &[&str], expected: &Expect) {
        let mut calls = Calls::default();
        let mut out = VecDeque::new();
        let result = pieces
            .iter()
            .try_for_each(|piece| calls.piece(&serde_json::from_str(piece).expect("valid JSON"), &mut out));
        let mut lines: Vec<String> = out
            .iter()
            .map(|event| match event {
                StreamEvent::CallBegun { index, id, name } => format!("{index} {id} {name}\n"),
                StreamEvent::CallArguments { index, json } => format!("{index} {json}\n"),
                other => format!("{other:?}\n"),
            })
            .collect();
        lines.extend(result.err().map(|fault| format!("{:?} {}\n", fault.kind, fault.message)));
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn in_parallel_by_index() {
        check(
            &[
                r#"{"index":0,"id":"call_a","type":"function","function":{"name":"edit","arguments":""}}"#,
                r#"{"index":0,"function":{"arguments":"{\"p"}}"#,
                r#"{"index":1,"id":"call_b","type":"function","function":{"name":"read","arguments":""}}"#,
                r#"{"index":1,"function":{"arguments":"{}"}}"#,
                r#"{"index":0,"function":{"arguments":"\":1}"}}"#,
            ],
            &expect![[r#"
                0 call_a edit
                0 {"p
                1 call_b read
                1 {}
                0 ":1}
            "#]],
        );
    }

    #[test]
    fn ids_in_every_piece_in_none_or_against_the_index() {
        check(
            &[
                r#"{"index":0,"id":"x","function":{"name":"edit","arguments":"{"}}"#,
                r#"{"index":0,"id":"x","function":{"name":"edit","arguments":"}"}}"#,
            ],
            &expect![[r"
                0 x edit
                0 {
                0 }
            "]],
        );
        check(
            &[
                r#"{"index":0,"function":{"name":"edit","arguments":"{"}}"#,
                r#"{"index":0,"id":null,"function":{"name":null,"arguments":"}"}}"#,
                r#"{"index":1,"function":{"name":"edit","arguments":{"a":1}}}"#,
            ],
            &expect![[r#"
                0 call-0 edit
                0 {
                0 }
                1 call-1 edit
                1 {"a":1}
            "#]],
        );
        check(
            &[
                r#"{"index":0,"id":"a","function":{"name":"edit","arguments":"{}"}}"#,
                r#"{"index":0,"id":"b","function":{"name":"edit","arguments":"{"}}"#,
                r#"{"index":0,"function":{"arguments":"}"}}"#,
            ],
            &expect![[r"
                0 a edit
                0 {}
                1 b edit
                1 {
                1 }
            "]],
        );
    }

    #[test]
    fn whole_calls_without_index() {
        check(
            &[
                r#"{"function":{"name":"edit","arguments":"{}"}}"#,
                r#"{"function":{"name":"edit","arguments":"{}"}}"#,
                r#"{"function":{"arguments":" "}}"#,
            ],
            &expect![[r"
                0 call-0 edit
                0 {}
                1 call-1 edit
                1 {}
                1  
            "]],
        );
    }

    #[test]
    fn a_call_of_nothing() {
        check(
            &[r#"{"index":0,"function":{"arguments":"{}"}}"#],
            &expect![[r"
            Server a call of the answer names no tool
        "]],
        );
        let piece = serde_json::json!({"function": {"name": "edit"}});
        let (mut calls, mut out) = (Calls::default(), VecDeque::new());
        let n_accepted = (0..1000).take_while(|_| calls.piece(&piece, &mut out).is_ok()).count();
        assert_eq!(n_accepted, MOST);
    }
}
