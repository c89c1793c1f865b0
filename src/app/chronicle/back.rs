//! What comes back with a session: numbers that go on, proposals that wait, operations that can be undone.
//!
//! Guarantee: nothing comes back that does not lie in the session's root; what cannot be read is left out and told.

use std::collections::HashMap;

use super::begun::{Found, Taken};
use super::roots::{self, Root};
use super::{Recorded, failed, opened, unfinished};
use crate::app::state::State;
use crate::app::{applying, marks};
use crate::model::{CacheKey, Role};
use crate::ports::{
    FileChange, FileRecord, OperationRecord, OperationState, ProposalRecord, Resumed, Unfinished,
};
use crate::problem::Severity;
use crate::review::stored::{self, Aside};
use crate::review::{AppliedFile, AppliedKind, Decision, Operation, Proposal, ProposalId, Track};
use crate::text::{Rope, TextEdit, sha256};

/// Sessions are there: everything of them is taken over.
pub(super) fn resumed(state: &mut State, found: Vec<Found>) {
    let mut n_unread = 0;
    let mut left = Vec::new();
    let mut operations = Vec::new();
    let mut is_again = false;
    for Found { name, folders, taken } in found {
        match taken {
            Err(problem) => {
                // They may be asked for again.
                state.chronicle.asked.retain(|asked| !folders.contains(asked));
                failed(state, &problem);
            }
            Ok(Taken { sessions, unfinished }) => {
                is_again |= sessions.iter().any(|session| session.again);
                let Some(root) = root(state, name, folders, &sessions) else { continue };
                n_unread += take_sessions(state, root, &sessions, &mut operations);
                left.extend(unfinished.into_iter().map(|left| (root, left)));
            }
        }
    }
    // All at once: what was taken last in any of them is what is undone first.
    state.history.go_on(operations, 0);
    follow_open_documents(state);
    let summary = is_again.then(|| summary(state, n_unread)).flatten();
    let left = left.into_iter().filter_map(|(root, left)| shown(state, root, left)).collect();
    unfinished::look(state, left, summary);
}

/// The place of a root among the roots; another spelling of a known one is noted.
fn root(
    state: &mut State,
    name: String,
    folders: Vec<std::path::PathBuf>,
    sessions: &[Resumed],
) -> Option<usize> {
    let roots = &mut state.chronicle.roots;
    if let Some(known) = roots.iter().position(|known| known.name == name) {
        roots[known].folders.extend(folders);
        return Some(known);
    }
    let session = sessions.first()?.session.clone();
    roots.push(Root { name, folders, session });
    Some(roots.len() - 1)
}

/// Takes over what sessions of a root have; returns the number of things that cannot be read.
fn take_sessions(
    state: &mut State,
    root: usize,
    sessions: &[Resumed],
    operations: &mut Vec<Operation>,
) -> usize {
    let mut n_unread = 0;
    // First all numbers: what is called otherwise here gets one that nobody has.
    for session in sessions {
        state.chronicle.sessions.push(session.session.clone());
        state.tasks.go_on(session.next_task, session.next_proposal);
        state.history.go_on(Vec::new(), session.next_operation);
    }
    for found in sessions {
        n_unread += found.n_unread;
        for record in &found.proposals {
            if let Err(reason) = take_proposal(state, root, &found.session, record) {
                tracing::warn!(proposal = record.id, reason, "a proposal does not come back");
                n_unread += 1;
            }
        }
        for record in &found.operations {
            let Some(mut operation) = operation(state, record) else {
                n_unread += 1;
                continue;
            };
            if operations.iter().any(|known| known.id == operation.id) {
                operation.id = state.history.reserve();
            }
            operations.push(operation);
        }
    }
    n_unread
}

/// What was left under way, with its documents as the client names them; `None` for what is not of the root.
fn shown(state: &State, root: usize, left: Unfinished) -> Option<Unfinished> {
    let root = state.chronicle.roots.get(root)?;
    if !root.holds(&left.step) || !root.holds(&left.operation.files) {
        tracing::warn!(operation = left.operation.head.number, "a step is not of its root");
        return None;
    }
    let Unfinished { operation, mut step } = left;
    root.show_files(&mut step);
    Some(Unfinished { operation: root.show(operation), step })
}

/// Everything is as it was left: the user hears of it, and the commands that waited are run.
pub(super) fn finish(state: &mut State, summary: Option<String>) {
    // What was judged came into the history after the others.
    follow_open_documents(state);
    if let Some(summary) = summary {
        state.parts.services.editor.message(Severity::Info, &summary);
    }
    opened(state);
    marks::refresh(state);
}

/// What a proposal of a session is called here: as there, unless another one has that name.
pub(super) fn name(state: &mut State, session: &str, id: &str) -> ProposalId {
    if id.is_empty() {
        return ProposalId::new("");
    }
    let key = (session.to_owned(), id.to_owned());
    if let Some(known) = state.chronicle.names.get(&key) {
        return known.clone();
    }
    let mut recorded = state.chronicle.recorded.iter();
    if let Some((known, _)) = recorded.find(|(_, known)| known.session == session && known.name == id) {
        return known.clone();
    }
    let same = ProposalId::new(id);
    let is_taken = state.proposal_of(&same).is_some()
        || state.chronicle.names.values().any(|known| *known == same)
        || state.history.iter().any(|operation| operation.proposal == same);
    let name = if is_taken { state.tasks.next_proposal() } else { same };
    state.chronicle.names.insert(key, name.clone());
    name
}

