//! The documents of the demo's editor: its own texts, changed by typing and by `workspace/applyEdit`.
//!
//! It counts UTF-16 itself, so that the server's arithmetic is checked by another. An edit is applied whole or not
//! at all; files that are not open are changed on disk.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::failed;
use crate::problem::Problem;
use crate::text::DocumentUri;

/// An open document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) version: i64,
    pub(super) text: String,
}

/// The open documents of a project, by their URIs.
#[derive(Debug)]
pub(super) struct Desk {
    folder: PathBuf,
    documents: BTreeMap<String, Open>,
}

impl Desk {
    /// Nothing is open yet in the project at `folder`.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, documents: BTreeMap::new() }
    }

    /// The URI of the project.
    pub(super) fn root(&self) -> String {
        DocumentUri::from_path(&self.folder).as_str().to_owned()
    }

    /// The URI of a file of the project.
    pub(super) fn uri(&self, path: &str) -> String {
        DocumentUri::from_path(&self.folder.join(path)).as_str().to_owned()
    }

    /// The open documents.
    pub(super) fn documents(&self) -> impl Iterator<Item = (&str, &Open)> {
        self.documents.iter().map(|(uri, open)| (uri.as_str(), open))
    }

    /// The text of an open document.
    pub(super) fn text(&self, path: &str) -> Result<&str, Problem> {
        let open = self.documents.get(&self.uri(path));
        open.map(|open| open.text.as_str()).ok_or_else(|| failed(format!("{path} is not open")))
    }

    /// The text of a file, open or not; `None` when there is no such file.
    pub(super) fn read(&self, path: &str) -> Result<Option<String>, Problem> {
        read(&self.documents, &self.uri(path)).map_err(failed)
    }

    /// Opens a document; returns the parameters of `textDocument/didOpen`.
    pub(super) fn open(&mut self, path: &str, text: &str) -> Value {
        let uri = self.uri(path);
        self.documents.insert(uri.clone(), Open { version: 1, text: text.to_owned() });
        json!({"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}})
    }

    /// Types a character at a byte offset; returns the parameters of `textDocument/didChange`.
    pub(super) fn type_key(&mut self, path: &str, at: usize, key: char) -> Result<Value, Problem> {
        let uri = self.uri(path);
        let text = self.text(path)?;
        let place = position(text, at).ok_or_else(|| failed("the place to type at is gone"))?;
        let edit = json!({"range": {"start": place, "end": place}, "newText": key});
        let after = edited(text, std::slice::from_ref(&edit)).map_err(failed)?;
        self.change(&uri, after, &[edit]).ok_or_else(|| failed(format!("{path} is not open")))
    }

    /// Applies a `WorkspaceEdit`; returns the parameters of the `textDocument/didChange` that follow.
    ///
    /// # Errors
    /// Why nothing was applied.
    pub(super) fn apply(&mut self, edit: &Value) -> Result<Vec<Value>, String> {
        let changes = edit["documentChanges"].as_array().ok_or("only documentChanges are understood")?;
        let mut texts: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut edits: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for change in changes {
            let uri = change["uri"].as_str().or(change["textDocument"]["uri"].as_str());
            let uri = uri.ok_or("a change names no document")?.to_owned();
            let staged = texts.get(&uri).cloned();
            let text = staged.map_or_else(|| read(&self.documents, &uri), Ok)?;
            match (change["kind"].as_str(), text) {
                (Some("create"), None) => _ = texts.insert(uri, Some(String::new())),
                (Some("delete"), Some(_)) => _ = texts.insert(uri, None),
                (None, Some(text)) => {
                    self.check_version(&uri, &change["textDocument"]["version"])?;
                    let changed = change["edits"].as_array().cloned().unwrap_or_default();
                    texts.insert(uri.clone(), Some(edited(&text, &changed)?));
                    edits.entry(uri).or_default().extend(changed);
                }
                (kind, text) => {
                    let state = if text.is_some() { "is there" } else { "is not there" };
                    return Err(format!("{uri} {state}: {}", kind.unwrap_or("edit")));
                }
            }
        }
        self.commit(texts, &edits)
    }

    fn check_version(&self, uri: &str, version: &Value) -> Result<(), String> {
        let current = self.documents.get(uri).map(|open| open.version);
        if version.is_null() || version.as_i64() == current {
            Ok(())
        } else {
            Err(format!("{uri} has another version than {version}"))
        }
    }

    fn commit(
        &mut self,
        texts: BTreeMap<String, Option<String>>,
        edits: &BTreeMap<String, Vec<Value>>,
    ) -> Result<Vec<Value>, String> {
        let mut notices = Vec::new();
        for (uri, text) in texts {
            match text {
                Some(text) if self.documents.contains_key(&uri) => {
                    let edits = edits.get(&uri).map(Vec::as_slice).unwrap_or_default();
                    notices.extend(self.change(&uri, text, edits));
                }
                Some(text) => fs::write(to_path(&uri)?, text).map_err(|error| error.to_string())?,
                None => fs::remove_file(to_path(&uri)?).map_err(|error| error.to_string())?,
            }
        }
        Ok(notices)
    }

    /// Replaces the text; returns the parameters that tell it, the last edit first, so that positions stay true.
    fn change(&mut self, uri: &str, text: String, edits: &[Value]) -> Option<Value> {
        let open = self.documents.get_mut(uri)?;
        open.version += 1;
        open.text = text;
        let changes: Vec<_> =
            edits.iter().rev().map(|edit| json!({"range": edit["range"], "text": edit["newText"]})).collect();
        let document = json!({"uri": uri, "version": open.version});
        Some(json!({"textDocument": document, "contentChanges": changes}))
    }
}

fn read(documents: &BTreeMap<String, Open>, uri: &str) -> Result<Option<String>, String> {
    if let Some(open) = documents.get(uri) {
        return Ok(Some(open.text.clone()));
    }
    match fs::read_to_string(to_path(uri)?) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn to_path(uri: &str) -> Result<PathBuf, String> {
    DocumentUri::new(uri).to_path().ok_or_else(|| format!("{uri} is no file"))
}

/// The text with edits, which are sorted and disjoint, in positions of the text before.
fn edited(text: &str, edits: &[Value]) -> Result<String, String> {
    let mut after = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        let place = |end: &str| offset(text, &edit["range"][end]).ok_or("an edit has no place");
        let (start, end) = (place("start")?, place("end")?);
        if start < done || end < start {
            return Err("the edits are not in order".to_owned());
        }
        after.push_str(&text[done..start]);
        after.push_str(edit["newText"].as_str().ok_or("an edit has no text")?);
        done = end;
    }
    after.push_str(&text[done..]);
    Ok(after)
}

/// The byte offset of a position in UTF-16; behind the end of its line or of the text it is that end.
fn offset(text: &str, position: &Value) -> Option<usize> {
    let line = usize::try_from(position["line"].as_u64()?).ok()?;
    let character = usize::try_from(position["character"].as_u64()?).ok()?;
    let mut start = 0;
    for _ in 0..line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return Some(text.len()),
        }
    }
    let content = text[start..].split('\n').next().unwrap_or_default();
    let mut units = 0;
    for (at, c) in content.char_indices() {
        if units >= character {
            return Some(start + at);
        }
        units += c.len_utf16();
    }
    Some(start + content.len())
}

