//! Editors that treat documents and `workspace/applyEdit` as the real ones were seen to do.
//!
//! | | stale version | created file | `didChange` |
//! |---|---|---|---|
//! | Neovim | skipped, `applied: true`; applied anyway after a resource operation; 0 is never checked | one empty line | 150 ms after the reply |
//! | VS Code | `applied: false`, nothing done | empty | right after the reply |
//! | Helix | `applied: false` with a reason; what came before stays | empty | before the reply |
//! | Emacs | an error; what came before stays | no such operation, but edits of missing files work | 50 ms after the reply |
//! | Zed (read in its source) | moved to where its text is now, `applied: true` | empty | before the reply |

#![allow(dead_code, reason = "a library for several test files, not each of which uses all of it")]
#![expect(clippy::unwrap_used, reason = "a test may stop, and reads better so")]

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tenon::app::Entrance;
use tenon::ports::Editor;

use super::client::{Client, PATIENCE, Peer, Reaction, Wire};
use super::positions;

/// An open document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) version: i64,
    pub(crate) text: String,
}

struct State {
    peer: Peer,
    encoding: String,
    documents: BTreeMap<String, Document>,
    /// The texts of earlier versions, by URI and version.
    earlier: BTreeMap<(String, i64), String>,
    /// Notifications that this editor sends only later.
    deferred: Vec<(&'static str, Value)>,
    wire: Wire,
    /// How many `workspace/applyEdit` came.
    n_applied: usize,
    /// The last of them.
    last_edit: Value,
    /// What the user types just before the next edit of the server arrives: document, old, new.
    typed_first: Option<(String, String, String)>,
    /// The files whose resource operations fail, one after the other.
    fails_at: VecDeque<String>,
}

/// An editor with documents.
pub(crate) struct FakeEditor {
    pub(crate) client: Client,
    state: Arc<Mutex<State>>,
}

type Notifications = Vec<(&'static str, Value)>;

impl FakeEditor {
    /// Starts a server as `peer`, whose progress, lenses and shown documents it accepts.
    pub(crate) async fn start<E: Into<Entrance> + 'static>(
        peer: Peer,
        parameters: Value,
        start: impl FnOnce(Arc<dyn Editor>) -> E + Send + 'static,
    ) -> Self {
        let client = Client::connect(start);
        let state = Arc::new(Mutex::new(State {
            peer,
            encoding: String::new(),
            documents: BTreeMap::new(),
            earlier: BTreeMap::new(),
            deferred: Vec::new(),
            wire: client.wire(),
            n_applied: 0,
            typed_first: None,
            last_edit: Value::Null,
            fails_at: VecDeque::new(),
        }));
        let shared = Arc::clone(&state);
        client.respond("workspace/applyEdit", move |params| {
            shared.lock().unwrap().last_edit = params["edit"].clone();
            react(&shared, &params["edit"])
        });
        client.respond("window/workDoneProgress/create", |_| Ok(Value::Null));
        client.respond("workspace/codeLens/refresh", |_| Ok(Value::Null));
        client.respond("window/showDocument", |_| Ok(json!({"success": true})));
        let result = client.initialize(parameters).await;
        let encoding = result["capabilities"]["positionEncoding"].as_str().unwrap_or("utf-16");
        encoding.clone_into(&mut state.lock().unwrap().encoding);
        Self { client, state }
    }

    /// Opens a document.
    pub(crate) fn open(&self, uri: &str, language: &str, text: &str) {
        let mut state = self.state.lock().unwrap();
        state.flush();
        let version = state.first_version();
        let item = json!({"uri": uri, "languageId": language, "version": version, "text": text});
        state.documents.insert(uri.to_owned(), Document { version, text: text.to_owned() });
        state.wire.notify("textDocument/didOpen", json!({ "textDocument": item }));
    }

    /// Closes a document.
    pub(crate) fn close(&self, uri: &str) {
        let mut state = self.state.lock().unwrap();
        state.flush();
        state.documents.remove(uri).expect("an open document");
        state.wire.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// Types: replaces the only occurrence of `old` by `new`.
    pub(crate) fn replace(&self, uri: &str, old: &str, new: &str) {
        self.state.lock().unwrap().replace(uri, old, new);
    }

    /// Types `new` at a byte offset.
    pub(crate) fn insert(&self, uri: &str, at: usize, new: &str) {
        let mut state = self.state.lock().unwrap();
        state.flush();
        let position = positions::position(&state.documents[uri].text, at, &state.encoding);
        let range = json!({"start": position, "end": position});
        for (method, params) in state.edit(uri, &[json!({"range": range, "newText": new})]) {
            state.wire.notify(method, params);
        }
    }

    /// Does one edit of the server's that came in an answer: an LSP `TextEdit`.
    pub(crate) fn put_in(&self, uri: &str, edit: Value) {
        let mut state = self.state.lock().unwrap();
        state.flush();
        for (method, params) in state.edit(uri, &[edit]) {
            state.wire.notify(method, params);
        }
    }

    /// [`FakeEditor::replace`], in the moment before the next edit of the server arrives: that one is stale then.
    pub(crate) fn replace_before_apply(&self, uri: &str, old: &str, new: &str) {
        self.state.lock().unwrap().typed_first = Some((uri.to_owned(), old.to_owned(), new.to_owned()));
    }

    /// Has the next resource operation on this file fail, after those said before: what stands before it in the edit
    /// has happened then.
    pub(crate) fn fail_operation(&self, uri: &str) {
        self.state.lock().unwrap().fails_at.push_back(uri.to_owned());
    }

    /// Tells the server now what this editor would tell it later.
    pub(crate) fn flush(&self) {
        self.state.lock().unwrap().flush();
    }

    /// The document as the user sees it.
    pub(crate) fn document(&self, uri: &str) -> Option<Document> {
        self.state.lock().unwrap().documents.get(uri).cloned()
    }

    /// The text as the user sees it.
    pub(crate) fn text(&self, uri: &str) -> String {
        self.document(uri).expect("an open document").text
    }

    /// The URIs of all open documents.
    pub(crate) fn open_documents(&self) -> Vec<String> {
        self.state.lock().unwrap().documents.keys().cloned().collect()
    }

    /// An LSP range from byte offsets, in the negotiated encoding.
    pub(crate) fn range(&self, uri: &str, range: std::ops::Range<usize>) -> Value {
        let state = self.state.lock().unwrap();
        let text = &state.documents[uri].text;
        json!({"start": positions::position(text, range.start, &state.encoding),
            "end": positions::position(text, range.end, &state.encoding)})
    }

    /// Goes without a word.
    pub(crate) async fn hang_up(self) -> i32 {
        self.client.hang_up().await
    }

    /// The last edit that the server sent.
    pub(crate) fn last_edit(&self) -> Value {
        self.state.lock().unwrap().last_edit.clone()
    }

    /// How many `workspace/applyEdit` came.
    pub(crate) fn n_applied(&self) -> usize {
        self.state.lock().unwrap().n_applied
    }

    /// Waits until the document reads so.
    pub(crate) async fn wait_text(&self, uri: &str, expected: &str) {
        let reached = async {
            while self.document(uri).is_none_or(|document| document.text != expected) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, reached).await;
        assert!(outcome.is_ok(), "waited in vain for {expected:?}; there is {:?}", self.document(uri));
    }

    /// Ends politely and returns the exit code.
    pub(crate) async fn shutdown(self) -> i32 {
        self.state.lock().unwrap().flush();
        self.client.shutdown().await
    }
}

/// Applies an edit and says when its notifications and its reply go out.
fn react(shared: &Arc<Mutex<State>>, edit: &Value) -> Reaction {
    let mut state = shared.lock().unwrap();
    state.n_applied += 1;
    if let Some((uri, old, new)) = state.typed_first.take() {
        state.replace(&uri, &old, &new);
    }
    let (notifications, reply) = state.apply(edit);
    let delay = match state.peer {
        Peer::Helix | Peer::Zed => return Reaction { before: notifications, reply, after: Vec::new() },
        Peer::VsCode => return Reaction { before: Vec::new(), reply, after: notifications },
        Peer::Neovim => Duration::from_millis(150),
        Peer::Emacs => Duration::from_millis(50),
    };
    state.deferred.extend(notifications);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        shared.lock().unwrap().flush();
    });
    Reaction::from(reply)
}

