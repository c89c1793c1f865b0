//! Writes a request of the Anthropic Messages protocol.
//!
//! Thinking comes in two forms (<https://docs.claude.com/en/docs/build-with-claude/adaptive-thinking>): a level is
//! adaptive thinking with an effort, as newer models want it; a number of tokens is the budget that older ones take.
//! The configuration knows which a model is. Structured output is `output_config.format`
//! (<https://docs.claude.com/en/docs/build-with-claude/structured-outputs>).

use serde_json::{Value, json};

use crate::model::provider::body::{add_extra, arguments, conversation, number};
use crate::model::provider::codec::Wire;
use crate::model::provider::failure::Fault;
use crate::model::{AnswerForm, Message, ModelRequest, ModelSettings, Request, Speaker, Thinking};

/// The version of the protocol; the only one since 2023.
const VERSION: &str = "2023-06-01";
/// Members that settings cannot replace.
const OURS: [&str; 5] = ["model", "messages", "system", "stream", "max_tokens"];
/// Smallest budget of thinking that is accepted, in tokens.
const LEAST_THINKING: u32 = 1024;

/// Writes a request.
///
/// # Errors
/// `BadRequest`: it asks for a middle, or the configuration has a number that is none.
pub(in crate::model::provider) fn wire(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let request = conversation(request)?;
    let capabilities = &model.capabilities;
    let mut body = json!({
        "model": model.model,
        "max_tokens": model.max_output,
        "stream": capabilities.stream,
        "messages": messages(request, capabilities.prompt_cache),
    });
    if !request.system.is_empty() {
        let mut block = json!({"type": "text", "text": request.system});
        if capabilities.prompt_cache {
            mark(&mut block);
        }
        body["system"] = json!([block]);
    }
    for (name, text) in [("temperature", &capabilities.temperature), ("top_p", &capabilities.top_p)] {
        if let Some(text) = text {
            body[name] = number(name, text)?;
        }
    }
    set_thinking(&mut body, model);
    add_extra(&mut body, &capabilities.extra, &OURS);
    // Behind the rest: whether a tool may be forced depends on the thinking that is sent in the end.
    set_answer_form(&mut body, request, capabilities.prompt_cache);
    let headers = vec![("anthropic-version", VERSION.to_owned())];
    Ok(Wire { path: "messages".to_owned(), body, headers })
}

fn set_thinking(body: &mut Value, model: &ModelSettings) {
    let effort = match model.capabilities.thinking {
        Thinking::Unset => return,
        Thinking::Off => {
            body["thinking"] = json!({"type": "disabled"});
            return;
        }
        Thinking::Low => "low",
        Thinking::Medium => "medium",
        Thinking::High => "high",
        Thinking::Tokens(most) => {
            // The budget is part of the output and must be smaller; a quarter stays for the answer.
            let budget = most.min(model.max_output / 4 * 3).max(LEAST_THINKING);
            // Where even the smallest leaves nothing to answer with, the request would be refused.
            if budget < model.max_output {
                body["thinking"] = json!({"type": "enabled", "budget_tokens": budget});
            }
            return;
        }
    };
    body["thinking"] = json!({"type": "adaptive"});
    body["output_config"] = json!({"effort": effort});
}

fn set_answer_form(body: &mut Value, request: &ModelRequest, is_cached: bool) {
    match &request.answer {
        AnswerForm::Text => {}
        AnswerForm::Tools { tools, must } => {
            let mut tools: Vec<Value> = tools
                .iter()
                .map(|tool| {
                    json!({"name": tool.name, "description": tool.description, "input_schema": tool.schema})
                })
                .collect();
            // Tools stand before the system prompt, whose mark covers them.
            if is_cached && request.system.is_empty() {
                tools.last_mut().into_iter().for_each(mark);
            }
            let thinks = matches!(body["thinking"]["type"].as_str(), Some("enabled" | "adaptive"));
            // A model that thinks cannot be forced.
            let choice = if *must && !thinks { "any" } else { "auto" };
            body["tools"] = Value::Array(tools);
            body["tool_choice"] = json!({"type": choice});
        }
        AnswerForm::Json { schema, .. } => {
            if !body["output_config"].is_object() {
                body["output_config"] = json!({});
            }
            body["output_config"]["format"] = json!({"type": "json_schema", "schema": schema});
        }
    }
}

fn messages(request: &ModelRequest, is_cached: bool) -> Value {
    let mut messages: Vec<Value> = request
        .messages
        .iter()
        .filter_map(|message| {
            let role = match message.speaker {
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            };
            let content = content(message);
            // The protocol refuses messages and texts that are empty.
            (!content.is_empty()).then(|| json!({"role": role, "content": content}))
        })
        .collect();
    // The first question is often the only one, and writing to the cache costs more than reading saves. Once there
    // is a conversation, what was said is read again and what is new will be: with the mark of the system prompt or
    // the tools these are three of the four marks that are permitted.
    if is_cached && messages.len() > 1 {
        let from = messages.len() - 2;
        for message in &mut messages[from..] {
            mark_message(message);
        }
    }
    Value::Array(messages)
}

fn content(message: &Message) -> Vec<Value> {
    let kept = message
        .kept
        .iter()
        // What another provider wanted back means nothing here.
        .filter(|block| block["type"] == "thinking" || block["type"] == "redacted_thinking")
        .cloned();
    let results = message.results.iter().map(|result| {
        json!({
            "type": "tool_result",
            "tool_use_id": result.id,
            "content": result.text,
            "is_error": result.failed,
        })
    });
    let text = (!message.text.trim().is_empty()).then(|| json!({"type": "text", "text": message.text}));
    let calls = message
        .calls
        .iter()
        .map(|call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments(call)}));
    // Thinking comes first, and results before anything else that the user says.
    kept.chain(results).chain(text).chain(calls).collect()
}

fn mark_message(message: &mut Value) {
    let blocks = message["content"].as_array_mut();
    // Thinking cannot be marked.
    let is_markable =
        |block: &&mut Value| matches!(block["type"].as_str(), Some("text" | "tool_use" | "tool_result"));
    blocks.into_iter().flatten().rev().find(is_markable).into_iter().for_each(mark);
}

fn mark(block: &mut Value) {
    block["cache_control"] = json!({"type": "ephemeral"});
}
