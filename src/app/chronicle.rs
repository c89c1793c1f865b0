//! The journal's side of the loop: the session, what is recorded before it is shown or done, and what comes back.
//!
//! Guarantees: a proposal is shown, an edit sent, and an applied edit told of, only after the journal has said that it is
//! kept. The loop never waits for that word: it comes back as an event, or is taken at once where it is there
//! already. Without a journal, or after it failed, everything goes on as before; that is said once.

mod back;
mod begun;
mod owed;
mod recall;
mod records;
mod roots;
mod sides;
mod unfinished;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::event::{Command, Event, Internal, InternalEvent, Reply};
use super::state::State;
use super::{applying, tasks};
use crate::ports::{ApplyId, FileRecord, Kept, OperationRecord, ProposalStanding, Settlement, TaskNotice};
use crate::problem::{Category, Problem, Severity};
use crate::review::{Decision, ProposalId, ProposalState};

use begun::Found;
pub(super) use begun::begin;
use owed::{Debt, Owed};
pub(super) use recall::{Recalled, look_again, recall, recalled};
pub(super) use records::{direction, of_flight, of_operation};
use roots::Root;
pub(super) use unfinished::{Left, document_opened, looked};

/// Longest wait for a session; the commands of the user wait that long too.
const PATIENCE: Duration = Duration::from_secs(5);
/// For the last decision, when the editor leaves.
const LAST_PATIENCE: Duration = Duration::from_millis(700);

/// What the journal said, and what it was said about.
#[derive(Debug)]
pub(super) enum Word {
    /// Sessions are there, with what processes that ended left under way.
    Resumed(Result<Vec<Found>, Problem>),
    /// The proposal may be shown.
    Proposed(ProposalId, Result<(), Problem>),
    /// What was decided on it is kept.
    Decided(ProposalId, Result<(), Problem>),
    /// The edit may be sent; its number, if it has one.
    Prepared(ApplyId, Result<Option<u64>, Problem>),
    /// What was done may be told.
    Settled { task: String, notice: Option<TaskNotice>, debt: Option<Debt>, result: Result<(), Problem> },
    /// An operation was looked up because the journal knows it otherwise.
    Found(u64, Box<Result<OperationRecord, Problem>>),
    /// What was found in a text after all is an operation with this number; its id in the history comes first.
    Revived(u64, Result<u64, Problem>),
    /// It is time to look up a step again.
    LookAgain(u64),
    /// It is time to tell again what could not be kept.
    Retry,
    /// Something was recorded that nobody waits for.
    Noted(Result<(), Problem>),
}

/// What was last recorded of a proposal.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The session that has it, and its name there.
    session: String,
    name: String,
    /// Its root, by its place among the roots.
    root: usize,
    decisions: Vec<(usize, Decision)>,
    /// Decisions that are on their way.
    sent: Option<Vec<(usize, Decision)>>,
    /// It could not be recorded itself.
    is_missing: bool,
    /// The last try failed; the next one waits.
    is_stuck: bool,
    /// Names of its files' texts.
    names: Vec<String>,
}

/// Commands that wait for the session: its ids go on where they ended.
type Held = VecDeque<(Command, Reply<Value>)>;

/// The sessions as far as the journal goes.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    /// Empty without a journal or a folder: then nothing is recorded.
    roots: Vec<Root>,
    /// Every session that is held.
    sessions: Vec<String>,
    /// Folders that a session was asked for.
    asked: Vec<PathBuf>,
    n_opening: usize,
    held: Held,
    recorded: HashMap<ProposalId, Recorded>,
    /// What proposals of the sessions are called here.
    names: HashMap<(String, String), ProposalId>,
    /// Sessions of tasks that have not ended.
    tasks: HashMap<String, String>,
    owed: Owed,
    late: Vec<unfinished::Late>,
    told: bool,
    told_outside: bool,
    /// Numbers of operations that were left under way and are neither done nor undone.
    pub(super) interrupted: Vec<u64>,
}

impl Chronicle {
    /// Whether a session is being looked for.
    pub(super) fn is_opening(&self) -> bool {
        self.n_opening > 0
    }

    /// Puts a command aside until the session is there.
    pub(super) fn hold(&mut self, command: Command, reply: Reply<Value>) {
        self.held.push_back((command, reply));
    }

    /// The names of the roots that things are recorded of.
    pub(super) fn roots(&self) -> Vec<String> {
        self.roots.iter().map(|root| root.name.clone()).collect()
    }

    /// A session that this process holds: it writes in its name.
    fn session(&self) -> Option<&str> {
        self.roots.first().map(|root| root.session.as_str())
    }

    /// The root that all these files are of.
    fn root_of(&self, files: &[FileRecord]) -> Option<&Root> {
        self.roots.iter().find(|root| root.holds(files))
    }
}

/// The sessions are there, or there are none: what waited for them is done.
fn opened(state: &mut State) {
    state.chronicle.n_opening = state.chronicle.n_opening.saturating_sub(1);
    if state.chronicle.is_opening() {
        return;
    }
    for (command, reply) in std::mem::take(&mut state.chronicle.held) {
        super::main_loop::command(state, command, reply);
    }
}

