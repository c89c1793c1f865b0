//! The sample project, the instruction, the recorded reply, and what must come of them.

use super::failed;
use crate::problem::Problem;

/// A file of the sample project.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleFile {
    /// Its path in the project.
    pub(super) path: &'static str,
    /// Its text before the edit; `None` when the edit creates it.
    pub(super) before: Option<&'static str>,
    /// Its text after the edit.
    pub(super) after: &'static str,
}

/// All files, in the order of the recorded reply.
pub(super) const FILES: [SampleFile; 3] = [
    SampleFile {
        path: TARGET,
        before: Some(include_str!("../../../fixtures/demo/before/orders.py")),
        after: include_str!("../../../fixtures/demo/after/orders.py"),
    },
    SampleFile {
        path: "report.py",
        before: Some(include_str!("../../../fixtures/demo/before/report.py")),
        after: include_str!("../../../fixtures/demo/after/report.py"),
    },
    SampleFile {
        path: "money.py",
        before: None,
        after: include_str!("../../../fixtures/demo/after/money.py"),
    },
];

/// The recorded reply.
pub(super) const REPLY: &str = include_str!("../../../fixtures/demo/reply.jsonl");

/// The file that the instruction is given in, and that is typed in.
pub(super) const TARGET: &str = "orders.py";

/// What is asked for.
pub(super) const INSTRUCTION: &str = "Both files format money. Move that into money.py, and use it in both.";

/// What is typed while the reply streams, directly behind [`BEFORE_TYPED`].
pub(super) const TYPED: &str = "\n    if not rest:\n        raise ValueError(f\"no order: «{line}»\")";

/// The line behind which is typed; it is the only one of its kind, between the two edits of its file.
const BEFORE_TYPED: &str = "    guest, _, rest = line.partition(\":\")";

/// The byte offset where typing begins.
pub(super) fn typing_place(text: &str) -> Result<usize, Problem> {
    let at = text.find(BEFORE_TYPED).ok_or_else(|| failed("the sample project is not complete"))?;
    Ok(at + BEFORE_TYPED.len())
}

/// A text of the file `path` with what was typed.
pub(super) fn with_typing(path: &str, text: &str) -> String {
    if path == TARGET {
        text.replacen(BEFORE_TYPED, &format!("{BEFORE_TYPED}{TYPED}"), 1)
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_has_one_place_between_the_edits() {
        let target = FILES[0];
        let before = target.before.unwrap();
        for text in [before, target.after] {
            assert_eq!(text.matches(BEFORE_TYPED).count(), 1);
        }
        let place = typing_place(before).unwrap();
        let first = before.bytes().zip(target.after.bytes()).position(|(a, b)| a != b).unwrap();
        let last = before.len()
            - before.bytes().rev().zip(target.after.bytes().rev()).position(|(a, b)| a != b).unwrap();
        assert!(first < place && place < last, "{first} {place} {last}");
    }

    #[test]
    fn the_reply_has_more_pieces_than_there_are_keys() {
        let line: serde_json::Value = serde_json::from_str(REPLY).unwrap();
        assert!(line["chunks"].as_array().unwrap().len() > TYPED.chars().count() + 20);
        assert!(INSTRUCTION.contains(line["match"].as_str().unwrap()));
    }
}
