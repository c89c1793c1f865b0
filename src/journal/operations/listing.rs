//! Pages of operations without their texts.

use rusqlite::{Connection, params};

use super::{HEAD, OWN, head, kind};
use crate::journal::failure::Failure;
use crate::journal::seal::Sealer;
use crate::journal::whole;
use crate::ports::{FileName, OperationQuery, OperationSummary};

/// The operations of a query, newest first.
pub(in crate::journal) fn list(
    connection: &Connection,
    sealer: &Sealer,
    query: &OperationQuery,
) -> Result<Vec<OperationSummary>, Failure> {
    // Each condition only where it is asked for: one query for all would read the whole table.
    let mut conditions = vec!["number < ?1"];
    if query.root.is_some() {
        conditions.push("session IN (SELECT id FROM sessions WHERE root = ?2)");
    }
    if query.path.is_some() {
        conditions.push(
            "number IN (SELECT operation FROM operation_files WHERE step = 0 AND path = ?3
             UNION SELECT operation FROM operation_files WHERE step = 0 AND path_after = ?3)",
        );
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {HEAD} FROM operations WHERE {} AND ?2 IS ?2 AND ?3 IS ?3 ORDER BY number DESC LIMIT ?4",
        conditions.join(" AND ")
    ))?;
    let before = query.before.map_or(i64::MAX, whole);
    let mut rows = statement.query(params![before, query.root, query.path, whole(query.limit as u64)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let head = head(row, sealer)?;
        let files = names(connection, head.number)?;
        found.push(OperationSummary { head, files });
    }
    Ok(found)
}

fn names(connection: &Connection, number: u64) -> Result<Vec<FileName>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT path, path_after, kind FROM operation_files WHERE operation = ?1 AND step = ?2 ORDER BY position",
    )?;
    let mut rows = statement.query(params![whole(number), OWN])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = kind(&row.get::<_, String>(2)?)?;
        names.push(FileName { path: row.get(0)?, path_after: row.get(1)?, kind });
    }
    Ok(names)
}
