//! The demo's editor at work: its documents, its connection, and what it answers to the server.

use std::collections::VecDeque;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::client::{Client, Incoming};
use super::desk::Desk;
use super::{failed, refused};
use crate::problem::Problem;

/// An initialized session.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    /// The editor's documents.
    pub(super) desk: Desk,
    /// Events of tasks that nobody has waited for yet.
    events: VecDeque<Value>,
}

impl Session {
    /// Introduces the editor to the server.
    pub(super) async fn start(client: Client, desk: Desk) -> Result<Self, Problem> {
        let mut session = Self { client, desk, events: VecDeque::new() };
        let root = session.desk.root();
        let server = session.request("initialize", introduction(&root)).await?;
        let encoding = &server["capabilities"]["positionEncoding"];
        if encoding != "utf-16" {
            return Err(failed(format!("the server chose the position encoding {encoding}")));
        }
        session.client.notify("initialized", json!({})).await?;
        Ok(session)
    }

    /// Opens a document.
    pub(super) async fn open(&mut self, path: &str, text: &str) -> Result<(), Problem> {
        let params = self.desk.open(path, text);
        self.client.notify("textDocument/didOpen", params).await
    }

    /// Types a character at a byte offset of an open document.
    pub(super) async fn type_key(&mut self, path: &str, at: usize, key: char) -> Result<(), Problem> {
        let params = self.desk.type_key(path, at, key)?;
        self.client.notify("textDocument/didChange", params).await
    }

    /// Runs a command and returns its result.
    pub(super) async fn command(&mut self, command: &str, arguments: Value) -> Result<Value, Problem> {
        let params = json!({"command": command, "arguments": [arguments]});
        self.request("workspace/executeCommand", params).await
    }

    /// Waits for the next event of a task.
    pub(super) async fn event(&mut self) -> Result<Value, Problem> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            let incoming = self.client.receive().await?;
            self.handle(incoming).await?;
        }
    }

    /// Waits for an event of this kind; a failure that comes first is a problem.
    pub(super) async fn event_of(&mut self, kind: &str) -> Result<Value, Problem> {
        loop {
            let event = self.event().await?;
            if event["kind"] == kind {
                return Ok(event);
            }
            if event["kind"] == "failed" {
                return Err(refused(&event["error"]));
            }
        }
    }

    /// Compares the server's copies of the open documents with ours.
    pub(super) async fn compare_mirror(&mut self) -> Result<(), Problem> {
        let params = json!({"command": "tenon.status", "arguments": []});
        let status = self.request("workspace/executeCommand", params).await?;
        let copies = status["documents"].as_array().cloned().unwrap_or_default();
        for (uri, open) in self.desk.documents() {
            let digest = Sha256::digest(open.text.as_bytes());
            let sha256 = crate::text::hex(&digest);
            let is_ours = |copy: &Value| {
                copy["uri"] == uri && copy["version"] == open.version && copy["sha256"] == sha256.as_str()
            };
            if !copies.iter().any(is_ours) {
                return Err(failed(format!("the server's copy of {uri} is not the editor's text")));
            }
        }
        Ok(())
    }

    /// Says good-bye.
    pub(super) async fn end(&mut self) -> Result<(), Problem> {
        self.request("shutdown", Value::Null).await?;
        self.client.notify("exit", Value::Null).await
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Value, Problem> {
        let number = self.client.request(method, params).await?;
        loop {
            match self.client.receive().await? {
                Incoming::Answer(answered, result) if answered == number => {
                    return result.map_err(|error| refused(&error));
                }
                incoming => self.handle(incoming).await?,
            }
        }
    }

    async fn handle(&mut self, incoming: Incoming) -> Result<(), Problem> {
        match incoming {
            Incoming::Notification(method, params) if method == "tenon/event" => {
                self.events.push_back(params);
                Ok(())
            }
            // Diagnostics, progress and messages are for screens with more room.
            Incoming::Notification(..) => Ok(()),
            Incoming::Request(id, method, params) if method == "workspace/applyEdit" => {
                self.apply(id, &params["edit"]).await
            }
            Incoming::Request(id, ..) => self.client.answer(id, Value::Null).await,
            Incoming::Answer(number, _) => Err(failed(format!("there was no request {number} to answer"))),
        }
    }

    /// Answers first and tells the new texts then, as VS Code does.
    async fn apply(&mut self, id: Value, edit: &Value) -> Result<(), Problem> {
        let changes = match self.desk.apply(edit) {
            Ok(changes) => changes,
            Err(reason) => {
                let refusal = json!({"applied": false, "failureReason": reason});
                return self.client.answer(id, refusal).await;
            }
        };
        self.client.answer(id, json!({"applied": true})).await?;
        for change in changes {
            self.client.notify("textDocument/didChange", change).await?;
        }
        Ok(())
    }
}

/// The parameters of `initialize`, as common editors send them.
fn introduction(root: &str) -> Value {
    json!({
        "processId": std::process::id(),
        "clientInfo": {"name": "tenon demo", "version": env!("CARGO_PKG_VERSION")},
        "rootUri": root,
        "workspaceFolders": [{"uri": root, "name": "bakery"}],
        "initializationOptions": {"tenon": {"events": true}},
        "capabilities": {
            "general": {"positionEncodings": ["utf-16"]},
            "window": {"workDoneProgress": true},
            "workspace": {
                "applyEdit": true,
                "workspaceEdit": {
                    "documentChanges": true,
                    "resourceOperations": ["create", "rename", "delete"],
                    "failureHandling": "transactional"
                },
                "codeLens": {"refreshSupport": true}
            },
            "textDocument": {
                "synchronization": {"didSave": true},
                "publishDiagnostics": {"versionSupport": true},
                "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor"]}}}
            }
        }
    })
}
