//! What stands between the pipelines and the providers: the outgoing filter, the cache, budgets, queues, breakers and
//! the account. Every request passes it; there is no other way to an [`Upstream`].
//!
//! No I/O of its own: providers, the ledger and the stores are ports. While an answer streams, nothing is locked and
//! nothing is awaited but the provider.

mod account;
mod guarded;
mod kept;
mod lane;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use self::account::Tally;
use self::guarded::Guarded;
use self::kept::Kept;
use self::lane::Lane;
use crate::model::routing::breaker::State;
use crate::model::routing::{Spending, choose};
use crate::model::{Budget, CacheKey, CacheSettings, Model, OutgoingFilter, Role, Upstream};
use crate::ports::{Health, Ledger, ModelSource, Recorder, ResponseStore, Spent, UpstreamSource};
use crate::problem::Problem;

/// What the user wants of the way to the models.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Limits on what is spent.
    pub budget: Budget,
    /// How complete answers are kept.
    pub cache: CacheSettings,
    /// Models of a role that share its first place, each with its weight.
    pub splits: BTreeMap<Role, BTreeMap<String, u32>>,
}

/// Where the gateway writes down what happens.
#[derive(Clone)]
pub struct Books {
    /// The account over all sessions.
    pub ledger: Arc<dyn Ledger>,
    /// Answers kept over sessions.
    pub responses: Option<Arc<dyn ResponseStore>>,
    /// Recordings of every exchange.
    pub recorder: Option<Arc<dyn Recorder>>,
    /// What this session spent and has reserved; ways to the models that follow each other share it.
    pub spending: Arc<Mutex<Spending>>,
}

/// The way to the models.
pub struct Gateway(Arc<Shared>);

/// What all requests of a session share.
struct Shared {
    upstreams: Arc<dyn UpstreamSource>,
    filter: OutgoingFilter,
    splits: BTreeMap<Role, BTreeMap<String, u32>>,
    session: String,
    books: Books,
    /// Complete answers, unless none are to be kept.
    kept: Option<Kept>,
    lanes: Mutex<BTreeMap<String, Arc<Lane>>>,
    tallies: Mutex<BTreeMap<String, Arc<Tally>>>,
    began: Instant,
}

impl Gateway {
    /// Creates it over the models of `upstreams`. `session` tells this run of the program from all others.
    pub fn new(
        upstreams: Arc<dyn UpstreamSource>,
        filter: OutgoingFilter,
        policy: Policy,
        session: String,
        books: Books,
    ) -> Self {
        let Policy { budget, cache, splits } = policy;
        lock(&books.spending).limit(budget);
        Self(Arc::new(Shared {
            upstreams,
            filter,
            splits,
            session,
            kept: cache.enabled.then(|| Kept::new(&cache, books.responses.clone())),
            books,
            lanes: Mutex::default(),
            tallies: Mutex::default(),
            began: Instant::now(),
        }))
    }
}

impl ModelSource for Gateway {
    fn models(&self, role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Model>>, Problem>> {
        Box::pin(async move {
            let upstreams = self.0.upstreams.upstreams(role).await?;
            Ok(self.0.in_order(role, upstreams))
        })
    }

    fn forget(&self, answer: CacheKey) {
        if let Some(kept) = &self.0.kept {
            kept.forget(answer);
        }
    }

    fn health(&self) -> Health {
        let now = self.0.now();
        let spent = lock(&self.0.books.spending).spent();
        Health {
            providers: lock(&self.0.lanes).values().map(|lane| lane.health(now)).collect(),
            models: lock(&self.0.tallies).iter().map(|(name, tally)| tally.health(name)).collect(),
            spent: Spent { tokens: spent.tokens, cost: spent.cost },
            cache: self.0.kept.as_ref().map(Kept::statistics).unwrap_or_default(),
        }
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The models of a role as they should be tried: the one that this session drew, then as configured; those of
    /// providers that rest come last.
    fn in_order(self: &Arc<Self>, role: Role, upstreams: Vec<Arc<dyn Upstream>>) -> Vec<Arc<dyn Model>> {
        let present = |name: &str| upstreams.iter().any(|upstream| upstream.settings().name == name);
        let drawn = self.splits.get(&role).and_then(|weights| {
            let mut weights = weights.clone();
            weights.retain(|name, _| present(name));
            choose(&weights, &self.session, role).map(str::to_owned)
        });
        let first = upstreams.first().map(|upstream| upstream.provider().name.clone());
        let alone = upstreams.iter().all(|upstream| Some(&upstream.provider().name) == first.as_ref());
        let now = self.now();
        let mut models: Vec<_> = upstreams
            .into_iter()
            .map(|upstream| {
                let settings = upstream.settings();
                let lane = self.lane(&upstream);
                let rests = matches!(lane.state(now, alone), State::Open(_));
                let is_drawn = drawn.as_ref() == Some(&settings.name);
                let tally = self.tally(&upstream);
                let shared = Arc::clone(self);
                ((rests, !is_drawn), Guarded { shared, upstream, lane, tally, role, alone })
            })
            .collect();
        models.sort_by_key(|(place, _)| *place);
        models.into_iter().map(|(_, guarded)| Arc::new(guarded) as Arc<dyn Model>).collect()
    }

    /// The queue and breaker of a provider; fresh ones when its settings changed, since what failed may work now.
    fn lane(&self, upstream: &Arc<dyn Upstream>) -> Arc<Lane> {
        let provider = upstream.provider();
        let mut lanes = lock(&self.lanes);
        match lanes.get(&provider.name) {
            Some(lane) if lane.is_of(provider) => Arc::clone(lane),
            _ => {
                let lane = Arc::new(Lane::new(provider.clone()));
                lanes.insert(provider.name.clone(), Arc::clone(&lane));
                lane
            }
        }
    }

    fn tally(&self, upstream: &Arc<dyn Upstream>) -> Arc<Tally> {
        let settings = upstream.settings();
        let mut tallies = lock(&self.tallies);
        let tally = tallies.entry(settings.name.clone()).or_insert_with(|| Arc::new(Tally::new(settings)));
        Arc::clone(tally)
    }
}

/// Locks what no panic can leave half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
