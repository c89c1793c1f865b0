//! Our types into protocol types, cut to what the client can take.

use std::collections::HashMap;

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, ErrorCode};

use super::super::capabilities::Profile;
use crate::app::event::{Completion, OfferedAction, OfferedLens};
use crate::ports::metrics::catalogue::PROBLEMS;
use crate::ports::{FileEdit, Mark, MarkKind};
use crate::problem::{Category, Problem, Severity, plain};
use crate::text::{DocumentUri, Position, PositionEncoding, Span, SpanEdit};

/// The protocol's code for a request that was understood and refused.
const REQUEST_FAILED: i64 = -32803;

/// Characters of a label.
const LABEL: usize = 60;

fn position(position: Position) -> lsp::Position {
    lsp::Position { line: position.line, character: position.character }
}

/// A range.
pub(in crate::lsp) fn range(span: Span) -> lsp::Range {
    lsp::Range { start: position(span.start), end: position(span.end) }
}

/// A document's URI, byte for byte.
pub(in crate::lsp) fn uri(uri: &DocumentUri) -> lsp::Uri {
    lsp::Uri(uri.as_str().to_owned())
}

/// The name of an encoding.
pub(in crate::lsp) fn encoding(encoding: PositionEncoding) -> lsp::PositionEncodingKind {
    match encoding {
        PositionEncoding::Utf8 => lsp::PositionEncodingKind::UTF8,
        PositionEncoding::Utf16 => lsp::PositionEncodingKind::UTF16,
        PositionEncoding::Utf32 => lsp::PositionEncodingKind::UTF32,
    }
}

/// An error as the protocol tells it.
pub(in crate::lsp) fn error(problem: &Problem) -> Error {
    PROBLEMS.count(problem.code);
    let code = match problem.category {
        Category::Request => ErrorCode::InvalidParams,
        Category::Internal => ErrorCode::InternalError,
        _ => ErrorCode::ServerError(REQUEST_FAILED),
    };
    let mut data = json!({"code": problem.code, "category": problem.category, "severity": problem.severity,
        "hint": problem.hint.as_deref().map(plain)});
    if let Some(details) = &problem.details {
        data["details"] = details.as_ref().clone();
    }
    Error { code, message: plain(&problem.message).into(), data: Some(data) }
}

/// How loud a message is.
pub(in crate::lsp) fn message_type(severity: Severity) -> lsp::MessageType {
    match severity {
        Severity::Error => lsp::MessageType::Error,
        Severity::Warning => lsp::MessageType::Warning,
        Severity::Info => lsp::MessageType::Info,
    }
}

/// A mark as a diagnostic.
pub(in crate::lsp) fn diagnostic(mark: &Mark) -> lsp::Diagnostic {
    let (severity, code) = match mark.kind {
        MarkKind::Pending => (lsp::DiagnosticSeverity::Information, "pending-change"),
        MarkKind::Stale => (lsp::DiagnosticSeverity::Warning, "stale-change"),
    };
    lsp::Diagnostic {
        range: range(mark.span),
        severity: Some(severity),
        code: Some(code.into()),
        source: Some("tenon".to_owned()),
        message: plain(&mark.message).into(),
        data: Some(json!({"proposal": mark.proposal, "hunk": mark.hunk})),
        ..lsp::Diagnostic::default()
    }
}

/// Code actions. One whose edit the client cannot take is left out unless it has a command too.
pub(in crate::lsp) fn actions(
    offered: Vec<OfferedAction>,
    profile: &Profile,
) -> Vec<lsp::CodeActionResponse> {
    offered.into_iter().filter_map(|action| code_action(action, profile)).collect()
}

fn code_action(offered: OfferedAction, profile: &Profile) -> Option<lsp::CodeActionResponse> {
    let title = plain(&offered.title);
    let command = offered.command.map(|(name, arguments)| command(&title, name, arguments));
    if !profile.code_action_literals {
        return command.map(lsp::CodeActionResponse::Command);
    }
    let edit = offered.edit.and_then(|files| workspace_edit(files, profile).ok());
    if edit.is_none() && command.is_none() {
        return None;
    }
    Some(lsp::CodeActionResponse::CodeAction(lsp::CodeAction {
        title,
        kind: Some(offered.kind.into()),
        is_preferred: (offered.preferred && profile.preferred_actions).then_some(true),
        edit,
        command,
        ..lsp::CodeAction::default()
    }))
}

