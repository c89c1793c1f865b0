//! What an editor left under way, as an operation that can be taken: with the texts of the step that was cut short, the
//! operation's way round.

use crate::ports::{FileChange, FileRecord, OperationRecord, OperationState, Unfinished};

/// The operation with the texts between which it was going. Files that the step did not touch keep their own.
pub(super) fn operation(left: &Unfinished) -> OperationRecord {
    let mut operation = left.operation.clone();
    let is_back = operation.head.state == OperationState::Undoing;
    for step in &left.step {
        let step = if is_back { turned(step) } else { step.clone() };
        if let Some(own) = operation.files.iter_mut().find(|own| own.path == step.path) {
            *own = step;
        }
    }
    operation
}

/// The step the other way.
fn turned(step: &FileRecord) -> FileRecord {
    let moved = step.path_after.is_some();
    FileRecord {
        path: step.path_after.clone().unwrap_or_else(|| step.path.clone()),
        path_after: moved.then(|| step.path.clone()),
        uri: step.uri_after.clone().unwrap_or_else(|| step.uri.clone()),
        uri_after: moved.then(|| step.uri.clone()),
        kind: match step.kind {
            FileChange::Created => FileChange::Deleted,
            FileChange::Deleted => FileChange::Created,
            kind => kind,
        },
        before: step.after.clone(),
        after: step.before.clone(),
    }
}