impl State {
    /// Sends what was deferred; everything the user does comes after it.
    fn flush(&mut self) {
        for (method, params) in self.deferred.drain(..) {
            self.wire.notify(method, params);
        }
    }

    fn replace(&mut self, uri: &str, old: &str, new: &str) {
        self.flush();
        let (encoding, text) = (self.encoding.clone(), self.documents[uri].text.clone());
        assert_eq!(text.matches(old).count(), 1, "`{old}` is not one place in {text:?}");
        let at = text.find(old).expect("it was counted");
        let range = json!({"start": positions::position(&text, at, &encoding),
            "end": positions::position(&text, at + old.len(), &encoding)});
        for (method, params) in self.edit(uri, &[json!({"range": range, "newText": new})]) {
            self.wire.notify(method, params);
        }
    }

    fn first_version(&self) -> i64 {
        i64::from(self.peer == Peer::VsCode)
    }

    fn apply(&mut self, edit: &Value) -> (Notifications, Result<Value, Value>) {
        let mut sent = Vec::new();
        if let Some(changes) = edit["changes"].as_object() {
            for (uri, edits) in changes {
                sent.extend(self.edit(uri, edits.as_array().expect("edits")));
            }
            return (sent, Ok(json!({"applied": true})));
        }
        let changes = edit["documentChanges"].as_array().expect("an edit").clone();
        if self.peer == Peer::VsCode && changes.iter().any(|change| self.is_stale(change)) {
            return (sent, Ok(json!({"applied": false})));
        }
        let mut after_operation = false;
        for change in &changes {
            if let Some(kind) = change["kind"].as_str() {
                after_operation = true;
                let uri = change["uri"].as_str().or(change["oldUri"].as_str());
                if uri.is_some() && self.fails_at.front().map(String::as_str) == uri {
                    self.fails_at.pop_front();
                    return (sent, Ok(json!({"applied": false, "failureReason": "permission denied"})));
                }
                sent.extend(self.operation(kind, change));
                continue;
            }
            if self.is_stale(change) {
                match self.peer {
                    Peer::Neovim if after_operation => {}
                    Peer::Neovim => continue,
                    Peer::Zed => {
                        sent.extend(self.moved_edit(change));
                        continue;
                    }
                    Peer::Emacs => {
                        return (sent, Err(json!({"code": -32603, "message": "Invalid version"})));
                    }
                    _ => {
                        let reason = "version mismatch";
                        return (sent, Ok(json!({"applied": false, "failureReason": reason})));
                    }
                }
            }
            let uri = change["textDocument"]["uri"].as_str().expect("a URI");
            sent.extend(self.edit(uri, change["edits"].as_array().expect("edits")));
        }
        (sent, Ok(json!({"applied": true})))
    }

