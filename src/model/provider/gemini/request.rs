//! Writes a request of the Gemini protocol.
//!
//! Thinking comes in two forms (<https://ai.google.dev/gemini-api/docs/thinking>): a level for newer models, a number
//! of tokens for older ones. The configuration knows which a model is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{OWN_ID, is_signed};
use crate::model::provider::body::add_extra;
use crate::model::provider::body::{arguments, no_fill, number};
use crate::model::provider::codec::Wire;
use crate::model::provider::failure::Fault;
use crate::model::{AnswerForm, Message, ModelSettings, Request, Speaker, Thinking, ToolCall, ToolResult};

/// Members that settings cannot replace.
const OURS: [&str; 2] = ["contents", "systemInstruction"];
/// Characters of a model's name that stand in a path as they are.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'@');

/// Writes a request.
///
/// # Errors
/// `BadRequest`: it asks for a middle, or the configuration has a number that is none.
pub(in crate::model::provider) fn wire(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let Request::Chat(request) = request else { return Err(no_fill()) };
    let contents: Vec<Value> = request.messages.iter().filter_map(content).collect();
    let mut body = json!({"contents": contents, "generationConfig": generation(model)?});
    if !request.system.is_empty() {
        body["systemInstruction"] = json!({"parts": [{"text": request.system}]});
    }
    add_extra(&mut body, &model.capabilities.extra, &OURS);
    set_answer_form(&mut body, &request.answer);
    Ok(Wire { path: path(model), body, headers: Vec::new() })
}

fn set_answer_form(body: &mut Value, answer: &AnswerForm) {
    match answer {
        AnswerForm::Text => {}
        AnswerForm::Tools { tools, must } => {
            let declarations: Vec<Value> = tools
                .iter()
                .map(|tool| {
                    json!({
                        "name": tool.name,
                        "description": tool.description,
                        "parametersJsonSchema": tool.schema,
                    })
                })
                .collect();
            let mode = if *must { "ANY" } else { "AUTO" };
            body["tools"] = json!([{"functionDeclarations": declarations}]);
            body["toolConfig"] = json!({"functionCallingConfig": {"mode": mode}});
        }
        AnswerForm::Json { schema, .. } => {
            if !body["generationConfig"].is_object() {
                body["generationConfig"] = json!({});
            }
            body["generationConfig"]["responseMimeType"] = json!("application/json");
            body["generationConfig"]["responseJsonSchema"] = schema.clone();
        }
    }
}

fn path(model: &ModelSettings) -> String {
    // Tuned models have a collection of their own in their name.
    let name = model.model.trim_matches('/');
    let collection = if name.contains('/') { "" } else { "models/" };
    let name = utf8_percent_encode(name, IN_PATH);
    if model.capabilities.stream {
        format!("{collection}{name}:streamGenerateContent?alt=sse")
    } else {
        format!("{collection}{name}:generateContent")
    }
}

fn generation(model: &ModelSettings) -> Result<Value, Fault> {
    let capabilities = &model.capabilities;
    let mut members = json!({"maxOutputTokens": model.max_output});
    for (member, name, text) in
        [("temperature", "temperature", &capabilities.temperature), ("topP", "top_p", &capabilities.top_p)]
    {
        if let Some(text) = text {
            members[member] = number(name, text)?;
        }
    }
    let level = |level: &str| json!({"includeThoughts": true, "thinkingLevel": level});
    members["thinkingConfig"] = match capabilities.thinking {
        Thinking::Unset => return Ok(members),
        Thinking::Off => json!({"thinkingBudget": 0}),
        Thinking::Low => level("LOW"),
        Thinking::Medium => level("MEDIUM"),
        Thinking::High => level("HIGH"),
        Thinking::Tokens(most) => json!({"includeThoughts": true, "thinkingBudget": most}),
    };
    Ok(members)
}

/// A message, if there is anything in it: the protocol refuses empty ones.
fn content(message: &Message) -> Option<Value> {
    let role = match message.speaker {
        Speaker::User => "user",
        Speaker::Assistant => "model",
    };
    // What another provider wanted back means nothing here.
    let mut kept: Vec<&Value> = message.kept.iter().filter(|part| is_signed(part)).collect();
    let mut parts: Vec<Value> = message.results.iter().map(result).collect();
    said(&message.text, &mut kept, &mut parts);
    parts.extend(message.calls.iter().map(|call| called(call, &mut kept)));
    (!parts.is_empty()).then(|| json!({"role": role, "parts": parts}))
}

/// The text of a message in parts, so that a part with a signature is again the part that it was. Takes these parts
/// out of `kept`.
fn said(text: &str, kept: &mut Vec<&Value>, parts: &mut Vec<Value>) {
    let mut rest = text;
    let mut behind = Vec::new();
    kept.retain(|part| {
        if part.get("functionCall").is_some() {
            return true;
        }
        let signed = part["text"].as_str().unwrap_or_default();
        if part["thought"] == true {
            parts.push((*part).clone());
        } else if signed.is_empty() {
            behind.push((*part).clone());
        } else if let Some((before, after)) = rest.split_once(signed) {
            parts.extend((!before.is_empty()).then(|| json!({"text": before})));
            parts.push((*part).clone());
            rest = after;
        }
        false
    });
    parts.extend((!rest.is_empty()).then(|| json!({"text": rest})));
    parts.append(&mut behind);
}

/// A call, with its signature if it had one. Takes the signed part out of `kept`.
fn called(call: &ToolCall, kept: &mut Vec<&Value>) -> Value {
    let arguments = arguments(call);
    let is_same = |part: &&Value| {
        let signed = &part["functionCall"];
        match signed["id"].as_str().filter(|id| !id.is_empty()) {
            Some(id) => id == call.id,
            None => {
                signed["name"] == call.name
                    && (signed["args"] == arguments || (signed["args"].is_null() && arguments == json!({})))
            }
        }
    };
    if let Some(place) = kept.iter().position(is_same) {
        return kept.remove(place).clone();
    }
    let mut part = json!({"functionCall": {"name": call.name, "args": arguments}});
    if !call.id.starts_with(OWN_ID) {
        part["functionCall"]["id"] = json!(call.id);
    }
    part
}

fn result(result: &ToolResult) -> Value {
    let response = if result.failed { json!({"error": result.text}) } else { json!({"output": result.text}) };
    let mut part = json!({"functionResponse": {"name": result.name, "response": response}});
    if !result.id.starts_with(OWN_ID) {
        part["functionResponse"]["id"] = json!(result.id);
    }
    part
}
