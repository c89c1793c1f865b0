//! Operations and their files: prepared, settled, taken, looked up.
//!
//! A state changes by compare-and-set inside the one transaction that writes. While a step is under way the row names
//! its holder (a session, held by a living process or not) and the process, so that nobody else settles it.

pub(super) mod left;
mod listing;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::blobs::{self, Hash, Texts};
use super::failure::Failure;
use super::seal::{Cell, Sealer};
use super::{audit, millis, moment, sessions, tally, whole};
use crate::ports::{
    AuditRecord, Direction, FileChange, FileRecord, NewOperation, OperationHead, OperationRecord,
    OperationState, Resumed, Settlement, operation_taken, unknown_operation,
};
use crate::text::DocumentUri;
pub(super) use listing::list;

/// `prepared` and `changed` are milliseconds since 1970; `numbers` is a JSON list. A file's `step` is 0 for the
/// operation's own texts and 1 for those of a take under way.
pub(super) const OPERATIONS: &str = "
    CREATE TABLE operations (
        number INTEGER PRIMARY KEY,
        session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        local INTEGER NOT NULL,
        proposal TEXT NOT NULL,
        task TEXT NOT NULL,
        title BLOB NOT NULL,
        instruction BLOB NOT NULL,
        model TEXT NOT NULL,
        numbers TEXT NOT NULL,
        state TEXT NOT NULL,
        turn INTEGER NOT NULL,
        prepared INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        holder TEXT NOT NULL,
        process TEXT NOT NULL
    ) STRICT;
    CREATE INDEX operations_by_session ON operations (session, number);
    CREATE INDEX operations_under_way ON operations (state) WHERE state IN ('prepared', 'undoing', 'redoing');
    CREATE TABLE operation_files (
        operation INTEGER NOT NULL REFERENCES operations (number) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        position INTEGER NOT NULL,
        path TEXT NOT NULL,
        path_after TEXT,
        uri TEXT NOT NULL,
        uri_after TEXT,
        kind TEXT NOT NULL,
        before BLOB REFERENCES blobs (hash),
        after BLOB REFERENCES blobs (hash),
        PRIMARY KEY (operation, step, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX operation_files_by_path ON operation_files (path, operation);
    CREATE INDEX operation_files_by_path_after ON operation_files (path_after, operation);
    CREATE INDEX operation_files_by_before ON operation_files (before);
    CREATE INDEX operation_files_by_after ON operation_files (after);
";

/// Columns of [`head`], in its order.
pub(super) const HEAD: &str = "number, session, local, proposal, task, title, instruction, model, numbers, state, \
                               turn, prepared, changed, \
                               EXISTS (SELECT 1 FROM sessions AS own WHERE own.id = session AND own.door = 'imported')";

const OWN: i64 = 0;
const TAKE: i64 = 1;

/// Who writes: a session and the process that holds it.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) session: &'a str,
    pub(super) process: &'a str,
    pub(super) now: Duration,
}

fn cell<'a>(row: &'a [&'a str; 1], column: &'static str) -> Cell<'a> {
    Cell { table: "operations", row, column }
}

/// Adds an operation that is about to be made, or one as it was; returns its number.
pub(super) fn insert(
    connection: &Connection,
    sealer: &Sealer,
    writer: Writer<'_>,
    new: &NewOperation,
    state: OperationState,
) -> Result<u64, Failure> {
    let texts = keep_texts(connection, sealer, &new.files)?;
    insert_kept(connection, sealer, writer, (new, &texts), state)
}

/// Records an operation whose files' texts are kept.
pub(super) fn insert_kept(
    connection: &Connection,
    sealer: &Sealer,
    writer: Writer<'_>,
    (new, texts): (&NewOperation, &[Sides]),
    state: OperationState,
) -> Result<u64, Failure> {
    sessions::touch(connection, writer.session, writer.now)?;
    let numbers = (sessions::number_in(&new.task), sessions::number_in(&new.proposal), new.local);
    sessions::note_numbers(connection, writer.session, numbers)?;
    let (number, turn) = (sessions::next(connection, "operations")?, sessions::next(connection, "turns")?);
    let row = number.to_string();
    let seal = |column, text: &str| sealer.seal(cell(&[&row], column), text.as_bytes());
    connection
        .prepare_cached(
            "INSERT INTO operations (number, session, local, proposal, task, title, instruction, model, numbers,
             state, turn, prepared, changed, holder, process)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?2, ?13)",
        )?
        .execute(params![
            whole(number),
            writer.session,
            whole(new.local),
            new.proposal,
            new.task,
            seal("title", &new.title)?,
            seal("instruction", &new.instruction)?,
            new.model,
            serde_json::json!(new.numbers).to_string(),
            state.name(),
            whole(turn),
            millis(writer.now),
            writer.process,
        ])?;
    insert_files(connection, number, OWN, (&new.files, texts))?;
    Ok(number)
}

