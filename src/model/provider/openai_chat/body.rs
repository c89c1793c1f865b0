//! What is sent in the `OpenAI` Chat protocol.

use serde_json::{Value, json};

use crate::model::provider::body::{add_extra, conversation, set_number};
use crate::model::provider::codec::Wire;
use crate::model::provider::failure::Fault;
use crate::model::{AnswerForm, Message, ModelRequest, ModelSettings, Request, Speaker, Thinking, Tool};

/// Members that settings cannot replace.
const OURS: [&str; 3] = ["model", "messages", "stream"];

/// Writes a request.
///
/// # Errors
/// It is no conversation.
pub(crate) fn wire(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let body = body(conversation(request)?, model);
    Ok(Wire { path: "chat/completions".to_owned(), body, headers: Vec::new() })
}

fn body(request: &ModelRequest, model: &ModelSettings) -> Value {
    let can = &model.capabilities;
    let system = (!request.system.is_empty()).then(|| json!({"role": "system", "content": request.system}));
    let messages = system.into_iter().chain(request.messages.iter().flat_map(message));
    let limit = if can.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    let mut body = json!({
        "model": model.model,
        "messages": messages.collect::<Vec<_>>(),
        limit: model.max_output,
        "stream": can.stream,
    });
    if can.stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    set_number(&mut body, "temperature", can.temperature.as_deref());
    set_number(&mut body, "top_p", can.top_p.as_deref());
    if let Some(effort) = effort(can.thinking) {
        body["reasoning_effort"] = json!(effort);
    }
    match &request.answer {
        AnswerForm::Text => {}
        AnswerForm::Tools { tools, must } => {
            body["tools"] = tools.iter().map(tool).collect();
            body["tool_choice"] = json!(if *must { "required" } else { "auto" });
        }
        AnswerForm::Json { name, schema } => {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": name, "schema": schema, "strict": is_strict(schema)},
            });
        }
    }
    add_extra(&mut body, &can.extra, &OURS);
    body
}

/// One message is several on the wire: what came of each call stands in one of its own, before what is said next.
fn message(message: &Message) -> impl Iterator<Item = Value> {
    let results = message
        .results
        .iter()
        .map(|result| json!({"role": "tool", "tool_call_id": result.id, "content": result.text}));
    let said = match message.speaker {
        Speaker::User if message.text.is_empty() && !message.results.is_empty() => None,
        Speaker::User => Some(json!({"role": "user", "content": message.text})),
        Speaker::Assistant if message.calls.is_empty() => {
            Some(json!({"role": "assistant", "content": message.text}))
        }
        Speaker::Assistant => {
            let calls = message.calls.iter().map(|call| {
                let function = json!({"name": call.name, "arguments": call.arguments});
                json!({"id": call.id, "type": "function", "function": function})
            });
            // Next to calls, nothing said is null: empty text is refused by some.
            let text = (!message.text.is_empty()).then_some(&message.text);
            Some(json!({"role": "assistant", "content": text, "tool_calls": calls.collect::<Vec<_>>()}))
        }
    };
    results.chain(said).collect::<Vec<_>>().into_iter()
}

fn tool(tool: &Tool) -> Value {
    let function = json!({
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.schema,
        "strict": is_strict(&tool.schema),
    });
    json!({"type": "function", "function": function})
}

/// The word for how much to think. Numbers of tokens become words by Google's table for this protocol
/// (<https://ai.google.dev/gemini-api/docs/openai#thinking>).
pub(crate) fn effort(thinking: Thinking) -> Option<&'static str> {
    match thinking {
        Thinking::Unset => None,
        Thinking::Off | Thinking::Tokens(0) => Some("none"),
        Thinking::Low | Thinking::Tokens(1..=1024) => Some("low"),
        Thinking::Medium | Thinking::Tokens(1025..=8192) => Some("medium"),
        Thinking::High | Thinking::Tokens(8193..) => Some("high"),
    }
}

/// Whether a schema is of the kind that is followed to the letter: an object, and every object in it names all its
/// members, requires them and permits no others
/// (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>). The strict mode refuses the others.
pub(crate) fn is_strict(schema: &Value) -> bool {
    schema["type"] == "object" && is_closed(schema)
}

fn is_closed(schema: &Value) -> bool {
    let is_object = schema["type"] == "object" || schema.get("properties").is_some();
    if is_object {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut members = schema["properties"].as_object().into_iter().flatten();
        let all_required = members.all(|(name, _)| required.iter().any(|required| required == name.as_str()));
        if schema["additionalProperties"] != false || !all_required {
            return false;
        }
    }
    let single = ["items", "not"].iter().filter_map(|name| schema.get(*name));
    let listed = ["anyOf", "prefixItems"].iter().filter_map(|name| schema[*name].as_array()).flatten();
    let named = ["properties", "$defs", "definitions"]
        .iter()
        .filter_map(|name| schema[*name].as_object())
        .flat_map(|members| members.values());
    single.chain(listed).chain(named).all(is_closed)
}

#[cfg(test)]
mod tests;
