//! One JSON value a line (NDJSON): bytes in any split to lines.
//!
//! Linear in the input, bounded in memory, pure; the same guarantees as [`super::sse`]: what came so far never
//! depends on where the bytes were cut, text that is not UTF-8 and lines above the limit are errors. Empty lines do
//! not count.

use super::sse::{EVENT_LIMIT, Event, SseError};

/// The decoder of one stream.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(EVENT_LIMIT)
    }
}

impl Decoder {
    /// Creates a decoder that accepts lines of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new() }
    }

    /// Takes the next bytes and appends the lines they complete to `events`.
    ///
    /// # Errors
    /// See [`SseError`]; lines that were complete before it are in `events`. The decoder is of no use after it.
    pub fn push(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) -> Result<(), SseError> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let line = &bytes[..end];
            self.check_size(line.len())?;
            if self.line.is_empty() {
                events.extend(event(line)?);
            } else {
                self.line.extend_from_slice(line);
                events.extend(event(&std::mem::take(&mut self.line))?);
            }
            bytes = &bytes[end + 1..];
        }
        self.check_size(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends the stream and returns the line that lacks its end, if it is readable.
    pub fn finish(self) -> Option<Event> {
        event(&self.line).ok().flatten()
    }

    fn check_size(&self, n_more: usize) -> Result<(), SseError> {
        if self.line.len() + n_more > self.limit { Err(SseError::TooLarge(self.limit)) } else { Ok(()) }
    }
}

fn event(line: &[u8]) -> Result<Option<Event>, SseError> {
    let data = std::str::from_utf8(line).map_err(|_| SseError::NotUtf8)?.trim();
    Ok((!data.is_empty()).then(|| Event { event: String::new(), data: data.to_owned() }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines of `pieces` and what is left at the end.
    fn decoded(pieces: &[&[u8]], limit: usize) -> Result<(Vec<String>, Option<String>), SseError> {
        let mut decoder = Decoder::new(limit);
        let mut events = Vec::new();
        for piece in pieces {
            decoder.push(piece, &mut events)?;
        }
        let lines = events.into_iter().map(|event| event.data).collect();
        Ok((lines, decoder.finish().map(|event| event.data)))
    }

    #[test]
    fn lines_with_every_end_and_without() {
        let (lines, rest) = decoded(&["{\"a\":\"é\"}\r\n\n \n{}\n[1".as_bytes()], 100).expect("lines");
        assert_eq!(lines, ["{\"a\":\"é\"}", "{}"]);
        assert_eq!(rest.as_deref(), Some("[1"));
    }

    #[test]
    fn bounded_and_text() {
        assert_eq!(
            decoded(&[b"12345\n1234", b"5"], 5),
            Ok((vec!["12345".to_owned()], Some("12345".to_owned())))
        );
        assert_eq!(decoded(&[b"123", b"456"], 5), Err(SseError::TooLarge(5)));
        assert_eq!(decoded(&[b"123456\n"], 5), Err(SseError::TooLarge(5)));
        assert_eq!(decoded(&[b"\xff\n"], 5), Err(SseError::NotUtf8));
        assert_eq!(decoded(&[b"\xff"], 5), Ok((vec![], None)));
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(text in "[aé\r\n{}🦀]{0,60}", cuts in prop::collection::vec(0_usize..200, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let bounds: Vec<usize> = [0].into_iter().chain(cuts).chain([bytes.len()]).collect();
            let pieces: Vec<&[u8]> = bounds.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(decoded(&pieces, 1000), decoded(&[bytes], 1000));
        }
    }
}
