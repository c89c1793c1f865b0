//! Every rule of the decoder, and that no cut of the bytes changes what comes out.

use proptest::prelude::*;

use super::*;

fn event(event: &str, data: &str) -> Event {
    Event { event: event.to_owned(), data: data.to_owned() }
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<Event>) {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut events).expect("valid");
    }
    (events, decoder.finish())
}

/// Checks the events of `input`, whole, byte by byte, and cut in three at every pair of places.
fn check(input: &str, expected: &[(&str, &str)], unfinished: Option<(&str, &str)>) {
    let bytes = input.as_bytes();
    let expected: Vec<_> = expected.iter().map(|(name, data)| event(name, data)).collect();
    let expected = (expected, unfinished.map(|(name, data)| event(name, data)));
    assert_eq!(decode([bytes]), expected);
    assert_eq!(decode(bytes.chunks(1)), expected, "byte by byte");
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(decode(pieces), expected, "cut at {first} and {second}");
        }
    }
}

#[test]
fn line_ends() {
    for end in ["\n", "\r", "\r\n"] {
        let input = ["event: a", "data: 1", "", "data: 2", "", ""].join(end);
        check(&input, &[("a", "1"), ("", "2")], None);
    }
    check("data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r", &[("", "1"), ("", "2"), ("", "3")], None);
    // A line feed after CR ends no second line; after CRLF it does.
    check("data: 1\r\ndata: 2\r\n\r\n", &[("", "1\n2")], None);
}

#[test]
fn fields() {
    check("data:x\ndata: y\ndata:  z\n\n", &[("", "x\ny\n z")], None);
    check("data\ndata\n\n", &[("", "\n")], None);
    check("data: a:b\nid: 7\nretry: 10\nunknown: 1\nalone\n\n", &[("", "a:b")], None);
    check("event: a\nevent: b\ndata: 1\n\ndata: 2\n\n", &[("b", "1"), ("", "2")], None);
    // An event without data does not count, and leaves no type behind.
    check("event: ping\n\ndata: 1\n\ndata:\n\n\n\n", &[("", "1")], None);
}

#[test]
fn comments_byte_order_mark_and_characters() {
    check(": OPENROUTER PROCESSING\n\n:\ndata: 1\n: in between\ndata: 2\n\n", &[("", "1\n2")], None);
    check("\u{feff}data: 1\n\n\u{feff}data: 2\n\n", &[("", "1")], None);
    check("\u{feff}\u{feff}data: 1\n\n", &[], None);
    check("data: né 漢 🦀\n\n", &[("", "né 漢 🦀")], None);
}

#[test]
fn the_unfinished_event_is_told_apart() {
    check("data: 1\n\ndata: [DONE]", &[("", "1")], Some(("", "[DONE]")));
    check("event: a\ndata: 1\n", &[], Some(("a", "1")));
    check("event: a\n", &[], None);
    check("dat", &[], None);
    check("", &[], None);
}

#[test]
fn too_large_is_an_error_wherever_it_grows() {
    for input in ["data: 0123456789012", ": 012345678901234", "data: 01234\ndata: 01234\ndata: 01234\n"] {
        for size in [1, 7, 100] {
            let mut decoder = Decoder::new(16);
            let result = input.as_bytes().chunks(size).try_for_each(|c| decoder.push(c, &mut Vec::new()));
            assert_eq!(result, Err(SseError::TooLarge(16)), "{input:?} in pieces of {size}");
        }
    }
    let mut decoder = Decoder::new(16);
    let mut events = Vec::new();
    for _ in 0..100 {
        decoder.push(b"data: 01234\n\n: keep alive\n", &mut events).expect("each one is small");
    }
    assert_eq!(events.len(), 100);
}

#[test]
fn text_that_is_no_utf8_is_an_error_after_the_events_before_it() {
    let mut events = Vec::new();
    let result = Decoder::default().push(b"data: 1\n\ndata: \xff\n\n", &mut events);
    assert_eq!(result, Err(SseError::NotUtf8));
    assert_eq!(events, [event("", "1")]);
    Decoder::default().push(b": \xff\n\n", &mut events).expect("nobody reads comments");
}

#[test]
fn one_large_event_in_single_bytes_is_linear() {
    let input = format!("data: {}\n\n", "x".repeat(1 << 20));
    let (events, _) = decode(input.as_bytes().chunks(1));
    assert_eq!(events[0].data.len(), 1 << 20);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(
        lines in prop::collection::vec("(data|event|id|)(:| |: |)[a-zé漢 :]{0,6}(\r|\n|\r\n|\n\n|\r\n\r\n)", 0..12),
        cuts in prop::collection::vec(0.0..1.0f64, 0..6),
    ) {
        let input = lines.concat();
        let bytes = input.as_bytes();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short string")]
        let mut places: Vec<usize> = cuts.iter().map(|cut| (cut * bytes.len() as f64) as usize).collect();
        places.push(0);
        places.push(bytes.len());
        places.sort_unstable();
        let pieces = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(decode(pieces), decode([bytes]));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let mut decoder = Decoder::new(32);
        let _ = decoder.push(&bytes, &mut Vec::new());
        let _ = decoder.finish();
    }
}
