//! The user's configuration file, looked at again while the application runs: what is saved counts soon.
//!
//! Not all of it can: what is kept over sessions, and whether text is completed at all, is settled at the start. Nor is
//! the workspace's own layer read again: the one that was trusted at the start holds as long as the process, over
//! whatever the user saves, so that nothing that must not be sent is let out by a change of either.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::Loaded;
use super::settled::Layer;
use crate::config::{self, Config, UserFile};
use crate::problem::Problem;

/// Tells one state of a file from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Stamp {
    /// Nobody looked yet.
    #[default]
    Unknown,
    Absent,
    /// Node: device, number and time of change, since a link may lead to another file that is as old.
    Present {
        modified: Option<SystemTime>,
        bytes: u64,
        node: (u64, u64, i64, i64),
    },
}

impl Stamp {
    fn of(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(facts) => {
                Self::Present { modified: facts.modified().ok(), bytes: facts.len(), node: node(&facts) }
            }
            Err(_) => Self::Absent,
        }
    }
}

#[cfg(unix)]
fn node(facts: &Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (facts.dev(), facts.ino(), facts.ctime(), facts.ctime_nsec())
}

#[cfg(not(unix))]
fn node(_: &Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

/// What the application was built from, and the state of the file then.
#[derive(Debug)]
pub(super) struct Source {
    file: UserFile,
    /// The state that counts; unknown until the first look.
    taken: Stamp,
    /// The state at the last look: a file that is still being written is another at the next.
    seen: Stamp,
    /// The user's own, without the layer.
    config: Result<Arc<Config>, Problem>,
    layer: Option<Layer>,
    /// Everything else that the application was built from.
    loaded: Loaded,
}

impl Source {
    /// Of what was `loaded` and then `settled` with `layer`; `None` where the configuration is from no file.
    pub(super) fn new(loaded: &Loaded, settled: &Loaded, layer: Option<Layer>) -> Option<Self> {
        let file = loaded.file.clone()?;
        let config = loaded.config_problem.clone().map_or_else(|| Ok(Arc::clone(&loaded.config)), Err);
        let loaded = Loaded { warnings: Vec::new(), ..settled.clone() };
        Some(Self { file, taken: Stamp::Unknown, seen: Stamp::Unknown, config, layer, loaded })
    }

    /// What holds now, if that is not what did before, and the file was the same at two looks. Waits for the disk.
    pub(super) fn changed(&mut self) -> Option<Loaded> {
        let path = self.file.path()?;
        let stamp = Stamp::of(path);
        let is_steady = self.seen == stamp;
        self.seen = stamp.clone();
        if self.taken == stamp || !is_steady {
            return None;
        }
        let config = config::load(&self.file).map(Arc::new).map_err(Problem::from);
        if Stamp::of(path) != stamp {
            return None;
        }
        self.taken = stamp;
        if config == self.config {
            return None;
        }
        self.config.clone_from(&config);
        let layered = match (config, &self.layer) {
            (Ok(config), Some(layer)) => layer.over(&config).map(Arc::new),
            (config, _) => config,
        };
        let (config, config_problem) = match layered {
            Ok(config) => (config, None),
            Err(problem) => (Arc::new(Config::default()), Some(problem)),
        };
        Some(Loaded { config, config_problem, ..self.loaded.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn source(path: &Path, layer: Option<Layer>) -> Source {
        let loaded = Loaded { file: Some(UserFile::at(path)), ..Loaded::default() };
        Source::new(&loaded, &loaded, layer).unwrap()
    }

    /// Writes `text`, or removes the file, and looks twice.
    fn save(source: &mut Source, path: &Path, text: Option<&str>) -> Option<Loaded> {
        match text {
            Some(text) => std::fs::write(path, text).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        assert!(source.changed().is_none(), "it may still be written");
        source.changed()
    }

    #[test]
    fn what_is_saved_counts_and_what_is_the_same_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let mut source = source(&path, None);
        let mut check = |text: Option<&str>, expected: Option<(usize, Option<&str>)>| {
            let found = save(&mut source, &path, text).map(|loaded| {
                (loaded.config.limits.files, loaded.config_problem.map(|problem| problem.code))
            });
            assert_eq!(found, expected, "{text:?}");
        };
        // Also what was saved between the start and the first look.
        check(Some("limits.files = 7"), Some((7, None)));
        check(Some("limits.files = 7"), None);
        check(Some("limits.files = 8"), Some((8, None)));
        check(Some("limits.files = 7]"), Some((50, Some("config-syntax"))));
        check(Some("limits.files = 7 "), Some((7, None)));
        check(None, Some((50, None)));
    }

    #[test]
    fn what_the_workspace_keeps_from_models_stays_kept_from_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let layer =
            Layer { text: "outgoing.deny = ['theirs/**']".to_owned(), path: PathBuf::from("/w/.tenon.toml") };
        let mut source = source(&path, Some(layer));
        let loaded = save(&mut source, &path, Some("outgoing.deny = ['mine/**']")).unwrap();
        assert_eq!(loaded.config.outgoing.deny, ["theirs/**", "mine/**"]);
    }
}
