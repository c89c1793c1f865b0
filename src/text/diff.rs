//! The differences of two texts: line-wise, then narrowed to the characters that differ.
//!
//! The result is sorted and disjoint, and no replacement begins or ends between the two characters of a `\r\n`,
//! in either text: an editor could not address such a place. The work is bounded: `similar` gives up the
//! smallest script for a good one when two texts have little in common.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, capture_diff_slices};

use super::Indel;

/// The replacements that lead from `old` to `new`, in offsets of `old`.
pub(super) fn indels(old: &str, new: &str) -> Vec<Indel> {
    if old == new {
        return Vec::new();
    }
    // Only the part between the first and the last line that differ is split into lines and compared.
    let (old_lines, new_lines) = differing_lines(old, new);
    let (old_part, new_part) = (&old[old_lines.clone()], &new[new_lines.clone()]);
    let mut ids = HashMap::new();
    let (old_ids, old_starts) = number_lines(old_part, &mut ids);
    let (new_ids, new_starts) = number_lines(new_part, &mut ids);
    let mut indels = Vec::new();
    for (old_run, new_run) in changed_runs(&old_ids, &new_ids) {
        let old_range =
            old_lines.start + old_starts[old_run.start]..old_lines.start + old_starts[old_run.end];
        let new_range =
            new_lines.start + new_starts[new_run.start]..new_lines.start + new_starts[new_run.end];
        let (delete, insert) = narrow(old, old_range, new, new_range);
        if !delete.is_empty() || !insert.is_empty() {
            indels.push(Indel { delete, insert: new[insert].to_owned() });
        }
    }
    indels
}

/// The runs of lines that differ, in both texts: disjoint, ascending, with at least one equal line between two.
fn changed_runs(old: &[u32], new: &[u32]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut runs: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if op.tag() == similar::DiffTag::Equal {
            continue;
        }
        let (old_range, new_range) = (op.old_range(), op.new_range());
        match runs.last_mut() {
            // A deletion and the insertion beside it are one replacement.
            Some((o, n)) if o.end == old_range.start && n.end == new_range.start => {
                (o.end, n.end) = (old_range.end, new_range.end);
            }
            _ => runs.push((old_range, new_range)),
        }
    }
    runs
}

/// The byte ranges left when whole common lines are taken off both ends.
fn differing_lines(old: &str, new: &str) -> (Range<usize>, Range<usize>) {
    let prefix = common_prefix(old.as_bytes(), new.as_bytes());
    let start = line_start_at_or_before(old, new, prefix);
    let (old_rest, new_rest) = (&old.as_bytes()[start..], &new.as_bytes()[start..]);
    let mut suffix = common_suffix(old_rest, new_rest);
    let tail = &old_rest[old_rest.len() - suffix..];
    // The tail has to begin with a line of both texts: what precedes its first line break is not yet one.
    match tail.iter().position(|&byte| byte == b'\n') {
        Some(at) => suffix -= at + 1,
        None => suffix = 0,
    }
    (start..old.len() - suffix, start..new.len() - suffix)
}

/// The last place up to `at` (inside the common prefix) where a line begins in both texts.
fn line_start_at_or_before(old: &str, new: &str, at: usize) -> usize {
    let is_cr_at = |byte: &u8| *byte == b'\r';
    let mut end = at;
    loop {
        let Some(last) = old.as_bytes()[..end].iter().rposition(|&byte| byte == b'\n' || is_cr_at(&byte))
        else {
            return 0;
        };
        let next = last + 1;
        let lf_follows = |text: &str| text.as_bytes().get(next) == Some(&b'\n');
        if !is_cr_at(&old.as_bytes()[last]) || !(lf_follows(old) || lf_follows(new)) {
            return next;
        }
        end = last;
    }
}

/// Numbers the lines of `text` so that equal lines have equal numbers; also where each begins, and the end.
fn number_lines<'t>(text: &'t str, ids: &mut HashMap<&'t str, u32>) -> (Vec<u32>, Vec<usize>) {
    let (mut numbers, mut starts, mut start) = (Vec::new(), vec![0], 0);
    while start < text.len() {
        let end = line_end(text.as_bytes(), start);
        let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        numbers.push(*ids.entry(&text[start..end]).or_insert(next));
        starts.push(end);
        start = end;
    }
    (numbers, starts)
}

/// Where the line that begins at `start` ends, its `\n`, `\r\n` or lone `\r` included.
fn line_end(text: &[u8], start: usize) -> usize {
    match text[start..].iter().position(|&byte| byte == b'\n' || byte == b'\r') {
        None => text.len(),
        Some(at) if text[start + at] == b'\r' && text.get(start + at + 1) == Some(&b'\n') => start + at + 2,
        Some(at) => start + at + 1,
    }
}

/// Takes common characters off both ends of a replacement.
fn narrow(
    old: &str,
    old_range: Range<usize>,
    new: &str,
    new_range: Range<usize>,
) -> (Range<usize>, Range<usize>) {
    let (o, n) = (&old[old_range.clone()], &new[new_range.clone()]);
    let mut prefix = common_prefix(o.as_bytes(), n.as_bytes());
    while !is_cut(old, old_range.start + prefix) || !is_cut(new, new_range.start + prefix) {
        prefix -= 1;
    }
    let mut suffix = common_suffix(&o.as_bytes()[prefix..], &n.as_bytes()[prefix..]);
    while !is_cut(old, old_range.end - suffix) || !is_cut(new, new_range.end - suffix) {
        suffix -= 1;
    }
    (old_range.start + prefix..old_range.end - suffix, new_range.start + prefix..new_range.end - suffix)
}

