//! Fills what a whole file leaves out with the lines of the old text.
//!
//! The lines next to an elision have to say without a doubt what it stands for, and those that go because of it have to
//! be whole blocks, or replaced; else the file is refused.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::elision::{is_elision, is_phrase, may_be_elision, says_something};
use crate::diff::{Refusal, RefusalCode};

/// The lines of a whole file with every elision replaced by the lines of `old` that it stands for.
///
/// # Errors
/// When the lines before or behind an elision are not in one place of `old`, so that it could stand for more or less.
pub(super) fn filled<'a>(lines: &[&'a str], old: &[&'a str]) -> Result<Vec<&'a str>, Refusal> {
    let may_speak = |line: &&str| is_comment(line) && speaks_of_others(line);
    if !lines.iter().any(|line| is_elision(line) || may_be_elision(line) || may_speak(line)) {
        return Ok(lines.to_vec());
    }
    let changes = changes(old, lines);
    let gap_lines = gap_lines(lines, old, &changes);
    // What goes where an elision comes is its matter.
    let has_gap = |(_, came): &Change| gap_lines.iter().any(|at| came.contains(at));
    let others: Vec<Change> = changes.iter().filter(|change| !has_gap(change)).cloned().collect();
    if let Some(&at) = comments_for_lines(lines, old, &others).first() {
        return Err(unclear(lines[at]));
    }
    if gap_lines.is_empty() {
        return Ok(lines.to_vec());
    }
    let gaps: Vec<&str> = gap_lines.iter().map(|&at| lines[at]).collect();
    let starts = std::iter::once(0).chain(gap_lines.iter().map(|at| at + 1));
    let ends = gap_lines.iter().copied().chain(std::iter::once(lines.len()));
    let segments: Vec<&[&str]> = starts.zip(ends).map(|(start, end)| &lines[start..end]).collect();
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
        if from < reached || to < from || !replaces(before, &old[reached..from], nth > 0, true) {
            return Err(unclear());
        }
        all.extend_from_slice(before);
        all.extend_from_slice(&old[from..to]);
        // What follows is taken up as the next pair's first segment.
        reached = to;
    }
    let last = trimmed_start(segments.last().copied().unwrap_or_default());
    if !last.is_empty() && !replaces(last, &old[reached..], true, false) {
        return Err(unclear(gaps.last().copied().unwrap_or_default()));
    }
    all.extend_from_slice(last);
    Ok(all)
}

/// The lines that stand for text left out. Dots could be meant as they are, unless lines go where they come.
fn gap_lines(lines: &[&str], old: &[&str], changes: &[Change]) -> Vec<usize> {
    let is_known = |line: &str| {
        old.iter().any(|other| {
            other.trim_end() == line.trim_end() || (is_phrase(line) && other.trim() == line.trim())
        })
    };
    let is_gap = |line: &str| is_elision(line) && !is_known(line);
    let mut gaps: Vec<usize> = (0..lines.len()).filter(|&at| is_gap(lines[at])).collect();
    for (gone, came) in changes {
        if old[gone.clone()].iter().any(|line| says_something(line)) {
            gaps.extend(came.clone().filter(|&at| may_be_elision(lines[at])));
        }
    }
    gaps.sort_unstable();
    gaps.dedup();
    gaps
}

/// Comments that come for more lines of code than the reply has in their place, and speak as if those were still there.
/// Not those of several lines, which tell about the code below them.
fn comments_for_lines(lines: &[&str], old: &[&str], changes: &[Change]) -> Vec<usize> {
    let n_worded = |lines: &[&str]| lines.iter().filter(|line| is_worded(line) && !is_comment(line)).count();
    changes
        .iter()
        .filter(|(gone, came)| n_worded(&old[gone.clone()]) >= n_worded(&lines[came.clone()]) + 2)
        .flat_map(|(_, came)| came.clone())
        .filter(|&at| is_comment(lines[at]) && speaks_of_others(lines[at]))
        .filter(|&at| {
            let around = &lines[at.saturating_sub(1)..lines.len().min(at + 2)];
            around.iter().filter(|line| is_comment(line)).count() == 1
        })
        .collect()
}

fn is_comment(line: &str) -> bool {
    ["//", "#", "/*", "--", "<!--", "{/*", ";", "%"].iter().any(|lead| line.trim_start().starts_with(lead))
}

fn speaks_of_others(line: &str) -> bool {
    const WORDS: [&str; 10] =
        ["rest", "remaining", "unchanged", "existing", "omitted", "other", "others", "more", "same", "keep"];
    let line = line.to_lowercase();
    line.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

/// Lines of the old text that go, and lines of the new one that come for them.
type Change = (Range<usize>, Range<usize>);

/// Where lines of `old` go and lines of `new` come: equal lines are between them.
fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let (gone, came) = (op.old_range(), op.new_range());
        match changes.last_mut() {
            _ if op.tag() == DiffTag::Equal => {}
            Some(last) if last.0.end == gone.start && last.1.end == came.start => {
                (last.0.end, last.1.end) = (gone.end, came.end);
            }
            _ => changes.push((gone, came)),
        }
    }
    changes
}

