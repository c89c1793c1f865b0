//! Tasks: queued, started with a snapshot, cancelled, done.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::event::InternalEvent;
use super::state::State;
use super::{chronicle, commands, marks};
use crate::diff::lower::ProtectedConsent;
use crate::diff::{ChangeKind, FileChange, impact};
use crate::orchestrator::{self, EditJob, Outcome};
use crate::ports::metrics::catalogue::{PROPOSALS, TASKS, TASKS_RUNNING, TASKS_WAITING, TaskEnd};
use crate::ports::{Progress, ProgressStage, TaskNotice};
use crate::problem::{Problem, Severity};
use crate::review::{
    Decision, Proposal, ProposalId, ProposalState, ProposedChange, ProposedFile, ProposedHunk, ReviewMode,
    Track,
};
use crate::text::{DocumentUri, Rope};

/// What is asked, before it runs.
#[derive(Debug)]
pub(super) struct Queued {
    pub job: EditJob,
    pub title: String,
    /// What is asked, in full.
    pub instruction: String,
    pub auto: Option<bool>,
    /// The hunk that is made anew: rejected when the new proposal is there.
    pub replaces: Option<(ProposalId, usize)>,
    /// The open documents of the snapshot, followed from the moment of the request: its region is a place in them.
    tracks: Vec<Track>,
}

impl Queued {
    /// Takes the snapshot that the job works on.
    pub(super) fn new(
        state: &State,
        mut job: EditJob,
        title: String,
        instruction: String,
        auto: Option<bool>,
    ) -> Self {
        job.documents = state.snapshots();
        let trusted = job.documents.iter().filter(|document| document.desynchronised.is_none());
        let tracks =
            trusted.map(|document| Track::open(document.uri.clone(), document.text.clone())).collect();
        Self { job, title, instruction, auto, replaces: None, tracks }
    }
}

#[derive(Debug)]
struct Running {
    title: String,
    instruction: String,
    auto: Option<bool>,
    replaces: Option<(ProposalId, usize)>,
    target: DocumentUri,
    root: std::path::PathBuf,
    consent: ProtectedConsent,
    cancel: CancellationToken,
    tracks: Vec<Track>,
}

/// The tasks of this session.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    queue: VecDeque<Queued>,
    running: BTreeMap<String, Running>,
    last_task: u64,
    last_proposal: u64,
}

impl Tasks {
    /// A fresh task id.
    pub(super) fn next_id(&mut self) -> String {
        self.last_task += 1;
        format!("t{}", self.last_task)
    }

    /// A fresh id for a proposal.
    pub(super) fn next_proposal(&mut self) -> ProposalId {
        self.last_proposal += 1;
        ProposalId::nth(self.last_proposal)
    }

    pub(super) fn tracks_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        let queued = self.queue.iter_mut().flat_map(|queued| &mut queued.tracks);
        self.running.values_mut().flat_map(|running| &mut running.tracks).chain(queued)
    }

    /// Goes on counting where an earlier process of the session ended.
    pub(super) fn go_on(&mut self, next_task: u64, next_proposal: u64) {
        self.last_task = self.last_task.max(next_task.saturating_sub(1));
        self.last_proposal = self.last_proposal.max(next_proposal.saturating_sub(1));
    }

    /// Ids and titles of everything queued or running.
    pub(super) fn list(&self) -> impl Iterator<Item = (&str, &str)> {
        let running = self.running.iter().map(|(id, task)| (id.as_str(), task.title.as_str()));
        running.chain(self.queue.iter().map(|task| (task.job.task.as_str(), task.title.as_str())))
    }
}

/// Queues a task and starts it if there is room.
pub(super) fn submit(state: &mut State, queued: Queued) {
    let (task, title) = (queued.job.task.clone(), queued.title.clone());
    chronicle::task_begins(state, &task, &title, &queued.instruction, &queued.job.root);
    let services = &state.parts.services;
    services.board.enter(&task, ProgressStage::Queued);
    services.editor.progress(&task, Progress::Begin { title: title.clone() });
    services.editor.notice(&task, TaskNotice::Started { title });
    state.tasks.queue.push_back(queued);
    start_waiting(state);
}

/// Starts what waits, as far as there is room.
pub(super) fn start_waiting(state: &mut State) {
    while state.tasks.running.len() < state.parts.concurrent_tasks {
        let Some(queued) = state.tasks.queue.pop_front() else { return };
        start(state, queued);
    }
}

