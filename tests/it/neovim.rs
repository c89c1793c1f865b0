//! The built server in a real Neovim, against a slow model server.
//!
//! `TENON_NVIM` names the editor; `tests/run` sets it. Without it these tests say so and pass, but not where `CI` is
//! set. The stories are the scripts in `neovim/`: they edit, ask, decide, and compare buffers byte for byte. This file
//! plays the model. A script says `open NAME` on its standard output to let the model go on behind that gate,
//! `await-asked` to be told, by a file called `asked`, that the model was asked, and `await-left` to be told, by a file
//! called `left`, that the server closed its connection to the model.

#![expect(clippy::explicit_write, reason = "`eprintln!` is captured by the test runner")]

mod plugin;

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tenon::model::scripted::Gate;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::fake_provider::{Act, FakeProvider};

/// Longest run of one script; each takes a second or two.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// The editor to test in; `None`, loudly, when there is none.
fn neovim() -> Option<PathBuf> {
    let program = std::env::var_os("TENON_NVIM").map(PathBuf::from);
    if program.is_none() {
        assert!(std::env::var_os("CI").is_none(), "TENON_NVIM is not set, and CI permits no missing tier");
        // Past the test harness, which would keep it to itself.
        let skipped = "SKIPPED: no test in a real Neovim, since TENON_NVIM is not set; tests/run sets it";
        writeln!(std::io::stderr(), "{skipped}").unwrap();
    }
    program
}

/// A model's answer in pieces; a piece that begins with `@` is the name of a gate to wait at.
pub(super) fn answer(pieces: &[&str], gates: &mut HashMap<String, Gate>) -> Vec<Act> {
    let mut script = vec![Act::head("text/event-stream")];
    for piece in pieces {
        if let Some(name) = piece.strip_prefix('@') {
            script.push(Act::Pause(gates.entry(name.to_owned()).or_default().clone()));
        } else {
            let choice = json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
            script.push(Act::chunk(format!("data: {choice}\n\n")));
        }
    }
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    script.push(Act::chunk(format!("data: {end}\n\ndata: [DONE]\n\n")));
    script.push(Act::end());
    script
}

/// Runs a script with a model that gives these answers, one after the other.
async fn story(name: &str, answers: &[&[&str]]) {
    story_in("search-replace", name, answers).await;
}

/// The same, with the format of the answers.
async fn story_in(format: &str, name: &str, answers: &[&[&str]]) {
    let mut gates = HashMap::new();
    let scripts = answers.iter().map(|pieces| answer(pieces, &mut gates)).collect();
    play(format, name, scripts, gates).await;
}

/// Runs several scripts, one after the other, in one place.
async fn stories(names: &[&str], answers: &[&[&str]]) {
    let mut gates = HashMap::new();
    let scripts = answers.iter().map(|pieces| answer(pieces, &mut gates)).collect();
    play_all(|url| configuration("search-replace", url), names, scripts, gates).await;
}

async fn play(format: &str, name: &str, scripts: Vec<Vec<Act>>, gates: HashMap<String, Gate>) {
    play_with(|url| configuration(format, url), name, scripts, gates).await;
}

pub(super) fn configuration(format: &str, url: &str) -> String {
    format!(
        "[providers.fake]\napi = \"openai-chat\"\nbase_url = \"{url}\"\n\
         [models.coder]\nprovider = \"fake\"\nmodel = \"slow\"\nedit_format = \"{format}\"\n\
         [roles]\nedit = [\"coder\"]\n",
    )
}

/// The same, with a configuration made from the model's URL.
async fn play_with(
    config: impl Fn(&str) -> String,
    name: &str,
    scripts: Vec<Vec<Act>>,
    gates: HashMap<String, Gate>,
) {
    play_all(config, &[name], scripts, gates).await;
}

/// The same in one place by several scripts, each in an editor of its own: the user leaves and comes back.
async fn play_all(
    config: impl Fn(&str) -> String,
    names: &[&str],
    scripts: Vec<Vec<Act>>,
    gates: HashMap<String, Gate>,
) {
    let Some(program) = neovim() else { return };
    let place = tempfile::tempdir().unwrap();
    let fake = FakeProvider::start(scripts).await;
    fs::create_dir(place.path().join("workspace")).unwrap();
    fs::write(place.path().join("config.toml"), config(&fake.base_url())).unwrap();
    for name in names {
        let mut child = start(&program, place.path(), name);
        let result = tokio::time::timeout(LIMIT, follow(&mut child, &fake, &gates, place.path())).await;
        let _ = child.start_kill();
        let (log, errors) = (logs(place.path()), read_all(child.stderr.take()).await);
        match result {
            Ok(is_done) => assert!(is_done, "{name}:\n{errors}\n--- log\n{log}"),
            Err(late) => panic!("{name}: {late}:\n{errors}\n--- log\n{log}"),
        }
    }
}

