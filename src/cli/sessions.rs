//! `tenon sessions`: the sessions that are kept, taken along to another place, or given up.
//!
//! An exported session is plain text, all of it: whoever exports one is told so. An imported one is checked as any file
//! from outside; nothing of it is kept unless all of it is sound.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::log::{ago, known_root, short};
use super::record::{Noted, Record};
use super::{Exit, output};
use crate::diff::render::visible;
use crate::ports::{Expiry, SessionSummary, unknown_session};
use crate::problem::{Category, Problem};

/// Largest file that is imported, in bytes.
const IMPORT_CAP: u64 = 256 << 20;
const DAY: u64 = 24 * 60 * 60;

/// Arguments of `tenon sessions`.
#[derive(Debug, Clone, clap::Args)]
pub struct SessionsArgs {
    /// Print one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do; `list` by default.
    #[command(subcommand)]
    pub action: Option<Action>,
}

/// What is done with sessions.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Action {
    /// List them, the last used first.
    List {
        /// Only those of this workspace.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Print one as JSON, all texts in the clear.
    Export {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Begin one from an exported one.
    Import {
        /// The workspace that it is for from now on.
        #[arg(long, value_name = "DIR", default_value = ".")]
        root: PathBuf,
        /// The exported session; `-` reads it from the input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Forget one: what was proposed and done in it can be neither decided nor taken back any more.
    Forget {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Forget the ones that are too old, and the oldest until the rest is small enough.
    Expire {
        /// Days that a session may be unused.
        #[arg(long, value_name = "N", default_value_t = Expiry::default().age.as_secs() / DAY)]
        days: u64,
        /// MiB of texts that may stay.
        #[arg(long, value_name = "N", default_value_t = Expiry::default().bytes >> 20)]
        megabytes: u64,
    },
}

/// Runs the command. `now` is the time since the beginning of 1970.
///
/// # Errors
/// The journal fails, there is no such session, or a file cannot be imported.
pub fn run(args: &SessionsArgs, record: &Record, now: Duration) -> Result<Exit, Problem> {
    let record = record.on_disk()?;
    match &args.action {
        None => list(record, None, args.json, now),
        Some(Action::List { root }) => list(record, root.as_deref(), args.json, now),
        Some(Action::Export { id }) => export(record, id),
        Some(Action::Import { root, file }) => import(record, root, file, args.json),
        Some(Action::Forget { id }) => forget(record, id, args.json),
        Some(Action::Expire { days, megabytes }) => {
            let expiry = Expiry {
                age: Duration::from_secs(days.saturating_mul(DAY)),
                bytes: megabytes.saturating_mul(1 << 20),
            };
            let gone = record.wait(record.journal().expire(expiry))?;
            if gone.n_sessions > 0 {
                record.note(None, Noted::Expired, &format!("{} session(s)", gone.n_sessions), "");
            }
            say(
                args.json,
                &json!({ "status": "expired", "sessions": gone.n_sessions, "bytes": gone.bytes, "errors": [] }),
                &format!("{} session(s) with {} are forgotten.", gone.n_sessions, size(gone.bytes)),
            )
        }
    }?;
    Ok(Exit::Done)
}

fn say(json: bool, value: &Value, text: &str) -> Result<(), Problem> {
    if json { output::print_json(value) } else { output::print(&format!("{text}\n")) }
}

fn list(record: &Record, of: Option<&Path>, json: bool, now: Duration) -> Result<(), Problem> {
    let of = of.map(|root| known_root(record, root)).transpose()?;
    let sessions = record.wait(record.journal().sessions(of.as_deref()))?;
    if json {
        let sessions: Vec<Value> = sessions.iter().map(session_json).collect();
        return output::print_json(&json!({ "sessions": sessions, "errors": [] }));
    }
    if sessions.is_empty() {
        return output::print("No session is kept.\n");
    }
    let lines: Vec<String> = sessions.iter().map(|session| line(session, now)).collect();
    output::print(&lines.concat())
}

fn line(session: &SessionSummary, now: Duration) -> String {
    let held = if session.held { ", in use" } else { "" };
    format!(
        "{}  {}  {}, {} operation(s), {} proposal(s), {} open, {}{held}\n    {}\n",
        short(&session.id),
        ago(now.saturating_sub(session.used)),
        session.door.name(),
        session.n_operations,
        session.n_proposals,
        session.n_open,
        size(session.bytes),
        visible(&session.root),
    )
}

fn session_json(session: &SessionSummary) -> Value {
    json!({
        "id": session.id,
        "root": session.root,
        "door": session.door.name(),
        "begun": session.begun.as_secs(),
        "used": session.used.as_secs(),
        "held": session.held,
        "proposals": session.n_proposals,
        "open": session.n_open,
        "operations": session.n_operations,
        "bytes": session.bytes,
    })
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

fn export(record: &Record, id: &str) -> Result<(), Problem> {
    let session = whole_id(record, id)?;
    let exported = record.wait(record.journal().export(&session))?;
    output::print_json(&exported)?;
    record.note(Some(&session), Noted::Exported, &session, "");
    let said = "tenon: what is exported is not encrypted: texts, instructions and replies are readable";
    let _ = writeln!(std::io::stderr().lock(), "{said}");
    Ok(())
}

fn forget(record: &Record, id: &str, json: bool) -> Result<(), Problem> {
    let session = whole_id(record, id)?;
    let gone = record.wait(record.journal().forget(&session))?;
    say(
        json,
        &json!({
            "status": "forgotten",
            "session": session,
            "proposals": gone.n_proposals,
            "operations": gone.n_operations,
            "bytes": gone.bytes,
            "errors": [],
        }),
        &format!(
            "Session {} is forgotten: {} operation(s), {} proposal(s), {} of texts.",
            short(&session),
            gone.n_operations,
            gone.n_proposals,
            size(gone.bytes)
        ),
    )
}

fn whole_id(record: &Record, id: &str) -> Result<String, Problem> {
    let sessions = record.wait(record.journal().sessions(None))?;
    the_one(sessions.into_iter().map(|session| session.id), id)
}

/// The one of `ids` that begins with `id`.
fn the_one(ids: impl Iterator<Item = String>, id: &str) -> Result<String, Problem> {
    let mut found = ids.filter(|known| !id.is_empty() && known.starts_with(id));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => {
            let message = format!("several sessions begin with {id}");
            Err(Problem::error("unknown-session", Category::Request, message)
                .hint("write more of its id; `tenon sessions` lists them"))
        }
        (None, _) => Err(unknown_session(id)),
    }
}

fn import(record: &Record, to: &Path, file: &Path, json: bool) -> Result<(), Problem> {
    let to = known_root(record, to)?;
    let exported = read(file)?;
    let imported = record.wait(record.journal().import(&to, exported))?;
    record.note(Some(&imported.session), Noted::Imported, &imported.session, &to);
    say(
        json,
        &json!({
            "status": "imported",
            "session": imported.session,
            "proposals": imported.n_proposals,
            "operations": imported.n_operations,
            "errors": [],
        }),
        &format!(
            "Session {} has {} operation(s) and {} proposal(s).",
            short(&imported.session),
            imported.n_operations,
            imported.n_proposals
        ),
    )
}

fn read(file: &Path) -> Result<Value, Problem> {
    let invalid = |message: String| {
        Problem::error("session-invalid", Category::Request, message)
            .hint("name a file that `tenon sessions export` wrote")
    };
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::InvalidData => invalid(format!("{} is not UTF-8 text", file.display())),
        _ => Problem::error("unreadable-file", Category::Storage, format!("{}: {error}", file.display()))
            .hint("name a file that `tenon sessions export` wrote, or `-` for the input"),
    };
    let mut text = String::new();
    let source: Box<dyn std::io::Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(file).map_err(unreadable)?)
    };
    source.take(IMPORT_CAP + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > IMPORT_CAP {
        return Err(invalid(format!("{} is larger than {IMPORT_CAP} bytes", file.display())));
    }
    serde_json::from_str(&text).map_err(|error| invalid(format!("{} is not JSON: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_imported_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, bytes: Option<&[u8]>, code: &str| {
            let file = dir.path().join(name);
            if let Some(bytes) = bytes {
                std::fs::write(&file, bytes).unwrap();
            }
            let problem = read(&file).unwrap_err();
            assert_eq!(problem.code, code, "{problem:?}");
            assert!(problem.message.contains(name) && problem.hint.is_some(), "{problem:?}");
        };
        check("nowhere.json", None, "unreadable-file");
        check("bytes.json", Some(b"\xff"), "session-invalid");
        check("text.json", Some(b"dear diary"), "session-invalid");
    }

    #[test]
    fn the_beginning_of_an_id_is_enough_where_it_is_the_only_one() {
        let check = |id: &str, expected: Result<&str, &str>| {
            let found = the_one(["4f3a", "4f7c", "9e00"].map(str::to_owned).into_iter(), id);
            let found = found.map_err(|problem| problem.message);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{id}");
        };
        check("9", Ok("9e00"));
        check("4f7", Ok("4f7c"));
        check("4f7c", Ok("4f7c"));
        check("4f", Err("several sessions begin with 4f"));
        check("5", Err("there is no session 5"));
        check("", Err("there is no session "));
    }
}
