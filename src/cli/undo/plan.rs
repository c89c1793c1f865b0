//! What taking an operation back, or making it again, does to the files as they are now.
//!
//! A file that still is as the operation left it gets its other text. One that changed since is merged; where that
//! cannot be told, or where text would be lost, it is a conflict. Nothing here reads or writes.

use std::collections::BTreeMap;

use crate::diff::merge::merge;
use crate::ports::{Direction, FileChange, FileRecord};
use crate::text::Rope;
use crate::workspace::NewText;

/// The files of an operation as they are now: those that exist, by workspace-relative path, without byte order marks.
pub(in crate::cli) type Present = BTreeMap<String, Rope>;

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FilePlan {
    /// Where it is now.
    pub(super) path: String,
    /// Where it goes, when that is elsewhere.
    pub(super) path_after: Option<String>,
    /// Its text now.
    pub(super) now: Option<Rope>,
    /// Its text then.
    pub(super) then: Option<Rope>,
    /// How that was found.
    pub(super) how: How,
    /// The operation's own record.
    record: FileRecord,
}

/// How a file gets its new text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum How {
    /// It is as the operation left it.
    Exact,
    /// It has that text already.
    Already,
    /// It changed since, in other lines.
    Merged,
    /// It changed since in the same lines; the new text has both between markers.
    Conflict,
    /// It changed since and would go: it stays.
    Kept,
    /// It is gone, and would be made again.
    Gone,
    /// Another file is where it would go; both stay.
    InTheWay,
}

impl How {
    /// Whether only the user can say what is meant.
    pub(super) fn is_conflict(self) -> bool {
        matches!(self, Self::Conflict | Self::Kept | Self::Gone | Self::InTheWay)
    }
}

/// What becomes of an operation's files.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// In the operation's order.
    pub(super) files: Vec<FilePlan>,
}

/// The paths whose texts a plan needs.
pub(in crate::cli) fn paths(files: &[FileRecord]) -> impl Iterator<Item = &str> {
    files.iter().flat_map(|file| [Some(file.path.as_str()), file.path_after.as_deref()]).flatten()
}

/// Plans taking `files` in `direction`. `name` stands for the operation between conflict markers.
pub(super) fn plan(files: &[FileRecord], direction: Direction, present: &Present, name: &str) -> Plan {
    Plan { files: files.iter().map(|file| plan_file(file, direction, present, name)).collect() }
}

fn plan_file(file: &FileRecord, direction: Direction, present: &Present, name: &str) -> FilePlan {
    let after = file.path_after.as_deref().unwrap_or(&file.path);
    let (from_path, from, to_path, to) = match direction {
        Direction::Undo => (after, &file.after, file.path.as_str(), &file.before),
        Direction::Redo => (file.path.as_str(), &file.before, after, &file.after),
    };
    let now = present.get(from_path);
    let planned = |now: Option<&Rope>, then: Option<Rope>, how: How| FilePlan {
        path: from_path.to_owned(),
        path_after: (to_path != from_path).then(|| to_path.to_owned()),
        now: now.cloned(),
        then,
        how,
        record: file.clone(),
    };
    let stays = |how| FilePlan { path_after: None, ..planned(now, now.cloned(), how) };
    if to_path != from_path
        && let Some(there) = present.get(to_path)
    {
        let is_there = now.is_none() && to.as_ref().is_some_and(|to| same(to, there));
        return stays(if is_there { How::Already } else { How::InTheWay });
    }
    match (from, to, now) {
        (_, None, None) => stays(How::Already),
        (Some(from), None, Some(now)) if same(from, now) => planned(Some(now), None, How::Exact),
        (_, None, Some(_)) => stays(How::Kept),
        (None, Some(to), None) => planned(None, Some(to.clone()), How::Exact),
        (Some(_), Some(to), None) => FilePlan {
            path: to_path.to_owned(),
            path_after: None,
            ..planned(None, Some(to.clone()), How::Gone)
        },
        (Some(from), Some(to), Some(now)) if same(from, now) => {
            planned(Some(now), Some(to.clone()), How::Exact)
        }
        (_, Some(to), Some(now)) if to_path == from_path && same(to, now) => stays(How::Already),
        (from, Some(to), Some(now)) => {
            let merged = merge(&from.clone().unwrap_or_default(), now, to);
            let how = match (merged.is_clean(), *now == merged.text.as_str() && to_path == from_path) {
                (true, true) => How::Already,
                (true, false) => How::Merged,
                (false, _) => How::Conflict,
            };
            let text = if merged.is_clean() { merged.text } else { merged.marked("as it is now", name) };
            planned(Some(now), Some(Rope::from_str(&text)), how)
        }
    }
}

