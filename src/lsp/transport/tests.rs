//! What the framework cannot be trusted with, on a backend that misbehaves on purpose.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tower_lsp::gen_lsp_types::{InitializeParams, InitializeResult};
use tower_lsp::jsonrpc::Result;
use tower_lsp::{LanguageServer, LspService};

use super::*;

struct Misbehaving;

impl LanguageServer for Misbehaving {
    async fn initialize(&self, _: InitializeParams) -> Result<InitializeResult> {
        Ok(InitializeResult::default())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}

#[expect(clippy::unused_async, reason = "the framework wants async handlers")]
impl Misbehaving {
    async fn panics(&self, _: Value) -> Result<Value> {
        panic!("on purpose")
    }

    async fn panics_later(&self, _: Value) -> Result<Value> {
        tokio::task::yield_now().await;
        panic!("on purpose, later")
    }

    async fn echoes(&self, params: Value) -> Result<Value> {
        Ok(params)
    }

    async fn never(&self, _: Value) -> Result<Value> {
        std::future::pending().await
    }
}

struct Pipe {
    stream: DuplexStream,
    server: JoinHandle<Ended>,
}

impl Pipe {
    async fn open() -> Self {
        let (stream, theirs) = tokio::io::duplex(1 << 16);
        let service = LspService::build_with_lifecycle_methods(|_| Misbehaving)
            .custom_method("panics", Misbehaving::panics)
            .custom_method("panicsLater", Misbehaving::panics_later)
            .custom_method("echoes", Misbehaving::echoes)
            .custom_method("never", Misbehaving::never)
            .finish();
        let (reader, writer) = tokio::io::split(theirs);
        let server = tokio::spawn(run(reader, writer, service, |_, _| {}, std::future::pending()));
        let mut pipe = Self { stream, server };
        pipe.send(&json!({"id": 0, "method": "initialize", "params": {"capabilities": {}}})).await;
        assert_eq!(pipe.receive().await["id"], 0);
        pipe
    }

    async fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(frame.as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = tokio::time::timeout(Duration::from_secs(5), self.stream.read_u8()).await;
            head.push(byte.expect("an answer").unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length: usize = head.trim().rsplit(' ').next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

#[tokio::test]
async fn a_panic_is_answered_and_the_id_is_free_again() {
    let mut pipe = Pipe::open().await;
    for method in ["panics", "panicsLater"] {
        for _ in 0..2 {
            pipe.send(&json!({"id": 1, "method": method, "params": {}})).await;
            let answer = pipe.receive().await;
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32603)));
            assert_eq!(answer["error"]["data"]["category"], "internal");
        }
    }
    pipe.send(&json!({"id": 1, "method": "echoes", "params": {"a": 1}})).await;
    assert_eq!(pipe.receive().await["result"], json!({"a": 1}));
}

#[tokio::test]
async fn nothing_waits_behind_hanging_handlers() {
    let mut pipe = Pipe::open().await;
    for id in 1..200 {
        pipe.send(&json!({"id": id, "method": "never", "params": {}})).await;
    }
    pipe.send(&json!({"id": 200, "method": "echoes", "params": {}})).await;
    assert_eq!(pipe.receive().await["id"], 200);
    pipe.send(&json!({"method": "$/cancelRequest", "params": {"id": 150}})).await;
    let answer = pipe.receive().await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(150), &json!(-32800)));
    pipe.send(&json!({"method": "exit"})).await;
    assert_eq!(pipe.server.await.unwrap(), Ended::Exit);
}

#[tokio::test]
async fn unknown_requests_are_answered_and_unknown_notifications_are_not() {
    let mut pipe = Pipe::open().await;
    pipe.send(&json!({"method": "$/setTrace", "params": {"value": "off"}})).await;
    pipe.send(&json!({"method": "unknown/notification"})).await;
    for (id, method) in [(1, "$/unknown"), (2, "unknown/request")] {
        pipe.send(&json!({"id": id, "method": method})).await;
        let answer = pipe.receive().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32601)));
    }
}

#[tokio::test]
async fn lost_input_is_told() {
    let (mut stream, theirs) = tokio::io::duplex(1 << 16);
    let service = LspService::build_with_lifecycle_methods(|_| Misbehaving).finish();
    let told = std::cell::RefCell::new(Vec::new());
    let unreadable = |body: Option<&[u8]>, reason: &str| {
        told.borrow_mut().push((body.map(<[u8]>::to_vec), reason.to_owned()));
    };
    let (reader, writer) = tokio::io::split(theirs);
    let running = run(reader, writer, service, unreadable, std::future::pending());
    let input = "Content-Length: many\r\n\r\n{}Content-Length: 1\r\n\r\nxContent-Length: 999999999999\r\n\r\n{}\
        Content-Length: 17\r\n\r\n{\"method\":\"exit\"}";
    stream.write_all(input.as_bytes()).await.unwrap();
    assert_eq!(running.await, Ended::Exit);
    let told: Vec<_> = told.into_inner().into_iter().map(|(body, _)| body).collect();
    assert_eq!(told, [None, Some(b"x".to_vec()), None]);
}

#[tokio::test]
async fn a_reader_that_left_ends_the_server() {
    let (input, theirs) = tokio::io::duplex(1 << 16);
    let (output, writer) = tokio::io::duplex(64);
    drop(output);
    let service = LspService::build_with_lifecycle_methods(|_| Misbehaving).finish();
    let server = tokio::spawn(run(theirs, writer, service, |_, _| {}, std::future::pending()));
    let mut pipe = Pipe { stream: input, server };
    pipe.send(&json!({"id": 0, "method": "initialize", "params": {"capabilities": {}}})).await;
    let ended = tokio::time::timeout(Duration::from_secs(1), pipe.server).await;
    assert_eq!(ended.unwrap().unwrap(), Ended::OutputGone);
}
