//! The one integration-test binary: everything that needs more than one room. `guard` fails when a file of this
//! folder is not listed here.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod cli;
mod completion;
mod damage;
mod demo;
mod documents;
mod edit_cases;
mod editors;
mod emacs;
mod journal;
mod neovim;
mod provider;
mod real_model;
mod scaling;
mod security;
mod session;
mod support;
mod transport;
