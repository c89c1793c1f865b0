//! What an edit became, and what follows from it.

use super::judge::{Judged, judge, may_close};
use super::{ATTEMPTS, FlightFile, FlightKind, Plan, Purpose, applied_kind, is_observable};
use crate::app::chronicle;
use crate::app::marks;
use crate::app::state::State;
use crate::ports::metrics::catalogue::{EDITS, EditStep};
use crate::ports::{EditFate, NO_ANSWER, Settlement, TaskNotice};
use crate::problem::{Category, Problem};
use crate::review::{AppliedFile, AppliedKind, Decision, Direction, Operation, ProposalId, Track};

/// Judges an edit by what was seen, not by the editor's word alone.
pub(super) fn settle(
    state: &mut State,
    plan: Plan,
    number: Option<u64>,
    files: Vec<FlightFile>,
    applied: bool,
    reason: Option<String>,
) {
    let Judged { mut there, halves, overtaken, missing } = judge(state, files, applied);
    if missing.is_empty() && halves.is_empty() && overtaken.is_empty() {
        EDITS.count(EditStep::Applied);
        return succeeded(state, &plan, number, there);
    }
    // Absent for sure: the mirror moved on, and where the edit belongs nothing happened. What cannot be seen is
    // absent when the editor says so and the disk too.
    let absent = missing.iter().all(|file| {
        if is_observable(state, file) {
            is_untouched(state, file)
        } else {
            !applied && file.on_disk == Some(false)
        }
    });
    // An editor that did not answer may still apply the edit.
    let answered = reason.as_deref() != Some(NO_ANSWER);
    let nothing = there.is_empty() && halves.is_empty() && overtaken.is_empty();
    if nothing && absent && answered && !plan.purpose.is_roll_back() && plan.attempt < ATTEMPTS {
        let moved = missing.iter().any(|file| version_now(state, file) != file.version);
        if moved {
            EDITS.count(EditStep::Retried);
            chronicle::settle(state, number, Settlement::RolledBack, None, String::new(), None);
            state.flights.waiting.push_front(Plan { attempt: plan.attempt + 1, ..plan });
            return;
        }
    }
    let problem = if missing.is_empty() && halves.is_empty() {
        typed_meanwhile(&overtaken)
    } else {
        let unsaved = missing.iter().filter(|file| file.on_disk == Some(true));
        let arrived: Vec<_> = there.iter().chain(&halves).chain(&overtaken).chain(unsaved).collect();
        not_applied(state, &arrived, applied, absent, reason)
    };
    if let Purpose::RollBack { operation, .. } = plan.purpose {
        // What is back is back. Only a text that was lost on the way is brought back in its turn.
        let back: Vec<_> = there.iter().chain(&halves).map(|file| file.uri_before().clone()).collect();
        state.history.drop_files(operation, &back);
        there.clear();
    } else {
        there.extend(halves);
    }
    there.extend(overtaken);
    if there.is_empty() {
        chronicle::settle(state, number, Settlement::RolledBack, None, String::new(), None);
    } else {
        roll_back(state, &plan, number, there);
    }
    failed(state, &plan, &problem);
}

impl Purpose {
    fn is_roll_back(&self) -> bool {
        matches!(self, Self::RollBack { .. })
    }
}

fn version_now(state: &State, file: &FlightFile) -> Option<i32> {
    state.live(file.track.uri()).map(crate::text::Document::version)
}

/// Whether nothing happened where the edit belongs, or right beside it: some editors report an edit of ours and
/// typing near it as one change.
fn is_untouched(state: &State, file: &FlightFile) -> bool {
    let Some(document) = state.live(file.track.uri()) else { return false };
    let Some(map) = file.track.map(document.text()) else { return false };
    file.edit.iter().all(|indel| !map.touched(indel.delete.clone()))
}

/// Newer text went together with a file.
fn typed_meanwhile(overtaken: &[FlightFile]) -> Problem {
    let files: Vec<_> = overtaken.iter().map(|file| file.path.as_str()).collect();
    let message = format!("{} was changed while it was being deleted; it is brought back", files.join(", "));
    Problem::error("overtaken", Category::Editor, message)
        .hint("look at it, and save it if the editor did not")
}

fn not_applied(
    state: &State,
    arrived: &[&FlightFile],
    applied: bool,
    absent: bool,
    reason: Option<String>,
) -> Problem {
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let problem = if absent || !applied {
        let message = format!("the editor did not apply the edit{reason}");
        let hint = match (absent, arrived.is_empty()) {
            (true, true) => "nothing was changed; try again".to_owned(),
            (false, true) => "look at the text, then try again".to_owned(),
            (_, false) => partly(state, arrived),
        };
        Problem::error("edit-not-applied", Category::Editor, message).hint(hint)
    } else {
        let message = format!("the editor reported success, but the text is not the one expected{reason}");
        Problem::error("edit-mismatch", Category::Editor, message)
            .hint("compare the text with tenon.show, and use the editor's undo where it is wrong")
    };
    tracing::warn!(code = problem.code, "edit not applied");
    problem
}

