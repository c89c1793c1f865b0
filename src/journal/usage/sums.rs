//! Sums over requests, and what is known of each model by them.

use std::collections::BTreeMap;

use crate::model::{Money, Usage};
use crate::ports::{EditFate, ModelStatistics};

/// What requests add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) requests: u64,
    pub(super) cached: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) usage: Usage,
    pub(super) cost: Money,
    /// Requests that had a first piece, and the milliseconds until it.
    pub(super) first_token: (u64, u64),
    /// Tokens written in complete answers, and the milliseconds from the first piece to the end.
    pub(super) spoken: (u64, u64),
}

impl std::ops::AddAssign<&Self> for Sums {
    fn add_assign(&mut self, more: &Self) {
        let add = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        add(&mut self.requests, more.requests);
        add(&mut self.cached, more.cached);
        add(&mut self.failed, more.failed);
        add(&mut self.cancelled, more.cancelled);
        self.usage += more.usage;
        self.cost = self.cost.plus(more.cost);
        add(&mut self.first_token.0, more.first_token.0);
        add(&mut self.first_token.1, more.first_token.1);
        add(&mut self.spoken.0, more.spoken.0);
        add(&mut self.spoken.1, more.spoken.1);
    }
}

/// Sums and fates of edits by role and model.
#[derive(Debug, Default)]
pub(super) struct ByModel(BTreeMap<(String, String), (Sums, Fates)>);

/// Counts by the name of the fate.
type Fates = BTreeMap<&'static str, u64>;

impl ByModel {
    fn of(&mut self, role: &str, model: &str) -> &mut (Sums, Fates) {
        self.0.entry((role.to_owned(), model.to_owned())).or_default()
    }

    /// Adds requests.
    pub(super) fn requests(&mut self, role: &str, model: &str, sums: &Sums) {
        self.of(role, model).0 += sums;
    }

    /// Adds edits that met a fate.
    pub(super) fn edits(&mut self, role: &str, model: &str, fate: EditFate, n: u64) {
        let (_, fates) = self.of(role, model);
        let count = fates.entry(fate_name(fate)).or_default();
        *count = count.saturating_add(n);
    }

    /// One entry for each role and model, most used first.
    pub(super) fn finish(self) -> Vec<ModelStatistics> {
        let mut all: Vec<_> =
            self.0.into_iter().map(|((role, model), known)| entry(role, model, &known)).collect();
        all.sort_by_key(|known| std::cmp::Reverse(known.requests));
        all
    }
}

fn entry(role: String, model: String, (sums, fates): &(Sums, Fates)) -> ModelStatistics {
    let n = |fate| fates.get(fate_name(fate)).copied().unwrap_or_default();
    let (n_first, first_ms) = sums.first_token;
    let (tokens, spoken_ms) = sums.spoken;
    ModelStatistics {
        role,
        model,
        requests: sums.requests,
        cached: sums.cached,
        failed: sums.failed,
        cancelled: sums.cancelled,
        usage: sums.usage,
        cost: sums.cost,
        first_token_ms: first_ms.checked_div(n_first),
        tokens_per_second: (spoken_ms > 0).then(|| rate(tokens, spoken_ms)),
        fitted: n(EditFate::Fitted),
        refused: n(EditFate::Refused),
        accepted: n(EditFate::Accepted),
        rejected: n(EditFate::Rejected),
        undone: n(EditFate::Undone),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a speed for people")]
fn rate(tokens: u64, millis: u64) -> f64 {
    tokens as f64 * 1000.0 / millis as f64
}

/// How a fate is written.
pub(super) fn fate_name(fate: EditFate) -> &'static str {
    match fate {
        EditFate::Fitted => "fitted",
        EditFate::Refused => "refused",
        EditFate::Accepted => "accepted",
        EditFate::Rejected => "rejected",
        EditFate::Undone => "undone",
    }
}

/// Every fate.
pub(super) const FATES: [EditFate; 5] =
    [EditFate::Fitted, EditFate::Refused, EditFate::Accepted, EditFate::Rejected, EditFate::Undone];
