//! Documents as the client reports them: the only way in which mirrored text changes.

use super::applying;
use super::chronicle;
use super::completion;
use super::marks;
use super::state::{OpenDocument, State};
use crate::ports::metrics::catalogue::DESYNCHRONISED;
use crate::problem::Severity;
use crate::text::{ContentChange, Desynchronised, Document, DocumentUri};

/// `didOpen`.
pub(super) fn opened(state: &mut State, uri: &DocumentUri, language: String, version: i32, text: &str) {
    let document = Document::open(uri.clone(), language, version, text);
    let rope = document.text().clone();
    state.take_spelling(uri);
    for track in state.tracks_of(uri) {
        track.opened(&rope);
    }
    let used = state.tick();
    state.documents.insert(uri.clone(), OpenDocument { document, used });
    applying::observe(state, uri);
    chronicle::document_opened(state, uri);
    marks::schedule(state);
}

/// `didChange`. Every single content change is followed by all tracks, because an edit of ours can arrive in one
/// notification with typing of the user's.
pub(super) fn changed(state: &mut State, uri: &DocumentUri, version: i32, changes: &[ContentChange]) {
    completion::interrupt(state, uri);
    let encoding = state.client.encoding;
    let used = state.tick();
    let Some(open) = state.documents.get_mut(uri) else {
        tracing::warn!(uri = uri.as_str(), "didChange for a document that is not open");
        return;
    };
    open.used = used;
    if open.document.desynchronised().is_some() {
        return;
    }
    if let Err(reason) = open.document.set_version(version) {
        return lost(state, uri, &reason);
    }
    let mut n_inserted = 0;
    for change in changes {
        let Some(open) = state.documents.get_mut(uri) else { return };
        match open.document.change(change, encoding) {
            Ok(indels) => {
                n_inserted = indels.iter().map(|indel| indel.insert.len()).fold(n_inserted, usize::max);
                for track in state.tracks_of(uri) {
                    track.changed(&indels);
                }
                applying::observe(state, uri);
            }
            Err(reason) => return lost(state, uri, &reason),
        }
    }
    completion::changed(state, uri, n_inserted);
    marks::schedule(state);
}

/// `didClose`.
pub(super) fn closed(state: &mut State, uri: &DocumentUri) {
    completion::closed(state, uri);
    let closed = state.documents.remove(uri).map(|open| open.document);
    for track in state.tracks_of(uri) {
        track.lost();
    }
    let known = closed.filter(|document| document.desynchronised().is_none());
    applying::closed(state, uri, known.as_ref().map(Document::text));
}

/// A document notification that could not be read: what it said is lost, so the mirror cannot be trusted.
pub(super) fn malformed(state: &mut State, uri: Option<&DocumentUri>, reason: String) {
    let reason = Desynchronised::Malformed(reason);
    let Some(uri) = uri else {
        // It could have been for any document.
        let all: Vec<_> = state.documents.keys().cloned().collect();
        for uri in all {
            mark_lost(state, &uri, &reason);
        }
        return;
    };
    mark_lost(state, uri, &reason);
}

fn mark_lost(state: &mut State, uri: &DocumentUri, reason: &Desynchronised) {
    // Once is enough: until it is opened again, nothing more can be lost.
    if let Some(open) = state.documents.get_mut(uri)
        && open.document.desynchronised().is_none()
    {
        open.document.desynchronise(reason.clone());
        lost(state, uri, reason);
    }
}

fn lost(state: &mut State, uri: &DocumentUri, reason: &Desynchronised) {
    DESYNCHRONISED.count(());
    tracing::error!(uri = uri.as_str(), %reason, "document desynchronised");
    completion::interrupt(state, uri);
    for track in state.tracks_of(uri) {
        track.lost();
    }
    let text = format!(
        "tenon no longer knows the text of {} for sure ({reason}). Edits for it are refused until it is closed and opened again.",
        uri.as_str()
    );
    state.parts.services.editor.message(Severity::Warning, &text);
    marks::schedule(state);
}
