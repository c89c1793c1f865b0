//! Steps that a command names by their numbers: looked up in the journal, because another session, or another process,
//! may have made them or taken them meanwhile.
//!
//! Guarantees: only a step of this workspace is taken over, and only one whose files all lie in it. A step of this
//! session that is as the loop knows it keeps what was followed of its texts.

use serde_json::Value;

use super::{back, failed};
use crate::app::event::{Command, InternalEvent, Reply, Which};
use crate::app::main_loop;
use crate::app::state::State;
use crate::ports::{OperationQuery, OperationRecord, OperationState, operation_taken, unknown_operation};
use crate::problem::Problem;
use crate::review::{Operation, ProposalId};

/// A step that was looked up, for the command that waits for it.
#[derive(Debug)]
pub(in crate::app) struct Recalled {
    command: Command,
    reply: Reply<Value>,
    number: u64,
    /// `None` where the number is another workspace's.
    found: Result<Option<OperationRecord>, Problem>,
}

/// Has the step looked up that a command names; a command that names none is given back.
pub(in crate::app) fn recall(
    state: &State,
    command: Command,
    reply: Reply<Value>,
) -> Option<(Command, Reply<Value>)> {
    let (Command::Undo(Which { operation, .. }) | Command::Redo(Which { operation, .. })) = &command else {
        return Some((command, reply));
    };
    let (Some(number), Some(root)) = (*operation, state.chronicle.root()) else {
        return Some((command, reply));
    };
    let query =
        OperationQuery { root: Some(root.to_owned()), path: None, before: number.checked_add(1), limit: 1 };
    let (journal, send) = (state.parts.journal.clone(), state.sender());
    tokio::spawn(async move {
        let found = async {
            let newest = journal.operations(query).await?;
            let is_of_root = newest.first().is_some_and(|operation| operation.head.number == number);
            let operation = journal.operation(number).await?;
            Ok(is_of_root.then_some(operation))
        };
        let found = found.await;
        send(InternalEvent::Recalled(Box::new(Recalled { command, reply, number, found })));
    });
    None
}

/// The step was looked up: the command is run with it.
pub(in crate::app) fn recalled(state: &mut State, recalled: Recalled) {
    let Recalled { command, reply, number, found } = recalled;
    let taken = match found {
        Ok(Some(operation)) => take_over(state, &operation),
        Ok(None) => Err(other_workspace(number)),
        // What the loop knows is good without the journal.
        Err(problem) if state.history.numbered(number).is_some() => {
            failed(state, &problem);
            Ok(())
        }
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(()) => main_loop::run_command(state, command, reply),
        Err(problem) => {
            let _ = reply.send(Err(problem));
        }
    }
}

/// Takes a step into the history, as the journal has it.
fn take_over(state: &mut State, record: &OperationRecord) -> Result<(), Problem> {
    let number = record.head.number;
    let known = state.history.numbered(number);
    if known.is_some_and(|known| state.flights.is_busy(known.id)) {
        // The command says so.
        return Ok(());
    }
    if !matches!(record.head.state, OperationState::Applied | OperationState::Undone) {
        return Err(operation_taken(number, record.head.state));
    }
    if !back::lies_inside(&state.chronicle.root, record) {
        return Err(other_workspace(number));
    }
    let found = back::operation(record);
    if known.is_some_and(|known| is_same(known, &found)) {
        return Ok(());
    }
    let found = match known.map(|known| known.id) {
        Some(id) => {
            let known = state.history.get(id);
            let proposal = known.map_or(found.proposal.clone(), |known| known.proposal.clone());
            Operation { id, proposal, ..found }
        }
        None if state.chronicle.session.as_ref() == Some(&record.head.session) => found,
        // Its ids are those of another session: nothing here has to do with them.
        None => Operation {
            id: state.history.reserve(),
            proposal: ProposalId::new(format!("o{number}")),
            task: String::new(),
            numbers: Vec::new(),
            ..found
        },
    };
    state.history.recall(found);
    back::follow_open_documents(state);
    Ok(())
}

/// Whether a step is on the side, and has the texts, that the journal knows.
fn is_same(known: &Operation, found: &Operation) -> bool {
    known.undone == found.undone
        && known.files.len() == found.files.len()
        && known.files.iter().zip(&found.files).all(|(known, found)| {
            known.path == found.path && known.before == found.before && known.after == found.after
        })
}

fn other_workspace(number: u64) -> Problem {
    let Problem { code, category, .. } = unknown_operation(number);
    Problem::error(code, category, format!("operation o{number} belongs to another workspace"))
        .hint("tenon.history lists the steps of this one")
}
