//! An entry whose writer waits for the word that it is on the disk.

use futures::channel::oneshot;
use rusqlite::Connection;

use crate::journal::failure::Failure;
use crate::problem::Problem;

/// Written once, then answered once: after the transaction that it is part of.
pub(super) trait Entry: Send {
    fn write(&mut self, connection: &Connection) -> Result<(), Failure>;
    fn answer(self: Box<Self>, kept: Result<(), Problem>);
}

/// An entry that results in a `T`.
pub(super) struct Acknowledged<F, T> {
    write: Option<F>,
    value: Option<T>,
    answer: oneshot::Sender<Result<T, Problem>>,
}

impl<F, T> Acknowledged<F, T> {
    pub(super) fn new(write: F) -> (Self, oneshot::Receiver<Result<T, Problem>>) {
        let (answer, answered) = oneshot::channel();
        (Self { write: Some(write), value: None, answer }, answered)
    }
}

impl<F, T> Entry for Acknowledged<F, T>
where
    F: FnOnce(&Connection) -> Result<T, Failure> + Send,
    T: Send,
{
    fn write(&mut self, connection: &Connection) -> Result<(), Failure> {
        if let Some(write) = self.write.take() {
            self.value = Some(write(connection)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, kept: Result<(), Problem>) {
        // Nobody waits any more when the writer left. An entry that was answered well was written.
        let Self { value, answer, .. } = *self;
        if let Some(result) = kept.map(|()| value).transpose() {
            let _ = answer.send(result);
        }
    }
}
