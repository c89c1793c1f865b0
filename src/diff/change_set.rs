//! The engine's result: file changes with hunks that are proved to fit their base text.
//!
//! Hunks of a [`FileChange`] made by [`FileChange::modify`] are sorted and disjoint; applying one checks again that
//! they lie inside the text, and never applies a part.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Refusal, RefusalCode};
use crate::text::{EditError, Rope};

/// The files as the model saw them: workspace-relative path with `/` separators → text.
#[derive(Debug, Clone, Default)]
pub struct FileSet {
    /// Path → text.
    pub files: BTreeMap<String, Rope>,
    /// The file meant when a reply names none.
    pub default_path: Option<String>,
    /// Absolute path of the folder that the paths are relative to; without it no absolute path is understood.
    pub root: Option<String>,
    /// Files that were not shown, but whose names are like one that the reply writes; see [`super::name`].
    pub candidates: BTreeMap<String, Rope>,
}

impl FileSet {
    /// Takes the candidates that `changes` is about among the files.
    pub fn adopt(&mut self, changes: &ChangeSet) {
        for change in &changes.files {
            if let Some((path, text)) = self.candidates.remove_entry(&change.path) {
                self.files.insert(path, text);
            }
        }
    }
}

/// How exactly a hunk's old lines were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Byte for byte (line endings apart).
    Exact,
    /// Equal but for blanks at line ends.
    RightTrimmed,
    /// Equal but for blanks at both ends; what comes is indented as the file is.
    Trimmed,
    /// Equal but for blanks and for the look of quotes and dashes.
    Canonical,
    /// Aligned line by line, with context skipped or worded otherwise.
    Aligned,
}

impl Tier {
    /// The identifier as it is written outside: the same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::RightTrimmed => "right-trimmed",
            Self::Trimmed => "trimmed",
            Self::Canonical => "canonical",
            Self::Aligned => "aligned",
        }
    }

    /// How a block was looked for when this was the loosest tier tried, as a sentence.
    pub const fn tried(self) -> &'static str {
        match self {
            Self::Exact => "Looked for it exactly as it is.",
            Self::RightTrimmed => "Looked for it as it is, and with other blanks at line ends.",
            Self::Trimmed => "Looked for it as it is, and with other indentation.",
            Self::Canonical => "Looked for it as it is, and with other blanks, quotes and dashes.",
            Self::Aligned => {
                "Looked for it as it is, with other blanks, and line by line with lines skipped."
            }
        }
    }
}

/// How sure the place of a hunk is.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How its old lines were found.
    pub tier: Tier,
    /// Share of its old lines that had to be bent to fit: 0 (none) to 1.
    pub cost: f32,
    /// By how much more the next best place would have cost, at most 1; 1 when there is none.
    pub margin: f32,
}

impl Evidence {
    /// Byte for byte, in one place only.
    pub const EXACT: Self = Self { tier: Tier::Exact, cost: 0.0, margin: 1.0 };

    /// What a reviewer should know of the place, such as `aligned, 0.81`; `None` when there is nothing to doubt.
    pub fn doubt(self) -> Option<String> {
        let confidence = self.confidence();
        (confidence < 1.0).then(|| format!("{}, {confidence:.2}", self.tier.as_str()))
    }

    /// 0 to 1, 1 for an exact place. A scale to sort and colour by, not a probability.
    pub fn confidence(self) -> f32 {
        let most = match self.tier {
            Tier::Exact => 1.0,
            Tier::RightTrimmed => 0.98,
            Tier::Trimmed => 0.95,
            Tier::Canonical => 0.92,
            Tier::Aligned => 0.85,
        };
        (most * (1.0 - 0.5 * self.cost) * (0.7 + 0.3 * self.margin)).clamp(0.0, 1.0)
    }
}

/// One replacement of whole lines, proved to fit the base text.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hunk {
    /// Bytes of the base text that go: whole lines, or empty for an insertion.
    pub range: Range<usize>,
    /// What comes, with the file's own line endings.
    pub insert: String,
    /// How sure its place is.
    pub evidence: Evidence,
    /// One-based line of `range.start` in the base text.
    pub line: usize,
    /// Zero-based index of the block in the reply that it comes from.
    pub block: usize,
}

