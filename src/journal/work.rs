//! Tasks and their steps.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::failure::Failure;
use super::seal::{Cell, Sealer};
use super::{millis, sessions};
use crate::ports::{StepRecord, TaskRecord};

/// `begun` and `at` are milliseconds since 1970.
pub(super) const WORK: &str = "
    CREATE TABLE tasks (
        session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        title BLOB NOT NULL,
        instruction BLOB NOT NULL,
        begun INTEGER NOT NULL,
        PRIMARY KEY (session, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE steps (
        id INTEGER PRIMARY KEY,
        session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        task TEXT NOT NULL,
        stage TEXT NOT NULL,
        detail BLOB NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX steps_by_task ON steps (session, task);
";

fn cell<'a>(row: &'a [&'a str; 2], column: &'static str) -> Cell<'a> {
    Cell { table: "tasks", row, column }
}

fn step_cell<'a>(row: &'a [&'a str; 2]) -> Cell<'a> {
    Cell { table: "steps", row, column: "detail" }
}

/// Adds a task, or what is known of it now.
pub(super) fn record(
    connection: &Connection,
    sealer: &Sealer,
    session: &str,
    task: &TaskRecord,
    begun: Duration,
) -> Result<(), Failure> {
    sessions::touch(connection, session, begun)?;
    sessions::note_numbers(connection, session, (sessions::number_in(&task.task), 0, 0))?;
    let row = [session, &task.task];
    connection
        .prepare_cached(
            "INSERT INTO tasks (session, id, kind, title, instruction, begun) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET kind = excluded.kind, title = excluded.title,
             instruction = excluded.instruction",
        )?
        .execute(params![
            session,
            task.task,
            task.kind,
            sealer.seal(cell(&row, "title"), task.title.as_bytes())?,
            sealer.seal(cell(&row, "instruction"), task.instruction.as_bytes())?,
            millis(begun),
        ])?;
    Ok(())
}

/// Adds a step.
pub(super) fn record_step(
    connection: &Connection,
    sealer: &Sealer,
    session: &str,
    step: &StepRecord,
    at: Duration,
) -> Result<(), Failure> {
    sessions::touch(connection, session, at)?;
    let row = [session, &step.task];
    connection
        .prepare_cached("INSERT INTO steps (session, task, stage, detail, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            session,
            step.task,
            step.stage,
            sealer.seal(step_cell(&row), step.detail.as_bytes())?,
            millis(at),
        ])?;
    Ok(())
}

/// The tasks of `session`.
pub(super) fn tasks(
    connection: &Connection,
    sealer: &Sealer,
    session: &str,
) -> Result<Vec<TaskRecord>, Failure> {
    let mut statement = connection
        .prepare("SELECT id, kind, title, instruction FROM tasks WHERE session = ?1 ORDER BY begun, id")?;
    let mut rows = statement.query([session])?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let text = |column, at| {
            let sealed: Vec<u8> = row.get(at)?;
            sealer.open_text(cell(&[session, &id], column), &sealed)
        };
        let (title, instruction) = (text("title", 2)?, text("instruction", 3)?);
        tasks.push(TaskRecord { task: id, kind: row.get(1)?, title, instruction });
    }
    Ok(tasks)
}

/// The steps of `session`, oldest first.
pub(super) fn steps(
    connection: &Connection,
    sealer: &Sealer,
    session: &str,
) -> Result<Vec<StepRecord>, Failure> {
    let mut statement =
        connection.prepare("SELECT task, stage, detail FROM steps WHERE session = ?1 ORDER BY id")?;
    let mut rows = statement.query([session])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        let (task, sealed): (String, Vec<u8>) = (row.get(0)?, row.get(2)?);
        let detail = sealer.open_text(step_cell(&[session, &task]), &sealed)?;
        steps.push(StepRecord { task, stage: row.get(1)?, detail });
    }
    Ok(steps)
}
