//! Processor time per token on the whole way: provider's socket → decoder → reply parser → the editor's pipe.
//!
//! In the same run a raw reader, this program started again, only takes the same bytes from its socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::model::{FakeModel, Script, tokens};
use crate::place::{Place, source};

#[path = "support/client.rs"]
mod client;
#[path = "support/model.rs"]
mod model;
#[path = "support/place.rs"]
mod place;
#[path = "support/table.rs"]
mod table;

/// The argument that makes this program the raw reader; the port follows.
const RAW: &str = "--raw-reader";
const N_TOKENS: u32 = 200_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == RAW) {
        return raw_reader(&arguments[at + 1]);
    }
    if !table::is_wanted() {
        return;
    }
    let rows: Vec<_> = [1, 8, 32, 128].into_iter().map(measure).collect();
    let columns = [
        "tokens per write",
        "tenon, CPU per token",
        "tokens/s",
        "raw reader, CPU per token",
        "ratio",
        "target",
    ];
    table::print(&columns, &rows);
}

/// One reply without pauses: prose and then one block, as long as a reply never is.
fn measure(per_write: usize) -> Vec<String> {
    let n_tokens = if per_write == 1 { N_TOKENS / 4 } else { N_TOKENS };
    let length = n_tokens as usize;
    let text = format!("file.rs\n<<<<<<< SEARCH\n=======\n{}\n>>>>>>> REPLACE\n", source(0, length * 5));
    let script = Script { tokens: tokens(&text, 4)[..length].to_vec(), per_write, pause: Duration::ZERO };
    let model = FakeModel::start(script);
    let place = Place::new(&model.config());
    let (mut least, mut fastest) = (Duration::MAX, 0.0_f64);
    for _ in 0..3 {
        let mut client = place.greeted();
        let uri = place.uri("other.rs");
        client.open(&uri, "fn main() {}\n");
        client.barrier(&uri);
        let (before, began) = (client.cpu(), Instant::now());
        client.command("tenon.edit", &json!({"uri": uri, "instruction": "write"}));
        // The reply is cut inside its block: it is refused, so nothing but the stream is measured.
        client.until("the end", |message| {
            message["method"] == "tenon/event"
                && message["params"]["kind"] == "stage"
                && message["params"]["stage"] == "resolve"
        });
        let rate = f64::from(n_tokens) / began.elapsed().as_secs_f64();
        least = least.min(client.cpu().saturating_sub(before));
        fastest = fastest.max(rate);
    }
    let raw = (0..3).map(|_| raw(model.port)).min().unwrap_or_default();
    let micros = |cpu: Duration| cpu.as_secs_f64() * 1e6 / f64::from(n_tokens);
    let target = if per_write == 32 { "≤ 5 µs, ≥ 200,000 tokens/s" } else { "" };
    vec![
        per_write.to_string(),
        format!("{:.2} µs", micros(least)),
        format!("{fastest:.0}"),
        format!("{:.2} µs", micros(raw)),
        format!("{:.1}", least.as_secs_f64() / raw.as_secs_f64()),
        target.to_owned(),
    ]
}

/// Runs the raw reader and returns its processor time.
fn raw(port: u16) -> Duration {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    let output = command.args([RAW, &port.to_string()]).stderr(Stdio::inherit()).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    Duration::from_nanos(text.trim().parse().expect("it prints nanoseconds"))
}

#[expect(clippy::print_stdout, reason = "its result goes to the program that started it")]
fn raw_reader(port: &str) {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the model listens");
    stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n").expect("it reads");
    let mut buffer = vec![0; 8 << 10];
    while stream.read(&mut buffer).expect("it writes") > 0 {}
    println!("{}", client::cpu_of(std::process::id()).as_nanos());
}
