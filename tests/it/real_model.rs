//! Adapters against a real, small model behind llama-server, which speaks three of the protocols.
//!
//! `TENON_LLAMA` names the Python that has the model; `tests/run` sets it. Without it these tests say so and pass, but
//! not where `CI` is set. What the model says does not matter: it is far too small to write code. That it is streamed,
//! counted, cancelled and refused as it must be does.

#![expect(clippy::explicit_write, reason = "`eprintln!` is captured by the test runner")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

use futures::StreamExt as _;
use tenon::model::provider::local::{Ports, detect};
use tenon::model::{
    Api, FinishReason, Message, ModelError, ModelErrorKind, ModelRequest, ModelSettings, Outgoing,
    OutgoingFilter, ProviderSettings, Request, StreamEvent, Upstream, Usage, provider,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::support::fake_provider::FakeProvider;

const PROTOCOLS: [Api; 3] = [Api::OpenAiChat, Api::OpenAiResponses, Api::Anthropic];

/// The window that `tests/models/serve.py` gives the model.
const WINDOW: u32 = 4096;

/// The server, one for all tests. It ends when its standard input does, at the latest with this process.
struct Server {
    port: u16,
    _process: Child,
}

/// The server for one test at a time: it has one place. `None`, loudly, where there is no model.
async fn server() -> Option<(&'static Server, MutexGuard<'static, ()>)> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let server = SERVER.get_or_init(|| {
        let Some(python) = std::env::var_os("TENON_LLAMA") else {
            assert!(
                std::env::var_os("CI").is_none(),
                "TENON_LLAMA is not set, and CI permits no missing tier"
            );
            let skipped =
                "SKIPPED: no test with a real model, since TENON_LLAMA is not set; tests/run sets it";
            writeln!(std::io::stderr(), "{skipped}").unwrap();
            return None;
        };
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/serve.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let port = address.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Some(Server { port: port.unwrap_or_else(|| panic!("no address: {address:?}")), _process: process })
    });
    server.as_ref().map(|server| (server, turn))
}

impl Server {
    /// The model over one of its protocols, below `path`.
    fn model(&self, api: Api, path: &str, max_output: u32) -> Arc<dyn Upstream> {
        let base_url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut model =
            ModelSettings { context: WINDOW, max_output, ..ModelSettings::new("small", "llama", "smollm2") };
        // Where this is passed on, it goes on to the limit although it would like to stop: there is something to cancel.
        model.capabilities.extra.insert("ignore_eos".to_owned(), true.into());
        provider::build(&ProviderSettings::new("llama", api, base_url), &model).expect("it can be built")
    }

    /// Tokens written in all, as the server counts them when a request ends.
    fn written(&self) -> u64 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        let number = page.lines().find_map(|line| line.strip_prefix("llamacpp:tokens_predicted_total "));
        number.unwrap_or_else(|| panic!("no such metric: {page}")).trim().parse().unwrap()
    }
}

fn request(text: &str) -> Outgoing {
    let request = ModelRequest::new("You are brief.", vec![Message::user(text)]);
    OutgoingFilter::default().pass(Request::Chat(request)).expect("it passes")
}

/// What a reply came to.
#[derive(Debug)]
struct Reply {
    n_pieces: usize,
    usage: Usage,
    end: Result<FinishReason, ModelError>,
}

impl Reply {
    /// It ended well, and the count of what was written is the one that its end tells.
    fn check(&self, api: Api, max_output: u64) {
        assert!(self.usage.read() >= 10, "{api:?}: {self:?}");
        match self.end {
            Ok(FinishReason::Length) => assert_eq!(self.usage.output, max_output, "{api:?}: {self:?}"),
            Ok(FinishReason::Stop) => {
                assert!((1..=max_output).contains(&self.usage.output), "{api:?}: {self:?}");
            }
            _ => panic!("{api:?}: {self:?}"),
        }
    }
}

async fn ask(model: &dyn Upstream, text: &str) -> Reply {
    let mut stream = model.send(request(text));
    let (mut n_pieces, mut usage, mut end) = (0, Usage::default(), None);
    while let Some(item) = stream.next().await {
        assert!(end.is_none(), "{item:?} after {end:?}");
        match item {
            Ok(StreamEvent::Text(piece)) => n_pieces += usize::from(!piece.is_empty()),
            Ok(StreamEvent::Usage(so_far)) => usage = so_far,
            Ok(StreamEvent::Finished(reason)) => end = Some(Ok(reason)),
            Ok(_) => {}
            Err(error) => end = Some(Err(error)),
        }
    }
    Reply { n_pieces, usage, end: end.expect("a stream ends with a terminal event or an error") }
}

#[tokio::test]
async fn text_is_streamed_and_counted() {
    let Some((server, _turn)) = server().await else { return };
    for api in PROTOCOLS {
        let reply = ask(&*server.model(api, "/v1", 24), "Count from one to ten.").await;
        reply.check(api, 24);
        assert!(reply.n_pieces >= 4, "{api:?} did not stream: {reply:?}");
    }
}

