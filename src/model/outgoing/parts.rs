//! The parts of a request: every text in it that is sent.

use serde_json::Value;

use crate::model::{AnswerForm, Request, Tool};

/// The texts that are looked through, each with its name for people. Blocks that the provider wants back as they were
/// are not among them: they are its own words, and signed.
pub(super) fn of(request: &mut Request) -> Vec<(String, &mut String)> {
    let mut parts: Vec<(String, &mut String)> = Vec::new();
    match request {
        Request::Chat(chat) => {
            parts.push(("system".to_owned(), &mut chat.system));
            for (index, message) in chat.messages.iter_mut().enumerate() {
                let name = |what: &str| format!("message {}{what}", index + 1);
                parts.push((name(""), &mut message.text));
                parts.extend(message.calls.iter_mut().map(|call| (name(", a call"), &mut call.arguments)));
                parts.extend(message.results.iter_mut().map(|result| (name(", a result"), &mut result.text)));
            }
            match &mut chat.answer {
                AnswerForm::Text => {}
                AnswerForm::Tools { tools, .. } => {
                    for Tool { name, description, schema } in tools {
                        let name = format!("tool {name}");
                        parts.push((name.clone(), description));
                        strings(schema, &name, &mut parts);
                    }
                }
                AnswerForm::Json { schema, .. } => strings(schema, "schema", &mut parts),
            }
        }
        Request::Fill(fill) => {
            parts.push(("prefix".to_owned(), &mut fill.prefix));
            parts.push(("suffix".to_owned(), &mut fill.suffix));
            parts.extend(fill.stop.iter_mut().map(|stop| ("stop".to_owned(), stop)));
        }
    }
    parts
}

/// Every string in a JSON value; the names of members are ours.
fn strings<'v>(value: &'v mut Value, name: &str, parts: &mut Vec<(String, &'v mut String)>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => parts.push((name.to_owned(), text)),
            Value::Array(values) => open.extend(values),
            Value::Object(members) => open.extend(members.values_mut()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Bytes of text in a request.
pub(super) fn size(request: &Request) -> u64 {
    let json = |value: &Value| value.to_string().len();
    let size = match request {
        Request::Chat(chat) => {
            let messages = chat.messages.iter().map(|message| {
                let calls = message.calls.iter().map(|call| call.name.len() + call.arguments.len());
                let results = message.results.iter().map(|result| result.name.len() + result.text.len());
                let kept = message.kept.iter().map(json);
                message.text.len() + calls.chain(results).chain(kept).sum::<usize>()
            });
            let answer = match &chat.answer {
                AnswerForm::Text => 0,
                AnswerForm::Tools { tools, .. } => tools
                    .iter()
                    .map(|tool| tool.name.len() + tool.description.len() + json(&tool.schema))
                    .sum(),
                AnswerForm::Json { schema, .. } => json(schema),
            };
            chat.system.len() + messages.sum::<usize>() + answer
        }
        Request::Fill(fill) => {
            fill.prefix.len() + fill.suffix.len() + fill.stop.iter().map(String::len).sum::<usize>()
        }
    };
    size as u64
}
