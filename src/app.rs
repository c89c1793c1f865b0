//! The application: one loop that owns all mutable state, and the events that reach it.
//!
//! Front doors (the protocol edge, the command line, later the web page) send [`Event`]s and implement
//! [`crate::ports::Editor`]; nothing else crosses. A handler is a function of `&mut State` that returns at once:
//! whatever waits (a model, a disk, the editor) runs elsewhere and comes back as an event.

mod applying;
mod chronicle;
mod commands;
mod completion;
mod documents;
pub mod event;
mod main_loop;
mod marks;
mod pages;
mod queries;
mod state;
mod tasks;
mod trust;

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use event::{
    ClientFacts, Command, CompletionRequest, EditRequest, Event, Finding, Intent, Query, Region, Reply,
    Selection, Step, Target, Which,
};

use crate::model::{Budget, CompletionSettings};
use crate::orchestrator::Services;
use crate::ports::{Components, FileWriter, FrontDoor, Journal, Scratch, Trust, TrustJudge};
use crate::problem::Problem;
use crate::review::ReviewMode;

/// What the loop is built from.
#[derive(Clone)]
pub struct Parts {
    /// The ports of the tasks, the editor among them.
    pub services: Services,
    /// The record of what is proposed and done.
    pub journal: Arc<dyn Journal>,
    /// Whose sessions there are taken over.
    pub door: FrontDoor,
    /// Writes the files that are not open when a step is taken back or made again.
    pub writer: Arc<dyn FileWriter>,
    /// Where diffs go that are made to be looked at.
    pub scratch: Arc<dyn Scratch>,
    /// What happens to a proposal when it is ready.
    pub review_mode: ReviewMode,
    /// Whether the workspace is trusted, as far as that was looked at: changes are applied without a decision only where
    /// it is.
    pub trust: Trust,
    /// Says it anew whenever something depends on it; `None` where it stays as it is.
    pub judge: Option<Arc<dyn TrustJudge>>,
    /// Most tasks that run at once; the rest wait.
    pub concurrent_tasks: usize,
    /// How text is completed at the cursor; `None` where no model is there for it.
    pub completion: Option<CompletionSettings>,
    /// Names of the configured providers, for the status.
    pub providers: Vec<String>,
    /// Limits on what is spent, for the status; the way to the models keeps them.
    pub budget: Budget,
    /// How the parts of this process are.
    pub components: Arc<Components>,
    /// What went wrong before there was anyone to tell; shown when the front door is ready.
    pub warnings: Vec<Problem>,
}

/// Parts that take the place of those before, of a configuration that changed. What is under way goes on with the old
/// models and rules, and is reviewed as the new ones say; sessions, the editor and what is trusted stay.
pub struct NewParts(pub Parts);

impl fmt::Debug for NewParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewParts").finish_non_exhaustive()
    }
}

/// The way of a front door into the application.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// Where events go.
    pub events: mpsc::UnboundedSender<Event>,
    /// Whether text is completed at the cursor.
    pub completes: bool,
}

impl From<mpsc::UnboundedSender<Event>> for Entrance {
    fn from(events: mpsc::UnboundedSender<Event>) -> Self {
        Self { events, completes: false }
    }
}

/// Starts the loop. It ends at [`Event::Shutdown`].
pub fn spawn(parts: Parts) -> (mpsc::UnboundedSender<Event>, JoinHandle<()>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let state = state::State::new(parts, sender.clone());
    (sender, tokio::spawn(main_loop::run(state, Vec::new(), receiver)))
}

/// Starts the loop once the front door says where it works: `make` builds the parts from that, on a thread that may
/// wait for files. What comes before is kept, and handled in order.
pub fn spawn_when_known(
    make: impl FnOnce(&ClientFacts) -> Parts + Send + 'static,
) -> (mpsc::UnboundedSender<Event>, JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let inbox = sender.clone();
    let running = tokio::spawn(async move {
        let mut early = Vec::new();
        let facts = loop {
            match receiver.recv().await {
                None | Some(Event::Shutdown) => return,
                Some(Event::Initialized(facts)) => break facts,
                Some(event) => early.push(event),
            }
        };
        let known = facts.clone();
        let Ok(parts) = tokio::task::spawn_blocking(move || make(&known)).await else {
            tracing::error!("the application cannot be built");
            return;
        };
        early.insert(0, Event::Initialized(facts));
        main_loop::run(state::State::new(parts, inbox), early, receiver).await;
    });
    (sender, running)
}
