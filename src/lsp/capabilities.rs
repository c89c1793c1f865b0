//! What the client can do, what we offer to it, and what the application must know about it.

use tower_lsp::gen_lsp_types as lsp;

use super::convert::to_lsp;
use super::protocol::COMMANDS;
use crate::app::event::ClientFacts;
use crate::text::{DocumentUri, PositionEncoding};

/// Kinds of code actions that tenon offers.
const ACTION_KINDS: [&str; 3] = ["quickfix", "refactor", "refactor.rewrite"];

/// What the client can take; everything absent is `false`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent capability")]
pub(super) struct Profile {
    /// `workspace/applyEdit`.
    pub(super) apply_edit: bool,
    /// Versioned edits of documents. Neovim 0.11 announces them only by its resource operations.
    pub(super) document_changes: bool,
    /// Edits that create files.
    pub(super) create_files: bool,
    /// Edits that delete files.
    pub(super) delete_files: bool,
    /// Edits that give files another path.
    pub(super) rename_files: bool,
    /// Edits that the client asks its user to confirm.
    pub(super) change_annotations: bool,
    /// `window/showDocument`.
    pub(super) show_document: bool,
    /// Progress that the server starts.
    pub(super) progress: bool,
    /// `workspace/codeLens/refresh`.
    pub(super) refresh_lenses: bool,
    /// Versions on diagnostics.
    pub(super) diagnostic_versions: bool,
    /// Code actions that are more than a command.
    pub(super) code_action_literals: bool,
    /// Preferred code actions.
    pub(super) preferred_actions: bool,
    /// `codeAction/resolve`.
    pub(super) resolves_actions: bool,
    /// `textDocument/inlineCompletion`.
    pub(super) inline_completion: bool,
    /// The client asked for `tenon/event`.
    pub(super) events: bool,
    /// The negotiated encoding.
    pub(super) encoding: PositionEncoding,
}

/// Reads the client's capabilities.
pub(super) fn profile(params: &lsp::InitializeParams) -> Profile {
    let workspace = params.capabilities.workspace.clone().unwrap_or_default();
    let edit = workspace.workspace_edit.unwrap_or_default();
    let operations = edit.resource_operations.unwrap_or_default();
    let text_document = params.capabilities.text_document.clone().unwrap_or_default();
    let action = text_document.code_action.unwrap_or_default();
    let window = params.capabilities.window.unwrap_or_default();
    let options = params.initialization_options.as_ref();
    Profile {
        apply_edit: workspace.apply_edit == Some(true),
        document_changes: edit.document_changes == Some(true) || !operations.is_empty(),
        create_files: operations.contains(&lsp::ResourceOperationKind::Create),
        delete_files: operations.contains(&lsp::ResourceOperationKind::Delete),
        rename_files: operations.contains(&lsp::ResourceOperationKind::Rename),
        change_annotations: edit.change_annotation_support.is_some(),
        show_document: window.show_document.is_some_and(|show| show.support),
        progress: window.work_done_progress == Some(true),
        refresh_lenses: workspace.code_lens.is_some_and(|lens| lens.refresh_support == Some(true)),
        diagnostic_versions: text_document
            .publish_diagnostics
            .is_some_and(|diagnostics| diagnostics.version_support == Some(true)),
        code_action_literals: action.code_action_literal_support.is_some(),
        preferred_actions: action.is_preferred_support == Some(true),
        resolves_actions: action.resolve_support.is_some(),
        inline_completion: text_document.inline_completion.is_some(),
        events: options.and_then(|options| options.pointer("/tenon/events"))
            == Some(&serde_json::Value::Bool(true)),
        encoding: encoding(params),
    }
}

/// The first encoding of the client's list that we know; UTF-16 without a list.
fn encoding(params: &lsp::InitializeParams) -> PositionEncoding {
    let offered =
        params.capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    let known = |kind: &lsp::PositionEncodingKind| match kind {
        lsp::PositionEncodingKind::UTF8 => Some(PositionEncoding::Utf8),
        lsp::PositionEncodingKind::UTF16 => Some(PositionEncoding::Utf16),
        lsp::PositionEncodingKind::UTF32 => Some(PositionEncoding::Utf32),
        lsp::PositionEncodingKind::Custom(_) => None,
    };
    offered.into_iter().flatten().find_map(known).unwrap_or_default()
}

