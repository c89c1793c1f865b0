//! Finds the one place of each block in the text the model saw, and proves it byte by byte.
//!
//! [`place`] climbs the ladder from exact to aligned and demands exactly one place; [`hints`] choose among equals,
//! [`noise`] reads a block otherwise, [`indent`] writes what comes as the file is indented, [`align`] is the last
//! rung; [`sequence`] reads blocks that build on each other. What a found block changes is narrowed to the whole lines that really differ ([`changes`]); lines that come
//! take the file's own line ends, and a missing final line end stays missing as long as the last line stays.
//! (Whole lines go: without its last line the file ends with a line end.)

mod align;
mod changes;
mod delete;
mod gap;
mod hints;
mod indent;
mod index;
mod key;
mod lines;
mod nearest;
mod noise;
mod place;
mod sequence;
mod wording;

use std::collections::HashSet;

use hints::Guide;
use index::LineIndex;
pub use lines::{Line, Lines};
use place::Outcome;

use super::lower::{FilePatch, LineHunk, PatchKind};
use super::tagged::TaggedLine;
use super::{ChangeKind, FileChange, FileSet, Refusal, RefusalCode, Tier};

/// Blocks without a place that are explained with what is nearest; more would cost time and help nobody.
const EXPLAINED: usize = 16;

/// Resolves one file's patch against the text the model saw; `None` when nothing of it would change.
///
/// # Errors
/// A refusal for each block that has not exactly one place, or that changes what another changes.
pub fn resolve(patch: &FilePatch, base: &FileSet) -> Result<Option<FileChange>, Vec<Refusal>> {
    let change = match &patch.kind {
        PatchKind::Create(text) => Some(FileChange::create(&patch.path, text)),
        PatchKind::Modify(line_hunks) => modify(patch, line_hunks, base)?,
        PatchKind::Delete(quoted) => Some(delete::delete(patch, quoted.as_ref(), base)?),
    };
    let Some(to) = &patch.moved_to else { return Ok(change) };
    let unchanged =
        || FileChange { path: patch.path.clone(), kind: ChangeKind::Modify { hunks: Vec::new() } };
    Ok(Some(change.unwrap_or_else(unchanged).renamed(to)))
}

fn modify(
    patch: &FilePatch,
    line_hunks: &[LineHunk],
    base: &FileSet,
) -> Result<Option<FileChange>, Vec<Refusal>> {
    let text = base.files.get(&patch.path).map(String::from).unwrap_or_default();
    let lines = Lines::new(&text);
    let index = LineIndex::new(&lines);
    let guide = Guide::new(&patch.path, line_hunks, &index);
    let mut placed = Vec::new();
    let mut refusals = Vec::new();
    let mut written: HashSet<&str> = HashSet::new();
    for line_hunk in line_hunks {
        let thorough = refusals.len() < EXPLAINED;
        match place::place(line_hunk, &index, &guide, thorough) {
            // What an earlier block wrote is to be changed again: that is to be read in sequence.
            Ok(Outcome::AlreadyApplied) if deleted(line_hunk).any(|line| written.contains(line)) => {
                refusals.push(apart().of_block(&patch.path, line_hunk.block));
            }
            Ok(Outcome::AlreadyApplied) => {}
            Ok(Outcome::Placed(found)) => placed.push((found, line_hunk.block)),
            Err(refusal) => refusals.push(refusal.of_block(&patch.path, line_hunk.block)),
        }
        written.extend(line_hunk.lines.iter().filter_map(|line| match line {
            TaggedLine::Add(text) => Some(text.trim()),
            _ => None,
        }));
    }
    let lost = placed.iter().any(|(placed, _)| placed.lost_depth);
    let mut hunks = Vec::new();
    for (placed, block) in &placed {
        let found =
            if lost && indent::shows_no_depth(&placed.lines) && placed.evidence.tier <= Tier::RightTrimmed {
                Err(place::unclear_indentation(&placed.at))
            } else {
                changes::hunks(placed, *block, &lines).ok_or_else(apart)
            };
        match found {
            Ok(found) => hunks.extend(found),
            Err(refusal) => refusals.push(refusal.of_block(&patch.path, *block)),
        }
    }
    refusals.sort_by_key(|refusal| refusal.block);
    if !refusals.is_empty() {
        let missing = refusals.iter().all(|refusal| refusal.code == RefusalCode::NoSuchPlace);
        match missing.then(|| sequence::hunks(line_hunks, &text)).flatten() {
            Some(in_sequence) => hunks = in_sequence,
            None => return Err(refusals),
        }
    }
    if hunks.is_empty() {
        return Ok(None);
    }
    FileChange::modify(&patch.path, hunks).map(Some).map_err(|(one, other)| {
        let (first, second) = (one.min(other), one.max(other));
        vec![
            Refusal::new(
                RefusalCode::OverlappingBlocks,
                format!("Blocks {} and {} change the same lines", first + 1, second + 1),
                "Join them into one block; every block is compared with the file as it was before the reply.",
            )
            .of_block(&patch.path, second),
        ]
    })
}

/// The lines that a block deletes, but for blank ones.
fn deleted(line_hunk: &LineHunk) -> impl Iterator<Item = &str> {
    let gone = |line: &'_ TaggedLine| matches!(line, TaggedLine::Delete(text) if !text.trim().is_empty());
    line_hunk.lines.iter().filter(move |line| gone(line)).map(|line| line.text().trim())
}

/// What comes has no place of its own.
fn apart() -> Refusal {
    Refusal::new(
        RefusalCode::NoSuchPlace,
        "The lines next to what comes are not next to each other in the file",
        "Quote the lines directly before and behind the new lines.",
    )
}
