//! Code actions: the ways in that need no plugin, and the decisions on pending changes.

use std::path::Path;

use serde_json::{Value, json};

use crate::app::applying::span_edits;
use crate::app::event::{Finding, OfferedAction};
use crate::app::marks;
use crate::app::state::State;
use crate::orchestrator::find_comment;
use crate::ports::FileEdit;
use crate::review::{Decision, Direction, Place, Proposal, ProposalState, ProposedFile};
use crate::syntax::{self, CommentMarkers, Language};
use crate::text::{Document, DocumentUri, Position, Span, TextEdit};

/// What is offered at a place, the decisions on pending changes first.
pub(in crate::app) fn actions(
    state: &State,
    uri: &DocumentUri,
    span: Span,
    findings: &[Finding],
    only: &[String],
) -> Vec<OfferedAction> {
    let mut offered = Vec::new();
    if state.pages.is_one(uri) {
        let mut run = command("Run this request", "quickfix", "tenon.run", json!({ "page": uri.as_str() }));
        run.preferred = true;
        offered.push(run);
    } else if let Some(document) = state.live(uri) {
        hunk_actions(state, document, span, &mut offered);
        proposal_actions(state, uri, &mut offered);
        steps(state, uri, span, &mut offered);
        intents(state, document, span, findings, &mut offered);
    }
    if state.history.find(Direction::Undo, None, |id| state.flights.is_busy(id)).is_some() {
        offered.push(command("Undo the last AI change", "refactor", "tenon.undo", json!({})));
    }
    for (task, title) in state.tasks.list() {
        offered.push(command(&format!("Cancel: {title}"), "refactor", "tenon.cancel", json!(task)));
    }
    offered.retain(|action| wanted(action.kind, only));
    offered
}

