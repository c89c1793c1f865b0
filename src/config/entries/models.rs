//! Providers and models, value by value.

use toml::{Table, Value};

use super::{List, names, whole};
use crate::config::check::join;
use crate::config::decimal::from_units;
use crate::config::endpoint::Endpoint;
use crate::config::resolve::PRICE_PLACES;
use crate::model::{
    Api, Capabilities, EditFormat, FillForm, KeySource, ModelSettings, Price, ProviderSettings, Thinking,
};

impl List<'_> {
    pub(super) fn provider(&mut self, provider: &ProviderSettings) {
        let table = join("providers", &provider.name);
        self.add(&table, "api", api_name(provider.api));
        self.add(&table, "base_url", provider.base_url.as_str());
        match &provider.key {
            Some(KeySource::Variable(name)) => self.add(&table, "key_env", name.as_str()),
            Some(KeySource::Command(argv)) => self.add(&table, "key_command", names(argv)),
            Some(KeySource::Keyring(name)) => self.add(&table, "key_keyring", name.as_str()),
            None => {}
        }
        // Shown only where it matters: the URL would not be there without it.
        if provider.api != Api::Replay
            && Endpoint::parse(&provider.base_url).is_ok_and(|end| end.is_exposed())
        {
            self.add(&table, "allow_http", true);
        }
        for (name, value) in &provider.headers {
            self.add(&join(&table, "headers"), name, value.as_str());
        }
        self.add_some(&table, "proxy", provider.proxy.as_deref());
        let ca_file = provider.ca_file.as_ref();
        self.add_some(&table, "ca_file", ca_file.map(|file| file.to_string_lossy().into_owned()));
        let limits = &provider.limits;
        self.add(&table, "concurrent", whole(limits.concurrent.into()));
        self.add_some(&table, "requests_per_minute", limits.requests_per_minute.map(|n| whole(n.into())));
        self.add_some(&table, "tokens_per_minute", limits.tokens_per_minute.map(|n| whole(n.into())));
        let table = join(&table, "timeouts");
        let timeouts = &provider.timeouts;
        self.add(&table, "connect", timeouts.connect.as_secs_f64());
        self.add(&table, "first_byte", timeouts.first_byte.as_secs_f64());
        self.add(&table, "idle", timeouts.idle_bytes.as_secs_f64());
        self.add(&table, "content", timeouts.idle_content.as_secs_f64());
    }

    pub(super) fn model(&mut self, model: &ModelSettings) {
        let table = join("models", &model.name);
        self.add(&table, "provider", model.provider.as_str());
        self.add(&table, "model", model.model.as_str());
        self.add(&table, "context", whole(model.context.into()));
        self.add(&table, "max_output", whole(model.max_output.into()));
        self.add(&table, "edit_format", format_name(model.edit_format));
        self.capabilities(&table, &model.capabilities);
        if let Some(price) = &model.price {
            self.price(&join(&table, "price"), price);
        }
    }

    fn capabilities(&mut self, table: &str, capabilities: &Capabilities) {
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
        self.add_some(table, "temperature", number(&capabilities.temperature));
        self.add_some(table, "top_p", number(&capabilities.top_p));
        self.add(table, "stream", capabilities.stream);
        self.add(table, "tools", capabilities.tools);
        self.add(table, "schema", capabilities.schema);
        match capabilities.thinking {
            Thinking::Unset => {}
            Thinking::Off => self.add(table, "thinking", "off"),
            Thinking::Low => self.add(table, "thinking", "low"),
            Thinking::Medium => self.add(table, "thinking", "medium"),
            Thinking::High => self.add(table, "thinking", "high"),
            Thinking::Tokens(tokens) => self.add(table, "thinking_tokens", whole(tokens.into())),
        }
        self.add(table, "prompt_cache", capabilities.prompt_cache);
        self.add(table, "max_completion_tokens", capabilities.max_completion_tokens);
        match &capabilities.fill {
            None => {}
            Some(FillForm::Mistral) => self.add(table, "fill", "mistral"),
            Some(FillForm::Completions) => self.add(table, "fill", "completions"),
            Some(FillForm::Infill) => self.add(table, "fill", "infill"),
            Some(FillForm::Ollama) => self.add(table, "fill", "ollama"),
            Some(FillForm::Template(template)) => self.add(table, "fill_template", template.as_str()),
        }
        for (name, value) in &capabilities.extra {
            // Whatever came from TOML can be written as TOML.
            self.add_some(&join(table, "extra"), name, Value::try_from(value).ok());
        }
    }

    fn price(&mut self, table: &str, price: &Price) {
        for (key, units) in flat(price) {
            self.add(table, key, from_units(units, PRICE_PLACES));
        }
        let tiers = price.tiers.iter().map(|(above, tier)| {
            let numbers = flat(tier).map(|(key, units)| (key, Value::from(from_units(units, PRICE_PLACES))));
            let members = [("above", whole(*above))].into_iter().chain(numbers);
            Value::Table(members.map(|(key, value)| (key.to_owned(), value)).collect::<Table>())
        });
        let tiers = tiers.collect::<Vec<_>>();
        self.add_some(table, "tiers", (!tiers.is_empty()).then_some(tiers));
    }
}

/// The numbers of a price without its tiers.
fn flat(price: &Price) -> [(&'static str, u64); 4] {
    [
        ("input", price.input),
        ("output", price.output),
        ("cache_read", price.cache_read),
        ("cache_write", price.cache_write),
    ]
}

/// The name of a protocol in the configuration.
pub fn api_name(api: Api) -> &'static str {
    match api {
        Api::OpenAiChat => "openai-chat",
        Api::OpenAiResponses => "openai-responses",
        Api::Anthropic => "anthropic",
        Api::Gemini => "gemini",
        Api::Ollama => "ollama",
        Api::Replay => "replay",
    }
}

fn format_name(format: EditFormat) -> &'static str {
    match format {
        EditFormat::SearchReplace => "search-replace",
        EditFormat::Whole => "whole",
        EditFormat::UnifiedDiff => "udiff",
        EditFormat::ApplyPatch => "apply-patch",
        EditFormat::Json => "json",
    }
}
