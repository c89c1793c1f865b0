//! The ladder: the one place of a block, tried from strict to loose.
//!
//! Exact or right-trimmed → the same for other readings of the block → already applied → trimmed → canonical → already
//! applied as the file is indented → aligned.
//! A rung that finds several places ends the climb: looser ones would find as many. Hints choose among places of a
//! rung, they never find one.

use super::align::{self, Missed};
use super::gap;
use super::hints::{Guide, places};
use super::indent;
use super::index::LineIndex;
use super::key::{Key, plain, weight};
use super::nearest;
use super::noise;
use crate::diff::lower::{LineHunk, elision};
use crate::diff::tagged::{TaggedLine, added, new_side, old_side};
use crate::diff::{Evidence, Nearest, Refusal, RefusalCode, Tier};

/// How many places of an ambiguous block are listed.
const LISTED_PLACES: usize = 8;
/// Letters and digits that old lines must have to be looked for with a loose key, and new lines to pass for applied
/// already.
const MIN_WEIGHT: usize = 10;
/// The same of several old lines in a run: that they follow each other says as much.
const MIN_RUN_WEIGHT: usize = 4;

/// The place is known, but not how what comes is indented.
pub(super) fn unclear_indentation(at: &[Option<usize>]) -> Refusal {
    let line = at.iter().flatten().next().map_or(0, |at| at + 1);
    let mut refusal = Refusal::new(
        RefusalCode::UnclearIndentation,
        format!("The lines are at line {line}, but it is not clear how far to indent the new ones"),
        "Copy the lines to replace with their indentation as it is in the file.",
    );
    refusal.nearest = vec![Nearest { line, distance: 0.0 }];
    refusal
}

/// A block in its place.
#[derive(Debug)]
pub(super) struct Placed {
    /// The lines as read; what comes is indented as the file is.
    pub(super) lines: Vec<TaggedLine>,
    /// For each of them, its line in the file; `None` for what comes, and for context that is not there.
    pub(super) at: Vec<Option<usize>>,
    /// How sure the place is.
    pub(super) evidence: Evidence,
    /// Whether the reply lost the depth of the lines that it quotes.
    pub(super) lost_depth: bool,
}

/// What is left to do for a block.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It belongs here.
    Placed(Placed),
    /// Its change was made already.
    AlreadyApplied,
}

/// Finds the place of a block; not `thorough`, without alignment and without the nearest places.
///
/// # Errors
/// When it has no place, several, or one where it is not clear how to write it.
pub(super) fn place(
    line_hunk: &LineHunk,
    index: &LineIndex<'_>,
    guide: &Guide<'_>,
    thorough: bool,
) -> Result<Outcome, Refusal> {
    let lines = literal_gaps(&line_hunk.lines, index);
    let old = old_side(&lines);
    if old.is_empty() {
        return without_old_lines(line_hunk, index).map(Outcome::Placed);
    }
    let search = Search { line_hunk, index, guide };
    if let Some(at) = line_hunk.place
        && index.fits_at(Key::RightTrimmed, &old, at)
    {
        return Ok(search.at(lines, at));
    }
    let has_gap = lines.iter().any(|line| matches!(line, TaggedLine::Gap(_)));
    if has_gap && lines.iter().any(|line| matches!(line, TaggedLine::Add(text) if elision::is_dots(text))) {
        return Err(elision::refusal("..."));
    }
    if !has_gap && let Some(outcome) = search.in_one_run(&lines)? {
        return Ok(outcome);
    }
    // Blank lines are everywhere, so ask for the whole new text before a blank line comes or goes.
    if changes_only_blanks(&lines) && search.is_applied(&lines) {
        return Ok(Outcome::AlreadyApplied);
    }
    if thorough && let Some(placed) = search.aligned(&lines)? {
        return Ok(Outcome::Placed(placed));
    }
    if has_gap {
        let without: Vec<TaggedLine> =
            lines.iter().filter(|line| !matches!(line, TaggedLine::Gap(_))).cloned().collect();
        if let Some(outcome) = search.in_one_run(&without)? {
            return Ok(outcome);
        }
    }
    let is_applied = search.is_applied(&lines)
        || thorough && adds_weight(&lines) >= MIN_WEIGHT && search.is_applied_as_indented(&lines);
    if is_applied && !search.is_elsewhere(&lines) {
        return Ok(Outcome::AlreadyApplied);
    }
    if !thorough {
        return Err(not_there("Copy the lines to replace from the file as it is now.".to_owned()));
    }
    let (nearest, hint) = nearest::nearest(&old, index);
    let found = nearest::lines_at(nearest.first(), &old, index);
    let mut refusal = not_there(hint).tried(Tier::Aligned).showing(found);
    refusal.nearest = nearest;
    Err(refusal)
}

