//! Puts secrets back into a change that was made on texts without them.
//!
//! Marks are as long as their secrets, so a hunk's place is the same in both texts. A mark in what comes becomes its
//! secret again only where the same file loses that secret by the same change: a model may keep or move a line with a
//! secret, but cannot copy it, or carry it to another file.

use std::collections::{BTreeMap, HashMap};

use crate::diff::{ChangeKind, ChangeSet, FileChange, Hunk, Refusal, RefusalCode};
use crate::model::OutgoingFilter;
use crate::model::outgoing::Mark;

/// The marks in the texts that were shown, by path.
pub(super) type Marks = BTreeMap<String, Vec<Mark>>;

/// Puts the secrets back.
///
/// # Errors
/// One refusal for each block with a mark that must not become its secret where it stands; then nothing of the change
/// may be used.
pub(super) fn put_back(
    changes: &mut ChangeSet,
    marks: &Marks,
    filter: &OutgoingFilter,
) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    for change in &mut changes.files {
        let path = change.path.clone();
        if change.new_path().is_some_and(|path| holds_mark(path, filter)) {
            refusals.push(refusal("The path holds a mark of a redacted secret").of_file(&path));
        }
        let of_file = marks.get(&path).map(Vec::as_slice).unwrap_or_default();
        let mut gone = gone(change, of_file);
        match &mut change.kind {
            ChangeKind::Create { text } if holds_mark(text, filter) => {
                refusals.push(refusal("The new file holds a mark of a redacted secret").of_file(&path));
            }
            ChangeKind::Create { .. } | ChangeKind::Delete => {}
            ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. } => {
                for hunk in hunks {
                    match filled(hunk, &mut gone, filter) {
                        Ok(insert) => hunk.insert = insert,
                        Err(refusal) => refusals.push(refusal.of_block(&path, hunk.block)),
                    }
                }
            }
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

fn holds_mark(text: &str, filter: &OutgoingFilter) -> bool {
    !filter.written(text).is_empty()
}

/// How often the change takes each secret out of the file.
fn gone(change: &FileChange, marks: &[Mark]) -> HashMap<u32, usize> {
    let mut gone = HashMap::new();
    for hunk in change.hunks() {
        let first = marks.partition_point(|mark| mark.range.end <= hunk.range.start);
        // Hunks are whole lines and a mark is within one, so one that begins inside is inside.
        for mark in marks[first..].iter().take_while(|mark| mark.range.start < hunk.range.end) {
            if let Some(number) = mark.number {
                *gone.entry(number).or_default() += 1;
            }
        }
    }
    gone
}

/// What comes with a hunk, with the secrets that may come with it; takes them from `gone`.
fn filled(hunk: &Hunk, gone: &mut HashMap<u32, usize>, filter: &OutgoingFilter) -> Result<String, Refusal> {
    let mut insert = String::with_capacity(hunk.insert.len());
    let mut at = 0;
    for (range, number) in filter.written(&hunk.insert) {
        let number = number.ok_or_else(|| refusal("The reply holds a damaged mark of a redacted secret"))?;
        let left = gone.get_mut(&number).filter(|left| **left > 0);
        let left =
            left.ok_or_else(|| refusal("The reply copies a redacted secret, or moves it elsewhere"))?;
        *left -= 1;
        let secret = filter.secret(number).ok_or_else(|| refusal("The reply holds an unknown mark"))?;
        insert.push_str(&hunk.insert[at..range.start]);
        insert.push_str(&secret);
        at = range.end;
    }
    insert.push_str(&hunk.insert[at..]);
    Ok(insert)
}

fn refusal(message: &str) -> Refusal {
    let hint = "Text such as `REDACTED-1-xxx` stands for a secret that you cannot see. Leave the lines with it as they \
                are, or replace them without it, and write no such text yourself.";
    Refusal::new(RefusalCode::MovesSecret, message, hint)
}

#[cfg(test)]
mod tests;