/// Says exactly what did happen.
fn partly(state: &State, arrived: &[&FlightFile]) -> String {
    let done: Vec<_> = arrived
        .iter()
        .map(|file| match (file.kind, &file.renamed) {
            (FlightKind::Delete | FlightKind::Uncreate, _) if may_close(state, file) => {
                format!("{} is not on the disk, save it from the open document", file.path)
            }
            (FlightKind::Delete | FlightKind::Uncreate, _) => format!("{} was deleted", file.path),
            (FlightKind::Create, _) => format!("{} was created", file.path),
            (_, Some(renamed)) => format!("{} became {}", file.path, renamed.path),
            (_, None) => format!("{} was changed", file.path),
        })
        .collect();
    format!("it arrived in part, and is taken back: {}", done.join("; "))
}

/// What arrived is a step of its own, which is taken back. Until then, its number is that of an operation under way.
fn roll_back(state: &mut State, plan: &Plan, number: Option<u64>, there: Vec<FlightFile>) {
    EDITS.count(EditStep::RolledBack);
    let proposal = proposal_of(state, &plan.purpose);
    let written = there.iter().filter(|file| file.is_written).map(|file| file.uri_after().clone()).collect();
    let operation = Operation { number, ..operation(state, &plan.purpose, there, proposal) };
    let operation = state.history.push(operation);
    let purpose = Purpose::RollBack { operation, written };
    // Before anything else that waits: the workspace is half-changed.
    state.flights.waiting.push_front(Plan { purpose, attempt: 1 });
}

fn proposal_of(state: &State, purpose: &Purpose) -> ProposalId {
    match purpose {
        Purpose::Accept { proposal, .. } => proposal.clone(),
        Purpose::Take { operation, .. } | Purpose::RollBack { operation, .. } => state
            .history
            .get(*operation)
            .map_or_else(|| ProposalId::new(""), |operation| operation.proposal.clone()),
    }
}

fn operation(state: &State, purpose: &Purpose, files: Vec<FlightFile>, proposal: ProposalId) -> Operation {
    let numbers = match purpose {
        Purpose::Accept { numbers, .. } => numbers.clone(),
        Purpose::Take { .. } | Purpose::RollBack { .. } => Vec::new(),
    };
    let task = task_of(state, &proposal);
    let files = files
        .into_iter()
        .map(|file| AppliedFile {
            path: file.path.clone(),
            kind: applied_kind(&file),
            before: file.before.clone(),
            after: file.after.clone(),
            forward: file.edit.clone(),
            track: file.track_after(),
        })
        .collect();
    Operation { id: 0, number: None, proposal, task, numbers, undone: false, turn: 0, files }
}

fn task_of(state: &State, proposal: &ProposalId) -> String {
    state.proposals.iter().find(|p| p.id == *proposal).map(|p| p.task.clone()).unwrap_or_default()
}

fn succeeded(state: &mut State, plan: &Plan, number: Option<u64>, files: Vec<FlightFile>) {
    match &plan.purpose {
        Purpose::Accept { proposal, numbers, .. } => {
            let was_moved = files.iter().any(|file| file.moved.is_some());
            let operation = Operation { number, ..operation(state, &plan.purpose, files, proposal.clone()) };
            let task = operation.task.clone();
            // The journal has the texts as they were when the edit was sent.
            let records = was_moved.then(|| chronicle::of_operation(&operation));
            // Without a file nothing was sent, and there is nothing to take back.
            if !operation.files.is_empty() {
                state.history.push(operation);
            }
            decide(state, proposal, numbers, Decision::Applied);
            state.count(proposal, EditFate::Accepted, numbers.len());
            let notice = TaskNotice::Applied { proposal: proposal.to_string(), hunks: numbers.len() };
            chronicle::settle(state, number, Settlement::Applied, records, task, Some(notice));
        }
        Purpose::Take { operation, direction } => taken(state, *operation, *direction, files),
        Purpose::RollBack { operation, .. } => {
            // It never was as accepted, so the user has still to decide.
            if let Some(Operation { proposal, numbers, number, .. }) = state.history.forget(*operation) {
                decide(state, &proposal, &numbers, Decision::Proposed);
                let notice = TaskNotice::Undone { proposal: proposal.to_string() };
                let task = task_of(state, &proposal);
                chronicle::settle(state, number, Settlement::RolledBack, None, task, Some(notice));
            }
        }
    }
    marks::refresh(state);
}

