//! The progress display of one task: create the token, begin, report now and then, end.
//!
//! The task's id is the token. Reports that come faster than the client can show them are dropped, the last one
//! stays. A client that refuses the token gets nothing more, as the protocol asks.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Wire;
use crate::ports::Progress;
use crate::problem::plain;

/// Least time between two reports.
const PACE: Duration = Duration::from_millis(50);
/// How long a client may take to accept a token.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows progress until [`Progress::End`] or the end of the queue.
pub(super) async fn run(wire: Wire, token: String, mut queue: mpsc::UnboundedReceiver<Progress>) {
    let created = wire.request("window/workDoneProgress/create", Some(json!({ "token": token })));
    match tokio::time::timeout(PATIENCE, created).await {
        Ok(Ok(_)) => {}
        refused => {
            tracing::debug!(token, ?refused, "the client does not show progress");
            return;
        }
    }
    let mut next = Instant::now();
    while let Some(mut progress) = queue.recv().await {
        if matches!(progress, Progress::Report { .. }) {
            progress = latest(progress, next, &mut queue).await;
            next = Instant::now() + PACE;
        }
        let ends = matches!(progress, Progress::End { .. });
        wire.notify("$/progress", &json!({ "token": token, "value": value(progress) })).await;
        if ends {
            return;
        }
    }
}

/// The last report that came before `until`, or the end, which does not wait.
async fn latest(first: Progress, until: Instant, queue: &mut mpsc::UnboundedReceiver<Progress>) -> Progress {
    let mut last = first;
    loop {
        tokio::select! {
            biased;
            Some(progress) = queue.recv() => {
                last = progress;
                if matches!(last, Progress::End { .. }) {
                    return last;
                }
            }
            () = tokio::time::sleep_until(until) => return last,
        }
    }
}

fn value(progress: Progress) -> Value {
    match progress {
        Progress::Begin { title } => {
            json!({"kind": "begin", "title": plain(&title), "cancellable": true, "percentage": 0})
        }
        Progress::Report { message, percent, .. } => {
            json!({"kind": "report", "message": plain(&message), "percentage": percent.min(100)})
        }
        Progress::End { message } => json!({"kind": "end", "message": plain(&message)}),
    }
}
