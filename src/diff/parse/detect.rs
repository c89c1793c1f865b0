//! Tells the format of a reply that nobody named.
//!
//! Only what can be told without a doubt is told: a reply that reads as two formats is refused, and formats that
//! are known but not supported yet are named as such instead of being misread as whole files.

use super::{Block, ReplyFormat, parse};
use crate::diff::{Refusal, RefusalCode};

/// Why the format of a reply cannot be told.
#[derive(Debug, Clone, PartialEq)]
pub enum DetectError {
    /// It is in a format that cannot be read yet; its name.
    Unsupported(&'static str),
    /// It reads as nothing, or as several formats.
    Refused(Refusal),
}

/// Tells the format of a complete reply.
///
/// # Errors
/// When no format or more than one fits.
pub fn detect(reply: &str) -> Result<ReplyFormat, DetectError> {
    let lines = || reply.lines();
    if lines().any(is_search_marker) {
        return if has_plain_whole_file(reply) {
            Err(DetectError::Refused(Refusal::new(
                RefusalCode::MalformedReply,
                "The reply holds search/replace blocks and a whole file",
                "Use one format for the whole reply, or name the format.",
            )))
        } else {
            Ok(ReplyFormat::SearchReplace)
        };
    }
    if lines().any(|line| line.trim_end() == "*** Begin Patch") {
        return Err(DetectError::Unsupported("apply-patch"));
    }
    if has_unified_header(reply) {
        return Err(DetectError::Unsupported("udiff"));
    }
    if lines().any(|line| super::fence::Fence::open(line).is_some()) {
        return Ok(ReplyFormat::Whole);
    }
    if reply.trim_start().starts_with(['{', '[']) {
        return Err(DetectError::Unsupported("json"));
    }
    Err(DetectError::Refused(Refusal::new(
        RefusalCode::NoEdit,
        "The reply holds no edit in a known format",
        "Answer with search/replace blocks, or with whole files in code fences, each after its file name.",
    )))
}

/// Whether a line reads as the begin or end of a search/replace block, however sloppy: such a reply must not
/// pass for a whole file.
fn is_search_marker(line: &str) -> bool {
    let word = line.trim_start_matches(['<', '-', '>', '+']);
    line.len() > word.len() + 1 && matches!(word.trim(), "SEARCH" | "REPLACE")
}

/// Whether a named whole file without any block marker in it stands beside the blocks.
fn has_plain_whole_file(reply: &str) -> bool {
    parse(ReplyFormat::Whole, reply).is_ok_and(|reply| {
        reply.blocks.iter().any(|block| match block {
            Block::Whole { path: Some(_), lines } => !lines.iter().any(|line| is_search_marker(line)),
            _ => false,
        })
    })
}

/// Whether `--- ` and `+++ ` headers, or a numbered hunk header, stand at line starts.
fn has_unified_header(reply: &str) -> bool {
    let lines: Vec<&str> = reply.lines().collect();
    lines.windows(2).any(|pair| pair[0].starts_with("--- ") && pair[1].starts_with("+++ "))
        || lines.iter().any(|line| line.starts_with("@@ -") && line[3..].contains("@@"))
}
