//! Positions in the client's encoding, and their conversion to and from byte offsets.

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
        todo!()
    }

    /// Position of the byte offset `byte` in `text`, clamped likewise.
    pub fn to_position(self, text: &Rope, byte: usize) -> Position {
        todo!()
    }
}
