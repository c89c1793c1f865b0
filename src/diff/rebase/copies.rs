//! Places that were found by comparing two texts, and of which there are more than one by now.

use std::ops::Range;

use crate::text::Rope;

/// Whether the lines of `range` are in `live` more often than in `base`, and the lines around them do not tell which of
/// them is meant: the user may have copied them and changed the original. For an empty range, the lines around it. Of a
/// text that was followed while it was typed in, the place is known, and this need not be asked.
pub fn could_be_elsewhere(range: &Range<usize>, base: &Rope, live: &Rope) -> bool {
    if range.end > base.len_bytes() {
        return false;
    }
    let (old, new) = (base.to_string(), live.to_string());
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let first = base.byte_to_line(range.start);
    let lines = if range.is_empty() {
        first.saturating_sub(1)..(first + 1).min(old.len())
    } else {
        first..(base.byte_to_line(range.end - 1) + 1).min(old.len())
    };
    if lines.is_empty() {
        return false;
    }
    let own = &old[lines.clone()];
    if count(&new, own) <= count(&old, own) {
        return false;
    }
    let around = &old[lines.start.saturating_sub(1)..(lines.end + 1).min(old.len())];
    let n_around = count(&new, around);
    n_around == 0 || n_around > count(&old, around)
}

fn count(lines: &[&str], wanted: &[&str]) -> usize {
    lines.windows(wanted.len()).filter(|window| *window == wanted).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every letter is a line; `x` is what is asked about.
    #[track_caller]
    fn check(base: &str, live: &str, expected: bool) {
        let lines =
            |letters: &str| Rope::from_str(&letters.chars().flat_map(|c| [c, '\n']).collect::<String>());
        let at = 2 * base.find('x').unwrap();
        assert_eq!(could_be_elsewhere(&(at..at + 2), &lines(base), &lines(live)), expected, "{base} {live}");
    }

    #[test]
    fn a_copy_makes_a_place_doubtful_unless_its_neighbours_tell() {
        check("axb", "axb", false);
        check("axb", "zaxbz", false);
        // A copy elsewhere, the original as it was.
        check("axb", "axbcxd", false);
        // The whole was copied.
        check("axb", "axbaxb", true);
        // Copied, and the original changed around it.
        check("axb", "nxmaxc", true);
        check("axb", "nxbaxm", true);
        // It went from one place to another.
        check("axb", "abx", false);
    }

    #[test]
    fn an_insertion_is_between_two_lines() {
        let text = Rope::from_str("a\nb\n");
        assert!(could_be_elsewhere(&(2..2), &text, &Rope::from_str("a\nb\nc\na\nb\n")));
        assert!(!could_be_elsewhere(&(2..2), &text, &Rope::from_str("z\na\nb\n")));
        assert!(!could_be_elsewhere(&(0..0), &Rope::new(), &text));
    }
}
