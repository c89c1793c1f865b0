//! `tenon log`: what was done in a workspace, newest first, and to which files; the history of one file; the audit log.

mod audits;
mod history;

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::record::{self, Interrupted, Record, interrupted};
use super::{Exit, output};
use crate::diff::render::visible;
use crate::ports::{FileName, OperationQuery, OperationSummary};
use crate::problem::{Category, Problem, plain};

/// Longest instruction that a line shows, in characters.
const SHOWN: usize = 100;

/// Arguments of `tenon log`.
#[derive(Debug, Clone, clap::Args)]
pub struct LogArgs {
    /// The workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// The same as naming the file without `--file`.
    #[arg(long = "file", value_name = "PATH", hide = true, conflicts_with = "path")]
    pub file: Option<String>,
    /// List the audit log of all workspaces: what was done, trusted, consented to, exported.
    #[arg(long, conflicts_with_all = ["path", "file", "root"])]
    pub audit: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// At most so many operations, or entries.
    #[arg(short, value_name = "N", default_value_t = 20)]
    pub n: usize,
    /// Only what was done to this file, under this name and those it had before.
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
}

/// Runs the command. `now` is the time since the beginning of 1970.
///
/// # Errors
/// The journal cannot be read, or there is no such folder.
pub fn run(args: &LogArgs, record: &Record, now: Duration) -> Result<Exit, Problem> {
    let record = record.on_disk()?;
    if args.audit {
        audits::print(record, args.n, args.json, now)?;
        return Ok(Exit::Done);
    }
    let root = known_root(record, &args.root)?;
    let file = args.path.as_deref().or(args.file.as_deref());
    let file = file.map(|file| relative(file, &root)).transpose()?;
    let operations = match &file {
        Some(file) => history::of(record, &root, file, args.n)?,
        None => {
            let query = OperationQuery { root: Some(root.clone()), path: None, before: None, limit: args.n };
            record.wait(record.journal().operations(query))?
        }
    };
    let left = interrupted(record, Some(&root))?;
    print(&operations, &left, &root, file.as_deref(), args.json, now)?;
    if !args.json {
        for left in &left {
            output::tell(&left.problem());
        }
    }
    Ok(Exit::Done)
}

fn print(
    operations: &[OperationSummary],
    left: &[Interrupted],
    root: &str,
    file: Option<&str>,
    json: bool,
    now: Duration,
) -> Result<(), Problem> {
    if json {
        let operations: Vec<Value> = operations.iter().map(operation_json).collect();
        let told = json!({ "root": root, "operations": operations, "interrupted": left, "errors": [] });
        return output::print_json(&told);
    }
    if operations.is_empty() {
        let to = file.map_or_else(|| format!("in {root}"), |file| format!("to {file} in {root}"));
        return output::print(&format!(
            "Nothing was done {} yet; --root names another workspace.\n",
            visible(&to)
        ));
    }
    let lines: Vec<String> = operations.iter().map(|operation| line(operation, now)).collect();
    output::print(&lines.concat())
}

/// The root's name in the journal. A workspace that is gone has still a history.
pub(super) fn root(path: &Path) -> Result<String, Problem> {
    let there = std::fs::canonicalize(path).ok();
    // Where it would be, so that a folder is the same one before and after it went.
    let gone = || whole(path).or_else(|| std::path::absolute(path).ok());
    match there.or_else(gone) {
        Some(root) => Ok(record::root_name(&root)),
        None => record::open(path).map(|folder| record::root_name(folder.root())),
    }
}

/// The same for a command that looks at one workspace: a folder that is not there has been one.
///
/// # Errors
/// `no-such-folder`, or the journal fails.
pub(super) fn known_root(record: &Record, path: &Path) -> Result<String, Problem> {
    let root = root(path)?;
    if Path::new(&root).is_dir() || record.knows(&root)? {
        return Ok(root);
    }
    record::open(path).map(|_| root)
}

/// A path as the journal names it: relative to the root, also when it is given from the working folder.
fn relative(file: &str, root: &str) -> Result<String, Problem> {
    let path = Path::new(file);
    let outside = || {
        Problem::error("outside-workspace", Category::Request, format!("{file} is outside {root}"))
            .hint("name a file below the root")
    };
    let relative = match whole(path) {
        Some(whole) if path.is_absolute() || whole.starts_with(root) => {
            whole.strip_prefix(root).map_err(|_| outside())?.to_owned()
        }
        _ if path.is_absolute() => path.strip_prefix(root).map_err(|_| outside())?.to_owned(),
        _ => path.components().filter(|part| *part != Component::CurDir).collect(),
    };
    if relative.components().any(|part| part == Component::ParentDir) {
        return Err(outside());
    }
    Ok(relative.to_string_lossy().replace('\\', "/"))
}

