//! `tenon.history`: what was done to the files, by which model and on which instruction.

use serde_json::{Value, json};

use crate::app::event::Reply;
use crate::app::state::State;
use crate::ports::{OperationQuery, OperationState, OperationSummary};
use crate::review::{AppliedKind, Operation};

/// Most operations told at once.
const LIMIT: usize = 200;

/// Answers `{"operations": […]}`, the newest first; only those that had to do with `path`, if given. The journal tells
/// those of all sessions of this workspace; without one, those of this process are told.
pub(in crate::app) fn history(state: &State, path: Option<String>, reply: Reply<Value>) {
    let roots = state.chronicle.roots();
    if roots.is_empty() {
        let _ = reply.send(Ok(of_process(state, path.as_deref())));
        return;
    }
    let asked: Vec<_> = roots
        .into_iter()
        .map(|root| {
            let query = OperationQuery { root: Some(root), path: path.clone(), before: None, limit: LIMIT };
            state.parts.journal.operations(query)
        })
        .collect();
    let interrupted = state.chronicle.interrupted.clone();
    tokio::spawn(async move {
        let told = futures::future::try_join_all(asked).await.map(|operations| {
            let mut operations: Vec<_> = operations.into_iter().flatten().collect();
            operations.sort_by_key(|operation| std::cmp::Reverse(operation.head.number));
            operations.truncate(LIMIT);
            let operations: Vec<_> =
                operations.iter().map(|operation| of_journal(operation, &interrupted)).collect();
            json!({ "operations": operations })
        });
        let _ = reply.send(told);
    });
}

fn of_journal(OperationSummary { head, files }: &OperationSummary, interrupted: &[u64]) -> Value {
    let files: Vec<_> = files
        .iter()
        .map(|file| match &file.path_after {
            Some(to) => json!({ "path": file.path, "change": file.kind.name(), "to": to }),
            None => json!({ "path": file.path, "change": file.kind.name() }),
        })
        .collect();
    let state = if interrupted.contains(&head.number) && head.state.is_under_way() {
        "interrupted"
    } else {
        OperationState::name(head.state)
    };
    json!({
        "operation": format!("o{}", head.number),
        "session": head.session,
        "proposal": head.proposal,
        "task": head.task,
        "state": state,
        "title": head.title,
        "instruction": head.instruction,
        "model": head.model,
        "at": head.prepared.as_secs(),
        "changed": head.changed.as_secs(),
        "files": files,
    })
}

/// What the process itself knows.
pub(super) fn of_process(state: &State, path: Option<&str>) -> Value {
    let about = |operation: &&Operation| {
        path.is_none_or(|path| {
            operation.files.iter().any(|file| {
                file.path == path || matches!(&file.kind, AppliedKind::Renamed { path: to, .. } if to == path)
            })
        })
    };
    let operations: Vec<_> =
        state.history.iter().rev().filter(about).map(|operation| told(state, operation)).collect();
    json!({ "operations": operations })
}

fn told(state: &State, operation: &Operation) -> Value {
    let proposal = state.proposals.iter().find(|proposal| proposal.id == operation.proposal);
    let files: Vec<_> = operation
        .files
        .iter()
        .map(|file| match &file.kind {
            AppliedKind::Modified => json!({ "path": file.path, "change": "modified" }),
            AppliedKind::Created => json!({ "path": file.path, "change": "created" }),
            AppliedKind::Deleted => json!({ "path": file.path, "change": "deleted" }),
            AppliedKind::Renamed { path, .. } => {
                json!({ "path": file.path, "change": "renamed", "to": path })
            }
        })
        .collect();
    json!({
        "operation": format!("o{}", operation.number.unwrap_or(operation.id)),
        "proposal": operation.proposal.as_str(),
        "state": if operation.undone { "undone" } else { "applied" },
        "title": proposal.map(|proposal| &proposal.title),
        "instruction": proposal.map(|proposal| &proposal.instruction),
        "model": proposal.map(|proposal| &proposal.model),
        "files": files,
    })
}
