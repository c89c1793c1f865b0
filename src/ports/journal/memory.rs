//! A journal that ends with the process: for work without a usable file, and for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::ready;
use serde_json::Value;

use super::{
    AuditRecord, DecisionRecord, Direction, Expired, Expiry, FileRecord, Forgotten, FrontDoor, Imported,
    Journal, Kept, NewOperation, OperationHead, OperationQuery, OperationRecord, OperationState,
    OperationSummary, ProposalRecord, ProposalStanding, Resumed, SessionSummary, Settlement, StepRecord,
    TaskRecord, Unfinished, operation_taken, unknown_operation,
};
use crate::problem::{Category, Problem};

/// A journal in memory; clones share it. It knows no time and no other process, and keeps the newest
/// [`MemoryJournal::CAPACITY`] of each thing.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    /// Roots by session.
    sessions: BTreeMap<String, String>,
    steps: Vec<StepRecord>,
    proposals: Vec<(String, ProposalRecord)>,
    decisions: Vec<(String, DecisionRecord)>,
    operations: Vec<OperationRecord>,
    audits: Vec<AuditRecord>,
    n_operations: u64,
    n_turns: u64,
}

impl MemoryJournal {
    /// Things of each kind that are kept.
    pub const CAPACITY: usize = 200;

    /// The steps of tasks, oldest first.
    pub fn steps(&self) -> Vec<StepRecord> {
        self.memory().steps.clone()
    }

    /// The proposals, oldest first.
    pub fn proposals(&self) -> Vec<ProposalRecord> {
        self.memory().proposals.iter().map(|(_, proposal)| proposal.clone()).collect()
    }

    /// The decisions with their proposals, oldest first.
    pub fn decisions(&self) -> Vec<(String, DecisionRecord)> {
        self.memory().decisions.clone()
    }

    /// The operations, oldest first.
    pub fn all_operations(&self) -> Vec<OperationRecord> {
        self.memory().operations.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the newest and lets the oldest go.
fn push<T>(all: &mut Vec<T>, new: T) {
    if all.len() == MemoryJournal::CAPACITY {
        all.remove(0);
    }
    all.push(new);
}

fn kept<T: Send + 'static>(result: Result<T, Problem>) -> Kept<T> {
    Box::pin(ready(result))
}

impl Memory {
    fn find(&mut self, number: u64) -> Result<&mut OperationRecord, Problem> {
        self.operations
            .iter_mut()
            .find(|operation| operation.head.number == number)
            .ok_or_else(|| unknown_operation(number))
    }

    fn enter(&mut self, number: u64, next: OperationState, files: Option<Vec<FileRecord>>) {
        self.n_turns += 1;
        let turn = self.n_turns;
        if let Ok(operation) = self.find(number) {
            operation.head.state = next;
            operation.head.turn = turn;
            if let Some(files) = files {
                operation.files = files;
            }
        }
    }

    fn prepare(&mut self, session: &str, new: NewOperation) -> u64 {
        self.n_operations += 1;
        self.n_turns += 1;
        let head = OperationHead {
            number: self.n_operations,
            session: session.to_owned(),
            local: new.local,
            proposal: new.proposal,
            task: new.task,
            title: new.title,
            instruction: new.instruction,
            model: new.model,
            numbers: new.numbers,
            state: OperationState::Prepared,
            turn: self.n_turns,
            prepared: Duration::ZERO,
            changed: Duration::ZERO,
            imported: false,
        };
        push(&mut self.operations, OperationRecord { head, files: new.files });
        self.n_operations
    }

    fn take(&mut self, number: u64, direction: Direction) -> Result<(), Problem> {
        let (from, under_way) = direction.states();
        let state = self.find(number)?.head.state;
        if state != from {
            return Err(operation_taken(number, state));
        }
        self.enter(number, under_way, None);
        Ok(())
    }

    fn settle(
        &mut self,
        session: &str,
        number: u64,
        settlement: Settlement,
        files: Option<Vec<FileRecord>>,
    ) -> Result<(), Problem> {
        let state = self.find(number)?.head.state;
        let next = settlement.after(state).ok_or_else(|| operation_taken(number, state))?;
        self.enter(number, next, files);
        if let Some(action) = settlement.deed() {
            let record = AuditRecord {
                at: Duration::ZERO,
                session: Some(session.to_owned()),
                action: action.to_owned(),
                subject: format!("o{number}"),
                detail: self.sessions.get(session).cloned().unwrap_or_default(),
            };
            push(&mut self.audits, record);
        }
        Ok(())
    }

