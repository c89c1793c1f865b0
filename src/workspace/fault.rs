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

/// What a system or a file system may not have.
#[cfg_attr(not(unix), expect(dead_code, reason = "asked where there are handles"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    /// A path resolved below a handle in one call.
    Resolution,
    /// Two files changing places, and a rename that replaces nothing.
    Exchange,
    /// Hard links.
    Links,
    /// Disks that forget at a power cut; a test that makes thousands of files need not wait for them.
    Syncing,
}

/// Whether to do without something, although it is there.
#[cfg(not(all(unix, test)))]
#[inline]
pub(super) fn lacks(_feature: Feature) -> bool {
    false
}

/// How many of `wanted` bytes may be written; for other calls, whether they may be made.
#[cfg(not(all(unix, test)))]
#[expect(clippy::unnecessary_wraps, reason = "tests make it fail")]
#[inline]
pub(super) fn allowed(_call: Call, wanted: usize) -> std::io::Result<usize> {
    Ok(wanted)
}

#[cfg(all(unix, test))]
pub(super) use plan::{Plan, allowed, lacks, with_plan, without};

/// What goes wrong, per thread of a test.
#[cfg(test)]
#[cfg(unix)]
mod plan {
    use std::cell::RefCell;
    use std::io;

    use super::{Call, Feature};

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
        static LACKING: RefCell<&'static [Feature]> = const { RefCell::new(&[]) };
    }

    pub(in crate::workspace) fn lacks(feature: Feature) -> bool {
        LACKING.with_borrow(|lacking| lacking.contains(&feature))
    }

    /// Runs `body` as on a system that lacks something.
    pub(in crate::workspace) fn without<T>(features: &'static [Feature], body: impl FnOnce() -> T) -> T {
        LACKING.set(features);
        let result = body();
        LACKING.set(&[]);
        result
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
