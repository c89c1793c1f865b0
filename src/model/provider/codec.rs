//! What every protocol does: write a request, read its answer. Pure; [`super::transport`] carries the bytes.

use std::collections::VecDeque;

use serde_json::Value;

use super::failure::Fault;
use super::sse::Event;
use crate::model::StreamEvent;

/// How the body of an answer is cut into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON value a line; each becomes an [`Event`] without a name.
    Lines,
}

/// What is sent: the path below the base URL (with its query, if any) and the body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wire {
    /// Appended to the base URL with a slash between; which one the protocol's row in [`super::protocol`] says.
    pub path: String,
    /// The body.
    pub body: Value,
    /// Headers that belong to the protocol, the key's among them not.
    pub headers: Vec<(&'static str, String)>,
}

/// The reading of one answer. Success is [`StreamEvent::Finished`], pushed once and last; only the protocol's own
/// terminal event may push it.
pub(super) trait Codec: Send {
    /// Reads one event of a stream and appends what it says to `out`.
    ///
    /// # Errors
    /// The server says that it failed, or says what is no such protocol.
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault>;

    /// Reads an answer that is not streamed, to its end.
    ///
    /// # Errors
    /// As for [`Codec::event`].
    fn whole(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault>;

    /// The server closed the body. `rest` is a last event that lacks its end; it counts only where its data shows that
    /// nothing is missing.
    ///
    /// # Errors
    /// The terminal event did not come: `Truncated`.
    fn closed(&mut self, rest: Option<&Event>, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault>;
}

/// Appends a piece of text as what `kind` makes of it. An empty one says nothing: servers send those as keep-alives.
pub(super) fn say(text: &str, kind: fn(String) -> StreamEvent, out: &mut VecDeque<StreamEvent>) {
    if !text.is_empty() {
        out.push_back(kind(text.to_owned()));
    }
}

/// Adds a piece of a message about the answer; more than a screenful of it is of no use.
pub(super) fn joined(text: &mut String, piece: &str) {
    if text.len() < 4096 {
        text.push_str(piece);
    }
}

#[cfg(test)]
pub(super) mod tests;
