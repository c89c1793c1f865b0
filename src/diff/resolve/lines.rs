//! A text cut into lines, each with its own line end.
//!
//! A line ends with `\n`, `\r\n` or a lone `\r`, as for editors. A byte order mark is no part of the first line.

use std::ops::Range;

/// Where one line is, in bytes of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    start: usize,
    content_end: usize,
}

impl Line {
    /// The line without its line end.
    pub fn content(self) -> Range<usize> {
        self.start..self.content_end
    }
}

/// The lines of a text.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    lines: Vec<Line>,
}

impl<'a> Lines<'a> {
    /// Cuts the text. A final line end does not begin another line.
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut lines = Vec::with_capacity(bytes.len() / 24);
        let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut at = start;
        while at < bytes.len() {
            let length = match bytes[at] {
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
                b'\n' | b'\r' => 1,
                _ => {
                    at += 1;
                    continue;
                }
            };
            lines.push(Line { start, content_end: at });
            at += length;
            start = at;
        }
        if start < bytes.len() {
            lines.push(Line { start, content_end: bytes.len() });
        }
        Self { text, lines }
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether the text has no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines in order.
    pub fn iter(&self) -> impl Iterator<Item = Line> + '_ {
        self.lines.iter().copied()
    }

    /// A line without its line end; empty behind the last.
    pub fn content(&self, at: usize) -> &'a str {
        self.lines.get(at).map_or("", |line| &self.text[line.content()])
    }

    /// Where a line begins; the length of the text behind the last.
    pub fn start(&self, at: usize) -> usize {
        self.lines.get(at).map_or(self.text.len(), |line| line.start)
    }

    /// A line's own end: `\n`, `\r\n`, `\r`, or nothing for a last line without one.
    pub fn end(&self, at: usize) -> &'a str {
        self.lines.get(at).map_or("", |line| &self.text[line.content_end..self.start(at + 1)])
    }

    /// The first line end of the text, `\n` when it has none.
    pub fn usual_end(&self) -> &'a str {
        match self.end(0) {
            "" => "\n",
            end => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_their_ends() {
        let text = "\u{feff}a\r\nb\n\nc\rd";
        let lines = Lines::new(text);
        let cut: Vec<(&str, &str)> = (0..lines.len()).map(|at| (lines.content(at), lines.end(at))).collect();
        assert_eq!(cut, [("a", "\r\n"), ("b", "\n"), ("", "\n"), ("c", "\r"), ("d", "")]);
        assert_eq!(lines.start(0), 3);
        assert_eq!(lines.start(5), text.len());
        assert_eq!(Lines::new("").len(), 0);
        assert_eq!(Lines::new("a\n").len(), 1);
    }
}