/// What happens to a file.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeKind {
    /// Lines change; hunks are sorted and disjoint.
    Modify {
        /// Sorted, disjoint.
        hunks: Vec<Hunk>,
    },
    /// The file is new.
    Create {
        /// Its whole text.
        text: String,
    },
    /// The file goes, as long as its text is the base text.
    Delete,
    /// The file gets another path, and lines change on the way.
    Rename {
        /// The new path, workspace-relative, `/` separators; no file is there.
        to: String,
        /// Sorted, disjoint; empty when only the path changes.
        hunks: Vec<Hunk>,
    },
}

/// The change of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileChange {
    /// Workspace-relative, `/` separators; the old path of a renamed file.
    pub path: String,
    /// What happens to it.
    pub kind: ChangeKind,
}

/// All changes of one reply; applied together or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeSet {
    /// One entry per file that really changes, in reply order.
    pub files: Vec<FileChange>,
}

impl FileChange {
    /// A change of an existing file; sorts the hunks.
    ///
    /// # Errors
    /// The two hunks that overlap or insert at the same place, as `(first, second)` indices of their reply blocks.
    pub fn modify(path: impl Into<String>, mut hunks: Vec<Hunk>) -> Result<Self, (usize, usize)> {
        hunks.sort_by_key(|hunk| (hunk.range.start, hunk.range.end));
        for pair in hunks.windows(2) {
            let (first, second) = (&pair[0], &pair[1]);
            let same_point = first.range.is_empty() && first.range == second.range;
            if second.range.start < first.range.end || same_point {
                return Err((first.block, second.block));
            }
        }
        Ok(Self { path: path.into(), kind: ChangeKind::Modify { hunks } })
    }

    /// A new file.
    pub fn create(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), kind: ChangeKind::Create { text: text.into() } }
    }

    /// A file that goes.
    pub fn delete(path: impl Into<String>) -> Self {
        Self { path: path.into(), kind: ChangeKind::Delete }
    }

    /// The same change of lines, of a file that is renamed as well.
    #[must_use]
    pub fn renamed(self, to: impl Into<String>) -> Self {
        let hunks = self.hunks().to_vec();
        Self { path: self.path, kind: ChangeKind::Rename { to: to.into(), hunks } }
    }

    /// The lines that change, sorted and disjoint; none for a file that comes or goes.
    pub fn hunks(&self) -> &[Hunk] {
        match &self.kind {
            ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. } => hunks,
            ChangeKind::Create { .. } | ChangeKind::Delete => &[],
        }
    }

    /// Where the file is after the change; `None` for one that is deleted.
    pub fn path_after(&self) -> Option<&str> {
        match &self.kind {
            ChangeKind::Modify { .. } | ChangeKind::Create { .. } => Some(&self.path),
            ChangeKind::Rename { to, .. } => Some(to),
            ChangeKind::Delete => None,
        }
    }

    /// The path at which a file comes into being.
    pub fn new_path(&self) -> Option<&str> {
        match &self.kind {
            ChangeKind::Create { .. } => Some(&self.path),
            ChangeKind::Rename { to, .. } => Some(to),
            ChangeKind::Modify { .. } | ChangeKind::Delete => None,
        }
    }

    /// The file's text after the change; `base` is ignored for a new file, and nothing is left of one that goes.
    ///
    /// # Errors
    /// When the hunks do not lie inside `base` in ascending order, or cut a character.
    pub fn apply(&self, base: &Rope) -> Result<Rope, EditError> {
        match &self.kind {
            ChangeKind::Create { text } => Ok(Rope::from_str(text)),
            ChangeKind::Delete => Ok(Rope::new()),
            ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. } => {
                apply(hunks, &String::from(base)).map(|text| Rope::from_str(&text))
            }
        }
    }
}

