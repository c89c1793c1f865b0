//! Operations that a process left under way when it ended, judged by the text: equal to what they make, they are done;
//! equal to what was before, they never happened; anything else stays as it is, visible as interrupted.

use super::{Word, back, when};
use crate::app::applying::{self, FileTexts};
use crate::app::event::InternalEvent;
use crate::app::state::State;
use crate::ports::{FileRecord, OperationState, Settlement, Unfinished};
use crate::review::Decision;
use crate::text::{DocumentUri, Rope};

/// What is to be judged when the files were read.
#[derive(Debug)]
pub(in crate::app) struct Left {
    session: String,
    unfinished: Vec<Unfinished>,
    summary: Option<String>,
}

/// Has the files read that are needed to judge; the session goes on after that.
pub(super) fn look(state: &mut State, session: String, unfinished: Vec<Unfinished>, summary: Option<String>) {
    let uris = unfinished.iter().flat_map(|left| &left.step);
    let uris = uris.flat_map(|file| [Some(&file.uri), file.uri_after.as_ref()]).flatten();
    let mut needed: Vec<DocumentUri> = Vec::new();
    for uri in uris {
        if state.live(&state.spelling(uri.clone())).is_none() && !needed.contains(uri) {
            needed.push(uri.clone());
        }
    }
    let left = Left { session, unfinished, summary };
    if needed.is_empty() {
        return looked(state, left, &FileTexts::new());
    }
    applying::read_then(state, needed, |texts| InternalEvent::LeftLooked { left, texts });
}

/// The files were read.
pub(in crate::app) fn looked(state: &mut State, left: Left, texts: &FileTexts) {
    let Left { session, unfinished, mut summary } = left;
    let mut n_interrupted = 0;
    for unfinished in unfinished {
        let number = unfinished.operation.head.number;
        let Some(settlement) = judge(state, &unfinished, texts) else {
            state.chronicle.interrupted.push(number);
            n_interrupted += 1;
            continue;
        };
        take_over(state, &session, &unfinished, settlement);
        let kept = state.parts.journal.settle(&session, number, settlement, None);
        when(state, kept, Word::Noted);
    }
    if n_interrupted > 0 {
        let more = format!("{n_interrupted} interrupted, see tenon.history");
        summary = Some(match summary {
            Some(summary) => format!("{summary}, {more}"),
            None => format!("tenon: the last session goes on: {more}"),
        });
    }
    back::finish(state, session, summary);
}

/// How what was under way ended; `None` where the text is neither as before nor as after.
fn judge(state: &State, left: &Unfinished, texts: &FileTexts) -> Option<Settlement> {
    let all = |is: fn(&State, &FileRecord, &FileTexts) -> bool| {
        !left.step.is_empty() && left.step.iter().all(|file| is(state, file, texts))
    };
    if all(is_after) {
        return Some(match left.operation.head.state {
            OperationState::Undoing => Settlement::Undone,
            OperationState::Redoing => Settlement::Redone,
            _ => Settlement::Applied,
        });
    }
    all(is_before).then_some(Settlement::RolledBack)
}

fn is_after(state: &State, file: &FileRecord, texts: &FileTexts) -> bool {
    let Some(to) = &file.uri_after else { return is(state, &file.uri, file.after.as_ref(), texts) };
    is(state, &file.uri, None, texts) && is(state, to, file.after.as_ref(), texts)
}

fn is_before(state: &State, file: &FileRecord, texts: &FileTexts) -> bool {
    let free = file.uri_after.as_ref().is_none_or(|to| is(state, to, None, texts));
    free && is(state, &file.uri, file.before.as_ref(), texts)
}

/// Whether a file has this text now: in the editor where it is open, else on the disk. One that cannot be read is
/// nothing that could be known.
fn is(state: &State, uri: &DocumentUri, expected: Option<&Rope>, texts: &FileTexts) -> bool {
    if let Some(document) = state.live(&state.spelling(uri.clone())) {
        return expected == Some(document.text());
    }
    match texts.get(uri) {
        Some(Ok(Some(text))) => expected.is_some_and(|expected| expected == text.as_str()),
        Some(Ok(None)) => expected.is_none(),
        Some(Err(_)) | None => false,
    }
}

/// What was judged is the history's from now on, where it is of this session.
fn take_over(state: &mut State, session: &str, left: &Unfinished, settlement: Settlement) {
    let head = &left.operation.head;
    if head.session != session {
        return;
    }
    let Some(next) = settlement.after(head.state) else { return };
    // A take that did not happen leaves the operation on the side where it was: it comes back as well.
    let decision = match next {
        OperationState::Applied => Decision::Applied,
        OperationState::Undone => Decision::Undone,
        _ => return,
    };
    let mut record = left.operation.clone();
    record.head.state = next;
    let operation = back::operation(&record);
    let (proposal, numbers) = (operation.proposal.clone(), operation.numbers.clone());
    state.history.put(operation);
    if let Some(proposal) = state.proposal_mut(&proposal) {
        proposal.decide(&numbers, decision);
    }
}
