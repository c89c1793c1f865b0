//! Carries a hunk from the text the model saw to the text as it is now.
//!
//! The map of what was typed is exact, so nothing is searched for again: a hunk either moved as a whole, or it is
//! a conflict. An insertion or deletion among equal lines could as well stand at any of several places (it can
//! *slide*); typing anywhere along that way is a conflict, since nobody can say on which side of it the hunk
//! belongs. An insertion leaves no old text to recognise it by, so what was typed near it is searched for it as well.

mod belongs;
mod copies;
mod insertion;

use std::ops::Range;

pub use copies::Copies;
use insertion::There;

use super::resolve::Lines;
use super::{ChangeKind, FileChange, Hunk, Refusal, RefusalCode};
use crate::text::{Carried, PositionMap, Rope};

/// What became of a hunk.
#[derive(Debug, Clone, PartialEq)]
pub enum Rebased {
    /// It fits here; only its range and line moved.
    Fits(Hunk),
    /// The user made the very same change: nothing is left to do.
    AlreadyThere,
}

/// Carries `hunk` of `base` over `map` to `live`.
///
/// # Errors
/// A [`Refusal`] with code `conflict` when the text was changed where the hunk belongs: inside its range, at the same point
/// as its insertion, or across the range along which its insertion could slide.
pub fn rebase(hunk: &Hunk, base: &Rope, map: &PositionMap, live: &Rope) -> Result<Rebased, Refusal> {
    let range = &hunk.range;
    if range.start > range.end || range.end > base.len_bytes() {
        return Err(conflict(hunk));
    }
    if map.is_identity() {
        return if base.len_bytes() == live.len_bytes() {
            Ok(Rebased::Fits(hunk.clone()))
        } else {
            Err(conflict(hunk))
        };
    }
    let slide = slider(hunk, base);
    // The whole way first, then its ends: for an empty range a change at the very place counts, for a filled one
    // changes that touch it do not, but an insertion could stand at either end.
    let mut asked = vec![slide.clone()];
    if range.is_empty() {
        asked.extend([slide.start..slide.start, slide.end..slide.end]);
    }
    let mut moved = None;
    for asked in asked {
        match map.carry(asked) {
            Carried::Moved(to) => moved = moved.or(Some(to)),
            Carried::Changed { old, new } => return same_change(hunk, base, live, &old, &new),
        }
    }
    let moved = moved.ok_or_else(|| conflict(hunk))?;
    let start = moved.start + (range.start - slide.start);
    let to = start..start + range.len();
    let unchanged = piece(base, &slide).is_some_and(|old| piece(live, &moved).as_deref() == Some(&old));
    if !unchanged {
        return Err(conflict(hunk));
    }
    if range.is_empty() {
        match insertion::there_already(hunk, base, map, live, &slide, to.start) {
            There::No => {}
            There::Yes => return Ok(Rebased::AlreadyThere),
            There::Perhaps => return Err(conflict(hunk)),
        }
        if !insertion::has_neighbour(base, map, live, &slide) {
            return Err(conflict(hunk));
        }
    }
    if !keeps_whole_lines(hunk, base, map, live, &to) {
        return Err(conflict(hunk));
    }
    let line = live.byte_to_line(to.start) + 1;
    Ok(Rebased::Fits(Hunk { range: to, line, ..hunk.clone() }))
}

/// Carries a file's whole change; `None` when the user already made all of it. `live` is `None` for a file that does not
/// exist now. A file is deleted only as it was. Whether the new path of a renamed file is still free is for the caller
/// to see.
///
/// # Errors
/// A refusal for each hunk that does not fit any more, or one for all when `live` is another text altogether.
pub fn rebase_file(
    change: &FileChange,
    base: &Rope,
    map: &PositionMap,
    live: Option<&Rope>,
) -> Result<Option<FileChange>, Vec<Refusal>> {
    let hunks = match (&change.kind, live) {
        (ChangeKind::Create { .. }, None) => return Ok(Some(change.clone())),
        (ChangeKind::Create { text }, Some(live)) if *live == text.as_str() => return Ok(None),
        (ChangeKind::Create { .. }, Some(_)) => {
            let mut refusal = Refusal::new(
                RefusalCode::FileExists,
                "The file was made meanwhile",
                "Ask again, so that the edit is made for the file as it is now.",
            );
            refusal.path = Some(change.path.clone());
            return Err(vec![refusal]);
        }
        (ChangeKind::Delete, None) => return Ok(None),
        (ChangeKind::Delete, Some(live)) if live == base => return Ok(Some(change.clone())),
        (ChangeKind::Delete, Some(_)) => return Err(vec![Refusal::conflict(&change.path)]),
        (ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. }, None) => {
            let of_block = |hunk: &Hunk| conflict(hunk).of_block(&change.path, hunk.block);
            return Err(vec![hunks.first().map_or_else(|| Refusal::conflict(&change.path), of_block)]);
        }
        (ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. }, Some(live)) => {
            if !belongs::belongs(base, map, live) {
                let block = hunks.first().map(|hunk| hunk.block);
                return Err(vec![Refusal { block, ..belongs::refusal(&change.path) }]);
            }
            let mut carried = Vec::with_capacity(hunks.len());
            let mut refusals = Vec::new();
            for hunk in hunks {
                match rebase(hunk, base, map, live) {
                    Ok(Rebased::Fits(hunk)) => carried.push(hunk),
                    Ok(Rebased::AlreadyThere) => {}
                    Err(refusal) => refusals.push(refusal.of_block(&change.path, hunk.block)),
                }
            }
            if !refusals.is_empty() {
                return Err(refusals);
            }
            carried
        }
    };
    let to = change.new_path();
    if hunks.is_empty() && to.is_none() {
        return Ok(None);
    }
    let carried = FileChange::modify(&change.path, hunks).map_err(|(_, block)| {
        vec![Refusal::new(RefusalCode::Conflict, CONFLICT, CONFLICT_HINT).of_block(&change.path, block)]
    })?;
    Ok(Some(match to {
        Some(to) => carried.renamed(to),
        None => carried,
    }))
}

