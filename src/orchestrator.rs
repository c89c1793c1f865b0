//! Pipelines of model calls, each run as a task of its own with a snapshot and a cancellation token.
//!
//! No I/O of its own: models, files and the editor are ports. A task never touches the application's state; its
//! one [`Outcome`] goes back to the main loop. Dropping the task's future closes the model's connection.

mod ask;
mod board;
mod comment;
mod conversation;
mod count;
mod edit;
mod failure;
mod fit;
mod gather;
mod job;
mod prompts;
mod put_back;
mod withheld;

pub use board::{Board, TaskProgress};
pub use comment::{CommentInstruction, find_comment};
pub(crate) use edit::cancelled;
pub use edit::run;
pub(crate) use gather::{desynchronised, relative};
pub use job::{EditJob, Finding, Intent, Outcome, Region, Services, Settings};
pub use prompts::PromptLog;
pub(crate) use withheld::{leads_to, withheld};
