//! Cases recorded from the test suites of other tools, run through the diff engine.
//!
//! Each case passes, or is listed in [`differences`] with the reason why tenon does otherwise. A listed case that
//! passes fails the test too, so that the list cannot rot.

mod differences;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use differences::{DIFFERENCES, Instead};
use serde::Deserialize;
use tenon::diff::parse::{Block, Reply, detect, parse};
use tenon::diff::{ChangeKind, FileSet, Refusal, ReplyFormat, evaluate, lower};
use tenon::text::Rope;

#[derive(Deserialize)]
struct Case {
    format: String,
    files: BTreeMap<String, String>,
    /// Text, but for peers that take tool calls.
    reply: serde_json::Value,
    expect: Expect,
    chat_files: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Expect {
    files: Option<BTreeMap<String, String>>,
    /// What the peer's parser gives: path, search, replace.
    edits: Option<serde_json::Value>,
}

/// What tenon does with a case, compared with what the peer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Same,
    Other(Instead),
}

#[test]
fn cases_of_other_tools() {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    let mut n_cases = 0;
    let mut listed: BTreeMap<&str, Instead> =
        DIFFERENCES.iter().flat_map(|group| group.cases.iter().map(|&case| (case, group.instead))).collect();
    for (name, case) in cases(&folder) {
        let Some(reply) = case.reply.as_str() else { continue };
        let Some(format) = format_of(&case, reply) else { continue };
        n_cases += 1;
        let (seen, why) = run(&case, format, reply);
        let expected = listed.remove(name.as_str()).map_or(Seen::Same, Seen::Other);
        if seen != expected {
            wrong.push(format!("{name}: {seen:?} instead of {expected:?}: {why}"));
        }
    }
    wrong.extend(listed.keys().map(|name| format!("{name}: listed, but there is no such case")));
    assert!(n_cases > 100, "only {n_cases} cases found");
    assert!(wrong.is_empty(), "{} of {n_cases} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// The folder of cases: beside the checkout, or as the environment says.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("TENON_EDIT_CASES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/edit-cases"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "no edit cases at {}", folder.display());
    #[expect(clippy::print_stderr, reason = "says why a test does nothing")]
    {
        eprintln!("skipped: no edit cases at {} (set TENON_EDIT_CASES)", folder.display());
    }
    None
}

/// All cases as `peer/number`, in order.
fn cases(folder: &Path) -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for peer in std::fs::read_dir(folder).unwrap() {
        let peer = peer.unwrap();
        for file in std::fs::read_dir(peer.path()).unwrap() {
            let path = file.unwrap().path();
            let number: String = path.file_name().unwrap().to_string_lossy().chars().take(4).collect();
            let name = format!("{}/{number}", peer.file_name().to_string_lossy());
            let text = std::fs::read_to_string(&path).unwrap();
            cases.push((
                name,
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            ));
        }
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// The format a case is in, if it is one we read.
fn format_of(case: &Case, reply: &str) -> Option<ReplyFormat> {
    match case.format.as_str() {
        "search-replace" | "search-replace-parse" | "cline-search-replace" | "roo-search-replace" => {
            Some(ReplyFormat::SearchReplace)
        }
        "whole-file" => Some(ReplyFormat::Whole),
        // The peer takes any format; only the blocks are ours yet.
        "auto" => detect(reply).ok().filter(|format| *format == ReplyFormat::SearchReplace),
        _ => None,
    }
}

fn run(case: &Case, format: ReplyFormat, reply: &str) -> (Seen, String) {
    let reply = parse(format, reply);
    if let Some(edits) = &case.expect.edits {
        return compared(reply.map(|reply| edits_of(&reply)), Some(edits));
    }
    if case.format.ends_with("-parse") {
        return compared(reply.map(|reply| edits_of(&reply)), None);
    }
    compared(reply.and_then(|reply| texts_after(case, &reply)), case.expect.files.as_ref())
}

fn compared<T: PartialEq + std::fmt::Debug>(
    ours: Result<T, Vec<Refusal>>,
    theirs: Option<&T>,
) -> (Seen, String) {
    match (ours, theirs) {
        (Err(_), None) => (Seen::Same, String::new()),
        (Err(refusals), Some(_)) => (Seen::Other(Instead::Refuses), refusals[0].message.clone()),
        (Ok(ours), Some(theirs)) if ours == *theirs => (Seen::Same, String::new()),
        (Ok(ours), _) => (Seen::Other(Instead::Applies), format!("{ours:?}")),
    }
}

/// The blocks as the peer's parser gives them.
fn edits_of(reply: &Reply) -> serde_json::Value {
    let joined = |lines: &[String]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let mut path = None;
    reply
        .blocks
        .iter()
        .map(|block| {
            path = block.path().map(str::to_owned).or_else(|| path.clone());
            match block {
                Block::SearchReplace { search, replace, .. } => {
                    serde_json::json!([path, joined(search), joined(replace)])
                }
                Block::Whole { lines, .. } => serde_json::json!([path, "", joined(lines)]),
                other => unreachable!("no block of the formats read here: {other:?}"),
            }
        })
        .collect()
}

/// All texts after the reply. Peers that take one text and no name get the name that the reply uses.
fn texts_after(case: &Case, reply: &Reply) -> Result<BTreeMap<String, String>, Vec<Refusal>> {
    let mut texts = case.files.clone();
    let only = if texts.len() == 1 { texts.keys().next().cloned() } else { None };
    let nameless = case.format != "search-replace" && case.format != "whole-file";
    let named = lower::named_paths(reply, None);
    let mut renamed = None;
    if let (true, Some(only), [name]) = (nameless, &only, &named[..])
        && name != only
    {
        let text = texts.remove(only).unwrap();
        texts.insert(name.clone(), text);
        renamed = Some((name.clone(), only.clone()));
    }
    let in_chat = match case.chat_files.as_deref() {
        Some([file]) => Some(file.clone()),
        _ => None,
    };
    let default_path = if nameless { only } else { in_chat };
    let default_path = renamed.as_ref().map(|(name, _)| name.clone()).or(default_path);
    let base = FileSet {
        files: texts.iter().map(|(path, text)| (path.clone(), Rope::from_str(text))).collect(),
        default_path,
        ..FileSet::default()
    };
    for change in evaluate(reply, &base)?.files {
        let old = base.files.get(&change.path).cloned().unwrap_or_default();
        assert!(base.files.contains_key(&change.path) != matches!(change.kind, ChangeKind::Create { .. }));
        let text = change.apply(&old).unwrap().to_string();
        texts.insert(change.path, text);
    }
    if let Some((name, only)) = renamed
        && let Some(text) = texts.remove(&name)
    {
        texts.insert(only, text);
    }
    Ok(texts)
}
