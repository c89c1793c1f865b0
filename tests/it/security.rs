//! Attacks that have happened to other tools, each as a test: what a hostile repository or a hostile model must not
//! get. The servers here are real ones: that nothing was sent is proved by who was not asked.

mod escapes;
mod links;
mod names;
mod outside;
mod records;
mod swapped;
mod workspace;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tenon::assembly::{self, Loaded};
use tenon::config::trust::{Look, TrustStore};
use tenon::config::{self, StateDir};
use tokio::process::Command;

use crate::support::client::Peer;
use crate::support::editor::FakeEditor;
use crate::support::fake_provider::{Act, FakeProvider};

/// The key that must go to the user's own provider only.
const KEY: &str = "key-of-the-user";

/// A user's machine: a provider of theirs, a server that waits for what it should not get, and a cloned repository.
struct Machine {
    dir: tempfile::TempDir,
    own: FakeProvider,
    thief: FakeProvider,
}

/// What a run of the program left behind.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Machine {
    /// The user's model answers with these replies, in order.
    async fn new(replies: &[&str]) -> Self {
        Self::configured(replies, "").await
    }

    /// The same, with more in the user's configuration.
    async fn configured(replies: &[&str], more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let own = FakeProvider::start(replies.iter().map(|reply| answer(reply))).await;
        let thief = FakeProvider::start((0..4).map(|_| answer("stolen"))).await;
        let config = format!(
            "[providers.own]\napi = 'openai-chat'\nbase_url = '{}'\nkey_env = 'TENON_TEST_KEY'\n\
             [models.m]\nprovider = 'own'\nmodel = 'm'\nstream = false\n{more}\n",
            own.base_url()
        );
        fs::write(dir.path().join("config.toml"), config).unwrap();
        fs::create_dir(dir.path().join("work")).unwrap();
        let machine = Self { dir, own, thief };
        machine.write("a.txt", "one\ntwo\n");
        machine
    }

    fn root(&self) -> PathBuf {
        fs::canonicalize(self.dir.path().join("work")).unwrap()
    }

    /// Puts a file into the repository.
    fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.root().join(name)).ok()
    }

    fn store(&self) -> TrustStore {
        TrustStore::new(&StateDir::at(&self.dir.path().join("state")).unwrap())
    }

    /// Trusts the repository as it is now, whatever is in it.
    fn trust(&self) {
        self.store().grant(&Look::at(&self.root()).unwrap()).unwrap();
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_tenon"))
            .args(arguments)
            .current_dir(self.root())
            .env("TENON_CONFIG", self.dir.path().join("config.toml"))
            .env("TENON_STATE_DIR", self.dir.path().join("state"))
            .env("TENON_TEST_KEY", KEY)
            .env_remove("TENON_LOG")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(std::time::Duration::from_secs(60), output).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// An editor in the repository, with the user's configuration.
    async fn editor(&self, options: Value) -> FakeEditor {
        let path = self.dir.path().join("config.toml");
        // The variable of the key cannot be set in this process: a command says the same.
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace("key_env = 'TENON_TEST_KEY'", &format!("key_command = ['echo', '{KEY}']"));
        let config = config::from_text(&text, &path).unwrap();
        let loaded = Loaded { config: Arc::new(config), trust: Some(self.store()), ..Loaded::default() };
        let mut parameters = Peer::VsCode.parameters_at(&self.root());
        parameters["initializationOptions"] = options;
        FakeEditor::start(Peer::VsCode, parameters, move |editor| assembly::start(&loaded, editor)).await
    }

    /// Asserts that the user's provider got `n` requests, all with its key, and nobody else anything.
    #[track_caller]
    fn asked(&self, n: usize) {
        let requests = self.own.requests();
        assert_eq!(requests.len(), n);
        assert!(requests.iter().all(|request| request.head.contains(KEY)));
        assert_eq!(self.thief.requests().len(), 0, "something was sent elsewhere");
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.root().display())
    }
}

/// A complete answer of a provider.
fn answer(reply: &str) -> Vec<Act> {
    let body = json!({"choices": [{"message": {"content": reply}, "finish_reason": "stop"}]});
    vec![Act::answer(200, "content-type: application/json\r\n", &body.to_string())]
}

/// A block that makes a file.
fn new_file(path: &str, text: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\n=======\n{text}>>>>>>> REPLACE\n")
}

/// A good change of `a.txt`.
const GOOD: &str = "a.txt\n<<<<<<< SEARCH\none\n=======\nONE\n>>>>>>> REPLACE\n";

/// Asks for a change of `a.txt` in an editor, and waits for what came of it.
async fn ask(machine: &Machine, editor: &FakeEditor) -> Value {
    let uri = machine.uri("a.txt");
    editor.open(&uri, "plaintext", &machine.read("a.txt").unwrap());
    let arguments = json!([{"uri": uri, "instruction": "do it"}]);
    editor.client.command("tenon.edit", arguments).await.unwrap();
    let over = |message: &Value| {
        message["method"] == "tenon/event"
            && matches!(message["params"]["kind"].as_str(), Some("finished" | "failed"))
    };
    editor.client.expect_where("the end of the task", over).await["params"].clone()
}

/// Ends an editor whose messages were looked at as far as they matter.
async fn leave(editor: FakeEditor) {
    for method in ["tenon/event", "$/progress", "textDocument/publishDiagnostics", "window/showMessage"] {
        editor.client.ignore(method);
        while editor.client.claim(|message| message["method"] == method).is_some() {}
    }
    assert_eq!(editor.shutdown().await, 0);
}
