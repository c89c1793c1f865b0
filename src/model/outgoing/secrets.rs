//! Finds what looks like a secret in a text: keys and tokens by their form, passwords by where they stand.
//!
//! The patterns are chosen for few false alarms: placeholders, variables and words are left alone. Each reader looks
//! at a bounded piece behind a literal that one pass over the text finds, and none reads the same piece twice, so the
//! work is linear in the text. A find never reaches over the end of a line: what has several lines is several finds.

mod assignment;
mod bearer;
mod key_block;
mod randomness;
mod token;
mod url;

use std::ops::Range;

pub(super) use randomness::is_random;

/// Something that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Find {
    /// Its bytes; never empty, on character boundaries, within one line.
    pub range: Range<usize>,
    /// What it looks like, for people.
    pub kind: &'static str,
}

/// Longest secret that is read as one, in bytes.
const LONGEST: usize = 4096;

/// Shortest secret: nothing that is shorter can be told from a word, or be replaced by a mark of its own.
pub(super) const SHORTEST: usize = 4;

/// All that look like secrets, in order, disjoint.
pub(super) fn find(text: &str) -> Vec<Find> {
    let mut found = token::find(text);
    found.extend(key_block::find(text));
    found.extend(bearer::find(text));
    found.extend(url::find(text));
    found.extend(assignment::find(text));
    found.retain(|find| find.range.len() >= SHORTEST);
    joined(found)
}

/// Sorted, with overlapping finds as one.
pub(super) fn joined(mut found: Vec<Find>) -> Vec<Find> {
    found.sort_by_key(|find| (find.range.start, std::cmp::Reverse(find.range.end)));
    let mut joined: Vec<Find> = Vec::with_capacity(found.len());
    for find in found {
        match joined.last_mut() {
            Some(last) if find.range.start < last.range.end => {
                last.range.end = last.range.end.max(find.range.end);
            }
            _ => joined.push(find),
        }
    }
    joined
}

/// The end of the run of bytes of a kind that begins at `start`, at most [`LONGEST`] on. All kinds are of ASCII, so
/// that the end is on a character boundary.
fn run(text: &str, start: usize, is_part: impl Fn(u8) -> bool) -> usize {
    run_at_most(text, start, LONGEST, is_part)
}

fn run_at_most(text: &str, start: usize, longest: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes().get(start..).unwrap_or_default();
    start + bytes.iter().take(longest).take_while(|byte| byte.is_ascii() && is_part(**byte)).count()
}

/// Where a run of bytes of a kind that ends at `end` begins, at most `longest` back.
fn run_back(text: &str, end: usize, longest: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes().get(..end).unwrap_or_default();
    end - bytes.iter().rev().take(longest).take_while(|byte| byte.is_ascii() && is_part(**byte)).count()
}

fn byte_before(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests;
