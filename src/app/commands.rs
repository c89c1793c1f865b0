//! The commands of the user, one file per intention. Each returns its result at once.

mod accept;
mod edit;
mod history;
mod merge;
mod prompt;
mod regenerate;
mod show;
mod status;
mod step;
mod take;

use serde_json::{Value, json};

pub(super) use accept::{turn_down, whole as accept_whole};
pub(super) use edit::{edit, home_of, resolve};
pub(super) use history::history;
pub(super) use take::{take, unread};

use super::applying::FileTexts;
use super::event::Command;
use super::state::State;
use super::tasks;
use crate::problem::Problem;

/// Runs a command.
pub(super) fn run(state: &mut State, command: Command) -> Result<Value, Problem> {
    match command {
        Command::Edit(request) => edit(state, request),
        Command::Cancel { task } => Ok(json!({ "cancelled": tasks::cancel(state, task.as_deref()) })),
        Command::Accept(selection) => accept::accept(state, &selection, false),
        Command::Preview(selection) => accept::accept(state, &selection, true),
        Command::Reject(selection) => accept::reject(state, &selection),
        Command::Step(step) => step::step(state, &step),
        Command::Regenerate { proposal, hunk, remark } => {
            regenerate::regenerate(state, proposal.as_deref(), hunk, &remark)
        }
        Command::Undo(_) | Command::Redo(_) => take(state, &command, &FileTexts::new()),
        Command::History { path } => Ok(history::of_process(state, path.as_deref())),
        Command::Show { proposal, open, texts } => show::show(state, proposal.as_deref(), open, texts),
        Command::Prompt { task, open } => prompt::prompt(state, task.as_deref(), open),
        // The loop answers these itself, once a file was read or written.
        Command::Ask { .. } | Command::Run { .. } => Ok(Value::Null),
        Command::Status => Ok(status::status(state)),
    }
}
