//! Passwords in URLs: `scheme://user:password@host`.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::randomness::is_placeholder;
use super::{Find, byte_before};

static SEPARATOR: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(["://"]).expect("one short literal"));

/// Longest part in front of a host.
const LONGEST: usize = 512;

/// Words that stand for a password in documentation, and passwords that are none.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "passw0rd",
    "pwd",
    "secret",
    "user",
    "username",
    "root",
    "admin",
    "postgres",
    "mysql",
    "guest",
    "token",
    "hunter2",
    "p4ssw0rd",
    "pwd123",
    "pass123",
    "password123",
];

/// The passwords of URLs, but for placeholders and words.
pub(super) fn find(text: &str) -> Vec<Find> {
    let mut found = Vec::new();
    for hit in SEPARATOR.find_iter(text) {
        if !byte_before(text, hit.start()).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        let start = hit.end();
        let authority =
            text.as_bytes()[start..].iter().take(LONGEST).take_while(|byte| is_part(**byte)).count();
        let authority = &text.as_bytes()[start..start + authority];
        let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else { continue };
        let Some(colon) = authority[..at].iter().position(|byte| *byte == b':') else { continue };
        let (Some(user), Some(password)) =
            (text.get(start..start + colon), text.get(start + colon + 1..start + at))
        else {
            continue;
        };
        let is_word = WORDS.iter().any(|word| password.eq_ignore_ascii_case(word));
        if password.len() >= super::SHORTEST && password != user && !is_word && !is_placeholder(password) {
            found.push(Find { range: start + colon + 1..start + at, kind: "password in a URL" });
        }
    }
    found
}

fn is_part(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'|')
}
