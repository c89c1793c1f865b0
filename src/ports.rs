//! What the core needs from outside, as few traits as possible; each has a real implementer at the edge and a fake in the tests.
//!
//! Everything here is plain data or a trait. Calls on [`Editor`] return at once: answers come back to the main loop as events.

mod actions;
mod alerts;
mod components;
mod editor;
mod files;
mod health;
mod journal;
mod ledger;
pub mod metrics;
mod models;
mod recorder;
mod responses;
mod trust;

pub use actions::OwnAction;
pub use alerts::{Alert, Alerts, QUIET, Reading, Thresholds};
pub use components::{Component, ComponentHealth, Components, LifeCycle, Uptime};
pub use editor::{
    ApplyId, Editor, FileEdit, Hint, Mark, MarkKind, NO_ANSWER, Progress, ProgressStage, TaskNotice,
    WorkspaceChange,
};
pub use files::{FileBelow, FileError, FileWrite, FileWriter, Scratch, SourceFiles};
pub use health::{Availability, Health, LastError, ModelHealth, ProviderHealth};
pub use journal::{
    AuditRecord, BaseFile, DecisionRecord, Direction, Expired, Expiry, FileChange, FileName, FileRecord,
    Forgotten, FrontDoor, Imported, Journal, Kept, MemoryJournal, NewOperation, OperationHead,
    OperationQuery, OperationRecord, OperationState, OperationSummary, ProposalRecord, ProposalStanding,
    Resumed, SessionSummary, Settlement, StepRecord, TaskRecord, Unfinished, operation_taken, session_held,
    unknown_operation, unknown_session,
};
pub use ledger::{
    EditFate, KnownUsage, Ledger, MemoryLedger, ModelStatistics, ProviderHistory, RequestEnd, Spent,
    UsageRecord,
};
pub use models::{ModelSource, UpstreamSource};
pub use recorder::Recorder;
pub use responses::{CacheKey, MemoryStore, ResponseStore, StoreStatistics, StoredReply};
pub use trust::{Trust, TrustJudge, Verdict};
