//! `--allow-protected`: the user's word that a change may write a protected file, one file at a time.
//!
//! It counts in a workspace that is trusted as it is now, and nowhere else: what such files decide is what trust is
//! about.

use std::path::Path;

use super::record::{Noted, Record};
use crate::config::trust::TrustStore;
use crate::diff::lower::ProtectedConsent;
use crate::problem::{Category, Problem, shell_word};

/// The consent to these paths below `root`.
///
/// # Errors
/// One of them is no path of a file or never written, or the workspace is not trusted.
pub fn protected(paths: &[String], root: &Path) -> Result<ProtectedConsent, Problem> {
    let mut consent = ProtectedConsent::default();
    for path in paths {
        consent.allow(path).map_err(|reason| {
            let message = format!("`--allow-protected {path}` cannot be taken: {reason}");
            Problem::error("no-consent", Category::Request, message).hint(
                "name one file by its path below the workspace; change `.git` and tenon's own files by hand",
            )
        })?;
    }
    let trusted = || TrustStore::of_user().is_some_and(|store| store.judge(root).trust.is_trusted());
    if !paths.is_empty() && !trusted() {
        let message = "protected files are not written in a workspace that is not trusted";
        return Err(Problem::error("restricted-workspace", Category::Request, message).hint(format!(
            "look at it with `tenon trust --show --root {}`, or change them by hand",
            shell_word(&root.display().to_string())
        )));
    }
    Ok(consent)
}

/// Notes in the audit log that these paths below `root` may be written.
pub fn note(record: &Record, paths: &[String], root: &Path) {
    let root = super::log::root(root).unwrap_or_default();
    for path in paths {
        record.note(None, Noted::Consented, path, &root);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[&str], expected: Result<(), &str>) {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let taken = protected(&paths, dir.path()).map(drop);
        assert_eq!(taken.map_err(|problem| problem.code), expected, "{paths:?}");
    }

    #[test]
    fn it_needs_a_path_that_can_be_written_and_a_trusted_workspace() {
        check(&[], Ok(()));
        check(&[".git/config"], Err("no-consent"));
        check(&["../.env"], Err("no-consent"));
        check(&[".tenon.toml"], Err("no-consent"));
        check(&[".vscode/tasks.json"], Err("restricted-workspace"));
    }
}
