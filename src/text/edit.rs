//! Sets of replacements that are sorted and disjoint by construction.
//!
//! A [`TextEdit`] carries the length of the text it was computed for and refuses any other. How two texts are
//! compared lives in [`super::diff`].

use std::ops::Range;

use ropey::Rope;

use super::diff;
use super::position::is_boundary;

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
    /// `diff(a, b).apply(a) == b`. No replacement begins or ends inside a `\r\n`, in either text. Long texts that
    /// have little in common get a correct edit that may be larger than the smallest one.
    pub fn diff(old: &str, new: &str) -> Self {
        Self { base_len: old.len(), indels: diff::indels(old, new) }
    }

    /// The replacements, in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Indel> + ExactSizeIterator {
        self.indels.iter()
    }

    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        self.indels.is_empty()
    }

    /// The replacements themselves, in ascending order.
    pub fn into_indels(self) -> Vec<Indel> {
        self.indels
    }

    /// The text after the edit.
    pub fn apply(&self, text: &Rope) -> Result<Rope, EditError> {
        self.check(text)?;
        let mut result = text.clone();
        // From back to front, so that the offsets of what is still to come stay valid.
        for indel in self.indels.iter().rev() {
            replace(&mut result, indel);
        }
        Ok(result)
    }

    /// The edit that leads back from `self.apply(text)` to `text`.
    pub fn invert(&self, text: &Rope) -> Result<Self, EditError> {
        self.check(text)?;
        let mut indels: Vec<Indel> = Vec::with_capacity(self.indels.len());
        let (mut removed, mut added) = (0, 0);
        for indel in &self.indels {
            let start = indel.delete.start - removed + added;
            let delete = start..start + indel.insert.len();
            let insert = text.byte_slice(indel.delete.clone()).to_string();
            removed += indel.delete.len();
            added += indel.insert.len();
            match indels.last_mut() {
                // Two deletions that touch would be two insertions at one place.
                Some(last) if last.delete.end == delete.start => {
                    last.delete.end = delete.end;
                    last.insert.push_str(&insert);
                }
                _ => indels.push(Indel { delete, insert }),
            }
        }
        Ok(Self { base_len: self.base_len - removed + added, indels })
    }

    fn check(&self, text: &Rope) -> Result<(), EditError> {
        let actual = text.len_bytes();
        if actual != self.base_len {
            return Err(EditError::OtherText { expected: self.base_len, actual });
        }
        let mut bounds = self.indels.iter().flat_map(|indel| [indel.delete.start, indel.delete.end]);
        match bounds.find(|&at| !is_boundary(text, at)) {
            Some(at) => Err(EditError::InsideCharacter { at }),
            None => Ok(()),
        }
    }
}

impl TextEditBuilder {
    /// Adds a replacement; order does not matter.
    pub fn replace(&mut self, delete: Range<usize>, insert: impl Into<String>) {
        self.indels.push(Indel { delete, insert: insert.into() });
    }

    /// Sorts and checks. Insertions that only touch a replacement are fine; replacements of nothing by nothing go.
    pub fn finish(self) -> Result<TextEdit, EditError> {
        let Self { base_len, mut indels } = self;
        for Indel { delete, .. } in &indels {
            let end = delete.start.max(delete.end);
            if end > base_len || delete.start > delete.end {
                return Err(EditError::OutOfBounds { end, len: base_len });
            }
        }
        indels.retain(|indel| !(indel.delete.is_empty() && indel.insert.is_empty()));
        // An insertion sorts before a replacement that starts at its place.
        indels.sort_by_key(|indel| (indel.delete.start, indel.delete.end));
        for (one, next) in indels.iter().zip(indels.iter().skip(1)) {
            let at = next.delete.start;
            let same_place = one.delete.is_empty() && next.delete.is_empty() && one.delete.start == at;
            if at < one.delete.end || same_place {
                return Err(EditError::Overlap { at });
            }
        }
        Ok(TextEdit { base_len, indels })
    }
}

