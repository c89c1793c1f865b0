//! What was asked of models, what came of it and what it cost: kept over sessions, shared by all processes of a user.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, ready};
use serde::Serialize;

use crate::model::{ModelErrorKind, Money, Role, Usage};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestEnd {
    /// With its terminal event.
    Complete,
    /// From the cache; nothing was sent.
    Cached,
    /// The asker left.
    Cancelled,
    /// With an error.
    Failed(ModelErrorKind),
}

/// One request, after its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsageRecord {
    /// The session it belongs to.
    pub session: String,
    /// What it was for.
    pub role: Role,
    /// The provider's name in the configuration.
    pub provider: String,
    /// The model's name in the configuration.
    pub model: String,
    /// How it ended.
    pub end: RequestEnd,
    /// Tokens, as reported; estimated where nothing was.
    pub usage: Usage,
    /// Whether `usage` is an estimate.
    pub estimated: bool,
    /// What it cost; `None` where no price is known.
    pub cost: Option<Money>,
    /// From sending to the first piece of the answer.
    pub first_token: Option<Duration>,
    /// From sending to the end.
    pub total: Duration,
}

/// What became of the edits that a model wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditFate {
    /// The reply was proved against the text and became a proposal.
    Fitted,
    /// The reply was refused.
    Refused,
    /// A hunk was accepted.
    Accepted,
    /// A hunk was rejected.
    Rejected,
    /// An accepted hunk was taken back.
    Undone,
}

/// What is known of one model in one role.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ModelStatistics {
    /// The role's name.
    pub role: String,
    /// The model's name in the configuration.
    pub model: String,
    /// Requests that were sent.
    pub requests: u64,
    /// Answers from the cache.
    pub cached: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Requests whose asker left.
    pub cancelled: u64,
    /// Tokens, in all.
    pub usage: Usage,
    /// What it cost, as far as prices are known.
    pub cost: Money,
    /// Mean time to the first piece of an answer, in milliseconds.
    pub first_token_ms: Option<u64>,
    /// Tokens written per second after the first piece, over complete answers.
    pub tokens_per_second: Option<f64>,
    /// Replies that fitted.
    pub fitted: u64,
    /// Replies that were refused.
    pub refused: u64,
    /// Hunks accepted.
    pub accepted: u64,
    /// Hunks rejected.
    pub rejected: u64,
    /// Accepted hunks taken back.
    pub undone: u64,
}

/// Keeps the account. Writing returns at once; an implementer hands over to a thread of its own.
pub trait Ledger: Send + Sync {
    /// Adds a request.
    fn record(&self, record: UsageRecord);

    /// Counts `n` edits of `model` in `role` that met this fate.
    fn decided(&self, role: Role, model: &str, fate: EditFate, n: u64);

    /// What was spent today (in UTC), by all processes; records of this process count at once.
    fn spent_today(&self) -> BoxFuture<'_, Spent>;

    /// What is known of each model, most used first.
    fn statistics(&self) -> BoxFuture<'_, Vec<ModelStatistics>>;

    /// What was spent, as far as it is known without waiting: by this process exactly, by others as last read.
    fn known(&self) -> KnownUsage {
        KnownUsage::default()
    }

    /// How the requests of the last day (24 hours) to each provider went, by the provider's name.
    fn providers(&self) -> BoxFuture<'_, Vec<ProviderHistory>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

/// What was spent, for people who ask while work goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct KnownUsage {
    /// By this process.
    pub session: Spent,
    /// Today (UTC), by all processes.
    pub today: Spent,
}

/// How the last requests to a provider went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProviderHistory {
    /// Its name in the configuration.
    pub provider: String,
    /// Requests that were sent.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// How the newest ended.
    pub last: RequestEnd,
    /// Seconds since then.
    pub last_seconds_ago: u64,
    /// The newest failure, whatever came after it.
    pub last_failure: Option<ModelErrorKind>,
}

/// A sum of tokens and money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// Tokens read and written.
    pub tokens: u64,
    /// Money, as far as prices are known.
    pub cost: Money,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        *self = self.plus(more);
    }
}

impl UsageRecord {
    /// What the request spent.
    pub fn spent(&self) -> Spent {
        Spent::of(&self.usage, self.cost)
    }
}

impl Spent {
    /// What a request of this usage and cost spent.
    pub fn of(usage: &Usage, cost: Option<Money>) -> Self {
        Self { tokens: usage.read().saturating_add(usage.output), cost: cost.unwrap_or_default() }
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self { tokens: self.tokens.saturating_add(more.tokens), cost: self.cost.plus(more.cost) }
    }

    /// What is left of it, nothing at the least.
    #[must_use]
    pub fn minus(self, less: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(less.tokens), cost: self.cost.minus(less.cost) }
    }
}

impl RequestEnd {
    /// Whether anything was sent to a provider.
    pub fn was_sent(self) -> bool {
        use ModelErrorKind::{Budget, Resting, Withheld};
        !matches!(self, Self::Cached | Self::Failed(Budget | Resting | Withheld))
    }
}

/// An account that ends with the process: what it spent counts as spent today, and rates are not known.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<Account>);

#[derive(Debug, Default)]
struct Account {
    spent: Spent,
    models: BTreeMap<(Role, String), ModelStatistics>,
    records: Vec<UsageRecord>,
}

impl MemoryLedger {
    /// Requests kept one by one.
    pub const CAPACITY: usize = 1000;

    /// The newest requests, oldest first.
    pub fn records(&self) -> Vec<UsageRecord> {
        self.account().records.clone()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn of(&mut self, role: Role, model: &str) -> &mut ModelStatistics {
        self.models.entry((role, model.to_owned())).or_insert_with(|| ModelStatistics {
            role: role.name().to_owned(),
            model: model.to_owned(),
            ..ModelStatistics::default()
        })
    }
}

impl Ledger for MemoryLedger {
    fn record(&self, record: UsageRecord) {
        let mut account = self.account();
        account.spent += record.spent();
        let of = account.of(record.role, &record.model);
        of.requests += u64::from(record.end.was_sent());
        match record.end {
            RequestEnd::Complete => {}
            RequestEnd::Cached => of.cached += 1,
            RequestEnd::Cancelled => of.cancelled += 1,
            RequestEnd::Failed(_) => of.failed += u64::from(record.end.was_sent()),
        }
        of.usage += record.usage;
        of.cost = of.cost.plus(record.cost.unwrap_or_default());
        if account.records.len() == Self::CAPACITY {
            account.records.remove(0);
        }
        account.records.push(record);
    }

    fn decided(&self, role: Role, model: &str, fate: EditFate, n: u64) {
        let mut account = self.account();
        let of = account.of(role, model);
        *match fate {
            EditFate::Fitted => &mut of.fitted,
            EditFate::Refused => &mut of.refused,
            EditFate::Accepted => &mut of.accepted,
            EditFate::Rejected => &mut of.rejected,
            EditFate::Undone => &mut of.undone,
        } += n;
    }

    fn spent_today(&self) -> BoxFuture<'_, Spent> {
        Box::pin(ready(self.account().spent))
    }

    fn known(&self) -> KnownUsage {
        let spent = self.account().spent;
        KnownUsage { session: spent, today: spent }
    }

    fn statistics(&self) -> BoxFuture<'_, Vec<ModelStatistics>> {
        let mut models: Vec<_> = self.account().models.values().cloned().collect();
        models.sort_by_key(|of| std::cmp::Reverse(of.requests));
        Box::pin(ready(models))
    }
}
