//! Shows pending changes where they are: diagnostics and code lenses, kept where the text moves to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::InternalEvent;
use super::state::State;
use crate::ports::{Hint, Mark, MarkKind};
use crate::review::{Decision, Place, Proposal, ProposedChange, ProposedFile};
use crate::text::{Carried, Document, DocumentUri, PositionEncoding, Rope, Span};

/// Typing pauses this long before marks are computed again: editors move them themselves meanwhile.
const PAUSE: Duration = Duration::from_millis(150);

/// Asks for a refresh after a moment; many requests become one.
pub(super) fn schedule(state: &mut State) {
    let waiting = !state.marked.is_empty() || state.proposals.iter().any(has_undecided);
    if waiting && !state.marks_due {
        state.marks_due = true;
        state.later(PAUSE, InternalEvent::RefreshMarks);
    }
}

fn has_undecided(proposal: &Proposal) -> bool {
    proposal.files.iter().flat_map(ProposedFile::decisions).any(|(_, d)| d == Decision::Proposed)
}

/// Publishes the marks of every document that has some, and clears those that have none any more.
pub(super) fn refresh(state: &mut State) {
    state.marks_due = false;
    settle_already_there(state);
    let had_marks = !state.marked.is_empty();
    let mut marks: BTreeMap<DocumentUri, Vec<Mark>> =
        state.marked.drain(..).map(|uri| (uri, Vec::new())).collect();
    for proposal in &state.proposals {
        for file in &proposal.files {
            for (uri, mark) in marks_of(state, proposal, file) {
                marks.entry(uri).or_default().push(mark);
            }
        }
    }
    let editor = &state.parts.services.editor;
    let mut marked = Vec::new();
    for (uri, marks) in marks {
        let version = state.documents.get(&uri).map(|open| open.document.version());
        if !marks.is_empty() {
            marked.push(uri.clone());
        }
        editor.mark(&uri, version, marks);
    }
    if had_marks || !marked.is_empty() {
        editor.hint(Hint::RefreshLenses);
    }
    state.marked = marked;
}

/// A hunk that the user made by hand (or applied as a literal edit) is applied.
fn settle_already_there(state: &mut State) {
    let State { proposals, documents, .. } = state;
    for proposal in proposals {
        let there: Vec<usize> = proposal
            .files
            .iter()
            .filter_map(|file| Some((file, documents.get(file.uri())?)))
            .flat_map(|(file, open)| file.open_hunks(open.document.text()))
            .filter(|(_, place)| *place == Place::AlreadyThere)
            .map(|(hunk, _)| hunk.number)
            .collect();
        proposal.decide(&there, Decision::Applied);
    }
}

fn marks_of(state: &State, proposal: &Proposal, file: &ProposedFile) -> Vec<(DocumentUri, Mark)> {
    let encoding = state.client.encoding;
    if let Some((number, Decision::Proposed)) = file.change.whole() {
        return vec![whole_mark(state, proposal, file, number)];
    }
    let Some(document) = state.live(file.uri()) else { return Vec::new() };
    file.open_hunks(document.text())
        .into_iter()
        .filter_map(|(hunk, place)| {
            let (kind, span, note) = match place {
                Place::Fits(placed) => {
                    let span = span(document, placed.range, encoding);
                    (MarkKind::Pending, span, proposal.title.clone())
                }
                Place::Stale(refusal) => {
                    let map = file.track.map(document.text())?;
                    let range = match map.carry(hunk.hunk.range.clone()) {
                        Carried::Moved(range) | Carried::Changed { new: range, .. } => range,
                    };
                    let span = span(document, range, encoding);
                    (MarkKind::Stale, span, format!("{}: {}", proposal.title, refusal.message))
                }
                Place::AlreadyThere | Place::Unknown => return None,
            };
            let change = summary(&hunk.hunk, file);
            let message = format!("tenon: {change} ({note})");
            let proposal = proposal.id.to_string();
            Some((file.uri().clone(), Mark { span, kind, message, proposal, hunk: hunk.number }))
        })
        .collect()
}

/// The mark of a file that would come, go or get another path.
fn whole_mark(state: &State, proposal: &Proposal, file: &ProposedFile, number: usize) -> (DocumentUri, Mark) {
    let change = match &file.change {
        ProposedChange::Delete { .. } => format!("delete {}", file.path),
        ProposedChange::Rename { to, hunks, .. } if hunks.is_empty() => {
            format!("rename {} to {to}", file.path)
        }
        ProposedChange::Rename { to, hunks, .. } => {
            format!("rename {} to {to} and change it in {} places", file.path, hunks.len())
        }
        ProposedChange::Create { .. } | ProposedChange::Modify(_) => format!("create {}", file.path),
    };
    let document = state.live(file.uri());
    let stale = document.and_then(|document| {
        file.whole_places(&file.track, document.text()).into_iter().find_map(|place| match place {
            Place::Stale(refusal) => Some(refusal.message),
            _ => None,
        })
    });
    let mark = Mark {
        span: Span::default(),
        kind: if stale.is_some() { MarkKind::Stale } else { MarkKind::Pending },
        message: match stale {
            None => format!("tenon would {change} ({})", proposal.title),
            Some(reason) => format!("tenon would {change} ({}: {reason})", proposal.title),
        },
        proposal: proposal.id.to_string(),
        hunk: number,
    };
    // A file that is not open, or not there yet, has no place of its own: it is shown where the request came from.
    let exists = !matches!(file.change, ProposedChange::Create { .. });
    let at = if exists && document.is_some() { file.uri() } else { &proposal.target };
    (at.clone(), mark)
}

/// The byte at which an editor shows what begins at `byte`: behind the last line end there is no line that it could show
/// (Neovim fails on it), so that is the last line.
pub(super) fn shown_at(text: &Rope, byte: usize) -> usize {
    let byte = byte.min(text.len_bytes());
    if byte == text.len_bytes() && byte > 0 { text.line_to_byte(text.byte_to_line(byte - 1)) } else { byte }
}

fn span(document: &Document, range: std::ops::Range<usize>, encoding: PositionEncoding) -> Span {
    let text = document.text();
    let Span { start, mut end } = encoding.to_span(text, &range);
    // The end of whole lines is the start of the next; editors would underline that line too.
    if end.character == 0 && end.line > start.line {
        let line_end = text.line_to_byte(end.line as usize).saturating_sub(1);
        end = encoding.to_position(text, line_end);
    }
    Span { start, end: end.max(start) }
}

fn summary(hunk: &crate::diff::Hunk, file: &ProposedFile) -> String {
    let base = file.track.base();
    let removed = base.get_byte_slice(hunk.range.clone()).map_or(0, |slice| {
        let text = slice.to_string();
        text.lines().count()
    });
    let added = hunk.insert.lines().count();
    let lines = |n: usize| if n == 1 { "1 line".to_owned() } else { format!("{n} lines") };
    let change = match (removed, added) {
        (0, added) => format!("adds {}", lines(added)),
        (removed, 0) => format!("removes {}", lines(removed)),
        (removed, added) => format!("replaces {} by {added}", lines(removed)),
    };
    match hunk.evidence.doubt() {
        Some(doubt) => format!("{change}; place: {doubt}"),
        None => change,
    }
}
