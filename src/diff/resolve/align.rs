//! Gapped alignment: the place of a block whose context the reply skipped, reworded or left out.
//!
//! Dynamic programming over the block's old lines and the file's lines (semi-global: the block whole, the file from
//! anywhere to anywhere). Deleted lines must match, without holes between them; a line is inserted only between
//! lines that are neighbours in the file; context may lack lines of the file or be worded a little otherwise. A second
//! pass from the end gives, for each line that an edit hangs on, the cost of the best alignment that puts it elsewhere:
//! the best one must win by a margin.

mod table;

use std::ops::Range;

use table::Table;

use super::gap::Floor;
use super::index::LineIndex;
use super::key::{Key, weight};
use super::wording;
use crate::diff::tagged::TaggedLine;

/// Cells of the table, per window and in all.
const MAX_CELLS: usize = 1 << 20;
/// Windows around lines that are rarer than this are looked at, when the whole file is too long.
const RARE: usize = 24;
/// Cost allowed per old line that is not blank, and in any case.
const PER_LINE: f32 = 0.2;
const AT_LEAST: f32 = 1.1;
/// By how much the best place must be better than the next.
const MARGIN: f32 = 0.5;
/// Letters and digits that the lines that match must have together.
const MIN_WEIGHT: usize = 10;
/// Letters and digits of a line that says something. Two such lines must be equal where another is worded otherwise.
const TELLING: usize = 4;
/// Beyond this, nothing is.
const INFINITE: f32 = 1e9;

/// The best alignment.
#[derive(Debug)]
pub(super) struct Alignment {
    /// For each line of the block, the line of the file.
    pub(super) at: Vec<Option<usize>>,
    /// What it costs, in lines.
    pub(super) cost: f32,
    /// By how much the next best is worse, in lines.
    pub(super) margin: f32,
}

/// How an alignment was missed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// Nothing fits well enough.
    NoPlace,
    /// These lines of the file fit nearly as well as each other.
    Several(Vec<usize>),
}

/// What may lie between an old line and the old line before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Nothing.
    Nothing,
    /// Lines of the file that the reply skipped, each at a cost.
    Skipped,
    /// Any lines: the reply says so.
    Anything,
}

/// An old line of the block.
struct OldLine<'a> {
    /// Its index in the block.
    at: usize,
    text: &'a str,
    is_delete: bool,
    /// Whether what comes hangs on it.
    is_anchor: bool,
    between: Between,
    /// Where the gap before it ends at the latest.
    floor: Option<Floor>,
}

