//! The damage benchmark's generator: true changes, damaged replies, and what is expected of each.
//!
//! Shared by the benchmark and by a short test. It uses nothing of the engine under test.

#![allow(dead_code, reason = "shared by a benchmark and a test, neither of which uses all of it")]

pub(crate) mod block;
pub(crate) mod case;
pub(crate) mod kind;
pub(crate) mod render;
pub(crate) mod rng;
pub(crate) mod script;

pub(crate) use case::{Case, Expected};
pub(crate) use kind::{Ask, KINDS};
pub(crate) use render::Format;
pub(crate) use rng::Rng;
pub(crate) use script::{Script, UserEdit};
