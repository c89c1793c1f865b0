//! What is counted: counters, gauges and histograms of fixed names, each with at most one label of few values.
//!
//! Counting is one atomic addition, from any thread, with no lock (but for [`Codes`], which only errors reach) and no
//! memory of its own. There is one set of families in a process, in the [`catalogue`]: what is counted is a fact of
//! the process, and a handle to it in every constructor would say nothing more. Values of labels are words of this
//! program. No name, path, text or secret of a user can get into one, because none can be given.
//!
//! Nothing here is printed or kept: [`snapshot()`] copies the numbers, and [`Snapshot`] adds and writes them.

pub mod catalogue;
mod snapshot;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use snapshot::{Buckets, Snapshot};

/// Most values of a label.
pub const MAX_VALUES: usize = 24;

/// Most codes that are told apart; further ones count as [`OTHER`].
pub const MAX_CODES: usize = 512;

/// Stands for all that is not told apart.
pub const OTHER: &str = "other";

/// Upper bounds of the buckets of a histogram, in microseconds: from what a loop takes to what a model takes.
pub const BOUNDS: [u64; 14] = [
    50,
    200,
    1_000,
    5_000,
    20_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    10_000_000,
    30_000_000,
    120_000_000,
];

/// The values that a label can have.
pub trait Label: Copy + 'static {
    /// The label's name.
    const KEY: &'static str;
    /// All its values, in the order of [`Label::index`]; [`MAX_VALUES`] at most.
    const VALUES: &'static [&'static str];
    /// Which of them this is.
    fn index(self) -> usize;
}

/// No label.
impl Label for () {
    const KEY: &'static str = "";
    const VALUES: &'static [&'static str] = &[""];
    fn index(self) -> usize {
        0
    }
}

/// What a family says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name, with the unit at the end, and `_total` for what only grows.
    pub name: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// How its numbers behave.
    pub kind: Kind,
    /// The name of its label; empty without one.
    pub label: &'static str,
    /// The values of its label; `None` for codes, which are words of this program, but not listed here.
    pub values: Option<&'static [&'static str]>,
}

/// How numbers behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows; processes add up.
    Counter,
    /// It comes and goes; living processes add up.
    Gauge,
    /// It comes and goes, and all processes see the same thing: the largest counts.
    SharedGauge,
    /// How often something took how long; processes add up.
    Histogram,
}

/// Something that is counted.
pub trait Family: Sync {
    /// What it says of itself.
    fn about(&self) -> About;
    /// Copies its numbers.
    fn read(&self, into: &mut Snapshot);
}

/// Copies all numbers of this process.
pub fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for family in catalogue::ALL {
        family.read(&mut snapshot);
    }
    snapshot
}

/// A number that only grows, one for each value of a label.
pub struct Counter<L: Label = ()> {
    name: &'static str,
    help: &'static str,
    cells: [AtomicU64; MAX_VALUES],
    label: PhantomData<fn(L)>,
}