#[tokio::test]
async fn an_answer_in_one_piece_is_counted_too() {
    let Some((server, _turn)) = server().await else { return };
    for api in PROTOCOLS {
        let mut settings = server.model(api, "/v1", 16).settings().clone();
        settings.capabilities.stream = false;
        let base_url = format!("http://127.0.0.1:{}/v1", server.port);
        let model = provider::build(&ProviderSettings::new("llama", api, base_url), &settings).unwrap();
        let reply = ask(&*model, "Count from one to ten.").await;
        reply.check(api, 16);
        assert!(reply.n_pieces >= 1, "{api:?}: {reply:?}");
    }
}

#[tokio::test]
async fn cancelling_frees_the_server() {
    const LONG: u32 = 3000;
    let Some((server, _turn)) = server().await else { return };
    for api in PROTOCOLS {
        let before = server.written();
        let model = server.model(api, "/v1", LONG);
        let mut stream = model.send(request("Tell a long story."));
        loop {
            match stream.next().await {
                Some(Ok(StreamEvent::Text(_))) => break,
                Some(Ok(_)) => {}
                other => panic!("{api:?}: {other:?}"),
            }
        }
        drop(stream);
        // The server has one place: this is answered after the first request has left it.
        let reply = ask(&*server.model(api, "/v1", 4), "Say hello.").await;
        assert!(reply.end.is_ok(), "{api:?}: {reply:?}");
        let written = server.written() - before;
        assert!(written < u64::from(LONG) / 2, "{api:?}: the cancelled answer went on to {written} tokens");
    }
}

#[tokio::test]
async fn a_prompt_above_the_window_is_typed() {
    let Some((server, _turn)) = server().await else { return };
    for api in PROTOCOLS {
        let reply = ask(&*server.model(api, "/v1", 16), &"word ".repeat(6000)).await;
        let error = reply.end.as_ref().expect_err("an error");
        assert_eq!(error.kind, ModelErrorKind::PromptTooLarge, "{api:?}: {error:?}");
        assert_eq!(error.status, Some(400), "{api:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_base_url_that_leads_nowhere_is_typed() {
    let Some((server, _turn)) = server().await else { return };
    for api in PROTOCOLS {
        let reply = ask(&*server.model(api, "/elsewhere", 16), "hello").await;
        let error = reply.end.as_ref().expect_err("an error");
        assert_eq!((error.kind, error.status), (ModelErrorKind::BadRequest, Some(404)), "{api:?}: {error:?}");
    }
}

#[tokio::test]
async fn it_is_found_with_its_window() {
    let Some((server, _turn)) = server().await else { return };
    let nothing = FakeProvider::start([]).await.port();
    let ports = Ports { ollama: nothing, lm_studio: nothing, llama_server: server.port, vllm: nothing };
    let (provider, model) = detect(ports).await.expect("it is found");
    assert_eq!((provider.name.as_str(), model.context), ("llama-server", WINDOW));
    let model = ModelSettings { max_output: 8, ..model };
    let reply = ask(&*provider::build(&provider, &model).unwrap(), "Say hello.").await;
    assert!(reply.end.is_ok(), "{reply:?}");
}

/// The model is too small to write edits, so either end is right; a crash or a changed text is not.
#[tokio::test]
async fn a_whole_edit_ends_well_or_is_refused() {
    let Some((server, _turn)) = server().await else { return };
    for api in ["openai-chat", "openai-responses", "anthropic"] {
        let place = tempfile::tempdir().unwrap();
        let config = format!(
            "[providers.llama]\napi = \"{api}\"\nbase_url = \"http://127.0.0.1:{}/v1\"\n\
             [models.small]\nprovider = \"llama\"\nmodel = \"smollm2\"\ncontext = {WINDOW}\nmax_output = 96\n",
            server.port
        );
        fs::write(place.path().join("config.toml"), config).unwrap();
        let root = place.path().join("workspace");
        fs::create_dir(&root).unwrap();
        let before = "def add(a, b):\n    return a - b\n";
        fs::write(root.join("sum.py"), before).unwrap();
        let arguments = ["edit", "--root", ".", "--json", "make add really add", "sum.py"];
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_tenon"))
            .args(arguments)
            .current_dir(&root)
            .env("TENON_CONFIG", place.path().join("config.toml"))
            .env("TENON_STATE_DIR", place.path().join("state"))
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        let report: serde_json::Value =
            serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{api}: {error}: {output:?}"));
        // The model was reached and read to its end: what is left to refuse is the edit.
        let errors = report["errors"].as_array().cloned().unwrap_or_else(|| vec![report.clone()]);
        assert!(errors.iter().all(|error| error["category"] != "model"), "{api}: {report}");
        let after = fs::read_to_string(root.join("sum.py")).unwrap();
        match output.status.code() {
            Some(0) => assert_eq!(after != before, report["status"] == "applied", "{api}: {report}"),
            Some(1) => assert_eq!(after, before, "{api}: {report}"),
            _ => panic!("{api}: {output:?}"),
        }
    }
}
