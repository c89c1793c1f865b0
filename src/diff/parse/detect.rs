//! Tells the format of a reply that nobody named, by where markers stand.
//!
//! The lines are read once. A marker counts at the start of a line, outside of the blocks of other formats: what
//! stands inside a block is its content. A fence that begins with a marker (a file name may stand before it) is only
//! wrapped around the blocks; any other fence after a file name holds a whole file, and fences inside that are its
//! content too. A reply in which two formats count is refused; a fence without a name never makes a second format,
//! since it may be an example.

use super::apply_patch::is_envelope;
use super::fence::{Fence, FenceState};
use super::hunk_header::HunkHeader;
use super::name::{NameFinder, is_patch_file};
use super::{ReplyFormat, parse};
use crate::diff::{Refusal, RefusalCode};

/// Tells the format of a complete reply.
///
/// # Errors
/// When no format or more than one fits.
pub fn detect(reply: &str) -> Result<ReplyFormat, Refusal> {
    let mut scan = Scan::default();
    let mut lines = reply.trim_start_matches('\u{feff}').lines().peekable();
    while let Some(line) = lines.next() {
        scan.line(line, lines.peek().copied().unwrap_or_default());
    }
    scan.finish(reply)
}

/// What the lines belong to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    SearchReplace,
    Hunks,
    Envelope,
}

/// A fence that is open.
#[derive(Debug)]
struct OpenFence {
    fence: Fence,
    name: Option<String>,
    /// Lines seen in it that are not blank.
    n_lines: usize,
    /// It is only wrapped around blocks of another format.
    wraps: bool,
    /// Fences in its content.
    inner: FenceState,
    /// It holds one text that reads as JSON.
    json: bool,
}

#[derive(Debug, Default)]
struct Scan {
    inside: Inside,
    fence: Option<OpenFence>,
    names: NameFinder,
    found: Vec<ReplyFormat>,
    n_fences: usize,
    /// A fence holds JSON, and no file is named before it.
    has_json_fence: bool,
}

impl Scan {
    fn line(&mut self, line: &str, next: &str) {
        if self.inside_block(line, next) {
            return;
        }
        let marker = marker(line, next, self.inside == Inside::Hunks);
        let Some(open) = &mut self.fence else {
            self.inside = Inside::Nothing;
            return self.outside(line, marker);
        };
        if open.fence.is_closed_by(line) && (self.inside != Inside::Hunks || !line.starts_with(' ')) {
            self.inside = Inside::Nothing;
            self.close();
            self.names.line(line);
            return;
        }
        if line.trim().is_empty() {
            return;
        }
        open.n_lines += 1;
        let in_content = !open.wraps && (open.inner.line(line) || open.inner.is_open());
        if let Some(format) = marker.filter(|_| !in_content) {
            open.wraps |= open.n_lines == 1 || (open.n_lines == 2 && format == ReplyFormat::SearchReplace);
            self.mark(format, line);
        } else if open.n_lines == 1 {
            if open.fence.is_diff() {
                open.wraps = true;
                self.mark(ReplyFormat::UnifiedDiff, line);
            } else {
                open.json = line.starts_with(['{', '[']);
            }
        }
        if self.fence.as_ref().is_some_and(|open| open.wraps) {
            self.names.line(line);
        }
    }

    /// Takes a line that a block has as its content or end.
    fn inside_block(&mut self, line: &str, next: &str) -> bool {
        match self.inside {
            Inside::Nothing => return false,
            Inside::SearchReplace => {
                if search_word(line) == Some("REPLACE") {
                    self.inside = Inside::Nothing;
                }
            }
            Inside::Envelope => {
                if line.trim_end() == "*** End Patch" {
                    self.inside = Inside::Nothing;
                }
            }
            Inside::Hunks => {
                let is_tagged = line.is_empty() || line.starts_with([' ', '-', '+', '\\', '@']);
                return is_tagged && !is_file_header(line, next);
            }
        }
        true
    }

