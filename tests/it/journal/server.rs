//! kill -9 of the server at random points of a review: what it told is there after the restart.
//!
//! The editor of this test lives on, as a real one does: it keeps its text, saves after every edit, and starts the
//! server again. A point is a message of the server; the kill follows it at once, or a random moment later.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};

use super::kills::{Dice, n_kills};
use super::place::Place;

pub(super) const BEFORE: &str = "one\ntwo\nthree\n";
pub(super) const AFTER: &str = "one\nzwei\nthree\n";
pub(super) const REPLY: &str = "a.txt\n<<<<<<< SEARCH\ntwo\n=======\nzwei\n>>>>>>> REPLACE\n";
/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server is gone.
#[derive(Debug)]
pub(super) struct Gone;

pub(super) struct Server {
    child: Child,
    stdin: ChildStdin,
    inbox: Receiver<Value>,
    /// Messages until it is killed.
    left: u64,
    /// How long after that.
    later: Duration,
    n_sent: i64,
    n_seen: u64,
    /// What it told, in order: `proposal`, `applied`, `undone`, with the proposal's id.
    pub(super) told: Vec<(String, String)>,
    /// Messages to the user.
    pub(super) said: Vec<String>,
}

/// The editor's text, open and on the disk.
pub(super) struct Text<'p> {
    pub(super) place: &'p Place,
    pub(super) now: String,
    pub(super) version: i32,
}

impl Text<'_> {
    pub(super) fn uri(&self) -> String {
        format!("file://{}/a.txt", self.place.workspace().canonicalize().unwrap().display())
    }

    fn edit(&mut self, edit: &Value) {
        for change in edit["documentChanges"].as_array().unwrap() {
            for edit in change["edits"].as_array().unwrap().iter().rev() {
                let byte = |at: &Value| {
                    let line = usize::try_from(at["line"].as_u64().unwrap()).unwrap();
                    let start: usize = self.now.split_inclusive('\n').take(line).map(str::len).sum();
                    start + usize::try_from(at["character"].as_u64().unwrap()).unwrap()
                };
                let range = byte(&edit["range"]["start"])..byte(&edit["range"]["end"]);
                self.now.replace_range(range, edit["newText"].as_str().unwrap());
            }
        }
        self.version += 1;
        self.place.write("a.txt", &self.now);
    }
}

impl Server {
    /// Starts it and opens the text.
    pub(super) fn start(text: &Text<'_>, left: u64, later: Duration) -> Result<Self, Gone> {
        Self::start_as(&mut text.place.command(&["lsp"]), text, left, later)
    }

