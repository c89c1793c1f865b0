//! Examples, and random edits against a plain `String` with conversions written independently.
//!
//! `TENON_LONG=1` runs the full million edits.

use super::*;
use PositionEncoding::{Utf8, Utf16, Utf32};

fn document(text: &str) -> Document {
    Document::open(DocumentUri::new("file:///a.rs"), "rust".into(), 1, text)
}

fn span(start: (u32, u32), end: (u32, u32)) -> Span {
    let position = |(line, character)| Position { line, character };
    Span { start: position(start), end: position(end) }
}

fn ranged(start: (u32, u32), end: (u32, u32), text: &str) -> ContentChange {
    ContentChange { span: Some(span(start, end)), text: text.into() }
}

fn check(before: &str, change: &ContentChange, expected: &str) {
    let mut document = document(before);
    let old = document.text().clone();
    let indels = document.change(change, Utf16).expect("it fits");
    assert_eq!(document.text(), expected);
    assert_eq!(document.revision(), 1);
    let mut edit = TextEdit::builder(before.len());
    for Indel { delete, insert } in indels {
        edit.replace(delete, insert);
    }
    assert_eq!(edit.finish().expect("disjoint").apply(&old).expect("it fits"), expected);
}

#[test]
fn ranged_changes_apply() {
    check("one\ntwo\n", &ranged((1, 0), (1, 3), "2"), "one\n2\n");
    check("😀😀😀", &ranged((0, 6), (0, 6), "x"), "😀😀😀x");
    check("a\r\nb", &ranged((0, 1), (1, 0), ""), "ab");
    check("", &ranged((0, 0), (0, 0), "\u{feff}x\r\n"), "\u{feff}x\r\n");
}

#[test]
fn columns_and_ends_outside_the_text_clamp() {
    check("ab\ncd", &ranged((0, 9), (0, 99), "!"), "ab!\ncd");
    check("ab\ncd", &ranged((0, 0), (2, 0), "x"), "x");
    check("ab\ncd", &ranged((0, 0), (u32::MAX, u32::MAX), "x"), "x");
    check("", &ranged((0, 7), (1, 0), "x"), "x");
}

#[test]
fn a_whole_text_change_is_reduced() {
    let whole = |text: &str| ContentChange { span: None, text: text.into() };
    check("one\ntwo\nthree\n", &whole("One\ntwo\nthreE\n"), "One\ntwo\nthreE\n");
    check("a\r\nb", &whole("a\nb"), "a\nb");
    let mut document = document("one\ntwo\nthree\n");
    let indels = document.change(&whole("one\ntwo\nthree!\n"), Utf16).expect("it fits");
    assert_eq!(indels, [Indel { delete: 13..13, insert: "!".into() }]);
    assert_eq!(document.change(&whole("one\ntwo\nthree!\n"), Utf16), Ok(vec![]));
}

#[test]
fn what_cannot_be_understood_desynchronises() {
    for change in [ranged((2, 0), (2, 0), "x"), ranged((1, 1), (0, 0), "x"), ranged((0, 2), (0, 1), "x")] {
        let mut document = document("ab\ncd");
        let reason = document.change(&change, Utf16).expect_err("it does not fit");
        assert_eq!(document.desynchronised(), Some(&reason));
        let fitting = ranged((0, 0), (0, 0), "x");
        assert_eq!(document.change(&fitting, Utf16), Err(reason.clone()));
        assert_eq!(document.set_version(9), Err(reason));
        assert_eq!((document.text().to_string().as_str(), document.revision()), ("ab\ncd", 0));
    }
}

#[test]
fn versions_must_ascend() {
    let mut document = document("");
    assert_eq!(document.set_version(3), Ok(()));
    let expected = Desynchronised::Version { last: 3, received: 3 };
    assert_eq!(document.set_version(3), Err(expected.clone()));
    assert_eq!(document.snapshot().desynchronised, Some(expected));
    assert_eq!(document.snapshot().version, 3);
}

#[test]
fn the_hash_is_of_the_text() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(document("abc").sha256(), expected);
}

#[test]
fn many_small_edits_of_a_large_text_are_fast() {
    let mut text = String::new();
    while text.len() < 1 << 20 {
        text.push_str("    let value = compute(42); // é😀\n");
    }
    let mut document = document(&text);
    for n in 0..2_000 {
        let line = n * 13;
        document.change(&ranged((line, 4), (line, 4), "x"), Utf16).expect("it fits");
    }
    assert_eq!(document.text().len_bytes(), text.len() + 2_000);
}

/// `SplitMix64`: small, seedable, good enough.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n.max(1))).expect("below a u32")
    }

    fn text(&mut self, n_pieces: u32) -> String {
        const PIECES: [&str; 16] = [
            "a",
            "b",
            "xyz",
            " ",
            "\n",
            "\r\n",
            "\r",
            "é",
            "e\u{301}",
            "😀",
            "👩\u{200d}🚀",
            "\u{feff}",
            "\u{2028}",
            "\t",
            "中文",
            "\n\r",
        ];
        (0..n_pieces).map(|_| PIECES[self.below(16) as usize]).collect()
    }
}

/// The lines of a text, each with its break: character by character, nothing shared with the real thing.
fn oracle_lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        lines.last_mut().expect("never empty").push(c);
        if c == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        if c == '\r' || c == '\n' {
            lines.push(String::new());
        }
    }
    lines
}

