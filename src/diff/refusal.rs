//! Refusals: why a reply was not applied, and what was nearest.
//!
//! The same object is shown to people (as a [`Problem`]), to scripts, and by [`for_model`] to the model that is
//! asked to repair its reply.

use std::fmt::Write as _;

use serde::Serialize;

use crate::problem::{Category, Problem};

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
    /// The path decides what runs or whom to trust.
    ProtectedPath,
    /// The reply reads as several formats.
    AmbiguousFormat,
    /// The file named is not there, and several others could be meant.
    AmbiguousFile,
    /// The place is known, but not how what comes has to be indented.
    UnclearIndentation,
    /// The change would break the syntax of a file.
    BreaksSyntax,
    /// The change would remove most of a file.
    RemovesTooMuch,
}

impl RefusalCode {
    /// The identifier as it is written outside: the same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::NoEdit => "no-edit",
            Self::MalformedReply => "malformed-reply",
            Self::NoSuchPlace => "no-such-place",
            Self::AmbiguousPlace => "ambiguous-place",
            Self::OverlappingBlocks => "overlapping-blocks",
            Self::UnknownFile => "unknown-file",
            Self::BadPath => "bad-path",
            Self::FileExists => "file-exists",
            Self::Conflict => "conflict",
            Self::ProtectedPath => "protected-path",
            Self::AmbiguousFormat => "ambiguous-format",
            Self::AmbiguousFile => "ambiguous-file",
            Self::UnclearIndentation => "unclear-indentation",
            Self::BreaksSyntax => "breaks-syntax",
            Self::RemovesTooMuch => "removes-too-much",
        }
    }
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
    /// A link on the way to `path` leads out of the workspace.
    pub fn outside(path: &str) -> Self {
        Self::new(
            RefusalCode::BadPath,
            "a link on its way leads out of the workspace",
            "choose a path inside the workspace",
        )
        .of_file(path)
    }

    /// `path` would be deleted or renamed, but is reached by a link.
    pub fn link(path: &str) -> Self {
        Self::new(
            RefusalCode::BadPath,
            "it is reached by a link, so it is neither deleted nor renamed",
            "name the file itself, or delete or rename it by hand",
        )
        .of_file(path)
    }

    /// A model may not write `path`, whatever it says.
    pub fn protected(path: &str) -> Self {
        Self::new(
            RefusalCode::ProtectedPath,
            "this name decides what runs or whom to trust, so models do not write it",
            "make this change by hand",
        )
        .of_file(path)
    }

    /// A block would create `path`, which exists.
    pub fn file_exists(path: &str) -> Self {
        Self::new(
            RefusalCode::FileExists,
            "it exists already and was not shown, so it is not overwritten",
            "open that file too and ask again, or choose another name",
        )
        .of_file(path)
    }

    /// The text of `path` changed where the edit belongs.
    pub fn conflict(path: &str) -> Self {
        Self::new(
            RefusalCode::Conflict,
            "it was changed where this edit belongs",
            "look at both versions and ask again for the change",
        )
        .of_file(path)
    }

    /// A refusal of the whole reply; see [`Refusal::of_block`] to say which block is meant.
    pub fn new(code: RefusalCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
            path: None,
            block: None,
            nearest: Vec::new(),
        }
    }

    /// Says which file is meant.
    #[must_use]
    pub fn of_file(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Says which block of which file is meant.
    #[must_use]
    pub fn of_block(self, path: &str, block: usize) -> Self {
        Self { block: Some(block), ..self.of_file(path) }
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let message = match &refusal.path {
            Some(path) => format!("{path}: {}", refusal.message),
            None => refusal.message.clone(),
        };
        Self::error(refusal.code.as_str(), Category::Edit, message).hint(refusal.hint.clone())
    }
}

/// The refusals as text for the model that is asked to repair its reply.
pub fn for_model(refusals: &[Refusal]) -> String {
    let mut text = String::new();
    for refusal in refusals {
        text.push_str("- ");
        if let Some(block) = refusal.block {
            let _ = write!(text, "Block {}", block + 1);
            if let Some(path) = &refusal.path {
                let _ = write!(text, " ({path})");
            }
            text.push_str(": ");
        } else if let Some(path) = &refusal.path {
            let _ = write!(text, "{path}: ");
        }
        let _ = writeln!(text, "{} [{}]. {}", refusal.message, refusal.code.as_str(), refusal.hint);
    }
    crate::problem::plain(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_in_json() {
        use RefusalCode::{
            AmbiguousPlace, BadPath, Conflict, FileExists, MalformedReply, NoEdit, NoSuchPlace,
            OverlappingBlocks, Truncated, UnknownFile,
        };
        for code in [
            Truncated,
            NoEdit,
            MalformedReply,
            NoSuchPlace,
            AmbiguousPlace,
            OverlappingBlocks,
            UnknownFile,
            BadPath,
            FileExists,
            Conflict,
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn reads_well_for_a_model() {
        let refusal =
            Refusal::new(RefusalCode::NoSuchPlace, "Not found", "Look at line 3.").of_block("a.rs", 1);
        assert_eq!(
            for_model(&[refusal, Refusal::new(RefusalCode::NoEdit, "Nothing", "Write.")]),
            "- Block 2 (a.rs): Not found [no-such-place]. Look at line 3.\n- Nothing [no-edit]. Write.\n"
        );
    }
}
