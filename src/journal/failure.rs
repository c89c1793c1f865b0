//! Why something handed to a file's thread did not come about.

use crate::problem::Problem;

/// An error of `SQLite`, or one that has its own words already. Nothing of the entry is kept then.
#[derive(Debug)]
pub(super) enum Failure {
    Sqlite(rusqlite::Error),
    Problem(Problem),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Failure {
    /// Whether it lies in what one record says, and the others can be read all the same.
    pub(super) fn is_of_one_record(&self) -> bool {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows,
        };
        match self {
            Self::Problem(_) => true,
            Self::Sqlite(error) => matches!(
                error,
                FromSqlConversionFailure(..)
                    | IntegralValueOutOfRange(..)
                    | InvalidColumnType(..)
                    | QueryReturnedNoRows
            ),
        }
    }

    /// Counts a record that cannot be read instead of passing the failure on.
    pub(super) fn skipped<T>(
        read: Result<T, Self>,
        what: &str,
        n_unread: &mut usize,
    ) -> Result<Option<T>, Self> {
        match read {
            Err(failure) if failure.is_of_one_record() => {
                tracing::warn!(what, ?failure, "a record cannot be read");
                *n_unread += 1;
                Ok(None)
            }
            read => read.map(Some),
        }
    }
}
