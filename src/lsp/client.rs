//! The client's face for the application, and the only sender of requests and notifications to the client.
//!
//! A call only puts something into a queue. One task empties it in order; what needs a reply of the client goes on
//! beside it: edits one after the other ([`edits`]), progress per task ([`progress`]). All texts are cleaned of
//! control characters here.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower::Service;
use tower_lsp::Client;
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, Request};

use super::capabilities::Profile;
use super::convert::to_lsp;
use super::protocol;
use crate::app::Event;
use crate::ports::{ApplyId, Editor, Hint, Mark, Progress, TaskNotice, WorkspaceChange};
use crate::problem::{Problem, Severity, plain};
use crate::text::{DocumentUri, Span};

/// Longest wait for an answer that tells nothing.
const PATIENCE: Duration = Duration::from_secs(30);

mod edits;
mod progress;

/// Something to send.
#[derive(Debug)]
enum Outgoing {
    Apply(Change),
    Mark(DocumentUri, Option<i32>, Vec<Mark>),
    Progress(String, Progress),
    Notice(String, TaskNotice),
    Message(Severity, String),
    Show(DocumentUri, Option<Span>),
    Hint(Hint),
}

/// An edit of the workspace.
#[derive(Debug)]
struct Change {
    id: ApplyId,
    change: WorkspaceChange,
    /// Whether the client shall ask its user first.
    confirm: bool,
}

/// The face: a sender into the queue.
#[derive(Debug)]
pub(super) struct Face {
    queue: mpsc::UnboundedSender<Outgoing>,
}

/// The other end of the queue, before the client is there.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: mpsc::UnboundedReceiver<Outgoing>,
}

/// Creates a face and the queue behind it.
pub(super) fn connect() -> (Face, Outbox) {
    let (sender, queue) = mpsc::unbounded_channel();
    (Face { queue: sender }, Outbox { queue })
}

impl Face {
    fn put(&self, outgoing: Outgoing) {
        // The queue is closed only at the end, when nothing can be sent any more.
        let _ = self.queue.send(outgoing);
    }
}

impl Editor for Face {
    fn apply(&self, id: ApplyId, change: WorkspaceChange) {
        self.put(Outgoing::Apply(Change { id, change, confirm: false }));
    }

    fn apply_confirmed(&self, id: ApplyId, change: WorkspaceChange) {
        self.put(Outgoing::Apply(Change { id, change, confirm: true }));
    }

    fn mark(&self, uri: &DocumentUri, version: Option<i32>, marks: Vec<Mark>) {
        self.put(Outgoing::Mark(uri.clone(), version, marks));
    }

    fn progress(&self, task: &str, progress: Progress) {
        self.put(Outgoing::Progress(task.to_owned(), progress));
    }

    fn notice(&self, task: &str, notice: TaskNotice) {
        self.put(Outgoing::Notice(task.to_owned(), notice));
    }

    fn message(&self, severity: Severity, text: &str) {
        self.put(Outgoing::Message(severity, plain(text)));
    }

    fn show(&self, uri: &DocumentUri, span: Option<Span>) {
        self.put(Outgoing::Show(uri.clone(), span));
    }

    fn hint(&self, hint: Hint) {
        self.put(Outgoing::Hint(hint));
    }
}

impl Outbox {
    /// Sends until the queue closes. Dropping the future ends everything that goes on beside it.
    pub(super) async fn run(
        mut self,
        client: Client,
        profile: Arc<OnceLock<Profile>>,
        events: mpsc::UnboundedSender<Event>,
    ) {
        let mut sender = Sender {
            wire: Wire(client),
            events,
            beside: JoinSet::new(),
            edits: None,
            progress: HashMap::new(),
        };
        while let Some(outgoing) = self.queue.recv().await {
            let Some(profile) = profile.get() else {
                tracing::error!(?outgoing, "something was to be sent before `initialize`");
                continue;
            };
            sender.send(outgoing, profile).await;
            while sender.beside.try_join_next().is_some() {}
        }
    }
}

/// The state of the sending task.
struct Sender {
    wire: Wire,
    events: mpsc::UnboundedSender<Event>,
    beside: JoinSet<()>,
    edits: Option<mpsc::UnboundedSender<Change>>,
    progress: HashMap<String, mpsc::UnboundedSender<Progress>>,
}