/// Aligns the block with the lines of the file. With `strict_braces`, lines without letters and digits must be indented
/// as in the file.
pub(super) fn align(
    lines: &[TaggedLine],
    index: &LineIndex<'_>,
    strict_braces: bool,
) -> Result<Alignment, Missed> {
    let old = old_lines(lines, index);
    let n_filled = old.iter().filter(|line| !line.text.trim().is_empty()).count();
    if n_filled == 0 || old.iter().all(|line| !line.is_delete && !line.is_anchor) {
        return Err(Missed::NoPlace);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of lines")]
    let limit = (PER_LINE * n_filled as f32).max(AT_LEAST);
    let mut best: Option<(Alignment, usize)> = None;
    let mut others: Vec<(f32, usize)> = Vec::new();
    for window in windows(&old, index).ok_or(Missed::NoPlace)? {
        let Some((found, second)) = Table::new(&old, index, window, strict_braces).best() else { continue };
        let first = found.at.iter().flatten().next().copied().unwrap_or(0);
        others.extend(second);
        match &best {
            Some((known, at)) if known.cost <= found.cost => others.push((found.cost, first)),
            _ => {
                others.extend(best.take().map(|(known, at)| (known.cost, at)));
                best = Some((found, first));
            }
        }
    }
    let (mut alignment, first) = best.ok_or(Missed::NoPlace)?;
    let matched = |line: &OldLine<'_>| alignment.at[line.at].map(|at| index.content(at));
    let is_equal =
        |line: &OldLine<'_>| matched(line).is_some_and(|there| Key::Canonical.same(line.text, there));
    let known: usize = old.iter().filter(|line| is_equal(line)).map(|line| weight(line.text)).sum();
    if !is_worded_safely(&old, &alignment.at, index) {
        return Err(Missed::NoPlace);
    }
    if alignment.cost > limit || known < MIN_WEIGHT {
        return Err(Missed::NoPlace);
    }
    let second = others.iter().map(|(cost, _)| *cost).fold(INFINITE, f32::min);
    alignment.margin = second - alignment.cost;
    if alignment.margin < MARGIN {
        let mut places = vec![first];
        places.extend(others.iter().filter(|(cost, _)| cost - alignment.cost < MARGIN).map(|(_, at)| *at));
        places.sort_unstable();
        places.dedup();
        return Err(Missed::Several(places));
    }
    Ok(alignment)
}

/// Whether context that is worded otherwise can be the context that was meant: other lines are equal and say enough; and
/// each such line defines nothing and gives a value to the same, or stands between two lines that are equal and telling.
fn is_worded_safely(old: &[OldLine<'_>], at: &[Option<usize>], index: &LineIndex<'_>) -> bool {
    let there = |nth: usize| old.get(nth).and_then(|line| Some((at[line.at]?, line.text)));
    let is_equal =
        |nth: usize| there(nth).is_some_and(|(at, text)| Key::Canonical.same(text, index.content(at)));
    let is_telling = |nth: usize| is_equal(nth) && weight(old[nth].text) >= TELLING;
    let follows = |nth: usize| match (there(nth), there(nth + 1)) {
        (Some((one, _)), Some((next, _))) => one + 1 == next,
        _ => false,
    };
    let reworded = || (0..old.len()).filter(|&nth| there(nth).is_some() && !is_equal(nth));
    if reworded().next().is_none() {
        return true;
    }
    let n_equal = (0..old.len()).filter(|&nth| is_equal(nth) && !old[nth].text.trim().is_empty()).count();
    let known: usize = (0..old.len()).filter(|&nth| is_equal(nth)).map(|nth| weight(old[nth].text)).sum();
    let n_telling = (0..old.len()).filter(|&nth| is_telling(nth)).count();
    let enough = n_telling >= 2 || n_telling == 1 && n_equal >= 3 && known >= 2 * MIN_WEIGHT;
    enough
        && reworded().all(|nth| {
            let between =
                nth > 0 && is_telling(nth - 1) && follows(nth - 1) && is_telling(nth + 1) && follows(nth);
            let same = |(at, text): (usize, &str)| wording::names_the_same(text, index.content(at));
            between || there(nth).is_some_and(same)
        })
}

/// What was counted of a run of changed lines.
#[derive(Default)]
struct Run {
    n_added: usize,
    n_deleted: usize,
}

fn old_lines<'a>(lines: &'a [TaggedLine], index: &LineIndex<'_>) -> Vec<OldLine<'a>> {
    let mut old: Vec<OldLine<'_>> = Vec::new();
    let mut between = Between::Skipped;
    // Added lines since the last old line; added and deleted lines since the last line of context.
    let (mut adds, mut run) = (false, Run::default());
    let mut gap = false;
    for (at, line) in lines.iter().enumerate() {
        let is_delete = match line {
            TaggedLine::Gap(_) => {
                (between, gap) = (Between::Anything, true);
                run = Run::default();
                continue;
            }
            TaggedLine::Add(_) => {
                adds = true;
                run.n_added += 1;
                // What comes hangs on the line before it, if there is one right before it.
                if let Some(before) = old.last_mut().filter(|_| !gap) {
                    before.is_anchor = true;
                }
                continue;
            }
            TaggedLine::Delete(_) => true,
            TaggedLine::Context(_) => false,
        };
        let after_delete = old.last().is_some_and(|before| before.is_delete);
        run.n_deleted += usize::from(is_delete);
        // More lines come than go: some of them stand beside what went, on which side of a skipped line?
        let is_torn = is_delete && after_delete || adds && run.n_added > run.n_deleted;
        if between == Between::Skipped && is_torn {
            between = Between::Nothing;
        }
        if !is_delete {
            run = Run::default();
        }
        // A change with such a blank line or brace in it could as well stand on the other side of one beside it.
        let slides = |at: usize| {
            let is_change = |line: &&TaggedLine| line.is_change();
            let is_like = |line: &TaggedLine| line.text().trim() == lines[at].text().trim();
            let is_weak = matches!(&lines[at], TaggedLine::Context(text) if weight(text) == 0);
            let before = || lines[..at].iter().rev().take_while(is_change);
            let behind = || lines[at + 1..].iter().take_while(is_change);
            is_weak && before().chain(behind()).any(is_like)
        };
        if between == Between::Skipped && (slides(at) || old.last().is_some_and(|before| slides(before.at))) {
            between = Between::Nothing;
        }
        let is_anchor = adds && !matches!(lines.get(at.wrapping_sub(1)), Some(TaggedLine::Gap(_)));
        let floor = match old.last() {
            Some(before) if between == Between::Anything => Floor::between(before.text, line.text(), index),
            _ => None,
        };
        old.push(OldLine { at, text: line.text(), is_delete, is_anchor, between, floor });
        (between, adds, gap) = (Between::Skipped, false, false);
    }
    old
}

/// The parts of the file that are worth a look: all of it, or what is around rare lines of the block.
fn windows(old: &[OldLine<'_>], index: &LineIndex<'_>) -> Option<Vec<Range<usize>>> {
    let n_old = old.len() + 1;
    if n_old.saturating_mul(index.len() + 1) <= MAX_CELLS / 4 {
        return Some(std::iter::once(0..index.len()).collect());
    }
    let mut seeds: Vec<(usize, usize)> = old
        .iter()
        .enumerate()
        .filter(|(_, line)| weight(line.text) > 2)
        .map(|(nth, line)| (index.n_equal(Key::Canonical, line.text), nth))
        .filter(|(n_equal, _)| (1..=RARE).contains(n_equal))
        .collect();
    seeds.sort_unstable();
    let n_gaps = old.iter().filter(|line| line.between == Between::Anything).count();
    let slack = n_old / 4 + 8 + n_gaps * 400;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (_, nth) in seeds.into_iter().take(6) {
        for at in index.equal_lines(Key::Canonical, old[nth].text) {
            let end = (at + (n_old - nth) + slack).min(index.len());
            ranges.push(at.saturating_sub(nth + slack)..end);
        }
    }
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    let cells: usize = merged.iter().map(|range| n_old.saturating_mul(range.len() + 1)).sum();
    (!merged.is_empty() && cells <= MAX_CELLS).then_some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::resolve::Lines;
    use crate::diff::tagged::TaggedLine::{Add, Context, Delete, Gap};

    const FILE: &str = "\
fn first() {
    let alpha = load_alpha();
    let beta = load_beta();

    let gamma = alpha + beta;
    report(gamma);
    store(gamma);
}

fn second() {
    let alpha = load_alpha();
    let delta = load_delta();
    report(delta);
}
";

    /// Block lines with their tag in front; `expected` has the one-based file line of each.
    fn check(lines: &[&str], expected: Result<&[usize], &Missed>) {
        let block: Vec<TaggedLine> = lines
            .iter()
            .map(|line| match line.split_at(1) {
                ("-", text) => Delete(text.to_owned()),
                ("+", text) => Add(text.to_owned()),
                ("?", text) => Gap(text.to_owned()),
                (_, text) => Context(text.to_owned()),
            })
            .collect();
        let cut = Lines::new(FILE);
        let index = LineIndex::new(&cut);
        let found = align(&block, &index, true)
            .map(|found| found.at.iter().map(|at| at.map_or(0, |at| at + 1)).collect::<Vec<_>>());
        assert_eq!(
            found.as_deref(),
            expected.map_err(|e| match e {
                Missed::NoPlace => &Missed::NoPlace,
                Missed::Several(_) => e,
            }),
            "{lines:?}"
        );
    }

    #[test]
    fn a_skipped_line_of_context() {
        check(
            &[
                "     let alpha = load_alpha();",
                "     let gamma = alpha + beta;",
                "-    report(gamma);",
                "     store(gamma);",
            ],
            Err(&Missed::NoPlace),
        );
        check(
            &[
                " fn first() {",
                "     let beta = load_beta();",
                "",
                "     let gamma = alpha + beta;",
                "-    report(gamma);",
                "     store(gamma);",
            ]
            .map(|line| if line.is_empty() { " " } else { line }),
            Ok(&[1, 3, 4, 5, 6, 7]),
        );
    }

    #[test]
    fn reworded_context() {
        check(
            &[
                "     let gamma = alpha + betas;",
                "-    report(gamma);",
                "+    print(gamma);",
                "     store(gamma);",
            ],
            Ok(&[5, 6, 0, 7]),
        );
    }

    #[test]
    fn deleted_lines_must_match_and_stand_together() {
        check(
            &["     let gamma = alpha + beta;", "-    report(gammas);", "     store(gamma);"],
            Err(&Missed::NoPlace),
        );
        check(
            &["     let beta = load_beta();", "-    let gamma = alpha + beta;", "-    store(gamma);", " }"],
            Err(&Missed::NoPlace),
        );
    }

    #[test]
    fn what_comes_needs_neighbours() {
        check(
            &["     let beta = load_beta();", "+    x();", "     report(gamma);", "     store(gamma);"],
            Err(&Missed::NoPlace),
        );
    }

    #[test]
    fn a_gap_is_free() {
        check(&[" fn first() {", "?    // ...", "-    store(gamma);", " }"], Ok(&[1, 0, 7, 8]));
    }
}
