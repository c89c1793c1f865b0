//! Asks each model one tiny question, through everything that a request of the user goes through.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt as _;

use super::Sources;
use super::report::{Probe, Report};
use crate::config::Config;
use crate::model::{
    FillRequest, Message, Model, ModelError, ModelErrorKind, ModelRequest, Role, StreamEvent, Thinking,
};
use crate::problem::Problem;

/// Most tokens of an answer.
const MAX_OUTPUT: u32 = 16;

/// Longest wait for one model: a local server may have to load it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks each model once, all at the same time, and notes how that ended wherever the model is listed.
pub(super) async fn all(report: &mut Report, sources: &Sources<'_>) {
    let mut asked: BTreeMap<String, Role> = BTreeMap::new();
    for (role, model) in report.models_mut() {
        // A model that is there to converse as well is asked to: more models can.
        let first = asked.entry(model.name.clone()).or_insert(role);
        if *first == Role::Completion {
            *first = role;
        }
    }
    let probes = asked.into_iter().map(|(name, role)| async move {
        let ended = match tokio::time::timeout(PATIENCE, one(sources, &name, role)).await {
            Ok(ended) => ended,
            Err(_) => Err(too_slow(sources.config, &name)),
        };
        let probe = match ended {
            Ok(first) => Probe::Ok { first_token_ms: u64::try_from(first.as_millis()).unwrap_or(u64::MAX) },
            Err(error) => Probe::Failed { error },
        };
        (name, probe)
    });
    let ended: BTreeMap<_, _> = futures::future::join_all(probes).await.into_iter().collect();
    for (_, model) in report.models_mut() {
        model.probe = ended.get(&model.name).cloned();
    }
}

async fn one(sources: &Sources<'_>, name: &str, role: Role) -> Result<Duration, Problem> {
    let source = (sources.models)(alone(sources.config, name, role))?;
    let models = source.models(role).await?;
    let nobody = || crate::config::source::no_model(sources.config);
    let model = models.first().ok_or_else(nobody)?;
    ask(model.as_ref(), role).await.map_err(|error| Problem::from(&error))
}

/// The configuration with this model only, so that no other one answers for it, and nothing from the cache.
fn alone(config: &Config, name: &str, role: Role) -> Config {
    let mut config = config.clone();
    config.splits.clear();
    config.cache.enabled = false;
    if let Some(model) = config.models.get_mut(name) {
        model.max_output = model.max_output.min(MAX_OUTPUT);
        // Thinking has a budget of its own that would not fit into so small an answer.
        model.capabilities.thinking = Thinking::Unset;
        config.roles = BTreeMap::from([(role, vec![name.to_owned()])]);
    }
    config
}

/// The time to the first piece of a complete answer.
async fn ask(model: &dyn Model, role: Role) -> Result<Duration, ModelError> {
    let began = Instant::now();
    let mut reply = if role == Role::Completion {
        let (prefix, suffix) = ("fn one() -> i32 {\n    ".to_owned(), "\n}\n".to_owned());
        let path = "one.rs".to_owned();
        model.fill(FillRequest { prefix, suffix, path, max_output: MAX_OUTPUT, stop: Vec::new() })
    } else {
        let question = Message::user("Answer with one word: is anybody there?");
        model.ask(ModelRequest::new("You answer with one word.", vec![question]))
    };
    let mut first = None;
    while let Some(event) = reply.next().await {
        match event? {
            StreamEvent::Finished(_) => return Ok(first.unwrap_or_else(|| began.elapsed())),
            StreamEvent::Usage(_) | StreamEvent::Cached => {}
            _ => {
                first.get_or_insert_with(|| began.elapsed());
            }
        }
    }
    Err(ModelError::truncated(model.settings()))
}

fn too_slow(config: &Config, name: &str) -> Problem {
    let provider = config.models.get(name).map_or("its provider", |model| model.provider.as_str());
    let message = format!("no answer within {} s", PATIENCE.as_secs());
    Problem::from(&ModelError::new(ModelErrorKind::Stalled, provider, name, message))
}
