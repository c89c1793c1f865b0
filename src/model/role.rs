//! What models are asked for.

use serde::{Deserialize, Serialize};

/// A kind of work; the configuration names models for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Writing edits.
    Edit,
    /// Reading and explaining.
    Analysis,
    /// Writing new files.
    Generation,
    /// Judging changes.
    Review,
    /// Improving code that works.
    Improvement,
    /// Judging results, and writing tests for them.
    Validation,
    /// Completing text at the cursor.
    Completion,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Edit,
        Self::Analysis,
        Self::Generation,
        Self::Review,
        Self::Improvement,
        Self::Validation,
        Self::Completion,
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Analysis => "analysis",
            Self::Generation => "generation",
            Self::Review => "review",
            Self::Improvement => "improvement",
            Self::Validation => "validation",
            Self::Completion => "completion",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
