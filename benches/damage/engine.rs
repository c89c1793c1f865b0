//! The engine under test: evaluates a reply on the texts the model saw and carries it to the texts as they are now,
//! with the exact map of what was typed, as the server does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tenon::diff::parse::parse;
use tenon::diff::{ChangeKind, ChangeSet, FileSet, Refusal, ReplyFormat, evaluate, rebase};
use tenon::text::{PositionMap, Rope};

use super::generator::{Case, Format, UserEdit};

/// Times a case is run; the least time counts, because the machine does other things, too.
const RUNS: usize = 3;

/// What came out.
pub(crate) struct Outcome {
    /// The texts of all files, or why not.
    pub(crate) texts: Result<BTreeMap<String, String>, Vec<Refusal>>,
    /// From reply and texts to the carried change set.
    pub(crate) time: Duration,
}

/// The engine's name of a format.
pub(crate) fn reply_format(format: Format) -> ReplyFormat {
    match format {
        Format::SearchReplace => ReplyFormat::SearchReplace,
        Format::Whole => ReplyFormat::Whole,
        Format::Udiff => ReplyFormat::UnifiedDiff,
        Format::ApplyPatch => ReplyFormat::ApplyPatch,
        Format::Json => ReplyFormat::Json,
    }
}

/// Runs one case; `n_runs` of `None` is the usual number.
pub(crate) fn run(format: ReplyFormat, case: &Case, n_runs: Option<usize>) -> Outcome {
    let set = |texts: &BTreeMap<String, String>| FileSet {
        files: texts.iter().map(|(path, text)| (path.clone(), Rope::from_str(text))).collect(),
        default_path: case.default_path.clone(),
        ..FileSet::default()
    };
    let (base, live) = (set(&case.base), set(&case.live));
    let maps: BTreeMap<&str, PositionMap> =
        case.edits.iter().map(|(path, edits)| (path.as_str(), map(edits))).collect();
    let mut best: Option<Duration> = None;
    let mut result = Err(Vec::new());
    for _ in 0..n_runs.unwrap_or(RUNS) {
        let begun = Instant::now();
        result = parse(format, &case.reply)
            .and_then(|reply| evaluate(&reply, &base))
            .and_then(|changes| carried(&changes, &base, &live, &maps));
        let time = begun.elapsed();
        best = Some(best.map_or(time, |best| best.min(time)));
    }
    let texts = result.map(|changes| {
        let mut texts = case.live.clone();
        for change in &changes.files {
            let old = live.files.get(&change.path).cloned().unwrap_or_default();
            let new = change.apply(&old).expect("a change set fits its text");
            texts.insert(change.path.clone(), String::from(&new));
        }
        texts
    });
    Outcome { texts, time: best.unwrap_or_default() }
}

fn map(edits: &[UserEdit]) -> PositionMap {
    let mut map = PositionMap::default();
    // From back to front, so that the offsets of what is still to come stay valid.
    for (range, insert) in edits.iter().rev() {
        map.push(range.clone(), insert.len());
    }
    map
}

fn carried(
    changes: &ChangeSet,
    base: &FileSet,
    live: &FileSet,
    maps: &BTreeMap<&str, PositionMap>,
) -> Result<ChangeSet, Vec<Refusal>> {
    let mut files = Vec::new();
    let mut refusals = Vec::new();
    let nothing = Rope::new();
    for change in &changes.files {
        let old = base.files.get(&change.path).unwrap_or(&nothing);
        let is_create = matches!(change.kind, ChangeKind::Create { .. });
        let map = maps.get(change.path.as_str()).filter(|_| !is_create).cloned().unwrap_or_default();
        match rebase::rebase_file(change, old, &map, live.files.get(&change.path)) {
            Ok(change) => files.extend(change),
            Err(found) => refusals.extend(found),
        }
    }
    if refusals.is_empty() { Ok(ChangeSet { files }) } else { Err(refusals) }
}
