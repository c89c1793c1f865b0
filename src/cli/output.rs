//! What commands print, and how they end.
//!
//! The one way out to a terminal: whatever text is printed here, from models and files too, only shows. Of escape
//! sequences only the colours of [`Colours`] get through.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

use crate::problem::{Category, Problem, Severity, is_unseen, plain};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Refused or failed; nothing changed.
    Failed,
    /// Wrong usage or configuration.
    Usage,
    /// Cancelled by the user.
    Cancelled,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Cancelled => 130,
        }
    }

    /// How a command ends that fails with a problem of this category.
    pub fn of(category: Category) -> Self {
        match category {
            Category::Request | Category::Configuration => Self::Usage,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Prints a result to stdout. A reader that has gone away counts as satisfied.
///
/// # Errors
/// stdout cannot be written to: a full disk behind a redirection.
pub fn print(text: &str) -> Result<(), Problem> {
    put(&plain(text))
}

/// Prints a result that was painted with `colours`.
///
/// # Errors
/// As of [`print()`].
pub fn print_painted(text: &str, colours: Colours) -> Result<(), Problem> {
    put(&seen(text, colours))
}

/// Text that was painted with `colours`, and everything else that is not seen written out.
fn seen(text: &str, colours: Colours) -> String {
    if colours == Colours::NONE { plain(text) } else { shown(text) }
}

/// Text with our own colours, and everything else that is not seen written out.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        let (before, escape) = rest.split_at(at);
        shown.push_str(&plain(before));
        let own = CODES.iter().find(|code| escape.starts_with(**code)).copied().unwrap_or_default();
        shown.push_str(if own.is_empty() { "\\u{1b}" } else { own });
        rest = &escape[own.len().max(1)..];
    }
    shown.push_str(&plain(rest));
    shown
}

/// JSON with everything in it that is not seen as an escape of JSON: the value is the same.
pub(super) fn seen_json(json: &str) -> String {
    let mut seen = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_unseen(c) {
            let mut units = [0; 2];
            let units = c.encode_utf16(&mut units).iter();
            seen.extend(units.map(|unit| format!("\\u{unit:04x}")));
        } else {
            seen.push(c);
        }
    }
    seen
}

fn put(text: &str) -> Result<(), Problem> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Problem::error(
            "stdout-failed",
            Category::Storage,
            format!("cannot write to stdout: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Prints one JSON object to stdout, indented, with a line feed.
///
/// # Errors
/// As [`print`](fn@print).
pub fn print_json(value: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        Problem::error("json-failed", Category::Internal, format!("cannot write JSON: {error}"))
    })?;
    put(&format!("{}\n", seen_json(&text)))
}

/// Prints a unified diff, in colours where stdout takes them.
///
/// # Errors
/// As [`print`](fn@print).
pub fn print_diff(diff: &str) -> Result<(), Problem> {
    let colours = Colours::for_stdout();
    put(&painted_diff(diff, colours))
}

fn painted_diff(diff: &str, colours: Colours) -> String {
    let paint = |line: &str| match line.as_bytes().first() {
        Some(b'+') => colours.paint(Colour::Green, line),
        Some(b'-') => colours.paint(Colour::Red, line),
        _ => line.to_owned(),
    };
    diff.lines().map(|line| seen(&paint(line), colours) + "\n").collect()
}

/// Tells what clap says: help as it is, an error with the arguments that it repeats made visible, since a shell may have
/// taken them from names of files.
pub fn usage(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Done;
    }
    let _ = io::stderr().lock().write_all(plain(&error.render().to_string()).as_bytes());
    Exit::Usage
}

/// Tells why a command failed: as JSON on stdout where that is wanted, else as text on stderr. It is an error then,
/// though it is only a warning where a command goes on without. Returns how to end. In JSON it stands where the errors of
/// every command do.
pub fn fail(problem: &Problem, json: bool) -> Exit {
    let problem = &Problem { severity: Severity::Error, ..problem.clone() };
    if !json || print_json(&json!({ "status": "refused", "errors": [problem] })).is_err() {
        tell(problem);
    }
    Exit::of(problem.category)
}

