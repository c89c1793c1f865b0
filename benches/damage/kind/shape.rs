//! Replies whose form is damaged: blocks with something around or in them that is no text of the file, in the wrong
//! order, cut, or with headers that say something else.

use super::super::block::{self, Block, Cut, n_places};
use super::super::case::Expected;
use super::super::render::{Draft, Format, Numbers};
use super::super::script::{Line, Script, Tag};
use super::super::{Case, Rng};
use super::Ask;

/// A blank line at one or both edges of the parts, which the file does not have there.
pub(super) fn edge_blanks(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|script, block, rng| {
        let blank_at = |at: Option<usize>| at.and_then(|at| script.lines.get(at)).is_none_or(Line::is_blank);
        let edges = 1 + rng.below(3);
        let mut changed = false;
        if edges & 1 != 0 && !blank_at(block.range.start.checked_sub(1)) && block.lines[0].tag == Tag::Keep {
            block.lines.insert(0, Line::new(Tag::Keep, ""));
            changed = true;
        }
        if edges & 2 != 0
            && !blank_at(Some(block.range.end))
            && block.lines.last().is_some_and(|line| line.tag == Tag::Keep)
        {
            block.lines.push(Line::new(Tag::Keep, ""));
            changed = true;
        }
        Some(changed)
    })
}

/// Both parts are numbered, as the model was shown the file.
pub(super) fn line_numbers(ask: &mut Ask<'_>) -> Option<Case> {
    if !matches!(ask.format, Format::SearchReplace | Format::Json) {
        return None;
    }
    let style = ask.rng.below(3);
    ask.damaged(|_, block, _| {
        let first = block.numbers[0];
        let numbered = |lines: Vec<&str>| -> Vec<String> {
            let number = |(nth, line): (usize, &str)| match style {
                0 => format!("{:>4} | {line}", first + nth),
                1 => format!("{}: {line}", first + nth),
                _ => format!("{:>6}\t{line}", first + nth),
            };
            lines.into_iter().enumerate().map(number).collect()
        };
        block.parts = Some((numbered(block.old()), numbered(block.new_lines())));
        Some(true)
    })
}

/// Each part stands in a fence of its own, inside the block.
pub(super) fn fenced_parts(ask: &mut Ask<'_>) -> Option<Case> {
    if !matches!(ask.format, Format::SearchReplace | Format::Json) {
        return None;
    }
    ask.damaged(|script, block, _| {
        if block.lines.iter().any(|line| line.text.trim_start().starts_with("```")) {
            return None;
        }
        let fenced = |lines: Vec<&str>| -> Vec<String> {
            let open = format!("```{}", script.extension());
            std::iter::once(open)
                .chain(lines.into_iter().map(str::to_owned))
                .chain(std::iter::once("```".to_owned()))
                .collect()
        };
        block.parts = Some((fenced(block.old()), fenced(block.new_lines())));
        Some(true)
    })
}

/// A comment that stands for lines left out.
fn marker(script: &Script, indent: &str) -> String {
    let (open, close) = script.comment();
    format!("{indent}{open} ... existing code ...{close}")
}

/// A middle run of the context is left out, in blocks or in a whole file.
pub(super) fn elision(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format == Format::Whole {
        return whole_elision(ask);
    }
    if ask.format == Format::Udiff && ask.rng.chance(50) {
        return None;
    }
    let mut blocks = ask.blocks()?;
    let at = (0..blocks.len()).find(|&at| can_be_elided(&ask.files[blocks[at].file], &blocks[at]))?;
    let script = &ask.files[blocks[at].file];
    let head = head_of(script, &blocks[at])?;
    let mut block = block::block_over(script, blocks[at].file, head.start..blocks[at].range.end);
    let gone = head.end - head.start..blocks[at].range.start - head.start;
    let indent = block.lines[gone.start].text.clone();
    let indent = &indent[..indent.len() - indent.trim_start().len()];
    block.lines.splice(gone, [Line::new(Tag::Keep, marker(script, indent))]);
    block.recount();
    blocks[at] = block;
    Some(ask.case(&ask.draft(blocks)))
}

