//! The Gemini protocol (`generateContent`): request body out ([`request`]), candidates in. Pure.
//!
//! There is no terminal event: a reply is complete when the body ended after a finish reason
//! (<https://ai.google.dev/api/generate-content>). Thoughts are reasoning. Parts with a thought signature are kept as
//! they came, as newer models refuse calls that come back without theirs
//! (<https://ai.google.dev/gemini-api/docs/thought-signatures>).

mod request;

use std::collections::VecDeque;

use serde_json::Value;

pub(super) use self::request::wire;
use super::codec;
use super::failure::Fault;
use super::protocol::unlike;
use super::sse::Event;
use crate::model::{FinishReason, ModelErrorKind, StreamEvent, Usage};

/// What a server of this protocol is called in errors.
pub(super) const NAME: &str = "Gemini";

/// Begins the ids of calls that came without one; such ids are not sent back.
const OWN_ID: &str = "tenon-call-";

/// The state of one reply.
#[derive(Debug, Default)]
pub(super) struct Codec {
    n_calls: u32,
    /// Whether any text or call came.
    has_said: bool,
    usage: Usage,
    finish: Option<FinishReason>,
}

impl codec::Codec for Codec {
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // What stands before the API may end a stream as other APIs do; it proves nothing.
        if event.data.trim() == "[DONE]" {
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(&event.data)
            .map_err(|_| Fault::new(ModelErrorKind::Server, "an event of the stream is not JSON"))?;
        if event.event == "error" && chunk.get("error").is_none() {
            return Err(Fault::new(
                ModelErrorKind::Server,
                "the server reported an error and did not name it",
            ));
        }
        self.chunk(&chunk, out)
    }

    fn whole(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // Servers that do not know `alt=sse` answer with the list of all chunks.
        let chunks = answer.as_array().map_or(std::slice::from_ref(answer), Vec::as_slice);
        for chunk in chunks {
            if chunk.get("error").is_none()
                && ["candidates", "promptFeedback", "usageMetadata"].iter().all(|name| chunk[*name].is_null())
            {
                return Err(unlike(NAME, "its JSON has no `candidates`"));
            }
            self.chunk(chunk, out)?;
        }
        self.end(out)
    }

    fn closed(&mut self, rest: Option<&Event>, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(event) = rest {
            // Data that can be read is whole: JSON objects have an end.
            if serde_json::from_str::<Value>(&event.data).is_err() {
                return Err(truncated());
            }
            self.event(event, out)?;
        }
        self.end(out)
    }
}

impl Codec {
    fn chunk(&mut self, chunk: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(fault) = Fault::in_band(chunk) {
            return Err(fault);
        }
        let candidates = chunk["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
        // One candidate is asked for; a missing index is the first.
        let candidate = candidates.iter().find(|candidate| candidate["index"].as_u64().unwrap_or(0) == 0);
        let parts = candidate.and_then(|candidate| candidate["content"]["parts"].as_array());
        for part in parts.map(Vec::as_slice).unwrap_or_default() {
            self.part(part, out)?;
        }
        self.count(&chunk["usageMetadata"], out);
        if let Some(reason) = chunk["promptFeedback"]["blockReason"].as_str() {
            let message = chunk["promptFeedback"]["blockReasonMessage"].as_str();
            let message = message.map_or_else(|| format!("the prompt was blocked: {reason}"), str::to_owned);
            return Err(fault(ModelErrorKind::Refused, reason, message));
        }
        match candidate.and_then(|candidate| candidate["finishReason"].as_str()) {
            Some(reason) => self.stop(reason, candidate.and_then(|it| it["finishMessage"].as_str())),
            None => Ok(()),
        }
    }

    fn part(&mut self, part: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let text = part["text"].as_str().unwrap_or_default();
        if let Some(call) = part.get("functionCall") {
            self.call(call, out)?;
        } else if text.is_empty() {
            // Only a signature, or a part of a kind that was not asked for.
        } else if part["thought"] == true {
            out.push_back(StreamEvent::Reasoning(text.to_owned()));
        } else {
            self.has_said = true;
            out.push_back(StreamEvent::Text(text.to_owned()));
        }
        if is_signed(part) {
            out.push_back(StreamEvent::Keep(part.clone()));
        }
        Ok(())
    }

    /// Calls come whole.
    fn call(&mut self, call: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let Some(name) = call["name"].as_str().filter(|name| !name.is_empty()) else {
            return Err(unlike(NAME, "a call has no name"));
        };
        let index = self.n_calls;
        self.n_calls += 1;
        self.has_said = true;
        let id = call["id"].as_str().filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("{OWN_ID}{index}"), str::to_owned);
        let json = if call["args"].is_object() { call["args"].to_string() } else { "{}".to_owned() };
        out.push_back(StreamEvent::CallBegun { index, id, name: name.to_owned() });
        out.push_back(StreamEvent::CallArguments { index, json });
        Ok(())
    }

