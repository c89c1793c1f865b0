//! The journal's side of the loop: the session, what is recorded before it is shown or done, and what comes back.
//!
//! Guarantees: a proposal is shown, an edit sent, and an applied edit told of, only after the journal has said that it is
//! kept. The loop never waits for that word: it comes back as an event, or is taken at once where it is there
//! already. Without a journal, or after it failed, everything goes on as before; that is said once.

mod back;
mod recall;
mod records;
mod unfinished;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::Value;

use super::event::{Command, InternalEvent, Reply};
use super::state::State;
use super::{applying, tasks};
use crate::ports::{
    ApplyId, FileRecord, Kept, ProposalStanding, Resumed, Settlement, TaskNotice, Unfinished,
};
use crate::problem::{Category, Problem, Severity};
use crate::review::{Decision, ProposalId, ProposalState};

pub(super) use back::resumed;
pub(super) use recall::{Recalled, recall, recalled};
pub(super) use records::{direction, of_flight, of_operation};
pub(super) use unfinished::{Left, looked};

/// Longest wait for a session; the commands of the user wait that long too.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the journal said, and what it was said about.
#[derive(Debug)]
pub(super) enum Word {
    /// A session is there, with what processes that ended left under way.
    Resumed(Result<Box<(Resumed, Vec<Unfinished>)>, Problem>),
    /// The proposal may be shown.
    Proposed(ProposalId, Result<(), Problem>),
    /// The edit may be sent; its number, if it has one.
    Prepared(ApplyId, Result<Option<u64>, Problem>),
    /// What was done may be told.
    Settled { task: String, notice: Option<TaskNotice>, result: Result<(), Problem> },
    /// Something was recorded that nobody waits for.
    Noted(Result<(), Problem>),
}

/// What was last recorded of a proposal.
#[derive(Debug)]
pub(super) struct Recorded {
    decisions: Vec<(usize, Decision)>,
    /// Names of its files' texts.
    names: Vec<String>,
}

/// Commands that wait for the session: its ids go on where they ended.
type Held = VecDeque<(Command, Reply<Value>)>;

/// The session as far as the journal goes.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    /// `None` without one: then nothing is recorded.
    session: Option<String>,
    /// The workspace root that it belongs to.
    root: String,
    opening: bool,
    held: Held,
    recorded: HashMap<ProposalId, Recorded>,
    told: bool,
    /// Numbers of operations that were left under way and are neither done nor undone.
    pub(super) interrupted: Vec<u64>,
}

impl Chronicle {
    /// Whether a session is being looked for.
    pub(super) fn is_opening(&self) -> bool {
        self.opening
    }

    /// Puts a command aside until the session is there.
    pub(super) fn hold(&mut self, command: Command, reply: Reply<Value>) {
        self.held.push_back((command, reply));
    }

    /// The workspace root of the session, if there is one.
    pub(super) fn root(&self) -> Option<&str> {
        self.session.as_ref().map(|_| self.root.as_str())
    }
}

/// Asks for a session of the first workspace folder. Without a folder there is nothing to come back to.
pub(super) fn begin(state: &mut State) {
    let Some(root) = state.client.folders.first() else { return };
    state.chronicle.root = root.to_string_lossy().into_owned();
    state.chronicle.opening = true;
    let journal = state.parts.journal.clone();
    let root = state.chronicle.root.clone();
    let door = state.parts.door;
    let kept: Kept<Box<(Resumed, Vec<Unfinished>)>> = Box::pin(async move {
        let resumed = journal.resume(&root, door).await?;
        let unfinished = journal.unfinished(&resumed.session).await?;
        Ok(Box::new((resumed, unfinished)))
    });
    let timed: Kept<_> = Box::pin(async move {
        tokio::time::timeout(PATIENCE, kept).await.unwrap_or_else(|_| {
            Err(Problem::error("journal-unusable", Category::Storage, "the journal does not answer"))
        })
    });
    when(state, timed, Word::Resumed);
}

