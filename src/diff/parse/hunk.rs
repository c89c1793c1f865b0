//! The lines of one hunk, as they come: blank, `-` and `+` first characters, and lines that have none of them.
//!
//! A line without a tag is context whose blank was forgotten, unless the header's counts fit only when such lines
//! are additions. Empty lines at the end belong to the hunk only as far as the counts say.

use super::hunk_header::HunkHeader;
use crate::diff::tagged::{Hints, TaggedLine};

/// How a line of a hunk is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Context,
    Delete,
    Add,
    /// An empty line: context whose blank was stripped.
    Empty,
    /// None of the first characters.
    Bare,
}

/// A hunk being read.
#[derive(Debug, Default)]
pub(super) struct OpenHunk {
    header: HunkHeader,
    anchors: Vec<String>,
    at_end: bool,
    lines: Vec<(Tag, String)>,
    n_context: usize,
    n_deleted: usize,
    n_added: usize,
    /// Lines that had come when the counts were met last.
    satisfied_at: Option<usize>,
}

impl OpenHunk {
    /// A hunk after its header.
    pub(super) fn new(mut header: HunkHeader) -> Self {
        let anchors = header.anchor.take().into_iter().collect();
        Self { header, anchors, ..Self::default() }
    }

    /// Takes another header directly behind the first: a definition inside the one before. Returns `false` when the
    /// headers do not read that way.
    pub(super) fn nest(&mut self, mut header: HunkHeader) -> bool {
        if !self.lines.is_empty() || self.header.spans.is_some() || self.anchors.is_empty() {
            return false;
        }
        self.anchors.extend(header.anchor.take());
        self.header = header;
        true
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &str) {
        let (tag, text) = match line.as_bytes().first() {
            None => (Tag::Empty, line),
            Some(b' ') => (Tag::Context, &line[1..]),
            Some(b'-') => (Tag::Delete, &line[1..]),
            Some(b'+') => (Tag::Add, &line[1..]),
            // `\ No newline at end of file`.
            Some(b'\\') if line.starts_with("\\ ") => return,
            Some(_) => (Tag::Bare, line),
        };
        match tag {
            Tag::Delete => self.n_deleted += 1,
            Tag::Add => self.n_added += 1,
            Tag::Context | Tag::Empty | Tag::Bare => self.n_context += 1,
        }
        self.lines.push((tag, text.to_owned()));
        if self.header.spans.is_some_and(|(old, new)| {
            (self.n_context + self.n_deleted, self.n_context + self.n_added) == (old.len, new.len)
        }) {
            self.satisfied_at = Some(self.lines.len());
        }
    }

    /// Whether the counts were met, and what came then could be the begin of the next file's `---` and `+++`.
    pub(super) fn ends_in_header(&self) -> bool {
        let Some(at) = self.satisfied_at else { return false };
        let mut more = self.lines[at..].iter().skip_while(|(tag, _)| *tag == Tag::Empty);
        let is_begin = more.next().is_some_and(|(tag, text)| {
            *tag == Tag::Delete && (matches!(text.as_str(), "" | "-" | "--") || text.starts_with("-- "))
        });
        is_begin && more.count() <= 1
    }

    /// The last lines are the last of the file.
    pub(super) fn set_at_end(&mut self) {
        self.at_end = true;
    }

    /// Whether there is nothing but blank lines.
    pub(super) fn is_blank(&self) -> bool {
        self.lines.iter().all(|(tag, _)| *tag == Tag::Empty)
    }

    /// Whether as many lines came as the header says, but for blank lines behind them.
    pub(super) fn is_satisfied(&self) -> bool {
        let Some((old, new)) = self.header.spans else { return false };
        let n_blank = self.lines.iter().rev().take_while(|(tag, _)| *tag == Tag::Empty).count();
        let n_more = (self.n_context + self.n_deleted).checked_sub(old.len);
        n_more.is_some_and(|n_more| n_more <= n_blank)
            && n_more == (self.n_context + self.n_added).checked_sub(new.len)
    }

