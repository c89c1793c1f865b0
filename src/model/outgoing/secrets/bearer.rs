//! Credentials of HTTP headers: `Authorization: Bearer …`, also in code that sets them.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::randomness::is_placeholder;
use super::{Find, byte_before, is_random, run};

static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(["bearer ", "authorization", "x-api-key", "private-token"])
        .expect("short literals")
});

/// Shortest credential.
const SHORTEST: usize = 16;

/// What stands behind `Bearer`, and behind the names of headers that hold credentials.
pub(super) fn find(text: &str) -> Vec<Find> {
    let mut found: Vec<Find> = Vec::new();
    let mut read_to = 0;
    for hit in WORDS.find_iter(text) {
        if hit.start() < read_to
            || byte_before(text, hit.start()).is_some_and(|byte| byte.is_ascii_alphanumeric())
        {
            continue;
        }
        let mut at = hit.end();
        if hit.pattern().as_usize() > 0 {
            // The end of the name, the separator, and the beginning of the value.
            let begun = run(text, at, |byte| {
                matches!(byte, b'"' | b'\'' | b' ' | b':' | b'=' | b',' | b'(' | b'[' | b']' | b'>')
            });
            if begun == at || begun - at > 12 {
                continue;
            }
            at = begun;
            let scheme = run(text, at, |byte| byte.is_ascii_alphabetic());
            if ["basic", "token", "bearer", "apikey"]
                .iter()
                .any(|name| text[at..scheme].eq_ignore_ascii_case(name))
            {
                at = run(text, scheme, |byte| matches!(byte, b' ' | b'='));
            }
        }
        let end = run(text, at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
        });
        read_to = end;
        let value = &text[at..end];
        if value.len() >= SHORTEST && is_random(value) && !is_placeholder(value) {
            found.push(Find { range: at..end, kind: "authorization" });
        }
    }
    found
}