    fn list(&self, query: &OperationQuery) -> Vec<OperationSummary> {
        let of_root = |operation: &&OperationRecord| match &query.root {
            Some(root) => self.sessions.get(&operation.head.session) == Some(root),
            None => true,
        };
        self.operations
            .iter()
            .rev()
            .filter(of_root)
            .filter(|operation| query.before.is_none_or(|before| operation.head.number < before))
            .map(|operation| OperationSummary {
                head: operation.head.clone(),
                files: operation.files.iter().map(FileRecord::name).collect(),
            })
            .filter(|operation| match &query.path {
                Some(path) => operation.files.iter().any(|file| file.is_about(path)),
                None => true,
            })
            .take(query.limit)
            .collect()
    }
}

impl Journal for MemoryJournal {
    fn outlives(&self) -> bool {
        false
    }

    /// Begins one.
    fn resume(&self, root: &str, _door: FrontDoor) -> Kept<Resumed> {
        let mut memory = self.memory();
        let session = format!("{:032x}", memory.sessions.len() + 1);
        memory.sessions.insert(session.clone(), root.to_owned());
        let (next_task, next_proposal, next_operation) = (1, 1, 1);
        kept(Ok(Resumed { session, next_task, next_proposal, next_operation, ..Resumed::default() }))
    }

    /// None: there is nothing to come back to.
    fn resume_waiting(&self, _root: &str, _door: FrontDoor) -> Kept<Vec<Resumed>> {
        kept(Ok(Vec::new()))
    }

    fn record_task(&self, _session: &str, _task: TaskRecord) -> Kept {
        kept(Ok(()))
    }

    fn record_step(&self, _session: &str, step: StepRecord) -> Kept {
        push(&mut self.memory().steps, step);
        kept(Ok(()))
    }

    fn propose(&self, session: &str, proposal: ProposalRecord) -> Kept {
        push(&mut self.memory().proposals, (session.to_owned(), proposal));
        kept(Ok(()))
    }

    fn update_proposal(
        &self,
        session: &str,
        proposal: &str,
        standing: ProposalStanding,
        body: Option<String>,
        decisions: Vec<DecisionRecord>,
    ) -> Kept {
        let mut memory = self.memory();
        let known = memory.proposals.iter_mut().find(|(of, known)| of == session && known.id == proposal);
        if let Some((_, known)) = known {
            known.standing = standing;
            known.body = body.unwrap_or_else(|| std::mem::take(&mut known.body));
        }
        for decision in decisions {
            push(&mut memory.decisions, (proposal.to_owned(), decision));
        }
        kept(Ok(()))
    }

    fn prepare(&self, session: &str, operation: NewOperation) -> Kept<u64> {
        kept(Ok(self.memory().prepare(session, operation)))
    }

    fn prepare_take(
        &self,
        _session: &str,
        number: u64,
        direction: Direction,
        _files: Vec<FileRecord>,
    ) -> Kept {
        kept(self.memory().take(number, direction))
    }

    fn settle(
        &self,
        session: &str,
        number: u64,
        settlement: Settlement,
        files: Option<Vec<FileRecord>>,
    ) -> Kept {
        kept(self.memory().settle(session, number, settlement, files))
    }

    /// Nothing: what was under way ended with it.
    fn unfinished(&self, _session: &str) -> Kept<Vec<Unfinished>> {
        kept(Ok(Vec::new()))
    }

    /// Nothing, as above.
    fn unfinished_elsewhere(&self, _session: &str) -> Kept<Vec<Unfinished>> {
        kept(Ok(Vec::new()))
    }

    fn settle_left(&self, session: &str, number: u64, settlement: Settlement) -> Kept {
        self.settle(session, number, settlement, None)
    }

    fn operations(&self, query: OperationQuery) -> Kept<Vec<OperationSummary>> {
        kept(Ok(self.memory().list(&query)))
    }

    fn operation(&self, number: u64) -> Kept<OperationRecord> {
        kept(self.memory().find(number).cloned())
    }

