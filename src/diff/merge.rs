//! Brings two changes of one text together, line by line.
//!
//! Where only one side changed a line, its change is taken; where both made the same change, it is taken once. Where
//! they changed the same lines otherwise, or inserted at the same place, nobody can say what is meant: that is a
//! [`Conflict`], which keeps both sides. An insertion or a deletion among equal lines could as well stand at any of
//! several places, so a change anywhere along that way is a conflict as well. Nothing is lost, and no line end is
//! changed.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::resolve::Lines;
use crate::text::Rope;

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The merged text; with `ours` wherever the sides conflict.
    pub text: String,
    /// Where they do, in order; none when the merge is clean.
    pub conflicts: Vec<Conflict>,
}

/// A place where both sides changed the same lines, each in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Bytes of [`Merged::text`]: where `ours` stands.
    pub range: Range<usize>,
    /// The lines of our side, with their line ends; they are in the text.
    pub ours: String,
    /// The lines both sides began with.
    pub base: String,
    /// The lines of their side.
    pub theirs: String,
}

impl Merged {
    /// Whether the text is all of both sides.
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty()
    }

    /// The text with both sides of every conflict between markers, as git writes them. `ours` and `theirs` name the
    /// sides, each in one line.
    pub fn marked(&self, ours: &str, theirs: &str) -> String {
        let (ours, theirs) = (one_line(ours), one_line(theirs));
        let end = Lines::new(&self.text).usual_end().to_owned();
        let mut marked = String::with_capacity(self.text.len() + 64 * self.conflicts.len());
        let mut done = 0;
        for conflict in &self.conflicts {
            marked.push_str(&self.text[done..conflict.range.start]);
            for (marker, lines) in
                [(format!("<<<<<<< {ours}"), &conflict.ours), ("=======".to_owned(), &conflict.theirs)]
            {
                marked.push_str(&marker);
                marked.push_str(&end);
                marked.push_str(lines);
                // The last line of a file may have no end: the marker still gets a line of its own.
                if !lines.is_empty() && !lines.ends_with(['\n', '\r']) {
                    marked.push_str(&end);
                }
            }
            marked.push_str(&format!(">>>>>>> {theirs}{end}"));
            done = conflict.range.end;
        }
        marked.push_str(&self.text[done..]);
        marked
    }
}

fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Brings the changes that lead from `base` to `ours` and from `base` to `theirs` together. With the sides swapped the
/// conflicts are the same, sides swapped.
pub fn merge(base: &Rope, ours: &Rope, theirs: &Rope) -> Merged {
    if ours == theirs || base == theirs {
        return Merged { text: ours.to_string(), conflicts: Vec::new() };
    }
    if base == ours {
        return Merged { text: theirs.to_string(), conflicts: Vec::new() };
    }
    let (base, ours, theirs) = (base.to_string(), ours.to_string(), theirs.to_string());
    let mut ids = HashMap::new();
    let [base, ours, theirs] = [&base, &ours, &theirs].map(|text| Cut::new(text, &mut ids));
    let (of_ours, of_theirs) = (runs(&base, &ours), runs(&base, &theirs));
    let mut merged = Merged { text: String::new(), conflicts: Vec::new() };
    let (mut our_map, mut their_map) = (Map::new(&of_ours), Map::new(&of_theirs));
    let mut done = 0;
    for region in regions(&of_ours, &of_theirs) {
        merged.text.push_str(base.piece(&(done..region.start)));
        done = region.end;
        let before = base.piece(&region);
        let mine = ours.piece(&our_map.carry(&region));
        let other = theirs.piece(&their_map.carry(&region));
        let start = merged.text.len();
        merged.text.push_str(if mine == before { other } else { mine });
        if mine != before && other != before && mine != other {
            merged.conflicts.push(Conflict {
                range: start..merged.text.len(),
                ours: mine.to_owned(),
                base: before.to_owned(),
                theirs: other.to_owned(),
            });
        }
    }
    merged.text.push_str(base.piece(&(done..base.ids.len())));
    merged
}

/// A text cut into lines, with a number for each: equal lines have equal ones.
struct Cut<'t> {
    text: &'t str,
    ids: Vec<u32>,
    /// Where each line begins, and where the last ends.
    starts: Vec<usize>,
}

impl<'t> Cut<'t> {
    fn new(text: &'t str, numbers: &mut HashMap<&'t str, u32>) -> Self {
        let lines = Lines::new(text);
        // A byte order mark belongs to the first line here, or is a line by itself.
        let n_lines = lines.len().max(usize::from(!text.is_empty()));
        let mut starts: Vec<usize> =
            (0..n_lines).map(|at| if at == 0 { 0 } else { lines.start(at) }).collect();
        starts.push(text.len());
        let ids = starts.windows(2).map(|ends| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(&text[ends[0]..ends[1]]).or_insert(next)
        });
        Self { text, ids: ids.collect(), starts }
    }

    fn piece(&self, lines: &Range<usize>) -> &'t str {
        &self.text[self.starts[lines.start]..self.starts[lines.end]]
    }
}

