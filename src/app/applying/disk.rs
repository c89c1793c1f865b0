//! The part of a step that is in files which are not open: written by ourselves, before the editor gets its part.
//!
//! Guarantees: only what the journal has on record is written this way, a step taken back or made again; all of the
//! files or none; and a file that an editor has open is left to the editor.

use std::path::Path;
use std::sync::Arc;

use super::{FlightFile, FlightKind, Purpose, deliver, settle};
use crate::app::chronicle;
use crate::app::event::InternalEvent;
use crate::app::state::State;
use crate::ports::{ApplyId, FileWrite, Settlement};
use crate::problem::{Category, Problem};
use crate::text::DocumentUri;

/// Has the closed files of an edit written; `false` where there are none.
pub(super) fn write(state: &mut State, id: ApplyId) -> bool {
    let State { flights, documents, client, .. } = state;
    let Some(flight) = flights.current.as_mut().filter(|flight| flight.id == id) else { return false };
    let Some(root) = client.folders.first().cloned() else { return false };
    let ours = |uri: &DocumentUri| match &flight.plan.purpose {
        Purpose::Accept { .. } => false,
        Purpose::Take { .. } => true,
        // What the editor did, it takes back: it may have a text that was never saved.
        Purpose::RollBack { written, .. } => written.contains(uri),
    };
    let is_open = |uri: &DocumentUri| documents.keys().any(|open| open.same_file(uri));
    let mut files: Vec<FileWrite> = Vec::new();
    for file in flight.files.iter_mut().filter(|file| file.version.is_none()) {
        if ours(file.uri_before()) && !is_open(file.uri_before()) && !is_open(file.uri_after()) {
            let write = file_write(&root, file);
            file.is_written = write.is_some();
            files.extend(write);
        }
    }
    if files.is_empty() {
        return false;
    }
    let (writer, send) = (Arc::clone(&state.parts.writer), state.sender());
    tokio::spawn(async move {
        let writing = tokio::task::spawn_blocking(move || writer.write(&root, &files));
        let result = writing.await.unwrap_or_else(|_| {
            Err(Problem::error("write-failed", Category::Internal, "the files could not be written"))
        });
        send(InternalEvent::FilesWritten { id, result });
    });
    true
}

/// The closed files were written, or none of them was.
pub(in crate::app) fn written(state: &mut State, id: ApplyId, result: Result<(), Problem>) {
    let Some(flight) = state.flights.current.as_mut().filter(|flight| flight.id == id) else { return };
    if let Err(problem) = result {
        let Some(flight) = state.flights.current.take() else { return };
        let number = flight.number;
        if !matches!(flight.plan.purpose, Purpose::RollBack { .. }) {
            chronicle::settle(state, number, Settlement::RolledBack, None, String::new(), None);
        }
        return settle::failed(state, &flight.plan, &problem);
    }
    // One that was opened meanwhile shows what was written, or was read before; then the mirror tells.
    for file in flight.files.iter_mut().filter(|file| file.is_written) {
        file.on_disk = Some(true);
    }
    deliver(state, id);
}

/// What becomes of a closed file; `None` for what is no file below the root.
fn file_write(root: &Path, file: &FlightFile) -> Option<FileWrite> {
    let path = relative(root, file.uri_before())?;
    let moved_to = match &file.renamed {
        Some(renamed) => Some(relative(root, &renamed.to)?),
        None => None,
    };
    let (before, after) = (file.before.to_string(), file.after.to_string());
    let old = (file.kind != FlightKind::Create).then_some(before);
    let goes = matches!(file.kind, FlightKind::Delete | FlightKind::Uncreate);
    Some(FileWrite { path, moved_to, old, new: (!goes).then_some(after) })
}

/// Whether a closed file is one that we write ourselves.
pub(super) fn is_ours(state: &State, uri: &DocumentUri, version: Option<i32>) -> bool {
    version.is_none() && state.client.folders.first().is_some_and(|root| relative(root, uri).is_some())
}

fn relative(root: &Path, uri: &DocumentUri) -> Option<String> {
    let path = uri.to_path()?;
    let inside = path.strip_prefix(root).ok()?;
    Some(inside.to_string_lossy().replace('\\', "/"))
}
