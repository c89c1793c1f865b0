//! Finds runs of lines in a text: hashes of right-trimmed lines, the rarest line first, every hit verified.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::lines::Lines;

/// How many places are looked for before a run counts as being in several.
const MOST_PLACES: usize = 9;

/// Marks the end of a chain.
const END: u32 = u32::MAX;

/// An index over the lines of one text, built in one pass.
pub(super) struct LineIndex<'a> {
    lines: &'a Lines<'a>,
    hashes: Vec<u64>,
    chains: HashMap<u64, Chain, BuildHasherDefault<AlreadyHashed>>,
    next: Vec<u32>,
}

/// The lines with one hash, linked in ascending order.
#[derive(Clone, Copy)]
struct Chain {
    first: u32,
    n_lines: u32,
}

/// Where a run of lines is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nowhere.
    Nowhere,
    /// At this line only.
    Once(usize),
    /// At these lines, at least; ascending.
    Several(Vec<usize>),
}

impl<'a> LineIndex<'a> {
    /// Indexes the lines.
    pub(super) fn new(lines: &'a Lines<'a>) -> Self {
        let n_lines = lines.len().min(END as usize);
        let hashes: Vec<u64> = (0..n_lines).map(|at| hash(right_trimmed(lines.content(at)))).collect();
        let mut chains: HashMap<u64, Chain, _> =
            HashMap::with_capacity_and_hasher(n_lines, BuildHasherDefault::default());
        let mut next = vec![END; n_lines];
        for at in (0..n_lines).rev() {
            let link = u32::try_from(at).unwrap_or(END);
            chains
                .entry(hashes[at])
                .and_modify(|chain| {
                    next[at] = chain.first;
                    chain.first = link;
                    chain.n_lines += 1;
                })
                .or_insert(Chain { first: link, n_lines: 1 });
        }
        Self { lines, hashes, chains, next }
    }

    /// A line of the text.
    pub(super) fn content(&self, at: usize) -> &'a str {
        self.lines.content(at)
    }

    /// How many lines the text has.
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The lines equal to `line` but for blanks at their ends, ascending.
    pub(super) fn equal_lines<'s>(&'s self, line: &'s str) -> impl Iterator<Item = usize> + 's {
        let first = self.chains.get(&hash(right_trimmed(line))).map_or(END, |chain| chain.first);
        std::iter::successors(Some(first), |&at| self.next.get(at as usize).copied())
            .take_while(|&at| at != END)
            .map(|at| at as usize)
            .filter(move |&at| right_trimmed(self.content(at)) == right_trimmed(line))
    }

    /// Looks for a run of lines, equal but for blanks at line ends.
    pub(super) fn find(&self, pattern: &[&str]) -> Found {
        let hashes: Vec<u64> = pattern.iter().map(|line| hash(right_trimmed(line))).collect();
        let mut rarest: Option<(Chain, usize)> = None;
        for (offset, hash) in hashes.iter().enumerate() {
            let Some(&chain) = self.chains.get(hash) else { return Found::Nowhere };
            if rarest.is_none_or(|(best, _)| chain.n_lines < best.n_lines) {
                rarest = Some((chain, offset));
            }
        }
        let Some((chain, offset)) = rarest else { return Found::Nowhere };
        let mut places = Vec::new();
        let mut link = chain.first;
        while link != END && places.len() < MOST_PLACES {
            let at = link as usize;
            if let Some(start) = at.checked_sub(offset)
                && self.fits(pattern, &hashes, start)
            {
                places.push(start);
            }
            link = self.next[at];
        }
        match places[..] {
            [] => Found::Nowhere,
            [only] => Found::Once(only),
            _ => Found::Several(places),
        }
    }

    /// Whether a run of lines is at `start`, equal but for blanks at line ends.
    pub(super) fn fits_at(&self, pattern: &[&str], start: usize) -> bool {
        let hashes: Vec<u64> = pattern.iter().map(|line| hash(right_trimmed(line))).collect();
        self.fits(pattern, &hashes, start)
    }

    fn fits(&self, pattern: &[&str], hashes: &[u64], start: usize) -> bool {
        self.hashes.get(start..start.saturating_add(pattern.len())) == Some(hashes)
            && pattern
                .iter()
                .enumerate()
                .all(|(offset, line)| right_trimmed(line) == right_trimmed(self.content(start + offset)))
    }
}

/// A line without the blanks at its end.
pub(super) fn right_trimmed(line: &str) -> &str {
    line.trim_end_matches([' ', '\t'])
}

/// A fast hash of a line; collisions only cost time, since every hit is verified.
fn hash(line: &str) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR);
        // Both halves are wanted: the high one mixes the top bits down.
        #[expect(clippy::cast_possible_truncation, reason = "the halves of the product are folded together")]
        let folded = (product as u64) ^ ((product >> 64) as u64);
        folded
    };
    let (words, rest) = line.as_bytes().as_chunks::<8>();
    let mut state = fold(FACTOR.rotate_left(17), line.len() as u64);
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(state, u64::from_le_bytes(last)), FACTOR.rotate_left(31))
}

/// The keys are hashes already.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, pattern: &[&str], expected: &Found) {
        let lines = Lines::new(text);
        assert_eq!(&LineIndex::new(&lines).find(pattern), expected, "{pattern:?} in {text:?}");
    }

    #[test]
    fn finds_runs() {
        check("a\nb\nc\n", &["b", "c"], &Found::Once(1));
        check("a\nb  \r\nc", &["b", "c\t"], &Found::Once(1));
        check("a\nb\n", &["b", "c"], &Found::Nowhere);
        check("a\n", &["a", "a"], &Found::Nowhere);
        check("", &["a"], &Found::Nowhere);
    }

    #[test]
    fn exact_and_right_trimmed_are_one_class() {
        check("a\nb\na \nb\n", &["a", "b"], &Found::Several(vec![0, 2]));
        check("a\na\na\n", &["a", "a"], &Found::Several(vec![0, 1]));
    }
}
