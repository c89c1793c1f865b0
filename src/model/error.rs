//! Errors of models, in one shared set of kinds; raw status, code and message survive.

use std::time::Duration;

use crate::problem::{Category, Problem};

/// What went wrong, independent of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// A budget of the configuration is used up; nothing was sent.
    Budget,
    /// The provider failed so often that it is left alone for a while; nothing was sent.
    Resting,
    /// The outgoing filter kept the request back; nothing was sent.
    Withheld,
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
    /// Whether to try again, if the provider said so.
    pub should_retry: Option<bool>,
    /// Headers of the answer that help to find the request again, lower-cased names: request ids and rate limits.
    pub headers: Vec<(String, String)>,
}

impl ModelError {
    /// The stream of `model` ended without its terminal event.
    pub fn truncated(model: &super::ModelSettings) -> Self {
        Self::new(ModelErrorKind::Truncated, &model.provider, &model.name, "the answer broke off")
    }

    /// Creates an error that no answer of the provider stands behind.
    pub fn new(
        kind: ModelErrorKind,
        provider: impl Into<String>,
        model: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            provider: provider.into(),
            model: model.into(),
            status: None,
            code: None,
            message: message.into(),
            retry_after: None,
            should_retry: None,
            headers: Vec::new(),
        }
    }

    fn hint(&self) -> String {
        match self.kind {
            ModelErrorKind::PromptTooLarge => {
                "select less, name fewer files, or use a model with a larger context".to_owned()
            }
            ModelErrorKind::Authentication => format!(
                "check `key_env` or `key_command` of [providers.{}], and that the key is valid for this host",
                self.provider
            ),
            ModelErrorKind::Payment => {
                "check billing and spend limits in the provider's account, or use another model".to_owned()
            }
            ModelErrorKind::RateLimit | ModelErrorKind::Overloaded => match self.retry_after {
                Some(after) => format!("try again in {} s", after.as_secs().max(1)),
                None => "try again in a moment, or add a fallback model to [roles]".to_owned(),
            },
            ModelErrorKind::Refused => "rephrase the instruction, or use another model".to_owned(),
            ModelErrorKind::Network => format!(
                "check that the server runs and that `base_url` of [providers.{}] is right",
                self.provider
            ),
            ModelErrorKind::Stalled => format!(
                "try again; if the model is only slow, raise the time-outs of [providers.{}]",
                self.provider
            ),
            ModelErrorKind::Truncated => "nothing was changed; try again".to_owned(),
            ModelErrorKind::BadRequest if self.status == Some(404) => format!(
                "check `model` of [models.{}] and `base_url` of [providers.{}] (most end in /v1)",
                self.model, self.provider
            ),
            ModelErrorKind::BadRequest => {
                format!(
                    "check the settings of [models.{}]: not every model takes every parameter",
                    self.model
                )
            }
            ModelErrorKind::Server => format!(
                "try again; if it stays, check that `base_url` of [providers.{}] is such an API",
                self.provider
            ),
            ModelErrorKind::NoRecording => "add a line for this request to the recording".to_owned(),
            ModelErrorKind::Budget => {
                format!(
                    "raise the limit in [budget], lower `max_output` of [models.{}], or use a cheaper model; \
                     `tenon models` shows what was spent",
                    self.model
                )
            }
            ModelErrorKind::Resting => match self.retry_after {
                Some(after) => {
                    format!("it is tried again in {} s; `tenon models` shows why", after.as_secs().max(1))
                }
                None => "it is tried again in a moment; `tenon models` shows why".to_owned(),
            },
            ModelErrorKind::Withheld => {
                "leave the file out, or change [outgoing] in your own configuration".to_owned()
            }
        }
    }
}

impl ModelErrorKind {
    /// The stable code of problems of this kind, and what happened, as the end of a sentence "Model … ".
    fn code_and_phrase(self) -> (&'static str, &'static str) {
        match self {
            Self::PromptTooLarge => ("model-prompt-too-large", "cannot take a prompt of this size"),
            Self::Authentication => ("model-authentication", "did not get a valid key"),
            Self::Payment => ("model-payment", "stopped at a payment or spend limit"),
            Self::RateLimit => ("model-rate-limit", "got too many requests"),
            Self::Overloaded => ("model-overloaded", "is overloaded"),
            Self::Refused => ("model-refused", "refused"),
            Self::Network => ("model-network", "could not be reached"),
            Self::Stalled => ("model-stalled", "stopped answering"),
            Self::Truncated => ("model-truncated", "broke off before the end of its answer"),
            Self::BadRequest => ("model-bad-request", "did not accept the request"),
            Self::Server => ("model-server", "failed"),
            Self::NoRecording => ("model-no-recording", "has no recorded reply"),
            Self::Budget => ("budget-exceeded", "was not asked, because a budget does not permit it"),
            Self::Resting => ("model-resting", "was not asked, because it failed too often"),
            Self::Withheld => {
                ("request-withheld", "was not asked, because the request must not leave this machine")
            }
        }
    }
}

impl From<&ModelError> for Problem {
    fn from(error: &ModelError) -> Self {
        let (code, phrase) = error.kind.code_and_phrase();
        let status = error.status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        let detail = first_line(&error.message);
        let separator = if detail.is_empty() { "" } else { ": " };
        let message =
            format!("Model {} of {} {phrase}{status}{separator}{detail}", error.model, error.provider);
        Self::error(code, Category::Model, message).hint(error.hint())
    }
}

/// The first line of `message`, at most 200 characters: problems are one sentence, the rest is in the log.
fn first_line(message: &str) -> String {
    let line = message.trim().lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(error: &ModelError, expected: &Expect) {
        let problem = Problem::from(error);
        assert_eq!(problem.category, Category::Model);
        let hint = problem.hint.expect("every kind has a hint");
        expected.assert_eq(&format!("{}\n{}\n{hint}\n", problem.code, problem.message));
    }

    #[test]
    fn names_provider_and_model() {
        let error = ModelError {
            status: Some(404),
            ..ModelError::new(ModelErrorKind::BadRequest, "local", "coder", "model 'x' not found\nstack")
        };
        check(
            &error,
            &expect![[r"
                model-bad-request
                Model coder of local did not accept the request (HTTP 404): model 'x' not found
                check `model` of [models.coder] and `base_url` of [providers.local] (most end in /v1)
            "]],
        );
    }

    #[test]
    fn cuts_long_messages_and_removes_control_characters() {
        let error = ModelError {
            retry_after: Some(Duration::from_secs(7)),
            ..ModelError::new(ModelErrorKind::RateLimit, "p", "m", format!("\x1b[31m{}", "é".repeat(300)))
        };
        let problem = Problem::from(&error);
        assert!(!problem.message.contains('\x1b'));
        assert!(problem.message.chars().count() < 260);
        assert_eq!(problem.hint.as_deref(), Some("try again in 7 s"));
    }
}
