//! Ctrl-C, and being asked to end, while files are written: it is held back until all of them are.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc};

use super::Exit;

/// What is known of signals; of the whole process, as they are.
static STATE: Mutex<State> = Mutex::new(State { n_holds: 0, is_ending: false, came: false });
static LISTENS: OnceLock<()> = OnceLock::new();

struct State {
    n_holds: usize,
    /// Files were written, and it is about to be said so.
    is_ending: bool,
    came: bool,
}

/// Holds signals back as long as it lives. Outside of it they end the process.
pub(super) struct Hold(());

/// Begins to hold signals back.
pub(super) fn hold() -> Hold {
    state().n_holds += 1;
    LISTENS.get_or_init(listen);
    Hold(())
}

/// Whether one came while it was held back.
pub(super) fn came() -> bool {
    state().came
}

impl Hold {
    /// All is written: one that comes before that is said is told with it, and only a second one ends the process.
    pub(super) fn written(self) {
        state().is_ending = true;
        drop(self);
    }

    /// Holds them back for the rest of the process, which ends soon.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        state().n_holds -= 1;
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One came.
fn come() {
    let mut state = state();
    let again = std::mem::replace(&mut state.came, true);
    if state.n_holds == 0 && (again || !state.is_ending) {
        std::process::exit(Exit::Cancelled.code().into());
    }
}

/// Returns when it is listened. Where that cannot be, signals end the process as they always do.
fn listen() {
    let (send, ready) = mpsc::channel();
    let spawned = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        if let Ok(runtime) = runtime {
            let _ = runtime.block_on(listen_on(&send));
        }
    });
    if spawned.is_ok() {
        // An error is that there is nothing to wait for.
        let _ = ready.recv();
    }
}

#[cfg(unix)]
async fn listen_on(ready: &mpsc::Sender<()>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let _ = ready.send(());
    loop {
        tokio::select! {
            _ = interrupt.recv() => come(),
            _ = terminate.recv() => come(),
        }
    }
}

#[cfg(windows)]
async fn listen_on(ready: &mpsc::Sender<()>) -> std::io::Result<()> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    let _ = ready.send(());
    loop {
        interrupt.recv().await;
        come();
    }
}
