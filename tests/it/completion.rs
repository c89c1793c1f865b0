//! Completion at the cursor through the whole server: what editors are offered, when models are asked, and what
//! becomes of answers that nobody waits for any more.

#![expect(clippy::needless_pass_by_value, reason = "a test reads better so")]

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenon::app::{self, Entrance, Event};
use tenon::assembly;
use tenon::config::Config;
use tenon::model::scripted::{Gate, Scripted, Step};
use tenon::model::{
    CompletionSettings, FillForm, FillRequest, ModelErrorKind, OutgoingFilter, Role, Upstream,
};
use tenon::ports::{Ledger as _, MemoryLedger, UpstreamSource};
use tenon::problem::Problem;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::support::client::{Asked, Peer, within};
use crate::support::editor::FakeEditor;

mod asking;
mod offers;
mod typing;

const INLINE: &str = "textDocument/inlineCompletion";
const LIST: &str = "textDocument/completion";
/// As the protocol numbers them.
const INVOKED: u32 = 1;
const AUTOMATIC: u32 = 2;
const DEBOUNCE: Duration = Duration::from_millis(150);

struct Upstreams(Vec<Scripted>);

impl UpstreamSource for Upstreams {
    fn upstreams(&self, role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Upstream>>, Problem>> {
        assert_eq!(role, Role::Completion);
        let models = self.0.iter().map(|model| Arc::new(model.clone()) as Arc<dyn Upstream>).collect();
        Box::pin(std::future::ready(Ok(models)))
    }
}

/// An editor at a server that completes, by the models `first` and `second`.
struct Desk {
    editor: FakeEditor,
    peer: Peer,
    model: Scripted,
    fallback: Scripted,
    folder: TempDir,
    events: mpsc::UnboundedSender<Event>,
    ledger: Arc<MemoryLedger>,
}

impl Desk {
    async fn start(peer: Peer) -> Self {
        Self::with(peer, ["scripted", "scripted"]).await
    }

    /// With the models of these providers.
    async fn with(peer: Peer, providers: [&str; 2]) -> Self {
        let [model, fallback] =
            [("first", providers[0]), ("second", providers[1])].map(|(name, provider)| {
                let mut settings = Scripted::new(name).settings().clone();
                provider.clone_into(&mut settings.provider);
                settings.capabilities.fill = Some(FillForm::Mistral);
                Scripted::with_settings(settings)
            });
        let upstreams = Arc::new(Upstreams(vec![model.clone(), fallback.clone()]));
        let (config, filter) = (Config::default(), OutgoingFilter::default());
        let books = assembly::books_in_memory();
        let models = Arc::new(assembly::gateway(&config, upstreams, filter.clone(), books));
        let folder = tempfile::tempdir().unwrap();
        let (give, given) = oneshot::channel();
        let ledger = Arc::new(MemoryLedger::default());
        let account = Arc::clone(&ledger);
        let start = move |editor| {
            let mut parts = assembly::parts(&config, models, filter, editor, None);
            parts.services.ledger = account;
            parts.completion = Some(CompletionSettings::default());
            let events = app::spawn(parts).0;
            give.send(events.clone()).unwrap();
            Entrance { events, completes: true }
        };
        let editor = FakeEditor::start(peer, peer.parameters_at(folder.path()), start).await;
        Self { editor, peer, model, fallback, folder, events: given.await.unwrap(), ledger }
    }

    /// Opens a document; `|` is the cursor.
    fn open(&self, name: &str, text: &str) -> Cursor<'_> {
        let uri = format!("file://{}/{name}", self.folder.path().display());
        let at = text.find('|').expect("a cursor");
        self.editor.open(&uri, "rust", &text.replacen('|', "", 1));
        Cursor { desk: self, uri, at }
    }

    /// Has the model wait at the gate, and say `text` behind it.
    fn hang(&self, text: &str) -> Gate {
        let gate = Gate::default();
        self.model.push([Step::Wait(gate.clone()), Step::text(text), Step::finish()]);
        gate
    }

    fn says(&self, text: &str) {
        self.model.push([Step::text(text), Step::finish()]);
    }

    fn asked(&self) -> Vec<FillRequest> {
        self.model.fills()
    }

    /// Completions that were taken, as the account has them.
    async fn accepted(&self) -> u64 {
        self.editor.client.command("tenon.status", json!([])).await.unwrap();
        self.ledger.statistics().await.iter().map(|of| of.accepted).sum()
    }

    async fn end(self) {
        assert_eq!(self.editor.shutdown().await, 0);
    }
}

/// A cursor in an open document.
struct Cursor<'a> {
    desk: &'a Desk,
    uri: String,
    at: usize,
}

impl Cursor<'_> {
    /// Asks in the way that this editor does.
    fn ask(&self, trigger: u32) -> Asked {
        let inline = self.desk.peer == Peer::VsCode;
        self.ask_with(if inline { INLINE } else { LIST }, json!({ "triggerKind": trigger }))
    }

    fn ask_with(&self, method: &str, context: Value) -> Asked {
        let position = self.desk.editor.range(&self.uri, self.at..self.at)["start"].clone();
        let document = json!({ "uri": self.uri });
        let params = json!({"textDocument": document, "position": position, "context": context});
        self.desk.editor.client.ask(method, params)
    }

    /// Asks by hand and gives what is offered as an edit.
    async fn complete(&self) -> Option<Value> {
        offered(self.ask(INVOKED)).await
    }

    /// Asks by hand and gives the text after the offer is taken, which stays untaken.
    async fn completed(&self) -> Option<String> {
        let edit = self.complete().await?;
        let (text, encoding) = (self.desk.editor.text(&self.uri), self.encoding());
        Some(crate::support::positions::apply(&text, &[edit], encoding).0)
    }

    fn encoding(&self) -> &'static str {
        match self.desk.peer {
            Peer::Neovim | Peer::Helix => "utf-8",
            Peer::VsCode | Peer::Emacs | Peer::Zed => "utf-16",
        }
    }

    /// Types at the cursor.
    fn write(&mut self, text: &str) {
        self.desk.editor.insert(&self.uri, self.at, text);
        self.at += text.len();
    }
}

/// The one offer of an answer, as an LSP `TextEdit`.
async fn offered(asked: Asked) -> Option<Value> {
    let answer = asked.answer().await.expect("a completion is no error");
    let [item] = answer["items"].as_array().expect("items").as_slice() else {
        assert_eq!(answer["items"], json!([]));
        return None;
    };
    match item.get("textEdit") {
        Some(edit) => Some(edit.clone()),
        None => Some(json!({"range": item["range"], "newText": item["insertText"]})),
    }
}
