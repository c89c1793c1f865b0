//! Undo and redo where the text changed since: a proposal of what both make of it, with the conflicts shown.

use serde_json::{Value, json};

use crate::app::applying::{self, FileTexts, Live};
use crate::app::chronicle;
use crate::app::marks;
use crate::app::state::State;
use crate::app::tasks::Ready;
use crate::diff::merge::{Merged, merge};
use crate::diff::{Evidence, Hunk, impact};
use crate::problem::{Category, Problem};
use crate::review::{
    AppliedFile, AppliedKind, Decision, Direction, Operation, Proposal, ProposedChange, ProposedFile,
    ProposedHunk, Track,
};
use crate::text::{Carried, Position, PositionMap, Rope, TextEdit};

/// Most conflicts that are told with their texts.
const CONFLICTS: usize = 20;

/// Most bytes of each text of a conflict that are told.
const TOLD: usize = 2_000;

/// Answers `{"proposal": id, "conflicts": n, …}`: what becomes of the files when an operation is taken in `direction`
/// without what came later being lost. Conflicts are in the proposed text, between marks, and in the answer; nothing is
/// written until the user accepts it.
///
/// # Errors
/// A file's text is not known for sure, or it came, went or moved.
pub(super) fn propose(
    state: &mut State,
    operation: u64,
    direction: Direction,
    texts: &FileTexts,
) -> Result<Value, Problem> {
    let Some(operation) = state.history.get(operation) else {
        return Err(Problem::error("unknown-operation", Category::Request, "that step is no longer kept"));
    };
    let mut told = Told::default();
    let mut number = 0;
    let mut files = Vec::new();
    for file in &operation.files {
        let Some(both) = both(state, operation, file, direction, texts)? else { continue };
        told.add(state, file, &both);
        files.push(both.proposed(file, &mut number));
    }
    let Some(target) = files.first().map(|file: &ProposedFile| file.uri().clone()) else {
        return Err(Problem::error("nothing-to-undo", Category::Request, "the text is so already"));
    };
    let verb = if direction == Direction::Undo { "undo" } else { "redo" };
    let title = format!("{verb} {}, kept together with what came later", name(operation));
    let (id, task) = (state.tasks.next_proposal(), state.tasks.next_id());
    let proposal = Proposal {
        id: id.clone(),
        task: task.clone(),
        title: title.clone(),
        instruction: title.clone(),
        target,
        model: String::new(),
        files,
        notes: Vec::new(),
    };
    chronicle::task_begins(state, &task, &title, &title);
    state.unshown.push(Ready::new(proposal));
    chronicle::propose(state, &id);
    marks::refresh(state);
    let mut answer = told.into_json();
    answer["proposal"] = json!(id.as_str());
    Ok(answer)
}

fn name(operation: &Operation) -> String {
    format!("o{}", operation.number.unwrap_or(operation.id))
}

/// What a merge would find in conflict, for the refusal: `{"conflicts": n, "places": […], "mergeable": …}`.
pub(super) fn conflicts(state: &State, operation: u64, direction: Direction, texts: &FileTexts) -> Value {
    let mut told = Told::default();
    let mut mergeable = true;
    if let Some(operation) = state.history.get(operation) {
        for file in &operation.files {
            match both(state, operation, file, direction, texts) {
                Ok(Some(both)) => told.add(state, file, &both),
                Ok(None) => {}
                Err(_) => mergeable = false,
            }
        }
    }
    let mut told = told.into_json();
    told["mergeable"] = json!(mergeable);
    told
}

/// Conflicts as they are told: a bounded number of them, each with bounded texts.
#[derive(Default)]
struct Told {
    places: Vec<Value>,
    n_conflicts: usize,
}

impl Told {
    fn add(&mut self, state: &State, file: &AppliedFile, both: &Both) {
        self.n_conflicts += both.merged.conflicts.len();
        let room = CONFLICTS.saturating_sub(self.places.len());
        if both.merged.conflicts.is_empty() || room == 0 {
            return;
        }
        // Our lines stand in the merged text as they stand in the live one.
        let map = PositionMap::from_texts(&Rope::from_str(&both.merged.text), &both.live);
        for conflict in both.merged.conflicts.iter().take(room) {
            let (Carried::Moved(range) | Carried::Changed { new: range, .. }) =
                map.carry(conflict.range.clone());
            let span = state.client.encoding.to_span(&both.live, &range);
            let position = |at: Position| json!({ "line": at.line, "character": at.character });
            let texts = [&conflict.ours, &conflict.theirs, &conflict.base];
            let [ours, theirs, base] = texts.map(|text| beginning(text));
            self.places.push(json!({
                "path": file.path,
                "uri": both.track.uri().as_str(),
                "range": { "start": position(span.start), "end": position(span.end) },
                "ours": ours,
                "theirs": theirs,
                "base": base,
                "truncated": texts.iter().any(|text| text.len() > TOLD),
            }));
        }
    }