/// An operation changed sides: its tracks start anew from the side it is on now.
fn taken(state: &mut State, id: u64, direction: Direction, files: Vec<FlightFile>) {
    let State { history, documents, .. } = &mut *state;
    let Some(operation) = history.take(id, direction) else { return };
    let sent_uris: Vec<_> = files.iter().map(|file| file.uri_before().clone()).collect();
    let all = operation.files.iter().map(|file| file.track.uri().clone());
    let mut unsent: Vec<_> = all.filter(|uri| !sent_uris.contains(uri)).collect();
    for sent in files {
        let Some(file) = operation.files.iter_mut().find(|file| file.track.uri() == sent.uri_before()) else {
            continue;
        };
        let changes_lines = matches!(sent.kind, FlightKind::Modify | FlightKind::Rename);
        // The part of it that was in the text already was not sent; then the operation's own texts stay.
        if changes_lines && sent.edit.iter().len() < file.forward.iter().len() {
            unsent.push(sent.uri_after().clone());
            file.track = sent.track_after();
            continue;
        }
        // Redo and undo were computed on the text of that moment, which becomes the operation's own.
        match direction {
            Direction::Undo if changes_lines => {
                if let Ok(forward) = sent.edit.invert(&sent.before) {
                    (file.before, file.after, file.forward) =
                        (sent.after.clone(), sent.before.clone(), forward);
                }
            }
            Direction::Redo if changes_lines => {
                (file.before, file.after, file.forward) =
                    (sent.before.clone(), sent.after.clone(), sent.edit.clone());
            }
            Direction::Undo | Direction::Redo => {}
        }
        file.track = sent.track_after();
    }
    for file in operation.files.iter_mut().filter(|file| unsent.contains(file.track.uri())) {
        // The user had taken it (in part) by hand: the file is on the other side now all the same.
        let side = if direction == Direction::Undo { &file.before } else { &file.after };
        file.track = Track::closed(file.track.uri().clone(), side.clone());
        if let Some(open) = documents.get(file.track.uri()) {
            file.track.opened(open.document.text());
        }
    }
    let (proposal, numbers, task) =
        (operation.proposal.clone(), operation.numbers.clone(), operation.task.clone());
    let (number, records) = (operation.number, chronicle::of_operation(operation));
    let decision = if direction == Direction::Undo { Decision::Undone } else { Decision::Applied };
    decide(state, &proposal, &numbers, decision);
    // What is made again is accepted again: accepted less undone is what is in the text.
    let fate = if direction == Direction::Undo { EditFate::Undone } else { EditFate::Accepted };
    state.count(&proposal, fate, numbers.len());
    let name = proposal.to_string();
    let (settlement, notice) = match direction {
        Direction::Undo => (Settlement::Undone, TaskNotice::Undone { proposal: name }),
        Direction::Redo => (Settlement::Redone, TaskNotice::Applied { proposal: name, hunks: numbers.len() }),
    };
    chronicle::settle(state, number, settlement, Some(records), task, Some(notice));
}

fn decide(state: &mut State, proposal: &ProposalId, numbers: &[usize], decision: Decision) {
    if let Some(proposal) = state.proposal_mut(proposal) {
        proposal.decide(numbers, decision);
    }
}

/// The text already is what the edit would make it.
pub(super) fn nothing_to_do(state: &mut State, plan: &Plan) {
    succeeded(state, plan, None, Vec::new());
}

/// The edit did not happen: what was accepted is pending again, and the user hears why.
pub(super) fn failed(state: &mut State, plan: &Plan, problem: &Problem) {
    EDITS.count(EditStep::Failed);
    state.tell(problem);
    let proposal = proposal_of(state, &plan.purpose);
    let task = task_of(state, &proposal);
    match &plan.purpose {
        Purpose::Accept { numbers, .. } => decide(state, &proposal, numbers, Decision::Proposed),
        Purpose::Take { .. } => {}
        Purpose::RollBack { operation, .. } => not_rolled_back(state, *operation),
    }
    state.parts.services.editor.notice(&task, TaskNotice::Failed { error: problem.clone() });
    marks::refresh(state);
}

/// Says which files are left half-changed. What the editor's own undo takes back must not stand in the way of every
/// later undo; a file that is gone, or is elsewhere, only we can bring back, so that step stays.
fn not_rolled_back(state: &mut State, operation: u64) {
    let Some(left) = state.history.forget(operation) else { return };
    decide(state, &left.proposal, &left.numbers, Decision::Proposed);
    chronicle::settle(state, left.number, Settlement::RolledBack, None, String::new(), None);
    if left.files.is_empty() {
        return;
    }
    let files: Vec<_> = left.files.iter().map(|file| file.path.as_str()).collect();
    let message = format!("an edit arrived in part and could not be taken back in {}", files.join(", "));
    let problem = Problem::error("half-applied", Category::Editor, message);
    let only_ours =
        |file: &AppliedFile| matches!(file.kind, AppliedKind::Deleted | AppliedKind::Renamed { .. });
    if left.files.iter().any(only_ours) {
        state.tell(&problem.hint("tenon.undo tries it once more"));
        // The hunks are pending, whatever becomes of this step.
        state.history.push(Operation { numbers: Vec::new(), number: None, ..left });
    } else {
        state.tell(&problem.hint("use the editor's own undo in these files"));
    }
}
