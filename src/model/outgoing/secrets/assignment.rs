//! Values of names such as `password` and `api_key`: only literals that look drawn by chance.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::randomness::is_placeholder;
use super::{Find, byte_before, is_random, run, run_at_most};

static NAMES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "password",
            "passwd",
            "pwd",
            "passphrase",
            "passcode",
            "secret",
            "token",
            "apikey",
            "api_key",
            "api-key",
            "api key",
            "accesskey",
            "access_key",
            "access-key",
            "accountkey",
            "account_key",
            "privatekey",
            "private_key",
            "private-key",
            "authkey",
            "auth_key",
            "auth-key",
            "signingkey",
            "signing_key",
            "encryptionkey",
            "encryption_key",
            "encryption-key",
            "masterkey",
            "master_key",
            "sharedaccesskey",
            "credential",
            "_auth",
            "salt",
            "client_key",
            "license_key",
            "webhook_key",
        ])
        .expect("short literals")
});

/// Longest rest of a name behind the telling word, and longest way from a name to its value, with a type between.
const LONGEST_REST: usize = 48;
const LONGEST_WAY: usize = 80;

/// Longest value.
const LONGEST_VALUE: usize = 512;

/// Shortest value that needs no quotes: `key = abcdefgh1` may be anything.
const SHORTEST_BARE: usize = 12;

/// The values.
pub(super) fn find(text: &str) -> Vec<Find> {
    let mut found: Vec<Find> = Vec::new();
    let mut read_to = 0;
    for hit in NAMES.find_iter(text) {
        // A name with several telling words has one value.
        if hit.end() < read_to {
            continue;
        }
        let name = run(text, hit.end(), |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if name - hit.end() > LONGEST_REST {
            read_to = name;
            continue;
        }
        let Some((range, quoted)) = value(text, name) else { continue };
        read_to = range.end;
        let value = &text[range.clone()];
        let shortest = if quoted { 1 } else { SHORTEST_BARE };
        let is_long_enough = (shortest..LONGEST_VALUE).contains(&value.len());
        if is_long_enough && is_random(value) && !is_placeholder(value) {
            found.push(Find { range, kind: "secret value" });
        }
    }
    found
}

/// The literal that a name which ends at `name` is given, and whether it stands in quotes.
fn value(text: &str, name: usize) -> Option<(Range<usize>, bool)> {
    let bytes = text.as_bytes();
    // The closing quote and bracket of `config["password"]`, and blanks.
    let closed =
        run(text, name, |byte| matches!(byte, b'"' | b'\'' | b'`' | b']' | b')' | b' ' | b'\t' | b'\\'));
    let separated = run(text, closed, |byte| matches!(byte, b'=' | b':' | b'>' | b'~'));
    let (first, is_separated) = match bytes.get(closed)? {
        b'=' | b':' => (*bytes.get(closed)?, true),
        // An argument: `set_password("…")`, `header("X-Token", "…")`, `<Password>…`.
        b'(' | b',' | b'>' | b'{' => (b',', false),
        _ => return None,
    };
    let after = if is_separated { separated } else { closed + 1 };
    let start = run(text, after, |byte| matches!(byte, b' ' | b'\t' | b'('));
    if start - name > LONGEST_WAY {
        return None;
    }
    if let Some(range) = quoted(text, start) {
        return Some((range, true));
    }
    // A type stands between: `token: &str = "…"`, `token: string = "…"`.
    if first == b':' {
        let typed = run_at_most(text, start, LONGEST_WAY, |byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'&' | b'\'' | b'<' | b'>' | b'[' | b']' | b' ' | b'_' | b'?' | b':' | b'|')
        });
        if bytes.get(typed) == Some(&b'=') {
            let start = run(text, typed + 1, |byte| byte == b' ');
            return quoted(text, start).map(|range| (range, true));
        }
    }
    bare(text, start, is_separated || bytes.get(closed) == Some(&b'>')).map(|range| (range, false))
}

/// What stands between quotes that open at `start`, or up to the end of the line.
fn quoted(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // Prefixes of strings, as in `b"…"`, `r#"…"#`, `@"…"`, and quotes that are escaped themselves.
    let open =
        run(text, start, |byte| matches!(byte, b'b' | b'r' | b'u' | b'f' | b'L' | b'@' | b'#' | b'\\'));
    if open - start > 3 {
        return None;
    }
    let quote = *bytes.get(open).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let begun = open + 1;
    let rest = &bytes[begun..];
    let ends = |byte: &u8| *byte == quote || matches!(byte, b'\n' | b'\r');
    let length = rest.iter().take(LONGEST_VALUE).position(ends).unwrap_or(rest.len());
    if length >= LONGEST_VALUE {
        return None;
    }
    let end = begun + length;
    // One that is being written, or was cut, has no end yet.
    let closed = bytes.get(end) == Some(&quote);
    // `\"` closes a string within a string.
    let end = if closed && end > begun && bytes[end - 1] == b'\\' { end - 1 } else { end };
    let is_value = !bytes[begun..end].iter().any(u8::is_ascii_whitespace);
    is_value.then_some(begun..end)
}

/// A value without quotes, as in `KEY=…`, `key: …` and `Password=…;`.
fn bare(text: &str, start: usize, is_separated: bool) -> Option<Range<usize>> {
    if !is_separated {
        return None;
    }
    let bytes = text.as_bytes();
    let end = run_at_most(text, start, LONGEST_VALUE, |byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'\'' | b'`' | b';' | b',' | b'<' | b'>' | b'&' | b'\\')
    });
    let value = text.get(start..end)?;
    // Calls, paths of members and indices are code.
    let is_code = value.len() < LONGEST_VALUE
        && (value.contains(['(', ')', '[', ']', '{', '}'])
            || is_member(value)
            || byte_before(text, start) == Some(b'('));
    // One that is too long is no value, but it was read.
    let ends = value.len() == LONGEST_VALUE
        || bytes.get(end).is_none_or(|byte| byte.is_ascii_whitespace() || b"\"';,<&`\\".contains(byte));
    (ends && !is_code).then_some(start..end)
}

/// `a.b2.c`, `a::b`: every part begins with a letter and has no sign.
fn is_member(value: &str) -> bool {
    let mut parts = value.split(['.', ':']).filter(|part| !part.is_empty()).peekable();
    let several = value.contains('.') || value.contains("::");
    several
        && parts.all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
}
