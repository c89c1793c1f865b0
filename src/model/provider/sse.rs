//! Server-sent events: bytes in any split to events.
//!
//! Linear in the input, bounded in memory, pure. What came so far never depends on where the bytes were cut, be
//! it inside CRLF or inside a character. Follows the parsing rules of the HTML standard
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) with two differences, both because the
//! events carry code: text that is not UTF-8 is an error instead of a replacement character, and an event above
//! [`EVENT_LIMIT`] is an error instead of a growing buffer. `id` and `retry` are ignored: a reply is never
//! resumed.

/// Size of one event, in bytes, that is still accepted.
pub const EVENT_LIMIT: usize = 4 << 20;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its type; empty when the server gave none.
    pub event: String,
    /// Its data, lines joined by line feeds.
    pub data: String,
}

/// Why the bytes are no event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// An event grew above the limit.
    #[error("an event is larger than {0} bytes")]
    TooLarge(usize),
    /// A line is not UTF-8.
    #[error("an event is not UTF-8")]
    NotUtf8,
}

/// The decoder of one stream.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    at_start: bool,
    after_cr: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(EVENT_LIMIT)
    }
}

impl Decoder {
    /// Creates a decoder that accepts events of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            event: Event::default(),
            has_data: false,
            at_start: true,
            after_cr: false,
        }
    }

    /// Takes the next bytes and appends the events they complete to `events`.
    ///
    /// # Errors
    /// See [`SseError`]; events that were complete before it are in `events`. The decoder is of no use after it.
    pub fn push(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) -> Result<(), SseError> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(end);
            self.check_size(line.len())?;
            if self.line.is_empty() {
                self.end_line(line, events)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.end_line(&whole, events)?;
            }
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
                [] => rest,
            };
            self.after_cr = rest == b"\r";
        }
        self.check_size(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends the stream and returns the event that was not complete, if its lines so far are readable. By the
    /// standard it does not count; it is for callers that can tell from its data that nothing is missing.
    pub fn finish(mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.end_line(&line, &mut Vec::new()).ok()?;
        }
        self.has_data.then_some(self.event)
    }

    fn check_size(&self, n_more: usize) -> Result<(), SseError> {
        let n_bytes = self.line.len() + self.event.event.len() + self.event.data.len() + n_more;
        if n_bytes > self.limit { Err(SseError::TooLarge(self.limit)) } else { Ok(()) }
    }

    fn end_line(&mut self, line: &[u8], events: &mut Vec<Event>) -> Result<(), SseError> {
        let line =
            if std::mem::take(&mut self.at_start) { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) && !event.data.is_empty() {
                events.push(event);
            }
            return Ok(());
        }
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                let value = std::str::from_utf8(value).map_err(|_| SseError::NotUtf8)?;
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            b"event" => {
                let value = std::str::from_utf8(value).map_err(|_| SseError::NotUtf8)?;
                value.clone_into(&mut self.event.event);
            }
            // Comments (an empty field), `id`, `retry`, and fields nobody knows.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
