//! The Anthropic Messages protocol: request body out ([`request`]), content blocks in. Pure.
//!
//! A reply is complete when `message_stop` came after a stop reason
//! (<https://docs.claude.com/en/docs/build-with-claude/streaming>). Blocks and events of unknown types are passed
//! over, as the protocol demands; signed thinking is kept, because it must go back unchanged before results of tools.

mod request;

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

pub(super) use self::request::wire;
use super::codec;
use super::failure::Fault;
use super::protocol::unlike;
use super::sse::Event;
use crate::model::{FinishReason, ModelErrorKind, StreamEvent, Usage};

/// What a server of this protocol is called in errors.
pub(super) const NAME: &str = "Anthropic Messages";

/// Content blocks of one answer that may be open at a time; the protocol has one.
const MOST_BLOCKS: usize = 128;

/// The state of one reply.
#[derive(Debug, Default)]
pub(super) struct Codec {
    /// Content blocks whose end has not come, by their number.
    blocks: BTreeMap<u64, Block>,
    n_calls: u32,
    usage: Usage,
    finish: Option<FinishReason>,
}

/// What must be remembered of a content block until its end.
#[derive(Debug)]
enum Block {
    /// Thinking, which is kept when it was signed.
    Thinking { text: String, signature: String },
    /// A call; `input` is what its begin said, which counts only when no piece of arguments comes.
    Call { index: u32, input: Value, has_arguments: bool },
}

impl codec::Codec for Codec {
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // Some gateways close with the end mark of another protocol; it proves nothing here.
        if event.data.trim() == "[DONE]" {
            return Ok(());
        }
        let data: Value = serde_json::from_str(&event.data)
            .map_err(|_| Fault::new(ModelErrorKind::Server, "an event of the stream is not JSON"))?;
        if let Some(fault) = Fault::in_band(&data) {
            return Err(fault);
        }
        match data["type"].as_str().unwrap_or(&event.event) {
            "message_start" => self.count(&data["message"]["usage"], out),
            "content_block_start" => self.begin(number(&data), &data["content_block"], out)?,
            "content_block_delta" => self.piece(number(&data), &data["delta"], out),
            "content_block_stop" => self.end_block(number(&data), out),
            "message_delta" => {
                self.count(&data["usage"], out);
                self.stop(&data["delta"])?;
            }
            "message_stop" => self.end(out)?,
            "error" => return Err(unnamed_error()),
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(fault) = Fault::in_band(answer) {
            return Err(fault);
        }
        if answer["type"] == "error" {
            return Err(unnamed_error());
        }
        let Some(blocks) = answer["content"].as_array() else {
            return Err(unlike(NAME, "its JSON has no `content`"));
        };
        for (number, block) in (0..).zip(blocks) {
            self.begin(number, block, out)?;
            self.end_block(number, out);
        }
        self.count(&answer["usage"], out);
        self.stop(answer)?;
        self.end(out)
    }

    fn closed(&mut self, rest: Option<&Event>, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // Data that can be read is whole: JSON objects have an end.
        if let Some(event) = rest
            && serde_json::from_str::<Value>(&event.data).is_ok()
        {
            self.event(event, out)?;
        }
        if matches!(out.back(), Some(StreamEvent::Finished(_))) {
            return Ok(());
        }
        Err(Fault::new(ModelErrorKind::Truncated, "the stream ended without its terminal event"))
    }
}

impl Codec {
    fn begin(&mut self, number: u64, block: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if self.blocks.len() >= MOST_BLOCKS {
            let message = format!("the answer has more than {MOST_BLOCKS} open blocks");
            return Err(Fault::new(ModelErrorKind::Server, message));
        }
        match block["type"].as_str().unwrap_or_default() {
            "text" => say(&block["text"], StreamEvent::Text, out),
            "thinking" => {
                say(&block["thinking"], StreamEvent::Reasoning, out);
                let text = string(&block["thinking"]).to_owned();
                let signature = string(&block["signature"]).to_owned();
                self.blocks.insert(number, Block::Thinking { text, signature });
            }
            // Thinking that only the provider can read; it comes whole.
            "redacted_thinking" => out.push_back(StreamEvent::Keep(block.clone())),
            "tool_use" => {
                let (id, name) = (string(&block["id"]), string(&block["name"]));
                if id.is_empty() || name.is_empty() {
                    return Err(unlike(NAME, "a call has no id or no name"));
                }
                let index = self.n_calls;
                self.n_calls += 1;
                out.push_back(StreamEvent::CallBegun { index, id: id.to_owned(), name: name.to_owned() });
                let input = block["input"].clone();
                self.blocks.insert(number, Block::Call { index, input, has_arguments: false });
            }
            _ => {}
        }
        Ok(())
    }

