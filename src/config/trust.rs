//! Which workspaces the user trusts, and whether what was trusted is still what is there.
//!
//! A workspace is restricted until the user trusts it. Trust is given to content: to the digests of the files that
//! count ([`WATCHED`]), in the folder with this path, this owner and this identity. When any of it is not as it was,
//! the workspace is restricted again, and what changed is named. The record lies in the user's state directory, where
//! no workspace reaches: a state directory inside the workspace gives no trust at all.

mod look;
mod store;

use std::fs;
use std::path::{Path, PathBuf};

use super::state_dir::StateDir;
use crate::ports::Trust;
use crate::problem::{Category, Problem, Severity, shell_word};
pub use look::{Found, Look};
use store::{Record, Store};

/// The file of settings that a workspace can have.
pub const SETTINGS: &str = ".tenon.toml";

/// Files whose content trust is given to, relative to the root: whatever steers tenon from inside a workspace belongs
/// here, present or not.
pub const WATCHED: &[&str] = &[SETTINGS];

/// The user's record of trusted workspaces.
#[derive(Debug, Clone)]
pub struct TrustStore {
    folder: PathBuf,
}

/// What came of comparing a workspace with the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What the workspace may do.
    pub trust: Trust,
    /// What is not as it was trusted, in words; only when the trust is [`Trust::Changed`].
    pub changes: Vec<String>,
    /// What was looked at; `None` where that was not possible.
    pub look: Option<Look>,
    /// Why nothing could be compared.
    pub problem: Option<Problem>,
}

impl Judged {
    /// A workspace of which nothing is known.
    fn restricted(look: Option<Look>, problem: Option<Problem>) -> Self {
        Self { trust: Trust::Restricted, changes: Vec::new(), look, problem }
    }

    /// The text of the workspace's settings, if they count.
    pub fn settings(&self) -> Option<&str> {
        self.look.as_ref().filter(|_| self.trust.is_trusted())?.settings()
    }

    /// What the user should be told of a workspace that is not trusted, if anything.
    pub fn notice(&self) -> Option<Problem> {
        let look = self.look.as_ref();
        let root = look.map(|look| look.root().display().to_string()).unwrap_or_default();
        let root = shell_word(&root);
        let warning = |code, message: String| {
            let hint = format!(
                "look at it with `tenon trust --show`, then trust it with `tenon trust --root {root}`"
            );
            let problem = Problem::error(code, Category::Configuration, message).hint(hint);
            Some(Problem { severity: Severity::Warning, ..problem })
        };
        match self.trust {
            Trust::Trusted => None,
            Trust::Changed => {
                let changes = self.changes.join(", ");
                let message = format!("{changes} since you trusted {root}: it is restricted again");
                warning("workspace-changed", message)
            }
            Trust::Restricted => {
                let there = look.is_some_and(|look| look.file(SETTINGS) != &Found::Nothing);
                let message =
                    format!("{SETTINGS} of {root} is not read, because the workspace is not trusted");
                match &self.problem {
                    // Without settings there is nothing to miss, but a damaged record concerns every workspace.
                    Some(problem) if there || problem.code == "trust-damaged" => {
                        Some(Problem { severity: Severity::Warning, ..problem.clone() })
                    }
                    None if there => warning("workspace-untrusted", message),
                    _ => None,
                }
            }
        }
    }
}

impl TrustStore {
    /// The record in a state directory.
    pub fn new(state: &StateDir) -> Self {
        Self { folder: state.path().to_owned() }
    }

    /// The record in the user's state directory, which need not exist; `None` without a home directory.
    pub fn of_user() -> Option<Self> {
        Some(Self { folder: StateDir::place()? })
    }

    /// Compares a workspace as it is now with the record.
    pub fn judge(&self, root: &Path) -> Judged {
        let look = match Look::at(root) {
            Ok(look) => look,
            Err(problem) => return Judged::restricted(None, Some(problem)),
        };
        match self.outside(look.root()).and_then(|()| self.store().read()) {
            Ok(records) => judged(look, &records),
            Err(problem) => Judged::restricted(Some(look), Some(problem)),
        }
    }

    /// Trusts exactly what was looked at.
    ///
    /// # Errors
    /// What was looked at cannot be trusted, or the record cannot be written.
    pub fn grant(&self, look: &Look) -> Result<(), Problem> {
        self.outside(look.root())?;
        let record = Record::of(look)?;
        self.store().change(|records| {
            records.retain(|known| known.root != record.root);
            records.push(record);
        })
    }

    /// Takes the trust in a folder back; says whether there was any. The folder need not exist any more.
    ///
    /// # Errors
    /// The record cannot be read or written.
    pub fn revoke(&self, root: &Path) -> Result<bool, Problem> {
        let root =
            fs::canonicalize(root).or_else(|_| std::path::absolute(root)).unwrap_or_else(|_| root.to_owned());
        let mut found = false;
        self.store().change(|records| {
            records.retain(|known| {
                let same = Path::new(&known.root) == root;
                found |= same;
                !same
            });
        })?;
        Ok(found)
    }

    fn store(&self) -> Store<'_> {
        Store { folder: &self.folder }
    }

    /// Refuses a record that the workspace itself could hold.
    fn outside(&self, root: &Path) -> Result<(), Problem> {
        let folder = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        if !folder.starts_with(root) {
            return Ok(());
        }
        let message = format!("the record of trust would be inside of {}", root.display());
        Err(Problem::error("state-inside-workspace", Category::Configuration, message)
            .hint("work in a smaller folder, or let TENON_STATE_DIR name one outside"))
    }
}

fn judged(look: Look, records: &[Record]) -> Judged {
    let Some(record) = records.iter().find(|record| Path::new(&record.root) == look.root()) else {
        return Judged::restricted(Some(look), None);
    };
    let changes = record.changes(&look);
    let trust = if changes.is_empty() { Trust::Trusted } else { Trust::Changed };
    Judged { trust, changes, look: Some(look), problem: None }
}

#[cfg(test)]
mod tests;
