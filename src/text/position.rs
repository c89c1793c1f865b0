//! Positions in the client's encoding, and their conversion to and from byte offsets.
//!
//! Conversion for reading is total: whatever a client sends, the result is a character boundary of the text,
//! never between the two characters of a `\r\n`. Each conversion costs O(log n).

use ropey::Rope;

/// The unit in which a client counts columns (LSP 3.17 `positionEncoding`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PositionEncoding {
    /// Bytes of UTF-8.
    Utf8,
    /// UTF-16 code units: the default of the protocol.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

/// A place in a document as a client writes it: zero-based line, zero-based column in [`PositionEncoding`] units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Zero-based line.
    pub line: u32,
    /// Zero-based column, in units of the negotiated encoding.
    pub character: u32,
}

/// A half-open range of [`Position`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First position inside.
    pub start: Position,
    /// First position behind.
    pub end: Position,
}

/// A replacement in client positions: what is sent to an editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanEdit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub new_text: String,
}

impl PositionEncoding {
    /// Byte offset of `position` in `text`; out-of-range lines and columns are clamped, a column inside a
    /// character moves to its start. Never panics.
    pub fn to_byte(self, text: &Rope, position: Position) -> usize {
        let line = position.line as usize;
        if line >= text.len_lines() {
            return text.len_bytes();
        }
        let start = text.line_to_byte(line);
        let end = content_end(text, line);
        let column = position.character as usize;
        match self {
            Self::Utf8 => floor_boundary(text, start.saturating_add(column).min(end)),
            Self::Utf16 => {
                let first = text.char_to_utf16_cu(text.byte_to_char(start));
                let last = text.char_to_utf16_cu(text.byte_to_char(end));
                let unit = first.saturating_add(column).min(last);
                text.char_to_byte(text.utf16_cu_to_char(unit))
            }
            Self::Utf32 => {
                let first = text.byte_to_char(start);
                let last = text.byte_to_char(end);
                text.char_to_byte(first.saturating_add(column).min(last))
            }
        }
    }

    /// Position of the byte offset `byte` in `text`, clamped likewise.
    pub fn to_position(self, text: &Rope, byte: usize) -> Position {
        let byte = floor_boundary(text, byte.min(text.len_bytes()));
        let line = text.byte_to_line(byte);
        let start = text.line_to_byte(line);
        let byte = byte.min(content_end(text, line));
        let column = match self {
            Self::Utf8 => byte - start,
            Self::Utf16 => {
                let (first, last) = (text.byte_to_char(start), text.byte_to_char(byte));
                text.char_to_utf16_cu(last) - text.char_to_utf16_cu(first)
            }
            Self::Utf32 => text.byte_to_char(byte) - text.byte_to_char(start),
        };
        Position { line: saturate(line), character: saturate(column) }
    }

    /// The byte range of `span`, clamped; empty at its start when its end comes before it.
    pub fn to_range(self, text: &Rope, span: Span) -> std::ops::Range<usize> {
        let start = self.to_byte(text, span.start);
        start..self.to_byte(text, span.end).max(start)
    }

    /// The span of a byte range, clamped.
    pub fn to_span(self, text: &Rope, range: &std::ops::Range<usize>) -> Span {
        Span { start: self.to_position(text, range.start), end: self.to_position(text, range.end) }
    }
}

/// The start of the character that `byte` (at most the length of `text`) lies in.
pub(super) fn floor_boundary(text: &Rope, byte: usize) -> usize {
    text.char_to_byte(text.byte_to_char(byte))
}

/// Whether `byte` is a character boundary of `text`; `false` behind its end.
pub(super) fn is_boundary(text: &Rope, byte: usize) -> bool {
    byte <= text.len_bytes() && floor_boundary(text, byte) == byte
}

/// Where the line break of `line` begins, or the line ends without one.
fn content_end(text: &Rope, line: usize) -> usize {
    let start = text.line_to_byte(line);
    let end = text.line_to_byte(line + 1);
    if end == start {
        return end;
    }
    match text.byte(end - 1) {
        b'\n' if end - start > 1 && text.byte(end - 2) == b'\r' => end - 2,
        b'\n' | b'\r' => end - 1,
        _ => end,
    }
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PositionEncoding::{Utf8, Utf16, Utf32};

    fn check(encoding: PositionEncoding, text: &str, line: u32, character: u32, expected: usize) {
        let rope = Rope::from_str(text);
        assert_eq!(encoding.to_byte(&rope, Position { line, character }), expected, "{text:?}");
    }

    #[test]
    fn columns_count_in_the_encoding() {
        check(Utf8, "aé😀b", 0, 7, 7);
        check(Utf16, "aé😀b", 0, 4, 7);
        check(Utf32, "aé😀b", 0, 3, 7);
    }

    #[test]
    fn a_column_inside_a_character_moves_to_its_start() {
        check(Utf8, "aé😀b", 0, 5, 3);
        check(Utf16, "aé😀b", 0, 3, 3);
        check(Utf16, "😀😀😀", 0, 5, 8);
        check(Utf16, "😀😀😀", 0, 6, 12);
    }

    #[test]
    fn a_column_past_the_line_clamps_before_the_break() {
        for encoding in [Utf8, Utf16, Utf32] {
            check(encoding, "ab\r\ncd", 0, 3, 2);
            check(encoding, "ab\r\ncd", 0, u32::MAX, 2);
            check(encoding, "ab\rcd", 0, 9, 2);
            check(encoding, "ab\ncd\n", 1, 9, 5);
            check(encoding, "\n", 0, 1, 0);
        }
    }

    #[test]
    fn a_line_past_the_end_clamps_to_the_end() {
        for encoding in [Utf8, Utf16, Utf32] {
            check(encoding, "", 0, 5, 0);
            check(encoding, "", 3, 0, 0);
            check(encoding, "ab\n", 1, 7, 3);
            check(encoding, "ab\n", u32::MAX, u32::MAX, 3);
        }
    }

    #[test]
    fn only_cr_and_lf_break_lines() {
        let rope = Rope::from_str("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f");
        assert_eq!(rope.len_lines(), 1);
        assert_eq!(Rope::from_str("a\nb\r\nc\rd\n\re").len_lines(), 6);
    }

    #[test]
    fn a_byte_inside_a_break_reads_as_the_end_of_its_line() {
        let rope = Rope::from_str("ab\r\ncd");
        assert_eq!(Utf16.to_position(&rope, 3), Position { line: 0, character: 2 });
        assert_eq!(Utf16.to_position(&rope, 4), Position { line: 1, character: 0 });
        assert_eq!(Utf16.to_position(&rope, 99), Position { line: 1, character: 2 });
    }

    proptest::proptest! {
        #[test]
        fn positions_round_trip(text in "([a-zé😀\u{301}]|\r\n|\r|\n){0,40}", byte in 0usize..160) {
            let rope = Rope::from_str(&text);
            for encoding in [Utf8, Utf16, Utf32] {
                let position = encoding.to_position(&rope, byte);
                let back = encoding.to_byte(&rope, position);
                proptest::prop_assert!(text.is_char_boundary(back));
                proptest::prop_assert_eq!(encoding.to_position(&rope, back), position);
                let splits_break = byte > 0
                    && text.as_bytes().get(byte - 1..=byte) == Some(b"\r\n");
                if text.is_char_boundary(byte) && !splits_break {
                    proptest::prop_assert_eq!(back, byte);
                }
            }
        }
    }
}
