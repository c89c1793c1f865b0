//! The one place where protocol types become our own, and back.

pub(super) mod from_lsp;
pub(super) mod to_lsp;