/// Lines of the base that a side has in another way.
#[derive(Debug, Clone)]
struct Run {
    /// Lines of the base.
    base: Range<usize>,
    /// Lines of the side.
    side: Range<usize>,
    /// Lines of the base along which this could stand with the same result.
    reach: Range<usize>,
}

impl Run {
    fn is_insertion(&self) -> bool {
        self.base.is_empty()
    }
}

/// The runs of a side, ascending and disjoint.
fn runs(base: &Cut<'_>, side: &Cut<'_>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &base.ids, &side.ids) {
        if op.tag() == DiffTag::Equal {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        match runs.last_mut() {
            Some(run) if run.base.end == old.start && run.side.end == new.start => {
                (run.base.end, run.side.end) = (old.end, new.end);
            }
            _ => runs.push(Run { base: old.clone(), side: new, reach: old }),
        }
    }
    for at in 0..runs.len() {
        let from = at.checked_sub(1).map_or(0, |before| runs[before].base.end);
        let to = runs.get(at + 1).map_or(base.ids.len(), |after| after.base.start);
        runs[at].reach = reach(&runs[at], base, side, &(from..to));
    }
    runs
}

/// How far a pure insertion or deletion could slide within `gap`.
fn reach(run: &Run, base: &Cut<'_>, side: &Cut<'_>, gap: &Range<usize>) -> Range<usize> {
    let lines = match (run.base.is_empty(), run.side.is_empty()) {
        (true, false) => &side.ids[run.side.clone()],
        (false, true) => &base.ids[run.base.clone()],
        _ => return run.base.clone(),
    };
    let mut reach = run.base.clone();
    for id in lines.iter().cycle().take(gap.end - reach.end) {
        if base.ids[reach.end] != *id {
            break;
        }
        reach.end += 1;
    }
    for id in lines.iter().rev().cycle().take(reach.start - gap.start) {
        if base.ids[reach.start - 1] != *id {
            break;
        }
        reach.start -= 1;
    }
    reach
}

/// The lines of the base that belong together because runs on them get in each other's way; ascending and disjoint.
fn regions(ours: &[Run], theirs: &[Run]) -> Vec<Range<usize>> {
    let mut all: Vec<&Run> = ours.iter().chain(theirs).collect();
    // Insertions first: they alone touch what ends where they begin, whatever else begins there.
    all.sort_by_key(|run| (run.reach.start, !run.is_insertion(), run.reach.end));
    let mut regions: Vec<(Range<usize>, Range<usize>, bool)> = Vec::new();
    for run in all {
        match regions.last_mut() {
            // Of changes that only touch, an insertion makes it unclear which comes first.
            Some((lines, reach, inserts_at_end))
                if run.reach.start < reach.end
                    || run.reach.start == reach.end && (run.is_insertion() || *inserts_at_end) =>
            {
                *inserts_at_end = match run.reach.end.cmp(&reach.end) {
                    std::cmp::Ordering::Greater => run.is_insertion(),
                    std::cmp::Ordering::Equal => *inserts_at_end || run.is_insertion(),
                    std::cmp::Ordering::Less => *inserts_at_end,
                };
                *lines = lines.start.min(run.base.start)..lines.end.max(run.base.end);
                reach.end = reach.end.max(run.reach.end);
            }
            _ => regions.push((run.base.clone(), run.reach.clone(), run.is_insertion())),
        }
    }
    regions.into_iter().map(|(lines, ..)| lines).collect()
}

/// Tells where ranges of the base are on a side; asked in ascending order.
struct Map<'r> {
    runs: &'r [Run],
    /// The place of the base that was reached, and the same place on the side.
    at: (usize, usize),
}

impl<'r> Map<'r> {
    fn new(runs: &'r [Run]) -> Self {
        Self { runs, at: (0, 0) }
    }

    /// No run lies half in `lines`.
    fn carry(&mut self, lines: &Range<usize>) -> Range<usize> {
        let start = self.at.1 + (lines.start - self.at.0);
        self.at = (lines.start, start);
        while let Some((run, rest)) = self.runs.split_first()
            && run.base.start >= lines.start
            && run.base.end <= lines.end
        {
            self.at = (run.base.end, run.side.end);
            self.runs = rest;
        }
        let end = self.at.1 + (lines.end - self.at.0);
        self.at = (lines.end, end);
        start..end
    }
}

#[cfg(test)]
mod tests;
