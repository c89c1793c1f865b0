//! Diffs for people.

/// A unified diff of one file with three lines of context; empty when the texts are equal. Headers `--- a/path`, `+++ b/path`
/// (`/dev/null` for a created file, when `old` is `None`).
pub fn unified(path: &str, old: Option<&str>, new: &str) -> String {
    todo!()
}

/// Adds ANSI colours, with word-level emphasis inside changed lines, to a unified diff of the two texts.
pub fn coloured(path: &str, old: Option<&str>, new: &str) -> String {
    todo!()
}
