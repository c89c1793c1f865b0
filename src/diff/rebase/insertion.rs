//! Whether an insertion was made already, by what a client reports next to its place.
//!
//! A client may report the inserted lines together with typing nearby as one replacement, or shifted along equal
//! text (`n\n    ` behind the indentation of the next line). Such a change need not lie at the point of the
//! insertion; taken for unrelated, the lines would come twice.

use std::ops::Range;

use super::{is_line_start, piece};
use crate::diff::Hunk;
use crate::text::{Carried, PositionMap, Rope};

/// Whether the lines of an insertion are in the live text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// Nothing like them came near the point.
    No,
    /// They are.
    Yes,
    /// Lines came there that may be these, or belong before or behind them.
    Perhaps,
}

/// A stretch of the base text around the point, and what it is in the live text.
struct Stretch {
    old: Range<usize>,
    new: Range<usize>,
}

/// Looks for the insertion `hunk` near `to`, where an untouched `slide` puts it in `live`.
pub(super) fn there_already(
    hunk: &Hunk,
    base: &Rope,
    map: &PositionMap,
    live: &Rope,
    slide: &Range<usize>,
    to: usize,
) -> There {
    let at = hunk.range.start;
    let near = line_before(base, slide.start)..line_behind(base, slide.end);
    let regions: Vec<Stretch> = map.touching(near).map(|(old, new)| Stretch { old, new }).collect();
    if regions.is_empty() {
        return There::No;
    }
    let stretches = stretches(&regions, at);
    let came: Vec<String> = stretches.iter().filter_map(|stretch| came_at(stretch, at, base, live)).collect();
    if came.contains(&hunk.insert) {
        return There::Yes;
    }
    let copies = copies_beside(live, to, &hunk.insert);
    let old_copies = copies_beside(base, at, &hunk.insert);
    if copies.0 > old_copies.0 || copies.1 > old_copies.1 {
        // Without more lines than before, a line was rewritten to look like these.
        let n_lines =
            |text: &Rope, range: &Range<usize>| piece(text, range).map_or(0, |text| n_line_ends(&text));
        let n_old: usize = regions.iter().map(|region| n_lines(base, &region.old)).sum();
        let n_new: usize = regions.iter().map(|region| n_lines(live, &region.new)).sum();
        return if n_new >= n_old + n_line_ends(&hunk.insert) { There::Yes } else { There::Perhaps };
    }
    let lines_came = came.iter().any(|text| n_line_ends(text) > 0);
    if lines_came || regions.iter().any(|region| moves_neighbour(region, slide, base, live)) {
        return There::Perhaps;
    }
    There::No
}

/// Whether a line that the insertion at `slide` stands beside is still as it was; true in an empty text. Without one,
/// nothing says that this is its place, nor that `live` is the same file at all.
pub(super) fn has_neighbour(base: &Rope, map: &PositionMap, live: &Rope, slide: &Range<usize>) -> bool {
    let before = line_before(base, slide.start)..slide.start;
    let behind = slide.end..line_behind(base, slide.end);
    let is_kept = |line: &Range<usize>| match map.carry(line.clone()) {
        Carried::Moved(to) => piece(base, line) == piece(live, &to),
        Carried::Changed { .. } => false,
    };
    let mut lines = [before, behind].into_iter().filter(|line| !line.is_empty()).peekable();
    !slide.is_empty() || lines.peek().is_none() || lines.any(|line| is_kept(&line))
}

/// The changes on each side of `at`, alone and together, each stretched to `at`.
fn stretches(regions: &[Stretch], at: usize) -> Vec<Stretch> {
    let n_left = regions.partition_point(|region| region.old.start < at);
    let (left, right) = regions.split_at(n_left);
    let groups = [regions, left, right, &left[n_left.saturating_sub(1)..], &right[..right.len().min(1)]];
    let stretched = |group: &[Stretch]| {
        let (first, last) = (group.first()?, group.last()?);
        let (before, behind) = (first.old.start.saturating_sub(at), at.saturating_sub(last.old.end));
        Some(Stretch {
            old: first.old.start - before..last.old.end + behind,
            new: first.new.start.checked_sub(before)?..last.new.end + behind,
        })
    };
    groups.into_iter().filter_map(stretched).collect()
}

/// What was inserted at `at`, if the change of the stretch can be read as just an insertion there.
fn came_at(stretch: &Stretch, at: usize, base: &Rope, live: &Rope) -> Option<String> {
    let before = piece(base, &(stretch.old.start..at))?;
    let behind = piece(base, &(at..stretch.old.end))?;
    let new = piece(live, &stretch.new)?;
    let middle = new.strip_prefix(&before)?.strip_suffix(&behind)?;
    (!middle.is_empty()).then(|| middle.to_owned())
}

/// How often `text` stands directly before and directly behind `at`.
fn copies_beside(rope: &Rope, at: usize, text: &str) -> (usize, usize) {
    if text.is_empty() {
        return (0, 0);
    }
    let is_at = |start: usize| {
        rope.get_byte_slice(start..start.saturating_add(text.len())).is_some_and(|slice| slice == text)
    };
    let most = rope.len_bytes().checked_div(text.len()).unwrap_or(0);
    let before = (1..=most).take_while(|n| at.checked_sub(n * text.len()).is_some_and(is_at)).count();
    let behind = (0..most).take_while(|n| is_at(at + n * text.len())).count();
    (before, behind)
}

/// Whether a rewritten stretch that touches the point has the line next to the point further away from it: other
/// lines came between.
fn moves_neighbour(region: &Stretch, slide: &Range<usize>, base: &Rope, live: &Rope) -> bool {
    let starts_there = region.old.start == slide.end;
    let gap = piece(base, &(region.old.end.min(slide.start)..slide.start));
    let ends_there = region.old.end <= slide.start && matches!(gap.as_deref(), Some("" | "\n" | "\r\n"));
    if region.old.is_empty() || !(starts_there || ends_there) {
        return false;
    }
    let neighbour = if starts_there {
        slide.end..line_behind(base, slide.end)
    } else {
        line_before(base, slide.start)..slide.start
    };
    let Some(neighbour) = piece(base, &neighbour) else { return false };
    let neighbour = without_line_end(&neighbour);
    // The region may end within a line: its last line goes on behind it.
    let new = region.new.start..line_behind(live, region.new.end.saturating_sub(1)).max(region.new.end);
    let Some(new) = piece(live, &new) else { return false };
    let lines: Vec<&str> = new.split_inclusive('\n').map(without_line_end).collect();
    match (starts_there, &lines[..]) {
        (true, [_, further @ ..]) | (false, [further @ .., _]) => further.contains(&neighbour),
        _ => false,
    }
}

fn without_line_end(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r'])
}

fn n_line_ends(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

/// The start of the line before the line start `at`.
fn line_before(text: &Rope, at: usize) -> usize {
    let Some(before) = at.checked_sub(1).filter(|_| at <= text.len_bytes()) else { return 0 };
    let line = if is_line_start(text, at) { text.byte_to_line(before) } else { text.byte_to_line(at) };
    text.line_to_byte(line)
}

/// The end of the line that `at` lies in, with its line end.
fn line_behind(text: &Rope, at: usize) -> usize {
    if at >= text.len_bytes() {
        return text.len_bytes();
    }
    text.line_to_byte(text.byte_to_line(at) + 1)
}
