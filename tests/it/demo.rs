//! `tenon demo` from outside, as someone runs it who has nothing set up.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// The demo with no home, no configuration, and a state directory and temporary files in `folder`.
fn demo(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenon"));
    command
        .arg("demo")
        .current_dir(folder)
        .env("HOME", "")
        .env("TENON_CONFIG", folder.join("none/config.toml"))
        .env("TENON_STATE_DIR", folder.join("state"))
        .env("TMPDIR", folder)
        .env_remove("TENON_LOG")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{stdout}");
    let mut rest = stdout.as_str();
    for part in [
        "The model's reply is a recording; nothing leaves this machine.\n",
        "gather ",
        "ask ",
        "stream ",
        "resolve ",
        "5 changes in 3 files wait for you:\n",
        "-    lines.append(f\"Total: {due // 100}.{due % 100:02d} €\")\n",
        "+    lines.append(f\"Total: {euros(due)}\")\n",
        "--- /dev/null\n+++ b/money.py\n",
        "ok  every file is the expected one, byte for byte\n",
        "ok  what you typed meanwhile, in parse(), is kept\n",
        "ok  every file is as it was",
        "tenon doctor",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?} in its place:\n{stdout}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!stdout.contains('\x1b'), "{stdout:?}");
    let left: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["state"]);
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_demo_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("tenon demo"), "{first}");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
