//! Tells what was drawn by chance from what somebody wrote.

use std::collections::BTreeSet;

/// Words that say that a value is none.
const PLACEHOLDER_WORDS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "replace-me",
    "dummy",
    "sample",
    "redacted",
    "your_",
    "your-",
    "yourkey",
    "yourtoken",
    "insert",
    "xxxx",
    "****",
    "....",
    "todo",
    "fake",
    "mock",
    "test",
    "123456789",
    "abcdefgh",
    "qwerty",
    "deadbeef",
    "lorem",
    "foobar",
    "foo-bar",
    "foo_bar",
    "not-a-",
    "not_a_",
    "none",
    "null",
    "undefined",
];

/// Whether a value stands for another: a placeholder, a variable, a word for tests.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    PLACEHOLDER_WORDS.iter().any(|word| lower.contains(word))
        || value.starts_with(['$', '%', '<', '{', '*', '@', '#', '\u{a4}'])
        || ["${", "$(", "{{", "}}", "<%", "%(", "#{"].iter().any(|opening| value.contains(opening))
        || ["env.", "env[", "env(", "environ", "getenv", "process.", "self.", "this.", "config.", "settings."]
            .iter()
            .any(|source| lower.contains(source))
}

/// Kinds of characters, for counting how often they change.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Lower,
    Upper,
    Digit,
    /// Between words.
    Separator,
    Symbol,
}

fn kind(c: char) -> Kind {
    match c {
        'a'..='z' => Kind::Lower,
        'A'..='Z' => Kind::Upper,
        '0'..='9' => Kind::Digit,
        '_' | '-' | '.' | '/' | ':' | ',' | ' ' | '@' => Kind::Separator,
        _ if c.is_alphabetic() => Kind::Lower,
        _ => Kind::Symbol,
    }
}

/// Whether a value looks drawn by chance: many different characters, and its kinds change every few of them, as words,
/// names, versions and dates do not.
pub(in crate::model::outgoing) fn is_random(value: &str) -> bool {
    if value.len() < 8 || value.len() > super::LONGEST || value.contains("://") {
        return false;
    }
    let kinds: Vec<Kind> = value.chars().map(kind).collect();
    let n = |wanted: Kind| kinds.iter().filter(|kind| **kind == wanted).count();
    let (n_digits, n_letters) = (n(Kind::Digit), n(Kind::Lower) + n(Kind::Upper));
    let n_signs = n_digits + n_letters + n(Kind::Symbol);
    let distinct: BTreeSet<char> = value.chars().take(256).collect();
    let enough = if n_signs < 16 { 6 } else { 8 };
    if n_signs < 8 || distinct.len() < enough || n_letters < 3 || n_letters * 8 < n_signs {
        return false;
    }
    // Base64 of forty characters and more may have no digit; shorter it has one, or a symbol.
    if n_digits == 0 && n(Kind::Symbol) == 0 && (n_signs < 32 || n(Kind::Upper) == 0 || n(Kind::Lower) == 0) {
        return false;
    }
    let (n_chunks, n_changes) = chunks(&kinds);
    // The mean length of a chunk, in tenths: words have four letters and more.
    let longest = if n_signs < 20 { 25 } else { 32 };
    n_changes >= 3 && n_signs * 10 <= n_chunks * longest
}

/// Counts runs of one kind, and how many of them follow another without a separator; a capital begins the word that
/// follows it.
fn chunks(kinds: &[Kind]) -> (usize, usize) {
    let (mut n_chunks, mut n_changes) = (0, 0);
    let mut before: Option<(Kind, usize)> = None;
    for &kind in kinds {
        if kind == Kind::Separator {
            before = None;
            continue;
        }
        before = match before {
            Some((last, length))
                if last == kind || (last == Kind::Upper && length == 1 && kind == Kind::Lower) =>
            {
                Some((kind, length + 1))
            }
            other => {
                n_chunks += 1;
                n_changes += usize::from(other.is_some());
                Some((kind, 1))
            }
        };
    }
    (n_chunks, n_changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_by_chance() {
        for value in [
            "Tr0ub4dor&3",
            "aB3dE5gH7",
            "x9!kQ2#vLp",
            "4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c",
            "Xy7kPq2Lm9Rt4Wv8Zb3Nc6",
            "550e8400-e29b-41d4-a716-446655440000",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzK3jd9sLq0",
            "p4ssw0rd1z",
        ] {
            assert!(is_random(value), "{value}");
        }
    }

    #[test]
    fn written_by_somebody() {
        for value in [
            "password",
            "getUserToken2",
            "X-Auth-Token2",
            "my-app-token-v2",
            "oauth2_token",
            "sha256-rsa-pkcs1",
            "2024-01-01T00:00:00Z",
            "/run/secrets/db_password_1",
            "https://a.example/token?x=Kj3h4Kj2",
            "12345678901",
            "aaaaaaaa1111",
            "SecretKeyRef",
            "application/x-www-form-urlencoded",
            "Invalid password, try again 3 times",
            "AccessTokenExpired2024",
        ] {
            assert!(!is_random(value), "{value}");
        }
    }

    #[test]
    fn values_that_stand_for_others() {
        for value in
            ["${DB_PASSWORD}", "<your token>", "os.environ['X']", "changeme", "{{ vault }}", "%(pw)s"]
        {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("Xy7kPq2Lm9Rt4Wv8Zb3Nc6"));
    }
}
