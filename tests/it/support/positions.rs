//! Positions and edits of a text, written a second time and as simply as possible, to check the real ones against.

use serde_json::{Value, json};

/// Byte offset of an LSP position; what is out of range is clamped.
pub(crate) fn offset(text: &str, position: &Value, encoding: &str) -> usize {
    let line = usize::try_from(position["line"].as_u64().expect("a line")).expect("a small number");
    let column = usize::try_from(position["character"].as_u64().expect("a column")).expect("a small number");
    let Some(start) = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).nth(line)
    else {
        return text.len();
    };
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let line = text[start..end].trim_end_matches('\r');
    let mut units = 0;
    for (at, character) in line.char_indices() {
        if units >= column {
            return start + at;
        }
        units += match encoding {
            "utf-8" => character.len_utf8(),
            "utf-16" => character.len_utf16(),
            _ => 1,
        };
    }
    start + line.len()
}

/// LSP position of a byte offset.
pub(crate) fn position(text: &str, offset: usize, encoding: &str) -> Value {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let units = |character: char| match encoding {
        "utf-8" => character.len_utf8(),
        "utf-16" => character.len_utf16(),
        _ => 1,
    };
    json!({"line": line, "character": before[start..].chars().map(units).sum::<usize>()})
}

/// Applies LSP text edits, all of which speak of the text before, and returns the text with the content changes of
/// a `didChange` that tell the same, last edit first.
pub(crate) fn apply(text: &str, edits: &[Value], encoding: &str) -> (String, Vec<Value>) {
    let mut placed: Vec<_> = edits
        .iter()
        .map(|edit| {
            let start = offset(text, &edit["range"]["start"], encoding);
            let end = offset(text, &edit["range"]["end"], encoding);
            (start, end, edit["newText"].as_str().expect("new text"))
        })
        .collect();
    placed.sort_by_key(|&(start, end, _)| (start, end));
    assert!(placed.windows(2).all(|pair| pair[0].1 <= pair[1].0), "edits overlap: {edits:?}");
    let (mut after, mut changes) = (text.to_owned(), Vec::new());
    for &(start, end, new) in placed.iter().rev() {
        let range = json!({"start": position(text, start, encoding), "end": position(text, end, encoding)});
        changes.push(json!({"range": range, "text": new}));
        after.replace_range(start..end, new);
    }
    (after, changes)
}
