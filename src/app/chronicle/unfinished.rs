//! Operations that a process left under way when it ended, judged by the text ([`super::sides`]), and judged again when a
//! document of one is opened: an editor may have kept its change without saving it.
//!
//! Guarantees: what was under way is settled unless nothing can be known of it; what is in the text can be undone, also
//! when it came in part; what was taken half is where it was before, so that it can be taken once more. What the user
//! decided since is not touched.

use std::sync::Arc;

use super::sides::{Now, Side, Verdict, side, verdict};
use super::{Word, back, when};
use crate::app::applying::{self, FileTexts};
use crate::app::event::InternalEvent;
use crate::app::marks;
use crate::app::state::State;
use crate::ports::{FileRecord, Kept, NewOperation, OperationRecord, OperationState, Settlement, Unfinished};
use crate::problem::Problem;
use crate::review::{Decision, ProposalId};
use crate::text::{DocumentUri, Rope};

/// What is to be judged when the files were read.
#[derive(Debug)]
pub(in crate::app) struct Left {
    unfinished: Vec<Unfinished>,
    summary: Option<String>,
}

/// A step that was judged, in which some files do not have the change, as far as was seen.
#[derive(Debug)]
pub(super) struct Late {
    left: Unfinished,
    /// Files of the step that have it.
    has: Vec<bool>,
    /// It is under way in the journal: nothing was known of it.
    is_open: bool,
    /// The files that were not open, as they were then.
    texts: Arc<FileTexts>,
}

/// Has the files read that are needed to judge; the session goes on after that.
pub(super) fn look(state: &mut State, unfinished: Vec<Unfinished>, summary: Option<String>) {
    let uris = unfinished.iter().flat_map(|left| &left.step);
    let uris = uris.flat_map(|file| [Some(&file.uri), file.uri_after.as_ref()]).flatten();
    let mut needed: Vec<DocumentUri> = Vec::new();
    for uri in uris {
        if state.live(&state.spelling(uri.clone())).is_none() && !needed.contains(uri) {
            needed.push(uri.clone());
        }
    }
    let left = Left { unfinished, summary };
    if needed.is_empty() {
        return looked(state, left, FileTexts::new());
    }
    applying::read_then(state, needed, |texts| InternalEvent::LeftLooked { left, texts });
}

/// The files were read.
pub(in crate::app) fn looked(state: &mut State, left: Left, texts: FileTexts) {
    let Left { unfinished, mut summary } = left;
    let texts = Arc::new(texts);
    let (mut n_interrupted, mut n_partly) = (0, 0);
    for left in unfinished {
        let sides: Vec<Side> =
            left.step.iter().map(|file| side(file, |uri| now(state, uri, &texts))).collect();
        let has: Vec<bool> = sides.iter().map(|side| *side == Side::After).collect();
        let verdict = verdict(left.operation.head.state, &sides);
        match verdict {
            Verdict::Done => done(state, &left),
            Verdict::Partly => {
                n_partly += 1;
                partly(state, &left, &has);
            }
            Verdict::Not => not(state, &left),
            Verdict::Open => {
                n_interrupted += 1;
                state.chronicle.interrupted.push(left.operation.head.number);
            }
        }
        if verdict != Verdict::Done {
            let (is_open, texts) = (verdict == Verdict::Open, Arc::clone(&texts));
            state.chronicle.late.push(Late { left, has, is_open, texts });
        }
    }
    for (n, what) in [(n_interrupted, "interrupted, see tenon.history"), (n_partly, "arrived in part")] {
        if n > 0 {
            summary = Some(match summary {
                Some(summary) => format!("{summary}, {n} {what}"),
                None => format!("tenon: the last session goes on: {n} {what}"),
            });
        }
    }
    back::finish(state, summary);
}

/// A file as it is now: in the editor where it is open, else as it was read.
fn now(state: &State, uri: &DocumentUri, texts: &FileTexts) -> Now {
    if let Some(document) = state.live(&state.spelling(uri.clone())) {
        return Some(Some(document.text().clone()));
    }
    match texts.get(uri) {
        Some(Ok(text)) => Some(text.as_deref().map(Rope::from_str)),
        Some(Err(_)) | None => None,
    }
}

