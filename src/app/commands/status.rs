//! `tenon.status`: what there is, for people and tests.

use serde_json::{Value, json};

use crate::app::state::State;
use crate::ports::{Availability, ProgressStage};
use crate::text::PositionEncoding;

/// The status object of the protocol page.
pub(super) fn status(state: &State) -> Value {
    let board = &state.parts.services.board;
    let tasks: Vec<_> = state
        .tasks
        .list()
        .map(|(id, title)| {
            let progress = board.get(id);
            let stage = progress.map_or(ProgressStage::Queued, |progress| progress.stage);
            let percent = progress.map_or(0, crate::orchestrator::TaskProgress::percent);
            json!({ "id": id, "kind": "edit", "title": title, "stage": stage, "percent": percent })
        })
        .collect();
    let proposals: Vec<_> = state
        .proposals
        .iter()
        .map(|proposal| {
            let files: Vec<_> = proposal.files.iter().map(|file| &file.path).collect();
            json!({
                "id": proposal.id.as_str(),
                "state": proposal.state(),
                "title": proposal.title,
                "model": proposal.model,
                "files": files,
                "hunks": proposal.n_hunks(),
            })
        })
        .collect();
    let mut documents: Vec<_> = state.documents.values().map(|open| &open.document).collect();
    documents.sort_by_key(|document| document.uri().clone());
    let documents: Vec<_> = documents
        .into_iter()
        .map(|document| {
            json!({
                "uri": document.uri().as_str(),
                "version": document.version(),
                "sha256": document.sha256(),
                "desynchronised": document.desynchronised().is_some(),
            })
        })
        .collect();
    let health = state.parts.services.models.health();
    let providers: Vec<_> = state
        .parts
        .providers
        .iter()
        .map(|name| {
            let known = health.provider(name);
            let word = match known.map(|known| (known.availability, known.answered)) {
                Some((Availability::Open { .. }, _)) => "resting",
                Some((_, Some(true))) => "ok",
                Some((_, Some(false))) => "failing",
                _ => "unknown",
            };
            json!({ "name": name, "health": word })
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "position_encoding": encoding_name(state.client.encoding),
        "tasks": tasks,
        "proposals": proposals,
        "documents": documents,
        "providers": providers,
    })
}

fn encoding_name(encoding: PositionEncoding) -> &'static str {
    match encoding {
        PositionEncoding::Utf8 => "utf-8",
        PositionEncoding::Utf16 => "utf-16",
        PositionEncoding::Utf32 => "utf-32",
    }
}
