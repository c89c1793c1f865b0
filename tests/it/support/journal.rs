//! A journal in memory that outlives its process, so that a test can restart the server; it can fail, or say nothing.

#![expect(clippy::unwrap_used, reason = "a test may stop, and reads better so")]

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tenon::ports::{
    AuditRecord, DecisionRecord, Direction, Expired, Expiry, FileRecord, Forgotten, FrontDoor, Imported,
    Journal, Kept, MemoryJournal, NewOperation, OperationQuery, OperationRecord, OperationState,
    OperationSummary, ProposalRecord, ProposalStanding, Resumed, SessionSummary, Settlement, StepRecord,
    TaskRecord, Unfinished,
};
use tenon::problem::{Category, Problem};

#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) memory: MemoryJournal,
    session: Mutex<Option<String>>,
    takes: Mutex<HashMap<u64, Vec<FileRecord>>>,
    /// Every write fails.
    pub(crate) fails: AtomicBool,
    /// How an operation ended is never written, nor answered.
    pub(crate) settles_never: AtomicBool,
    /// How an operation ended cannot be written.
    pub(crate) settles_fail: AtomicBool,
    /// What was left under way is not answered for.
    pub(crate) unfinished_fails: AtomicBool,
    /// That a decision is kept is said long after.
    pub(crate) decides_late: AtomicBool,
}

impl Disk {
    fn written<T: Send + 'static>(&self, write: impl FnOnce() -> Kept<T>) -> Kept<T> {
        if self.fails.load(Ordering::SeqCst) {
            let full = Problem::error("journal-unusable", Category::Storage, "the disk is full");
            return Box::pin(std::future::ready(Err(full)));
        }
        let written = write();
        // The word comes later, as a real one does.
        Box::pin(async move {
            tokio::task::yield_now().await;
            written.await
        })
    }
}

impl Journal for Disk {
    fn outlives(&self) -> bool {
        true
    }

    fn resume(&self, root: &str, door: FrontDoor) -> Kept<Resumed> {
        let mut session = self.session.lock().unwrap();
        let Some(known) = session.clone() else {
            let begun = futures::FutureExt::now_or_never(self.memory.resume(root, door)).unwrap().unwrap();
            *session = Some(begun.session.clone());
            return Box::pin(std::future::ready(Ok(begun)));
        };
        let number = |id: &str| id[1..].parse::<u64>().unwrap();
        let proposals = self.memory.proposals();
        let operations = self.memory.all_operations();
        let resumed = Resumed {
            n_unread: 0,
            session: known,
            again: true,
            next_task: proposals.iter().map(|proposal| number(&proposal.task)).max().unwrap_or(0) + 1,
            next_proposal: proposals.iter().map(|proposal| number(&proposal.id)).max().unwrap_or(0) + 1,
            next_operation: operations.iter().map(|operation| operation.head.local).max().unwrap_or(0) + 1,
            proposals: proposals.into_iter().filter(|proposal| proposal.standing.is_open()).collect(),
            operations: operations
                .into_iter()
                .filter(|found| {
                    !matches!(found.head.state, OperationState::Prepared | OperationState::RolledBack)
                })
                .collect(),
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(resumed)
        })
    }

    fn resume_waiting(&self, root: &str, door: FrontDoor) -> Kept<Vec<Resumed>> {
        self.memory.resume_waiting(root, door)
    }

    fn record_task(&self, session: &str, task: TaskRecord) -> Kept {
        self.written(|| self.memory.record_task(session, task))
    }

    fn record_step(&self, session: &str, step: StepRecord) -> Kept {
        self.written(|| self.memory.record_step(session, step))
    }

    fn propose(&self, session: &str, proposal: ProposalRecord) -> Kept {
        self.written(|| self.memory.propose(session, proposal))
    }

    fn update_proposal(
        &self,
        session: &str,
        proposal: &str,
        standing: ProposalStanding,
        body: Option<String>,
        decisions: Vec<DecisionRecord>,
    ) -> Kept {
        let kept = self.written(|| self.memory.update_proposal(session, proposal, standing, body, decisions));
        let n_passes = if self.decides_late.load(Ordering::SeqCst) { 20_000 } else { 0 };
        Box::pin(async move {
            for _ in 0..n_passes {
                tokio::task::yield_now().await;
            }
            kept.await
        })
    }

    fn prepare(&self, session: &str, operation: NewOperation) -> Kept<u64> {
        self.written(|| self.memory.prepare(session, operation))
    }

    fn prepare_take(&self, session: &str, number: u64, direction: Direction, files: Vec<FileRecord>) -> Kept {
        self.takes.lock().unwrap().insert(number, files.clone());
        self.written(|| self.memory.prepare_take(session, number, direction, files))
    }

    fn settle(
        &self,
        session: &str,
        number: u64,
        settlement: Settlement,
        files: Option<Vec<FileRecord>>,
    ) -> Kept {
        if self.settles_never.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        if self.settles_fail.load(Ordering::SeqCst) {
            let locked = Problem::error("journal-unusable", Category::Storage, "the file is locked");
            return Box::pin(std::future::ready(Err(locked)));
        }
        self.written(|| self.memory.settle(session, number, settlement, files))
    }

    fn unfinished(&self, _session: &str) -> Kept<Vec<Unfinished>> {
        if self.unfinished_fails.load(Ordering::SeqCst) {
            let locked = Problem::error("journal-unusable", Category::Storage, "the file is locked");
            return Box::pin(std::future::ready(Err(locked)));
        }
        let takes = self.takes.lock().unwrap();
        let left = self
            .memory
            .all_operations()
            .into_iter()
            .filter(|operation| operation.head.state.is_under_way())
            .map(|operation| {
                let prepared = operation.head.state == OperationState::Prepared;
                let step =
                    if prepared { operation.files.clone() } else { takes[&operation.head.number].clone() };
                Unfinished { operation, step }
            })
            .collect();
        Box::pin(std::future::ready(Ok(left)))
    }

    fn unfinished_elsewhere(&self, session: &str) -> Kept<Vec<Unfinished>> {
        self.memory.unfinished_elsewhere(session)
    }

    fn settle_left(&self, session: &str, number: u64, settlement: Settlement) -> Kept {
        self.settle(session, number, settlement, None)
    }

    fn operations(&self, query: OperationQuery) -> Kept<Vec<OperationSummary>> {
        self.memory.operations(query)
    }

    fn operation(&self, number: u64) -> Kept<OperationRecord> {
        self.memory.operation(number)
    }

    fn sessions(&self, root: Option<&str>) -> Kept<Vec<SessionSummary>> {
        self.memory.sessions(root)
    }

    fn export(&self, session: &str) -> Kept<Value> {
        self.memory.export(session)
    }

    fn import(&self, root: &str, exported: Value) -> Kept<Imported> {
        self.memory.import(root, exported)
    }

    fn expire(&self, expiry: Expiry) -> Kept<Expired> {
        self.memory.expire(expiry)
    }

    fn forget(&self, session: &str) -> Kept<Forgotten> {
        self.memory.forget(session)
    }

    fn audit(&self, record: AuditRecord) -> Kept {
        self.memory.audit(record)
    }

    fn audits(&self, limit: usize) -> Kept<Vec<AuditRecord>> {
        self.memory.audits(limit)
    }
}
