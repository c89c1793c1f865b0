//! What was applied, so that it can be taken back and done again.
//!
//! Each [`Operation`] keeps every file's text before and after, and a [`Track`] from the side it is on now.
//! Undo and redo are the same thing in two directions: carry the edit between the two texts to the live text,
//! or refuse because that place was changed since.

use super::{ProposalId, Track};
use crate::diff::rebase::{Rebased, rebase};
use crate::diff::{Hunk, Refusal, Tier};
use crate::text::{PositionMap, Rope, TextEdit};

/// Which way an operation is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Back to the text before.
    Undo,
    /// To the text after, once more.
    Redo,
}

/// What an operation did to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppliedKind {
    /// Changed it.
    Modified,
    /// Created it.
    Created,
}

/// One file of an operation.
#[derive(Debug, Clone)]
pub struct AppliedFile {
    /// Workspace-relative, `/` separators.
    pub path: String,
    /// What was done.
    pub kind: AppliedKind,
    /// The text before (empty for a created file).
    pub before: Rope,
    /// The text after.
    pub after: Rope,
    /// From before to after, as it was sent.
    pub forward: TextEdit,
    /// Follows the file from the side it is on now: `after`, or `before` once undone.
    pub track: Track,
}

/// One accepted edit.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Counts operations; given by [`History::push`].
    pub id: u64,
    /// The proposal it came from.
    pub proposal: ProposalId,
    /// The task that made the proposal.
    pub task: String,
    /// Hunk numbers of the proposal that it applied.
    pub numbers: Vec<usize>,
    /// Whether it was taken back.
    pub undone: bool,
    /// The files.
    pub files: Vec<AppliedFile>,
}

/// The operations, oldest first; at most [`History::CAPACITY`] are kept.
#[derive(Debug, Clone, Default)]
pub struct History {
    operations: Vec<Operation>,
    n_pushed: u64,
}

impl AppliedFile {
    /// The replacements that take this file in `direction`, carried to `live`.
    ///
    /// # Errors
    /// A conflict where the text was changed since.
    pub fn carry(&self, direction: Direction, map: &PositionMap, live: &Rope) -> Result<TextEdit, Refusal> {
        let conflict = |_| Refusal::conflict(&self.path);
        let backward = || self.forward.invert(&self.before).map_err(conflict);
        let (from, edit) = match direction {
            Direction::Undo => (&self.after, backward()?),
            Direction::Redo => (&self.before, self.forward.clone()),
        };
        let mut builder = TextEdit::builder(live.len_bytes());
        for indel in edit.iter() {
            let hunk = Hunk {
                line: from.byte_to_line(indel.delete.start) + 1,
                range: indel.delete.clone(),
                insert: indel.insert.clone(),
                tier: Tier::Exact,
                confidence: 1.0,
                block: 0,
            };
            match rebase(&hunk, from, map, live)? {
                Rebased::Fits(hunk) => builder.replace(hunk.range, hunk.insert),
                Rebased::AlreadyThere => {}
            }
        }
        builder.finish().map_err(conflict)
    }
}

impl History {
    /// Operations kept; older ones can no longer be undone by command.
    pub const CAPACITY: usize = 100;

    /// Adds the newest and gives it its id.
    pub fn push(&mut self, mut operation: Operation) {
        self.n_pushed += 1;
        operation.id = self.n_pushed;
        if self.operations.len() == Self::CAPACITY {
            self.operations.remove(0);
        }
        self.operations.push(operation);
    }

    /// The operation that a command means: for undo the newest one that is applied, for redo the one undone last;
    /// of `proposal` if given.
    pub fn find(&self, direction: Direction, proposal: Option<&ProposalId>) -> Option<&Operation> {
        let wanted = |operation: &&Operation| {
            operation.undone == (direction == Direction::Redo)
                && proposal.is_none_or(|proposal| *proposal == operation.proposal)
        };
        match direction {
            Direction::Undo => self.operations.iter().rev().find(wanted),
            // Undo goes back from the newest, so the oldest undone operation was undone last.
            Direction::Redo => self.operations.iter().find(wanted),
        }
    }

    /// The operation with this id.
    pub fn get(&self, id: u64) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The operation with this id.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Operation> {
        self.operations.iter_mut().find(|operation| operation.id == id)
    }

    /// Drops an operation that was rolled back: there is nothing left of it to undo or redo.
    pub fn forget(&mut self, id: u64) {
        self.operations.retain(|operation| operation.id != id);
    }

    /// Every track of every operation.
    pub fn tracks_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.operations.iter_mut().flat_map(|op| op.files.iter_mut().map(|file| &mut file.track))
    }
}
