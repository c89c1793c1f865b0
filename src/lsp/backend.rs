//! Turns each message into an [`Event`] and hands it over before anything else.
//!
//! Everything up to a handler's first pending `.await` runs in arrival order; so every handler sends its event
//! first, and waits (for the application, never for the client or a model) afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::{ClientSocket, LanguageServer, LspService, LspServiceBuilder};

use super::capabilities::{self, Profile};
use super::commands;
use super::convert::{from_lsp, to_lsp};
use super::params::{
    CodeActions, Complete, DidChange, DidChangeFolders, DidOpen, Execute, OfDocument, Params, ProgressCancel,
};
use crate::app::event::{ClientFacts, Completion, CompletionRequest};
use crate::app::{Entrance, Event, Query};
use crate::ports::metrics::catalogue::MALFORMED;
use crate::problem::{Category, Problem};
use crate::text::DocumentUri;

/// What the rest of the edge shares with the backend.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    /// Set by `initialize`.
    pub(super) profile: Arc<OnceLock<Profile>>,
    /// Set by `shutdown`.
    pub(super) shut_down: Arc<AtomicBool>,
}

/// The handlers.
#[derive(Debug)]
pub(super) struct Backend {
    events: mpsc::UnboundedSender<Event>,
    /// Whether the application completes text.
    completes: bool,
    session: Session,
    parent: Mutex<Option<oneshot::Sender<i32>>>,
    /// Told to the application by the first message after `initialize`, when the client may be talked to.
    facts: Mutex<Option<ClientFacts>>,
}

impl Backend {
    /// Creates the handlers; `parent` gets the client's process id.
    pub(super) fn new(entrance: Entrance, session: Session, parent: oneshot::Sender<i32>) -> Self {
        let Entrance { events, completes } = entrance;
        Self { events, completes, session, parent: Mutex::new(Some(parent)), facts: Mutex::new(None) }
    }

    fn send(&self, event: Event) {
        self.introduce();
        // The application is gone only at the end; then nobody waits for an answer either.
        let _ = self.events.send(event);
    }

    fn introduce(&self) {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(facts) = facts {
            let _ = self.events.send(Event::Initialized(facts));
        }
    }

    fn document<T>(&self, params: Params<T>, event: impl FnOnce(T) -> Event) {
        match params {
            Params::Read(params) => self.send(event(params)),
            Params::Unread { uri, reason } => {
                let document = uri.as_ref().map(DocumentUri::as_str);
                MALFORMED.count(());
                tracing::warn!(document, reason, "a document notification cannot be read");
                self.send(Event::Malformed { uri, reason });
            }
        }
    }
}

/// Handlers that only hand over, or need nobody.
#[expect(clippy::unused_async, reason = "the framework wants async handlers")]
impl Backend {
    async fn did_open(&self, params: Params<DidOpen>) {
        self.document(params, from_lsp::opened);
    }

    async fn did_change(&self, params: Params<DidChange>) {
        self.document(params, from_lsp::changed);
    }

    async fn did_close(&self, params: Params<OfDocument>) {
        self.document(params, |params| Event::Closed { uri: DocumentUri::new(params.text_document.uri) });
    }

    async fn did_change_folders(&self, params: Params<DidChangeFolders>) {
        match params {
            Params::Read(DidChangeFolders { event }) => self.send(from_lsp::folders_changed(event)),
            Params::Unread { reason, .. } => tracing::warn!(reason, "changed folders cannot be read"),
        }
    }

    async fn progress_cancel(&self, params: Params<ProgressCancel>) {
        match params {
            Params::Read(ProgressCancel { token }) => self.send(Event::ProgressCancelled { task: token }),
            Params::Unread { reason, .. } => tracing::warn!(reason, "a progress token is not ours"),
        }
    }

    /// Gives back what came: VS Code and Helix resolve even what is complete, and show an error if there is one.
    async fn echo(&self, params: Value) -> Result<Value> {
        Ok(params)
    }
}

/// Questions and commands.
impl Backend {
    async fn code_action(&self, params: Params<CodeActions>) -> Result<Vec<lsp::CodeActionResponse>> {
        let CodeActions { text_document, range, context } = read(params)?;
        let (reply, answer) = oneshot::channel();
        self.send(Event::Query(Query::Actions {
            uri: DocumentUri::new(text_document.uri),
            span: from_lsp::span(range),
            findings: context.diagnostics.iter().filter_map(from_lsp::finding).collect(),
            only: context.only.unwrap_or_default(),
            reply,
        }));
        let offered = answered(answer).await?;
        Ok(self.session.profile.get().map_or_else(Vec::new, |profile| to_lsp::actions(offered, profile)))
    }

