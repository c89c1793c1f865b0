//! Places: what the user typed meanwhile, lines that stand twice, blocks without context, changes that are there
//! already.

use std::ops::Range;

use super::super::block::{Block, Cut, n_places};
use super::super::case::Expected;
use super::super::script::{Fate, Line, Script, Tag, Typed};
use super::super::{Case, Format, Rng};
use super::Ask;

/// Blocks, or none in a whole file.
fn blocks(ask: &Ask<'_>) -> Option<Vec<Block>> {
    if ask.format == Format::Whole { Some(Vec::new()) } else { ask.blocks() }
}

/// Kept lines at least `distance` lines away from every change.
fn far_lines(script: &Script, distance: usize) -> Vec<usize> {
    let is_far = |at: &usize| {
        let around = at.saturating_sub(distance)..(at + distance + 1).min(script.lines.len());
        script.lines[around].iter().all(|line| line.tag == Tag::Keep)
    };
    (0..script.lines.len()).filter(is_far).collect()
}

/// The user typed in a place that the reply does not quote.
pub(super) fn typed_elsewhere(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = blocks(ask)?;
    let file = ask.rng.below(ask.files.len());
    let script = &mut ask.files[file];
    let free: Vec<usize> = far_lines(script, 6)
        .into_iter()
        .filter(|at| !blocks.iter().any(|b| b.file == file && b.range.contains(at)))
        .collect();
    for _ in 0..=ask.rng.below(3) {
        let at = *ask.rng.pick(&free)?;
        let typed = typed_at(script, at, &mut ask.rng);
        script.typed.insert(at, typed);
    }
    Some(ask.case(&ask.draft(blocks)))
}

/// A new line, a longer line, or one line less.
fn typed_at(script: &Script, at: usize, rng: &mut Rng) -> Typed {
    let text = &script.lines[at].text;
    let indent = &text[..text.len() - text.trim_start().len()];
    let (open, close) = script.comment();
    match rng.below(3) {
        0 => Typed { before: vec![format!("{indent}{open} typed meanwhile{close}")], line: Fate::Stays },
        1 => Typed { before: Vec::new(), line: Fate::Becomes(format!("{text} {open} typed{close}")) },
        _ => Typed { before: Vec::new(), line: Fate::Goes },
    }
}

/// The user changed a line that the reply quotes as context. It is none that the change could slide over.
pub(super) fn typed_in_context(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = blocks(ask)?;
    if ask.format == Format::Whole {
        return None;
    }
    let block = ask.rng.pick(&blocks)?.clone();
    let script = &mut ask.files[block.file];
    let changed: Vec<&str> = script.lines[block.range.clone()]
        .iter()
        .filter(|line| line.tag != Tag::Keep)
        .map(|line| line.text.trim())
        .collect();
    let kept: Vec<usize> = block
        .range
        .clone()
        .filter(|&at| script.lines[at].tag == Tag::Keep && !script.lines[at].is_blank())
        .filter(|&at| !changed.contains(&script.lines[at].text.trim()))
        .collect();
    let at = *ask.rng.pick(&kept)?;
    let (open, close) = script.comment();
    let instead = format!("{} {open} typed{close}", script.lines[at].text);
    script.typed.insert(at, Typed { before: Vec::new(), line: Fate::Becomes(instead) });
    Some(ask.case(&ask.draft(blocks)))
}

/// The user changed a line that goes, or typed where a line comes.
pub(super) fn typed_in_target(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = blocks(ask)?;
    let file = ask.rng.below(ask.files.len());
    type_in_target(&mut ask.files[file], &mut ask.rng)?;
    Some(ask.case(&ask.draft(blocks)).expecting(Expected::Refuse))
}

fn type_in_target(script: &mut Script, rng: &mut Rng) -> Option<usize> {
    let old: Vec<usize> = (0..script.lines.len())
        .filter(|&at| script.lines[at].tag == Tag::Old && !script.lines[at].is_blank())
        .collect();
    let at = *rng.pick(&old)?;
    let text = &script.lines[at].text;
    let instead = format!("{text} + typed");
    script.typed.insert(at, Typed { before: Vec::new(), line: Fate::Becomes(instead) });
    Some(at)
}

/// A place for a copy of a block: between two kept lines, away from all blocks.
fn place_for_twin(ask: &mut Ask<'_>, blocks: &[Block], file: usize) -> Option<usize> {
    let places: Vec<usize> = far_lines(&ask.files[file], 3)
        .into_iter()
        .filter(|at| {
            let near = |b: &Block| b.range.start <= at + 2 && *at <= b.range.end + 2;
            !blocks.iter().any(|b| b.file == file && near(b))
        })
        .collect();
    ask.rng.pick(&places).copied()
}

fn old_lines(script: &Script, range: &Range<usize>) -> Vec<String> {
    script.lines[range.clone()].iter().filter(|l| l.tag != Tag::New).map(|l| l.text.clone()).collect()
}

/// Copies a block's old lines to another place of the file that the model sees; returns the blocks where they are now,
/// which of them has a twin, and where the twin stands.
fn with_twin(ask: &mut Ask<'_>) -> Option<(Vec<Block>, usize, usize)> {
    if ask.format == Format::Whole {
        return None;
    }
    let mut blocks = ask.blocks()?;
    let nth = ask.rng.below(blocks.len());
    let (file, range) = (blocks[nth].file, blocks[nth].range.clone());
    let at = place_for_twin(ask, &blocks, file)?;
    let copy = old_lines(&ask.files[file], &range);
    let n_lines = copy.len();
    ask.files[file].lines.splice(at..at, copy.into_iter().map(|text| Line::new(Tag::Keep, text)));
    for block in blocks.iter_mut().filter(|block| block.file == file && block.range.start >= at) {
        block.range = block.range.start + n_lines..block.range.end + n_lines;
        block.numbers[0] += n_lines;
        block.numbers[2] += n_lines;
    }
    Some((blocks, nth, at))
}

