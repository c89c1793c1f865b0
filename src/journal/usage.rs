//! The account: what was asked of models, what came of it and what it cost.
//!
//! Every request is a row for ninety days, then a share of its day's sum. The fates of edits are counted by day from
//! the start. Amounts are added in whole numbers that stay at the largest instead of turning over: what a provider
//! reports may be anything.

mod days;
mod decisions;
mod requests;
mod sums;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use rusqlite::Row;

pub(super) use days::DAYS;
pub(super) use decisions::DECISIONS;
pub(super) use requests::REQUESTS;

use super::database::Database;
use super::{Clock, millis, whole};
use crate::model::Role;
use crate::ports::{EditFate, KnownUsage, Ledger, ModelStatistics, ProviderHistory, Spent, UsageRecord};

/// How old the knowledge of what others spent may become while somebody asks.
const FRESH: Duration = Duration::from_secs(30);

/// The account in the journal.
pub struct UsageLedger {
    database: Arc<Database>,
    clock: Clock,
    own: Arc<Mutex<Own>>,
}

/// What this process spent, and what it knows of others. Today's own is exact even when the file is not writable.
#[derive(Debug, Default)]
struct Own {
    session: Spent,
    day: u64,
    today: Spent,
    others_today: Spent,
    /// When others were last asked for.
    looked: Option<Duration>,
}

impl Own {
    /// Turns the page if the day is another one; says whether it is.
    fn turn(&mut self, day: u64) -> bool {
        let turned = day != self.day;
        if turned {
            *self = Self { session: self.session, day, ..Self::default() };
        }
        turned
    }

    fn all_today(&self) -> Spent {
        self.others_today.plus(self.today)
    }
}

impl UsageLedger {
    pub(super) fn new(database: Arc<Database>, clock: Clock) -> Self {
        let ledger = Self { database, clock, own: Arc::default() };
        let now = ledger.now();
        ledger.own().turn(day_of(now));
        ledger.sum_old_days(now);
        ledger.look_at_others(now);
        ledger
    }

    fn now(&self) -> Duration {
        (self.clock)()
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sum_old_days(&self, now: Duration) {
        self.database.write(move |connection| days::sum_old(connection, now));
    }

    /// Reads what others spent today, unless that was done a moment ago. Nobody waits for it.
    fn look_at_others(&self, now: Duration) {
        let mut own = self.own();
        if own.looked.is_some_and(|looked| now.abs_diff(looked) < FRESH) {
            return;
        }
        own.looked = Some(now);
        let (counted, day) = (own.today, own.day);
        let noted = Arc::clone(&self.own);
        // Handed over under the lock: exactly what was counted is in the line before it.
        self.database.look(move |connection| {
            let all = requests::spent(connection, day)?;
            note_others(&noted, day, all.minus(counted));
            Ok(())
        });
    }
}

/// Takes `others` as what others spent on `day`, if that is still the day.
fn note_others(own: &Mutex<Own>, day: u64, others: Spent) -> Spent {
    let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
    if own.day == day {
        own.others_today = others;
    }
    own.all_today()
}

impl Ledger for UsageLedger {
    fn record(&self, record: UsageRecord) {
        let now = self.now();
        let mut own = self.own();
        let turned = own.turn(day_of(now));
        if record.end.was_sent() {
            let spent = Spent::of(&record.usage, record.cost);
            own.session = own.session.plus(spent);
            own.today = own.today.plus(spent);
        }
        // Handed over under the lock: what was counted here is asked for behind it.
        self.database.write(move |connection| requests::insert(connection, &record, now));
        drop(own);
        if turned {
            self.sum_old_days(now);
        }
    }

    fn decided(&self, role: Role, model: &str, fate: EditFate, n: u64) {
        let (day, model) = (day_of(self.now()), model.to_owned());
        self.database.write(move |connection| decisions::add(connection, day, role, &model, fate, n));
    }

    fn spent_today(&self) -> BoxFuture<'_, Spent> {
        let mut own = self.own();
        own.turn(day_of(self.now()));
        let (counted, day) = (own.today, own.day);
        let all = self.database.ask(move |connection| requests::spent(connection, day));
        drop(own);
        async move {
            match all.await {
                Some(all) => note_others(&self.own, day, all.minus(counted)),
                None => self.own().all_today(),
            }
        }
        .boxed()
    }

    fn statistics(&self) -> BoxFuture<'_, Vec<ModelStatistics>> {
        let found = self.database.ask(|connection| {
            let mut by_model = sums::ByModel::default();
            days::each(connection, &mut by_model)?;
            requests::each(connection, &mut by_model)?;
            decisions::each(connection, &mut by_model)?;
            Ok(by_model.finish())
        });
        async move { found.await.unwrap_or_default() }.boxed()
    }

    fn known(&self) -> KnownUsage {
        let now = self.now();
        self.own().turn(day_of(now));
        self.look_at_others(now);
        let own = self.own();
        KnownUsage { session: own.session, today: own.all_today() }
    }

    fn providers(&self) -> BoxFuture<'_, Vec<ProviderHistory>> {
        let now = self.now();
        let found = self.database.ask(move |connection| requests::histories(connection, now));
        async move { found.await.unwrap_or_default() }.boxed()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Days since the beginning of 1970, in UTC.
fn day_of(now: Duration) -> u64 {
    now.as_secs() / DAY.as_secs()
}

/// A count as it was kept. A negative one is nothing that we write.
fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(known(row, column)?.unwrap_or_default())
}

/// A count that may be unknown.
fn known(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<u64>> {
    let n: Option<i64> = row.get(column)?;
    Ok(n.map(|n| u64::try_from(n).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
