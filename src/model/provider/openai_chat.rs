//! The `OpenAI` Chat protocol, as most vendors and local servers speak it. Pure; [`super::transport`] carries the
//! bytes. Its reader also reads completions of plain text, which differ in one member.
//!
//! A reply is complete when the server named a finish reason **and** sent `[DONE]`. `[DONE]` alone proves
//! nothing: vLLM sends it after an error, too.
//!
//! Described at <https://platform.openai.com/docs/api-reference/chat>.

mod body;
mod calls;
mod token;

use std::collections::VecDeque;

use serde_json::{Value, json};

pub(super) use self::body::{effort, is_strict, wire};
use self::calls::Calls;
use super::codec;
use super::codec::{joined, say};
use super::failure::Fault;
use super::protocol::unlike;
use super::sse::Event;
use crate::model::{FinishReason, ModelErrorKind, StreamEvent, Usage};

/// What a server of this protocol is called in errors.
pub(super) const NAME: &str = "OpenAI-compatible";

/// The data of the terminal event.
const DONE: &str = "[DONE]";

/// The state of one reply.
#[derive(Debug, Default)]
pub(super) struct Codec {
    calls: Calls,
    finish: Option<FinishReason>,
    refusal: String,
}

impl codec::Codec for Codec {
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if event.data.trim() == DONE {
            return self.end(out);
        }
        if event.event.is_empty()
            && let Some(text) = token::read(&event.data)
        {
            if !text.is_empty() {
                out.push_back(StreamEvent::Text(text));
            }
            return Ok(());
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
    /// Reads the first choice; `part` names the member that holds its message.
    fn choice(&mut self, chunk: &Value, part: &str, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let choices = chunk["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
        // We ask for one choice; a missing index is the first.
        if let Some(choice) = choices.iter().find(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
            let part = &choice[part];
            let reasoning =
                [&part["reasoning_content"], &part["reasoning"]].into_iter().filter_map(Value::as_str);
            let reasoning = reasoning.into_iter().find(|text| !text.is_empty());
            say(reasoning.unwrap_or_default(), StreamEvent::Reasoning, out);
            let n_before = out.len();
            content(&part["content"], out)?;
            // Completions of plain text have it beside the place of the message; Together says it in both.
            if out.len() == n_before {
                content(&choice["text"], out)?;
            }
            joined(&mut self.refusal, part["refusal"].as_str().unwrap_or_default());
            for call in part["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default() {
                self.calls.piece(call, out)?;
            }
            // Some servers write an empty reason as long as there is none.
            let reason = choice["finish_reason"].as_str().filter(|reason| !reason.is_empty());
            if let (None, Some(reason)) = (&self.finish, reason) {
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
        // Ollama and others say `stop` after calls, too.
        let waits = reason == FinishReason::Stop && !self.calls.is_empty();
        out.push_back(StreamEvent::Finished(if waits { FinishReason::Tools } else { reason }));
        Ok(())
    }
}

/// Content is a string, or a list of parts of which only those of text and of thinking (Mistral) count.
fn content(content: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
    match content {
        Value::Null => {}
        Value::String(text) => say(text, StreamEvent::Text, out),
        Value::Array(parts) => {
            for part in parts {
                match part["type"].as_str() {
                    Some("text") => say(part["text"].as_str().unwrap_or_default(), StreamEvent::Text, out),
                    Some("thinking") => {
                        for thought in part["thinking"].as_array().into_iter().flatten() {
                            let thought = thought["text"].as_str().unwrap_or_default();
                            say(thought, StreamEvent::Reasoning, out);
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => return Err(unlike(NAME, "its content is no text")),
    }
    Ok(())
}

fn finish_reason(reason: &str) -> Result<FinishReason, Fault> {
    Ok(match reason {
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::Tools,
        "content_filter" => FinishReason::Filtered,
        "error" => return Err(Fault::new(ModelErrorKind::Server, "the answer ended with an error")),
        // DeepSeek's.
        "insufficient_system_resource" => {
            let fault = Fault::new(ModelErrorKind::Overloaded, "the server had no room to end the answer");
            return Err(Fault { code: Some(reason.to_owned()), ..fault });
        }
        other => FinishReason::Other(other.to_owned()),
    })
}

/// Vendors agree that cached tokens are part of `prompt_tokens`, not where they are named; nor whether
/// `completion_tokens` has the reasoning (xAI and Gemini leave it out), but `total_tokens` does.
fn usage(usage: &Value) -> Option<Usage> {
    let count = |value: &Value| value.as_u64();
    let (prompt, completion) = (count(&usage["prompt_tokens"]), count(&usage["completion_tokens"]));
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let (prompt, completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));
    let of_prompt = &usage["prompt_tokens_details"];
    let cached = count(&of_prompt["cached_tokens"]).or_else(|| count(&usage["prompt_cache_hit_tokens"]));
    let cache_read = cached.unwrap_or(0).min(prompt);
    let cache_write = count(&of_prompt["cache_write_tokens"]).unwrap_or(0).min(prompt - cache_read);
    let total = count(&usage["total_tokens"]).unwrap_or(0);
    let hidden = total.saturating_sub(prompt.saturating_add(completion));
    let output = completion.saturating_add(hidden);
    let reasoning = count(&usage["completion_tokens_details"]["reasoning_tokens"]).unwrap_or(hidden);
    Some(Usage {
        input: prompt - cache_read - cache_write,
        cache_read,
        cache_write,
        output,
        reasoning: reasoning.min(output),
    })
}

#[cfg(test)]
mod tests;
