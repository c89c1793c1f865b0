//! The application: one loop that owns all mutable state, and the events that reach it.
//!
//! Front doors (the protocol edge, the command line, later the web page) send [`Event`]s and implement
//! [`crate::ports::Editor`]; nothing else crosses.

pub mod event;

pub use event::{Command, EditRequest, Event, Finding, Intent, Query, Region, Reply, Selection, Target};