impl<L: Label> Counter<L> {
    /// A counter that stands at zero.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, cells: [const { AtomicU64::new(0) }; MAX_VALUES], label: PhantomData }
    }

    /// Counts one.
    pub fn count(&self, label: L) {
        self.add(label, 1);
    }

    /// Counts `n`.
    pub fn add(&self, label: L, n: u64) {
        if let Some(cell) = self.cells.get(label.index()) {
            cell.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// How many of one kind were counted.
    pub fn get(&self, label: L) -> u64 {
        self.cells.get(label.index()).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

impl<L: Label> Family for Counter<L> {
    fn about(&self) -> About {
        let (label, values) = (L::KEY, Some(L::VALUES));
        About { name: self.name, help: self.help, kind: Kind::Counter, label, values }
    }

    fn read(&self, into: &mut Snapshot) {
        let values = L::VALUES.iter().zip(&self.cells);
        let values = values.map(|(value, cell)| ((*value).to_owned(), cell.load(Ordering::Relaxed)));
        into.counters.insert(self.name.to_owned(), values.collect());
    }
}

/// A counter for every stable code of a problem. It takes a lock, so it is for errors only.
pub struct Codes {
    name: &'static str,
    help: &'static str,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Codes {
    /// A counter that has seen no code.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, counts: Mutex::new(BTreeMap::new()) }
    }

    /// Counts one.
    pub fn count(&self, code: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counts.len() < MAX_CODES || counts.contains_key(code);
        *counts.entry(if known { code } else { OTHER }).or_default() += 1;
    }
}

impl Family for Codes {
    fn about(&self) -> About {
        About { name: self.name, help: self.help, kind: Kind::Counter, label: "code", values: None }
    }

    fn read(&self, into: &mut Snapshot) {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.iter().map(|(code, n)| ((*code).to_owned(), *n));
        into.counters.insert(self.name.to_owned(), counts.collect());
    }
}

/// A number that comes and goes, one for each value of a label.
pub struct Gauge<L: Label = ()> {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    cells: [AtomicI64; MAX_VALUES],
    label: PhantomData<fn(L)>,
}

impl<L: Label> Gauge<L> {
    /// A gauge of this process alone, at zero.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self::of(name, help, Kind::Gauge)
    }

    /// A gauge of something that all processes share, at zero.
    pub const fn shared(name: &'static str, help: &'static str) -> Self {
        Self::of(name, help, Kind::SharedGauge)
    }

    const fn of(name: &'static str, help: &'static str, kind: Kind) -> Self {
        let cells = [const { AtomicI64::new(0) }; MAX_VALUES];
        Self { name, help, kind, cells, label: PhantomData }
    }

    /// Sets it.
    pub fn set(&self, label: L, n: u64) {
        if let Some(cell) = self.cells.get(label.index()) {
            cell.store(i64::try_from(n).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// What it stands at.
    pub fn get(&self, label: L) -> u64 {
        let cell = self.cells.get(label.index());
        cell.map_or(0, |cell| u64::try_from(cell.load(Ordering::Relaxed)).unwrap_or(0))
    }
}

impl<L: Label> Family for Gauge<L> {
    fn about(&self) -> About {
        let (label, values) = (L::KEY, Some(L::VALUES));
        About { name: self.name, help: self.help, kind: self.kind, label, values }
    }

    fn read(&self, into: &mut Snapshot) {
        let values = L::VALUES.iter().zip(&self.cells);
        let values = values.map(|(value, cell)| ((*value).to_owned(), cell.load(Ordering::Relaxed)));
        into.gauges.insert(self.name.to_owned(), values.collect());
    }
}

/// How often something took how long.
pub struct Histogram {
    name: &'static str,
    help: &'static str,
    /// One for each of [`BOUNDS`], and one for what is above.
    cells: [AtomicU64; BOUNDS.len() + 1],
    sum_micros: AtomicU64,
}

impl Histogram {
    /// A histogram that has seen nothing.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        let cells = [const { AtomicU64::new(0) }; BOUNDS.len() + 1];
        Self { name, help, cells, sum_micros: AtomicU64::new(0) }
    }

    /// Counts something that took `time`.
    pub fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS.partition_point(|bound| *bound < micros);
        self.cells[at].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Family for Histogram {
    fn about(&self) -> About {
        let (label, values) = ("", Some(<() as Label>::VALUES));
        About { name: self.name, help: self.help, kind: Kind::Histogram, label, values }
    }

    fn read(&self, into: &mut Snapshot) {
        let counts = self.cells.iter().map(|cell| cell.load(Ordering::Relaxed)).collect();
        let sum_micros = self.sum_micros.load(Ordering::Relaxed);
        into.histograms.insert(self.name.to_owned(), Buckets { counts, sum_micros });
    }
}

#[cfg(test)]
mod tests;
