//! `tenon status` and `tenon metrics` beside real servers: what they count is there while they live, after they end,
//! and after they are killed; and no name, path or secret of the user is in it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::{Place, Ran};

const SECRET: &str = "hunter2-of-the-user";

/// Asks of the terminal until a server has written its first numbers.
const TRIES: usize = 200;

/// A server, and the editor that talks to it.
struct Server {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(place: &Place) -> Self {
        let mut command = place.command(&["lsp"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, answers };
        let root = format!("file://{}", place.path("workspace").display());
        let params = json!({"processId": null, "rootUri": root, "capabilities": {}});
        server.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}));
        server.answer(1);
        server.send(&json!({"jsonrpc": "2.0", "method": "initialized", "params": {}}));
        server
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.child.stdin.as_mut().unwrap(), "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    /// Reads up to the answer with this id.
    fn answer(&mut self, id: u64) -> Value {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                self.answers.read_line(&mut line).unwrap();
                match line.trim().strip_prefix("Content-Length: ") {
                    Some(n) => length = n.parse().unwrap(),
                    None if line.trim().is_empty() => break,
                    None => {}
                }
            }
            let mut body = vec![0; length];
            self.answers.read_exact(&mut body).unwrap();
            let message: Value = serde_json::from_slice(&body).unwrap();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    fn execute(&mut self, id: u64, command: &str, arguments: &Value) -> Value {
        let params = json!({"command": command, "arguments": arguments});
        self.send(
            &json!({"jsonrpc": "2.0", "id": id, "method": "workspace/executeCommand", "params": params}),
        );
        self.answer(id)
    }

    fn leave(mut self) {
        self.send(&json!({"jsonrpc": "2.0", "id": 99, "method": "shutdown"}));
        self.answer(99);
        self.send(&json!({"jsonrpc": "2.0", "method": "exit"}));
        assert!(self.child.wait().unwrap().success());
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn running(place: &Place, fits: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..TRIES {
        let ran = place.run(&["status", "--json"]);
        if ran.code == Some(0) && ran.json()["servers"] != json!([]) && fits(&ran.json()) {
            return ran.json();
        }
    }
    panic!("no server told of itself")
}

fn sample(ran: &Ran, name: &str) -> u64 {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = ran.stdout.lines().find(|line| line.strip_prefix(name).is_some_and(|n| n.starts_with(' ')));
    line.and_then(|line| line.rsplit_once(' '))
        .unwrap_or_else(|| panic!("no {name} in {ran:?}"))
        .1
        .parse()
        .unwrap()
}

#[test]
fn before_anything_was_counted_there_is_a_typed_error() {
    let place = Place::new("");
    let ran = place.run(&["metrics"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("no-metrics"), "{ran:?}");
    let ran = place.run(&["status"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("No server is running.\nworkspace "), "{ran:?}");
}

#[test]
fn what_a_server_counts_outlives_it() {
    let place = Place::new("");
    let mut server = Server::start(&place);
    let refused = server.execute(2, "tenon.show", &json!([{"proposal": SECRET}]));
    assert_eq!(refused["error"]["data"]["code"], "unknown-proposal");
    let status = server.execute(3, "tenon.status", &json!([]));
    let health = status["result"]["health"].as_array().expect("the status has the health").clone();
    let of = |name: &str| health.iter().find(|part| part["component"] == name).expect(name)["state"].clone();
    assert_eq!(
        (of("protocol"), of("journal"), of("configuration")),
        (json!("ready"), json!("ready"), json!("ready"))
    );
    let shown = running(&place, |_| true);
    assert_eq!(shown["servers"][0]["process"], server.child.id());
    server.leave();
    let told = place.run(&["metrics"]);
    assert_eq!(sample(&told, "tenon_problems_total{code=\"unknown-proposal\"}"), 1);
    let requests = sample(&told, "tenon_protocol_messages_total{kind=\"request\"}");
    assert_eq!(requests, 4);
    assert!(!told.stdout.contains(SECRET) && !told.stdout.contains(&*place.path("").to_string_lossy()));
    let ran = place.run(&["status", "--json"]);
    assert_eq!((ran.code, ran.json()["servers"].clone()), (Some(0), json!([])));
    // The next one takes over what the first has counted, and is killed.
    let second = Server::start(&place);
    running(&place, |_| true);
    assert!(sample(&place.run(&["metrics"]), "tenon_protocol_messages_total{kind=\"request\"}") >= requests);
    second.kill();
    let third = Server::start(&place);
    running(&place, |_| true);
    let told = place.run(&["metrics"]);
    assert!(sample(&told, "tenon_protocol_messages_total{kind=\"request\"}") >= requests);
    assert_eq!(sample(&told, "tenon_problems_total{code=\"unknown-proposal\"}"), 1);
    third.leave();
}

#[test]
fn a_broken_configuration_is_a_failed_part() {
    let place = Place::new("nonsense = 1\n");
    let server = Server::start(&place);
    let status = running(&place, |status| {
        status["servers"][0]["health"].as_array().is_some_and(|parts| {
            parts.iter().any(|part| part["component"] == "configuration" && part["state"] == "failed")
        })
    });
    assert!(status["metrics"]["counters"].is_object());
    server.leave();
}
