//! Numbers as they were at one moment: added over processes, and written as Prometheus reads them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{About, BOUNDS, Family, Kind, MAX_CODES, OTHER, catalogue};

/// The numbers of all families, by name and by value of the label (empty without a label).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What only grows.
    #[serde(default)]
    pub counters: BTreeMap<String, BTreeMap<String, u64>>,
    /// What comes and goes.
    #[serde(default)]
    pub gauges: BTreeMap<String, BTreeMap<String, i64>>,
    /// How long things took.
    #[serde(default)]
    pub histograms: BTreeMap<String, Buckets>,
}

/// The numbers of a histogram.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// How often, for each of [`BOUNDS`] and for what is above; not summed up.
    pub counts: Vec<u64>,
    /// The time of all together, in microseconds.
    pub sum_micros: u64,
}

impl Snapshot {
    /// Adds the numbers of another process. What this version does not know is added too: a newer process may know it.
    pub fn add(&mut self, other: &Self) {
        self.add_lasting(other);
        for (name, values) in &other.gauges {
            let shared = catalogue::about(name).is_some_and(|about| about.kind == Kind::SharedGauge);
            let mine = self.gauges.entry(name.clone()).or_default();
            for (value, n) in values {
                let cell = mine.entry(value.clone()).or_default();
                *cell = if shared { (*cell).max(*n) } else { cell.saturating_add(*n) };
            }
        }
    }

    /// Adds what remains of a process that has ended: what it counted, not how it stood.
    pub fn add_lasting(&mut self, other: &Self) {
        for (name, values) in &other.counters {
            let mine = self.counters.entry(name.clone()).or_default();
            for (value, n) in values {
                let known = mine.len() < MAX_CODES || mine.contains_key(value);
                let cell = mine.entry(if known { value.clone() } else { OTHER.to_owned() }).or_default();
                *cell = cell.saturating_add(*n);
            }
        }
        for (name, buckets) in &other.histograms {
            let mine = self.histograms.entry(name.clone()).or_default();
            mine.counts.resize(mine.counts.len().max(buckets.counts.len()), 0);
            for (cell, n) in mine.counts.iter_mut().zip(&buckets.counts) {
                *cell = cell.saturating_add(*n);
            }
            mine.sum_micros = mine.sum_micros.saturating_add(buckets.sum_micros);
        }
    }

    /// The text that Prometheus reads, version 0.0.4
    /// (<https://prometheus.io/docs/instrumenting/exposition_formats/>). Only families of the catalogue and values
    /// that their labels can have get into it, wherever the numbers came from.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for family in catalogue::ALL {
            self.write(&mut text, *family);
        }
        text
    }

    fn write(&self, text: &mut String, family: &dyn Family) {
        let about = family.about();
        let kind = match about.kind {
            Kind::Counter => "counter",
            Kind::Gauge | Kind::SharedGauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(text, "# HELP {} {}\n# TYPE {} {kind}", about.name, escaped(about.help), about.name);
        match about.kind {
            Kind::Counter => samples(text, &about, self.counters.get(about.name)),
            Kind::Gauge | Kind::SharedGauge => samples(text, &about, self.gauges.get(about.name)),
            Kind::Histogram => buckets(text, about.name, self.histograms.get(about.name)),
        }
    }
}

fn samples<N: Copy + Default + std::fmt::Display>(
    text: &mut String,
    about: &About,
    numbers: Option<&BTreeMap<String, N>>,
) {
    let name = about.name;
    match about.values {
        Some(values) => {
            for value in values {
                let n = numbers.and_then(|numbers| numbers.get(*value)).copied().unwrap_or_default();
                let label = label(about.label, value);
                let _ = writeln!(text, "{name}{label} {n}");
            }
        }
        None => {
            for (code, n) in numbers.into_iter().flatten().filter(|(code, _)| is_code(code)) {
                let _ = writeln!(text, "{name}{} {n}", label(about.label, code));
            }
        }
    }
}

fn label(key: &str, value: &str) -> String {
    if key.is_empty() { String::new() } else { format!("{{{key}=\"{value}\"}}") }
}

/// Whether a word has the form of a code; it needs no quoting then.
fn is_code(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&word.len()) && word.bytes().all(plain)
}

fn escaped(help: &str) -> String {
    help.replace('\\', "\\\\").replace('\n', "\\n")
}

fn buckets(text: &mut String, name: &str, numbers: Option<&Buckets>) {
    let count = |at: usize| numbers.and_then(|numbers| numbers.counts.get(at)).copied().unwrap_or(0);
    let mut sum = 0_u64;
    for (at, bound) in BOUNDS.iter().enumerate() {
        sum = sum.saturating_add(count(at));
        let _ = writeln!(text, "{name}_bucket{{le=\"{}\"}} {sum}", seconds(*bound));
    }
    sum = sum.saturating_add(count(BOUNDS.len()));
    let micros = numbers.map_or(0, |numbers| numbers.sum_micros);
    let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {sum}");
    let _ = writeln!(text, "{name}_sum {}\n{name}_count {sum}", seconds(micros));
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{}", format!("{part:06}").trim_end_matches('0'))
}