    /// Whether the header says that more lines come, and none too many came.
    pub(super) fn wants_more(&self) -> bool {
        self.header.spans.is_some_and(|(old, new)| {
            let (n_old, n_new) = (self.n_context + self.n_deleted, self.n_context + self.n_added);
            n_old <= old.len && n_new <= new.len && (n_old < old.len || n_new < new.len)
        })
    }

    /// The hunk's hints and lines.
    pub(super) fn finish(mut self) -> (Hints, Vec<TaggedLine>) {
        let n_blank = self.lines.iter().rev().take_while(|(tag, _)| *tag == Tag::Empty).count();
        let reading = self.reading(n_blank);
        let (bare_is_added, n_dropped) = reading.unwrap_or((false, n_blank));
        self.lines.truncate(self.lines.len() - n_dropped);
        let hints = Hints {
            line: self.header.line(),
            counts_fit: self.header.spans.map(|_| reading.is_some()),
            anchors: self.anchors,
            at_end: self.at_end,
        };
        let tagged = |(tag, text)| match tag {
            Tag::Delete => TaggedLine::Delete(text),
            Tag::Add => TaggedLine::Add(text),
            Tag::Bare if bare_is_added => TaggedLine::Add(text),
            Tag::Context | Tag::Empty | Tag::Bare => TaggedLine::Context(text),
        };
        (hints, self.lines.into_iter().map(tagged).collect())
    }

    /// How the counts can be met: whether untagged lines are additions, and how many of the last `n_blank` lines do
    /// not belong to the hunk. Context is tried first.
    fn reading(&self, n_blank: usize) -> Option<(bool, usize)> {
        let (old, new) = self.header.spans?;
        let n_bare = self.lines.iter().filter(|(tag, _)| *tag == Tag::Bare).count();
        [(false, 0), (true, n_bare)].into_iter().find_map(|(bare_is_added, n_more)| {
            let n_old = self.n_context - n_more + self.n_deleted;
            let n_new = self.n_context + self.n_added;
            let n_dropped = n_old.checked_sub(old.len)?;
            (n_dropped <= n_blank && n_new.checked_sub(new.len) == Some(n_dropped))
                .then_some((bare_is_added, n_dropped))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, lines: &[&str], expected: &str, fit: Option<bool>) {
        let mut hunk = OpenHunk::new(HunkHeader::read(header).unwrap());
        for line in lines {
            hunk.line(line);
        }
        let (hints, lines) = hunk.finish();
        let shown = crate::diff::tagged::shown(&lines, "|");
        assert_eq!((shown.as_str(), hints.counts_fit), (expected, fit), "{header} {lines:?}");
    }

    #[test]
    fn lines_without_a_tag_are_context_unless_the_counts_say_otherwise() {
        check("@@ -1,3 +1,3 @@", &[" a", "-b", "+c", "d"], " a|-b|+c| d|", Some(true));
        check("@@ -1,2 +1,3 @@", &[" a", "-b", "+c", "d"], " a|-b|+c|+d|", Some(true));
        check("@@ -1,9 +1,9 @@", &[" a", "-b", "+c", "d"], " a|-b|+c| d|", Some(false));
        check("@@", &[" a", "-b", "+c", "d"], " a|-b|+c| d|", None);
    }

    #[test]
    fn blank_lines_at_the_end_belong_to_the_hunk_as_far_as_the_counts_say() {
        check("@@ -1,2 +1,2 @@", &["-a", "+b", "", ""], "-a|+b| |", Some(true));
        check("@@ -1 +1 @@", &["-a", "+b", "", ""], "-a|+b|", Some(true));
        check("@@ -1,7 +1,7 @@", &["-a", "+b", "", ""], "-a|+b|", Some(false));
        check("@@", &["-a", "", "+b", " "], "-a| |+b| |", None);
        check("@@", &["-a", "+b", "\\ No newline at end of file", ""], "-a|+b|", None);
    }
}