fn not_there(hint: String) -> Refusal {
    Refusal::new(RefusalCode::NoSuchPlace, "The lines to replace are not in the file", hint)
}

/// A line that reads as an elision but is in the file is an ordinary line.
fn literal_gaps(lines: &[TaggedLine], index: &LineIndex<'_>) -> Vec<TaggedLine> {
    let is_there = |line: &str| index.equal_lines(Key::RightTrimmed, line).next().is_some();
    lines
        .iter()
        .map(|line| match line {
            TaggedLine::Gap(text) if is_there(text) => TaggedLine::Context(text.clone()),
            line => line.clone(),
        })
        .collect()
}

/// A block that quotes nothing fits an empty file, or the end of a file when it says so.
fn without_old_lines(line_hunk: &LineHunk, index: &LineIndex<'_>) -> Result<Placed, Refusal> {
    if index.len() == 0 || line_hunk.hints.at_end {
        let at = vec![None; line_hunk.lines.len()];
        return Ok(Placed {
            lines: line_hunk.lines.clone(),
            at,
            evidence: Evidence::EXACT,
            lost_depth: false,
        });
    }
    Err(Refusal::new(
        RefusalCode::NoSuchPlace,
        "The block says what comes, but not where",
        "Quote the lines next to which the new text belongs.",
    ))
}

struct Search<'s> {
    line_hunk: &'s LineHunk,
    index: &'s LineIndex<'s>,
    guide: &'s Guide<'s>,
}

