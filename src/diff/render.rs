//! Diffs for people.
//!
//! Text from files and models is shown, never obeyed: control characters, invisible characters and those that
//! change the direction of writing are escaped, so that no file can drive a terminal or hide a change. Where line ends
//! are mixed, those of changed lines are shown. Only [`coloured`] writes escape sequences, its own.

mod words;

use std::fmt::Write as _;
use std::ops::Range;

use similar::udiff::UnifiedHunkHeader;
use similar::{DiffOp, DiffTag, TextDiff};

pub use crate::problem::visible;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// Bytes of a line that are shown in a terminal.
const SHOWN: usize = 400;

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

/// Adds ANSI colours to a unified diff of the two texts, with emphasis on the words that differ between lines that are
/// alike. Of very long lines only a part is shown.
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
    let (old, new) = (old.unwrap_or(""), new.unwrap_or(""));
    let diff = TextDiff::from_lines(old, new);
    let mut page = Page { out, colour, shows_ends: !has_one_line_end(old, new) };
    for ops in diff.grouped_ops(CONTEXT) {
        let header = UnifiedHunkHeader::new(&ops);
        let (cyan, reset) = if colour { (CYAN, RESET) } else { ("", "") };
        let _ = writeln!(page.out, "{cyan}{header}{reset}");
        for op in &ops {
            page.op(&diff, op);
        }
    }
    page.out
}

/// Whether all lines of both texts end alike. Else the ends of changed lines are shown: they may be all that changed.
fn has_one_line_end(old: &str, new: &str) -> bool {
    let count = |end: &str| old.matches(end).count() + new.matches(end).count();
    let (n_both, n_returns, n_feeds) = (count("\r\n"), count("\r"), count("\n"));
    n_returns == 0 || (n_returns == n_both && n_feeds == n_both)
}

/// A diff as it is written.
struct Page {
    out: String,
    colour: bool,
    shows_ends: bool,
}

impl Page {
    fn op(&mut self, diff: &TextDiff<'_, '_, str>, op: &DiffOp) {
        let old: Vec<&str> = op.old_range().filter_map(|at| diff.old_slice(at)).collect();
        let new: Vec<&str> = op.new_range().filter_map(|at| diff.new_slice(at)).collect();
        if op.tag() == DiffTag::Equal {
            for line in new {
                self.line(' ', line, &[]);
            }
            return;
        }
        let (mut of_old, mut of_new) = (Vec::new(), Vec::new());
        if self.colour {
            (of_old, of_new) = words::emphasis(&contents(&old), &contents(&new));
        }
        for (sign, lines, emphasis) in [('-', old, of_old), ('+', new, of_new)] {
            for (at, line) in lines.into_iter().enumerate() {
                self.line(sign, line, emphasis.get(at).map_or(&[], Vec::as_slice));
            }
        }
    }

    fn line(&mut self, sign: char, line: &str, emphasis: &[Range<usize>]) {
        let content = without_line_end(line);
        let (start, end) = match (self.colour, sign) {
            (true, '-') => (RED, RESET),
            (true, '+') => (GREEN, RESET),
            _ => ("", ""),
        };
        let _ = write!(self.out, "{start}{sign}");
        if self.colour {
            let shown = window(content, emphasis);
            self.pieces(content, &shown, emphasis);
        } else {
            self.out.push_str(&visible(content));
        }
        if self.shows_ends && sign != ' ' && line[content.len()..].starts_with('\r') {
            self.emphasised("\\r");
        }
        self.out.push_str(end);
        self.out.push('\n');
        if content.len() == line.len() {
            self.out.push_str("\\ No newline at end of file\n");
        }
    }

    /// The part of a line that is shown, with its emphasis, and marks where it was cut.
    fn pieces(&mut self, content: &str, shown: &Range<usize>, emphasis: &[Range<usize>]) {
        if shown.start > 0 {
            self.out.push('…');
        }
        let mut done = shown.start;
        for range in emphasis {
            let (from, to) = (range.start.max(done), range.end.min(shown.end));
            if from < to {
                self.out.push_str(&visible(&content[done..from]));
                self.emphasised(&visible(&content[from..to]));
                done = to;
            }
        }
        self.out.push_str(&visible(&content[done..shown.end]));
        if shown.end < content.len() {
            let _ = write!(self.out, "… ({} more bytes)", content.len() - shown.end);
        }
    }

    fn emphasised(&mut self, text: &str) {
        let (start, end) = if self.colour { (REVERSE, NOT_REVERSE) } else { ("", "") };
        let _ = write!(self.out, "{start}{text}{end}");
    }
}

