//! Models: their capability records and prices.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::Resolver;
use crate::config::check::join;
use crate::config::decimal::to_units;
use crate::config::error::FaultKind;
use crate::config::raw;
use crate::config::secret_like::looks_like_key;
use crate::model::{Capabilities, EditFormat, FillForm, ModelSettings, Price, Thinking};

/// Places behind the point that a price has.
pub(in crate::config) const PRICE_PLACES: usize = 6;

/// Members of a request's body that tenon writes itself, in one protocol or another. A budget counts on the limits of
/// the output among them.
const RESERVED_MEMBERS: &[&str] = &[
    "best_of",
    "contents",
    "input",
    "input_prefix",
    "input_suffix",
    "instructions",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "messages",
    "model",
    "n",
    "n_predict",
    "prompt",
    "stream",
    "suffix",
    "system",
    "systemInstruction",
];

/// Further such members, inside of others.
const RESERVED_INSIDE: &[(&str, &[&str])] =
    &[("generationConfig", &["candidateCount", "maxOutputTokens"]), ("options", &["num_ctx", "num_predict"])];

impl Resolver<'_> {
    pub(super) fn models(&mut self) -> BTreeMap<String, ModelSettings> {
        let file = self.file;
        file.models.iter().map(|(name, raw)| (name.clone(), self.model(name, raw))).collect()
    }

    fn model(&mut self, name: &str, raw: &raw::Model) -> ModelSettings {
        let path = join("models", name);
        if !self.file.providers.contains_key(&raw.provider) {
            let known = self.file.providers.keys().cloned().collect();
            let kind = FaultKind::UnknownProvider { name: raw.provider.clone(), known };
            self.fault(&join(&path, "provider"), kind);
        }
        let context = raw.context.unwrap_or(32_768);
        let max_output = raw.max_output.unwrap_or_else(|| 4096.min(context / 2));
        if max_output >= context {
            let kind = FaultKind::OutOfRange(format!("less than the window of {context} tokens"));
            self.fault(&join(&path, "max_output"), kind);
        }
        ModelSettings {
            context,
            max_output,
            edit_format: edit_format(raw.edit_format),
            capabilities: self.capabilities(&path, raw, max_output),
            price: raw.price.as_ref().map(|price| self.price(&join(&path, "price"), price)),
            ..ModelSettings::new(name, &raw.provider, &raw.model)
        }
    }

    fn capabilities(&mut self, path: &str, raw: &raw::Model, max_output: u32) -> Capabilities {
        let default = Capabilities::default();
        Capabilities {
            temperature: raw.temperature.map(|number| number.to_string()),
            top_p: raw.top_p.map(|number| number.to_string()),
            stream: raw.stream.unwrap_or(default.stream),
            tools: raw.tools.unwrap_or(default.tools),
            schema: raw.schema.unwrap_or(default.schema),
            thinking: self.thinking(path, raw, max_output),
            prompt_cache: raw.prompt_cache.unwrap_or(default.prompt_cache),
            max_completion_tokens: raw.max_completion_tokens.unwrap_or(default.max_completion_tokens),
            fill: self.fill(path, raw),
            extra: self.extra(&join(path, "extra"), &raw.extra),
        }
    }

    fn thinking(&mut self, path: &str, raw: &raw::Model, max_output: u32) -> Thinking {
        let named =
            [("thinking", raw.thinking.is_some()), ("thinking_tokens", raw.thinking_tokens.is_some())];
        self.at_most_one(path, &named);
        if let Some(tokens) = raw.thinking_tokens {
            if tokens >= max_output {
                let kind = FaultKind::OutOfRange(format!("less than `max_output`, {max_output} tokens"));
                self.fault(&join(path, "thinking_tokens"), kind);
            }
            return Thinking::Tokens(tokens);
        }
        match raw.thinking {
            None => Thinking::Unset,
            Some(raw::Thinking::Off) => Thinking::Off,
            Some(raw::Thinking::Low) => Thinking::Low,
            Some(raw::Thinking::Medium) => Thinking::Medium,
            Some(raw::Thinking::High) => Thinking::High,
        }
    }

    fn fill(&mut self, path: &str, raw: &raw::Model) -> Option<FillForm> {
        let named = [("fill", raw.fill.is_some()), ("fill_template", raw.fill_template.is_some())];
        self.at_most_one(path, &named);
        let form = match (raw.fill, &raw.fill_template) {
            (Some(raw::Fill::Mistral), _) => FillForm::Mistral,
            (Some(raw::Fill::Completions), _) => FillForm::Completions,
            (Some(raw::Fill::Infill), _) => FillForm::Infill,
            (Some(raw::Fill::Ollama), _) => FillForm::Ollama,
            (None, Some(template)) => {
                if ["{prefix}", "{suffix}"].iter().any(|slot| template.matches(slot).count() != 1) {
                    let limits = "text with one {prefix} and one {suffix}".to_owned();
                    self.fault(&join(path, "fill_template"), FaultKind::OutOfRange(limits));
                }
                FillForm::Template(template.clone())
            }
            (None, None) => return None,
        };
        let provider = self.file.providers.get(&raw.provider).map(|provider| provider.api);
        if let Some(raw::Api::OpenaiResponses | raw::Api::Anthropic | raw::Api::Gemini) = provider {
            let key = if raw.fill.is_some() { "fill" } else { "fill_template" };
            let limits = "left out: the provider's protocol has no call for a middle".to_owned();
            self.fault(&join(path, key), FaultKind::OutOfRange(limits));
        }
        Some(form)
    }

    fn extra(&mut self, path: &str, raw: &toml::Table) -> Map<String, Value> {
        for name in RESERVED_MEMBERS.iter().filter(|name| raw.contains_key(**name)) {
            self.fault(&join(path, name), FaultKind::ReservedMember);
        }
        for (outer, names) in RESERVED_INSIDE {
            let Some(inside) = raw.get(*outer).and_then(toml::Value::as_table) else { continue };
            let at = join(path, outer);
            for name in names.iter().filter(|name| inside.contains_key(**name)) {
                self.fault_at(&join(&at, name), &at, FaultKind::ReservedMember);
            }
        }
        let members = raw.iter().map(|(name, value)| {
            let key = join(path, name);
            (name.clone(), self.json(&key, value, &key))
        });
        members.collect()
    }

    /// TOML as JSON. What is wrong is shown `at` the member of the first level, since only that has a line.
    fn json(&mut self, key: &str, value: &toml::Value, at: &str) -> Value {
        match value {
            toml::Value::String(text) => {
                if looks_like_key(text) {
                    self.fault_at(key, at, FaultKind::KeyInConfig);
                }
                text.clone().into()
            }
            toml::Value::Integer(number) => (*number).into(),
            toml::Value::Float(number) => Number::from_f64(*number).map_or_else(
                || {
                    self.fault_at(key, at, FaultKind::OutOfRange("a finite number".to_owned()));
                    Value::Null
                },
                Value::Number,
            ),
            toml::Value::Boolean(yes) => (*yes).into(),
            toml::Value::Datetime(_) => {
                let kind = FaultKind::WrongType {
                    expected: "a value of JSON".to_owned(),
                    found: "a date".to_owned(),
                };
                self.fault_at(key, at, kind);
                Value::Null
            }
            toml::Value::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| self.json(&format!("{key}[{index}]"), item, at)).collect()
            }
            toml::Value::Table(table) => {
                let members = table.iter();
                members.map(|(name, value)| (name.clone(), self.json(&join(key, name), value, at))).collect()
            }
        }
    }

    fn price(&mut self, path: &str, raw: &raw::Price) -> Price {
        let mut tiers = Vec::<(u64, Price)>::new();
        for (index, tier) in raw.tiers.iter().enumerate() {
            let path = format!("{path}.tiers[{index}]");
            if tiers.last().is_some_and(|(above, _)| tier.above <= *above) {
                let limits = "more than in the tier before".to_owned();
                self.fault(&join(&path, "above"), FaultKind::OutOfRange(limits));
            }
            let numbers = (tier.input, tier.output, tier.cache_read, tier.cache_write);
            tiers.push((tier.above, self.flat_price(&path, numbers)));
        }
        let numbers = (raw.input, raw.output, raw.cache_read, raw.cache_write);
        Price { tiers, ..self.flat_price(path, numbers) }
    }

    /// A price without tiers, from what was typed for input, output, cache read and cache write.
    fn flat_price(&mut self, path: &str, typed: (f64, f64, Option<f64>, Option<f64>)) -> Price {
        let (input, output, cache_read, cache_write) = typed;
        let mut millionths = |key: &str, number: f64| {
            to_units(number, PRICE_PLACES).unwrap_or_else(|| {
                let limits = format!("written with at most {PRICE_PLACES} decimals");
                self.fault(&join(path, key), FaultKind::OutOfRange(limits));
                0
            })
        };
        let input = millionths("input", input);
        Price {
            input,
            output: millionths("output", output),
            // Without a word on caching nothing is cheaper for it; a budget must not count on less.
            cache_read: cache_read.map_or(input, |number| millionths("cache_read", number)),
            cache_write: cache_write.map_or(input, |number| millionths("cache_write", number)),
            tiers: Vec::new(),
        }
    }
}

fn edit_format(raw: Option<raw::EditFormat>) -> EditFormat {
    match raw {
        None => EditFormat::default(),
        Some(raw::EditFormat::SearchReplace) => EditFormat::SearchReplace,
        Some(raw::EditFormat::Whole) => EditFormat::Whole,
        Some(raw::EditFormat::Udiff) => EditFormat::UnifiedDiff,
        Some(raw::EditFormat::ApplyPatch) => EditFormat::ApplyPatch,
        Some(raw::EditFormat::Json) => EditFormat::Json,
    }
}