    /// Each chunk tells the totals so far. Cached tokens are part of the prompt's, thoughts are not part of the
    /// candidates' (<https://ai.google.dev/api/generate-content#UsageMetadata>).
    fn count(&mut self, told: &Value, out: &mut VecDeque<StreamEvent>) {
        if !told.is_object() {
            return;
        }
        let n = |name: &str| told[name].as_u64().unwrap_or(0);
        let (cached, thoughts) = (n("cachedContentTokenCount"), n("thoughtsTokenCount"));
        let usage = Usage {
            input: n("promptTokenCount").saturating_sub(cached).saturating_add(n("toolUsePromptTokenCount")),
            cache_read: cached,
            cache_write: 0,
            output: n("candidatesTokenCount").saturating_add(thoughts),
            reasoning: thoughts,
        };
        if self.usage != usage {
            self.usage = usage;
            out.push_back(StreamEvent::Usage(usage));
        }
    }

    fn stop(&mut self, reason: &str, message: Option<&str>) -> Result<(), Fault> {
        let failed = |kind| {
            let message =
                message.map_or_else(|| format!("the model ended its answer with {reason}"), str::to_owned);
            Err(fault(kind, reason, message))
        };
        self.finish = Some(match reason {
            "FINISH_REASON_UNSPECIFIED" => return Ok(()),
            "STOP" if self.n_calls > 0 => FinishReason::Tools,
            "STOP" => FinishReason::Stop,
            "MAX_TOKENS" => FinishReason::Length,
            "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION" => {
                // Nothing said is a refusal, and another model may answer; otherwise the text is cut.
                if !self.has_said {
                    return failed(ModelErrorKind::Refused);
                }
                FinishReason::Filtered
            }
            // The answer is not what was asked for, by a mistake of the model or for reasons that nobody names.
            "MALFORMED_FUNCTION_CALL"
            | "MALFORMED_RESPONSE"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "OTHER" => return failed(ModelErrorKind::Server),
            "MISSING_THOUGHT_SIGNATURE" => return failed(ModelErrorKind::BadRequest),
            other => FinishReason::Other(other.to_owned()),
        });
        Ok(())
    }

    fn end(&mut self, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let reason = self.finish.take().ok_or_else(truncated)?;
        out.push_back(StreamEvent::Finished(reason));
        Ok(())
    }
}

/// Whether a part has a signature that must come back with it.
fn is_signed(part: &Value) -> bool {
    part["thoughtSignature"].as_str().is_some_and(|signature| !signature.is_empty())
}

fn fault(kind: ModelErrorKind, code: &str, message: String) -> Fault {
    Fault { code: Some(code.to_owned()), ..Fault::new(kind, message) }
}

fn truncated() -> Fault {
    Fault::new(ModelErrorKind::Truncated, "the answer ended without a finish reason")
}

#[cfg(test)]
mod tests;
