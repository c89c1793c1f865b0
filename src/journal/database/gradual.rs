//! Work that has time: a step of it is done when nothing else waits, each in a transaction of its own.

use futures::channel::oneshot;
use rusqlite::Connection;

use crate::journal::failure::Failure;
use crate::problem::Problem;

/// Work in steps.
pub(in crate::journal) trait Gradual: Send {
    /// What it comes to.
    type Value: Send;

    /// Does a step; the value when it was the last.
    fn step(&mut self, connection: &Connection) -> Result<Option<Self::Value>, Failure>;
}

/// The same with whoever waits for it.
pub(super) trait Steps: Send {
    /// Does a step; whether it was the last.
    fn step(&mut self, connection: &Connection) -> Result<bool, Failure>;
    fn answer(self: Box<Self>, kept: Result<(), Problem>);
}

pub(super) struct Awaited<G: Gradual> {
    work: G,
    value: Option<G::Value>,
    answer: oneshot::Sender<Result<G::Value, Problem>>,
}

impl<G: Gradual> Awaited<G> {
    pub(super) fn new(work: G) -> (Self, oneshot::Receiver<Result<G::Value, Problem>>) {
        let (answer, answered) = oneshot::channel();
        (Self { work, value: None, answer }, answered)
    }
}

impl<G: Gradual> Steps for Awaited<G> {
    fn step(&mut self, connection: &Connection) -> Result<bool, Failure> {
        self.value = self.work.step(connection)?;
        Ok(self.value.is_some())
    }

    fn answer(self: Box<Self>, kept: Result<(), Problem>) {
        let Self { value, answer, .. } = *self;
        if let Some(result) = kept.map(|()| value).transpose() {
            // Nobody waits any more when the asker left.
            let _ = answer.send(result);
        }
    }
}