    fn is_stale(&self, change: &Value) -> bool {
        let document = change["textDocument"]["uri"].as_str().and_then(|uri| self.documents.get(uri));
        match (document, change["textDocument"]["version"].as_i64()) {
            (Some(_), Some(0)) if self.peer == Peer::Neovim => false,
            (Some(document), Some(version)) => document.version != version,
            _ => false,
        }
    }

    /// Creates, deletes or renames a file on the disk.
    fn operation(&mut self, kind: &str, change: &Value) -> Notifications {
        assert_ne!(self.peer, Peer::Emacs, "it cannot do resource operations");
        if kind == "rename" {
            return self.rename(change);
        }
        let uri = change["uri"].as_str().expect("a URI");
        let path = path(uri);
        match kind {
            "create" => {
                let keep = path.exists() && change["options"]["ignoreIfExists"] == true;
                assert!(keep || !path.exists(), "an editor would empty {uri}");
                if !keep {
                    std::fs::create_dir_all(path.parent().expect("a folder")).unwrap();
                    std::fs::write(&path, "").unwrap();
                }
                self.load(uri)
            }
            "delete" => {
                std::fs::remove_file(&path).unwrap();
                let closed = self.documents.remove(uri);
                let params = json!({"textDocument": {"uri": uri}});
                closed.map(|_| ("textDocument/didClose", params)).into_iter().collect()
            }
            other => panic!("no one asked for `{other}`"),
        }
    }

