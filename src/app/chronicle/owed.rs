//! What the journal could not take when it was told: kept here, and told again.
//!
//! Guarantees: how a step ended is not lost because a disk was full or a file locked for a while; it is told again after a
//! growing while, at once when the journal takes something else, and before the same step is taken once more. At most
//! [`CAPACITY`] of them wait; without an answer in the end, the next server judges by the text.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Word, failed, recall, when};
use crate::app::event::InternalEvent;
use crate::app::state::State;
use crate::ports::{FileRecord, Settlement, TaskNotice};
use crate::problem::{Category, Problem};

/// Most endings that wait.
const CAPACITY: usize = 100;

/// Tries without an answer after which only a success of something else leads to another one.
const ATTEMPTS: u32 = 10;

/// How a step ended.
#[derive(Debug, Clone)]
pub(in crate::app) struct Debt {
    pub(super) number: u64,
    pub(super) settlement: Settlement,
    pub(super) files: Option<Vec<FileRecord>>,
    /// That it failed was said.
    pub(super) is_said: bool,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Owed {
    debts: VecDeque<Debt>,
    /// Operations whose end is on its way.
    under_way: Vec<u64>,
    n_failed: u32,
    is_timed: bool,
}

/// Tells how a step ended; `notice` is sent when that is kept, or cannot be.
pub(super) fn tell(state: &mut State, debt: Debt, task: String, notice: Option<TaskNotice>) {
    let Some(session) = state.chronicle.session().map(str::to_owned) else { return };
    let Debt { number, settlement, files, .. } = debt.clone();
    state.chronicle.owed.under_way.push(number);
    let kept = state.parts.journal.settle(&session, number, settlement, files);
    when(state, kept, move |result| Word::Settled { task, notice, debt: Some(debt), result });
}

/// The journal answered.
pub(super) fn told(state: &mut State, debt: Debt, result: Result<(), Problem>) {
    let under_way = &mut state.chronicle.owed.under_way;
    if let Some(at) = under_way.iter().position(|number| *number == debt.number) {
        under_way.swap_remove(at);
    }
    match result {
        Ok(()) => succeeded(state),
        // The row is another's by now, or on another side: the journal is right.
        Err(problem) if problem.category == Category::Request => {
            tracing::warn!(code = problem.code, message = problem.message, "a step could not be settled");
            recall::look_again(state, debt.number);
        }
        Err(problem) => {
            if !debt.is_said {
                failed(state, &problem);
            }
            let debts = &mut state.chronicle.owed.debts;
            if debts.len() == CAPACITY {
                debts.pop_front();
            }
            debts.push_back(Debt { is_said: true, ..debt });
            later(state);
        }
    }
}

/// The journal took something: it takes the rest as well.
pub(super) fn succeeded(state: &mut State) {
    state.chronicle.owed.n_failed = 0;
    state.chronicle.told = false;
    retry(state);
}

/// Tries again after a while.
pub(super) fn later(state: &mut State) {
    let owed = &mut state.chronicle.owed;
    if owed.is_timed || owed.n_failed >= ATTEMPTS {
        return;
    }
    owed.is_timed = true;
    let delay = Duration::from_secs(1 << owed.n_failed.min(6));
    owed.n_failed += 1;
    state.later(delay, InternalEvent::Journal(Word::Retry));
}

/// The while is over.
pub(super) fn due(state: &mut State) {
    state.chronicle.owed.is_timed = false;
    retry(state);
}

fn retry(state: &mut State) {
    for recorded in state.chronicle.recorded.values_mut() {
        recorded.is_stuck = false;
    }
    for debt in std::mem::take(&mut state.chronicle.owed.debts) {
        tell(state, debt, String::new(), None);
    }
}

/// Tells first how `number` ended, before it is taken once more: the journal keeps the order.
pub(super) fn settle_first(state: &mut State, number: u64) {
    let debts = std::mem::take(&mut state.chronicle.owed.debts);
    let (due, rest): (VecDeque<_>, VecDeque<_>) = debts.into_iter().partition(|debt| debt.number == number);
    state.chronicle.owed.debts = rest;
    for debt in due {
        tell(state, debt, String::new(), None);
    }
}

/// Whether it is not yet written how `number` ended.
pub(super) fn owes(state: &State, number: u64) -> bool {
    let owed = &state.chronicle.owed;
    owed.under_way.contains(&number) || owed.debts.iter().any(|debt| debt.number == number)
}
