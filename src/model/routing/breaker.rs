//! When a provider is left alone: a circuit breaker that learns how requests ended at the end of their streams.
//!
//! Closed until more than half of at least [`Rules::least`] requests in a window failed, or one says that the key or
//! the account is wrong. Then open for a rest that grows. Then half-open: exactly one request tries, and its end
//! decides. What a request says of itself (too large, refused, wrong) never counts against its provider.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::ModelErrorKind;

/// Limits of patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How far back failures are counted.
    pub window: Duration,
    /// Requests in the window below which nothing is concluded.
    pub least: usize,
    /// The first rest; it doubles each time the probe fails too.
    pub rest: Duration,
    /// The longest of those rests.
    pub longest_rest: Duration,
    /// The rest after a wrong key or a closed account.
    pub stop: Duration,
    /// The same where no other provider is there: just long enough that nobody is locked out by trying.
    pub stop_alone: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            least: 5,
            rest: Duration::from_secs(5),
            longest_rest: Duration::from_secs(300),
            stop: Duration::from_secs(1800),
            stop_alone: Duration::from_secs(10),
        }
    }
}

/// What the end of a request says of its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Good,
    /// It failed, and may say how long to leave it alone.
    Failed(Option<Duration>),
    /// It will not work until somebody changes something.
    Stopped,
    /// Nothing.
    Nothing,
}

impl Verdict {
    /// What an error says.
    pub fn of(kind: ModelErrorKind, retry_after: Option<Duration>) -> Self {
        use ModelErrorKind as Kind;
        match kind {
            Kind::Authentication | Kind::Payment => Self::Stopped,
            Kind::RateLimit
            | Kind::Overloaded
            | Kind::Network
            | Kind::Stalled
            | Kind::Truncated
            | Kind::Server => Self::Failed(retry_after),
            Kind::PromptTooLarge
            | Kind::Refused
            | Kind::BadRequest
            | Kind::NoRecording
            | Kind::Budget
            | Kind::Resting
            | Kind::Withheld => Self::Nothing,
        }
    }
}

/// The state at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Requests pass.
    Closed,
    /// One request may try, or is trying.
    HalfOpen,
    /// No request passes for so long.
    Open(Duration),
}

/// Leave to ask; to be given back by [`Breaker::ended`], whatever came of it.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Permit {
    /// Which opening it belongs to: an end from before says nothing new.
    era: u64,
    probe: bool,
}

/// Says why not, and when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting(pub Duration);

/// The breaker of one provider.
#[derive(Debug)]
pub struct Breaker {
    rules: Rules,
    /// Ends in the window, oldest first: when, and whether it failed.
    ends: VecDeque<(Duration, bool)>,
    opened: Option<Opened>,
    era: u64,
}

#[derive(Debug)]
struct Opened {
    since: Duration,
    rest: Duration,
    stopped: bool,
    probing: bool,
    /// How often it opened without closing between.
    times: u32,
}

/// Ends that are remembered at most; the oldest go first.
const REMEMBERED: usize = 1000;

impl Breaker {
    /// Creates a closed breaker.
    pub fn new(rules: Rules) -> Self {
        Self { rules, ends: VecDeque::new(), opened: None, era: 0 }
    }

    /// How it is at `now`. `alone` says that no other provider could be asked instead: then failures never open it.
    pub fn state(&self, now: Duration, alone: bool) -> State {
        let Some(opened) = &self.opened else { return State::Closed };
        match opened.left(&self.rules, now, alone) {
            Some(left) => State::Open(left),
            None if alone && !opened.stopped => State::Closed,
            None => State::HalfOpen,
        }
    }

    /// Asks for leave to send a request.
    ///
    /// # Errors
    /// It rests, or somebody else is trying whether it is back.
    pub fn permit(&mut self, now: Duration, alone: bool) -> Result<Permit, Resting> {
        let era = self.era;
        let Some(opened) = &mut self.opened else { return Ok(Permit { era, probe: false }) };
        if let Some(left) = opened.left(&self.rules, now, alone) {
            return Err(Resting(left));
        }
        // Where there is no other, everyone may try; the first good end closes it all the same.
        if alone && !opened.stopped {
            return Ok(Permit { era, probe: false });
        }
        if opened.probing {
            return Err(Resting(self.rules.rest));
        }
        opened.probing = true;
        Ok(Permit { era, probe: true })
    }