    fn outside(&mut self, line: &str, marker: Option<ReplyFormat>) {
        if let Some(format) = marker {
            self.mark(format, line);
        } else if let Some(fence) = Fence::open(line) {
            self.names.line(line);
            let name = self.names.take();
            self.n_fences += 1;
            let inner = FenceState::default();
            self.fence = Some(OpenFence { fence, name, n_lines: 0, wraps: false, inner, json: false });
            return;
        }
        self.names.line(line);
    }

    fn mark(&mut self, format: ReplyFormat, line: &str) {
        self.inside = match format {
            ReplyFormat::SearchReplace if search_word(line) == Some("SEARCH") => Inside::SearchReplace,
            ReplyFormat::UnifiedDiff => Inside::Hunks,
            ReplyFormat::ApplyPatch => Inside::Envelope,
            _ => Inside::Nothing,
        };
        // A file of diffs that is given as a whole looks like a diff of another file.
        let name = self.fence.as_ref().and_then(|open| open.name.as_deref());
        if name.is_some_and(is_patch_file) {
            self.add(ReplyFormat::Whole);
        }
        self.add(format);
    }

    fn close(&mut self) {
        let Some(open) = self.fence.take() else { return };
        if open.wraps {
            return;
        }
        if open.name.is_some() {
            self.add(ReplyFormat::Whole);
        } else if open.json {
            self.has_json_fence = true;
        }
    }

    fn add(&mut self, format: ReplyFormat) {
        if !self.found.contains(&format) {
            self.found.push(format);
        }
    }

    fn finish(mut self, reply: &str) -> Result<ReplyFormat, Refusal> {
        let is_json = reply.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
        if is_json && self.n_fences == 0 {
            self.add(ReplyFormat::Json);
        }
        if self.fence.take_if(|open| open.name.is_some() && !open.wraps).is_some() {
            self.add(ReplyFormat::Whole);
        }
        match self.found[..] {
            [format] => Ok(format),
            [] if self.has_json_fence && parse(ReplyFormat::Json, reply).is_ok() => Ok(ReplyFormat::Json),
            [] if self.n_fences > 0 => Ok(ReplyFormat::Whole),
            [] => Err(Refusal::new(
                RefusalCode::NoEdit,
                "The reply holds no edit in a known format",
                "Answer with search/replace blocks, or with whole files in code fences, each after its file name.",
            )),
            _ => Err(Refusal::new(
                RefusalCode::AmbiguousFormat,
                "The reply reads as several formats",
                "Use one format for the whole reply, or name the format.",
            )),
        }
    }
}

/// The format that a line begins a block of.
fn marker(line: &str, next: &str, in_hunks: bool) -> Option<ReplyFormat> {
    if search_word(line).is_some() {
        Some(ReplyFormat::SearchReplace)
    } else if is_envelope(line) {
        Some(ReplyFormat::ApplyPatch)
    } else if is_file_header(line, next) || is_numbered(line) || (in_hunks && line.starts_with("@@")) {
        Some(ReplyFormat::UnifiedDiff)
    } else {
        None
    }
}

/// `SEARCH` or `REPLACE` when a line reads as the begin or end of a search/replace block, however sloppy: such a
/// reply must not pass for a whole file.
fn search_word(line: &str) -> Option<&'static str> {
    let word = line.trim_start_matches(['<', '-', '>', '+']);
    if line.len() <= word.len() + 1 {
        return None;
    }
    match word.trim() {
        "SEARCH" | "ORIGINAL" => Some("SEARCH"),
        "REPLACE" | "UPDATED" => Some("REPLACE"),
        _ => None,
    }
}

fn is_file_header(line: &str, next: &str) -> bool {
    (line.starts_with("--- ") && (next.starts_with("+++ ") || next.starts_with("@@")))
        || line.starts_with("diff --git ")
}

fn is_numbered(line: &str) -> bool {
    HunkHeader::read(line).is_some_and(|header| header.spans.is_some())
}
