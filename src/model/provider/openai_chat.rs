//! The `OpenAI` Chat protocol, as most vendors and local servers speak it: request body out, stream events in.
//! Pure; [`super::transport`] carries the bytes.
//!
//! A reply is complete when the server named a finish reason **and** sent `[DONE]`. `[DONE]` alone proves
//! nothing: vLLM sends it after an error, too.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::codec::{self, Wire};
use super::failure::Fault;
use super::protocol::{add_extra, number, unlike};
use super::sse::Event;
use crate::model::{
    FinishReason, ModelErrorKind, ModelRequest, ModelSettings, Request, Speaker, StreamEvent, Usage,
};

/// What a server of this protocol is called in errors.
pub(super) const NAME: &str = "OpenAI-compatible";

/// The data of the terminal event.
const DONE: &str = "[DONE]";

/// Writes a request.
pub(super) fn wire(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let Request::Chat(request) = request else {
        return Err(Fault::new(ModelErrorKind::BadRequest, "this is no conversation"));
    };
    Ok(Wire { path: "chat/completions".to_owned(), body: body(request, model), headers: Vec::new() })
}

fn body(request: &ModelRequest, model: &ModelSettings) -> Value {
    let system = (!request.system.is_empty()).then(|| json!({"role": "system", "content": request.system}));
    let conversation = request.messages.iter().map(|message| {
        let role = match message.speaker {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
        };
        json!({"role": role, "content": message.text})
    });
    let mut body = json!({
        "model": model.model,
        "messages": system.into_iter().chain(conversation).collect::<Vec<_>>(),
        "max_tokens": model.max_output,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if let Some(temperature) = number(model.capabilities.temperature.as_deref()) {
        body["temperature"] = Value::Number(temperature);
    }
    add_extra(&mut body, &model.capabilities.extra, &["model", "messages", "stream"]);
    body
}

/// The state of one reply.
#[derive(Debug, Default)]
pub(super) struct Codec {
    finish: Option<FinishReason>,
    refusal: String,
}

impl codec::Codec for Codec {
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if event.data.trim() == DONE {
            return self.end(out);
        }
        let chunk: Value = serde_json::from_str(&event.data)
            .map_err(|_| Fault::new(ModelErrorKind::Server, "an event of the stream is not JSON"))?;
        if let Some(fault) = Fault::in_band(&chunk) {
            return Err(fault);
        }
        if event.event == "error" {
            return Err(Fault::in_band(&json!({"error": chunk})).unwrap_or_else(|| {
                Fault::new(ModelErrorKind::Server, "the server reported an error and did not name it")
            }));
        }
        self.choice(&chunk, "delta", out)
    }

    fn whole(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(fault) = Fault::in_band(answer) {
            return Err(fault);
        }
        if !answer["choices"].is_array() {
            return Err(unlike(NAME, "its JSON has no `choices`"));
        }
        self.choice(answer, "message", out)?;
        self.end(out)
    }

    fn closed(&mut self, rest: Option<&Event>, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // A server may forget the empty line after the terminal event; its data is whole or it is not it.
        match rest {
            Some(event) if event.data.trim() == DONE => self.end(out),
            _ => Err(Fault::new(ModelErrorKind::Truncated, "the stream ended without its terminal event")),
        }
    }
}

impl Codec {
    fn choice(&mut self, chunk: &Value, part: &str, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let choices = chunk["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
        // We ask for one choice; a missing index is the first.
        if let Some(choice) = choices.iter().find(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
            let part = &choice[part];
            let reasoning = [&part["reasoning_content"], &part["reasoning"]];
            if let Some(text) = reasoning.into_iter().find_map(Value::as_str).filter(|text| !text.is_empty())
            {
                out.push_back(StreamEvent::Reasoning(text.to_owned()));
            }
            let text = text(&part["content"])?;
            if !text.is_empty() {
                out.push_back(StreamEvent::Text(text));
            }
            self.refusal.push_str(part["refusal"].as_str().unwrap_or_default());
            if let (None, Some(reason)) = (&self.finish, choice["finish_reason"].as_str()) {
                self.finish = Some(finish_reason(reason)?);
            }
        }
        if let Some(usage) = usage(&chunk["usage"]) {
            out.push_back(StreamEvent::Usage(usage));
        }
        Ok(())
    }

    fn end(&mut self, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if !self.refusal.is_empty() {
            return Err(Fault::new(ModelErrorKind::Refused, std::mem::take(&mut self.refusal)));
        }
        let reason = self.finish.take().ok_or_else(|| {
            Fault::new(ModelErrorKind::Truncated, "the answer ended without a finish reason")
        })?;
        out.push_back(StreamEvent::Finished(reason));
        Ok(())
    }
}

/// Content is a string, or a list of parts of which only those of text are content.
fn text(content: &Value) -> Result<String, Fault> {
    match content {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Array(parts) => Ok(parts
            .iter()
            .filter(|part| part["type"] == "text")
            .filter_map(|part| part["text"].as_str())
            .collect()),
        _ => Err(unlike(NAME, "its content is no text")),
    }
}

fn finish_reason(reason: &str) -> Result<FinishReason, Fault> {
    Ok(match reason {
        "stop" | "eos" | "end_turn" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "content_filter" => FinishReason::Filtered,
        "error" => return Err(Fault::new(ModelErrorKind::Server, "the answer ended with an error")),
        other => FinishReason::Other(other.to_owned()),
    })
}

fn usage(usage: &Value) -> Option<Usage> {
    let input = usage["prompt_tokens"].as_u64();
    let output = usage["completion_tokens"].as_u64();
    (input.is_some() || output.is_some()).then(|| Usage {
        input: input.unwrap_or(0),
        output: output.unwrap_or(0),
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests;
