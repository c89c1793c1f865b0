//! The user's configuration file, looked at again while the application runs: what is saved counts at once.
//!
//! Not all of it can: what is kept over sessions, and whether text is completed at all, is settled at the start.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::Loaded;
use super::settled::{Settled, settle};
use crate::config::{self, Config, UserFile};
use crate::problem::Problem;

/// Tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Stamp {
    /// `None` where there is no file.
    fn of(path: &Path) -> Option<Self> {
        let of = |facts: Metadata| Self { modified: facts.modified().ok(), bytes: facts.len() };
        std::fs::metadata(path).ok().map(of)
    }
}

/// What the application was built from, and the state of the file then.
#[derive(Debug, Clone)]
pub(super) struct Source {
    file: UserFile,
    stamp: Option<Stamp>,
    /// Without a workspace's layer.
    loaded: Loaded,
    folders: Vec<PathBuf>,
}

impl Source {
    /// `None` where the configuration is from no file.
    pub(super) fn new(loaded: &Loaded, folders: &[PathBuf]) -> Option<Self> {
        let file = loaded.file.clone()?;
        let stamp = Stamp::of(file.path()?);
        Some(Self { file, stamp, loaded: loaded.clone(), folders: folders.to_vec() })
    }

    /// What holds now, if that is not what did before. Waits for the disk.
    pub(super) fn changed(&mut self) -> Option<Settled> {
        let stamp = Stamp::of(self.file.path()?);
        if stamp == self.stamp {
            return None;
        }
        self.stamp = stamp;
        let (config, problem) = match config::load(&self.file) {
            Ok(config) => (Arc::new(config), None),
            Err(error) => (Arc::new(Config::default()), Some(Problem::from(error))),
        };
        if config == self.loaded.config && problem == self.loaded.config_problem {
            return None;
        }
        (self.loaded.config, self.loaded.config_problem) = (config, problem);
        let settled = settle(&self.loaded, &self.folders);
        Some(Settled { loaded: Loaded { warnings: Vec::new(), ..settled.loaded }, ..settled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_counts_and_what_is_the_same_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let file = UserFile::at(&path);
        let mut source = Source::new(&Loaded { file: Some(file), ..Loaded::default() }, &[]).unwrap();
        assert!(source.changed().is_none());
        let mut check = |text: Option<&str>, expected: Option<(usize, Option<&str>)>| {
            match text {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            let found = source.changed().map(|Settled { loaded, .. }| {
                (loaded.config.limits.files, loaded.config_problem.map(|problem| problem.code))
            });
            assert_eq!(found, expected, "{text:?}");
        };
        check(Some("limits.files = 7"), Some((7, None)));
        check(Some("limits.files = 7"), None);
        check(Some("limits.files = 7]"), Some((50, Some("config-syntax"))));
        check(Some("limits.files = 7 "), Some((7, None)));
        check(None, Some((50, None)));
    }
}
