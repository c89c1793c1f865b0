//! `tenon.undo` and `tenon.redo`: an accepted step, across its files.

use serde_json::{Value, json};

use crate::app::applying::{self, Purpose};
use crate::app::event::Which;
use crate::app::state::State;
use crate::problem::{Category, Problem};
use crate::review::{Direction, ProposalId};

/// Answers `{"undone": id}` or `{"redone": id}`, the id of the proposal; the edit follows.
pub(super) fn take(state: &mut State, which: &Which, direction: Direction) -> Result<Value, Problem> {
    let (id, proposal) = find(state, which, direction)?;
    // What can be checked now is refused in the command's own answer.
    if let Err(problem) = applying::check_take(state, id, direction) {
        if which.merge && problem.code == "changed-since" {
            return super::merge::propose(state, id, direction);
        }
        return Err(problem);
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
        Problem::error(code, Category::Request, format!("there is no change to {verb}"))
            .hint("steps of other sessions are named by their numbers; tenon.history lists them")
    })
}
