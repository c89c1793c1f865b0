//! Sessions: begun, taken over, listed, forgotten.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::audit;
use super::failure::Failure;
use super::locks::Locks;
use super::{blobs, millis, moment, tally, whole};
use crate::ports::{AuditRecord, Forgotten, FrontDoor, SessionSummary, session_held, unknown_session};
use crate::problem::{Category, Problem};

/// Times are milliseconds since 1970. The counts are the largest numbers given so far.
pub(super) const SESSIONS: &str = "
    CREATE TABLE sessions (
        id TEXT NOT NULL PRIMARY KEY,
        root TEXT NOT NULL,
        begun INTEGER NOT NULL,
        used INTEGER NOT NULL,
        n_tasks INTEGER NOT NULL DEFAULT 0,
        n_proposals INTEGER NOT NULL DEFAULT 0,
        n_operations INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX sessions_by_root ON sessions (root, used);
    CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// Who works in a session. Of one that is older than this column only the editors' proposals tell.
pub(super) const DOORS: &str = "
    ALTER TABLE sessions ADD COLUMN door TEXT NOT NULL DEFAULT 'editor';
    UPDATE sessions SET door = 'terminal' WHERE n_tasks = 0 AND n_proposals = 0;
";

/// The numbers of a session's next task, proposal and operation.
pub(super) struct Numbers {
    pub(super) task: u64,
    pub(super) proposal: u64,
    pub(super) operation: u64,
}

/// Takes over the newest session of `root` and `door` that is free and not older than `age`.
pub(super) fn take_over(
    connection: &Connection,
    locks: &Locks,
    (root, door): (&str, FrontDoor),
    now: Duration,
    age: Duration,
) -> Result<Option<String>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM sessions WHERE root = ?1 AND used >= ?2 AND door = ?3
         ORDER BY used DESC, begun DESC",
    )?;
    let since = millis(now.saturating_sub(age));
    let ids = statement.query_map(params![root, since, door.name()], |row| row.get::<_, String>(0))?;
    for id in ids {
        let id = id?;
        if locks.take(&id)? {
            touch(connection, &id, now)?;
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// How many sessions of `root` and `door` other processes have in which something is undecided.
pub(super) fn n_held_waiting(
    connection: &Connection,
    locks: &Locks,
    (root, door): (&str, FrontDoor),
) -> Result<usize, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM sessions WHERE root = ?1 AND door = ?2 AND EXISTS (
             SELECT 1 FROM proposals WHERE session = sessions.id AND standing IN ('proposed', 'accepted'))",
    )?;
    let ids = statement.query_map(params![root, door.name()], |row| row.get::<_, String>(0))?;
    let mut n_held = 0;
    for id in ids {
        let id = id?;
        n_held += usize::from(!locks.is_own(&id) && locks.is_held(&id));
    }
    Ok(n_held)
}

/// Takes over every free session of `root` and `door` that is not older than `age` and has something undecided.
pub(super) fn take_waiting(
    connection: &Connection,
    locks: &Locks,
    (root, door): (&str, FrontDoor),
    now: Duration,
    age: Duration,
) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM sessions WHERE root = ?1 AND used >= ?2 AND door = ?3 AND EXISTS (
             SELECT 1 FROM proposals WHERE session = sessions.id AND standing IN ('proposed', 'accepted'))
         ORDER BY used DESC, begun DESC",
    )?;
    let since = millis(now.saturating_sub(age));
    let ids = statement.query_map(params![root, since, door.name()], |row| row.get::<_, String>(0))?;
    let mut taken = Vec::new();
    for id in ids {
        let id = id?;
        if !locks.is_own(&id) && locks.take(&id)? {
            touch(connection, &id, now)?;
            taken.push(id);
        }
    }
    Ok(taken)
}

/// Begins a session.
pub(super) fn begin(
    connection: &Connection,
    id: &str,
    (root, door): (&str, FrontDoor),
    now: Duration,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO sessions (id, root, door, begun, used) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![id, root, door.name(), millis(now)],
    )?;
    Ok(())
}

/// Notes that `session` is used.
pub(super) fn touch(connection: &Connection, session: &str, now: Duration) -> Result<(), Failure> {
    let mut statement =
        connection.prepare_cached("UPDATE sessions SET used = max(used, ?2) WHERE id = ?1")?;
    match statement.execute(params![session, millis(now)])? {
        0 => Err(unknown_session(session).into()),
        _ => Ok(()),
    }
}

/// Notes the largest numbers that were given.
pub(super) fn note_numbers(
    connection: &Connection,
    session: &str,
    (task, proposal, operation): (u64, u64, u64),
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE sessions SET n_tasks = max(n_tasks, ?2), n_proposals = max(n_proposals, ?3),
             n_operations = max(n_operations, ?4) WHERE id = ?1",
        )?
        .execute(params![session, whole(task), whole(proposal), whole(operation)])?;
    Ok(())
}

/// The number in an id like `p12`; 0 where there is none.
pub(super) fn number_in(id: &str) -> u64 {
    id.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0)
}

pub(super) fn next_numbers(connection: &Connection, session: &str) -> rusqlite::Result<Numbers> {
    connection.query_row(
        "SELECT n_tasks, n_proposals, n_operations FROM sessions WHERE id = ?1",
        [session],
        |row| {
            let next = |at| Ok::<_, rusqlite::Error>(tally(row, at)?.saturating_add(1));
            Ok(Numbers { task: next(0)?, proposal: next(1)?, operation: next(2)? })
        },
    )
}

