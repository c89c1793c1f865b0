//! Figures as people read them: percentiles, milliseconds, a Markdown table.

#![allow(dead_code, reason = "shared by benchmarks, not each of which uses all of it")]

use std::time::Duration;

/// Many measurements of one thing.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
        self.0.sort_unstable();
    }

    /// The value that `percent` of all do not exceed; 0 is the least.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * percent / 100).copied().unwrap_or_default()
    }

    /// The least and the median.
    pub(crate) fn least_and_median(&self) -> String {
        format!("{} / {}", ms(self.percentile(0)), ms(self.percentile(50)))
    }

    /// The median and the 99th percentile.
    pub(crate) fn p50_and_p99(&self) -> String {
        format!("{} / {}", ms(self.percentile(50)), ms(self.percentile(99)))
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(samples: I) -> Self {
        let mut samples: Vec<_> = samples.into_iter().collect();
        samples.sort_unstable();
        Self(samples)
    }
}

/// Milliseconds with the digits that matter.
pub(crate) fn ms(duration: Duration) -> String {
    let value = duration.as_secs_f64() * 1e3;
    if value < 1.0 { format!("{value:.3} ms") } else { format!("{value:.1} ms") }
}

/// Prints one table.
#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
pub(crate) fn print(columns: &[&str], rows: &[Vec<String>]) {
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// Whether this is a benchmark run: `cargo test --all-targets` starts benchmarks, too, but without this argument.
pub(crate) fn is_wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
