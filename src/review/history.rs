//! What was applied, so that it can be taken back and done again.
//!
//! Each [`Operation`] keeps every file's text before and after, and a [`Track`] from the side it is on now.
//! Undo and redo are the same thing in two directions: carry the edit between the two texts to the live text,
//! or refuse because that place was changed since.

use super::{ProposalId, Track};
use crate::diff::rebase::{Rebased, rebase};
use crate::diff::{Evidence, Hunk, Refusal};
use crate::text::{DocumentUri, PositionMap, Rope, TextEdit};

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
    /// Deleted it.
    Deleted,
    /// Gave it another path.
    Renamed {
        /// Where it was.
        from: DocumentUri,
        /// Where it is after.
        to: DocumentUri,
        /// That place, workspace-relative.
        path: String,
    },
}

/// One file of an operation.
#[derive(Debug, Clone)]
pub struct AppliedFile {
    /// Workspace-relative, `/` separators; the path before for a renamed file.
    pub path: String,
    /// What was done.
    pub kind: AppliedKind,
    /// The text before (empty for a created file).
    pub before: Rope,
    /// The text after.
    pub after: Rope,
    /// From before to after, as it was sent.
    pub forward: TextEdit,
    /// Follows the file from the side it is on now: `after`, or `before` once undone; under the path it has there.
    pub track: Track,
}

/// One accepted edit.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Counts operations; given by [`History::push`].
    pub id: u64,
    /// Its number in the journal, by which people name it; `None` where there is no journal.
    pub number: Option<u64>,
    /// The proposal it came from.
    pub proposal: ProposalId,
    /// The task that made the proposal.
    pub task: String,
    /// Hunk numbers of the proposal that it applied.
    pub numbers: Vec<usize>,
    /// Whether it was taken back.
    pub undone: bool,
    /// When it was last applied or taken back, counted over all operations. For one of an earlier process the journal's
    /// count; for what is done here a larger one, given by [`History`]. Zero for one that was only looked up.
    pub turn: u64,
    /// The files.
    pub files: Vec<AppliedFile>,
}

/// Turns of this process are larger than all of the journal's: what comes back, however late, was taken before.
const OWN: u64 = 1 << 63;

/// The operations, oldest first; at most [`History::CAPACITY`] are kept.
#[derive(Debug, Clone, Default)]
pub struct History {
    operations: Vec<Operation>,
    n_pushed: u64,
    n_turns: u64,
}

