//! An LSP client in this process, over a duplex pipe, speaking JSON-RPC by hand.
//!
//! Guarantees: every wait has a time-out; [`Client::shutdown`] fails on any server message that no one claimed;
//! a client that is neither shut down nor abandoned fails its test.

#![allow(dead_code, reason = "a library for several test files, not each of which uses all of it")]
#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test may stop, and reads better so"
)]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tenon::app::Entrance;
use tenon::ports::Editor;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// How long any wait may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The clients whose `initialize` parameters are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Neovim,
    VsCode,
    Helix,
    Emacs,
    /// Read in its source; so it is not one of [`Peer::ALL`].
    Zed,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::Neovim, Self::VsCode, Self::Helix, Self::Emacs];

    /// The recorded `initialize` parameters.
    pub(crate) fn parameters(self) -> Value {
        let recorded = match self {
            Self::Neovim => include_str!("../../../fixtures/capabilities/neovim-0.11.json"),
            Self::VsCode => include_str!("../../../fixtures/capabilities/vscode-1.139.json"),
            Self::Helix => include_str!("../../../fixtures/capabilities/helix-2026-07.json"),
            Self::Emacs => include_str!("../../../fixtures/capabilities/emacs-28-eglot-1.9.json"),
            Self::Zed => include_str!("../../../fixtures/capabilities/zed-2025.json"),
        };
        let mut parameters: Value = serde_json::from_str(recorded).unwrap();
        parameters["processId"] = std::process::id().into();
        parameters
    }

    /// The same, for a workspace at `root`.
    pub(crate) fn parameters_at(self, root: &Path) -> Value {
        let uri = format!("file://{}", root.display());
        let mut parameters = self.parameters();
        parameters["rootUri"] = json!(uri);
        parameters["workspaceFolders"] = json!([{"uri": uri, "name": "workspace"}]);
        parameters
    }
}

/// What a hook does about a request of the server: notifications before, the reply, notifications after.
pub(crate) struct Reaction {
    pub(crate) before: Vec<(&'static str, Value)>,
    pub(crate) reply: Result<Value, Value>,
    pub(crate) after: Vec<(&'static str, Value)>,
}

impl From<Result<Value, Value>> for Reaction {
    fn from(reply: Result<Value, Value>) -> Self {
        Self { before: Vec::new(), reply, after: Vec::new() }
    }
}

type Hook = Box<dyn FnMut(&Value) -> Reaction + Send>;
type Answer = Result<Value, Value>;

#[derive(Default)]
struct State {
    hooks: HashMap<String, Hook>,
    ignored: HashSet<String>,
    waiting: HashMap<i64, oneshot::Sender<Answer>>,
    inbox: Vec<Value>,
    next_id: i64,
}

/// The sending side, which hooks and editors share with the client.
#[derive(Clone)]
pub(crate) struct Wire(mpsc::UnboundedSender<Option<Vec<u8>>>);

impl Wire {
    pub(crate) fn notify(&self, method: &str, params: Value) {
        self.message(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub(crate) fn message(&self, message: &Value) {
        let body = message.to_string();
        self.bytes(format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes());
    }

    pub(crate) fn bytes(&self, bytes: Vec<u8>) {
        let _ = self.0.send(Some(bytes));
    }
}

/// A request that was sent.
pub(crate) struct Asked {
    pub(crate) id: i64,
    answer: oneshot::Receiver<Answer>,
}

impl Asked {
    /// The result, or the error object.
    pub(crate) async fn answer(self) -> Answer {
        within("an answer", self.answer).await.expect("the connection is open")
    }
}

pub(crate) struct Client {
    state: Arc<Mutex<State>>,
    news: Arc<Notify>,
    wire: Wire,
    server: Option<JoinHandle<i32>>,
}

/// Waits for `future`, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(PATIENCE, future).await else { panic!("waited in vain for {what}") };
    value
}

impl Client {
    /// Starts a server and connects to it, without a word.
    pub(crate) fn connect<E: Into<Entrance> + 'static>(
        start: impl FnOnce(Arc<dyn Editor>) -> E + Send + 'static,
    ) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (reader, writer) = tokio::io::split(theirs);
        let server = tokio::spawn(tenon::lsp::serve(reader, writer, start));
        let (reader, mut writer) = tokio::io::split(ours);
        let (sender, mut queue) = mpsc::unbounded_channel::<Option<Vec<u8>>>();
        tokio::spawn(async move {
            while let Some(Some(bytes)) = queue.recv().await {
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            let _ = writer.shutdown().await;
        });
        let client =
            Self { state: Arc::default(), news: Arc::default(), wire: Wire(sender), server: Some(server) };
        let (state, news, wire) = (client.state.clone(), client.news.clone(), client.wire.clone());
        tokio::spawn(async move {
            let mut reader = BufReader::new(reader);
            while let Some(message) = read(&mut reader).await {
                receive(&state, &wire, message);
                news.notify_waiters();
            }
        });
        client
    }

    /// Starts a server and introduces itself with these `initialize` parameters.
    pub(crate) async fn start<E: Into<Entrance> + 'static>(
        parameters: Value,
        start: impl FnOnce(Arc<dyn Editor>) -> E + Send + 'static,
    ) -> Self {
        let client = Self::connect(start);
        client.initialize(parameters).await;
        client
    }

    /// Does the handshake and returns the server's answer.
    pub(crate) async fn initialize(&self, parameters: Value) -> Value {
        let result = self.request("initialize", parameters).await.expect("initialize");
        self.notify("initialized", json!({}));
        result
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire.clone()
    }

    pub(crate) fn notify(&self, method: &str, params: Value) {
        self.wire.notify(method, params);
    }

    /// Sends a request and does not wait.
    pub(crate) fn ask(&self, method: &str, params: Value) -> Asked {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut state = self.state.lock().unwrap();
            state.next_id += 1;
            let id = state.next_id;
            state.waiting.insert(id, sender);
            id
        };
        self.wire.message(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        Asked { id, answer }
    }

    /// Sends a request and waits for the result, or the error object.
    pub(crate) async fn request(&self, method: &str, params: Value) -> Answer {
        self.ask(method, params).answer().await
    }

    /// Runs a command.
    pub(crate) async fn command(&self, command: &str, arguments: Value) -> Answer {
        self.request("workspace/executeCommand", json!({"command": command, "arguments": arguments})).await
    }

    /// Answers every request of this method from now on, and claims them.
    pub(crate) fn respond<R: Into<Reaction>>(
        &self,
        method: &str,
        mut hook: impl FnMut(&Value) -> R + Send + 'static,
    ) {
        let hook: Hook = Box::new(move |params| hook(params).into());
        self.state.lock().unwrap().hooks.insert(method.to_owned(), hook);
    }

    /// Claims every notification of this method from now on.
    pub(crate) fn ignore(&self, method: &str) {
        self.state.lock().unwrap().ignored.insert(method.to_owned());
    }

    /// Answers a request that was claimed by [`Client::expect`].
    pub(crate) fn reply(&self, request: &Value, result: Value) {
        self.wire.message(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
    }

    /// Refuses a request that was claimed by [`Client::expect`].
    pub(crate) fn refuse(&self, request: &Value, message: &str) {
        let error = json!({"code": -32603, "message": message});
        self.wire.message(&json!({"jsonrpc": "2.0", "id": request["id"], "error": error}));
    }

    /// Waits for the first message of this method and claims it; the whole message is returned.
    pub(crate) async fn expect(&self, method: &str) -> Value {
        self.expect_where(method, |message| message["method"] == method).await
    }

    /// Waits for the first message that fits and claims it.
    pub(crate) async fn expect_where(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if let Some(message) = self.claim(&fits) {
                    return message;
                }
                news.await;
            }
        };
        let Ok(message) = tokio::time::timeout(PATIENCE, found).await else {
            panic!("waited in vain for {what}; there is {:?}", self.unclaimed())
        };
        message
    }

