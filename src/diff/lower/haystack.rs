//! The text of a file as edits of text look for places in it.
//!
//! It is made once per file, however many edits a reply has for it: line ends are `\n`, the begins of lines are known,
//! and texts that are long enough are found by an index of every eighth place.

use std::cell::OnceCell;
use std::ops::Range;

use crate::diff::resolve::Lines;

/// Bytes of an indexed piece, and how far apart the pieces are.
const PIECE: usize = 8;
/// Bytes that hold a whole piece wherever they begin.
const INDEXED: usize = 2 * PIECE - 1;
/// Rows of pieces that are compared, to look up the rarest.
const MOST_ROWS: usize = 8;
/// Searches after which an index pays off.
const FEW: usize = 8;

/// A text with `\n` for line ends, and one behind its last line.
#[derive(Debug)]
pub(super) struct Haystack {
    text: String,
    /// Where each line begins.
    starts: Vec<usize>,
    n_searches: usize,
    /// Every eighth piece of the text and where it is, sorted.
    pieces: OnceCell<Vec<([u8; PIECE], usize)>>,
}

impl Haystack {
    pub(super) fn new(text: &str) -> Self {
        let lines = Lines::new(text);
        let contents: Vec<&str> = (0..lines.len()).map(|at| lines.content(at)).collect();
        let text = contents.join("\n") + "\n";
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts, n_searches: 0, pieces: OnceCell::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Zero-based line that holds a byte.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at) - 1
    }

    /// Where the line of a byte begins, and where the next one does.
    pub(super) fn line_around(&self, at: usize) -> Range<usize> {
        let line = self.line(at);
        self.starts[line]..self.starts.get(line + 1).copied().unwrap_or(self.text.len())
    }

    /// Where a text is, in order; places that overlap an earlier one are left out.
    pub(super) fn places(&mut self, needle: &str) -> Vec<usize> {
        self.n_searches += 1;
        if self.n_searches > FEW && needle.len() >= INDEXED {
            self.indexed_places(needle)
        } else if needle.is_empty() {
            Vec::new()
        } else {
            self.text.match_indices(needle).map(|(at, _)| at).collect()
        }
    }

    /// The same, by those eight pieces of `needle` in a row that are in the fewest places.
    fn indexed_places(&self, needle: &str) -> Vec<usize> {
        let (text, needle) = (self.text.as_bytes(), needle.as_bytes());
        let pieces = self.pieces();
        let same = |skipped: usize| {
            let wanted = &needle[skipped..skipped + PIECE];
            let first = pieces.partition_point(|(piece, _)| &piece[..] < wanted);
            let end = pieces.partition_point(|(piece, _)| &piece[..] <= wanted);
            (skipped, &pieces[first..end])
        };
        let rows = (0..=needle.len() - INDEXED).step_by(PIECE).take(MOST_ROWS);
        let rows = rows.map(|from| (from..from + PIECE).map(same).collect::<Vec<_>>());
        let rarest = rows.min_by_key(|row| row.iter().map(|(_, same)| same.len()).sum::<usize>());
        let mut places: Vec<usize> = rarest
            .unwrap_or_default()
            .into_iter()
            .flat_map(|(skipped, same)| same.iter().filter_map(move |(_, at)| at.checked_sub(skipped)))
            .filter(|&at| text[at..].starts_with(needle))
            .collect();
        places.sort_unstable();
        let mut end = 0;
        places.retain(|&at| {
            let is_free = at >= end;
            if is_free {
                end = at + needle.len();
            }
            is_free
        });
        places
    }

    fn pieces(&self) -> &[([u8; PIECE], usize)] {
        self.pieces.get_or_init(|| {
            let (chunks, _) = self.text.as_bytes().as_chunks::<PIECE>();
            let numbered = chunks.iter().enumerate();
            let mut pieces: Vec<_> = numbered.map(|(nth, piece)| (*piece, nth * PIECE)).collect();
            pieces.sort_unstable();
            pieces
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However it is looked for.
    fn check(text: &str, needle: &str, expected: &[usize]) {
        let mut haystack = Haystack::new(text);
        for _ in 0..FEW + 2 {
            assert_eq!(haystack.places(needle), expected, "{needle:?} in {text:?}");
        }
    }

    #[test]
    fn an_index_finds_the_same() {
        let line = "    let value = compute();\n";
        let text = format!("a\n{line}{line}b\r\nc\n");
        check(&text, line, &[2, 2 + line.len()]);
        check(&text, "value = compute()", &[10, 10 + line.len()]);
        check(&text, "b\nc", &[2 + 2 * line.len()]);
        check(&text, "nowhere to be found in it", &[]);
        check(&text, "", &[]);
        check(&"ab".repeat(40), &"ab".repeat(10), &[0, 20, 40, 60]);
    }

    #[test]
    fn lines_are_known_by_their_bytes() {
        let haystack = Haystack::new("a\r\nbc\n\nd");
        assert_eq!(haystack.text(), "a\nbc\n\nd\n");
        let check = |at: usize, line: usize, around: Range<usize>| {
            assert_eq!((haystack.line(at), haystack.line_around(at)), (line, around), "{at}");
        };
        check(0, 0, 0..2);
        check(3, 1, 2..5);
        check(5, 2, 5..6);
        check(6, 3, 6..8);
        check(8, 4, 8..8);
    }
}