fn start(state: &mut State, queued: Queued) {
    let Queued { job, title, instruction, auto, replaces, tracks } = queued;
    let cancel = CancellationToken::new();
    let task = job.task.clone();
    let running = Running {
        title,
        instruction,
        auto,
        replaces,
        target: job.target.clone(),
        root: job.root.clone(),
        consent: job.consent.clone(),
        cancel: cancel.clone(),
        tracks,
    };
    state.tasks.running.insert(task.clone(), running);
    let (services, send) = (state.parts.services.clone(), state.sender());
    tokio::spawn(async move {
        // A task of its own inside, so that a panic ends this task's work and nothing else.
        let result = match tokio::spawn(orchestrator::run(job, services, cancel)).await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "a task panicked");
                Err(Problem::error(
                    "internal",
                    crate::problem::Category::Internal,
                    "tenon failed at this task",
                )
                .hint("nothing was changed; please report it with the log file"))
            }
        };
        send(InternalEvent::TaskDone { task, result: Box::new(result) });
    });
}

/// Counts the tasks that wait and run.
pub(super) fn measure(state: &State) {
    TASKS_WAITING.set((), state.tasks.queue.len() as u64);
    TASKS_RUNNING.set((), state.tasks.running.len() as u64);
}

/// Cancels one task, or all; returns how many.
pub(super) fn cancel(state: &mut State, task: Option<&str>) -> usize {
    let meant = |id: &str| task.is_none_or(|task| task == id);
    let mut n_cancelled = 0;
    for (_, running) in state.tasks.running.iter().filter(|(id, _)| meant(id)) {
        if !running.cancel.is_cancelled() {
            running.cancel.cancel();
            n_cancelled += 1;
        }
    }
    let (gone, kept) = std::mem::take(&mut state.tasks.queue).into_iter().partition(|q| meant(&q.job.task));
    state.tasks.queue = kept;
    let gone: VecDeque<Queued> = gone;
    for queued in &gone {
        TASKS.count(TaskEnd::Cancelled);
        end(state, &queued.job.task, "cancelled");
        let error =
            Problem::error("cancelled", crate::problem::Category::Request, "cancelled before it began");
        state.parts.services.editor.notice(&queued.job.task, TaskNotice::Failed { error });
    }
    n_cancelled + gone.len()
}

/// Cancels everything, without a word: the front door is gone.
pub(super) fn cancel_all(state: &mut State) {
    state.tasks.queue.clear();
    for running in state.tasks.running.values() {
        running.cancel.cancel();
    }
}

/// A task ended.
pub(super) fn done(state: &mut State, task: &str, result: Result<Outcome, Problem>) {
    let Some(running) = state.tasks.running.remove(task) else { return };
    match result {
        // Cancelled when it was just done.
        Ok(_) if running.cancel.is_cancelled() => failed(state, task, orchestrator::cancelled()),
        Ok(outcome) => propose(state, task, running, outcome),
        Err(problem) => failed(state, task, problem),
    }
    start_waiting(state);
}

fn failed(state: &mut State, task: &str, problem: Problem) {
    tracing::info!(task, code = problem.code, "task failed");
    TASKS.count(if problem.code == "cancelled" { TaskEnd::Cancelled } else { TaskEnd::Failed });
    chronicle::task_ends(state, task, problem.code, &problem.message);
    end(state, task, &problem.message);
    if problem.code != "cancelled" {
        state.tell(&problem);
    }
    state.parts.services.editor.notice(task, TaskNotice::Failed { error: problem });
}

fn end(state: &State, task: &str, message: &str) {
    state.parts.services.board.remove(task);
    state.parts.services.editor.progress(task, Progress::End { message: message.to_owned() });
}

fn propose(state: &mut State, task: &str, mut running: Running, outcome: Outcome) {
    TASKS.count(TaskEnd::Proposed);
    PROPOSALS.count(());
    let id = state.tasks.next_proposal();
    let mut number = 0;
    let Outcome { role, changes, base, uris, model, mut impact, notes, answer, cached, .. } = outcome;
    let files: Vec<_> = changes
        .files
        .into_iter()
        .map(|change| {
            let uri = state.spelling(uri_of(&uris, &running.root, &change.path));
            let text = base.files.get(&change.path).cloned().unwrap_or_default();
            let track = take_track(state, &mut running.tracks, &uri, text);
            let uri_of = |path: &str| state.spelling(DocumentUri::from_path(&running.root.join(path)));
            let impact = impact.remove(&change.path).unwrap_or_default();
            let path = change.path.clone();
            ProposedFile { path, track, impact, change: proposed(change, uri_of, &mut number) }
        })
        .collect();
    let proposal = Proposal {
        id: id.clone(),
        task: task.to_owned(),
        title: running.title,
        instruction: running.instruction,
        target: running.target,
        model,
        files,
        notes,
    };
    state.roles.insert(id.clone(), role);
    state.consents.insert(id.clone(), running.consent);
    state.answers.extend(answer.map(|answer| (id.clone(), answer)));
    let auto = running.auto.unwrap_or(state.parts.review_mode == ReviewMode::Auto)
        && state.may_apply_unasked(&running.root);
    state.unshown.push(Ready { proposal, cached, auto, replaces: running.replaces });
    chronicle::propose(state, &id);
}

