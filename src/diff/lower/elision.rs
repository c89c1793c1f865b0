//! Lines that stand for text left out (`// ... existing code ...`).
//!
//! Written to a file such a line would delete what it stands for. In a block it becomes a gap; in a whole file it is
//! filled from the old text when the lines next to it say without a doubt what it stands for.

use crate::diff::{Refusal, RefusalCode};

/// Whether a line stands for text that is left out.
pub(in crate::diff) fn is_elision(line: &str) -> bool {
    const DOTS: [&str; 2] = ["...", "\u{2026}"];
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
    ]
    .iter()
    .any(|word| line.contains(word))
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

/// The lines of a whole file with every elision replaced by the lines of `old` that it stands for.
///
/// # Errors
/// When the lines before or behind an elision are not in one place of `old`, so that it could stand for more or less.
pub(super) fn filled<'a>(lines: &[&'a str], old: &[&'a str]) -> Result<Vec<&'a str>, Refusal> {
    let is_gap = |line: &str| is_elision(line) && !old.contains(&line);
    if !lines.iter().any(|line| is_gap(line)) {
        return Ok(lines.to_vec());
    }
    let segments: Vec<&[&str]> = lines.split(|line| is_gap(line)).collect();
    let gaps: Vec<&str> = lines.iter().copied().filter(|line| is_gap(line)).collect();
    let mut all = Vec::with_capacity(old.len() + lines.len());
    let mut reached = 0;
    for (nth, pair) in segments.windows(2).enumerate() {
        let (before, behind) = (trimmed_end(pair[0]), trimmed_start(pair[1]));
        let before = if nth == 0 { before } else { trimmed_start(before) };
        let unclear = || unclear(gaps[nth]);
        // An edge of the file needs no line to say where it is.
        let from = if before.is_empty() && nth == 0 {
            0
        } else {
            end_of(before, old).or_else(|| end_of_block(before, old)).ok_or_else(unclear)?
        };
        let to = if behind.is_empty() && nth + 2 == segments.len() {
            old.len()
        } else {
            start_of(behind, old).or_else(|| start_below_new(behind, old)).ok_or_else(unclear)?
        };
        if from < reached || to < from {
            return Err(unclear());
        }
        all.extend_from_slice(before);
        all.extend_from_slice(&old[from..to]);
        // What follows is taken up as the next pair's first segment.
        reached = to;
    }
    all.extend_from_slice(trimmed_start(segments.last().copied().unwrap_or_default()));
    Ok(all)
}

fn unclear(line: &str) -> Refusal {
    Refusal::new(
        RefusalCode::MalformedReply,
        format!("What the line `{}` stands for is not clear", line.trim()),
        "Write unchanged lines of the file directly before and behind it, or write every line in full.",
    )
}

/// Blank lines around an elision are its decoration: the old text has its own.
fn trimmed_end<'s, 'a>(mut lines: &'s [&'a str]) -> &'s [&'a str] {
    while let [rest @ .., last] = lines
        && last.trim().is_empty()
    {
        lines = rest;
    }
    lines
}

fn trimmed_start<'s, 'a>(mut lines: &'s [&'a str]) -> &'s [&'a str] {
    while let [first, rest @ ..] = lines
        && first.trim().is_empty()
    {
        lines = rest;
    }
    lines
}

/// Index in `old` behind the last lines of `segment`, as many as are needed for one place only.
fn end_of(segment: &[&str], old: &[&str]) -> Option<usize> {
    (1..=segment.len()).find_map(|n| {
        let run = &segment[segment.len() - n..];
        only_place(run, old).map(|at| at + n)
    })
}

/// Index in `old` behind the block that the last line of `segment` closes, when the line that opens it is in one place
/// only. What is in between may be new.
fn end_of_block(segment: &[&str], old: &[&str]) -> Option<usize> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let is_filled = |line: &str| !line.trim().is_empty();
    let (closer, inner) = segment.split_last()?;
    if closer.contains(char::is_alphanumeric) {
        return None;
    }
    let opener = inner.iter().rev().find(|line| is_filled(line) && depth(line) <= depth(closer))?;
    if depth(opener) != depth(closer) || !opener.contains(char::is_alphanumeric) {
        return None;
    }
    let from = only_place(std::slice::from_ref(opener), old)? + 1;
    let behind = old[from..].iter().position(|line| is_filled(line) && depth(line) <= depth(closer))?;
    (old[from + behind] == *closer).then_some(from + behind + 1)
}

