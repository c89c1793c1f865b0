//! What is counted of replies that were looked at.

use std::time::Duration;

use crate::diff::{ChangeKind, ChangeSet, Evidence, Refusal, Tier};
use crate::ports::metrics::catalogue::{DIFF_TIME, PLACED, Place, REFUSALS};

/// A reply was proved against the text, or refused, after `time`.
pub(super) fn resolved(time: Duration, result: Result<&ChangeSet, &Vec<Refusal>>) {
    DIFF_TIME.observe(time);
    match result {
        Ok(changes) => {
            for file in &changes.files {
                let (ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. }) = &file.kind else {
                    continue;
                };
                for hunk in hunks {
                    PLACED.count(place(&hunk.evidence));
                }
            }
        }
        Err(refusals) => refusals.iter().for_each(|refusal| REFUSALS.count(refusal.code.as_str())),
    }
}

fn place(evidence: &Evidence) -> Place {
    match evidence.tier {
        Tier::Exact => Place::Exact,
        Tier::RightTrimmed => Place::RightTrimmed,
        Tier::Trimmed => Place::Trimmed,
        Tier::Canonical => Place::Canonical,
        Tier::Aligned => Place::Aligned,
    }
}
