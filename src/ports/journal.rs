//! The record of what tenon proposed and did, written before it is shown.

use std::sync::{Mutex, PoisonError};

use crate::text::Rope;

/// A file's text before and after a step. Ropes share their nodes: a record costs what changed, not the file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRecord {
    /// Workspace-relative, `/` separators.
    pub path: String,
    /// `None` when the file did not exist.
    pub before: Option<Rope>,
    /// `None` when the file no longer exists.
    pub after: Option<Rope>,
}

impl FileRecord {
    /// One file whose path is `path` before and `path_after` after: two records when that differs.
    pub fn of(
        path: &str,
        path_after: Option<&str>,
        before: Option<Rope>,
        after: Option<Rope>,
    ) -> impl Iterator<Item = Self> {
        let (same, moved) = match path_after {
            Some(to) if to != path => {
                let gone = Self { path: path.to_owned(), before, after: None };
                (gone, Some(Self { path: to.to_owned(), before: None, after }))
            }
            _ => (Self { path: path.to_owned(), before, after }, None),
        };
        [Some(same), moved].into_iter().flatten()
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalRecord {
    /// A proposal is about to be shown.
    Proposed {
        /// Its id.
        proposal: String,
        /// What was asked.
        title: String,
        /// Each file as the model saw it and as it would be.
        files: Vec<FileRecord>,
    },
    /// An edit is about to be sent to the editor.
    Prepared {
        /// The proposal.
        proposal: String,
        /// The files before and after.
        files: Vec<FileRecord>,
    },
    /// The editor has applied it.
    Applied {
        /// The proposal.
        proposal: String,
    },
    /// An applied edit was taken back.
    Undone {
        /// The proposal.
        proposal: String,
    },
}

/// Keeps the record. Called on the main loop: an implementer hands over to a thread of its own.
pub trait Journal: Send + Sync {
    /// Appends an entry.
    fn record(&self, entry: JournalRecord);
}

/// A journal that ends with the process: it keeps the newest [`MemoryJournal::CAPACITY`] entries.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    entries: Mutex<Vec<JournalRecord>>,
}

impl MemoryJournal {
    /// Entries kept.
    pub const CAPACITY: usize = 200;

    /// The entries, oldest first.
    pub fn entries(&self) -> Vec<JournalRecord> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Journal for MemoryJournal {
    fn record(&self, entry: JournalRecord) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == Self::CAPACITY {
            entries.remove(0);
        }
        entries.push(entry);
    }
}