/// Two changes in one block, with the unchanged lines between them left out. Each half stands once.
pub(super) fn elision_between(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format == Format::Whole {
        return None;
    }
    let mut blocks = ask.blocks()?;
    let at = (1..blocks.len()).find(|&at| {
        let (first, second) = (&blocks[at - 1], &blocks[at]);
        first.file == second.file && (4..=80).contains(&(second.range.start - first.range.end))
    })?;
    let second = blocks.remove(at);
    let script = &ask.files[second.file];
    let gone = &script.lines[blocks[at - 1].range.end].text;
    let indent = &gone[..gone.len() - gone.trim_start().len()];
    let first = &mut blocks[at - 1];
    first.range.end = second.range.end;
    first.lines.push(Line::new(Tag::Keep, marker(script, indent)));
    first.lines.extend(second.lines);
    first.recount();
    Some(ask.case(&ask.draft(blocks)))
}

/// JSON edits that quote only the part of a line that changes, with as much around it as makes it unique.
pub(super) fn part_of_line(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format != Format::Json {
        return None;
    }
    let mut blocks = ask.blocks_cut(Cut { context: 0, unique: false })?;
    for block in &mut blocks {
        let base = ask.files[block.file].base();
        let [old, new] = block.lines.as_slice() else { return None };
        if (old.tag, new.tag) != (Tag::Old, Tag::New) {
            return None;
        }
        let (old, new) = changed_part(&old.text, &new.text, &base)?;
        block.parts = Some((vec![old], vec![new]));
    }
    // Parts of lines have no line ends, and a part that only goes leaves nothing.
    let draft = Draft { ends_lines: false, within_lines: true, ..ask.draft(blocks) };
    Some(ask.case(&draft))
}

/// The part of a line that changes, widened by whole words until it stands once in the text.
fn changed_part(old: &str, new: &str, text: &str) -> Option<(String, String)> {
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
    };
    let mut before = common(&mut old.chars().zip(new.chars()));
    let (old_rest, new_rest) = (&old[before..], &new[before..]);
    let mut behind = common(&mut old_rest.chars().rev().zip(new_rest.chars().rev()));
    loop {
        let part = &old[before..old.len() - behind];
        if part.trim().len() >= 4 && text.matches(part).count() == 1 {
            return Some((part.to_owned(), new[before..new.len() - behind].to_owned()));
        }
        if before == 0 && behind == 0 {
            return None;
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        before = old[..before].trim_end_matches(is_word).len();
        before -= old[..before].chars().next_back().map_or(0, char::len_utf8);
        let rest = old[old.len() - behind..].trim_start_matches(is_word);
        behind = rest.len() - rest.chars().next().map_or(0, char::len_utf8);
    }
}

fn can_be_elided(script: &Script, block: &Block) -> bool {
    head_of(script, block).is_some()
}

/// The lines far above a block with which the model opens it before it leaves lines out: the definition around it
/// and one line more. They occur once, and nothing between them and the block changes.
fn head_of(script: &Script, block: &Block) -> Option<std::ops::Range<usize>> {
    let anchor = block.anchor.as_deref()?;
    let above = &script.lines[..block.range.start];
    let at = above.iter().rposition(|line| line.text.trim() == anchor)?;
    let head = at..at + 2;
    let n_out = block.range.start.checked_sub(head.end)?;
    let kept = above[at..].iter().all(|line| line.tag == Tag::Keep);
    let texts: Vec<&str> = above.get(head.clone())?.iter().map(|line| line.text.as_str()).collect();
    let old: Vec<&str> = script.old_lines().collect();
    (kept && (4..=60).contains(&n_out) && n_places(&texts, &old) == 1).then_some(head)
}