/// The root of `session`.
pub(super) fn root(connection: &Connection, session: &str) -> Result<String, Failure> {
    let mut statement = connection.prepare_cached("SELECT root FROM sessions WHERE id = ?1")?;
    let root = statement.query_row([session], |row| row.get(0)).optional()?;
    root.ok_or_else(|| unknown_session(session).into())
}

/// The next number of a count over all sessions.
pub(super) fn next(connection: &Connection, counter: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "INSERT INTO counters (name, n) VALUES (?1, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
        )?
        .query_row([counter], |row| tally(row, 0))
}

/// Every session, last used first; of `of` only, if given.
pub(super) fn list(
    connection: &Connection,
    locks: &Locks,
    of: Option<&str>,
) -> rusqlite::Result<Vec<SessionSummary>> {
    let mut statement = connection.prepare(
        "SELECT id, root, begun, used,
            (SELECT count(*) FROM proposals WHERE session = sessions.id),
            (SELECT count(*) FROM proposals WHERE session = sessions.id AND standing IN ('proposed', 'accepted')),
            (SELECT count(*) FROM operations WHERE session = sessions.id),
            (SELECT coalesce(sum(bytes), 0) FROM blobs WHERE hash IN (
                SELECT before FROM operation_files JOIN operations ON number = operation WHERE session = sessions.id
                UNION SELECT after FROM operation_files JOIN operations ON number = operation
                    WHERE session = sessions.id
                UNION SELECT base FROM proposal_files WHERE session = sessions.id)),
            door
         FROM sessions WHERE ?1 IS NULL OR root = ?1 ORDER BY used DESC, begun DESC",
    )?;
    let summary = |row: &Row<'_>| {
        let id: String = row.get(0)?;
        Ok(SessionSummary {
            held: locks.is_held(&id),
            id,
            root: row.get(1)?,
            begun: moment(row, 2)?,
            used: moment(row, 3)?,
            n_proposals: tally(row, 4)?,
            n_open: tally(row, 5)?,
            n_operations: tally(row, 6)?,
            bytes: tally(row, 7)?,
            // Another word is nothing that we write.
            door: FrontDoor::of(&row.get::<_, String>(8)?).unwrap_or_default(),
        })
    };
    statement.query_map([of], summary)?.collect()
}

/// Forgets one that nobody holds and that has nothing under way, up to its texts; that it was there stays in the audit log.
pub(super) fn forget(
    connection: &Connection,
    locks: &Locks,
    session: &str,
    now: Duration,
) -> Result<Forgotten, Failure> {
    let sum = "SELECT (SELECT count(*) FROM proposals WHERE session = sessions.id),
        (SELECT count(*) FROM operations WHERE session = sessions.id) FROM sessions WHERE id = ?1";
    let counts =
        |row: &Row<'_>| Ok(Forgotten { n_proposals: tally(row, 0)?, n_operations: tally(row, 1)?, bytes: 0 });
    let forgotten = connection.query_row(sum, [session], counts).optional()?;
    let forgotten = forgotten.ok_or_else(|| unknown_session(session))?;
    if locks.is_held(session) {
        return Err(session_held(session).into());
    }
    refuse_unfinished(connection, session)?;
    let before = blobs::unused(connection)?;
    remove(connection, locks, session)?;
    let bytes = blobs::unused(connection)?.saturating_sub(before);
    let forgotten = Forgotten { bytes, ..forgotten };
    let record = AuditRecord {
        at: now,
        session: Some(session.to_owned()),
        action: "forgotten".to_owned(),
        subject: session.to_owned(),
        detail: format!("{} operation(s), {} proposal(s)", forgotten.n_operations, forgotten.n_proposals),
    };
    audit::append(connection, &record, now)?;
    Ok(forgotten)
}

/// Whether an operation of a row of `sessions` is under way: without its texts nobody could settle it.
pub(super) const UNFINISHED: &str = "EXISTS (SELECT 1 FROM operations WHERE session = sessions.id
    AND state IN ('prepared', 'undoing', 'redoing'))";

/// Refuses a session with operations under way.
fn refuse_unfinished(connection: &Connection, session: &str) -> Result<(), Failure> {
    let numbers: Vec<String> = connection
        .prepare_cached(
            "SELECT number FROM operations WHERE session = ?1 AND state IN ('prepared', 'undoing', 'redoing')
             ORDER BY number",
        )?
        .query_map([session], |row| Ok(format!("o{}", tally(row, 0)?)))?
        .collect::<Result<_, _>>()?;
    let Some(first) = numbers.first() else { return Ok(()) };
    let message = format!("session {session} has operations that are under way: {}", numbers.join(", "));
    let hint = format!(
        "in {}, `tenon undo {first}` takes back what there is of it, `tenon redo {first}` finishes it; then try again",
        root(connection, session)?
    );
    Err(Problem::error("session-unfinished", Category::Request, message).hint(hint).into())
}

/// Removes a session with all that is its own; its texts wait to be collected.
pub(super) fn remove(connection: &Connection, locks: &Locks, session: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM sessions WHERE id = ?1", [session])?;
    locks.forget(session);
    Ok(())
}
