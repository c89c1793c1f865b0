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
