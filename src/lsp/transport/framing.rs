//! The base protocol: `Content-Length` headers and bodies.
//!
//! Never fails on input: what cannot be read becomes a [`Frame::Broken`], and reading goes on with the next
//! header that looks like one. Inside a JSON body such a header cannot occur, because a JSON string holds no
//! raw line break; so looking for the next one can not be led astray by the contents of a document.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// A body longer than this is skipped.
const MAX_BODY: usize = 256 << 20;
/// A header block longer than this is not one.
const MAX_HEAD: usize = 16 << 10;
/// The header that starts a search for lost order.
const LENGTH: &[u8] = b"content-length:";

/// One piece of input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// A whole body.
    Body(Bytes),
    /// Something else, already skipped; told once until order is found again.
    Broken(String),
}

/// Cuts the input into [`Frame`]s and puts headers before the output.
#[derive(Debug, Default)]
pub(super) struct Framing {
    body: Option<usize>,
    lost: bool,
}

impl Framing {
    fn broken(&mut self, reason: &str) -> Option<Frame> {
        let first = !std::mem::replace(&mut self.lost, true);
        first.then(|| Frame::Broken(reason.to_owned()))
    }

    /// Reads one header block. `Some` is a frame to hand out; `None` with `body` unset asks for more input.
    fn head(&mut self, src: &mut BytesMut) -> Option<Frame> {
        loop {
            if self.lost && !seek(src) {
                return None;
            }
            let Some((head_len, block_len)) = block(src) else {
                if src.len() <= MAX_HEAD {
                    return None;
                }
                src.advance(1);
                match self.broken("a header block does not end") {
                    Some(frame) => return Some(frame),
                    None => continue,
                }
            };
            let reason = match content_length(&src[..head_len]) {
                Ok(length) if length <= MAX_BODY => {
                    src.advance(block_len);
                    (self.lost, self.body) = (false, Some(length));
                    return None;
                }
                Ok(_) => "a message is too long",
                Err(reason) => reason,
            };
            // Something readable may follow inside this very block, as when garbage has no line break.
            match find_length(&src[1..head_len]) {
                Some(at) => src.advance(at + 1),
                None => src.advance(block_len),
            }
            if let Some(frame) = self.broken(reason) {
                return Some(frame);
            }
        }
    }
}

impl Decoder for Framing {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        loop {
            let Some(length) = self.body else {
                if let Some(frame) = self.head(src) {
                    return Ok(Some(frame));
                }
                if self.body.is_none() {
                    return Ok(None);
                }
                continue;
            };
            if src.len() < length {
                return Ok(None);
            }
            self.body = None;
            let body = src.split_to(length).freeze();
            if !body.is_empty() {
                return Ok(Some(Frame::Body(body)));
            }
        }
    }

    /// A message cut by the end of the input is no error: there is nobody left to tell.
    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        let frame = self.decode(src)?;
        if frame.is_none() {
            src.clear();
        }
        Ok(frame)
    }
}

impl Encoder<Vec<u8>> for Framing {
    type Error = io::Error;

    fn encode(&mut self, body: Vec<u8>, dst: &mut BytesMut) -> io::Result<()> {
        let head = format!("Content-Length: {}\r\n\r\n", body.len());
        dst.reserve(head.len() + body.len());
        dst.put_slice(head.as_bytes());
        dst.put_slice(&body);
        Ok(())
    }
}

/// Lengths of the header block without and with the empty line that ends it.
fn block(src: &[u8]) -> Option<(usize, usize)> {
    let src = &src[..src.len().min(MAX_HEAD)];
    let line_feeds = src.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    for (at, _) in line_feeds {
        match &src[at + 1..] {
            [b'\n', ..] => return Some((at + 1, at + 2)),
            [b'\r', b'\n', ..] => return Some((at + 1, at + 3)),
            _ => {}
        }
    }
    None
}

fn content_length(head: &[u8]) -> Result<usize, &'static str> {
    for line in head.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        if line[..=colon].trim_ascii().eq_ignore_ascii_case(LENGTH) {
            let digits = std::str::from_utf8(line[colon + 1..].trim_ascii()).ok();
            return match digits.map(str::parse::<u64>) {
                Some(Ok(length)) => Ok(usize::try_from(length).unwrap_or(usize::MAX)),
                _ => Err("Content-Length is not a number"),
            };
        }
    }
    Err("Content-Length is missing")
}

