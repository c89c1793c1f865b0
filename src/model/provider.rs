//! Providers: the only place (with `tools`) from which bytes leave the machine.
//!
//! A protocol is a pure codec with a row in the table of [`protocol`]; one [`transport`] carries them all. Recordings
//! ([`replay`]) stand in for a provider in tests and demonstrations, and only when the configuration names them.

mod anthropic;
#[cfg(test)]
mod battery;
mod body;
mod client;
mod codec;
mod failure;
mod fill;
mod gemini;
mod key;
pub mod lines;
pub mod local;
mod ollama;
mod openai_chat;
mod openai_responses;
mod protocol;
mod replay;
mod retry;
pub mod sse;
mod transport;

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Number;

use self::key::Key;
use self::replay::Replay;
use self::transport::{Connection, HttpModel};
use super::{Api, ModelSettings, ProviderSettings, Upstream};
use crate::problem::{Category, Problem};

/// Makes a model that can be asked.
///
/// # Errors
/// A configuration problem: an unreadable recording, a key variable that is not set, a URL that is none.
pub fn build(provider: &ProviderSettings, model: &ModelSettings) -> Result<Arc<dyn Upstream>, Problem> {
    match provider.api {
        Api::Replay => Ok(Arc::new(Replay::open(provider.clone(), model.clone())?)),
        _ => Ok(Arc::new(HttpModel::new(connection(provider, model)?))),
    }
}

fn connection(provider: &ProviderSettings, model: &ModelSettings) -> Result<Connection, Problem> {
    let base = base_url(provider)?;
    check_number("temperature", model.capabilities.temperature.as_deref(), &model.name)?;
    check_number("top_p", model.capabilities.top_p.as_deref(), &model.name)?;
    Ok(Connection {
        client: client::of(provider, &base)?,
        base,
        key: provider.key.as_ref().map(|source| Key::new(source, &provider.name)).transpose()?,
        headers: headers(provider)?,
        provider: provider.clone(),
        settings: model.clone(),
    })
}

fn base_url(provider: &ProviderSettings) -> Result<Url, Problem> {
    let bad = |why: &str| {
        // The URL itself is not repeated: it may hold a password.
        let message = format!("`base_url` of provider {} {why}", provider.name);
        Problem::error("bad-base-url", Category::Configuration, message)
            .hint("write it like http://127.0.0.1:8080/v1, without query and fragment")
    };
    let url = Url::parse(provider.base_url.trim()).map_err(|_| bad("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(bad("is not an http or https URL"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("has a query or a fragment"));
    }
    Ok(url)
}

/// The configured headers. A value is never repeated: it may hold a key, although it should not.
fn headers(provider: &ProviderSettings) -> Result<HeaderMap, Problem> {
    let header = |(name, value): &(String, String)| {
        let name = HeaderName::try_from(name.trim()).ok()?;
        let mut value = HeaderValue::try_from(value.trim()).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    };
    let pairs = provider.headers.iter().map(|pair| {
        header(pair).ok_or_else(|| {
            let message = format!("the header `{}` of provider {} cannot be sent", pair.0, provider.name);
            Problem::error("bad-header", Category::Configuration, message)
                .hint("names are letters, digits and `-`; values are one line of plain characters")
        })
    });
    pairs.collect()
}

fn check_number(name: &str, text: Option<&str>, model: &str) -> Result<(), Problem> {
    let is_number = |text: &str| serde_json::from_str::<Number>(text.trim()).is_ok();
    if text.is_none_or(is_number) {
        return Ok(());
    }
    let message = format!("`{name}` of model {model} is not a number");
    Err(Problem::error("bad-temperature", Category::Configuration, message)
        .hint("write it like 0.2, or leave it out"))
}

/// Looks for local servers at their usual ports on the loopback interface (Ollama 11434, LM Studio 1234,
/// llama-server 8080, vLLM 8000), at most a second in all, and describes the first model found.
pub async fn detect_local() -> Option<(ProviderSettings, ModelSettings)> {
    local::detect(local::Ports::default()).await
}

/// Looks for local servers as [`detect_local`] does, and describes a model of each one found, in order of preference.
pub async fn detect_all_local() -> Vec<(ProviderSettings, ModelSettings)> {
    local::detect_all(local::Ports::default()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base_url: &str, expected: Result<&str, &str>) {
        let provider = ProviderSettings::new("p", Api::OpenAiChat, base_url);
        let result = super::base_url(&provider);
        let result = result.as_ref().map(Url::as_str).map_err(|problem| problem.message.as_str());
        assert_eq!(result, expected);
    }

    #[test]
    fn base_urls() {
        check("http://127.0.0.1:8080/v1", Ok("http://127.0.0.1:8080/v1"));
        check(" https://example.com/a/v1/ ", Ok("https://example.com/a/v1/"));
        check("127.0.0.1:8080", Err("`base_url` of provider p is not a URL"));
        check("file:///etc/passwd", Err("`base_url` of provider p is not an http or https URL"));
        check("http://h/v1?key=secret", Err("`base_url` of provider p has a query or a fragment"));
    }

    #[test]
    fn numbers() {
        assert!(check_number("temperature", Some(" 0.2 "), "m").is_ok());
        assert!(check_number("temperature", None, "m").is_ok());
        for bad in ["", "warm", "NaN", "\"0.2\""] {
            assert_eq!(check_number("top_p", Some(bad), "m").expect_err("an error").code, "bad-temperature");
        }
    }

    #[test]
    fn configured_headers() {
        let mut provider = ProviderSettings::new("p", Api::OpenAiChat, "http://h");
        provider.headers = vec![("X-Title".to_owned(), " tenon ".to_owned())];
        assert_eq!(headers(&provider).expect("headers")["x-title"], "tenon");
        for (name, value) in [("a b", "c"), ("", "c"), ("x", "sec\nret")] {
            provider.headers = vec![(name.to_owned(), value.to_owned())];
            let problem = headers(&provider).expect_err("a problem");
            assert_eq!(problem.code, "bad-header");
            assert!(!problem.message.contains("sec"), "{}", problem.message);
        }
    }
}