/// A whole file with a long unchanged run left out; the lines around it are in one place only.
fn whole_elision(ask: &mut Ask<'_>) -> Option<Case> {
    let file = ask.rng.below(ask.files.len());
    let script = &ask.files[file];
    let old: Vec<&str> = script.old_lines().collect();
    let runs: Vec<std::ops::Range<usize>> =
        kept_runs(script).into_iter().filter(|run| run.len() >= 14).collect();
    let run = ask.rng.pick(&runs)?.clone();
    let texts: Vec<&str> = script.lines[run.clone()].iter().map(|line| line.text.as_str()).collect();
    let (gone, n_edge) = (4..texts.len() - 4, 4);
    let once = |lines: &[&str]| n_places(lines, &old) == 1;
    if !once(&texts[gone.start - n_edge + 1..gone.start]) || !once(&texts[gone.end..gone.end + n_edge - 1]) {
        return None;
    }
    let first = texts[gone.start];
    let marker = marker(script, &first[..first.len() - first.trim_start().len()]);
    let n_before = script.lines[..run.start].iter().filter(|line| line.tag != Tag::Old).count();
    let mut draft = ask.draft(Vec::new());
    draft.wholes[file].splice(n_before + gone.start..n_before + gone.end, [marker]);
    Some(ask.case(&draft))
}

/// Runs of kept lines.
pub(super) fn kept_runs(script: &Script) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut at = 0;
    for run in script.lines.chunk_by(|a, b| (a.tag == Tag::Keep) == (b.tag == Tag::Keep)) {
        if run[0].tag == Tag::Keep {
            runs.push(at..at + run.len());
        }
        at += run.len();
    }
    runs
}

/// The blocks of each file in another order.
pub(super) fn out_of_order(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format == Format::Whole {
        return None;
    }
    let blocks = ask.blocks()?;
    let mut shuffled: Vec<Block> = Vec::new();
    for of_file in blocks.chunk_by(|a, b| a.file == b.file) {
        let mut of_file = of_file.to_vec();
        if of_file.len() > 1 {
            let first = of_file.remove(0);
            let at = 1 + ask.rng.below(of_file.len());
            of_file.insert(at, first);
        }
        shuffled.extend(of_file);
    }
    let moved = shuffled.iter().zip(&blocks).any(|(a, b)| a.range != b.range || a.file != b.file);
    moved.then(|| ask.case(&ask.draft(shuffled)))
}

/// One added line has no plus. Only counts that are right can tell.
pub(super) fn forgotten_plus(ask: &mut Ask<'_>) -> Option<Case> {
    if !matches!(ask.format, Format::Udiff | Format::ApplyPatch) {
        return None;
    }
    let mut blocks = ask.blocks()?;
    let file = ask.rng.below(blocks.len());
    let block = &mut blocks[file];
    let added: Vec<usize> = (0..block.lines.len())
        .filter(|&at| block.lines[at].tag == Tag::New && block.lines[at].text.trim().len() > 3)
        .collect();
    block.without_plus = Some(*ask.rng.pick(&added)?);
    let case = ask.case(&ask.draft(blocks));
    let Expected::Apply(texts) = case.expected.clone() else { return None };
    Some(case.expecting(Expected::Either(texts)))
}

/// Headers name other lines; the counts are right.
pub(super) fn wrong_numbers(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format != Format::Udiff {
        return None;
    }
    let by = [1, 2, 3, 5, 8, 20, 55][ask.rng.below(7)];
    let down = ask.rng.chance(50);
    ask.damaged(|_, block, _| {
        for at in [0, 2] {
            block.numbers[at] =
                if down { block.numbers[at].saturating_sub(by).max(1) } else { block.numbers[at] + by };
        }
        Some(true)
    })
}

/// Headers name no lines.
pub(super) fn no_numbers(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format != Format::Udiff {
        return None;
    }
    let blocks = ask.blocks()?;
    let mut draft = ask.draft(blocks);
    draft.numbers = if ask.rng.chance(50) { Numbers::Dots } else { Numbers::None };
    Some(ask.case(&draft))
}

