//! All mutable state of the application, owned by the loop.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Parts;
use super::applying::Flights;
use super::chronicle::Chronicle;
use super::completion::Completions;
use super::event::{ClientFacts, Event, Internal, InternalEvent};
use super::pages::Pages;
use super::tasks::{Ready, Tasks};
use crate::diff::lower::ProtectedConsent;
use crate::model::{CacheKey, Role};
use crate::orchestrator::{Services, desynchronised};
use crate::ports::EditFate;
use crate::ports::metrics::catalogue::{HUNKS, PROBLEMS};
use crate::problem::{Category, Problem, Severity};
use crate::review::{History, Proposal, ProposalId, ProposalState, Track};
use crate::text::{Document, DocumentSnapshot, DocumentUri};

/// An open document and when it was used last.
#[derive(Debug)]
pub(super) struct OpenDocument {
    pub document: Document,
    pub used: u64,
}

/// Everything that changes.
pub(super) struct State {
    pub parts: Parts,
    pub client: ClientFacts,
    pub documents: HashMap<DocumentUri, OpenDocument>,
    pub tasks: Tasks,
    /// Oldest first.
    pub proposals: Vec<Proposal>,
    /// Proposals that are not yet in the journal, and so not yet shown.
    pub unshown: Vec<Ready>,
    /// The hunk that the last step led to.
    pub stepped: Option<(ProposalId, usize)>,
    /// The latest proposal, until a step was taken since it came.
    pub unvisited: Option<ProposalId>,
    /// What their models were asked for.
    pub roles: HashMap<ProposalId, Role>,
    /// Protected files that the user let their requests write.
    pub consents: HashMap<ProposalId, ProtectedConsent>,
    /// What the answers behind them are kept under, until the user does not want them.
    pub answers: HashMap<ProposalId, CacheKey>,
    pub history: History,
    pub flights: Flights,
    /// The session as far as the journal goes.
    pub chronicle: Chronicle,
    pub completions: Completions,
    /// What requests are written on.
    pub pages: Pages,
    /// Whether a refresh of the marks is on its way.
    pub marks_due: bool,
    /// Documents that show marks at the moment.
    pub marked: Vec<DocumentUri>,
    /// Whether it was said that a restricted workspace applies nothing by itself.
    pub told_restricted: bool,
    clock: u64,
    inbox: mpsc::UnboundedSender<Event>,
}

