//! `tenon doctor`: is everything there that tenon needs, and if not, what to do?
//!
//! Every line is ok, a warning or a failure, with a hint where there is something to do. It reads and probes only:
//! no command runs, no key is shown, and the only connections are to configured providers and to this machine.

mod checks;
mod endpoints;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::{self, Colour, Colours, Exit};
use super::record::Interrupted;
use crate::config::{Config, ConfigError, StateDir, UserFile};
use crate::ports::ProviderHistory;
use crate::problem::Problem;
use crate::telemetry::Telemetry;

/// Arguments of `tenon doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What the program was started with.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The configuration file.
    pub file: &'a UserFile,
    /// What is in it.
    pub config: &'a Result<Config, ConfigError>,
    /// A workspace file that exists and is not read.
    pub ignored: Option<PathBuf>,
    /// The state directory.
    pub state: &'a Result<StateDir, Problem>,
    /// The log.
    pub telemetry: &'a Telemetry,
    /// What is kept over sessions.
    pub kept: Kept,
}

/// What is kept over sessions, as far as it can be opened.
#[derive(Debug, Default)]
pub struct Kept {
    /// The journal, if it is open.
    pub journal: Option<JournalFacts>,
    /// What is wrong with it, or with the kept answers.
    pub problems: Vec<Problem>,
    /// Operations that no living process will end.
    pub interrupted: Vec<Interrupted>,
    /// How the last day's requests to each provider went.
    pub providers: Vec<ProviderHistory>,
}

/// An open journal.
#[derive(Debug)]
pub struct JournalFacts {
    /// Where it is.
    pub path: PathBuf,
    /// Version of its tables.
    pub version: usize,
    /// Its size.
    pub bytes: u64,
    /// Where the key is that texts in it are sealed with, in words; `None` when it cannot be read.
    pub key: Option<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warn,
    Fail,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, message: message.into(), hint: None }
    }

    fn warn(name: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name, status: Status::Warn, message: message.into(), hint: Some(hint.into()) }
    }

    fn of(name: &'static str, status: Status, problem: &Problem) -> Self {
        Self { name, status, message: problem.message.clone(), hint: problem.hint.clone() }
    }
}

/// What `tenon doctor --json` prints.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    platform: String,
    status: Status,
    checks: Vec<Check>,
}

/// Runs every check and prints the report. A failed check fails the command; a warning does not.
pub async fn run(args: &DoctorArgs, surroundings: &Surroundings<'_>) -> Exit {
    let mut checks = checks::local(surroundings);
    if let Ok(config) = surroundings.config {
        checks.extend(endpoints::models(config).await);
        checks.extend(checks::providers(config, &surroundings.kept.providers));
    }
    checks.push(checks::languages());
    checks.extend(checks::editors());
    let status = checks.iter().map(|check| check.status).max().unwrap_or(Status::Ok);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        status,
        checks,
    };
    let printed = if args.json {
        output::print_json(&report)
    } else {
        {
            let colours = Colours::for_stdout();
            output::print_painted(&render(&report, colours), colours)
        }
    };
    match printed {
        Err(problem) => output::fail(&problem, false),
        Ok(()) if status == Status::Fail => Exit::Failed,
        Ok(()) => Exit::Done,
    }
}

fn render(report: &Report, colours: Colours) -> String {
    let mut text = format!("tenon {} on {}\n", report.version, report.platform);
    for check in &report.checks {
        let status = match check.status {
            Status::Ok => colours.paint(Colour::Green, "ok  "),
            Status::Warn => colours.paint(Colour::Yellow, "warn"),
            Status::Fail => colours.paint(Colour::Red, "FAIL"),
        };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{status}  {:14} {}", check.name, check.message);
        for line in check.hint.iter().flat_map(|hint| hint.lines()) {
            let _ = writeln!(text, "{:21}{line}", "");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_stand_below_their_lines() {
        let checks = vec![Check::ok("log", "fine"), Check::warn("model", "none", "start one\nor two")];
        let report =
            Report { version: "1", platform: "linux x86_64".to_owned(), status: Status::Warn, checks };
        assert_eq!(
            render(&report, Colours::NONE),
            "tenon 1 on linux x86_64\n\
             ok    log            fine\n\
             warn  model          none\n\
             \x20                    start one\n\
             \x20                    or two\n"
        );
    }
}
