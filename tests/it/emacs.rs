//! The built server in a real Emacs with eglot and with lsp-mode, against a slow model server.
//!
//! `TENON_EMACS` names the editor; `tests/run` sets it. Without it these tests say so and pass, but not where `CI` is
//! set. The stories are scripts in `emacs/`, played as those for Neovim are.

#![expect(clippy::explicit_write, reason = "`eprintln!` is captured by the test runner")]

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::neovim::{LIMIT, answer, block, configuration, follow, logs, read_all};
use crate::support::fake_provider::{Act, FakeProvider};

/// Where Debian puts Emacs packages; an Emacs that has eglot itself needs none.
const PACKAGES: &str = "/usr/share/emacs/site-lisp/elpa";

fn emacs() -> Option<PathBuf> {
    let program = std::env::var_os("TENON_EMACS").map(PathBuf::from);
    if program.is_none() {
        assert!(std::env::var_os("CI").is_none(), "TENON_EMACS is not set, and CI permits no missing tier");
        let skipped = "SKIPPED: no test in a real Emacs, since TENON_EMACS is not set; tests/run sets it";
        writeln!(std::io::stderr(), "{skipped}").unwrap();
    }
    program
}

fn start(program: &Path, place: &Path, name: &str) -> Child {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = root.join("tests/it/emacs");
    let mut command = Command::new(program);
    command.args(["-Q", "--batch"]);
    for package in fs::read_dir(PACKAGES).into_iter().flatten().flatten() {
        command.arg("-L").arg(package.path());
    }
    command
        .arg("-l")
        .arg(scripts.join(format!("{name}.el")))
        .current_dir(place.join("workspace"))
        .env("TENON_PROGRAM", env!("CARGO_BIN_EXE_tenon"))
        .env("TENON_HARNESS", scripts.join("harness.el"))
        .env("TENON_EDITORS", root.join("editors"))
        .env("TENON_CONFIG", place.join("config.toml"))
        .env("TENON_STATE_DIR", place.join("state"))
        .env_remove("TENON_LOG")
        .env("NO_PROXY", "127.0.0.1")
        .env("HOME", place)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Runs a script with a model that gives these answers, and then fails.
async fn story(name: &str, answers: &[&[&str]]) {
    let Some(program) = emacs() else { return };
    let mut gates = HashMap::new();
    let mut scripts: Vec<_> = answers.iter().map(|pieces| answer(pieces, &mut gates)).collect();
    let body = r#"{"error":{"message":"the key \u001b[31mis wrong"}}"#;
    scripts.push(vec![Act::answer(401, "content-type: application/json\r\n", body)]);

    let place = tempfile::tempdir().unwrap();
    let fake = FakeProvider::start(scripts).await;
    fs::create_dir(place.path().join("workspace")).unwrap();
    fs::write(place.path().join("config.toml"), configuration("search-replace", &fake.base_url())).unwrap();
    let mut child = start(&program, place.path(), name);
    let result = tokio::time::timeout(LIMIT, follow(&mut child, &fake, &gates, place.path())).await;
    let _ = child.start_kill();
    let (log, errors) = (logs(place.path()), read_all(child.stderr.take()).await);
    assert!(matches!(result, Ok(true)), "{result:?}:\n{errors}\n--- log\n{log}");
}

#[tokio::test]
async fn the_plain_story_through_eglot() {
    let first = "main.py\n\n<<<<<<< SEARCH\n    return \"é😀\"\n";
    let rest = "=======\n    return \"É😀\"\n>>>>>>> REPLACE\n\n".to_owned()
        + &block("main.py", "\tpass\n", "\treturn 2\n");
    let other = block("main.py", "    return 3\n", "    return 4\n");
    let hangs = ["main.py\n\n<<<<<<< SEARCH\n", "@never"];
    story("story", &[&[first, "@typed", &rest], &[&other], &hangs]).await;
}

#[tokio::test]
async fn files_that_are_alike_and_servers_that_go() {
    let both = block("main.py", "    return \"é😀\"\n", "    return \"É😀\"\n")
        + "\n"
        + &block("main.py", "\tpass\n", "\treturn 2\n");
    story("places", &[&[&both]]).await;
}

#[tokio::test]
async fn the_same_server_through_lsp_mode() {
    story("lsp_mode", &[&[&block("main.py", "    return 1\n", "    return 2\n")]]).await;
}