impl State {
    pub(super) fn new(parts: Parts, inbox: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            parts,
            client: ClientFacts::default(),
            documents: HashMap::new(),
            tasks: Tasks::default(),
            proposals: Vec::new(),
            unshown: Vec::new(),
            stepped: None,
            unvisited: None,
            roles: HashMap::new(),
            consents: HashMap::new(),
            answers: HashMap::new(),
            history: History::default(),
            flights: Flights::default(),
            chronicle: Chronicle::default(),
            completions: Completions::default(),
            pages: Pages::default(),
            marks_due: false,
            marked: Vec::new(),
            told_restricted: false,
            clock: 0,
            inbox,
        }
    }

    /// Works by another configuration from now on.
    pub(super) fn reconfigure(&mut self, new: Parts) {
        let Parts {
            services, review_mode, concurrent_tasks, completion, providers, budget, warnings, ..
        } = new;
        let Services { models, files, settings, filter, .. } = services;
        let services = Services { models, files, settings, filter, ..self.parts.services.clone() };
        let completed = self.parts.completion.is_some();
        self.parts = Parts {
            services,
            review_mode,
            concurrent_tasks,
            completion,
            providers,
            budget,
            ..self.parts.clone()
        };
        for problem in &warnings {
            self.tell(problem);
        }
        if warnings.iter().all(|problem| problem.severity != Severity::Error) {
            let text = if completed == self.parts.completion.is_some() {
                "tenon: the configuration that you saved counts now"
            } else {
                "tenon: the configuration that you saved counts now, but for completion at the cursor: restart the server for that"
            };
            self.parts.services.editor.message(Severity::Info, text);
        }
    }

    /// Sends an event to the loop itself, from anywhere.
    pub(super) fn sender(&self) -> impl Fn(InternalEvent) + Send + 'static {
        let inbox = self.inbox.clone();
        move |event| {
            let _ = inbox.send(Event::Internal(Internal(event)));
        }
    }

    /// Sends an event to the loop after a while.
    pub(super) fn later(&self, delay: Duration, event: InternalEvent) {
        let send = self.sender();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            send(event);
        });
    }

    /// Lets the answer behind a proposal not be given again: the user did not want it.
    pub(super) fn forget_answer(&mut self, proposal: &ProposalId) {
        if let Some(answer) = self.answers.remove(proposal) {
            self.parts.services.models.forget(answer);
        }
    }

    /// Counts what became of `n` hunks of a proposal.
    pub(super) fn count(&self, proposal: &ProposalId, fate: EditFate, n: usize) {
        let found = self.proposals.iter().find(|known| known.id == *proposal);
        HUNKS.add(fate, n as u64);
        if let (Some(found), Some(role), 1..) = (found, self.roles.get(proposal), n) {
            self.parts.services.ledger.decided(*role, &found.model, fate, n as u64);
        }
    }

    /// Shows a problem with its hint.
    pub(super) fn tell(&self, problem: &Problem) {
        PROBLEMS.count(problem.code);
        let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.parts.services.editor.message(problem.severity, &format!("tenon: {}{hint}", problem.message));
    }

    /// Counts uses, so that documents can be ordered by them.
    pub(super) fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The document if it is open and its mirror can be trusted.
    pub(super) fn live(&self, uri: &DocumentUri) -> Option<&Document> {
        let document = &self.documents.get(uri)?.document;
        document.desynchronised().is_none().then_some(document)
    }

    /// Refuses documents whose mirror cannot be trusted, or in which the editor may count lines otherwise; a closed
    /// one is fine.
    pub(super) fn trusted(&self, uri: &DocumentUri) -> Result<(), Problem> {
        let Some(open) = self.documents.get(uri) else { return Ok(()) };
        if let Some(reason) = open.document.desynchronised() {
            return Err(desynchronised(uri, reason));
        }
        if open.document.ambiguous_lines() {
            let message =
                format!("{} has carriage returns that are not followed by a line feed", uri.as_str());
            return Err(Problem::error("ambiguous-lines", Category::Document, message).hint(
                "the protocol counts them as line ends and most editors do not, so no place below one is certain; \
                 remove them first",
            ));
        }
        Ok(())
    }

    /// The open documents, most recently used first; cheap, because ropes share their nodes.
    pub(super) fn snapshots(&self) -> Vec<DocumentSnapshot> {
        let mut open: Vec<_> = self.documents.values().collect();
        open.sort_by_key(|open| std::cmp::Reverse(open.used));
        open.into_iter().map(|open| open.document.snapshot()).collect()
    }

    /// Everything that follows the text of documents: running tasks, proposals, applied operations.
    pub(super) fn tracks_of(&mut self, uri: &DocumentUri) -> impl Iterator<Item = &mut Track> {
        self.tracks().filter(move |track| track.uri() == uri)
    }

    fn tracks(&mut self) -> impl Iterator<Item = &mut Track> {
        let Self { tasks, proposals, unshown, history, flights, pages, .. } = self;
        // Once everything of a proposal is decided, nobody asks any more where it would be.
        let open = |p: &&mut Proposal| matches!(p.state(), ProposalState::Proposed | ProposalState::Accepted);
        let proposed =
            proposals.iter_mut().filter(open).flat_map(|p| p.files.iter_mut().map(|file| &mut file.track));
        let unshown = unshown.iter_mut().flat_map(|ready| ready.proposal.files.iter_mut());
        let proposed = proposed.chain(unshown.map(|file| &mut file.track));
        let under_way = tasks.tracks_mut().chain(flights.tracks_mut());
        under_way.chain(proposed).chain(history.tracks_mut()).chain(pages.tracks_mut())
    }

    /// Takes the client's spelling of a document that was just opened: what was proved against the file under
    /// another one (made from a path) belongs to this document.
    pub(super) fn take_spelling(&mut self, uri: &DocumentUri) {
        for track in self.tracks().filter(|track| track.uri() != uri && track.uri().same_file(uri)) {
            track.rename(uri);
        }
    }

    /// The client's spelling of `uri` if the file is open, else `uri` itself.
    pub(super) fn spelling(&self, uri: DocumentUri) -> DocumentUri {
        if self.documents.contains_key(&uri) {
            return uri;
        }
        self.documents.keys().find(|open| open.same_file(&uri)).cloned().unwrap_or(uri)
    }

    /// The proposal a command means: the one named, or the newest that `wanted` accepts.
    pub(super) fn proposal_index(
        &self,
        id: Option<&str>,
        wanted: impl Fn(&Proposal) -> bool,
    ) -> Result<usize, Problem> {
        let found = match id {
            Some(id) => self.proposals.iter().position(|proposal| proposal.id.as_str() == id),
            None => self.proposals.iter().rposition(wanted),
        };
        found.ok_or_else(|| match id {
            Some(id) => {
                Problem::error("unknown-proposal", Category::Request, format!("there is no proposal {id}"))
                    .hint("tenon.status lists the proposals of this session")
            }
            None => Problem::error("no-proposal", Category::Request, "there is no change waiting for this")
                .hint("ask for a change first; tenon.status lists what there is"),
        })
    }

    /// The proposal with this id, shown or not.
    pub(super) fn proposal_of(&self, id: &ProposalId) -> Option<&Proposal> {
        let unshown = self.unshown.iter().map(|ready| &ready.proposal);
        self.proposals.iter().chain(unshown).find(|proposal| proposal.id == *id)
    }

    /// The proposal with this id.
    pub(super) fn proposal_mut(&mut self, id: &ProposalId) -> Option<&mut Proposal> {
        self.proposals.iter_mut().find(|proposal| proposal.id == *id)
    }
}
