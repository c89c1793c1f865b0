//! tenon: a language server that writes code with language models and never breaks the text it touches.
//!
//! The rooms, in reading order; `docs/architecture.md` tells the way of one request through them, and
//! `tests/architecture.rs` holds who may import whom. Rooms marked with a `deny` are pure: `clippy.toml` lists what they
//! may not call.

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod problem;

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod text;

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod syntax;

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod diff;

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod prompt;

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod model;

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod review;

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod ports;

pub mod gateway;

pub mod orchestrator;

pub mod app;

pub mod config;

pub mod journal;

pub mod telemetry;

pub mod workspace;

pub mod assembly;

pub mod lsp;

pub mod cli;
