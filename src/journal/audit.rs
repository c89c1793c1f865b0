//! The audit log. Its triggers let nothing be changed or taken away, whatever a later version of this code does.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use super::{millis, moment, whole};
use crate::ports::AuditRecord;

/// `at` is milliseconds since 1970. Sessions expire; their entries stay.
pub(super) const AUDIT: &str = "
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        session TEXT,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
        BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
        BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
        BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
";

/// Appends an entry.
pub(super) fn append(connection: &Connection, record: &AuditRecord, now: Duration) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, session, action, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![millis(now), record.session, record.action, record.subject, record.detail])?;
    Ok(())
}

/// The newest entries, newest first.
pub(super) fn newest(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<AuditRecord>> {
    let record = |row: &Row<'_>| {
        Ok(AuditRecord {
            at: moment(row, 0)?,
            session: row.get(1)?,
            action: row.get(2)?,
            subject: row.get(3)?,
            detail: row.get(4)?,
        })
    };
    connection
        .prepare("SELECT at, session, action, subject, detail FROM audit ORDER BY id DESC LIMIT ?1")?
        .query_map([whole(limit as u64)], record)?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_grows() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(AUDIT).unwrap();
        let record = |action: &str| AuditRecord {
            at: Duration::from_secs(7),
            session: None,
            action: action.to_owned(),
            subject: "o1".to_owned(),
            detail: String::new(),
        };
        for action in ["applied", "undone"] {
            append(&connection, &record(action), Duration::from_secs(7)).unwrap();
        }
        for sql in [
            "UPDATE audit SET detail = 'x'",
            "DELETE FROM audit",
            "INSERT OR REPLACE INTO audit (id, at, action, subject, detail) VALUES (1, 0, '', '', '')",
        ] {
            assert!(connection.execute(sql, []).is_err(), "{sql}");
        }
        assert_eq!(newest(&connection, 9).unwrap(), [record("undone"), record("applied")]);
        assert_eq!(newest(&connection, 1).unwrap().len(), 1);
    }
}