    /// Moves a file on the disk, and its document with what is not saved.
    fn rename(&mut self, change: &Value) -> Notifications {
        let (from, to) = (change["oldUri"].as_str().expect("a URI"), change["newUri"].as_str().expect("one"));
        assert!(!path(to).exists(), "an editor would skip it, or overwrite {to}");
        std::fs::create_dir_all(path(to).parent().expect("a folder")).unwrap();
        std::fs::rename(path(from), path(to)).unwrap();
        let Some(document) = self.documents.remove(from) else { return Vec::new() };
        let closed = json!({"textDocument": {"uri": from}});
        let version = self.first_version();
        let item = json!({"uri": to, "languageId": "", "version": version, "text": document.text});
        self.documents.insert(to.to_owned(), Document { version, text: document.text });
        vec![("textDocument/didClose", closed), ("textDocument/didOpen", json!({ "textDocument": item }))]
    }

    /// Opens a document that is not open yet, as editors do before they edit it.
    fn load(&mut self, uri: &str) -> Notifications {
        if self.documents.contains_key(uri) {
            return Vec::new();
        }
        let mut text = std::fs::read_to_string(path(uri)).unwrap_or_default();
        if text.is_empty() && self.peer == Peer::Neovim {
            text.push('\n');
        }
        let version = self.first_version();
        let item = json!({"uri": uri, "languageId": "", "version": version, "text": text});
        self.documents.insert(uri.to_owned(), Document { version, text });
        vec![("textDocument/didOpen", json!({ "textDocument": item }))]
    }

    /// Does an edit for an earlier version where its text is now: what was typed since is taken for one region, and
    /// the edit stands before or behind it.
    fn moved_edit(&mut self, change: &Value) -> Notifications {
        let uri = change["textDocument"]["uri"].as_str().expect("a URI").to_owned();
        let version = change["textDocument"]["version"].as_i64().expect("a version");
        let (base, live) = (&self.earlier[&(uri.clone(), version)], &self.documents[&uri].text);
        let before = base.bytes().zip(live.bytes()).take_while(|(a, b)| a == b).count();
        let shorter = base.len().min(live.len()) - before;
        let behind =
            base.bytes().rev().zip(live.bytes().rev()).take(shorter).take_while(|(a, b)| a == b).count();
        let now = |position: &Value| {
            let at = positions::offset(base, position, &self.encoding);
            let at = if at <= before { at } else { live.len() - (base.len() - at).min(behind) };
            positions::position(live, at, &self.encoding)
        };
        let moved = |edit: &Value| {
            let range = json!({"start": now(&edit["range"]["start"]), "end": now(&edit["range"]["end"])});
            json!({"range": range, "newText": edit["newText"]})
        };
        let edits: Vec<Value> = change["edits"].as_array().expect("edits").iter().map(moved).collect();
        self.edit(&uri, &edits)
    }

    fn edit(&mut self, uri: &str, edits: &[Value]) -> Notifications {
        let mut sent = self.load(uri);
        if edits.is_empty() {
            return sent;
        }
        let document = self.documents.get_mut(uri).expect("it was loaded");
        let (text, changes) = positions::apply(&document.text, edits, &self.encoding);
        let earlier = std::mem::replace(&mut document.text, text);
        self.earlier.insert((uri.to_owned(), document.version), earlier);
        document.version += 1;
        let id = json!({"uri": uri, "version": document.version});
        sent.push(("textDocument/didChange", json!({"textDocument": id, "contentChanges": changes})));
        sent
    }
}

fn path(uri: &str) -> PathBuf {
    let path = uri.strip_prefix("file://").expect("a file");
    PathBuf::from(percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned())
}