    pub(super) fn start_as(
        command: &mut Command,
        text: &Text<'_>,
        left: u64,
        later: Duration,
    ) -> Result<Self, Gone> {
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (send, inbox) = mpsc::channel();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut length = 0;
            let mut line = String::new();
            while stdout.read_line(&mut line).is_ok_and(|read| read > 0) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                } else if line.trim().is_empty() {
                    let mut body = vec![0; length];
                    if stdout.read_exact(&mut body).is_err() {
                        return;
                    }
                    let _ = send.send(serde_json::from_slice(&body).unwrap());
                }
                line.clear();
            }
        });
        let stdin = child.stdin.take().unwrap();
        let (told, said) = (Vec::new(), Vec::new());
        let mut server = Self { child, stdin, inbox, left, later, n_sent: 0, n_seen: 0, told, said };
        let root = format!("file://{}", text.place.workspace().canonicalize().unwrap().display());
        let can = json!({ "workspace": { "applyEdit": true, "workspaceEdit": { "documentChanges": true } } });
        let parameters = json!({
            "processId": null, "rootUri": root, "capabilities": can,
            "workspaceFolders": [{ "uri": root, "name": "w" }],
            "initializationOptions": { "tenon": { "events": true } },
        });
        let mut none = Text { place: text.place, now: String::new(), version: 0 };
        server.request("initialize", &parameters, &mut none)?.unwrap();
        server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        server.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument":
            { "uri": text.uri(), "languageId": "plaintext", "version": text.version, "text": text.now } } }));
        Ok(server)
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        // A server that was killed reads nothing.
        let _ = write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len())
            .and_then(|()| self.stdin.flush());
    }

    /// Takes the next message, and answers what has to be answered.
    fn step(&mut self, text: &mut Text<'_>) -> Result<Value, Gone> {
        let message = match self.inbox.recv_timeout(PATIENCE) {
            Ok(message) => message,
            Err(error) => panic!("{error}; told so far: {:?}", self.told),
        };
        self.n_seen += 1;
        if message["method"] == "tenon/event" {
            let event = &message["params"];
            let kind = event["kind"].as_str().unwrap();
            if kind == "failed" {
                self.told.push((kind.to_owned(), message.to_string()));
            }
            if matches!(kind, "proposal" | "applied" | "undone") {
                self.told.push((kind.to_owned(), event["proposal"].as_str().unwrap().to_owned()));
            }
        } else if message["method"] == "window/showMessage" {
            self.said.push(message["params"]["message"].as_str().unwrap().to_owned());
        } else if message.get("method").is_some() && message.get("id").is_some() {
            let mut result = Value::Null;
            if message["method"] == "workspace/applyEdit" {
                text.edit(&message["params"]["edit"]);
                let changed = json!({ "textDocument": { "uri": text.uri(), "version": text.version },
                    "contentChanges": [{ "text": text.now }] });
                self.send(
                    &json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": changed }),
                );
                result = json!({ "applied": true });
            }
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.kill(text);
            return Err(Gone);
        }
        Ok(message)
    }

    /// Kills it, and hears what it had said before.
    pub(super) fn kill(&mut self, text: &mut Text<'_>) {
        let late = self.inbox.recv_timeout(self.later).ok();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest: Vec<Value> = late.into_iter().chain(self.inbox.iter()).collect();
        for message in rest {
            if message["method"] == "workspace/applyEdit" {
                text.edit(&message["params"]["edit"]);
            }
            let event = &message["params"];
            if message["method"] == "tenon/event"
                && event["kind"] != "failed"
                && event["proposal"].is_string()
            {
                let kind = event["kind"].as_str().unwrap().to_owned();
                self.told.push((kind, event["proposal"].as_str().unwrap().to_owned()));
            }
        }
    }

    pub(super) fn request(
        &mut self,
        method: &str,
        params: &Value,
        text: &mut Text<'_>,
    ) -> Result<Result<Value, Value>, Gone> {
        self.n_sent += 1;
        let id = self.n_sent;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.step(text)?;
            if message["id"] == id && message.get("method").is_none() {
                return Ok(match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                });
            }
        }
    }

    /// Runs a command and waits for the event that it leads to.
    pub(super) fn run(
        &mut self,
        name: &str,
        argument: &Value,
        kind: &str,
        text: &mut Text<'_>,
    ) -> Result<(), Gone> {
        let n_told = self.told.len();
        let params = json!({ "command": name, "arguments": [argument] });
        self.request("workspace/executeCommand", &params, text)?
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        while !self.told[n_told..].iter().any(|(told, _)| told == kind) {
            let failed = self.told.iter().find(|(told, _)| told == "failed");
            assert!(failed.is_none(), "{failed:?}");
            self.step(text)?;
        }
        Ok(())
    }

    pub(super) fn status(&mut self, text: &mut Text<'_>) -> Result<Value, Gone> {
        let params = json!({ "command": "tenon.status", "arguments": [] });
        Ok(self.request("workspace/executeCommand", &params, text)?.unwrap())
    }
}

/// A change is asked for, accepted, taken back, made again and taken back.
fn review(server: &mut Server, text: &mut Text<'_>) -> Result<(), Gone> {
    server.run("tenon.edit", &json!({ "uri": text.uri(), "instruction": "do it" }), "proposal", text)?;
    for (command, kind) in [
        ("tenon.accept", "applied"),
        ("tenon.undo", "undone"),
        ("tenon.redo", "applied"),
        ("tenon.undo", "undone"),
    ] {
        server.run(command, &json!({}), kind, text)?;
    }
    Ok(())
}

