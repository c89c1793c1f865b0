//! Cases recorded from the test suites of other tools, run through the diff engine.
//!
//! Each case passes, or is listed in [`differences`] with the reason why tenon does otherwise. A listed case that
//! passes fails the test too, so that the list cannot rot. With `--nocapture` the test prints how many cases agree,
//! by peer and format, and what tenon says to each of the others.

mod differences;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use differences::{DIFFERENCES, Instead};
use serde::Deserialize;
use tenon::diff::gate::{self, Consent};
use tenon::diff::parse::{Block, Reply, detect, parse};
use tenon::diff::tagged::TaggedLine;
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
    /// How texts are compared, if not as they are.
    compare: Option<String>,
}

#[derive(Deserialize)]
struct Expect {
    files: Option<BTreeMap<String, String>>,
    /// What the peer's parser gives: path, search, replace.
    edits: Option<serde_json::Value>,
    /// Where the peer finds a text: begin, end, and how it was found.
    ranges: Option<Vec<Vec<serde_json::Value>>>,
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
    let mut others = Vec::new();
    let mut table: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut listed: BTreeMap<&str, Instead> =
        DIFFERENCES.iter().flat_map(|group| group.cases.iter().map(|&case| (case, group.instead))).collect();
    let cases = cases(&folder);
    for (name, case) in &cases {
        let (seen, why) = run(case);
        let expected = listed.remove(name.as_str()).map_or(Seen::Same, Seen::Other);
        if seen != expected {
            wrong.push(format!("{name}: {seen:?} instead of {expected:?}: {why}"));
        }
        let (peer, _) = name.split_once('/').unwrap();
        let column = match seen {
            Seen::Same => 0,
            Seen::Other(Instead::Refuses) => 1,
            Seen::Other(Instead::Applies) => 2,
            Seen::Other(Instead::Differs) => 3,
        };
        table.entry(format!("{peer} {}", case.format)).or_default()[column] += 1;
        if let Seen::Other(instead) = seen {
            others.push(format!("{name} {} {instead:?}: {why}", case.format));
        }
    }
    print(&table, &others);
    wrong.extend(listed.keys().map(|name| format!("{name}: listed, but there is no such case")));
    assert!(cases.len() > 600, "only {} cases found", cases.len());
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[expect(clippy::print_stdout, reason = "the table is what `--nocapture` is for")]
fn print(table: &BTreeMap<String, [usize; 4]>, others: &[String]) {
    println!("{:36} {:>5} {:>8} {:>8} {:>8}", "", "same", "refuses", "applies", "differs");
    for (row, [same, refuses, applies, differs]) in table {
        println!("{row:36} {same:5} {refuses:8} {applies:8} {differs:8}");
    }
    println!("{}", others.join("\n"));
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

/// The reply as a model would send it, and its format as far as the peer knows it.
fn reply_of(case: &Case) -> (String, Option<ReplyFormat>) {
    let text = case.reply.as_str().map_or_else(|| case.reply.to_string(), str::to_owned);
    match case.format.as_str() {
        "search-replace"
        | "search-replace-parse"
        | "cline-search-replace"
        | "roo-search-replace"
        | "zed-diff-fenced-parse" => (text, Some(ReplyFormat::SearchReplace)),
        "whole-file" => (text, Some(ReplyFormat::Whole)),
        // The peer gets the text alone.
        "lazy-whole-file" => {
            let name = case.files.keys().next().cloned().unwrap_or_default();
            (format!("{name}\n`````\n{}\n`````\n", text.trim_end_matches('\n')), Some(ReplyFormat::Whole))
        }
        "udiff" | "udiff-parse" => (text, Some(ReplyFormat::UnifiedDiff)),
        "apply_patch" => (text, Some(ReplyFormat::ApplyPatch)),
        "json-edits" => (text, Some(ReplyFormat::Json)),
        _ => (text, None),
    }
}

fn run(case: &Case) -> (Seen, String) {
    if let Some(ranges) = &case.expect.ranges {
        return located(case, ranges);
    }
    let (text, format) = reply_of(case);
    let reply = match format {
        Some(format) => parse(format, &text),
        None => detect(&text).map_err(|refusal| vec![refusal]).and_then(|format| parse(format, &text)),
    };
    if let Some(edits) = &case.expect.edits {
        return compared(reply.map(|reply| edits_of(case, &reply)), Some(edits));
    }
    if case.format.ends_with("-parse") {
        return compared(reply.map(|reply| edits_of(case, &reply)), None);
    }
    let ours = reply.and_then(|reply| texts_after(case, &reply));
    if case.compare.is_some() {
        let plain = |texts: &BTreeMap<String, String>| -> BTreeMap<String, Vec<String>> {
            let lines = |text: &String| text.lines().map(|line| without_blanks(line).to_owned()).collect();
            texts.iter().map(|(path, text)| (path.clone(), lines(text))).collect()
        };
        return compared(ours.map(|texts| plain(&texts)), case.expect.files.as_ref().map(plain).as_ref());
    }
    compared(ours, case.expect.files.as_ref())
}

/// A line as it is compared where blanks on empty lines do not count.
fn without_blanks(line: &str) -> &str {
    if line.trim().is_empty() { "" } else { line }
}

fn compared<T: PartialEq + std::fmt::Debug>(
    ours: Result<T, Vec<Refusal>>,
    theirs: Option<&T>,
) -> (Seen, String) {
    match (ours, theirs) {
        (Err(_), None) => (Seen::Same, String::new()),
        (Err(refusals), Some(_)) => {
            let (code, message) = (refusals[0].code.as_str(), &refusals[0].message);
            (Seen::Other(Instead::Refuses), format!("{code}: {message}"))
        }
        (Ok(ours), Some(theirs)) if ours == *theirs => (Seen::Same, String::new()),
        (Ok(ours), Some(_)) => (Seen::Other(Instead::Differs), format!("{ours:?}")),
        (Ok(ours), None) => (Seen::Other(Instead::Applies), format!("{ours:?}")),
    }
}

/// A case that only finds a text: it is replaced, and the place seen from what changes.
fn located(case: &Case, ranges: &[Vec<serde_json::Value>]) -> (Seen, String) {
    const MARK: &str = "\u{1}";
    let (path, text) = case.files.iter().next().unwrap();
    let old = case.reply["query"].as_str().unwrap_or_default();
    let bytes = case.format == "locate" && path == "buffer";
    let offset = |value: &serde_json::Value| {
        let at = usize::try_from(value.as_u64().unwrap()).unwrap();
        if bytes { at } else { byte_of_utf16(text, at) }
    };
    let mut marked = text.clone();
    for range in ranges.iter().rev() {
        marked.replace_range(offset(&range[0])..offset(&range[1]), MARK);
    }
    let expected = BTreeMap::from([(path.clone(), marked)]);
    let block = Block::Text {
        path: Some(path.clone()),
        old: old.to_owned(),
        new: MARK.to_owned(),
        everywhere: ranges.len() > 1,
    };
    let ours = texts_after(case, &Reply { blocks: vec![block], ..Reply::default() });
    compared(ours, (!ranges.is_empty()).then_some(&expected))
}

fn byte_of_utf16(text: &str, at: usize) -> usize {
    let mut units = 0;
    let mut ends = text.char_indices().map(|(byte, c)| {
        let from = units;
        units += c.len_utf16();
        (byte, from)
    });
    ends.find(|(_, from)| *from >= at).map_or(text.len(), |(byte, _)| byte)
}

/// The blocks as the peer's parser gives them.
fn edits_of(case: &Case, reply: &Reply) -> serde_json::Value {
    let joined = |lines: &[String]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let mut path = None;
    reply
        .blocks
        .iter()
        .map(|block| {
            path = block.path().map(str::to_owned).or_else(|| path.clone());
            match block {
                Block::SearchReplace { search, replace, line, .. } if case.format.starts_with("zed") => {
                    serde_json::json!([search.join("\n"), replace.join("\n"), line])
                }
                Block::SearchReplace { search, replace, .. } => {
                    serde_json::json!([path, joined(search), joined(replace)])
                }
                Block::Whole { lines, .. } => serde_json::json!([path, "", joined(lines)]),
                Block::Hunk { lines, .. } => serde_json::json!([path, hunk_text(lines)]),
                other => unreachable!("no block of the formats read here: {other:?}"),
            }
        })
        .collect()
}

fn hunk_text(lines: &[TaggedLine]) -> String {
    lines
        .iter()
        .flat_map(|line| {
            let tag = match line {
                TaggedLine::Context(_) | TaggedLine::Gap(_) => " ",
                TaggedLine::Delete(_) => "-",
                TaggedLine::Add(_) => "+",
            };
            [tag, line.text(), "\n"]
        })
        .collect()
}

/// All texts after the reply. Peers that take one text and no name get the name that the reply uses.
fn texts_after(case: &Case, reply: &Reply) -> Result<BTreeMap<String, String>, Vec<Refusal>> {
    let mut texts = case.files.clone();
    let only = if texts.len() == 1 { texts.keys().next().cloned() } else { None };
    let nameless =
        !matches!(case.format.as_str(), "search-replace" | "whole-file" | "apply_patch" | "lazy-whole-file");
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
    let made = || case.expect.files.as_ref().and_then(|files| files.keys().next().cloned());
    let default_path = if nameless { only.or_else(made) } else { in_chat };
    let default_path = renamed.as_ref().map(|(name, _)| name.clone()).or(default_path);
    let base = FileSet {
        files: texts.iter().map(|(path, text)| (path.clone(), Rope::from_str(text))).collect(),
        default_path,
        ..FileSet::default()
    };
    let changes = evaluate(reply, &base)?;
    gate::check(&changes, &base, Consent::default())?;
    for change in changes.files {
        let old = base.files.get(&change.path).cloned().unwrap_or_default();
        assert!(base.files.contains_key(&change.path) != matches!(change.kind, ChangeKind::Create { .. }));
        texts.remove(&change.path);
        if let Some(path) = change.path_after() {
            texts.insert(path.to_owned(), change.apply(&old).unwrap().to_string());
        }
    }
    if let Some((name, only)) = renamed
        && let Some(text) = texts.remove(&name)
    {
        texts.insert(only, text);
    }
    Ok(texts)
}
