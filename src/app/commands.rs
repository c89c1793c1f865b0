//! The commands of the user, one file per intention. Each returns its result at once.

mod accept;
mod edit;
mod prompt;
mod show;
mod status;
mod take;

use serde_json::{Value, json};

pub(super) use accept::whole as accept_whole;
pub(super) use edit::root_of;

use super::event::Command;
use super::state::State;
use super::tasks;
use crate::problem::Problem;
use crate::review::Direction;

/// Runs a command.
pub(super) fn run(state: &mut State, command: Command) -> Result<Value, Problem> {
    match command {
        Command::Edit(request) => edit::edit(state, request),
        Command::Cancel { task } => Ok(json!({ "cancelled": tasks::cancel(state, task.as_deref()) })),
        Command::Accept(selection) => accept::accept(state, &selection),
        Command::Reject(selection) => accept::reject(state, &selection),
        Command::Undo { proposal } => take::take(state, proposal, Direction::Undo),
        Command::Redo { proposal } => take::take(state, proposal, Direction::Redo),
        Command::Show { proposal, open } => show::show(state, proposal.as_deref(), open),
        Command::Prompt { task, open } => prompt::prompt(state, task.as_deref(), open),
        Command::Status => Ok(status::status(state)),
    }
}
