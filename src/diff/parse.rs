//! Push parsers for reply formats: the same result under any chunking, strict about truncation.
//!
//! A reply is cut into lines first ([`lines`]), and each format reads whole lines, so that no marker can be
//! missed or invented by the way the stream was cut. Nothing is repaired here: a block or fence that does not
//! end, or a marker where none belongs, refuses the whole reply.

mod apply_patch;
mod detect;
mod fence;
mod hunk;
mod hunk_header;
mod json;
mod lines;
mod name;
mod patch_path;
mod search_replace;
mod unified;
mod whole;

use std::collections::BTreeMap;

pub use detect::detect;
use lines::LineSplitter;

use super::tagged::{Hints, TaggedLine};
use super::{Refusal, RefusalCode};

/// How many malformed places of a reply are listed.
const MAX_REFUSALS: usize = 32;

/// The formats a reply can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyFormat {
    /// `<<<<<<< SEARCH` … `=======` … `>>>>>>> REPLACE` blocks, each after its file name.
    #[default]
    SearchReplace,
    /// A whole file in a fence, after its file name.
    Whole,
    /// Unified diffs, plain or of git.
    UnifiedDiff,
    /// `*** Begin Patch` … `*** End Patch`.
    ApplyPatch,
    /// JSON edits and tool calls.
    Json,
}

impl ReplyFormat {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::SearchReplace, Self::Whole, Self::UnifiedDiff, Self::ApplyPatch, Self::Json];
}

/// Seen while a reply streams in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseEvent {
    /// A file was named.
    File(String),
    /// A block began.
    BlockBegun {
        /// Zero-based.
        block: usize,
    },
    /// A block is complete.
    BlockComplete {
        /// Zero-based.
        block: usize,
    },
}

/// How the stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The provider said the reply is complete.
    Complete,
    /// It was cut: by length, by the network, by anything.
    Truncated,
}

/// One block of a reply, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Lines to find and lines to put there.
    SearchReplace {
        /// File named before it, as written.
        path: Option<String>,
        /// Lines to find, without line ends.
        search: Vec<String>,
        /// Lines to put there.
        replace: Vec<String>,
        /// One-based line of the first line to find, if the block gives it.
        line: Option<usize>,
    },
    /// Text to find and text to put there, not necessarily whole lines (JSON edits and tool calls).
    Text {
        /// File named with it, as written.
        path: Option<String>,
        /// Text to find, with its line ends.
        old: String,
        /// Text to put there.
        new: String,
        /// Whether the reply asks for every occurrence in so many words.
        everywhere: bool,
    },
    /// Tagged lines of a unified diff or of an `*** Update File` section.
    Hunk {
        /// File named before it, as written.
        path: Option<String>,
        /// What its header says about its place.
        hints: Hints,
        /// Its lines.
        lines: Vec<TaggedLine>,
    },
    /// A new file (`*** Add File`, `--- /dev/null`).
    Create {
        /// As written.
        path: String,
        /// Its lines, without line ends.
        lines: Vec<String>,
    },
    /// A file goes (`*** Delete File`, `+++ /dev/null`).
    Delete {
        /// As written.
        path: String,
        /// Its lines as the reply quotes them, if it does.
        lines: Option<Vec<String>>,
    },
    /// A file gets another path (`*** Move to`, `rename from` and `rename to`); hunks for it name the old path.
    Rename {
        /// As written.
        path: String,
        /// As written.
        to: String,
    },
    /// A whole file.
    Whole {
        /// File named before it, as written.
        path: Option<String>,
        /// Its lines, without line ends.
        lines: Vec<String>,
    },
}

impl Block {
    /// The file named before the block, as written.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::SearchReplace { path, .. }
            | Self::Whole { path, .. }
            | Self::Text { path, .. }
            | Self::Hunk { path, .. } => path.as_deref(),
            Self::Create { path, .. } | Self::Delete { path, .. } | Self::Rename { path, .. } => Some(path),
        }
    }
}

/// A complete reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// In reply order.
    pub blocks: Vec<Block>,
    /// The prose around the blocks.
    pub prose: String,
    /// By block: the prose before one that has no name of its own, nearest line first; it may speak of a file.
    pub introductions: BTreeMap<usize, Vec<String>>,
}

