//! Local servers, each in the shape of its answers; and ports where something else listens.

use tenon::model::provider::local::{Ports, detect};
use tenon::model::scripted::Gate;

use super::*;

/// A server that answers its requests with these bodies, in order.
async fn server<const N: usize>(bodies: [&str; N]) -> FakeProvider {
    let json = "content-type: application/json\r\n";
    FakeProvider::start(bodies.map(|body| vec![Act::answer(200, json, body)])).await
}

/// What is found: name, model, context. The other ports close at once.
async fn found(at: impl FnOnce(&mut Ports)) -> Option<(String, String, u32)> {
    let nothing = FakeProvider::start([]).await.port();
    let mut ports = Ports { ollama: nothing, lm_studio: nothing, llama_server: nothing, vllm: nothing };
    at(&mut ports);
    let (provider, model) = detect(ports).await?;
    let is_ollama = provider.name == "ollama";
    assert_eq!(provider.api, if is_ollama { Api::Ollama } else { Api::OpenAiChat });
    assert_eq!((&provider.name, provider.key), (&model.provider, None));
    assert!(provider.base_url.starts_with("http://127.0.0.1:"));
    assert_eq!(provider.base_url.ends_with("/v1"), !is_ollama);
    assert!(model.max_output < model.context);
    Some((provider.name, model.model, model.context))
}

fn described(name: &str, model: &str, context: u32) -> (String, String, u32) {
    (name.to_owned(), model.to_owned(), context)
}

#[tokio::test]
async fn each_server() {
    let ollama = server([
        r#"{"models":[{"name":"embed:latest"},{"name":"coder:7b"}]}"#,
        r#"{"capabilities":["embedding"]}"#,
        r#"{"capabilities":["completion"],"parameters":"num_ctx 16384"}"#,
        r#"{"models":[]}"#,
    ])
    .await;
    assert_eq!(
        found(|ports| ports.ollama = ollama.port()).await,
        Some(described("ollama", "coder:7b", 16384))
    );

    let lm_studio = server([
        r#"{"data":[{"id":"e","type":"embeddings","state":"loaded"},{"id":"a","type":"llm","state":"not-loaded"},{"id":"b","type":"llm","state":"loaded","loaded_context_length":4096}]}"#,
    ])
    .await;
    assert_eq!(
        found(|ports| ports.lm_studio = lm_studio.port()).await,
        Some(described("lm-studio", "b", 4096))
    );

    let llama =
        server([r#"{"data":[{"id":"smol"}]}"#, r#"{"default_generation_settings":{"n_ctx":2048}}"#]).await;
    assert_eq!(
        found(|ports| ports.llama_server = llama.port()).await,
        Some(described("llama-server", "smol", 2048))
    );

    let vllm = server([r#"{"data":[{"id":"qwen","max_model_len":32768}]}"#]).await;
    assert_eq!(found(|ports| ports.vllm = vllm.port()).await, Some(described("vllm", "qwen", 32768)));

    let untold = server([r#"{"data":[{"id":"qwen"}]}"#]).await;
    assert_eq!(found(|ports| ports.vllm = untold.port()).await, Some(described("vllm", "qwen", 8192)));
}

#[tokio::test]
async fn other_programs_and_silence() {
    assert_eq!(found(|_| ()).await, None);
    let page = FakeProvider::start([vec![Act::answer(200, "content-type: text/html\r\n", "<html>")]]).await;
    let empty = server([r#"{"data":[]}"#]).await;
    let silent = FakeProvider::start([vec![Act::Pause(Gate::default())]]).await;
    let started = std::time::Instant::now();
    let nothing = found(|ports| {
        ports.llama_server = page.port();
        ports.vllm = empty.port();
        ports.ollama = silent.port();
    });
    assert_eq!(nothing.await, None);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}