/// A kind asked for means its sub-kinds too.
fn wanted(kind: &str, only: &[String]) -> bool {
    only.is_empty()
        || only.iter().any(|asked| {
            asked.is_empty()
                || kind
                    .strip_prefix(asked.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
}

fn command(title: &str, kind: &'static str, name: &'static str, arguments: Value) -> OfferedAction {
    OfferedAction {
        title: title.to_owned(),
        kind,
        preferred: false,
        command: Some((name, arguments)),
        edit: None,
    }
}

fn hunk_actions(state: &State, document: &Document, span: Span, offered: &mut Vec<OfferedAction>) {
    let (text, encoding) = (document.text(), state.client.encoding);
    let (first, last) = (span.start.line as usize, span.end.line as usize);
    let about = |proposal: &Proposal| {
        let n_here = pending_files(state, document.uri()).count();
        if n_here > 1 { format!(": {} ({})", proposal.title, proposal.id) } else { String::new() }
    };
    for (proposal, file) in pending_files(state, document.uri()) {
        let about = about(proposal);
        for (hunk, place) in file.open_hunks(text) {
            let arguments = json!({ "proposal": proposal.id.as_str(), "hunk": hunk.number });
            let (start, end) = match &place {
                Place::Fits(placed) => (placed.range.start, placed.range.end),
                // A stale hunk can still be rejected from where it was.
                Place::Stale(_) => {
                    let title = format!("Reject this outdated change{about}");
                    offered.push(command(&title, "quickfix", "tenon.reject", arguments));
                    continue;
                }
                Place::AlreadyThere | Place::Unknown => continue,
            };
            let start = marks::shown_at(text, start);
            let lines = text.byte_to_line(start)..=text.byte_to_line(end.max(start + 1) - 1);
            if first > *lines.end() || last < *lines.start() {
                continue;
            }
            let doubt = hunk.hunk.evidence.doubt().map(|doubt| format!(" ({doubt})")).unwrap_or_default();
            let title = format!("Apply this change{doubt}{about}");
            let mut apply = command(&title, "quickfix", "tenon.accept", arguments.clone());
            apply.preferred = true;
            if !state.client.apply_edit
                && let Place::Fits(placed) = place
            {
                let mut builder = TextEdit::builder(text.len_bytes());
                builder.replace(placed.range, placed.insert);
                apply.command = None;
                apply.edit = builder.finish().ok().map(|edit| literal(document, &edit, encoding));
            }
            offered.push(apply);
            let title = format!("Reject this change{about}");
            offered.push(command(&title, "quickfix", "tenon.reject", arguments));
        }
    }
}

/// The edit inside the action, for clients that take no `workspace/applyEdit`. That it was applied is seen in the
/// text: the hunk is there then.
fn literal(document: &Document, edit: &TextEdit, encoding: crate::text::PositionEncoding) -> Vec<FileEdit> {
    vec![FileEdit::Edit {
        uri: document.uri().clone(),
        version: Some(document.version()),
        base: None,
        edits: span_edits(edit, document.text(), encoding),
    }]
}

fn pending_files<'a>(
    state: &'a State,
    uri: &'a DocumentUri,
) -> impl Iterator<Item = (&'a Proposal, &'a ProposedFile)> {
    pending(state).flat_map(move |proposal| {
        proposal.files.iter().filter(move |file| file.uri() == uri).map(move |file| (proposal, file))
    })
}

fn pending(state: &State) -> impl Iterator<Item = &Proposal> {
    state.proposals.iter().rev().filter(|proposal| proposal.state() == ProposalState::Proposed)
}

/// Whether all of a proposal could still be applied, as far as open documents tell: it is accepted whole or not at all.
fn fits(state: &State, proposal: &Proposal) -> bool {
    proposal.files.iter().all(|file| {
        let Some(document) = state.live(file.uri()) else { return true };
        !file.open_hunks(document.text()).iter().any(|(_, place)| matches!(place, Place::Stale(_)))
    })
}

/// The decisions on the part of a proposal that is about this file, where there are others.
fn file_actions(state: &State, uri: &DocumentUri, proposal: &Proposal, offered: &mut Vec<OfferedAction>) {
    let Some(file) = proposal.files.iter().find(|file| file.uri() == uri) else { return };
    let open = file.decisions().iter().any(|(_, decision)| *decision == Decision::Proposed);
    if proposal.files.len() < 2 || !open {
        return;
    }
    let arguments = json!({ "proposal": proposal.id.as_str(), "path": file.path });
    let title = |verb: &str| format!("{verb} the changes in this file: {}", proposal.title);
    if state.client.apply_edit {
        offered.push(command(&title("Apply"), "quickfix", "tenon.accept", arguments.clone()));
    }
    offered.push(command(&title("Reject"), "quickfix", "tenon.reject", arguments));
}

/// How many changes of a proposal are undecided.
fn n_open(proposal: &Proposal) -> usize {
    proposal.select(None, None).iter().filter(|(_, decision)| *decision == Decision::Proposed).count()
}

/// Steps to other pending changes, where the editor can show a place.
fn steps(state: &State, uri: &DocumentUri, span: Span, offered: &mut Vec<OfferedAction>) {
    if !state.client.show_document || pending(state).map(n_open).sum::<usize>() < 2 {
        return;
    }
    let from = json!({ "uri": uri.as_str(), "line": span.start.line + 1 });
    offered.push(command("Go to the next AI change", "quickfix", "tenon.next", from.clone()));
    offered.push(command("Go to the previous AI change", "quickfix", "tenon.previous", from));
}

fn proposal_actions(state: &State, uri: &DocumentUri, offered: &mut Vec<OfferedAction>) {
    for proposal in pending(state) {
        let arguments = json!({ "proposal": proposal.id.as_str() });
        let n = n_open(proposal);
        let all = if n == 1 { "the change".to_owned() } else { format!("all {n} changes") };
        let id = if pending(state).nth(1).is_some() { format!(" ({})", proposal.id) } else { String::new() };
        let title = |verb: &str| format!("{verb} {all}: {}{id}", proposal.title);
        if state.client.apply_edit && fits(state, proposal) {
            offered.push(command(&title("Apply"), "quickfix", "tenon.accept", arguments.clone()));
        }
        offered.push(command(&title("Reject"), "quickfix", "tenon.reject", arguments.clone()));
        file_actions(state, uri, proposal, offered);
        let open = json!({ "proposal": proposal.id.as_str(), "open": true });
        offered.push(command(&title("Show"), "quickfix", "tenon.show", open));
    }
}

fn intents(
    state: &State,
    document: &Document,
    span: Span,
    findings: &[Finding],
    offered: &mut Vec<OfferedAction>,
) {
    let uri = document.uri().as_str();
    let range = range(span);
    let on = |intent: &str| json!({ "uri": uri, "range": range, "intent": intent });
    let settings = &state.parts.services.settings;
    // Of a large selection only the beginning is looked at: editors ask at every movement of the cursor.
    let (first, last) = (span.start.line as usize, span.end.line as usize);
    let lines = first..=last.min(first + LINES_SEEN);
    let markers = CommentMarkers::of(document.language(), Some(Path::new(uri)));
    if find_comment(document.text(), lines.clone(), &markers, &settings.comment_marker).is_some() {
        let mut action = command("Do what this comment says", "quickfix", "tenon.edit", on("comment"));
        action.preferred = true;
        offered.push(action);
    }
    // What tenon itself marks is a change that waits, and nothing to fix.
    for finding in findings.iter().filter(|finding| finding.source.as_deref() != Some("tenon")) {
        let message = finding.message.lines().next().unwrap_or_default();
        let diagnostics = json!([{
            "range": self::range(finding.span), "message": finding.message, "source": finding.source
        }]);
        let arguments = json!({ "uri": uri, "range": range, "diagnostics": diagnostics });
        offered.push(command(&format!("Fix with AI: {message}"), "quickfix", "tenon.fix", arguments));
    }
    if shows_stub(document, &lines) {
        offered.push(command("Implement with AI", "refactor.rewrite", "tenon.edit", on("implement")));
    }
    if span.start != span.end {
        offered.push(command("Refactor selection with AI", "refactor.rewrite", "tenon.edit", on("refactor")));
    }
    offered.push(command("Document with AI", "refactor.rewrite", "tenon.edit", on("document")));
    if Language::detect(document.language(), Some(Path::new(uri))).is_some() {
        offered.push(command("Write tests with AI", "refactor.rewrite", "tenon.edit", on("tests")));
    }
    if state.client.show_document {
        let arguments = json!({ "uri": uri, "range": range });
        offered.push(command("Ask AI on a page…", "refactor.rewrite", "tenon.ask", arguments));
    }
    for own in settings.actions.iter().filter(|own| own.is_for(document.language(), span.start != span.end)) {
        let arguments = json!({ "uri": uri, "range": range, "instruction": own.instruction });
        offered.push(command(&own.title, "refactor.rewrite", "tenon.edit", arguments));
    }
}

fn range(span: Span) -> Value {
    let position = |at: Position| json!({ "line": at.line, "character": at.character });
    json!({ "start": position(span.start), "end": position(span.end) })
}

/// Lines of a selection that are looked at for comment instructions.
const LINES_SEEN: usize = 200;

/// Lines looked at around the cursor for something that looks like a stub; the parser has the last word later.
const STUB_LINES: usize = 4;

fn shows_stub(document: &Document, lines: &std::ops::RangeInclusive<usize>) -> bool {
    let text = document.text();
    let end = lines.end().saturating_add(STUB_LINES).min(text.len_lines());
    (*lines.start()..end).take(64).any(|line| {
        text.get_line(line)
            .filter(|line| line.len_bytes() < 400)
            .is_some_and(|line| syntax::line_looks_like_stub(&line.to_string()))
    })
}
