//! A whole session in this process: a scripted model, the real application and protocol edge, an editor's double.
//!
//! Guarantees: nothing is waited for by time; [`Session::finish`] compares every document with the server's mirror.

#![allow(dead_code, reason = "a library for several test files, not each of which uses all of it")]
#![expect(clippy::unwrap_used, reason = "a test may stop, and reads better so")]

use std::fmt::Write as _;
use std::sync::Arc;

use futures::future::{BoxFuture, ready};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tenon::assembly;
use tenon::config::Config;
use tenon::model::scripted::{Gate, Scripted, Step};
use tenon::model::{EditFormat, Model, ModelSettings, OutgoingFilter, Role, Upstream};
use tenon::ports::{Journal, Ledger, MemoryJournal, Trust, UpstreamSource};
use tenon::problem::Problem;

use super::client::Peer;
use super::editor::FakeEditor;

/// Notifications that a story may leave unread.
const CHATTER: [&str; 4] =
    ["tenon/event", "$/progress", "textDocument/publishDiagnostics", "window/showMessage"];

struct Models(Vec<Scripted>);

impl UpstreamSource for Models {
    fn upstreams(&self, _role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Upstream>>, Problem>> {
        let models = self.0.iter().map(|model| Arc::new(model.clone()) as Arc<dyn Upstream>).collect();
        Box::pin(ready(Ok(models)))
    }
}

pub(crate) struct Session {
    pub(crate) editor: FakeEditor,
    pub(crate) model: Scripted,
    pub(crate) fallback: Scripted,
    pub(crate) folder: TempDir,
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Where the server puts what is to be looked at; it lives as long as the session.
    _pages: TempDir,
}

/// A search/replace block.
pub(crate) fn block(path: &str, search: &str, replace: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n\n")
}

fn without_cache() -> Config {
    let mut config = Config::default();
    config.cache.enabled = false;
    config
}

/// An envelope with these sections.
pub(crate) fn patch(sections: &str) -> String {
    format!("*** Begin Patch\n{sections}*** End Patch\n")
}

/// Editors that delete and rename files.
pub(crate) fn able() -> impl Iterator<Item = Peer> {
    Peer::ALL.into_iter().filter(|peer| *peer != Peer::Emacs)
}

impl Session {
    /// The text of a file on disk.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(name)).ok()
    }