/// How a step in this state is settled when it happened.
fn end_of(state: OperationState) -> Settlement {
    match state {
        OperationState::Undoing => Settlement::Undone,
        OperationState::Redoing => Settlement::Redone,
        _ => Settlement::Applied,
    }
}

fn settle(state: &mut State, number: u64, settlement: Settlement, files: Option<Vec<FileRecord>>) {
    super::settle(state, Some(number), settlement, files, String::new(), None);
}

fn done(state: &mut State, left: &Unfinished) {
    let settlement = end_of(left.operation.head.state);
    take_over(state, left.operation.clone(), settlement);
    settle(state, left.operation.head.number, settlement, None);
}

fn not(state: &mut State, left: &Unfinished) {
    take_over(state, left.operation.clone(), Settlement::RolledBack);
    settle(state, left.operation.head.number, Settlement::RolledBack, None);
}

/// What arrived of a new operation is that operation; the rest never was.
fn partly(state: &mut State, left: &Unfinished, has: &[bool]) {
    let files = chosen(&left.step, has);
    let mut record = left.operation.clone();
    record.files.clone_from(&files);
    record.head.numbers = numbers_of(state, &left.operation, &files);
    take_over(state, record, Settlement::Applied);
    settle(state, left.operation.head.number, Settlement::Applied, Some(files));
}

fn chosen(step: &[FileRecord], has: &[bool]) -> Vec<FileRecord> {
    step.iter().zip(has).filter(|(_, has)| **has).map(|(file, _)| file.clone()).collect()
}

/// What the operation's proposal is called here.
fn proposal_of(state: &mut State, operation: &OperationRecord) -> ProposalId {
    back::name(state, &operation.head.session, &operation.head.proposal)
}

/// The hunk numbers of an operation that are in `files`; all where the proposal is not here any more.
fn numbers_of(state: &mut State, operation: &OperationRecord, files: &[FileRecord]) -> Vec<usize> {
    let id = proposal_of(state, operation);
    let numbers = operation.head.numbers.clone();
    let Some(proposal) = state.proposal_of(&id) else { return numbers };
    let is_of = |number: &usize| {
        proposal.files.iter().any(|file| {
            files.iter().any(|record| record.path == file.path)
                && file.decisions().iter().any(|(known, _)| known == number)
        })
    };
    numbers.into_iter().filter(is_of).collect()
}

/// What was judged is the history's from now on, where it is of a session that is held here.
fn take_over(state: &mut State, mut record: OperationRecord, settlement: Settlement) {
    let Some(next) = settlement.after(record.head.state) else { return };
    if !state.chronicle.sessions.contains(&record.head.session) {
        return;
    }
    // A take that did not happen leaves the operation on the side where it was: it comes back as well.
    let decision = match next {
        OperationState::Applied => Decision::Applied,
        OperationState::Undone => Decision::Undone,
        _ => return,
    };
    record.head.state = next;
    let Some(operation) = back::operation(state, &record) else { return };
    decide(state, &operation.proposal, &operation.numbers, decision);
    state.history.put(operation);
}

fn decide(state: &mut State, proposal: &ProposalId, numbers: &[usize], decision: Decision) {
    if let Some(proposal) = state.proposal_mut(proposal) {
        proposal.decide(numbers, decision);
    }
}

/// A document was opened: a step of which it is may be in it after all.
pub(in crate::app) fn document_opened(state: &mut State, uri: &DocumentUri) {
    if state.chronicle.is_opening() || state.chronicle.late.is_empty() {
        return;
    }
    let late = std::mem::take(&mut state.chronicle.late);
    let mut rest = Vec::new();
    let mut is_changed = false;
    for mut late in late {
        let n_before = late.has.iter().filter(|has| **has).count();
        let is_over = judge_again(state, &mut late, uri);
        is_changed |= is_over || late.has.iter().filter(|has| **has).count() != n_before;
        if !is_over {
            rest.push(late);
        }
    }
    state.chronicle.late = rest;
    if is_changed {
        back::follow_open_documents(state);
        marks::refresh(state);
    }
}

