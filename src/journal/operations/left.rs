//! Operations that a process left under way when it ended: whose they are to settle, and taking them over.

use rusqlite::{Connection, params};

use super::{TAKE, Writer, files, get, stand};
use crate::journal::blobs::Texts;
use crate::journal::failure::Failure;
use crate::journal::locks::Locks;
use crate::journal::seal::Sealer;
use crate::journal::{sessions, whole};
use crate::ports::{FrontDoor, OperationState, Settlement, Unfinished, operation_taken};

/// The operations that are for `writer`'s session to settle; they are the writer's from now on.
pub(in crate::journal) fn unfinished(
    connection: &Connection,
    sealer: &Sealer,
    locks: &Locks,
    writer: Writer<'_>,
) -> Result<Vec<Unfinished>, Failure> {
    let mut texts = Texts::new(connection, sealer);
    let mut unfinished = Vec::new();
    for number in left(connection, locks, writer)?.own {
        let Some(left) = get_left(connection, &mut texts, sealer, number)? else { continue };
        claim(connection, writer, number)?;
        unfinished.push(left);
    }
    Ok(unfinished)
}

/// The others; nothing is claimed.
pub(in crate::journal) fn elsewhere(
    connection: &Connection,
    sealer: &Sealer,
    locks: &Locks,
    writer: Writer<'_>,
) -> Result<Vec<Unfinished>, Failure> {
    let mut texts = Texts::new(connection, sealer);
    let numbers = left(connection, locks, writer)?.elsewhere;
    numbers
        .into_iter()
        .filter_map(|number| get_left(connection, &mut texts, sealer, number).transpose())
        .collect()
}

/// Ends one of either kind, as the user decided.
pub(in crate::journal) fn settle(
    connection: &Connection,
    sealer: &Sealer,
    locks: &Locks,
    writer: Writer<'_>,
    number: u64,
    settlement: Settlement,
) -> Result<(), Failure> {
    let left = left(connection, locks, writer)?;
    if !left.own.contains(&number) && !left.elsewhere.contains(&number) {
        return Err(operation_taken(number, stand(connection, number)?.state).into());
    }
    claim(connection, writer, number)?;
    super::settle(connection, sealer, writer, number, settlement, None)
}

/// Numbers of operations, in the order in which they were begun.
#[derive(Default)]
struct Left {
    own: Vec<u64>,
    elsewhere: Vec<u64>,
}

/// What was left under way in the root of `writer`'s session.
fn left(connection: &Connection, locks: &Locks, writer: Writer<'_>) -> Result<Left, Failure> {
    let root = sessions::root(connection, writer.session)?;
    let door = |session: &str| {
        connection
            .prepare_cached("SELECT door FROM sessions WHERE id = ?1")?
            .query_row([session], |row| row.get::<_, String>(0))
    };
    let is_command = door(writer.session)? == FrontDoor::Terminal.name();
    let found: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT number, holder FROM operations JOIN sessions ON id = session
             WHERE state IN ('prepared', 'undoing', 'redoing') AND root = ?1 AND process <> ?2 ORDER BY turn",
        )?
        .query_map([root.as_str(), writer.process], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut left = Left::default();
    for (number, holder) in found {
        // A session that this process holds was left by the one that held it before.
        if !locks.is_own(&holder) && locks.is_held(&holder) {
            continue;
        }
        // A holder that is forgotten was nobody's whose texts we know.
        let by_command = door(&holder).is_ok_and(|door| door == FrontDoor::Terminal.name());
        let numbers = if is_command && !by_command { &mut left.elsewhere } else { &mut left.own };
        numbers.push(number.unsigned_abs());
    }
    Ok(left)
}

fn claim(connection: &Connection, writer: Writer<'_>, number: u64) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE operations SET holder = ?2, process = ?3 WHERE number = ?1")?
        .execute(params![whole(number), writer.session, writer.process])?;
    Ok(())
}

/// What cannot be read cannot be judged: it stays as it is, and does not keep the others from it.
fn get_left(
    connection: &Connection,
    texts: &mut Texts<'_>,
    sealer: &Sealer,
    number: u64,
) -> Result<Option<Unfinished>, Failure> {
    let mut read = || {
        let operation = get(connection, texts, sealer, number)?;
        let step = match operation.head.state {
            OperationState::Prepared => operation.files.clone(),
            _ => files(connection, texts, number, TAKE)?,
        };
        Ok(Unfinished { operation, step })
    };
    Failure::skipped(read(), "operation", &mut 0)
}
