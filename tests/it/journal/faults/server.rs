//! A server that proposes and is told to accept, over a disk that fails.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::server::{AFTER, BEFORE, REPLY, Server, Text};
use super::{Fault, MOST, Place, is_told_of_loss, nothing_aside, stride, tell};

fn place() -> Place {
    Place::new(&[("a.txt", BEFORE)], "search-replace", REPLY)
}

/// States of the operations, newest first.
fn states(server: &mut Server, text: &mut Text<'_>) -> Vec<String> {
    let params = json!({ "command": "tenon.history", "arguments": [] });
    let history = server.request("workspace/executeCommand", &params, text).unwrap().unwrap();
    let operations = history["operations"].as_array().unwrap();
    operations.iter().map(|operation| operation["state"].as_str().unwrap().to_owned()).collect()
}

/// A change is asked for and accepted while the disk fails: an editor's text can be changed without a journal, but not
/// without a word. Returns what was told, and what was said.
fn review(fault: Fault, text: &mut Text<'_>) -> (Vec<(String, String)>, String) {
    let mut command = text.place.command(&["lsp"]);
    fault.strike(text.place, &mut command);
    let mut server = Server::start_as(&mut command, text, u64::MAX, Duration::ZERO).unwrap();
    let ask = json!({ "uri": text.uri(), "instruction": "do it" });
    server.run("tenon.edit", &ask, "proposal", text).unwrap();
    server.run("tenon.accept", &json!({}), "applied", text).unwrap();
    server.status(text).unwrap();
    server.kill(text);
    (server.told, server.said.join("\n"))
}

/// The server that comes next, over a disk that works, knows what was told, and leads back.
fn come_back(text: &mut Text<'_>, n_before: usize, is_loss_told: bool, context: &str) {
    let mut server = Server::start(text, u64::MAX, Duration::ZERO).unwrap();
    let states = states(&mut server, text);
    let said = server.said.join("\n");
    assert!(!is_told_of_loss(&said), "{said}; {context}");
    let is_settled = |state: &String| matches!(state.as_str(), "applied" | "undone" | "rolled-back");
    assert!(states.iter().all(is_settled), "stuck: {states:?}; {context}");
    assert!(states.len() >= n_before, "{states:?}; {context}");
    if states.first().is_some_and(|state| state == "applied") {
        server.run("tenon.undo", &json!({}), "undone", text).unwrap();
        assert_eq!(text.now, BEFORE, "{context}");
    } else {
        assert!(is_loss_told, "it is lost, and nobody was told: {states:?}; {context}");
    }
    let proposals = server.status(text).unwrap()["proposals"].clone();
    for proposal in proposals.as_array().unwrap() {
        if proposal["state"] == "proposed" {
            let params = json!({ "command": "tenon.reject", "arguments": [{ "proposal": proposal["id"] }] });
            let rejected: Result<Value, Value> =
                server.request("workspace/executeCommand", &params, text).unwrap();
            rejected.unwrap();
        }
    }
    server.status(text).unwrap();
    server.kill(text);
}

#[test]
fn accepting_in_an_editor() {
    let place = place();
    let mut text = Text { place: &place, now: BEFORE.to_owned(), version: 1 };
    let (mut n_runs, mut at, mut n_operations) = (0, 0, 0);
    'calls: while at < MOST {
        at += stride();
        for fault in Fault::ways(at) {
            let (told, said) = review(fault, &mut text);
            let struck = Fault::struck(&place);
            let context = format!("{fault:?} struck {struck:?}: {told:?}; {said}");
            assert_eq!(text.now, AFTER, "{context}");
            nothing_aside(&place, &context);
            come_back(&mut text, n_operations, is_told_of_loss(&said), &context);
            if text.now == AFTER {
                BEFORE.clone_into(&mut text.now);
                place.write("a.txt", BEFORE);
                text.version += 1;
            }
            n_operations = place.operations().len();
            if struck.is_empty() {
                break 'calls;
            }
            n_runs += 1;
        }
    }
    assert!((20..MOST).contains(&at), "{at}");
    tell("accepting in an editor", n_runs, at - 1);
}
