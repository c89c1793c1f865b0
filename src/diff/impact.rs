//! What a change does to the symbols of a file: which are added, removed, renamed, or changed in signature or body.
//!
//! Told from the outlines of the text before and the text after, so blanks and what stands around a symbol do not
//! matter. For people and for a reviewing model; nothing is refused because of it. A language without a grammar and a
//! text that cannot be parsed within the budget have no impact.

mod facts;
mod matching;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ChangeKind, ChangeSet, FileChange, FileSet};
use crate::syntax::{Language, Parsed, SymbolKind};
use crate::text::Rope;

/// What happens to a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another name.
    Renamed,
    /// What its users see of it changed, and perhaps its body too.
    Signature,
    /// Only its body changed.
    Body,
}

/// What a change does to one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// Its name with those around it: `Type::method` in Rust, `Type.method` elsewhere; the header of an `impl`.
    pub symbol: String,
    /// What it is.
    pub kind: SymbolKind,
    /// What happens to it.
    pub change: Effect,
    /// What a renamed symbol was called before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// By the path of a file, what happens to its symbols: in the order of the text after, those that are gone last. Files
/// without any are left out. Parses every changed file twice, so it belongs off any loop.
pub fn impact(changes: &ChangeSet, base: &FileSet) -> BTreeMap<String, Vec<Impact>> {
    let of_file = |change: &FileChange| {
        let found = of_file(change, base.files.get(&change.path))?;
        (!found.is_empty()).then(|| (change.path.clone(), found))
    };
    changes.files.iter().filter_map(of_file).collect()
}

fn of_file(change: &FileChange, before: Option<&Rope>) -> Option<Vec<Impact>> {
    let language = Language::from_path(Path::new(&change.path))?;
    let nothing = Rope::new();
    let before = Parsed::new(language, before.unwrap_or(&nothing))?;
    let after = match &change.kind {
        ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. } => {
            let edits: Vec<(Range<usize>, usize)> =
                hunks.iter().map(|hunk| (hunk.range.clone(), hunk.insert.len())).collect();
            before.after(&edits, &change.apply(before.text()).ok()?)?
        }
        ChangeKind::Delete => Parsed::new(language, &nothing)?,
        ChangeKind::Create { text } => Parsed::new(language, &Rope::from_str(text))?,
    };
    let separator = if language == Language::Rust { "::" } else { "." };
    Some(matching::compare(&facts::facts(&before), &facts::facts(&after), separator))
}

/// The first few of many, as one line; empty for none.
pub fn summary<'i>(impacts: impl IntoIterator<Item = &'i Impact>) -> String {
    const SHOWN: usize = 3;
    let all: Vec<String> = impacts.into_iter().map(Impact::to_string).collect();
    let mut line = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN {
        line.push_str(&format!(", and {} more", all.len() - SHOWN));
    }
    line
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { symbol, kind, change, from } = self;
        // The header of an `impl` says what it is.
        let kind =
            if *kind == SymbolKind::Implementation { String::new() } else { format!("{} ", kind.as_str()) };
        match change {
            Effect::Added => write!(f, "adds {kind}{symbol}"),
            Effect::Removed => write!(f, "removes {kind}{symbol}"),
            Effect::Renamed => write!(f, "renames {kind}{} to {symbol}", from.as_deref().unwrap_or("?")),
            Effect::Signature => write!(f, "changes the signature of {kind}{symbol}"),
            Effect::Body => write!(f, "changes the body of {kind}{symbol}"),
        }
    }
}

#[cfg(test)]
mod tests;
