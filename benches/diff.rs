//! The diff engine on replies of the usual size: parse, and find the one place of every edit.
//!
//! The texts are this project's own source, cut into files of a thousand lines; what a model gets wrong is done to
//! the replies at places that are the same in every run. Every reply is timed five times and the least counts,
//! because the machine does other things, too.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tenon::diff::parse::parse;
use tenon::diff::{FileSet, ReplyFormat, evaluate};
use tenon::text::Rope;

use crate::table::{Samples, ms};

#[path = "support/table.rs"]
mod table;

const N_LINES: usize = 1_000;
const PER_KIND: usize = 600;

/// What is wrong with a reply.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Nothing,
    TrailingBlanks,
    Indentation,
    Quotes,
    OneWrongLine,
    Invented,
    TooLittle,
}

impl Damage {
    const ALL: [(Self, &str); 7] = [
        (Self::Nothing, "exact"),
        (Self::TrailingBlanks, "blanks at line ends"),
        (Self::Indentation, "indentation lost"),
        (Self::Quotes, "typographic quotes"),
        (Self::OneWrongLine, "a line misquoted (refused, with the nearest place)"),
        (Self::Invented, "a block that is nowhere (refused)"),
        (Self::TooLittle, "a block of one common line (mostly refused)"),
    ];

    fn search(self, lines: &[&str]) -> Vec<String> {
        let n_lines = if matches!(self, Self::TooLittle) { 1 } else { lines.len() };
        let indented = lines.iter().filter(|line| !line.trim().is_empty());
        let indent = indented.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let damaged = lines.iter().take(n_lines).enumerate().map(|(nth, line)| match self {
            Self::TrailingBlanks => format!("{line}  "),
            Self::Indentation => line.get(indent..).unwrap_or_default().to_owned(),
            Self::Quotes => line.replace('"', "”").replace('\'', "’"),
            Self::OneWrongLine if nth == lines.len() / 2 => format!("{line} // as before"),
            Self::Invented => format!("    invented_{nth}(call, {});", line.len()),
            Self::Nothing | Self::OneWrongLine | Self::TooLittle => (*line).to_owned(),
        });
        damaged.collect()
    }
}

fn main() {
    if !table::is_wanted() {
        return;
    }
    let files = thousand_line_files();
    let mut all = Vec::new();
    let mut rows = Vec::new();
    for (damage, name) in Damage::ALL {
        let mut n_changed = 0;
        let times: Vec<Duration> = (0..PER_KIND)
            .map(|nth| {
                let (time, is_changed) = time(&files[nth % files.len()], damage, nth);
                n_changed += usize::from(is_changed);
                time
            })
            .collect();
        all.extend_from_slice(&times);
        rows.push(row(name, &times.into_iter().collect(), &format!("{n_changed} of {PER_KIND}")));
    }
    rows.push(row("**all**", &all.into_iter().collect(), ""));
    table::print(&["reply", "p50", "p99", "slowest", "applied"], &rows);
    large();
}

fn row(name: &str, times: &Samples, applied: &str) -> Vec<String> {
    let percentiles = [50, 99, 100].map(|percent| ms(times.percentile(percent)));
    [name.to_owned()].into_iter().chain(percentiles).chain([applied.to_owned()]).collect()
}

/// This project's source, as files of a thousand lines.
fn thousand_line_files() -> Vec<String> {
    let mut texts = BTreeMap::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let whole: Vec<&str> = texts.values().flat_map(|text| text.lines()).collect();
    let files = whole.chunks_exact(N_LINES).map(|lines| lines.join("\n") + "\n");
    files.collect()
}

fn collect(folder: &Path, texts: &mut BTreeMap<std::path::PathBuf, String>) {
    for entry in std::fs::read_dir(folder).expect("the source is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, texts);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            texts.insert(path, text);
        }
    }
}

/// A reply of one to four blocks, each of three to ten lines.
fn reply(file: &str, damage: Damage, nth: usize) -> String {
    let lines: Vec<&str> = file.lines().collect();
    let n_blocks = 1 + nth % 4;
    let mut reply = String::from("I changed these places:\n\n");
    for block in 0..n_blocks {
        let n_lines = 3 + (nth + block) % 8;
        let share = lines.len() / n_blocks;
        let start = block * share + (nth * 7_919) % (share - n_lines);
        let search = damage.search(&lines[start..start + n_lines]).join("\n");
        let replace = format!("{search}\n// block {block}");
        // Markers inside the project's own source would end the block early.
        let (search, replace) = (plain(&search), plain(&replace));
        let _ =
            write!(reply, "src/file.rs\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n\n");
        // writing to a String cannot fail
    }
    reply
}

fn plain(text: &str) -> String {
    let is_marker =
        |line: &&str| !["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
    text.lines().filter(is_marker).collect::<Vec<_>>().join("\n")
}

/// The least of five runs, and whether the reply was accepted.
fn time(file: &str, damage: Damage, nth: usize) -> (Duration, bool) {
    let reply = reply(file, damage, nth);
    let base = base(file);
    let mut is_changed = false;
    let least = (0..5).map(|_| {
        let began = Instant::now();
        let result = parse(ReplyFormat::SearchReplace, &reply).and_then(|reply| evaluate(&reply, &base));
        let time = began.elapsed();
        is_changed = result.is_ok();
        time
    });
    (least.min().unwrap_or_default(), is_changed)
}

fn base(text: &str) -> FileSet {
    let files = [("src/file.rs".to_owned(), Rope::from_str(text))].into_iter().collect();
    FileSet { files, ..FileSet::default() }
}

/// Ten megabytes and four thousand edits: what no model writes, but a program could.
fn large() {
    let n_items = 70_000;
    let item = |n: usize, verb: &str| {
        format!(
            "fn {verb}_{n}(value: usize) -> usize {{\n    let sum = value + {n} * 1_000_003;\n    let twice = sum * 2;\n    twice.rotate_left(3) ^ {n}\n}}\n\n"
        )
    };
    let text: String = (0..n_items).map(|n| item(n, "item")).collect();
    let mut reply = String::new();
    for n in (0..n_items).step_by(n_items / 4_000).take(4_000) {
        let (old, new) = (item(n, "item"), item(n, "changed"));
        let _ = write!(reply, "src/file.rs\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n");
        // writing to a String cannot fail
    }
    let base = base(&text);
    let began = Instant::now();
    let changes = parse(ReplyFormat::SearchReplace, &reply).and_then(|reply| evaluate(&reply, &base));
    let time = began.elapsed();
    let n_files = changes.expect("it fits").files.len();
    assert_eq!(n_files, 1);
    let size = format!("{} kB, {} lines", text.len() / 1_000, text.lines().count());
    table::print(&["one large file", "edits", "time"], &[vec![size, "4,000".to_owned(), ms(time)]]);
}
