//! Settles what a command left under way when it was killed: all files of a step, or none.
//!
//! What an editor left is not touched: it may be in texts that were not saved, or built on since.
//!
//! A file is only written when it still has one of the step's two texts. Where the user wrote into one meanwhile, the
//! step goes to the side on which that file is; nothing of the user's is lost.

use super::operation;
use super::{Held, Settlement};
use crate::cli::interrupt;
use crate::cli::undo::plan::{Present, paths, same};
use crate::diff::merge::merge;
use crate::ports::{FileRecord, OperationHead, OperationState, Unfinished};
use crate::problem::{Category, Problem, Severity};
use crate::text::Rope;
use crate::workspace::NewText;

/// On which side of a step a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// As before it.
    Before,
    /// As after it.
    After,
    /// A renamed file that is at both places.
    Between,
    /// Written into by the user, without the step's change.
    NearBefore,
    /// Written into by the user, with it.
    NearAfter,
}

/// What is to be done with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    RollBack,
    Finish,
    /// Some files have it and some do not, and the user wrote into both kinds.
    Torn,
}

/// An operation that was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Recovered {
    /// Its number.
    pub(in crate::cli) number: u64,
    /// Where it stands now.
    pub(in crate::cli) state: OperationState,
    /// Whether what was begun is in the files now.
    pub(in crate::cli) is_finished: bool,
}

/// Settles all that was left under way in this workspace. Says what became of it.
///
/// # Errors
/// The journal fails.
pub(super) fn recover(held: &mut Held<'_>) -> Result<Vec<Problem>, Problem> {
    let journal = held.record.journal();
    let left = held.record.wait(journal.unfinished(&held.session))?;
    let mut told = Vec::new();
    for unfinished in left {
        let OperationHead { number, state, .. } = unfinished.operation.head;
        match settle(held, &unfinished) {
            Ok((verdict, sides)) => {
                let paths = Sided::new(&unfinished.step, &sides);
                told.push(notice(number, verdict, state, &paths));
                if verdict != Verdict::Torn {
                    let is_finished = verdict == Verdict::Finish;
                    held.recovered.push(Recovered { number, state: ended(state, is_finished), is_finished });
                }
            }
            // It stays under way, for the next command.
            Err(problem) => told.push(Problem { severity: Severity::Warning, ..problem }),
        }
    }
    Ok(told)
}

/// Where an operation stands after a step that was cut short in `state` was finished, or rolled back.
fn ended(state: OperationState, is_finished: bool) -> OperationState {
    match (state, is_finished) {
        (OperationState::Undoing, true) | (OperationState::Redoing, false) => OperationState::Undone,
        (OperationState::Undoing, false) | (_, true) => OperationState::Applied,
        (_, false) => OperationState::RolledBack,
    }
}

/// Tells of what editors left under way.
pub(super) fn left_by_editors(left: &[Unfinished]) -> Option<Problem> {
    let first = left.first()?.operation.head.number;
    let names: Vec<String> = left.iter().map(|left| format!("o{}", left.operation.head.number)).collect();
    let message = format!(
        "an editor ended before {} came to an end; no file is touched for that: {}",
        if left.len() == 1 { "an operation" } else { "operations" },
        names.join(", ")
    );
    let problem = Problem::error("left-under-way", Category::Storage, message).hint(format!(
        "look with `tenon show o{first}`; `tenon undo o{first}` takes back what there is of it, \
         `tenon redo o{first}` finishes it"
    ));
    Some(Problem { severity: Severity::Info, ..problem })
}

fn settle(held: &Held<'_>, unfinished: &Unfinished) -> Result<(Verdict, Vec<Side>), Problem> {
    let number = unfinished.operation.head.number;
    operation::in_place(held.folder.root(), number, &unfinished.step)?;
    let present = operation::read(&held.folder, paths(&unfinished.step))?;
    let sides: Vec<Side> = unfinished.step.iter().map(|file| side(file, &present)).collect();
    let verdict = judge(&sides);
    let texts = texts(&unfinished.step, &sides, verdict);
    let _hold = interrupt::hold();
    if !texts.is_empty() {
        super::write(&held.consented(&unfinished.operation.files), &texts)?;
    }
    let settlement = match (verdict, unfinished.operation.head.state) {
        (Verdict::RollBack, _) => Settlement::RolledBack,
        (_, OperationState::Undoing) => Settlement::Undone,
        (_, OperationState::Redoing) => Settlement::Redone,
        (_, _) => Settlement::Applied,
    };
    held.end(number, settlement, None)?;
    let known =
        |file: &FileRecord| [&file.before, &file.after].map(|text| text.as_ref().map(Rope::to_string));
    let known: Vec<String> = unfinished.step.iter().flat_map(known).flatten().collect();
    held.folder.sweep(paths(&unfinished.step), &known);
    Ok((verdict, sides))
}

