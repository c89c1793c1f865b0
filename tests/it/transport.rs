//! The protocol edge against clients that behave badly, and against recorded real ones. The test plays the
//! application: it reads the events and answers them.

#![expect(clippy::unwrap_used, reason = "a test may stop, and reads better so")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tenon::app::{Command, Event, Query, Reply};
use tenon::ports::{ApplyId, Editor, FileEdit, WorkspaceChange};
use tenon::text::{DocumentUri, Span, SpanEdit};
use tokio::sync::mpsc;

use crate::support::client::{Client, PATIENCE, Peer, within};

mod client;
mod editors;
mod ends;
mod protocol_page;
mod robust;

/// The application, played by a test.
struct App {
    events: mpsc::UnboundedReceiver<Event>,
    editor: Arc<dyn Editor>,
}

impl App {
    /// Connects a client that has not introduced itself to an application.
    async fn connect() -> (Client, Self) {
        let (sender, events) = mpsc::unbounded_channel();
        let (give, given) = tokio::sync::oneshot::channel();
        let client = Client::connect(move |editor| {
            let _ = give.send(editor);
            sender
        });
        let editor = given.await.expect("the server starts");
        (client, Self { events, editor })
    }

    /// Connects a client and takes its introduction.
    async fn start(parameters: Value) -> (Client, Self) {
        let (client, mut app) = Self::connect().await;
        client.initialize(parameters).await;
        let Event::Initialized(_) = app.next().await else { panic!("the client is introduced first") };
        (client, app)
    }

    async fn next(&mut self) -> Event {
        within("an event", self.events.recv()).await.expect("the server lives")
    }

    async fn command(&mut self) -> (Command, Reply<Value>) {
        match self.next().await {
            Event::Command(command, reply) => (command, reply),
            other => panic!("expected a command, got {other:?}"),
        }
    }

    async fn edit_answered(&mut self) -> (ApplyId, bool, Option<String>) {
        match self.next().await {
            Event::EditAnswered { id, applied, reason } => (id, applied, reason),
            other => panic!("expected the answer to an edit, got {other:?}"),
        }
    }
}

fn open(client: &Client, uri: &str, text: &str) {
    let item = json!({"uri": uri, "languageId": "rust", "version": 1, "text": text});
    client.notify("textDocument/didOpen", json!({ "textDocument": item }));
}

fn type_x(client: &Client, uri: &str, version: i32) {
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}});
    client.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"range": range, "text": "x"}]}),
    );
}

fn change(uri: &str, version: i32) -> WorkspaceChange {
    let edits = vec![SpanEdit { span: Span::default(), new_text: "y".to_owned() }];
    let file = FileEdit::Edit { uri: DocumentUri::new(uri), version: Some(version), base: None, edits };
    WorkspaceChange { label: "tenon: edit".to_owned(), files: vec![file] }
}
