//! Text completed at the cursor: one question per document under way, dropped at the next keystroke.
//!
//! Guarantees: nothing waits for a completion and no completion waits for another; an answer is only given for the
//! very text it was asked for, anything else is answered with nothing, never with an error.

mod cache;
mod fill;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::cache::{Cache, Place};
pub(super) use self::fill::Filled;
use super::commands;
use super::event::{Completion, CompletionRequest, InternalEvent, Kept, Reply, Trigger};
use super::state::State;
use crate::model::{CompletionSettings, Role};
use crate::orchestrator;
use crate::ports::EditFate;
use crate::ports::metrics::catalogue::{COMPLETION_TIME, COMPLETIONS, Completed, HUNKS};
use crate::problem::Problem;
use crate::prompt::fill::Hole;
use crate::text::{Document, DocumentUri, PositionEncoding, Rope, Span};

/// Most questions under way; the oldest goes when there is another.
const AT_ONCE: usize = 2;

/// Everything that is known about completions.
#[derive(Default)]
pub(super) struct Completions {
    /// Oldest first, at most one for each document.
    under_way: Vec<UnderWay>,
    cache: Cache,
    /// What was shown last, if nothing was typed since.
    shown: Option<Shown>,
    /// The document that was typed in last, and when.
    typed: Option<(DocumentUri, Instant)>,
    /// Codes of the problems that the user was told since the last answer.
    told: BTreeSet<&'static str>,
    last: u64,
}

struct UnderWay {
    number: u64,
    uri: DocumentUri,
    cancel: CancellationToken,
}

#[derive(Debug)]
struct Shown {
    uri: DocumentUri,
    /// Where the text begins that the editor puts in.
    start: usize,
    text: String,
    /// Bytes of it that were not there before.
    n_new: usize,
    model: String,
}

/// What was asked, as the answer needs it.
#[derive(Debug)]
pub(super) struct Asked {
    number: u64,
    uri: DocumentUri,
    revision: u64,
    target: Target,
    place: Place,
    began: Instant,
}

/// Where an answer goes in the document.
#[derive(Debug, Clone)]
struct Target {
    /// First byte replaced.
    start: usize,
    /// What is replaced, in the client's positions.
    span: Span,
    /// What the text put in begins with.
    kept: String,
}

/// Answers with what completes the text, or nothing; at once where that is known, else in a while.
pub(super) fn ask(state: &mut State, request: &CompletionRequest, reply: Reply<Option<Completion>>) {
    interrupt(state, &request.uri);
    let Some((asked, language, settings)) = prepare(state, request) else {
        let _ = reply.send(Ok(None));
        return;
    };
    if let Some(known) = state.completions.cache.get(&asked.place) {
        let answer = show(state, &asked, known);
        let _ = reply.send(Ok(answer));
        return;
    }
    let cancel = CancellationToken::new();
    let completions = &mut state.completions;
    if completions.under_way.len() >= AT_ONCE {
        completions.under_way.remove(0).cancel.cancel();
    }
    let (number, uri) = (asked.number, asked.uri.clone());
    completions.under_way.push(UnderWay { number, uri, cancel: cancel.clone() });
    let rests = rests(completions, request, settings.debounce);
    let path = path(state, &asked.uri);
    let (text, at) = asked.place.of();
    let place = (text.clone(), at);
    let (services, send) = (state.parts.services.clone(), state.sender());
    let mut reply = reply;
    tokio::spawn(async move {
        let filled = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(None),
            // The client cancelled the request.
            () = reply.closed() => Ok(None),
            filled = fill::fill(&services, path, language, place, settings, rests) => filled,
        };
        send(InternalEvent::Completed { asked: Box::new(asked), filled, reply });
    });
}

/// What there is to ask; `None` where nothing may or can be completed.
fn prepare(state: &mut State, request: &CompletionRequest) -> Option<(Asked, String, CompletionSettings)> {
    let settings = state.parts.completion?;
    state.trusted(&request.uri).ok()?;
    if state.parts.services.filter.denies(&path(state, &request.uri)) {
        return None;
    }
    let document = state.live(&request.uri)?;
    let encoding = state.client.encoding;
    let at = encoding.to_byte(document.text(), request.position);
    let target = target(document, at, &request.kept, encoding)?;
    // The text as if what is kept stood there already: that is what is completed.
    let (text, at) = if matches!(request.kept, Kept::Chosen { .. }) {
        with_chosen(document.text(), target.start, at, &target.kept)
    } else {
        (document.text().clone(), at)
    };
    Hole::at(&text, at, document.language(), settings.context_bytes)?;
    let (language, began) = (document.language().to_owned(), Instant::now());
    let (revision, place) = (document.revision(), Place::new(&request.uri, text, at, settings.context_bytes));
    state.completions.last += 1;
    let asked =
        Asked { number: state.completions.last, uri: request.uri.clone(), revision, target, place, began };
    Some((asked, language, settings))
}

