//! Counting, adding, and the text that Prometheus reads.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::ModelErrorKind;
use crate::ports::{EditFate, RequestEnd};

#[derive(Debug, Clone, Copy)]
enum Colour {
    Red,
    Green,
}

impl Label for Colour {
    const KEY: &'static str = "colour";
    const VALUES: &'static [&'static str] = &["red", "green"];
    fn index(self) -> usize {
        self as usize
    }
}

#[test]
fn counters_count_by_label() {
    let counter = Counter::<Colour>::new("c_total", "");
    counter.count(Colour::Green);
    counter.add(Colour::Green, 2);
    assert_eq!((counter.get(Colour::Red), counter.get(Colour::Green)), (0, 3));
    let mut snapshot = Snapshot::default();
    counter.read(&mut snapshot);
    assert_eq!(snapshot.counters["c_total"]["green"], 3);
}

#[test]
fn many_threads_lose_nothing() {
    let (counter, histogram) = (Counter::<()>::new("c_total", ""), Histogram::new("h_seconds", ""));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for micros in 0..1000 {
                    counter.count(());
                    histogram.observe(Duration::from_micros(micros));
                }
            });
        }
    });
    let mut snapshot = Snapshot::default();
    histogram.read(&mut snapshot);
    assert_eq!(counter.get(()), 4000);
    let buckets = &snapshot.histograms["h_seconds"];
    assert_eq!(buckets.counts.iter().sum::<u64>(), 4000);
    assert_eq!(buckets.sum_micros, 4 * 499_500);
}

#[test]
fn a_bound_belongs_to_its_bucket_and_what_is_above_to_the_last() {
    let histogram = Histogram::new("h_seconds", "");
    histogram.observe(Duration::from_micros(50));
    histogram.observe(Duration::from_micros(51));
    histogram.observe(Duration::MAX);
    let mut snapshot = Snapshot::default();
    histogram.read(&mut snapshot);
    let counts = &snapshot.histograms["h_seconds"].counts;
    assert_eq!((counts[0], counts[1], counts[BOUNDS.len()]), (1, 1, 1));
}

#[test]
fn codes_are_bounded() {
    let codes = Codes::new("p_total", "");
    for n in 0..MAX_CODES + 50 {
        codes.count(Box::leak(format!("code-{n}").into_boxed_str()));
    }
    codes.count("code-0");
    let mut snapshot = Snapshot::default();
    codes.read(&mut snapshot);
    let counts = &snapshot.counters["p_total"];
    assert_eq!((counts.len(), counts[OTHER], counts["code-0"]), (MAX_CODES + 1, 50, 2));
}

#[test]
fn values_are_the_words_of_the_enums() {
    let word = |value: serde_json::Value| value.as_str().map(str::to_owned);
    for fate in
        [EditFate::Fitted, EditFate::Refused, EditFate::Accepted, EditFate::Rejected, EditFate::Undone]
    {
        let written = format!("{fate:?}").to_lowercase();
        assert_eq!(EditFate::VALUES[fate.index()], written);
    }
    for kind in [ModelErrorKind::PromptTooLarge, ModelErrorKind::RateLimit, ModelErrorKind::Withheld] {
        let value = RequestEnd::VALUES[RequestEnd::Failed(kind).index()];
        assert_eq!(Some(value.to_owned()), word(serde_json::to_value(kind).unwrap()));
    }
}

#[test]
fn families_have_names_of_their_own_and_few_values() {
    let mut names = BTreeSet::new();
    for family in catalogue::ALL {
        let about = family.about();
        assert!(names.insert(about.name), "{} is there twice", about.name);
        assert!(is_name(about.name) && about.name.starts_with("tenon_"), "{}", about.name);
        assert!(about.label.is_empty() || is_name(about.label), "{}", about.label);
        assert!(about.values.is_none_or(|values| values.len() <= MAX_VALUES), "{}", about.name);
        assert_eq!(about.kind == Kind::Counter, about.name.ends_with("_total"), "{}", about.name);
        assert_eq!(about.kind == Kind::Histogram, about.name.ends_with("_seconds"), "{}", about.name);
        assert!(about.help.ends_with('.'), "{}", about.help);
    }
}

#[test]
fn the_page_lists_every_family_and_every_value() {
    let page = include_str!("../../../docs/metrics.md");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `tenon_")).collect();
    assert_eq!(rows.len(), catalogue::ALL.len(), "docs/metrics.md has other rows than the catalogue");
    for family in catalogue::ALL {
        let about = family.about();
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{}` |", about.name)));
        let row = row.unwrap_or_else(|| panic!("docs/metrics.md does not list {}", about.name));
        let values = about.values.unwrap_or_default().iter().filter(|value| !value.is_empty());
        for word in values.chain([&about.label]).filter(|word| !word.is_empty()) {
            assert!(row.contains(&format!("`{word}`")), "docs/metrics.md: {} lacks `{word}`", about.name);
        }
    }
}

