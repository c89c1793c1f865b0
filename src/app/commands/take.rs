//! `tenon.undo` and `tenon.redo`: the last accepted step, across its files.

use serde_json::{Value, json};

use crate::app::applying::{self, Purpose};
use crate::app::state::State;
use crate::problem::{Category, Problem};
use crate::review::{Direction, ProposalId};

/// Answers `{"undone": id}` or `{"redone": id}`, the id of the proposal; the edit follows.
pub(super) fn take(
    state: &mut State,
    proposal: Option<String>,
    direction: Direction,
) -> Result<Value, Problem> {
    let proposal = proposal.map(ProposalId::new);
    let Some(operation) = state.history.find(direction, proposal.as_ref(), |id| state.flights.is_busy(id))
    else {
        let (code, verb) = match direction {
            Direction::Undo => ("nothing-to-undo", "undo"),
            Direction::Redo => ("nothing-to-redo", "redo"),
        };
        return Err(Problem::error(code, Category::Request, format!("there is no change to {verb}"))
            .hint("only changes that were accepted in this session can be taken back"));
    };
    let (id, proposal) = (operation.id, operation.proposal.clone());
    // What can be checked now is refused in the command's own answer.
    applying::check_take(state, id, direction)?;
    applying::enqueue(state, Purpose::Take { operation: id, direction });
    Ok(match direction {
        Direction::Undo => {
            state.forget_answer(&proposal);
            json!({ "undone": proposal.as_str() })
        }
        Direction::Redo => json!({ "redone": proposal.as_str() }),
    })
}