/// Whether two texts are the same, byte order marks aside.
pub(in crate::cli) fn same(one: &Rope, other: &Rope) -> bool {
    fn bare(text: &Rope) -> ropey::RopeSlice<'_> {
        let is_marked = text.get_char(0) == Some('\u{feff}');
        text.slice(usize::from(is_marked)..)
    }
    bare(one) == bare(other)
}

impl FilePlan {
    /// Whether anything is written.
    pub(super) fn writes(&self) -> bool {
        self.path_after.is_some() || self.now != self.then
    }

    /// Where the file is afterwards.
    pub(super) fn end_path(&self) -> &str {
        self.path_after.as_deref().unwrap_or(&self.path)
    }

    /// What is done to it.
    pub(super) fn kind(&self) -> FileChange {
        match (&self.now, &self.then, &self.path_after) {
            (_, None, _) => FileChange::Deleted,
            (None, ..) => FileChange::Created,
            (_, _, Some(_)) => FileChange::Renamed,
            (Some(_), Some(_), None) => FileChange::Modified,
        }
    }
}

impl Plan {
    /// Whether only the user can say what is meant somewhere.
    pub(super) fn has_conflicts(&self) -> bool {
        self.files.iter().any(|file| file.how.is_conflict())
    }

    /// Whether every file is as the operation left it, or has its text already.
    pub(super) fn is_exact(&self) -> bool {
        self.files.iter().all(|file| matches!(file.how, How::Exact | How::Already))
    }

    /// What is written.
    pub(super) fn texts(&self) -> Vec<NewText> {
        let text = |rope: &Option<Rope>| rope.as_ref().map(Rope::to_string);
        self.files
            .iter()
            .filter(|file| file.writes())
            .map(|file| NewText {
                path: file.path.clone(),
                moved_to: file.path_after.clone(),
                old: text(&file.now),
                new: text(&file.then),
            })
            .collect()
    }

