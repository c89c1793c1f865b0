//! The cap on removals: a reply that was meant to be an edit must not empty a file.

use super::Edited;
use crate::diff::{Nearest, Refusal, RefusalCode};
use crate::text::Rope;

/// A file may lose this many lines by any edit.
const FEW_LINES: usize = 20;

/// Percent of its lines that a file may lose.
const MOST_PERCENT: usize = 60;

/// Refuses a change after which more than 60 % of the file's lines are gone, and more than 20, or all of them. Blank
/// lines do not count; lines that come make up for lines that go.
pub(super) fn refusal(edited: &Edited<'_>) -> Option<Refusal> {
    let (before, after) = (n_lines(&edited.before), n_lines(&edited.after));
    let lost = before.saturating_sub(after);
    // An empty fence behind a name reads as an empty file, and seldom is meant so.
    let is_emptied = lost > 0 && after == 0;
    if !is_emptied && (lost <= FEW_LINES || lost * 100 <= before * MOST_PERCENT) {
        return None;
    }
    let largest = edited.places.iter().max_by_key(|place| place.before.len())?;
    let mut refusal = Refusal::new(
        RefusalCode::RemovesTooMuch,
        format!("The change would remove {lost} of the file's {before} lines"),
        "Write edits that keep what is not meant to go; to remove a file, delete it as a whole.",
    );
    let line = edited.before.byte_to_line(largest.before.start) + 1;
    refusal.nearest = vec![Nearest { line, distance: 0.0 }];
    Some(edited.refuse(refusal, largest.block))
}

fn n_lines(text: &Rope) -> usize {
    text.lines().filter(|line| line.chars().any(|c| !c.is_whitespace())).count()
}
