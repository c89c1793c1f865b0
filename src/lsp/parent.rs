//! Watches the process that started the server: an editor that dies without `exit` takes its server along.

use std::time::Duration;

/// How often to look; the server must be gone one second after its parent.
const EVERY: Duration = Duration::from_millis(300);

/// Resolves when the process `id` is gone. Never resolves where that cannot be told.
#[cfg(unix)]
pub async fn gone(id: i32) {
    use rustix::process::{Pid, getppid, test_kill_process};

    let Some(pid) = Pid::from_raw(id).filter(|_| id > 0) else { return std::future::pending().await };
    // A dead parent may stay as a zombie when nobody reaps it; being handed to another parent tells as well.
    let was_parent = getppid() == Some(pid);
    loop {
        tokio::time::sleep(EVERY).await;
        let missing = test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
        if missing || (was_parent && getppid() != Some(pid)) {
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
