//! Places that were found by comparing two texts, and of which there are more than one by now.

use std::collections::HashMap;
use std::ops::Range;

use crate::text::Rope;

/// Most comparisons of lines for one question; a place that needs more is one of very many.
const WORK: usize = 2_000_000;

/// Two versions of a text, to ask of places of the first whether they can be told in the second.
#[derive(Debug)]
pub struct Copies {
    base: Rope,
    old: Numbered,
    new: Numbered,
}

/// The numbers of lines, and where each of them is.
#[derive(Debug)]
struct Numbered {
    lines: Vec<u32>,
    places: HashMap<u32, Vec<usize>>,
}

impl Copies {
    /// Compares `live` with `base`.
    pub fn new(base: &Rope, live: &Rope) -> Self {
        let (old, new) = (base.to_string(), live.to_string());
        // Equal lines have equal numbers.
        let mut numbers = HashMap::new();
        let [old, new] = [&old, &new].map(|text| Numbered::new(text, &mut numbers));
        Self { base: base.clone(), old, new }
    }

    /// Whether the lines of `range` are in the second text more often than in the first, and the lines around them do
    /// not tell which of them is meant: the user may have copied them and changed the original. For an empty range, the
    /// lines around it. Of a text that was followed while it was typed in, the place is known, and this need not be
    /// asked.
    pub fn could_be_elsewhere(&self, range: &Range<usize>) -> bool {
        if range.end > self.base.len_bytes() {
            return false;
        }
        let n_lines = self.old.lines.len();
        let first = self.base.byte_to_line(range.start);
        let lines = if range.is_empty() {
            first.saturating_sub(1)..(first + 1).min(n_lines)
        } else {
            first..(self.base.byte_to_line(range.end - 1) + 1).min(n_lines)
        };
        if lines.is_empty() {
            return false;
        }
        let own = &self.old.lines[lines.clone()];
        if self.new.work(own) > WORK {
            return true;
        }
        if self.new.count(own) <= self.old.count(own) {
            return false;
        }
        let around = &self.old.lines[lines.start.saturating_sub(1)..(lines.end + 1).min(n_lines)];
        let n_around = self.new.count(around);
        n_around == 0 || n_around > self.old.count(around)
    }
}

impl Numbered {
    fn new<'a>(text: &'a str, numbers: &mut HashMap<&'a str, u32>) -> Self {
        let mut lines = Vec::new();
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        for (at, line) in text.lines().enumerate() {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(line).or_insert(next);
            lines.push(number);
            places.entry(number).or_default().push(at);
        }
        Self { lines, places }
    }

    /// How many comparisons it takes to count these lines.
    fn work(&self, wanted: &[u32]) -> usize {
        let n_places = |line: &u32| self.places.get(line).map_or(0, Vec::len);
        wanted.iter().map(n_places).min().unwrap_or(0).saturating_mul(wanted.len())
    }

    /// How often these lines stand here one behind the other.
    fn count(&self, wanted: &[u32]) -> usize {
        let places = |line: &u32| self.places.get(line).map_or(&[][..], Vec::as_slice);
        // Only where the rarest of them is.
        let rarest = wanted.iter().enumerate().min_by_key(|(_, line)| places(line).len());
        let Some((offset, rarest)) = rarest else { return 0 };
        let is_here = |at: &&usize| {
            at.checked_sub(offset).and_then(|at| self.lines.get(at..at + wanted.len())) == Some(wanted)
        };
        places(rarest).iter().filter(is_here).count()
    }
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
        assert_eq!(
            Copies::new(&lines(base), &lines(live)).could_be_elsewhere(&(at..at + 2)),
            expected,
            "{base} {live}"
        );
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
        assert!(Copies::new(&text, &Rope::from_str("a\nb\nc\na\nb\n")).could_be_elsewhere(&(2..2)));
        assert!(!Copies::new(&text, &Rope::from_str("z\na\nb\n")).could_be_elsewhere(&(2..2)));
        assert!(!Copies::new(&Rope::new(), &text).could_be_elsewhere(&(0..0)));
    }
}