/// Whether a replacement may begin or end here: at a character boundary, not inside a `\r\n`. The ends of the
/// ranges given to [`narrow`] always are such places, so its loops end.
fn is_cut(text: &str, at: usize) -> bool {
    let inside_break = at > 0 && text.as_bytes().get(at - 1..=at) == Some(b"\r\n");
    text.is_char_boundary(at) && !inside_break
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let whole = one.chunks(BLOCK).zip(other.chunks(BLOCK)).take_while(|(a, b)| a == b && a.len() == BLOCK);
    let start = whole.count() * BLOCK;
    start + one[start..].iter().zip(&other[start..]).take_while(|(a, b)| a == b).count()
}

fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let whole = one.rchunks(BLOCK).zip(other.rchunks(BLOCK)).take_while(|(a, b)| a == b && a.len() == BLOCK);
    let tail = whole.count() * BLOCK;
    let (one, other) = (&one[..one.len() - tail], &other[..other.len() - tail]);
    tail + one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::super::{Rope, TextEdit};
    use super::*;
    use proptest::prelude::*;

    /// Replacements as `start..end→text`.
    fn check(old: &str, new: &str, expected: &[(Range<usize>, &str)]) {
        let edit = TextEdit::diff(old, new);
        assert_eq!(edit.apply(&Rope::from_str(old)).expect("it fits"), new);
        let actual: Vec<_> = edit.iter().map(|indel| (indel.delete.clone(), indel.insert.as_str())).collect();
        assert_eq!(actual, expected, "{old:?} → {new:?}");
    }

    #[test]
    fn equal_texts_need_no_edit() {
        check("", "", &[]);
        check("a\r\n", "a\r\n", &[]);
    }

    #[test]
    fn replacements_are_narrow_and_separate() {
        check("one\ntwo\nthree\nfour\n", "one\ntWo\nthree\nfoUr\n", &[(5..6, "W"), (16..17, "U")]);
        check("a\nb\nc\n", "a\nc\n", &[(2..4, "")]);
        check("a\nc\n", "a\nb\nc\n", &[(2..2, "b\n")]);
        check("a", "a\nb", &[(1..1, "\nb")]);
    }

    #[test]
    fn characters_are_never_cut() {
        check("é", "è", &[(0..2, "è")]);
        check("x😀y", "x😁y", &[(1..5, "😁")]);
        check("aé", "a\u{129}", &[(1..3, "\u{129}")]);
    }

    #[test]
    fn line_breaks_are_never_cut() {
        check("a\r\nb", "a\nb", &[(1..3, "\n")]);
        check("a\nb", "a\r\nb", &[(1..2, "\r\n")]);
        check("a\rb", "a\r\nb", &[(1..2, "\r\n")]);
        check("a\r\n", "a\r", &[(1..3, "\r")]);
        check("\u{feff}a\r\nb\r\n", "\u{feff}a\r\nc\r\n", &[(6..7, "c")]);
    }

    #[test]
    fn a_final_newline_is_one_edit() {
        check("a\nb", "a\nb\n", &[(3..3, "\n")]);
        check("a\nb\n", "a\nb", &[(3..4, "")]);
    }

    #[test]
    fn large_unlike_texts_stay_bounded() {
        let lines = |seed: u64| -> String {
            let mut state = seed;
            let mut text = String::new();
            for _ in 0..30_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(
                    ["fn a() {", "}", "", "    let x = 1;", "    return y;", "// note"]
                        [(state >> 60) as usize % 6],
                );
                text.push('\n');
            }
            text
        };
        let (old, new) = (lines(1), lines(2));
        let edit = TextEdit::diff(&old, &new);
        assert_eq!(edit.apply(&Rope::from_str(&old)).expect("it fits"), new);
    }

    proptest! {
        #[test]
        fn diff_leads_from_old_to_new(
            old in "([abé😀]|\r\n|\r|\n){0,30}",
            new in "([abé😀]|\r\n|\r|\n){0,30}",
        ) {
            let edit = TextEdit::diff(&old, &new);
            let rope = Rope::from_str(&old);
            let after = edit.apply(&rope).expect("it fits");
            prop_assert_eq!(&after, new.as_str());
            let inverse = edit.invert(&rope).expect("it fits");
            prop_assert_eq!(inverse.apply(&after).expect("it fits"), old.as_str());
            for indel in edit.iter() {
                prop_assert!(is_cut(&old, indel.delete.start) && is_cut(&old, indel.delete.end));
            }
            for indel in inverse.iter() {
                prop_assert!(is_cut(&new, indel.delete.start) && is_cut(&new, indel.delete.end));
            }
            prop_assert!(edit.iter().zip(edit.iter().skip(1)).all(|(a, b)| a.delete.end < b.delete.start));
        }
    }
}