fn units(encoding: PositionEncoding, c: char) -> usize {
    match encoding {
        Utf8 => c.to_string().len(),
        Utf16 => c.to_string().encode_utf16().count(),
        Utf32 => 1,
    }
}

fn oracle_byte(encoding: PositionEncoding, lines: &[String], position: Position) -> usize {
    let mut offset = 0;
    for (number, line) in lines.iter().enumerate() {
        if number < position.line as usize {
            offset += line.len();
            continue;
        }
        let mut column = 0;
        for c in line.chars() {
            column += units(encoding, c);
            if c == '\r' || c == '\n' || column > position.character as usize {
                return offset;
            }
            offset += c.len_utf8();
        }
        return offset;
    }
    offset
}

/// A line, usually in the text, and a column, usually in the line.
fn random_position(random: &mut Random, lines: &[String]) -> Position {
    let n_lines = u32::try_from(lines.len()).expect("small");
    let line = if random.below(50) == 0 { n_lines + random.below(3) } else { random.below(n_lines) };
    let longest = lines.get(line as usize).map_or(0, |line| u32::try_from(line.len()).expect("small"));
    let character = match random.below(40) {
        0 => u32::MAX,
        1 => longest + random.below(9),
        _ => random.below(longest + 2),
    };
    Position { line, character }
}

/// One document's life: `n_edits` random changes; afterwards the mirror must equal the oracle.
fn live(seed: u64, n_edits: usize) {
    let mut random = Random(seed);
    let encoding = [Utf8, Utf16, Utf32][random.below(3) as usize];
    let n_pieces = random.below(120);
    let mut oracle = random.text(n_pieces);
    let mut document = document(&oracle);
    for _ in 0..n_edits {
        let lines = oracle_lines(&oracle);
        assert_eq!(document.text().len_lines(), lines.len());
        let (mut start, mut end) =
            (random_position(&mut random, &lines), random_position(&mut random, &lines));
        if random.below(20) > 0 && end < start {
            std::mem::swap(&mut start, &mut end);
        }
        if random.below(2) == 0 {
            end = start;
        }
        let n_pieces = random.below(if oracle.len() > 400 { 2 } else { 5 });
        let insert = random.text(n_pieces);
        if random.below(200) == 0 {
            let whole = ContentChange { span: None, text: insert.repeat(5) + &oracle };
            document.change(&whole, encoding).expect("a whole text always fits");
            oracle = whole.text;
            continue;
        }
        let change = ContentChange { span: Some(Span { start, end }), text: insert };
        let result = document.change(&change, encoding);
        if start.line as usize >= lines.len() || end < start {
            assert!(result.is_err() && document.desynchronised().is_some());
            assert_eq!(document.text(), oracle.as_str());
            document = Document::open(document.uri.clone(), document.language.clone(), 1, &oracle);
            continue;
        }
        let bytes = oracle_byte(encoding, &lines, start)..oracle_byte(encoding, &lines, end);
        assert_eq!(result, Ok(vec![Indel { delete: bytes.clone(), insert: change.text.clone() }]));
        oracle.replace_range(bytes, &change.text);
        assert_eq!(document.text().len_bytes(), oracle.len());
        check_positions(&mut random, encoding, document.text(), &oracle);
    }
    assert_eq!(document.text(), oracle.as_str());
}

/// A random byte offset must read as the position that leads to it.
fn check_positions(random: &mut Random, encoding: PositionEncoding, text: &Rope, oracle: &str) {
    let at = random.below(u32::try_from(oracle.len()).expect("small") + 1) as usize;
    let inside_break = at > 0 && oracle.as_bytes().get(at - 1..=at) == Some(b"\r\n");
    if oracle.is_char_boundary(at) && !inside_break {
        let position = encoding.to_position(text, at);
        assert_eq!(oracle_byte(encoding, &oracle_lines(oracle), position), at);
    }
}

#[test]
fn random_edits_match_a_plain_string() {
    const EDITS_EACH: usize = 100;
    let n_documents: u64 = if std::env::var_os("TENON_LONG").is_some() { 10_000 } else { 400 };
    for seed in 0..n_documents {
        if let Err(panic) = std::panic::catch_unwind(|| live(seed, EDITS_EACH)) {
            name_seed(seed);
            std::panic::resume_unwind(panic);
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failing test has to name its seed")]
fn name_seed(seed: u64) {
    eprintln!("failing seed: {seed}");
}

#[test]
fn lone_carriage_returns_are_known() {
    assert!(!document("a\r\nb\n").ambiguous_lines());
    assert!(document("a\rb").ambiguous_lines());
    assert!(document("a\r\r\n").ambiguous_lines());
    let mut document = document("a\nb");
    for (change, expected) in [
        (ranged((0, 1), (0, 1), "\r"), false),
        (ranged((0, 0), (0, 0), "x\ry"), true),
        (ranged((0, 1), (1, 0), ""), false),
        (ranged((0, 0), (0, 0), "\r"), true),
        (ContentChange { span: None, text: "a\r\nb".into() }, false),
        (ContentChange { span: None, text: "a\rb".into() }, true),
    ] {
        document.change(&change, Utf16).expect("it fits");
        assert_eq!(document.ambiguous_lines(), expected, "{change:?}");
    }
}