    /// The text of a file as its user sees it: in the editor where it is open, else on the disk.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.editor.document(&self.uri(name)).map(|document| document.text).or_else(|| self.read(name))
    }

    pub(crate) async fn start(peer: Peer) -> Self {
        Self::configured(peer, Config::default()).await
    }

    pub(crate) async fn configured(peer: Peer, config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::introduced(peer.parameters_at(folder.path()), peer, config, folder).await
    }

    /// An editor that cannot take edits from the server.
    pub(crate) async fn without_apply_edit(peer: Peer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut parameters = peer.parameters_at(folder.path());
        parameters["capabilities"]["workspace"]["applyEdit"] = json!(false);
        Self::introduced(parameters, peer, Config::default(), folder).await
    }

    /// An editor that introduces itself with these parameters, but for the workspace.
    pub(crate) async fn speaking(peer: Peer, recorded: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut parameters: Value = serde_json::from_str(recorded).unwrap();
        parameters["processId"] = std::process::id().into();
        parameters["rootUri"] = json!(format!("file://{}", folder.path().display()));
        Self::introduced(parameters, peer, Config::default(), folder).await
    }

    /// A model that writes patch envelopes.
    pub(crate) async fn with_patches(peer: Peer) -> Self {
        Self::with_model(peer, |settings| settings.edit_format = EditFormat::ApplyPatch).await
    }

    /// A model with another capability record.
    pub(crate) async fn with_model(peer: Peer, change: impl FnOnce(&mut ModelSettings)) -> Self {
        let mut settings = Model::settings(&Scripted::new("first")).clone();
        change(&mut settings);
        let folder = tempfile::tempdir().unwrap();
        let parameters = peer.parameters_at(folder.path());
        Self::answered_by(Scripted::with_settings(settings), parameters, peer, without_cache(), folder).await
    }

    /// A session that gives complete answers again; the others always ask, so that what a test scripted is played.
    pub(crate) async fn with_cache(peer: Peer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parameters = peer.parameters_at(folder.path());
        Self::answered_by(Scripted::new("first"), parameters, peer, Config::default(), folder).await
    }

    /// A session whose fallback has this capability record.
    pub(crate) async fn with_fallback(peer: Peer, settings: ModelSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parameters = peer.parameters_at(folder.path());
        let models = [Scripted::new("first"), Scripted::with_settings(settings)];
        Self::between(models, parameters, peer, without_cache(), folder).await
    }

    /// A session in a folder, with a journal; both may have been another's.
    pub(crate) async fn kept(peer: Peer, folder: TempDir, journal: Arc<dyn Journal>) -> Self {
        Self::kept_with(peer, folder, journal, |_| {}).await
    }

    /// The same for an editor that says something else when it begins.
    pub(crate) async fn kept_with(
        peer: Peer,
        folder: TempDir,
        journal: Arc<dyn Journal>,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let mut parameters = peer.parameters_at(folder.path());
        change(&mut parameters);
        let models = [Scripted::new("first"), Scripted::new("second")];
        Self::journalled(models, parameters, peer, without_cache(), folder, journal).await
    }

    /// Ends, and leaves the folder for another.
    pub(crate) async fn leave(self) -> TempDir {
        let Self { editor, folder, .. } = self;
        editor.hang_up().await;
        folder
    }

    async fn introduced(parameters: Value, peer: Peer, mut config: Config, folder: TempDir) -> Self {
        config.cache.enabled = false;
        Self::answered_by(Scripted::new("first"), parameters, peer, config, folder).await
    }

    async fn answered_by(
        model: Scripted,
        parameters: Value,
        peer: Peer,
        config: Config,
        folder: TempDir,
    ) -> Self {
        Self::between([model, Scripted::new("second")], parameters, peer, config, folder).await
    }

    async fn between(
        models: [Scripted; 2],
        parameters: Value,
        peer: Peer,
        config: Config,
        folder: TempDir,
    ) -> Self {
        let journal = Arc::new(MemoryJournal::default());
        Self::journalled(models, parameters, peer, config, folder, journal).await
    }

    async fn journalled(
        [model, fallback]: [Scripted; 2],
        mut parameters: Value,
        peer: Peer,
        config: Config,
        folder: TempDir,
        journal: Arc<dyn Journal>,
    ) -> Self {
        let models = Arc::new(Models(vec![model.clone(), fallback.clone()]));
        parameters["initializationOptions"] = json!({"tenon": {"events": true}});
        let filter = OutgoingFilter::default();
        let books = assembly::books_in_memory();
        let ledger = Arc::clone(&books.ledger);
        let counted = Arc::clone(&ledger);
        let gateway = Arc::new(assembly::gateway(&config, models, filter.clone(), books));
        let pages = tempfile::tempdir().unwrap();
        let beside = Some(pages.path().to_owned());
        let start = move |editor| {
            let mut parts = assembly::parts(&config, gateway, filter, editor, beside);
            parts.services.ledger = counted;
            parts.journal = journal;
            parts.trust = Trust::Trusted;
            tenon::app::spawn(parts).0
        };
        let editor = FakeEditor::start(peer, parameters, start).await;
        Self { editor, model, fallback, folder, ledger, _pages: pages }
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder.path().display())
    }

    /// Puts a file on the disk.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Puts a file on the disk and opens it.
    pub(crate) fn open(&self, name: &str, text: &str) -> String {
        self.write(name, text);
        let uri = self.uri(name);
        self.editor.open(&uri, "rust", text);
        uri
    }

    pub(crate) async fn command(&self, name: &str, arguments: Value) -> Result<Value, Value> {
        self.editor.client.command(name, json!([arguments])).await
    }

    /// Runs a command that must work.
    pub(crate) async fn run(&self, name: &str, arguments: Value) -> Value {
        self.command(name, arguments).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs a command that must be refused, and returns the refusal's code.
    pub(crate) async fn refusal(&self, name: &str, arguments: Value) -> String {
        let error = self.command(name, arguments).await.expect_err("it is refused");
        error["data"]["code"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned()
    }

    /// Asks for a change and returns the task.
    pub(crate) async fn ask(&self, uri: &str) -> String {
        let answer = self.run("tenon.edit", json!({"uri": uri, "instruction": "do it"})).await;
        answer["task"].as_str().unwrap().to_owned()
    }

    /// Has `reply` proposed for `uri` and returns the proposal.
    pub(crate) async fn propose(&self, uri: &str, reply: &str) -> String {
        self.model.push([Step::text(reply), Step::finish()]);
        self.ask(uri).await;
        self.proposal().await
    }

    /// Has `reply` asked for `uri`, with the model waiting at the gate in its middle.
    pub(crate) async fn stream(&self, uri: &str, reply: &str) -> Gate {
        let gate = Gate::default();
        let (first, rest) = reply.split_at(reply.len() / 2);
        self.model.push([Step::text(first), Step::Wait(gate.clone()), Step::text(rest), Step::finish()]);
        self.ask(uri).await;
        super::client::within("the gate", gate.reached()).await;
        gate
    }

    /// Waits for a `tenon/event` of this kind.
    pub(crate) async fn event(&self, kind: &str) -> Value {
        let message = self
            .editor
            .client
            .expect_where(kind, |m| m["method"] == "tenon/event" && m["params"]["kind"] == kind)
            .await;
        message["params"].clone()
    }

    pub(crate) async fn proposal(&self) -> String {
        self.event("proposal").await["proposal"].as_str().unwrap().to_owned()
    }

    /// Waits for the failure of a task or an edit and returns its code.
    pub(crate) async fn failure(&self) -> String {
        self.event("failed").await["error"]["code"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn status(&self) -> Value {
        self.run("tenon.status", json!({})).await
    }

    /// The state of a proposal as the status tells it.
    pub(crate) async fn state_of(&self, proposal: &str) -> String {
        let status = self.status().await;
        let found = status["proposals"].as_array().unwrap().iter().find(|p| p["id"] == proposal);
        found.expect("it is listed")["state"].as_str().unwrap().to_owned()
    }

    /// Accepts what `selection` says and waits until it is in the text.
    pub(crate) async fn accept(&self, selection: Value) {
        self.run("tenon.accept", selection).await;
        self.event("applied").await;
        self.editor.flush();
    }

    pub(crate) async fn undo(&self) {
        self.run("tenon.undo", json!({})).await;
        self.event("undone").await;
        self.editor.flush();
    }

    pub(crate) async fn redo(&self) {
        self.run("tenon.redo", json!({})).await;
        self.event("applied").await;
        self.editor.flush();
    }

    /// Fails unless the server's mirror is what the editor shows, byte for byte.
    pub(crate) async fn compare(&self) {
        self.editor.flush();
        let status = self.status().await;
        for document in status["documents"].as_array().unwrap() {
            let uri = document["uri"].as_str().unwrap();
            if document["desynchronised"] == true {
                continue;
            }
            assert_eq!(document["sha256"], sha256(&self.editor.text(uri)), "{uri}");
        }
    }

    /// Compares and ends.
    pub(crate) async fn finish(self) {
        self.compare().await;
        for method in CHATTER {
            self.editor.client.ignore(method);
            while self.editor.client.claim(|message| message["method"] == method).is_some() {}
        }
        assert_eq!(self.editor.shutdown().await, 0);
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
