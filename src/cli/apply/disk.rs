//! Files below one folder: read by name, written together or not at all.
//!
//! No link leads out of the folder, and names that decide what runs or who is trusted are not written. New texts
//! are complete on disk, beside their targets, before the first target is replaced; a file that goes is only put aside
//! until all is done. A byte order mark is kept, but is no part of a text here.

mod writes;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::report::Failure;
use crate::diff::{ChangeSet, FileSet, Refusal, lower};
use crate::problem::{Category, Problem};
use crate::text::Rope;
pub(in crate::cli) use writes::Writes;

/// Before the text of some files; no part of it.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// Largest file that is read, in bytes.
const SIZE_CAP: u64 = 64 << 20;

/// A folder that nothing below leads out of.
#[derive(Debug)]
pub(in crate::cli) struct Folder {
    /// Canonical.
    root: PathBuf,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct NewText {
    /// Relative to the folder.
    pub(in crate::cli) path: String,
    /// Its new path, for a file that is renamed.
    pub(in crate::cli) moved_to: Option<String>,
    /// What is there now; `None` where there is no file.
    pub(in crate::cli) old: Option<String>,
    /// What comes; `None` for a file that goes.
    pub(in crate::cli) new: Option<String>,
}

/// Where a change happens.
#[derive(Debug)]
pub(in crate::cli) struct Targets {
    /// Of the file's own path.
    at: PathBuf,
    /// Of its new path.
    to: Option<PathBuf>,
}

impl Folder {
    /// Opens a folder that exists.
    pub(in crate::cli) fn open(path: &Path) -> Result<Self, Failure> {
        let root = fs::canonicalize(path).ok().filter(|root| root.is_dir()).ok_or_else(|| {
            let message = format!("{} is not a folder that can be read", path.display());
            Failure::usage(
                Problem::error("no-such-folder", Category::Request, message)
                    .hint("Name a folder that exists."),
            )
        })?;
        Ok(Self { root })
    }

    /// Reads the files of these names that exist.
    pub(in crate::cli) fn read_all(
        &self,
        names: &[String],
        default_path: Option<String>,
    ) -> Result<FileSet, Failure> {
        let mut files = BTreeMap::new();
        for name in names {
            if let Some(text) = self.read(name)? {
                files.insert(name.clone(), Rope::from_str(&text));
            }
        }
        Ok(FileSet { files, default_path, root: self.root.to_str().map(str::to_owned), ..FileSet::default() })
    }

    /// Reads the files of `changes` as well, those that exist.
    pub(in crate::cli) fn read_more(&self, changes: &ChangeSet, files: &mut FileSet) -> Result<(), Failure> {
        for change in &changes.files {
            if !files.files.contains_key(&change.path)
                && let Some(text) = self.read(&change.path)?
            {
                files.files.insert(change.path.clone(), Rope::from_str(&text));
            }
        }
        Ok(())
    }

    /// Where it is.
    pub(in crate::cli) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a name leads, links followed; it must stay below the folder, whether or not it exists.
    fn target(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.root.join(name);
        // What does not exist yet is placed below its nearest ancestor that does.
        let mut existing = path.as_path();
        while fs::symlink_metadata(existing).is_err() {
            match existing.parent() {
                Some(parent) if parent.starts_with(&self.root) => existing = parent,
                _ => break,
            }
        }
        let outside = || {
            Failure::refused(
                Problem::error(
                    "outside-workspace",
                    Category::Request,
                    format!("{name} leads out of the folder"),
                )
                .hint("Replace the link by a file or folder, or choose another root."),
            )
            .in_file(name)
        };
        // A link to nothing cannot be resolved, and might come to lead anywhere.
        let resolved = fs::canonicalize(existing).map_err(|_| outside())?;
        let rest = path.strip_prefix(existing).map_err(|_| outside())?;
        let target = if rest.as_os_str().is_empty() { resolved } else { resolved.join(rest) };
        if target.starts_with(&self.root) { Ok(target) } else { Err(outside()) }
    }

    /// Reads one file, without its byte order mark; `None` where there is none.
    pub(in crate::cli) fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        let target = self.target(name)?;
        let text = read(&target).map_err(|problem| Failure::refused(problem).in_file(name))?;
        Ok(text.map(|text| text.strip_prefix(BYTE_ORDER_MARK).map_or(text.clone(), str::to_owned)))
    }

    /// Writes the new texts beside their targets. Nothing has changed yet; dropping the result takes it all back.
    pub(in crate::cli) fn prepare(&self, files: &[NewText]) -> Result<Writes, Failure> {
        let targets = self.check(files)?;
        Writes::stage_all(&self.root, files, targets)
    }

