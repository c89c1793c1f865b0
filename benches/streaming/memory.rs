//! Memory of one server over a million tokens, in twenty replies that are each given up at their end.

use serde_json::json;

use crate::model::config;
use crate::place::Place;
use crate::processes::Server;

const N_REPLIES: usize = 20;
const N_TOKENS: usize = 50_000;

/// One row: the memory in use after each quarter, and the highest.
pub(crate) fn row() -> Vec<String> {
    let server = Server::flood(N_TOKENS, 32);
    let place = Place::new(&config(server.port));
    let mut client = place.greeted();
    let uri = place.uri("other.rs");
    client.open(&uri, "fn main() {}\n");
    let mut row = Vec::new();
    for index in 1..=N_REPLIES {
        client.command("tenon.edit", &json!({"uri": uri, "instruction": format!("write {index}")}));
        client.until("the end", |message| message["params"]["stage"] == "resolve");
        client.command("tenon.cancel", &json!({}));
        client.barrier(&uri);
        if index % (N_REPLIES / 4) == 0 {
            row.push(format!("{:.1} MB", client.memory().0));
        }
    }
    row.push(format!("{:.1} MB", client.memory().1));
    row
}
