//! How much later a token reaches the editor's pipe than a raw reader of the same stream: every token says when it
//! left, by the clock that all processes share.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::model::config;
use crate::place::Place;
use crate::processes::{Server, raw_latency_of};
use crate::table::{Samples, ms};

/// Tokens of one stream, and how many come in a second.
const N_TOKENS: usize = 300;
const PER_SECOND: usize = 100;
const N_ROUNDS: usize = 3;

/// A point in time that can be told to another process.
pub(crate) fn now() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().expect("the clock is past 1970")
}

/// A token that says when it left.
pub(crate) fn stamp(at: Duration) -> String {
    format!("@{:019} ", at.as_nanos())
}

/// Reads what [`stamp`] wrote. A stamp that is cut by the end of a piece is passed over.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    pub latencies: Vec<Duration>,
}

impl Stamps {
    pub(crate) fn read(&mut self, text: &str, at: Duration) {
        let stamps = text.split('@').skip(1).filter_map(|rest| rest.get(..19)?.parse().ok());
        self.latencies.extend(stamps.map(|left| at.saturating_sub(Duration::from_nanos(left))));
    }
}

/// Rows for one stream and for 32. The rounds of both readers alternate; of each the quietest round counts, since
/// whatever else runs on the machine makes both later.
pub(crate) fn rows() -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (n_streams, percent, target) in [(1, 50, "≤ 0.2 ms"), (32, 99, "≤ 1 ms")] {
        let server = Server::paced(N_TOKENS, PER_SECOND);
        let rounds: Vec<_> = (0..N_ROUNDS)
            .map(|_| (raw_latency_of(&server, n_streams), tenon_latency(server.port, n_streams)))
            .collect();
        let quietest = |samples: Vec<Samples>| {
            samples.into_iter().min_by_key(|samples| samples.percentile(percent)).unwrap_or_default()
        };
        let (raw, tenon): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
        let raw = quietest(raw.into_iter().map(Samples::from_iter).collect());
        let tenon = quietest(tenon.into_iter().map(Samples::from_iter).collect());
        let added = tenon.percentile(percent).saturating_sub(raw.percentile(percent));
        rows.push(vec![
            n_streams.to_string(),
            tenon.p50_and_p99(),
            raw.p50_and_p99(),
            format!("p{percent}: {}", ms(added)),
            target.to_owned(),
        ]);
    }
    rows
}

/// Asks for so many edits at once and takes every token's time at the pipe.
fn tenon_latency(port: u16, n_streams: usize) -> Vec<Duration> {
    let place = Place::new(&config(port));
    let mut client = place.greeted();
    let (instant, clock) = (Instant::now(), now());
    let uris: Vec<_> = (0..n_streams).map(|index| place.uri(&format!("file{index}.rs"))).collect();
    for uri in &uris {
        client.open(uri, "fn main() {}\n");
        client.barrier(uri);
    }
    for uri in &uris {
        let parameters =
            json!({"command": "tenon.edit", "arguments": [{"uri": uri, "instruction": "write"}]});
        client.ask("workspace/executeCommand", &parameters);
    }
    let mut stamps = Stamps::default();
    let mut n_ended = 0;
    while n_ended < n_streams {
        let (at, message) = client.next("a token");
        let event = &message["params"];
        if event["kind"] == "text" {
            stamps.read(event["text"].as_str().unwrap_or_default(), clock + at.duration_since(instant));
        }
        n_ended += usize::from(event["kind"] == "stage" && event["stage"] == "resolve");
    }
    assert_eq!(stamps.latencies.len(), n_streams * N_TOKENS, "every token arrives");
    stamps.latencies
}