/// Index in `old` of the first lines of `segment`, as many as are needed for one place only.
fn start_of(segment: &[&str], old: &[&str]) -> Option<usize> {
    (1..=segment.len()).find_map(|n| only_place(&segment[..n], old))
}

/// Index in `old` of the first line of `segment` that is not new, when the new ones stand directly on it, as a comment
/// does, and nothing stands on it in `old` that they could be meant to replace.
fn start_below_new(segment: &[&str], old: &[&str]) -> Option<usize> {
    let n_new = segment.iter().take_while(|line| !line.trim().is_empty() && !old.contains(line)).count();
    let at = start_of(&segment[n_new..], old)?;
    let stands_free = at == 0 || old[at - 1].trim().is_empty();
    (n_new > 0 && stands_free && !segment[n_new].trim().is_empty()).then_some(at)
}

fn only_place(run: &[&str], old: &[&str]) -> Option<usize> {
    let mut places = old.windows(run.len()).enumerate().filter(|(_, window)| *window == run);
    let (at, _) = places.next()?;
    places.next().is_none().then_some(at)
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
        ] {
            assert!(!is_elision(line), "{line}");
        }
    }

    fn check(old: &[&str], lines: &[&str], expected: Option<&[&str]>) {
        assert_eq!(filled(lines, old).ok().as_deref(), expected, "{lines:?}");
    }

    #[test]
    fn an_elision_between_known_lines_is_filled() {
        let gap = "// ... existing code ...";
        check(&["a", "b", "c", "d"], &["a", gap, "d", "e"], Some(&["a", "b", "c", "d", "e"]));
        check(&["a", "b", "c", "d"], &["A", "b", "", gap], Some(&["A", "b", "c", "d"]));
        check(&["a", "b", "c", "d"], &[gap, "", "c", "D"], Some(&["a", "b", "c", "D"]));
        check(
            &["a", "", "b", "", "c", "", "d"],
            &[gap, "", "b", "B", "", "c", "", gap],
            Some(&["a", "", "b", "B", "", "c", "", "d"]),
        );
        check(&["a", "}", "c", "}"], &["a", "}", gap, "c", "}"], Some(&["a", "}", "c", "}"]));
    }

    #[test]
    fn an_elision_behind_a_block_whose_opening_line_is_known() {
        let gap = "// ... existing code ...";
        let old = ["f() {", "  a", "  r", "}", "g() {", "  b", "  r", "}"];
        check(
            &old,
            &["f() {", "  x", "  r", "}", gap],
            Some(&["f() {", "  x", "  r", "}", "g() {", "  b", "  r", "}"]),
        );
        // Another line opens it, or the old block ends otherwise.
        check(&old, &["f(x) {", "  x", "  r", "}", gap], None);
        check(&["f() {", "  a", "};", "g() {", "}", "}"], &["f() {", "  x", "}", gap], None);
    }

    #[test]
    fn an_elision_before_new_lines_on_top_of_a_known_one() {
        let gap = "// ... existing code ...";
        check(
            &["a", "", "f() {", "}"],
            &["a", gap, "", "// f", "f() {", "}"],
            Some(&["a", "", "// f", "f() {", "}"]),
        );
        // They could replace what stands there, or what is left out.
        check(&["a", "", "// old", "f() {", "}"], &["a", gap, "", "// f", "f() {", "}"], None);
        check(&["a", "", "f() {", "}"], &["a", gap, "", "e() {}", "", "f() {", "}"], None);
    }

    #[test]
    fn an_elision_next_to_a_new_line_is_not() {
        let gap = "// ... existing code ...";
        check(&["a", "b", "c"], &["a", "x", gap, "c"], None);
        check(&["a", "b", "c"], &["a", gap, "x", "c"], None);
        check(&["a", "b", "a", "c"], &["a", gap, "c"], None);
    }
}
