//! Lines that are quoted wrongly. What a block adds is what the model wrote; only what it quotes is the file's, so
//! typographic characters and trailing blanks are put into quoted lines only.

use std::fmt::Write as _;

use super::super::block::{Block, CONTEXT, Cut};
use super::super::case::Expected;
use super::super::render::Format;
use super::super::script::{Line, Tag};
use super::super::{Case, Rng};
use super::Ask;

/// No damage. A unified diff has the usual three lines of context and right numbers; the others are unique.
pub(super) fn clean(ask: &mut Ask<'_>) -> Option<Case> {
    let unique = ask.format != Format::Udiff;
    let blocks = ask.blocks_cut(Cut { context: CONTEXT, unique })?;
    Some(ask.case(&ask.draft(blocks)))
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

/// The white space that all lines with text begin with.
fn common_indent(block: &Block) -> String {
    let mut filled = block.lines.iter().filter(|line| !line.is_blank()).map(|line| indent(&line.text));
    let Some(first) = filled.next() else { return String::new() };
    let length = filled.fold(first.len(), |length, other| {
        first.bytes().zip(other.bytes()).take(length).take_while(|(a, b)| a == b).count()
    });
    first[..length].to_owned()
}

/// The whole block stands at the margin.
pub(super) fn indent_dropped(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, _| {
        let common = common_indent(block).len();
        for line in &mut block.lines {
            line.text = line.text.get(common..).unwrap_or_default().to_owned();
        }
        Some(common > 0)
    })
}

/// The whole block stands deeper, as under a list item or in an imagined scope.
pub(super) fn indent_added(ask: &mut Ask<'_>) -> Option<Case> {
    let tabs = ask.files.iter().any(|file| file.old_lines().any(|line| line.starts_with('\t')));
    let more = if tabs { "\t" } else { ["  ", "    "][ask.rng.below(2)] };
    ask.damaged(|_, block, _| {
        for line in block.lines.iter_mut().filter(|line| !line.is_blank()) {
            line.text.insert_str(0, more);
        }
        Some(true)
    })
}

/// Only the first line of the block lost its indentation: the model began to write right behind the marker.
pub(super) fn indent_first_line(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, _| {
        let Some(first) = block.lines.first_mut() else { return Some(false) };
        if first.tag != Tag::Keep || first.is_blank() || indent(&first.text).is_empty() {
            return Some(false);
        }
        first.text = first.text.trim_start().to_owned();
        Some(true)
    })
}

/// No line has any indentation. What is added cannot be indented with certainty.
pub(super) fn indent_all_lost(ask: &mut Ask<'_>) -> Option<Case> {
    let case = ask.damaged(|_, block, _| {
        let mut changed = [false; 2];
        for line in &mut block.lines {
            changed[usize::from(line.tag == Tag::New)] |= !indent(&line.text).is_empty();
            line.text = line.text.trim_start().to_owned();
        }
        learnt(changed)
    })?;
    either(case)
}

/// It may be applied as the model meant it, or refused.
fn either(case: Case) -> Option<Case> {
    let Expected::Apply(texts) = case.expected.clone() else { return None };
    Some(case.expecting(Expected::Either(texts)))
}

/// Four blanks for each tab. Every block quotes an indented line, so that the file's way can be learnt.
pub(super) fn tabs_to_spaces(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, _| {
        let mut changed = [false; 2];
        for line in &mut block.lines {
            let indent = indent(&line.text);
            if line.is_blank() || indent.is_empty() {
                continue;
            }
            if indent.contains(' ') {
                return None;
            }
            changed[usize::from(line.tag == Tag::New)] = true;
            line.text = "    ".repeat(indent.len()) + line.text.trim_start();
        }
        learnt(changed)
    })
}

/// A tab for each step of indentation, in files that indent with blanks.
pub(super) fn spaces_to_tabs(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|script, block, _| {
        let widths: Vec<usize> = script
            .old_lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| indent(line).len())
            .filter(|width| *width > 1)
            .collect();
        let unit = if widths.iter().filter(|width| **width % 4 == 0).count() * 10 > widths.len() * 9 {
            4
        } else {
            2
        };
        let mut changed = [false; 2];
        for line in block.lines.iter_mut().filter(|line| !line.is_blank()) {
            let indent = indent(&line.text);
            if indent.contains('\t') || !indent.len().is_multiple_of(unit) {
                return None;
            }
            if !indent.is_empty() {
                changed[usize::from(line.tag == Tag::New)] = true;
                line.text = "\t".repeat(indent.len() / unit) + line.text.trim_start();
            }
        }
        learnt(changed)
    })
}

/// Whether a block changed, as `[quoted, added]`: added lines alone give nothing to learn from.
fn learnt([quoted, added]: [bool; 2]) -> Option<bool> {
    if added && !quoted { None } else { Some(quoted) }
}

fn is_quoted(line: &Line) -> bool {
    line.tag != Tag::New
}

/// Blanks at the ends of some quoted lines.
pub(super) fn trailing_added(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, rng| {
        let mut changed = false;
        for line in block.lines.iter_mut().filter(|line| is_quoted(line) && !line.is_blank()) {
            if rng.chance(40) {
                line.text.push_str(&" ".repeat(1 + rng.below(3)));
                changed = true;
            }
        }
        Some(changed)
    })
}