fn summary(state: &State, n_unread: usize) -> Option<String> {
    let n_open = state.proposals.len();
    let n_steps = state.history.iter().filter(|operation| !operation.undone).count();
    let count = |n: usize, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<_> = [
        count(n_open, "proposal waits for review", "proposals wait for review"),
        count(n_steps, "step can be undone", "steps can be undone"),
        count(n_unread, "could not be read", "could not be read"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("tenon: the last session goes on: {}", parts.join(", ")))
}

fn take_proposal(
    state: &mut State,
    root: usize,
    session: &str,
    record: &ProposalRecord,
) -> Result<(), String> {
    let mut texts: HashMap<String, Rope> =
        record.files.iter().filter_map(|file| file.base.clone()).map(|text| (sha256(&text), text)).collect();
    texts.insert(sha256(&Rope::new()), Rope::new());
    let (mut proposal, aside) =
        stored::read(&record.body, |name| texts.get(name).cloned()).map_err(|error| error.to_string())?;
    if proposal.id.as_str() != record.id {
        return Err(format!("it says it is {}", proposal.id));
    }
    let known = &state.chronicle.roots[root];
    if !known.holds_proposal(&proposal) {
        return Err("a file of it is not that of its path in the workspace".to_owned());
    }
    roots::respell(&mut proposal, |uri| known.shown(uri));
    proposal.id = name(state, session, &record.id);
    // What was on its way is judged by the operations; for the rest the user has still to decide.
    let on_its_way: Vec<usize> = numbers(&proposal, Decision::Accepted);
    proposal.decide(&on_its_way, Decision::Proposed);
    let names = proposal.files.iter().map(|file| sha256(file.track.base())).collect();
    let id = proposal.id.clone();
    let recorded = Recorded {
        session: session.to_owned(),
        name: record.id.clone(),
        root,
        decisions: proposal.select(None, None),
        sent: None,
        is_missing: false,
        is_stuck: false,
        names,
    };
    state.chronicle.recorded.insert(id.clone(), recorded);
    take_aside(state, &id, &aside);
    state.proposals.push(proposal);
    Ok(())
}

fn numbers(proposal: &Proposal, wanted: Decision) -> Vec<usize> {
    let of = proposal.select(None, None).into_iter();
    of.filter(|(_, decision)| *decision == wanted).map(|(number, _)| number).collect()
}

fn take_aside(state: &mut State, id: &ProposalId, aside: &Aside) {
    let role = Role::ALL.into_iter().find(|role| role.name() == aside.role);
    state.roles.extend(role.map(|role| (id.clone(), role)));
    let answer = aside.answer.as_deref().and_then(cache_key);
    state.answers.extend(answer.map(|answer| (id.clone(), answer)));
}

fn cache_key(hex: &str) -> Option<CacheKey> {
    let digits = hex.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(CacheKey(key))
}

/// An operation as it was left: one under way counts as not yet taken. Its ids are those of this process. `None` where its
/// files are of no root.
pub(super) fn operation(state: &mut State, record: &OperationRecord) -> Option<Operation> {
    let head = &record.head;
    let root = state.chronicle.root_of(&record.files)?;
    let files = root.show(record.clone()).files;
    let undone = matches!(head.state, OperationState::Undone | OperationState::Redoing);
    let of_own_session = state.chronicle.sessions.contains(&head.session);
    let known = state.history.iter().find(|known| known.number == Some(head.number));
    let id = match known.map(|known| known.id) {
        Some(id) => id,
        None if of_own_session && state.history.get(head.local).is_none() => head.local,
        None => state.history.reserve(),
    };
    // The ids of a session that others hold mean nothing here.
    let (proposal, task, numbers) = if of_own_session {
        (name(state, &head.session, &head.proposal), head.task.clone(), head.numbers.clone())
    } else {
        (ProposalId::new(format!("o{}", head.number)), String::new(), Vec::new())
    };
    Some(Operation {
        id,
        number: Some(head.number),
        proposal,
        task,
        numbers,
        undone,
        turn: head.turn,
        files: files.iter().map(|file| applied_file(file, undone)).collect(),
    })
}

fn applied_file(file: &FileRecord, undone: bool) -> AppliedFile {
    let before = file.before.clone().unwrap_or_default();
    let after = file.after.clone().unwrap_or_default();
    let forward = match file.kind {
        FileChange::Modified | FileChange::Renamed => TextEdit::diff(&before.to_string(), &after.to_string()),
        FileChange::Created | FileChange::Deleted => applying::replace_all(&before, &after.to_string()),
    };
    let (to, path_after) = (file.uri_after.clone(), file.path_after.clone());
    let kind = match (file.kind, to, path_after) {
        (FileChange::Created, ..) => AppliedKind::Created,
        (FileChange::Deleted, ..) => AppliedKind::Deleted,
        (FileChange::Renamed, Some(to), Some(path)) => {
            AppliedKind::Renamed { from: file.uri.clone(), to, path }
        }
        (FileChange::Modified | FileChange::Renamed, ..) => AppliedKind::Modified,
    };
    let (uri, side) = match &kind {
        AppliedKind::Renamed { to, .. } if !undone => (to.clone(), &after),
        _ => (file.uri.clone(), if undone { &before } else { &after }),
    };
    let track = Track::closed(uri, side.clone());
    AppliedFile { path: file.path.clone(), kind, before, after, forward, track }
}

/// Documents that were open before what came back was there.
pub(super) fn follow_open_documents(state: &mut State) {
    let open: Vec<_> =
        state.documents.iter().map(|(uri, open)| (uri.clone(), open.document.text().clone())).collect();
    for (uri, text) in open {
        if state.live(&uri).is_none() {
            continue;
        }
        state.take_spelling(&uri);
        for track in state.tracks_of(&uri).filter(|track| track.is_lost()) {
            track.opened(&text);
        }
    }
}
