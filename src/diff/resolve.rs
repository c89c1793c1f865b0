//! Finds the one place of each block in the text the model saw, and proves it byte by byte.
//!
//! Exact and right-trimmed lines are one class: a block that fits at several places in that class is refused,
//! however exact one of them is. Nothing looser is tried. What a found block changes is narrowed to the whole
//! lines that really differ; lines that come take the file's own line ends, and a missing final line end stays
//! missing as long as the last line stays. (Whole lines go: without its last line the file ends with a line end.)

mod index;
mod lines;
mod nearest;

use index::{Found, LineIndex};
pub use lines::{Line, Lines};

use super::lower::{FilePatch, LineHunk, PatchKind};
use super::tagged::TaggedLine;
use super::{Evidence, FileChange, FileSet, Hunk, Refusal, RefusalCode, Tier};

/// How many places of an ambiguous block are listed.
const LISTED_PLACES: usize = 8;

/// Resolves one file's patch against the text the model saw; `None` when nothing of it would change.
///
/// # Errors
/// A refusal for each block that has not exactly one place, or that changes what another changes.
pub fn resolve(patch: &FilePatch, base: &FileSet) -> Result<Option<FileChange>, Vec<Refusal>> {
    let line_hunks = match &patch.kind {
        PatchKind::Create(text) => return Ok(Some(FileChange::create(&patch.path, text))),
        PatchKind::Modify(line_hunks) => line_hunks,
        PatchKind::Delete(_) => return Ok(None),
    };
    let text = base.files.get(&patch.path).map(String::from).unwrap_or_default();
    let lines = Lines::new(&text);
    let index = LineIndex::new(&lines);
    let mut hunks = Vec::new();
    let mut refusals = Vec::new();
    for line_hunk in line_hunks {
        match locate(line_hunk, &index) {
            Ok((at, tier)) => hunks.extend(changes(line_hunk, at, tier, &lines)),
            Err(refusal) => refusals.push(refusal.of_block(&patch.path, line_hunk.block)),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
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

/// The one place of a block: the index of its first line, and how exactly it fits.
fn locate(line_hunk: &LineHunk, index: &LineIndex<'_>) -> Result<(usize, Tier), Refusal> {
    let pattern: Vec<&str> = line_hunk
        .lines
        .iter()
        .filter(|line| !matches!(line, TaggedLine::Add(_)))
        .map(TaggedLine::text)
        .collect();
    if pattern.is_empty() {
        // Lowering lets a block without old lines through only for an empty file.
        return Ok((0, Tier::Exact));
    }
    let found = match line_hunk.place {
        Some(at) if index.fits_at(&pattern, at) => Found::Once(at),
        _ => index.find(&pattern),
    };
    match found {
        Found::Once(at) => {
            let exact = pattern.iter().enumerate().all(|(offset, line)| index.content(at + offset) == *line);
            Ok((at, if exact { Tier::Exact } else { Tier::RightTrimmed }))
        }
        Found::Nowhere => {
            let (nearest, hint) = nearest::nearest(&pattern, index);
            let found = nearest::lines_at(nearest.first(), &pattern, index);
            let mut refusal =
                Refusal::new(RefusalCode::NoSuchPlace, "The lines to replace are not in the file", hint)
                    .tried(Tier::RightTrimmed)
                    .showing(found);
            refusal.nearest = nearest;
            Err(refusal)
        }
        Found::Several(places) => {
            let mut listed: Vec<String> =
                places.iter().take(LISTED_PLACES).map(|at| (at + 1).to_string()).collect();
            if places.len() > LISTED_PLACES {
                listed.push("more".to_owned());
            }
            let mut refusal = Refusal::new(
                RefusalCode::AmbiguousPlace,
                format!("The lines to replace are in several places: lines {}", listed.join(", ")),
                "Quote more of the lines around them, until they fit in one place only.",
            );
            refusal.nearest = places
                .iter()
                .take(LISTED_PLACES)
                .map(|at| super::Nearest { line: at + 1, distance: 0.0 })
                .collect();
            Err(refusal)
        }
    }
}

/// The whole lines that a block found at line `at` really changes.
fn changes(line_hunk: &LineHunk, at: usize, tier: Tier, lines: &Lines<'_>) -> Vec<Hunk> {
    let mut hunks = Vec::new();
    let mut run = Run { from: at, to: at, added: Vec::new() };
    for line in &line_hunk.lines {
        match line {
            TaggedLine::Delete(_) => run.to += 1,
            TaggedLine::Add(line) => run.added.push(line),
            TaggedLine::Context(_) | TaggedLine::Gap(_) => {
                let next = run.to + 1;
                hunks.extend(run.hunk(line_hunk.block, tier, lines));
                run = Run { from: next, to: next, added: Vec::new() };
            }
        }
    }
    hunks.extend(run.hunk(line_hunk.block, tier, lines));
    hunks
}

/// A run of lines that go, and the lines that come for them.
struct Run<'a> {
    from: usize,
    to: usize,
    added: Vec<&'a str>,
}

impl Run<'_> {
    /// The run as a hunk, narrowed to what differs from the file; `None` when nothing does.
    fn hunk(&self, block: usize, tier: Tier, lines: &Lines<'_>) -> Option<Hunk> {
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
        Some(Hunk {
            range: lines.start(from)..lines.start(to),
            insert: with_line_ends(added, from, to, lines),
            evidence: Evidence { tier, ..Evidence::EXACT },
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