    /// Takes leave back with what the request's end says.
    #[expect(clippy::needless_pass_by_value, reason = "leave that was given back must not be used again")]
    pub fn ended(&mut self, now: Duration, permit: Permit, verdict: Verdict) {
        if permit.era != self.era {
            return; // It began before the latest opening or closing, which know better.
        }
        match verdict {
            Verdict::Nothing => {
                if let Some(opened) = self.opened.as_mut().filter(|_| permit.probe) {
                    opened.probing = false; // The next one may try.
                }
            }
            Verdict::Good if self.opened.is_some() => self.close(),
            Verdict::Good => self.count(now, false),
            Verdict::Stopped => self.open(now, self.rules.stop, true),
            Verdict::Failed(after) if permit.probe => self.open(now, after.unwrap_or_default(), false),
            Verdict::Failed(after) => {
                self.count(now, true);
                let failed = self.ends.iter().filter(|(_, failed)| *failed).count();
                let many = self.ends.len() >= self.rules.least && failed * 2 > self.ends.len();
                if many && self.opened.is_none() {
                    self.open(now, after.unwrap_or_default(), false);
                }
            }
        }
    }

    fn count(&mut self, now: Duration, failed: bool) {
        let oldest = now.saturating_sub(self.rules.window);
        while self.ends.front().is_some_and(|(at, _)| *at < oldest) || self.ends.len() >= REMEMBERED {
            self.ends.pop_front();
        }
        self.ends.push_back((now, failed));
    }

    fn open(&mut self, now: Duration, at_least: Duration, stopped: bool) {
        let times = self.opened.as_ref().map_or(0, |opened| opened.times.saturating_add(1));
        let rest = if stopped {
            at_least
        } else {
            let grown = self.rules.rest.saturating_mul(1 << times.min(16));
            grown.max(at_least).min(self.rules.longest_rest)
        };
        self.opened = Some(Opened { since: now, rest, stopped, probing: false, times });
        self.ends.clear();
        self.era += 1;
    }

    fn close(&mut self) {
        self.opened = None;
        self.ends.clear();
        self.era += 1;
    }
}

