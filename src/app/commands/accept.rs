//! `tenon.accept` and `tenon.reject`.

use serde_json::{Value, json};

use crate::app::applying::{self, Purpose, stale};
use crate::app::event::Selection;
use crate::app::marks;
use crate::app::state::State;
use crate::ports::EditFate;
use crate::problem::{Category, Problem};
use crate::review::{Decision, Place, Proposal, ProposalId, ProposalState};

/// Answers `{"accepted": n}`; the edit follows. Hunks that are in the text already count, and need no edit.
pub(super) fn accept(state: &mut State, selection: &Selection, confirm: bool) -> Result<Value, Problem> {
    let (id, numbers) = select(state, selection)?;
    let n_accepted = start(state, &id, numbers, confirm, false)?;
    Ok(json!({ "accepted": n_accepted }))
}

/// Accepts everything undecided of a proposal, without a decision of anybody's.
pub(in crate::app) fn whole(state: &mut State, id: &ProposalId) -> Result<usize, Problem> {
    let selection = Selection { proposal: Some(id.to_string()), ..Selection::default() };
    let (id, numbers) = select(state, &selection)?;
    start(state, &id, numbers, false, true)
}

/// Answers `{"rejected": n}`.
pub(super) fn reject(state: &mut State, selection: &Selection) -> Result<Value, Problem> {
    let (id, numbers) = select(state, selection)?;
    turn_down(state, &id, &numbers);
    marks::refresh(state);
    Ok(json!({ "rejected": numbers.len() }))
}

/// Records that hunks are not wanted.
pub(in crate::app) fn turn_down(state: &mut State, id: &ProposalId, numbers: &[usize]) {
    if let Some(proposal) = state.proposal_mut(id) {
        proposal.decide(numbers, Decision::Rejected);
    }
    state.forget_answer(id);
    state.count(id, EditFate::Rejected, numbers.len());
}

/// The undecided hunks that a selection means.
fn select(state: &State, selection: &Selection) -> Result<(ProposalId, Vec<usize>), Problem> {
    let index = state.proposal_index(selection.proposal.as_deref(), |proposal| {
        proposal.state() == ProposalState::Proposed
    })?;
    let proposal = &state.proposals[index];
    let chosen = proposal.select(selection.path.as_deref(), selection.hunk);
    if chosen.is_empty() {
        return Err(unknown_part(proposal, selection));
    }
    let undecided: Vec<usize> =
        chosen.iter().filter(|(_, d)| *d == Decision::Proposed).map(|(number, _)| *number).collect();
    if undecided.is_empty() {
        let message = format!("everything of {} that this means is decided already", proposal.id);
        return Err(Problem::error("already-decided", Category::Request, message)
            .hint("tenon.undo takes back what was applied"));
    }
    Ok((proposal.id.clone(), undecided))
}

fn unknown_part(proposal: &Proposal, selection: &Selection) -> Problem {
    let part = match (&selection.path, selection.hunk) {
        (Some(path), Some(hunk)) => format!("hunk {hunk} in {path}"),
        (Some(path), None) => path.clone(),
        (None, Some(hunk)) => format!("hunk {hunk}"),
        (None, None) => "change".to_owned(),
    };
    let files: Vec<_> = proposal.files.iter().map(|file| file.path.as_str()).collect();
    let message = format!("{} has no {part}", proposal.id);
    Problem::error("unknown-hunk", Category::Request, message).hint(format!(
        "it has hunks 0 to {} in {}",
        proposal.n_hunks().saturating_sub(1),
        files.join(", ")
    ))
}

/// Checks what can be checked now, so that a stale hunk is refused in the command's own answer.
fn start(
    state: &mut State,
    id: &ProposalId,
    numbers: Vec<usize>,
    confirm: bool,
    unasked: bool,
) -> Result<usize, Problem> {
    let n_accepted = numbers.len();
    let already = check(state, id, &numbers)?;
    let to_send: Vec<usize> = numbers.into_iter().filter(|number| !already.contains(number)).collect();
    if !to_send.is_empty() && !state.client.apply_edit {
        let message = "the editor takes no edits from a server; nothing was applied";
        return Err(Problem::error("unsupported-operation", Category::Editor, message).hint(
            "take the code action `Apply this change` at its line; tenon.show has the text of a new file",
        ));
    }
    if let Some(proposal) = state.proposal_mut(id) {
        proposal.decide(&already, Decision::Applied);
        proposal.decide(&to_send, Decision::Accepted);
    }
    state.count(id, EditFate::Accepted, already.len());
    if !to_send.is_empty() {
        let purpose = Purpose::Accept { proposal: id.clone(), numbers: to_send, confirm, unasked };
        applying::enqueue(state, purpose);
    }
    marks::refresh(state);
    Ok(n_accepted)
}

/// Numbers of the hunks that are in the text already.
fn check(state: &State, id: &ProposalId, numbers: &[usize]) -> Result<Vec<usize>, Problem> {
    let mut already = Vec::new();
    for file in state.proposals.iter().filter(|p| p.id == *id).flat_map(|proposal| &proposal.files) {
        if !file.decisions().iter().any(|(number, _)| numbers.contains(number)) {
            continue;
        }
        state.trusted(file.uri())?;
        applying::able(state, file)?;
        let Some(document) = state.live(file.uri()) else { continue };
        for place in file.whole_places(&file.track, document.text()) {
            if let Place::Stale(refusal) = place {
                return Err(stale(&file.path, &refusal));
            }
        }
        for (hunk, place) in file.open_hunks(document.text()) {
            match place {
                _ if !numbers.contains(&hunk.number) => {}
                Place::Stale(refusal) => return Err(stale(&file.path, &refusal)),
                Place::AlreadyThere => already.push(hunk.number),
                Place::Fits(_) | Place::Unknown => {}
            }
        }
    }
    Ok(already)
}
