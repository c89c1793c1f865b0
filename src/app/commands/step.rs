//! `tenon.next` and `tenon.previous`: from one pending hunk to the one after it, over all files.

use serde_json::{Value, json};

use crate::app::event::Step;
use crate::app::state::State;
use crate::problem::{Category, Problem};
use crate::review::{Decision, Place, Proposal, ProposedFile};
use crate::text::{Carried, DocumentUri, Rope, Span};

/// An undecided hunk where it is now.
struct Pending {
    uri: DocumentUri,
    span: Span,
    /// One-based.
    line: u32,
    proposal: String,
    hunk: usize,
    stale: bool,
}

/// Answers `{"proposal", "hunk", "uri", "line", "stale"}` and shows the place, where the editor can.
pub(super) fn step(state: &State, step: &Step) -> Result<Value, Problem> {
    let pending = pending(state);
    let from = step.from.clone().map(|uri| (state.spelling(uri), step.line));
    let key = |hunk: &Pending| (hunk.uri.clone(), hunk.line);
    // Behind the last comes the first, and the other way round.
    let found = if step.back {
        let before = |hunk: &&Pending| from.as_ref().is_some_and(|from| key(hunk) < *from);
        pending.iter().rev().find(before).or(pending.last())
    } else {
        let after = |hunk: &&Pending| from.as_ref().is_none_or(|from| key(hunk) > *from);
        pending.iter().find(after).or(pending.first())
    };
    let Some(found) = found else {
        return Err(Problem::error("no-proposal", Category::Request, "there is no change waiting for this")
            .hint("ask for a change first; tenon.status lists what there is"));
    };
    state.parts.services.editor.show(&found.uri, Some(found.span));
    Ok(json!({
        "proposal": found.proposal,
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
        let mut start = range.start.min(text.len_bytes());
        if start == text.len_bytes() && start > 0 {
            // Behind the last line end there is no line that an editor could show; Neovim fails on it.
            start = text.line_to_byte(text.byte_to_line(start - 1));
        }
        let start = state.client.encoding.to_position(text, start);
        let span = Span { start, end: start };
        Pending { uri, span, line: start.line + 1, proposal: proposal.id.to_string(), hunk, stale }
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
