//! The safe diff engine: from what a model wrote to a change set that is proved to fit, or a refusal.
//!
//! `parse → name → lower → resolve → rebase → change_set`:
//! [`parse`] reads a reply as it streams, [`name`] finds the files meant, [`lower`] turns every format into tagged
//! lines, [`resolve`] finds each hunk's one place in the text the model saw, [`rebase`] carries it over what was typed
//! meanwhile, and a [`ChangeSet`] holds the result, all files or none. Zero or several equally good places is a
//! [`Refusal`]. What fits still passes the [`gate`] before it is proposed or written, and [`impact`] tells what it does
//! to symbols.

pub mod change_set;
pub mod gate;
pub mod impact;
pub mod lower;
pub mod merge;
pub mod name;
pub mod parse;
pub mod rebase;
pub mod refusal;
pub mod render;
pub mod resolve;
pub mod tagged;

pub use change_set::{ChangeKind, ChangeSet, Evidence, FileChange, FileSet, Hunk, Tier};
pub use parse::{Ending, ParseEvent, ReplyFormat, ReplyParser};
pub use refusal::{Nearest, Refusal, RefusalCode};

/// A whole reply against the files as the model saw them: parse's result lowered and resolved, all or nothing.
///
/// # Errors
/// Every refusal found, in reply order; then nothing of the reply may be applied.
pub fn evaluate(reply: &parse::Reply, base: &FileSet) -> Result<ChangeSet, Vec<Refusal>> {
    let name::Named { reply, base, refusals: of_names } = name::named(reply, base);
    let (patches, mut refusals) = lower::lower(&reply, &base);
    // What a name could mean says more than that no file has it.
    refusals.retain(|refusal| !of_names.iter().any(|named| named.block == refusal.block));
    refusals.extend(of_names);
    let mut files = Vec::new();
    for patch in &patches {
        match resolve::resolve(patch, &base) {
            Ok(change) => files.extend(change),
            Err(found) => refusals.extend(found),
        }
    }
    refusals.extend(change_set::made_twice(&files));
    if refusals.is_empty() {
        Ok(ChangeSet { files })
    } else {
        refusals.sort_by_key(|refusal| refusal.block);
        Err(refusals)
    }
}

#[cfg(test)]
mod tests;
