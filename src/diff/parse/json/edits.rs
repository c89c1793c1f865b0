//! The edits in JSON values, whatever wraps them.
//!
//! Names of keys differ from tool to tool; each list below holds one meaning. Keys that mean nothing here are
//! ignored, two keys of one meaning in one object are refused.

use serde_json::{Map, Value};

use super::super::Block;
use super::super::apply_patch::is_envelope;
use super::super::lines::LineSplitter;
use super::value::Strict;

/// How deep JSON may stand in strings of JSON.
const MAX_NESTED_TEXTS: usize = 3;

const PATH: &[&str] =
    &["path", "file_path", "filePath", "filepath", "file", "filename", "file_name", "target_file"];
const OLD: &[&str] = &[
    "old_string",
    "oldString",
    "old_text",
    "oldText",
    "old_str",
    "oldStr",
    "old",
    "search",
    "find",
    "old_content",
];
const NEW: &[&str] = &[
    "new_string",
    "newString",
    "new_text",
    "newText",
    "new_str",
    "newStr",
    "new",
    "replace",
    "replacement",
    "new_content",
];
const EVERYWHERE: &[&str] = &["replace_all", "replaceAll", "allow_multiple"];
const CONTENT: &[&str] = &["content", "contents", "file_text", "file_content", "text"];
const LISTS: &[&str] = &["edits", "changes", "replacements", "operations", "files", "tool_calls", "choices"];
const WRAPPERS: &[&str] =
    &["function", "functionCall", "function_call", "arguments", "input", "parameters", "args", "message"];
const PATCHES: &[&str] = &["patch", "patchText", "patch_text", "diff", "input", "arguments"];

/// What the values hold.
#[derive(Debug)]
pub(super) enum Found {
    /// Edits.
    Blocks(Vec<Block>),
    /// A patch envelope.
    Patch(String),
    /// A unified diff.
    Diff(String),
}

/// The edits of all values, in order.
///
/// # Errors
/// What is wrong, in one sentence, when a value has another shape.
pub(super) fn blocks(values: &[Value]) -> Result<Found, String> {
    let mut reader = Reader::default();
    for value in values {
        reader.value(value, &Outer::default())?;
    }
    let Reader { blocks, mut patches } = reader;
    match (patches.pop(), patches.is_empty() && blocks.is_empty()) {
        (None, _) => Ok(Found::Blocks(blocks)),
        (Some(patch), true) if is_envelope(&patch) => Ok(Found::Patch(patch)),
        (Some(patch), true) => Ok(Found::Diff(patch)),
        (Some(_), false) => Err("The JSON holds a patch and other edits".to_owned()),
    }
}

/// What the values around one say about it.
#[derive(Debug, Clone, Default)]
struct Outer<'a> {
    path: Option<&'a str>,
    n_texts: usize,
}

#[derive(Debug, Default)]
struct Reader {
    blocks: Vec<Block>,
    patches: Vec<String>,
}

impl Reader {
    fn value(&mut self, value: &Value, outer: &Outer<'_>) -> Result<(), String> {
        match value {
            Value::Array(values) => values.iter().try_for_each(|value| self.value(value, outer)),
            Value::Object(object) => self.object(object, outer),
            Value::String(text) => self.text(text, outer),
            _ => Err("The JSON holds something else where an edit belongs".to_owned()),
        }
    }

    /// JSON in a string of JSON, as tool calls have it.
    fn text(&mut self, text: &str, outer: &Outer<'_>) -> Result<(), String> {
        if outer.n_texts >= MAX_NESTED_TEXTS || !text.trim_start().starts_with(['{', '[']) {
            return Err("The JSON holds a text where an edit belongs".to_owned());
        }
        let Strict(value) = serde_json::from_str(text)
            .map_err(|error| format!("The JSON holds a text that is not valid JSON: {error}"))?;
        self.value(&value, &Outer { n_texts: outer.n_texts + 1, ..outer.clone() })
    }

    fn object(&mut self, object: &Map<String, Value>, outer: &Outer<'_>) -> Result<(), String> {
        let path = match one(object, PATH)? {
            Some((_, Value::String(path))) => Some(path.as_str()),
            Some((key, _)) => return Err(format!("`{key}` is not a text")),
            None => outer.path,
        };
        let outer = Outer { path, ..outer.clone() };
        if let Some(patch) = patch(object) {
            self.patches.push(patch.to_owned());
            return Ok(());
        }
        if let Some(lists) = self.wrapped(object, &outer)? {
            return lists;
        }
        match object.get("command").or_else(|| object.get("type")).and_then(Value::as_str) {
            Some("insert") => {
                return Err(
                    "`insert` by line number is not accepted: quote the text next to which it belongs"
                        .to_owned(),
                );
            }
            // Prose and requests beside the edits.
            Some("view" | "thinking") => return Ok(()),
            Some("text") if path.is_none() => return Ok(()),
            _ => {}
        }
        match (one(object, OLD)?, one(object, NEW)?, one(object, CONTENT)?) {
            (Some((old_key, old)), Some((new_key, new)), None) => {
                let (Value::String(old), Value::String(new)) = (old, new) else {
                    return Err(format!("`{old_key}` and `{new_key}` have to be texts"));
                };
                let everywhere = everywhere(object)?;
                let (path, old, new) = (path.map(str::to_owned), old.clone(), new.clone());
                self.blocks.push(Block::Text { path, old, new, everywhere });
                Ok(())
            }
            (None, None, Some((_, Value::String(content)))) => {
                self.blocks.push(whole(object, path, content)?);
                Ok(())
            }
            (Some((key, _)), None, _) => Err(format!("An edit has `{key}` but not what comes in its place")),
            (None, Some((key, _)), _) => Err(format!("An edit has `{key}` but not what it replaces")),
            (Some((key, _)), _, Some((content, _))) => {
                Err(format!("An edit has both `{key}` and `{content}`"))
            }
            (None, None, Some((key, _))) => Err(format!("`{key}` is not a text")),
            (None, None, None) => Err("An object of the JSON is no edit".to_owned()),
        }
    }

