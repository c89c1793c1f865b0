//! Which files no model is shown: by their names, and by where links lead.
//!
//! Guarantee: a path of which it is not known where it leads is withheld as well. Blocking (it asks the file system).

use std::path::{Path, PathBuf};

use crate::model::OutgoingFilter;
use crate::ports::SourceFiles;
use crate::text::DocumentUri;

/// Why a file is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// It usually holds secrets, or the user says so.
    Private,
    /// A link on its way leads out of the workspace, or nowhere.
    LeadsOut,
}

/// Whether `uri`, called `name`, is withheld. Outside of every folder (`alone`) nothing can lead out; what is there is
/// still judged by where it really is.
pub(crate) fn withheld(
    files: &dyn SourceFiles,
    filter: &OutgoingFilter,
    (root, alone): (&Path, bool),
    (name, uri): (&str, &DocumentUri),
) -> Option<Withheld> {
    let denies = |path: &Path| filter.denies(&path.to_string_lossy());
    let Some(path) = uri.to_path() else { return filter.denies(name).then_some(Withheld::Private) };
    if filter.denies(name) || denies(&path) {
        return Some(Withheld::Private);
    }
    let Some(real) = really(files, &path) else { return Some(Withheld::LeadsOut) };
    if denies(&real) {
        return Some(Withheld::Private);
    }
    if alone {
        return None;
    }
    match leads_to(files, root, &path) {
        Some(inside) => denies(&inside).then_some(Withheld::Private),
        None => Some(Withheld::LeadsOut),
    }
}

/// Where `path` leads below `root`, links followed; `None` when that is outside. Neither has to exist: in a folder that is
/// gone, an open document is still edited.
pub(crate) fn leads_to(files: &dyn SourceFiles, root: &Path, path: &Path) -> Option<PathBuf> {
    let (root, path) = (really(files, root)?, really(files, path)?);
    path.strip_prefix(root).ok().map(Path::to_owned)
}

/// A path with every link followed.
fn really(files: &dyn SourceFiles, path: &Path) -> Option<PathBuf> {
    let top = path.ancestors().last()?;
    Some(top.join(files.resolve(top, path)?))
}