/// Where a path leads whose folder exists; the file itself may be gone, and is no link to elsewhere here.
fn whole(path: &Path) -> Option<PathBuf> {
    let folder =
        path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?))
}

fn line(operation: &OperationSummary, now: Duration) -> String {
    let head = &operation.head;
    let mut text = format!(
        "o{:<5} {:<12} {:<11}",
        head.number,
        ago(now.saturating_sub(head.changed)),
        head.state.name()
    );
    let title = if head.instruction.is_empty() { &head.title } else { &head.instruction };
    let imported = if head.imported { " (imported)" } else { "" };
    text.push_str(&format!("{imported} {}", short(title)));
    if !head.model.is_empty() {
        text.push_str(&format!(" ({})", short(&head.model)));
    }
    text.push('\n');
    for file in &operation.files {
        text.push_str(&format!("         {} {}\n", file.kind.name(), file_name(file)));
    }
    text
}

pub(super) fn file_name(file: &FileName) -> String {
    match &file.path_after {
        Some(to) => format!("{} -> {}", visible(&file.path), visible(to)),
        None => visible(&file.path).into_owned(),
    }
}

/// One line of bounded length that no terminal obeys.
pub(super) fn short(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = one_line.chars().take(SHOWN).collect();
    let dots = if cut.len() < one_line.len() { "…" } else { "" };
    format!("{}{dots}", visible(&cut))
}

/// How long ago, in the largest unit that fits.
pub(super) fn ago(time: Duration) -> String {
    let seconds = time.as_secs();
    let (n, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    format!("{n} {unit} ago")
}

pub(super) fn operation_json(operation: &OperationSummary) -> Value {
    let head = &operation.head;
    json!({
        "operation": format!("o{}", head.number),
        "session": head.session,
        "proposal": head.proposal,
        "state": head.state.name(),
        "imported": head.imported,
        "title": plain(&head.title),
        "instruction": plain(&head.instruction),
        "model": plain(&head.model),
        "hunks": head.numbers,
        "prepared": head.prepared.as_secs(),
        "changed": head.changed.as_secs(),
        "files": operation.files.iter().map(file_json).collect::<Vec<_>>(),
    })
}

fn file_json(file: &FileName) -> Value {
    json!({ "path": file.path, "to": file.path_after, "change": file.kind.name() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{FileChange, OperationHead, OperationState};

    fn operation(title: &str, path: &str) -> OperationSummary {
        let head = OperationHead {
            number: 17,
            session: "s".to_owned(),
            local: 1,
            proposal: "p1".to_owned(),
            task: "t1".to_owned(),
            title: title.to_owned(),
            instruction: String::new(),
            model: "coder".to_owned(),
            numbers: vec![0],
            state: OperationState::Applied,
            turn: 1,
            prepared: Duration::from_secs(5),
            changed: Duration::from_secs(10),
            imported: false,
        };
        let file = FileName { path: path.to_owned(), path_after: None, kind: FileChange::Modified };
        OperationSummary { head, files: vec![file] }
    }

    #[test]
    fn a_line_says_what_when_and_by_whom() {
        let shown = line(&operation("make it\nasync", "src/a.rs"), Duration::from_secs(70));
        assert_eq!(
            shown,
            "o17    1 min ago    applied     make it async (coder)\n         modified src/a.rs\n"
        );
    }

    #[test]
    fn nothing_in_it_drives_a_terminal() {
        let shown = line(&operation("\x1b[2J\u{202e}x", "a\x1b]0;t\x07\r.rs"), Duration::ZERO);
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{shown:?}");
        assert!(shown.contains("\\u{1b}[2J"), "{shown:?}");
        let json = operation_json(&operation("\x1b[2Jx", "a")).to_string();
        assert!(!json.contains("u001b"), "{json}");
    }

    #[test]
    fn long_instructions_are_cut() {
        let shown = line(&operation(&"wort ".repeat(100), "a"), Duration::ZERO);
        assert!(shown.lines().next().unwrap().chars().count() < 150 && shown.contains('…'), "{shown}");
    }
}
