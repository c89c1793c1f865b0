//! `tenon status`: how the running servers are, what is kept of a workspace, and what was counted.

mod kept;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::output::{self, Colour, Colours, Exit};
use super::record::Record;
use crate::ports::{LifeCycle, Trust};
use crate::problem::{Problem, plain};
use crate::telemetry::{AllNumbers, ProcessNumbers};
use kept::Kept;

/// Families that are told to people, each with its word.
const TOLD: &[(&str, &str)] = &[
    ("tenon_problems_total", "problems"),
    ("tenon_diff_refusals_total", "refusals"),
    ("tenon_hunks_total", "edits"),
    ("tenon_model_requests_total", "requests"),
];

/// Arguments of `tenon status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// The workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Print one JSON object, with all numbers.
    #[arg(long)]
    pub json: bool,
}

/// Prints the health of every running server, as it wrote it last: ten seconds ago at most, if anything changed; then
/// what is kept of the workspace, and what servers and commands counted.
///
/// # Errors
/// The journal cannot be read, there is no such folder, or stdout cannot be written to.
pub fn run(args: &StatusArgs, all: &AllNumbers, record: &Record, trust: Trust) -> Result<Exit, Problem> {
    let kept = Kept::read(record, super::log::known_root(record, &args.root)?, trust)?;
    if args.json {
        output::print_json(&object(all, &kept))?;
        return Ok(Exit::Done);
    }
    let colours = Colours::for_stdout();
    let mut told: String = all.servers.iter().map(|server| text(server, colours)).collect();
    if all.servers.is_empty() {
        told.push_str("No server is running.\n");
    }
    output::print_painted(&format!("{told}{}{}", kept.text(), counted(all)), colours)?;
    Ok(Exit::Done)
}

/// The object that `--json` prints.
fn object(all: &AllNumbers, kept: &Kept) -> Value {
    let servers: Vec<_> = all
        .servers
        .iter()
        .map(|server| {
            json!({
                "process": server.process,
                "version": server.version,
                "started": server.started,
                "written": server.written,
                "health": server.health,
            })
        })
        .collect();
    json!({ "servers": servers, "workspace": kept, "metrics": all.numbers, "errors": [] })
}

/// What was counted, the most frequent first.
fn counted(all: &AllNumbers) -> String {
    let mut text = String::new();
    for (family, word) in TOLD {
        let Some(values) = all.numbers.counters.get(*family) else { continue };
        let line = listed(values);
        if !line.is_empty() {
            text.push_str(&format!("  {word:<13} {line}\n"));
        }
    }
    if text.is_empty() { text } else { format!("counted in all workspaces\n{text}") }
}

/// Numbers with their words, the largest first; `none` of nothing.
fn listed(values: &BTreeMap<String, u64>) -> String {
    let mut values: Vec<_> = values.iter().filter(|(_, n)| **n > 0).collect();
    values.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    values.iter().map(|(word, n)| format!("{n} {}", plain(word))).collect::<Vec<_>>().join(", ")
}

fn text(server: &ProcessNumbers, colours: Colours) -> String {
    let minutes = server.written.saturating_sub(server.started) / 60;
    let mut text = format!(
        "{}\n",
        colours.paint(
            Colour::Bold,
            &format!("process {}, tenon {}, {minutes} min", server.process, plain(&server.version))
        )
    );
    for part in &server.health {
        let colour = match part.state {
            LifeCycle::Ready => Colour::Green,
            LifeCycle::Starting | LifeCycle::Stopped => Colour::Faint,
            LifeCycle::Degraded => Colour::Yellow,
            LifeCycle::Failed => Colour::Red,
        };
        let state = colours.paint(colour, &format!("{:<8}", part.state.as_str()));
        let reason = part.reason.as_ref().map(|reason| format!("  {}", plain(reason).replace('\n', " ")));
        let line = format!("  {:<13} {state}{}", part.component.as_str(), reason.unwrap_or_default());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::metrics::Snapshot;
    use crate::ports::{Component, ComponentHealth};

    fn all(servers: usize) -> AllNumbers {
        let part = |component, state, reason: Option<&str>| ComponentHealth {
            component,
            state,
            reason: reason.map(str::to_owned),
            since_seconds: 7,
        };
        let server = ProcessNumbers {
            version: "0.1.0".to_owned(),
            process: 42,
            started: 1_000,
            written: 1_185,
            health: vec![
                part(Component::Configuration, LifeCycle::Ready, None),
                part(Component::Journal, LifeCycle::Degraded, Some("2 entries\nlost \u{1b}[31m")),
            ],
            numbers: Snapshot::default(),
        };
        AllNumbers { servers: vec![server; servers], numbers: Snapshot::default() }
    }

    #[test]
    fn a_server_is_told_part_by_part_without_control_characters() {
        expect_test::expect![[r"
            process 42, tenon 0.1.0, 3 min
              configuration ready
              journal       degraded  2 entries lost \u{1b}[31m
        "]]
        .assert_eq(&text(&all(1).servers[0], Colours::NONE));
    }

    #[test]
    fn the_object_has_the_servers_and_the_sum() {
        let object = object(&all(2), &Kept::default());
        assert_eq!(object["servers"].as_array().map(Vec::len), Some(2));
        assert_eq!(object["servers"][0]["health"][1]["state"], "degraded");
        assert!(object["metrics"]["counters"].is_object());
    }

    #[test]
    fn what_was_counted_is_told_with_the_largest_first() {
        assert_eq!(counted(&all(1)), "");
        let mut all = all(0);
        let codes = [("a", 2), ("b\u{1b}", 7), ("c", 0)].map(|(code, n)| (code.to_owned(), n));
        all.numbers.counters.insert("tenon_problems_total".to_owned(), codes.into());
        assert_eq!(counted(&all), "counted in all workspaces\n  problems      7 b\\u{1b}, 2 a\n");
    }
}
