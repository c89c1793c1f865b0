//! The queue before one provider: so many at once and per minute, in the order in which they came, and nobody while it
//! rests. Who leaves the queue leaves no trace in it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{Shared, lock};
use crate::model::routing::breaker::{Permit, Resting, Rules, State, Verdict};
use crate::model::routing::{Breaker, Bucket};
use crate::model::{ModelError, ProviderSettings};
use crate::ports::{Availability, LastError, ProviderHealth};

pub(super) struct Lane {
    settings: ProviderSettings,
    places: Arc<Semaphore>,
    n_places: usize,
    rates: Option<Rates>,
    waiting: AtomicU64,
    /// Whether the latest asker had no other provider: the breaker's state depends on it.
    alone: AtomicBool,
    state: Mutex<Known>,
}

/// What is known of the provider.
struct Known {
    breaker: Breaker,
    answered: Option<bool>,
    last_error: Option<(Duration, ModelError)>,
}

struct Rates {
    /// Held by the first of the queue while it waits for its turn.
    turn: tokio::sync::Mutex<()>,
    buckets: Mutex<Buckets>,
    put_back: Notify,
}

struct Buckets {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

/// A place among the requests under way, and the tokens that were taken for it.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    tokens: u64,
}

impl Lane {
    pub(super) fn new(settings: ProviderSettings) -> Self {
        let limits = settings.limits;
        let n_places = (limits.concurrent.max(1) as usize).min(Semaphore::MAX_PERMITS);
        let buckets = Buckets {
            requests: limits.requests_per_minute.map(Bucket::new),
            tokens: limits.tokens_per_minute.map(Bucket::new),
        };
        let limited = buckets.requests.is_some() || buckets.tokens.is_some();
        Self {
            settings,
            places: Arc::new(Semaphore::new(n_places)),
            n_places,
            rates: limited.then(|| Rates {
                turn: tokio::sync::Mutex::default(),
                buckets: Mutex::new(buckets),
                put_back: Notify::new(),
            }),
            waiting: AtomicU64::new(0),
            alone: AtomicBool::new(false),
            state: Mutex::new(Known {
                breaker: Breaker::new(Rules::default()),
                answered: None,
                last_error: None,
            }),
        }
    }

    pub(super) fn is_of(&self, settings: &ProviderSettings) -> bool {
        self.settings == *settings
    }

    pub(super) fn state(&self, now: Duration, alone: bool) -> State {
        self.alone.store(alone, Ordering::Relaxed);
        lock(&self.state).breaker.state(now, alone)
    }

    /// Waits for a place and for the rates. Dropping it gives up the wait.
    pub(super) async fn enter(&self, shared: &Shared, tokens: u64) -> Place {
        let _waiting = Waiting::begin(&self.waiting);
        let Some(rates) = &self.rates else { return self.place(tokens).await };
        let _turn = rates.turn.lock().await;
        let place = self.place(tokens).await;
        loop {
            let put_back = rates.put_back.notified();
            let wait = lock(&rates.buckets).take(shared.now(), tokens);
            let Some(wait) = wait else { return place };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = put_back => {}
            }
        }
    }

    async fn place(&self, tokens: u64) -> Place {
        let permit = Arc::clone(&self.places).acquire_owned().await.expect("it is never closed");
        Place { _permit: permit, tokens }
    }

    /// Gives a place free. `used` is what was really used; `None` when nothing was sent.
    pub(super) fn leave(&self, now: Duration, place: Place, used: Option<u64>) {
        if let Some(rates) = &self.rates {
            lock(&rates.buckets).correct(now, place.tokens, used);
            rates.put_back.notify_one();
        }
        drop(place);
    }

    pub(super) fn permit(&self, now: Duration, alone: bool) -> Result<Permit, Resting> {
        lock(&self.state).breaker.permit(now, alone)
    }

    /// Takes in how a request ended.
    pub(super) fn ended(&self, now: Duration, permit: Permit, end: Option<Result<(), &ModelError>>) {
        let verdict = match end {
            None => Verdict::Nothing,
            Some(Ok(())) => Verdict::Good,
            Some(Err(error)) => Verdict::of(error.kind, error.retry_after),
        };
        let mut known = lock(&self.state);
        known.breaker.ended(now, permit, verdict);
        match verdict {
            Verdict::Nothing => {}
            Verdict::Good => known.answered = Some(true),
            Verdict::Failed(_) | Verdict::Stopped => known.answered = Some(false),
        }
        if let Some(Err(error)) = end {
            known.last_error = Some((now, error.clone()));
        }
    }

    /// The message of the latest error.
    pub(super) fn why(&self) -> String {
        let known = lock(&self.state);
        known.last_error.as_ref().map(|(_, error)| error.message.clone()).unwrap_or_default()
    }

    pub(super) fn health(&self, now: Duration) -> ProviderHealth {
        let known = lock(&self.state);
        let last_error = known.last_error.as_ref().map(|(at, error)| LastError {
            kind: error.kind,
            model: error.model.clone(),
            message: error.message.clone(),
            seconds_ago: now.saturating_sub(*at).as_secs(),
        });
        let availability = match known.breaker.state(now, self.alone.load(Ordering::Relaxed)) {
            State::Closed => Availability::Closed,
            State::HalfOpen => Availability::HalfOpen,
            State::Open(left) => Availability::Open { seconds: left.as_millis().div_ceil(1000) as u64 },
        };
        ProviderHealth {
            name: self.settings.name.clone(),
            availability,
            answered: known.answered,
            last_error,
            in_flight: self.n_places.saturating_sub(self.places.available_permits()) as u64,
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

impl Buckets {
    /// Takes one request and its tokens, or says how long to wait.
    fn take(&mut self, now: Duration, tokens: u64) -> Option<Duration> {
        let wait = |bucket: &Option<Bucket>, n| bucket.as_ref().map_or(Duration::ZERO, |of| of.wait(now, n));
        let wait = wait(&self.requests, 1).max(wait(&self.tokens, tokens));
        if !wait.is_zero() {
            return Some(wait);
        }
        if let Some(requests) = &mut self.requests {
            requests.take(now, 1);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(now, tokens);
        }
        None
    }

    fn correct(&mut self, now: Duration, taken: u64, used: Option<u64>) {
        if let Some(requests) = self.requests.as_mut().filter(|_| used.is_none()) {
            requests.put_back(1);
        }
        if let Some(tokens) = &mut self.tokens {
            let used = used.unwrap_or(0);
            tokens.put_back(taken.saturating_sub(used));
            tokens.take(now, used.saturating_sub(taken));
        }
    }
}

/// Counts who waits, for as long as they do.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn begin(counter: &'a AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
