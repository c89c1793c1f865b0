//! Finds model servers on this machine, for a start without configuration.
//!
//! Asks the usual ports of the loopback interface at once, sends no key and nothing of the workspace, and takes
//! an answer only in the shape of the server that is expected there: other programs use these ports, too.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::client;
use crate::model::{Api, ModelSettings, ProviderSettings};

/// For all servers together.
const LIMIT: Duration = Duration::from_millis(800);
/// Bytes of an answer that are read.
const ANSWER_LIMIT: usize = 1 << 20;
/// Window of a model whose server does not tell it, in tokens.
const UNKNOWN_CONTEXT: u32 = 8192;
/// Window that Ollama gives a model unless told otherwise, in tokens. It cuts longer prompts without a word, so
/// the window the model was trained with must not be taken for the one it has.
const OLLAMA_CONTEXT: u32 = 4096;

/// Where to look, in order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Port of Ollama.
    pub ollama: u16,
    /// Port of LM Studio.
    pub lm_studio: u16,
    /// Port of llama-server.
    pub llama_server: u16,
    /// Port of vLLM.
    pub vllm: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { ollama: 11434, lm_studio: 1234, llama_server: 8080, vllm: 8000 }
    }
}

/// A model of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    model: String,
    context: Option<u32>,
}

/// Looks for servers at `ports`, less than a second in all, and describes the first model found.
pub async fn detect(ports: Ports) -> Option<(ProviderSettings, ModelSettings)> {
    let deadline = Instant::now() + LIMIT;
    let client = client::loopback(LIMIT).ok()?;
    let server = |port| Server { client: client.clone(), port };
    let probes = [
        ("ollama", ports.ollama, ollama(server(ports.ollama)).boxed()),
        ("lm-studio", ports.lm_studio, lm_studio(server(ports.lm_studio)).boxed()),
        ("llama-server", ports.llama_server, llama_server(server(ports.llama_server)).boxed()),
        ("vllm", ports.vllm, vllm(server(ports.vllm)).boxed()),
    ];
    let probes = probes.map(|(name, port, probe)| async move {
        let found = timeout_at(deadline, probe).await.ok().flatten()?;
        Some(described(name, port, found))
    });
    join_all(probes).await.into_iter().flatten().next()
}

fn described(name: &str, port: u16, found: Found) -> (ProviderSettings, ModelSettings) {
    let context = found.context.unwrap_or(UNKNOWN_CONTEXT);
    let provider = ProviderSettings::new(name, Api::OpenAiChat, format!("http://127.0.0.1:{port}/v1"));
    let model = ModelSettings {
        context,
        // The prompt shares the window: it gets three quarters.
        max_output: (context / 4).clamp(256, 4096),
        ..ModelSettings::new(found.model.clone(), name, found.model)
    };
    (provider, model)
}

/// The installed models come newest first; those for embeddings cannot chat.
async fn ollama(server: Server) -> Option<Found> {
    let tags = server.get("/api/tags").await?;
    for name in tags["models"].as_array()?.iter().take(4).filter_map(|model| model["name"].as_str()) {
        let about = server.post("/api/show", &json!({"model": name})).await.unwrap_or_default();
        let can = about["capabilities"].as_array();
        if can.is_some_and(|can| !can.iter().any(|what| what == "completion")) {
            continue;
        }
        let running = server.get("/api/ps").await.unwrap_or_default();
        return Some(Found { model: name.to_owned(), context: Some(ollama_context(name, &running, &about)) });
    }
    None
}

/// The window of the running model, else the one its model file asks for, else Ollama's own.
fn ollama_context(name: &str, running: &Value, about: &Value) -> u32 {
    let running = running["models"].as_array().into_iter().flatten().find(|model| model["name"] == name);
    let asked = about["parameters"].as_str().into_iter().flat_map(str::lines).find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("num_ctx")).then(|| words.next()?.parse().ok())?
    });
    let trained = about["model_info"].as_object().into_iter().flatten();
    let trained =
        trained.filter(|(name, _)| name.ends_with(".context_length")).find_map(|(_, value)| tokens(value));
    running
        .and_then(|model| tokens(&model["context_length"]))
        .or(asked)
        .unwrap_or_else(|| trained.map_or(OLLAMA_CONTEXT, |trained| trained.min(OLLAMA_CONTEXT)))
}

async fn lm_studio(server: Server) -> Option<Found> {
    if let Some(models) = server.get("/api/v0/models").await {
        let chat =
            || models["data"].as_array().into_iter().flatten().filter(|model| model["type"] != "embeddings");
        if let Some(model) = chat().find(|model| model["state"] == "loaded").or_else(|| chat().next()) {
            return Some(Found {
                model: model["id"].as_str()?.to_owned(),
                context: tokens(&model["loaded_context_length"]),
            });
        }
    }
    let (model, _) = first_model(&server).await?;
    Some(Found { model, context: None })
}

async fn llama_server(server: Server) -> Option<Found> {
    let (model, _) = first_model(&server).await?;
    let props = server.get("/props").await.unwrap_or_default();
    Some(Found { model, context: tokens(&props["default_generation_settings"]["n_ctx"]) })
}

async fn vllm(server: Server) -> Option<Found> {
    let (model, about) = first_model(&server).await?;
    Some(Found { model, context: tokens(&about["max_model_len"]) })
}

async fn first_model(server: &Server) -> Option<(String, Value)> {
    let models = server.get("/v1/models").await?;
    let model = models["data"].as_array()?.first()?;
    Some((model["id"].as_str()?.to_owned(), model.clone()))
}

fn tokens(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|tokens| u32::try_from(tokens).ok()).filter(|tokens| *tokens > 0)
}

/// A port of this machine.
struct Server {
    client: Client,
    port: u16,
}

impl Server {
    async fn get(&self, path: &str) -> Option<Value> {
        answer(self.client.get(self.url(path))).await
    }

    async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        answer(self.client.post(self.url(path)).body(body.to_string())).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Option<Value> {
    let mut response = request.send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LIMIT {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollama_windows() {
        let check = |running: &str, about: &str, expected| {
            let [running, about] =
                [running, about].map(|text| serde_json::from_str(text).expect("valid JSON"));
            assert_eq!(ollama_context("m", &running, &about), expected);
        };
        let loaded = r#"{"models":[{"name":"n","context_length":1},{"name":"m","context_length":16384}]}"#;
        let about =
            r#"{"parameters":"stop \"x\"\nnum_ctx    12000","model_info":{"qwen2.context_length":32768}}"#;
        check(loaded, about, 16384);
        check("{}", about, 12000);
        check("{}", r#"{"model_info":{"qwen2.context_length":32768}}"#, 4096);
        check("{}", r#"{"model_info":{"old.context_length":2048}}"#, 2048);
        check("null", "null", 4096);
    }

    #[test]
    fn the_prompt_keeps_most_of_the_window() {
        let output = |context| described("p", 1, Found { model: "m".to_owned(), context }).1.max_output;
        assert_eq!(output(None), 2048);
        assert_eq!(output(Some(131_072)), 4096);
        assert_eq!(output(Some(512)), 256);
    }
}
