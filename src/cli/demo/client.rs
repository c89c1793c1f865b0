//! A small JSON-RPC client over two pipes: `Content-Length` framing, requests by number.
//!
//! It is written against the protocol, not against the server's code, so that the two check each other.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};

use super::failed;
use crate::problem::Problem;

/// How long the server may be silent. The whole demo takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longer messages cannot come from the sample project.
const MAX_BODY: usize = 16 << 20;

/// A message of the server.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// The answer to our request of this number: its result, or the error object.
    Answer(u64, Result<Value, Value>),
    /// A request: its id, method and parameters.
    Request(Value, String, Value),
    /// A notification: its method and parameters.
    Notification(String, Value),
}

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Client {
    reader: BufReader<DuplexStream>,
    writer: DuplexStream,
    n_requests: u64,
}

impl Client {
    /// Reads the server's messages from `reader` and writes ours to `writer`.
    pub(super) fn new(reader: DuplexStream, writer: DuplexStream) -> Self {
        Self { reader: BufReader::new(reader), writer, n_requests: 0 }
    }

    /// Sends a request and returns its number.
    pub(super) async fn request(&mut self, method: &str, params: Value) -> Result<u64, Problem> {
        self.n_requests += 1;
        let id = self.n_requests;
        self.send(&with_params(json!({"jsonrpc": "2.0", "id": id, "method": method}), params)).await?;
        Ok(id)
    }

    /// Sends a notification.
    pub(super) async fn notify(&mut self, method: &str, params: Value) -> Result<(), Problem> {
        self.send(&with_params(json!({"jsonrpc": "2.0", "method": method}), params)).await
    }

    /// Answers a request of the server.
    pub(super) async fn answer(&mut self, id: Value, result: Value) -> Result<(), Problem> {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result})).await
    }

    /// Waits for the next message.
    pub(super) async fn receive(&mut self) -> Result<Incoming, Problem> {
        let message = tokio::time::timeout(PATIENCE, self.read())
            .await
            .map_err(|_| failed("the server did not answer in time"))??;
        sort(message).ok_or_else(|| failed("the server sent something that is no message"))
    }

    async fn send(&mut self, message: &Value) -> Result<(), Problem> {
        let body = message.to_string();
        let message = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.writer.write_all(message.as_bytes()).await.map_err(|error| broken(&error))
    }

    async fn read(&mut self) -> Result<Value, Problem> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() > 1_000 {
                return Err(failed("the server sent an endless header"));
            }
            head.push(self.reader.read_u8().await.map_err(|error| broken(&error))?);
        }
        let length = content_length(&head).filter(|length| *length <= MAX_BODY);
        let mut body = vec![0; length.ok_or_else(|| failed("the server sent a message without a length"))?];
        self.reader.read_exact(&mut body).await.map_err(|error| broken(&error))?;
        serde_json::from_slice(&body).map_err(|error| failed(format!("the server sent bad JSON: {error}")))
    }
}

fn broken(error: &std::io::Error) -> Problem {
    failed(format!("the connection to the server broke: {error}"))
}

/// `null` stands for no parameters, which the protocol leaves out.
fn with_params(mut message: Value, params: Value) -> Value {
    if !params.is_null() {
        message["params"] = params;
    }
    message
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let named = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    };
    head.split("\r\n").find_map(named)
}

fn sort(mut message: Value) -> Option<Incoming> {
    let id = message.get_mut("id").map(Value::take);
    let Some(method) = message.get("method").and_then(Value::as_str).map(str::to_owned) else {
        let result = match message.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(message.get_mut("result")?.take()),
        };
        return Some(Incoming::Answer(id?.as_u64()?, result));
    };
    let params = message.get_mut("params").map(Value::take).unwrap_or_default();
    Some(match id {
        Some(id) => Incoming::Request(id, method, params),
        None => Incoming::Notification(method, params),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(bytes: &[u8], expected: Result<Incoming, &str>) {
        let (mut server, reader) = tokio::io::duplex(1 << 10);
        let (writer, _held) = tokio::io::duplex(1 << 10);
        server.write_all(bytes).await.unwrap();
        drop(server);
        let received = Client::new(reader, writer).receive().await;
        match expected {
            Ok(expected) => assert_eq!(received, Ok(expected)),
            Err(expected) => {
                let problem = received.unwrap_err();
                assert!(problem.message.contains(expected), "{problem}");
            }
        }
    }

    #[tokio::test]
    async fn messages_are_told_apart() {
        let framed =
            |body: &str| format!("X: y\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes();
        let body = framed(r#"{"id":7,"result":null}"#);
        check(&body, Ok(Incoming::Answer(7, Ok(Value::Null)))).await;
        let body = framed(r#"{"id":7,"error":{"code":1}}"#);
        check(&body, Ok(Incoming::Answer(7, Err(json!({"code": 1}))))).await;
        let body = framed(r#"{"id":"a","method":"ü","params":[1]}"#);
        check(&body, Ok(Incoming::Request(json!("a"), "ü".to_owned(), json!([1])))).await;
        let body = framed(r#"{"method":"m"}"#);
        check(&body, Ok(Incoming::Notification("m".to_owned(), Value::Null))).await;
    }

    #[tokio::test]
    async fn a_broken_stream_is_a_problem() {
        check(b"", Err("broke")).await;
        check(b"Content-Length: 9\r\n\r\n{}", Err("broke")).await;
        check(b"Content-Length: 2\r\n\r\n{]", Err("bad JSON")).await;
        check(b"Content-Length: 2\r\n\r\n{}", Err("no message")).await;
        check(b"Content-Length: 99999999999\r\n\r\n", Err("without a length")).await;
        check(&[b'x'; 1_010], Err("endless header")).await;
    }
}
