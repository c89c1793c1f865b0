//! Computes what takes an operation back, or does it once more.

use super::plan::{Live, Target, create, delete, live, modify, rename, unreadable};
use super::{FileTexts, FlightFile, FlightKind, disk};
use crate::app::state::State;
use crate::diff::Refusal;
use crate::diff::lower::ProtectedConsent;
use crate::problem::{Category, Problem};
use crate::review::{AppliedFile, AppliedKind, Direction, Operation, Track};
use crate::text::Rope;

/// Every file of `operation`, taken in `direction`.
///
/// # Errors
/// A file is not as the operation left it, or cannot be read.
pub(super) fn take(
    state: &State,
    operation: Option<&Operation>,
    direction: Direction,
    texts: &FileTexts,
) -> Result<Vec<FlightFile>, Problem> {
    let Some(operation) = operation else {
        return Err(Problem::error("unknown-proposal", Category::Request, "that step is no longer kept"));
    };
    refuse_protected(operation)?;
    let mut files = Vec::new();
    for file in &operation.files {
        files.extend(take_file(state, file, direction, texts)?);
    }
    Ok(files)
}

/// What an operation wrote was consented to when it was made; but a record may come from outside, and no consent
/// helps for what is never written.
pub(super) fn refuse_protected(operation: &Operation) -> Result<(), Problem> {
    let paths = || operation.files.iter().flat_map(AppliedFile::paths);
    let consent = ProtectedConsent::recorded(paths());
    match paths().find(|path| !consent.permits(path)) {
        Some(path) => Err(Problem::from(&Refusal::protected(path))),
        None => Ok(()),
    }
}

fn take_file(
    state: &State,
    file: &AppliedFile,
    direction: Direction,
    texts: &FileTexts,
) -> Result<Option<FlightFile>, Problem> {
    let Live { text, version, track } = live(state, &file.track, texts)?;
    let path = file.path.clone();
    if file.kind == AppliedKind::Deleted {
        return match (direction, text) {
            // It is back already. Some editors keep the buffer of a deleted file: only the user can save it again.
            (Direction::Undo, Some(text)) if text == file.before => Ok(None),
            (Direction::Undo, text) => create(path, track, &file.before.to_string(), text, version).map(Some),
            (Direction::Redo, None) => Ok(None),
            (Direction::Redo, Some(text)) if text == file.before => {
                Ok(Some(delete(path, track, text, version)))
            }
            (Direction::Redo, Some(_)) => Err(changed_since(&path)),
        };
    }
    if file.kind == AppliedKind::Created {
        return match (direction, text) {
            (Direction::Redo, text) => create(path, track, &file.after.to_string(), text, version).map(Some),
            (Direction::Undo, None) => Ok(None),
            // Some editors create the file empty and keep its text unsaved.
            (Direction::Undo, Some(text))
                if text == file.after || (version.is_none() && text.len_bytes() == 0) =>
            {
                Ok(Some(uncreate(state, path, track, text, version)))
            }
            (Direction::Undo, Some(_)) => Err(changed_since(&path)),
        };
    }
    let Some(text) = text else { return Err(unreadable(&format!("{path} no longer exists"))) };
    if version.is_none() && text != *track.base() {
        return Err(changed_since(&path));
    }
    let Some(map) = track.map(&text) else { return Err(unreadable(&format!("{path} is not known"))) };
    let edit = file.carry(direction, &map, &text).map_err(|_| changed_since(&path))?;
    if let AppliedKind::Renamed { from, to, path: path_after } = &file.kind {
        let (path, target) = match direction {
            Direction::Undo => (path_after, Target { path, uri: from.clone() }),
            Direction::Redo => (&file.path, Target { path: path_after.clone(), uri: to.clone() }),
        };
        return rename(state, path, track, text, edit, version, target, texts).map(Some);
    }
    modify(path, track, text, edit, version)
}

/// The text is not what the last step left.
fn changed_since(path: &str) -> Problem {
    Problem::error("changed-since", Category::Edit, format!("{path} is not as that step left it"))
        .hint("it was edited since; undo those edits first, or ask for a proposal of both with `merge: true`")
}

fn uncreate(state: &State, path: String, track: Track, text: Rope, version: Option<i32>) -> FlightFile {
    // Without resource operations the file can only be emptied.
    let able = state.client.resource_operations || disk::is_ours(state, track.uri(), version);
    let kind = if able { FlightKind::Uncreate } else { FlightKind::Modify };
    FlightFile { kind, ..delete(path, track, text, version) }
}
