//! What a placed block really changes: hunks of whole lines, narrowed to what differs, with the file's line ends.

use super::lines::Lines;
use super::place::Placed;
use crate::diff::tagged;
use crate::diff::{Evidence, Hunk};

/// The hunks of a placed block; `None` when what comes would stand between lines that are not neighbours.
pub(super) fn hunks(placed: &Placed, block: usize, lines: &Lines<'_>) -> Option<Vec<Hunk>> {
    let mut hunks = Vec::new();
    let mut next = 0;
    while next < placed.lines.len() {
        if !placed.lines[next].is_change() {
            next += 1;
            continue;
        }
        let length = placed.lines[next..].iter().take_while(|line| line.is_change()).count();
        let run = Run::new(placed, next, length, lines)?;
        hunks.extend(run.hunk(block, placed.evidence, lines));
        next += length;
    }
    Some(hunks)
}

/// A run of lines that go, and the lines that come for them.
struct Run<'a> {
    from: usize,
    to: usize,
    added: Vec<&'a str>,
}

impl<'a> Run<'a> {
    /// The run of `length` changed lines from line `first` of the block.
    fn new(placed: &'a Placed, first: usize, length: usize, lines: &Lines<'_>) -> Option<Self> {
        let run = first..first + length;
        let added = tagged::added(&placed.lines[run.clone()]).collect();
        let gone: Vec<usize> = placed.at[run.clone()].iter().flatten().copied().collect();
        if let [from, ..] = gone[..] {
            let is_run = gone.iter().enumerate().all(|(nth, at)| *at == from + nth);
            return is_run.then_some(Self { from, to: from + gone.len(), added });
        }
        let before = first.checked_sub(1).and_then(|at| placed.at[at]).map(|at| at + 1);
        let behind = placed.at.get(run.end).copied().flatten();
        let at = match (before, behind) {
            (Some(before), Some(behind)) if before != behind => return None,
            (Some(at), _) | (None, Some(at)) => at,
            // A block without old lines goes to the end.
            (None, None) if placed.at.iter().all(Option::is_none) => lines.len(),
            (None, None) => return None,
        };
        Some(Self { from: at, to: at, added })
    }

    /// The run as a hunk, narrowed to what differs from the file; `None` when nothing does.
    fn hunk(&self, block: usize, evidence: Evidence, lines: &Lines<'_>) -> Option<Hunk> {
        let (mut from, mut to) = (self.from, self.to);
        let mut added = &self.added[..];
        while let (true, [first, rest @ ..]) = (from < to, added)
            && lines.content(from) == *first
        {
            (from, added) = (from + 1, rest);
        }
        while let (true, [rest @ .., last]) = (from < to, added)
            && lines.content(to - 1) == *last
        {
            (to, added) = (to - 1, rest);
        }
        if from == to && added.is_empty() {
            return None;
        }
        // Of equal lines the last one stays, so that the file goes on ending as it does.
        if added.is_empty()
            && to == lines.len()
            && lines.end(to - 1).is_empty()
            && from > 0
            && lines.content(from - 1) == lines.content(to - 1)
        {
            (from, to) = (from - 1, to - 1);
        }
        Some(Hunk {
            range: lines.start(from)..lines.start(to),
            insert: with_line_ends(added, from, to, lines),
            evidence,
            line: from + 1,
            block,
        })
    }
}

/// Gives the lines that replace lines `from..to` the line ends of the lines they replace, or of the line before an
/// insertion.
fn with_line_ends(added: &[&str], from: usize, to: usize, lines: &Lines<'_>) -> String {
    let mut text = String::new();
    // Behind a last line without a line end, that line has to be ended first; the new last one then has none.
    let after_open_end = from == lines.len() && from > 0 && lines.end(from - 1).is_empty();
    let keeps_open_end = after_open_end || (to == lines.len() && to > from && lines.end(to - 1).is_empty());
    let neighbour = |at: usize| {
        Some(at).filter(|&at| at < lines.len()).map(|at| lines.end(at)).filter(|end| !end.is_empty())
    };
    for (offset, line) in added.iter().enumerate() {
        let replaced = if from < to { neighbour((from + offset).min(to - 1)) } else { None };
        let end = replaced
            .or_else(|| from.checked_sub(1).and_then(neighbour))
            .or_else(|| neighbour(from))
            .unwrap_or_else(|| lines.usual_end());
        if after_open_end {
            text.push_str(end);
            text.push_str(line);
        } else {
            text.push_str(line);
            if !(keeps_open_end && offset + 1 == added.len()) {
                text.push_str(end);
            }
        }
    }
    text
}
