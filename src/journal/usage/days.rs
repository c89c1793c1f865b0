//! What is left of requests that are older than ninety days: one sum for each day, role, provider and model.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::requests::Request;
use super::sums::{ByModel, Sums};
use super::{DAY, count, day_of, millis, whole};
use crate::model::{Money, Usage};

/// Days whose requests are kept one by one.
const KEPT: u32 = 90;

/// `day` counts from the beginning of 1970, in UTC; times are in milliseconds, `cost` in units of 10⁻¹².
pub(in crate::journal) const DAYS: &str = "
    CREATE TABLE request_days (
        day INTEGER NOT NULL,
        role TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        requests INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        cancelled INTEGER NOT NULL,
        input INTEGER NOT NULL,
        cache_read INTEGER NOT NULL,
        cache_write INTEGER NOT NULL,
        output INTEGER NOT NULL,
        reasoning INTEGER NOT NULL,
        cost INTEGER NOT NULL,
        n_first INTEGER NOT NULL,
        first_token INTEGER NOT NULL,
        spoken_tokens INTEGER NOT NULL,
        spoken INTEGER NOT NULL,
        PRIMARY KEY (day, role, provider, model)
    ) STRICT, WITHOUT ROWID;
";

type Key = (u64, String, String, String);

/// Turns the requests that are old enough into sums.
pub(super) fn sum_old(connection: &Connection, now: Duration) -> rusqlite::Result<()> {
    // Whole days only: a sum is of a day, and added to once.
    let today = DAY.saturating_mul(u32::try_from(day_of(now)).unwrap_or(u32::MAX));
    let before = millis(today.saturating_sub(DAY.saturating_mul(KEPT)));
    let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT * FROM requests WHERE at < ?1")?;
    let mut rows = statement.query([before])?;
    while let Some(row) = rows.next()? {
        let request = Request::read(row)?;
        let added = request.sums();
        *sums.entry((day_of(request.at), request.role, request.provider, request.model)).or_default() +=
            &added;
    }
    for (key, sum) in sums {
        add(connection, &key, sum)?;
    }
    connection.execute("DELETE FROM requests WHERE at < ?1", [before])?;
    Ok(())
}

/// Adds to the sum of a day; there is one when a clock was wrong.
fn add(connection: &Connection, (day, role, provider, model): &Key, mut sum: Sums) -> rusqlite::Result<()> {
    let found = connection
        .query_row(
            "SELECT * FROM request_days WHERE day = ?1 AND role = ?2 AND provider = ?3 AND model = ?4",
            params![whole(*day), role, provider, model],
            read,
        )
        .optional()?;
    if let Some((.., before)) = found {
        sum += &before;
    }
    let Sums { usage, first_token, spoken, .. } = sum;
    connection.execute(
        "INSERT OR REPLACE INTO request_days VALUES
            (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        params![
            whole(*day),
            role,
            provider,
            model,
            whole(sum.requests),
            whole(sum.cached),
            whole(sum.failed),
            whole(sum.cancelled),
            whole(usage.input),
            whole(usage.cache_read),
            whole(usage.cache_write),
            whole(usage.output),
            whole(usage.reasoning),
            whole(sum.cost.0),
            whole(first_token.0),
            whole(first_token.1),
            whole(spoken.0),
            whole(spoken.1),
        ],
    )?;
    Ok(())
}

/// Adds every day to the sums of its model.
pub(super) fn each(connection: &Connection, by_model: &mut ByModel) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT * FROM request_days")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (role, model, sums) = read(row)?;
        by_model.requests(&role, &model, &sums);
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<(String, String, Sums)> {
    let sums = Sums {
        requests: count(row, "requests")?,
        cached: count(row, "cached")?,
        failed: count(row, "failed")?,
        cancelled: count(row, "cancelled")?,
        usage: Usage {
            input: count(row, "input")?,
            cache_read: count(row, "cache_read")?,
            cache_write: count(row, "cache_write")?,
            output: count(row, "output")?,
            reasoning: count(row, "reasoning")?,
        },
        cost: Money(count(row, "cost")?),
        first_token: (count(row, "n_first")?, count(row, "first_token")?),
        spoken: (count(row, "spoken_tokens")?, count(row, "spoken")?),
    };
    Ok((row.get("role")?, row.get("model")?, sums))
}
