//! Runs `diffy` and `mpatch` on the damage benchmark's cases: JSON lines in, one JSON line for each engine and case
//! out, to be judged by `peers.py`.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};
use std::panic::catch_unwind;
use std::time::Instant;

type Texts = BTreeMap<String, String>;

#[derive(serde::Deserialize)]
struct Case {
    id: u64,
    format: String,
    files: Texts,
    path: Option<String>,
    reply: String,
}

#[derive(serde::Serialize)]
struct Answer<'a> {
    tool: &'a str,
    id: u64,
    /// The texts of all files; none when the engine refused.
    files: Option<Texts>,
    micros: u128,
}

fn main() -> io::Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut output = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?).expect("the benchmark writes JSON lines");
        let engines: &[(&str, fn(&Case) -> Option<Texts>)] = match case.format.as_str() {
            "udiff" => &[("diffy", with_diffy), ("mpatch udiff", with_mpatch)],
            "search-replace" => &[("mpatch search/replace", with_mpatch)],
            _ => &[],
        };
        for (tool, engine) in engines {
            let begun = Instant::now();
            // A panic is no answer: nothing was written.
            let files = catch_unwind(|| engine(&case)).unwrap_or_default();
            let micros = begun.elapsed().as_micros();
            serde_json::to_writer(&mut output, &Answer { tool, id: case.id, files, micros })?;
            output.write_all(b"\n")?;
        }
    }
    output.flush()
}

/// The diff without the fence and the sentence around it.
fn bare(reply: &str) -> &str {
    let Some(start) = reply.find("diff\n").map(|at| at + 5) else { return reply };
    match reply[start..].rfind("```") {
        Some(end) => reply[start..start + end].trim_end_matches('`'),
        None => &reply[start..],
    }
}

fn with_diffy(case: &Case) -> Option<Texts> {
    let mut texts = case.files.clone();
    let diff = bare(&case.reply);
    let mut starts: Vec<usize> = diff.match_indices("--- a/").map(|(at, _)| at).collect();
    starts.retain(|&at| at == 0 || diff.as_bytes()[at - 1] == b'\n');
    if starts.is_empty() {
        // Without a name the caller's file is meant.
        let path = case.path.as_ref()?;
        let patch = diffy::Patch::from_str(diff).ok()?;
        let text = diffy::apply(texts.get(path)?, &patch).ok()?;
        texts.insert(path.clone(), text);
        return Some(texts);
    }
    for (nth, &start) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(diff.len());
        let patch = diffy::Patch::from_str(&diff[start..end]).ok()?;
        let name = patch.original()?.trim_end();
        let name = name.strip_prefix("a/").unwrap_or(name);
        let text = diffy::apply(texts.get(name)?, &patch).ok()?;
        texts.insert(name.to_owned(), text);
    }
    Some(texts)
}

fn with_mpatch(case: &Case) -> Option<Texts> {
    let mut texts = case.files.clone();
    let patches = mpatch::parse_auto(&case.reply).ok()?;
    if patches.is_empty() {
        return None;
    }
    for patch in patches {
        let name = patch.file_path.to_str()?.to_owned();
        let name = if texts.contains_key(&name) { name } else { case.path.clone()? };
        let result = patch.apply_to_content(Some(texts.get(&name)?), &mpatch::ApplyOptions::new());
        if !result.report.all_applied_cleanly() {
            return None;
        }
        texts.insert(name, result.new_content);
    }
    Some(texts)
}