/// The hashes of a file's texts before and after.
pub(super) type Sides = [Option<Hash>; 2];

fn keep_texts(connection: &Connection, sealer: &Sealer, files: &[FileRecord]) -> Result<Vec<Sides>, Failure> {
    let keep = |text: &Option<_>| blobs::keep(connection, sealer, text.as_ref());
    files.iter().map(|file| Ok([keep(&file.before)?, keep(&file.after)?])).collect()
}

fn insert_files(
    connection: &Connection,
    number: u64,
    step: i64,
    (files, texts): (&[FileRecord], &[Sides]),
) -> Result<(), Failure> {
    for (position, (file, [before, after])) in (0_i64..).zip(files.iter().zip(texts)) {
        connection
            .prepare_cached(
                "INSERT INTO operation_files (operation, step, position, path, path_after, uri, uri_after, kind,
                 before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                whole(number),
                step,
                position,
                file.path,
                file.path_after,
                file.uri.as_str(),
                file.uri_after.as_ref().map(DocumentUri::as_str),
                file.kind.name(),
                before,
                after,
            ])?;
    }
    Ok(())
}

/// Removes the files of a step; returns what they referred to.
fn drop_files(connection: &Connection, number: u64, step: i64) -> rusqlite::Result<Vec<Hash>> {
    let rows: Vec<[Option<Hash>; 2]> = connection
        .prepare_cached("SELECT before, after FROM operation_files WHERE operation = ?1 AND step = ?2")?
        .query_map(params![whole(number), step], |row| Ok([row.get(0)?, row.get(1)?]))?
        .collect::<Result<_, _>>()?;
    if !rows.is_empty() {
        connection
            .prepare_cached("DELETE FROM operation_files WHERE operation = ?1 AND step = ?2")?
            .execute(params![whole(number), step])?;
    }
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// Where an operation stands, and which process is at it.
struct Stand {
    state: OperationState,
    process: String,
}

fn stand(connection: &Connection, number: u64) -> Result<Stand, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT state, process FROM operations WHERE number = ?1")?;
    let found = statement
        .query_row([whole(number)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    let (state, process) = found.ok_or_else(|| unknown_operation(number))?;
    Ok(Stand { state: state_of(&state)?, process })
}

fn state_of(name: &str) -> Result<OperationState, Failure> {
    OperationState::of(name).ok_or_else(|| blobs::invalid("a state of an operation"))
}

/// Changes the state from the one that was just read in this transaction.
fn enter(
    connection: &Connection,
    writer: Writer<'_>,
    number: u64,
    (from, to): (OperationState, OperationState),
) -> Result<(), Failure> {
    let turn = sessions::next(connection, "turns")?;
    let n_changed = connection
        .prepare_cached(
            "UPDATE operations SET state = ?3, turn = ?4, changed = ?5, holder = ?6, process = ?7
             WHERE number = ?1 AND state = ?2",
        )?
        .execute(params![
            whole(number),
            from.name(),
            to.name(),
            whole(turn),
            millis(writer.now),
            writer.session,
            writer.process,
        ])?;
    if n_changed == 1 { Ok(()) } else { Err(operation_taken(number, from).into()) }
}

/// Claims an operation for a step in `direction`.
pub(super) fn take(
    connection: &Connection,
    sealer: &Sealer,
    writer: Writer<'_>,
    number: u64,
    direction: Direction,
    files: &[FileRecord],
) -> Result<(), Failure> {
    sessions::touch(connection, writer.session, writer.now)?;
    let (from, to) = direction.states();
    let stand = stand(connection, number)?;
    if stand.state != from {
        return Err(operation_taken(number, stand.state).into());
    }
    enter(connection, writer, number, (from, to))?;
    insert_files(connection, number, TAKE, (files, &keep_texts(connection, sealer, files)?))
}

/// Ends what was under way.
pub(super) fn settle(
    connection: &Connection,
    sealer: &Sealer,
    writer: Writer<'_>,
    number: u64,
    settlement: Settlement,
    files: Option<&[FileRecord]>,
) -> Result<(), Failure> {
    let stand = stand(connection, number)?;
    let next = settlement.after(stand.state);
    let free = !stand.state.is_under_way() || stand.process == writer.process;
    let next = next.filter(|_| free).ok_or_else(|| operation_taken(number, stand.state))?;
    enter(connection, writer, number, (stand.state, next))?;
    let mut gone = drop_files(connection, number, TAKE)?;
    if let Some(files) = files {
        gone.extend(drop_files(connection, number, OWN)?);
        insert_files(connection, number, OWN, (files, &keep_texts(connection, sealer, files)?))?;
    }
    note(connection, writer, number, settlement)?;
    Ok(blobs::let_go(connection, &gone)?)
}

/// Appends what was done to the audit log, with the root it was done in. What did not happen is no deed.
fn note(
    connection: &Connection,
    writer: Writer<'_>,
    number: u64,
    settlement: Settlement,
) -> Result<(), Failure> {
    let Some(action) = settlement.deed() else { return Ok(()) };
    let root = connection
        .prepare_cached("SELECT root FROM sessions JOIN operations ON id = session WHERE number = ?1")?
        .query_row([whole(number)], |row| row.get(0))?;
    let record = AuditRecord {
        session: Some(writer.session.to_owned()),
        action: action.to_owned(),
        subject: format!("o{number}"),
        detail: root,
        ..AuditRecord::default()
    };
    Ok(audit::append(connection, &record, writer.now)?)
}

/// An operation with its texts.
pub(super) fn get(
    connection: &Connection,
    texts: &mut Texts<'_>,
    sealer: &Sealer,
    number: u64,
) -> Result<OperationRecord, Failure> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {HEAD} FROM operations WHERE number = ?1"))?;
    let mut rows = statement.query([whole(number)])?;
    let row = rows.next()?.ok_or_else(|| unknown_operation(number))?;
    Ok(OperationRecord { head: head(row, sealer)?, files: files(connection, texts, number, OWN)? })
}

/// The newest operations of `session` that were made, oldest first; what cannot be read is counted.
pub(super) fn newest(
    connection: &Connection,
    texts: &mut Texts<'_>,
    sealer: &Sealer,
    session: &str,
    n_unread: &mut usize,
) -> Result<Vec<OperationRecord>, Failure> {
    let mut numbers: Vec<i64> = connection
        .prepare_cached(
            "SELECT number FROM operations WHERE session = ?1 AND state IN ('applied', 'undone')
             ORDER BY number DESC LIMIT ?2",
        )?
        .query_map(params![session, whole(Resumed::OPERATIONS as u64)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    numbers.reverse();
    let mut operations = Vec::new();
    for number in numbers {
        let operation = get(connection, texts, sealer, number.unsigned_abs());
        operations.extend(Failure::skipped(operation, "operation", n_unread)?);
    }
    Ok(operations)
}

pub(super) fn head(row: &Row<'_>, sealer: &Sealer) -> Result<OperationHead, Failure> {
    let number = tally(row, 0)?;
    let place = number.to_string();
    let text = |column, at| {
        let sealed: Vec<u8> = row.get(at)?;
        sealer.open_text(cell(&[&place], column), &sealed)
    };
    let (title, instruction) = (text("title", 5)?, text("instruction", 6)?);
    let numbers: String = row.get(8)?;
    Ok(OperationHead {
        number,
        session: row.get(1)?,
        local: tally(row, 2)?,
        proposal: row.get(3)?,
        task: row.get(4)?,
        title,
        instruction,
        model: row.get(7)?,
        numbers: serde_json::from_str(&numbers).map_err(|_| blobs::invalid("hunk numbers"))?,
        state: state_of(&row.get::<_, String>(9)?)?,
        turn: tally(row, 10)?,
        prepared: moment(row, 11)?,
        changed: moment(row, 12)?,
        imported: row.get(13)?,
    })
}

fn files(
    connection: &Connection,
    texts: &mut Texts<'_>,
    number: u64,
    step: i64,
) -> Result<Vec<FileRecord>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT path, path_after, uri, uri_after, kind, before, after FROM operation_files
         WHERE operation = ?1 AND step = ?2 ORDER BY position",
    )?;
    let mut rows = statement.query(params![whole(number), step])?;
    let mut files = Vec::new();
    while let Some(row) = rows.next()? {
        files.push(FileRecord {
            path: row.get(0)?,
            path_after: row.get(1)?,
            uri: DocumentUri::new(row.get::<_, String>(2)?),
            uri_after: row.get::<_, Option<String>>(3)?.map(DocumentUri::new),
            kind: kind(&row.get::<_, String>(4)?)?,
            before: texts.get(row.get::<_, Option<Hash>>(5)?)?,
            after: texts.get(row.get::<_, Option<Hash>>(6)?)?,
        });
    }
    Ok(files)
}

fn kind(name: &str) -> Result<FileChange, Failure> {
    FileChange::of(name).ok_or_else(|| blobs::invalid("a kind of change"))
}
