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
use crate::model::{Api, Capabilities, FillForm, ModelSettings, ProviderSettings};

/// For all servers together.
const LIMIT: Duration = Duration::from_millis(800);
/// Bytes of an answer that are read.
const ANSWER_LIMIT: usize = 1 << 20;
/// Window of a model whose server does not tell it, in tokens.
const UNKNOWN_CONTEXT: u32 = 8192;
/// Window that a model of Ollama is asked for when neither it nor its model file names one, in tokens; no larger than
/// what it was trained with. Ollama's own is smaller on most machines, and it would cut longer prompts without a word.
const OLLAMA_CONTEXT: u32 = 8192;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Found {
    model: String,
    context: Option<u32>,
    /// What its server says it can do; nothing where the server does not say.
    can: Vec<String>,
}

/// A provider and one model of it.
type Described = (ProviderSettings, ModelSettings);

/// Looks for servers at `ports`, less than a second in all, and describes the first model found.
pub async fn detect(ports: Ports) -> Option<Described> {
    detect_all(ports).await.into_iter().next()
}

/// Looks for servers at `ports`, less than a second in all, and describes a model of each, in order of preference.
pub async fn detect_all(ports: Ports) -> Vec<Described> {
    let deadline = Instant::now() + LIMIT;
    let Ok(client) = client::loopback(LIMIT) else { return Vec::new() };
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
    join_all(probes).await.into_iter().flatten().collect()
}

fn described(name: &str, port: u16, found: Found) -> Described {
    let context = found.context.unwrap_or(UNKNOWN_CONTEXT);
    // Only its own protocol can tell Ollama the window.
    let is_ollama = name == "ollama";
    let (api, path) = if is_ollama { (Api::Ollama, "") } else { (Api::OpenAiChat, "/v1") };
    let provider = ProviderSettings::new(name, api, format!("http://127.0.0.1:{port}{path}"));
    let can = |what: &str| found.can.iter().any(|can| can == what);
    let capabilities = Capabilities {
        tools: can("tools"),
        schema: is_ollama,
        fill: (is_ollama && can("insert")).then_some(FillForm::Ollama),
        ..Capabilities::default()
    };
    let model = ModelSettings {
        context,
        // The prompt shares the window: it gets three quarters.
        max_output: (context / 4).clamp(256, 4096),
        capabilities,
        ..ModelSettings::new(found.model.clone(), name, found.model)
    };
    (provider, model)
}

/// The installed models come newest first; those for embeddings cannot chat.
async fn ollama(server: Server) -> Option<Found> {
    let tags = server.get("/api/tags").await?;
    for name in tags["models"].as_array()?.iter().take(4).filter_map(|model| model["name"].as_str()) {
        let about = server.post("/api/show", &json!({"model": name})).await.unwrap_or_default();
        let can = about["capabilities"].as_array().into_iter().flatten();
        let can: Vec<String> = can.filter_map(Value::as_str).map(str::to_owned).collect();
        if !can.is_empty() && !can.iter().any(|what| what == "completion") {
            continue;
        }
        let running = server.get("/api/ps").await.unwrap_or_default();
        let context = Some(ollama_context(name, &running, &about));
        return Some(Found { model: name.to_owned(), context, can });
    }
    None
}

/// The window of the running model, else the one its model file asks for, else ours: it is sent with every request,
/// and another than the running one would load the model anew.
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
                ..Found::default()
            });
        }
    }
    let (model, _) = first_model(&server).await?;
    Some(Found { model, ..Found::default() })
}

async fn llama_server(server: Server) -> Option<Found> {
    let (model, _) = first_model(&server).await?;
    let props = server.get("/props").await.unwrap_or_default();
    Some(Found { model, context: tokens(&props["default_generation_settings"]["n_ctx"]), ..Found::default() })
}

async fn vllm(server: Server) -> Option<Found> {
    let (model, about) = first_model(&server).await?;
    Some(Found { model, context: tokens(&about["max_model_len"]), ..Found::default() })
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
        check("{}", r#"{"model_info":{"qwen2.context_length":32768}}"#, 8192);
        check("{}", r#"{"model_info":{"old.context_length":2048}}"#, 2048);
        check("null", "null", 8192);
    }

    #[test]
    fn the_prompt_keeps_most_of_the_window() {
        let output = |context| {
            described("p", 1, Found { model: "m".to_owned(), context, ..Found::default() }).1.max_output
        };
        assert_eq!(output(None), 2048);
        assert_eq!(output(Some(131_072)), 4096);
        assert_eq!(output(Some(512)), 256);
    }

    #[test]
    fn ollama_is_spoken_to_in_its_own_protocol() {
        let found = |can: &[&str]| Found {
            model: "m".to_owned(),
            context: Some(16384),
            can: can.iter().map(|what| (*what).to_owned()).collect(),
        };
        let (provider, model) = described("ollama", 11434, found(&["completion", "tools", "insert"]));
        assert_eq!((provider.api, provider.base_url.as_str()), (Api::Ollama, "http://127.0.0.1:11434"));
        assert_eq!((model.context, model.capabilities.fill), (16384, Some(FillForm::Ollama)));
        assert!(model.capabilities.tools && model.capabilities.schema);
        let (provider, model) = described("vllm", 8000, found(&[]));
        assert_eq!((provider.api, provider.base_url.as_str()), (Api::OpenAiChat, "http://127.0.0.1:8000/v1"));
        assert_eq!(model.capabilities, Capabilities::default());
    }
}
