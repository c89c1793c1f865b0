//! tenon: a language server that writes code with language models and never breaks the text it touches.
//!
//! The rooms, in reading order; `docs/architecture.md` tells the way of one request through them, and
//! `tests/architecture.rs` holds who may import whom.

pub mod problem;

pub mod text;

pub mod syntax;

pub mod diff;

pub mod prompt;

pub mod model;

pub mod review;

pub mod ports;

pub mod orchestrator;

pub mod app;

pub mod config;

pub mod telemetry;

pub mod lsp;

pub mod cli;