const CONFLICT: &str = "The text was changed where the edit belongs";
const CONFLICT_HINT: &str = "Ask again, so that the edit is made for the text as it is now.";

fn conflict(hunk: &Hunk) -> Refusal {
    let mut refusal = Refusal::new(RefusalCode::Conflict, CONFLICT, CONFLICT_HINT);
    refusal.block = Some(hunk.block);
    refusal
}

/// The user changed `old` to `new` where the hunk belongs: fine if that is just what the hunk would have done.
fn same_change(
    hunk: &Hunk,
    base: &Rope,
    live: &Rope,
    old: &Range<usize>,
    new: &Range<usize>,
) -> Result<Rebased, Refusal> {
    let expected = (old.start <= hunk.range.start && hunk.range.end <= old.end)
        .then(|| {
            let before = piece(base, &(old.start..hunk.range.start))?;
            let after = piece(base, &(hunk.range.end..old.end))?;
            Some(before + &hunk.insert + &after)
        })
        .flatten();
    if expected.is_some() && expected == piece(live, new) {
        Ok(Rebased::AlreadyThere)
    } else {
        Err(conflict(hunk))
    }
}

/// Whether the hunk at `to` still begins and ends between whole lines of the live text.
fn keeps_whole_lines(hunk: &Hunk, base: &Rope, map: &PositionMap, live: &Rope, to: &Range<usize>) -> bool {
    let old_end = hunk.range.end;
    let open_end = old_end == base.len_bytes() && !is_line_start(base, old_end);
    if open_end {
        // Nothing ends the last line of the base: text typed behind it would be glued to what comes.
        let still_last =
            to.end == live.len_bytes() || (!hunk.range.is_empty() && begins_with_line_end(live, to.end));
        return still_last && (hunk.range.is_empty() || is_line_start(live, to.start));
    }
    if !is_line_start(live, to.start) {
        return false;
    }
    // A line typed at the end of the line before an insertion stands at its very point, one line end earlier.
    !(hunk.range.is_empty() && inserts_line_before(base, map, live, hunk.range.start))
}

/// Whether whole lines were typed directly before the line end that stands before `at`.
fn inserts_line_before(base: &Rope, map: &PositionMap, live: &Rope, at: usize) -> bool {
    let length = match (at.checked_sub(1).map(|i| base.byte(i)), at.checked_sub(2).map(|i| base.byte(i))) {
        (Some(b'\n'), Some(b'\r')) => 2,
        (Some(b'\n' | b'\r'), _) => 1,
        _ => return false,
    };
    match map.carry(at - length..at - length) {
        Carried::Moved(_) => false,
        Carried::Changed { new, .. } => piece(live, &new).is_none_or(|text| text.contains(['\n', '\r'])),
    }
}

fn is_line_start(text: &Rope, at: usize) -> bool {
    match at.checked_sub(1).and_then(|before| text.get_byte(before)) {
        None | Some(b'\n') => true,
        Some(b'\r') => text.get_byte(at) != Some(b'\n'),
        // Behind a byte order mark.
        Some(0xbf) => at == 3 && text.get_byte(0) == Some(0xef) && text.get_byte(1) == Some(0xbb),
        Some(_) => false,
    }
}

fn begins_with_line_end(text: &Rope, at: usize) -> bool {
    matches!(text.get_byte(at), Some(b'\n' | b'\r'))
}

fn piece(text: &Rope, range: &Range<usize>) -> Option<String> {
    text.get_byte_slice(range.clone()).map(String::from)
}

/// The range along which a pure insertion or deletion could stand with the same result; the hunk's own range for a
/// replacement.
fn slider(hunk: &Hunk, base: &Rope) -> Range<usize> {
    let mut range = hunk.range.clone();
    let text = match (range.is_empty(), hunk.insert.is_empty()) {
        (true, false) => hunk.insert.clone(),
        (false, true) => piece(base, &range).unwrap_or_default(),
        _ => return range,
    };
    let lines = Lines::new(&text);
    let cycle: Vec<&str> = (0..lines.len()).map(|at| &text[lines.start(at)..lines.start(at + 1)]).collect();
    if !text.ends_with(['\n', '\r']) || text.starts_with('\u{feff}') || cycle.is_empty() {
        return range;
    }
    for wanted in cycle.iter().cycle() {
        if piece(base, &(range.end..range.end + wanted.len())).as_deref() != Some(wanted) {
            break;
        }
        range.end += wanted.len();
    }
    for wanted in cycle.iter().rev().cycle() {
        let Some(start) = range.start.checked_sub(wanted.len()) else { break };
        if !is_line_start(base, start) || piece(base, &(start..range.start)).as_deref() != Some(wanted) {
            break;
        }
        range.start = start;
    }
    range
}

#[cfg(test)]
mod tests;
