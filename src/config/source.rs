//! The models that the configuration names, built when they are first asked for.
//!
//! With nothing configured it looks for a server on this machine. What was found is believed for a while; a miss is
//! not remembered, since the user may be starting a server right now. A recording is never used unless configured.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::Config;
use crate::model::{ModelSettings, ProviderSettings, Role, Upstream, provider};
use crate::ports::UpstreamSource;
use crate::problem::{Category, Problem};

/// How long a server that was found is believed to be there.
const FOUND_FOR: Duration = Duration::from_secs(30);

/// A provider and one model of it.
pub type Described = (ProviderSettings, ModelSettings);

type Build = fn(&ProviderSettings, &ModelSettings) -> Result<Arc<dyn Upstream>, Problem>;
type Detect = fn() -> BoxFuture<'static, Option<Described>>;

/// Models by role, from the configuration or from this machine.
pub struct ConfiguredModels {
    config: Arc<Config>,
    build: Build,
    detect: Detect,
    // By name: the roles of a model share its connections.
    built: Mutex<BTreeMap<String, Arc<dyn Upstream>>>,
    // Held across the probe, so that tasks started together share one.
    found: tokio::sync::Mutex<Option<Found>>,
}

struct Found {
    at: Instant,
    model: Arc<dyn Upstream>,
}

impl ConfiguredModels {
    /// Creates the source; nothing is built or probed yet.
    pub fn new(config: Arc<Config>) -> Self {
        Self::with(config, provider::build, || Box::pin(provider::detect_local()))
    }

    fn with(config: Arc<Config>, build: Build, detect: Detect) -> Self {
        Self {
            config,
            build,
            detect,
            built: Mutex::new(BTreeMap::new()),
            found: tokio::sync::Mutex::new(None),
        }
    }

    /// The configured models of a role. A model that cannot be built is left out, unless that leaves none.
    fn configured(&self, role: Role) -> Result<Vec<Arc<dyn Upstream>>, Problem> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let mut models = Vec::new();
        let mut first_problem = None;
        for (provider, model) in self.config.models_of(role) {
            if let Some(model) = built.get(&model.name) {
                models.push(Arc::clone(model));
                continue;
            }
            match (self.build)(provider, model) {
                Ok(upstream) => {
                    built.insert(model.name.clone(), Arc::clone(&upstream));
                    models.push(upstream);
                }
                // Not remembered: the missing key may be there at the next try.
                Err(problem) => {
                    tracing::warn!(model = %model.name, code = problem.code, "a configured model cannot be used");
                    first_problem.get_or_insert(problem);
                }
            }
        }
        match first_problem {
            Some(problem) if models.is_empty() => Err(problem),
            _ => Ok(models),
        }
    }

    /// A model of a server on this machine.
    async fn local(&self) -> Result<Vec<Arc<dyn Upstream>>, Problem> {
        let mut found = self.found.lock().await;
        if let Some(found) = found.as_ref().filter(|found| found.at.elapsed() < FOUND_FOR) {
            return Ok(vec![Arc::clone(&found.model)]);
        }
        *found = None;
        let (provider, model) = (self.detect)().await.ok_or_else(|| no_model(&self.config))?;
        let model = (self.build)(&provider, &model)?;
        tracing::info!(model = model.settings().name, "found a server on this machine");
        *found = Some(Found { at: Instant::now(), model: Arc::clone(&model) });
        Ok(vec![model])
    }
}

/// Looks for a server on this machine, for people who want to know.
pub async fn detect_local() -> Option<Described> {
    provider::detect_local().await
}

/// Looks for servers on this machine and describes a model of each, that of [`detect_local`] first.
pub async fn detect_all_local() -> Vec<Described> {
    provider::detect_all_local().await
}

/// Whether a model that was found does the work of a role: only one that fills in a middle completes.
pub fn serves(role: Role, model: &ModelSettings) -> bool {
    role != Role::Completion || model.capabilities.fill.is_some()
}

/// The three ways to a model.
pub const THREE_WAYS: &str = "one of three ways helps: \
    (1) start a local server (Ollama, LM Studio, llama-server, vLLM): tenon finds it; \
    (2) name a provider in the configuration file: `tenon doctor` prints a snippet; \
    (3) `tenon demo` shows tenon at work without any model";

/// Says that nobody is there to ask for an edit.
pub fn no_model(config: &Config) -> Problem {
    nobody(config, Role::Edit)
}

fn nobody(config: &Config, role: Role) -> Problem {
    if config.models.is_empty() {
        return Problem::error(
            "no-model",
            Category::Configuration,
            "no model is configured, and no server was found on this machine",
        )
        .hint(THREE_WAYS);
    }
    let names = config.models.keys().cloned().collect::<Vec<_>>().join(", ");
    let message = format!("no model has the role `{role}`");
    Problem::error("no-model", Category::Configuration, message)
        .hint(format!("the configuration has the models {names}: choose with `[roles] {role} = [\"…\"]`"))
}

fn cannot_fill() -> Problem {
    let message = "the server found on this machine cannot complete text at the cursor";
    Problem::error("no-model", Category::Configuration, message)
        .hint("configure a model with `fill` or `fill_template`, and name it in `[roles] completion`")
}

impl UpstreamSource for ConfiguredModels {
    fn upstreams(&self, role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Upstream>>, Problem>> {
        Box::pin(async move {
            let models = self.configured(role)?;
            if !models.is_empty() {
                return Ok(models);
            }
            if !self.config.models.is_empty() {
                // Text must not go to a server the user did not choose, once the user has chosen some.
                return Err(nobody(&self.config, role));
            }
            let found = self.local().await?;
            if found.iter().any(|model| serves(role, model.settings())) {
                Ok(found)
            } else {
                Err(cannot_fill())
            }
        })
    }
}

#[cfg(test)]
mod tests;