fn notice(number: u64, verdict: Verdict, state: OperationState, paths: &Sided<'_>) -> Problem {
    let what = match state {
        OperationState::Undoing => "the undo of ",
        OperationState::Redoing => "the redo of ",
        _ => "",
    };
    let (severity, code, how) = match verdict {
        Verdict::RollBack => (Severity::Info, "recovered", "and is rolled back".to_owned()),
        Verdict::Finish => (Severity::Info, "recovered", "and is finished now".to_owned()),
        Verdict::Torn => {
            let (with, without) = (paths.with.join(", "), paths.without.join(", "));
            let how = format!(
                "when it was half done, and files were changed since: it is in {with} and not in {without}"
            );
            (Severity::Warning, "half-applied", how)
        }
    };
    let problem =
        Problem::error(code, Category::Storage, format!("{what}operation o{number} was interrupted {how}"));
    let problem = Problem { severity, ..problem };
    match verdict {
        Verdict::Torn => {
            let (verb, takes) = match ended(state, true) {
                OperationState::Undone => ("redo", "makes it again"),
                _ => ("undo", "takes it back"),
            };
            problem.hint(format!(
                "look at it with `tenon show o{number}`; `tenon {verb} o{number} --merge` {takes}"
            ))
        }
        _ => problem,
    }
}

/// The files that have a step, and those that do not.
struct Sided<'s> {
    with: Vec<&'s str>,
    without: Vec<&'s str>,
}

impl<'s> Sided<'s> {
    fn new(step: &'s [FileRecord], sides: &[Side]) -> Self {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for (file, side) in step.iter().zip(sides) {
            match side {
                Side::After | Side::Between | Side::NearAfter => with.push(file.path.as_str()),
                Side::Before | Side::NearBefore => without.push(file.path.as_str()),
            }
        }
        Self { with, without }
    }
}

fn side(file: &FileRecord, present: &Present) -> Side {
    let now = present.get(&file.path);
    if let Some(to) = &file.path_after {
        let then = present.get(to);
        return match (now, then) {
            (Some(now), None) => near(file, now, Side::Before),
            (None, Some(then)) => near(file, then, Side::After),
            (Some(now), Some(then))
                if is(file.before.as_ref(), Some(now)) && is(file.after.as_ref(), Some(then)) =>
            {
                Side::Between
            }
            // Another file came to be at one of the places.
            (Some(_), Some(then)) if is(file.after.as_ref(), Some(then)) => Side::NearAfter,
            (Some(_), Some(_)) | (None, None) => Side::NearBefore,
        };
    }
    match (is(file.before.as_ref(), now), is(file.after.as_ref(), now), now) {
        (true, ..) => Side::Before,
        (_, true, _) => Side::After,
        (false, false, None) => {
            if file.after.is_none() {
                Side::After
            } else {
                Side::NearBefore
            }
        }
        (false, false, Some(now)) if has_change(file, now) => Side::NearAfter,
        (false, false, Some(_)) => Side::NearBefore,
    }
}

/// The side of a renamed file that is at one place only.
fn near(file: &FileRecord, text: &Rope, side: Side) -> Side {
    let (own, changed) = match side {
        Side::After => (file.after.as_ref(), Side::NearAfter),
        _ => (file.before.as_ref(), Side::NearBefore),
    };
    if is(own, Some(text)) { side } else { changed }
}

fn is(side: Option<&Rope>, now: Option<&Rope>) -> bool {
    match (side, now) {
        (None, None) => true,
        (Some(side), Some(now)) => same(side, now),
        _ => false,
    }
}

/// Whether the step's change is in a text that the user wrote into: then making it again changes nothing.
fn has_change(file: &FileRecord, now: &Rope) -> bool {
    let (Some(before), Some(after)) = (&file.before, &file.after) else { return file.before.is_none() };
    let merged = merge(before, now, after);
    merged.is_clean() && *now == merged.text.as_str()
}

fn judge(sides: &[Side]) -> Verdict {
    let any = |wanted: &[Side]| sides.iter().any(|side| wanted.contains(side));
    let starts = any(&[Side::After, Side::Between, Side::NearAfter]);
    match (any(&[Side::NearBefore]), any(&[Side::NearAfter])) {
        (true, true) => Verdict::Torn,
        (false, true) => Verdict::Finish,
        // It was never told to be done, so it need not be; unless nothing is missing.
        (false, false) if starts && !any(&[Side::Before, Side::Between]) => Verdict::Finish,
        (_, false) => Verdict::RollBack,
    }
}

