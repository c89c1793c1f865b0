//! When a number deserves a warning: thresholds, told once per crossing.
//!
//! A warning is raised when its number reaches the threshold, and is not raised again before the number was well
//! below it for a while; so a number that trembles around the threshold is told of once. Pure: the time is given in.

use std::collections::VecDeque;
use std::time::Duration;

use super::metrics::catalogue::Alarm;
use crate::problem::{Category, Problem, Severity};

/// From when on the user is warned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Whether anybody is warned at all.
    pub enabled: bool,
    /// Failed requests to models, in percent of the last [`Thresholds::window`].
    pub error_percent: u64,
    /// Requests that are looked at for that.
    pub window: u64,
    /// Entries of the journal that were lost.
    pub lost_entries: u64,
    /// Tasks that wait.
    pub queue_length: u64,
    /// Used part of the tightest budget, in percent.
    pub budget_percent: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            enabled: true,
            error_percent: 50,
            window: 20,
            lost_entries: 1,
            queue_length: 20,
            budget_percent: 80,
        }
    }
}

/// What is measured at one moment; counts grow from the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Requests that were sent to models and have ended.
    pub requests: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Entries of the journal that were lost.
    pub lost: u64,
    /// Tasks that wait now.
    pub waiting: u64,
    /// Used part of the tightest budget, in percent; `None` without a budget.
    pub budget: Option<u64>,
}

/// A warning whose threshold was crossed just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// Of what.
    pub alarm: Alarm,
    /// The number that was reached.
    pub value: u64,
    /// The threshold.
    pub threshold: u64,
}

impl Alert {
    /// What the user is told.
    pub fn problem(&self) -> Problem {
        let Self { value, threshold, .. } = self;
        let problem = match self.alarm {
            Alarm::ErrorRate => Problem::error(
                "alert-error-rate",
                Category::Model,
                format!(
                    "{value} % of the latest requests to models failed (you are warned from {threshold} % on)"
                ),
            )
            .hint("tenon models shows which one fails, and why"),
            Alarm::LostEntries => Problem::error(
                "alert-lost-entries",
                Category::Storage,
                format!("entries that could not be written to the journal or the kept answers: {value}"),
            )
            .hint("look at the free space of the disk; tenon doctor checks the journal"),
            Alarm::QueueLength => Problem::error(
                "alert-queue-length",
                Category::Request,
                format!("{value} tasks wait for a free place"),
            )
            .hint("tenon.cancel takes tasks back"),
            Alarm::BudgetShare => Problem::error(
                "alert-budget-share",
                Category::Configuration,
                format!("{value} % of a budget is used up"),
            )
            .hint("when it is used up, requests are refused; see [budget]"),
        };
        Problem { severity: Severity::Warning, ..problem }
    }
}

/// How long a number must stay low before it is told of again.
pub const QUIET: Duration = Duration::from_secs(60);

/// Fewest requests that make a rate.
const FEWEST: u64 = 5;

/// Whether a threshold is crossed at the moment.
#[derive(Debug, Clone, Copy, Default)]
enum Crossing {
    /// It may be told.
    #[default]
    Armed,
    /// It was told; with the time since when the number is low again.
    Told(Option<Duration>),
}

impl Crossing {
    /// Takes in whether the number is high, or low. Returns whether to tell.
    fn step(&mut self, now: Duration, high: bool, low: bool) -> bool {
        match self {
            Self::Armed if high => {
                *self = Self::Told(None);
                true
            }
            Self::Armed => false,
            Self::Told(since) if low => {
                let since = *since.get_or_insert(now);
                if now.saturating_sub(since) >= QUIET {
                    *self = Self::Armed;
                }
                false
            }
            Self::Told(since) => {
                *since = None;
                false
            }
        }
    }
}

/// Watches the numbers of a process.
#[derive(Debug)]
pub struct Alerts {
    thresholds: Thresholds,
    last: Reading,
    /// Requests and failures between two readings; the newest are at the end.
    window: VecDeque<(u64, u64)>,
    error_rate: Crossing,
    /// Lost entries already told of, and the crossing.
    lost: (u64, Crossing),
    queue: Crossing,
    budget: Crossing,
}

impl Alerts {
    /// Watches from the start of a process on.
    pub fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            last: Reading::default(),
            window: VecDeque::new(),
            error_rate: Crossing::Armed,
            lost: (0, Crossing::Armed),
            queue: Crossing::Armed,
            budget: Crossing::Armed,
        }
    }

    /// Takes in a reading; returns what is to be told now.
    pub fn read(&mut self, now: Duration, reading: Reading) -> Vec<Alert> {
        if !self.thresholds.enabled {
            return Vec::new();
        }
        let Thresholds { error_percent, lost_entries, queue_length, budget_percent, .. } = self.thresholds;
        let mut alerts = Vec::new();
        let mut tell = |crosses: bool, alarm, value, threshold| {
            if crosses {
                alerts.push(Alert { alarm, value, threshold });
            }
        };
        if let Some(rate) = self.error_rate(reading) {
            let crosses = self.error_rate.step(now, rate >= error_percent, is_low(rate, error_percent));
            tell(crosses, Alarm::ErrorRate, rate, error_percent);
        }
        // What is lost stays lost: what counts is what was lost since it was told, and quiet is when nothing more is.
        let more = reading.lost.saturating_sub(self.lost.0);
        let none_since = reading.lost == self.last.lost;
        let crosses = self.lost.1.step(now, more >= lost_entries, none_since);
        if crosses {
            self.lost.0 = reading.lost;
        }
        tell(crosses, Alarm::LostEntries, more, lost_entries);
        let waiting = reading.waiting;
        let crosses = self.queue.step(now, waiting >= queue_length, is_low(waiting, queue_length));
        tell(crosses, Alarm::QueueLength, waiting, queue_length);
        if let Some(share) = reading.budget {
            let crosses = self.budget.step(now, share >= budget_percent, is_low(share, budget_percent));
            tell(crosses, Alarm::BudgetShare, share, budget_percent);
        }
        self.last = reading;
        alerts
    }

    /// Failures in percent of the latest requests; `None` while there are too few.
    fn error_rate(&mut self, reading: Reading) -> Option<u64> {
        let requests = reading.requests.saturating_sub(self.last.requests);
        let failed = reading.failed.saturating_sub(self.last.failed).min(requests);
        if requests > 0 {
            self.window.push_back((requests, failed));
        }
        let sum = |window: &VecDeque<(u64, u64)>| {
            window.iter().fold((0_u64, 0_u64), |(n, m), (requests, failed)| (n + requests, m + failed))
        };
        // The oldest go as soon as the others are enough.
        while let Some((oldest, _)) = self.window.front()
            && sum(&self.window).0 - oldest >= self.thresholds.window
        {
            self.window.pop_front();
        }
        let (requests, failed) = sum(&self.window);
        (requests >= FEWEST.min(self.thresholds.window)).then(|| failed * 100 / requests.max(1))
    }
}