fn start(program: &Path, place: &Path, name: &str) -> Child {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/neovim");
    let mut command = Command::new(program);
    command
        .args(["--clean", "--headless", "-n", "-l"])
        .arg(scripts.join(format!("{name}.lua")))
        .current_dir(place.join("workspace"))
        .env("TENON_PROGRAM", env!("CARGO_BIN_EXE_tenon"))
        .env("TENON_HARNESS", scripts.join("harness.lua"))
        .env("TENON_PLUGIN_HARNESS", scripts.join("plugin/harness.lua"))
        .env("TENON_EDITORS", Path::new(env!("CARGO_MANIFEST_DIR")).join("editors"))
        .env("TENON_CONFIG", place.join("config.toml"))
        .env("TENON_STATE_DIR", place.join("state"))
        .env("NVIM_LOG_FILE", place.join("nvim.log"))
        .env_remove("TENON_LOG")
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
        command.env(variable, place);
    }
    command.spawn().unwrap()
}

/// Does what the script says on its standard output, until it ends; whether it ended well.
pub(super) async fn follow(
    child: &mut Child,
    fake: &FakeProvider,
    gates: &HashMap<String, Gate>,
    place: &Path,
) -> bool {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut is_done = false;
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.trim_end().split_once(' ').unwrap_or((line.trim_end(), "")) {
            ("open", gate) => gates[gate].open(),
            ("await-asked", "") => {
                while fake.requests().is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                fs::write(place.join("asked"), "").unwrap();
            }
            ("await-left", "") => {
                fake.client_left().await;
                fs::write(place.join("left"), "").unwrap();
            }
            ("done", "") => is_done = true,
            _ => writeln!(std::io::stderr(), "editor: {line}").unwrap(),
        }
    }
    child.wait().await.unwrap().success() && is_done
}

pub(super) async fn read_all(stream: Option<tokio::process::ChildStderr>) -> String {
    let mut text = String::new();
    if let Some(mut stream) = stream {
        let _ = tokio::time::timeout(Duration::from_secs(1), stream.read_to_string(&mut text)).await;
    }
    text
}

