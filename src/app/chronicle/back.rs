//! What comes back with a session: numbers that go on, proposals that wait, operations that can be undone.
//!
//! Guarantee: nothing comes back that does not lie in the session's root; what cannot be read is left out and told.

use std::collections::HashMap;
use std::path::{Component, Path};

use super::{Recorded, opened, unfinished};
use crate::app::state::State;
use crate::app::{applying, marks};
use crate::model::{CacheKey, Role};
use crate::ports::{
    FileChange, FileRecord, OperationRecord, OperationState, ProposalRecord, Resumed, Unfinished,
};
use crate::problem::Severity;
use crate::review::stored::{self, Aside, text_name};
use crate::review::{AppliedFile, AppliedKind, Decision, Operation, Proposal, ProposalId, Track};
use crate::text::{DocumentUri, Rope, TextEdit};

/// A session is there: everything of it is taken over.
pub(in crate::app) fn resumed(state: &mut State, (found, left): (Resumed, Vec<Unfinished>)) {
    state.tasks.go_on(found.next_task, found.next_proposal);
    let mut n_unread = 0;
    for record in &found.proposals {
        if let Err(reason) = take_proposal(state, record) {
            tracing::warn!(proposal = record.id, reason, "a proposal does not come back");
            n_unread += 1;
        }
    }
    let root = state.chronicle.root.clone();
    let operations: Vec<_> =
        found.operations.iter().filter(|found| lies_inside(&root, found)).map(operation).collect();
    n_unread += found.operations.len() - operations.len();
    state.history.go_on(operations, found.next_operation);
    follow_open_documents(state);
    let summary = found.again.then(|| summary(state, n_unread)).flatten();
    let session = found.session;
    unfinished::look(state, session, left, summary);
}

/// Everything is as it was left: the user hears of it, and the commands that waited are run.
pub(super) fn finish(state: &mut State, session: String, summary: Option<String>) {
    // What was judged came into the history after the others.
    follow_open_documents(state);
    if let Some(summary) = summary {
        state.parts.services.editor.message(Severity::Info, &summary);
    }
    opened(state, Some(session));
    marks::refresh(state);
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

fn take_proposal(state: &mut State, record: &ProposalRecord) -> Result<(), String> {
    let mut texts: HashMap<String, Rope> = record
        .files
        .iter()
        .filter_map(|file| file.base.clone())
        .map(|text| (text_name(&text), text))
        .collect();
    texts.insert(text_name(&Rope::new()), Rope::new());
    let (mut proposal, aside) =
        stored::read(&record.body, |name| texts.get(name).cloned()).map_err(|error| error.to_string())?;
    if proposal.id.as_str() != record.id {
        return Err(format!("it says it is {}", proposal.id));
    }
    let root = &state.chronicle.root;
    if let Some(file) = proposal.files.iter().find(|file| !lies_in(root, file.uri())) {
        return Err(format!("{} is not in the workspace", file.path));
    }
    if let Some(to) = proposal.files.iter().find_map(|file| match &file.change {
        crate::review::ProposedChange::Rename { uri, .. } if !lies_in(root, uri) => Some(uri),
        _ => None,
    }) {
        return Err(format!("{} is not in the workspace", to.as_str()));
    }
    // What was on its way is judged by the operations; for the rest the user has still to decide.
    let on_its_way: Vec<usize> = numbers(&proposal, Decision::Accepted);
    proposal.decide(&on_its_way, Decision::Proposed);
    let names = proposal.files.iter().map(|file| text_name(file.track.base())).collect();
    let id = proposal.id.clone();
    let recorded = Recorded { decisions: proposal.select(None, None), names };
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

/// An operation as it was left: one under way counts as not yet taken.
pub(super) fn operation(record: &OperationRecord) -> Operation {
    let head = &record.head;
    let undone = matches!(head.state, OperationState::Undone | OperationState::Redoing);
    Operation {
        id: head.local,
        number: Some(head.number),
        proposal: ProposalId::new(head.proposal.as_str()),
        task: head.task.clone(),
        numbers: head.numbers.clone(),
        undone,
        turn: head.turn,
        files: record.files.iter().map(|file| applied_file(file, undone)).collect(),
    }
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

/// Whether all files of an operation lie below `root`.
pub(super) fn lies_inside(root: &str, operation: &OperationRecord) -> bool {
    let is_inside = |file: &FileRecord| {
        lies_in(root, &file.uri) && file.uri_after.as_ref().is_none_or(|uri| lies_in(root, uri))
    };
    operation.files.iter().all(is_inside)
}

/// Whether a document is a file below `root` by its name, or no file at all.
fn lies_in(root: &str, uri: &DocumentUri) -> bool {
    let Some(path) = uri.to_path() else { return true };
    path.starts_with(Path::new(root)) && !path.components().any(|part| part == Component::ParentDir)
}
