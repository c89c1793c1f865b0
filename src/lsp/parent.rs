//! Watches the process that started the server: an editor that dies without `exit` takes its server along.

use std::time::Duration;

/// How often to look; the server must be gone one second after its parent.
const EVERY: Duration = Duration::from_millis(300);

/// Resolves when the process `id` is gone. Never resolves where that cannot be told, as when there is no such process
/// at the first look: the number may come from another container, or from another machine.
#[cfg(unix)]
pub async fn gone(id: i32) {
    use rustix::process::{Pid, getppid, test_kill_process};

    let Some(pid) = Some(id).filter(|id| *id > 0).and_then(Pid::from_raw) else {
        return std::future::pending().await;
    };
    let missing = || test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
    if missing() {
        tracing::info!(
            process = id,
            "there is no such parent process here; only the end of the input counts"
        );
        return std::future::pending().await;
    }
    // A dead parent may stay as a zombie when nobody reaps it; being handed to another parent tells as well.
    let was_parent = getppid() == Some(pid);
    loop {
        tokio::time::sleep(EVERY).await;
        if missing() || (was_parent && getppid() != Some(pid)) {
            tracing::warn!(process = id, "the parent process is gone");
            return;
        }
    }
}

/// Resolves when the process `id` is gone. Never resolves where that cannot be told.
#[cfg(not(unix))]
pub async fn gone(_id: i32) {
    std::future::pending().await
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn check(id: i32, ends: bool) {
        let ended = tokio::time::timeout(EVERY * 4, gone(id)).await;
        assert_eq!(ended.is_ok(), ends, "{id}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_never_here_ends_nothing() {
        // Larger than any process number of the system.
        check(i32::MAX, false).await;
        check(0, false).await;
        check(-1, false).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_goes_is_seen() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let watched = tokio::spawn(check(i32::try_from(child.id()).unwrap(), true));
        tokio::task::yield_now().await;
        child.kill().unwrap();
        child.wait().unwrap();
        watched.await.unwrap();
    }
}
