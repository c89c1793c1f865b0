//! Errors of models, in one shared set of kinds; raw status, code and message survive.

use std::time::Duration;

use crate::problem::Problem;

/// What went wrong, independent of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelErrorKind {
    /// The prompt does not fit the window.
    PromptTooLarge,
    /// The key is missing or wrong.
    Authentication,
    /// Money or a spend limit.
    Payment,
    /// Too many requests.
    RateLimit,
    /// The provider is overloaded.
    Overloaded,
    /// The model or a filter refused.
    Refused,
    /// No connection, or it broke.
    Network,
    /// Connected, but nothing (more) came.
    Stalled,
    /// The stream ended without its terminal event.
    Truncated,
    /// The request was wrong: unknown model, unsupported parameter.
    BadRequest,
    /// The server failed, or answered something that is no such API.
    Server,
    /// A recording has no reply for the request.
    NoRecording,
}

/// An error of a model or its provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}/{model}: {message}")]
pub struct ModelError {
    /// What went wrong.
    pub kind: ModelErrorKind,
    /// Provider's name in the configuration.
    pub provider: String,
    /// Model's name in the configuration.
    pub model: String,
    /// HTTP status, if there was one.
    pub status: Option<u16>,
    /// The provider's own code.
    pub code: Option<String>,
    /// The provider's own message, or ours.
    pub message: String,
    /// When to try again, if the provider said so.
    pub retry_after: Option<Duration>,
}

impl ModelError {
    /// The stream of `model` ended without its terminal event.
    pub fn truncated(model: &super::ModelSettings) -> Self {
        Self {
            kind: ModelErrorKind::Truncated,
            provider: model.provider.clone(),
            model: model.name.clone(),
            status: None,
            code: None,
            message: "the answer broke off".to_owned(),
            retry_after: None,
        }
    }
}

impl From<&ModelError> for Problem {
    fn from(error: &ModelError) -> Self {
        todo!()
    }
}
