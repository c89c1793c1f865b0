//! What is written down outlives the process: commands over the journal, and kill -9 at random points.

mod bad;
#[cfg(target_os = "linux")]
mod faults;
mod kills;
mod place;
mod processes;
mod server;
mod terminal;
mod terminal_audit;
mod terminal_escapes;
mod terminal_history;
mod terminal_interrupted;
mod terminal_left;