/// A code lens.
pub(in crate::lsp) fn lens(offered: OfferedLens) -> lsp::CodeLens {
    let (name, arguments) = offered.command;
    let title = plain(&offered.title);
    lsp::CodeLens { range: range(offered.span), command: Some(command(&title, name, arguments)), data: None }
}

/// What completes the text, as text shown at the cursor.
pub(in crate::lsp) fn inline_completion(found: Option<Completion>) -> lsp::InlineCompletionList {
    let item = |Completion { span, kept, insert, .. }: Completion| lsp::InlineCompletionItem {
        insert_text: (kept + &insert).into(),
        filter_text: None,
        range: Some(range(span)),
        command: None,
    };
    lsp::InlineCompletionList { items: found.map(item).into_iter().collect() }
}

/// What completes the text, as the one item of a list.
pub(in crate::lsp) fn completion(found: Option<Completion>) -> lsp::CompletionList {
    // Incomplete, so that the client asks again when it filters this out.
    lsp::CompletionList {
        is_incomplete: true,
        items: found.map(completion_item).into_iter().collect(),
        ..lsp::CompletionList::default()
    }
}

fn completion_item(Completion { span, kept, insert, model }: Completion) -> lsp::CompletionItem {
    let text = kept.clone() + &insert;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut label: String = line.chars().take(LABEL).collect();
    if label.len() < text.trim().len() {
        label.push('…');
    }
    let label = plain(&label);
    lsp::CompletionItem {
        label,
        kind: Some(lsp::CompletionItemKind::Text),
        detail: Some(format!("tenon · {}", plain(&model))),
        // Without a word, nothing is filtered.
        filter_text: (!kept.is_empty()).then_some(kept),
        insert_text_format: Some(lsp::InsertTextFormat::PlainText),
        // As it is: it is indented already.
        insert_text_mode: Some(lsp::InsertTextMode::AsIs),
        text_edit: Some(lsp::TextEdit { range: range(span), new_text: text }.into()),
        ..lsp::CompletionItem::default()
    }
}

fn command(title: &str, name: &str, arguments: Value) -> lsp::Command {
    let arguments = match arguments {
        Value::Null => None,
        Value::Array(arguments) => Some(arguments),
        argument => Some(vec![argument]),
    };
    lsp::Command { title: title.to_owned(), tooltip: None, command: name.to_owned(), arguments }
}

/// An edit of the workspace: text edits first, then creations, renames and deletions, because Neovim stops to check
/// versions after the first resource operation.
///
/// # Errors
/// Says what the client cannot do, where there is no other way to do it.
pub(in crate::lsp) fn workspace_edit(
    files: Vec<FileEdit>,
    profile: &Profile,
) -> Result<lsp::WorkspaceEdit, &'static str> {
    let mut texts = Vec::new();
    let mut operations = Vec::new();
    for file in files {
        match file {
            FileEdit::Edit { uri, version, edits, .. } => texts.push((uri, version, edits)),
            FileEdit::Create { uri, text } if profile.create_files => {
                operations.push(create_file(&uri));
                operations.push(text_edit(&uri, None, vec![whole_file(text)]));
            }
            FileEdit::Create { uri, text } => texts.push((uri, None, vec![whole_file(text)])),
            FileEdit::Delete { .. } if !profile.delete_files => return Err("the editor cannot delete files"),
            FileEdit::Delete { uri, .. } => operations.push(delete_file(&uri)),
            FileEdit::Rename { .. } if !profile.rename_files => return Err("the editor cannot rename files"),
            FileEdit::Rename { from, to, .. } => operations.push(rename_file(&from, &to)),
        }
    }
    operations.sort_by_key(|operation| match operation {
        lsp::DocumentChange::DeleteFile(_) => 2,
        lsp::DocumentChange::RenameFile(_) => 1,
        _ => 0,
    });
    if profile.document_changes {
        let texts = texts.into_iter().map(|(uri, version, edits)| text_edit(&uri, version, edits));
        return Ok(lsp::WorkspaceEdit {
            document_changes: Some(texts.chain(operations).collect()),
            ..lsp::WorkspaceEdit::default()
        });
    }
    let mut changes: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
    for (document, _, edits) in texts {
        changes.entry(uri(&document)).or_default().extend(edits.into_iter().map(replacement));
    }
    Ok(lsp::WorkspaceEdit { changes: Some(changes), ..lsp::WorkspaceEdit::default() })
}

