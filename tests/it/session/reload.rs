//! A configuration that is saved while the server runs counts at once; one that is wrong is told, and mended without a
//! restart.

use std::fs;

use serde_json::{Value, json};
use tenon::assembly::{self, Loaded};
use tenon::config::UserFile;

use crate::support::client::Peer;
use crate::support::editor::FakeEditor;
use crate::support::fake_provider::{Act, FakeProvider};
use crate::support::session::block;

#[tokio::test]
async fn what_is_saved_counts_without_a_restart() {
    let body = json!({"choices": [{"message": {"content": block("a.txt", "one\n", "1\n")}, "finish_reason": "stop"}]});
    let act = || vec![Act::answer(200, "content-type: application/json\r\n", &body.to_string())];
    let provider = FakeProvider::start([act(), act()]).await;
    let good = format!(
        "[providers.own]\napi = 'openai-chat'\nbase_url = '{}'\n\
         [models.m]\nprovider = 'own'\nmodel = 'm'\nstream = false\n[cache]\nenabled = false\n",
        provider.base_url()
    );
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap();
    let file = root.join("config.toml");
    // Without a file the servers on this machine would be looked for.
    fs::write(&file, "[providers.own]\napi = 'ollama'\nbase_url = 'http://127.0.0.1:9'\n[models.m]\nprovider = 'own'\nmodel = 'm'\n").unwrap();
    let config = tenon::config::load(&UserFile::at(&file)).unwrap();
    let loaded = Loaded { config: config.into(), file: Some(UserFile::at(&file)), ..Loaded::default() };
    let mut parameters = Peer::Neovim.parameters_at(&root);
    parameters["initializationOptions"] = json!({"tenon": {"events": true}});
    let editor =
        FakeEditor::start(Peer::Neovim, parameters, move |editor| assembly::start(&loaded, editor)).await;
    let uri = format!("file://{}/a.txt", root.display());
    editor.open(&uri, "plaintext", "one\n");
    let ask = async |expected: &str| {
        let arguments = json!([{"uri": uri, "instruction": "do it"}]);
        editor.client.command("tenon.edit", arguments).await.unwrap();
        let over =
            |message: &Value| matches!(message["params"]["kind"].as_str(), Some("finished" | "failed"));
        let end = editor.client.expect_where("the end of the task", over).await;
        let came = end["params"]["error"]["code"].as_str().unwrap_or("finished");
        assert_eq!(came, expected, "{end}");
    };
    let save = async |text: &str, said: &str| {
        fs::write(&file, text).unwrap();
        let tells = |message: &Value| {
            message["method"] == "window/showMessage"
                && message["params"]["message"].to_string().contains(said)
        };
        editor.client.expect_where(said, tells).await;
    };
    ask("model-network").await;
    save(&good, "counts now").await;
    ask("finished").await;
    save(&format!("{good}]"), "config.toml:").await;
    ask("config-syntax").await;
    save(&good, "counts now").await;
    ask("finished").await;
    for method in ["tenon/event", "$/progress", "textDocument/publishDiagnostics", "window/showMessage"] {
        editor.client.ignore(method);
        while editor.client.claim(|message| message["method"] == method).is_some() {}
    }
    assert_eq!(editor.shutdown().await, 0);
}
