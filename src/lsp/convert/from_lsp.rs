//! Protocol types into ours. Positions stay in the client's encoding: only a document can convert them.

use serde_json::Value;
use tower_lsp::gen_lsp_types as lsp;

use super::super::params;
use crate::app::event::{CompletionRequest, Kept, Trigger};
use crate::app::{Event, Finding};
use crate::text::{ContentChange, DocumentUri, Position, Span};

/// `CompletionTriggerKind.Invoked` and `InlineCompletionTriggerKind.Invoked` of LSP 3.18.
const INVOKED: u32 = 1;

/// A position.
fn position(position: lsp::Position) -> Position {
    Position { line: position.line, character: position.character }
}

/// A range.
pub(in crate::lsp) fn span(range: lsp::Range) -> Span {
    Span { start: position(range.start), end: position(range.end) }
}

/// A question for the text at the cursor, by `textDocument/inlineCompletion`.
pub(in crate::lsp) fn inline_completion(params: params::Complete) -> CompletionRequest {
    let context = params.context.unwrap_or_default();
    let trigger = match context.trigger_kind {
        // Until their numbers were changed (language-server-protocol#1852), 0 was invoked and 1 automatic. Clients of
        // both kinds are in use.
        Some(0) => Trigger::Hand,
        Some(INVOKED) => Trigger::Either,
        _ => Trigger::Typing,
    };
    let kept = context
        .selected_completion_info
        .map_or(Kept::Nothing, |chosen| Kept::Chosen { span: span(chosen.range), text: chosen.text });
    let uri = DocumentUri::new(params.text_document.uri);
    CompletionRequest { uri, position: position(params.position), trigger, kept }
}

/// The same, by `textDocument/completion`: that counts typing a word as invoked.
pub(in crate::lsp) fn completion(params: params::Complete) -> CompletionRequest {
    let invoked = params.context.is_some_and(|context| context.trigger_kind == Some(INVOKED));
    let trigger = if invoked { Trigger::Either } else { Trigger::Typing };
    let uri = DocumentUri::new(params.text_document.uri);
    CompletionRequest { uri, position: position(params.position), trigger, kept: Kept::Word }
}

/// Folders that are no files are none of ours.
pub(in crate::lsp) fn folders_changed(
    params::FolderChanges { added, removed }: params::FolderChanges,
) -> Event {
    let paths = |folders: Vec<params::Identifier>| {
        folders.into_iter().filter_map(|folder| DocumentUri::new(folder.uri).to_path()).collect()
    };
    Event::FoldersChanged { added: paths(added), removed: paths(removed) }
}

pub(in crate::lsp) fn opened(params: params::DidOpen) -> Event {
    let params::Item { uri, language_id, version, text } = params.text_document;
    Event::Opened { uri: DocumentUri::new(uri), language: language_id, version, text }
}

/// A document changed.
pub(in crate::lsp) fn changed(params: params::DidChange) -> Event {
    let changes = params
        .content_changes
        .into_iter()
        .map(|change| ContentChange { span: change.range.map(span), text: change.text })
        .collect();
    let params::Versioned { uri, version } = params.text_document;
    Event::Changed { uri: DocumentUri::new(uri), version, changes }
}

/// A diagnostic; `None` when it has no place or says nothing.
pub(in crate::lsp) fn finding(diagnostic: &Value) -> Option<Finding> {
    let range: lsp::Range = serde_json::from_value(diagnostic.get("range")?.clone()).ok()?;
    let message = match diagnostic.get("message")? {
        Value::String(message) => message,
        markup => markup.get("value")?.as_str()?,
    };
    let source = diagnostic.get("source").and_then(Value::as_str).map(str::to_owned);
    Some(Finding { span: span(range), message: message.to_owned(), source })
}
