//! `tenon config`: the resolved values and where each came from, or the schema of the file.
//!
//! As text, stdout is a valid configuration file. No secret is printed, because none is in a configuration.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::{self, Exit};
use crate::config::{self, Config, ConfigError, Entry, UserFile};
use crate::problem::Problem;

/// Arguments of `tenon config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print the JSON schema of the configuration file.
    #[arg(long, conflicts_with = "json")]
    pub schema: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What `tenon config --json` prints.
#[derive(Serialize)]
struct Report {
    file: Option<PathBuf>,
    found: bool,
    ignored: Option<PathBuf>,
    values: Vec<Entry>,
    errors: Vec<Problem>,
}

/// Runs the command; `ignored` is a workspace file that exists and is not read.
pub fn run(
    args: &ConfigArgs,
    file: &UserFile,
    config: &Result<Config, ConfigError>,
    ignored: Option<PathBuf>,
) -> Exit {
    let (printed, exit) = if args.schema {
        (output::print_json(&config::schema()), Exit::Done)
    } else if args.json {
        let report = Report {
            file: file.path().map(ToOwned::to_owned),
            found: file.exists(),
            ignored,
            values: config.as_ref().map(Config::entries).unwrap_or_default(),
            errors: config.as_ref().err().map(ConfigError::problems).unwrap_or_default(),
        };
        (output::print_json(&report), if config.is_ok() { Exit::Done } else { Exit::Usage })
    } else {
        match config {
            Ok(config) => (output::print(&render(config, file, ignored)), Exit::Done),
            Err(error) => {
                error.problems().iter().for_each(output::tell);
                (Ok(()), Exit::Usage)
            }
        }
    };
    printed.map_or_else(|problem| output::fail(&problem, false), |()| exit)
}

fn render(config: &Config, file: &UserFile, ignored: Option<PathBuf>) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = match file.path() {
        Some(path) if file.exists() => writeln!(text, "# read: {}", path.display()),
        Some(path) => writeln!(text, "# not found, so the defaults hold: {}", path.display()),
        None => writeln!(text, "# no home directory, so the defaults hold; TENON_CONFIG names a file"),
    };
    if let Some(path) = ignored {
        let _ = writeln!(
            text,
            "# found and not read, since the workspace is not trusted (see `tenon trust`): {}",
            path.display()
        );
    }
    let entries = config.entries();
    let lines = entries.iter().map(Entry::toml).collect::<Vec<_>>();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).min(60);
    for (line, entry) in lines.iter().zip(&entries) {
        let _ = writeln!(text, "{line:width$}  # {}", entry.origin);
    }
    text
}
