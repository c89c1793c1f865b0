//! Private keys in PEM: each line of the block is a find of its own, so that the block keeps its lines.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Find, byte_before, run, run_back};

static HEADS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new(["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"]).expect("two short literals")
});

/// Shortest first line of a key: what is shorter is a name in code.
const SHORTEST_LINE: usize = 16;

/// Largest block, in bytes: a key of 16,384 bits has 13,000.
const LARGEST: usize = 65_536;

/// The lines of private keys, with and without their last line, also in one string with `\n` in it.
pub(super) fn find(text: &str) -> Vec<Find> {
    let mut found = Vec::new();
    for head in HEADS.find_iter(text) {
        let before = run_back(text, head.start(), 40, |byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'-')
        });
        if text[before..head.start()].contains("-----BEGIN ") {
            let lines = lines(text, head.end()).into_iter();
            found.extend(lines.map(|range| Find { range, kind: "private key" }));
        }
    }
    found
}

/// The runs of base64 behind `start`, up to the first thing that cannot stand between two of them.
fn lines(text: &str, start: usize) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut lines = Vec::new();
    let mut at = start;
    while at < bytes.len() && at - start < LARGEST {
        let byte = bytes[at];
        if is_escape(text, at) {
            at += 2;
        } else if let Some(behind) = header_line(text, at) {
            at = behind;
        } else if is_base64(byte) {
            let end = run(text, at, is_base64);
            // Comment signs and the like.
            let is_short = end - at < super::SHORTEST;
            if lines.is_empty() && end - at < SHORTEST_LINE && !is_short {
                break;
            }
            if !is_short {
                lines.push(at..end);
            }
            at = end;
        } else if byte.is_ascii_whitespace()
            || matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b',' | b'#' | b'*' | b'|' | b'>')
        {
            at += 1;
        } else {
            break;
        }
    }
    lines
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// `\n`, `\r` or `\t` written out.
fn is_escape(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    bytes[at] == b'\\' && matches!(bytes.get(at + 1), Some(b'n' | b'r' | b't'))
}

/// The end of a line such as `Proc-Type: 4,ENCRYPTED`, if one begins here.
fn header_line(text: &str, at: usize) -> Option<usize> {
    const NAMES: [&str; 7] = ["Proc-Type", "DEK-Info", "Version", "Comment", "Hash", "Charset", "MessageID"];
    let starts_a_word = byte_before(text, at).is_none_or(|byte| !byte.is_ascii_alphanumeric())
        || (at >= 2 && is_escape(text, at - 2));
    // What begins within a character cannot be one of the names.
    let rest = text.get(at..).filter(|_| starts_a_word)?;
    let name = NAMES.iter().find(|name| rest.starts_with(**name))?;
    rest[name.len()..].starts_with(": ").then(|| {
        let end = rest.bytes().take(super::LONGEST).position(|byte| matches!(byte, b'\n' | b'\\' | b'"'));
        at + end.unwrap_or(name.len())
    })
}
