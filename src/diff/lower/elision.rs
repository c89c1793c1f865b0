//! Lines that stand for text left out (`// ... existing code ...`).
//!
//! Written to a file such a line would delete what it stands for. In a block it becomes a gap; in a whole file it is
//! filled from the old text ([`super::fill`]).

use crate::diff::tagged::TaggedLine;
use crate::diff::{Refusal, RefusalCode};

/// Words that a comment without dots may be made of, to stand for text left out; one more says more.
const WORDS: &[&str] = &[
    "above",
    "all",
    "and",
    "are",
    "as",
    "before",
    "below",
    "block",
    "body",
    "brevity",
    "class",
    "classes",
    "code",
    "component",
    "content",
    "contents",
    "continues",
    "definition",
    "definitions",
    "else",
    "everything",
    "exactly",
    "existing",
    "file",
    "for",
    "function",
    "functions",
    "goes",
    "here",
    "implementation",
    "imports",
    "in",
    "is",
    "it",
    "kept",
    "left",
    "logic",
    "method",
    "methods",
    "module",
    "of",
    "omitted",
    "original",
    "other",
    "out",
    "previous",
    "program",
    "remain",
    "remaining",
    "remains",
    "rest",
    "same",
    "script",
    "section",
    "stay",
    "stays",
    "tests",
    "the",
    "they",
    "this",
    "unchanged",
    "unmodified",
    "untouched",
    "was",
    "were",
];

/// What such a comment has to say, without articles.
const PHRASES: &[&str] = &[
    " rest of ",
    " existing code ",
    " existing implementation ",
    " existing imports ",
    " existing methods ",
    " existing functions ",
    " existing logic ",
    " remaining code ",
    " remaining methods ",
    " remaining functions ",
    " remaining implementation ",
    " previous code ",
    " other code ",
    " unchanged ",
    " remains same ",
    " remain same ",
    " stays same ",
    " stay same ",
    " as before ",
    " as it was ",
    " as they were ",
    " omitted ",
];

/// Whether a line stands for text that is left out.
pub(in crate::diff) fn is_elision(line: &str) -> bool {
    const DOTS: [&str; 2] = ["...", "\u{2026}"];
    if is_phrase(line) {
        return true;
    }
    let line = line.trim();
    let leads = ["//", "#", "/*", "--", "<!--", "{/*", "\"\"\"", "...", "\u{2026}", ";", "%"];
    let is_comment = leads.iter().any(|lead| line.starts_with(lead));
    if !is_comment || !DOTS.iter().any(|dots| line.contains(dots)) || DOTS.contains(&line) {
        // Three dots alone are Python's `pass`.
        return false;
    }
    // Dots at both ends of a comment, whatever the words between.
    let words = line.trim_matches(|c: char| {
        matches!(c, '/' | '#' | '*' | '-' | '<' | '>' | '!' | '{' | '}' | ';' | '%' | ' ')
    });
    if DOTS.iter().any(|dots| words.starts_with(dots)) && DOTS.iter().any(|dots| words.ends_with(dots)) {
        return true;
    }
    if DOTS.iter().any(|dots| words.strip_prefix(dots).is_some_and(|words| words.trim() == "rest")) {
        return true;
    }
    let line = line.to_lowercase();
    [
        "existing",
        "rest of",
        "unchanged",
        "remaining",
        "omitted",
        "same as before",
        "other code",
        "previous code",
        "no change",
        "as before",
        "as they were",
        "as it was",
    ]
    .iter()
    .any(|word| line.contains(word))
}

