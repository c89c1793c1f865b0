//! An LSP client for a server in its own process, and what the system says of that process.
//!
//! Times are taken when a whole message was read. Requests of the server are answered with `null`, as an editor
//! without a face would. Anything that does not come within [`PATIENCE`] ends the benchmark.

#![allow(dead_code, reason = "shared by benchmarks, not each of which uses all of it")]

use std::io::{BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// A server and the connection to it; dropping it ends both.
pub(crate) struct Client {
    child: Child,
    input: Arc<Mutex<ChildStdin>>,
    inbox: Receiver<(Instant, Value)>,
    next_id: i64,
    /// When the process was asked for.
    pub started: Instant,
}

impl Client {
    pub(crate) fn start(command: &mut Command) -> Self {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let input = Arc::new(Mutex::new(child.stdin.take().expect("it is piped")));
        let mut output = BufReader::with_capacity(1 << 16, child.stdout.take().expect("it is piped"));
        let (sender, inbox) = channel();
        let replies = Arc::clone(&input);
        std::thread::spawn(move || {
            while let Some(body) = read(&mut output) {
                let at = Instant::now();
                let message: Value = serde_json::from_slice(&body).expect("the server writes JSON");
                if message.get("method").is_some() && message.get("id").is_some() {
                    write(&replies, &json!({"jsonrpc": "2.0", "id": message["id"], "result": null}));
                } else if sender.send((at, message)).is_err() {
                    return;
                }
            }
        });
        Self { child, input, inbox, next_id: 0, started }
    }

    /// Does the handshake as VS Code does; returns when the answer came.
    pub(crate) fn initialize(&mut self, root: &std::path::Path) -> Instant {
        let recorded = include_str!("../../fixtures/capabilities/vscode-1.139.json");
        let mut params: Value = serde_json::from_str(recorded).expect("it is JSON");
        let uri = format!("file://{}", root.display());
        params["processId"] = json!(std::process::id());
        params["rootUri"] = json!(uri);
        params["workspaceFolders"] = json!([{"uri": uri, "name": "workspace"}]);
        params["initializationOptions"] = json!({"tenon": {"events": true}});
        let id = self.ask("initialize", &params);
        let (at, _) = self.answer(id);
        self.notify("initialized", &json!({}));
        at
    }

    pub(crate) fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "rust", "version": 1, "text": text});
        self.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    pub(crate) fn notify(&mut self, method: &str, params: &Value) {
        write(&self.input, &json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request; its answer is waited for by [`Client::answer`].
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        write(&self.input, &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Waits for the answer of a request. What comes before is dropped.
    pub(crate) fn answer(&mut self, id: i64) -> (Instant, Value) {
        self.until(&format!("the answer {id}"), |message| message["id"] == id)
    }

    pub(crate) fn command(&mut self, command: &str, arguments: &Value) -> Value {
        let params = json!({"command": command, "arguments": [arguments]});
        let id = self.ask("workspace/executeCommand", &params);
        let (_, answer) = self.answer(id);
        assert!(answer.get("error").is_none(), "{command}: {answer}");
        answer["result"].clone()
    }

    /// Waits until every message so far was handled, by a request that passes through the application.
    pub(crate) fn barrier(&mut self, uri: &str) {
        let id = self.ask("textDocument/codeLens", &json!({"textDocument": {"uri": uri}}));
        self.answer(id);
    }

    /// Waits for an event of this kind. What comes before is dropped.
    pub(crate) fn event(&mut self, kind: &str) -> Instant {
        let is_meant = |message: &Value| {
            let params = &message["params"];
            assert!(params["kind"] != "failed" || message["method"] != "tenon/event", "{message}");
            message["method"] == "tenon/event" && params["kind"] == kind
        };
        self.until(kind, is_meant).0
    }

    /// Waits for a message. What comes before is dropped.
    pub(crate) fn until(&mut self, what: &str, is_meant: impl Fn(&Value) -> bool) -> (Instant, Value) {
        loop {
            let (at, message) = self.next(what);
            if is_meant(&message) {
                return (at, message);
            }
        }
    }

    /// Waits for the next message.
    pub(crate) fn next(&mut self, what: &str) -> (Instant, Value) {
        self.inbox.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("waited in vain for {what}: {error}"))
    }

    /// Time all threads of the server spent on a processor.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(self.child.id())
    }

    /// Memory of the server that is in use, in megabytes: now, and at its highest.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
            line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
        };
        (field("VmRSS"), field("VmHWM"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Time the living threads of a process spent on a processor, in nanoseconds of the scheduler: far finer than the
/// clock ticks of `stat`.
pub(crate) fn cpu_of(process: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("this benchmark needs Linux");
    let spent = |folder: std::path::PathBuf| -> Option<u64> {
        let line = std::fs::read_to_string(folder.join("schedstat")).ok()?;
        line.split_whitespace().next()?.parse().ok()
    };
    Duration::from_nanos(tasks.flatten().filter_map(|task| spent(task.path())).sum())
}

fn write(input: &Mutex<ChildStdin>, message: &Value) {
    let body = message.to_string();
    let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let mut input = input.lock().expect("no thread panicked with it");
    // A server that is gone is seen by whoever waits for it.
    let _ = input.write_all(framed.as_bytes());
}

fn read(output: &mut impl std::io::BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse().ok()?;
        } else if line.trim().is_empty() {
            let mut body = vec![0; length];
            output.read_exact(&mut body).ok()?;
            return Some(body);
        }
    }
}
