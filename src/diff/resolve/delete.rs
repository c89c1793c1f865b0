//! A file that goes: what the reply quotes of it must be what it holds.
//!
//! A reply that quotes another text was written for another file, or for one that is no more; so the whole text is
//! compared, not searched for.

use super::{FileChange, FilePatch, FileSet, LineHunk, Lines, Refusal, RefusalCode};
use crate::diff::tagged::old_side;

/// The deletion of `patch`'s file. `quoted` is its text as the reply has it, if it quotes one.
///
/// # Errors
/// The text quoted is not the file's, blanks at line ends apart.
pub(super) fn delete(
    patch: &FilePatch,
    quoted: Option<&LineHunk>,
    base: &FileSet,
) -> Result<FileChange, Vec<Refusal>> {
    let Some(quoted) = quoted else { return Ok(FileChange::delete(&patch.path)) };
    let text = base.files.get(&patch.path).map(String::from).unwrap_or_default();
    let lines = Lines::new(&text);
    let wanted = old_side(&quoted.lines);
    let differs = (0..lines.len().max(wanted.len())).find(|&at| {
        at >= lines.len() || wanted.get(at).is_none_or(|line| line.trim_end() != lines.content(at).trim_end())
    });
    let Some(at) = differs else { return Ok(FileChange::delete(&patch.path)) };
    let refusal = Refusal::new(
        RefusalCode::NoSuchPlace,
        format!("The text quoted is not that of the file to delete: line {} differs", at + 1),
        "Quote the file as it is, or delete it without quoting it.",
    );
    Err(vec![refusal.of_block(&patch.path, quoted.block)])
}
