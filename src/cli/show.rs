//! `tenon show`: one operation with its diff.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::log::{ago, operation_json, short};
use super::record::{Record, operation};
use super::{Exit, output};
use crate::diff::render;
use crate::ports::{FileRecord, OperationRecord, OperationSummary};
use crate::problem::Problem;
use crate::text::Rope;

/// Arguments of `tenon show`.
#[derive(Debug, Clone, clap::Args)]
pub struct ShowArgs {
    /// The workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// The operation, as `tenon log` names it.
    #[arg(value_name = "OP")]
    pub operation: String,
}

/// Runs the command. `now` is the time since the beginning of 1970.
///
/// # Errors
/// The journal cannot be read, or there is no such operation in this workspace.
pub fn run(args: &ShowArgs, record: &Record, now: Duration) -> Result<Exit, Problem> {
    let record = record.on_disk()?;
    let root = super::log::known_root(record, &args.root)?;
    let number = operation::number(&args.operation)?;
    operation::belongs(record, &root, number)?;
    let OperationRecord { head, files } = record.wait(record.journal().operation(number))?;
    let diff: String = files.iter().map(diff).collect();
    let summary = OperationSummary { head, files: files.iter().map(FileRecord::name).collect() };
    if args.json {
        let mut shown = operation_json(&summary);
        if let Value::Object(fields) = &mut shown {
            fields.insert("diff".to_owned(), diff.into());
            fields.insert("errors".to_owned(), json!([]));
        }
        output::print_json(&shown)?;
        return Ok(Exit::Done);
    }
    output::print(&heading(&summary, now))?;
    output::print_diff(&diff)?;
    Ok(Exit::Done)
}

fn heading(operation: &OperationSummary, now: Duration) -> String {
    let head = &operation.head;
    let imported = if head.imported { ", imported" } else { "" };
    let since = |time: Duration| ago(now.saturating_sub(time));
    let mut text = format!("operation o{}, {}{imported}", head.number, head.state.name());
    if head.changed > head.prepared {
        text.push_str(&format!(" {}", since(head.changed)));
    }
    text.push_str(&format!("\nmade      {}\nsession   {}\n", since(head.prepared), short(&head.session)));
    for (name, value) in [
        ("proposal ", &head.proposal),
        ("title    ", &head.title),
        ("asked    ", &head.instruction),
        ("model    ", &head.model),
    ] {
        if !value.is_empty() {
            text.push_str(&format!("{name} {}\n", short(value)));
        }
    }
    text.push('\n');
    text
}

fn diff(file: &FileRecord) -> String {
    let text = |rope: &Option<Rope>| rope.as_ref().map(Rope::to_string);
    let after = file.path_after.as_deref().unwrap_or(&file.path);
    render::file(&file.path, after, text(&file.before).as_deref(), text(&file.after).as_deref(), false)
}
