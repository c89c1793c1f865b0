//! What a model leaves in a file by mistake: conflict markers, code fences, lines that stand for code left out.
//!
//! Only lines that the change brings are looked at, and only if the file had none of their kind. Files of prose show such
//! lines on purpose; so may a string or a doc comment, which is why a fence that a grammar understands is none.

use std::path::Path;

use super::Edited;
use crate::diff::lower::elision::{is_elision, is_phrase};
use crate::diff::{Nearest, Refusal, RefusalCode};
use crate::syntax::{Brackets, Language};
use crate::text::Rope;

/// Extensions of prose and patches.
const PROSE: &[&str] = &[
    "md", "mdx", "markdown", "txt", "text", "rst", "adoc", "asciidoc", "org", "tex", "typ", "log", "diff",
    "patch", "rej", "orig", "ipynb", "snap",
];

/// Refuses what was left over.
pub(super) fn refusal(edited: &Edited<'_>) -> Option<Refusal> {
    let extension = edited.file().extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if PROSE.contains(&extension.to_ascii_lowercase().as_str()) {
        return None;
    }
    let conflict = || conflict(edited);
    let fence = || {
        let found = first_new(edited, is_fence).filter(|_| fences_are_foreign(edited.file()))?;
        Some(refuse(
            edited,
            found,
            "is a code fence of the reply, not code",
            "Write fences around blocks only.",
        ))
    };
    let elision = || {
        let found = first_new(edited, is_left_out).filter(|_| Brackets::of(edited.file()).is_some())?;
        let hint = "Write every line in full, or change less.";
        Some(refuse(edited, found, "stands for code that is left out", hint))
    };
    conflict().or_else(fence).or_else(elision)
}

/// Whether a fence at the start of a line cannot be meant. Python, Rust and Go read it as an error unless it is in a
/// string or comment; a script takes it for a template string and swallows the code behind it.
fn fences_are_foreign(path: &Path) -> bool {
    match Language::from_path(path) {
        Some(language) => matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx),
        None => Brackets::of(path).is_some(),
    }
}

/// A comment that speaks of what is left out and of nothing else, or begins or ends with dots; dots inside of a sentence
/// are often an example (`f(a, ...)`).
fn is_left_out(line: &str) -> bool {
    let says = line.trim_matches(|c: char| c.is_whitespace() || "/#*-<!>{};%".contains(c));
    let is_dots = |text: &str| text.starts_with("...") || text.starts_with('\u{2026}');
    let ends = says.ends_with("...") || says.ends_with('\u{2026}');
    is_phrase(line) || (is_elision(line) && (is_dots(says) || ends))
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

/// The first line that came and is of a kind that the text before had not: its number and its block.
fn first_new(edited: &Edited<'_>, is_kind: impl Fn(&str) -> bool) -> Option<(usize, Option<usize>)> {
    let found = edited.places.iter().find_map(|place| {
        let (first, end) = lines_of(&edited.after, place.after.start, place.after.end);
        let line = (first..end).find(|line| is_kind(&edited.after.line(*line).to_string()))?;
        Some((line + 1, place.block))
    })?;
    let had = edited.before.lines().any(|line| is_kind(&line.to_string()));
    (!had).then_some(found)
}

fn lines_of(text: &Rope, start: usize, end: usize) -> (usize, usize) {
    if start >= end {
        return (0, 0);
    }
    (text.byte_to_line(start), text.byte_to_line(end - 1) + 1)
}

/// A conflict marker among the lines that came, when the text after has all three in order and the one before had not.
fn conflict(edited: &Edited<'_>) -> Option<Refusal> {
    let is_marker = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    let found = first_new(edited, is_marker)?;
    has_conflict(&edited.after)
        .then(|| refuse(edited, found, "is a conflict marker", "Write one version, without markers."))
}

fn has_conflict(text: &Rope) -> bool {
    let mut reached = 0;
    for line in text.lines() {
        let line = line.to_string();
        let line = line.trim_end_matches(['\n', '\r']);
        reached = match reached {
            0 | 1 if line.starts_with("<<<<<<< ") => 1,
            1 if line == "=======" => 2,
            2 if line.starts_with(">>>>>>> ") => return true,
            reached => reached,
        };
    }
    false
}

fn refuse(edited: &Edited<'_>, (line, block): (usize, Option<usize>), what: &str, hint: &str) -> Refusal {
    let shown = edited.shown(line);
    let message = format!("Line {line} of the file after the change, `{shown}`, {what}");
    let mut refusal = Refusal::new(RefusalCode::BreaksSyntax, message, hint);
    refusal.nearest = vec![Nearest { line, distance: 0.0 }];
    edited.refuse(refusal, block)
}