#[test]
fn living_gauges_add_up_but_not_what_is_shared_and_the_dead_leave_none() {
    let of = |waiting: i64, bytes: i64, n: u64| {
        let mut snapshot = Snapshot::default();
        let values = |n| [(String::new(), n)].into();
        snapshot.gauges.insert("tenon_tasks_waiting".to_owned(), values(waiting));
        snapshot.gauges.insert("tenon_journal_bytes".to_owned(), values(bytes));
        snapshot.counters.insert("tenon_proposals_total".to_owned(), [(String::new(), n)].into());
        snapshot
    };
    let mut sum = of(1, 700, 1);
    sum.add(&of(2, 500, 10));
    sum.add_lasting(&of(4, 900, 100));
    assert_eq!(sum.gauges["tenon_tasks_waiting"][""], 3);
    assert_eq!(sum.gauges["tenon_journal_bytes"][""], 700);
    assert_eq!(sum.counters["tenon_proposals_total"][""], 111);
}

fn is_name(word: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    word.starts_with(first) && word.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// One sample: name, label, number.
type Sample = (String, Option<(String, String)>, String);

/// Reads the text as the grammar of version 0.0.4 has it; every line must be part of it.
fn parse(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'));
    let mut family = String::new();
    let mut samples = Vec::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            help.split_once(' ').expect("a name and a text").0.clone_into(&mut family);
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            assert_eq!(name, family);
            assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
            continue;
        }
        let (head, number) = line.rsplit_once(' ').expect("a name and a number");
        let (name, label) = match head.split_once('{') {
            None => (head, None),
            Some((name, label)) => {
                let (key, value) =
                    label.strip_suffix("\"}").and_then(|l| l.split_once("=\"")).expect("a label");
                assert!(is_name(key) && !value.contains(['"', '\\', '\n']), "{line}");
                (name, Some((key.to_owned(), value.to_owned())))
            }
        };
        assert!(is_name(name) && name.starts_with(&family), "{line}");
        assert!(number.parse::<f64>().is_ok(), "{line}");
        samples.push((name.to_owned(), label, number.to_owned()));
    }
    samples
}

fn hostile() -> impl Strategy<Value = Snapshot> {
    let names: Vec<_> = catalogue::ALL.iter().map(|family| family.about().name.to_owned()).collect();
    let name = prop_oneof![proptest::sample::select(names), any::<String>()];
    let word = prop_oneof![Just(String::new()), "[a-z-]{1,9}", any::<String>()];
    let counters = proptest::collection::btree_map(
        name.clone(),
        proptest::collection::btree_map(word.clone(), any::<u64>(), 0..4),
        0..6,
    );
    let gauges = proptest::collection::btree_map(
        name.clone(),
        proptest::collection::btree_map(word, any::<i64>(), 0..4),
        0..6,
    );
    let buckets = (proptest::collection::vec(any::<u64>(), 0..20), any::<u64>())
        .prop_map(|(counts, sum_micros)| Buckets { counts, sum_micros });
    let histograms = proptest::collection::btree_map(name, buckets, 0..4);
    (counters, gauges, histograms).prop_map(|(counters, gauges, histograms)| Snapshot {
        counters,
        gauges,
        histograms,
    })
}

proptest! {
    #[test]
    fn the_text_is_in_the_grammar_whatever_was_read(a in hostile(), b in hostile()) {
        let mut sum = a.clone();
        sum.add(&b);
        let mut seen = BTreeSet::new();
        for (name, label, _) in parse(&sum.text()) {
            prop_assert!(seen.insert((name, label)), "a sample is there twice");
        }
        let read: Snapshot = serde_json::from_str(&serde_json::to_string(&sum).unwrap()).unwrap();
        prop_assert_eq!(read, sum);
    }

    #[test]
    fn nothing_falls_when_numbers_are_added(a in hostile(), b in hostile()) {
        let mut sum = a.clone();
        sum.add_lasting(&b);
        for (name, values) in &a.counters {
            for (value, n) in values {
                prop_assert!(sum.counters[name][value] >= *n);
            }
        }
        let n = |snapshot: &Snapshot| -> Vec<u64> {
            let samples = parse(&snapshot.text()).into_iter();
            samples.filter(|(name, ..)| name.ends_with("_count")).map(|(.., n)| n.parse().unwrap()).collect()
        };
        for (before, after) in n(&a).into_iter().zip(n(&sum)) {
            prop_assert!(after >= before);
        }
    }
}

#[test]
fn a_histogram_is_written_as_sums() {
    let mut snapshot = Snapshot::default();
    let counts = vec![1, 0, 2];
    snapshot.histograms.insert("tenon_diff_seconds".to_owned(), Buckets { counts, sum_micros: 1_500_020 });
    let text = snapshot.text();
    for line in [
        "tenon_diff_seconds_bucket{le=\"0.00005\"} 1",
        "tenon_diff_seconds_bucket{le=\"0.0002\"} 1",
        "tenon_diff_seconds_bucket{le=\"0.001\"} 3",
        "tenon_diff_seconds_bucket{le=\"120\"} 3",
        "tenon_diff_seconds_bucket{le=\"+Inf\"} 3",
        "tenon_diff_seconds_sum 1.50002",
        "tenon_diff_seconds_count 3",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
}
