//! Whether two texts are versions of one file at all.
//!
//! Between texts that have nothing to do with each other a diff still finds a brace or a blank line to keep, and a
//! hunk beside it would have its place by accident.

use std::collections::HashSet;

use crate::diff::{Refusal, RefusalCode};
use crate::text::{PositionMap, Rope};

/// Lines that say something; in a shorter text the hunks themselves must do.
const LINES: usize = 5;
/// Letters and digits of a line that says something.
const LETTERS: usize = 4;

/// Whether `live` may have come from `base`: much of it was kept, or a fifth of the lines that say something are
/// still there.
pub(super) fn belongs(base: &Rope, map: &PositionMap, live: &Rope) -> bool {
    let changed: usize = map.touching(0..base.len_bytes()).map(|(old, _)| old.len()).sum();
    if 2 * changed <= base.len_bytes() {
        return true;
    }
    let (base, live) = (String::from(base), String::from(live));
    let said: HashSet<&str> = telling(&base).collect();
    if said.len() < LINES {
        return true;
    }
    let kept: HashSet<&str> = telling(&live).filter(|line| said.contains(line)).collect();
    5 * kept.len() >= said.len()
}

fn telling(text: &str) -> impl Iterator<Item = &str> {
    let tells = |line: &&str| line.chars().filter(|c| c.is_alphanumeric()).take(LETTERS).count() == LETTERS;
    text.lines().map(str::trim).filter(tells)
}

/// The refusal of all hunks of such a file.
pub(super) fn refusal(path: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Conflict,
        "The text has next to nothing in common with the one that the edit was made for",
        "Name the file as the model saw it, or ask again for the file as it is now.",
    )
    .of_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, live: &str, expected: bool) {
        let (base, live) = (Rope::from_str(base), Rope::from_str(live));
        assert_eq!(belongs(&base, &PositionMap::from_texts(&base, &live), &live), expected);
    }

    #[test]
    fn versions_of_one_file_and_others() {
        let file = |name: &str| {
            let function = |n| format!("fn {name}{n}() {{\n    {name}.run_{n}()\n}}\n");
            (0..9).map(function).collect::<Vec<_>>().join("\n")
        };
        check(&file("one"), &file("one"), true);
        check(&file("one"), &(file("two") + "\n" + &file("one")), true);
        check(&(file("two") + "\n" + &file("one")), &file("one"), true);
        check(&file("one"), &file("one").replace("    ", "\t"), true);
        check(&file("one"), &file("entirely"), false);
        check(&file("one"), "", false);
        check("a\nb\n", "c\n", true);
    }
}