/// Whether a segment can be meant to replace `old`, the lines up to and from those that an elision next to it was placed
/// by: one line in common may be a chance, and what goes before it would be lost.
fn replaces(segment: &[&str], old: &[&str], starts: bool, ends: bool) -> bool {
    let changes = changes(old, segment);
    let n_equal = segment.iter().filter(|line| is_worded(line)).count()
        - changes.iter().flat_map(|(_, came)| came.clone()).filter(|&at| is_worded(segment[at])).count();
    if starts && n_equal < 2 {
        let top = segment.first().map_or(0, |line| depth(line));
        let gone = || changes.iter().flat_map(|(gone, _)| &old[gone.clone()]).filter(|line| is_worded(line));
        if gone().count() > 1 && gone().any(|line| depth(line) <= top) {
            return false;
        }
    }
    changes.iter().enumerate().all(|(nth, (gone, came))| {
        let is_last = nth + 1 == changes.len();
        let n_behind = old[gone.end..].iter().filter(|line| is_worded(line)).count();
        let tops = top(&old[gone.clone()]);
        let is_renewed =
            || segment[came.clone()].iter().any(|line| is_worded(line) && Some(depth(line)) <= tops);
        let may_be_chance = ends && is_last && n_behind < 2;
        !leaves_a_block(old, gone.clone(), came.is_empty(), ends && is_last)
            || (is_renewed() && !may_be_chance)
    })
}

/// Whether lines that go begin outside of the block that goes on behind them, so that they are no whole blocks.
fn leaves_a_block(old: &[&str], mut gone: Range<usize>, only_goes: bool, is_last: bool) -> bool {
    loop {
        let Some(next) = old[gone.end..].iter().find(|line| !line.trim().is_empty()) else { return false };
        let lines = &old[gone.clone()];
        let Some(tops) = top(lines) else { return false };
        // Text without depth: its blocks are those between blank lines.
        let is_apart = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
        let is_flat = is_last
            && depth(next) == 0
            && tops == 0
            && lines.iter().any(|line| line.trim().is_empty())
            && !is_apart(lines.last())
            && !is_apart(old.get(gone.end));
        if tops >= depth(next) && !is_flat {
            return false;
        }
        // The same lines may go a little earlier.
        if !only_goes || gone.start == 0 || old[gone.start - 1] != old[gone.end - 1] {
            return true;
        }
        gone = gone.start - 1..gone.end - 1;
    }
}

/// The least depth of lines that say something.
fn top(lines: &[&str]) -> Option<usize> {
    lines.iter().filter(|line| is_worded(line)).map(|line| depth(line)).min()
}

fn is_worded(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
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

    #[test]
    fn a_line_in_common_by_chance_is_no_anchor() {
        let gap = "# ... rest of the file unchanged ...";
        let old = [
            "def f():",
            "    one()",
            "    tail()",
            "",
            "def g():",
            "    two()",
            "    end()",
            "",
            "def h():",
            "    three()",
        ];
        check(&old, &["def f():", "    one()", "    tail()", "    end()", "", gap], None);
        check(&old, &["def f():", "    new()", "    end()", "", gap], None);
        check(&old, &["def f():", "    new()", "", "def k():", "    end()", "", gap], None);
        check(
            &old,
            &["def f():", "    new()", "    tail()", "", gap],
            Some(&[&["def f():", "    new()"], &old[2..]].concat()),
        );
        // A whole function goes.
        let all = [&old[..3], &old[7..]].concat();
        check(&old, &[&old[..3], &["", "def h():", gap]].concat(), Some(&all));
        let flat = ["[a]", "x=1", "", "[b]", "y=1", "", "[c]"];
        check(&flat, &["[a]", "x=1", "y=1", gap], None);
        // What comes behind the elision is new, but for a line that is in the middle.
        let old =
            ["@a", "def f():", "    one()", "", "@b", "def g():", "    two()", "", "def h():", "    three()"];
        check(&old, &[gap, "", "@b", "def k():", "    new()"], None);
        check(&old, &[gap, "", "def h():", "    new()"], Some(&[&old[..9], &["    new()"]].concat()));
    }

    #[test]
    fn dots_in_the_place_of_lines_are_filled() {
        let old = ["class A:", "    def f(self):", "        one()", "", "    def g(self):", "        two()"];
        let new = ["class A:", "    def f(self):", "        new()", "", "    def g(self):", "        ..."];
        check(
            &old,
            &new,
            Some(&["class A:", "    def f(self):", "        new()", "", "    def g(self):", "        two()"]),
        );
        let word =
            ["class A:", "    def f(self):", "        new()", "", "    def g(self):", "        # ...body"];
        check(
            &old,
            &word,
            Some(&["class A:", "    def f(self):", "        new()", "", "    def g(self):", "        two()"]),
        );
        check(&["def f():", "    pass"], &["def f():", "    ..."], Some(&["def f():", "    ..."]));
        check(
            &["def f():", "    a"],
            &["def f():", "    a", "def g():", "    ..."],
            Some(&["def f():", "    a", "def g():", "    ..."]),
        );
        check(&["# existing code", "a", "b"], &["b", "  # existing code"], Some(&["b", "  # existing code"]));
        check(
            &["def f():", "    a", "b"],
            &["def f():", "    c", "# rest of the code remains unchanged"],
            None,
        );
    }

    #[test]
    fn a_comment_that_may_stand_for_lines_is_refused() {
        let old = ["def f():", "    one()", "", "def g():", "    two()", "    three()"];
        for comment in ["# g unchanged", "# (other functions)", "# keep the rest as is", "# more code here"] {
            check(&old, &["def f():", "    new()", "", comment], None);
        }
        let new = [
            "def f():",
            "    # the rest is done by g",
            "    new()",
            "",
            "def g():",
            "    two()",
            "    three()",
        ];
        check(&old, &new, Some(&new));
    }

    #[test]
    fn blank_lines_around_a_part_are_not_doubled() {
        let old = ["a1", "", "b1", "", "c1", "", "d1", "", "e1", "", "f1"];
        let gap = "# ... existing code ...";
        let new = ["a1", "", gap, "", "c1", "X", "d1", "", gap, "", "f1"];
        check(&old, &new, Some(&["a1", "", "b1", "", "c1", "X", "d1", "", "e1", "", "f1"]));
    }
}