/// What the server wrote into its log.
pub(super) fn logs(place: &Path) -> String {
    let entries = fs::read_dir(place.join("state/logs")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect()
}

/// A search/replace block.
pub(super) fn block(path: &str, search: &str, replace: &str) -> String {
    format!("{path}\n\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
}

const GREETING: &str = "    let greeting = \"héllo 😀 漢字 e\u{301}\";\n";
const NEW_GREETING: &str = "    // 😀 né\n    let greeting = \"salut 漢字\";\n";

#[tokio::test]
async fn typing_while_the_model_writes() {
    let block = block("main.rs", GREETING, NEW_GREETING);
    let (first, rest) = block.split_at(30);
    story("typing", &[&[first, "@typed", rest], &[first, rest]]).await;
}

#[tokio::test]
async fn without_the_plugin_by_the_words_of_the_page() {
    story("plain", &[&[&block("main.rs", GREETING, NEW_GREETING)]]).await;
}

#[tokio::test]
async fn cancelling_closes_the_connection() {
    story("cancel", &[&["main.rs\n\n<<<<<<< SEARCH\n", "@never"]]).await;
}

#[tokio::test]
async fn three_files_at_once() {
    let reply = [
        block("open.py", "def a():\n", "def aé():\n"),
        block("closed.py", "x = 1\n", "x = 2\n"),
        block("new/made.py", "", "y = \"é\"\n\nz = 3\n"),
    ]
    .join("\n");
    story("files", &[&[reply.as_str()]]).await;
}

#[tokio::test]
async fn a_review_goes_on_after_a_restart() {
    let reply = block("main.rs", GREETING, NEW_GREETING);
    stories(&["restart_before", "restart_after"], &[&[reply.as_str()]]).await;
}

#[tokio::test]
async fn three_files_come_back_after_a_restart() {
    let reply = [
        block("open.py", "def a():\n", "def aé():\n"),
        block("closed.py", "x = 1\n", "x = 2\n"),
        block("new/made.py", "", "y = \"é\"\n\nz = 3\n"),
    ]
    .join("\n");
    stories(&["undo_before", "undo_after"], &[&[reply.as_str()]]).await;
}

#[tokio::test]
async fn files_that_go_and_get_another_path() {
    let reply = "*** Begin Patch\n*** Delete File: closed.py\n\
        *** Update File: open.py\n*** Move to: sub/moved.py\n@@\n-def a():\n+def aé():\n     pass\n\
        *** End Patch\n";
    story_in("apply-patch", "gone", &[&[reply]]).await;
}

#[tokio::test]
async fn typing_into_a_file_that_goes() {
    let reply = "*** Begin Patch\n*** Delete File: gone.py\n*** End Patch\n";
    story_in("apply-patch", "overtaken", &[&[reply]]).await;
}

#[tokio::test]
async fn typing_where_the_proposal_belongs() {
    let reply = block("main.rs", GREETING, NEW_GREETING);
    story("stale", &[&[reply.as_str()]]).await;
}

#[tokio::test]
async fn typing_elsewhere_before_and_with_the_acceptance() {
    let reply = block("main.rs", GREETING, NEW_GREETING);
    story("elsewhere", &[&[reply.as_str()], &[reply.as_str()]]).await;
}

#[tokio::test]
async fn a_comment_that_asks() {
    let reply = block("job.py", "def job():\n", "async def job():\n");
    story("comment", &[&[reply.as_str()]]).await;
}

#[tokio::test]
async fn a_provider_that_fails() {
    let error = |status| {
        let body = r#"{"error":{"message":"the key \u001b[31mis wrong"}}"#;
        vec![Act::answer(status, "content-type: application/json\r\n", body)]
    };
    play("search-replace", "failing", vec![error(401), error(400)], HashMap::new()).await;
}

#[tokio::test]
async fn line_ends_and_missing_final_newlines() {
    let dos = block("dos.txt", "two é\n", "zwei 😀\nzwo\n");
    let bare = block("bare.txt", "last\n", "first\nlast 漢\n");
    story("line_ends", &[&[dos.as_str()], &[bare.as_str()]]).await;
}

#[tokio::test]
async fn completing_at_the_cursor() {
    let place = tempfile::tempdir().unwrap();
    let recording = place.path().join("replies.jsonl");
    let replies = [
        r#"{"match": "// rows", "chunks": ["let é = ", "b(\n        c,\n    );", "\n}\n"]}"#,
        r#"{"match": "// word", "chunks": ["eting();"]}"#,
        r#"{"match": "// dos", "chunks": ["c();\n    d();"]}"#,
    ];
    fs::write(&recording, replies.join("\n")).unwrap();
    let config = |_: &str| {
        format!(
            "[providers.tape]\napi = \"replay\"\nbase_url = '{}'\n\
             [models.filler]\nprovider = \"tape\"\nmodel = \"filler\"\nfill = \"infill\"\n\
             [roles]\ncompletion = [\"filler\"]\n",
            recording.display()
        )
    };
    play_with(config, "completion", Vec::new(), HashMap::new()).await;
}

#[tokio::test]
async fn typing_while_a_completion_is_asked_for() {
    let mut gates = HashMap::new();
    gates.insert("never".to_owned(), Gate::default());
    let piece =
        |text: &str| Act::chunk(format!("data: {}\n\n", json!({"choices": [{"index": 0, "text": text}]})));
    let hangs =
        vec![Act::head("text/event-stream"), piece("late"), Act::Pause(gates["never"].clone()), piece("();")];
    let end = json!({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]});
    let answers = vec![
        Act::head("text/event-stream"),
        piece("y(é);\n"),
        Act::chunk(format!("data: {end}\n\ndata: [DONE]\n\n")),
        Act::end(),
    ];
    let config = |url: &str| {
        format!(
            "[providers.fake]\napi = \"openai-chat\"\nbase_url = \"{url}\"\n\
             [models.filler]\nprovider = \"fake\"\nmodel = \"slow\"\nfill = \"completions\"\n"
        )
    };
    play_with(config, "completion_typing", vec![hangs, answers], gates).await;
}

#[tokio::test]
async fn undoing_in_the_editor() {
    let block = block("main.rs", GREETING, NEW_GREETING);
    story("editor_undo", &[&[block.as_str()]]).await;
}
