//! A fake model: an HTTP server on a thread of its own that streams a reply at a given pace, and notes when the
//! last token left.

#![allow(dead_code, reason = "shared by benchmarks, not each of which uses all of it")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::json;

/// What it says, and how fast.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub tokens: Vec<String>,
    /// Tokens in one write to the socket.
    pub per_write: usize,
    /// Pause after each write.
    pub pause: Duration,
}

/// The server. Its thread ends with the process.
pub(crate) struct FakeModel {
    pub port: u16,
    /// The moments just before the last writes.
    pub ends: Receiver<Instant>,
}

impl FakeModel {
    /// Starts a server that answers every request with `script`.
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, ends) = channel();
        let script = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, sender) = (Arc::clone(&script), sender.clone());
                std::thread::spawn(move || serve(stream, &script, &sender));
            }
        });
        Self { port, ends }
    }

    /// A configuration that names this server for everything.
    pub(crate) fn config(&self) -> String {
        config(self.port)
    }
}

/// A configuration that names the server at `port` for everything; no answer is kept, every one is streamed.
pub(crate) fn config(port: u16) -> String {
    format!(
        "[providers.fake]\napi = \"openai-chat\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\nconcurrent = 64\n\
         [models.fake]\nprovider = \"fake\"\nmodel = \"fake\"\ncontext = 10000000\nmax_output = 100000\n\
         [limits]\nconcurrent_tasks = 64\n[cache]\nenabled = false\n"
    )
}

/// Cuts a text into pieces of `length` characters: about what a token is in code.
pub(crate) fn tokens(text: &str, length: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(length).map(|piece| piece.iter().collect()).collect()
}

/// Returns `None` when the client is gone.
fn serve(stream: TcpStream, script: &Script, ends: &Sender<Instant>) -> Option<()> {
    let mut stream = begin(stream)?;
    for tokens in script.tokens.chunks(script.per_write) {
        let events: String = tokens.iter().map(|token| piece(token)).collect();
        stream.write_all(&chunk(&events)).ok()?;
        if !script.pause.is_zero() {
            std::thread::sleep(script.pause);
        }
    }
    // Nobody may listen.
    let _ = ends.send(Instant::now());
    end(stream)
}

/// Reads the request and writes the head of the answer. A refused reply that is sent back for repair gets none: what
/// a benchmark measures is over then.
pub(crate) fn begin(mut stream: TcpStream) -> Option<TcpStream> {
    stream.set_nodelay(true).ok()?;
    let body = read_request(&stream)?;
    if String::from_utf8_lossy(&body).contains(r#""role":"assistant""#) {
        // Until the client is gone.
        let _ = stream.read(&mut [0]);
        return None;
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    Some(stream)
}

/// Writes the terminal event.
pub(crate) fn end(mut stream: TcpStream) -> Option<()> {
    stream.write_all(&chunk(&format!("{}data: [DONE]\n\n", event(&json!({}), Some("stop"))))).ok()?;
    stream.write_all(b"0\r\n\r\n").ok()
}

/// The event of one token.
pub(crate) fn piece(token: &str) -> String {
    event(&json!({"content": token}), None)
}

fn event(delta: &serde_json::Value, finish: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    let body =
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "fake", "choices": [choice]});
    format!("data: {body}\n\n")
}

/// One chunk of the body.
pub(crate) fn chunk(body: &str) -> Vec<u8> {
    format!("{:x}\r\n{body}\r\n", body.len()).into_bytes()
}

fn read_request(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&n| n > 0)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}
