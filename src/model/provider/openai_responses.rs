//! The `OpenAI` Responses protocol. Pure; [`super::transport`] carries the bytes.
//!
//! A reply is complete with `response.completed` or `response.incomplete`; there is no `[DONE]`. What came in pieces
//! is repeated whole in later events, so a piece counts once: the whole counts only where there were no pieces.
//! Nothing is stored with the provider; reasoning comes encrypted and goes back as it was.
//!
//! Described at <https://platform.openai.com/docs/api-reference/responses-streaming>.

mod body;

use std::collections::VecDeque;

use serde_json::{Value, json};

pub(super) use self::body::wire;
use super::codec;
use super::codec::{joined, say};
use super::failure::Fault;
use super::protocol::unlike;
use super::sse::Event;
use crate::model::{FinishReason, ModelErrorKind, StreamEvent, Usage};

/// What a server of this protocol is called in errors.
pub(super) const NAME: &str = "OpenAI Responses";

/// Items of one answer that are still accepted.
const MOST_ITEMS: usize = 1024;

/// The state of one reply.
#[derive(Debug, Default)]
pub(super) struct Codec {
    /// What is known of the items of the answer, in the order in which they came.
    items: Vec<Item>,
    n_calls: u32,
    refusal: String,
}

/// An item of the answer. Events name it by its place; llama-server knows no places, only ids, and a call's id is not
/// always the same one.
#[derive(Debug, Default)]
struct Item {
    place: Option<u64>,
    ids: Vec<String>,
    /// The number of the call that it is.
    call: Option<u32>,
    /// Whether pieces of its content came.
    is_said: bool,
}

impl codec::Codec for Codec {
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // Not part of the protocol, but some servers cannot help it.
        if event.data.trim() == "[DONE]" {
            return Ok(());
        }
        let data: Value = serde_json::from_str(&event.data)
            .map_err(|_| Fault::new(ModelErrorKind::Server, "an event of the stream is not JSON"))?;
        let kind = data["type"].as_str().unwrap_or(&event.event);
        let delta = || data["delta"].as_str().unwrap_or_default();
        match kind {
            "error" => return Err(told(data.get("error").filter(|error| !error.is_null()).unwrap_or(&data))),
            "response.output_item.added" => self.added(&data, out)?,
            "response.output_item.done" => self.done(&data, out)?,
            "response.output_text.delta" => {
                self.item(&data)?.is_said = true;
                say(delta(), StreamEvent::Text, out);
            }
            "response.refusal.delta" => joined(&mut self.refusal, delta()),
            "response.refusal.done" if self.refusal.is_empty() => {
                joined(&mut self.refusal, data["refusal"].as_str().unwrap_or_default());
            }
            "response.reasoning_summary_part.added" if data["summary_index"].as_u64().unwrap_or(0) > 0 => {
                say("\n\n", StreamEvent::Reasoning, out);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.item(&data)?.is_said = true;
                say(delta(), StreamEvent::Reasoning, out);
            }
            "response.function_call_arguments.delta" => self.arguments(&data, delta(), out)?,
            "response.function_call_arguments.done" if !self.item(&data)?.is_said => {
                self.arguments(&data, data["arguments"].as_str().unwrap_or_default(), out)?;
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                let answer = &data["response"];
                // Some gateways send only the end, with everything in it.
                if self.items.is_empty() {
                    self.output(answer, out)?;
                }
                return self.end(answer, out);
            }
            _ => return Fault::in_band(&data).map_or(Ok(()), Err),
        }
        Ok(())
    }

    fn whole(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(fault) = Fault::in_band(answer) {
            return Err(fault);
        }
        if !answer["output"].is_array() {
            return Err(unlike(NAME, "its JSON has no `output`"));
        }
        self.output(answer, out)?;
        self.end(answer, out)
    }

    fn closed(&mut self, rest: Option<&Event>, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // JSON that can be read lacks nothing but the empty line behind it.
        if let Some(event) = rest
            && serde_json::from_str::<serde::de::IgnoredAny>(&event.data).is_ok()
        {
            self.event(event, out)?;
        }
        match out.back() {
            Some(StreamEvent::Finished(_)) => Ok(()),
            _ => Err(Fault::new(ModelErrorKind::Truncated, "the stream ended without its terminal event")),
        }
    }
}

impl Codec {
    /// Reads the items of an answer that is there, whole.
    fn output(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        for (place, item) in answer["output"].as_array().into_iter().flatten().enumerate() {
            self.done(&json!({"output_index": place, "item": item}), out)?;
        }
        Ok(())
    }

    /// The item that an event is about; a new one, if it is not known.
    fn item(&mut self, data: &Value) -> Result<&mut Item, Fault> {
        let place = data["output_index"].as_u64();
        let ids = [&data["item_id"], &data["item"]["id"], &data["item"]["call_id"]];
        let ids = ids.map(|id| id.as_str().filter(|id| !id.is_empty()));
        let is_it = |item: &Item| match place {
            Some(_) => item.place == place,
            None => ids.iter().flatten().any(|id| item.ids.iter().any(|known| known == id)),
        };
        let is_nameless = place.is_none() && ids.iter().all(Option::is_none);
        let last = self.items.len().checked_sub(1);
        let known = if is_nameless { last } else { self.items.iter().rposition(is_it) };
        let at = match known {
            Some(at) => at,
            None if self.items.len() == MOST_ITEMS => {
                let message = format!("the answer has more than {MOST_ITEMS} items");
                return Err(Fault::new(ModelErrorKind::Server, message));
            }
            None => {
                self.items.push(Item { place, ..Item::default() });
                self.items.len() - 1
            }
        };
        let item = &mut self.items[at];
        for id in ids.into_iter().flatten() {
            // Two at the most; servers that change them with every event name places.
            if item.ids.len() < 4 && !item.ids.iter().any(|known| known == id) {
                item.ids.push(id.to_owned());
            }
        }
        Ok(item)
    }

