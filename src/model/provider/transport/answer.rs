//! The body of a good answer: bytes to stream events, under the two idle time-outs.
//!
//! Time counts only while we wait for the server: a slow reader of the stream never looks like a stalled server.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::headers;
use crate::model::provider::codec::{Codec, Framing};
use crate::model::provider::failure::Fault;
use crate::model::provider::lines;
use crate::model::provider::protocol::Protocol;
use crate::model::provider::sse::{self, Event, SseError};
use crate::model::{ModelErrorKind, StreamEvent, Timeouts};

/// Size of an answer that is not streamed, in bytes, that is still accepted.
const WHOLE_LIMIT: usize = 16 << 20;
/// Bytes of content of one reply that are still accepted.
const CONTENT_LIMIT: usize = 64 << 20;
/// Bytes of a body that are kept until it shows that it is an event stream.
const HEAD_LIMIT: usize = 64 << 10;
/// Bytes of one reply as they come, content or not. Servers wrap a token of four bytes in three hundred.
const WIRE_LIMIT: u64 = 1 << 30;

/// An answer being read.
pub(super) struct Answer {
    response: Response,
    timeouts: Timeouts,
    protocol: Protocol,
    /// Set until the first byte of the body has come.
    first_by: Option<Instant>,
    /// Time waited since the last piece of content.
    waited: Duration,
    body: Body,
    codec: Box<dyn Codec>,
    events: Vec<Event>,
    /// What came of an event stream as long as there was no event in it: it may be none.
    head: Vec<u8>,
    /// Whether there was one.
    is_stream: bool,
    n_wire: u64,
    n_content: usize,
    /// What its head says that helps to find it again.
    pub headers: Vec<(String, String)>,
}

/// In which form the answer comes.
enum Body {
    Sse(Box<sse::Decoder>),
    Lines(lines::Decoder),
    Whole(Vec<u8>),
}

impl Answer {
    /// Looks at the head of an answer.
    pub(super) fn new(
        response: Response,
        protocol: Protocol,
        timeouts: Timeouts,
        first_by: Instant,
    ) -> Result<Self, Fault> {
        let body = body_form(&response, protocol)?;
        Ok(Self {
            headers: headers::telling(response.headers()),
            response,
            timeouts,
            protocol,
            first_by: Some(first_by),
            waited: Duration::ZERO,
            body,
            codec: (protocol.codec)(),
            events: Vec::new(),
            head: Vec::new(),
            is_stream: false,
            n_wire: 0,
            n_content: 0,
        })
    }

    /// Reads the next bytes and appends what they say to `out`.
    pub(super) async fn read(&mut self, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let n_before = out.len();
        match self.chunk().await? {
            Some(bytes) => {
                self.n_wire += bytes.len() as u64;
                self.take(&bytes, out)?;
            }
            None => return self.end(out),
        }
        if out.len() > n_before {
            self.waited = Duration::ZERO;
        }
        self.n_content += out.range(n_before..).map(StreamEvent::content).sum::<usize>();
        if !is_finished(out) && (self.n_content > CONTENT_LIMIT || self.n_wire > WIRE_LIMIT) {
            return Err(too_large(CONTENT_LIMIT));
        }
        Ok(())
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let chunk = self.response.chunk();
        let chunk = if let Some(first_by) = self.first_by.take() {
            timeout_at(first_by, chunk).await.map_err(|_| silent(self.timeouts.first_byte))?
        } else {
            let content_left = self.timeouts.idle_content.saturating_sub(self.waited);
            let started = Instant::now();
            let chunk = timeout(self.timeouts.idle_bytes.min(content_left), chunk).await;
            self.waited += started.elapsed();
            chunk.map_err(|_| {
                if content_left < self.timeouts.idle_bytes {
                    stalled("nothing but keep-alives came", self.timeouts.idle_content)
                } else {
                    stalled("nothing came", self.timeouts.idle_bytes)
                }
            })?
        };
        chunk.map_err(broken)
    }