impl AppliedFile {
    /// Its path, and the one it has after a rename.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let after = match &self.kind {
            AppliedKind::Renamed { path, .. } => Some(path.as_str()),
            _ => None,
        };
        std::iter::once(self.path.as_str()).chain(after)
    }

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
                evidence: Evidence::EXACT,
                block: 0,
            };
            match rebase(&hunk, from, map, live)? {
                // It was found by comparing, and could as well be another place.
                Rebased::Fits(_) if self.track.is_doubtful(&indel.delete, live) => {
                    return Err(Refusal::conflict(&self.path));
                }
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

    /// Adds the newest and returns the id that it gets.
    pub fn push(&mut self, mut operation: Operation) -> u64 {
        self.n_pushed += 1;
        operation.id = self.n_pushed;
        operation.turn = self.next_turn();
        self.operations.push(operation);
        self.make_room();
        self.n_pushed
    }

    /// Forgets what was taken longest ago. What was only looked up has room of its own: a command is about to take it.
    fn make_room(&mut self) {
        for is_looked_up in [true, false] {
            let is_of = |operation: &Operation| (operation.turn == 0) == is_looked_up;
            while self.operations.iter().filter(|operation| is_of(operation)).count() > Self::CAPACITY {
                let of = self.operations.iter().enumerate().filter(|(_, operation)| is_of(operation));
                let Some((oldest, _)) = of.min_by_key(|(_, operation)| operation.turn) else { return };
                self.operations.remove(oldest);
            }
        }
    }

    fn next_turn(&mut self) -> u64 {
        self.n_turns += 1;
        OWN + self.n_turns
    }

    /// Puts an operation of the journal in the place of the one with its id; what was taken here since counts.
    fn load(&mut self, mut operation: Operation) {
        operation.turn = operation.turn.clamp(1, OWN);
        if let Some(known) = self.forget(operation.id) {
            operation.turn = operation.turn.max(known.turn);
        }
        self.operations.push(operation);
    }

    /// The operation that a command means: for undo the one applied last, for redo the one undone last; of
    /// `proposal` if given. Operations of which `busy` is true are passed over.
    pub fn find(
        &self,
        direction: Direction,
        proposal: Option<&ProposalId>,
        busy: impl Fn(u64) -> bool,
    ) -> Option<&Operation> {
        let wanted = |operation: &&Operation| {
            operation.undone == (direction == Direction::Redo)
                && operation.turn > 0
                && !busy(operation.id)
                && proposal.is_none_or(|proposal| *proposal == operation.proposal)
        };
        self.operations.iter().filter(wanted).max_by_key(|operation| operation.turn)
    }

    /// The operations, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Operation> {
        self.operations.iter()
    }

    /// The operation that commands know by this number.
    pub fn numbered(&self, number: u64) -> Option<&Operation> {
        let is = |operation: &&Operation| match operation.number {
            Some(known) => known == number,
            None => operation.id == number,
        };
        self.operations.iter().find(is)
    }

    /// A number in the session for an operation that is about to be made.
    pub fn reserve(&mut self) -> u64 {
        self.n_pushed += 1;
        self.n_pushed
    }

    /// Takes over the operations of an earlier process, whose next one would have had the number `next`.
    /// They are older than all that was done here, in the order of their turns.
    pub fn go_on(&mut self, operations: Vec<Operation>, next: u64) {
        for operation in operations {
            self.load(operation);
        }
        self.make_room();
        self.operations.sort_by_key(|operation| operation.id);
        self.n_pushed = self.n_pushed.max(next.saturating_sub(1));
    }

    /// Takes over one operation of an earlier process, in the place of the one with its id if that is there. It is older
    /// than all that was done here.
    pub fn put(&mut self, operation: Operation) {
        self.n_pushed = self.n_pushed.max(operation.id);
        self.load(operation);
        self.make_room();
    }

    /// Takes over one operation as it was looked up, in the place of the one with its id if that is there. It is not
    /// what was taken last: until it is taken, only its number names it.
    pub fn recall(&mut self, mut operation: Operation) {
        let known = self.operations.iter().position(|known| known.id == operation.id);
        operation.turn = known.map_or(0, |at| self.operations.remove(at).turn);
        self.n_pushed = self.n_pushed.max(operation.id);
        self.operations.push(operation);
        self.make_room();
    }

    /// The operation with this id.
    pub fn get(&self, id: u64) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// Notes the number in the journal of the operation with this id.
    pub fn give_number(&mut self, id: u64, number: u64) {
        if let Some(operation) = self.operations.iter_mut().find(|operation| operation.id == id) {
            operation.number = Some(number);
        }
    }

    /// Notes that the operation with this id was taken in `direction` just now.
    pub fn take(&mut self, id: u64, direction: Direction) -> Option<&mut Operation> {
        let turn = self.next_turn();
        let operation = self.operations.iter_mut().find(|operation| operation.id == id)?;
        operation.undone = direction == Direction::Undo;
        operation.turn = turn;
        Some(operation)
    }

    /// Drops an operation that was rolled back: there is nothing left of it to undo or redo.
    pub fn forget(&mut self, id: u64) -> Option<Operation> {
        let at = self.operations.iter().position(|operation| operation.id == id)?;
        Some(self.operations.remove(at))
    }

    /// Leaves files out of an operation: they were taken back already.
    pub fn drop_files(&mut self, id: u64, uris: &[DocumentUri]) {
        if let Some(operation) = self.operations.iter_mut().find(|operation| operation.id == id) {
            operation.files.retain(|file| !uris.contains(file.track.uri()));
        }
    }

    /// Every track of every operation.
    pub fn tracks_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.operations.iter_mut().flat_map(|op| op.files.iter_mut().map(|file| &mut file.track))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(proposal: &str) -> Operation {
        Operation {
            id: 0,
            number: None,
            proposal: ProposalId::new(proposal),
            task: String::new(),
            numbers: Vec::new(),
            undone: false,
            turn: 0,
            files: Vec::new(),
        }
    }

    fn found(history: &History, direction: Direction) -> Option<&str> {
        history.find(direction, None, |_| false).map(|operation| operation.proposal.as_str())
    }

    #[test]
    fn what_came_last_is_taken_first() {
        let mut history = History::default();
        history.push(operation("p1"));
        history.push(operation("p2"));
        assert_eq!((found(&history, Direction::Undo), found(&history, Direction::Redo)), (Some("p2"), None));
        history.take(1, Direction::Undo);
        history.take(2, Direction::Undo);
        assert_eq!((found(&history, Direction::Undo), found(&history, Direction::Redo)), (None, Some("p2")));
        history.take(2, Direction::Redo);
        history.take(1, Direction::Redo);
        assert_eq!(found(&history, Direction::Undo), Some("p1"));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut history = History::default();
        for n in 0..=History::CAPACITY {
            history.push(operation(&format!("p{n}")));
        }
        assert!(history.get(1).is_none());
        assert!(history.get(2).is_some());
        assert!(history.forget(2).is_some() && history.forget(2).is_none());
    }

    #[test]
    fn what_comes_back_late_is_older_than_what_was_done_here() {
        let loaded = |id, turn| Operation { id, turn, ..operation(&format!("j{turn}")) };
        let mut history = History::default();
        history.push(operation("here"));
        history.go_on(vec![loaded(8, 900), loaded(9, 700)], 10);
        history.put(loaded(7, 800));
        let mut taken = Vec::new();
        while let Some(next) = history.find(Direction::Undo, None, |_| false) {
            let id = next.id;
            taken.push(next.proposal.to_string());
            history.take(id, Direction::Undo);
        }
        assert_eq!(taken, ["here", "j900", "j800", "j700"]);
    }

    #[test]
    fn what_was_taken_longest_ago_is_dropped_whatever_its_id() {
        let loaded = |id, turn| Operation { id, turn, ..operation(&format!("j{turn}")) };
        let mut history = History::default();
        history.go_on((1..=100).map(|n| loaded(n, 1000 + n)).collect(), 101);
        history.go_on((101..=200).map(|n| loaded(n, n)).collect(), 201);
        assert_eq!(history.iter().count(), History::CAPACITY);
        assert!((1..=100).all(|id| history.get(id).is_some()), "the newest stay");
        assert_eq!(found(&history, Direction::Undo), Some("j1100"));
        history.put(loaded(300, 5));
        assert!(history.get(300).is_none() && history.get(1).is_some());
    }

    #[test]
    fn what_was_only_looked_up_is_not_what_came_last() {
        let mut history = History::default();
        history.recall(Operation { id: 1, number: Some(9), ..operation("o9") });
        assert_eq!(found(&history, Direction::Undo), None);
        assert!(history.numbered(9).is_some());
        history.push(operation("p1"));
        history.take(1, Direction::Undo);
        history.take(1, Direction::Redo);
        assert_eq!(found(&history, Direction::Undo), Some("o9"));
        history.recall(Operation { id: 1, number: Some(9), ..operation("o9") });
        assert_eq!(found(&history, Direction::Undo), Some("o9"), "it keeps its turn");
        for n in 0..3 * History::CAPACITY {
            history.push(operation(&format!("p{n}")));
        }
        assert_eq!(history.iter().count(), History::CAPACITY);
    }

    #[test]
    fn it_is_carried_or_refused() {
        let (before, after) = (Rope::from_str("a\nb\nc\n"), Rope::from_str("a\nB\nc\n"));
        let mut whole_lines = TextEdit::builder(6);
        whole_lines.replace(2..4, "B\n");
        let file = AppliedFile {
            path: "a".to_owned(),
            kind: AppliedKind::Modified,
            forward: whole_lines.finish().unwrap(),
            track: Track::open(DocumentUri::new("file:///a"), after.clone()),
            before,
            after,
        };
        let undo = |live: &str| {
            let live = Rope::from_str(live);
            let mut track = file.track.clone();
            track.opened(&live);
            let edit = file.carry(Direction::Undo, &track.map(&live).unwrap(), &live)?;
            Ok::<_, Refusal>(edit.apply(&live).unwrap().to_string())
        };
        assert_eq!(undo("x\na\nB\nc\n").unwrap(), "x\na\nb\nc\n");
        assert!(undo("a\nBB\nc\n").is_err());
    }
}
