//! Holds the source against the rules of `docs/architecture.md`: who may import whom, which crate stays in which
//! room, what a pure room may not touch, and the shape of files. A rule that is only written down rots.
//!
//! The reading is plain text, not a parser: comments and test code are left out, groups in braces are opened.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Whether a room may do I/O.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Neither I/O nor clock nor runtime: the same input gives the same output.
    Pure,
    /// Waits for others, does no I/O of its own.
    Async,
    /// Touches the world.
    Edge,
}
use Kind::{Async, Edge, Pure};

/// The rooms in reading order, and what each may import. Every room may import `problem`.
const ROOMS: &[(&str, Kind, &[&str])] = &[
    ("problem", Pure, &[]),
    ("text", Pure, &[]),
    ("syntax", Pure, &["text"]),
    ("diff", Pure, &["text", "syntax"]),
    ("prompt", Pure, &["text", "diff"]),
    ("model", Pure, &[]),
    ("review", Pure, &["text", "diff"]),
    ("ports", Pure, &["text", "model"]),
    ("gateway", Async, &["model", "ports"]),
    ("orchestrator", Async, &["text", "syntax", "diff", "prompt", "model", "review", "ports"]),
    ("app", Async, &["text", "syntax", "diff", "prompt", "model", "review", "ports", "orchestrator"]),
    ("config", Edge, &["text", "syntax", "diff", "prompt", "model", "review", "ports"]),
    ("journal", Edge, &["text", "diff", "model", "ports"]),
    ("recording", Edge, &["model", "ports"]),
    ("telemetry", Edge, &["ports", "config"]),
    ("workspace", Edge, &["diff", "ports"]),
    // Wiring: it names the parts that front doors may not know.
    (
        "assembly",
        Edge,
        &[
            "model",
            "diff",
            "ports",
            "gateway",
            "orchestrator",
            "app",
            "config",
            "journal",
            "recording",
            "telemetry",
            "workspace",
        ],
    ),
    ("lsp", Edge, &["text", "syntax", "diff", "prompt", "model", "review", "ports", "app"]),
    (
        "cli",
        Edge,
        &[
            "text",
            "syntax",
            "diff",
            "prompt",
            "model",
            "review",
            "ports",
            "app",
            "config",
            "telemetry",
            "workspace",
        ],
    ),
];

/// A part of a pure room that does I/O after all.
const EDGE_PARTS: &[&str] = &["model/provider"];

/// Parts of rooms that only some rooms may name.
const PRIVATE_PARTS: &[(&str, &[&str])] = &[("model::provider", &["model", "config"])];

/// Crates that stay in one place, each a room or a part of one.
const CRATES: &[(&str, &[&str])] = &[
    ("tower_lsp", &["lsp"]),
    ("lsp_types", &["lsp"]),
    ("reqwest", &["model/provider"]),
    ("rustls", &["model/provider"]),
    ("rusqlite", &["journal"]),
    ("rusqlite_migration", &["journal"]),
    ("chacha20poly1305", &["journal/seal"]),
    ("aho_corasick", &["model/outgoing"]),
    ("globset", &["model/outgoing"]),
    ("icu_normalizer", &["model/outgoing", "diff/lower"]),
    ("clap", &["cli"]),
    ("toml", &["config"]),
    ("schemars", &["config"]),
    ("etcetera", &["config"]),
    ("tracing_subscriber", &["telemetry"]),
    ("tracing_appender", &["telemetry"]),
    ("tree_sitter", &["syntax"]),
];

/// What a pure room may not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
];

const MAX_LINES: usize = 800;

#[test]
fn rooms_import_only_what_the_table_permits() {
    let mut wrong = Vec::new();
    for file in sources() {
        let Some((room, _, permitted)) = file.room() else { continue };
        for path in file.paths("crate") {
            let target = path.split("::").nth(1).unwrap_or("");
            let known = ROOMS.iter().any(|(name, ..)| *name == target);
            if !known || !(target == "problem" || target == *room || permitted.contains(&target)) {
                wrong.push(format!("{}: {path}", file.name));
            }
        }
        for (part, rooms) in PRIVATE_PARTS {
            let part = format!("crate::{part}");
            if !rooms.contains(room) && file.paths("crate").iter().any(|path| is_within(path, &part)) {
                wrong.push(format!("{}: {part}", file.name));
            }
        }
        // A chain of `super` that leaves the room would go past the table.
        let depth = file.name.split('/').count();
        if file.code.contains(&"super::".repeat(depth)) {
            wrong.push(format!("{}: `super` leaves the room", file.name));
        }
    }
    none(&wrong, "imports that the table does not permit");
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for file in sources() {
        if file.room().is_none() {
            continue;
        }
        for (name, places) in CRATES {
            if !places.iter().any(|place| file.is_in(place)) && !file.paths(name).is_empty() {
                wrong.push(format!("{}: {name}", file.name));
            }
        }
    }
    none(&wrong, "crates outside their rooms");
}

#[test]
fn pure_rooms_touch_nothing() {
    let mut wrong = Vec::new();
    for file in sources() {
        let pure = file.room().is_some_and(|(_, kind, _)| *kind == Pure);
        if !pure || EDGE_PARTS.iter().any(|part| file.is_in(part)) {
            continue;
        }
        for path in file.paths("std").iter().chain(&file.paths("tokio")) {
            if IMPURE.iter().any(|banned| is_within(path, banned)) {
                wrong.push(format!("{}: {path}", file.name));
            }
        }
    }
    none(&wrong, "I/O, clocks or runtimes in pure rooms");
}