/// What the application must know.
pub(super) fn facts(params: &lsp::InitializeParams, profile: &Profile) -> ClientFacts {
    let folders = match &params.workspace_folders_initialize_params.workspace_folders {
        Some(lsp::WorkspaceFolders::WorkspaceFolderList(folders)) if !folders.is_empty() => {
            folders.iter().map(|folder| folder.uri.0.clone()).collect()
        }
        _ => root(params).into_iter().collect::<Vec<_>>(),
    };
    ClientFacts {
        folders: folders.into_iter().filter_map(|uri| DocumentUri::new(uri).to_path()).collect(),
        encoding: profile.encoding,
        apply_edit: profile.apply_edit,
        resource_operations: profile.create_files && profile.delete_files,
        rename_files: profile.rename_files,
        show_document: profile.show_document,
    }
}

#[expect(deprecated, reason = "clients without workspace folders still say `rootUri`")]
fn root(params: &lsp::InitializeParams) -> Option<String> {
    params.root_uri.as_ref().map(|uri| uri.0.clone())
}

/// What we offer. Text is completed in the one way that the client shows best; asked in both, models would be paid
/// twice. Clients that register providers dynamically take the static form as well.
pub(super) fn server(profile: &Profile, completes: bool) -> lsp::ServerCapabilities {
    let inline = completes && profile.inline_completion;
    lsp::ServerCapabilities {
        inline_completion_provider: inline.then_some(true.into()),
        completion_provider: (completes && !inline).then(lsp::CompletionOptions::default),
        position_encoding: Some(to_lsp::encoding(profile.encoding)),
        text_document_sync: Some(lsp::TextDocumentSync::Options(lsp::TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(lsp::TextDocumentSyncKind::Incremental),
            ..lsp::TextDocumentSyncOptions::default()
        })),
        code_action_provider: Some(code_actions(profile)),
        workspace: Some(lsp::WorkspaceOptions {
            workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities::new(
                Some(true),
                Some(lsp::ChangeNotifications::Bool(true)),
            )),
            ..lsp::WorkspaceOptions::default()
        }),
        code_lens_provider: Some(lsp::CodeLensOptions::default()),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: COMMANDS.map(str::to_owned).to_vec(),
            ..lsp::ExecuteCommandOptions::default()
        }),
        ..lsp::ServerCapabilities::default()
    }
}

fn code_actions(profile: &Profile) -> lsp::CodeActionProvider {
    if !profile.code_action_literals {
        return lsp::CodeActionProvider::Bool(true);
    }
    lsp::CodeActionProvider::CodeActionOptions(lsp::CodeActionOptions {
        code_action_kinds: Some(ACTION_KINDS.map(lsp::CodeActionKind::from).to_vec()),
        resolve_provider: profile.resolves_actions.then_some(true),
        ..lsp::CodeActionOptions::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &serde_json::Value) -> Profile {
        profile(&serde_json::from_value(json.clone()).unwrap())
    }

    #[test]
    fn the_client_prefers_an_encoding() {
        for (offered, expected) in [
            (serde_json::json!(["utf-7", "utf-32", "utf-8"]), PositionEncoding::Utf32),
            (serde_json::json!(["utf-8", "utf-16"]), PositionEncoding::Utf8),
            (serde_json::json!(["utf-7"]), PositionEncoding::Utf16),
            (serde_json::json!(null), PositionEncoding::Utf16),
        ] {
            let params = serde_json::json!({"capabilities": {"general": {"positionEncodings": offered}}});
            assert_eq!(read(&params).encoding, expected);
        }
    }

    #[test]
    fn resource_operations_imply_document_changes() {
        let edit = serde_json::json!({"resourceOperations": ["create"]});
        let profile = read(&serde_json::json!({"capabilities": {"workspace": {"workspaceEdit": edit}}}));
        assert!(profile.document_changes && profile.create_files && !profile.delete_files);
    }
}