/// What has to be written for `verdict`.
fn texts(step: &[FileRecord], sides: &[Side], verdict: Verdict) -> Vec<NewText> {
    let text = |rope: &Option<Rope>| rope.as_ref().map(Rope::to_string);
    let write = |(file, side): (&FileRecord, &Side)| {
        let after = file.path_after.as_ref().unwrap_or(&file.path);
        let moves = |from: &String, to: &String, old: &Option<Rope>, new: &Option<Rope>| NewText {
            path: from.clone(),
            moved_to: (from != to).then(|| to.clone()),
            old: text(old),
            new: text(new),
        };
        match (verdict, side) {
            (Verdict::Finish, Side::Before) => Some(moves(&file.path, after, &file.before, &file.after)),
            (Verdict::RollBack, Side::After) => Some(moves(after, &file.path, &file.after, &file.before)),
            (Verdict::Finish, Side::Between) => Some(moves(&file.path, &file.path, &file.before, &None)),
            (Verdict::RollBack, Side::Between) => Some(moves(after, after, &file.after, &None)),
            _ => None,
        }
    };
    step.iter().zip(sides).filter_map(write).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ports::FileChange;
    use crate::text::DocumentUri;

    fn record(path: &str, to: Option<&str>, before: Option<&str>, after: Option<&str>) -> FileRecord {
        FileRecord {
            path: path.to_owned(),
            path_after: to.map(str::to_owned),
            uri: DocumentUri::new("file:///w/f"),
            uri_after: None,
            kind: FileChange::Modified,
            before: before.map(Rope::from_str),
            after: after.map(Rope::from_str),
        }
    }

    /// A modified, a created, a deleted and a renamed file.
    fn step() -> Vec<FileRecord> {
        vec![
            record("m", None, Some("1\n2\n3\n"), Some("1\nzwei\n3\n")),
            record("c", None, None, Some("new\n")),
            record("r", Some("s"), Some("old\n"), Some("moved\n")),
            record("d", None, Some("gone\n"), None),
        ]
    }

    type Files = BTreeMap<String, String>;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn check(now: &Files, verdict: Verdict, expected: &Files) {
        let present: Present = now.iter().map(|(path, text)| (path.clone(), Rope::from_str(text))).collect();
        let step = step();
        let sides: Vec<Side> = step.iter().map(|file| side(file, &present)).collect();
        assert_eq!(judge(&sides), verdict, "{now:?}: {sides:?}");
        let mut then = now.clone();
        for text in texts(&step, &sides, verdict) {
            assert_eq!(then.remove(&text.path), text.old, "{now:?}");
            if let Some(new) = text.new {
                assert_eq!(then.insert(text.moved_to.unwrap_or(text.path), new), None);
            }
        }
        assert_eq!(then, *expected, "{now:?}");
    }

    const BEFORE: [(&str, &str); 3] = [("m", "1\n2\n3\n"), ("r", "old\n"), ("d", "gone\n")];
    const AFTER: [(&str, &str); 3] = [("m", "1\nzwei\n3\n"), ("c", "new\n"), ("s", "moved\n")];

    #[test]
    fn every_mixture_of_the_two_sides_becomes_one_of_them() {
        let (before, after) = (files(&BEFORE), files(&AFTER));
        // Bits: m written, c made, s made, r gone, d gone.
        for bits in 0..32_u8 {
            let has = |bit: u8| bits & (1 << bit) != 0;
            if has(3) && !has(2) {
                continue;
            }
            let mut now = files(&[("m", if has(0) { "1\nzwei\n3\n" } else { "1\n2\n3\n" })]);
            let mut put = |is_there: bool, path: &str, text: &str| {
                if is_there {
                    now.insert(path.to_owned(), text.to_owned());
                }
            };
            put(has(1), "c", "new\n");
            put(has(2), "s", "moved\n");
            put(!has(3), "r", "old\n");
            put(!has(4), "d", "gone\n");
            let (verdict, expected) =
                if bits == 31 { (Verdict::Finish, &after) } else { (Verdict::RollBack, &before) };
            check(&now, verdict, expected);
        }
    }

    #[test]
    fn a_file_that_the_user_wrote_into_decides() {
        let changed = |files: &[(&str, &str)], path: &str, text: &str| {
            let mut files = self::files(files);
            files.insert(path.to_owned(), text.to_owned());
            files
        };
        // With the change in it, the rest is finished.
        let now = changed(&BEFORE, "m", "1\nzwei\n3\nmine\n");
        check(&now, Verdict::Finish, &changed(&AFTER, "m", "1\nzwei\n3\nmine\n"));
        // Without it, the rest goes back.
        let now = changed(&AFTER, "m", "1\n2\n3\nmine\n");
        check(&now, Verdict::RollBack, &changed(&BEFORE, "m", "1\n2\n3\nmine\n"));
        // Both: nothing is written.
        let mut now = changed(&AFTER, "m", "1\n2\n3\nmine\n");
        now.insert("s".to_owned(), "moved, mine\n".to_owned());
        check(&now, Verdict::Torn, &now.clone());
    }
}
