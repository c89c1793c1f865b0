//! As typed → resolved: fills in defaults, follows names, judges URLs and key sources.
//!
//! Shapes, types and ranges have been checked before; what is left needs two places of the file at once, or a rule
//! that a schema cannot say. Every fault is collected.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::check::{Lines, join};
use super::endpoint::Endpoint;
use super::error::{Fault, FaultKind};
use super::raw;
use super::resolved::{Config, DEFAULT_COMMENT_MARKER, Limits, Origins, ReviewMode};
use super::secret_like::{is_variable_name, looks_like_key};
use crate::model::{
    Api, Capabilities, EditFormat, KeySource, ModelSettings, ProviderSettings, Role, Timeouts,
};

/// Resolves a checked file; `path` is where it stands.
pub(super) fn resolve(file: &raw::File, path: &Path, lines: Lines) -> Result<Config, Vec<Fault>> {
    let mut resolver = Resolver { lines: &lines, faults: Vec::new() };
    let providers = file
        .providers
        .iter()
        .filter_map(|(name, provider)| {
            Some((name.clone(), resolver.provider(name, provider, path.parent()?)?))
        })
        .collect();
    let provider_names = file.providers.keys().cloned().collect::<Vec<_>>();
    let models: BTreeMap<_, _> = file
        .models
        .iter()
        .filter_map(|(name, model)| Some((name.clone(), resolver.model(name, model, &provider_names)?)))
        .collect();
    let model_names = file.models.keys().cloned().collect::<Vec<_>>();
    let roles = resolver.roles(&file.roles, &model_names);
    let comment_marker = resolver.comment_marker(&file.edit);
    let mut faults = resolver.faults;
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.line);
        return Err(faults);
    }
    Ok(Config {
        providers,
        models,
        roles,
        review_mode: match file.review.mode {
            None | Some(raw::ReviewMode::Review) => ReviewMode::Review,
            Some(raw::ReviewMode::Auto) => ReviewMode::Auto,
        },
        limits: limits(&file.limits),
        comment_marker,
        origins: Origins::of_file(path.to_owned(), lines),
        ..Config::default()
    })
}

struct Resolver<'a> {
    lines: &'a Lines,
    faults: Vec<Fault>,
}

