//! What a proposal would do, file by file and hunk by hunk, for editors that draw it in the text.
//!
//! Every range is in the text as it is now: in the open document, else in the text the model saw.

use serde_json::{Value, json};

use crate::app::state::State;
use crate::diff::Hunk;
use crate::review::{Decision, Place, Proposal, ProposedChange, ProposedFile};
use crate::text::{PositionEncoding, Rope};

/// The list `files` of `tenon.show`.
pub(super) fn files(state: &State, proposal: &Proposal) -> Vec<Value> {
    proposal.files.iter().map(|file| self::file(state, file)).collect()
}

fn file(state: &State, file: &ProposedFile) -> Value {
    let live = state.live(file.uri()).map_or(file.track.base(), |document| document.text());
    let edit = |hunk: &Hunk| edit(state.client.encoding, live, hunk);
    let whole = |number: usize, decision: Decision, edits: Option<Vec<Value>>| {
        let place = if edits.is_some() { "fits" } else { "stale" };
        json!([{ "hunk": number, "decision": decision, "place": place, "edits": edits.unwrap_or_default() }])
    };
    let (change, hunks) = match &file.change {
        ProposedChange::Modify(_) => ("modified", modified(file, live, edit)),
        ProposedChange::Create { number, text, decision } => {
            let start = json!({ "line": 0, "character": 0 });
            let text = json!({ "range": { "start": start, "end": start }, "newText": text });
            ("created", whole(*number, *decision, Some(vec![text])))
        }
        ProposedChange::Delete { number, decision } => {
            let stale = file.whole_places(&file.track, live).iter().any(|p| matches!(p, Place::Stale(_)));
            ("deleted", whole(*number, *decision, (!stale).then(Vec::new)))
        }
        ProposedChange::Rename { number, hunks, decision, .. } => {
            let places = file.whole_places(&file.track, live).into_iter().zip(hunks);
            let edits = places.map(|(place, hunk)| match place {
                Place::Fits(hunk) => Some(edit(&hunk)),
                Place::Unknown => Some(edit(hunk)),
                Place::AlreadyThere | Place::Stale(_) => None,
            });
            ("renamed", whole(*number, *decision, edits.collect()))
        }
    };
    let to = file.path_after().filter(|after| *after != file.path);
    json!({ "path": file.path, "uri": file.uri().as_str(), "change": change, "to": to, "hunks": hunks })
}

fn modified(file: &ProposedFile, live: &Rope, edit: impl Fn(&Hunk) -> Value) -> Value {
    let open = file.open_hunks(live);
    let told = file.hunks().iter().map(|hunk| {
        let place = open.iter().find(|(open, _)| open.number == hunk.number).map(|(_, place)| place);
        let (place, edits) = match place {
            Some(Place::Fits(placed)) => ("fits", vec![edit(placed)]),
            Some(Place::Unknown) => ("fits", vec![edit(&hunk.hunk)]),
            Some(Place::Stale(_)) => ("stale", Vec::new()),
            Some(Place::AlreadyThere) | None => ("none", Vec::new()),
        };
        json!({ "hunk": hunk.number, "decision": hunk.decision, "place": place, "edits": edits })
    });
    told.collect()
}

fn edit(encoding: PositionEncoding, live: &Rope, hunk: &Hunk) -> Value {
    let span = encoding.to_span(live, &hunk.range);
    let position = |at: crate::text::Position| json!({ "line": at.line, "character": at.character });
    json!({ "range": { "start": position(span.start), "end": position(span.end) }, "newText": hunk.insert })
}
