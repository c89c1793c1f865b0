//! What a model answers, as it arrives.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a model stopped, after it said so itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It reached its output limit: the text is cut.
    Length,
    /// A filter cut it.
    Filtered,
    /// It called tools and waits for what they say.
    Tools,
    /// Another reason, as the provider wrote it.
    Other(String),
}

/// Tokens used, as the provider reports them; each token is counted in one field of the first three, and
/// `reasoning` says how many of `output` were thought and not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read at the full price.
    pub input: u64,
    /// Tokens read from the provider's prompt cache.
    pub cache_read: u64,
    /// Tokens read and written to the provider's prompt cache.
    pub cache_write: u64,
    /// Tokens written, reasoning included.
    pub output: u64,
    /// Tokens of `output` that were reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// Tokens read, whatever they cost.
    pub fn read(&self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        let add = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        add(&mut self.input, more.input);
        add(&mut self.cache_read, more.cache_read);
        add(&mut self.cache_write, more.cache_write);
        add(&mut self.output, more.output);
        add(&mut self.reasoning, more.reasoning);
    }
}

/// One event of a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamEvent {
    /// The answer was given before and is kept: nothing was sent and nothing is paid. Comes first if at all, and only
    /// from the gateway.
    Cached,
    /// The next piece of the answer.
    Text(String),
    /// The next piece of the model's reasoning; never part of an edit.
    Reasoning(String),
    /// A call of a tool begins.
    CallBegun {
        /// Counts the calls of this answer from 0.
        index: u32,
        /// The provider's name for the call; never empty.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// The next piece of a call's arguments, JSON text.
    CallArguments {
        /// Which call; it has begun.
        index: u32,
        /// The piece.
        json: String,
    },
    /// A block that the provider wants back as it was with the next message of this conversation.
    Keep(Value),
    /// Usage so far, in total; the last one counts.
    Usage(Usage),
    /// The terminal event. A stream that ends without it and without an error is a defect of the provider code.
    Finished(FinishReason),
}

impl StreamEvent {
    /// Bytes of what it carries.
    pub fn content(&self) -> usize {
        match self {
            Self::Text(text) | Self::Reasoning(text) => text.len(),
            Self::CallBegun { id, name, .. } => id.len() + name.len(),
            Self::CallArguments { json, .. } => json.len(),
            Self::Keep(block) => block.to_string().len(),
            Self::Cached | Self::Usage(_) | Self::Finished(_) => 0,
        }
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> u64 {
        (self.content() + size_of::<Self>()) as u64
    }
}