/// Well below a threshold: by a fifth, and by one at least.
fn is_low(value: u64, threshold: u64) -> bool {
    value <= (threshold - threshold / 5).min(threshold.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock turned by hand, and the alarms of each step.
    struct Watch {
        alerts: Alerts,
        now: Duration,
    }

    impl Watch {
        fn new(thresholds: Thresholds) -> Self {
            Self { alerts: Alerts::new(thresholds), now: Duration::ZERO }
        }

        fn after(&mut self, seconds: u64, reading: Reading) -> Vec<(Alarm, u64)> {
            self.now += Duration::from_secs(seconds);
            let alerts = self.alerts.read(self.now, reading);
            alerts.into_iter().map(|alert| (alert.alarm, alert.value)).collect()
        }

        fn waiting(&mut self, seconds: u64, waiting: u64) -> usize {
            self.after(seconds, Reading { waiting, ..Reading::default() }).len()
        }
    }

    #[test]
    fn a_crossing_is_told_once_and_again_only_after_a_quiet_while() {
        let mut watch = Watch::new(Thresholds { queue_length: 10, ..Thresholds::default() });
        assert_eq!(watch.waiting(10, 9), 0);
        assert_eq!(watch.waiting(10, 10), 1);
        // It trembles.
        for waiting in [9, 10, 9, 12, 9, 10] {
            assert_eq!(watch.waiting(100, waiting), 0);
        }
        // Low, but not for long enough.
        assert_eq!(watch.waiting(10, 0), 0);
        assert_eq!(watch.waiting(59, 10), 0);
        // Low for long enough.
        assert_eq!(watch.waiting(10, 8), 0);
        assert_eq!(watch.waiting(60, 8), 0);
        assert_eq!(watch.waiting(1, 10), 1);
    }

    #[test]
    fn the_error_rate_is_of_the_last_requests() {
        let mut watch = Watch::new(Thresholds { window: 10, ..Thresholds::default() });
        let of = |requests, failed| Reading { requests, failed, ..Reading::default() };
        // Too few to tell.
        assert_eq!(watch.after(10, of(4, 4)), []);
        assert_eq!(watch.after(10, of(5, 5)), [(Alarm::ErrorRate, 100)]);
        // A long good time, of which only the last requests count.
        let mut n = 5;
        for _ in 0..20 {
            n += 1;
            assert_eq!(watch.after(10, of(n, 5)), []);
        }
        for failed in 6..10 {
            n += 1;
            assert_eq!(watch.after(10, of(n, failed)), []);
        }
        assert_eq!(watch.after(10, of(n + 1, 10)), [(Alarm::ErrorRate, 50)]);
    }

    #[test]
    fn lost_entries_are_told_again_when_more_are_lost_after_a_quiet_while() {
        let mut watch = Watch::new(Thresholds::default());
        let of = |lost| Reading { lost, ..Reading::default() };
        assert_eq!(watch.after(10, of(0)), []);
        assert_eq!(watch.after(10, of(3)), [(Alarm::LostEntries, 3)]);
        assert_eq!(watch.after(10, of(4)), []);
        assert_eq!(watch.after(10, of(4)), []);
        assert_eq!(watch.after(60, of(4)), []);
        // The one that was not told is told with the next.
        assert_eq!(watch.after(10, of(6)), [(Alarm::LostEntries, 3)]);
    }

    #[test]
    fn a_budget_is_told_at_its_share_and_no_budget_never() {
        let mut watch = Watch::new(Thresholds::default());
        let of = |budget| Reading { budget, ..Reading::default() };
        assert_eq!(watch.after(10, of(None)), []);
        assert_eq!(watch.after(10, of(Some(79))), []);
        assert_eq!(watch.after(10, of(Some(80))), [(Alarm::BudgetShare, 80)]);
        assert_eq!(watch.after(10, of(Some(100))), []);
    }

    #[test]
    fn nobody_is_warned_who_does_not_want_it() {
        let mut watch = Watch::new(Thresholds { enabled: false, ..Thresholds::default() });
        assert_eq!(watch.after(10, Reading { lost: 9, waiting: 999, ..Reading::default() }), []);
    }

    #[test]
    fn a_threshold_of_one_can_be_low() {
        assert!(is_low(0, 1) && !is_low(1, 1) && is_low(40, 50) && !is_low(41, 50));
    }
}
