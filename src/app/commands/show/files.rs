//! The files of a proposal hunk by hunk, for editors that draw a review themselves: what was decided, where each hunk
//! is in the text as it is now, and what it puts in place of what.

use serde_json::{Value, json};

use crate::app::state::State;
use crate::diff::Hunk;
use crate::review::{Decision, Place, Proposal, ProposedChange, ProposedFile, Track};
use crate::text::{PositionEncoding, Rope};

/// Every file, in the order of the proposal. With `texts`, each has its whole text before and after.
pub(super) fn files(state: &State, proposal: &Proposal, texts: bool) -> Vec<Value> {
    proposal.files.iter().map(|file| one(state, file, texts)).collect()
}

fn one(state: &State, file: &ProposedFile, texts: bool) -> Value {
    let document = state.live(file.uri());
    let live = document.map_or(file.track.base(), |document| document.text());
    let view = View { track: &file.track, live, encoding: state.client.encoding };
    let hunks: Vec<Value> = match &file.change {
        ProposedChange::Modify(hunks) => hunks
            .iter()
            .map(|hunk| view.hunk(hunk.number, hunk.decision, &hunk.hunk, &hunk.place(&file.track, live)))
            .collect(),
        whole => {
            whole.whole().into_iter().map(|(number, decision)| view.whole(file, number, decision)).collect()
        }
    };
    let (change, to) = match &file.change {
        ProposedChange::Modify(_) => ("modify", None),
        ProposedChange::Create { .. } => ("create", None),
        ProposedChange::Delete { .. } => ("delete", None),
        ProposedChange::Rename { to, .. } => ("rename", Some(to)),
    };
    let mut told = json!({
        "path": file.path, "uri": file.uri().as_str(), "change": change, "to": to,
        "version": document.map(crate::text::Document::version), "hunks": hunks,
    });
    if texts {
        let (before, after) = super::before_and_after(file, live);
        told["before"] = json!(before.map(|text| text.to_string()));
        told["after"] = json!(after.map(|text| text.to_string()));
    }
    told
}

/// A file as its reader sees it.
struct View<'a> {
    track: &'a Track,
    live: &'a Rope,
    encoding: PositionEncoding,
}

impl View<'_> {
    /// A hunk of lines. Only one that is in question has a place.
    fn hunk(&self, number: usize, decision: Decision, hunk: &Hunk, place: &Place) -> Value {
        let (fits, reason) = match place {
            Place::Fits(placed) => (Some(placed), None),
            // A file that is not open is as the proposal found it, as far as anyone knows.
            Place::Unknown if self.live == self.track.base() => (Some(hunk), None),
            Place::Unknown | Place::AlreadyThere => (None, None),
            Place::Stale(refusal) => (None, Some(refusal.message.as_str())),
        };
        let fits = fits.filter(|_| decision == Decision::Proposed);
        let range = fits.map(|placed| {
            let span = self.encoding.to_span(self.live, &placed.range);
            let position = |at: crate::text::Position| json!({"line": at.line, "character": at.character});
            json!({"start": position(span.start), "end": position(span.end)})
        });
        let base = self.track.base().get_byte_slice(hunk.range.clone());
        json!({
            "hunk": number, "decision": decision, "stale": reason, "range": range,
            "before": fits.map_or_else(
                || base.map(|slice| slice.to_string()),
                |placed| self.live.get_byte_slice(placed.range.clone()).map(|slice| slice.to_string()),
            ),
            "after": fits.map_or(&hunk.insert, |placed| &placed.insert),
            "doubt": hunk.evidence.doubt(),
        })
    }

    /// A file that comes, goes or gets another path.
    fn whole(&self, file: &ProposedFile, number: usize, decision: Decision) -> Value {
        let stale = file.whole_places(self.track, self.live).into_iter().find_map(|place| match place {
            Place::Stale(refusal) => Some(refusal.message),
            _ => None,
        });
        json!({"hunk": number, "decision": decision, "stale": stale})
    }
}