/// Takes the journal's word at once if it is there, else when it comes.
fn when<T: Send + 'static>(
    state: &mut State,
    mut kept: Kept<T>,
    word: impl FnOnce(Result<T, Problem>) -> Word + Send + 'static,
) {
    match (&mut kept).now_or_never() {
        Some(result) => heard(state, word(result)),
        None => {
            let send = state.sender();
            tokio::spawn(async move { send(InternalEvent::Journal(word(kept.await))) });
        }
    }
}

/// The journal said something.
pub(super) fn heard(state: &mut State, word: Word) {
    match word {
        Word::Resumed(Ok(found)) => back::resumed(state, found),
        Word::Resumed(Err(problem)) => {
            failed(state, &problem);
            opened(state);
        }
        Word::Proposed(proposal, result) => {
            let recorded = state.chronicle.recorded.get_mut(&proposal);
            if let Some(recorded) = recorded {
                (recorded.is_missing, recorded.is_stuck) = (result.is_err(), result.is_err());
            }
            note(state, result);
            tasks::show(state, &proposal);
        }
        Word::Decided(proposal, result) => decided(state, &proposal, result),
        Word::Prepared(id, result) => prepared(state, id, result),
        Word::Settled { task, notice, debt, result } => {
            if let Some(debt) = debt {
                owed::told(state, debt, result);
            }
            if let Some(notice) = notice {
                state.parts.services.editor.notice(&task, notice);
            }
        }
        Word::Found(number, result) => recall::found(state, number, *result),
        Word::Revived(id, result) => match result {
            Ok(number) => {
                state.history.give_number(id, number);
                owed::succeeded(state);
            }
            Err(problem) => failed(state, &problem),
        },
        Word::LookAgain(number) => look_again(state, number),
        Word::Retry => owed::due(state),
        Word::Noted(result) => note(state, result),
    }
}

fn prepared(state: &mut State, id: ApplyId, result: Result<Option<u64>, Problem>) {
    let number = match result {
        // Another process has it: that is an answer, not a failure.
        Err(problem) if problem.category == Category::Request => {
            return applying::refused(state, id, &problem);
        }
        Err(problem) => {
            failed(state, &problem);
            None
        }
        Ok(number) => {
            owed::succeeded(state);
            number
        }
    };
    applying::prepared(state, id, number);
}

/// What was decided is kept, or will be told again.
fn decided(state: &mut State, proposal: &ProposalId, result: Result<(), Problem>) {
    let Some(recorded) = state.chronicle.recorded.get_mut(proposal) else { return };
    let sent = recorded.sent.take();
    if result.is_ok() {
        recorded.is_missing = false;
        recorded.decisions = sent.unwrap_or_default();
    } else {
        recorded.is_stuck = true;
    }
    note(state, result);
}

fn note(state: &mut State, result: Result<(), Problem>) {
    match result {
        Ok(()) => owed::succeeded(state),
        Err(problem) => {
            failed(state, &problem);
            owed::later(state);
        }
    }
}

/// Says once that something is outside of what is recorded.
fn outside(state: &mut State) {
    let nothing_failed = state.client.folders.is_empty() || !state.chronicle.roots.is_empty();
    let is_kept = state.parts.journal.outlives() && nothing_failed;
    if !is_kept || std::mem::replace(&mut state.chronicle.told_outside, true) {
        return;
    }
    let message = "what is done to files in no folder of the workspace is not recorded: it does not survive a \
                   restart of the server, and `tenon log` does not list it";
    let problem = Problem::error("not-recorded", Category::Storage, message).hint("open their folder");
    state.tell(&Problem { severity: Severity::Warning, ..problem });
}

/// Says once that nothing is kept any more.
fn failed(state: &mut State, problem: &Problem) {
    tracing::warn!(code = problem.code, message = problem.message, "the journal failed");
    if std::mem::replace(&mut state.chronicle.told, true) {
        return;
    }
    let mut problem = problem.clone();
    problem.severity = Severity::Warning;
    problem.message =
        format!("what is done from now on may not survive a restart of the server: {}", problem.message);
    state.tell(&problem);
}

/// Records a proposal; it is shown when that is kept.
pub(super) fn propose(state: &mut State, id: &ProposalId) {
    let Some((record, recorded)) = records::proposal(state, id) else {
        outside(state);
        return tasks::show(state, id);
    };
    let kept = state.parts.journal.propose(&recorded.session, record);
    state.chronicle.recorded.insert(id.clone(), recorded);
    let id = id.clone();
    when(state, kept, move |result| Word::Proposed(id, result));
}

