//! `tenon log --audit`: who let what be done, in all workspaces.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ago, short};
use crate::cli::output;
use crate::cli::record::Record;
use crate::ports::AuditRecord;
use crate::problem::Problem;

/// Prints the newest `limit` entries, newest first.
///
/// # Errors
/// The journal cannot be read, or stdout not be written to.
pub(super) fn print(record: &Record, limit: usize, json: bool, now: Duration) -> Result<(), Problem> {
    let entries = record.wait(record.journal().audits(limit))?;
    if json {
        let entries: Vec<Value> = entries.iter().map(entry).collect();
        return output::print_json(&json!({ "entries": entries, "errors": [] }));
    }
    if entries.is_empty() {
        return output::print("The audit log is empty.\n");
    }
    let lines: Vec<String> = entries.iter().map(|entry| line(entry, now)).collect();
    output::print(&lines.concat())
}

fn entry(record: &AuditRecord) -> Value {
    json!({
        "at": record.at.as_secs(),
        "session": record.session,
        "action": record.action,
        "subject": record.subject,
        "detail": record.detail,
    })
}

fn line(record: &AuditRecord, now: Duration) -> String {
    let when = ago(now.saturating_sub(record.at));
    let line = format!(
        "{when:<12} {:<12} {}  {}",
        short(&record.action),
        short(&record.subject),
        short(&record.detail)
    );
    format!("{}\n", line.trim_end())
}