impl Search<'_> {
    /// The rungs that look for all old lines in one run.
    fn in_one_run(&self, lines: &[TaggedLine]) -> Result<Option<Outcome>, Refusal> {
        let placed = |placed| Some(Outcome::Placed(placed));
        if let Some(at) = self.run(lines, Key::RightTrimmed)? {
            return Ok(Some(self.at(lines.to_vec(), at)));
        }
        if adds_weight(lines) >= MIN_WEIGHT && self.is_applied(lines) && !self.is_elsewhere(lines) {
            return Ok(Some(Outcome::AlreadyApplied));
        }
        for read in noise::readings(lines) {
            let old = old_side(&read);
            let several = places(self.index.find(Key::RightTrimmed, &old));
            let chosen = match several[..] {
                [] => None,
                [only] => Some(only),
                _ => self.guide.choose(&several, old.len(), &self.line_hunk.hints),
            };
            if let Some(at) = chosen {
                let mut found = self.exact(read, at);
                found.evidence.tier = Tier::Canonical;
                return Ok(placed(found));
            }
        }
        if !is_telling(lines) {
            return Ok(None);
        }
        for (key, tier) in [(Key::Trimmed, Tier::Trimmed), (Key::Canonical, Tier::Canonical)] {
            if let Some(at) = self.run(lines, key)? {
                let evidence = Evidence { tier, ..Evidence::EXACT };
                let Some(found) = self.written_as_the_file_is(lines, run_from(at, lines), evidence)? else {
                    break;
                };
                return Ok(placed(found));
            }
        }
        Ok(None)
    }

    /// The one line where the old lines are; `None` when they are nowhere.
    fn run(&self, lines: &[TaggedLine], key: Key) -> Result<Option<usize>, Refusal> {
        let old = old_side(lines);
        let several = places(self.index.find(key, &old));
        match several[..] {
            [] => Ok(None),
            [only] if self.guide.contradicts(only, old.len(), &self.line_hunk.hints) => Err(elsewhere(only)),
            [only] => Ok(Some(only)),
            _ => self
                .guide
                .choose(&several, old.len(), &self.line_hunk.hints)
                .map(Some)
                .ok_or_else(|| ambiguous(&several)),
        }
    }

    /// What is left to do for a block whose old lines are at line `at`, but for blanks at line ends.
    fn at(&self, lines: Vec<TaggedLine>, at: usize) -> Outcome {
        if self.is_there(&lines, at) {
            Outcome::AlreadyApplied
        } else {
            Outcome::Placed(self.exact(lines, at))
        }
    }

    /// The block with its old lines in one run from line `at`, where they are but for blanks at line ends.
    fn exact(&self, lines: Vec<TaggedLine>, at: usize) -> Placed {
        let at = run_from(at, &lines);
        let is_exact = lines.iter().zip(&at).all(|(line, at)| match (line.old(), at) {
            (Some(line), Some(at)) => line == self.index.content(*at),
            _ => true,
        });
        let tier = if is_exact { Tier::Exact } else { Tier::RightTrimmed };
        Placed { lines, at, evidence: Evidence { tier, ..Evidence::EXACT }, lost_depth: false }
    }

    /// Re-bases what comes: its indentation, and the quotes and dashes that the reply made up. `None` when the
    /// indentations of the old lines do not go together.
    fn written_as_the_file_is(
        &self,
        lines: &[TaggedLine],
        at: Vec<Option<usize>>,
        evidence: Evidence,
    ) -> Result<Option<Placed>, Refusal> {
        // A line that is worded otherwise says nothing about how its like is written.
        let found: Vec<Option<&str>> = lines
            .iter()
            .zip(&at)
            .map(|(line, at)| {
                at.map(|at| self.index.content(at)).filter(|there| Key::Canonical.same(line.text(), there))
            })
            .collect();
        if !indent::is_consistent(lines, &found) {
            return Ok(None);
        }
        let lost_depth = indent::lost_depth(lines, &found);
        let Some(lines) = indent::rebased(lines, &found) else {
            return Err(unclear_indentation(&at));
        };
        let lines = plainly_quoted(lines, &found);
        Ok(Some(Placed { lines, at, evidence, lost_depth }))
    }

    fn aligned(&self, lines: &[TaggedLine]) -> Result<Option<Placed>, Refusal> {
        // First with braces as they are indented in the file: they look alike everywhere.
        let aligned = match align::align(lines, self.index, true) {
            Err(Missed::NoPlace) if lines.iter().any(is_brace) => align::align(lines, self.index, false),
            aligned => aligned,
        };
        let alignment = match aligned {
            Ok(alignment) => alignment,
            Err(Missed::NoPlace) => return Ok(None),
            Err(Missed::Several(places)) => return Err(ambiguous(&places)),
        };
        let mut at = alignment.at;
        at.resize(lines.len(), None);
        if !gap::stay_inside(lines, &at, self.index) {
            return Ok(None);
        }
        let n_old = lines.iter().filter(|line| line.old().is_some()).count();
        #[expect(clippy::cast_precision_loss, reason = "a number of lines")]
        let cost = (alignment.cost / n_old.max(1) as f32).min(1.0);
        let margin = (alignment.margin / 2.0).min(1.0);
        let evidence = Evidence { tier: Tier::Aligned, cost, margin };
        self.written_as_the_file_is(lines, at, evidence)
    }

    /// Whether the new lines are in the file, in one place.
    fn is_applied(&self, lines: &[TaggedLine]) -> bool {
        self.applied_at(lines, Key::RightTrimmed).is_some()
    }

    /// The same for new lines that were written as the file is indented: nested as in the reply, by other steps. A line
    /// that stays has to be there and nowhere else: a like place that always was so is not the one that is meant.
    fn is_applied_as_indented(&self, lines: &[TaggedLine]) -> bool {
        let is_only = |line: &TaggedLine| match line {
            TaggedLine::Context(text) => {
                weight(text) > 0 && self.index.equal_lines(Key::Trimmed, text).count() == 1
            }
            _ => false,
        };
        if !lines.iter().any(is_only) {
            return false;
        }
        let Some(at) = self.applied_at(lines, Key::Trimmed) else { return false };
        let pairs = new_side(lines).into_iter().enumerate();
        indent::is_nested_alike(pairs.map(|(nth, line)| (line, self.index.content(at + nth))))
    }

    /// The one line from which on the new lines are in the file.
    fn applied_at(&self, lines: &[TaggedLine], key: Key) -> Option<usize> {
        let new = new_side(lines);
        let changes = lines.iter().any(TaggedLine::is_change);
        let has_gap = lines.iter().any(|line| matches!(line, TaggedLine::Gap(_)));
        // A header that counts other lines than are there: something was read as what it is not.
        let adds = lines.iter().any(TaggedLine::is_added);
        let counts_fit = adds || self.line_hunk.hints.counts_fit != Some(false);
        let says_enough = new.iter().map(|line| weight(line)).sum::<usize>() >= MIN_WEIGHT;
        if !changes || has_gap || !counts_fit || !says_enough {
            return None;
        }
        match places(self.index.find(key, &new))[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether the old lines are loosely somewhere else than where the new ones are.
    fn is_elsewhere(&self, lines: &[TaggedLine]) -> bool {
        let old = old_side(lines);
        let new = new_side(lines);
        let there = places(self.index.find(Key::RightTrimmed, &new));
        let is_there =
            |at: usize| there.iter().any(|there| at < there + new.len() && *there < at + old.len());
        let loosely = |key: Key| places(self.index.find(key, &old)).into_iter();
        loosely(Key::Trimmed).chain(loosely(Key::Canonical)).any(|at| !is_there(at))
    }

    /// Whether a block that only inserts, and whose old lines are at `at`, was applied there already.
    fn is_there(&self, lines: &[TaggedLine], at: usize) -> bool {
        let deletes = lines.iter().any(|line| matches!(line, TaggedLine::Delete(_)));
        if deletes || adds_weight(lines) < MIN_WEIGHT {
            return false;
        }
        let new = new_side(lines);
        let n_old = lines.iter().filter(|line| line.old().is_some()).count();
        let n_before = lines.iter().take_while(|line| line.is_added()).count();
        let is_at = |at: Option<usize>| at.is_some_and(|at| self.index.fits_at(Key::RightTrimmed, &new, at));
        // Its lines may be those that the new text begins with, or those that it ends with.
        is_at(at.checked_sub(n_before)) || is_at((at + n_old).checked_sub(new.len()))
    }
}

/// The lines of the file, from `at` on, for the old lines of a block in one run.
fn run_from(mut at: usize, lines: &[TaggedLine]) -> Vec<Option<usize>> {
    let mut next = || {
        at += 1;
        at - 1
    };
    lines.iter().map(|line| line.old().map(|_| next())).collect()
}

/// Whether the old lines say enough to be looked for with a loose key.
fn is_telling(lines: &[TaggedLine]) -> bool {
    let filled: Vec<&str> =
        lines.iter().filter_map(TaggedLine::old).filter(|line| !line.trim().is_empty()).collect();
    let least = if filled.len() > 1 { MIN_RUN_WEIGHT } else { MIN_WEIGHT };
    filled.iter().map(|line| weight(line)).sum::<usize>() >= least
}

fn is_brace(line: &TaggedLine) -> bool {
    line.old().is_some_and(|line| weight(line) == 0 && !line.trim().is_empty())
}

fn changes_only_blanks(lines: &[TaggedLine]) -> bool {
    lines.iter().filter(|line| line.is_change()).all(|line| line.text().trim().is_empty())
}

fn adds_weight(lines: &[TaggedLine]) -> usize {
    added(lines).map(weight).sum()
}

/// The lines with typographic quotes and dashes in what comes made plain, where a reply's old lines have the same ones
/// for plain ones in the file. A reply that writes both knows the difference.
fn plainly_quoted(lines: Vec<TaggedLine>, found: &[Option<&str>]) -> Vec<TaggedLine> {
    let old = || lines.iter().zip(found).filter_map(|(line, found)| Some((line.old()?, (*found)?)));
    let plains: Vec<char> = ['\'', '"', '-']
        .into_iter()
        .filter(|&mark| {
            let is_fancy = |c: char| c != mark && plain(c) == mark && !is_wide(c);
            old().any(|(line, _)| line.contains(is_fancy))
                && !old().any(|(_, found)| found.contains(is_fancy))
                && !added(&lines).any(|line| line.contains(mark))
        })
        .collect();
    if plains.is_empty() {
        return lines;
    }
    let written = |c: char| if plains.contains(&plain(c)) && !is_wide(c) { plain(c) } else { c };
    lines
        .iter()
        .map(|line| match line {
            TaggedLine::Add(text) => TaggedLine::Add(text.chars().map(written).collect()),
            line => line.clone(),
        })
        .collect()
}

/// Full-width characters belong to the scripts that write them.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{ff00}'..='\u{ffef}')
}

/// The lines are not in the definition that the block names.
fn elsewhere(at: usize) -> Refusal {
    let message =
        format!("The lines to replace are at line {}, outside of the definition named behind `@@`", at + 1);
    let hint = "Name the definition that the lines are in, or none.";
    let mut refusal = Refusal::new(RefusalCode::NoSuchPlace, message, hint);
    refusal.nearest = vec![Nearest { line: at + 1, distance: 0.0 }];
    refusal
}

fn ambiguous(places: &[usize]) -> Refusal {
    let mut listed: Vec<String> = places.iter().take(LISTED_PLACES).map(|at| (at + 1).to_string()).collect();
    if places.len() > LISTED_PLACES {
        listed.push("more".to_owned());
    }
    let mut refusal = Refusal::new(
        RefusalCode::AmbiguousPlace,
        format!("The lines to replace are in several places: lines {}", listed.join(", ")),
        "Quote more of the lines around them, until they fit in one place only.",
    );
    refusal.nearest =
        places.iter().take(LISTED_PLACES).map(|at| Nearest { line: at + 1, distance: 0.0 }).collect();
    refusal
}