/// The old lines stand twice and nothing says which are meant.
pub(super) fn twice(ask: &mut Ask<'_>) -> Option<Case> {
    let (mut blocks, nth, _) = with_twin(ask)?;
    blocks[nth].anchor = None;
    let mut draft = ask.draft(blocks);
    draft.numbers = super::super::render::Numbers::None;
    Some(ask.case(&draft).expecting(Expected::Refuse))
}

/// The old lines stand twice, and right numbers say which are meant.
pub(super) fn twice_numbered(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format != Format::Udiff {
        return None;
    }
    let (blocks, ..) = with_twin(ask)?;
    Some(ask.case(&ask.draft(blocks)))
}

/// The old lines stand twice, and the definition named behind `@@` says which are meant: it stands once, between the
/// twin and the block.
pub(super) fn twice_anchored(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format != Format::ApplyPatch {
        return None;
    }
    let (blocks, nth, twin) = with_twin(ask)?;
    let anchor = blocks[nth].anchor.as_deref()?;
    let lines = &ask.files[blocks[nth].file].lines;
    let stands = |at: &usize| lines[*at].tag != Tag::New && lines[*at].text.trim() == anchor;
    let places: Vec<usize> = (0..lines.len()).filter(stands).collect();
    let &[only] = places.as_slice() else { return None };
    (twin < only && only < blocks[nth].range.start).then(|| ask.case(&ask.draft(blocks)))
}

/// The user pasted a copy of the block elsewhere after the model saw the file.
pub(super) fn twin_pasted(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = paste_twin(ask)?.0;
    Some(ask.case(&ask.draft(blocks)))
}

/// The user pasted a copy and then changed the block that was meant.
pub(super) fn twin_true_changed(ask: &mut Ask<'_>) -> Option<Case> {
    let (blocks, nth) = paste_twin(ask)?;
    let block = &blocks[nth];
    let script = &mut ask.files[block.file];
    let at =
        block.range.clone().find(|&at| script.lines[at].tag == Tag::Old && !script.lines[at].is_blank())?;
    let instead = format!("{} + typed", script.lines[at].text);
    script.typed.entry(at).or_default().line = Fate::Becomes(instead);
    Some(ask.case(&ask.draft(blocks)).expecting(Expected::Refuse))
}

fn paste_twin(ask: &mut Ask<'_>) -> Option<(Vec<Block>, usize)> {
    if ask.format == Format::Whole {
        return None;
    }
    let blocks = ask.blocks()?;
    let nth = ask.rng.below(blocks.len());
    let (file, range) = (blocks[nth].file, blocks[nth].range.clone());
    let at = place_for_twin(ask, &blocks, file)?;
    let before = old_lines(&ask.files[file], &range);
    ask.files[file].typed.insert(at, Typed { before, line: Fate::Stays });
    Some((blocks, nth))
}

/// Only the lines that go are quoted, and they stand once.
pub(super) fn no_context(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = bare_blocks(ask)?;
    for block in &blocks {
        let script = &ask.files[block.file];
        let base: Vec<&str> = script.old_lines().map(str::trim).collect();
        let old: Vec<&str> = block.old().into_iter().map(str::trim).collect();
        let letters: usize =
            old.iter().map(|line| line.chars().filter(|c| c.is_alphanumeric()).count()).sum();
        if old.is_empty() || n_places(&old, &base) != 1 || letters < 6 {
            return None;
        }
    }
    Some(ask.case(&ask.draft(blocks)))
}

/// A line comes and nothing at all is quoted.
pub(super) fn no_context_insertion(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = bare_blocks(ask)?;
    let mut draft = ask.draft(blocks);
    draft.blocks.iter().any(|block| block.old().is_empty()).then_some(())?;
    draft.blocks.iter_mut().for_each(|block| block.anchor = None);
    Some(ask.case(&draft).expecting(Expected::Refuse))
}

fn bare_blocks(ask: &mut Ask<'_>) -> Option<Vec<Block>> {
    if !matches!(ask.format, Format::Udiff | Format::ApplyPatch) {
        return None;
    }
    ask.blocks_cut(Cut { context: 0, unique: false })
}

/// The file is as the reply wants it.
pub(super) fn already_applied(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = blocks(ask)?;
    for block in &blocks {
        let script = &ask.files[block.file];
        let after: Vec<&str> = script.new_lines().map(str::trim).collect();
        let trimmed = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (trimmed(block.old()), trimmed(block.new_lines()));
        let of = |lines: &[String]| -> usize {
            n_places(&lines.iter().map(|line| line.trim()).collect::<Vec<_>>(), &after)
        };
        if of(&old) != 0 || of(&new) != 1 {
            return None;
        }
    }
    let draft = ask.draft(blocks);
    let mut case = ask.case(&draft).expecting(Expected::NoOp);
    case.base = ask.files.iter().map(|file| (file.path.clone(), file.after().text)).collect();
    case.live.clone_from(&case.base);
    Some(case)
}
