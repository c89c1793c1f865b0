//! Writes files that are not open, for whoever takes back or makes again what is on record.
//!
//! All files or none, below the handle of the workspace. Protected files are among what may be written because the
//! caller has their consent on record; `.git` and our own files never are.

use std::path::Path;

use super::{Folder, NewText};
use crate::diff::lower::ProtectedConsent;
use crate::ports::{FileWrite, FileWriter};
use crate::problem::Problem;

/// Writes into the file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskWriter;

impl FileWriter for DiskWriter {
    fn write(&self, root: &Path, files: &[FileWrite]) -> Result<(), Problem> {
        let paths = files.iter().flat_map(|file| [Some(file.path.as_str()), file.moved_to.as_deref()]);
        let consent = ProtectedConsent::recorded(paths.flatten());
        let folder = Folder::open(root).map_err(|error| Problem::from(&error))?.allowing(consent);
        let texts: Vec<NewText> = files
            .iter()
            .map(|file| NewText {
                path: file.path.clone(),
                moved_to: file.moved_to.clone(),
                old: file.old.clone(),
                new: file.new.clone(),
            })
            .collect();
        let written = folder.prepare(&texts).and_then(super::Writes::commit);
        written.map_err(|error| Problem::from(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(path: &str, old: Option<&str>, new: Option<&str>) -> FileWrite {
        let text = |text: Option<&str>| text.map(str::to_owned);
        FileWrite { path: path.to_owned(), moved_to: None, old: text(old), new: text(new) }
    }

    #[test]
    fn protected_files_on_record_are_written_and_git_never() {
        let dir = tempfile::tempdir().unwrap();
        let write = |files: &[FileWrite]| DiskWriter.write(dir.path(), files).map_err(|problem| problem.code);
        assert_eq!(write(&[file(".env", None, Some("a=1\n"))]), Ok(()));
        assert_eq!(fs::read_to_string(dir.path().join(".env")).unwrap(), "a=1\n");
        let both = [file(".env", Some("a=1\n"), None), file(".git/hooks/pre-commit", None, Some("x"))];
        assert_eq!(write(&both), Err("protected-path"));
        assert!(dir.path().join(".env").exists(), "all or none");
        assert_eq!(write(&[file(".env", Some("other"), None)]), Err("conflict"));
    }
}