/// Tells a problem on stderr. A stderr that is gone leaves nobody to tell.
pub fn tell(problem: &Problem) {
    let text = render(problem, Colours::for_stderr());
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A problem as text: `error[code]: message`, then `hint: …`.
pub fn render(problem: &Problem, colours: Colours) -> String {
    let (word, colour) = match problem.severity {
        Severity::Error => ("error", Colour::Red),
        Severity::Warning => ("warning", Colour::Yellow),
        Severity::Info => ("note", Colour::Green),
    };
    let head = colours.paint(colour, &format!("{word}[{}]", problem.code));
    let mut text = format!("{head}: {}\n", plain(&problem.message));
    if let Some(hint) = problem.hint.as_deref().map(plain) {
        text.push_str(&format!("{}: {hint}\n", colours.paint(Colour::Green, "hint")));
    }
    text
}

/// The escape sequences of [`Colours::paint`].
const CODES: &[&str] = &["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"];

/// A colour of the terminal's own palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Failure.
    Red,
    /// Warning.
    Yellow,
    /// Fine.
    Green,
    /// Stands out, in the usual colour.
    Bold,
    /// Steps back.
    Faint,
}

/// Whether colours are used: on a terminal only, and not when `NO_COLOR` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colours(bool);

impl Colours {
    /// Never.
    pub const NONE: Self = Self(false);

    /// For stdout.
    pub fn for_stdout() -> Self {
        Self(io::stdout().is_terminal() && permitted())
    }

    /// For stderr.
    pub fn for_stderr() -> Self {
        Self(io::stderr().is_terminal() && permitted())
    }

    /// Paints a word.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        let text = plain(text);
        let code = match colour {
            Colour::Red => 31,
            Colour::Yellow => 33,
            Colour::Green => 32,
            Colour::Bold => 1,
            Colour::Faint => 2,
        };
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text }
    }
}

/// By the convention of no-color.org an empty `NO_COLOR` counts as unset.
fn permitted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_its_code_and_its_hint() {
        let problem = Problem::error("no-model", Category::Configuration, "no model").hint("start one");
        assert_eq!(render(&problem, Colours::NONE), "error[no-model]: no model\nhint: start one\n");
        assert!(render(&problem, Colours(true)).starts_with("\x1b[31merror[no-model]\x1b[0m: "));
    }

    #[test]
    fn nothing_but_our_colours_drives_the_terminal() {
        let painted = Colours(true).paint(Colour::Red, "a");
        assert_eq!(shown(&painted), painted);
        let hostile = "\x1b[2Ja\x1b]0;t\x07\u{9b}2J\u{202e}b\x1b[31;5mc\x1b";
        assert_eq!(shown(hostile), "\\u{1b}[2Ja\\u{1b}]0;t\\u{7}\\u{9b}2J\\u{202e}b\\u{1b}[31;5mc\\u{1b}");
    }

    #[test]
    fn arguments_drive_no_terminal() {
        let mut command = clap::Command::new("tenon");
        let error = command.try_get_matches_from_mut(["tenon", "\u{1b}[2J\u{202e}"]).unwrap_err();
        assert!(error.render().to_string().contains('\u{202e}'), "clap passes it on");
        assert_eq!(usage(&error), Exit::Usage);
        assert!(!plain(&error.render().to_string()).contains(|c| c != '\n' && is_unseen(c)));
    }

    #[test]
    fn a_diff_has_our_colours_and_no_others() {
        let diff = "--- a\n+++ b\n c\x1b[2J\n";
        assert_eq!(painted_diff(diff, Colours::NONE), "--- a\n+++ b\n c\\u{1b}[2J\n");
        let green = Colours(true).paint(Colour::Green, "+++ b");
        let red = Colours(true).paint(Colour::Red, "--- a");
        assert_eq!(painted_diff(diff, Colours(true)), format!("{red}\n{green}\n c\\u{{1b}}[2J\n"));
    }

    #[test]
    fn json_is_seen_and_means_the_same() {
        let value = serde_json::json!({"a\u{9b}": "x\u{1b}\u{7f}\u{202e}\u{e0041}\né"});
        let text = seen_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.contains(|c| c != '\n' && is_unseen(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn exit_codes_follow_the_category() {
        assert_eq!(Exit::of(Category::Configuration).code(), 2);
        assert_eq!(Exit::of(Category::Request).code(), 2);
        assert_eq!(Exit::of(Category::Edit).code(), 1);
        assert_eq!(Exit::Cancelled.code(), 130);
    }
}
