//! Operations as the terminal names and shows them.

use std::path::Path;

use crate::cli::undo::plan::Present;
use crate::ports::{FileChange, FileRecord, OperationHead, OperationQuery, OperationState};
use crate::problem::{Category, Problem};
use crate::text::{DocumentUri, Rope};
use crate::workspace::{Folder, NewText};

use super::Record;

/// Operations read from the journal at once.
const PAGE: usize = 500;

/// The number in `o17` or `17`.
///
/// # Errors
/// `unknown-operation` when it names none.
pub(in crate::cli) fn number(name: &str) -> Result<u64, Problem> {
    name.strip_prefix('o').unwrap_or(name).parse().map_err(|_| {
        Problem::error("unknown-operation", Category::Request, format!("{name} names no operation"))
            .hint("name it as `tenon log` does, like o17")
    })
}

/// A text that is written, as the journal keeps it.
pub(in crate::cli) fn file_record(root: &Path, text: &NewText) -> FileRecord {
    let uri = |path: &str| DocumentUri::from_path(&root.join(path));
    let rope = |text: &Option<String>| text.as_deref().map(Rope::from_str);
    FileRecord {
        path: text.path.clone(),
        path_after: text.moved_to.clone(),
        uri: uri(&text.path),
        uri_after: text.moved_to.as_deref().map(uri),
        kind: match (&text.old, &text.new, &text.moved_to) {
            (_, None, _) => FileChange::Deleted,
            (None, ..) => FileChange::Created,
            (_, _, Some(_)) => FileChange::Renamed,
            (Some(_), Some(_), None) => FileChange::Modified,
        },
        before: rope(&text.old),
        after: rope(&text.new),
    }
}

/// The texts of the files of these names that exist.
///
/// # Errors
/// One cannot be read.
pub(in crate::cli) fn read<'p>(
    folder: &Folder,
    paths: impl IntoIterator<Item = &'p str>,
) -> Result<Present, Problem> {
    let mut present = Present::new();
    for path in paths {
        if let Some(text) = folder.read(path).map_err(|error| Problem::from(&error))? {
            present.insert(path.to_owned(), Rope::from_str(&text));
        }
    }
    Ok(present)
}

/// The operation of `root` whose state is `state` and changed last; of those that came with imported sessions, or of the
/// others.
///
/// # Errors
/// The journal cannot be read.
pub(in crate::cli) fn latest(
    record: &Record,
    root: &str,
    state: OperationState,
    is_imported: bool,
) -> Result<Option<OperationHead>, Problem> {
    let mut found: Option<OperationHead> = None;
    let mut query = OperationQuery { root: Some(root.to_owned()), limit: PAGE, ..OperationQuery::default() };
    loop {
        let page = record.wait(record.journal().operations(query.clone()))?;
        query.before = page.last().map(|operation| operation.head.number);
        let n_found = page.len();
        let heads = page.into_iter().map(|operation| operation.head);
        found = heads
            .filter(|head| head.state == state && head.imported == is_imported)
            .chain(found)
            .max_by_key(|head| head.turn);
        if n_found < PAGE {
            return Ok(found);
        }
    }
}

/// Fails unless every file is the document below `root` that its path names: nothing else is read or written for it.
///
/// # Errors
/// `other-workspace`.
pub(in crate::cli) fn in_place(root: &Path, number: u64, files: &[FileRecord]) -> Result<(), Problem> {
    let is_at = |path: &str, uri: &DocumentUri| DocumentUri::from_path(&root.join(path)).same_file(uri);
    let Some(file) = files.iter().find(|file| !file.is_in_place(is_at)) else { return Ok(()) };
    let message = format!(
        "{} of operation o{number} is not that file of this workspace but another document",
        file.path
    );
    Err(Problem::error("other-workspace", Category::Request, message)
        .hint("take it back in the editor in which it was made, or by hand; `tenon show` shows it"))
}

/// Fails unless the operation belongs to `root`.
///
/// # Errors
/// `unknown-operation`, or `other-workspace` when it belongs to another one.
pub(in crate::cli) fn belongs(record: &Record, root: &str, number: u64) -> Result<(), Problem> {
    let query =
        OperationQuery { root: Some(root.to_owned()), path: None, before: number.checked_add(1), limit: 1 };
    let newest = record.wait(record.journal().operations(query))?;
    if newest.first().is_some_and(|operation| operation.head.number == number) {
        return Ok(());
    }
    record.wait(record.journal().operation(number))?;
    let message = format!("operation o{number} belongs to another workspace");
    Err(Problem::error("other-workspace", Category::Request, message)
        .hint("name that workspace with --root; `tenon sessions` lists them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(number("o17"), Ok(17));
        assert_eq!(number("17"), Ok(17));
        for bad in ["", "o", "x1", "-1", "oo1", "99999999999999999999999"] {
            assert_eq!(number(bad).unwrap_err().code, "unknown-operation", "{bad}");
        }
    }

    #[test]
    fn a_path_and_its_document_are_one() {
        let file = |uri: &str| FileRecord {
            path: "a b.txt".to_owned(),
            path_after: None,
            uri: DocumentUri::new(uri),
            uri_after: None,
            kind: FileChange::Modified,
            before: None,
            after: None,
        };
        let check =
            |uri: &str| in_place(Path::new("/w/one"), 1, &[file(uri)]).map_err(|problem| problem.code);
        assert_eq!(check("file:///w/one/a%20b.txt"), Ok(()));
        assert_eq!(check("file:///w/two/a%20b.txt"), Err("other-workspace"));
        assert_eq!(check("untitled:a"), Err("other-workspace"));
    }
}
