//! What holds in the workspace at hand: its trust, and the user's configuration with a trusted workspace's layer.
//!
//! Nothing of a workspace is used before it was judged, and no model is asked with a layer that is wrong: what it
//! says must not be sent could be in it.

use std::path::PathBuf;
use std::sync::Arc;

use super::Loaded;
use crate::config::Config;
use crate::config::layer::overlay;
use crate::config::trust::{Judged, SETTINGS, TrustStore};
use crate::ports::{Trust, TrustJudge, Verdict};
use crate::problem::{Category, Problem, Severity};

/// What holds when the application begins, and who says what holds later.
pub(super) struct Settled {
    pub(super) loaded: Loaded,
    /// What a trusted workspace says, over what the user does.
    pub(super) layer: Option<Layer>,
    pub(super) trust: Trust,
    /// `None` where nothing can come to be trusted.
    pub(super) judge: Option<Arc<dyn TrustJudge>>,
}

/// The settings of a workspace as they were read and trusted.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) text: String,
    pub(super) path: PathBuf,
}

impl Layer {
    fn of(judged: &Judged) -> Option<Self> {
        let (text, look) = (judged.settings()?, judged.look.as_ref()?);
        Some(Self { text: text.to_owned(), path: look.root().join(SETTINGS) })
    }

    /// The user's `config` with this over it.
    pub(super) fn over(&self, config: &Config) -> Result<Config, Problem> {
        overlay(config, &self.text, &self.path).map_err(Problem::from)
    }
}

/// Judges the folders of the workspace. It is trusted when all of them are; settings come from the first.
pub(super) fn settle(loaded: &Loaded, folders: &[PathBuf]) -> Settled {
    let mut loaded = loaded.clone();
    let consent = std::mem::take(&mut loaded.protected);
    let Some(store) = loaded.trust.clone() else {
        return Settled { loaded, layer: None, trust: Trust::Restricted, judge: None };
    };
    let judged: Vec<Judged> = folders.iter().map(|folder| store.judge(folder)).collect();
    loaded.warnings.extend(judged.iter().filter_map(Judged::notice));
    let trust = worst(&judged);
    let layer = judged.first().filter(|_| trust.is_trusted()).and_then(Layer::of);
    if trust.is_trusted() && !judged.is_empty() {
        loaded.protected = consent;
    }
    // The user's own mistakes come first.
    if let Some(layer) = layer.as_ref().filter(|_| loaded.config_problem.is_none()) {
        match layer.over(&loaded.config) {
            Ok(config) => loaded.config = Arc::new(config),
            Err(problem) => loaded.config_problem = Some(problem),
        }
    }
    let in_force = layer.as_ref().map(|layer| layer.text.clone());
    let standing = Standing { store, first: folders.first().cloned(), in_force };
    Settled { loaded, layer, trust, judge: Some(Arc::new(standing)) }
}

/// Judges folders again while the application runs.
struct Standing {
    store: TrustStore,
    /// The folder that settings come from.
    first: Option<PathBuf>,
    /// Its settings that were taken over at the start.
    in_force: Option<String>,
}

impl TrustJudge for Standing {
    fn judge(&self, folders: &[PathBuf]) -> Verdict {
        let judged: Vec<Judged> = folders.iter().map(|folder| self.store.judge(folder)).collect();
        let mut notices: Vec<Problem> = judged.iter().filter_map(Judged::notice).collect();
        let mut trust = worst(&judged);
        let first = folders.iter().position(|folder| Some(folder) == self.first.as_ref());
        let settings = first.map(|first| judged[first].settings());
        if trust.is_trusted() && settings.is_some_and(|settings| settings != self.in_force.as_deref()) {
            // What the user trusts now is not what this process works by.
            trust = Trust::Changed;
            notices.push(other_settings());
        }
        Verdict { trust, notices }
    }
}

fn other_settings() -> Problem {
    let message =
        format!("{SETTINGS} is not the one that was read at the start: until then it is restricted");
    let problem = Problem::error("workspace-changed", Category::Configuration, message)
        .hint("restart the server to work by the settings that you trust now");
    Problem { severity: Severity::Warning, ..problem }
}

