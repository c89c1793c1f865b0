//! Exact position maps: where a range of an old text is in the new one, without diffing.
//!
//! Composed from the edits a client reported, in order. The map keeps the regions that differ, as pairs of
//! old and new ranges; everything between them only moved. Regions are sorted and disjoint in both texts; they
//! may touch, so that an insertion beside a replacement is still known as an insertion.

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
        let (mut removed, mut added) = (0, 0);
        let mut regions = Vec::with_capacity(edit.iter().len());
        for Indel { delete, insert } in edit.iter() {
            let start = delete.start - removed + added;
            regions.push(Region { old: delete.clone(), new: start..start + insert.len() });
            removed += delete.len();
            added += insert.len();
        }
        Self { regions }
    }

    /// The map between two texts whose edits are not known, by comparing them.
    pub fn from_texts(old: &Rope, new: &Rope) -> Self {
        if old == new {
            return Self::default();
        }
        Self::from_edit(&TextEdit::diff(&old.to_string(), &new.to_string()))
    }

    /// Appends replacements that were made at once, as [`super::Document::change`] returns them: ascending, all in
    /// offsets of the text as it is after all earlier ones.
    pub fn push_all(&mut self, indels: &[Indel]) {
        // From back to front, so that the offsets of what is still to come stay valid.
        for indel in indels.iter().rev() {
            self.push(indel.delete.clone(), indel.insert.len());
        }
    }

    /// Appends one more replacement, given in offsets of the text as it is after all earlier ones.
    /// Costs O(regions behind it).
    pub fn push(&mut self, delete: Range<usize>, inserted: usize) {
        let delete = delete.start..delete.end.max(delete.start);
        if delete.is_empty() && inserted == 0 {
            return;
        }
        let absorbed = self.absorbed(&delete);
        let mut old = self.to_old(delete.start, absorbed.start)..self.to_old(delete.end, absorbed.end);
        let mut new = delete.clone();
        if let [first, ..] = &self.regions[absorbed.clone()]
            && first.new.start <= delete.start
        {
            (old.start, new.start) = (first.old.start, first.new.start);
        }
        if let [.., last] = &self.regions[absorbed.clone()]
            && last.new.end >= delete.end
        {
            (old.end, new.end) = (last.old.end, last.new.end);
        }
        let shift = |at: usize| at - delete.len() + inserted;
        new.end = shift(new.end);
        for region in &mut self.regions[absorbed.end..] {
            region.new = shift(region.new.start)..shift(region.new.end);
        }
        // What came and went again leaves nothing.
        let region = Region { old, new };
        let kept = !(region.old.is_empty() && region.new.is_empty());
        self.regions.splice(absorbed, kept.then_some(region));
    }

    /// The regions that a replacement melts into. Touching alone is not enough, with one exception: an insertion
    /// at a place that is already one point of the old text, or one point of the new.
    fn absorbed(&self, delete: &Range<usize>) -> Range<usize> {
        let first = self.regions.partition_point(|region| region.new.end <= delete.start);
        let behind = self.regions.partition_point(|region| region.new.start < delete.end);
        if !delete.is_empty() || first < behind {
            return first..behind.max(first);
        }
        let at = delete.start;
        let touching = self.regions.partition_point(|region| region.new.end < at);
        let is_point = |region: &Region| region.old.is_empty() || region.new.is_empty();
        let mut beside = self.regions[touching..].iter().take_while(|region| region.new.start <= at);
        match beside.position(is_point) {
            Some(nth) => touching + nth..touching + nth + 1,
            None => first..first,
        }
    }

    /// The old place of `at`, which lies behind the first `n_before` regions and before or in the others.
    fn to_old(&self, at: usize, n_before: usize) -> usize {
        match n_before.checked_sub(1).and_then(|last| self.regions.get(last)) {
            Some(region) => region.old.end + at.saturating_sub(region.new.end),
            None => at,
        }
    }

    /// The new place of `at`, which lies behind the first `n_before` regions and before or in the others.
    fn to_new(&self, at: usize, n_before: usize) -> usize {
        match n_before.checked_sub(1).and_then(|last| self.regions.get(last)) {
            Some(region) => region.new.end + at.saturating_sub(region.old.end),
            None => at,
        }
    }

    /// Drops regions whose old and new text are the same, and trims common ends (typed and deleted again = no change).
    /// A range that was untouched stays so, at the same place; an empty range may turn out to be at the very place
    /// of an insertion, or inside of one rewritten stretch.
    pub fn simplify(&mut self, old: &Rope, new: &Rope) {
        let mut trimmed: Vec<Region> = Vec::with_capacity(self.regions.len());
        for group in
            self.regions.chunk_by(|one, next| one.old.end == next.old.start && one.new.end == next.new.start)
        {
            let ([first, ..], [.., last]) = (group, group) else { continue };
            let whole = Region { old: first.old.start..last.old.end, new: first.new.start..last.new.end };
            let part = whole.trimmed(old, new);
            if part == whole {
                // Nothing in common at the ends of the whole: its pieces say more.
                trimmed.extend(group.iter().map(|region| region.trimmed(old, new)));
            } else {
                trimmed.push(part);
            }
        }
        trimmed.retain(|region| !(region.old.is_empty() && region.new.is_empty()));
        self.regions = trimmed;
    }

    /// Where `range` of the old text is now. A region that only touches an end of a non-empty range does not
    /// change it. An empty range is changed by a region at its very place (two insertions at one place), and by
    /// regions that touch it on both sides (both its neighbours were rewritten).
    pub fn carry(&self, range: Range<usize>) -> Carried {
        let range = range.start..range.end.max(range.start);
        let met = if range.is_empty() { self.met_by_point(range.start) } else { self.met_by_range(&range) };
        let mut old = range.clone();
        let mut new = self.to_new(range.start, met.start)..self.to_new(range.end, met.end);
        let ([first, ..], [.., last]) = (&self.regions[met.clone()], &self.regions[met.clone()]) else {
            return Carried::Moved(new);
        };
        if first.old.start <= range.start {
            (old.start, new.start) = (first.old.start, first.new.start);
        }
        if last.old.end >= range.end {
            (old.end, new.end) = (last.old.end, last.new.end);
        }
        Carried::Changed { old, new }
    }

    /// The regions that share a byte with a non-empty range, or insert inside of it.
    fn met_by_range(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.regions.partition_point(|region| region.old.end <= range.start);
        let behind = self.regions.partition_point(|region| region.old.start < range.end);
        first..behind.max(first)
    }

    /// The regions around a point, or inserting at it.
    fn met_by_point(&self, at: usize) -> Range<usize> {
        // A region that ends here is before the point, one that starts here behind it; an insertion here is both.
        let first = self.regions.partition_point(|region| {
            region.old.end < at || { region.old.end == at && !region.old.is_empty() }
        });
        let behind = self.regions.partition_point(|region| {
            region.old.start < at || (region.old.start == at && region.old.is_empty())
        });
        let ends_here = first > 0 && self.regions[first - 1].old.end == at;
        let starts_here = self.regions.get(behind).is_some_and(|region| region.old.start == at);
        if first == behind && ends_here && starts_here {
            return first - 1..behind + 1;
        }
        first..behind.max(first)
    }

    /// Whether any region shares a byte with `range` of the old text, lies inside of it, or touches an end of it.
    /// `false` proves that nothing was inserted or removed there.
    pub fn touched(&self, range: Range<usize>) -> bool {
        self.touching(range).next().is_some()
    }

    /// The regions that [`PositionMap::touched`] speaks of, as pairs of old and new ranges, in order.
    pub(crate) fn touching(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let end = range.end.max(range.start);
        let first = self.regions.partition_point(|region| region.old.end < range.start);
        let reached = self.regions[first..].iter().take_while(move |region| region.old.start <= end);
        reached.map(|region| (region.old.clone(), region.new.clone()))
    }

    /// Whether nothing changed.
    pub fn is_identity(&self) -> bool {
        self.regions.is_empty()
    }
}

impl Region {
    /// The region without what its old and its new text have in common at their ends, at character boundaries.
    fn trimmed(&self, old: &Rope, new: &Rope) -> Self {
        let whole = (old.get_byte_slice(self.old.clone()), new.get_byte_slice(self.new.clone()));
        let (Some(old_text), Some(new_text)) = whole else { return self.clone() };
        if old_text == new_text {
            return Self { old: self.old.end..self.old.end, new: self.new.end..self.new.end };
        }
        let prefix: usize = old_text
            .chars()
            .zip(new_text.chars())
            .take_while(|(a, b)| a == b)
            .map(|(c, _)| c.len_utf8())
            .sum();
        let (old_rest, new_rest) = (old_text.byte_slice(prefix..), new_text.byte_slice(prefix..));
        let from_end = |text: ropey::RopeSlice<'_>| text.len_chars();
        let old_chars = old_rest.chars_at(from_end(old_rest)).reversed();
        let new_chars = new_rest.chars_at(from_end(new_rest)).reversed();
        let suffix: usize =
            old_chars.zip(new_chars).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        Self {
            old: self.old.start + prefix..self.old.end - suffix,
            new: self.new.start + prefix..self.new.end - suffix,
        }
    }
}

#[cfg(test)]
mod tests;
