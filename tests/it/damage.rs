//! Damaged replies in short: the benchmark's generator on small changes of small files, by a fixed seed. Nothing may
//! be applied wrongly, nothing that must be refused may be applied, and most of the rest is applied.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use generator::case::Verdict;
use generator::{Ask, Expected, Format, KINDS, Rng, Script};

#[expect(dead_code, reason = "times are for the benchmark")]
#[path = "../../benches/damage/engine.rs"]
mod engine;
#[path = "../../benches/damage/generator.rs"]
mod generator;

const SEED: u64 = 7;
/// Changes made to each file.
const PER_FILE: usize = 6;
const FILES: [(&str, &str); 5] = [
    ("books/ledger.py", include_str!("../../fixtures/damage/ledger.py")),
    ("src/shelf.rs", include_str!("../../fixtures/damage/shelf.rs")),
    ("web/face/clock.ts", include_str!("../../fixtures/damage/clock.ts")),
    ("internal/mailbox.go", include_str!("../../fixtures/damage/mailbox.go")),
    ("docs/garden.md", include_str!("../../fixtures/damage/garden.md")),
];

/// What has been applied of what should have been, at least, in percent.
const fn floor(format: Format) -> usize {
    match format {
        Format::SearchReplace | Format::Udiff | Format::ApplyPatch | Format::Json => 80,
        Format::Whole => 90,
    }
}

#[test]
fn no_damaged_reply_is_applied_wrongly() {
    let pool: Vec<Script> = FILES.iter().map(|(path, text)| Script::new(path, text, text)).collect();
    let changes: Vec<(String, Script)> = FILES
        .iter()
        .flat_map(|&(path, text)| (0..PER_FILE).map(move |nth| (path, text, nth)))
        .map(|(path, text, nth)| {
            let name = format!("{path} {nth}");
            let new = changed(text, &mut Rng::fork(SEED, &name));
            (name, Script::new(path, text, &new))
        })
        .collect();
    let mut applied: BTreeMap<Format, [usize; 2]> = BTreeMap::new();
    let mut wrong = String::new();
    for format in Format::ALL {
        for kind in KINDS {
            for (name, script) in &changes {
                let rng = Rng::fork(SEED, &format!("{name} {} {}", kind.name, format.name()));
                let mut ask = Ask { files: vec![script.clone()], pool: &pool, format, rng };
                let Some(case) = (kind.make)(&mut ask) else { continue };
                let outcome = engine::run(engine::reply_format(format), &case, Some(1));
                let verdict = case.judge(outcome.texts.as_ref().ok());
                if matches!(verdict, Verdict::Wrong | Verdict::Applied) {
                    let what = format!("{} / {} / {name}: {verdict:?}", format.name(), kind.name);
                    let _ = writeln!(wrong, "== {what}\n{}", case.reply);
                }
                if matches!(case.expected, Expected::Apply(_) | Expected::NoOp) {
                    let [n_right, n] = applied.entry(format).or_default();
                    *n_right += usize::from(verdict == Verdict::Right);
                    *n += 1;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "applied wrongly:\n{wrong}");
    for (format, [n_right, n]) in applied {
        let enough = n_right * 100 >= n * floor(format);
        assert!(enough, "{}: {n_right} of {n} applied", format.name());
    }
}

/// A text with one to three small changes: a line worded otherwise, lines that come, lines that go.
fn changed(text: &str, rng: &mut Rng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let step = if text.contains("\n\t") { "\t" } else { "    " };
    for _ in 0..=rng.below(3) {
        let filled: Vec<usize> = (1..lines.len()).filter(|&at| lines[at].trim().len() > 8).collect();
        let Some(&at) = rng.pick(&filled) else { break };
        let line = lines[at].clone();
        let indent = &line[..line.len() - line.trim_start().len()];
        let n = rng.below(90);
        match rng.below(4) {
            0 => lines[at] = line.replacen(' ', &format!(" new_{n} "), 1 + indent.len()),
            1 => lines.insert(at, format!("{indent}first_{n} = \"{n}\" & rest")),
            2 => {
                let more = [
                    format!("{indent}when ready_{n} <{n}>"),
                    format!("{indent}{step}then(go_{n})"),
                    String::new(),
                ];
                lines.splice(at..at, more);
            }
            _ => {
                lines.remove(at);
            }
        }
    }
    generator::script::joined(lines.iter().map(String::as_str))
}
