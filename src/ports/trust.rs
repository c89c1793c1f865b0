//! Whether the user trusts a workspace: plain data for whoever acts by it or shows it.

use std::path::PathBuf;

use serde::Serialize;

use crate::problem::Problem;

/// What a workspace may do beyond being edited under review.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The user never trusted it: nothing in it counts as settings, and every change waits for a decision.
    #[default]
    Restricted,
    /// The user trusted exactly what is there now.
    Trusted,
    /// The user trusted it once, and what counts has changed since: as restricted.
    Changed,
}

impl Trust {
    /// Whether the workspace is trusted as it is now.
    pub fn is_trusted(self) -> bool {
        self == Self::Trusted
    }

    /// The word for it, as the status tells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Trusted => "trusted",
            Self::Changed => "changed",
        }
    }
}

/// What came of looking at folders.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The least trust of all.
    pub trust: Trust,
    /// What the user should be told of folders that are not trusted.
    pub notices: Vec<Problem>,
}

/// Judges folders as they are at the moment: what was trusted once may have been changed, or taken back.
pub trait TrustJudge: Send + Sync {
    /// Whether all of `folders` are trusted; none at all is nothing to trust. Blocking: never call it on the main loop.
    fn judge(&self, folders: &[PathBuf]) -> Verdict;
}