/// Whether a line is a comment without dots that only says that text is left out (`# rest of the file unchanged`).
pub(in crate::diff) fn is_phrase(line: &str) -> bool {
    let line = line.trim();
    let is_open = |lead: &&str| line.strip_prefix(*lead).is_some_and(|rest| rest.starts_with([' ', '\t']));
    let is_closed = |lead: &&str| line.starts_with(*lead);
    if !["#", "--", ";", "%"].iter().any(is_open) && !["//", "/*", "<!--", "{/*"].iter().any(is_closed) {
        return false;
    }
    let is_mark = |c: char| " \t/#*-<>!{}[]();%.,:\u{2026}".contains(c);
    if line.contains("()") || !line.chars().all(|c| c.is_ascii_alphabetic() || is_mark(c)) {
        return false;
    }
    let lower = line.to_lowercase();
    let words = || lower.split(is_mark).filter(|word| !word.is_empty());
    if !words().all(|word| WORDS.contains(&word)) {
        return false;
    }
    let said: Vec<&str> =
        words().filter(|word| !matches!(*word, "the" | "this" | "all" | "exactly")).collect();
    let said = format!(" {} ", said.join(" "));
    PHRASES.iter().any(|phrase| said.contains(phrase))
}

/// Whether a line could stand for text that is left out: dots alone, or a comment that begins with them.
pub(super) fn may_be_elision(line: &str) -> bool {
    let says = line.trim().trim_start_matches(['/', '#', '*', '-', '<', '!', '{', ';', '%', ' ']);
    let is_code = says.len() == line.trim().len();
    is_dots(line) || (!is_code && (says.starts_with("...") || says.starts_with('\u{2026}')))
}

/// Refuses dots that come in the place of lines that go. A body of Python's `pass` may become one of dots.
pub(super) fn refuse_dots_for_lines(lines: &[TaggedLine]) -> Result<(), Refusal> {
    for run in lines.chunk_by(|one, other| one.is_change() == other.is_change()) {
        let dots = run.iter().find(|line| matches!(line, TaggedLine::Add(text) if is_dots(text)));
        let says = |line: &TaggedLine| matches!(line, TaggedLine::Delete(text) if says_something(text));
        if let Some(dots) = dots.filter(|_| run.iter().any(says)) {
            return Err(refusal(dots.text()));
        }
    }
    Ok(())
}

/// Whether a line would be missed: it is more than blanks, brackets or Python's `pass`.
pub(super) fn says_something(line: &str) -> bool {
    line.contains(char::is_alphanumeric) && line.trim() != "pass"
}

/// Whether a line is three dots and nothing else: an elision, or Python's `pass`.
pub(in crate::diff) fn is_dots(line: &str) -> bool {
    matches!(line.trim(), "..." | "\u{2026}")
}

/// Refuses a line that stands for text left out, unless the old text has it too.
pub(super) fn refuse<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    is_old: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    match lines.into_iter().find(|line| is_elision(line) && !is_old(line)) {
        None => Ok(()),
        Some(line) => Err(refusal(line)),
    }
}

/// The refusal of a line that would be written though it stands for others.
pub(in crate::diff) fn refusal(line: &str) -> Refusal {
    Refusal::new(
        RefusalCode::MalformedReply,
        format!("The line `{}` stands for text that is left out", line.trim()),
        "Write every line in full, or use smaller blocks.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elisions_are_known() {
        for line in [
            "// ... existing code ...",
            "  # ... rest of the file ...",
            "/* \u{2026} unchanged */",
            "... existing ...",
            "    // ...",
            "# ...",
            "// ... same ...",
            "# rest of the code remains unchanged",
            "    // Rest of the file stays the same.",
            "# existing code",
            "# [existing code here]",
            "# (rest of the file omitted)",
            "<!-- same as before -->",
            "# ... (g and h as they were)",
            "# ...rest",
        ] {
            assert!(is_elision(line), "{line}");
        }
        for line in [
            "// ... and so on",
            "let rest = [...existing];",
            "f(...args)",
            "# existing users",
            "...",
            "    ...",
            "# rest of the arguments",
            "# existing code must not see this",
            "// the same file",
            "#[omitted]",
            "    --omitted",
            "## Existing code",
            "// unchanged()",
            "rest of the code",
        ] {
            assert!(!is_elision(line), "{line}");
        }
    }
}