    fn into_json(self) -> Value {
        json!({ "conflicts": self.n_conflicts, "places": self.places })
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(TOLD)]
}

/// A file with what came later and with the step taken.
struct Both {
    live: Rope,
    merged: Merged,
    /// With the conflicts between marks.
    edit: TextEdit,
    track: Track,
}

/// One file with both changes; `None` where nothing is left to change.
fn both(
    state: &State,
    operation: &Operation,
    file: &AppliedFile,
    direction: Direction,
    texts: &FileTexts,
) -> Result<Option<Both>, Problem> {
    if matches!(file.kind, AppliedKind::Created | AppliedKind::Deleted | AppliedKind::Renamed { .. }) {
        let message = format!("{} came, went or moved by that step, which cannot be merged", file.path);
        return Err(Problem::error("changed-since", Category::Edit, message)
            .hint("undo the later changes of it first, or do it by hand"));
    }
    let Live { text, version, .. } = applying::live(state, &file.track, texts)?;
    let Some(live) = text else {
        let message = format!("{} no longer exists, so nothing can be merged", file.path);
        return Err(Problem::error("changed-since", Category::Edit, message));
    };
    let (base, theirs) = match direction {
        Direction::Undo => (&file.after, &file.before),
        Direction::Redo => (&file.before, &file.after),
    };
    let merged = merge(base, &live, theirs);
    let verb = if direction == Direction::Undo { "without" } else { "with" };
    let text = merged.marked("as it is", &format!("{verb} {}", name(operation)));
    let edit = TextEdit::diff(&live.to_string(), &text);
    let uri = file.track.uri().clone();
    let track = match version {
        Some(_) => Track::open(uri, live.clone()),
        None => Track::closed(uri, live.clone()),
    };
    Ok((!edit.is_empty()).then_some(Both { live, merged, edit, track }))
}

impl Both {
    fn proposed(self, file: &AppliedFile, number: &mut usize) -> ProposedFile {
        let hunks = whole_lines(&self.live, &self.edit)
            .into_iter()
            .map(|hunk| {
                *number += 1;
                ProposedHunk { number: *number - 1, hunk, decision: Decision::Proposed }
            })
            .collect();
        ProposedFile {
            path: file.path.clone(),
            track: self.track,
            change: ProposedChange::Modify(hunks),
            impact: Vec::<impact::Impact>::new(),
        }
    }
}

/// The same edit in whole lines; what touches the same line is one hunk.
fn whole_lines(text: &Rope, edit: &TextEdit) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for indel in edit.iter() {
        let line = text.byte_to_line(indel.delete.start);
        let start = text.line_to_byte(line);
        let last = text.byte_to_line(indel.delete.end);
        let end_start = text.line_to_byte(last);
        // An edit that ends between two lines leaves the second alone.
        let end = if end_start == indel.delete.end && starts_line(&indel.insert, start == indel.delete.start)
        {
            indel.delete.end
        } else {
            text.line_to_byte((last + 1).min(text.len_lines()))
        };
        let head = text.byte_slice(start..indel.delete.start).to_string();
        let tail = text.byte_slice(indel.delete.end..end).to_string();
        match hunks.last_mut() {
            // The last hunk reached into this line: its tail begins where this one's change does.
            Some(before) if start < before.range.end => {
                let shared = before.range.end - indel.delete.start;
                before.insert.truncate(before.insert.len() - shared);
                before.insert.push_str(&indel.insert);
                before.insert.push_str(&tail);
                before.range.end = end.max(before.range.end);
            }
            _ => hunks.push(Hunk {
                range: start..end,
                insert: head + &indel.insert + &tail,
                evidence: Evidence::EXACT,
                line: line + 1,
                block: hunks.len(),
            }),
        }
    }
    hunks
}

/// Whether what is inserted ends where a line begins.
fn starts_line(insert: &str, at_line_start: bool) -> bool {
    if insert.is_empty() { at_line_start } else { insert.ends_with('\n') }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whole_lines_say_the_same(
            old in prop::collection::vec("[ab]{0,2}(\n|\r\n)", 0..8),
            new in prop::collection::vec("[ab]{0,2}(\n|\r\n)", 0..8),
            tail in "[ab]{0,2}",
        ) {
            let (old, new) = (old.concat() + &tail, new.concat() + &tail);
            let rope = Rope::from_str(&old);
            let mut builder = TextEdit::builder(old.len());
            for hunk in whole_lines(&rope, &TextEdit::diff(&old, &new)) {
                let starts = hunk.range.start == 0 || old[..hunk.range.start].ends_with(['\n', '\r']);
                prop_assert!(starts, "{:?}", hunk);
                builder.replace(hunk.range, hunk.insert);
            }
            let edit = builder.finish().expect("disjoint");
            prop_assert_eq!(edit.apply(&rope).expect("it fits").to_string(), new);
        }
    }
}
