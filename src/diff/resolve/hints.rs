//! Chooses among places that fit equally well, by what a reply says about the place besides its lines.
//!
//! A line number counts only when every block of the file that has one sits exactly on it, and no header is wrong about
//! its own lines: models are bad at numbers, and one wrong number says that all were guessed. A definition named behind
//! `@@` counts when the file has exactly one such definition.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::Path;

use super::index::{Found, LineIndex};
use super::key::{Key, indentation};
use crate::diff::lower::LineHunk;
use crate::diff::tagged::{Hints, old_side};
use crate::syntax::{Language, outline};
use crate::text::Rope;

/// What is known about one file's blocks.
pub(super) struct Guide<'a> {
    path: &'a str,
    index: &'a LineIndex<'a>,
    line_hunks: &'a [LineHunk],
    /// Both are only asked for when some block is in several places.
    numbers_hold: OnceCell<bool>,
    definitions: OnceCell<Vec<Range<usize>>>,
}

impl<'a> Guide<'a> {
    /// About all blocks of the file.
    pub(super) fn new(path: &'a str, line_hunks: &'a [LineHunk], index: &'a LineIndex<'a>) -> Self {
        Self { path, line_hunks, index, numbers_hold: OnceCell::new(), definitions: OnceCell::new() }
    }

    /// Whether every block that gives a line number sits exactly on it, and agrees with its own counts.
    fn numbers_hold(&self) -> bool {
        let holds = |line_hunk: &LineHunk| {
            let Some(line) = line_hunk.hints.line else { return true };
            let old = old_side(&line_hunk.lines);
            line_hunk.hints.counts_fit != Some(false)
                && !old.is_empty()
                && line > 0
                && self.index.fits_at(Key::RightTrimmed, &old, line - 1)
        };
        let gives_one = |hunk: &LineHunk| hunk.hints.line.is_some();
        *self
            .numbers_hold
            .get_or_init(|| self.line_hunks.iter().any(gives_one) && self.line_hunks.iter().all(holds))
    }

    /// The one of `places` (lines where `n_old` old lines fit) that the hints name.
    pub(super) fn choose(&self, places: &[usize], n_old: usize, hints: &Hints) -> Option<usize> {
        if let Some(line) = hints.line
            && self.numbers_hold()
            && places.contains(&(line - 1))
        {
            return Some(line - 1);
        }
        let mut left = places.to_vec();
        if let Some(span) = self.span(&hints.anchors) {
            left.retain(|&at| span.start <= at && at + n_old <= span.end);
        }
        if hints.at_end {
            left.retain(|&at| at + n_old == self.index.len());
        }
        match left[..] {
            [only] if places.len() > 1 => Some(only),
            _ => None,
        }
    }

    /// Whether the lines at `at` are clearly outside of the definition that a block without numbers names. (The heading
    /// that git puts behind its numbers names what stands before, and lines of context reach over its end.)
    pub(super) fn contradicts(&self, at: usize, n_old: usize, hints: &Hints) -> bool {
        const CONTEXT: usize = 3;
        if hints.line.is_some() || hints.anchors.is_empty() {
            return false;
        }
        let is_outside = |span: Range<usize>| {
            let is_flat = span.len() < 2;
            at + n_old <= span.start || (!is_flat && at >= span.end + CONTEXT)
        };
        // The outline costs a parse: only what indentation says too is looked up there.
        self.span_ended(&hints.anchors, |at| self.end_by_indentation(at)).is_some_and(is_outside)
            && self.span(&hints.anchors).is_some_and(is_outside)
    }

    /// The lines of the definition that the anchors name, outermost first.
    pub(super) fn span(&self, anchors: &[String]) -> Option<Range<usize>> {
        self.span_ended(anchors, |at| self.definition_at(at).unwrap_or_else(|| self.end_by_indentation(at)))
    }

    /// The same, with the ends of definitions as `end_of` tells them.
    fn span_ended(&self, anchors: &[String], end_of: impl Fn(usize) -> usize) -> Option<Range<usize>> {
        let mut span = None;
        for anchor in anchors {
            let within = span.clone().unwrap_or(0..self.index.len());
            span = Some(self.named(anchor, within, &end_of)?);
        }
        span
    }

    /// The one definition within `within` that begins with a line like `anchor`.
    fn named(
        &self,
        anchor: &str,
        within: Range<usize>,
        end_of: impl Fn(usize) -> usize,
    ) -> Option<Range<usize>> {
        let wanted = anchor.trim().trim_end_matches([':', '{', ' ']);
        if wanted.len() < 3 {
            return None;
        }
        let is_named = |line: &str| {
            let line = line.trim();
            line.strip_prefix(wanted).is_some_and(|rest| {
                let ends_word = wanted.ends_with(|c: char| !c.is_alphanumeric() && c != '_');
                // Git cuts the line at 80 bytes.
                ends_word
                    || wanted.len() >= 60
                    || !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        };
        let mut lines = within.clone().filter(|&at| is_named(self.index.content(at)));
        let first = lines.next()?;
        if lines.next().is_some() {
            return None;
        }
        let end = end_of(first);
        // Nothing is seen to be in it: then it is where the reply says that the place comes after.
        let end = if end <= first + 1 { within.end } else { end };
        Some(first..end.min(within.end))
    }

    /// The line behind the definition that begins at line `at`, by its syntax.
    fn definition_at(&self, at: usize) -> Option<usize> {
        let definitions = self.definitions.get_or_init(|| self.definitions().unwrap_or_default());
        // A decorator or an attribute may stand above the line that names it.
        let around =
            definitions.iter().filter(|lines| lines.start <= at && at < lines.end && at - lines.start <= 8);
        around.min_by_key(|lines| lines.len()).map(|lines| lines.end)
    }

    fn definitions(&self) -> Option<Vec<Range<usize>>> {
        let language = Language::from_path(Path::new(self.path))?;
        let text = Rope::from_str(self.index.lines().text());
        let lines = |range: Range<usize>| {
            let last = range.end.saturating_sub(1).max(range.start);
            text.byte_to_line(range.start)..text.byte_to_line(last) + 1
        };
        Some(outline(language, &text)?.into_iter().map(|symbol| lines(symbol.range)).collect())
    }

    /// The line behind the block that begins at line `at`: the first that is not indented more.
    fn end_by_indentation(&self, at: usize) -> usize {
        let depth = indentation(self.index.content(at)).len();
        let is_behind = |line: &str| !line.trim().is_empty() && indentation(line).len() <= depth;
        (at + 1..self.index.len())
            .find(|&line| is_behind(self.index.content(line)))
            .unwrap_or(self.index.len())
    }
}

/// The places of a run of lines that was found.
pub(super) fn places(found: Found) -> Vec<usize> {
    match found {
        Found::Nowhere => Vec::new(),
        Found::Once(at) => vec![at],
        Found::Several(places) => places,
    }
}
