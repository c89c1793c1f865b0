//! Texts on their way to their places, all or none.
//!
//! A new text waits beside its target, and a file that goes is put aside until all is done; so what was done before a
//! failure can be taken back.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::{BYTE_ORDER_MARK, NewText, Targets, failed, read};
use crate::cli::apply::report::Failure;
use crate::problem::{Category, Problem};

/// Texts that wait on disk to take their files' places.
#[derive(Debug)]
pub(in crate::cli) struct Writes {
    root: PathBuf,
    pub(super) staged: Vec<Staged>,
    made_folders: Vec<PathBuf>,
}

#[derive(Debug)]
pub(super) struct Staged {
    pub(super) path: String,
    pub(super) target: PathBuf,
    /// What must still be there, a byte order mark included, when the text takes its place.
    old: Option<String>,
    pub(super) step: Step,
}

#[derive(Debug)]
pub(super) enum Step {
    /// This takes the target's place.
    Put(NamedTempFile),
    /// The target goes, and waits here until all is done.
    Remove(TempPath),
}

/// How a step of a commit is taken back.
#[derive(Debug)]
enum Done {
    /// Write the text again, or remove the file that was not there.
    Put(PathBuf, Option<String>),
    /// Move what was put aside back.
    Removed(PathBuf, TempPath),
}

impl Writes {
    /// Writes what each of `files` becomes beside its target.
    pub(super) fn stage_all(root: &Path, files: &[NewText], targets: Vec<Targets>) -> Result<Self, Failure> {
        let mut writes = Self { root: root.to_owned(), staged: Vec::new(), made_folders: Vec::new() };
        for (file, targets) in files.iter().zip(targets) {
            writes.stage(file, targets).map_err(|error| failed(&file.path, &error))?;
        }
        // What comes first: as long as it can fail, nothing has gone.
        writes.staged.sort_by_key(|staged| matches!(staged.step, Step::Remove(_)));
        Ok(writes)
    }

    fn stage(&mut self, file: &NewText, targets: Targets) -> io::Result<()> {
        let Targets { at, to } = targets;
        let mark = match file.old {
            Some(_) if begins_with_mark(&at)? => String::from(BYTE_ORDER_MARK),
            _ => String::new(),
        };
        let old = file.old.as_ref().map(|old| mark.clone() + old);
        if let Some(new) = &file.new {
            let text = mark + new;
            let (path, target, old) = match (&file.moved_to, &to) {
                (Some(path), Some(to)) => (path, to.clone(), None),
                _ => (&file.path, at.clone(), old.clone()),
            };
            let step = Step::Put(self.write_beside(&target, &at, &text)?);
            self.staged.push(Staged { path: path.clone(), target, old, step });
        }
        if file.new.is_none() || to.is_some() {
            let folder = at.parent().unwrap_or(&self.root);
            let aside = tempfile::Builder::new().prefix(".tenon-").suffix(".old").tempfile_in(folder)?;
            let step = Step::Remove(aside.into_temp_path());
            self.staged.push(Staged { path: file.path.clone(), target: at, old, step });
        }
        Ok(())
    }

    /// Writes a text beside its target, with the permissions of `model` where that exists.
    fn write_beside(&mut self, target: &Path, model: &Path, text: &str) -> io::Result<NamedTempFile> {
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
        new.write_all(text.as_bytes())?;
        if let Ok(metadata) = fs::metadata(model) {
            new.as_file().set_permissions(metadata.permissions())?;
        }
        new.as_file().sync_all()?;
        Ok(new)
    }

    /// Puts every text in its place, or none: what was replaced or removed before a failure is put back.
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
        let mut done: Vec<Done> = Vec::new();
        let mut folders: Vec<PathBuf> = Vec::new();
        for Staged { path, target, old, step } in std::mem::take(&mut self.staged) {
            folders.extend(target.parent().map(Path::to_path_buf));
            match take_step(target, old, step) {
                Ok(step) => done.push(step),
                Err(error) => {
                    put_back(done);
                    return Err(failed(&path, &error));
                }
            }
        }
        // Now what was put aside is gone for good.
        drop(done);
        for folder in folders {
            // The texts are in place; a folder that cannot be synced only makes a power cut undo them.
            let _ = fs::File::open(&folder).and_then(|folder| folder.sync_all());
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

fn take_step(target: PathBuf, old: Option<String>, step: Step) -> io::Result<Done> {
    match step {
        Step::Put(new) => {
            let persisted = match old {
                Some(_) => new.persist(&target),
                // Never over a file that came into being meanwhile.
                None => new.persist_noclobber(&target),
            };
            persisted.map_err(|error| error.error)?;
            Ok(Done::Put(target, old))
        }
        Step::Remove(aside) => {
            fs::rename(&target, &aside)?;
            Ok(Done::Removed(target, aside))
        }
    }
}

/// Takes back what a failed commit has done so far; what cannot be taken back stays as the reply has it.
fn put_back(done: Vec<Done>) {
    for step in done.into_iter().rev() {
        let _ = match step {
            Done::Put(target, Some(old)) => replace(&target, &old),
            Done::Put(target, None) => fs::remove_file(target),
            // What cannot be moved back stays beside its place: it is not thrown away.
            Done::Removed(target, aside) => match aside.persist_noclobber(&target) {
                Ok(()) => Ok(()),
                Err(error) => error.path.keep().map(drop).map_err(|error| error.error),
            },
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
