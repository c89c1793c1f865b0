//! Carries a hunk from the text the model saw to the text as it is now.

use super::{Hunk, Refusal};
use crate::text::{PositionMap, Rope};

/// What became of a hunk.
#[derive(Debug, Clone, PartialEq)]
pub enum Rebased {
    /// It fits here; only its range and line moved.
    Fits(Hunk),
    /// The user made the very same change: nothing is left to do.
    AlreadyThere,
}

/// Carries `hunk` of `base` over `map` to `live`.
///
/// # Errors
/// A [`Refusal`] with code `conflict` when the text was changed where the hunk belongs: inside its range, at the same point
/// as its insertion, or across the range along which its insertion could slide.
pub fn rebase(hunk: &Hunk, base: &Rope, map: &PositionMap, live: &Rope) -> Result<Rebased, Refusal> {
    todo!()
}
