//! Places that no change reaches by any name: the folders of a repository, and what tenon itself is steered by.
//!
//! Names alone do not show them: a repository may be kept in a folder of any name (`git init --separate-git-dir`, a
//! bare one), and a workspace may hold the user's own settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// Canonical; of the whole process.
static OWN: RwLock<Vec<PathBuf>> = RwLock::new(Vec::new());

/// Keeps changes out of these files and folders, for the rest of the process. They need not exist yet.
pub fn keep_out(places: impl IntoIterator<Item = PathBuf>) {
    let mut own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    for place in places {
        let place = canonical(&place);
        if !own.contains(&place) {
            own.push(place);
        }
    }
}

/// What git itself reads in a repository. A working tree of a bare one may be in any other folder of it.
const GITS_OWN: &[&str] =
    &["hooks", "info", "objects", "refs", "logs", "worktrees", "modules", "branches", "common", "svn"];

/// Whether `path`, below the canonical `root` and without links, is in such a place.
pub(super) fn is_off_limits(root: &Path, path: &Path) -> bool {
    let whole = root.join(path);
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    // A workspace that is itself in such a place was put there by its owner.
    if own.iter().any(|place| whole.starts_with(place) && !root.starts_with(place)) {
        return true;
    }
    let mut working_tree = None;
    for folder in whole.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
        if is_repository(folder) {
            let is_own = |tree: &Path| {
                let part = tree.strip_prefix(folder).ok().and_then(|below| below.components().next());
                part.is_none_or(|part| GITS_OWN.iter().any(|own| part.as_os_str() == *own))
            };
            return working_tree.is_none_or(is_own);
        }
        if fs::symlink_metadata(folder.join(".git")).is_ok() {
            working_tree = Some(folder);
        }
    }
    false
}

/// Whether git takes a folder for a repository, or for one that shares another's objects (gitrepository-layout(5)).
fn is_repository(folder: &Path) -> bool {
    let has = |name| fs::symlink_metadata(folder.join(name)).is_ok();
    has("HEAD") && (has("commondir") || (has("objects") && has("refs")))
}

/// The place without links, as far as it exists.
fn canonical(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    match existing {
        Some((above, resolved)) => match path.strip_prefix(above) {
            Ok(rest) if !rest.as_os_str().is_empty() => resolved.join(rest),
            _ => resolved,
        },
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(root: &Path, path: &str, expected: bool) {
        let root = fs::canonicalize(root).unwrap();
        assert_eq!(is_off_limits(&root, Path::new(path)), expected, "{path}");
    }

    #[test]
    fn a_repository_of_any_name() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["meta/objects", "meta/refs", "meta/worktrees/w", "src"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        for file in ["meta/HEAD", "meta/worktrees/w/HEAD", "meta/worktrees/w/commondir"] {
            fs::write(root.path().join(file), "x").unwrap();
        }
        for path in ["meta/config", "meta/hooks/pre-commit", "meta/worktrees/w/config.worktree"] {
            check(root.path(), path, true);
        }
        for path in ["src/a.rs", "meta.rs", "config"] {
            check(root.path(), path, false);
        }
    }

    /// `git clone --bare x proj && git -C proj worktree add main`.
    #[test]
    fn the_working_trees_of_a_bare_repository_are_worked_in() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["objects", "refs", "main/src", "hooks"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        for file in ["HEAD", "main/.git", "hooks/.git"] {
            fs::write(root.path().join(file), "gitdir: x").unwrap();
        }
        check(root.path(), "main/src/a.rs", false);
        check(&root.path().join("main"), "src/a.rs", false);
        check(root.path(), "config", true);
        check(root.path(), "hooks/pre-commit", true);
    }

    #[test]
    fn what_is_kept_out_of_stays_out() {
        let root = tempfile::tempdir().unwrap();
        check(root.path(), "tenon/config.toml", false);
        fs::create_dir_all(root.path().join("state/work")).unwrap();
        keep_out([root.path().join("tenon/config.toml"), root.path().join("state")]);
        for path in ["tenon/config.toml", "state/trust.json", "state"] {
            check(root.path(), path, true);
        }
        check(root.path(), "tenon/other.toml", false);
        check(&root.path().join("state/work"), "a.rs", false);
    }
}
