//! The command line: subcommands, what they print, and the exit codes.
//!
//! A command prints its result to stdout and everything else to stderr. Exit codes: 0 done or unchanged; 1 refused
//! or failed, nothing changed; 2 usage or configuration; 130 cancelled. A reader that closes the pipe ends a command
//! quietly.

pub mod apply;
pub mod config_command;
pub mod consent;
pub mod demo;
pub mod doctor;
pub mod edit;
mod interrupt;
pub mod log;
pub mod metrics;
pub mod models;
pub mod output;
pub mod record;
pub mod sessions;
pub mod show;
pub mod status;
pub mod trust;
pub mod undo;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use output::Exit;

/// Writes code with language models and never breaks the text it touches.
#[derive(Debug, Parser)]
#[command(name = "tenon", version, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve an editor over stdin and stdout.
    Lsp,
    /// Edit files as an instruction says.
    Edit(EditArgs),
    /// Apply a model's reply to files, all or nothing.
    Apply(apply::ApplyArgs),
    /// List what was done in a workspace.
    Log(log::LogArgs),
    /// Show what an operation did.
    Show(show::ShowArgs),
    /// Take an operation back.
    Undo(undo::TakeArgs),
    /// Make an operation again that was taken back.
    Redo(undo::TakeArgs),
    /// List, export, import or forget the sessions that are kept.
    #[command(alias = "session")]
    Sessions(sessions::SessionsArgs),
    /// Check that everything tenon needs is there.
    Doctor(doctor::DoctorArgs),
    /// Show the models of each role, what is known of them, and whether they answer.
    Models(models::ModelsArgs),
    /// Show how the running servers are, what is kept of a workspace, and what was counted.
    Status(status::StatusArgs),
    /// Print what was counted, as Prometheus reads it.
    Metrics,
    /// Show the resolved configuration and where each value came from.
    Config(config_command::ConfigArgs),
    /// Show what trusting a workspace would let in, and trust it.
    Trust(trust::TrustArgs),
    /// See tenon at work on a recorded reply, without any model.
    Demo,
}

/// Arguments of `tenon edit`.
#[derive(Debug, Args)]
pub struct EditArgs {
    /// The workspace; files outside it are never touched.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Apply without asking.
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Print what would be sent to which model, without secrets, and send nothing.
    #[arg(long, conflicts_with_all = ["yes", "record"])]
    pub show_prompt: bool,
    /// Let the change write this protected file, by its path below the root; the workspace must be trusted.
    #[arg(long, value_name = "PATH")]
    pub allow_protected: Vec<String>,
    /// Record the model's replies in this new file, without secrets, to be played again.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// What to do, in your words.
    pub instruction: String,
    /// Files it is about.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

impl Command {
    /// Whether what the command counts is kept. What only looks leaves no trace.
    pub fn is_counted(&self) -> bool {
        match self {
            Self::Edit(args) => !args.show_prompt,
            Self::Apply(args) => !args.check && !args.batch,
            Self::Undo(_) | Self::Redo(_) | Self::Models(_) => true,
            _ => false,
        }
    }

    /// Whether the result, and so an error too, is wanted as JSON.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Edit(args) => args.json,
            Self::Log(args) => args.json,
            Self::Show(args) => args.json,
            Self::Undo(args) | Self::Redo(args) => args.json,
            Self::Sessions(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Models(args) => args.json,
            Self::Config(args) => args.json || args.schema,
            Self::Status(args) => args.json,
            Self::Trust(args) => args.json,
            Self::Apply(_) | Self::Lsp | Self::Demo | Self::Metrics => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn edit_takes_an_instruction_and_paths() {
        let arguments =
            Arguments::try_parse_from(["tenon", "edit", "--root", "w", "--yes", "do it", "a.rs", "b.rs"])
                .unwrap();
        let Command::Edit(args) = arguments.command else { panic!("not edit") };
        assert_eq!((args.root, args.yes, args.json), (PathBuf::from("w"), true, false));
        assert_eq!((args.instruction.as_str(), args.paths.len()), ("do it", 2));
    }

    #[test]
    fn nothing_and_nonsense_are_usage_errors() {
        for arguments in [vec!["tenon"], vec!["tenon", "dance"], vec!["tenon", "edit"]] {
            assert_eq!(Arguments::try_parse_from(arguments).unwrap_err().exit_code(), 2);
        }
    }
}