/// The server that comes next knows what was told, and leads back to where it began.
fn check(told: &[(String, String)], text: &mut Text<'_>) {
    let mut server = Server::start(text, u64::MAX, Duration::ZERO).unwrap();
    let status = server.status(text).unwrap();
    let listed = status["proposals"].as_array().unwrap().clone();
    assert!([BEFORE, AFTER].contains(&text.now.as_str()), "torn: {:?}", text.now);
    if let Some((kind, id)) = told.last() {
        let state = listed.iter().find(|proposal| proposal["id"] == *id).map(|proposal| &proposal["state"]);
        // A proposal with nothing left to decide need not come back; its operations do.
        assert!(
            kind != "proposal" || text.now == AFTER || state.is_some_and(|state| state == "proposed"),
            "{told:?}: {status}"
        );
    }
    let is_told = told.last().is_some_and(|(kind, _)| kind == "applied");
    if text.now == AFTER && !is_told {
        // An edit that arrived, and was not told of: it may count as done or not, but the server says which.
        let history = json!({ "command": "tenon.history", "arguments": [] });
        let history = server.request("workspace/executeCommand", &history, text).unwrap().unwrap();
        let newest = history["operations"][0]["state"].as_str().unwrap().to_owned();
        if newest == "applied" {
            server.run("tenon.undo", &json!({}), "undone", text).unwrap();
        } else {
            assert!(matches!(newest.as_str(), "undone" | "rolled-back"), "stuck: {history}");
            BEFORE.clone_into(&mut text.now);
            text.place.write("a.txt", BEFORE);
            text.version += 1;
            let changed = json!({ "textDocument": { "uri": text.uri(), "version": text.version },
                "contentChanges": [{ "text": text.now }] });
            server.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": changed }));
        }
    } else if text.now == AFTER {
        server.run("tenon.undo", &json!({}), "undone", text).unwrap();
    } else if told.iter().any(|(kind, _)| kind == "undone") {
        server.run("tenon.redo", &json!({}), "applied", text).unwrap();
        assert_eq!(text.now, AFTER);
        server.run("tenon.undo", &json!({}), "undone", text).unwrap();
    }
    assert_eq!(text.now, BEFORE, "{told:?}");
    for proposal in server.status(text).unwrap()["proposals"].as_array().unwrap() {
        if proposal["state"] == "proposed" {
            let params = json!({ "command": "tenon.reject", "arguments": [{ "proposal": proposal["id"] }] });
            server.request("workspace/executeCommand", &params, text).unwrap().unwrap();
        }
    }
    server.status(text).unwrap();
    server.kill(text);
}

#[test]
fn a_restarted_server_knows_what_the_killed_one_told() {
    let place = Place::new(&[("a.txt", BEFORE)], "search-replace", REPLY);
    let mut text = Text { place: &place, now: BEFORE.to_owned(), version: 1 };
    let mut dice = Dice::new();
    let mut whole = Server::start(&text, u64::MAX, Duration::ZERO).unwrap();
    review(&mut whole, &mut text).unwrap();
    let n_messages = whole.n_seen;
    whole.kill(&mut text);
    let mut n_killed = 0;
    while n_killed < n_kills() / 4 {
        let (left, later) = (1 + dice.below(n_messages), Duration::from_micros(dice.below(3_000)));
        let told = match Server::start(&text, left, later) {
            Ok(mut server) => {
                match review(&mut server, &mut text) {
                    Ok(()) => server.kill(&mut text),
                    Err(Gone) => n_killed += 1,
                }
                std::mem::take(&mut server.told)
            }
            Err(Gone) => {
                n_killed += 1;
                Vec::new()
            }
        };
        check(&told, &mut text);
    }
    writeln!(
        std::io::stderr(),
        "server: killed {n_killed} times, each at one of about {n_messages} messages; nothing lost"
    )
    .unwrap();
}
