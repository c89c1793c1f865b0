//! A disk that is full or broken under the journal: each call that a run makes to its own files fails in turn.
//!
//! A small library stands before the C library's calls and lets one of them fail: with ENOSPC, with EIO, after half of a
//! write; that one only, or all from there on. Whichever it is: the run ends with a problem that has a code, or does what
//! it was told; what was told is not lost; the texts are all on one side; and the run that comes next finds a journal that
//! works, with what it held. The calls of the workspace's own files are in the tests of its room.
//!
//! Each third call fails in one way by default, each in every way with `TENON_LONG=1`.

mod server;
mod terminal;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use super::kills::is_long;
use super::place::{Files, Place, Ran, files};

const BEFORE: [(&str, &str); 2] = [("a.txt", "one\ntwo\nthree\n"), ("b.txt", "bye\n")];

/// More calls than any run makes: a run that never passes untouched hangs in a loop.
const MOST: usize = 2_000;

struct Library {
    dir: tempfile::TempDir,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let library = Library { dir };
    let source = library.dir.path().join("fail.c");
    fs::write(&source, include_str!("faults/fail.c")).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(library.path()).arg(source).arg("-ldl");
    let output = compiler.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    library
});

impl Library {
    fn path(&self) -> PathBuf {
        self.dir.path().join("fail.so")
    }
}

/// Which call fails, and how.
#[derive(Debug, Clone, Copy)]
struct Fault {
    /// From 1.
    at: usize,
    how: &'static str,
    /// All that come after it fail too.
    lasts: bool,
}

const WAYS: [(&str, bool); 5] =
    [("eio", false), ("enospc", true), ("short", false), ("eio", true), ("enospc", false)];

/// From one call that fails to the next.
fn stride() -> usize {
    if is_long() { 1 } else { 3 }
}

impl Fault {
    /// The ways in which a call fails in this run.
    fn ways(at: usize) -> impl Iterator<Item = Self> {
        let chosen = move |way: &usize| is_long() || at % WAYS.len() == *way;
        (0..WAYS.len()).filter(chosen).map(move |way| {
            let (how, lasts) = WAYS[way];
            Self { at, how, lasts }
        })
    }

    /// Lets it happen to a run.
    fn strike(self, place: &Place, command: &mut Command) {
        let _ = fs::remove_file(place.path("told"));
        let root = place.workspace().canonicalize().unwrap();
        command
            .env("LD_PRELOAD", LIBRARY.path())
            .env("FAIL_BELOW", root.parent().unwrap().join("state"))
            .env("TENON_STATE_DIR", root.parent().unwrap().join("state"))
            .env("FAIL_AT", self.at.to_string())
            .env("FAIL_HOW", self.how)
            .env("FAIL_TOLD", place.path("told"));
        if self.lasts {
            command.env("FAIL_ON", "1");
        }
    }

    /// The calls that failed.
    fn struck(place: &Place) -> String {
        fs::read_to_string(place.path("told")).unwrap_or_default()
    }
}

/// Nothing of the state was taken for damaged.
fn nothing_aside(place: &Place, context: &str) {
    for entry in fs::read_dir(place.path("state")).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(".aside-"), "{name} was set aside; {context}");
    }
}

/// Whether the user was told that nothing, or not all, is recorded.
fn is_told_of_loss(said: &str) -> bool {
    ["cannot be used", "key of the journal", "may not survive"].iter().any(|word| said.contains(word))
}

fn tell(what: &str, n_runs: usize, n_calls: usize) {
    let line = format!("faults: {what}: {n_runs} runs failed at one of {n_calls} calls; nothing lost\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
