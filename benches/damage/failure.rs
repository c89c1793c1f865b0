//! Cases for the eye and for other programs.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::json;
use similar::TextDiff;

use super::engine::Outcome;
use super::generator::case::{Texts, Verdict};
use super::generator::{Case, Expected, Format};
use super::tally::line;

/// Prints a case, what was expected and what came out.
pub(crate) fn print(title: &str, case: &Case, verdict: Verdict, outcome: &Outcome) {
    line(&format!("======== {title}: {verdict:?}"));
    for (path, live) in &case.live {
        let base = &case.base[path];
        if base != live {
            line(&format!("-------- typed in {path}\n{}", diff(base, live)));
        }
    }
    line(&format!("-------- reply\n{}", visible(&case.reply)));
    match &case.expected {
        Expected::Apply(texts) => line(&format!("-------- expected\n{}", diffs(case, texts))),
        Expected::Either(texts) => line(&format!("-------- expected, or a refusal\n{}", diffs(case, texts))),
        Expected::Refuse => line("-------- expected: a refusal"),
        Expected::NoOp => line("-------- expected: nothing to do"),
    }
    match &outcome.texts {
        Ok(texts) => {
            line("-------- got");
            for (path, text) in texts {
                line(&diff(case.live.get(path).map_or("", String::as_str), text));
            }
            if let Expected::Apply(wanted) | Expected::Either(wanted) = &case.expected {
                line("-------- from expected to got");
                for (path, text) in wanted {
                    line(&visible(&diff(&text.text, texts.get(path).map_or("", String::as_str))));
                }
            }
        }
        Err(refusals) => {
            for refusal in refusals {
                let block = refusal.block.map(|block| format!("block {block}: ")).unwrap_or_default();
                line(&format!("-------- refused: {block}{} [{}]", refusal.message, refusal.code.as_str()));
            }
        }
    }
    line("");
}

fn diffs(case: &Case, texts: &Texts) -> String {
    texts
        .iter()
        .map(|(path, text)| diff(case.live.get(path).map_or("", String::as_str), &text.text))
        .collect()
}

fn diff(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(4).to_string()
}

/// Tabs and carriage returns as signs.
fn visible(text: &str) -> String {
    text.replace('\t', "→\t").replace('\r', "␍")
}

/// JSON lines for `tenon apply --batch` and for peers.
pub(crate) struct Dump {
    cases: BufWriter<File>,
    n_cases: usize,
}

impl Dump {
    pub(crate) fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("the folder can be made");
        let cases = File::create(folder.join("cases.jsonl")).expect("the folder can be written to");
        Self { cases: BufWriter::new(cases), n_cases: 0 }
    }

    pub(crate) fn write(&mut self, format: Format, kind: &str, change: &str, case: &Case) {
        self.n_cases += 1;
        let texts = |texts: &Texts| -> serde_json::Value {
            texts
                .iter()
                .map(|(path, text)| (path.clone(), json!({"text": text.text, "free_ends": text.free_ends})))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let (what, files) = match &case.expected {
            Expected::Apply(files) => ("apply", texts(files)),
            Expected::Either(files) => ("either", texts(files)),
            Expected::Refuse => ("refuse", json!({})),
            Expected::NoOp => ("no-op", json!({})),
        };
        let mut object = json!({
            "id": self.n_cases, "kind": kind, "change": change, "format": format.name(), "files": case.live,
            "reply": case.reply, "expected": {"what": what, "files": files},
        });
        if case.base != case.live {
            object["base"] = json!(case.base);
        }
        if let Some(path) = &case.default_path {
            object["path"] = json!(path);
        }
        serde_json::to_writer(&mut self.cases, &object).expect("the case can be written");
        self.cases.write_all(b"\n").expect("the case can be written");
    }
}