impl Resolver<'_> {
    fn fault(&mut self, key: &str, kind: FaultKind) {
        let line = self.lines.get(key).copied().unwrap_or(0);
        self.faults.push(Fault { key: key.to_owned(), line, kind });
    }

    fn provider(&mut self, name: &str, raw: &raw::Provider, folder: &Path) -> Option<ProviderSettings> {
        let path = join("providers", name);
        let n_before = self.faults.len();
        let api = match raw.api {
            raw::Api::OpenaiChat => Api::OpenAiChat,
            raw::Api::Replay => Api::Replay,
            raw::Api::OpenaiResponses => return self.unsupported_api(&path, "openai-responses"),
            raw::Api::Anthropic => return self.unsupported_api(&path, "anthropic"),
            raw::Api::Gemini => return self.unsupported_api(&path, "gemini"),
            raw::Api::Ollama => return self.unsupported_api(&path, "ollama"),
        };
        let base_url = match api {
            Api::Replay => folder.join(&raw.base_url).to_string_lossy().into_owned(),
            _ => {
                self.url(&join(&path, "base_url"), &raw.base_url, raw.allow_http.unwrap_or(false));
                raw.base_url.clone()
            }
        };
        let key = self.key(&path, raw);
        let provider = ProviderSettings {
            key,
            timeouts: timeouts(&raw.timeouts),
            ..ProviderSettings::new(name, api, base_url)
        };
        (self.faults.len() == n_before).then_some(provider)
    }

    fn unsupported_api<T>(&mut self, path: &str, value: &str) -> Option<T> {
        self.fault(&join(path, "api"), FaultKind::UnsupportedApi(value.to_owned()));
        None
    }

    fn url(&mut self, key: &str, url: &str, allow_http: bool) {
        match Endpoint::parse(url) {
            Err(why) => self.fault(key, FaultKind::BadUrl(why)),
            Ok(endpoint) if !endpoint.secure && !endpoint.is_loopback() && !allow_http => {
                self.fault(key, FaultKind::InsecureUrl);
            }
            Ok(_) => {}
        }
    }

    fn key(&mut self, path: &str, raw: &raw::Provider) -> Option<KeySource> {
        match (&raw.key_env, &raw.key_command) {
            (Some(_), Some(_)) => {
                self.fault(path, FaultKind::ConflictingKeys);
                None
            }
            (Some(variable), None) => {
                let key = join(path, "key_env");
                if looks_like_key(variable) {
                    self.fault(&key, FaultKind::KeyInConfig);
                } else if !is_variable_name(variable) {
                    self.fault(&key, FaultKind::BadVariableName);
                }
                Some(KeySource::Variable(variable.clone()))
            }
            (None, Some(argv)) => {
                if argv.iter().any(|word| looks_like_key(word)) {
                    self.fault(&join(path, "key_command"), FaultKind::KeyInConfig);
                }
                Some(KeySource::Command(argv.clone()))
            }
            (None, None) => None,
        }
    }

    fn model(&mut self, name: &str, raw: &raw::Model, providers: &[String]) -> Option<ModelSettings> {
        let path = join("models", name);
        let n_before = self.faults.len();
        if !providers.contains(&raw.provider) {
            let kind = FaultKind::UnknownProvider { name: raw.provider.clone(), known: providers.to_vec() };
            self.fault(&join(&path, "provider"), kind);
        }
        let edit_format = match raw.edit_format {
            None => EditFormat::default(),
            Some(raw::EditFormat::SearchReplace) => EditFormat::SearchReplace,
            Some(raw::EditFormat::Whole) => EditFormat::Whole,
            Some(raw::EditFormat::Udiff) => EditFormat::UnifiedDiff,
            Some(raw::EditFormat::ApplyPatch) => EditFormat::ApplyPatch,
            Some(raw::EditFormat::Json) => EditFormat::Json,
        };
        let context = raw.context.unwrap_or(32_768);
        let max_output = raw.max_output.unwrap_or_else(|| 4096.min(context / 2));
        if max_output >= context {
            let kind = FaultKind::OutOfRange(format!("less than the window of {context} tokens"));
            self.fault(&join(&path, "max_output"), kind);
        }
        let settings = ModelSettings {
            context,
            max_output,
            edit_format,
            capabilities: Capabilities {
                temperature: raw.temperature.map(|temperature| temperature.to_string()),
                ..Capabilities::default()
            },
            ..ModelSettings::new(name, &raw.provider, &raw.model)
        };
        (self.faults.len() == n_before).then_some(settings)
    }

    fn roles(&mut self, raw: &raw::Roles, models: &[String]) -> BTreeMap<Role, Vec<String>> {
        let mut edit = self.role("edit", raw.edit.as_ref(), models);
        if edit.is_empty() && raw.edit.is_none() && models.len() == 1 {
            edit = models.to_vec();
        }
        let others = [
            (Role::Analysis, &raw.analysis),
            (Role::Generation, &raw.generation),
            (Role::Review, &raw.review),
            (Role::Improvement, &raw.improvement),
        ];
        let others =
            others.into_iter().map(|(role, list)| (role, self.role(role.name(), list.as_ref(), models)));
        let roles = [(Role::Edit, edit)].into_iter().chain(others.collect::<Vec<_>>());
        roles.filter(|(_, list)| !list.is_empty()).collect()
    }

    fn role(&mut self, name: &str, list: Option<&Vec<String>>, models: &[String]) -> Vec<String> {
        let list = list.cloned().unwrap_or_default();
        for (index, model) in list.iter().enumerate() {
            if !models.contains(model) {
                let kind = FaultKind::UnknownModel { name: model.clone(), known: models.to_vec() };
                self.fault(&format!("roles.{name}[{index}]"), kind);
            }
        }
        list
    }

    fn comment_marker(&mut self, raw: &raw::Edit) -> String {
        let marker = raw.comment_marker.as_deref().unwrap_or(DEFAULT_COMMENT_MARKER).trim();
        if marker.is_empty() || marker.chars().any(char::is_control) {
            let limits = "visible text on one line".to_owned();
            self.fault("edit.comment_marker", FaultKind::OutOfRange(limits));
        }
        marker.to_owned()
    }
}

fn timeouts(raw: &raw::Timeouts) -> Timeouts {
    // The ranges have been checked, so no conversion can panic.
    let seconds = |typed: Option<f64>, default| Duration::from_secs_f64(typed.unwrap_or(default));
    Timeouts {
        connect: seconds(raw.connect, 10.0),
        first_byte: seconds(raw.first_byte, 120.0),
        idle_bytes: seconds(raw.idle, 30.0),
        idle_content: seconds(raw.content, 120.0),
    }
}

fn limits(raw: &raw::Limits) -> Limits {
    let default = Limits::default();
    Limits {
        concurrent_tasks: raw.concurrent_tasks.map_or(default.concurrent_tasks, |n| n as usize),
        files: raw.files.map_or(default.files, |n| n as usize),
        file_bytes: raw.file_bytes.unwrap_or(default.file_bytes),
        task: raw.task_seconds.map_or(default.task, |n| Duration::from_secs(n.into())),
        repair_rounds: raw.repair_rounds.unwrap_or(default.repair_rounds),
    }
}
