//! What was asked of models, what came of it and what it cost: kept over sessions, shared by all processes of a user.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, ready};
use serde::{Deserialize, Serialize};

use crate::model::{ModelErrorKind, Money, Role, Usage};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
}

/// A sum of tokens and money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens read and written.
    pub tokens: u64,
    /// Money, as far as prices are known.
    pub cost: Money,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        self.tokens = self.tokens.saturating_add(more.tokens);
        self.cost = self.cost.plus(more.cost);
    }
}

impl UsageRecord {
    /// What the request spent.
    pub fn spent(&self) -> Spent {
        Spent {
            tokens: self.usage.read().saturating_add(self.usage.output),
            cost: self.cost.unwrap_or_default(),
        }
    }
}

impl RequestEnd {
    /// Whether a provider was asked.
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

    fn statistics(&self) -> BoxFuture<'_, Vec<ModelStatistics>> {
        let mut models: Vec<_> = self.account().models.values().cloned().collect();
        models.sort_by_key(|of| std::cmp::Reverse(of.requests));
        Box::pin(ready(models))
    }
}
