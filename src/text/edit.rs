//! Sets of replacements that are sorted and disjoint by construction.

use std::ops::Range;

use ropey::Rope;

/// One replacement in byte offsets of the text it was computed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indel {
    /// What goes.
    pub delete: Range<usize>,
    /// What comes.
    pub insert: String,
}

/// A set of [`Indel`]s, sorted and disjoint, bound to the length of the text it was computed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    base_len: usize,
    indels: Vec<Indel>,
}

/// Collects replacements in any order; [`TextEditBuilder::finish`] checks them.
#[derive(Debug)]
pub struct TextEditBuilder {
    base_len: usize,
    indels: Vec<Indel>,
}

/// Why a set of replacements is not an edit, or does not belong to a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two replacements touch the same byte, or insert at the same place.
    #[error("two replacements overlap at byte {at}")]
    Overlap {
        /// Where.
        at: usize,
    },
    /// A range ends behind the text, or starts behind its end.
    #[error("a replacement reaches byte {end} of a text of {len} bytes")]
    OutOfBounds {
        /// Where it reaches.
        end: usize,
        /// How long the text is.
        len: usize,
    },
    /// A range cuts a character.
    #[error("byte {at} is inside a character")]
    InsideCharacter {
        /// Where.
        at: usize,
    },
    /// The text is not the one this edit was computed for.
    #[error("the edit is for a text of {expected} bytes, not {actual}")]
    OtherText {
        /// Length it was computed for.
        expected: usize,
        /// Length of the text given.
        actual: usize,
    },
}

impl TextEdit {
    /// Starts an edit of a text of `base_len` bytes.
    pub fn builder(base_len: usize) -> TextEditBuilder {
        TextEditBuilder { base_len, indels: Vec::new() }
    }

    /// The minimal line-wise edit from `old` to `new`, each replacement narrowed to the characters that differ.
    /// `diff(a, b).apply(a) == b`.
    pub fn diff(old: &str, new: &str) -> Self {
        todo!()
    }

    /// The replacements, in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Indel> + ExactSizeIterator {
        self.indels.iter()
    }

    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        self.indels.is_empty()
    }

    /// The text after the edit.
    pub fn apply(&self, text: &Rope) -> Result<Rope, EditError> {
        todo!()
    }

    /// The edit that leads back from `self.apply(text)` to `text`.
    pub fn invert(&self, text: &Rope) -> Result<Self, EditError> {
        todo!()
    }
}

impl TextEditBuilder {
    /// Adds a replacement; order does not matter.
    pub fn replace(&mut self, delete: Range<usize>, insert: impl Into<String>) {
        self.indels.push(Indel { delete, insert: insert.into() });
    }

    /// Sorts and checks.
    pub fn finish(self) -> Result<TextEdit, EditError> {
        todo!()
    }
}
