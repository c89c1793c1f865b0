//! One row for each request of the last ninety days.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, Row, params};

use super::sums::{ByModel, Sums};
use super::{DAY, count, known, millis, whole};
use crate::model::{ModelErrorKind, Money, Usage};
use crate::ports::{ProviderHistory, RequestEnd, Spent, UsageRecord};

/// Times are in milliseconds, `at` since 1970; `cost` is in units of 10⁻¹² and unknown where it is null.
pub(in crate::journal) const REQUESTS: &str = "
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        session TEXT NOT NULL,
        role TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        outcome TEXT NOT NULL,
        failure TEXT,
        input INTEGER NOT NULL,
        cache_read INTEGER NOT NULL,
        cache_write INTEGER NOT NULL,
        output INTEGER NOT NULL,
        reasoning INTEGER NOT NULL,
        estimated INTEGER NOT NULL,
        cost INTEGER,
        first_token INTEGER,
        total INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX requests_by_time ON requests (at);
";

/// Adds a row.
pub(super) fn insert(connection: &Connection, record: &UsageRecord, now: Duration) -> rusqlite::Result<()> {
    let (outcome, failure) = words(record.end);
    let usage = &record.usage;
    connection.execute(
        "INSERT INTO requests (at, session, role, provider, model, outcome, failure, input, cache_read, cache_write,
            output, reasoning, estimated, cost, first_token, total)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        params![
            millis(now),
            record.session,
            record.role.name(),
            record.provider,
            record.model,
            outcome,
            failure,
            whole(usage.input),
            whole(usage.cache_read),
            whole(usage.cache_write),
            whole(usage.output),
            whole(usage.reasoning),
            record.estimated,
            record.cost.map(|cost| whole(cost.0)),
            record.first_token.map(millis),
            millis(record.total),
        ],
    )?;
    Ok(())
}

/// What was spent on a day, by all processes.
pub(super) fn spent(connection: &Connection, day: u64) -> rusqlite::Result<Spent> {
    let since = millis(DAY.saturating_mul(u32::try_from(day).unwrap_or(u32::MAX)));
    let until = since.saturating_add(millis(DAY));
    let mut statement = connection.prepare("SELECT * FROM requests WHERE at >= ?1 AND at < ?2")?;
    let mut rows = statement.query([since, until])?;
    let mut spent = Spent::default();
    while let Some(row) = rows.next()? {
        let request = Request::read(row)?;
        if request.end.was_sent() {
            spent = spent.plus(Spent::of(&request.usage, request.cost));
        }
    }
    Ok(spent)
}

/// Adds every row to the sums of its model.
pub(super) fn each(connection: &Connection, by_model: &mut ByModel) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT * FROM requests")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let request = Request::read(row)?;
        by_model.requests(&request.role, &request.model, &request.sums());
    }
    Ok(())
}

/// How the requests of the last day to each provider went.
pub(super) fn histories(connection: &Connection, now: Duration) -> rusqlite::Result<Vec<ProviderHistory>> {
    let mut statement = connection.prepare("SELECT * FROM requests WHERE at > ?1 ORDER BY at, id")?;
    let mut rows = statement.query([millis(now.saturating_sub(DAY))])?;
    let mut histories: BTreeMap<String, ProviderHistory> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let request = Request::read(row)?;
        if !request.end.was_sent() {
            continue;
        }
        let last_seconds_ago = now.saturating_sub(request.at).as_secs();
        let history = histories.entry(request.provider.clone()).or_insert_with(|| ProviderHistory {
            provider: request.provider,
            requests: 0,
            failed: 0,
            last: request.end,
            last_seconds_ago,
            last_failure: None,
        });
        (history.last, history.last_seconds_ago) = (request.end, last_seconds_ago);
        history.requests += 1;
        if let RequestEnd::Failed(kind) = request.end {
            history.failed += 1;
            history.last_failure = Some(kind);
        }
    }
    Ok(histories.into_values().collect())
}

/// A row.
pub(super) struct Request {
    pub(super) at: Duration,
    pub(super) role: String,
    pub(super) provider: String,
    pub(super) model: String,
    end: RequestEnd,
    usage: Usage,
    cost: Option<Money>,
    first_token: Option<Duration>,
    total: Duration,
}

impl Request {
    /// Reads all columns of a row.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let time = |name| count(row, name).map(Duration::from_millis);
        let outcome: String = row.get("outcome")?;
        Ok(Self {
            at: time("at")?,
            role: row.get("role")?,
            provider: row.get("provider")?,
            model: row.get("model")?,
            end: end(&outcome, row.get("failure")?),
            usage: Usage {
                input: count(row, "input")?,
                cache_read: count(row, "cache_read")?,
                cache_write: count(row, "cache_write")?,
                output: count(row, "output")?,
                reasoning: count(row, "reasoning")?,
            },
            cost: known(row, "cost")?.map(Money),
            first_token: known(row, "first_token")?.map(Duration::from_millis),
            total: time("total")?,
        })
    }

    /// What it adds to a sum.
    pub(super) fn sums(&self) -> Sums {
        if self.end == RequestEnd::Cached {
            return Sums { cached: 1, ..Sums::default() };
        }
        if !self.end.was_sent() {
            return Sums::default();
        }
        let first_token = self.first_token.map(|time| (1, in_millis(time))).unwrap_or_default();
        let spoken = match self.first_token {
            Some(first) if self.end == RequestEnd::Complete => {
                (self.usage.output, in_millis(self.total.saturating_sub(first)))
            }
            _ => (0, 0),
        };
        Sums {
            requests: 1,
            cached: 0,
            failed: u64::from(matches!(self.end, RequestEnd::Failed(_))),
            cancelled: u64::from(self.end == RequestEnd::Cancelled),
            usage: self.usage,
            cost: self.cost.unwrap_or_default(),
            first_token,
            spoken,
        }
    }
}

fn in_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How an end is written: its name, and the kind of error as everywhere else outside the program.
pub(super) fn words(end: RequestEnd) -> (&'static str, Option<String>) {
    match end {
        RequestEnd::Complete => ("complete", None),
        RequestEnd::Cached => ("cached", None),
        RequestEnd::Cancelled => ("cancelled", None),
        RequestEnd::Failed(kind) => {
            let name = serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned));
            ("failed", name)
        }
    }
}

/// Reads what [`words`] wrote. A kind that no version of ours writes counts as a failure of the server.
pub(super) fn end(outcome: &str, failure: Option<String>) -> RequestEnd {
    match outcome {
        "complete" => RequestEnd::Complete,
        "cached" => RequestEnd::Cached,
        "cancelled" => RequestEnd::Cancelled,
        _ => {
            let kind = serde_json::from_value(failure.into());
            RequestEnd::Failed(kind.unwrap_or(ModelErrorKind::Server))
        }
    }
}
