//! The history of one file: what was done to it under the name that it has, and before that under those it had.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::record::Record;
use crate::ports::{OperationQuery, OperationState, OperationSummary};
use crate::problem::Problem;

/// The newest `limit` operations of `root` that had to do with `path`, or with the file at `path` before an operation
/// brought it there; newest first.
///
/// # Errors
/// The journal cannot be read.
pub(super) fn of(
    record: &Record,
    root: &str,
    path: &str,
    limit: usize,
) -> Result<Vec<OperationSummary>, Problem> {
    let mut found: BTreeMap<u64, OperationSummary> = BTreeMap::new();
    let mut seen = BTreeSet::from([path.to_owned()]);
    let mut names = vec![(path.to_owned(), None)];
    while let Some((name, before)) = names.pop() {
        // What is among the newest of all is among the newest of its name, so no name needs more.
        let query = OperationQuery { root: Some(root.to_owned()), path: Some(name.clone()), before, limit };
        for operation in record.wait(record.journal().operations(query))? {
            for earlier in earlier_names(&operation, &name) {
                if seen.insert(earlier.clone()) {
                    names.push((earlier, Some(operation.head.number)));
                }
            }
            found.insert(operation.head.number, operation);
        }
    }
    Ok(found.into_values().rev().take(limit).collect())
}

/// The name that the file at `name` had before the operation, where it stands.
fn earlier_names(operation: &OperationSummary, name: &str) -> Vec<String> {
    if matches!(operation.head.state, OperationState::RolledBack | OperationState::Undone) {
        return Vec::new();
    }
    let renamed = operation.files.iter().filter(|file| file.path_after.as_deref() == Some(name));
    renamed.map(|file| file.path.clone()).collect()
}