/// Headers count other lines than stand below them.
pub(super) fn wrong_counts(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format != Format::Udiff {
        return None;
    }
    let mut blocks = ask.blocks()?;
    for block in &mut blocks {
        for at in [1, 3] {
            let by = 1 + ask.rng.below(3);
            let less = ask.rng.chance(50) && block.numbers[at] > by;
            block.numbers[at] = if less { block.numbers[at] - by } else { block.numbers[at] + by };
        }
    }
    Some(ask.case(&ask.draft(blocks)))
}

/// Among good blocks is one for code that is nowhere.
pub(super) fn hallucinated(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format == Format::Whole {
        return None;
    }
    let mut blocks = ask.blocks()?;
    let at = ask.rng.below(blocks.len() + 1);
    let near = blocks[at.min(blocks.len() - 1)].clone();
    let lines = lines_of_elsewhere(&ask.files[near.file], ask.pool, &mut ask.rng)?;
    let changed = 1 + ask.rng.below(lines.len() - 1);
    let (open, close) = ask.files[near.file].comment();
    let mut invented = Block { lines: Vec::new(), ..near };
    for (nth, text) in lines.into_iter().enumerate() {
        if nth == changed {
            invented.lines.push(Line::new(Tag::Old, text.clone()));
            invented.lines.push(Line::new(Tag::New, format!("{text} {open} changed{close}")));
        } else {
            invented.lines.push(Line::new(Tag::Keep, text));
        }
    }
    invented.recount();
    blocks.insert(at, invented);
    Some(ask.case(&ask.draft(blocks)).expecting(Expected::Refuse))
}

/// Some lines of another file, most of which this file does not have.
fn lines_of_elsewhere(script: &Script, pool: &[Script], rng: &mut Rng) -> Option<Vec<String>> {
    let known: Vec<&str> = script.lines.iter().map(|line| line.text.trim()).collect();
    for _ in 0..20 {
        let other = rng.pick(pool)?;
        if other.extension() != script.extension() && rng.chance(80) {
            continue;
        }
        let length = 4 + rng.below(4);
        let start = rng.below(other.lines.len().saturating_sub(length));
        let lines = other.lines.get(start..start + length)?;
        let is_strange = |line: &&Line| line.text.trim().len() >= 10 && !known.contains(&line.text.trim());
        let is_marker =
            |line: &Line| line.text.starts_with("=====") || line.text.trim_start().starts_with("```");
        if lines.iter().filter(is_strange).count() >= 3 && !lines.iter().any(is_marker) {
            return Some(lines.iter().map(|line| line.text.clone()).collect());
        }
    }
    None
}

/// The reply ends at some byte inside a block.
pub(super) fn truncated(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = if ask.format == Format::Whole { Vec::new() } else { ask.blocks()? };
    let draft = ask.draft(blocks);
    let mut case = ask.case(&draft).expecting(Expected::Refuse);
    let reply = &case.reply;
    let (from, to) = match ask.format {
        Format::SearchReplace => {
            let begin = "<<<<<<< SEARCH\n";
            (reply.find(begin)? + begin.len(), reply.rfind(">>>>>>> REPLACE")? + 14)
        }
        Format::Udiff => (reply.find("\n@@")? + 3, reply.rfind("```")?),
        Format::ApplyPatch => (reply.find("\n@@")? + 3, reply.rfind("*** End Patch")? + 12),
        Format::Whole => (reply.find("```")? + 4, reply.rfind("```")?),
        Format::Json => (reply.find("\"old_string\"")? + 14, reply.rfind('}')?),
    };
    let mut cut = from + ask.rng.below(to.checked_sub(from)?);
    while !reply.is_char_boundary(cut) {
        cut -= 1;
    }
    case.reply.truncate(cut);
    if ask.format == Format::SearchReplace || ask.format == Format::Whole {
        // Between two blocks, with nothing but a bare word begun, only the provider knows that it was cut.
        let rest = case.reply.rsplit("```\n").next().unwrap_or_default().trim();
        let fences = case.reply.lines().filter(|line| line.starts_with("```")).count();
        if fences % 2 == 0 && !rest.contains(['/', '.', '`']) && !rest.contains(char::is_whitespace) {
            return None;
        }
    }
    Some(case)
}
