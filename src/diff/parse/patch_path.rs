//! File names in the headers of unified diffs.
//!
//! `a/` and `b/` are taken off only when both sides have them; timestamps and C-style quotes are read, nothing is
//! guessed.

/// The side that does not exist.
const NOTHING: &str = "/dev/null";

/// The files of a `---` and `+++` pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Files {
    /// One file, before and after.
    Same(String),
    /// A new file.
    New(String),
    /// A file that goes.
    Gone(String),
    /// Two names.
    Two(String, String),
}

impl Files {
    /// Reads both names; `None` when neither names a file.
    pub(super) fn of(old: &str, new: &str) -> Option<Self> {
        let strip = |name: &str, prefix| name.strip_prefix(prefix).unwrap_or(name).to_owned();
        match (old == NOTHING || old.is_empty(), new == NOTHING || new.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Self::New(strip(new, "b/"))),
            (false, true) => Some(Self::Gone(strip(old, "a/"))),
            (false, false) => Some(match (old.strip_prefix("a/"), new.strip_prefix("b/")) {
                (Some(old), Some(new)) if old == new => Self::Same(old.to_owned()),
                (Some(old), Some(new)) => Self::Two(old.to_owned(), new.to_owned()),
                _ if old == new => Self::Same(old.to_owned()),
                _ => Self::Two(old.to_owned(), new.to_owned()),
            }),
        }
    }

    /// The one file of `diff --git a/x b/x`, whose names may hold blanks.
    pub(super) fn of_git(rest: &str) -> Option<Self> {
        if rest.starts_with('"') {
            let (old, rest) = quoted(rest)?;
            return Self::of(&old, &name(rest));
        }
        let both = |at: usize| Some((rest.get(..at)?, rest.get(at + 1..)?));
        let middle = both(rest.len() / 2)
            .filter(|(old, new)| matches!(Self::of(old, new), Some(Self::Same(_))))
            .or_else(|| rest.split_once(' ').filter(|(_, new)| !new.contains(' ')))?;
        Self::of(middle.0, middle.1)
    }
}

/// A name as it stands behind `--- ` or `+++ `: without timestamp and quotes.
pub(super) fn name(text: &str) -> String {
    let text = text.trim();
    if let Some((name, _)) = text.starts_with('"').then(|| quoted(text)).flatten() {
        return name;
    }
    let text = text.split('\t').next().unwrap_or_default();
    without_timestamp(text).trim_end().to_owned()
}

/// Takes ` 2024-02-29 12:30:15.0 +0000` off the end.
fn without_timestamp(text: &str) -> &str {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = |word: &str| {
        let mut parts = word.split('-');
        let mut part = |n| parts.next().is_some_and(|part| digits(part, n));
        part(4) && part(2) && part(2) && parts.next().is_none()
    };
    let is_time = |word: &str| word.as_bytes().get(2) == Some(&b':') && digits(&word[..2], 2);
    let mut from = 0;
    for word in text.split(' ') {
        let behind = text[from + word.len()..].trim_start().split(' ').next().unwrap_or_default();
        if from > 0 && is_date(word) && is_time(behind) {
            return &text[..from];
        }
        from += word.len() + 1;
        if from > text.len() {
            break;
        }
    }
    text
}

/// A name in C-style quotes, and what stands behind it.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    let mut rest = body.bytes().enumerate();
    loop {
        let (at, byte) = rest.next()?;
        match byte {
            b'"' => return Some((String::from_utf8(bytes).ok()?, &body[at + 1..])),
            b'\\' => bytes.push(match rest.next()?.1 {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'a' => 7,
                b'b' => 8,
                b'v' => 11,
                b'f' => 12,
                first @ b'0'..=b'3' => {
                    let mut octal = u32::from(first - b'0');
                    for _ in 0..2 {
                        let digit = rest.next()?.1;
                        octal = octal * 8 + u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 8)?);
                    }
                    u8::try_from(octal).ok()?
                }
                other @ (b'"' | b'\\') => other,
                _ => return None,
            }),
            other => bytes.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, expected) in [
            ("a/x.rs", "a/x.rs"),
            ("a/x.rs\t2024-01-01 00:00:00", "a/x.rs"),
            ("a/my file.rs  ", "a/my file.rs"),
            ("a/x.rs   2026-10-17 12:30:15.06 +0200", "a/x.rs"),
            ("notes 2026-10-17", "notes 2026-10-17"),
            ("\"a/\\303\\251\\t.rs\"", "a/\u{e9}\t.rs"),
            ("\"odd", "\"odd"),
        ] {
            assert_eq!(name(text), expected);
        }
    }

    #[test]
    fn prefixes_go_only_together() {
        let same = |name: &str| Some(Files::Same(name.to_owned()));
        assert_eq!(Files::of("a/x", "b/x"), same("x"));
        assert_eq!(Files::of("a/x", "a/x"), same("a/x"));
        assert_eq!(Files::of("x", "x"), same("x"));
        assert_eq!(Files::of("a/x", "x"), Some(Files::Two("a/x".to_owned(), "x".to_owned())));
        assert_eq!(Files::of("/dev/null", "b/x"), Some(Files::New("x".to_owned())));
        assert_eq!(Files::of("a/x", "/dev/null"), Some(Files::Gone("x".to_owned())));
        assert_eq!(Files::of("/dev/null", "/dev/null"), None);
    }

    #[test]
    fn names_of_git() {
        assert_eq!(Files::of_git("a/my x b/my x"), Some(Files::Same("my x".to_owned())));
        assert_eq!(Files::of_git("\"a/\\\"x\" \"b/\\\"x\""), Some(Files::Same("\"x".to_owned())));
        assert_eq!(Files::of_git("a/x b/y"), Some(Files::Two("x".to_owned(), "y".to_owned())));
        assert_eq!(Files::of_git("\u{e9}"), None);
    }
}