    /// Finds where each text goes, and refuses what must not be written. Touches nothing.
    pub(in crate::cli) fn check(&self, files: &[NewText]) -> Result<Vec<Targets>, Failure> {
        let mut seen: Vec<(&str, PathBuf)> = Vec::new();
        let mut targets = Vec::new();
        for file in files {
            if file.new.is_none() || file.moved_to.is_some() {
                self.refuse_link(&file.path)?;
            }
            let at = self.check_path(&file.path, &mut seen)?;
            let to = file.moved_to.as_deref().map(|to| self.check_path(to, &mut seen)).transpose()?;
            if let (Some(name), Some(to)) = (&file.moved_to, &to)
                && fs::symlink_metadata(to).is_ok()
            {
                return Err(Failure::from(vec![Refusal::file_exists(name)]));
            }
            targets.push(Targets { at, to });
        }
        Ok(targets)
    }

    /// Where `name` leads, when it may be written and is nothing of what was `seen`.
    fn check_path<'a>(&self, name: &'a str, seen: &mut Vec<(&'a str, PathBuf)>) -> Result<PathBuf, Failure> {
        refuse_protected(name)?;
        let target = self.target(name)?;
        if let Ok(inside) = target.strip_prefix(&self.root) {
            refuse_protected(&inside.to_string_lossy()).map_err(|failure| failure.in_file(name))?;
        }
        let above = target.ancestors().skip(1).find(|folder| folder.exists());
        if above.is_some_and(|folder| !folder.is_dir()) {
            return Err(failed(name, &io::ErrorKind::NotADirectory.into()));
        }
        if let Some((first, _)) = seen.iter().find(|(_, other)| clash(other, &target)) {
            return Err(twice(first, name));
        }
        seen.push((name, target.clone()));
        Ok(target)
    }

    /// A link is written through, but neither it nor what it leads to is deleted or renamed.
    fn refuse_link(&self, name: &str) -> Result<(), Failure> {
        if !fs::symlink_metadata(self.root.join(name)).is_ok_and(|file| file.is_symlink()) {
            return Ok(());
        }
        Err(Failure::refused(
            Problem::error("is-a-link", Category::Request, format!("{name} is a link"))
                .hint("Delete or rename links by hand."),
        )
        .in_file(name))
    }
}

/// Whether two targets are one file, or one would be a folder of the other.
fn clash(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one) || same_file(one, other)
}

/// Whether two names are one file: on a file system that folds case, or by a hard link.
#[cfg(unix)]
fn same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((id(one), id(other)), (Ok(one), Ok(other)) if one == other)
}

/// Whether two names are one file: the system's own spelling tells.
#[cfg(not(unix))]
fn same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn twice(first: &str, second: &str) -> Failure {
    let message = format!("{first} and {second} are the same file, or one is a folder of the other");
    Failure::refused(
        Problem::error("overlapping-blocks", Category::Edit, message)
            .hint("Put all changes of a file under one name."),
    )
    .in_file(second)
}

/// A file's whole text, or `None` where there is no file.
fn read(target: &Path) -> Result<Option<String>, Problem> {
    let problem = |code, message: String| Problem::error(code, Category::Storage, message);
    let name = target.display();
    let metadata = match fs::metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(problem("unreadable-file", format!("{name}: {error}"))),
    };
    if !metadata.is_file() {
        return Err(problem("unreadable-file", format!("{name} is not a file")));
    }
    if metadata.len() > SIZE_CAP {
        return Err(problem(
            "file-too-large",
            format!("{name} has {} bytes; the cap is {SIZE_CAP}", metadata.len()),
        ));
    }
    let bytes = fs::read(target).map_err(|error| problem("unreadable-file", format!("{name}: {error}")))?;
    let not_text = || problem("not-text", format!("{name} is not UTF-8 text"));
    let text = String::from_utf8(bytes).map_err(|_| not_text())?;
    // UTF-16 without a mark, and most of what is no text at all.
    if text.contains('\0') { Err(not_text()) } else { Ok(Some(text)) }
}

fn failed(path: &str, error: &io::Error) -> Failure {
    Failure::refused(
        Problem::error("write-failed", Category::Storage, format!("{path}: {error}"))
            .hint("Nothing was changed; see that the folder can be written to."),
    )
    .in_file(path)
}

/// Refuses names that decide what runs, or whom we trust.
fn refuse_protected(path: &str) -> Result<(), Failure> {
    if !lower::is_protected(path) {
        return Ok(());
    }
    Err(Failure::refused(
        Problem::error("protected-path", Category::Request, format!("{path} is protected"))
            .hint("Change files that decide what runs or whom to trust by hand."),
    )
    .in_file(path))
}

#[cfg(test)]
mod tests;
