//! `tenon metrics`: what all servers of the user counted, as Prometheus reads it.

use super::output::{self, Exit};
use crate::problem::Problem;
use crate::telemetry::AllNumbers;

/// Prints the numbers.
///
/// # Errors
/// stdout cannot be written to.
pub fn run(all: &AllNumbers) -> Result<Exit, Problem> {
    output::print(&all.numbers.text())?;
    Ok(Exit::Done)
}