/// Replaces in place; the range must be within the text, on character boundaries.
pub(super) fn replace(text: &mut Rope, indel: &Indel) {
    let start = text.byte_to_char(indel.delete.start);
    if !indel.delete.is_empty() {
        let end = text.byte_to_char(indel.delete.end);
        text.remove(start..end);
    }
    if !indel.insert.is_empty() {
        text.insert(start, &indel.insert);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build(base_len: usize, indels: &[(Range<usize>, &str)]) -> Result<TextEdit, EditError> {
        let mut builder = TextEdit::builder(base_len);
        for (delete, insert) in indels {
            builder.replace(delete.clone(), *insert);
        }
        builder.finish()
    }

    fn check(before: &str, indels: &[(Range<usize>, &str)], expected: &str) {
        let rope = Rope::from_str(before);
        let edit = build(before.len(), indels).expect("a valid edit");
        let after = edit.apply(&rope).expect("it fits");
        assert_eq!(after, expected);
        assert_eq!(edit.invert(&rope).expect("it fits").apply(&after).expect("it fits"), before);
    }

    #[test]
    fn replacements_apply_in_any_order() {
        check("abcdef", &[(4..5, "E"), (0..1, "A"), (2..2, "+")], "Ab+cdEf");
    }

    #[test]
    fn insertions_may_touch_replacements() {
        check("abcd", &[(1..3, "X"), (1..1, "<"), (3..3, ">")], "a<X>d");
        check("abcd", &[(0..2, ""), (2..4, "")], "");
        check("abcd", &[(1..3, ""), (1..1, "<"), (3..3, ">")], "a<>d");
    }

    #[test]
    fn overlaps_are_refused() {
        assert_eq!(build(9, &[(0..3, ""), (2..4, "")]), Err(EditError::Overlap { at: 2 }));
        assert_eq!(build(9, &[(3..3, "a"), (3..3, "b")]), Err(EditError::Overlap { at: 3 }));
        assert_eq!(build(9, &[(1..4, ""), (2..2, "b")]), Err(EditError::Overlap { at: 2 }));
    }

    #[test]
    fn ranges_outside_the_text_are_refused() {
        assert_eq!(build(3, &[(0..4, "")]), Err(EditError::OutOfBounds { end: 4, len: 3 }));
        #[expect(clippy::reversed_empty_ranges, reason = "the point of the test")]
        let reversed = build(3, &[(2..1, "")]);
        assert_eq!(reversed, Err(EditError::OutOfBounds { end: 2, len: 3 }));
    }

    #[test]
    fn another_text_and_cut_characters_are_refused() {
        let edit = build(3, &[(1..2, "x")]).expect("a valid edit");
        let other = EditError::OtherText { expected: 3, actual: 4 };
        assert_eq!(edit.apply(&Rope::from_str("abcd")), Err(other));
        assert_eq!(edit.apply(&Rope::from_str("éa")), Err(EditError::InsideCharacter { at: 1 }));
    }

    proptest! {
        #[test]
        fn the_builder_keeps_its_invariants(
            indels in prop::collection::vec((0usize..30, 0usize..6, "[a-z\n]{0,3}"), 0..8),
        ) {
            let text = "abcdefghij\nklmnopqrst\r\nuvwxyz\n";
            let mut builder = TextEdit::builder(text.len());
            for (start, len, insert) in &indels {
                builder.replace(*start..start + len, insert.clone());
            }
            if let Ok(edit) = builder.finish() {
                let all: Vec<_> = edit.iter().collect();
                for pair in all.windows(2) {
                    prop_assert!(pair[0].delete.end <= pair[1].delete.start);
                    prop_assert!(pair[0].delete != pair[1].delete);
                }
                // Applied by hand, front to back.
                let (mut expected, mut at) = (String::new(), 0);
                for indel in &all {
                    expected.push_str(&text[at..indel.delete.start]);
                    expected.push_str(&indel.insert);
                    at = indel.delete.end;
                }
                expected.push_str(&text[at..]);
                let rope = Rope::from_str(text);
                let after = edit.apply(&rope).expect("it fits");
                prop_assert_eq!(&after, expected.as_str());
                let back = edit.invert(&rope).expect("it fits").apply(&after).expect("it fits");
                prop_assert_eq!(back, text);
            }
        }
    }
}