    /// An item begins. A call is known from here on.
    fn added(&mut self, data: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let item = &data["item"];
        let n_calls = self.n_calls;
        let known = self.item(data)?;
        if item["type"] != "function_call" || known.call.is_some() {
            return Ok(());
        }
        let Some(name) = item["name"].as_str().filter(|name| !name.is_empty()) else {
            return Err(Fault::new(ModelErrorKind::Server, "a call of the answer names no tool"));
        };
        let ids = [&item["call_id"], &item["id"]].into_iter().filter_map(Value::as_str);
        let id =
            ids.map(str::to_owned).find(|id| !id.is_empty()).unwrap_or_else(|| format!("call-{n_calls}"));
        known.call = Some(n_calls);
        self.n_calls += 1;
        out.push_back(StreamEvent::CallBegun { index: n_calls, id, name: name.to_owned() });
        Ok(())
    }

    /// An item is there, whole.
    fn done(&mut self, data: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        self.added(data, out)?;
        let item = &data["item"];
        let is_said = std::mem::replace(&mut self.item(data)?.is_said, true);
        let list = |name: &str| item[name].as_array().map(Vec::as_slice).unwrap_or_default();
        match item["type"].as_str() {
            Some("message") => {
                for part in list("content") {
                    let text = |name: &str| part[name].as_str().unwrap_or_default();
                    if part["type"] == "refusal" && self.refusal.is_empty() {
                        joined(&mut self.refusal, text("refusal"));
                    } else if part["type"] == "output_text" && !is_said {
                        say(text("text"), StreamEvent::Text, out);
                    }
                }
            }
            Some("function_call") if !is_said => {
                self.arguments(data, item["arguments"].as_str().unwrap_or_default(), out)?;
            }
            Some("reasoning") => {
                if !is_said {
                    for part in list("summary").iter().chain(list("content")) {
                        say(part["text"].as_str().unwrap_or_default(), StreamEvent::Reasoning, out);
                    }
                }
                // What is not encrypted could only be found again had it been stored.
                if item["encrypted_content"].as_str().is_some_and(|content| !content.is_empty()) {
                    out.push_back(StreamEvent::Keep(item.clone()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn arguments(&mut self, data: &Value, json: &str, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let item = self.item(data)?;
        let Some(index) = item.call else {
            return Err(Fault::new(ModelErrorKind::Server, "arguments came for a call that had not begun"));
        };
        item.is_said = true;
        if !json.is_empty() {
            out.push_back(StreamEvent::CallArguments { index, json: json.to_owned() });
        }
        Ok(())
    }

    /// The answer ended in one way or another.
    fn end(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(usage) = usage(&answer["usage"]) {
            out.push_back(StreamEvent::Usage(usage));
        }
        let error = &answer["error"];
        if answer["status"] == "failed" || !error.is_null() {
            return Err(if error.is_null() { told(&json!({})) } else { told(error) });
        }
        if !self.refusal.is_empty() {
            return Err(Fault::new(ModelErrorKind::Refused, std::mem::take(&mut self.refusal)));
        }
        let reason = match (answer["status"].as_str(), answer["incomplete_details"]["reason"].as_str()) {
            (Some("completed"), _) if self.n_calls > 0 => FinishReason::Tools,
            (Some("completed"), _) => FinishReason::Stop,
            (Some("incomplete"), Some("max_output_tokens")) => FinishReason::Length,
            (Some("incomplete"), Some("content_filter")) => FinishReason::Filtered,
            (Some("incomplete"), reason) => FinishReason::Other(reason.unwrap_or("incomplete").to_owned()),
            (status, _) => {
                let message = format!("the answer ended with the status {}", status.unwrap_or("unknown"));
                return Err(Fault::new(ModelErrorKind::Truncated, message));
            }
        };
        out.push_back(StreamEvent::Finished(reason));
        Ok(())
    }
}

/// The fault that an error object tells of.
fn told(error: &Value) -> Fault {
    let mut fault = Fault::in_band(&json!({"error": error}))
        .unwrap_or_else(|| Fault::new(ModelErrorKind::Server, String::new()));
    if fault.message.is_empty() {
        "the server reported an error and did not describe it".clone_into(&mut fault.message);
    }
    fault
}

fn usage(usage: &Value) -> Option<Usage> {
    let (read, output) = (usage["input_tokens"].as_u64(), usage["output_tokens"].as_u64());
    if read.is_none() && output.is_none() {
        return None;
    }
    let (read, output) = (read.unwrap_or(0), output.unwrap_or(0));
    let cache_read = usage["input_tokens_details"]["cached_tokens"].as_u64().unwrap_or(0).min(read);
    let reasoning = usage["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or(0).min(output);
    Some(Usage { input: read - cache_read, cache_read, cache_write: 0, output, reasoning })
}

#[cfg(test)]
mod tests;
