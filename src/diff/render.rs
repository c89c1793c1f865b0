//! Diffs for people.
//!
//! Text from files and models is shown, never obeyed: control characters, invisible characters and those that
//! change the direction of writing are escaped, so that no file can drive a terminal or hide a change. Only
//! [`coloured`] writes escape sequences, its own.

use std::borrow::Cow;
use std::fmt::Write as _;

use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, DiffOp, TextDiff};

/// Lines shown around a change.
const CONTEXT: usize = 3;

const BOLD: &str = "\x1b[1m";
const CYAN: &str = "\x1b[36m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const REVERSE: &str = "\x1b[7m";
const NOT_REVERSE: &str = "\x1b[27m";
const RESET: &str = "\x1b[0m";

/// A unified diff of one file with three lines of context; empty when the texts are equal. Headers `--- a/path`, `+++ b/path`
/// (`/dev/null` for a created file, when `old` is `None`).
pub fn unified(path: &str, old: Option<&str>, new: &str) -> String {
    file(path, path, old, Some(new), false)
}

/// Adds ANSI colours, with word-level emphasis inside changed lines, to a unified diff of the two texts.
pub fn coloured(path: &str, old: Option<&str>, new: &str) -> String {
    file(path, path, old, Some(new), true)
}

/// A diff of one file that may come, go or get another path: `old` and `new` are its texts before and after, `None`
/// where it does not exist. A renamed one begins with `rename from` and `rename to`, as in git.
pub fn file(path: &str, path_after: &str, old: Option<&str>, new: Option<&str>, colour: bool) -> String {
    let (path, path_after) = (visible(path), visible(path_after));
    let mut out = String::new();
    let (bold, reset) = if colour { (BOLD, RESET) } else { ("", "") };
    if path != path_after {
        let _ = writeln!(out, "{bold}rename from {path}{reset}\n{bold}rename to {path_after}{reset}");
    }
    if old == new {
        return out;
    }
    let name = |side: &str, path: &str, text: Option<&str>| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let (old_name, new_name) = (name("a", &path, old), name("b", &path_after, new));
    let _ = writeln!(out, "{bold}--- {old_name}{reset}\n{bold}+++ {new_name}{reset}");
    let diff = TextDiff::from_lines(old.unwrap_or(""), new.unwrap_or(""));
    for ops in diff.grouped_ops(CONTEXT) {
        let header = UnifiedHunkHeader::new(&ops);
        if colour {
            let _ = writeln!(out, "{CYAN}{header}{RESET}");
        } else {
            let _ = writeln!(out, "{header}");
        }
        for op in &ops {
            if colour {
                coloured_lines(&mut out, &diff, op);
            } else {
                plain_lines(&mut out, &diff, op);
            }
        }
    }
    out
}

fn plain_lines(out: &mut String, diff: &TextDiff<'_, '_, str>, op: &DiffOp) {
    for change in diff.iter_changes(op) {
        out.push(sign(change.tag()));
        out.push_str(&visible(without_line_end(change.value())));
        end_line(out, change.missing_newline());
    }
}

fn coloured_lines(out: &mut String, diff: &TextDiff<'_, '_, str>, op: &DiffOp) {
    for change in diff.iter_inline_changes(op) {
        let (start, end) = match change.tag() {
            ChangeTag::Equal => ("", ""),
            ChangeTag::Delete => (RED, RESET),
            ChangeTag::Insert => (GREEN, RESET),
        };
        out.push_str(start);
        out.push(sign(change.tag()));
        for (emphasised, value) in change.values() {
            let value = visible(without_line_end(value));
            if *emphasised && !value.is_empty() {
                let _ = write!(out, "{REVERSE}{value}{NOT_REVERSE}");
            } else {
                out.push_str(&value);
            }
        }
        out.push_str(end);
        end_line(out, change.missing_newline());
    }
}

fn sign(tag: ChangeTag) -> char {
    match tag {
        ChangeTag::Equal => ' ',
        ChangeTag::Delete => '-',
        ChangeTag::Insert => '+',
    }
}

fn end_line(out: &mut String, missing: bool) {
    out.push('\n');
    if missing {
        out.push_str("\\ No newline at end of file\n");
    }
}

fn without_line_end(line: &str) -> &str {
    line.strip_suffix("\r\n").or_else(|| line.strip_suffix(['\n', '\r'])).unwrap_or(line)
}

/// The text with every character escaped that a terminal would obey or a reader would not see.
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

fn is_unseen(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(old: Option<&str>, new: &str, expected: &Expect) {
        expected.assert_eq(&unified("src/a.rs", old, new));
    }

    #[test]
    fn unified_diffs() {
        check(
            Some("1\n2\n3\n4\n5\n6\n"),
            "1\n2\n3\n4\nfive\n6\n",
            &expect![[r"
                --- a/src/a.rs
                +++ b/src/a.rs
                @@ -2,5 +2,5 @@
                 2
                 3
                 4
                -5
                +five
                 6
            "]],
        );
        check(Some("a\n"), "a\n", &expect![""]);
        check(
            None,
            "a",
            &expect![[r"
                --- /dev/null
                +++ b/src/a.rs
                @@ -0,0 +1 @@
                +a
                \ No newline at end of file
            "]],
        );
    }

    #[test]
    fn files_that_go_or_get_another_path() {
        expect![[r"
            --- a/a.rs
            +++ /dev/null
            @@ -1,2 +0,0 @@
            -x
            -y
        "]]
        .assert_eq(&file("a.rs", "a.rs", Some("x\ny\n"), None, false));
        expect![[r"
            rename from a.rs
            rename to b.rs
            --- a/a.rs
            +++ b/b.rs
            @@ -1 +1 @@
            -x
            +y
        "]]
        .assert_eq(&file("a.rs", "b.rs", Some("x\n"), Some("y\n"), false));
        assert_eq!(file("a", "b", Some("x"), Some("x"), false), "rename from a\nrename to b\n");
    }

    #[test]
    fn control_and_hidden_characters_are_shown() {
        check(
            Some("a\r\n"),
            "\x1b[2Ja\u{202e}b\u{200b}\r\n",
            &expect![[r"
                --- a/src/a.rs
                +++ b/src/a.rs
                @@ -1 +1 @@
                -a
                +\u{1b}[2Ja\u{202e}b\u{200b}
            "]],
        );
    }

    #[test]
    fn words_that_differ_are_emphasised() {
        let shown = coloured("a", Some("let x = 1;\n"), "let x = 2;\n");
        assert!(shown.contains("\x1b[31m-let x = \x1b[7m1"), "{shown:?}");
        let strange = coloured("a", Some("a\n"), "\x1b]0;title\x07\n");
        assert!(!strange.contains("\x1b]"), "{strange:?}");
    }
}