    fn take(&mut self, bytes: &[u8], out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let mut events = std::mem::take(&mut self.events);
        let result = match &mut self.body {
            Body::Sse(decoder) => {
                let result = decoder.push(bytes, &mut events);
                self.is_stream |= !events.is_empty();
                if !self.is_stream && self.head.len() < HEAD_LIMIT {
                    self.head.extend_from_slice(bytes);
                }
                result
            }
            Body::Lines(decoder) => decoder.push(bytes, &mut events),
            Body::Whole(body) if body.len() + bytes.len() > WHOLE_LIMIT => {
                return Err(too_large(WHOLE_LIMIT));
            }
            Body::Whole(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
        };
        for event in &events {
            self.codec.event(event, out)?;
            // Nothing after the terminal event counts.
            if is_finished(out) {
                return Ok(());
            }
        }
        events.clear();
        self.events = events;
        result.map_err(|error: SseError| Fault::new(ModelErrorKind::Server, error.to_string()))
    }

    /// The server closed the body.
    fn end(&mut self, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if !self.is_stream && self.head.trim_ascii_start().starts_with(b"{") {
            // Gateways and old servers send JSON, an error most often, under the name of the stream or under none.
            let head = std::mem::take(&mut self.head);
            return self.whole(&head, out);
        }
        let rest = match &mut self.body {
            Body::Sse(decoder) => std::mem::take(&mut **decoder).finish(),
            Body::Lines(decoder) => std::mem::take(decoder).finish(),
            Body::Whole(body) => {
                let body = std::mem::take(body);
                return self.whole(&body, out);
            }
        };
        self.codec.closed(rest.as_ref(), out)
    }

    /// Reads an answer that did not come as a stream. A stream of lines may call itself JSON, too.
    fn whole(&mut self, body: &[u8], out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
        let values = values.collect::<Result<Vec<_>, _>>().map_err(|error| {
            if error.is_eof() { incomplete() } else { self.protocol.unlike("its JSON cannot be read") }
        })?;
        match &values[..] {
            [] => Err(incomplete()),
            [answer] => self.codec.whole(answer, out),
            [lines @ .., last] if self.protocol.framing == Framing::Lines => {
                let event = |value: &Value| Event { event: String::new(), data: value.to_string() };
                lines.iter().try_for_each(|line| self.codec.event(&event(line), out))?;
                self.codec.closed(Some(&event(last)), out)
            }
            _ => Err(self.protocol.unlike("its JSON is several values")),
        }
    }
}

fn is_finished(out: &VecDeque<StreamEvent>) -> bool {
    matches!(out.back(), Some(StreamEvent::Finished(_)))
}

fn body_form(response: &Response, protocol: Protocol) -> Result<Body, Fault> {
    let content_type =
        response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"));
    let essence =
        content_type.and_then(|value| value.split(';').next()).map(|value| value.trim().to_lowercase());
    match (essence.as_deref(), protocol.framing) {
        (Some("text/event-stream"), _) | (None, Framing::Sse) => Ok(Body::Sse(Box::default())),
        (Some("application/x-ndjson" | "application/ndjson" | "application/jsonl"), _)
        | (None, Framing::Lines) => Ok(Body::Lines(lines::Decoder::default())),
        (Some("application/json"), _) => Ok(Body::Whole(Vec::new())),
        (Some("text/html"), _) => Err(protocol.unlike("it answered with a web page (text/html)")),
        (Some(other), _) => Err(protocol.unlike(&format!("it answered with {other}"))),
    }
}

fn incomplete() -> Fault {
    Fault::new(ModelErrorKind::Truncated, "the answer is not complete")
}

fn too_large(limit: usize) -> Fault {
    let message = format!("the answer is larger than {} MiB", limit >> 20);
    Fault { code: Some("reply-too-large".to_owned()), ..Fault::new(ModelErrorKind::Server, message) }
}

/// The fault of a server that took the request and then said nothing.
pub(super) fn silent(limit: Duration) -> Fault {
    stalled("no answer came", limit)
}

fn stalled(what: &str, limit: Duration) -> Fault {
    Fault::new(ModelErrorKind::Stalled, format!("{what} for {limit:?}"))
}

/// The fault behind an error of the HTTP client. The URL stays out: it may hold a password.
pub(super) fn broken(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    let mut is_cut = false;
    while let Some(source) = cause.source() {
        cause = source;
        is_cut |= cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof);
    }
    if error.is_builder() {
        Fault::new(ModelErrorKind::BadRequest, format!("the request cannot be sent: {cause}"))
    } else if error.is_connect() && error.is_timeout() {
        Fault::new(ModelErrorKind::Network, "no connection within the time-out")
    } else if error.is_connect() {
        Fault::new(ModelErrorKind::Network, format!("no connection: {cause}"))
    } else if is_cut {
        Fault::new(ModelErrorKind::Truncated, "the connection closed in the middle of the answer")
    } else {
        Fault::new(ModelErrorKind::Network, format!("the connection broke: {cause}"))
    }
}