#[test]
fn the_library_lists_the_rooms_in_reading_order() {
    let library = read(&root().join("src/lib.rs"));
    let listed = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    assert_eq!(listed.collect::<Vec<_>>(), ROOMS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
    for (name, kind, _) in ROOMS {
        let denied = library
            .contains(&format!("#[cfg_attr(not(test), deny(clippy::disallowed_methods))]\npub mod {name};"));
        assert_eq!(denied, *kind == Pure, "{name}: pure rooms, and only they, deny I/O by lint in lib.rs");
    }
    let rooms = sources().into_iter().filter(|file| !matches!(file.name.as_str(), "lib.rs" | "main.rs"));
    let strangers = rooms.filter(|file| file.room().is_none()).map(|file| file.name).collect::<Vec<_>>();
    none(&strangers, "files of rooms that the table does not have");
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut wrong = Vec::new();
    for path in rust_files() {
        let text = read(&path);
        let first = text.lines().next().unwrap_or("");
        if first.strip_prefix("//! ").is_none_or(|words| words.split_whitespace().count() < 3) {
            wrong.push(format!("{}: `{first}`", path.display()));
        }
    }
    none(&wrong, "files that do not open with `//!` and a sentence");
}

#[test]
fn files_have_a_readable_size_and_a_name() {
    let mut wrong = Vec::new();
    for path in rust_files() {
        let n_lines = read(&path).lines().count();
        if n_lines > MAX_LINES {
            wrong.push(format!("{}: {n_lines} lines; {MAX_LINES} is the limit", path.display()));
        }
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("");
        if ["mod", "utils", "util", "helpers", "common", "misc"].contains(&name) {
            wrong.push(format!("{}: a name that says nothing", path.display()));
        }
    }
    none(&wrong, "files that are too long or badly named");
}

#[test]
fn no_integration_test_is_forgotten() {
    let mut wrong = Vec::new();
    for (parent, folder) in [("main.rs", "."), ("support.rs", "support")] {
        let parent = read(&root().join("tests/it").join(parent));
        for path in files_in(&root().join("tests/it").join(folder)) {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("");
            let listed = parent.lines().any(|line| line.ends_with(&format!("mod {name};")));
            if name != "main" && !listed {
                wrong.push(path.display().to_string());
            }
        }
    }
    none(&wrong, "files of tests/it that are not listed as modules, so they never run");
}

/// A file of `src`, without comments and test code.
struct Source {
    /// Path below `src`, with `/`.
    name: String,
    code: String,
}

impl Source {
    fn room(&self) -> Option<&'static (&'static str, Kind, &'static [&'static str])> {
        let top = self.name.split('/').next()?.trim_end_matches(".rs");
        ROOMS.iter().find(|(name, ..)| *name == top)
    }

    fn is_in(&self, place: &str) -> bool {
        self.name.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// Every path in the code that starts with `first::`, groups in braces opened.
    fn paths(&self, first: &str) -> Vec<String> {
        let mut paths = Vec::new();
        let start = format!("{first}::");
        for (at, _) in self.code.match_indices(&start) {
            let before = self.code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':')) {
                open_group(first, &self.code[at + start.len()..], &mut paths);
            }
        }
        paths
    }
}

/// Adds the paths of a use tree that follows `prefix::`; returns what comes after the tree.
fn open_group<'a>(prefix: &str, tree: &'a str, paths: &mut Vec<String>) -> &'a str {
    let tree = tree.trim_start();
    if let Some(mut rest) = tree.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let before = rest.len();
            rest = open_group(prefix, rest, paths);
            // Not a use tree after all: leave it.
            if rest.len() == before {
                return rest;
            }
        }
    }
    let end = tree.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(tree.len());
    let (name, rest) = tree.split_at(end);
    let path = format!("{prefix}::{name}");
    if let Some(rest) = rest.strip_prefix("::") {
        return open_group(&path, rest, paths);
    }
    paths.push(path);
    // `name as other` is one entry.
    rest.strip_prefix(" as ")
        .map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'))
}

fn is_within(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The source without test code and comments. Test modules are called `tests`, and stand last in their files or in files of their own.
fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut sources = Vec::new();
    for path in files_below(&src) {
        let name = path.strip_prefix(&src).expect("it is below src").to_string_lossy().replace('\\', "/");
        if name.ends_with("/tests.rs") || name.contains("/tests/") {
            continue;
        }
        let text = read(&path);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        sources.push(Source { name, code: lines.collect::<Vec<_>>().join("\n") });
    }
    assert!(sources.len() > 10, "the source is where it is looked for");
    sources
}

/// Every Rust file of the project.
fn rust_files() -> Vec<PathBuf> {
    ["src", "tests", "benches"].iter().flat_map(|folder| files_below(&root().join(folder))).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = files_in(folder);
    let folders = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for folder in folders.filter(|path| path.is_dir()) {
        found.extend(files_below(&folder));
    }
    found
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries.filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files.collect::<BTreeSet<_>>().into_iter().collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn none(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn the_reader_opens_groups() {
    let source = Source {
        name: "diff.rs".to_owned(),
        code: "use crate::{a, b::{C, d::E}, f as g};\nlet x = crate::h::I::new(mycrate::no); crate::{"
            .to_owned(),
    };
    let expected = ["crate::a", "crate::b::C", "crate::b::d::E", "crate::f", "crate::h::I::new"];
    assert_eq!(source.paths("crate")[..5], expected);
    assert!(is_within("std::fs::read", "std::fs") && !is_within("std::fsx", "std::fs"));
}
