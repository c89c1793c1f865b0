//! The checks of models: is one configured, has it a key, does its server answer?
//!
//! A connection is opened and closed; nothing is sent. Only configured providers are called, and each host is asked
//! once.

use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;

use super::{Check, Status};
use crate::config::{Config, endpoint::Endpoint, source};
use crate::model::{Api, KeySource, ProviderSettings, Role};

/// How long a server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// A provider to start from, for people who have none.
const SNIPPET: &str = "\
[providers.openai]
api = \"openai-chat\"
base_url = \"https://api.openai.com/v1\"
key_env = \"OPENAI_API_KEY\"

[models.main]
provider = \"openai\"
model = \"gpt-4.1\"
context = 128000

[roles]
edit = [\"main\"]";

/// One line per model of each role, one per provider.
pub(super) async fn models(config: &Config) -> Vec<Check> {
    let models = config.models_of(Role::Edit);
    if models.is_empty() {
        return vec![without_models(config).await];
    }
    let mut checks = models
        .into_iter()
        .map(|(provider, model)| {
            let message = format!("edit: {} ({} at {})", model.name, model.model, provider.name);
            Check::ok("model", message)
        })
        .collect::<Vec<_>>();
    for provider in config.providers.values() {
        checks.extend(key(provider, |name| std::env::var_os(name).is_some_and(|value| !value.is_empty())));
    }
    let reached = config.providers.values().map(reach);
    checks.extend(futures::future::join_all(reached).await);
    checks
}

async fn without_models(config: &Config) -> Check {
    let detected = if config.models.is_empty() { source::detect_local().await } else { None };
    match detected {
        Some((provider, model)) => {
            let message = format!(
                "none configured; found {} at {} ({})",
                model.model, provider.base_url, provider.name
            );
            Check::ok("model", message)
        }
        None if config.models.is_empty() => {
            Check::warn("model", source::no_model(config).message, three_ways())
        }
        None => Check::of("model", Status::Warn, &source::no_model(config)),
    }
}

fn three_ways() -> String {
    let snippet = SNIPPET.replace('\n', "\n     ");
    format!(
        "one of three ways helps:\n\
         (1) start a local server (Ollama, LM Studio, llama-server, vLLM): tenon finds it\n\
         (2) put a provider into the configuration file, for example:\n     {snippet}\n\
         (3) run `tenon demo` to see tenon at work without any model"
    )
}

/// Says whether a key is there, never what it is. A command is not run: that waits until the key is needed.
fn key(provider: &ProviderSettings, is_set: impl Fn(&str) -> bool) -> Option<Check> {
    let name = &provider.name;
    Some(match provider.key.as_ref()? {
        KeySource::Variable(variable) if is_set(variable) => {
            Check::ok("key", format!("{name}: {variable} is set"))
        }
        KeySource::Variable(variable) => Check::warn(
            "key",
            format!("{name}: {variable} is not set"),
            format!("set {variable} where your editor and this shell see it"),
        ),
        KeySource::Keyring(entry) => {
            Check::ok("key", format!("{name}: the keyring has it under `{entry}`, if it is there"))
        }
        KeySource::Command(argv) => {
            let program = argv.first().map_or("", String::as_str);
            Check::ok("key", format!("{name}: `{program}` prints it when it is needed"))
        }
    })
}

async fn reach(provider: &ProviderSettings) -> Check {
    let name = "endpoint";
    let who = &provider.name;
    let url = &provider.base_url;
    if provider.api == Api::Replay {
        return if Path::new(url).is_file() {
            Check::ok(name, format!("{who}: recording {url}"))
        } else {
            Check::warn(name, format!("{who}: the recording {url} is not a file"), "correct base_url")
        };
    }
    let endpoint = match Endpoint::parse(url) {
        Ok(endpoint) => endpoint,
        Err(why) => return Check::warn(name, format!("{who}: {why}"), "correct base_url"),
    };
    let Endpoint { host, port, .. } = &endpoint;
    let connecting = TcpStream::connect((host.as_str(), *port));
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(_)) => Check::ok(name, format!("{who}: {host}:{port} accepts connections")),
        Ok(Err(error)) => {
            Check::warn(name, format!("{who}: {host}:{port}: {error}"), unreachable_hint(&endpoint))
        }
        Err(_) => {
            let message = format!("{who}: {host}:{port} did not answer within {} s", PATIENCE.as_secs());
            Check::warn(name, message, unreachable_hint(&endpoint))
        }
    }
}

fn unreachable_hint(endpoint: &Endpoint) -> &'static str {
    if endpoint.is_loopback() {
        "start the server, or correct base_url"
    } else {
        "check the network; behind a proxy this direct test fails although requests may pass"
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;

    fn config(base_url: &str, more: &str) -> Config {
        let text = format!(
            "[providers.p]\napi = \"openai-chat\"\nbase_url = \"{base_url}\"\n{more}\n\
             [models.m]\nprovider = \"p\"\nmodel = \"x\"\n"
        );
        config::from_text(&text, Path::new("c.toml")).unwrap()
    }

    #[test]
    fn the_snippet_is_a_valid_configuration() {
        let config = config::from_text(SNIPPET, Path::new("c.toml")).unwrap();
        assert_eq!(config.models_of(Role::Edit).len(), 1);
    }

    #[test]
    fn a_key_is_said_to_be_there_or_not() {
        let config = config("https://x", "key_env = \"SOME_KEY\"");
        let provider = &config.providers["p"];
        assert_eq!(key(provider, |_| true).unwrap().message, "p: SOME_KEY is set");
        let missing = key(provider, |_| false).unwrap();
        assert_eq!((missing.status, missing.message.as_str()), (Status::Warn, "p: SOME_KEY is not set"));
    }

    #[tokio::test]
    async fn a_server_is_reached_or_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let config = config(&url, "");
        let up = models(&config).await;
        assert_eq!(up.iter().map(|check| check.status).collect::<Vec<_>>(), [Status::Ok, Status::Ok]);
        drop(listener);
        let down = models(&config).await;
        assert_eq!(down[1].status, Status::Warn);
        assert!(down[1].hint.as_deref().unwrap().contains("start the server"));
    }
}
