//! `tenon.regenerate`: one hunk is asked for anew, with a remark.

use std::ops::Range;

use serde_json::{Value, json};

use super::edit::{in_short, root_of};
use crate::app::event::{Intent, Region};
use crate::app::state::State;
use crate::app::tasks::{self, Queued};
use crate::diff::lower::ProtectedConsent;
use crate::orchestrator::EditJob;
use crate::problem::{Category, Problem};
use crate::prompt;
use crate::review::{Decision, Place, ProposalState, ProposedChange, ProposedFile};
use crate::text::{Carried, Rope};

/// Answers `{"task": id}`. The hunk stays until the new proposal is there, and is rejected then.
pub(super) fn regenerate(
    state: &mut State,
    proposal: Option<&str>,
    hunk: Option<usize>,
    remark: &str,
) -> Result<Value, Problem> {
    if remark.trim().is_empty() {
        return Err(Problem::error("no-instruction", Category::Request, "the remark is empty")
            .hint("say what is wrong with this change"));
    }
    let index = state.proposal_index(proposal, |known| known.state() == ProposalState::Proposed)?;
    let proposal = &state.proposals[index];
    let open: Vec<usize> = proposal
        .select(None, hunk)
        .into_iter()
        .filter(|(_, decision)| *decision == Decision::Proposed)
        .map(|(number, _)| number)
        .collect();
    let number = match (&open[..], hunk) {
        ([number], _) => *number,
        ([], Some(_)) => {
            let message = format!("{} has no such hunk that is still undecided", proposal.id);
            return Err(Problem::error("unknown-hunk", Category::Request, message)
                .hint("tenon.show lists the hunks of a proposal"));
        }
        _ => {
            let message = format!("{} has {} undecided hunks", proposal.id, open.len());
            return Err(Problem::error("unknown-hunk", Category::Request, message)
                .hint("say which one, as `hunk`, counted from zero over the whole proposal"));
        }
    };
    let file = proposal.files.iter().find(|file| file.decisions().iter().any(|(known, _)| *known == number));
    let Some(file) = file else { return unknown_hunk(&proposal.id.to_string()) };
    let (region, proposed) = place(state, file, number);
    let new_file = matches!(file.change, ProposedChange::Create { .. });
    let target = if new_file { &proposal.target } else { file.uri() }.clone();
    let mut instruction = prompt::again(&proposal.instruction, &proposed, remark);
    if new_file {
        instruction.push_str(&format!("It is about the new file {} alone.\n", file.path));
    }
    let (original, id) = (format!("{}\n\n{}", proposal.instruction, remark.trim()), proposal.id.clone());
    let title = in_short(&format!("{}: {}", proposal.title, remark.trim()));
    state.trusted(&target)?;
    let task = state.tasks.next_id();
    let job = EditJob {
        task: task.clone(),
        root: root_of(state, &target),
        target,
        region,
        intent: Intent::Instruction(instruction),
        encoding: state.client.encoding,
        documents: Vec::new(),
        also: Vec::new(),
        consent: ProtectedConsent::default(),
    };
    let mut queued = Queued::new(state, job, title, original, Some(false));
    queued.replaces = Some((id, number));
    tasks::submit(state, queued);
    Ok(json!({ "task": task }))
}

fn unknown_hunk<T>(proposal: &str) -> Result<T, Problem> {
    let message = format!("{proposal} has no such hunk");
    Err(Problem::error("unknown-hunk", Category::Request, message))
}

/// The lines that a hunk is about, as they are now, and what it would make of them; no lines for a whole file.
fn place(state: &State, file: &ProposedFile, number: usize) -> (Option<Region>, String) {
    let hunk = match &file.change {
        ProposedChange::Create { text, .. } => return (None, text.clone()),
        ProposedChange::Delete { .. } => return (None, format!("(the file {} goes)", file.path)),
        ProposedChange::Rename { to, .. } => return (None, format!("({} becomes {to})", file.path)),
        ProposedChange::Modify(hunks) => hunks.iter().find(|hunk| hunk.number == number),
    };
    let Some(hunk) = hunk else { return (None, String::new()) };
    let text = state.live(file.uri()).map_or(file.track.base(), |document| document.text());
    let range = match hunk.place(&file.track, text) {
        Place::Fits(placed) => placed.range,
        Place::AlreadyThere | Place::Stale(_) | Place::Unknown => {
            match file.track.map(text).map(|map| map.carry(hunk.hunk.range.clone())) {
                Some(Carried::Moved(range) | Carried::Changed { new: range, .. }) => range,
                None => hunk.hunk.range.clone(),
            }
        }
    };
    (Some(lines(text, range)), hunk.hunk.insert.clone())
}

fn lines(text: &Rope, range: Range<usize>) -> Region {
    let line = |byte: usize| {
        let line = text.byte_to_line(byte.min(text.len_bytes())) + 1;
        u32::try_from(line).unwrap_or(u32::MAX)
    };
    let last = if range.is_empty() { range.start } else { range.end - 1 };
    Region::Lines(line(range.start), line(last))
}
