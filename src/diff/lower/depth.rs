//! How far what comes is indented, when a text to replace begins behind the indentation of its line.
//!
//! Such a reply shows no indentation, neither of the first line nor, as a rule, of those below it: written as they are,
//! these would leave the block that they are meant for.

use std::borrow::Cow;

use super::haystack::Haystack;
use crate::diff::{Nearest, Refusal, RefusalCode};

/// What comes for `old` at byte `at`: as written, unless that leaves the depth of the line; then indented like it.
///
/// # Errors
/// When it leaves the depth of the line, and could be meant to.
pub(super) fn indented<'e>(
    old: &str,
    new: &'e str,
    haystack: &Haystack,
    at: usize,
) -> Result<Cow<'e, str>, Refusal> {
    let lead = &haystack.text()[haystack.line_around(at).start..at];
    let as_written = Ok(Cow::Borrowed(new));
    // Further lines of the old text show how the reply is indented: they are in the file as they are.
    if !new.contains('\n') || lead.is_empty() || !lead.trim().is_empty() || filled(old).count() > 1 {
        return as_written;
    }
    let base = blanks(old).len();
    let first = new.lines().next().unwrap_or_default();
    let later: Vec<&str> = new.lines().skip(1).filter(|line| !line.trim().is_empty()).collect();
    let Some(second) = later.first() else { return as_written };
    let leaves = later.iter().any(|line| blanks(line).len() < lead.len() + base);
    let opens_nothing =
        first.trim_end().ends_with(':') && blanks(second).len() <= lead.len() + blanks(first).len();
    if !leaves && !opens_nothing {
        return as_written;
    }
    let mixes = |line: &&str| !blanks(line).is_empty() && blanks(line).contains('\t') != lead.contains('\t');
    let is_clear = blanks(first).len() == base
        && later.iter().all(|line| blanks(line).len() >= base)
        && !later.iter().any(mixes)
        && (blanks(second).len() == base || goes_on(first, second))
        && !closes_what_is_outside(new)
        && !begins_something_else(old, new, base);
    if !is_clear {
        let line = haystack.line(at) + 1;
        return Err(unclear(line));
    }
    let mut text = first.to_owned();
    for line in new.split('\n').skip(1) {
        text.push('\n');
        if !line.trim().is_empty() {
            text.push_str(lead);
        }
        text.push_str(line);
    }
    Ok(Cow::Owned(text))
}

fn filled(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

fn blanks(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether a line that is indented more belongs to the one before it.
fn goes_on(line: &str, next: &str) -> bool {
    let is_open = |c: char| ":{([,=>\\|&+-*/".contains(c);
    line.trim_end().ends_with(is_open) || next.trim_start().starts_with(['.', '?', '&', '|', '+', '{'])
}

/// Whether a bracket closes that was not opened before it; those in strings count too, so a doubt is one too many.
fn closes_what_is_outside(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().any(|c| match c {
        '(' | '[' | '{' => {
            depth += 1;
            false
        }
        ')' | ']' | '}' if depth == 0 => true,
        ')' | ']' | '}' => {
            depth -= 1;
            false
        }
        _ => false,
    })
}

/// Whether something follows a blank line that could as well stand behind the block of the old line.
fn begins_something_else(old: &str, new: &str, base: usize) -> bool {
    let has_part = new.trim_end().lines().any(|line| line.trim().is_empty());
    let last = filled(new).filter(|line| blanks(line).len() == base).last();
    has_part && last.map(str::trim) != Some(old.trim())
}

fn unclear(line: usize) -> Refusal {
    let mut refusal = Refusal::new(
        RefusalCode::UnclearIndentation,
        format!("The text is on line {line}, but it is not clear how far to indent what comes"),
        "Copy the text to replace from the begin of its line, with its indentation, and indent the new text alike.",
    );
    refusal.nearest = vec![Nearest { line, distance: 0.0 }];
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, old: &str, new: &str, expected: Option<&str>) {
        let at = text.find(old).expect("it occurs");
        let found = indented(old, new, &Haystack::new(text), at);
        assert_eq!(found.as_deref().ok(), expected, "{old:?} to {new:?}");
    }

    const FILE: &str = "def f():\n    for x in y:\n        total += x\n    return total\n";

    #[test]
    fn lines_that_would_leave_the_depth_are_indented() {
        let (old, new) = ("total += x", "if x:\n    total += x");
        check(FILE, old, new, Some("if x:\n            total += x"));
        check(FILE, "return total", "total *= 2\n\nreturn total", Some("total *= 2\n\n    return total"));
        check(FILE, "return total", "if x:\n    return total", Some("if x:\n        return total"));
        check(
            FILE,
            "    total += x",
            "    if x:\n        total += x",
            Some("    if x:\n            total += x"),
        );
    }

    #[test]
    fn lines_that_keep_it_are_as_written() {
        for (old, new) in [
            ("total += x", "if x:\n            total += x"),
            ("return total", "total *= 2\n    return total"),
            ("for x in y:\n        total += x", "if y:\n        for x in y:\n            total += x"),
            ("in y:", "in y:\n        pass\n    for x in z:"),
            ("return total", "return 1\n"),
        ] {
            check(FILE, old, new, Some(new));
        }
    }

    #[test]
    fn what_could_be_meant_to_leave_it_is_refused() {
        check(FILE, "total += x", "total += x\n    total *= 2", None);
        check(FILE, "total += x", "        if x:\n            total += x\n    a", None);
        check(FILE, "return total\n", "return total\n\ndef g():\n    pass\n", None);
        check("f {\n    a;\n}\n", "a;", "a;\n}\n\ng {\n    b;", None);
        check("f {\n\ta;\n}\n", "a;", "if b {\n    a;\n}", None);
    }
}