    async fn code_lens(&self, params: Params<OfDocument>) -> Result<Vec<lsp::CodeLens>> {
        let uri = DocumentUri::new(read(params)?.text_document.uri);
        let (reply, answer) = oneshot::channel();
        self.send(Event::Query(Query::Lenses { uri, reply }));
        Ok(answered(answer).await?.into_iter().map(to_lsp::lens).collect())
    }

    async fn inline_completion(&self, params: Params<Complete>) -> Result<lsp::InlineCompletionList> {
        let request = from_lsp::inline_completion(read(params)?);
        Ok(to_lsp::inline_completion(self.complete(request).await?))
    }

    async fn completion(&self, params: Params<Complete>) -> Result<lsp::CompletionList> {
        let request = from_lsp::completion(read(params)?);
        Ok(to_lsp::completion(self.complete(request).await?))
    }

    async fn complete(&self, request: CompletionRequest) -> Result<Option<Completion>> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Query(Query::Completion(request, reply)));
        answered(answer).await
    }

    async fn execute_command(&self, params: Params<Execute>) -> Result<Value> {
        let Execute { command, arguments } = read(params)?;
        let command = commands::parse(&command, arguments).map_err(|problem| to_lsp::error(&problem))?;
        let (reply, answer) = oneshot::channel();
        self.send(Event::Command(command, reply));
        answered(answer).await
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        let profile = capabilities::profile(&params);
        let facts = capabilities::facts(&params, &profile);
        tracing::info!(client = ?params.client_info, ?profile, "initialize");
        let capabilities = capabilities::server(&profile, self.completes);
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts);
        let parent = self.parent.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(id), Some(parent)) = (params.process_id, parent) {
            let _ = parent.send(id);
        }
        // Only the first `initialize` gets here.
        let _ = self.session.profile.set(profile);
        let version = Some(env!("CARGO_PKG_VERSION").to_owned());
        let server_info = Some(lsp::ServerInfo { name: "tenon".to_owned(), version });
        Ok(lsp::InitializeResult { capabilities, server_info })
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        self.introduce();
    }

    async fn shutdown(&self) -> Result<()> {
        self.session.shut_down.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Builds the service with exactly the methods that are served.
pub(super) fn service(
    backend: impl FnOnce(tower_lsp::Client) -> Backend,
) -> (LspService<Backend>, ClientSocket) {
    let builder: LspServiceBuilder<Backend> = LspService::build_with_lifecycle_methods(backend);
    builder
        .custom_method("textDocument/didOpen", Backend::did_open)
        .custom_method("textDocument/didChange", Backend::did_change)
        .custom_method("textDocument/didClose", Backend::did_close)
        .custom_method("workspace/didChangeWorkspaceFolders", Backend::did_change_folders)
        .custom_method("textDocument/codeAction", Backend::code_action)
        .custom_method("codeAction/resolve", Backend::echo)
        .custom_method("textDocument/codeLens", Backend::code_lens)
        .custom_method("codeLens/resolve", Backend::echo)
        .custom_method("textDocument/inlineCompletion", Backend::inline_completion)
        .custom_method("textDocument/completion", Backend::completion)
        .custom_method("workspace/executeCommand", Backend::execute_command)
        .custom_method("window/workDoneProgress/cancel", Backend::progress_cancel)
        .finish()
}

fn read<T>(params: Params<T>) -> Result<T> {
    match params {
        Params::Read(params) => Ok(params),
        Params::Unread { reason, .. } => {
            let message = format!("the parameters cannot be read: {reason}");
            Err(to_lsp::error(&Problem::error("invalid-parameters", Category::Request, message)))
        }
    }
}

async fn answered<T>(answer: oneshot::Receiver<std::result::Result<T, Problem>>) -> Result<T> {
    let lost = || Problem::error("internal", Category::Internal, "the request was lost inside tenon");
    answer.await.unwrap_or_else(|_| Err(lost())).map_err(|problem| -> Error { to_lsp::error(&problem) })
}
