//! `tenon trust`: shows what trusting a workspace would let in, asks, and keeps the answer.
//!
//! What is shown is what is trusted: the files are read once. Text of the workspace is shown with everything unseen
//! made visible, so that no file can rewrite the question.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::output::{self, Exit};
use super::record::Noted;
use crate::config::layer::overlay;
use crate::config::trust::{Found, Judged, Look, SETTINGS, TrustStore};
use crate::config::{Config, ConfigError};
use crate::diff::render::visible;
use crate::ports::Trust;
use crate::problem::{Category, Problem};

/// Most lines of a file that are shown.
const LINES: usize = 200;

/// What it means, in the words shown before the question.
const MEANING: &str = "\
Trusting this workspace means, as long as the files above stay as they are:
  - its settings count: which of your models do which work, limits, `review.mode = \"auto\"`;
  - changes may be applied without a decision where you or it ask for that;
  - you may let a change write a protected file, by name, with --allow-protected.
It never means: providers, keys, headers, proxies or commands from the workspace. Those are yours alone.
";

/// What it means that a workspace is not trusted.
const RESTRICTED: &str = "  its settings are not read, no change is applied without your decision, \
no protected file is written\n";

/// Arguments of `tenon trust`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub struct TrustArgs {
    /// The workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Only show whether it is trusted and what would be.
    #[arg(long, conflicts_with_all = ["revoke", "yes"])]
    pub show: bool,
    /// Do not trust it any more.
    #[arg(long)]
    pub revoke: bool,
    /// Trust it without asking.
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object; without `--yes` or `--revoke` nothing is changed.
    #[arg(long)]
    pub json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    root: String,
    trust: Trust,
    changes: &'a [String],
    files: Vec<WatchedFile>,
    errors: Vec<Problem>,
}

#[derive(Serialize)]
struct WatchedFile {
    path: &'static str,
    sha256: Option<String>,
}

/// Runs the command. `note` takes what goes into the audit log, with its subject and detail.
///
/// # Errors
/// The workspace cannot be looked at or trusted, or nobody could be asked; the trust is as before.
pub fn run(
    args: &TrustArgs,
    store: &TrustStore,
    config: Result<&Config, ConfigError>,
    note: impl Fn(Noted, &str, &str),
) -> Result<Exit, Problem> {
    if args.revoke {
        let root = super::log::root(&args.root)?;
        let found = store.revoke(Path::new(&root))?;
        if found {
            note(Noted::Revoked, &root, "");
        }
        return revoked(args, found);
    }
    let judged = store.judge(&args.root);
    let Some(look) = judged.look.clone() else {
        return Err(judged.problem.unwrap_or_else(nothing_to_see));
    };
    let faults = faults(&look, config);
    if args.json && !args.yes {
        report(&look, &judged, faults)?;
        return Ok(Exit::Done);
    }
    if !args.json {
        output::print(&render(&look, &judged))?;
    }
    faults.iter().for_each(output::tell);
    if args.show {
        return Ok(Exit::Done);
    }
    if !faults.is_empty() {
        return Ok(Exit::Usage);
    }
    if !judged.trust.is_trusted() {
        if !args.yes && !asked()? {
            return Ok(Exit::Cancelled);
        }
        store.grant(&look)?;
        let digests = look.files().filter_map(|(path, found)| Some(format!("{path} {}", found.digest()?)));
        note(Noted::Trusted, &look.root().to_string_lossy(), &digests.collect::<Vec<_>>().join(", "));
    }
    let judged = Judged { trust: Trust::Trusted, changes: Vec::new(), look: None, problem: None };
    if args.json {
        report(&look, &judged, Vec::new())?;
    } else {
        output::print("trusted\n")?;
    }
    Ok(Exit::Done)
}

fn revoked(args: &TrustArgs, found: bool) -> Result<Exit, Problem> {
    if args.json {
        output::print_json(
            &serde_json::json!({ "trust": Trust::Restricted, "revoked": found, "errors": [] }),
        )?;
    } else {
        output::print(if found { "not trusted any more\n" } else { "it was not trusted\n" })?;
    }
    Ok(Exit::Done)
}

fn nothing_to_see() -> Problem {
    Problem::error("internal", Category::Internal, "the workspace was not looked at")
}

/// What is wrong with the workspace's settings: they could not be used, so they cannot be trusted either.
fn faults(look: &Look, config: Result<&Config, ConfigError>) -> Vec<Problem> {
    let Some(text) = look.settings() else { return Vec::new() };
    let checked = config.and_then(|config| overlay(config, text, &look.root().join(SETTINGS)));
    checked.err().map(|error| error.problems()).unwrap_or_default()
}

fn report(look: &Look, judged: &Judged, faults: Vec<Problem>) -> Result<(), Problem> {
    let files = look.files().map(|(path, found)| WatchedFile { path, sha256: found.digest() });
    output::print_json(&Report {
        root: look.root().to_string_lossy().into_owned(),
        trust: judged.trust,
        changes: &judged.changes,
        files: files.collect(),
        errors: judged.problem.clone().into_iter().chain(faults).collect(),
    })
}

fn render(look: &Look, judged: &Judged) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(text, "workspace: {}", visible(&look.root().to_string_lossy()));
    let _ = writeln!(text, "now: {}", judged.trust.word());
    if !judged.trust.is_trusted() {
        text.push_str(RESTRICTED);
    }
    for change in &judged.changes {
        let _ = writeln!(text, "  {}", visible(change));
    }
    if let Some(problem) = &judged.problem {
        let _ = writeln!(text, "  {}", visible(&problem.message));
    }
    if look.is_foreign() {
        let _ = writeln!(
            text,
            "The folder belongs to another user of this system, who can change it at any time."
        );
    }
    for (name, found) in look.files() {
        match found {
            Found::Nothing => {
                let _ = writeln!(text, "{name}: none; should one appear, you are asked again");
            }
            Found::Unusable(why) => {
                let _ = writeln!(text, "{name}: cannot be used: {}", visible(why));
            }
            Found::Text(content) => {
                let _ = writeln!(text, "{name}: sha256 {}", found.digest().unwrap_or_default());
                for line in content.lines().take(LINES) {
                    let _ = writeln!(text, "  | {}", visible(line));
                }
                let n_more = content.lines().count().saturating_sub(LINES);
                if n_more > 0 {
                    let _ = writeln!(text, "  and {n_more} more lines: read the file before you trust it");
                }
            }
        }
    }
    text.push('\n');
    text.push_str(MEANING);
    text
}

/// Asks at the terminal.
///
/// # Errors
/// There is no terminal to ask at.
fn asked() -> Result<bool, Problem> {
    if !std::io::stdin().is_terminal() {
        let message = "nobody can be asked: the input is not a terminal";
        return Err(Problem::error("needs-consent", Category::Request, message)
            .hint("read what is shown, then run `tenon trust --yes`"));
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "Trust this workspace? [y/N] ").and_then(|()| stderr.flush());
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    Ok(read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes"))
}
