//! What a line that stands for text left out may span.
//!
//! A reply leaves out lines within a definition, or whole definitions next to each other. It does not mean to run out of
//! the block that the line before it opens and into another one that happens to hold the line behind it.

use std::cmp::Ordering;

use super::index::LineIndex;
use super::key::{Key, indentation};
use crate::diff::tagged::TaggedLine;

/// Whether no line that is left out is indented less than the lines around it tell.
pub(super) fn stay_inside(lines: &[TaggedLine], at: &[Option<usize>], index: &LineIndex<'_>) -> bool {
    let mut before: Option<usize> = None;
    let mut is_gap = false;
    for (line, at) in lines.iter().zip(at) {
        is_gap |= matches!(line, TaggedLine::Gap(_));
        let Some(behind) = *at else { continue };
        if let (true, Some(before)) = (is_gap, before)
            && !is_inside(before, behind, index)
        {
            return false;
        }
        (before, is_gap) = (Some(behind), false);
    }
    true
}

/// Where a gap ends at the latest: the lines behind `opener` that are indented less than `depth`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    opener: usize,
    depth: usize,
}

impl Floor {
    /// The floor of a gap between two lines of a reply, when the first of them is in one place of the file only.
    pub(super) fn between(before: &str, behind: &str, index: &LineIndex<'_>) -> Option<Self> {
        let mut openers = index.equal_lines(Key::Canonical, before);
        let opener = openers.next().filter(|_| openers.next().is_none())?;
        let (outer, inner) = (indentation(before).len(), indentation(behind).len());
        let depth = indentation(index.content(opener)).len();
        match inner.cmp(&outer) {
            Ordering::Greater => Some(Self { opener, depth: depth + usize::from(opens(opener, index)) }),
            Ordering::Equal => Some(Self { opener, depth }),
            Ordering::Less => None,
        }
    }

    /// Whether the gap may leave out line `at` of the file.
    pub(super) fn may_pass(self, at: usize, index: &LineIndex<'_>) -> bool {
        at <= self.opener || depth(at, index) >= self.depth || !begins_with_a_word(at, index)
    }
}

fn depth(at: usize, index: &LineIndex<'_>) -> usize {
    indentation(index.content(at)).len()
}

/// Whether the next line that is not blank is indented more.
fn opens(at: usize, index: &LineIndex<'_>) -> bool {
    let mut behind = (at + 1..index.len()).filter(|&at| !index.content(at).trim().is_empty());
    behind.next().is_some_and(|next| depth(next, index) > depth(at, index))
}

/// Braces, comments and the like do not tell where a definition begins.
fn begins_with_a_word(at: usize, index: &LineIndex<'_>) -> bool {
    index.content(at).trim_start().starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Whether the lines between two lines of the file are inside of what the first one opens, when the second one is.
fn is_inside(before: usize, behind: usize, index: &LineIndex<'_>) -> bool {
    let (outer, inner) = (depth(before, index), depth(behind, index));
    let least = if inner > outer { outer + usize::from(opens(before, index)) } else { inner };
    (before + 1..behind).all(|at| depth(at, index) >= least || !begins_with_a_word(at, index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::resolve::Lines;

    const FILE: &str = "\
fn one(
    a: A,
) -> B {
    first();

    second();
}

fn two() {
    third();
}
";

    /// One-based lines around the gap.
    fn check(before: usize, behind: usize, expected: bool) {
        let cut = Lines::new(FILE);
        let index = LineIndex::new(&cut);
        let lines = ["a", "b"].map(|line| TaggedLine::Context(line.to_owned()));
        let [first, last] = lines;
        let lines = [first, TaggedLine::Gap("...".to_owned()), last];
        let at = [Some(before - 1), None, Some(behind - 1)];
        assert_eq!(stay_inside(&lines, &at, &index), expected, "{before} to {behind}");
    }

    #[test]
    fn lines_left_out_stay_in_their_block() {
        check(1, 6, true);
        check(1, 7, true);
        check(1, 9, true);
        check(4, 9, true);
        check(1, 10, false);
        check(4, 10, false);
    }

    #[test]
    fn a_known_opener_is_not_left() {
        let cut = Lines::new(FILE);
        let index = LineIndex::new(&cut);
        let may_pass = |behind: &str, at: usize| {
            Floor::between("fn one(", behind, &index).is_none_or(|floor| floor.may_pass(at - 1, &index))
        };
        assert!(may_pass("  x", 3) && may_pass("  x", 7) && !may_pass("  x", 9));
        assert!(may_pass("x", 9));
    }
}
