//! The dynamic programming itself: costs, the best path, and the best path that puts an edited line elsewhere.

use std::ops::Range;

use super::{Alignment, Between, INFINITE, OldLine};
use crate::diff::resolve::gap::Floor;
use crate::diff::resolve::index::LineIndex;
use crate::diff::resolve::key::{Key, weight};
use crate::diff::resolve::wording::Wording;

/// What it costs to leave out a line of the file, a blank line of the file, a blank line of the reply.
const SKIP: f32 = 1.0;
const SKIP_BLANK: f32 = 0.25;
/// What an equal line costs that is equal only when trimmed, or only in its canonical form.
const TRIMMED: f32 = 0.01;
const CANONICAL: f32 = 0.03;

/// The table of one window. Cell `(i, j)`: the first `i` old lines are done, the first `j` lines of the window passed.
pub(super) struct Table<'t, 'a> {
    old: &'t [OldLine<'a>],
    index: &'t LineIndex<'a>,
    window: Range<usize>,
    /// Cost of each pair of an old line and a line of the window.
    pairs: Vec<f32>,
}

impl<'t, 'a> Table<'t, 'a> {
    /// Compares every old line with every line of the window.
    pub(super) fn new(
        old: &'t [OldLine<'a>],
        index: &'t LineIndex<'a>,
        window: Range<usize>,
        strict_braces: bool,
    ) -> Self {
        let width = window.len();
        let mut pairs = vec![INFINITE; old.len() * width];
        let hashes = &index.hashes(Key::Canonical)[window.clone()];
        for (nth, line) in old.iter().enumerate() {
            let wanted = Key::Canonical.hash(line.text);
            let row = &mut pairs[nth * width..(nth + 1) * width];
            let mut n_equal = 0;
            for (j, cell) in row.iter_mut().enumerate().filter(|(j, _)| hashes[*j] == wanted) {
                let cost = equal_cost(line.text, index.content(window.start + j));
                *cell = if strict_braces && cost > 0.0 && weight(line.text) == 0 { INFINITE } else { cost };
                n_equal += usize::from(*cell < INFINITE);
            }
            if n_equal == 0 && !line.is_delete && weight(line.text) > 0 {
                let wanted = Wording::new(line.text);
                for (j, cell) in row.iter_mut().enumerate() {
                    *cell = wanted.cost(index.content(window.start + j)).unwrap_or(INFINITE);
                }
            }
        }
        Self { old, index, window, pairs }
    }

    fn pair(&self, i: usize, j: usize) -> f32 {
        self.pairs[i * self.window.len() + j]
    }

    /// What it costs to pass line `j` of the window between old lines `i - 1` and `i`.
    fn pass(&self, i: usize, j: usize) -> f32 {
        match self.old[i].between {
            Between::Nothing => INFINITE,
            Between::Anything => {
                let may_pass = |floor: Floor| floor.may_pass(self.window.start + j, self.index);
                if self.old[i].floor.is_none_or(may_pass) { 0.0 } else { INFINITE }
            }
            Between::Skipped if self.index.content(self.window.start + j).trim().is_empty() => SKIP_BLANK,
            Between::Skipped => SKIP,
        }
    }

    /// What it costs to do without old line `i`: only blank lines that nothing hangs on.
    fn drop(&self, i: usize) -> f32 {
        let line = &self.old[i];
        let droppable = !line.is_delete && !line.is_anchor && line.text.trim().is_empty();
        if droppable { SKIP_BLANK } else { INFINITE }
    }

    /// The best alignment, and the cost and place of the best that puts some edited line elsewhere.
    pub(super) fn best(&self) -> Option<(Alignment, Option<(f32, usize)>)> {
        let (n, m) = (self.old.len(), self.window.len());
        let width = m + 1;
        let forward = self.forward();
        let mut j = (0..=m).min_by(|&a, &b| forward[n * width + a].total_cmp(&forward[n * width + b]))?;
        let cost = forward[n * width + j];
        if cost >= INFINITE {
            return None;
        }
        let mut matched: Vec<Option<usize>> = vec![None; n];
        let mut i = n;
        while i > 0 {
            let here = forward[i * width + j];
            let close = |other: f32| (other - here).abs() < 1e-4;
            if j > 0 && close(forward[(i - 1) * width + j - 1] + self.pair(i - 1, j - 1)) {
                (i, j) = (i - 1, j - 1);
                matched[i] = Some(j);
            } else if close(forward[(i - 1) * width + j] + self.drop(i - 1)) {
                i -= 1;
            } else if j > 0 && i < n && close(forward[i * width + j - 1] + self.pass(i, j - 1)) {
                j -= 1;
            } else {
                return None;
            }
        }
        let second = self.second(&forward, &matched);
        let mut at = vec![None; self.old.last().map_or(0, |line| line.at + 1)];
        for (line, matched) in self.old.iter().zip(&matched) {
            at[line.at] = matched.map(|j| self.window.start + j);
        }
        Some((Alignment { at, cost, margin: 0.0 }, second))
    }

    fn forward(&self) -> Vec<f32> {
        let (n, m) = (self.old.len(), self.window.len());
        let width = m + 1;
        let mut cells = vec![INFINITE; (n + 1) * width];
        cells[..width].fill(0.0);
        for i in 1..=n {
            let (done, row) = cells.split_at_mut(i * width);
            let before = &done[(i - 1) * width..];
            let drop = self.drop(i - 1);
            row[0] = before[0] + drop;
            for j in 1..=m {
                let mut cost = (before[j - 1] + self.pair(i - 1, j - 1)).min(before[j] + drop);
                if i < n {
                    cost = cost.min(row[j - 1] + self.pass(i, j - 1));
                }
                row[j] = cost.min(INFINITE);
            }
        }
        cells
    }

    fn backward(&self) -> Vec<f32> {
        let (n, m) = (self.old.len(), self.window.len());
        let width = m + 1;
        let mut cells = vec![INFINITE; (n + 1) * width];
        cells[n * width..].fill(0.0);
        for i in (0..n).rev() {
            let (row, done) = cells[i * width..].split_at_mut(width);
            let drop = self.drop(i);
            row[m] = done[m] + drop;
            for j in (0..m).rev() {
                let mut cost = (done[j + 1] + self.pair(i, j)).min(done[j] + drop);
                if i > 0 {
                    cost = cost.min(row[j + 1] + self.pass(i, j));
                }
                row[j] = cost.min(INFINITE);
            }
        }
        cells
    }

    /// The best alignment that puts some deleted line or anchor elsewhere: its cost, and the line of the file.
    fn second(&self, forward: &[f32], matched: &[Option<usize>]) -> Option<(f32, usize)> {
        let width = self.window.len() + 1;
        let backward = self.backward();
        let mut second: Option<(f32, usize)> = None;
        for (i, line) in self.old.iter().enumerate().filter(|(_, line)| line.is_delete || line.is_anchor) {
            debug_assert!(line.at >= i, "old lines are in the order of the block");
            for j in (0..self.window.len()).filter(|&j| matched[i] != Some(j)) {
                let cost = forward[i * width + j] + self.pair(i, j) + backward[(i + 1) * width + j + 1];
                if cost < INFINITE && second.is_none_or(|(known, _)| cost < known) {
                    second = Some((cost, self.window.start + j));
                }
            }
        }
        second
    }
}

/// What it costs to take two lines for the same whose canonical forms have the same hash.
fn equal_cost(one: &str, other: &str) -> f32 {
    if Key::RightTrimmed.same(one, other) {
        0.0
    } else if Key::Trimmed.same(one, other) {
        TRIMMED
    } else if Key::Canonical.same(one, other) {
        CANONICAL
    } else {
        INFINITE
    }
}
