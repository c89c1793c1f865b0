//! The server as an editor meets it: start, typing, questions while a model writes, and the last step to a proposal.
//!
//! The bare framework with handlers that do nothing is measured in the same run: this program starts itself again as
//! that server.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Result;
use tower_lsp::{LanguageServer, LspService, Server};

use crate::client::Client;
use crate::model::{FakeModel, Script, tokens};
use crate::place::{Place, reply, source};
use crate::table::Samples;
use crate::typist::Typist;

#[path = "support/client.rs"]
mod client;
#[path = "support/model.rs"]
mod model;
#[path = "support/place.rs"]
mod place;
#[path = "support/table.rs"]
mod table;
#[path = "support/typist.rs"]
mod typist;

/// The argument that makes this program the bare framework.
const BARE: &str = "--bare-framework";
const MEGABYTE: usize = 1_000_000;
const N_EDITS: usize = 2_000;

fn main() {
    if std::env::args().any(|argument| argument == BARE) {
        return bare_framework();
    }
    if !table::is_wanted() {
        return;
    }
    let place = Place::new("");
    let mut rows = Vec::new();
    starting(&place, &mut rows);
    typing(&place, &mut rows);
    typing_beside_a_proposal(&mut rows);
    asking_while_a_model_writes(&mut rows);
    last_token_to_proposal(&mut rows);
    table::print(&["what", "tenon", "bare framework", "target"], &rows);
}

fn row(what: &str, tenon: String, bare: String, target: &str) -> Vec<String> {
    vec![what.to_owned(), tenon, bare, target.to_owned()]
}

fn bare(_: &Place) -> Client {
    Client::start(Command::new(std::env::current_exe().expect("it runs")).arg(BARE))
}

/// From the start of the process to the answer of `initialize`, and the memory of a server that waits.
fn starting(place: &Place, rows: &mut Vec<Vec<String>>) {
    let measure = |start: &dyn Fn(&Place) -> Client| {
        let (mut memory, mut samples) = ((0.0, 0.0), Samples::default());
        for _ in 0..40 {
            let mut client = start(place);
            let answered = client.initialize(&place.root());
            samples.push(answered - client.started);
            let uri = place.uri("small.rs");
            client.open(&uri, "fn main() {}\n");
            client.barrier(&uri);
            memory = client.memory();
        }
        (samples.least_and_median(), format!("{:.1} MB", memory.0))
    };
    let (tenon, bare) = (measure(&Place::server), measure(&bare));
    rows.push(row("start → `initialize` answered, min / median of 40", tenon.0, bare.0, "≤ 10 ms"));
    rows.push(row("memory after opening a small file", tenon.1, bare.1, "≤ 15 MB"));
}

/// Processor time of a server for many small edits.
fn typing(place: &Place, rows: &mut Vec<Vec<String>>) {
    let measure = |start: &dyn Fn(&Place) -> Client, pause| {
        let (mut memory, mut samples) = ((0.0, 0.0), Samples::default());
        let n_rounds = if pause == Duration::ZERO { 7 } else { 1 };
        for _ in 0..n_rounds {
            let mut client = start(place);
            client.initialize(&place.root());
            samples.push(type_into(&mut client, &place.uri("large.rs"), pause));
            memory = client.memory();
        }
        (samples.least_and_median(), format!("{:.1} / {:.1} MB", memory.0, memory.1))
    };
    let (tenon, bare_ones) = (measure(&Place::server, Duration::ZERO), measure(&bare, Duration::ZERO));
    rows.push(row("2,000 edits to 1 MB, CPU, min / median of 7", tenon.0, bare_ones.0, "≤ 100 ms"));
    rows.push(row("memory after them, now / highest", tenon.1, bare_ones.1, ""));
    let pause = Duration::from_millis(1);
    let (tenon, bare_ones) = (measure(&Place::server, pause), measure(&bare, pause));
    rows.push(row("the same, an edit each millisecond", tenon.0, bare_ones.0, ""));
}

/// Opens a megabyte and types; returns the processor time of the edits and of what follows them.
fn type_into(client: &mut Client, uri: &str, pause: Duration) -> Duration {
    let text = source(0, MEGABYTE);
    client.open(uri, &text);
    client.barrier(uri);
    type_more(client, uri, &text, pause)
}

