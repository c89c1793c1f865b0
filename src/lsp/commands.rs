//! Arguments of `workspace/executeCommand` into [`Command`]s.
//!
//! Editors differ in what they can send: objects, words from a command line, one JSON string. All of these are
//! read, but nothing is guessed: an unknown key or a missing word is refused with the form expected.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tower_lsp::gen_lsp_types::Range;

use super::convert::from_lsp;
use super::protocol::{self, Mode, Named};
use crate::app::{Command, EditRequest, Intent, Region, Selection, Step, Target, Which};
use crate::problem::{Category, Problem};
use crate::text::DocumentUri;

#[cfg(test)]
mod tests;

/// Reads a command.
///
/// # Errors
/// An unknown command or wrong arguments, with the form expected as hint.
pub(super) fn parse(name: &str, arguments: Option<Value>) -> Result<Command, Problem> {
    let form = form(name).ok_or_else(|| {
        Problem::error("unknown-command", Category::Request, format!("there is no command `{name}`"))
            .hint(format!("the commands are {}", protocol::COMMANDS.join(", ")))
    })?;
    let arguments = Arguments::new(arguments);
    read(name, arguments).map_err(|reason| {
        let message = format!("wrong arguments for `{name}`: {reason}");
        Problem::error("invalid-arguments", Category::Request, message).hint(format!("expected {form}"))
    })
}

/// The form of a command's arguments, for people.
fn form(name: &str) -> Option<&'static str> {
    Some(match name {
        protocol::EDIT => {
            r#"{"uri" or "path", "range"?, "instruction" or "intent": "comment|implement|document|refactor|tests", "mode"?: "review|auto", "consent"?: [path…]}, or: path [startLine endLine] instruction…"#
        }
        protocol::FIX => {
            r#"{"uri" or "path", "range"?, "diagnostics"?, "mode"?: "review|auto", "consent"?: [path…]}, or: path [startLine endLine]"#
        }
        protocol::ASK => r#"{"uri" or "path", "range"?}, or: path [startLine endLine]"#,
        protocol::RUN => r#"{"page"?, "mode"?: "review|auto"}, or: [page]"#,
        protocol::CANCEL => r#"{"taskId"?}, or: [taskId]"#,
        protocol::ACCEPT => r#"{"proposal"?, "path"?, "hunk"?, "confirm"?}, or: [proposal [hunk]]"#,
        protocol::REJECT => r#"{"proposal"?, "path"?, "hunk"?}, or: [proposal [hunk]]"#,
        protocol::NEXT | protocol::PREVIOUS => {
            r#"{"uri"? or "path"?, "line"?}, or: [path [line]], the line counted from one"#
        }
        protocol::REGENERATE => r#"{"proposal"?, "hunk"?, "remark"}, or: [proposal hunk remark]"#,
        protocol::UNDO | protocol::REDO => {
            r#"{"proposal"?, "operation"?: "o17", "merge"?}, or: [proposal or operation]"#
        }
        protocol::HISTORY => r#"{"path"?}, or: [path]"#,
        protocol::SHOW => r#"{"proposal"?, "open"?, "texts"?}, or: [proposal]"#,
        protocol::PROMPT => r#"{"task"?, "open"?}, or: [task]"#,
        protocol::STATUS => "no arguments",
        _ => return None,
    })
}

fn read(name: &str, arguments: Arguments) -> Result<Command, String> {
    match name {
        protocol::EDIT => edit(arguments),
        protocol::FIX => fix(arguments),
        protocol::ASK => ask(arguments),
        protocol::RUN => {
            let protocol::Run { page, mode } = arguments.object_or(&["page"])?;
            Ok(Command::Run { page: page.map(target_of), auto: mode.map(|mode| mode == Mode::Auto) })
        }
        protocol::CANCEL => {
            let cancel: protocol::Cancel = arguments.object_or(&["taskId"])?;
            Ok(Command::Cancel { task: cancel.task_id })
        }
        protocol::ACCEPT | protocol::REJECT => decide(name, arguments.object_or(&["proposal", "hunk"])?),
        protocol::NEXT | protocol::PREVIOUS => {
            // A word is a path or a URI.
            let is_word = matches!(arguments, Arguments::Words(_));
            let protocol::Place { uri, path, line } = arguments.object_or(&["path", "line"])?;
            let from = match (uri, path) {
                (None, Some(word)) if is_word => Some(target_of(word)),
                (None, None) => None,
                (uri, path) => Some(target(uri, path)?),
            };
            Ok(Command::Step(Step { from, line: line.unwrap_or(0), back: name == protocol::PREVIOUS }))
        }
        protocol::REGENERATE => {
            let protocol::Regenerate { proposal, hunk, remark } =
                arguments.object_or(&["proposal", "hunk", "remark"])?;
            Ok(Command::Regenerate { proposal, hunk, remark })
        }
        protocol::UNDO | protocol::REDO => {
            let which = which(arguments.object_or(&["proposal"])?)?;
            Ok(if name == protocol::UNDO { Command::Undo(which) } else { Command::Redo(which) })
        }
        protocol::HISTORY => {
            let protocol::History { path } = arguments.object_or(&["path"])?;
            Ok(Command::History { path })
        }
        protocol::SHOW => {
            let protocol::Show { proposal, open, texts } = arguments.object_or(&["proposal"])?;
            Ok(Command::Show { proposal, open, texts })
        }
        protocol::PROMPT => {
            let protocol::Prompt { task, open } = arguments.object_or(&["task"])?;
            Ok(Command::Prompt { task, open })
        }
        _ => arguments.object_or(&[]).map(|protocol::Status {}| Command::Status),
    }
}

