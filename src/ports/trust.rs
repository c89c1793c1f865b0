//! Whether the user trusts a workspace: plain data for whoever acts by it or shows it.

use serde::Serialize;

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
