//! `tenon.status`: what there is, for people and tests.

use serde_json::{Map, Value, json};

use crate::app::state::State;
use crate::model::Money;
use crate::ports::{Availability, Health, ProgressStage, ProviderHealth, Spent};
use crate::problem::plain;
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
            let files: Vec<_> = proposal.files.iter().map(|file| plain(&file.path)).collect();
            json!({
                "id": proposal.id.as_str(),
                "state": proposal.state(),
                "title": plain(&proposal.title),
                "model": plain(&proposal.model),
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
            let mut told = json!({ "name": name, "health": word });
            if let (Some(known), Some(told)) = (known, told.as_object_mut()) {
                told.extend(more(known));
            }
            told
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "position_encoding": encoding_name(state.client.encoding),
        "trust": state.parts.trust,
        "tasks": tasks,
        "proposals": proposals,
        "documents": documents,
        "providers": providers,
        "usage": usage(state, &health),
        "health": state.parts.components.all(),
    })
}

/// What is known of a provider besides its health in one word.
fn more(known: &ProviderHealth) -> Map<String, Value> {
    let error = known.last_error.as_ref().map(|error| {
        json!({
            "kind": error.kind,
            "model": error.model,
            "message": plain(&error.message),
            "seconds_ago": error.seconds_ago,
        })
    });
    let seconds = match known.availability {
        Availability::Open { seconds } => Some(seconds),
        Availability::Closed | Availability::HalfOpen => None,
    };
    let more = [
        ("in_flight", json!(known.in_flight)),
        ("waiting", json!(known.waiting)),
        ("resting_seconds", json!(seconds)),
        ("last_error", json!(error)),
    ];
    more.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What was spent, against what may be. Amounts of money are text: they are exact.
fn usage(state: &State, health: &Health) -> Value {
    let known = state.parts.services.ledger.known();
    let spent = |spent: Spent| json!({ "tokens": spent.tokens, "cost": spent.cost.to_string() });
    let limit = |limit: Option<Money>| limit.map(|limit| limit.to_string());
    let budget = state.parts.budget;
    json!({
        "session": spent(known.session),
        "today": spent(known.today),
        "budget": {
            "request": limit(budget.request),
            "session": limit(budget.session),
            "day": limit(budget.day),
            "day_tokens": budget.day_tokens,
        },
        "cache": health.cache,
    })
}

fn encoding_name(encoding: PositionEncoding) -> &'static str {
    match encoding {
        PositionEncoding::Utf8 => "utf-8",
        PositionEncoding::Utf16 => "utf-16",
        PositionEncoding::Utf32 => "utf-32",
    }
}
