//! `tenon.history`: what was done to the files, by which model and on which instruction.

use serde_json::{Value, json};

use crate::app::state::State;
use crate::review::{AppliedKind, Operation};

/// Answers `{"operations": […]}`, the newest first; only those that had to do with `path`, if given.
pub(super) fn history(state: &State, path: Option<&str>) -> Value {
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
        "operation": format!("o{}", operation.id),
        "proposal": operation.proposal.as_str(),
        "state": if operation.undone { "undone" } else { "applied" },
        "title": proposal.map(|proposal| &proposal.title),
        "instruction": proposal.map(|proposal| &proposal.instruction),
        "model": proposal.map(|proposal| &proposal.model),
        "files": files,
    })
}
