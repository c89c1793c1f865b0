//! Ollama's own protocol: one JSON object a line. Pure; [`super::transport`] carries the bytes. Reads conversations and
//! middles alike, which differ in the member that holds the text.
//!
//! A reply is complete with the line that says `"done": true`. The window is sent with every request, and with the
//! wish to be told when a prompt is larger: left alone, Ollama cuts it without a word.
//!
//! Described at <https://docs.ollama.com/api>.

mod body;

use std::collections::VecDeque;

use serde_json::Value;

pub(super) use self::body::{options, wire};
use super::codec;
use super::codec::say;
use super::failure::Fault;
use super::protocol::unlike;
use super::sse::Event;
use crate::model::{FinishReason, ModelErrorKind, StreamEvent, Usage};

/// What a server of this protocol is called in errors.
pub(super) const NAME: &str = "Ollama";

/// Calls of one answer that are still accepted.
const MOST_CALLS: u32 = 128;

/// The state of one reply.
#[derive(Debug, Default)]
pub(super) struct Codec {
    n_calls: u32,
}

impl codec::Codec for Codec {
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let line: Value = serde_json::from_str(&event.data)
            .map_err(|_| Fault::new(ModelErrorKind::Server, "a line of the stream is not JSON"))?;
        self.line(&line, out)
    }

    fn whole(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        self.line(answer, out)?;
        ended(out)
    }

    fn closed(&mut self, rest: Option<&Event>, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // JSON that can be read lacks nothing but the line feed behind it.
        if let Some(line) = rest.and_then(|event| serde_json::from_str::<Value>(&event.data).ok()) {
            self.line(&line, out)?;
        }
        ended(out)
    }
}

fn ended(out: &VecDeque<StreamEvent>) -> Result<(), Fault> {
    match out.back() {
        Some(StreamEvent::Finished(_)) => Ok(()),
        _ => Err(Fault::new(ModelErrorKind::Truncated, "the stream ended without its terminal line")),
    }
}

impl Codec {
    fn line(&mut self, line: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(fault) = fault(line) {
            return Err(fault);
        }
        let message = &line["message"];
        if !line["done"].is_boolean() && !message.is_object() && !line["response"].is_string() {
            return Err(unlike(NAME, "its JSON has neither `message` nor `done`"));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
        for thought in [&message["thinking"], &line["thinking"]] {
            say(&text(thought), StreamEvent::Reasoning, out);
        }
        for said in [&message["content"], &line["response"]] {
            say(&text(said), StreamEvent::Text, out);
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            self.call(call, out)?;
        }
        if line["done"] == true {
            if let Some(usage) = usage(line) {
                out.push_back(StreamEvent::Usage(usage));
            }
            out.push_back(StreamEvent::Finished(self.finish_reason(line["done_reason"].as_str())));
        }
        Ok(())
    }

    /// Calls come whole.
    fn call(&mut self, call: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let function = &call["function"];
        let Some(name) = function["name"].as_str().filter(|name| !name.is_empty()) else {
            return Err(Fault::new(ModelErrorKind::Server, "a call of the answer names no tool"));
        };
        let index = self.n_calls;
        if index == MOST_CALLS {
            let message = format!("the answer has more than {MOST_CALLS} calls of tools");
            return Err(Fault::new(ModelErrorKind::Server, message));
        }
        self.n_calls += 1;
        let id = call["id"].as_str().filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("call-{index}"), str::to_owned);
        out.push_back(StreamEvent::CallBegun { index, id, name: name.to_owned() });
        let json = match &function["arguments"] {
            Value::Null => "{}".to_owned(),
            Value::String(json) => json.clone(),
            arguments => arguments.to_string(),
        };
        out.push_back(StreamEvent::CallArguments { index, json });
        Ok(())
    }

    fn finish_reason(&self, reason: Option<&str>) -> FinishReason {
        match reason {
            // Old versions give none.
            None | Some("stop" | "") if self.n_calls > 0 => FinishReason::Tools,
            None | Some("stop" | "") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some(other) => FinishReason::Other(other.to_owned()),
        }
    }
}

/// Errors are text, which may be the JSON of the server behind Ollama.
fn fault(line: &Value) -> Option<Fault> {
    let inner = line["error"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    inner.as_ref().and_then(Fault::in_band).or_else(|| {
        let mut fault = Fault::in_band(line)?;
        // There is no code; the words are Ollama's own.
        let text = fault.message.to_lowercase();
        if ["context length", "context size", "context window"].iter().any(|words| text.contains(words)) {
            fault.kind = ModelErrorKind::PromptTooLarge;
        }
        Some(fault)
    })
}

fn usage(line: &Value) -> Option<Usage> {
    let (input, output) = (line["prompt_eval_count"].as_u64(), line["eval_count"].as_u64());
    (input.is_some() || output.is_some()).then(|| Usage {
        input: input.unwrap_or(0),
        output: output.unwrap_or(0),
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests;
