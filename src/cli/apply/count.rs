//! What is counted of replies that were applied, or refused: the same as in an editor.

use super::report::{Failure, Outcome};
use crate::diff::Tier;
use crate::ports::EditFate;
use crate::ports::metrics::catalogue::{HUNKS, PLACED, PROBLEMS, Place, REFUSALS};

/// A reply was applied, or not.
pub(super) fn ended(outcome: &Result<Outcome, Failure>) {
    match outcome {
        Ok(outcome) => {
            HUNKS.count(EditFate::Fitted);
            for tier in outcome.tiers() {
                HUNKS.count(EditFate::Accepted);
                PLACED.count(place(tier));
            }
        }
        Err(failure) => {
            let mut is_reply = false;
            for (code, of_reply) in failure.codes() {
                PROBLEMS.count(code);
                if of_reply {
                    REFUSALS.count(code);
                }
                is_reply |= of_reply;
            }
            if is_reply {
                HUNKS.count(EditFate::Refused);
            }
        }
    }
}

fn place(tier: Tier) -> Place {
    match tier {
        Tier::Exact => Place::Exact,
        Tier::RightTrimmed => Place::RightTrimmed,
        Tier::Trimmed => Place::Trimmed,
        Tier::Canonical => Place::Canonical,
        Tier::Aligned => Place::Aligned,
    }
}
