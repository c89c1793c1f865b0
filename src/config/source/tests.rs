//! The model source against a fake builder and a fake probe.

use std::cell::RefCell;
use std::path::Path;

use super::*;
use crate::model::scripted::Scripted;
use crate::model::{Api, FillForm};

thread_local! {
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What was built and probed since the last call.
fn calls() -> String {
    CALLS.with(|calls| calls.borrow_mut().drain(..).collect::<Vec<_>>().join(" "))
}

fn note(call: String) {
    CALLS.with(|calls| calls.borrow_mut().push(call));
}

fn build(_provider: &ProviderSettings, model: &ModelSettings) -> Result<Arc<dyn Upstream>, Problem> {
    note(format!("build:{}", model.name));
    if model.name.starts_with("broken") {
        return Err(Problem::error("x", Category::Configuration, model.name.clone()));
    }
    Ok(Arc::new(Scripted::with_settings(model.clone())))
}

fn found() -> BoxFuture<'static, Option<Described>> {
    note("probe".to_owned());
    let provider = ProviderSettings::new("ollama", Api::OpenAiChat, "http://127.0.0.1:11434/v1");
    let model = ModelSettings::new("local", "ollama", "m");
    Box::pin(async move { Some((provider, model)) })
}

fn not_found() -> BoxFuture<'static, Option<Described>> {
    note("probe".to_owned());
    Box::pin(async { None })
}

fn source(models: &[&str], roles: &str, detect: Detect) -> ConfiguredModels {
    let mut text = String::new();
    if !models.is_empty() {
        text.push_str("[providers.p]\napi = \"openai-chat\"\nbase_url = \"http://localhost\"\n");
    }
    for model in models {
        text.push_str(&format!("[models.{model}]\nprovider = \"p\"\nmodel = \"m\"\n"));
    }
    text.push_str(&format!("[roles]\n{roles}\n"));
    let config = crate::config::from_text(&text, Path::new("c.toml")).unwrap();
    ConfiguredModels::with(Arc::new(config), build, detect)
}

fn found_with_fill() -> BoxFuture<'static, Option<Described>> {
    let provider = ProviderSettings::new("llama-server", Api::OpenAiChat, "http://127.0.0.1:8080/v1");
    let mut model = ModelSettings::new("local", "llama-server", "m");
    model.capabilities.fill = Some(FillForm::Infill);
    Box::pin(async move { Some((provider, model)) })
}

async fn ask(source: &ConfiguredModels) -> String {
    ask_for(source, Role::Edit).await
}

/// Names of the models, or the problem's code and message.
async fn ask_for(source: &ConfiguredModels, role: Role) -> String {
    match source.upstreams(role).await {
        Ok(models) => models.iter().map(|model| model.settings().name.as_str()).collect::<Vec<_>>().join(" "),
        Err(problem) => format!("{}: {}", problem.code, problem.message),
    }
}

#[tokio::test]
async fn configured_models_are_built_once_and_in_order() {
    let source = source(&["a", "b"], "edit = [\"b\", \"a\"]", not_found);
    assert_eq!(ask(&source).await, "b a");
    assert_eq!(ask(&source).await, "b a");
    assert_eq!(calls(), "build:b build:a");
}

#[tokio::test]
async fn a_model_is_built_once_for_all_its_roles() {
    let source = source(&["a", "b"], "edit = [\"a\", \"b\"]\nreview = [\"b\"]", not_found);
    assert_eq!(ask_for(&source, Role::Review).await, "b");
    assert_eq!(ask_for(&source, Role::Edit).await, "a b");
    assert_eq!(ask_for(&source, Role::Generation).await, "a b");
    assert_eq!(calls(), "build:b build:a");
}

#[tokio::test]
async fn a_server_that_was_found_serves_every_role_and_completion_if_it_can_fill() {
    let plain = source(&[], "", found);
    for role in Role::ALL {
        let expected = match role {
            Role::Completion => {
                "no-model: the server found on this machine cannot complete text at the cursor"
            }
            _ => "local",
        };
        assert_eq!(ask_for(&plain, role).await, expected);
    }
    assert_eq!(ask_for(&source(&[], "", found_with_fill), Role::Completion).await, "local");
}

#[tokio::test]
async fn a_model_that_cannot_be_built_gives_way_to_its_fallback_and_is_tried_again() {
    let source = source(&["broken", "b"], "edit = [\"broken\", \"b\"]", not_found);
    assert_eq!(ask(&source).await, "b");
    assert_eq!(ask(&source).await, "b");
    assert_eq!(calls(), "build:broken build:b build:broken");
}

#[tokio::test]
async fn when_none_can_be_built_the_first_problem_is_told() {
    let source = source(&["broken1", "broken2"], "edit = [\"broken1\", \"broken2\"]", found);
    assert_eq!(ask(&source).await, "x: broken1");
    assert_eq!(calls(), "build:broken1 build:broken2");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_found_is_believed_for_a_while() {
    let source = source(&[], "", found);
    assert_eq!(ask(&source).await, "local");
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(ask(&source).await, "local");
    assert_eq!(calls(), "probe build:local");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(ask(&source).await, "local");
    assert_eq!(calls(), "probe build:local");
}

#[tokio::test]
async fn a_miss_is_probed_again_and_names_three_ways() {
    let source = source(&[], "", not_found);
    assert!(ask(&source).await.starts_with("no-model: no model is configured"));
    let problem = source.upstreams(Role::Edit).await.err().unwrap();
    for way in ["(1)", "(2)", "(3)", "tenon demo"] {
        assert!(problem.hint.as_deref().unwrap().contains(way));
    }
    assert_eq!(calls(), "probe probe");
}

#[tokio::test]
async fn chosen_models_without_the_role_are_never_replaced_by_a_found_server() {
    let source = source(&["a", "b"], "", found);
    assert_eq!(ask(&source).await, "no-model: no model has the role `edit`");
    assert_eq!(ask_for(&source, Role::Completion).await, "no-model: no model has the role `completion`");
    assert_eq!(calls(), "");
}
