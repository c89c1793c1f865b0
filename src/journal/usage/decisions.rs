//! How many edits of each model met which fate, by day.

use rusqlite::{Connection, params};

use super::sums::{ByModel, FATES, fate_name};
use super::{count, whole};
use crate::model::Role;
use crate::ports::EditFate;

/// `day` counts from the beginning of 1970, in UTC.
pub(in crate::journal) const DECISIONS: &str = "
    CREATE TABLE decisions (
        day INTEGER NOT NULL,
        role TEXT NOT NULL,
        model TEXT NOT NULL,
        fate TEXT NOT NULL,
        n INTEGER NOT NULL,
        PRIMARY KEY (day, role, model, fate)
    ) STRICT, WITHOUT ROWID;
";

/// Counts `n` edits.
pub(super) fn add(
    connection: &Connection,
    day: u64,
    role: Role,
    model: &str,
    fate: EditFate,
    n: u64,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO decisions (day, role, model, fate, n) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET n = n + excluded.n",
        params![whole(day), role.name(), model, fate_name(fate), whole(n)],
    )?;
    Ok(())
}

/// Adds every row to the counts of its model. A fate of another version is passed over.
pub(super) fn each(connection: &Connection, by_model: &mut ByModel) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT role, model, fate, n FROM decisions")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (role, model, name): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Some(fate) = FATES.into_iter().find(|fate| fate_name(*fate) == name) {
            by_model.edits(&role, &model, fate, count(row, "n")?);
        }
    }
    Ok(())
}