/// The bytes of a line that a terminal is given: all, or of a very long line a part with its first emphasis.
fn window(line: &str, emphasis: &[Range<usize>]) -> Range<usize> {
    if line.len() <= SHOWN {
        return 0..line.len();
    }
    let boundary = |at: usize| (at..=line.len()).find(|at| line.is_char_boundary(*at)).unwrap_or(line.len());
    let first = emphasis.first().map_or(0, |range| range.start);
    let start = if first < SHOWN / 2 { 0 } else { boundary(first - SHOWN / 4) };
    start..boundary((start + SHOWN).min(line.len()))
}

fn contents<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    lines.iter().map(|line| without_line_end(line)).collect()
}

fn without_line_end(line: &str) -> &str {
    line.strip_suffix("\r\n").or_else(|| line.strip_suffix(['\n', '\r'])).unwrap_or(line)
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

    /// Colours as `<red>` and so on, emphasis in brackets.
    fn check_coloured(old: &str, new: &str, expected: &Expect) {
        let shown = coloured("a", Some(old), new);
        let mut shown = shown.lines().skip(2).collect::<Vec<_>>().join("\n") + "\n";
        for (code, name) in [
            (RED, "<red>"),
            (GREEN, "<green>"),
            (CYAN, "<cyan>"),
            (NOT_REVERSE, "]"),
            (REVERSE, "["),
            (RESET, "</>"),
        ] {
            shown = shown.replace(code, name);
        }
        assert!(!shown.contains('\x1b'), "{shown:?}");
        expected.assert_eq(&shown);
    }

    #[test]
    fn words_that_differ_are_emphasised() {
        check_coloured(
            "fn f() {\n    let x = self.one(1);\n}\n",
            "fn f() {\n    // why\n    let x = self.two(1);\n}\n",
            &expect![[r"
                <cyan>@@ -1,3 +1,4 @@</>
                 fn f() {
                <red>-    let x = self.[one](1);</>
                <green>+    // why</>
                <green>+    let x = self.[two](1);</>
                 }
            "]],
        );
        let strange = coloured("a", Some("a\n"), "\x1b]0;title\x07\n");
        assert!(!strange.contains("\x1b]"), "{strange:?}");
    }

    #[test]
    fn a_line_written_anew_has_no_emphasis() {
        check_coloured(
            "return None\n",
            "yield from self.children\n",
            &expect![[r"
            <cyan>@@ -1 +1 @@</>
            <red>-return None</>
            <green>+yield from self.children</>
        "]],
        );
    }

    #[test]
    fn mixed_line_ends_are_shown() {
        check(
            Some("a\r\nb\r\nc\r\n"),
            "a\r\nb\nc\r\n",
            &expect![[r"
            --- a/src/a.rs
            +++ b/src/a.rs
            @@ -1,3 +1,3 @@
             a
            -b\r
            +b
             c
        "]],
        );
        check_coloured(
            "a\nb\n",
            "a\r\nb\n",
            &expect![[r"
            <cyan>@@ -1,2 +1,2 @@</>
            <red>-a</>
            <green>+a[\r]</>
             b
        "]],
        );
        check_coloured(
            "a\r\n",
            "b\r\n",
            &expect![[r"
            <cyan>@@ -1 +1 @@</>
            <red>-a</>
            <green>+b</>
        "]],
        );
    }

    #[test]
    fn a_missing_final_line_end_is_said() {
        check(
            Some("a\nb"),
            "a\nb\n",
            &expect![[r"
            --- a/src/a.rs
            +++ b/src/a.rs
            @@ -1,2 +1,2 @@
             a
            -b
            \ No newline at end of file
            +b
        "]],
        );
        check_coloured(
            "a\n",
            "a",
            &expect![[r"
            <cyan>@@ -1 +1 @@</>
            <red>-a</>
            <green>+a</>
            \ No newline at end of file
        "]],
        );
    }

    #[test]
    fn very_long_lines_are_cut_around_the_change() {
        let long = |word: &str| format!("{}{word}{}\n", "x ".repeat(300), " y".repeat(600));
        let shown = coloured("a", Some(&long("one")), &long("two"));
        let line = shown.lines().nth(3).unwrap();
        assert!(line.len() < SHOWN + 60 && line.contains("\x1b[7mone\x1b[27m"), "{line:?}");
        assert!(line.contains("-…x ") && line.contains(" more bytes)"), "{line:?}");
        assert!(unified("a", Some(&long("one")), &long("two")).contains(&long("two")));
    }
}
