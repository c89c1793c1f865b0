//! Where models are reached and by which key.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Resolver;
use crate::config::check::join;
use crate::config::endpoint::Endpoint;
use crate::config::error::FaultKind;
use crate::config::raw;
use crate::config::secret_like::{is_variable_name, looks_like_key};
use crate::model::{Api, KeySource, ProviderLimits, ProviderSettings, Timeouts};

/// Headers that tenon sets itself, or that carry keys, in small letters.
const RESERVED_HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "api-key",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-api-key",
    "x-goog-api-key",
];

impl Resolver<'_> {
    pub(super) fn providers(&mut self) -> BTreeMap<String, ProviderSettings> {
        let file = self.file;
        file.providers.iter().map(|(name, raw)| (name.clone(), self.provider(name, raw))).collect()
    }

    fn provider(&mut self, name: &str, raw: &raw::Provider) -> ProviderSettings {
        let path = join("providers", name);
        let api = api(raw.api);
        let default = ProviderLimits::default();
        ProviderSettings {
            key: self.key(&path, raw),
            headers: self.headers(&path, raw),
            proxy: self.proxy(&path, raw),
            ca_file: raw.ca_file.as_ref().map(|file| self.folder.join(file)),
            timeouts: timeouts(&raw.timeouts),
            limits: ProviderLimits {
                concurrent: raw.concurrent.unwrap_or(default.concurrent),
                requests_per_minute: raw.requests_per_minute,
                tokens_per_minute: raw.tokens_per_minute,
            },
            ..ProviderSettings::new(name, api, self.base_url(&path, api, raw))
        }
    }

    fn base_url(&mut self, path: &str, api: Api, raw: &raw::Provider) -> String {
        let key = join(path, "base_url");
        match (&raw.base_url, default_url(api)) {
            (Some(file), None) => self.folder.join(file).to_string_lossy().into_owned(),
            (Some(url), Some(_)) => {
                match Endpoint::parse(url) {
                    Err(why) => self.fault(&key, FaultKind::BadUrl(why)),
                    Ok(endpoint) if endpoint.is_exposed() && !raw.allow_http.unwrap_or(false) => {
                        self.fault(&key, FaultKind::InsecureUrl);
                    }
                    Ok(_) => {}
                }
                url.clone()
            }
            (None, Some(default)) => default.to_owned(),
            (None, None) => {
                self.fault_at(&key, path, FaultKind::MissingKey);
                String::new()
            }
        }
    }

    fn key(&mut self, path: &str, raw: &raw::Provider) -> Option<KeySource> {
        let named = [
            ("key_env", raw.key_env.is_some()),
            ("key_command", raw.key_command.is_some()),
            ("key_keyring", raw.key_keyring.is_some()),
        ];
        self.at_most_one(path, &named);
        if let Some(variable) = &raw.key_env {
            let key = join(path, "key_env");
            if looks_like_key(variable) {
                self.fault(&key, FaultKind::KeyInConfig);
            } else if !is_variable_name(variable) {
                self.fault(&key, FaultKind::BadVariableName);
            }
            return Some(KeySource::Variable(variable.clone()));
        }
        if let Some(argv) = &raw.key_command {
            if argv.iter().any(|word| looks_like_key(word)) {
                self.fault(&join(path, "key_command"), FaultKind::KeyInConfig);
            }
            return Some(KeySource::Command(argv.clone()));
        }
        let user = raw.key_keyring.as_ref()?;
        let key = join(path, "key_keyring");
        if looks_like_key(user) {
            self.fault(&key, FaultKind::KeyInConfig);
        } else if user.trim().is_empty() || user.chars().any(char::is_control) {
            self.fault(&key, FaultKind::OutOfRange("visible text on one line".to_owned()));
        }
        Some(KeySource::Keyring(user.clone()))
    }

    /// Of several keys that exclude each other, at most one may be there.
    pub(super) fn at_most_one(&mut self, path: &str, keys: &[(&'static str, bool)]) {
        let mut named = keys.iter().filter(|(_, there)| *there).map(|(key, _)| *key);
        if let (Some(one), Some(other)) = (named.next(), named.next()) {
            self.fault(path, FaultKind::Conflicting(one, other));
        }
    }

    fn headers(&mut self, path: &str, raw: &raw::Provider) -> Vec<(String, String)> {
        let path = join(path, "headers");
        let mut seen = Vec::new();
        for (name, value) in &raw.headers {
            let key = join(&path, name);
            let lower = name.to_ascii_lowercase();
            if looks_like_key(name) {
                // Its path would repeat it.
                self.fault(&path, FaultKind::KeyInConfig);
            } else if looks_like_key(value) {
                self.fault(&key, FaultKind::KeyInConfig);
            } else if RESERVED_HEADERS.contains(&lower.as_str()) {
                self.fault(&key, FaultKind::BadHeader("is set by tenon itself"));
            } else if !is_token(name) {
                self.fault(&key, FaultKind::BadHeader("is not a name that a header can have"));
            } else if !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                self.fault(&key, FaultKind::BadHeader("has a value that is not plain ASCII on one line"));
            } else if seen.contains(&lower) {
                self.fault(&key, FaultKind::BadHeader("is there twice"));
            }
            seen.push(lower);
        }
        raw.headers.clone().into_iter().collect()
    }

    fn proxy(&mut self, path: &str, raw: &raw::Provider) -> Option<String> {
        let url = raw.proxy.as_ref()?;
        let key = join(path, "proxy");
        match Endpoint::parse(url) {
            Err(_) if url.contains('@') => self.fault(&key, FaultKind::PasswordInProxy),
            Err(why) => self.fault(&key, FaultKind::BadUrl(why)),
            Ok(_) => {}
        }
        Some(url.clone())
    }
}

fn api(raw: raw::Api) -> Api {
    match raw {
        raw::Api::OpenaiChat => Api::OpenAiChat,
        raw::Api::OpenaiResponses => Api::OpenAiResponses,
        raw::Api::Anthropic => Api::Anthropic,
        raw::Api::Gemini => Api::Gemini,
        raw::Api::Ollama => Api::Ollama,
        raw::Api::Replay => Api::Replay,
    }
}

/// The service that a protocol was made for; a recording has none.
fn default_url(api: Api) -> Option<&'static str> {
    match api {
        Api::OpenAiChat | Api::OpenAiResponses => Some("https://api.openai.com/v1"),
        Api::Anthropic => Some("https://api.anthropic.com/v1"),
        Api::Gemini => Some("https://generativelanguage.googleapis.com/v1beta"),
        Api::Ollama => Some("http://127.0.0.1:11434"),
        Api::Replay => None,
    }
}

/// Whether `name` is a token of HTTP (RFC 9110, section 5.6.2).
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn timeouts(raw: &raw::Timeouts) -> Timeouts {
    // The ranges have been checked, so no conversion can panic.
    let seconds = |typed: Option<f64>, default| typed.map_or(default, Duration::from_secs_f64);
    let default = Timeouts::default();
    Timeouts {
        connect: seconds(raw.connect, default.connect),
        first_byte: seconds(raw.first_byte, default.first_byte),
        idle_bytes: seconds(raw.idle, default.idle_bytes),
        idle_content: seconds(raw.content, default.idle_content),
    }
}
