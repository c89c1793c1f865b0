//! What the loop knows, as the journal keeps it.

use super::{Recorded, roots};
use crate::app::applying::FlightFile;
use crate::app::state::State;
use crate::model::Role;
use crate::ports::{
    BaseFile, DecisionRecord, Direction, FileChange, FileRecord, Kept, NewOperation, ProposalRecord,
    ProposalStanding, StepRecord, TaskRecord,
};
use crate::review::stored::{self, Aside};
use crate::review::{
    self, AppliedFile, AppliedKind, Decision, Operation, Proposal, ProposalId, ProposedChange,
};
use crate::text::{DocumentUri, Rope, hex, sha256};

/// A proposal, and what to remember of it to see what is decided later; `None` where it is of no root.
pub(super) fn proposal(state: &State, id: &ProposalId) -> Option<(ProposalRecord, Recorded)> {
    let proposal = state.proposal_of(id)?;
    let roots = &state.chronicle.roots;
    let root = roots.iter().position(|root| root.holds_proposal(proposal))?;
    let recorded = Recorded {
        session: roots[root].session.clone(),
        name: id.to_string(),
        root,
        decisions: proposal.select(None, None),
        sent: None,
        is_missing: false,
        is_stuck: false,
        names: proposal.files.iter().map(|file| sha256(file.track.base())).collect(),
    };
    Some((record_of(state, proposal, &recorded), recorded))
}

fn record_of(state: &State, proposal: &Proposal, recorded: &Recorded) -> ProposalRecord {
    let body = body(state, proposal, recorded);
    let role = state.roles.get(&proposal.id).map(Role::to_string).unwrap_or_default();
    let proposal = as_kept(state, proposal, recorded);
    let files = proposal
        .files
        .iter()
        .map(|file| BaseFile {
            path: file.path.clone(),
            uri: file.uri().clone(),
            base: match file.change {
                ProposedChange::Create { .. } => None,
                _ => Some(file.track.base().clone()),
            },
        })
        .collect();
    ProposalRecord {
        task: proposal.task.clone(),
        title: proposal.title.clone(),
        instruction: proposal.instruction.clone(),
        model: proposal.model.clone(),
        role,
        target: proposal.target.clone(),
        files,
        body,
        n_hunks: proposal.n_hunks(),
        standing: super::standing(proposal.state()),
        id: recorded.name.clone(),
    }
}

/// A proposal under its name in its session, with its documents as the journal names them.
fn as_kept(state: &State, proposal: &Proposal, recorded: &Recorded) -> Proposal {
    let mut kept = proposal.clone();
    kept.id = ProposalId::new(recorded.name.as_str());
    if let Some(root) = state.chronicle.roots.get(recorded.root) {
        roots::respell(&mut kept, |uri| root.kept(uri));
    }
    kept
}

/// The JSON of a proposal.
fn body(state: &State, proposal: &Proposal, recorded: &Recorded) -> String {
    let aside = Aside {
        role: state.roles.get(&proposal.id).map(Role::to_string).unwrap_or_default(),
        answer: state.answers.get(&proposal.id).map(|key| hex(&key.0)),
    };
    stored::body(&as_kept(state, proposal, recorded), &aside, &recorded.names)
}

/// Hands over what became of a proposal; all of it where the journal does not have it yet.
pub(super) fn update(
    state: &State,
    id: &ProposalId,
    standing: ProposalStanding,
    decisions: Vec<DecisionRecord>,
) -> Option<Kept> {
    let (proposal, recorded) = (state.proposal_of(id)?, state.chronicle.recorded.get(id)?);
    let journal = &state.parts.journal;
    if recorded.is_missing {
        return Some(journal.propose(&recorded.session, record_of(state, proposal, recorded)));
    }
    let body = body(state, proposal, recorded);
    Some(journal.update_proposal(&recorded.session, &recorded.name, standing, Some(body), decisions))
}

/// A decision.
pub(super) fn decision((number, decision): (usize, Decision)) -> DecisionRecord {
    let word = match decision {
        Decision::Proposed => "proposed",
        Decision::Accepted => "accepted",
        Decision::Applied => "applied",
        Decision::Rejected => "rejected",
        Decision::Undone => "undone",
    };
    DecisionRecord { number, decision: word.to_owned() }
}

/// An operation that comes from `proposal`.
pub(super) fn operation(
    state: &mut State,
    proposal: &ProposalId,
    numbers: Vec<usize>,
    files: Vec<FileRecord>,
) -> NewOperation {
    let local = state.history.reserve();
    let known = state.proposal_of(proposal);
    let text = |of: fn(&Proposal) -> &String| known.map_or_else(String::new, |proposal| of(proposal).clone());
    NewOperation {
        local,
        proposal: match state.chronicle.recorded.get(proposal) {
            Some(recorded) => recorded.name.clone(),
            None => proposal.to_string(),
        },
        task: text(|proposal| &proposal.task),
        title: text(|proposal| &proposal.title),
        instruction: text(|proposal| &proposal.instruction),
        model: text(|proposal| &proposal.model),
        numbers,
        files,
    }
}

/// The files of an edit that is about to be sent.
pub(in crate::app) fn of_flight(files: &[FlightFile]) -> Vec<FileRecord> {
    files
        .iter()
        .map(|file| {
            let kind = super::applying::applied_kind(file);
            record(&file.path, &kind, file.uri_before(), &file.before, &file.after)
        })
        .collect()
}

/// The files of an operation as they are now that it is done, or was undone.
pub(in crate::app) fn of_operation(operation: &Operation) -> Vec<FileRecord> {
    let of = |file: &AppliedFile| record(&file.path, &file.kind, file.track.uri(), &file.before, &file.after);
    operation.files.iter().map(of).collect()
}

fn record(path: &str, kind: &AppliedKind, uri: &DocumentUri, before: &Rope, after: &Rope) -> FileRecord {
    let (change, uri, uri_after, path_after) = match kind {
        AppliedKind::Modified => (FileChange::Modified, uri, None, None),
        AppliedKind::Created => (FileChange::Created, uri, None, None),
        AppliedKind::Deleted => (FileChange::Deleted, uri, None, None),
        AppliedKind::Renamed { from, to, path } => {
            (FileChange::Renamed, from, Some(to.clone()), Some(path.clone()))
        }
    };
    FileRecord {
        path: path.to_owned(),
        path_after,
        uri: uri.clone(),
        uri_after,
        kind: change,
        before: (change != FileChange::Created).then(|| before.clone()),
        after: (change != FileChange::Deleted).then(|| after.clone()),
    }
}

/// A direction.
pub(in crate::app) fn direction(direction: review::Direction) -> Direction {
    match direction {
        review::Direction::Undo => Direction::Undo,
        review::Direction::Redo => Direction::Redo,
    }
}

/// A task.
pub(super) fn task(task: &str, title: &str, instruction: &str) -> TaskRecord {
    TaskRecord {
        task: task.to_owned(),
        kind: "edit".to_owned(),
        title: title.to_owned(),
        instruction: instruction.to_owned(),
    }
}

/// How a task ended.
pub(super) fn step(task: &str, stage: &str, detail: &str) -> StepRecord {
    StepRecord { task: task.to_owned(), stage: stage.to_owned(), detail: detail.to_owned() }
}
