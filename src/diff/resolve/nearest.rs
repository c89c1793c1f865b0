//! The places that nearly fit a block that fits nowhere, for the refusal: bounded work, never used to apply.

use std::collections::HashMap;

use super::index::LineIndex;
use super::key::{Key, right_trimmed};
use crate::diff::Nearest;

/// Places listed in a refusal.
const LISTED: usize = 3;
/// Places compared closely.
const COMPARED: usize = 6;
/// Lines of a block that are compared, characters of a line, and lines of a file that are looked at.
const PATTERN_LINES: usize = 20;
const LINE_CHARS: usize = 120;
const FILE_LINES: usize = 20_000;

/// The nearest places, best first, and a hint that says how the best differs.
pub(super) fn nearest(pattern: &[&str], index: &LineIndex<'_>) -> (Vec<Nearest>, String) {
    let mut places: Vec<Nearest> = candidates(pattern, index)
        .into_iter()
        .map(|at| Nearest { line: at + 1, distance: distance(pattern, index, at) })
        .filter(|place| place.distance < 0.8)
        .collect();
    places.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.line.cmp(&b.line)));
    places.truncate(LISTED);
    let hint = match places.first() {
        None => "Copy the lines to replace from the file as it is now.".to_owned(),
        Some(best) => hint(pattern, index, best.line - 1),
    };
    (places, hint)
}

/// The file's lines at a place, as many as the block has: what a model should have quoted.
pub(super) fn lines_at<'a>(
    place: Option<&Nearest>,
    pattern: &[&str],
    index: &LineIndex<'a>,
) -> impl Iterator<Item = &'a str> {
    let start = place.map_or(index.len(), |place| place.line - 1);
    let end = index.len().min(start + pattern.len());
    (start..end).map(|at| index.content(at)).collect::<Vec<_>>().into_iter()
}

/// Lines where the block could begin: those that most of its lines vote for, else those that look like its longest.
fn candidates(pattern: &[&str], index: &LineIndex<'_>) -> Vec<usize> {
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for (offset, line) in pattern.iter().enumerate().take(PATTERN_LINES) {
        if line.trim().is_empty() {
            continue;
        }
        for at in index.equal_lines(Key::RightTrimmed, line).take(32) {
            *votes.entry(at.saturating_sub(offset)).or_default() += 1;
        }
    }
    let longest = pattern.iter().enumerate().take(PATTERN_LINES).max_by_key(|(_, line)| line.trim().len());
    if let Some((offset, line)) = longest {
        let wanted = histogram(line);
        let mut likes: Vec<(u32, usize)> = (0..index.len().min(FILE_LINES))
            .map(|at| (difference(&wanted, &histogram(index.content(at))), at.saturating_sub(offset)))
            .collect();
        let n_likes = likes.len().min(LISTED);
        if n_likes > 0 {
            likes.select_nth_unstable(n_likes - 1);
        }
        for (_, at) in likes.into_iter().take(n_likes) {
            votes.entry(at).or_default();
        }
    }
    let mut starts: Vec<(usize, usize)> = votes.into_iter().collect();
    starts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    // The likest lines have no votes: they come behind, but the best of them is always compared.
    starts.truncate(COMPARED + LISTED);
    starts.into_iter().map(|(at, _)| at).collect()
}

/// Mean distance of the block's lines from the lines at `at`.
fn distance(pattern: &[&str], index: &LineIndex<'_>, at: usize) -> f32 {
    let n_lines = pattern.len().min(PATTERN_LINES);
    let total: f64 = (0..n_lines)
        .map(|offset| {
            let (wanted, there) = (pattern[offset], index.content(at + offset));
            if wanted == there {
                0.0
            } else if at + offset >= index.len() {
                1.0
            } else {
                1.0 - strsim::normalized_levenshtein(shortened(wanted), shortened(there))
            }
        })
        .sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "shown with two digits")]
    let mean = (total / n_lines.max(1) as f64) as f32;
    mean
}

fn hint(pattern: &[&str], index: &LineIndex<'_>, at: usize) -> String {
    let differing = pattern
        .iter()
        .enumerate()
        .find(|(offset, line)| right_trimmed(line) != right_trimmed(index.content(at + offset)));
    let only_blanks =
        pattern.iter().enumerate().all(|(offset, line)| line.trim() == index.content(at + offset).trim());
    match differing {
        Some(_) if only_blanks => {
            format!("Line {} differs only in its indentation; copy it as it is in the file.", at + 1)
        }
        Some((offset, _)) if at + offset < index.len() => format!(
            "The nearest place is line {}; line {} there reads `{}`.",
            at + 1,
            at + offset + 1,
            shortened(index.content(at + offset))
        ),
        _ => format!("The nearest place is line {}; the file ends inside of it.", at + 1),
    }
}

fn shortened(line: &str) -> &str {
    line.char_indices().nth(LINE_CHARS).map_or(line, |(end, _)| &line[..end])
}

/// How often each byte (modulo 64) occurs.
fn histogram(line: &str) -> [u8; 64] {
    let mut counts = [0_u8; 64];
    for byte in shortened(line.trim()).bytes() {
        let count = &mut counts[usize::from(byte & 63)];
        *count = count.saturating_add(1);
    }
    counts
}

fn difference(one: &[u8; 64], other: &[u8; 64]) -> u32 {
    one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}
