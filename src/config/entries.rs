//! The resolved values one by one, each with where it came from: what `tenon config` shows.
//!
//! Written as TOML the entries are a valid configuration file that resolves to the same values. There is no secret
//! in them, because there is none in a [`Config`].

mod models;

pub use models::api_name;

use serde::Serialize;
use toml::Value;

use super::check::join;
use super::decimal::from_units;
use super::resolve::MONEY_PLACES;
use super::resolved::{Config, Origin, ReviewMode};
use crate::model::{Money, Role};

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// The key's path, such as `limits.files`.
    pub key: String,
    /// The resolved value.
    pub value: Value,
    /// Where it came from: `default`, `file:line` or a flag.
    pub origin: String,
}

impl Entry {
    /// The entry as a line of TOML.
    pub fn toml(&self) -> String {
        format!("{} = {}", self.key, self.value)
    }
}

impl Config {
    /// Every resolved value, in the order of the documentation.
    pub fn entries(&self) -> Vec<Entry> {
        let mut list = List { config: self, entries: Vec::new() };
        for provider in self.providers.values() {
            list.provider(provider);
        }
        for model in self.models.values() {
            list.model(model);
        }
        list.roles();
        list.work();
        list.policy();
        list.entries
    }
}

struct List<'a> {
    config: &'a Config,
    entries: Vec<Entry>,
}

impl List<'_> {
    fn add(&mut self, table: &str, key: &str, value: impl Into<Value>) {
        let key = join(table, key);
        let origin = self.config.origins.of(&key).to_string();
        self.entries.push(Entry { key, value: value.into(), origin });
    }

    fn add_some(&mut self, table: &str, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(table, key, value);
        }
    }

    /// Every role, so that what a role takes over from another can be seen.
    fn roles(&mut self) {
        if self.config.models.is_empty() {
            return;
        }
        for role in Role::ALL {
            let models = self.config.roles.get(&role).map(Vec::as_slice).unwrap_or_default();
            let key = format!("roles.{role}");
            let origin = match self.config.origins.of(&key) {
                Origin::Default if models.is_empty() => "default".to_owned(),
                Origin::Default if self.config.models.len() == 1 => "the only model".to_owned(),
                Origin::Default => "as roles.edit".to_owned(),
                origin => origin.to_string(),
            };
            self.entries.push(Entry { key, value: names(models), origin });
        }
        for (role, weights) in &self.config.splits {
            for (model, weight) in weights {
                self.add(&format!("split.{role}"), model, whole((*weight).into()));
            }
        }
    }

    fn work(&mut self) {
        let mode = match self.config.review_mode {
            ReviewMode::Review => "review",
            ReviewMode::Auto => "auto",
        };
        self.add("review", "mode", mode);
        let limits = &self.config.limits;
        self.add("limits", "concurrent_tasks", whole(limits.concurrent_tasks as u64));
        self.add("limits", "files", whole(limits.files as u64));
        self.add("limits", "file_bytes", whole(limits.file_bytes));
        self.add("limits", "task_seconds", whole(limits.task.as_secs()));
        self.add("limits", "repair_rounds", whole(limits.repair_rounds.into()));
        self.add("edit", "comment_marker", self.config.comment_marker.as_str());
        for (name, action) in &self.config.actions {
            let table = join("actions", name);
            self.add(&table, "title", action.title.as_str());
            self.add(&table, "instruction", action.instruction.as_str());
            if !action.languages.is_empty() {
                self.add(&table, "languages", action.languages.clone());
            }
            self.add(&table, "selection", action.selection);
        }
        let completion = &self.config.completion;
        let debounce = u64::try_from(completion.debounce.as_millis()).unwrap_or(u64::MAX);
        self.add("completion", "debounce_ms", whole(debounce));
        self.add("completion", "max_output", whole(completion.max_output.into()));
        self.add("completion", "context_bytes", whole(completion.context_bytes as u64));
    }

    /// What stands between the work and the models.
    fn policy(&mut self) {
        let budget = &self.config.budget;
        self.add_some("budget", "request", budget.request.map(money));
        self.add_some("budget", "session", budget.session.map(money));
        self.add_some("budget", "day", budget.day.map(money));
        self.add_some("budget", "day_tokens", budget.day_tokens.map(whole));
        let cache = &self.config.cache;
        self.add("cache", "enabled", cache.enabled);
        self.add("cache", "ttl_seconds", whole(cache.time_to_live.as_secs()));
        self.add("cache", "memory_bytes", whole(cache.memory_bytes));
        self.add("cache", "disk_bytes", whole(cache.disk_bytes));
        let outgoing = &self.config.outgoing;
        self.add("outgoing", "deny", names(&outgoing.deny));
        self.add("outgoing", "redact", outgoing.redact);
        self.add("outgoing", "max_bytes", whole(outgoing.max_bytes));
        let folder = self.config.recordings.as_ref();
        self.add_some("recorder", "folder", folder.map(|folder| folder.to_string_lossy().into_owned()));
        let alerts = &self.config.alerts;
        self.add("alerts", "enabled", alerts.enabled);
        self.add("alerts", "error_percent", whole(alerts.error_percent));
        self.add("alerts", "window", whole(alerts.window));
        self.add("alerts", "lost_entries", whole(alerts.lost_entries));
        self.add("alerts", "queue_length", whole(alerts.queue_length));
        self.add("alerts", "budget_percent", whole(alerts.budget_percent));
    }
}

fn money(amount: Money) -> f64 {
    from_units(amount.0, MONEY_PLACES)
}

fn whole(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn names(names: &[String]) -> Value {
    Value::Array(names.iter().map(|name| Value::String(name.clone())).collect())
}