impl Opened {
    /// How long it still rests.
    fn left(&self, rules: &Rules, now: Duration, alone: bool) -> Option<Duration> {
        let rest = match (alone, self.stopped) {
            (true, true) => rules.stop_alone,
            (true, false) => Duration::ZERO,
            (false, _) => self.rest,
        };
        self.since.saturating_add(rest).checked_sub(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Verdict = Verdict::Failed(None);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn breaker() -> Breaker {
        Breaker::new(Rules::default())
    }

    /// One request that begins and ends at `seconds`.
    fn ask(breaker: &mut Breaker, seconds: u64, verdict: Verdict) {
        let permit = breaker.permit(at(seconds), false).unwrap();
        breaker.ended(at(seconds), permit, verdict);
    }

    fn opened() -> Breaker {
        let mut breaker = breaker();
        (0..5).for_each(|_| ask(&mut breaker, 0, FAILED));
        assert_eq!(breaker.state(at(0), false), State::Open(at(5)));
        breaker
    }

    #[test]
    fn more_than_half_of_five_open_it() {
        let check = |ends: &[Verdict], expected: State| {
            let mut breaker = breaker();
            for end in ends {
                ask(&mut breaker, 0, *end);
            }
            assert_eq!(breaker.state(at(0), false), expected, "{ends:?}");
        };
        check(&[FAILED; 4], State::Closed);
        check(&[FAILED; 5], State::Open(at(5)));
        check(&[Verdict::Good, Verdict::Good, FAILED, FAILED, FAILED], State::Open(at(5)));
        check(&[Verdict::Good, Verdict::Good, Verdict::Good, FAILED, FAILED, FAILED], State::Closed);
        check(&[Verdict::Nothing; 20], State::Closed);
        check(&[Verdict::Stopped], State::Open(at(1800)));
    }

    #[test]
    fn failures_are_forgotten_after_the_window() {
        let mut breaker = breaker();
        (0..4).for_each(|n| ask(&mut breaker, n, FAILED));
        ask(&mut breaker, 64, FAILED);
        assert_eq!(breaker.state(at(64), false), State::Closed);
    }

    #[test]
    fn exactly_one_probes_and_decides() {
        let mut breaker = opened();
        assert_eq!(breaker.permit(at(4), false), Err(Resting(at(1))));
        assert_eq!(breaker.state(at(5), false), State::HalfOpen);
        let probe = breaker.permit(at(5), false).unwrap();
        assert_eq!(breaker.permit(at(5), false), Err(Resting(at(5))));
        breaker.ended(at(6), probe, Verdict::Good);
        assert_eq!(breaker.state(at(6), false), State::Closed);
    }

    #[test]
    fn a_probe_that_says_nothing_lets_the_next_one_try() {
        let mut breaker = opened();
        let probe = breaker.permit(at(5), false).unwrap();
        breaker.ended(at(5), probe, Verdict::Nothing);
        assert!(breaker.permit(at(5), false).is_ok());
    }

    #[test]
    fn rests_grow_to_a_limit_and_begin_anew_after_a_success() {
        let mut breaker = opened();
        let mut now = at(0);
        for rest in [5, 10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(breaker.state(now, false), State::Open(at(rest)));
            now += at(rest);
            let probe = breaker.permit(now, false).unwrap();
            breaker.ended(now, probe, FAILED);
        }
        now += at(300);
        let probe = breaker.permit(now, false).unwrap();
        breaker.ended(now, probe, Verdict::Good);
        (0..5).for_each(|_| ask(&mut breaker, now.as_secs(), FAILED));
        assert_eq!(breaker.state(now, false), State::Open(at(5)));
    }

    #[test]
    fn the_provider_says_how_long() {
        let mut breaker = breaker();
        (0..5).for_each(|_| ask(&mut breaker, 0, Verdict::Failed(Some(at(30)))));
        assert_eq!(breaker.state(at(0), false), State::Open(at(30)));
    }

    #[test]
    fn an_end_from_before_says_nothing_new() {
        let mut breaker = breaker();
        let early: Vec<_> = (0..6).map(|_| breaker.permit(at(0), false).unwrap()).collect();
        (0..5).for_each(|_| ask(&mut breaker, 1, FAILED));
        for permit in early {
            breaker.ended(at(2), permit, Verdict::Good);
        }
        assert_eq!(breaker.state(at(2), false), State::Open(at(4)));
    }

    #[test]
    fn the_only_one_is_spared() {
        let mut breaker = opened();
        assert_eq!(breaker.state(at(0), true), State::Closed);
        let permit = breaker.permit(at(0), true).unwrap();
        breaker.ended(at(0), permit, FAILED);
        assert_eq!(
            breaker.state(at(0), false),
            State::Open(at(5)),
            "a failure beside does not prolong the rest"
        );
        let permit = breaker.permit(at(1), true).unwrap();
        breaker.ended(at(1), permit, Verdict::Good);
        assert_eq!(breaker.state(at(1), false), State::Closed);
        ask(&mut breaker, 2, Verdict::Stopped);
        assert_eq!(breaker.permit(at(2), true), Err(Resting(at(10))));
        assert_eq!(breaker.state(at(12), true), State::HalfOpen);
        assert_eq!(breaker.state(at(12), false), State::Open(at(1790)));
        assert!(breaker.permit(at(12), true).is_ok());
    }

    proptest::proptest! {
        /// Whatever ends how and when: while it is not closed, at most one request is let in.
        #[test]
        fn never_two_probes(steps in proptest::collection::vec((0_u64..400, 0_u8..5, 0_usize..4), 1..200)) {
            let mut breaker = opened();
            let mut out: Vec<Permit> = Vec::new();
            let mut now = at(0);
            for (wait, verdict, which) in steps {
                now += at(wait / 4);
                if verdict == 4 || out.is_empty() {
                    out.extend(breaker.permit(now, false));
                } else {
                    let verdict = [Verdict::Good, FAILED, Verdict::Stopped, Verdict::Nothing][usize::from(verdict)];
                    let permit = out.swap_remove(which % out.len());
                    breaker.ended(now, permit, verdict);
                }
                let probes = out.iter().filter(|permit| permit.probe && permit.era == breaker.era).count();
                proptest::prop_assert!(probes <= 1);
            }
        }
    }
}
