//! The body of a good answer: bytes to stream events, under the two idle time-outs.
//!
//! Time counts only while we wait for the server: a slow reader of the stream never looks like a stalled server.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout, timeout_at};

use crate::model::provider::failure::Fault;
use crate::model::provider::openai_chat::{self, Codec};
use crate::model::provider::sse::{Decoder, Event};
use crate::model::{ModelErrorKind, StreamEvent, Timeouts};

/// Size of an answer that is not streamed, in bytes, that is still accepted.
const WHOLE_LIMIT: usize = 16 << 20;

/// An answer being read.
pub(super) struct Answer {
    response: Response,
    timeouts: Timeouts,
    /// Set until the first byte of the body has come.
    first_by: Option<Instant>,
    /// Time waited since the last piece of content.
    waited: Duration,
    body: Body,
    codec: Codec,
}

/// In which form the answer comes.
enum Body {
    Stream(Box<Decoder>),
    Whole(Vec<u8>),
}

impl Answer {
    /// Looks at the head of an answer.
    pub(super) fn new(response: Response, timeouts: Timeouts, first_by: Instant) -> Result<Self, Fault> {
        let body = body_form(&response)?;
        Ok(Self {
            response,
            timeouts,
            first_by: Some(first_by),
            waited: Duration::ZERO,
            body,
            codec: Codec::default(),
        })
    }

    /// Reads the next bytes and appends what they say to `out`.
    pub(super) async fn read(&mut self, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        let n_before = out.len();
        match self.chunk().await? {
            Some(bytes) => self.take(&bytes, out)?,
            None => return self.end(out),
        }
        if out.len() > n_before {
            self.waited = Duration::ZERO;
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
        match &mut self.body {
            Body::Stream(decoder) => {
                let mut events = Vec::new();
                let result = decoder.push(bytes, &mut events);
                decode(&mut self.codec, &events, out)?;
                if is_finished(out) {
                    return Ok(());
                }
                result.map_err(|error| Fault::new(ModelErrorKind::Server, error.to_string()))
            }
            Body::Whole(body) if body.len() + bytes.len() > WHOLE_LIMIT => Err(Fault::new(
                ModelErrorKind::Server,
                format!("the answer is larger than {WHOLE_LIMIT} bytes"),
            )),
            Body::Whole(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// The server closed the body.
    fn end(&mut self, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        match &mut self.body {
            Body::Stream(decoder) => {
                // A server may forget the empty line after the terminal event; its data is whole or it is not it.
                if let Some(event) = std::mem::take(&mut **decoder).finish()
                    && event.data == openai_chat::DONE
                {
                    return self.codec.event(&event, out);
                }
                Err(Fault::new(ModelErrorKind::Truncated, "the stream ended without its terminal event"))
            }
            Body::Whole(body) => {
                let answer = serde_json::from_slice(body).map_err(|error| {
                    if error.is_eof() {
                        Fault::new(ModelErrorKind::Truncated, "the answer is not complete")
                    } else {
                        openai_chat::not_this_api("its JSON cannot be read")
                    }
                })?;
                self.codec.completion(&answer, out)
            }
        }
    }
}

fn decode(codec: &mut Codec, events: &[Event], out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
    for event in events {
        codec.event(event, out)?;
        // Nothing after the terminal event counts.
        if is_finished(out) {
            break;
        }
    }
    Ok(())
}

fn is_finished(out: &VecDeque<StreamEvent>) -> bool {
    matches!(out.back(), Some(StreamEvent::Finished(_)))
}

fn body_form(response: &Response) -> Result<Body, Fault> {
    let content_type =
        response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"));
    let essence =
        content_type.and_then(|value| value.split(';').next()).map(|value| value.trim().to_lowercase());
    match essence.as_deref() {
        None | Some("text/event-stream") => Ok(Body::Stream(Box::default())),
        Some("application/json") => Ok(Body::Whole(Vec::new())),
        Some(other) => Err(openai_chat::not_this_api(&format!("it answered with {other}"))),
    }
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
