//! `tenon.next` and `tenon.previous`: from one pending hunk to the one after it, over all files.
//!
//! The first step after a proposal came leads to it: that is what the message about it makes people press the key for.
//! Guarantee: of several hunks that begin at one line, each has its turn, though an editor only says where its cursor is.

use serde_json::{Value, json};

use super::edit::resolve;
use crate::app::event::Step;
use crate::app::marks;
use crate::app::state::State;
use crate::problem::{Category, Problem};
use crate::review::{Decision, Place, Proposal, ProposalId, ProposedFile};
use crate::text::{Carried, DocumentUri, Rope, Span};

/// An undecided hunk where it is now.
struct Pending {
    uri: DocumentUri,
    span: Span,
    /// One-based.
    line: u32,
    proposal: ProposalId,
    hunk: usize,
    stale: bool,
}

/// Answers `{"proposal", "hunk", "uri", "line", "stale"}` and shows the place, where the editor can.
pub(super) fn step(state: &mut State, step: &Step) -> Result<Value, Problem> {
    let pending = pending(state);
    // A place that nobody knows is before the first.
    let from = step.from.as_ref().and_then(|target| resolve(state, target).ok()).map(|uri| (uri, step.line));
    let key = |hunk: &Pending| (hunk.uri.clone(), hunk.line);
    let is_from = |hunk: &Pending| from.as_ref().is_some_and(|from| key(hunk) == *from);
    // The hunk that the last step led to, if the cursor still is there.
    let last = state.stepped.as_ref();
    let is_last =
        |hunk: &Pending| last.is_some_and(|(id, number)| (&hunk.proposal, hunk.hunk) == (id, *number));
    let current = pending.iter().position(|hunk| is_from(hunk) && is_last(hunk));
    let new = state.unvisited.take().filter(|_| !step.back);
    let of_new = |id| pending.iter().filter(move |hunk| hunk.proposal == id);
    let first_new = new.and_then(|id| of_new(id).min_by_key(|hunk| hunk.hunk));
    // Behind the last comes the first, and the other way round.
    let found = match (current, step.back) {
        _ if first_new.is_some() => first_new,
        (Some(at), false) => pending.get(at + 1).or(pending.first()),
        (Some(at), true) => pending[..at].last().or(pending.last()),
        (None, false) => {
            let after = |hunk: &&Pending| from.as_ref().is_none_or(|from| key(hunk) > *from);
            pending.iter().find(after).or(pending.first())
        }
        (None, true) => {
            let before = |hunk: &&Pending| from.as_ref().is_some_and(|from| key(hunk) < *from);
            pending.iter().rev().find(before).or(pending.last())
        }
    };
    let Some(found) = found else {
        return Err(Problem::error("no-proposal", Category::Request, "there is no change waiting for this")
            .hint("ask for a change first; tenon.status lists what there is"));
    };
    state.stepped = Some((found.proposal.clone(), found.hunk));
    state.parts.services.editor.show(&found.uri, Some(found.span));
    Ok(json!({
        "proposal": found.proposal.as_str(),
        "hunk": found.hunk,
        "uri": found.uri.as_str(),
        "line": found.line,
        "stale": found.stale,
    }))
}

/// Every undecided hunk, by file and line.
fn pending(state: &State) -> Vec<Pending> {
    let mut pending = Vec::new();
    for proposal in &state.proposals {
        for file in &proposal.files {
            pending.extend(of_file(state, proposal, file));
        }
    }
    pending.sort_by(|a, b| (&a.uri, a.line, a.hunk).cmp(&(&b.uri, b.line, b.hunk)));
    pending
}

fn of_file(state: &State, proposal: &Proposal, file: &ProposedFile) -> Vec<Pending> {
    let document = state.live(file.uri());
    let text = document.map_or(file.track.base(), |document| document.text());
    let at = |uri: DocumentUri, text: &Rope, range: std::ops::Range<usize>, hunk: usize, stale: bool| {
        let start = state.client.encoding.to_position(text, marks::shown_at(text, range.start));
        let span = Span { start, end: start };
        Pending { uri, span, line: start.line + 1, proposal: proposal.id.clone(), hunk, stale }
    };
    if let Some((number, Decision::Proposed)) = file.change.whole() {
        // What is not there yet is shown where its mark is.
        let uri = if document.is_some() { file.uri() } else { &proposal.target };
        return vec![at(uri.clone(), &Rope::new(), 0..0, number, false)];
    }
    file.open_hunks(text)
        .into_iter()
        .filter_map(|(hunk, place)| {
            let (range, stale) = match place {
                Place::Fits(placed) => (placed.range, false),
                Place::Unknown => (hunk.hunk.range.clone(), false),
                Place::AlreadyThere => return None,
                Place::Stale(_) => match file.track.map(text)?.carry(hunk.hunk.range.clone()) {
                    Carried::Moved(range) | Carried::Changed { new: range, .. } => (range, true),
                },
            };
            Some(at(file.uri().clone(), text, range, hunk.number, stale))
        })
        .collect()
}