    /// Claims the first message that is here already and fits.
    pub(crate) fn claim(&self, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let inbox = &mut self.state.lock().unwrap().inbox;
        let at = inbox.iter().position(fits)?;
        Some(inbox.remove(at))
    }

    /// What the server sent and no one claimed.
    pub(crate) fn unclaimed(&self) -> Vec<Value> {
        self.state.lock().unwrap().inbox.clone()
    }

    /// Ends politely, fails on unclaimed messages, and returns the exit code.
    pub(crate) async fn shutdown(mut self) -> i32 {
        self.request("shutdown", Value::Null).await.expect("shutdown");
        self.notify("exit", Value::Null);
        let code = self.join().await;
        let unclaimed = self.unclaimed();
        assert!(unclaimed.is_empty(), "no one claimed {unclaimed:#?}");
        code
    }

    /// Closes the server's input without a word, and returns the exit code.
    pub(crate) async fn hang_up(mut self) -> i32 {
        let _ = self.wire.0.send(None);
        self.join().await
    }

    /// Waits for the server to end by itself, and returns the exit code.
    pub(crate) async fn wait_end(mut self) -> i32 {
        self.join().await
    }

    async fn join(&mut self) -> i32 {
        let server = self.server.take().expect("it ends once");
        within("the end", server).await.expect("the server does not panic")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let forgotten = self.server.take().is_some_and(|server| {
            server.abort();
            true
        });
        assert!(!forgotten || std::thread::panicking(), "a test must end its client");
    }
}

/// Sorts a message of the server to whom it belongs.
fn receive(state: &Mutex<State>, wire: &Wire, message: Value) {
    let mut state = state.lock().unwrap();
    let Some(method) = message["method"].as_str() else {
        let waiting = message["id"].as_i64().and_then(|id| state.waiting.remove(&id));
        let Some(waiting) = waiting else { return state.inbox.push(message) };
        let answer = match message.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(message["result"].clone()),
        };
        let _ = waiting.send(answer);
        return;
    };
    if state.ignored.contains(method) {
        return;
    }
    let Some(hook) = state.hooks.get_mut(method) else { return state.inbox.push(message) };
    let Reaction { before, reply, after } = hook(&message["params"]);
    for (method, params) in before {
        wire.notify(method, params);
    }
    if let Some(id) = message.get("id") {
        wire.message(&match reply {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
        });
    }
    for (method, params) in after {
        wire.notify(method, params);
    }
}

/// Reads one message; `None` at the end.
async fn read(reader: &mut BufReader<ReadHalf<DuplexStream>>) -> Option<Value> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(reader.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).expect("headers are text");
    let length = head.trim().strip_prefix("Content-Length: ").expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    reader.read_exact(&mut body).await.ok()?;
    Some(serde_json::from_slice(&body).expect("the server writes JSON"))
}
