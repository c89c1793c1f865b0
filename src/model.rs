//! Language models: requests, typed stream events, typed errors, and the trait that providers fulfil.
//!
//! This file and its pure submodules know no transport; [`provider`] does the I/O.

pub mod error;
mod event;
mod money;
pub mod outgoing;
mod policy;
#[cfg_attr(not(test), allow(clippy::disallowed_methods, reason = "the one part of this room that does I/O"))]
pub mod provider;
mod request;
mod role;
pub mod routing;
pub mod scripted;
pub mod settings;

use futures::stream::BoxStream;

pub use error::{ModelError, ModelErrorKind};
pub use event::{FinishReason, StreamEvent, Usage};
pub use money::{Money, Price};
pub use outgoing::{Outgoing, OutgoingFilter};
pub use policy::{Budget, CacheSettings, CompletionSettings, OutgoingRules};
pub use request::{
    AnswerForm, FillRequest, Message, ModelRequest, Request, Speaker, Tool, ToolCall, ToolResult,
};
pub use role::Role;
pub use routing::CacheKey;
pub use settings::{
    Api, Capabilities, EditFormat, FillForm, KeySource, ModelSettings, ProviderLimits, ProviderSettings,
    Thinking, Timeouts,
};

/// A reply as it arrives. Ends after [`StreamEvent::Finished`] or the first error. Dropping it closes the connection.
pub type ReplyStream = BoxStream<'static, Result<StreamEvent, ModelError>>;

/// A model as the pipelines see it: whatever they ask is filtered, counted and paid for on its way.
pub trait Model: Send + Sync {
    /// Name in the configuration.
    fn name(&self) -> &str;

    /// Its capability record.
    fn settings(&self) -> &ModelSettings;

    /// Continues a conversation. Nothing happens before the stream is polled. An answer from the cache begins with
    /// [`StreamEvent::Cached`].
    fn ask(&self, request: ModelRequest) -> ReplyStream;

    /// Writes the middle of a text; for models with [`Capabilities::fill`] only. Nothing happens before the stream
    /// is polled.
    fn fill(&self, request: FillRequest) -> ReplyStream;

    /// What the answer to a request is kept under that passed the filter, if answers are kept.
    fn cache_key(&self, _request: &Outgoing) -> Option<CacheKey> {
        None
    }
}

/// A model behind its provider: takes only what passed the [`OutgoingFilter`].
pub trait Upstream: Send + Sync {
    /// The provider it is reached through.
    fn provider(&self) -> &ProviderSettings;

    /// Its capability record.
    fn settings(&self) -> &ModelSettings;

    /// Sends a request. Nothing happens before the stream is polled.
    fn send(&self, request: Outgoing) -> ReplyStream;
}
