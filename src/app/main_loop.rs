//! The one place where order is decided.

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::applying::FileTexts;
use super::event::{Command, Event, Internal, InternalEvent, Query, Reply};
use super::state::State;
use super::{applying, chronicle, commands, completion, documents, marks, pages, queries, tasks, trust};
use crate::ports::metrics::catalogue::LOOP_TIME;
use crate::ports::{Component, LifeCycle};

/// Handles events one by one until [`Event::Shutdown`], or until every front door is gone; those of `early` first.
pub(super) async fn run(mut state: State, early: Vec<Event>, mut events: mpsc::UnboundedReceiver<Event>) {
    let mut early = early.into_iter();
    loop {
        let next = match early.next() {
            Some(event) => Some(event),
            None => events.recv().await,
        };
        let Some(event) = next else { break };
        if matches!(event, Event::Shutdown) {
            break;
        }
        let began = Instant::now();
        handle(&mut state, event);
        // Whatever happened may have ended an edit that others wait behind.
        applying::pump(&mut state);
        chronicle::record_decisions(&mut state);
        tasks::measure(&state);
        LOOP_TIME.observe(began.elapsed());
    }
    chronicle::last_words(&mut state, &mut events).await;
    state.parts.components.set(Component::Protocol, LifeCycle::Stopped, None);
    tasks::cancel_all(&mut state);
    completion::cancel_all(&mut state);
}

fn handle(state: &mut State, event: Event) {
    match event {
        Event::Initialized(facts) => {
            state.client = facts;
            state.parts.components.set(Component::Protocol, LifeCycle::Ready, None);
            for problem in std::mem::take(&mut state.parts.warnings) {
                state.tell(&problem);
            }
            chronicle::begin(state);
        }
        Event::Reconfigured(new) => {
            state.reconfigure(new.0);
            tasks::start_waiting(state);
        }
        Event::FoldersChanged { added, removed } => trust::folders_changed(state, added, &removed),
        Event::Opened { uri, language, version, text } => {
            documents::opened(state, &uri, language, version, &text);
        }
        Event::Changed { uri, version, changes } => documents::changed(state, &uri, version, &changes),
        Event::Closed { uri } => documents::closed(state, &uri),
        Event::Malformed { uri, reason } => documents::malformed(state, uri.as_ref(), reason),
        Event::Command(asked, reply) if state.chronicle.is_opening() => state.chronicle.hold(asked, reply),
        Event::Command(asked, reply) => command(state, asked, reply),
        Event::Query(Query::Actions { uri, span, findings, only, reply }) => {
            let _ = reply.send(Ok(queries::actions(state, &uri, span, &findings, &only)));
        }
        Event::Query(Query::Lenses { uri, reply }) => {
            let _ = reply.send(Ok(queries::lenses(state, &uri)));
        }
        Event::Query(Query::Completion(request, reply)) => completion::ask(state, &request, reply),
        Event::EditAnswered { id, applied, reason } => applying::answered(state, id, applied, reason),
        Event::ProgressCancelled { task } => {
            tasks::cancel(state, Some(&task));
        }
        Event::Internal(Internal(event)) => own(state, event),
        Event::Shutdown => {}
    }
}

/// Runs a command and answers it.
pub(super) fn command(state: &mut State, command: Command, reply: Reply<Value>) {
    if let Command::History { path } = command {
        return commands::history(state, path.as_deref(), reply);
    }
    if matches!(command, Command::Status) {
        return trust::status(state, reply);
    }
    match &command {
        Command::Ask { target, region } => return pages::ask(state, target, *region, reply),
        Command::Run { page, auto } => return pages::run(state, page.as_ref(), *auto, reply),
        _ => {}
    }
    let Some((command, reply)) = chronicle::recall(state, command, reply) else { return };
    run_command(state, command, reply);
}

/// Runs a command that needs nothing looked up any more.
pub(super) fn run_command(state: &mut State, command: Command, reply: Reply<Value>) {
    if matches!(command, Command::Undo(_) | Command::Redo(_)) {
        return take(state, command, reply, &FileTexts::new());
    }
    let result = commands::run(state, command);
    // Nobody waits any more when the request was cancelled.
    let _ = reply.send(result);
}

/// Runs an undo or a redo when the closed files are read that it has to know; what is meant may be another step by
/// then.
fn take(state: &mut State, command: Command, reply: Reply<Value>, texts: &FileTexts) {
    let needed = commands::unread(state, &command, texts);
    if needed.is_empty() {
        let _ = reply.send(commands::take(state, &command, texts));
        return;
    }
    applying::read_then(state, needed, |texts| InternalEvent::TakeRead { command, reply, texts });
}

fn own(state: &mut State, event: InternalEvent) {
    match event {
        InternalEvent::TaskDone { task, result } => tasks::done(state, &task, *result),
        InternalEvent::FilesRead { plan, texts } => applying::files_read(state, plan, &texts),
        InternalEvent::FilesLooked { id, texts } => applying::looked(state, id, &texts),
        InternalEvent::Guarded { id, verdict, result } => applying::guarded(state, id, verdict, result),
        InternalEvent::Judged { verdict, reply } => trust::judged(state, verdict, reply),
        InternalEvent::ApplyDeadline(id) => applying::deadline(state, id),
        InternalEvent::Completed { asked, filled, reply } => {
            completion::answered(state, &asked, filled, reply);
        }
        InternalEvent::RefreshMarks => marks::refresh(state),
        InternalEvent::Journal(word) => chronicle::heard(state, word),
        InternalEvent::FilesWritten { id, result } => applying::written(state, id, result),
        InternalEvent::TakeRead { command, reply, texts } => take(state, command, reply, &texts),
        InternalEvent::PageWritten { subject, written, reply } => {
            pages::written(state, *subject, written, reply);
        }
        InternalEvent::PageRead { uri, auto, texts, reply } => pages::read(state, (&uri, auto), texts, reply),
        InternalEvent::Recalled(recalled) => chronicle::recalled(state, *recalled),
        InternalEvent::LeftLooked { left, texts } => chronicle::looked(state, left, texts),
    }
}
