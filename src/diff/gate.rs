//! The gates: what a change that fits must still not do to a file without consent.
//!
//! They look at the whole text after the change, next to the whole text before it, and refuse only what is *new*: an
//! error, a marker or an imbalance that was there before is nobody's fault now. A change set passes as a whole or not at all.

mod leftovers;
mod removal;
mod syntax;

use std::ops::Range;
use std::path::Path;

use super::{ChangeKind, ChangeSet, FileChange, FileSet, Refusal};
use crate::text::Rope;

/// What the user allows besides; nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Consent {
    /// A created file may take the place of another.
    pub overwrite: bool,
    /// Most of a file may go.
    pub removal: bool,
    /// A file may come to have syntax errors.
    pub syntax: bool,
}

/// Something that deserves a look, but refuses nothing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The file.
    pub path: String,
    /// One-based line of the text after the change.
    pub line: usize,
    /// One plain sentence.
    pub message: String,
}

/// Checks every file of a change set against the texts that it is for.
///
/// # Errors
/// What is new and wrong, in the order of the files; then nothing of the set may be proposed or written.
pub fn check(changes: &ChangeSet, base: &FileSet, consent: Consent) -> Result<Vec<Note>, Vec<Refusal>> {
    let mut notes = Vec::new();
    let mut refusals = Vec::new();
    for change in &changes.files {
        let before = base.files.get(&change.path);
        if matches!(change.kind, ChangeKind::Create { .. }) && before.is_some() && !consent.overwrite {
            refusals.push(Refusal::file_exists(&change.path));
            continue;
        }
        let Some(edited) = Edited::new(change, before) else { continue };
        let removal = removal::refusal(&edited).filter(|_| !consent.removal);
        // What is left over breaks the syntax as well, and says more about why.
        let broken = leftovers::refusal(&edited).or_else(|| match syntax::find(&edited) {
            Some(syntax::Found::New(refusal)) => Some(refusal),
            Some(syntax::Found::Known(note)) => {
                notes.push(note);
                None
            }
            None => None,
        });
        match broken {
            Some(refusal) if consent.syntax => notes.push(edited.note(&refusal)),
            broken => refusals.extend(broken),
        }
        refusals.extend(removal);
    }
    if refusals.is_empty() { Ok(notes) } else { Err(refusals) }
}

/// A file before and after its change.
struct Edited<'a> {
    path: &'a str,
    /// Empty for a new file.
    before: Rope,
    after: Rope,
    /// Where lines change, in the order of the file.
    places: Vec<Place>,
}

/// A hunk in both texts, in bytes.
struct Place {
    before: Range<usize>,
    after: Range<usize>,
    /// Zero-based block of the reply; `None` when it is not known.
    block: Option<usize>,
}

impl<'a> Edited<'a> {
    /// `None` for a change that is explicit about what goes, and for hunks that do not lie in the text.
    fn new(change: &'a FileChange, before: Option<&Rope>) -> Option<Self> {
        let path = change.path_after()?;
        match &change.kind {
            ChangeKind::Delete => None,
            ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. } => {
                let before = before.cloned().unwrap_or_default();
                let after = change.apply(&before).ok()?;
                let mut places = Vec::with_capacity(hunks.len());
                let (mut came, mut went) = (0, 0);
                for hunk in hunks {
                    let start = hunk.range.start + came - went;
                    places.push(Place {
                        before: hunk.range.clone(),
                        after: start..start + hunk.insert.len(),
                        block: Some(hunk.block),
                    });
                    (came, went) = (came + hunk.insert.len(), went + hunk.range.len());
                }
                // A change without hunks changes nothing.
                (!places.is_empty()).then_some(Self { path, before, after, places })
            }
            ChangeKind::Create { text } => {
                let before = before.cloned().unwrap_or_default();
                let whole = Place { before: 0..before.len_bytes(), after: 0..text.len(), block: None };
                Some(Self { path, before, after: Rope::from_str(text), places: vec![whole] })
            }
        }
    }

    fn file(&self) -> &Path {
        Path::new(self.path)
    }

    /// One-based line of a byte of the text after.
    fn line(&self, at: usize) -> usize {
        self.after.byte_to_line(at.min(self.after.len_bytes())) + 1
    }

    /// A line of the text after, without the blanks around it, shortened.
    fn shown(&self, line: usize) -> String {
        let line = self.after.get_line(line - 1).map(|line| line.to_string()).unwrap_or_default();
        line.trim().chars().take(80).collect()
    }

    /// A refusal that names the block.
    fn refuse(&self, refusal: Refusal, block: Option<usize>) -> Refusal {
        match block {
            Some(block) => refusal.of_block(self.path, block),
            None => refusal.of_file(self.path),
        }
    }

    fn note(&self, refusal: &Refusal) -> Note {
        let line = refusal.nearest.first().map_or(1, |place| place.line);
        Note { path: self.path.to_owned(), line, message: refusal.message.clone() }
    }
}

#[cfg(test)]
mod tests;
