//! A fake provider: an HTTP server that does byte for byte what a test wrote down.
//!
//! Raw TCP, no HTTP library: every [`Act::Send`] is one write, so cuts fall where the test puts them; a body
//! sent by [`Act::chunk`] reaches the client's decoder in exactly these pieces, whatever TCP joins. Connections
//! take the prepared scripts in the order in which their requests arrive.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenon::model::scripted::Gate;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One step of a script. After the last step the connection is closed.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Writes bytes.
    Send(Vec<u8>),
    /// Waits until the gate is open, or the client is gone.
    Pause(Gate),
    /// Sends these bytes again and again, until the client is gone.
    Repeat(Vec<u8>, Duration),
    /// Resets the connection.
    Reset,
}

impl Act {
    pub(crate) fn send(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Send(bytes.into())
    }

    /// Writes one chunk of a body in chunked encoding.
    pub(crate) fn chunk(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
        framed.extend_from_slice(bytes);
        framed.extend_from_slice(b"\r\n");
        Self::Send(framed)
    }

    /// Ends a body in chunked encoding.
    pub(crate) fn end() -> Self {
        Self::send("0\r\n\r\n")
    }

    /// Writes the head of a good answer whose body comes in chunks.
    pub(crate) fn head(content_type: &str) -> Self {
        Self::send(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        ))
    }

    /// Writes a whole answer; `headers` is `name: value` lines, each ended by CRLF.
    pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Self {
        Self::send(format!(
            "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub body: String,
}

/// The server; dropping it ends it.
pub(crate) struct FakeProvider {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<VecDeque<Vec<Act>>>,
    requests: Mutex<Vec<Request>>,
    /// Opens when a client closes a connection before its script has ended.
    left: Gate,
}

impl FakeProvider {
    /// Starts a server that answers one request with each script, and closes on requests beyond.
    pub(crate) async fn start(scripts: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("set up");
        let port = listener.local_addr().expect("set up").port();
        let shared =
            Arc::new(Shared { scripts: Mutex::new(scripts.into_iter().collect()), ..Shared::default() });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { serve(stream, &shared).await });
            }
        });
        Self { port, shared, accepting }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What to configure as the provider's base URL.
    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().expect("no test panicked with it").clone()
    }

    /// Waits until a client closed a connection before its script had ended.
    pub(crate) async fn client_left(&self) {
        self.shared.left.passed().await;
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) {
    stream.set_nodelay(true).expect("set up");
    let Some(request) = read_request(&mut stream).await else { return };
    shared.requests.lock().expect("no test panicked with it").push(request);
    let script = shared.scripts.lock().expect("no test panicked with it").pop_front().unwrap_or_default();
    for act in script {
        let is_connected = match act {
            Act::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
            Act::Pause(gate) => tokio::select! {
                () = gate.passed() => true,
                () = closed(&mut stream) => false,
            },
            Act::Repeat(bytes, pause) => {
                repeat(&mut stream, &bytes, pause).await;
                false
            }
            Act::Reset => {
                stream.set_zero_linger().expect("set up");
                return;
            }
        };
        if !is_connected {
            shared.left.open();
            return;
        }
    }
    // The client may still have to read: closing with unread input would reset the connection.
    let _ = stream.shutdown().await;
    closed(&mut stream).await;
}

async fn repeat(stream: &mut TcpStream, bytes: &[u8], pause: Duration) {
    let mut ticks = tokio::time::interval(pause);
    loop {
        tokio::select! {
            _ = ticks.tick() => if stream.write_all(bytes).await.is_err() { return },
            () = closed(stream) => return,
        }
    }
}

/// Waits until the client has closed its side.
async fn closed(stream: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let end = head_end + length.unwrap_or(0);
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { head, body: String::from_utf8_lossy(&bytes[head_end..end]).into_owned() })
}
