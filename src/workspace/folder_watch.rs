//! Whether the folders of a workspace are still the ones that were entered: there, readable, and of the same owner.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folders as they were when they were entered.
#[derive(Debug, Clone, Default)]
pub struct FolderWatch {
    folders: Vec<(PathBuf, Option<Owner>)>,
}

/// Whose a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    user: u32,
    group: u32,
}

impl FolderWatch {
    /// Remembers the folders as they are now. Blocking.
    pub fn new(folders: &[PathBuf]) -> Self {
        let folders = folders.iter().map(|folder| (folder.clone(), owner(folder).ok().flatten()));
        Self { folders: folders.collect() }
    }

    /// What is wrong with the first folder that is not as it was, if any. Blocking.
    pub fn trouble(&self) -> Option<String> {
        self.folders.iter().find_map(|(folder, before)| trouble(folder, *before))
    }
}

fn trouble(folder: &Path, before: Option<Owner>) -> Option<String> {
    let name = folder.display();
    let now = match owner(folder) {
        Ok(now) => now,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(format!("{name} is gone")),
        Err(error) => return Some(format!("{name} cannot be read: {error}")),
    };
    if before.is_some() && now != before {
        return Some(format!("{name} belongs to another owner now"));
    }
    // To see a folder is not yet to be able to look into it.
    fs::read_dir(folder).err().map(|error| match error.kind() {
        io::ErrorKind::NotADirectory => format!("{name} is no folder any more"),
        _ => format!("{name} cannot be read: {error}"),
    })
}

#[cfg(unix)]
fn owner(folder: &Path) -> io::Result<Option<Owner>> {
    use std::os::unix::fs::MetadataExt as _;
    let found = fs::metadata(folder)?;
    Ok(Some(Owner { user: found.uid(), group: found.gid() }))
}

#[cfg(not(unix))]
fn owner(folder: &Path) -> io::Result<Option<Owner>> {
    fs::metadata(folder).map(|_| None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_vanishes_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("w");
        fs::create_dir(&root).unwrap();
        let watch = FolderWatch::new(std::slice::from_ref(&root));
        let ends = |end: &str| watch.trouble().is_some_and(|reason| reason.ends_with(end));
        assert_eq!(watch.trouble(), None);
        fs::remove_dir(&root).unwrap();
        assert!(ends("is gone"));
        fs::write(&root, "").unwrap();
        assert!(ends("is no folder any more"));
        fs::remove_file(&root).unwrap();
        fs::create_dir(&root).unwrap();
        assert_eq!(watch.trouble(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_changes_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let mut watch = FolderWatch::new(&[dir.path().to_owned()]);
        // As if it had been another's when it was entered; only the system's administrator may give a folder away.
        watch.folders[0].1 = Some(Owner { user: u32::MAX - 1, group: 0 });
        assert!(watch.trouble().is_some_and(|reason| reason.ends_with("another owner now")));
    }
}
