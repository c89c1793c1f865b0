//! What may still be spent. Before a request is sent, the most that it can cost is reserved; afterwards the reservation
//! becomes what it did cost. However many run at once, together they never pass a limit, as long as no request costs
//! more than its estimate.

use crate::model::{Budget, ModelSettings, Money, Usage};

/// A sum of money and tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Money, as far as prices are known.
    pub cost: Money,
    /// Tokens, read and written.
    pub tokens: u64,
}

impl Amount {
    /// The most that a request can cost that reads about `read` tokens and writes at most `written`.
    pub fn worst(model: &ModelSettings, read: u64, written: u64) -> Self {
        let price = |usage: &Usage| model.price.as_ref().map_or(Money(0), |price| price.of(usage));
        let plain = Usage { input: read, output: written, ..Usage::default() };
        // Writing the provider's cache may cost more than reading without it.
        let caching = Usage { cache_write: read, output: written, ..Usage::default() };
        let cost =
            if model.capabilities.prompt_cache { price(&plain).max(price(&caching)) } else { price(&plain) };
        Self { cost, tokens: read.saturating_add(written) }
    }

    fn plus(self, more: Self) -> Self {
        Self { cost: self.cost.plus(more.cost), tokens: self.tokens.saturating_add(more.tokens) }
    }

    fn minus(self, less: Self) -> Self {
        Self { cost: self.cost.minus(less.cost), tokens: self.tokens.saturating_sub(less.tokens) }
    }
}

/// The limit that is in the way, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Of one request.
    #[error("it may cost {worst}, and one request may cost {limit}")]
    Request {
        /// The most it can cost.
        worst: Money,
        /// The limit.
        limit: Money,
    },
    /// Of this session.
    #[error("it may cost {worst}; of {limit} for this session {used} are spent or reserved")]
    Session {
        /// The most it can cost.
        worst: Money,
        /// The limit.
        limit: Money,
        /// What is spent or reserved.
        used: Money,
    },
    /// Of this day.
    #[error("it may cost {worst}; of {limit} for this day {used} are spent or reserved")]
    Day {
        /// The most it can cost.
        worst: Money,
        /// The limit.
        limit: Money,
        /// What is spent or reserved.
        used: Money,
    },
    /// Tokens of this day.
    #[error("it may take {worst} tokens; of {limit} for this day {used} are used or reserved")]
    DayTokens {
        /// The most it can take.
        worst: u64,
        /// The limit.
        limit: u64,
        /// What is used or reserved.
        used: u64,
    },
}

/// A reservation; to be given back by [`Spending::settle`].
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Reservation(Amount);

/// A moment in the account of this process; see [`Spending::mark`].
#[derive(Debug, Clone, Copy)]
pub struct Mark(Amount);

/// The account of one session.
#[derive(Debug, Default)]
pub struct Spending {
    limits: Budget,
    spent: Amount,
    reserved: Amount,
}

impl Spending {
    /// Opens the account.
    pub fn new(limits: Budget) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Other limits hold from now on; what was spent stays spent.
    pub fn limit(&mut self, limits: Budget) {
        self.limits = limits;
    }

    /// Whether a limit of the day is set, so that what was spent today must be asked for.
    pub fn needs_today(&self) -> bool {
        self.limits.day.is_some() || self.limits.day_tokens.is_some()
    }

    /// The moment just before today's sum is asked for. What is settled between it and the reservation may be missing
    /// in the sum; it is added, and at worst counted twice for one reservation.
    pub fn mark(&self) -> Mark {
        Mark(self.spent)
    }

    /// Reserves `worst`. `today` is what all sessions spent, this one included, asked for after `since`.
    ///
    /// # Errors
    /// It could pass a limit.
    pub fn reserve(&mut self, worst: Amount, today: Amount, since: Mark) -> Result<Reservation, Exceeded> {
        if let Some(limit) = self.limits.request.filter(|limit| worst.cost > *limit) {
            return Err(Exceeded::Request { worst: worst.cost, limit });
        }
        let used = self.spent.cost.plus(self.reserved.cost);
        if let Some(limit) = self.limits.session.filter(|limit| used.plus(worst.cost) > *limit) {
            return Err(Exceeded::Session { worst: worst.cost, limit, used });
        }
        let used = today.plus(self.spent.minus(since.0)).plus(self.reserved);
        if let Some(limit) = self.limits.day.filter(|limit| used.cost.plus(worst.cost) > *limit) {
            return Err(Exceeded::Day { worst: worst.cost, limit, used: used.cost });
        }
        let over = |limit: &u64| used.tokens.saturating_add(worst.tokens) > *limit;
        if let Some(limit) = self.limits.day_tokens.filter(over) {
            return Err(Exceeded::DayTokens { worst: worst.tokens, limit, used: used.tokens });
        }
        self.reserved = self.reserved.plus(worst);
        Ok(Reservation(worst))
    }

