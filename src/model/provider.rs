//! Providers: the only place (with `tools`) from which bytes leave the machine.
//!
//! A protocol is a pure codec ([`openai_chat`]) over a shared [`transport`]; recordings ([`replay`]) stand in
//! for a provider in tests and demonstrations, and only when the configuration names them.

#[cfg_attr(not(test), allow(dead_code, unused_imports, reason = "not plugged in yet"))]
mod anthropic;
#[cfg_attr(not(test), allow(dead_code, reason = "not plugged in yet"))]
mod body;
mod codec;
mod failure;
#[cfg_attr(not(test), allow(dead_code, unused_imports, reason = "not plugged in yet"))]
mod gemini;
mod key;
pub mod local;
mod openai_chat;
mod replay;
mod retry;
pub mod sse;
mod transport;

use std::sync::Arc;

use reqwest::Url;
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
        Api::OpenAiChat => Ok(Arc::new(openai_chat_model(provider, model)?)),
        Api::Replay => Ok(Arc::new(Replay::open(provider.clone(), model.clone())?)),
        Api::OpenAiResponses | Api::Anthropic | Api::Gemini | Api::Ollama => Err(Problem::error(
            "unsupported-api",
            Category::Configuration,
            format!("the protocol of provider {} is not there yet", provider.name),
        )),
    }
}

fn openai_chat_model(provider: &ProviderSettings, model: &ModelSettings) -> Result<HttpModel, Problem> {
    let endpoint = endpoint(provider, "chat/completions")?;
    let client = transport::client(&endpoint, provider.timeouts.connect).map_err(|error| {
        let message = format!("No HTTP client can be made for provider {}: {error}", provider.name);
        Problem::error("no-http-client", Category::Configuration, message)
            .hint("check the certificates of the system, and its proxy settings")
    })?;
    Ok(HttpModel::new(Connection {
        client,
        endpoint,
        key: provider.key.as_ref().map(|source| Key::new(source, &provider.name)).transpose()?,
        provider: provider.clone(),
        settings: model.clone(),
        temperature: model
            .capabilities
            .temperature
            .as_deref()
            .map(|text| temperature(text, &model.name))
            .transpose()?,
    }))
}

/// `path` below the provider's base URL.
fn endpoint(provider: &ProviderSettings, path: &str) -> Result<Url, Problem> {
    let bad = |why: &str| {
        // The URL itself is not repeated: it may hold a password.
        let message = format!("`base_url` of provider {} {why}", provider.name);
        Problem::error("bad-base-url", Category::Configuration, message)
            .hint("write it like http://127.0.0.1:8080/v1, without query and fragment")
    };
    let mut url = Url::parse(provider.base_url.trim()).map_err(|_| bad("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(bad("is not an http or https URL"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("has a query or a fragment"));
    }
    let path = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn temperature(text: &str, model: &str) -> Result<Number, Problem> {
    serde_json::from_str(text.trim()).map_err(|_| {
        let message = format!("`temperature` of model {model} is not a number");
        Problem::error("bad-temperature", Category::Configuration, message)
            .hint("write it like 0.2, or leave it out")
    })
}

/// Looks for local servers at their usual ports on the loopback interface (Ollama 11434, LM Studio 1234,
/// llama-server 8080, vLLM 8000), at most a second in all, and describes the first model found.
pub async fn detect_local() -> Option<(ProviderSettings, ModelSettings)> {
    local::detect(local::Ports::default()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base_url: &str, expected: Result<&str, &str>) {
        let provider = ProviderSettings::new("p", Api::OpenAiChat, base_url);
        let result = endpoint(&provider, "chat/completions");
        let result = result.as_ref().map(Url::as_str).map_err(|problem| problem.message.as_str());
        assert_eq!(result, expected);
    }

    #[test]
    fn endpoints() {
        check("http://127.0.0.1:8080/v1", Ok("http://127.0.0.1:8080/v1/chat/completions"));
        check(" https://example.com/a/v1/ ", Ok("https://example.com/a/v1/chat/completions"));
        check("http://localhost:1", Ok("http://localhost:1/chat/completions"));
        check("127.0.0.1:8080", Err("`base_url` of provider p is not a URL"));
        check("file:///etc/passwd", Err("`base_url` of provider p is not an http or https URL"));
        check("http://h/v1?key=secret", Err("`base_url` of provider p has a query or a fragment"));
    }

    #[test]
    fn temperatures() {
        assert_eq!(temperature(" 0.2 ", "m").expect("a number").to_string(), "0.2");
        for bad in ["", "warm", "NaN", "\"0.2\""] {
            assert_eq!(temperature(bad, "m").expect_err("an error").code, "bad-temperature");
        }
    }
}
