//! Edits of the workspace, one at a time: the next is sent when the client has answered the last.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Error;

use super::{Change, Wire, json};
use crate::app::Event;
use crate::lsp::capabilities::Profile;
use crate::lsp::convert::to_lsp;
use crate::ports::NO_ANSWER;
use crate::problem::plain;

/// How long a client may take for one edit; some ask their user first.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long its user may look at one that is to be confirmed.
const LONG_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Sends edits until the queue closes. Each is answered exactly once by [`Event::EditAnswered`].
pub(super) async fn run(
    wire: Wire,
    profile: Profile,
    mut queue: mpsc::UnboundedReceiver<Change>,
    events: mpsc::UnboundedSender<Event>,
) {
    while let Some(change) = queue.recv().await {
        let id = change.id;
        let (applied, reason) = match apply(&wire, &profile, change).await {
            Ok(()) => (true, None),
            Err(reason) => (false, Some(plain(&reason))),
        };
        tracing::debug!(?id, applied, reason, "an edit is answered");
        if events.send(Event::EditAnswered { id, applied, reason }).is_err() {
            return;
        }
    }
}

async fn apply(wire: &Wire, profile: &Profile, Change { change, confirm, .. }: Change) -> Result<(), String> {
    if !profile.apply_edit {
        return Err("the editor does not take edits".to_owned());
    }
    let mut edit = to_lsp::workspace_edit(change.files, profile)?;
    let asks = confirm && profile.change_annotations;
    if asks {
        to_lsp::confirmed(&mut edit, &plain(&change.label));
    }
    let patience = if asks { LONG_PATIENCE } else { PATIENCE };
    let params = lsp::ApplyWorkspaceEditParams { label: Some(plain(&change.label)), edit, metadata: None };
    let answer = wire.request("workspace/applyEdit", Some(json(&params)));
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => read(answer),
        Err(_) => Err(NO_ANSWER.to_owned()),
    }
}

/// Only a plain `applied: true` counts: `null`, `{}` and errors are no consent.
fn read(answer: Result<Value, Error>) -> Result<(), String> {
    let answer = answer.map_err(|error| error.message.into_owned())?;
    match answer.get("applied").and_then(Value::as_bool) {
        Some(true) => Ok(()),
        Some(false) => {
            let reason = answer.get("failureReason").and_then(Value::as_str);
            Err(reason.unwrap_or("the editor refused the edit without a reason").to_owned())
        }
        None => Err("the editor did not say whether it applied the edit".to_owned()),
    }
}