/// Has the client ask its user to confirm every part of an edit. Without `documentChanges` there is no place to say so.
pub(in crate::lsp) fn confirmed(edit: &mut lsp::WorkspaceEdit, label: &str) {
    const ID: &str = "tenon";
    let Some(changes) = &mut edit.document_changes else { return };
    for change in changes {
        match change {
            lsp::DocumentChange::TextDocumentEdit(of_document) => {
                for edit in &mut of_document.edits {
                    if let lsp::Edit::TextEdit(text_edit) = edit {
                        let text_edit = text_edit.clone();
                        *edit = lsp::AnnotatedTextEdit { annotation_id: ID.to_owned(), text_edit }.into();
                    }
                }
            }
            lsp::DocumentChange::CreateFile(create) => create.annotation_id = Some(ID.to_owned()),
            lsp::DocumentChange::RenameFile(rename) => rename.annotation_id = Some(ID.to_owned()),
            lsp::DocumentChange::DeleteFile(delete) => delete.annotation_id = Some(ID.to_owned()),
        }
    }
    let annotation =
        lsp::ChangeAnnotation { label: label.to_owned(), needs_confirmation: Some(true), description: None };
    edit.change_annotations = Some(HashMap::from([(ID.to_owned(), annotation)]));
}

fn text_edit(document: &DocumentUri, version: Option<i32>, edits: Vec<SpanEdit>) -> lsp::DocumentChange {
    let text_document = lsp::OptionalVersionedTextDocumentIdentifier {
        version,
        text_document_identifier: lsp::TextDocumentIdentifier { uri: uri(document) },
    };
    let edits = edits.into_iter().map(|edit| lsp::Edit::TextEdit(replacement(edit))).collect();
    lsp::DocumentChange::TextDocumentEdit(lsp::TextDocumentEdit { text_document, edits })
}

fn replacement(edit: SpanEdit) -> lsp::TextEdit {
    lsp::TextEdit { range: range(edit.span), new_text: edit.new_text }
}

/// The content of a new file: a replacement, because after an insertion Neovim keeps its own empty line.
fn whole_file(text: String) -> SpanEdit {
    let end = Position { line: 1, character: 0 };
    SpanEdit { span: Span { start: Position::default(), end }, new_text: text }
}

/// Without `ignoreIfExists`, Neovim and Helix empty a file that is there.
fn create_file(document: &DocumentUri) -> lsp::DocumentChange {
    lsp::DocumentChange::CreateFile(lsp::CreateFile {
        uri: uri(document),
        options: Some(lsp::CreateFileOptions { overwrite: None, ignore_if_exists: Some(true) }),
        annotation_id: None,
    })
}

/// Nothing is at the new place; what comes there meanwhile must stay.
fn rename_file(from: &DocumentUri, to: &DocumentUri) -> lsp::DocumentChange {
    lsp::DocumentChange::RenameFile(lsp::RenameFile {
        old_uri: uri(from),
        new_uri: uri(to),
        options: Some(lsp::RenameFileOptions { overwrite: Some(false), ignore_if_exists: None }),
        annotation_id: None,
    })
}

fn delete_file(document: &DocumentUri) -> lsp::DocumentChange {
    lsp::DocumentChange::DeleteFile(lsp::DeleteFile {
        uri: uri(document),
        // A file that was created and never saved is only a buffer.
        options: Some(lsp::DeleteFileOptions { recursive: None, ignore_if_not_exists: Some(true) }),
        annotation_id: None,
    })
}

#[cfg(test)]
mod tests;