/// Refuses the second of two changes that make a file at the same path, also where that differs only in case.
pub(super) fn made_twice(changes: &[FileChange]) -> Option<Refusal> {
    let mut seen = BTreeSet::new();
    let twice =
        changes.iter().filter_map(FileChange::new_path).find(|path| !seen.insert(path.to_lowercase()));
    twice.map(|path| {
        Refusal::new(
            RefusalCode::OverlappingBlocks,
            "Two blocks make a file at the same path, or at paths that differ only in case",
            "Give each file a path of its own.",
        )
        .of_file(path)
    })
}

/// One sorted pass over the text.
fn apply(hunks: &[Hunk], base: &str) -> Result<String, EditError> {
    let mut text =
        String::with_capacity(base.len() + hunks.iter().map(|hunk| hunk.insert.len()).sum::<usize>());
    let mut done = 0;
    for Hunk { range, insert, .. } in hunks {
        if range.end > base.len() || range.start > range.end {
            return Err(EditError::OutOfBounds { end: range.end.max(range.start), len: base.len() });
        }
        if range.start < done {
            return Err(EditError::Overlap { at: range.start });
        }
        for at in [range.start, range.end] {
            if !base.is_char_boundary(at) {
                return Err(EditError::InsideCharacter { at });
            }
        }
        text.push_str(&base[done..range.start]);
        text.push_str(insert);
        done = range.end;
    }
    text.push_str(&base[done..]);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk(range: Range<usize>, insert: &str) -> Hunk {
        Hunk { range, insert: insert.to_owned(), evidence: Evidence::EXACT, line: 1, block: 0 }
    }

    #[test]
    fn hunks_are_sorted_and_applied_in_one_pass() {
        let change =
            FileChange::modify("a", vec![hunk(4..6, "C\n"), hunk(0..2, ""), hunk(4..4, "+\n")]).unwrap();
        assert_eq!(change.apply(&Rope::from_str("a\nb\nc\n")).unwrap().to_string(), "b\n+\nC\n");
    }

    #[test]
    fn overlaps_and_twice_the_same_point_are_no_change() {
        assert!(FileChange::modify("a", vec![hunk(0..3, ""), hunk(2..4, "")]).is_err());
        assert!(FileChange::modify("a", vec![hunk(2..2, "x"), hunk(2..2, "y")]).is_err());
        assert!(FileChange::modify("a", vec![hunk(0..2, "x"), hunk(2..2, "y")]).is_ok());
    }

    #[test]
    fn doubts_are_told_when_there_are_some() {
        let check = |tier, cost, margin, expected: Option<&str>| {
            assert_eq!(Evidence { tier, cost, margin }.doubt().as_deref(), expected);
            assert_eq!(serde_json::to_value(tier).unwrap(), tier.as_str());
        };
        check(Tier::Exact, 0.0, 1.0, None);
        check(Tier::RightTrimmed, 0.0, 1.0, Some("right-trimmed, 0.98"));
        check(Tier::Trimmed, 0.0, 1.0, Some("trimmed, 0.95"));
        check(Tier::Canonical, 0.0, 1.0, Some("canonical, 0.92"));
        check(Tier::Aligned, 0.1, 1.0, Some("aligned, 0.81"));
    }

    #[test]
    fn files_come_and_go() {
        let change = FileChange::modify("a", vec![hunk(0..2, "A\n")]).unwrap().renamed("b");
        assert_eq!((change.path_after(), change.new_path()), (Some("b"), Some("b")));
        assert_eq!(change.apply(&Rope::from_str("a\nb\n")).unwrap().to_string(), "A\nb\n");
        let change = FileChange::delete("a");
        assert_eq!((change.path_after(), change.new_path()), (None, None));
        assert_eq!(change.apply(&Rope::from_str("a\n")).unwrap().len_bytes(), 0);
        assert_eq!(FileChange::create("a", "").path_after(), Some("a"));
    }

    #[test]
    fn another_text_is_refused() {
        let change = FileChange::modify("a", vec![hunk(4..6, "")]).unwrap();
        assert!(change.apply(&Rope::from_str("a")).is_err());
        assert!(change.apply(&Rope::from_str("aaa\u{e9}\u{e9}")).is_err());
    }
}
