//! A gate between a test and what it tests: closed until opened, then open for good. No clock, no runtime.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A gate; clones are the same gate.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    open: bool,
    reached: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Opens it, for good.
    pub fn open(&self) {
        self.change(|state| state.open = true);
    }

    /// Says whether it is open.
    pub fn is_open(&self) -> bool {
        self.state().open
    }

    /// Waits until it is open.
    pub async fn passed(&self) {
        self.change(|state| state.reached = true);
        poll_fn(|context| self.poll(context, |state| state.open)).await;
    }

    /// Waits until somebody came to it, open or not.
    pub async fn reached(&self) {
        poll_fn(|context| self.poll(context, |state| state.reached)).await;
    }

    fn poll(&self, context: &Context<'_>, done: impl Fn(&State) -> bool) -> Poll<()> {
        let mut state = self.state();
        if done(&state) {
            return Poll::Ready(());
        }
        state.waiting.push(context.waker().clone());
        Poll::Pending
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waiting = {
            let mut state = self.state();
            change(&mut state);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