/// A proposal, and what to do with it when it may be shown.
#[derive(Debug)]
pub(super) struct Ready {
    pub proposal: Proposal,
    cached: bool,
    auto: bool,
    replaces: Option<(ProposalId, usize)>,
}

impl Ready {
    /// A proposal that no model wrote, for review.
    pub(super) fn new(proposal: Proposal) -> Self {
        Self { proposal, cached: false, auto: false, replaces: None }
    }
}

/// Shows a proposal that is kept, or cannot be.
pub(super) fn show(state: &mut State, id: &ProposalId) {
    let Some(at) = state.unshown.iter().position(|ready| ready.proposal.id == *id) else { return };
    let Ready { proposal, cached, auto, replaces } = state.unshown.remove(at);
    let task = proposal.task.clone();
    let notice = TaskNotice::Proposal {
        proposal: id.to_string(),
        files: proposal.files.len(),
        hunks: proposal.n_hunks(),
        cached,
    };
    let ready = ready_message(&proposal, cached);
    state.unvisited = Some(id.clone());
    state.proposals.push(proposal);
    forget_old(state);
    chronicle::task_ends(state, &task, "finished", &ready);
    end(state, &task, &ready);
    if let Some((old, hunk)) = replaces {
        turn_down_replaced(state, &old, hunk);
    }
    let editor = &state.parts.services.editor;
    editor.notice(&task, notice);
    editor.notice(&task, TaskNotice::Finished);
    if auto {
        if let Err(problem) = commands::accept_whole(state, id) {
            state.tell(&problem);
        }
    } else {
        editor.message(Severity::Info, &format!("tenon: {ready}"));
    }
    marks::refresh(state);
}

/// The hunk that was made anew is not wanted any more, unless it was decided meanwhile.
fn turn_down_replaced(state: &mut State, proposal: &ProposalId, hunk: usize) {
    let known = state.proposals.iter().find(|known| known.id == *proposal);
    let undecided =
        known.is_some_and(|known| known.select(None, Some(hunk)).contains(&(hunk, Decision::Proposed)));
    if undecided {
        commands::turn_down(state, proposal, &[hunk]);
    }
}

fn uri_of(uris: &BTreeMap<String, DocumentUri>, root: &Path, path: &str) -> DocumentUri {
    uris.get(path).cloned().unwrap_or_else(|| DocumentUri::from_path(&root.join(path)))
}

fn take_track(state: &State, tracks: &mut Vec<Track>, uri: &DocumentUri, base: Rope) -> Track {
    if let Some(at) = tracks.iter().position(|track| track.uri() == uri) {
        return tracks.swap_remove(at);
    }
    let mut track = Track::closed(uri.clone(), base);
    // Opened while the task ran.
    if let Some(document) = state.live(uri) {
        track.opened(document.text());
    }
    track
}

fn proposed(change: FileChange, uri_of: impl Fn(&str) -> DocumentUri, number: &mut usize) -> ProposedChange {
    let decision = Decision::Proposed;
    let mut next = || {
        *number += 1;
        *number - 1
    };
    match change.kind {
        ChangeKind::Modify { hunks } => ProposedChange::Modify(
            hunks.into_iter().map(|hunk| ProposedHunk { number: next(), hunk, decision }).collect(),
        ),
        ChangeKind::Create { text } => ProposedChange::Create { number: next(), text, decision },
        ChangeKind::Delete => ProposedChange::Delete { number: next(), decision },
        ChangeKind::Rename { to, hunks } => {
            let uri = uri_of(&to);
            ProposedChange::Rename { number: next(), to, uri, hunks, decision }
        }
    }
}

fn ready_message(proposal: &Proposal, cached: bool) -> String {
    let (n_hunks, n_files) = (proposal.n_hunks(), proposal.files.len());
    let changes = if n_hunks == 1 { "change" } else { "changes" };
    let files = if n_files == 1 { "file" } else { "files" };
    let impact = impact::summary(proposal.files.iter().flat_map(|file| &file.impact));
    let impact = if impact.is_empty() { impact } else { format!(" ({impact})") };
    let cached = if cached { ", answered from the cache" } else { "" };
    format!("{n_hunks} {changes} in {n_files} {files} ready for review: {}{impact}{cached}", proposal.title)
}

/// Decided proposals are kept for the status of the session, but not without end.
fn forget_old(state: &mut State) {
    const KEPT: usize = 100;
    while state.proposals.len() > KEPT {
        let decided = |p: &Proposal| !matches!(p.state(), ProposalState::Proposed | ProposalState::Accepted);
        let at = state.proposals.iter().position(decided).unwrap_or(0);
        let old = state.proposals.remove(at);
        state.answers.remove(&old.id);
        state.roles.remove(&old.id);
        state.consents.remove(&old.id);
    }
}