/// Arguments in one of the two forms that all others come down to.
#[derive(Debug)]
enum Arguments {
    Object(Value),
    Words(Vec<Value>),
}

impl Arguments {
    fn new(arguments: Option<Value>) -> Self {
        let mut words = match arguments {
            None => Vec::new(),
            Some(Value::Array(words)) => words,
            Some(other) => vec![other],
        };
        while words.last().is_some_and(Value::is_null) {
            words.pop();
        }
        match <[Value; 1]>::try_from(words) {
            Ok([Value::Object(object)]) => Self::Object(Value::Object(object)),
            Ok([Value::Array(words)]) => Self::new(Some(Value::Array(words))),
            Ok([Value::String(text)]) => match serde_json::from_str(&text) {
                Ok(json @ (Value::Object(_) | Value::Array(_))) => Self::new(Some(json)),
                _ => Self::Words(vec![Value::String(text)]),
            },
            Ok(word) => Self::Words(word.to_vec()),
            Err(words) => Self::Words(words),
        }
    }

    /// Reads an object, or words that stand for the fields named, in order.
    fn object_or<T: DeserializeOwned>(self, fields: &[&str]) -> Result<T, String> {
        let object = match self {
            Self::Object(object) => object,
            Self::Words(words) if words.len() > fields.len() => return Err("too many arguments".to_owned()),
            Self::Words(words) => {
                let named =
                    fields.iter().zip(words).map(|(&field, word)| (field.to_owned(), as_field(field, word)));
                Value::Object(named.collect())
            }
        };
        serde_json::from_value(object).map_err(|error| error.to_string())
    }
}

/// People type identifiers that look like numbers, and numbers that come as text.
fn as_field(field: &str, word: Value) -> Value {
    match (field, word) {
        ("hunk" | "line", Value::String(text)) => {
            text.trim().parse::<u64>().map_or(Value::String(text), Value::from)
        }
        ("hunk" | "line", word) | (_, word @ (Value::String(_) | Value::Null)) => word,
        (_, word) => Value::String(word.to_string()),
    }
}

fn decide(name: &str, select: protocol::Select) -> Result<Command, String> {
    let protocol::Select { proposal, path, hunk, confirm } = select;
    let selection = Selection { proposal, path, hunk };
    match (name == protocol::ACCEPT, confirm) {
        (true, false) => Ok(Command::Accept(selection)),
        (true, true) => Ok(Command::Preview(selection)),
        (false, false) => Ok(Command::Reject(selection)),
        (false, true) => Err("`confirm` is for tenon.accept".to_owned()),
    }
}

/// A word that reads as the number of a step names one: proposals are called otherwise.
fn which(which: protocol::Which) -> Result<Which, String> {
    let protocol::Which { proposal, operation, merge } = which;
    let named = match (&proposal, &operation) {
        (Some(word), None) => operation_number(&Value::from(word.as_str())),
        _ => None,
    };
    if let Some(operation) = named {
        return Ok(Which { proposal: None, operation: Some(operation), merge });
    }
    let operation = match operation {
        None | Some(Value::Null) => None,
        Some(value) => {
            let number = value.as_u64().or_else(|| operation_number(&value));
            Some(number.ok_or("`operation` is no number of a step, such as \"o17\"")?)
        }
    };
    Ok(Which { proposal, operation, merge })
}

fn operation_number(value: &Value) -> Option<u64> {
    value.as_str()?.strip_prefix('o')?.parse().ok()
}

fn edit(arguments: Arguments) -> Result<Command, String> {
    let words = match arguments {
        Arguments::Words(words) => words,
        Arguments::Object(object) => {
            let edit: protocol::Edit = serde_json::from_value(object).map_err(|error| error.to_string())?;
            return request(
                edit.uri,
                edit.path,
                edit.range,
                intent(edit.instruction, edit.intent)?,
                edit.mode,
                edit.consent,
            );
        }
    };
    let (target, region, rest) = place(words)?;
    let instruction: Vec<String> = rest.into_iter().map(text).collect();
    let intent = intent(Some(instruction.join(" ")), None)?;
    Ok(in_words(target, region, intent))
}

