//! JSON edits and tool calls.
//!
//! JSON cannot be used before its end, so it is read when the reply is complete: there are no events while it
//! streams, and what is kept is the reply itself. The JSON is the whole reply, or stands in one fence, or begins at
//! the start of a line. A key that stands twice in an object is refused, since its value could be either.

mod edits;
mod value;

use super::fence::Fence;
use super::{Reply, ReplyFormat};
use crate::diff::{Refusal, RefusalCode};
use serde_json::Value;

/// The shape that is asked for.
const SHAPE: &str = "Answer with one JSON object: {\"edits\": [{\"path\": \"…\", \"old_string\": \"…\", \
     \"new_string\": \"…\"}]}, or {\"path\": \"…\", \"content\": \"…\"} for a whole file.";

/// Collects the lines of a reply that is JSON.
#[derive(Debug, Default)]
pub(super) struct JsonParser {
    text: String,
}

impl JsonParser {
    /// Takes the next line.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The reply, or why it cannot be used.
    pub(super) fn finish(self) -> Result<Reply, Vec<Refusal>> {
        let Some((json, prose)) = found(&self.text).map_err(|refusal| vec![refusal])? else {
            return Ok(Reply { prose: self.text, ..Reply::default() });
        };
        let values = values(json).map_err(|refusal| vec![refusal])?;
        match edits::blocks(&values) {
            Ok(edits::Found::Blocks(blocks)) => Ok(Reply { blocks, prose, ..Reply::default() }),
            Ok(edits::Found::Patch(patch)) => super::parse(ReplyFormat::ApplyPatch, &patch),
            Ok(edits::Found::Diff(diff)) => super::parse(ReplyFormat::UnifiedDiff, &diff),
            Err(message) => Err(vec![malformed(&message)]),
        }
    }
}

/// The patch envelope that JSON stands around, if it does.
pub(super) fn patch_in(text: &str) -> Option<String> {
    let (json, _) = found(text).ok()??;
    match edits::blocks(&values(json).ok()?).ok()? {
        edits::Found::Patch(patch) => Some(patch),
        _ => None,
    }
}

/// The JSON of a reply, and the prose around it.
fn found(text: &str) -> Result<Option<(&str, String)>, Refusal> {
    if !begins_json(text.trim_start())
        && let Some(fenced) = fenced(text)?
    {
        return Ok(Some(fenced));
    }
    // From the start of the first line that begins so.
    let mut from = text.len() - text.trim_start().len();
    while let Some(line) = text[from..].split_inclusive('\n').next() {
        if begins_json(line) {
            let to = from + values_end(&text[from..])?;
            if text[to..].lines().skip(1).any(begins_json) {
                return Err(malformed("The reply holds JSON in several places"));
            }
            return Ok(Some((&text[from..to], format!("{}{}", &text[..from], &text[to..]))));
        }
        from += line.len();
    }
    Ok(None)
}

/// The JSON of the one fence that holds some.
fn fenced(text: &str) -> Result<Option<(&str, String)>, Refusal> {
    let mut found = None;
    let mut open: Option<(Fence, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (begin, content) = (at, line.trim_end_matches('\n'));
        at += line.len();
        match &open {
            None => open = Fence::open(content).map(|fence| (fence, at)),
            Some((fence, from)) if fence.is_closed_by(content) => {
                let inner = &text[*from..begin];
                if fence.info.starts_with("json") || begins_json(inner.trim_start()) {
                    if found.is_some() {
                        return Err(malformed("The reply has several fences with JSON"));
                    }
                    found = Some((inner, format!("{}{}", &text[..*from], &text[begin..])));
                }
                open = None;
            }
            Some(_) => {}
        }
    }
    if open.is_some() {
        return Err(truncated("The last code fence does not end"));
    }
    Ok(found)
}

fn begins_json(text: &str) -> bool {
    text.starts_with(['{', '['])
}

/// All values of a text that holds nothing else.
fn values(json: &str) -> Result<Vec<Value>, Refusal> {
    let values = serde_json::Deserializer::from_str(json).into_iter::<value::Strict>();
    values.map(|value| value.map(|value::Strict(value)| value).map_err(|error| unreadable(&error))).collect()
}

/// Where the values at the start of a text end: before the first line that begins no value.
fn values_end(text: &str) -> Result<usize, Refusal> {
    let mut end = 0;
    while begins_json(text[end..].trim_start()) {
        let mut values = serde_json::Deserializer::from_str(&text[end..]).into_iter::<value::Strict>();
        if let Some(Err(error)) = values.next() {
            return Err(unreadable(&error));
        }
        end += values.byte_offset();
    }
    Ok(end)
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    if error.is_eof() {
        truncated("The JSON does not end")
    } else {
        malformed(&format!("The reply is not valid JSON: {error}"))
    }
}

fn truncated(message: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Truncated,
        message,
        "Send the whole reply again, in smaller steps if it was too long.",
    )
}

