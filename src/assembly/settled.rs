//! What holds in the workspace at hand: its trust, and the user's configuration with a trusted workspace's layer.
//!
//! Nothing of a workspace is used before it was judged, and no model is asked with a layer that is wrong: what it
//! says must not be sent could be in it.

use std::path::PathBuf;
use std::sync::Arc;

use super::Loaded;
use crate::config::layer::overlay;
use crate::config::trust::{Judged, SETTINGS};
use crate::ports::Trust;
use crate::problem::Problem;

/// Judges the folders of the workspace. It is trusted when all of them are; settings come from the first.
pub(super) fn settle(loaded: &Loaded, folders: &[PathBuf]) -> (Loaded, Trust) {
    let mut loaded = loaded.clone();
    let consent = std::mem::take(&mut loaded.protected);
    let Some(store) = loaded.trust.clone() else { return (loaded, Trust::Restricted) };
    let judged: Vec<Judged> = folders.iter().map(|folder| store.judge(folder)).collect();
    loaded.warnings.extend(judged.iter().filter_map(Judged::notice));
    let trust = worst(&judged);
    if trust.is_trusted()
        && let Some(first) = judged.first()
    {
        loaded.protected = consent;
        add_layer(&mut loaded, first);
    }
    (loaded, trust)
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

fn add_layer(loaded: &mut Loaded, judged: &Judged) {
    let (Some(text), Some(look)) = (judged.settings(), &judged.look) else { return };
    // The user's own mistakes come first.
    if loaded.config_problem.is_some() {
        return;
    }
    match overlay(&loaded.config, text, &look.root().join(SETTINGS)) {
        Ok(config) => loaded.config = Arc::new(config),
        Err(error) => loaded.config_problem = Some(Problem::from(error)),
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
        settle(&Loaded { trust: Some(store), ..Loaded::default() }, &folders)
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
}
