//! Proposals, the texts they were made on, and what was decided on their hunks.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use super::blobs::{self, Hash, Texts};
use super::failure::Failure;
use super::seal::{Cell, Sealer};
use super::{millis, sessions, tally, whole};
use crate::ports::{BaseFile, DecisionRecord, ProposalRecord, ProposalStanding};
use crate::problem::{Category, Problem};
use crate::text::DocumentUri;

/// `proposed`, `changed` and `at` are milliseconds since 1970; `number` orders the proposals of a session.
pub(super) const PROPOSALS: &str = "
    CREATE TABLE proposals (
        session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        id TEXT NOT NULL,
        number INTEGER NOT NULL,
        task TEXT NOT NULL,
        title BLOB NOT NULL,
        instruction BLOB NOT NULL,
        model TEXT NOT NULL,
        role TEXT NOT NULL,
        target TEXT NOT NULL,
        body BLOB NOT NULL,
        n_hunks INTEGER NOT NULL,
        standing TEXT NOT NULL,
        proposed INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        PRIMARY KEY (session, id)
    ) STRICT;
    CREATE TABLE proposal_files (
        session TEXT NOT NULL,
        proposal TEXT NOT NULL,
        position INTEGER NOT NULL,
        path TEXT NOT NULL,
        uri TEXT NOT NULL,
        base BLOB REFERENCES blobs (hash),
        PRIMARY KEY (session, proposal, position),
        FOREIGN KEY (session, proposal) REFERENCES proposals (session, id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX proposal_files_by_base ON proposal_files (base);
    CREATE TABLE hunk_decisions (
        id INTEGER PRIMARY KEY,
        session TEXT NOT NULL,
        proposal TEXT NOT NULL,
        number INTEGER NOT NULL,
        decision TEXT NOT NULL,
        at INTEGER NOT NULL,
        FOREIGN KEY (session, proposal) REFERENCES proposals (session, id) ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX hunk_decisions_by_proposal ON hunk_decisions (session, proposal);
";

fn cell<'a>(row: &'a [&'a str; 2], column: &'static str) -> Cell<'a> {
    Cell { table: "proposals", row, column }
}

/// Adds a proposal.
pub(super) fn insert(
    connection: &Connection,
    sealer: &Sealer,
    session: &str,
    proposal: &ProposalRecord,
    now: Duration,
) -> Result<(), Failure> {
    let keep = |file: &BaseFile| blobs::keep(connection, sealer, file.base.as_ref());
    let bases: Vec<_> = proposal.files.iter().map(keep).collect::<Result<_, _>>()?;
    insert_kept(connection, sealer, session, (proposal, &bases), now)
}

/// Adds a proposal whose files' texts are kept.
pub(super) fn insert_kept(
    connection: &Connection,
    sealer: &Sealer,
    session: &str,
    (proposal, bases): (&ProposalRecord, &[Option<Hash>]),
    now: Duration,
) -> Result<(), Failure> {
    sessions::touch(connection, session, now)?;
    let number = sessions::number_in(&proposal.id);
    sessions::note_numbers(connection, session, (sessions::number_in(&proposal.task), number, 0))?;
    let row = [session, &proposal.id];
    let seal = |column, text: &str| sealer.seal(cell(&row, column), text.as_bytes());
    connection
        .prepare_cached(
            "INSERT INTO proposals (session, id, number, task, title, instruction, model, role, target, body,
             n_hunks, standing, proposed, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
        )?
        .execute(params![
            session,
            proposal.id,
            whole(number),
            proposal.task,
            seal("title", &proposal.title)?,
            seal("instruction", &proposal.instruction)?,
            proposal.model,
            proposal.role,
            proposal.target.as_str(),
            seal("body", &proposal.body)?,
            whole(proposal.n_hunks as u64),
            proposal.standing.name(),
            millis(now),
        ])?;
    for (position, (file, base)) in (0_i64..).zip(proposal.files.iter().zip(bases)) {
        connection
            .prepare_cached(
                "INSERT INTO proposal_files (session, proposal, position, path, uri, base)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![session, proposal.id, position, file.path, file.uri.as_str(), base])?;
    }
    Ok(())
}

/// Notes what became of a proposal.
pub(super) fn update(
    connection: &Connection,
    sealer: &Sealer,
    (session, id): (&str, &str),
    standing: ProposalStanding,
    body: Option<&str>,
    now: Duration,
) -> Result<(), Failure> {
    sessions::touch(connection, session, now)?;
    let body = body.map(|body| sealer.seal(cell(&[session, id], "body"), body.as_bytes())).transpose()?;
    let n_found = connection
        .prepare_cached(
            "UPDATE proposals SET standing = ?3, body = coalesce(?4, body), changed = ?5
             WHERE session = ?1 AND id = ?2",
        )?
        .execute(params![session, id, standing.name(), body, millis(now)])?;
    if n_found == 0 {
        let message = format!("there is no proposal {id}");
        return Err(Problem::error("unknown-proposal", Category::Request, message).into());
    }
    Ok(())
}

/// Adds a decision.
pub(super) fn decide(
    connection: &Connection,
    (session, id): (&str, &str),
    decision: &DecisionRecord,
    now: Duration,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO hunk_decisions (session, proposal, number, decision, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![session, id, whole(decision.number as u64), decision.decision, millis(now)])?;
    Ok(())
}

/// The proposals of `session`, oldest first.
pub(super) fn of_session(
    connection: &Connection,
    texts: &mut Texts<'_>,
    sealer: &Sealer,
    session: &str,
) -> Result<Vec<ProposalRecord>, Failure> {
    let mut statement = connection.prepare(&format!("{ALL} ORDER BY number, proposed"))?;
    let mut rows = statement.query([session])?;
    let mut proposals = Vec::new();
    while let Some(row) = rows.next()? {
        proposals.push(read(connection, texts, sealer, session, row)?);
    }
    Ok(proposals)
}

/// Those with something undecided or under way; what cannot be read is counted.
pub(super) fn open(
    connection: &Connection,
    texts: &mut Texts<'_>,
    sealer: &Sealer,
    session: &str,
    n_unread: &mut usize,
) -> Result<Vec<ProposalRecord>, Failure> {
    let sql =
        format!("{ALL} AND standing NOT IN ('applied', 'rejected', 'undone') ORDER BY number, proposed");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([session])?;
    let mut proposals = Vec::new();
    while let Some(row) = rows.next()? {
        let proposal = read(connection, texts, sealer, session, row);
        proposals.extend(Failure::skipped(proposal, "proposal", n_unread)?);
    }
    Ok(proposals)
}

/// Columns of [`read`], in its order.
const ALL: &str =
    "SELECT id, task, title, instruction, model, role, target, body, n_hunks, standing FROM proposals
     WHERE session = ?1";

fn standing(row: &Row<'_>) -> Result<ProposalStanding, Failure> {
    let name: String = row.get(9)?;
    ProposalStanding::of(&name).ok_or_else(|| blobs::invalid("a standing of a proposal"))
}

fn read(
    connection: &Connection,
    texts: &mut Texts<'_>,
    sealer: &Sealer,
    session: &str,
    row: &Row<'_>,
) -> Result<ProposalRecord, Failure> {
    let standing = standing(row)?;
    let id: String = row.get(0)?;
    let text = |column, at| {
        let sealed: Vec<u8> = row.get(at)?;
        sealer.open_text(cell(&[session, &id], column), &sealed)
    };
    let (title, instruction, body) = (text("title", 2)?, text("instruction", 3)?, text("body", 7)?);
    Ok(ProposalRecord {
        task: row.get(1)?,
        title,
        instruction,
        model: row.get(4)?,
        role: row.get(5)?,
        target: DocumentUri::new(row.get::<_, String>(6)?),
        files: files(connection, texts, session, &id)?,
        body,
        n_hunks: usize::try_from(tally(row, 8)?).unwrap_or(usize::MAX),
        standing,
        id,
    })
}

fn files(
    connection: &Connection,
    texts: &mut Texts<'_>,
    session: &str,
    id: &str,
) -> Result<Vec<BaseFile>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT path, uri, base FROM proposal_files WHERE session = ?1 AND proposal = ?2 ORDER BY position",
    )?;
    let mut rows = statement.query([session, id])?;
    let mut files = Vec::new();
    while let Some(row) = rows.next()? {
        let base = texts.get(row.get::<_, Option<Hash>>(2)?)?;
        files.push(BaseFile { path: row.get(0)?, uri: DocumentUri::new(row.get::<_, String>(1)?), base });
    }
    Ok(files)
}

/// The decisions of `session` with their proposals, oldest first.
pub(super) fn decisions(
    connection: &Connection,
    session: &str,
) -> rusqlite::Result<Vec<(String, DecisionRecord)>> {
    let decision = |row: &Row<'_>| {
        let number = usize::try_from(tally(row, 1)?).unwrap_or(usize::MAX);
        Ok((row.get(0)?, DecisionRecord { number, decision: row.get(2)? }))
    };
    connection
        .prepare("SELECT proposal, number, decision FROM hunk_decisions WHERE session = ?1 ORDER BY id")?
        .query_map([session], decision)?
        .collect()
}