    /// Turns a reservation into what was really spent. The ledger must know it before.
    pub fn settle(&mut self, reservation: &Reservation, real: Amount) {
        self.reserved = self.reserved.minus(reservation.0);
        self.spent = self.spent.plus(real);
    }

    /// What was spent in this session, without reservations.
    pub fn spent(&self) -> Amount {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Price;

    fn amount(cost: u64, tokens: u64) -> Amount {
        Amount { cost: Money(cost), tokens }
    }

    fn check(limits: Budget, spent: Amount, today: Amount, worst: Amount, expected: Result<(), &str>) {
        let mut spending = Spending::new(limits);
        spending.spent = spent;
        let mark = spending.mark();
        let found = spending.reserve(worst, today, mark).map(|_| ()).map_err(|error| format!("{error:?}"));
        match expected {
            Ok(()) => assert_eq!(found, Ok(())),
            Err(name) => assert!(found.unwrap_err().starts_with(name)),
        }
    }

    #[test]
    fn every_limit_holds_to_the_last_unit() {
        let zero = Amount::default();
        let request = Budget { request: Some(Money(10)), ..Budget::default() };
        check(request, zero, zero, amount(10, 0), Ok(()));
        check(request, zero, zero, amount(11, 0), Err("Request"));
        let session = Budget { session: Some(Money(10)), ..Budget::default() };
        check(session, amount(7, 0), amount(100, 0), amount(3, 0), Ok(()));
        check(session, amount(7, 0), zero, amount(4, 0), Err("Session"));
        let day = Budget { day: Some(Money(10)), ..Budget::default() };
        check(day, amount(7, 0), amount(8, 0), amount(2, 0), Ok(()));
        check(day, amount(7, 0), amount(8, 0), amount(3, 0), Err("Day "));
        let tokens = Budget { day_tokens: Some(100), ..Budget::default() };
        check(tokens, zero, amount(99, 60), amount(99, 40), Ok(()));
        check(tokens, zero, amount(0, 60), amount(0, 41), Err("DayTokens"));
        check(Budget::default(), amount(u64::MAX, u64::MAX), zero, amount(u64::MAX, u64::MAX), Ok(()));
    }

    #[test]
    fn the_worst_case_knows_output_and_cache() {
        let price = Price { input: 3, output: 15, cache_write: 4, cache_read: 1, tiers: Vec::new() };
        let mut model = ModelSettings { price: Some(price), ..ModelSettings::new("m", "p", "m") };
        assert_eq!(Amount::worst(&model, 100, 10), amount(450, 110));
        model.capabilities.prompt_cache = true;
        assert_eq!(Amount::worst(&model, 100, 10), amount(550, 110));
        model.price = None;
        assert_eq!(Amount::worst(&model, 100, 10), amount(0, 110));
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// Asks for today's sum and remembers it.
        Look,
        /// Reserves with the sum that was looked up so many looks ago.
        Reserve(u64, usize),
        /// Ends the so-manieth request at a share of its worst case.
        Settle(usize, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Look),
            (1_u64..50, 0_usize..4).prop_map(|(worst, ago)| Step::Reserve(worst, ago)),
            (0_usize..8, 0_u64..=100).prop_map(|(which, share)| Step::Settle(which, share)),
        ]
    }

    proptest! {
        /// In any order of questions, reservations and ends, with sums as old as they like to be.
        #[test]
        fn together_they_never_pass_a_limit(steps in proptest::collection::vec(step(), 1..200)) {
            let (limit, session) = (Money(200), Money(150));
            let budget = Budget {
                day: Some(limit), session: Some(session), day_tokens: Some(180), ..Budget::default()
            };
            let mut spending = Spending::new(budget);
            let mut looks = vec![(spending.mark(), Amount::default())];
            let (mut ledger, mut out) = (Amount::default(), Vec::new());
            for step in steps {
                match step {
                    Step::Look => looks.push((spending.mark(), ledger)),
                    Step::Reserve(worst, ago) => {
                        let (mark, today) = looks[looks.len().saturating_sub(1 + ago)];
                        out.extend(spending.reserve(amount(worst, worst), today, mark));
                    }
                    Step::Settle(which, share) if !out.is_empty() => {
                        let reservation = out.swap_remove(which % out.len());
                        let real = reservation.0.cost.0 * share / 100;
                        ledger = ledger.plus(amount(real, real));
                        spending.settle(&reservation, amount(real, real));
                    }
                    Step::Settle(..) => {}
                }
                let reserved = out.iter().fold(Amount::default(), |sum, one| sum.plus(one.0));
                let all = ledger.plus(reserved);
                prop_assert!(all.cost <= session && all.cost <= limit && all.tokens <= 180, "{:?}", all);
            }
        }
    }
}
