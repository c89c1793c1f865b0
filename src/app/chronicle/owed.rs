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
    /// Counts what was to be told; zero before it is handed over.
    pub(super) order: u64,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// In the order in which they came to be.
    debts: VecDeque<Debt>,
    /// The order and the operation of what is on its way.
    under_way: Vec<(u64, u64)>,
    n_told: u64,
    n_failed: u32,
    is_timed: bool,
}

impl Owed {
    /// Whether an earlier end of the same operation is not yet written.
    fn is_behind(&self, debt: &Debt) -> bool {
        let is_earlier = |order: u64, number: u64| number == debt.number && order < debt.order;
        self.under_way.iter().any(|(order, number)| is_earlier(*order, *number))
            || self.debts.iter().any(|earlier| is_earlier(earlier.order, earlier.number))
    }

    /// Keeps one that is to be told again, in its place.
    fn keep(&mut self, debt: Debt) {
        if self.debts.len() == CAPACITY {
            self.debts.pop_front();
        }
        let at = self.debts.partition_point(|known| known.order < debt.order);
        self.debts.insert(at, debt);
    }

    /// The oldest of each operation that has nothing on its way: what follows waits for its answer.
    fn take_due(&mut self) -> Vec<Debt> {
        let mut busy: Vec<u64> = self.under_way.iter().map(|(_, number)| *number).collect();
        let (mut due, mut rest) = (Vec::new(), VecDeque::new());
        for debt in std::mem::take(&mut self.debts) {
            if busy.contains(&debt.number) {
                rest.push_back(debt);
            } else {
                busy.push(debt.number);
                due.push(debt);
            }
        }
        self.debts = rest;
        due
    }
}

/// Tells how a step ended, and what is still owed of it before that; `notice` is sent when that is kept, or cannot be.
pub(super) fn tell(state: &mut State, debt: Debt, task: String, notice: Option<TaskNotice>) {
    settle_first(state, debt.number);
    hand_over(state, debt, task, notice);
}

fn hand_over(state: &mut State, mut debt: Debt, task: String, notice: Option<TaskNotice>) {
    let Some(session) = state.chronicle.session().map(str::to_owned) else { return };
    let owed = &mut state.chronicle.owed;
    if debt.order == 0 {
        owed.n_told += 1;
        debt.order = owed.n_told;
    }
    owed.under_way.push((debt.order, debt.number));
    let Debt { number, settlement, files, .. } = debt.clone();
    let kept = state.parts.journal.settle(&session, number, settlement, files);
    when(state, kept, move |result| Word::Settled { task, notice, debt: Some(debt), result });
}

/// The journal answered.
pub(super) fn told(state: &mut State, debt: Debt, result: Result<(), Problem>) {
    let owed = &mut state.chronicle.owed;
    owed.under_way.retain(|(order, _)| *order != debt.order);
    match result {
        Ok(()) => succeeded(state),
        // What comes before it is not written yet, so it cannot fit.
        Err(problem) if problem.category == Category::Request && owed.is_behind(&debt) => {
            owed.keep(debt);
            later(state);
        }
        // The row is another's by now, or on another side: the journal is right.
        Err(problem) if problem.category == Category::Request => {
            tracing::warn!(code = problem.code, message = problem.message, "a step could not be settled");
            recall::look_again(state, debt.number);
        }
        Err(problem) => {
            if !debt.is_said {
                failed(state, &problem);
            }
            state.chronicle.owed.keep(Debt { is_said: true, ..debt });
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
    for debt in state.chronicle.owed.take_due() {
        hand_over(state, debt, String::new(), None);
    }
}

/// Tells first how `number` ended, before it is taken once more: the journal keeps the order.
pub(super) fn settle_first(state: &mut State, number: u64) {
    let debts = std::mem::take(&mut state.chronicle.owed.debts);
    let (due, rest): (VecDeque<_>, VecDeque<_>) = debts.into_iter().partition(|debt| debt.number == number);
    state.chronicle.owed.debts = rest;
    for debt in due {
        hand_over(state, debt, String::new(), None);
    }
}

/// Whether it is not yet written how `number` ended.
pub(super) fn owes(state: &State, number: u64) -> bool {
    let owed = &state.chronicle.owed;
    owed.under_way.iter().any(|(_, of)| *of == number) || owed.debts.iter().any(|debt| debt.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debt(order: u64, number: u64) -> Debt {
        Debt { number, settlement: Settlement::Applied, files: None, is_said: true, order }
    }

    fn check(owed: &mut Owed, due: &[u64], rest: &[u64]) {
        let orders =
            |debts: &mut dyn Iterator<Item = &Debt>| debts.map(|debt| debt.order).collect::<Vec<_>>();
        let found = owed.take_due();
        assert_eq!(orders(&mut found.iter()), due);
        assert_eq!(orders(&mut owed.debts.iter()), rest);
    }

    #[test]
    fn the_ends_of_a_step_are_told_in_their_order_however_they_came_back() {
        let mut owed = Owed::default();
        for (order, number) in [(3, 7), (4, 8), (1, 7), (2, 7)] {
            owed.keep(debt(order, number));
        }
        assert!(owed.is_behind(&debt(2, 7)) && !owed.is_behind(&debt(1, 7)) && !owed.is_behind(&debt(4, 8)));
        check(&mut owed, &[1, 4], &[2, 3]);
        owed.under_way.push((1, 7));
        check(&mut owed, &[], &[2, 3]);
        assert!(owed.is_behind(&debt(2, 7)));
        owed.under_way.clear();
        check(&mut owed, &[2], &[3]);
    }
}
