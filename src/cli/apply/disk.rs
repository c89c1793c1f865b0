//! Files below one folder: read by name, written together or not at all.
//!
//! No link leads out of the folder, and names that decide what runs or who is trusted are not written. New texts
//! are complete on disk, beside their targets, before the first target is replaced. A byte order mark is kept, but is
//! no part of a text here.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::report::Failure;
use crate::diff::{FileSet, lower};
use crate::problem::{Category, Problem};
use crate::text::Rope;

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

/// A file's text to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct NewText {
    /// Relative to the folder.
    pub(in crate::cli) path: String,
    /// What is there now; `None` where there is no file.
    pub(in crate::cli) old: Option<String>,
    /// What comes.
    pub(in crate::cli) new: String,
}

/// Texts that wait on disk to take their files' places.
#[derive(Debug)]
pub(in crate::cli) struct Writes {
    root: PathBuf,
    staged: Vec<Staged>,
    made_folders: Vec<PathBuf>,
}

#[derive(Debug)]
struct Staged {
    path: String,
    target: PathBuf,
    /// What must still be there, a byte order mark included, when the text takes its place.
    old: Option<String>,
    new: NamedTempFile,
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
        Ok(FileSet { files, default_path })
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
        let mut writes = Writes { root: self.root.clone(), staged: Vec::new(), made_folders: Vec::new() };
        for (file, target) in files.iter().zip(targets) {
            writes.stage(file, target).map_err(|error| failed(&file.path, &error))?;
        }
        Ok(writes)
    }

    /// Finds where each text goes, and refuses what must not be written. Touches nothing.
    pub(in crate::cli) fn check(&self, files: &[NewText]) -> Result<Vec<PathBuf>, Failure> {
        let mut targets: Vec<PathBuf> = Vec::new();
        for file in files {
            refuse_protected(&file.path)?;
            let target = self.target(&file.path)?;
            if let Ok(inside) = target.strip_prefix(&self.root) {
                refuse_protected(&inside.to_string_lossy())?;
            }
            let above = target.ancestors().skip(1).find(|folder| folder.exists());
            if above.is_some_and(|folder| !folder.is_dir()) {
                return Err(failed(&file.path, &io::ErrorKind::NotADirectory.into()));
            }
            if let Some(at) = targets.iter().position(|other| clash(other, &target)) {
                return Err(twice(&files[at].path, &file.path));
            }
            targets.push(target);
        }
        Ok(targets)
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

impl Writes {
    fn stage(&mut self, file: &NewText, target: PathBuf) -> io::Result<()> {
        let folder = target.parent().unwrap_or(&self.root).to_path_buf();
        let missing: Vec<PathBuf> =
            folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(&folder)?;
            self.made_folders.push(folder);
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tenon-").suffix(".new");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As for any new file; the umask applies.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut new = builder.tempfile_in(&folder)?;
        let marked = file.old.is_some() && begins_with_mark(&target)?;
        let mark = if marked { String::from(BYTE_ORDER_MARK) } else { String::new() };
        new.write_all(mark.as_bytes())?;
        new.write_all(file.new.as_bytes())?;
        if let Ok(metadata) = fs::metadata(&target) {
            new.as_file().set_permissions(metadata.permissions())?;
        }
        new.as_file().sync_all()?;
        let old = file.old.as_ref().map(|old| mark + old);
        self.staged.push(Staged { path: file.path.clone(), target, old, new });
        Ok(())
    }

    /// Puts every text in its place, or none: what was replaced before a failure is put back.
    pub(in crate::cli) fn commit(mut self) -> Result<(), Failure> {
        for staged in &self.staged {
            let now =
                read(&staged.target).map_err(|problem| Failure::refused(problem).in_file(&staged.path))?;
            if now != staged.old {
                return Err(Failure::refused(
                    Problem::error("conflict", Category::Edit, format!("{} changed meanwhile", staged.path))
                        .hint("Run the command again."),
                )
                .in_file(&staged.path));
            }
        }
        let mut done: Vec<(PathBuf, Option<String>)> = Vec::new();
        for Staged { path, target, old, new } in std::mem::take(&mut self.staged) {
            let persisted = match old {
                Some(_) => new.persist(&target),
                // Never over a file that came into being meanwhile.
                None => new.persist_noclobber(&target),
            };
            if let Err(error) = persisted {
                put_back(&done);
                return Err(failed(&path, &error.error));
            }
            done.push((target, old));
        }
        for folder in done.iter().filter_map(|(target, _)| target.parent()) {
            // The texts are in place; a folder that cannot be synced only makes a power cut undo them.
            let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
        }
        self.made_folders.clear();
        Ok(())
    }
}

impl Drop for Writes {
    fn drop(&mut self) {
        // The temporary files first, so that the folders made for them are empty.
        self.staged.clear();
        for folder in self.made_folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Takes back what a failed commit has done so far; what cannot be taken back stays as the reply has it.
fn put_back(done: &[(PathBuf, Option<String>)]) {
    for (target, old) in done.iter().rev() {
        let _ = match old {
            Some(old) => replace(target, old),
            None => fs::remove_file(target),
        };
    }
}

fn replace(target: &Path, text: &str) -> io::Result<()> {
    let folder = target.parent().ok_or(io::ErrorKind::NotFound)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(target)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(target).map(|_| ()).map_err(|error| error.error)
}

/// A file that is gone has none; the commit sees that it is gone.
fn begins_with_mark(target: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    match fs::File::open(target) {
        Ok(file) => file.take(3).read_to_end(&mut start)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(start == BYTE_ORDER_MARK.to_string().as_bytes())
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
    String::from_utf8(bytes).map(Some).map_err(|_| problem("not-text", format!("{name} is not UTF-8 text")))
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
