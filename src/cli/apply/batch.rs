//! `tenon apply --batch`: JSON lines in, JSON lines out, no disk. For tools, and for measuring.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::report::{ErrorJson, Failure, Outcome};
use super::{ApplyArgs, Format, Streams, carried, parse_reply};
use crate::cli::output::seen_json;
use crate::diff::{ChangeSet, FileSet, evaluate, gate};
use crate::problem::{Category, Problem};
use crate::text::Rope;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    id: serde_json::Value,
    files: BTreeMap<String, String>,
    base: Option<BTreeMap<String, String>>,
    #[serde(default)]
    format: Option<Format>,
    path: Option<String>,
    reply: String,
}

#[derive(Serialize)]
struct Response<'a> {
    id: &'a serde_json::Value,
    status: &'static str,
    /// Path → text; `None` for a file that is gone.
    files: BTreeMap<String, Option<String>>,
    errors: &'a [ErrorJson],
    /// From the reply to the change set.
    micros: u64,
    /// What the gates took besides.
    gate_micros: u64,
}

/// Answers every line; a line that cannot be read is answered with an error.
pub(super) fn run(args: &ApplyArgs, streams: &mut Streams<'_>) -> io::Result<()> {
    for line in BufReader::new(&mut *streams.input).split(b'\n') {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Request>(&line) {
            Ok(request) => answer(args, request, streams.output)?,
            Err(error) => {
                let problem =
                    Problem::error("malformed-request", Category::Request, format!("not a request: {error}"));
                let errors = [ErrorJson::from(problem)];
                let files = BTreeMap::new();
                let id = serde_json::Value::Null;
                write(
                    streams.output,
                    &Response {
                        id: &id,
                        status: "refused",
                        files,
                        errors: &errors,
                        micros: 0,
                        gate_micros: 0,
                    },
                )?;
            }
        }
    }
    streams.output.flush()
}

/// The first clock covers the engine, from the texts and the reply to the change set; the second the gates.
fn answer(args: &ApplyArgs, request: Request, output: &mut dyn io::Write) -> io::Result<()> {
    let Request { id, files: texts, base, format, path, reply } = request;
    let only = || if texts.len() == 1 { texts.keys().next().cloned() } else { None };
    let default_path = path.or_else(|| args.path.clone()).or_else(only);
    let live = file_set(&texts, default_path.clone());
    let base = base.map(|base| file_set(&base, default_path));
    let begun = Instant::now();
    let changes = evaluated(format.unwrap_or(args.format), &reply, base.as_ref(), &live);
    let micros = micros_since(begun);
    let begun = Instant::now();
    let outcome = changes.and_then(|changes| {
        gate::check(&changes, &live, args.allowed.consent()).map_err(super::allowable)?;
        Ok(changes)
    });
    let gate_micros = micros_since(begun);
    let mut files: BTreeMap<_, _> = texts.into_iter().map(|(path, text)| (path, Some(text))).collect();
    match outcome.and_then(|changes| Outcome::new(&changes, &live)) {
        Ok(outcome) => {
            let status = outcome.status();
            for file in outcome.files {
                if let Some(to) = file.moved_to {
                    files.insert(file.path, None);
                    files.insert(to, file.new);
                } else {
                    files.insert(file.path, file.new);
                }
            }
            write(output, &Response { id: &id, status, files, errors: &[], micros, gate_micros })
        }
        Err(failure) => {
            let errors = failure.errors();
            write(output, &Response { id: &id, status: "refused", files, errors, micros, gate_micros })
        }
    }
}

fn evaluated(
    format: Format,
    reply: &str,
    base: Option<&FileSet>,
    live: &FileSet,
) -> Result<ChangeSet, Failure> {
    let reply = parse_reply(format, reply)?;
    Ok(match base {
        None => evaluate(&reply, live)?,
        Some(base) => carried(evaluate(&reply, base)?, base, live)?,
    })
}

fn micros_since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn file_set(texts: &BTreeMap<String, String>, default_path: Option<String>) -> FileSet {
    FileSet {
        files: texts.iter().map(|(path, text)| (path.clone(), Rope::from_str(text))).collect(),
        default_path,
        ..FileSet::default()
    }
}

fn write(output: &mut dyn io::Write, response: &Response<'_>) -> io::Result<()> {
    let text = serde_json::to_string(response)?;
    output.write_all(seen_json(&text).as_bytes())?;
    output.write_all(b"\n")
}
