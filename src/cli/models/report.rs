//! What `tenon models` tells, as one object.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Sources;
use crate::config::entries::api_name;
use crate::model::{Api, Budget, Capabilities, ModelSettings, Money, Price, Role, Thinking};
use crate::ports::{ModelStatistics, ProviderHistory, RequestEnd, Spent, StoreStatistics};
use crate::problem::Problem;

/// The object that `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) roles: Vec<RoleReport>,
    /// Why there is no model at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<Problem>,
    /// Whether the models were not configured but found on this machine.
    pub(super) found_here: bool,
    pub(super) today: SpentReport,
    pub(super) budget: BudgetReport,
    /// Answers kept on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache: Option<StoreStatistics>,
}

/// Models of a role, preferred first.
#[derive(Debug, Serialize)]
pub(super) struct RoleReport {
    pub(super) role: Role,
    pub(super) models: Vec<ModelReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct ModelReport {
    pub(super) name: String,
    pub(super) provider: String,
    /// The provider's name for it.
    pub(super) model: String,
    pub(super) api: &'static str,
    /// Its share of the role's first place, where several share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<u32>,
    pub(super) context: u32,
    pub(super) max_output: u32,
    pub(super) price: Option<PriceReport>,
    pub(super) capabilities: Vec<&'static str>,
    /// `ok`, `failing` or `unknown`, by the provider's requests of the last 24 hours.
    pub(super) health: &'static str,
    pub(super) history: Option<ProviderHistory>,
    pub(super) statistics: Option<ModelStatistics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) probe: Option<Probe>,
}

/// How a probe ended.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(super) enum Probe {
    Ok { first_token_ms: u64 },
    Failed { error: Problem },
}

/// Prices of a million tokens.
#[derive(Debug, Serialize)]
pub(super) struct PriceReport {
    pub(super) input: f64,
    pub(super) output: f64,
    pub(super) cache_read: f64,
    pub(super) cache_write: f64,
}

/// Money is text, because it is exact.
#[derive(Debug, Serialize)]
pub(super) struct SpentReport {
    pub(super) tokens: u64,
    pub(super) cost: String,
}

#[derive(Debug, Serialize)]
pub(super) struct BudgetReport {
    pub(super) request: Option<String>,
    pub(super) session: Option<String>,
    pub(super) day: Option<String>,
    pub(super) day_tokens: Option<u64>,
}

impl Report {
    /// The models in the order of the report, a model of several roles several times.
    pub(super) fn models_mut(&mut self) -> impl Iterator<Item = (Role, &mut ModelReport)> {
        self.roles.iter_mut().flat_map(|role| role.models.iter_mut().map(|model| (role.role, model)))
    }

    pub(super) fn has_failed_probe(&self) -> bool {
        let mut models = self.roles.iter().flat_map(|role| &role.models);
        models.any(|model| matches!(model.probe, Some(Probe::Failed { .. })))
    }
}

/// Collects what is known; sends nothing.
pub(super) async fn gather(roles: &[Role], sources: &Sources<'_>) -> Report {
    let config = sources.config;
    let known = Known::read(sources).await;
    let mut reports = Vec::new();
    for role in roles {
        let weights = config.splits.get(role);
        let models = config.models_of(*role).into_iter().map(|(provider, model)| ModelReport {
            weight: weights.and_then(|weights| weights.get(&model.name)).copied(),
            ..known.model(*role, provider.api, model)
        });
        let models: Vec<_> = models.collect();
        if !models.is_empty() {
            reports.push(RoleReport { role: *role, models });
        }
    }
    let problem = config.models.is_empty().then(|| crate::config::source::no_model(config));
    Report {
        roles: reports,
        problem,
        found_here: false,
        today: spent(sources.ledger.spent_today().await),
        budget: budget(config.budget),
        cache: match sources.responses {
            Some(responses) => Some(responses.statistics().await),
            None => None,
        },
    }
}

/// What the account knows.
struct Known {
    statistics: BTreeMap<(String, String), ModelStatistics>,
    providers: BTreeMap<String, ProviderHistory>,
}

impl Known {
    async fn read(sources: &Sources<'_>) -> Self {
        let statistics = sources.ledger.statistics().await.into_iter();
        let providers = sources.ledger.providers().await.into_iter();
        Self {
            statistics: statistics.map(|known| ((known.role.clone(), known.model.clone()), known)).collect(),
            providers: providers.map(|history| (history.provider.clone(), history)).collect(),
        }
    }

    fn model(&self, role: Role, api: Api, model: &ModelSettings) -> ModelReport {
        let history = self.providers.get(&model.provider).cloned();
        ModelReport {
            name: model.name.clone(),
            provider: model.provider.clone(),
            model: model.model.clone(),
            api: api_name(api),
            weight: None,
            context: model.context,
            max_output: model.max_output,
            price: model.price.as_ref().map(price),
            capabilities: capabilities(&model.capabilities),
            health: health(history.as_ref()),
            history,
            statistics: self.statistics.get(&(role.name().to_owned(), model.name.clone())).cloned(),
            probe: None,
        }
    }
}

fn health(history: Option<&ProviderHistory>) -> &'static str {
    match history.map(|history| history.last) {
        None => "unknown",
        Some(RequestEnd::Failed(_)) => "failing",
        Some(RequestEnd::Complete | RequestEnd::Cached | RequestEnd::Cancelled) => "ok",
    }
}

/// Each in one word; what is usual is not said.
fn capabilities(of: &Capabilities) -> Vec<&'static str> {
    let words = [
        (of.tools, "tools"),
        (of.schema, "schema"),
        (!matches!(of.thinking, Thinking::Unset | Thinking::Off), "thinking"),
        (of.prompt_cache, "cache"),
        (of.fill.is_some(), "fill"),
        (!of.stream, "unstreamed"),
    ];
    words.into_iter().filter_map(|(has, word)| has.then_some(word)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "prices for people; the exact ones are in the configuration")]
fn price(price: &Price) -> PriceReport {
    let units = |millionths: u64| millionths as f64 / 1e6;
    PriceReport {
        input: units(price.input),
        output: units(price.output),
        cache_read: units(price.cache_read),
        cache_write: units(price.cache_write),
    }
}

fn spent(spent: Spent) -> SpentReport {
    SpentReport { tokens: spent.tokens, cost: spent.cost.to_string() }
}

fn budget(budget: Budget) -> BudgetReport {
    let limit = |limit: Option<Money>| limit.map(|limit| limit.to_string());
    BudgetReport {
        request: limit(budget.request),
        session: limit(budget.session),
        day: limit(budget.day),
        day_tokens: budget.day_tokens,
    }
}
