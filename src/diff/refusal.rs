//! Refusals: why a reply was not applied, and what was nearest.
//!
//! The same object is shown to people (as a [`Problem`]), to scripts, and by [`for_model`] to the model that is
//! asked to repair its reply.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::Tier;
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
    /// A mark that stands for a redacted secret is where the secret must not be.
    MovesSecret,
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
            Self::MovesSecret => "moves-secret",
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

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if self.distance > 0.0 { write!(f, " (distance {:.2})", self.distance) } else { Ok(()) }
    }
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
    /// The loosest tier that was tried, when a place was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Nearest places, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<Nearest>,
    /// The file's lines at the first of the nearest places, as they are; at most [`FOUND_LINES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

/// Most lines of a file that a refusal shows.
pub const FOUND_LINES: usize = 6;

/// Longest line of a file that a refusal shows, in characters: a longer one could not be copied from it.
const FOUND_CHARS: usize = 200;

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

    /// `path` is in a place that only its owner changes, whatever its name.
    pub fn off_limits(path: &str) -> Self {
        Self::new(
            RefusalCode::ProtectedPath,
            "it is in the folder of a repository, or among what tenon itself is steered by",
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
            tier: None,
            nearest: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Says how loosely a place was looked for.
    #[must_use]
    pub fn tried(mut self, tier: Tier) -> Self {
        self.tier = Some(tier);
        self
    }

    /// Shows the file's lines at the first of the nearest places: up to the first that is too long to be copied.
    #[must_use]
    pub fn showing<'a>(mut self, lines: impl IntoIterator<Item = &'a str>) -> Self {
        let fits = |line: &&str| line.chars().nth(FOUND_CHARS).is_none();
        self.found = lines.into_iter().take(FOUND_LINES).take_while(fits).map(str::to_owned).collect();
        self
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
        text.push_str(&near(refusal));
    }
    crate::problem::plain(&text)
}

/// What was tried and what was nearest, indented below the refusal.
fn near(refusal: &Refusal) -> String {
    let mut text = String::new();
    if let Some(tier) = refusal.tier {
        let _ = writeln!(text, "  {}", tier.tried());
    }
    let places: Vec<_> = refusal.nearest.iter().map(Nearest::to_string).collect();
    // A place alone is in the message already.
    if !places.is_empty() && (refusal.tier.is_some() || !refusal.found.is_empty()) {
        let _ = writeln!(text, "  Nearest: {}.", places.join(", "));
    }
    if let (Some(place), false) = (refusal.nearest.first(), refusal.found.is_empty()) {
        let _ = writeln!(text, "  The file from line {}, to be copied exactly:", place.line);
        for line in &refusal.found {
            let _ = writeln!(text, "    |{line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_in_json() {
        use RefusalCode::{
            AmbiguousFile, AmbiguousFormat, AmbiguousPlace, BadPath, BreaksSyntax, Conflict, FileExists,
            MalformedReply, MovesSecret, NoEdit, NoSuchPlace, OverlappingBlocks, ProtectedPath,
            RemovesTooMuch, Truncated, UnclearIndentation, UnknownFile,
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
            ProtectedPath,
            AmbiguousFormat,
            AmbiguousFile,
            UnclearIndentation,
            BreaksSyntax,
            RemovesTooMuch,
            MovesSecret,
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

    #[test]
    fn a_model_is_shown_what_was_tried_and_what_is_there() {
        let mut refusal = Refusal::new(RefusalCode::NoSuchPlace, "Not found", "Copy it.")
            .of_block("a.rs", 0)
            .tried(Tier::Canonical)
            .showing(["\tlet a = 1;", "\tlet b = 2;"]);
        refusal.nearest = vec![Nearest { line: 7, distance: 0.25 }, Nearest { line: 9, distance: 0.5 }];
        expect_test::expect![[r"
            - Block 1 (a.rs): Not found [no-such-place]. Copy it.
              Looked for it as it is, and with other blanks, quotes and dashes.
              Nearest: line 7 (distance 0.25), line 9 (distance 0.50).
              The file from line 7, to be copied exactly:
                |	let a = 1;
                |	let b = 2;
        "]]
        .assert_eq(&for_model(&[refusal]));
    }

    #[test]
    fn lines_too_long_to_be_copied_are_not_shown() {
        let (short, long) = ("x".to_owned(), "x".repeat(FOUND_CHARS + 1));
        let shown = |lines: &[&String]| {
            let refusal = Refusal::new(RefusalCode::NoSuchPlace, "", "");
            refusal.showing(lines.iter().map(|line| line.as_str())).found.len()
        };
        assert_eq!(shown(&[&short, &long, &short]), 1);
        assert_eq!(shown(&[&short; 9]), FOUND_LINES);
    }
}
