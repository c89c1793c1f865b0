//! The resolved values one by one, each with where it came from: what `tenon config` shows.
//!
//! Written as TOML the entries are a valid configuration file that resolves to the same values. There is no secret
//! in them, because there is none in a [`Config`].

use serde::Serialize;
use toml::Value;

use super::check::join;
use super::resolved::{Config, Origin, ReviewMode};
use crate::model::{Api, EditFormat, KeySource, ModelSettings, ProviderSettings};

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
        for (role, models) in &self.roles {
            list.add("roles", role.name(), names(models));
        }
        let mode = match self.review_mode {
            ReviewMode::Review => "review",
            ReviewMode::Auto => "auto",
        };
        list.add("review", "mode", mode);
        let limits = &self.limits;
        list.add("limits", "concurrent_tasks", whole(limits.concurrent_tasks as u64));
        list.add("limits", "files", whole(limits.files as u64));
        list.add("limits", "file_bytes", whole(limits.file_bytes));
        list.add("limits", "task_seconds", whole(limits.task.as_secs()));
        list.add("limits", "repair_rounds", whole(limits.repair_rounds.into()));
        list.add("edit", "comment_marker", self.comment_marker.as_str());
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
        let origin = match self.config.origins.of(&key) {
            // A single model serves every role without being named there.
            Origin::Default if table == "roles" => "the only model".to_owned(),
            origin => origin.to_string(),
        };
        self.entries.push(Entry { key, value: value.into(), origin });
    }

    fn provider(&mut self, provider: &ProviderSettings) {
        let table = join("providers", &provider.name);
        let api = match provider.api {
            Api::OpenAiChat => "openai-chat",
            Api::OpenAiResponses => "openai-responses",
            Api::Anthropic => "anthropic",
            Api::Gemini => "gemini",
            Api::Ollama => "ollama",
            Api::Replay => "replay",
        };
        self.add(&table, "api", api);
        self.add(&table, "base_url", provider.base_url.as_str());
        match &provider.key {
            Some(KeySource::Variable(name)) => self.add(&table, "key_env", name.as_str()),
            Some(KeySource::Command(argv)) => self.add(&table, "key_command", names(argv)),
            Some(KeySource::Keyring(name)) => self.add(&table, "key_keyring", name.as_str()),
            None => {}
        }
        // Shown only where it was set: it is a permission, which nothing else depends on.
        if matches!(self.config.origins.of(&join(&table, "allow_http")), Origin::File(..)) {
            self.add(&table, "allow_http", true);
        }
        let table = join(&table, "timeouts");
        let timeouts = &provider.timeouts;
        self.add(&table, "connect", timeouts.connect.as_secs_f64());
        self.add(&table, "first_byte", timeouts.first_byte.as_secs_f64());
        self.add(&table, "idle", timeouts.idle_bytes.as_secs_f64());
        self.add(&table, "content", timeouts.idle_content.as_secs_f64());
    }

    fn model(&mut self, model: &ModelSettings) {
        let table = join("models", &model.name);
        self.add(&table, "provider", model.provider.as_str());
        self.add(&table, "model", model.model.as_str());
        self.add(&table, "context", whole(model.context.into()));
        self.add(&table, "max_output", whole(model.max_output.into()));
        let format = match model.edit_format {
            EditFormat::SearchReplace => "search-replace",
            EditFormat::Whole => "whole",
            EditFormat::UnifiedDiff => "udiff",
            EditFormat::ApplyPatch => "apply-patch",
            EditFormat::Json => "json",
        };
        self.add(&table, "edit_format", format);
        if let Some(temperature) =
            model.capabilities.temperature.as_ref().and_then(|text| text.parse::<f64>().ok())
        {
            self.add(&table, "temperature", temperature);
        }
    }
}

fn whole(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn names(names: &[String]) -> Value {
    Value::Array(names.iter().map(|name| Value::String(name.clone())).collect())
}