    /// None: there is nothing to come back to.
    fn sessions(&self, _root: Option<&str>) -> Kept<Vec<SessionSummary>> {
        kept(Ok(Vec::new()))
    }

    fn export(&self, _session: &str) -> Kept<Value> {
        kept(Err(no_journal()))
    }

    fn import(&self, _root: &str, _exported: Value) -> Kept<Imported> {
        kept(Err(no_journal()))
    }

    fn expire(&self, _expiry: Expiry) -> Kept<Expired> {
        kept(Ok(Expired::default()))
    }

    fn forget(&self, _session: &str) -> Kept<Forgotten> {
        kept(Err(no_journal()))
    }

    fn audit(&self, record: AuditRecord) -> Kept {
        push(&mut self.memory().audits, record);
        kept(Ok(()))
    }

    fn audits(&self, limit: usize) -> Kept<Vec<AuditRecord>> {
        kept(Ok(self.memory().audits.iter().rev().take(limit).cloned().collect()))
    }
}

fn no_journal() -> Problem {
    Problem::error("no-journal", Category::Storage, "nothing is kept over sessions at the moment")
        .hint("`tenon doctor` says why")
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::ports::FileChange;
    use crate::text::{DocumentUri, Rope};

    fn now<T>(kept: Kept<T>) -> Result<T, &'static str> {
        kept.now_or_never().expect("memory answers at once").map_err(|problem| problem.code)
    }

    fn operation(path: &str) -> NewOperation {
        NewOperation {
            local: 1,
            proposal: "p1".to_owned(),
            task: "t1".to_owned(),
            title: String::new(),
            instruction: String::new(),
            model: String::new(),
            numbers: vec![0],
            files: vec![FileRecord {
                path: path.to_owned(),
                path_after: None,
                uri: DocumentUri::new(format!("file:///{path}")),
                uri_after: None,
                kind: FileChange::Modified,
                before: Some(Rope::from_str("a")),
                after: Some(Rope::from_str("b")),
            }],
        }
    }

    #[test]
    fn an_operation_is_taken_once() {
        let journal = MemoryJournal::default();
        let session = now(journal.resume("/w", FrontDoor::Editor)).unwrap().session;
        let number = now(journal.prepare(&session, operation("a"))).unwrap();
        let take = |direction| now(journal.prepare_take(&session, number, direction, Vec::new()));
        let settle = |settlement| now(journal.settle(&session, number, settlement, None));
        assert_eq!(take(Direction::Undo), Err("operation-taken"));
        assert_eq!(settle(Settlement::Applied), Ok(()));
        assert_eq!(settle(Settlement::Applied), Err("operation-taken"));
        assert_eq!(take(Direction::Undo), Ok(()));
        assert_eq!(take(Direction::Undo), Err("operation-taken"));
        assert_eq!(settle(Settlement::Undone), Ok(()));
        assert_eq!(settle(Settlement::Redone), Ok(()));
        assert_eq!(now(journal.operation(number)).unwrap().head.state, OperationState::Applied);
        assert_eq!(now(journal.operation(9)), Err("unknown-operation"));
    }

    #[test]
    fn operations_are_listed_by_root_path_and_page() {
        let journal = MemoryJournal::default();
        let (one, two) = (
            now(journal.resume("/1", FrontDoor::Editor)).unwrap(),
            now(journal.resume("/2", FrontDoor::Editor)).unwrap(),
        );
        for (session, path) in [(&one, "a"), (&two, "a"), (&one, "b"), (&one, "a")] {
            now(journal.prepare(&session.session, operation(path))).unwrap();
        }
        let list = |root: &str, path: Option<&str>, before| {
            let query = OperationQuery {
                root: Some(root.to_owned()),
                path: path.map(str::to_owned),
                before,
                limit: 2,
            };
            let found = now(journal.operations(query)).unwrap();
            found.into_iter().map(|operation| operation.head.number).collect::<Vec<_>>()
        };
        assert_eq!(list("/1", None, None), [4, 3]);
        assert_eq!(list("/1", None, Some(3)), [1]);
        assert_eq!(list("/1", Some("a"), None), [4, 1]);
        assert_eq!(list("/2", None, None), [2]);
    }
}
