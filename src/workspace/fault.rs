//! Where tests make calls to the file system fail.
//!
//! Every call that changes or syncs something asks here first. Outside of tests the answer is a constant, so that the
//! question costs nothing.

/// A kind of call that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Making an empty file.
    Create,
    /// Writing a part of a file.
    Write,
    /// Mode and owner.
    Mode,
    /// Syncing a file.
    SyncFile,
    /// Syncing a folder.
    SyncFolder,
    /// Renaming or exchanging.
    Rename,
    /// Making a folder.
    MakeFolder,
    /// Removing a file.
    Remove,
}

/// How many of `wanted` bytes may be written; for other calls, whether they may be made.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "tests make it fail")]
#[inline]
pub(super) fn allowed(_call: Call, wanted: usize) -> std::io::Result<usize> {
    Ok(wanted)
}

#[cfg(test)]
pub(super) use plan::{Plan, allowed, with_plan};

/// What goes wrong, per thread of a test.
#[cfg(test)]
mod plan {
    use std::cell::RefCell;
    use std::io;

    use super::Call;

    /// What goes wrong.
    #[derive(Debug, Clone, Copy)]
    pub(in crate::workspace) struct Plan {
        /// The error that is told.
        pub(in crate::workspace) error: rustix::io::Errno,
        /// The first call that fails, from 0.
        pub(in crate::workspace) first: usize,
        /// Which calls fail from there on, by their distance from the first.
        pub(in crate::workspace) again: fn(usize) -> bool,
        /// Which calls are counted.
        pub(in crate::workspace) counts: fn(Call) -> bool,
        /// A write that fails writes half before.
        pub(in crate::workspace) short: bool,
    }

    #[derive(Debug)]
    struct Running {
        plan: Plan,
        n_calls: usize,
        /// The write before was cut short; the next call tells why.
        cut: bool,
    }

    thread_local! {
        static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
    }

    pub(in crate::workspace) fn allowed(call: Call, wanted: usize) -> io::Result<usize> {
        RUNNING.with_borrow_mut(|running| {
            let Some(running) = running else { return Ok(wanted) };
            if std::mem::take(&mut running.cut) {
                return Err(running.plan.error.into());
            }
            if !(running.plan.counts)(call) {
                return Ok(wanted);
            }
            let at = running.n_calls;
            running.n_calls += 1;
            let Some(distance) = at.checked_sub(running.plan.first) else { return Ok(wanted) };
            if distance > 0 && !(running.plan.again)(distance) {
                return Ok(wanted);
            }
            if running.plan.short && call == Call::Write && wanted > 1 {
                running.cut = true;
                return Ok(wanted / 2);
            }
            Err(running.plan.error.into())
        })
    }

    /// Runs `body` with calls going wrong as planned; returns its result and how many calls were counted.
    pub(in crate::workspace) fn with_plan<T>(plan: Plan, body: impl FnOnce() -> T) -> (T, usize) {
        RUNNING.set(Some(Running { plan, n_calls: 0, cut: false }));
        let result = body();
        let running = RUNNING.take().expect("set above");
        (result, running.n_calls)
    }
}