fn type_more(client: &mut Client, uri: &str, text: &str, pause: Duration) -> Duration {
    let mut typist = Typist::new(uri, text);
    let before = client.cpu();
    for _ in 0..N_EDITS {
        client.notify("textDocument/didChange", &typist.edit());
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    client.barrier(uri);
    // What the server does after a pause in typing belongs to it: marks are computed anew.
    std::thread::sleep(Duration::from_millis(300));
    let spent = client.cpu().saturating_sub(before);
    check_text(client, &typist.text());
    spent
}

/// What the server has must be what was typed; the bare framework has nothing.
fn check_text(client: &mut Client, text: &str) {
    let id = client.ask("workspace/executeCommand", &json!({"command": "tenon.status"}));
    let (_, answer) = client.answer(id);
    match answer.pointer("/result/documents/0/sha256") {
        Some(seen) => assert_eq!(*seen, sha256(text), "the server has another text"),
        None => assert_eq!(answer["error"]["code"], -32601, "only the bare framework may not know: {answer}"),
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"))
}

/// The same typing while a proposal waits whose places must move with the text.
fn typing_beside_a_proposal(rows: &mut Vec<Vec<String>>) {
    const N_HUNKS: usize = 20;
    let text = source(0, MEGABYTE);
    let script = Script {
        tokens: tokens(&reply("large.rs", (0..N_HUNKS).map(|n| n * 100)), 40),
        per_write: 32,
        pause: Duration::ZERO,
    };
    let model = FakeModel::start(script);
    let place = Place::new(&model.config());
    let mut samples = [Samples::default(), Samples::default()];
    for round in 0..4_u64 {
        let mut client = place.greeted();
        let uri = place.uri("large.rs");
        client.open(&uri, &text);
        client.command("tenon.edit", &json!({"uri": uri, "instruction": "use wrapping numbers"}));
        client.event("finished");
        client.until("marks", |message| message["method"] == "textDocument/publishDiagnostics");
        let pause = Duration::from_millis(round / 3);
        samples[usize::from(round == 3)].push(type_more(&mut client, &uri, &text, pause));
    }
    let [at_once, paced] = samples;
    rows.push(row(
        "2,000 edits beside a proposal of 20 hunks, CPU, min / median of 3",
        at_once.least_and_median(),
        "—".to_owned(),
        "≤ 100 ms",
    ));
    rows.push(row("the same, an edit each millisecond", paced.least_and_median(), "—".to_owned(), ""));
}

/// Code actions on a large document while a reply comes in.
fn asking_while_a_model_writes(rows: &mut Vec<Vec<String>>) {
    const N_QUESTIONS: usize = 700;
    let text = source(0, MEGABYTE);
    let script = Script {
        tokens: tokens(&reply("large.rs", 0..200), 4),
        per_write: 1,
        pause: Duration::from_millis(10),
    };
    let model = FakeModel::start(script);
    let place = Place::new(&model.config());
    let mut client = place.greeted();
    let uri = place.uri("large.rs");
    client.open(&uri, &text);
    client.command("tenon.edit", &json!({"uri": uri, "instruction": "use wrapping numbers"}));
    client.event("text");
    let mut typist = Typist::new(&uri, &text);
    let n_lines = text.lines().count();
    let samples: Samples = (0..N_QUESTIONS)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            let line = typist.random(n_lines);
            let place = json!({"line": line, "character": 0});
            let params = json!({"textDocument": {"uri": uri}, "range": {"start": place, "end": place},
                "context": {"diagnostics": []}});
            let asked = std::time::Instant::now();
            let id = client.ask("textDocument/codeAction", &params);
            let (answered, answer) = client.answer(id);
            assert!(answer["result"].as_array().is_some_and(|actions| !actions.is_empty()), "{answer}");
            answered - asked
        })
        .collect();
    let status = client.command("tenon.status", &Value::Null);
    assert_eq!(status["tasks"][0]["stage"], "stream", "the model has to write all the time: {status}");
    let tenon = samples.p50_and_p99();
    rows.push(row(
        "`codeAction` on 1 MB while a reply streams, p50 / p99",
        tenon,
        "—".to_owned(),
        "p99 ≤ 5 ms",
    ));
}

/// From the moment the model sends its last token to the moment the editor knows of the proposal.
fn last_token_to_proposal(rows: &mut Vec<Vec<String>>) {
    let text = source(1_000, 0);
    let script = Script {
        tokens: tokens(&reply("file.rs", [3, 50, 90, 130, 190]), 4),
        per_write: 1,
        pause: Duration::from_millis(1),
    };
    let model = FakeModel::start(script);
    let place = Place::new(&model.config());
    let mut client = place.greeted();
    let uri = place.uri("file.rs");
    client.open(&uri, &text);
    let (mut proposals, mut marks) = (Samples::default(), Samples::default());
    for _ in 0..25 {
        client.command("tenon.edit", &json!({"uri": uri, "instruction": "use wrapping numbers"}));
        let proposed = client.event("proposal");
        let (marked, _) = client.until("marks", |message| {
            let diagnostics = message.pointer("/params/diagnostics").and_then(Value::as_array);
            diagnostics.is_some_and(|diagnostics| diagnostics.len() == 5)
        });
        let ended = model.ends.recv().expect("the model ended");
        proposals.push(proposed - ended);
        marks.push(marked - ended);
        client.command("tenon.reject", &json!({}));
        client.barrier(&uri);
    }
    let none = || "—".to_owned();
    let (proposals, marks) = (proposals.least_and_median(), marks.least_and_median());
    rows.push(row(
        "last token → proposal (1,000 lines, 5 hunks), min / median of 25",
        proposals,
        none(),
        "≤ 5 ms",
    ));
    rows.push(row("last token → its marks in the editor", marks, none(), "≤ 5 ms"));
}

/// Handlers that do nothing.
struct Nothing;

impl LanguageServer for Nothing {
    async fn initialize(&self, _: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        Ok(lsp::InitializeResult::default())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, _: lsp::DidOpenTextDocumentParams) {}

    async fn did_change(&self, _: lsp::DidChangeTextDocumentParams) {}
}

fn bare_framework() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let (service, socket) = LspService::new(|_| Nothing);
        Server::new(tokio::io::stdin(), tokio::io::stdout(), socket).serve(service).await;
    });
}
