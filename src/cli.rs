//! The command line: subcommands and terminal rendering.

pub mod apply;