fn malformed(message: &str) -> Refusal {
    Refusal::new(RefusalCode::MalformedReply, message, SHAPE)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Block, detect, parse};
    use super::*;

    fn text(path: Option<&str>, old: &str, new: &str, everywhere: bool) -> Block {
        Block::Text { path: path.map(str::to_owned), old: old.to_owned(), new: new.to_owned(), everywhere }
    }

    fn check(reply: &str, expected: &[Block]) {
        let blocks = parse(ReplyFormat::Json, reply).map(|reply| reply.blocks);
        assert_eq!(blocks.as_deref(), Ok(expected), "{reply}");
        assert_eq!(detect(reply), Ok(ReplyFormat::Json), "{reply}");
    }

    fn check_refused(reply: &str, code: RefusalCode) {
        let codes = parse(ReplyFormat::Json, reply).map_err(|refusals| refusals[0].code);
        assert_eq!(codes, Err(code), "{reply}");
    }

    #[test]
    fn edits_in_every_wrapping() {
        let expected = [text(Some("a"), "x", "y", false)];
        let edit = json!({"file_path": "a", "old_string": "x", "new_string": "y"});
        let bare = json!({"oldText": "x", "newText": "y", "why": "so"});
        for value in [
            edit.clone(),
            json!([edit]),
            json!({ "edits": [edit] }),
            json!({"path": "a", "edits": [bare]}),
            json!({"edits": json!([edit]).to_string()}),
            json!({"name": "edit", "arguments": edit}),
            json!({"name": "edit", "arguments": edit.to_string()}),
            json!({"tool_calls": [{"id": "1", "type": "function", "function": {"name": "edit", "arguments": edit.to_string()}}]}),
            json!({"role": "assistant", "content": [{"type": "text", "text": "So."}, {"type": "tool_use", "input": edit}]}),
            json!({"input": {"command": "str_replace", "path": "a", "old_str": "x", "new_str": "y"}}),
            json!({"message": "So.", "files": ["a"], "changes": [], "edits": [edit]}),
            json!({"function": "f", "file": "a", "search": "x", "replace": "y", "replace_all": false, "expected_replacements": 1}),
        ] {
            check(&value.to_string(), &expected);
            check(&format!("Here:\n```json\n{value:#}\n```\nDone.\n"), &expected);
            check_found(&format!("So:\n{value:#}\nDone.\n"), &expected);
        }
        check(&format!("{edit}\n{edit}\n"), &[expected.clone(), expected].concat());
        check(
            r#"{"path": "a", "old": "x", "new": "", "replaceAll": true}"#,
            &[text(Some("a"), "x", "", true)],
        );
    }

    /// JSON behind prose is read when the format is named.
    fn check_found(reply: &str, expected: &[Block]) {
        let blocks = parse(ReplyFormat::Json, reply).map(|reply| reply.blocks);
        assert_eq!(blocks.as_deref(), Ok(expected), "{reply}");
    }

    #[test]
    fn whole_files_and_patches() {
        let lines = vec!["x".to_owned(), String::new(), "y".to_owned()];
        let whole = Block::Whole { path: Some("a".to_owned()), lines: lines.clone() };
        check(r#"{"files": [{"path": "a", "content": "x\r\n\ny\n"}]}"#, &[whole]);
        let array = Block::Whole { path: Some("a.json".to_owned()), lines: vec!["[{}]".to_owned()] };
        check(r#"{"path": "a.json", "content": "[{}]", "edits": []}"#, &[array]);
        let create = Block::Create { path: "a".to_owned(), lines };
        check(r#"{"command": "create", "path": "a", "file_text": "x\n\ny"}"#, &[create]);
        let patch = "*** Begin Patch\n*** Delete File: a\n*** End Patch";
        let gone = Block::Delete { path: "a".to_owned(), lines: None };
        for value in [json!({"input": patch}), json!({"command": ["apply_patch", patch]})] {
            check(&value.to_string(), std::slice::from_ref(&gone));
        }
    }

    #[test]
    fn bad_json_is_refused() {
        use RefusalCode::{MalformedReply, NoEdit, Truncated};
        for (reply, code) in [
            (r#"{"edits": [{"old": "a", "new": "b""#, Truncated),
            ("```json\n{\"old\": \"a\", \"new\": \"b\"}\n", Truncated),
            (r#"{"edits": []}"#, NoEdit),
            ("Nothing.", NoEdit),
            (r#"{"edits": [{"old": "a"}]}"#, MalformedReply),
            (r#"{"edits": [{"old": "a", "new": 1}]}"#, MalformedReply),
            (r#"{"old": "a", "old": "b", "new": "c"}"#, MalformedReply),
            (r#"{"old": "a", "search": "b", "new": "c"}"#, MalformedReply),
            (r#"{"old": "a", "new": "c", "edits": [{"old": "a", "new": "b"}]}"#, MalformedReply),
            (r#"{"old": "a", "new": "c", "replace_all": "yes"}"#, MalformedReply),
            (r#"{"old": "a", "new": "c", "expected_replacements": 2}"#, MalformedReply),
            (r#"{"command": "insert", "path": "a", "insert_line": 3, "new_str": "x"}"#, MalformedReply),
            (r#"{"edits": "no"}"#, MalformedReply),
            ("{\"old\": \"a\nb\", \"new\": \"c\"}", MalformedReply),
            ("{}", MalformedReply),
            ("[1]", MalformedReply),
            ("{\"old\": \"a\", \"new\": \"b\"}\nor\n{\"old\": \"a\", \"new\": \"c\"}", MalformedReply),
        ] {
            check_refused(reply, code);
        }
        check_refused(&"[".repeat(100_000), MalformedReply);
    }

    #[test]
    fn keys_stand_once() {
        let value::Strict(value) =
            serde_json::from_str("[1, -1, 1.5, true, null, {\"a\": \"b\\n\"}]").unwrap();
        assert_eq!(
            value,
            serde_json::from_str::<Value>("[1, -1, 1.5, true, null, {\"a\": \"b\\n\"}]").unwrap()
        );
        assert!(serde_json::from_str::<value::Strict>("{\"a\": 1, \"a\": 1}").is_err());
    }
}
