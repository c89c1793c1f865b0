//! Undo and redo where the text changed since: a proposal of what both make of it, with the conflicts shown.

use serde_json::{Value, json};

use crate::app::chronicle;
use crate::app::marks;
use crate::app::state::State;
use crate::app::tasks::Ready;
use crate::diff::merge::merge;
use crate::diff::{Evidence, Hunk, impact};
use crate::problem::{Category, Problem};
use crate::review::{
    AppliedFile, AppliedKind, Decision, Direction, Operation, Proposal, ProposedChange, ProposedFile,
    ProposedHunk, Track,
};
use crate::text::{Rope, TextEdit};

/// Answers `{"proposal": id, "conflicts": n}`: what becomes of the files when an operation is taken in `direction`
/// without what came later being lost. Conflicts are in the text, between marks.
///
/// # Errors
/// A file of it is not open or its text is not known for sure, or it came, went or moved.
pub(super) fn propose(state: &mut State, operation: u64, direction: Direction) -> Result<Value, Problem> {
    let Some(operation) = state.history.get(operation) else {
        return Err(Problem::error("unknown-operation", Category::Request, "that step is no longer kept"));
    };
    let mut n_conflicts = 0;
    let mut number = 0;
    let mut files = Vec::new();
    for file in &operation.files {
        let (file, conflicts) = merged(state, operation, file, direction, &mut number)?;
        n_conflicts += conflicts;
        files.extend(file);
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
    let root = super::home_of(state, &proposal.target).0;
    chronicle::task_begins(state, &task, &title, &title, &root);
    state.unshown.push(Ready::new(proposal));
    chronicle::propose(state, &id);
    marks::refresh(state);
    Ok(json!({ "proposal": id.as_str(), "conflicts": n_conflicts }))
}

fn name(operation: &Operation) -> String {
    format!("o{}", operation.number.unwrap_or(operation.id))
}

/// One file with both changes; `None` where nothing is left to change.
fn merged(
    state: &State,
    operation: &Operation,
    file: &AppliedFile,
    direction: Direction,
    number: &mut usize,
) -> Result<(Option<ProposedFile>, usize), Problem> {
    let uri = file.track.uri();
    state.trusted(uri)?;
    if matches!(file.kind, AppliedKind::Created | AppliedKind::Deleted | AppliedKind::Renamed { .. }) {
        let message = format!("{} came, went or moved by that step, which cannot be merged", file.path);
        return Err(Problem::error("changed-since", Category::Edit, message)
            .hint("undo the later changes of it first, or do it by hand"));
    }
    let Some(document) = state.live(uri) else {
        let message = format!("{} is not open, so its text cannot be merged", file.path);
        return Err(Problem::error("changed-since", Category::Edit, message)
            .hint("open the file in the editor and try again"));
    };
    let live = document.text();
    let (base, theirs) = match direction {
        Direction::Undo => (&file.after, &file.before),
        Direction::Redo => (&file.before, &file.after),
    };
    let merged = merge(base, live, theirs);
    let verb = if direction == Direction::Undo { "without" } else { "with" };
    let text = merged.marked("as it is", &format!("{verb} {}", name(operation)));
    let edit = TextEdit::diff(&live.to_string(), &text);
    if edit.is_empty() {
        return Ok((None, 0));
    }
    let hunks = whole_lines(live, &edit)
        .into_iter()
        .map(|hunk| {
            *number += 1;
            ProposedHunk { number: *number - 1, hunk, decision: Decision::Proposed }
        })
        .collect();
    let file = ProposedFile {
        path: file.path.clone(),
        track: Track::open(uri.clone(), live.clone()),
        change: ProposedChange::Modify(hunks),
        impact: Vec::<impact::Impact>::new(),
    };
    Ok((Some(file), merged.conflicts.len()))
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
