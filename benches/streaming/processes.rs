//! The other processes of this benchmark, each of which is this program started again: the fake model, and raw
//! readers that only take the same bytes from their sockets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::cpu_of;
use crate::latency::{Stamps, now, stamp};
use crate::model::{FakeModel, Script, begin, chunk, end, piece, tokens};
use crate::place::source;

/// Arguments that make this program another one; numbers follow.
const FLOOD: &str = "--flood";
const PACED: &str = "--paced";
const RAW_CPU: &str = "--raw-cpu";
const RAW_LATENCY: &str = "--raw-latency";

/// Plays another program, if the arguments say so.
pub(crate) fn play(arguments: &[String]) -> bool {
    let Some(at) =
        arguments.iter().position(|it| [FLOOD, PACED, RAW_CPU, RAW_LATENCY].contains(&it.as_str()))
    else {
        return false;
    };
    let number = |index: usize| arguments.get(at + index).and_then(|it| it.parse().ok()).expect("a number");
    match arguments[at].as_str() {
        FLOOD => flood(number(1), number(2)),
        PACED => paced(number(1), number(2)),
        RAW_CPU => print(&raw_cpu(port(number(1))).as_nanos().to_string()),
        _ => print(&raw_latency(port(number(1)), number(2))),
    }
    true
}

fn port(number: usize) -> u16 {
    u16::try_from(number).expect("a port")
}

#[expect(clippy::print_stdout, reason = "its result goes to the program that started it")]
fn print(line: &str) {
    println!("{line}");
}

/// A fake model in a process of its own, which ends with this value.
pub(crate) struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Answers every request with so many tokens as fast as it can, so many to a write. They are prose and one block,
    /// which is cut: the reply is refused, so nothing but the stream is measured.
    pub(crate) fn flood(n_tokens: usize, per_write: usize) -> Self {
        Self::start(FLOOD, n_tokens, per_write)
    }

    /// Answers every request with so many tokens, so many a second; each says when it left.
    pub(crate) fn paced(n_tokens: usize, per_second: usize) -> Self {
        Self::start(PACED, n_tokens, per_second)
    }

    fn start(mode: &str, first: usize, second: usize) -> Self {
        let mut command = myself(mode, &[first, second]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says its port");
        Self { port: line.trim().parse().expect("a port"), child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn myself(mode: &str, numbers: &[usize]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    command.arg(mode).args(numbers.iter().map(ToString::to_string)).stderr(Stdio::inherit());
    command
}

/// Serves until nobody holds its standard input.
fn serve_until_left(port: u16) {
    print(&port.to_string());
    // An error is an end, too.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn flood(n_tokens: usize, per_write: usize) {
    let text = format!("file.rs\n<<<<<<< SEARCH\n=======\n{}\n>>>>>>> REPLACE\n", source(0, n_tokens * 5));
    let tokens = tokens(&text, 4)[..n_tokens].to_vec();
    serve_until_left(FakeModel::start(Script { tokens, per_write, pause: Duration::ZERO }).port);
}

fn paced(n_tokens: usize, per_second: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve_paced(stream, n_tokens, per_second));
        }
    });
    serve_until_left(port);
}

/// Returns `None` when the client is gone.
fn serve_paced(stream: TcpStream, n_tokens: usize, per_second: usize) -> Option<()> {
    let mut stream = begin(stream)?;
    let (began, pace) = (Instant::now(), Duration::from_secs(1) / u32::try_from(per_second).ok()?);
    for index in 0..u32::try_from(n_tokens).ok()? {
        std::thread::sleep((began + pace * index).saturating_duration_since(Instant::now()));
        stream.write_all(&chunk(&piece(&stamp(now())))).ok()?;
    }
    end(stream)
}

/// Processor time of a raw reader of one reply.
pub(crate) fn raw_cpu_of(server: &Server) -> Duration {
    let output = myself(RAW_CPU, &[server.port.into()]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    Duration::from_nanos(text.trim().parse().expect("it prints nanoseconds"))
}

fn raw_cpu(port: u16) -> Duration {
    let mut stream = ask(port);
    let mut buffer = vec![0; 8 << 10];
    while stream.read(&mut buffer).expect("it writes") > 0 {}
    cpu_of(std::process::id())
}

/// What a raw reader of so many streams measures.
pub(crate) fn raw_latency_of(server: &Server, n_streams: usize) -> Vec<Duration> {
    let output = myself(RAW_LATENCY, &[server.port.into(), n_streams]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().map(|it| Duration::from_nanos(it.parse().expect("nanoseconds"))).collect()
}

fn raw_latency(port: u16, n_streams: usize) -> String {
    let readers: Vec<_> = (0..n_streams).map(|_| std::thread::spawn(move || read_stamps(port))).collect();
    let all = readers.into_iter().flat_map(|reader| reader.join().expect("it reads"));
    all.map(|latency| latency.as_nanos().to_string()).collect::<Vec<_>>().join(" ")
}

fn read_stamps(port: u16) -> Vec<Duration> {
    let mut stream = ask(port);
    let mut stamps = Stamps::default();
    let mut buffer = vec![0; 8 << 10];
    loop {
        let n_bytes = stream.read(&mut buffer).expect("it writes");
        let at = now();
        if n_bytes == 0 {
            return stamps.latencies;
        }
        stamps.read(&String::from_utf8_lossy(&buffer[..n_bytes]), at);
    }
}

fn ask(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the model listens");
    stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n").expect("it reads");
    stream
}