impl Sender {
    async fn send(&mut self, outgoing: Outgoing, profile: &Profile) {
        match outgoing {
            Outgoing::Apply(change) => self.apply(change, profile),
            Outgoing::Mark(uri, version, marks) => {
                let params = lsp::PublishDiagnosticsParams {
                    uri: to_lsp::uri(&uri),
                    version: version.filter(|_| profile.diagnostic_versions),
                    diagnostics: marks.iter().map(to_lsp::diagnostic).collect(),
                };
                self.wire.notify("textDocument/publishDiagnostics", &params).await;
            }
            Outgoing::Progress(task, progress) if profile.progress => self.progress(&task, progress),
            Outgoing::Notice(task, notice) if profile.events => {
                let params = protocol::EventParams { task, notice: clean(notice) };
                self.wire.notify(protocol::EVENT, &params).await;
            }
            Outgoing::Message(severity, message) => {
                let kind = to_lsp::message_type(severity);
                self.wire.notify("window/showMessage", &lsp::ShowMessageParams { kind, message }).await;
            }
            Outgoing::Show(uri, span) if profile.show_document => {
                let params = lsp::ShowDocumentParams {
                    uri: to_lsp::uri(&uri),
                    external: None,
                    take_focus: Some(true),
                    selection: span.map(to_lsp::range),
                };
                self.ask("window/showDocument", Some(json(&params)));
            }
            Outgoing::Hint(Hint::RefreshLenses) if profile.refresh_lenses => {
                self.ask("workspace/codeLens/refresh", None);
            }
            unsupported => tracing::trace!(?unsupported, "the client cannot take this"),
        }
    }

    fn apply(&mut self, change: Change, profile: &Profile) {
        let edits = self.edits.get_or_insert_with(|| {
            let (sender, queue) = mpsc::unbounded_channel();
            self.beside.spawn(edits::run(self.wire.clone(), profile.clone(), queue, self.events.clone()));
            sender
        });
        let id = change.id;
        if edits.send(change).is_err() {
            // That task ends only together with this one, or by a defect: then the loop must not wait for it.
            let reason = Some("the edit could not be sent".to_owned());
            let _ = self.events.send(Event::EditAnswered { id, applied: false, reason });
        }
    }

    fn progress(&mut self, task: &str, progress: Progress) {
        let ends = matches!(progress, Progress::End { .. });
        if matches!(progress, Progress::Begin { .. }) {
            let (sender, queue) = mpsc::unbounded_channel();
            self.beside.spawn(progress::run(self.wire.clone(), task.to_owned(), queue));
            self.progress.insert(task.to_owned(), sender);
        }
        if let Some(queue) = self.progress.get(task) {
            let _ = queue.send(progress);
        }
        if ends {
            self.progress.remove(task);
        }
    }

    /// Sends a request whose answer tells nothing. A client that never answers costs nothing for long.
    fn ask(&mut self, method: &'static str, params: Option<Value>) {
        let wire = self.wire.clone();
        self.beside.spawn(async move {
            match tokio::time::timeout(PATIENCE, wire.request(method, params)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::debug!(method, %error, "the client refuses"),
                Err(_) => tracing::debug!(method, "the client does not answer"),
            }
        });
    }
}

/// The framework's client, by method names and JSON: it sends only after `initialize`, as the caller makes sure.
#[derive(Clone)]
struct Wire(Client);

impl Wire {
    async fn notify(&self, method: &'static str, params: &impl Serialize) {
        let notification = Request::build(method).params(json(params)).finish();
        if self.0.clone().call(notification).await.is_err() {
            tracing::debug!(method, "a notification came after the end");
        }
    }

    async fn request(&self, method: &'static str, params: Option<Value>) -> Result<Value, Error> {
        let mut request = Request::build(method).id(self.0.next_request_id());
        if let Some(params) = params {
            request = request.params(params);
        }
        match self.0.clone().call(request.finish()).await {
            Ok(Some(response)) => response.into_parts().1,
            _ => Err(Error::internal_error()),
        }
    }
}

/// Parameters as JSON.
fn json(params: &impl Serialize) -> Value {
    serde_json::to_value(params).unwrap_or_else(|error| {
        tracing::error!(%error, "parameters cannot be written as JSON");
        Value::Null
    })
}

fn clean(notice: TaskNotice) -> TaskNotice {
    match notice {
        TaskNotice::Started { title } => TaskNotice::Started { title: plain(&title) },
        TaskNotice::Text { text } => TaskNotice::Text { text: plain(&text) },
        TaskNotice::Failed { error } => {
            let (message, hint) = (plain(&error.message), error.hint.as_deref().map(plain));
            TaskNotice::Failed { error: Problem { message, hint, ..error } }
        }
        other => other,
    }
}
