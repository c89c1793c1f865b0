//! Files with other names: a new file takes the place of one name only, so the others keep the old text.

use std::path::Path;

use crate::problem::{Category, Problem, Severity};
use crate::workspace::NewText;

/// What is to be told of writing `texts` below `root`, asked before it is done.
pub(in crate::cli) fn broken(root: &Path, texts: &[NewText]) -> Option<Problem> {
    let changed = texts.iter().filter(|text| text.old.is_some() && text.new.is_some());
    broken_paths(root, changed.map(|text| text.path.as_str()))
}

/// The same for files that exist and get another text.
pub(in crate::cli) fn broken_paths<'p>(
    root: &Path,
    paths: impl IntoIterator<Item = &'p str>,
) -> Option<Problem> {
    let linked: Vec<&str> = paths.into_iter().filter(|path| n_names(&root.join(path)) > 1).collect();
    if linked.is_empty() {
        return None;
    }
    let message = format!(
        "a new file takes the place of {}, which had other names (hard links): those keep the old text",
        linked.join(", ")
    );
    let problem = Problem::error("hard-link", Category::Storage, message)
        .hint("link the other names anew if they are to follow");
    Some(Problem { severity: Severity::Warning, ..problem })
}

#[cfg(unix)]
fn n_names(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).map_or(0, |facts| facts.nlink())
}

/// Elsewhere the standard library does not tell.
#[cfg(not(unix))]
fn n_names(_path: &Path) -> u64 {
    1
}
