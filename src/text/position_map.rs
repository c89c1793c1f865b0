//! Exact position maps: where a range of an old text is in the new one, without diffing.
//!
//! Composed from the edits a client reported, in order. The map keeps the regions that differ, as pairs of
//! old and new ranges; everything between them only moved.

use std::ops::Range;

use ropey::Rope;

use super::{Indel, TextEdit};

/// The composition of the edits between two revisions of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionMap {
    regions: Vec<Region>,
}

/// A region that was rewritten: `old` in the old text became `new` in the new text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Region {
    old: Range<usize>,
    new: Range<usize>,
}

/// Where a range of the old text is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// Untouched; it is at this range of the new text.
    Moved(Range<usize>),
    /// Part of it was rewritten: the smallest range of old text that covers it and every region it meets,
    /// and what that range is in the new text.
    Changed {
        /// In the old text.
        old: Range<usize>,
        /// In the new text.
        new: Range<usize>,
    },
}

impl PositionMap {
    /// The map of one edit.
    pub fn from_edit(edit: &TextEdit) -> Self {
        todo!()
    }

    /// The map between two texts, found by comparing them; used where no edits were reported.
    pub fn from_texts(old: &Rope, new: &Rope) -> Self {
        todo!()
    }

    /// Appends one more replacement, given in offsets of the text as it is after all earlier ones.
    pub fn push(&mut self, delete: Range<usize>, inserted: usize) {
        todo!()
    }

    /// Drops regions whose old and new text are the same, and trims common ends (typed and deleted again = no change).
    pub fn simplify(&mut self, old: &Rope, new: &Rope) {
        todo!()
    }

    /// Where `range` of the old text is now. A region that only touches an end of a non-empty range does not
    /// change it; a region at the very place of an empty range does (two insertions at one place).
    pub fn carry(&self, range: Range<usize>) -> Carried {
        todo!()
    }

    /// Whether nothing changed.
    pub fn is_identity(&self) -> bool {
        self.regions.is_empty()
    }
}
