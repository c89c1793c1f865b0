//! The whole way of a token: provider's socket → decoder → gateway → reply parser → the editor's pipe. Its processor
//! time, how late it comes, and what memory it leaves behind.
//!
//! The fake model is a process of its own, and so is a raw reader that only takes the same bytes from its socket;
//! both are this program started again. Their rounds alternate with those of tenon.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::model::config;
use crate::place::Place;
use crate::processes::{Server, raw_cpu_of};

#[path = "support/client.rs"]
mod client;
#[path = "streaming/latency.rs"]
mod latency;
#[path = "streaming/memory.rs"]
mod memory;
#[path = "support/model.rs"]
mod model;
#[path = "support/place.rs"]
mod place;
#[path = "streaming/processes.rs"]
mod processes;
#[path = "support/table.rs"]
mod table;

const N_TOKENS: usize = 200_000;
const N_ROUNDS: usize = 3;

fn main() {
    if processes::play(&std::env::args().collect::<Vec<_>>()) || !table::is_wanted() {
        return;
    }
    if is_chosen("throughput") {
        let columns = [
            "tokens per write",
            "tenon, CPU per token",
            "tokens/s",
            "raw reader, CPU per token",
            "ratio",
            "target",
        ];
        table::print(&columns, &[1, 8, 32, 128].map(throughput));
    }
    if is_chosen("latency") {
        let columns =
            ["streams at 100 tokens/s", "tenon, p50 / p99", "raw reader, p50 / p99", "added", "target"];
        table::print(&columns, &latency::rows());
    }
    if is_chosen("memory") {
        let columns = ["RSS after 250,000 tokens", "500,000", "750,000", "1,000,000", "highest"];
        table::print(&columns, &[memory::row()]);
    }
}

/// Whether the arguments name this part, or none.
fn is_chosen(part: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    named.peek().is_none() || named.any(|argument| argument == part)
}

/// One reply without pauses, as long as a reply never is.
fn throughput(per_write: usize) -> Vec<String> {
    let n_tokens = if per_write == 1 { N_TOKENS / 4 } else { N_TOKENS };
    let server = Server::flood(n_tokens, per_write);
    let place = Place::new(&config(server.port));
    let (mut tenon, mut raw, mut shortest) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..N_ROUNDS {
        let mut client = place.greeted();
        let uri = place.uri("other.rs");
        client.open(&uri, "fn main() {}\n");
        client.barrier(&uri);
        let (before, began) = (client.cpu(), Instant::now());
        client.command("tenon.edit", &json!({"uri": uri, "instruction": "write"}));
        client.until("the end", |message| {
            message["method"] == "tenon/event"
                && message["params"]["kind"] == "stage"
                && message["params"]["stage"] == "resolve"
        });
        shortest = shortest.min(began.elapsed());
        tenon = tenon.min(client.cpu().saturating_sub(before));
        raw = raw.min(raw_cpu_of(&server));
    }
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let n_tokens = n_tokens as f64;
    let micros = |cpu: Duration| format!("{:.2} µs", cpu.as_secs_f64() * 1e6 / n_tokens);
    let target = if per_write == 32 { "≤ 5 µs, ≥ 200,000 tokens/s" } else { "" };
    vec![
        per_write.to_string(),
        micros(tenon),
        format!("{:.0}", n_tokens / shortest.as_secs_f64()),
        micros(raw),
        format!("{:.1}", tenon.as_secs_f64() / raw.as_secs_f64()),
        target.to_owned(),
    ]
}
