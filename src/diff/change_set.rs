//! The engine's result: file changes with hunks that are proved to fit their base text.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::text::Rope;

/// The files as the model saw them: workspace-relative path with `/` separators → text.
#[derive(Debug, Clone, Default)]
pub struct FileSet {
    /// Path → text.
    pub files: BTreeMap<String, Rope>,
    /// The file meant when a reply names none.
    pub default_path: Option<String>,
}

/// How exactly a hunk's old lines were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Byte for byte (line endings apart).
    Exact,
    /// Equal but for blanks at line ends.
    RightTrimmed,
}

/// One replacement of whole lines, proved to fit the base text.
#[derive(Debug, Clone, PartialEq)]
pub struct Hunk {
    /// Bytes of the base text that go: whole lines, or empty for an insertion.
    pub range: Range<usize>,
    /// What comes, with the file's own line endings.
    pub insert: String,
    /// How its place was found.
    pub tier: Tier,
    /// One-based line of `range.start` in the base text.
    pub line: usize,
    /// 0 to 1.
    pub confidence: f32,
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
}

/// The change of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileChange {
    /// Workspace-relative, `/` separators.
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
