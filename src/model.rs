//! Language models: requests, typed stream events, typed errors, and the trait that providers fulfil.
//!
//! This file and its pure submodules know no transport; [`provider`] does the I/O.

pub mod error;
#[cfg_attr(not(test), allow(clippy::disallowed_methods, reason = "the one part of this room that does I/O"))]
pub mod provider;
pub mod router;
pub mod scripted;
pub mod settings;

use futures::stream::BoxStream;

pub use error::{ModelError, ModelErrorKind};
pub use router::{Role, Router};
pub use settings::{Api, EditFormat, KeySource, ModelSettings, ProviderSettings, Timeouts};

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The person, or tenon for them.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// What a model is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ModelRequest {
    /// The system prompt.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
}

/// Why a model stopped, after it said so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It reached its output limit: the text is cut.
    Length,
    /// A filter cut it.
    Filtered,
    /// Another reason, as the provider wrote it.
    Other(String),
}

/// Tokens used, as the provider reports them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
}

/// One event of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// The next piece of the answer.
    Text(String),
    /// The next piece of the model's reasoning; never part of an edit.
    Reasoning(String),
    /// Usage, once known.
    Usage(Usage),
    /// The terminal event. A stream that ends without it and without an error is a defect of the provider code.
    Finished(FinishReason),
}

/// A reply as it arrives. Ends after [`StreamEvent::Finished`] or the first error. Dropping it closes the connection.
pub type ReplyStream = BoxStream<'static, Result<StreamEvent, ModelError>>;

/// A model that can be asked.
pub trait Model: Send + Sync {
    /// Name in the configuration.
    fn name(&self) -> &str;

    /// Its capability record.
    fn settings(&self) -> &ModelSettings;

    /// Asks it. Nothing happens before the stream is polled.
    fn ask(&self, request: ModelRequest) -> ReplyStream;
}