/// Judges a step once more because of one document; whether nothing is left to judge.
fn judge_again(state: &mut State, late: &mut Late, uri: &DocumentUri) -> bool {
    let is_of = |file: &FileRecord| {
        file.uri.same_file(uri) || file.uri_after.as_ref().is_some_and(|to| to.same_file(uri))
    };
    let found: Vec<bool> = late
        .left
        .step
        .iter()
        .zip(&late.has)
        .map(|(file, has)| {
            !has && is_of(file) && side(file, |uri| now(state, uri, &late.texts)) == Side::After
        })
        .collect();
    if !found.contains(&true) {
        return false;
    }
    for (has, found) in late.has.iter_mut().zip(&found) {
        *has |= found;
    }
    let is_whole = late.has.iter().all(|has| *has);
    if late.left.operation.head.state == OperationState::Prepared {
        arrived(state, late, &found);
        return is_whole;
    }
    is_whole && taken(state, &late.left)
}

/// Files of a new operation have it after all.
fn arrived(state: &mut State, late: &mut Late, found: &[bool]) {
    let files = chosen(&late.left.step, found);
    let numbers = numbers_of(state, &late.left.operation, &files);
    if std::mem::take(&mut late.is_open) {
        let number = late.left.operation.head.number;
        state.chronicle.interrupted.retain(|known| *known != number);
        return partly(state, &late.left, found);
    }
    let id = proposal_of(state, &late.left.operation);
    let is_decided = state.proposal_of(&id).is_some_and(|proposal| {
        let decided = |(number, decision): &(usize, Decision)| {
            numbers.contains(number) && *decision != Decision::Proposed
        };
        proposal.select(None, None).iter().any(decided)
    });
    if !is_decided {
        revive(state, &late.left.operation, files, numbers);
    }
}

/// It was said that this did not happen, so what did is an operation of its own.
fn revive(state: &mut State, left: &OperationRecord, files: Vec<FileRecord>, numbers: Vec<usize>) {
    let Some(root) = state.chronicle.root_of(&files) else { return };
    let mut kept_files = files.clone();
    root.keep(&mut kept_files);
    if !state.chronicle.sessions.contains(&left.head.session) {
        return;
    }
    let session = left.head.session.clone();
    let local = state.history.reserve();
    let new = NewOperation {
        local,
        proposal: left.head.proposal.clone(),
        task: left.head.task.clone(),
        title: left.head.title.clone(),
        instruction: left.head.instruction.clone(),
        model: left.head.model.clone(),
        numbers: numbers.clone(),
        files: kept_files,
    };
    let mut record = OperationRecord { head: left.head.clone(), files };
    (record.head.state, record.head.numbers) = (OperationState::Applied, numbers);
    if let Some(operation) = back::operation(state, &record) {
        let operation = crate::review::Operation { id: local, number: None, ..operation };
        decide(state, &operation.proposal, &operation.numbers, Decision::Applied);
        state.history.put(operation);
    }
    let journal = state.parts.journal.clone();
    let kept: Kept<u64> = Box::pin(async move {
        let number = journal.prepare(&session, new).await?;
        journal.settle(&session, number, Settlement::Applied, None).await?;
        Ok::<_, Problem>(number)
    });
    when(state, kept, move |result| Word::Revived(local, result));
}

/// A take happened after all, in every file; whether that could be said.
fn taken(state: &mut State, left: &Unfinished) -> bool {
    let head = &left.operation.head;
    let is_undone = head.state == OperationState::Undoing;
    let known = state.history.iter().find(|known| known.number == Some(head.number));
    // What the user did with it since is what counts.
    if !known.is_some_and(|known| known.undone != is_undone && !state.flights.is_busy(known.id)) {
        return true;
    }
    done(state, left);
    true
}
