//! `tenon.undo` and `tenon.redo`: an accepted step, across its files.

use serde_json::{Value, json};

use crate::app::applying::{self, FileTexts, Purpose};
use crate::app::event::{Command, Which};
use crate::app::state::State;
use crate::problem::{Category, Problem};
use crate::review::{Direction, ProposalId};
use crate::text::DocumentUri;

/// Answers `{"undone": id}` or `{"redone": id}`, the id of the proposal; the edit follows. `texts` are the closed files
/// of the step.
pub(in crate::app) fn take(
    state: &mut State,
    command: &Command,
    texts: &FileTexts,
) -> Result<Value, Problem> {
    let Some((which, direction)) = wanted(command) else { return Ok(Value::Null) };
    let (id, proposal) = find(state, which, direction)?;
    // What can be checked now is refused in the command's own answer.
    if let Err(problem) = applying::check_take(state, id, direction, texts) {
        if problem.code != "changed-since" {
            return Err(problem);
        }
        if which.merge {
            return super::merge::propose(state, id, direction, texts);
        }
        return Err(problem.details(super::merge::conflicts(state, id, direction, texts)));
    }
    applying::enqueue(state, Purpose::Take { operation: id, direction });
    Ok(match direction {
        Direction::Undo => {
            state.forget_answer(&proposal);
            json!({ "undone": proposal.as_str() })
        }
        Direction::Redo => json!({ "redone": proposal.as_str() }),
    })
}

/// The closed files of the step that a command means, as long as one of them was not read.
pub(in crate::app) fn unread(state: &State, command: &Command, texts: &FileTexts) -> Vec<DocumentUri> {
    let found = wanted(command).and_then(|(which, direction)| {
        let (id, _) = find(state, which, direction).ok()?;
        Some(applying::closed_files_of(state, id, direction))
    });
    let needed = found.unwrap_or_default();
    if needed.iter().all(|uri| texts.contains_key(uri)) { Vec::new() } else { needed }
}

fn wanted(command: &Command) -> Option<(&Which, Direction)> {
    match command {
        Command::Undo(which) => Some((which, Direction::Undo)),
        Command::Redo(which) => Some((which, Direction::Redo)),
        _ => None,
    }
}

fn find(state: &State, which: &Which, direction: Direction) -> Result<(u64, ProposalId), Problem> {
    let free = |id| !state.flights.is_busy(id);
    if let Some(number) = which.operation {
        let operation = state.history.numbered(number).ok_or_else(|| {
            let message = format!("there is no step o{number} that could be taken back");
            Problem::error("unknown-operation", Category::Request, message)
                .hint("tenon.history lists what there is, of other sessions as well")
        })?;
        if operation.undone != (direction == Direction::Redo) || !free(operation.id) {
            let side = if operation.undone { "undone" } else { "applied" };
            let message = format!("o{number} is {side} already, or on its way");
            return Err(Problem::error("operation-taken", Category::Request, message)
                .hint("tenon.history tells the state of each step"));
        }
        return Ok((operation.id, operation.proposal.clone()));
    }
    let proposal = which.proposal.clone().map(ProposalId::new);
    let found = state.history.find(direction, proposal.as_ref(), |id| !free(id));
    found.map(|operation| (operation.id, operation.proposal.clone())).ok_or_else(|| {
        let (code, verb) = match direction {
            Direction::Undo => ("nothing-to-undo", "undo"),
            Direction::Redo => ("nothing-to-redo", "redo"),
        };
        Problem::error(code, Category::Request, format!("there is no change to {verb}")).hint(
            "older steps and those of other sessions are named by their numbers; tenon.history lists them",
        )
    })
}