/// The file has blanks at line ends that the reply does not have.
pub(super) fn trailing_stripped(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format == Format::Whole {
        return None;
    }
    let blocks = ask.blocks()?;
    let mut changed = false;
    for block in &blocks {
        let script = &mut ask.files[block.file];
        script.free_ends = true;
        for line in script.lines[block.range.clone()].iter_mut().filter(|line| is_quoted(line)) {
            if ask.rng.chance(30) {
                line.text.push_str(&" ".repeat(1 + ask.rng.below(4)));
                changed = true;
            }
        }
    }
    changed.then(|| ask.case(&ask.draft(blocks)))
}

/// Empty quoted lines have blanks in the reply.
pub(super) fn blanks_on_empty(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, _| {
        let mut changed = false;
        let mut above = 4;
        for line in &mut block.lines {
            if line.text.is_empty() && is_quoted(line) {
                line.text = " ".repeat(above);
                changed = true;
            } else if !line.is_blank() {
                above = indent(&line.text).len().max(2);
            }
        }
        Some(changed)
    })
}

/// Quotes and dashes of quoted lines as a word processor would set them.
pub(super) fn typographic(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, _| {
        let mut changed = false;
        for line in block.lines.iter_mut().filter(|line| is_quoted(line)) {
            let text = curled(&line.text);
            changed |= text != line.text;
            line.text = text;
        }
        Some(changed)
    })
}

fn curled(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut before = ' ';
    for c in line.chars() {
        let opens = before.is_whitespace() || matches!(before, '(' | '[' | '{' | '=' | ',');
        text.push(match c {
            '"' if opens => '\u{201c}',
            '"' => '\u{201d}',
            '\'' if opens => '\u{2018}',
            '\'' => '\u{2019}',
            '-' if before == ' ' => '\u{2013}',
            c => c,
        });
        before = c;
    }
    text
}

/// Indices of lines inside the block that are kept and do not stand beside an insertion: without them the place
/// of every change is still known.
fn dispensable(block: &Block) -> Vec<usize> {
    let lines = &block.lines;
    (1..lines.len().saturating_sub(1))
        .filter(|&at| lines[at].tag == Tag::Keep)
        .filter(|&at| {
            let above = &lines[..at];
            let below = &lines[at + 1..];
            let run = |run: Vec<&Line>| {
                let has_old = run.iter().any(|line| line.tag == Tag::Old);
                run.is_empty() || has_old
            };
            run(above.iter().rev().take_while(|line| line.tag != Tag::Keep).collect())
                && run(below.iter().take_while(|line| line.tag != Tag::Keep).collect())
        })
        .collect()
}

/// A line of the context is left out.
pub(super) fn context_skipped(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, rng| {
        let n_kept = block.lines.iter().filter(|line| is_quoted(line) && !line.is_blank()).count();
        match rng.pick(&dispensable(block)) {
            Some(&at) if n_kept > 3 => {
                block.lines.remove(at);
                Some(true)
            }
            _ => Some(false),
        }
    })
}

/// A word of one context line is another one.
pub(super) fn context_misquoted(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|script, block, rng| {
        let known: Vec<&str> = script.old_lines().map(str::trim).collect();
        let n_kept = block.lines.iter().filter(|line| is_quoted(line) && !line.is_blank()).count();
        let mut candidates: Vec<usize> = (0..block.lines.len())
            .filter(|&at| block.lines[at].tag == Tag::Keep && n_words(&block.lines[at].text) >= 3)
            .collect();
        rng.shuffle(&mut candidates);
        let Some(&at) = candidates.first().filter(|_| n_kept > 3) else { return Some(false) };
        let text = reworded(&block.lines[at].text, rng);
        if known.contains(&text.trim()) {
            return Some(false);
        }
        block.lines[at].text = text;
        Some(true)
    })
}

fn n_words(line: &str) -> usize {
    line.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).count()
}

/// The line with one of its words changed a little; never its longest, by which a person would know it.
fn reworded(line: &str, rng: &mut Rng) -> String {
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((from, &line[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    words.sort_by_key(|(_, word)| word.len());
    let shorter = &words[..words.len() - 1];
    let Some(&(at, word)) = rng.pick(shorter) else { return format!("{line} again") };
    let other = match rng.below(3) {
        0 => format!("{word}s"),
        1 => format!("the {word}"),
        _ => word.chars().take(word.chars().count().max(3) - 1).collect(),
    };
    let mut text = line[..at].to_owned();
    let _ = write!(text, "{other}{}", &line[at + word.len()..]);
    text
}

/// `&`, `<`, `>` and `"` as entities, everywhere in the block.
pub(super) fn html_entities(ask: &mut Ask<'_>) -> Option<Case> {
    let escape = |line: &str| {
        line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    };
    ask.damaged(|_, block, _| {
        if block
            .lines
            .iter()
            .any(|line| ["&amp;", "&lt;", "&gt;", "&quot;"].iter().any(|e| line.text.contains(e)))
        {
            return None;
        }
        escaped(block, escape)
    })
}

/// Quotes and backslashes escaped once more than the text needs.
pub(super) fn double_escapes(ask: &mut Ask<'_>) -> Option<Case> {
    ask.damaged(|_, block, _| {
        if block.lines.iter().any(|line| line.text.contains("\\\"") || line.text.contains("\\\\")) {
            return None;
        }
        escaped(block, |line| line.replace('\\', "\\\\").replace('"', "\\\""))
    })
}

/// Escapes all lines of a block; quoted lines must show it.
fn escaped(block: &mut Block, escape: impl Fn(&str) -> String) -> Option<bool> {
    let mut changed = [false; 2];
    for line in &mut block.lines {
        let text = escape(&line.text);
        changed[usize::from(line.tag == Tag::New)] |= text != line.text;
        line.text = text;
    }
    learnt(changed)
}