/// The position of a byte offset; `None` when it is not between two characters.
fn position(text: &str, at: usize) -> Option<Value> {
    let before = text.get(..at)?;
    let line = before.matches('\n').count();
    let content = before.rsplit('\n').next().unwrap_or_default();
    Some(json!({"line": line, "character": content.encode_utf16().count()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf_16() {
        let text = "é🥐x\n\nend";
        for at in [0, 2, 6, 7, 8, 9, 12] {
            assert_eq!(offset(text, &position(text, at).unwrap()), Some(at));
        }
        assert_eq!(position(text, 6), Some(json!({"line": 0, "character": 3})));
        assert_eq!(position(text, 1), None);
        assert_eq!(offset(text, &json!({"line": 9, "character": 0})), Some(text.len()));
        assert_eq!(offset(text, &json!({"line": 0, "character": 99})), Some(7));
    }

    #[test]
    fn an_edit_is_applied_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Desk::new(folder.path().to_owned());
        desk.open("a.py", "é = 1\n");
        let range = json!({"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 5}});
        let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}});
        let (a, b) = (desk.uri("a.py"), desk.uri("b.py"));
        let edit = |version: i32| {
            json!({"documentChanges": [
                {"textDocument": {"uri": a, "version": version}, "edits": [{"range": range, "newText": "2"}]},
                {"kind": "create", "uri": b},
                {"textDocument": {"uri": b, "version": null}, "edits": [{"range": whole, "newText": "b\n"}]},
            ]})
        };
        assert!(desk.apply(&edit(2)).is_err());
        assert_eq!((desk.text("a.py").unwrap(), desk.read("b.py").unwrap()), ("é = 1\n", None));
        let notices = desk.apply(&edit(1)).unwrap();
        assert_eq!(notices[0]["textDocument"]["version"], 2);
        assert_eq!((desk.text("a.py").unwrap(), desk.read("b.py").unwrap()), ("é = 2\n", Some("b\n".into())));
        desk.apply(&json!({"documentChanges": [{"kind": "delete", "uri": b}]})).unwrap();
        assert_eq!(desk.read("b.py").unwrap(), None);
    }
}
