//! Search/replace blocks, in the dialects of aider (`<<<<<<< SEARCH`), Cline (`------- SEARCH`) and Roo (line
//! numbers in a header).
//!
//! Markers count only at the start of a line, alone on it: five to sixteen characters and a word.
//! A separator has up to nine, or as many as the begin marker. Inside a block
//! everything but its own end marker is content, fences too. Where a block could be cut at several separators
//! it is refused.

use super::fence::FenceState;
use super::name::NameFinder;
use super::{Block, MAX_REFUSALS, ParseEvent, Reply};
use crate::diff::{Refusal, RefusalCode};

/// Characters of a marker, without its word.
const SHORTEST: usize = 5;
const LONGEST: usize = 16;
/// Characters of a separator after a begin marker that is not longer: longer ones underline titles.
const LONGEST_SEPARATOR: usize = 9;

/// Which pair of markers a block uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// `<<<<<<< SEARCH`.
    Angle,
    /// `<<<<<<< ORIGINAL`, aider's older words.
    Original,
    /// `------- SEARCH`.
    Dash,
}

/// What a line is to the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Begin(Dialect, usize),
    End(Dialect),
}

/// The block being read.
#[derive(Debug)]
struct OpenBlock {
    dialect: Dialect,
    length: usize,
    path: Option<String>,
    introduction: Vec<String>,
    lines: Vec<String>,
}

/// Reads search/replace replies line by line.
#[derive(Debug, Default)]
pub(super) struct SearchReplaceParser {
    reply: Reply,
    open: Option<OpenBlock>,
    names: NameFinder,
    fences: FenceState,
    n_begun: usize,
    refusals: Vec<Refusal>,
}

impl SearchReplaceParser {
    /// Takes the next line.
    pub(super) fn line(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        let marker = marker(line);
        match (&mut self.open, marker) {
            (None, Some(Marker::Begin(dialect, length))) => self.begin(dialect, length, events),
            (None, Some(Marker::End(_))) => {
                self.malformed(
                    "An end marker stands outside of a block",
                    "Begin each block with `<<<<<<< SEARCH`.",
                );
            }
            (None, None) => {
                self.fences.line(line);
                self.names.line(line);
                self.reply.prose.push_str(line);
                self.reply.prose.push('\n');
            }
            (Some(open), Some(Marker::End(dialect))) if open.dialect == dialect => self.complete(events),
            (Some(open), Some(Marker::Begin(dialect, length))) if open.dialect == dialect => {
                self.malformed(
                    "A block begins before the one before it has ended",
                    "End each block with `>>>>>>> REPLACE` on a line of its own.",
                );
                self.begin(dialect, length, events);
            }
            (Some(open), _) => open.lines.push(line.to_owned()),
        }
    }

    /// The reply, or why it cannot be used.
    pub(super) fn finish(mut self) -> Result<Reply, Vec<Refusal>> {
        if self.open.is_some() || self.fences.is_open() {
            let mut refusal = Refusal::new(
                RefusalCode::Truncated,
                if self.open.is_some() {
                    "The last block does not end"
                } else {
                    "The last code fence does not end"
                },
                "Send the whole reply again, up to the last end marker and closing fence.",
            );
            refusal.block = self.open.as_ref().map(|_| self.n_begun.saturating_sub(1));
            refusal.path = self.open.and_then(|open| open.path);
            self.refusals.push(refusal);
        }
        if self.refusals.is_empty() { Ok(self.reply) } else { Err(self.refusals) }
    }

    fn begin(&mut self, dialect: Dialect, length: usize, events: &mut Vec<ParseEvent>) {
        let introduction = self.names.introduction();
        let path = self.names.take();
        if let Some(path) = &path {
            events.push(ParseEvent::File(path.clone()));
        }
        events.push(ParseEvent::BlockBegun { block: self.n_begun });
        self.n_begun += 1;
        self.open = Some(OpenBlock { dialect, length, path, introduction, lines: Vec::new() });
    }

    fn complete(&mut self, events: &mut Vec<ParseEvent>) {
        let Some(OpenBlock { length, path, introduction, mut lines, .. }) = self.open.take() else { return };
        match separator(&lines, length) {
            Some(at) => {
                let replace = lines.split_off(at + 1);
                lines.truncate(at);
                let line = take_header(&mut lines);
                if path.is_none() {
                    self.reply.introductions.insert(self.reply.blocks.len(), introduction);
                }
                self.reply.blocks.push(Block::SearchReplace { path, search: lines, replace, line });
                events.push(ParseEvent::BlockComplete { block: self.n_begun - 1 });
            }
            None => self.malformed(
                "The block does not have exactly one separator between what to find and what to put there",
                "Write `=======` alone on one line between the two parts; when the text itself has such a line, \
                 leave it out of the block.",
            ),
        }
    }

    fn malformed(&mut self, message: &str, hint: &str) {
        let mut refusal = Refusal::new(RefusalCode::MalformedReply, message, hint);
        refusal.block = Some(self.n_begun.saturating_sub(1));
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(refusal);
        }
    }
}

/// Reads a line as a begin or end marker.
fn marker(line: &str) -> Option<Marker> {
    let first = line.chars().next()?;
    let word = line.trim_start_matches(first);
    let length = line.len() - word.len();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return None;
    }
    match (first, word.trim_end()) {
        ('<', " SEARCH") => Some(Marker::Begin(Dialect::Angle, length)),
        ('<', " ORIGINAL") => Some(Marker::Begin(Dialect::Original, length)),
        ('>', " UPDATED") => Some(Marker::End(Dialect::Original)),
        ('-', " SEARCH") => Some(Marker::Begin(Dialect::Dash, length)),
        ('>', " REPLACE") => Some(Marker::End(Dialect::Angle)),
        ('+', " REPLACE") => Some(Marker::End(Dialect::Dash)),
        _ => None,
    }
}

/// Index of the one line that separates the two parts: the only candidate, or the only one as long as the
/// begin marker.
fn separator(lines: &[String], length: usize) -> Option<usize> {
    let is_separator = |line: &str| {
        let line = line.trim_end();
        (SHORTEST..=length.max(LONGEST_SEPARATOR)).contains(&line.len())
            && line.bytes().all(|byte| byte == b'=')
    };
    let candidates: Vec<usize> = (0..lines.len()).filter(|&at| is_separator(&lines[at])).collect();
    if let [only] = candidates[..] {
        return Some(only);
    }
    let mut as_long = candidates.into_iter().filter(|&at| lines[at].trim_end().len() == length);
    as_long.next().filter(|_| as_long.next().is_none())
}

/// Takes off Roo's header (`:start_line:12`, `:end_line:14`, `-------`); gives the first line that it says.
fn take_header(search: &mut Vec<String>) -> Option<usize> {
    let number = |line: &str, label: &str| {
        line.strip_prefix(label)
            .map(str::trim)
            .filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
            .map(|number| number.parse::<usize>().unwrap_or_default())
    };
    let starts = search.iter().map_while(|line| {
        number(line, ":start_line:").map(Some).or_else(|| number(line, ":end_line:").map(|_| None))
    });
    let starts: Vec<Option<usize>> = starts.collect();
    let mut n_header = starts.len();
    if n_header > 0 && search.get(n_header).is_some_and(|line| line.trim_end() == "-------") {
        n_header += 1;
    }
    search.drain(..n_header);
    starts.into_iter().flatten().next().filter(|&line| line > 0)
}