/// A question was answered, or dropped.
pub(super) fn answered(
    state: &mut State,
    asked: &Asked,
    filled: Result<Option<Filled>, Problem>,
    reply: Reply<Option<Completion>>,
) {
    let n_before = state.completions.under_way.len();
    state.completions.under_way.retain(|under_way| under_way.number != asked.number);
    let was_wanted = state.completions.under_way.len() < n_before;
    let failed = filled.is_err();
    let filled = match filled {
        Ok(filled) => filled,
        Err(problem) => {
            COMPLETIONS.count(Completed::Failed);
            tracing::debug!(code = problem.code, "a completion failed");
            // Once: this is asked at every keystroke.
            if was_wanted && state.completions.told.insert(problem.code) {
                state.tell(&problem);
            }
            None
        }
    };
    let answer = filled.and_then(|mut filled| {
        match filled.stopped.take() {
            Some(problem) if state.completions.told.insert(problem.code) => state.tell(&problem),
            Some(_) => {}
            None => state.completions.told.clear(),
        }
        state.completions.cache.put(&asked.place, filled.clone());
        let document = state.live(&asked.uri)?;
        let is_same = was_wanted && document.revision() == asked.revision;
        if is_same { show(state, asked, filled) } else { None }
    });
    if !failed {
        COMPLETIONS.count(if answer.is_some() { Completed::Shown } else { Completed::Nothing });
    }
    if answer.is_some() {
        COMPLETION_TIME.observe(asked.began.elapsed());
    }
    // Nobody waits any more when the request was cancelled.
    let _ = reply.send(Ok(answer));
}

fn show(state: &mut State, asked: &Asked, filled: Filled) -> Option<Completion> {
    let Filled { insert, model, .. } = filled;
    let insert = insert?;
    let Target { start, span, kept } = asked.target.clone();
    state.completions.shown = Some(Shown {
        uri: asked.uri.clone(),
        start,
        text: format!("{kept}{insert}"),
        n_new: insert.len(),
        model: model.clone(),
    });
    Some(Completion { span, kept, insert, model })
}

/// The user types, or the document goes: what is under way for it is of no use any more.
pub(super) fn interrupt(state: &mut State, uri: &DocumentUri) {
    state.completions.under_way.retain(|under_way| {
        let goes = under_way.uri == *uri;
        if goes {
            under_way.cancel.cancel();
        }
        !goes
    });
}

/// A document changed; `n_inserted` are the bytes of the largest piece that came at once.
pub(super) fn changed(state: &mut State, uri: &DocumentUri, n_inserted: usize) {
    state.completions.typed = Some((uri.clone(), Instant::now()));
    let Some(shown) = state.completions.shown.take_if(|shown| shown.uri == *uri) else { return };
    let there = |document: &Document| {
        document
            .text()
            .get_byte_slice(shown.start..shown.start + shown.text.len())
            .is_some_and(|text| text == shown.text.as_str())
    };
    // Typed letter by letter it is the user's own.
    let is_accepted = shown.n_new > 1 && n_inserted >= shown.n_new && state.live(uri).is_some_and(there);
    if is_accepted {
        HUNKS.count(EditFate::Accepted);
        let ledger = &state.parts.services.ledger;
        ledger.decided(Role::Completion, &shown.model, EditFate::Accepted, 1);
    }
}

/// A document was closed.
pub(super) fn closed(state: &mut State, uri: &DocumentUri) {
    interrupt(state, uri);
    let completions = &mut state.completions;
    completions.cache.forget(uri);
    completions.shown.take_if(|shown| shown.uri == *uri);
    completions.typed.take_if(|(typed, _)| typed == uri);
}

/// Cancels everything: the front door is gone.
pub(super) fn cancel_all(state: &mut State) {
    for under_way in state.completions.under_way.drain(..) {
        under_way.cancel.cancel();
    }
}

/// When the typing has rested long enough.
fn rests(completions: &Completions, request: &CompletionRequest, debounce: Duration) -> Option<Instant> {
    match request.trigger {
        Trigger::Hand => None,
        Trigger::Typing => Some(Instant::now() + debounce),
        Trigger::Either => {
            let typed = completions.typed.as_ref().filter(|(uri, _)| *uri == request.uri);
            typed.map(|(_, typed)| *typed + debounce)
        }
    }
}

fn path(state: &State, uri: &DocumentUri) -> String {
    orchestrator::relative(&commands::root_of(state, uri), uri)
}

fn target(document: &Document, at: usize, kept: &Kept, encoding: PositionEncoding) -> Option<Target> {
    let text = document.text();
    let (start, kept) = match kept {
        Kept::Nothing => (at, String::new()),
        Kept::Word => {
            let end = text.byte_to_char(at);
            let before = text.chars_at(end).reversed();
            let n_word = before.take_while(|&c| c.is_alphanumeric() || c == '_').count();
            let word = text.slice(end - n_word..end).to_string();
            (at - word.len(), word)
        }
        Kept::Chosen { span, text: chosen } => {
            let range = encoding.to_range(text, *span);
            let is_here = range.end == at && span.start.line == span.end.line;
            (is_here.then_some(range.start)?, chosen.clone())
        }
    };
    Some(Target { start, span: encoding.to_span(text, &(start..at)), kept })
}

/// `text` with `chosen` in the place of the bytes from `start` to `at`, and where that ends.
fn with_chosen(text: &Rope, start: usize, at: usize, chosen: &str) -> (Rope, usize) {
    let mut text = text.clone();
    let first = text.byte_to_char(start);
    text.remove(first..text.byte_to_char(at));
    text.insert(first, chosen);
    (text, start + chosen.len())
}