/// The least trust of all; no folder at all is nothing to trust.
fn worst(judged: &[Judged]) -> Trust {
    let any = |trust| judged.iter().any(|judged| judged.trust == trust);
    if any(Trust::Changed) {
        Trust::Changed
    } else if judged.is_empty() || any(Trust::Restricted) {
        Trust::Restricted
    } else {
        Trust::Trusted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StateDir;
    use crate::config::trust::{Look, TrustStore};

    /// Trusts the folders named in `trusted`, then settles in `folders`, of which `one` has `settings`.
    fn check(settings: &str, trusted: &[&str], folders: &[&str]) -> (Loaded, Trust) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["one", "two"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("one").join(SETTINGS), settings).unwrap();
        let store = TrustStore::new(&StateDir::at(&dir.path().join("state")).unwrap());
        for name in trusted {
            store.grant(&Look::at(&dir.path().join(name)).unwrap()).unwrap();
        }
        let folders: Vec<_> = folders.iter().map(|name| dir.path().join(name)).collect();
        let settled = settle(&Loaded { trust: Some(store), ..Loaded::default() }, &folders);
        (settled.loaded, settled.trust)
    }

    #[test]
    fn only_a_trusted_workspace_has_a_layer() {
        let (loaded, trust) = check("limits.files = 7", &["one"], &["one"]);
        assert_eq!((trust, loaded.config.limits.files, loaded.warnings.len()), (Trust::Trusted, 7, 0));
        let (loaded, trust) = check("limits.files = 7", &[], &["one"]);
        assert_eq!((trust, loaded.config.limits.files, loaded.warnings.len()), (Trust::Restricted, 50, 1));
    }

    #[test]
    fn one_folder_that_is_not_trusted_is_enough() {
        assert_eq!(check("", &["one"], &["one", "two"]).1, Trust::Restricted);
        assert_eq!(check("", &["one", "two"], &["one", "two"]).1, Trust::Trusted);
        assert_eq!(check("", &["one", "two"], &[]).1, Trust::Restricted);
    }

    #[test]
    fn with_a_layer_that_is_wrong_no_model_is_asked() {
        let (loaded, _) = check("providers.p.api = 'ollama'", &["one"], &["one"]);
        assert_eq!(loaded.config_problem.map(|problem| problem.code), Some("not-from-workspace"));
    }

    /// Trusts a folder with `before`, settles, then has `change` happen to it; what is judged then.
    fn later(before: &str, change: impl FnOnce(&std::path::Path, &TrustStore)) -> Trust {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("one");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join(SETTINGS), before).unwrap();
        let store = TrustStore::new(&StateDir::at(&dir.path().join("state")).unwrap());
        store.grant(&Look::at(&root).unwrap()).unwrap();
        let loaded = Loaded { trust: Some(store.clone()), ..Loaded::default() };
        let judge = settle(&loaded, std::slice::from_ref(&root)).judge.unwrap();
        assert_eq!(judge.judge(std::slice::from_ref(&root)).trust, Trust::Trusted);
        change(&root, &store);
        judge.judge(std::slice::from_ref(&root)).trust
    }

    #[test]
    fn trust_does_not_outlast_what_it_was_given_to() {
        let write = |root: &std::path::Path| std::fs::write(root.join(SETTINGS), "limits.files = 8").unwrap();
        assert_eq!(later("limits.files = 7", |root, _| write(root)), Trust::Changed);
        assert_eq!(later("", |root, store| assert!(store.revoke(root).unwrap())), Trust::Restricted);
        let trusted_anew = |root: &std::path::Path, store: &TrustStore| {
            write(root);
            store.grant(&Look::at(root).unwrap()).unwrap();
        };
        assert_eq!(later("limits.files = 7", trusted_anew), Trust::Changed, "other settings are in force");
        assert_eq!(later("", |_, _| {}), Trust::Trusted);
    }
}