/// The session is there, or there is none: what waited for it is done.
fn opened(state: &mut State, session: Option<String>) {
    state.chronicle.session = session;
    state.chronicle.opening = false;
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
        Word::Resumed(Ok(found)) => resumed(state, *found),
        Word::Resumed(Err(problem)) => {
            failed(state, &problem);
            opened(state, None);
        }
        Word::Proposed(proposal, result) => {
            note(state, result);
            tasks::show(state, &proposal);
        }
        Word::Prepared(id, result) => {
            let number = match result {
                // Another process has it: that is an answer, not a failure.
                Err(problem) if problem.category == Category::Request => {
                    return applying::refused(state, id, &problem);
                }
                Err(problem) => {
                    failed(state, &problem);
                    None
                }
                Ok(number) => number,
            };
            applying::prepared(state, id, number);
        }
        Word::Settled { task, notice, result } => {
            note(state, result);
            if let Some(notice) = notice {
                state.parts.services.editor.notice(&task, notice);
            }
        }
        Word::Noted(result) => note(state, result),
    }
}

fn note(state: &mut State, result: Result<(), Problem>) {
    if let Err(problem) = result {
        failed(state, &problem);
    }
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
    let Some(session) = state.chronicle.session.clone() else { return tasks::show(state, id) };
    let Some((record, recorded)) = records::proposal(state, id) else { return };
    state.chronicle.recorded.insert(id.clone(), recorded);
    let kept = state.parts.journal.propose(&session, record);
    let id = id.clone();
    when(state, kept, move |result| Word::Proposed(id, result));
}

/// Records what was decided since the last time. Called after every event: whoever decides need not think of it.
pub(super) fn record_decisions(state: &mut State) {
    let Some(session) = state.chronicle.session.clone() else { return };
    let mut updates = Vec::new();
    for proposal in &state.proposals {
        let Some(recorded) = state.chronicle.recorded.get_mut(&proposal.id) else { continue };
        let decisions = proposal.select(None, None);
        if recorded.decisions == decisions {
            continue;
        }
        let changed: Vec<_> =
            decisions.iter().filter(|decision| !recorded.decisions.contains(decision)).copied().collect();
        let body = records::body(state.roles.get(&proposal.id), &state.answers, proposal, &recorded.names);
        recorded.decisions = decisions;
        updates.push((proposal.id.to_string(), standing(proposal.state()), body, changed));
    }
    for (id, standing, body, changed) in updates {
        let decisions = changed.into_iter().map(records::decision).collect();
        let kept = state.parts.journal.update_proposal(&session, &id, standing, Some(body), decisions);
        when(state, kept, Word::Noted);
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
    let Some(session) = state.chronicle.session.clone() else {
        return applying::prepared(state, id, None);
    };
    let journal = state.parts.journal.clone();
    match what {
        Prepare::New { proposal, numbers, files } => {
            let new = records::operation(state, &proposal, numbers, files);
            let kept = journal.prepare(&session, new);
            when(state, kept, move |result| Word::Prepared(id, result.map(Some)));
        }
        Prepare::Take { number, direction, files } => {
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
    let (Some(session), Some(number)) = (state.chronicle.session.clone(), number) else {
        return heard(state, Word::Settled { task, notice, result: Ok(()) });
    };
    let kept = state.parts.journal.settle(&session, number, settlement, files);
    when(state, kept, move |result| Word::Settled { task, notice, result });
}

/// Records a task that begins.
pub(super) fn task_begins(state: &mut State, task: &str, title: &str, instruction: &str) {
    let Some(session) = state.chronicle.session.clone() else { return };
    let record = records::task(task, title, instruction);
    let kept = state.parts.journal.record_task(&session, record);
    when(state, kept, Word::Noted);
}

/// Records how a task ended: `finished`, or the code of a problem.
pub(super) fn task_ends(state: &mut State, task: &str, stage: &str, detail: &str) {
    let Some(session) = state.chronicle.session.clone() else { return };
    let kept = state.parts.journal.record_step(&session, records::step(task, stage, detail));
    when(state, kept, Word::Noted);
}
