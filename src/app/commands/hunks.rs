//! The hunks of a proposal one by one, for editors that draw a review into the text.

use serde_json::{Value, json};

use crate::app::state::State;
use crate::problem::plain;
use crate::review::{Place, Proposal, ProposedChange, ProposedFile, ProposedHunk};
use crate::text::{Carried, Position, PositionEncoding, Rope};

/// Every hunk with its decision, in the order of their numbers. Texts are to be looked at, never to be put in.
pub(super) fn hunks(state: &State, proposal: &Proposal) -> Vec<Value> {
    proposal.files.iter().flat_map(|file| of_file(state, file)).collect()
}

fn of_file(state: &State, file: &ProposedFile) -> Vec<Value> {
    let document = state.live(file.uri());
    let live = document.map_or(file.track.base(), |document| document.text());
    let told = |number: usize, change: &str, more: Value| {
        let mut told = json!({ "hunk": number, "path": plain(&file.path), "change": change,
            "uri": document.map_or(file.uri(), |document| document.uri()).as_str() });
        if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
            told.extend(more);
        }
        told
    };
    match &file.change {
        ProposedChange::Modify(hunks) => hunks
            .iter()
            .map(|hunk| told(hunk.number, "modified", of_hunk(state.client.encoding, file, hunk, live)))
            .collect(),
        ProposedChange::Create { number, text, decision } => {
            vec![told(*number, "created", json!({ "decision": decision, "after": plain(text) }))]
        }
        ProposedChange::Delete { number, decision } => {
            vec![told(*number, "deleted", json!({ "decision": decision }))]
        }
        ProposedChange::Rename { number, to, decision, .. } => {
            vec![told(*number, "renamed", json!({ "decision": decision, "to": plain(to) }))]
        }
    }
}

/// Where a hunk is now, as far as that is known, and what it makes of which text.
fn of_hunk(encoding: PositionEncoding, file: &ProposedFile, hunk: &ProposedHunk, live: &Rope) -> Value {
    let base = hunk.hunk.range.clone();
    let (place, range) = match hunk.place(&file.track, live) {
        Place::Fits(placed) => ("fits", Some(placed.range)),
        Place::Unknown => ("unknown", Some(base.clone())),
        Place::AlreadyThere => ("already-there", None),
        Place::Stale(_) => {
            let carried = file.track.map(live).map(|map| map.carry(base.clone()));
            let range = carried.map(|(Carried::Moved(range) | Carried::Changed { new: range, .. })| range);
            ("stale", range)
        }
    };
    let before = file.track.base().get_byte_slice(base).map(|slice| slice.to_string());
    let position = |at: Position| json!({ "line": at.line, "character": at.character });
    let range = range.map(|range| {
        let span = encoding.to_span(live, &range);
        json!({ "start": position(span.start), "end": position(span.end) })
    });
    json!({ "decision": hunk.decision, "place": place, "range": range, "doubt": hunk.hunk.evidence.doubt(),
        "before": plain(&before.unwrap_or_default()), "after": plain(&hunk.hunk.insert) })
}
