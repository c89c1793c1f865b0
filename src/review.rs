//! Pending changes: proposals, the decision on each hunk, and what was applied and can be undone.
//!
//! Pure. A hunk never moves: it stays in the coordinates of the text it was proved against, beside a
//! [`Track`] of what happened to that text since. Where it is *now*, or why it no longer fits, is computed
//! when asked; so a change typed and deleted again leaves a hunk as good as before.

mod history;
mod mode;
mod proposal;
pub mod stored;
mod track;

pub use history::{AppliedFile, AppliedKind, Direction, History, Operation};
pub use mode::ReviewMode;
pub use proposal::{
    Decision, Place, Proposal, ProposalId, ProposalState, ProposedChange, ProposedFile, ProposedHunk,
};
pub use track::Track;