/// Reads a reply as it streams in.
#[derive(Debug)]
pub struct ReplyParser {
    splitter: LineSplitter,
    format: FormatParser,
}

/// The format's own state; fed with whole lines only.
#[derive(Debug)]
enum FormatParser {
    SearchReplace(search_replace::SearchReplaceParser),
    Whole(whole::WholeParser),
    UnifiedDiff(Box<unified::UnifiedParser>),
    ApplyPatch(apply_patch::ApplyPatchParser),
    Json(json::JsonParser),
}

impl FormatParser {
    fn new(format: ReplyFormat) -> Self {
        match format {
            ReplyFormat::SearchReplace => Self::SearchReplace(search_replace::SearchReplaceParser::default()),
            ReplyFormat::Whole => Self::Whole(whole::WholeParser::default()),
            ReplyFormat::UnifiedDiff => Self::UnifiedDiff(Box::default()),
            ReplyFormat::ApplyPatch => Self::ApplyPatch(apply_patch::ApplyPatchParser::default()),
            ReplyFormat::Json => Self::Json(json::JsonParser::default()),
        }
    }

    fn line(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        match self {
            Self::SearchReplace(parser) => parser.line(line, events),
            Self::Whole(parser) => parser.line(line, events),
            Self::UnifiedDiff(parser) => parser.line(line, events),
            Self::ApplyPatch(parser) => parser.line(line, events),
            Self::Json(parser) => parser.line(line),
        }
    }

    fn finish(self) -> Result<Reply, Vec<Refusal>> {
        match self {
            Self::SearchReplace(parser) => parser.finish(),
            Self::Whole(parser) => parser.finish(),
            Self::UnifiedDiff(parser) => parser.finish(),
            Self::ApplyPatch(parser) => parser.finish(),
            Self::Json(parser) => parser.finish(),
        }
    }
}

impl ReplyParser {
    /// A parser for one reply.
    pub fn new(format: ReplyFormat) -> Self {
        Self { splitter: LineSplitter::default(), format: FormatParser::new(format) }
    }

    /// Takes the next piece of the reply, of any length.
    pub fn push(&mut self, piece: &str) -> Vec<ParseEvent> {
        let mut events = Vec::new();
        let Self { splitter, format } = self;
        splitter.push(piece, |line| format.line(line, &mut events));
        events
    }

    /// Ends the reply.
    ///
    /// # Errors
    /// Truncation (of the stream, or inside a block or fence) and malformed blocks refuse the whole reply; so does a
    /// reply without any block.
    pub fn finish(self, ending: Ending) -> Result<Reply, Vec<Refusal>> {
        let Self { splitter, mut format } = self;
        let named_before_blocks = matches!(format, FormatParser::SearchReplace(_) | FormatParser::Whole(_));
        let last = splitter.finish();
        if let Some(last) = &last {
            format.line(last, &mut Vec::new());
        }
        if ending == Ending::Truncated {
            return Err(vec![Refusal::new(
                RefusalCode::Truncated,
                "The reply was cut off before its end",
                "Send the whole reply again, in smaller steps if it was too long.",
            )]);
        }
        let reply = format.finish()?;
        if named_before_blocks && last.as_deref().is_some_and(name::begins_another_block) {
            return Err(vec![Refusal::new(
                RefusalCode::Truncated,
                "The reply ends with a file name and no block after it",
                "Send the whole reply again, up to the last block.",
            )]);
        }
        if reply.blocks.is_empty() {
            return Err(vec![Refusal::new(
                RefusalCode::NoEdit,
                "The reply holds no edit",
                "Answer with edit blocks in the format asked for, each after its file name.",
            )]);
        }
        Ok(reply)
    }
}

/// Parses a complete reply at once.
///
/// # Errors
/// Those of [`ReplyParser::finish`].
pub fn parse(format: ReplyFormat, reply: &str) -> Result<Reply, Vec<Refusal>> {
    let mut parser = ReplyParser::new(format);
    parser.push(reply);
    parser.finish(Ending::Complete)
}

#[cfg(test)]
mod tests;
