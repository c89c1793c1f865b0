//! What the journal keeps of one workspace, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::record::{Interrupted, Record, interrupted};
use crate::diff::render::visible;
use crate::ports::{OperationQuery, Trust};
use crate::problem::Problem;

/// Operations read from the journal at once.
const PAGE: usize = 500;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    root: String,
    trust: Trust,
    /// Whether there is a journal to read from.
    journal: bool,
    /// Operations by their state.
    operations: BTreeMap<String, u64>,
    sessions: u64,
    /// Proposals with something undecided.
    open: u64,
    /// Operations that no living process will end.
    interrupted: Vec<Interrupted>,
}

impl Kept {
    /// Reads it.
    ///
    /// # Errors
    /// The journal fails.
    pub(super) fn read(record: &Record, root: String, trust: Trust) -> Result<Self, Problem> {
        let mut kept = Self { root, trust, journal: record.journal().outlives(), ..Self::default() };
        let mut query =
            OperationQuery { root: Some(kept.root.clone()), limit: PAGE, ..OperationQuery::default() };
        loop {
            let page = record.wait(record.journal().operations(query.clone()))?;
            for operation in &page {
                *kept.operations.entry(operation.head.state.name().to_owned()).or_default() += 1;
            }
            query.before = page.last().map(|operation| operation.head.number);
            if page.len() < PAGE {
                break;
            }
        }
        for session in record.wait(record.journal().sessions(Some(&kept.root)))? {
            kept.sessions += 1;
            kept.open += session.n_open;
        }
        kept.interrupted = interrupted(record, Some(&kept.root))?;
        Ok(kept)
    }

    /// The same for people.
    pub(super) fn text(&self) -> String {
        let head = format!("workspace {}, {}\n", visible(&self.root), self.trust.word());
        if !self.journal {
            return format!("{head}  there is no journal to read what was done from\n");
        }
        let operations = super::listed(&self.operations);
        let operations = if operations.is_empty() { "none" } else { &operations };
        let mut text = format!(
            "{head}  operations    {operations}\n  sessions      {}, with {} proposal(s) to decide on\n",
            self.sessions, self.open
        );
        for left in &self.interrupted {
            let problem = left.problem();
            text.push_str(&format!("  interrupted   {}\n", problem.message));
            text.extend(problem.hint.map(|hint| format!("{:16}{hint}\n", "")));
        }
        text
    }
}
