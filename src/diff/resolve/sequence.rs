//! Blocks that build on each other: one quotes what an earlier one wrote.
//!
//! Blocks are meant for the text the model saw, and that reading comes first. Only when a block has no place there are
//! all blocks of the file read as a sequence, each against the text the ones before it leave; then every one of them
//! must fit exactly.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::changes;
use super::hints::Guide;
use super::index::LineIndex;
use super::lines::Lines;
use super::place::{self, Outcome};
use crate::diff::lower::LineHunk;
use crate::diff::{Evidence, FileChange, Hunk, Tier};
use crate::text::Rope;

/// Bytes that may be looked at: each block costs a pass over the text.
const MAX_BYTES: usize = 32 << 20;

/// The hunks of all blocks together; `None` when they do not fit in sequence either.
pub(super) fn hunks(line_hunks: &[LineHunk], text: &str) -> Option<Vec<Hunk>> {
    if line_hunks.len() < 2 || text.len().saturating_mul(line_hunks.len()) > MAX_BYTES {
        return None;
    }
    let mut now = text.to_owned();
    // The last block that changed anything answers for the whole.
    let mut block = 0;
    for line_hunk in line_hunks {
        let lines = Lines::new(&now);
        let index = LineIndex::new(&lines);
        let guide = Guide::new("", &[], &index);
        let alone = LineHunk { place: None, ..line_hunk.clone() };
        let Outcome::Placed(placed) = place::place(&alone, &index, &guide, false).ok()? else { continue };
        if placed.evidence.tier > Tier::RightTrimmed {
            return None;
        }
        let hunks = changes::hunks(&placed, line_hunk.block, &lines)?;
        let change = FileChange::modify("", hunks).ok()?;
        let next = change.apply(&Rope::from_str(&now)).ok()?;
        now = String::from(next);
        block = line_hunk.block;
    }
    Some(between(text, &now, block))
}

/// The hunks between two texts, by whole lines with their line ends.
fn between(old: &str, new: &str, block: usize) -> Vec<Hunk> {
    let (old_lines, new_lines) = (Lines::new(old), Lines::new(new));
    let (old_pieces, new_pieces) = (pieces(&old_lines), pieces(&new_lines));
    let evidence = Evidence { tier: Tier::RightTrimmed, ..Evidence::EXACT };
    capture_diff_slices(Algorithm::Myers, &old_pieces, &new_pieces)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| {
            let (gone, came) = (op.old_range(), op.new_range());
            Hunk {
                range: old_lines.start(gone.start)..old_lines.start(gone.end),
                insert: new_pieces[came].concat(),
                evidence,
                line: gone.start + 1,
                block,
            }
        })
        .collect()
}

/// The lines with their line ends.
fn pieces<'a>(lines: &Lines<'a>) -> Vec<&'a str> {
    (0..lines.len()).map(|at| &lines.text()[lines.start(at)..lines.start(at + 1)]).collect()
}
