//! So much per minute: a bucket that fills evenly and may be emptied at once.
//!
//! Kept as one moment, the one at which the bucket would be full again: nothing drifts and nothing runs on its own.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A bucket of requests or tokens.
#[derive(Debug, Clone)]
pub struct Bucket {
    per_minute: u32,
    /// When it is full, if nothing more is taken.
    full_at: Duration,
}

impl Bucket {
    /// Creates a full bucket. At most one per minute is the least it can be.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute.max(1), full_at: Duration::ZERO }
    }

    /// How long until `n` are there. What is more than the whole bucket waits until it is full, and leaves a debt.
    pub fn wait(&self, now: Duration, n: u64) -> Duration {
        let filling = self.time_of(n.min(u64::from(self.per_minute)));
        let empty_at = self.full_at.max(now).saturating_add(filling);
        empty_at.saturating_sub(now.saturating_add(MINUTE))
    }

    /// Takes `n`, whether they are there or not.
    pub fn take(&mut self, now: Duration, n: u64) {
        self.full_at = self.full_at.max(now).saturating_add(self.time_of(n));
    }

    /// Puts `n` back that were not needed.
    pub fn put_back(&mut self, n: u64) {
        self.full_at = self.full_at.saturating_sub(self.time_of(n));
    }

    /// The time in which `n` come in; never more than a year, so that no report stops a provider for good.
    fn time_of(&self, n: u64) -> Duration {
        let nanos = u128::from(n) * MINUTE.as_nanos() / u128::from(self.per_minute);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(Duration::from_secs(31_536_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_full_bucket_is_there_at_once_and_fills_evenly() {
        let mut bucket = Bucket::new(60);
        assert_eq!(bucket.wait(at(0), 60), at(0));
        bucket.take(at(0), 60);
        assert_eq!(bucket.wait(at(0), 1), at(1));
        assert_eq!(bucket.wait(at(1), 1), at(0));
        assert_eq!(bucket.wait(at(30), 60), at(30));
        assert_eq!(bucket.wait(at(1000), 60), at(0), "it is never more than full");
        bucket.take(at(1000), 60);
        assert_eq!(bucket.wait(at(1000), 1), at(1));
    }

    #[test]
    fn what_is_more_than_the_bucket_leaves_a_debt() {
        let mut bucket = Bucket::new(60);
        assert_eq!(bucket.wait(at(0), 180), at(0));
        bucket.take(at(0), 180);
        assert_eq!(bucket.wait(at(0), 1), at(121));
        bucket.put_back(120);
        assert_eq!(bucket.wait(at(0), 1), at(1));
    }

    #[test]
    fn no_number_is_too_large() {
        let mut bucket = Bucket::new(0);
        bucket.take(at(0), u64::MAX);
        assert!(bucket.wait(Duration::MAX, u64::MAX) <= MINUTE);
        bucket.take(Duration::MAX, u64::MAX);
        bucket.put_back(u64::MAX);
    }

    proptest::proptest! {
        /// Who waits as told never gets more than the full bucket and what came in since.
        #[test]
        fn never_more_than_agreed(takes in proptest::collection::vec((0_u64..5000, 1_u64..40), 1..100)) {
            let mut bucket = Bucket::new(60);
            let (mut now, mut taken) = (Duration::ZERO, 0);
            for (idle, n) in takes {
                now += Duration::from_millis(idle);
                now += bucket.wait(now, n);
                bucket.take(now, n);
                taken += n;
                proptest::prop_assert!(taken <= 60 + now.as_secs() + 1);
            }
        }
    }
}