/// A request in words: they name neither a mode nor other files nor a consent.
fn in_words(target: Target, region: Option<Region>, intent: Intent) -> Command {
    Command::Edit(EditRequest { target, region, intent, auto: None, also: Vec::new(), consent: Vec::new() })
}

fn fix(arguments: Arguments) -> Result<Command, String> {
    let words = match arguments {
        Arguments::Words(words) => words,
        Arguments::Object(object) => {
            let fix: protocol::Fix = serde_json::from_value(object).map_err(|error| error.to_string())?;
            let findings: Option<Vec<_>> = fix.diagnostics.iter().map(from_lsp::finding).collect();
            let findings = findings.ok_or("a diagnostic has no range or no message")?;
            return request(fix.uri, fix.path, fix.range, Intent::Fix(findings), fix.mode, fix.consent);
        }
    };
    let (target, region, rest) = place(words)?;
    if !rest.is_empty() {
        return Err("too many arguments".to_owned());
    }
    let intent = Intent::Fix(Vec::new());
    Ok(in_words(target, region, intent))
}

fn ask(arguments: Arguments) -> Result<Command, String> {
    let (target, region) = match arguments {
        Arguments::Words(words) => match place(words)? {
            (target, region, rest) if rest.is_empty() => (target, region),
            _ => return Err("too many arguments".to_owned()),
        },
        Arguments::Object(object) => {
            let ask: protocol::Ask = serde_json::from_value(object).map_err(|error| error.to_string())?;
            let region = ask.range.map(|range| Region::Span(from_lsp::span(range)));
            (target(ask.uri, ask.path)?, region)
        }
    };
    Ok(Command::Ask { target, region })
}

fn request(
    uri: Option<String>,
    path: Option<String>,
    range: Option<Range>,
    intent: Intent,
    mode: Option<Mode>,
    consent: Vec<String>,
) -> Result<Command, String> {
    let target = target(uri, path)?;
    let region = range.map(|range| Region::Span(from_lsp::span(range)));
    let auto = mode.map(|mode| mode == Mode::Auto);
    Ok(Command::Edit(EditRequest { target, region, intent, auto, also: Vec::new(), consent }))
}

fn target(uri: Option<String>, path: Option<String>) -> Result<Target, String> {
    match (uri, path) {
        (Some(uri), None) => Ok(Target::Uri(DocumentUri::new(uri))),
        (None, Some(path)) if path.is_empty() => Err("`path` is empty".to_owned()),
        (None, Some(path)) => Ok(Target::Path(PathBuf::from(path))),
        _ => Err("one of `uri` and `path` is needed".to_owned()),
    }
}

fn intent(instruction: Option<String>, named: Option<Named>) -> Result<Intent, String> {
    match (instruction, named) {
        (Some(instruction), None) if instruction.trim().is_empty() => {
            Err("the instruction is empty".to_owned())
        }
        (Some(instruction), None) => Ok(Intent::Instruction(instruction)),
        (None, Some(Named::Comment)) => Ok(Intent::Comment),
        (None, Some(Named::Implement)) => Ok(Intent::Implement),
        (None, Some(Named::Document)) => Ok(Intent::Document),
        (None, Some(Named::Refactor)) => Ok(Intent::Refactor),
        (None, Some(Named::Tests)) => Ok(Intent::Tests),
        _ => Err("one of `instruction` and `intent` is needed".to_owned()),
    }
}

/// Reads `path-or-uri [startLine endLine]` and returns the words left. One number alone is refused: it could be
/// a line or the first word of an instruction.
fn place(words: Vec<Value>) -> Result<(Target, Option<Region>, Vec<Value>), String> {
    let mut words = words.into_iter();
    let target = match words.next() {
        Some(Value::String(target)) if !target.is_empty() => target_of(target),
        _ => return Err("the first argument must be a path or a URI".to_owned()),
    };
    let mut words: Vec<Value> = words.collect();
    let lines: Vec<u32> = words.iter().take(2).map_while(line).collect();
    let region = match lines[..] {
        [] => None,
        [start, end] if start >= 1 && start <= end => Some(Region::Lines(start, end)),
        [_, _] => return Err("lines are counted from 1, the first before the last".to_owned()),
        _ => return Err("a start line needs an end line".to_owned()),
    };
    words.drain(..lines.len());
    Ok((target, region, words))
}

fn line(word: &Value) -> Option<u32> {
    match word {
        Value::Number(number) => number.as_u64().and_then(|line| u32::try_from(line).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn text(word: Value) -> String {
    match word {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A URI has a scheme of two letters or more and a slash (`C:\` is a path), or is an unsaved document.
fn target_of(target: String) -> Target {
    let is_uri = target.split_once(':').is_some_and(|(scheme, rest)| {
        let is_scheme = scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        is_scheme && (rest.starts_with('/') || scheme == "untitled")
    });
    if is_uri { Target::Uri(DocumentUri::new(target)) } else { Target::Path(PathBuf::from(target)) }
}
