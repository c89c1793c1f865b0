//! Parameters as they come: reading them never fails, so that what is wrong is reported and not dropped.
//!
//! Only what is used is read. The shapes are our own where the library's are laxer than safe: it takes a change
//! with a broken range for one without, which would replace the whole document.

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp::gen_lsp_types::{Position, Range};

use crate::text::DocumentUri;

/// Parameters, read or not.
#[derive(Debug)]
pub(super) enum Params<T> {
    /// They are as expected.
    Read(T),
    /// They are not.
    Unread {
        /// The document, if even that could be read.
        uri: Option<DocumentUri>,
        /// What is wrong.
        reason: String,
    },
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Params<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let uri = value.pointer("/textDocument/uri").and_then(Value::as_str).map(DocumentUri::new);
        Ok(match serde_json::from_value(value) {
            Ok(params) => Self::Read(params),
            Err(error) => Self::Unread { uri, reason: error.to_string() },
        })
    }
}

/// A document notification whose body is no JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ruin {
    /// The document, if even that could be found.
    pub(super) uri: Option<DocumentUri>,
}

impl Ruin {
    /// Looks for the traces of a document notification in a body: its document is not what we think any more.
    pub(super) fn find(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        let is_document = ["textDocument/didChange\"", "textDocument/didOpen\"", "textDocument/didClose\""]
            .iter()
            .any(|method| text.contains(method));
        is_document.then(|| Self { uri: uri_in(&text) })
    }
}

fn uri_in(text: &str) -> Option<DocumentUri> {
    let value = text.split_once("\"uri\"")?.1.trim_start().strip_prefix(':')?;
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
    values.next()?.ok().map(DocumentUri::new)
}

/// Names a document.
#[derive(Debug, Deserialize)]
pub(super) struct Identifier {
    pub(super) uri: String,
}

/// `textDocument/didOpen`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DidOpen {
    pub(super) text_document: Item,
}

/// A whole document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) uri: String,
    #[serde(default)]
    pub(super) language_id: String,
    pub(super) version: i32,
    pub(super) text: String,
}

/// `textDocument/didChange`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DidChange {
    pub(super) text_document: Versioned,
    pub(super) content_changes: Vec<Change>,
}

/// Names a document at a version.
#[derive(Debug, Deserialize)]
pub(super) struct Versioned {
    pub(super) uri: String,
    pub(super) version: i32,
}

/// One change; no range means the whole document.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub(super) range: Option<Range>,
    pub(super) text: String,
}

/// `textDocument/didClose`, `textDocument/codeLens`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfDocument {
    pub(super) text_document: Identifier,
}

/// `textDocument/codeAction`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeActions {
    pub(super) text_document: Identifier,
    pub(super) range: Range,
    #[serde(default)]
    pub(super) context: Context,
}

/// What the client knows about the place of a `textDocument/codeAction`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Context {
    #[serde(default)]
    pub(super) diagnostics: Vec<Value>,
    pub(super) only: Option<Vec<String>>,
}

/// `textDocument/completion`, `textDocument/inlineCompletion`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Complete {
    pub(super) text_document: Identifier,
    pub(super) position: Position,
    pub(super) context: Option<Trigger>,
}

/// How a completion came to be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trigger {
    pub(super) trigger_kind: Option<u32>,
    pub(super) selected_completion_info: Option<Chosen>,
}

/// What is chosen in the editor's own list.
#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    pub(super) range: Range,
    pub(super) text: String,
}

/// `workspace/executeCommand`.
#[derive(Debug, Deserialize)]
pub(super) struct Execute {
    pub(super) command: String,
    pub(super) arguments: Option<Value>,
}

/// `workspace/didChangeWorkspaceFolders`.
#[derive(Debug, Deserialize)]
pub(super) struct DidChangeFolders {
    pub(super) event: FolderChanges,
}

/// Folders that came and went.
#[derive(Debug, Deserialize)]
pub(super) struct FolderChanges {
    #[serde(default)]
    pub(super) added: Vec<Identifier>,
    #[serde(default)]
    pub(super) removed: Vec<Identifier>,
}

/// `window/workDoneProgress/cancel`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ProgressCancel {
    pub(super) token: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_broken_range_is_not_a_whole_document() {
        let change = json!({"textDocument": {"uri": "file:///a", "version": 2},
            "contentChanges": [{"range": {"start": {"line": -1, "character": 0}}, "text": ""}]});
        let Params::<DidChange>::Unread { uri, .. } = serde_json::from_value(change).unwrap() else {
            panic!("it was read");
        };
        assert_eq!(uri, Some(DocumentUri::new("file:///a")));
    }

    #[test]
    fn a_document_is_found_in_ruins() {
        let body = br#"{"method":"textDocument/didChange","params":{"textDocument":{"uri" : "file:///[a] \u00e9","version"#;
        let find = |body| Ruin::find(body).map(|ruin| ruin.uri);
        assert_eq!(find(body), Some(Some(DocumentUri::new("file:///[a] é"))));
        assert_eq!(find(br#"{"method":"textDocument/didOpen""#), Some(None));
        assert_eq!(find(br#"{"method":"initialized""#), None);
    }
}
