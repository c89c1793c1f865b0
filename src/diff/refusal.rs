//! Refusals: why a reply was not applied, and what was nearest.

use serde::Serialize;

use crate::problem::Problem;

/// Stable identifiers of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// The reply ended inside a block, or the provider said it was cut.
    Truncated,
    /// The reply holds no edit.
    NoEdit,
    /// The reply's blocks are malformed.
    MalformedReply,
    /// The lines to replace are nowhere in the file.
    NoSuchPlace,
    /// The lines to replace are in several places.
    AmbiguousPlace,
    /// Two blocks change the same lines.
    OverlappingBlocks,
    /// The file named is not among the files given.
    UnknownFile,
    /// The path is absolute, leaves the workspace, or cannot be a file name.
    BadPath,
    /// A block would create a file that exists.
    FileExists,
    /// The text changed where the edit belongs.
    Conflict,
}

/// A place that nearly fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nearest {
    /// One-based line.
    pub line: usize,
    /// 0 (equal) to 1 (nothing in common).
    pub distance: f32,
}

/// Why one block of a reply was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// Stable identifier.
    pub code: RefusalCode,
    /// One plain sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The file meant, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Zero-based block of the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    /// Nearest places, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<Nearest>,
}

impl Refusal {
    /// A block would create `path`, which exists.
    pub fn file_exists(path: &str) -> Self {
        Self {
            code: RefusalCode::FileExists,
            message: format!("{path} exists already and was not shown, so it is not overwritten"),
            hint: "open that file too and ask again, or choose another name".to_owned(),
            path: Some(path.to_owned()),
            block: None,
            nearest: Vec::new(),
        }
    }

    /// The text of `path` changed where the edit belongs.
    pub fn conflict(path: &str) -> Self {
        Self {
            code: RefusalCode::Conflict,
            message: format!("{path} was changed where this edit belongs"),
            hint: "look at both versions and ask again for the change".to_owned(),
            path: Some(path.to_owned()),
            block: None,
            nearest: Vec::new(),
        }
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        todo!()
    }
}