    fn piece(&mut self, number: u64, delta: &Value, out: &mut VecDeque<StreamEvent>) {
        let block = self.blocks.get_mut(&number);
        match delta["type"].as_str().unwrap_or_default() {
            "text_delta" => say(&delta["text"], StreamEvent::Text, out),
            "thinking_delta" => {
                say(&delta["thinking"], StreamEvent::Reasoning, out);
                if let Some(Block::Thinking { text, .. }) = block {
                    text.push_str(string(&delta["thinking"]));
                }
            }
            "signature_delta" => {
                if let Some(Block::Thinking { signature, .. }) = block {
                    string(&delta["signature"]).clone_into(signature);
                }
            }
            // Server tools write their input in the same way; those blocks are not remembered.
            "input_json_delta" => {
                if let Some(Block::Call { index, has_arguments, .. }) = block {
                    let json = string(&delta["partial_json"]);
                    if !json.is_empty() {
                        *has_arguments = true;
                        out.push_back(StreamEvent::CallArguments { index: *index, json: json.to_owned() });
                    }
                }
            }
            _ => {}
        }
    }

    fn end_block(&mut self, number: u64, out: &mut VecDeque<StreamEvent>) {
        match self.blocks.remove(&number) {
            Some(Block::Thinking { text, signature }) if !signature.is_empty() => {
                out.push_back(StreamEvent::Keep(
                    json!({"type": "thinking", "thinking": text, "signature": signature}),
                ));
            }
            Some(Block::Call { index, input, has_arguments: false }) => {
                let json = if input.is_object() { input.to_string() } else { "{}".to_owned() };
                out.push_back(StreamEvent::CallArguments { index, json });
            }
            _ => {}
        }
    }

    /// Takes over the counts that are told: each is a total, and not every event tells all.
    fn count(&mut self, told: &Value, out: &mut VecDeque<StreamEvent>) {
        let before = self.usage;
        let take = |count: &mut u64, told: &Value| *count = told.as_u64().unwrap_or(*count);
        take(&mut self.usage.input, &told["input_tokens"]);
        take(&mut self.usage.cache_read, &told["cache_read_input_tokens"]);
        take(&mut self.usage.cache_write, &told["cache_creation_input_tokens"]);
        take(&mut self.usage.output, &told["output_tokens"]);
        take(&mut self.usage.reasoning, &told["output_tokens_details"]["thinking_tokens"]);
        if self.usage != before {
            out.push_back(StreamEvent::Usage(self.usage));
        }
    }

    fn stop(&mut self, told: &Value) -> Result<(), Fault> {
        let Some(reason) = told["stop_reason"].as_str() else { return Ok(()) };
        self.finish = Some(match reason {
            "end_turn" | "stop_sequence" => FinishReason::Stop,
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            "tool_use" => FinishReason::Tools,
            "refusal" => {
                let details = &told["stop_details"];
                let message = details["explanation"].as_str().unwrap_or("the model refused to go on");
                let code = details["category"].as_str().unwrap_or(reason);
                return Err(Fault {
                    code: Some(code.to_owned()),
                    ..Fault::new(ModelErrorKind::Refused, message)
                });
            }
            other => FinishReason::Other(other.to_owned()),
        });
        Ok(())
    }

    fn end(&mut self, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let reason = self
            .finish
            .take()
            .ok_or_else(|| Fault::new(ModelErrorKind::Truncated, "the answer ended without a stop reason"))?;
        // Some gateways leave out the ends of blocks.
        while let Some((&number, _)) = self.blocks.first_key_value() {
            self.end_block(number, out);
        }
        out.push_back(StreamEvent::Finished(reason));
        Ok(())
    }
}

fn number(data: &Value) -> u64 {
    data["index"].as_u64().unwrap_or(0)
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn say(text: &Value, event: fn(String) -> StreamEvent, out: &mut VecDeque<StreamEvent>) {
    let text = string(text);
    if !text.is_empty() {
        out.push_back(event(text.to_owned()));
    }
}

fn unnamed_error() -> Fault {
    Fault::new(ModelErrorKind::Server, "the server reported an error and did not name it")
}

#[cfg(test)]
mod tests;