    /// Reads what an object only wraps; `None` when it is an edit itself.
    fn wrapped(
        &mut self,
        object: &Map<String, Value>,
        outer: &Outer<'_>,
    ) -> Result<Option<Result<(), String>>, String> {
        // The content of a message is a list; that of a file is a text, whatever it looks like.
        let parts = object.get("content").filter(|content| content.is_array());
        let lists = || LISTS.iter().filter_map(|key| object.get(*key)).chain(parts);
        let mut inner = lists()
            .filter(|value| holds_values(value))
            .chain(WRAPPERS.iter().filter_map(|key| object.get(*key)).filter(|value| is_value(value)));
        let has_edit = OLD.iter().chain(NEW).any(|key| object.contains_key(*key));
        let Some(first) = inner.next() else {
            let has_text = CONTENT.iter().any(|key| object.get(*key).is_some_and(Value::is_string));
            let is_empty = lists().any(|value| value.as_array().is_some_and(Vec::is_empty));
            let is_empty = is_empty && !has_edit && !has_text;
            return Ok(is_empty.then_some(Ok(())));
        };
        if inner.next().is_some() {
            return Err("An object of the JSON holds edits in two places".to_owned());
        }
        if has_edit {
            return Err("An object of the JSON is an edit and holds other edits".to_owned());
        }
        Ok(Some(self.value(first, outer)))
    }
}

/// An object or array, or one in a string.
fn is_value(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => true,
        Value::String(text) => text.trim_start().starts_with(['{', '[']),
        _ => false,
    }
}

/// A list that is not of plain texts.
fn holds_values(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(is_value),
        Value::String(text) => text.trim_start().starts_with('['),
        _ => false,
    }
}

/// The one entry of an object that has one of these keys.
fn one<'a>(object: &'a Map<String, Value>, keys: &[&str]) -> Result<Option<(&'a String, &'a Value)>, String> {
    let mut found =
        keys.iter().filter_map(|key| object.get_key_value(*key)).filter(|(_, value)| !value.is_null());
    match (found.next(), found.next()) {
        (Some((first, _)), Some((second, _))) => {
            Err(format!("`{first}` and `{second}` mean the same, and stand in one object"))
        }
        (first, _) => Ok(first),
    }
}

/// A patch or diff in a text, as patch tools take it.
fn patch(object: &Map<String, Value>) -> Option<&str> {
    let words = object.get("command").and_then(Value::as_array).into_iter().flatten();
    let texts = PATCHES.iter().filter_map(|key| object.get(*key)).chain(words).filter_map(Value::as_str);
    let is_diff =
        |text: &str| text.starts_with("diff --git ") || text.starts_with("--- ") || text.starts_with("@@ ");
    texts.into_iter().find(|text| is_envelope(text) || is_diff(text.trim_start()))
}

/// Whether every occurrence is meant. A number of occurrences other than one cannot be checked here.
fn everywhere(object: &Map<String, Value>) -> Result<bool, String> {
    if let Some((key, value)) = one(object, &["expected_replacements", "expectedReplacements"])?
        && value.as_u64() != Some(1)
    {
        return Err(format!("`{key}` can only be 1: write `replace_all` for every occurrence"));
    }
    match one(object, EVERYWHERE)? {
        None => Ok(false),
        Some((_, Value::Bool(everywhere))) => Ok(*everywhere),
        Some((key, _)) => Err(format!("`{key}` has to be true or false")),
    }
}

fn whole(object: &Map<String, Value>, path: Option<&str>, content: &str) -> Result<Block, String> {
    let mut splitter = LineSplitter::default();
    let mut lines: Vec<String> = Vec::new();
    splitter.push(content, |line| lines.push(line.to_owned()));
    lines.extend(splitter.finish());
    let is_new = object.get("command").and_then(Value::as_str) == Some("create");
    match path {
        Some(path) if is_new => Ok(Block::Create { path: path.to_owned(), lines }),
        None if is_new => Err("A file to create has no path".to_owned()),
        path => Ok(Block::Whole { path: path.map(str::to_owned), lines }),
    }
}