/// Records what was decided since the last time. Called after every event: whoever decides need not think of it.
pub(super) fn record_decisions(state: &mut State) {
    let mut updates = Vec::new();
    for proposal in &state.proposals {
        let Some(recorded) = state.chronicle.recorded.get_mut(&proposal.id) else { continue };
        let decisions = proposal.select(None, None);
        let is_due = recorded.is_missing || recorded.decisions != decisions;
        if recorded.is_stuck || recorded.sent.is_some() || !is_due {
            continue;
        }
        let changed: Vec<_> =
            decisions.iter().filter(|decision| !recorded.decisions.contains(decision)).copied().collect();
        recorded.sent = Some(decisions);
        updates.push((proposal.id.clone(), standing(proposal.state()), changed));
    }
    for (id, standing, changed) in updates {
        let decisions = changed.into_iter().map(records::decision).collect();
        let Some(kept) = records::update(state, &id, standing, decisions) else { continue };
        when(state, kept, move |result| Word::Decided(id, result));
    }
}

/// Records what was decided last, before the loop ends; waits for that, but no longer than an editor waits for our end. Nothing
/// else is done any more.
pub(super) async fn last_words(state: &mut State, events: &mut UnboundedReceiver<Event>) {
    let deadline = Instant::now() + LAST_PATIENCE;
    record_decisions(state);
    while state.chronicle.recorded.values().any(|recorded| recorded.sent.is_some()) {
        match tokio::time::timeout_at(deadline, events.recv()).await {
            Ok(Some(Event::Internal(Internal(InternalEvent::Journal(word @ Word::Decided(..)))))) => {
                heard(state, word);
                record_decisions(state);
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
    }
}

fn standing(state: ProposalState) -> ProposalStanding {
    match state {
        ProposalState::Proposed => ProposalStanding::Proposed,
        ProposalState::Accepted => ProposalStanding::Accepted,
        ProposalState::Applied => ProposalStanding::Applied,
        ProposalState::Rejected => ProposalStanding::Rejected,
        ProposalState::Undone => ProposalStanding::Undone,
    }
}

/// Records an edit that is about to be sent; [`applying::prepared`] follows.
pub(super) fn prepare(state: &mut State, id: ApplyId, what: Prepare) {
    let journal = state.parts.journal.clone();
    match what {
        Prepare::New { proposal, numbers, mut files } => {
            let Some(root) = state.chronicle.root_of(&files) else {
                outside(state);
                return applying::prepared(state, id, None);
            };
            root.keep(&mut files);
            let of_proposal = state.chronicle.recorded.get(&proposal);
            let session = of_proposal.map_or(&root.session, |recorded| &recorded.session).clone();
            let new = records::operation(state, &proposal, numbers, files);
            let kept = journal.prepare(&session, new);
            when(state, kept, move |result| Word::Prepared(id, result.map(Some)));
        }
        Prepare::Take { number, direction, mut files } => {
            owed::settle_first(state, number);
            let Some(session) = state.chronicle.session().map(str::to_owned) else {
                return applying::prepared(state, id, None);
            };
            if let Some(root) = state.chronicle.root_of(&files) {
                root.keep(&mut files);
            }
            let kept = journal.prepare_take(&session, number, direction, files);
            when(state, kept, move |result| Word::Prepared(id, result.map(|()| Some(number))));
        }
        Prepare::Unrecorded => applying::prepared(state, id, None),
    }
}

/// What is about to be done.
#[derive(Debug)]
pub(super) enum Prepare {
    /// An operation.
    New { proposal: ProposalId, numbers: Vec<usize>, files: Vec<FileRecord> },
    /// One that is there, once more or back.
    Take { number: u64, direction: crate::ports::Direction, files: Vec<FileRecord> },
    /// Nothing that the journal knows.
    Unrecorded,
}

/// Records how an operation ended; `notice` is sent when that is kept.
pub(super) fn settle(
    state: &mut State,
    number: Option<u64>,
    settlement: Settlement,
    files: Option<Vec<FileRecord>>,
    task: String,
    notice: Option<TaskNotice>,
) {
    let (Some(_), Some(number)) = (state.chronicle.session(), number) else {
        return heard(state, Word::Settled { task, notice, debt: None, result: Ok(()) });
    };
    let files = files.map(|mut files| {
        if let Some(root) = state.chronicle.root_of(&files) {
            root.keep(&mut files);
        }
        files
    });
    owed::tell(state, Debt { number, settlement, files, is_said: false, order: 0 }, task, notice);
}

/// Records a task that begins in `root`, a folder as the client names it.
pub(super) fn task_begins(state: &mut State, task: &str, title: &str, instruction: &str, root: &Path) {
    let is_root = |known: &&Root| known.folders.iter().any(|folder| folder == root);
    let Some(session) = state.chronicle.roots.iter().find(is_root).map(|root| root.session.clone()) else {
        return;
    };
    let record = records::task(task, title, instruction);
    let kept = state.parts.journal.record_task(&session, record);
    state.chronicle.tasks.insert(task.to_owned(), session);
    when(state, kept, Word::Noted);
}

/// Records how a task ended: `finished`, or the code of a problem.
pub(super) fn task_ends(state: &mut State, task: &str, stage: &str, detail: &str) {
    let Some(session) = state.chronicle.tasks.remove(task) else { return };
    let kept = state.parts.journal.record_step(&session, records::step(task, stage, detail));
    when(state, kept, Word::Noted);
}
