//! Finds runs of lines in a text: one table of hashes per way to compare, built when it is first needed; the rarest
//! line is looked up first, and every hit is verified.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::key::Key;
use super::lines::Lines;

/// How many places are looked for before a run counts as being in several.
const MOST_PLACES: usize = 64;

/// Marks the end of a chain.
const END: u32 = u32::MAX;

/// An index over the lines of one text.
pub(super) struct LineIndex<'a> {
    lines: &'a Lines<'a>,
    tables: [OnceCell<Table>; 3],
}

/// The lines of the text by hash, built in one pass.
struct Table {
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

impl Table {
    fn new(key: Key, lines: &Lines<'_>) -> Self {
        let n_lines = lines.len().min(END as usize);
        let hashes: Vec<u64> = (0..n_lines).map(|at| key.hash(lines.content(at))).collect();
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
        Self { hashes, chains, next }
    }
}

impl<'a> LineIndex<'a> {
    /// An index that has no table yet.
    pub(super) fn new(lines: &'a Lines<'a>) -> Self {
        Self { lines, tables: [OnceCell::new(), OnceCell::new(), OnceCell::new()] }
    }

    fn table(&self, key: Key) -> &Table {
        self.tables[key as usize].get_or_init(|| Table::new(key, self.lines))
    }

    /// The lines of the text.
    pub(super) fn lines(&self) -> &'a Lines<'a> {
        self.lines
    }

    /// A line of the text.
    pub(super) fn content(&self, at: usize) -> &'a str {
        self.lines.content(at)
    }

    /// How many lines the text has.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The hashes of all lines.
    pub(super) fn hashes(&self, key: Key) -> &[u64] {
        &self.table(key).hashes
    }

    /// How many lines are equal to `line`; a collision may count too.
    pub(super) fn n_equal(&self, key: Key, line: &str) -> usize {
        self.table(key).chains.get(&key.hash(line)).map_or(0, |chain| chain.n_lines as usize)
    }

    /// The lines equal to `line`, ascending.
    pub(super) fn equal_lines<'s>(&'s self, key: Key, line: &'s str) -> impl Iterator<Item = usize> + 's {
        let table = self.table(key);
        let first = table.chains.get(&key.hash(line)).map_or(END, |chain| chain.first);
        std::iter::successors(Some(first), |&at| table.next.get(at as usize).copied())
            .take_while(|&at| at != END)
            .map(|at| at as usize)
            .filter(move |&at| key.same(self.content(at), line))
    }

    /// Looks for a run of lines.
    pub(super) fn find(&self, key: Key, pattern: &[&str]) -> Found {
        let table = self.table(key);
        let hashes: Vec<u64> = pattern.iter().map(|line| key.hash(line)).collect();
        let mut rarest: Option<(Chain, usize)> = None;
        for (offset, hash) in hashes.iter().enumerate() {
            let Some(&chain) = table.chains.get(hash) else { return Found::Nowhere };
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
                && self.fits(key, pattern, &hashes, start)
            {
                places.push(start);
            }
            link = table.next[at];
        }
        match places[..] {
            [] => Found::Nowhere,
            [only] => Found::Once(only),
            _ => Found::Several(places),
        }
    }

    /// Whether a run of lines is at `start`.
    pub(super) fn fits_at(&self, key: Key, pattern: &[&str], start: usize) -> bool {
        start.saturating_add(pattern.len()) <= self.len()
            && pattern.iter().enumerate().all(|(offset, line)| key.same(line, self.content(start + offset)))
    }

    fn fits(&self, key: Key, pattern: &[&str], hashes: &[u64], start: usize) -> bool {
        self.table(key).hashes.get(start..start.saturating_add(pattern.len())) == Some(hashes)
            && self.fits_at(key, pattern, start)
    }
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

    fn check(key: Key, text: &str, pattern: &[&str], expected: &Found) {
        let lines = Lines::new(text);
        assert_eq!(&LineIndex::new(&lines).find(key, pattern), expected, "{pattern:?} in {text:?}");
    }

    #[test]
    fn finds_runs() {
        let check = |text, pattern: &[&str], expected| check(Key::RightTrimmed, text, pattern, expected);
        check("a\nb\nc\n", &["b", "c"], &Found::Once(1));
        check("a\nb  \r\nc", &["b", "c\t"], &Found::Once(1));
        check("a\nb\n", &["b", "c"], &Found::Nowhere);
        check("a\n", &["a", "a"], &Found::Nowhere);
        check("", &["a"], &Found::Nowhere);
    }

    #[test]
    fn exact_and_right_trimmed_are_one_class() {
        check(Key::RightTrimmed, "a\nb\na \nb\n", &["a", "b"], &Found::Several(vec![0, 2]));
        check(Key::RightTrimmed, "a\na\na\n", &["a", "a"], &Found::Several(vec![0, 1]));
    }

    #[test]
    fn looser_keys_find_more() {
        check(Key::Trimmed, "x\n\ta\n\t\tb\n", &["a", "  b"], &Found::Once(1));
        check(Key::Canonical, "x\n\ta\n\t\"b\"\n", &["a", "\u{201c}b\u{201d}"], &Found::Once(1));
    }
}
