//! The one shape of an error that leaves the program.
//!
//! Rooms keep their own typed errors; what a person, an editor or a script sees is a [`Problem`]: a stable
//! code, a category that says whose turn it is, a severity, one sentence, and a hint that says what to do.
//! The protocol edge, the command line and the repair prompt all show this same object.

use std::borrow::Cow;

use serde::Serialize;

/// Whose turn it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// The request itself is wrong: arguments, paths, unknown ids.
    Request,
    /// The configuration is wrong or missing.
    Configuration,
    /// An edit does not fit the text.
    Edit,
    /// The document as we mirror it cannot be trusted.
    Document,
    /// The model or its provider failed.
    Model,
    /// The editor refused or misreported an edit.
    Editor,
    /// The file system failed.
    Storage,
    /// A defect in tenon.
    Internal,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The request failed; nothing changed.
    Error,
    /// It went on, but something deserves a look.
    Warning,
    /// For information.
    Info,
}

/// An error as people and programs outside see it.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Stable kebab-case identifier, e.g. `ambiguous-place`; listed in `docs/errors.md`.
    pub code: &'static str,
    /// Whose turn it is.
    pub category: Category,
    /// How bad it is.
    pub severity: Severity,
    /// One plain sentence; what is not seen is written out.
    pub message: String,
    /// What to do about it, if anything can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// More of it for programs, in the form that `docs/errors.md` or `docs/protocol.md` tells for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<serde_json::Value>>,
}

impl Problem {
    /// Creates an error without a hint.
    pub fn error(code: &'static str, category: Category, message: impl Into<String>) -> Self {
        Self {
            code,
            category,
            severity: Severity::Error,
            message: plain(&message.into()),
            hint: None,
            details: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(plain(&hint.into()));
        self
    }
}

impl Problem {
    /// Adds what programs may want to know.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }
}

/// Text that cannot drive a terminal or an editor, whoever wrote it: what is not seen is written out, as `\u{1b}`.
/// Line feeds and tabs stay; a carriage return before a line feed, or at the end, goes.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => shown.push(c),
            // The rest of a line end may come in the next piece of a stream.
            '\r' if matches!(chars.peek(), None | Some('\n')) => {}
            c if is_unseen(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// One line of such text: line feeds are written out as well.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unseen(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// A word for a shell command in a hint: people paste those.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_safe = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_safe) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
}

/// Whether a character does something instead of being seen: control characters (C0, C1, DEL) but the tab, marks that
/// turn the direction of text around, and those that have no width, or are blank where a sign is expected
/// (`Default_Ignorable_Code_Point` of the Unicode Character Database). The mark that asks for an emoji in colour (U+FE0F)
/// is everywhere in honest text and carries nothing.
pub fn is_unseen(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0e}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_written_out() {
        for (text, expected) in [
            ("a\tb\nc", "a\tb\nc"),
            ("a\r\nb\rc", "a\nb\\u{d}c"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u{1b}[2J\\u{1b}]0;x\\u{7}"),
            ("\u{9b}31m\u{85}\u{7f}", "\\u{9b}31m\\u{85}\\u{7f}"),
            ("a\u{202e}b\u{2066}c\u{200b}\u{feff}", "a\\u{202e}b\\u{2066}c\\u{200b}\\u{feff}"),
            ("\u{e0041}\u{3164}", "\\u{e0041}\\u{3164}"),
            ("a\u{fe00}\u{180b}\u{2800}\u{1d173}", "a\\u{fe00}\\u{180b}\\u{2800}\\u{1d173}"),
            ("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}"),
            ("é \u{1f600} \u{4e2d}", "é \u{1f600} \u{4e2d}"),
        ] {
            assert_eq!(plain(text), expected);
            assert_eq!(plain(&plain(text)), plain(text), "once is enough");
            assert!(!visible(text).contains(is_unseen));
        }
        assert_eq!(visible("a\nb"), "a\\u{a}b");
    }

    #[test]
    fn what_is_pasted_is_one_word() {
        for (word, expected) in [
            ("/a/b-c.d", "/a/b-c.d"),
            ("a b", "'a b'"),
            ("x; cmd", "'x; cmd'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }

    #[test]
    fn a_problem_is_clean_from_the_start() {
        let problem = Problem::error("x", Category::Model, "a\u{1b}c").hint("\u{202e}");
        assert_eq!((problem.message.as_str(), problem.hint.as_deref()), ("a\\u{1b}c", Some("\\u{202e}")));
    }
}