fn find_length(src: &[u8]) -> Option<usize> {
    src.windows(LENGTH.len()).position(|window| window.eq_ignore_ascii_case(LENGTH))
}

/// Drops input up to the next header with a number and a line break; `false` asks for more input.
fn seek(src: &mut BytesMut) -> bool {
    while let Some(at) = find_length(src) {
        src.advance(at);
        let value = &src[LENGTH.len()..];
        let Some(end) = value.iter().take(40).position(|&byte| byte == b'\n') else {
            if value.len() < 40 {
                return false;
            }
            src.advance(1);
            continue;
        };
        let digits = value[..end].trim_ascii();
        if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            return true;
        }
        src.advance(1);
    }
    let keep = src.len().min(LENGTH.len() - 1);
    src.advance(src.len() - keep);
    false
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn read(input: &[u8], chunk: usize) -> Vec<Frame> {
        let (mut framing, mut buffer, mut frames) = (Framing::default(), BytesMut::new(), Vec::new());
        for piece in input.chunks(chunk) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = framing.decode(&mut buffer).unwrap() {
                frames.push(frame);
            }
        }
        while let Some(frame) = framing.decode_eof(&mut buffer).unwrap() {
            frames.push(frame);
        }
        frames
    }

    fn check(input: &str, expected: &Expect) {
        for chunk in [1, 2, 7, 1 << 20] {
            let shown: Vec<String> = read(input.as_bytes(), chunk)
                .into_iter()
                .map(|frame| match frame {
                    Frame::Body(body) => String::from_utf8_lossy(&body).into_owned(),
                    Frame::Broken(reason) => format!("({reason})"),
                })
                .collect();
            expected.assert_eq(&shown.join("\n"));
        }
    }

    #[test]
    fn headers_in_any_case_and_order() {
        check(
            "content-LENGTH:2\r\n\r\n{}Content-Type: x; charset=odd\r\nX-Y: z\r\nContent-Length: 3\r\n\r\n[1]Content-Length: 0\r\n\r\nContent-Length: 2\n\n[]",
            &expect![[r"
                {}
                [1]
                []"]],
        );
    }

    #[test]
    fn order_is_found_again() {
        check(
            "garbageContent-Length: 2\r\n\r\n{}Content-Length: x\r\n\r\n{\"a\":1}Content-Length: 3\r\n\r\n[2]",
            &expect![[r"
                (Content-Length is missing)
                {}
                (Content-Length is not a number)
                [2]"]],
        );
        check(
            "Content-Type: a\r\n\r\n{\"lost\":\"Content-Length: 4\"}Content-Length: 3\r\n\r\n[2]",
            &expect![[r"
                (Content-Length is missing)
                [2]"]],
        );
    }

    #[test]
    fn a_giant_is_skipped_whether_it_comes_or_not() {
        check(
            "Content-Length: 999999999999999999\r\n\r\nContent-Length: 3\r\n\r\n[2]",
            &expect![[r"
                (a message is too long)
                [2]"]],
        );
        check(
            "Content-Length: 999999999\r\n\r\n{\"text\":\"abc\"}Content-Length: 3\r\n\r\n[2]",
            &expect![[r"
                (a message is too long)
                [2]"]],
        );
    }

    #[test]
    fn an_endless_header_does_not_fill_the_memory() {
        let mut framing = Framing::default();
        let mut buffer = BytesMut::new();
        for _ in 0..1000 {
            buffer.extend_from_slice(&[b'x'; 1000]);
            while framing.decode(&mut buffer).unwrap().is_some() {}
            assert!(buffer.len() <= MAX_HEAD + 1000);
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_never_depends_on_chunking(
            input in proptest::collection::vec(prop_oneof![
                Just(b"Content-Length: ".to_vec()), Just(b"\r\n".to_vec()), Just(b"3".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..5)
            ], 0..40),
            chunk in 1_usize..9,
        ) {
            let input = input.concat();
            prop_assert_eq!(read(&input, chunk), read(&input, input.len().max(1)));
        }
    }
}
