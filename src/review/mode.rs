//! What happens to a proposal when it is ready.

/// What happens to a proposal when it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewMode {
    /// It waits for a decision.
    #[default]
    Review,
    /// It is applied as soon as it is validated.
    Auto,
}