    /// The operation's files once the plan is done: where a text is not the operation's own, the ones it has now.
    pub(super) fn settled(&self, direction: Direction) -> Option<Vec<FileRecord>> {
        let changes = |file: &FilePlan| !matches!(file.how, How::Exact | How::Already);
        if !self.files.iter().any(changes) {
            return None;
        }
        let settle = |file: &FilePlan| {
            let own = file.record.clone();
            match (changes(file), direction) {
                (false, _) => own,
                // Nothing was done to it, so there is nothing to take.
                (true, _) if !file.writes() => FileRecord {
                    path: file.path.clone(),
                    path_after: None,
                    uri_after: None,
                    kind: FileChange::Modified,
                    uri: if own.path == file.path { own.uri } else { own.uri_after.unwrap_or(own.uri) },
                    before: file.now.clone(),
                    after: file.now.clone(),
                },
                (true, Direction::Undo) => {
                    FileRecord { before: file.then.clone(), after: file.now.clone(), ..own }
                }
                (true, Direction::Redo) => {
                    FileRecord { before: file.now.clone(), after: file.then.clone(), ..own }
                }
            }
        };
        Some(self.files.iter().map(settle).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::DocumentUri;

    const OLD: &str = "a\nb\nc\nd\n";
    const NEW: &str = "a\nB\nc\nd\n";

    fn record(before: Option<&str>, after: Option<&str>, path_after: Option<&str>) -> FileRecord {
        FileRecord {
            path: "f".to_owned(),
            path_after: path_after.map(str::to_owned),
            uri: DocumentUri::new("file:///w/f"),
            uri_after: path_after.map(|path| DocumentUri::new(format!("file:///w/{path}"))),
            kind: FileChange::Modified,
            before: before.map(Rope::from_str),
            after: after.map(Rope::from_str),
        }
    }

    /// Undoes with `present`; `expected` is how, and what is there afterwards when it is written.
    fn check(file: &FileRecord, present: &[(&str, &str)], how: How, expected: &[(&str, &str)]) {
        let present: Present =
            present.iter().map(|(path, text)| ((*path).to_owned(), Rope::from_str(text))).collect();
        let plan = plan(std::slice::from_ref(file), Direction::Undo, &present, "before o1");
        assert_eq!(plan.files[0].how, how, "{plan:?}");
        let mut then: BTreeMap<String, String> =
            present.iter().map(|(path, text)| (path.clone(), text.to_string())).collect();
        for text in plan.texts() {
            assert_eq!(then.remove(&text.path), text.old, "what is written is compared with what is there");
            if let Some(new) = text.new {
                assert_eq!(
                    then.insert(text.moved_to.unwrap_or(text.path), new),
                    None,
                    "nothing is overwritten"
                );
            }
        }
        let expected: BTreeMap<String, String> =
            expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        assert_eq!(then, expected);
    }

    #[test]
    fn a_modified_file() {
        let file = record(Some(OLD), Some(NEW), None);
        check(&file, &[("f", NEW)], How::Exact, &[("f", OLD)]);
        check(&file, &[("f", "\u{feff}a\nB\nc\nd\n")], How::Exact, &[("f", OLD)]);
        check(&file, &[("f", OLD)], How::Already, &[("f", OLD)]);
        check(&file, &[("f", "a\nB\nc\nD\n")], How::Merged, &[("f", "a\nb\nc\nD\n")]);
        check(&file, &[("f", "a\nb\nc\nD\n")], How::Already, &[("f", "a\nb\nc\nD\n")]);
        let marked = "a\n<<<<<<< as it is now\nX\n=======\nb\n>>>>>>> before o1\nc\nd\n";
        check(&file, &[("f", "a\nX\nc\nd\n")], How::Conflict, &[("f", marked)]);
        check(&file, &[], How::Gone, &[("f", OLD)]);
    }

    #[test]
    fn a_created_and_a_deleted_file() {
        let created = record(None, Some(NEW), None);
        check(&created, &[("f", NEW)], How::Exact, &[]);
        check(&created, &[], How::Already, &[]);
        check(&created, &[("f", "mine\n")], How::Kept, &[("f", "mine\n")]);
        let deleted = record(Some(OLD), None, None);
        check(&deleted, &[], How::Exact, &[("f", OLD)]);
        check(&deleted, &[("f", OLD)], How::Already, &[("f", OLD)]);
        let both = format!("<<<<<<< as it is now\nmine\n=======\n{OLD}>>>>>>> before o1\n");
        check(&deleted, &[("f", "mine\n")], How::Conflict, &[("f", &both)]);
    }

    #[test]
    fn a_renamed_file() {
        let file = record(Some(OLD), Some(NEW), Some("g"));
        check(&file, &[("g", NEW)], How::Exact, &[("f", OLD)]);
        check(&file, &[("g", "a\nB\nc\nD\n")], How::Merged, &[("f", "a\nb\nc\nD\n")]);
        check(&file, &[("f", OLD)], How::Already, &[("f", OLD)]);
        check(&file, &[("g", NEW), ("f", "mine\n")], How::InTheWay, &[("g", NEW), ("f", "mine\n")]);
        check(&file, &[], How::Gone, &[("f", OLD)]);
    }

    #[test]
    fn what_was_merged_can_be_taken_again() {
        let file = record(Some(OLD), Some(NEW), None);
        let now = Rope::from_str("a\nB\nc\nD\n");
        let present: Present = [("f".to_owned(), now.clone())].into();
        let undone = plan(std::slice::from_ref(&file), Direction::Undo, &present, "o1");
        let settled = undone.settled(Direction::Undo).unwrap();
        let merged = Rope::from_str("a\nb\nc\nD\n");
        assert_eq!((settled[0].before.as_ref(), settled[0].after.as_ref()), (Some(&merged), Some(&now)));
        let redone = plan(&settled, Direction::Redo, &[("f".to_owned(), merged)].into(), "o1");
        assert_eq!((redone.files[0].how, redone.files[0].then.as_ref()), (How::Exact, Some(&now)));
        assert_eq!(redone.settled(Direction::Redo), None);
    }
}
