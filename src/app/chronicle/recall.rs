//! Steps that a command names by their numbers: looked up in the journal, because another session, or another process,
//! may have made them or taken them meanwhile.
//!
//! Guarantees: only a step of this workspace is taken over, and only one whose files all lie in it. A step of this
//! session that is as the loop knows it keeps what was followed of its texts.

use serde_json::Value;

use super::{PATIENCE, Word, back, failed, owed, when};
use crate::app::event::{Command, InternalEvent, Reply, Which};
use crate::app::main_loop;
use crate::app::state::State;
use crate::ports::{
    Kept, OperationQuery, OperationRecord, OperationState, operation_taken, unknown_operation,
};
use crate::problem::{Category, Problem};
use crate::review::Operation;

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
    let roots = state.chronicle.roots();
    let Some(number) = operation.filter(|_| !roots.is_empty()) else { return Some((command, reply)) };
    let (journal, send) = (state.parts.journal.clone(), state.sender());
    tokio::spawn(async move {
        let found = async {
            let mut is_of_root = false;
            for root in roots {
                let (path, before) = (None, number.checked_add(1));
                let query = OperationQuery { root: Some(root), path, before, limit: 1 };
                let newest = journal.operations(query).await?;
                is_of_root |= newest.first().is_some_and(|operation| operation.head.number == number);
            }
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
    let known = state.history.numbered(number).map(|known| known.id);
    if known.is_some_and(|known| state.flights.is_busy(known)) {
        // The command says so.
        return Ok(());
    }
    if known.is_some() && owed::owes(state, number) {
        // It is ours, and how it ended is not yet written: what the loop knows is good.
        return Ok(());
    }
    if !matches!(record.head.state, OperationState::Applied | OperationState::Undone) {
        let is_interrupted = state.chronicle.interrupted.contains(&number);
        return Err(if is_interrupted {
            interrupted(number)
        } else {
            operation_taken(number, record.head.state)
        });
    }
    if record.head.imported {
        return Err(imported(number));
    }
    let found = back::operation(state, record).ok_or_else(|| other_workspace(number))?;
    let known = known.and_then(|known| state.history.get(known));
    if known.is_some_and(|known| is_same(known, &found)) {
        return Ok(());
    }
    let found = match known {
        Some(known) => Operation { id: known.id, proposal: known.proposal.clone(), ..found },
        None => found,
    };
    state.history.recall(found);
    back::follow_open_documents(state);
    Ok(())
}

/// The journal knows a step otherwise than the loop: it is looked up there.
pub(in crate::app) fn look_again(state: &mut State, number: u64) {
    let journal = state.parts.journal.clone();
    let kept: Kept<OperationRecord> = Box::pin(async move { journal.operation(number).await });
    when(state, kept, move |result| Word::Found(number, Box::new(result)));
}

/// A step was looked up: the history has it from now on as the journal does, or not any more.
pub(super) fn found(state: &mut State, number: u64, result: Result<OperationRecord, Problem>) {
    let taken = match result {
        // Nothing was said of the step, only that the journal does not answer: it is kept, and looked up later.
        Err(problem) if problem.category != Category::Request => {
            tracing::warn!(code = problem.code, number, "a step could not be looked up");
            if state.history.iter().any(|known| known.number == Some(number)) {
                state.later(PATIENCE, InternalEvent::Journal(Word::LookAgain(number)));
            }
            return;
        }
        result => result.and_then(|record| take_over(state, &record)),
    };
    if let Err(problem) = taken {
        tracing::info!(code = problem.code, number, "a step is not here any more");
        let id = state.history.iter().find(|known| known.number == Some(number)).map(|known| known.id);
        if let Some(id) = id {
            state.history.forget(id);
        }
    }
    crate::app::marks::refresh(state);
}

/// Nobody is at it, and nobody knows on which side it is.
fn interrupted(number: u64) -> Problem {
    let message =
        format!("operation o{number} was interrupted, and its files are neither as before it nor as after");
    Problem::error("operation-taken", Category::Request, message).hint(
        "open its files: they are looked at again; or close the editor, and the next `tenon undo` settles it",
    )
}

/// Whether a step is on the side, and has the texts, that the journal knows.
fn is_same(known: &Operation, found: &Operation) -> bool {
    known.undone == found.undone
        && known.files.len() == found.files.len()
        && known.files.iter().zip(&found.files).all(|(known, found)| {
            known.path == found.path && known.before == found.before && known.after == found.after
        })
}

/// Anybody may have written what it would do, and an editor does not show it first.
fn imported(number: u64) -> Problem {
    let message = format!("operation o{number} came with an imported session, so it is not taken from here");
    Problem::error("imported-operation", Category::Request, message)
        .hint(format!("`tenon undo o{number}` in a terminal shows what it would write"))
}

fn other_workspace(number: u64) -> Problem {
    let Problem { code, category, .. } = unknown_operation(number);
    Problem::error(code, category, format!("operation o{number} belongs to another workspace"))
        .hint("tenon.history lists the steps of this one")
}
