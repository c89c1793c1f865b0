//! The one shape of an error that leaves the program.
//!
//! Rooms keep their own typed errors; what a person, an editor or a script sees is a [`Problem`]: a stable
//! code, a category that says whose turn it is, a severity, one sentence, and a hint that says what to do.
//! The protocol edge, the command line and the repair prompt all show this same object.

use serde::Serialize;

/// Whose turn it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// The request itself is wrong: arguments, paths, unknown ids.
    Request,
    /// The configuration is wrong or missing.
    Configuration,
    /// An edit does not fit the text.
    Edit,
    /// The document as we mirror it cannot be trusted.
    Document,
    /// The model or its provider failed.
    Model,
    /// The editor refused or misreported an edit.
    Editor,
    /// The file system failed.
    Storage,
    /// A defect in tenon.
    Internal,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The request failed; nothing changed.
    Error,
    /// It went on, but something deserves a look.
    Warning,
    /// For information.
    Info,
}

/// An error as people and programs outside see it.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Stable kebab-case identifier, e.g. `ambiguous-place`; listed in `docs/errors.md`.
    pub code: &'static str,
    /// Whose turn it is.
    pub category: Category,
    /// How bad it is.
    pub severity: Severity,
    /// One plain sentence; control characters are removed.
    pub message: String,
    /// What to do about it, if anything can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// Creates an error without a hint.
    pub fn error(code: &'static str, category: Category, message: impl Into<String>) -> Self {
        Self { code, category, severity: Severity::Error, message: plain(&message.into()), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(plain(&hint.into()));
        self
    }
}

/// Removes control characters, so that text from models and files cannot drive a terminal or an editor.
/// Line feeds and tabs stay.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
