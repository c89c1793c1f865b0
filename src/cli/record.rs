//! What the terminal writes into a workspace, written down before it happens.
//!
//! An operation is in the journal before the first file changes, and settled after the last one did. What an earlier
//! command left under way is finished or rolled back before anything else is written ([`recover()`]); what an editor left
//! is only told. The session of the workspace is held as long as a [`Held`] lives.

mod audit;
mod interrupted;
pub(in crate::cli) mod links;
pub(in crate::cli) mod operation;
mod recover;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

pub use audit::Noted;
pub use interrupted::{Interrupted, interrupted};
pub(in crate::cli) use recover::Recovered;

use super::{Exit, interrupt, output};

use crate::diff::lower::ProtectedConsent;
use crate::ports::{
    Direction, FileRecord, FrontDoor, Journal, Kept, NewOperation, OperationQuery, OperationRecord,
    OperationState, Settlement, Unfinished,
};
use crate::problem::{Category, Problem, Severity};
use crate::workspace::{Folder, NewText, Writes};

/// Times that it is tried to note in the journal what is in the files already.
const TRIES: usize = 3;
/// How long is waited in between; the journal waits for a lock itself.
const PAUSE: Duration = Duration::from_millis(100);

/// A journal that commands can wait for.
pub struct Record {
    journal: Arc<dyn Journal>,
    runtime: Runtime,
}

/// A workspace that is about to be written to, with its session.
pub(in crate::cli) struct Held<'r> {
    record: &'r Record,
    folder: Folder,
    root: String,
    session: String,
    next_operation: u64,
    /// What editors left under way, and only the user can end.
    left: Vec<Unfinished>,
    /// What commands left under way, and is settled now.
    recovered: Vec<Recovered>,
}

/// What became of a change that was written.
#[derive(Debug, Default)]
pub(in crate::cli) struct Made {
    /// The number of its operation; `None` where nothing keeps one.
    pub(in crate::cli) operation: Option<u64>,
    /// What is to be told besides.
    pub(in crate::cli) warning: Option<Problem>,
}

/// What an operation of the terminal is, in words.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Description {
    /// What people read.
    pub(in crate::cli) title: String,
    /// What was asked.
    pub(in crate::cli) instruction: String,
}

impl Record {
    /// Uses `journal`. Not for a thread that runs futures.
    ///
    /// # Errors
    /// The system has no resources for it.
    pub fn new(journal: Arc<dyn Journal>) -> Result<Self, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| {
            Problem::error("no-runtime", Category::Internal, format!("cannot wait for the journal: {error}"))
        })?;
        Ok(Self { journal, runtime })
    }

    /// The journal.
    pub(in crate::cli) fn journal(&self) -> &dyn Journal {
        self.journal.as_ref()
    }

    /// Waits for the disk.
    pub(in crate::cli) fn wait<T>(&self, kept: Kept<T>) -> Result<T, Problem> {
        self.runtime.block_on(kept)
    }

    /// Whether anything was ever done, or is kept, in the workspace of this name.
    ///
    /// # Errors
    /// The journal fails.
    pub(in crate::cli) fn knows(&self, root: &str) -> Result<bool, Problem> {
        let query = OperationQuery { root: Some(root.to_owned()), limit: 1, ..OperationQuery::default() };
        Ok(!self.wait(self.journal.operations(query))?.is_empty()
            || !self.wait(self.journal.sessions(Some(root)))?.is_empty())
    }

    /// Itself, for what is of no use without a journal on the disk.
    ///
    /// # Errors
    /// `no-journal` when there is none.
    pub(in crate::cli) fn on_disk(&self) -> Result<&Self, Problem> {
        if self.journal.outlives() {
            return Ok(self);
        }
        Err(Problem::error("no-journal", Category::Storage, "there is no journal to read what was done from")
            .hint("`tenon doctor` says what is wrong with it"))
    }

    /// Takes the session of the workspace `folder` and settles what was left under way there. Says what became of that.
    pub(in crate::cli) fn hold(&self, folder: Folder) -> Result<(Held<'_>, Vec<Problem>), Problem> {
        let root = root_name(folder.root());
        let resumed = self.wait(self.journal.resume(&root, FrontDoor::Terminal))?;
        let left = self.wait(self.journal.unfinished_elsewhere(&resumed.session))?;
        let mut held = Held {
            record: self,
            folder,
            root,
            session: resumed.session,
            next_operation: resumed.next_operation,
            left,
            recovered: Vec::new(),
        };
        let mut told = recover::recover(&mut held)?;
        if !held.recovered.is_empty() && interrupt::came() {
            told.iter().for_each(output::tell);
            // A stderr that is gone leaves nobody to tell.
            let said = "Interrupted: what was left under way is settled, and nothing else was begun.";
            let _ = writeln!(std::io::stderr().lock(), "{said}");
            std::process::exit(Exit::Cancelled.code().into());
        }
        told.extend(recover::left_by_editors(&held.left));
        Ok((held, told))
    }
}

/// Settles what was left under way in the workspace at `root`, and lets go of it again. Says what became of that.
///
/// # Errors
/// The journal fails, or there is no such folder.
pub fn recover(record: &Record, root: &Path) -> Result<Vec<Problem>, Problem> {
    Ok(record.hold(open(root)?)?.1)
}

/// Opens a workspace.
///
/// # Errors
/// There is no such folder.
pub(in crate::cli) fn open(root: &Path) -> Result<Folder, Problem> {
    Folder::open(root).map_err(|error| Problem::from(&error))
}

/// A root as the journal names it.
pub(in crate::cli) fn root_name(root: &Path) -> String {
    root.to_string_lossy().into_owned()
}

/// What was done is not in the journal yet.
fn behind(number: u64, problem: &Problem) -> Problem {
    let message = format!(
        "the files are written, but the journal does not say so of operation o{number} yet: {}",
        problem.message
    );
    let behind = Problem::error("journal-behind", Category::Storage, message)
        .hint("the next command that writes in this workspace catches up");
    Problem { severity: Severity::Warning, ..behind }
}

fn write(folder: &Folder, texts: &[NewText]) -> Result<(), Problem> {
    folder.prepare(texts).and_then(Writes::commit).map_err(|error| Problem::from(&error))
}

impl Held<'_> {
    /// The folder.
    pub(in crate::cli) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its name in the journal.
    pub(in crate::cli) fn root(&self) -> &str {
        &self.root
    }

    /// The operation of this number, if an editor left it under way.
    pub(in crate::cli) fn left(&self, number: u64) -> Option<&Unfinished> {
        self.left.iter().find(|left| left.operation.head.number == number)
    }

    /// The operation that was settled last when this workspace was taken, or the one of this number.
    pub(in crate::cli) fn recovered(&self, number: Option<u64>) -> Option<Recovered> {
        let is_meant = |one: &&Recovered| number.is_none_or(|number| one.number == number);
        self.recovered.iter().filter(is_meant).max_by_key(|one| one.number).copied()
    }

    /// Writes `texts`, all or none, as an operation of its own.
    ///
    /// # Errors
    /// Why nothing was written.
    pub(in crate::cli) fn make(
        &mut self,
        description: Description,
        texts: &[NewText],
    ) -> Result<Made, Problem> {
        let local = self.next_operation;
        self.next_operation += 1;
        let operation = NewOperation {
            local,
            proposal: String::new(),
            task: String::new(),
            title: description.title,
            instruction: description.instruction,
            model: String::new(),
            numbers: Vec::new(),
            files: texts.iter().map(|text| operation::file_record(self.folder.root(), text)).collect(),
        };
        let journal = self.record.journal();
        let hold = interrupt::hold();
        let number = self.record.wait(journal.prepare(&self.session, operation))?;
        let written = write(&self.folder, texts);
        let settled = self.settle(number, written, Settlement::Applied, None);
        hold.written();
        settled.map(|warning| Made { operation: Some(number), warning })
    }

    /// Ends what an editor left under way on the side from which it can be taken in `direction`, whichever side the files
    /// are on: that is looked at when it is taken. Killed at any point, the same can be asked for again.
    ///
    /// # Errors
    /// The journal fails, or somebody else was first.
    pub(in crate::cli) fn end_left(&self, left: &Unfinished, direction: Direction) -> Result<(), Problem> {
        use Settlement::{Applied, Redone, RolledBack, Undone};
        let head = &left.operation.head;
        let (first, then) = match (head.state, direction) {
            (OperationState::Undoing, Direction::Redo) => (Undone, None),
            (OperationState::Redoing, Direction::Undo) => (Redone, None),
            (OperationState::Undoing | OperationState::Redoing, _) => (RolledBack, None),
            (_, Direction::Undo) => (Applied, None),
            (_, Direction::Redo) => (Applied, Some(Undone)),
        };
        self.record.wait(self.record.journal().settle_left(&self.session, head.number, first))?;
        match then {
            Some(settlement) => self.end(head.number, settlement, None),
            None => Ok(()),
        }
    }

    /// Writes `texts`, all or none, which take `operation` in `direction`: what it wrote by consent may be written
    /// again. `settled` are the operation's files then, where they are others than before. Returns what is to be told
    /// besides.
    ///
    /// # Errors
    /// Why nothing was written.
    pub(in crate::cli) fn take(
        &self,
        operation: &OperationRecord,
        direction: Direction,
        texts: &[NewText],
        settled: Option<Vec<FileRecord>>,
    ) -> Result<Option<Problem>, Problem> {
        let number = operation.head.number;
        let journal = self.record.journal();
        let done = match direction {
            Direction::Undo => Settlement::Undone,
            Direction::Redo => Settlement::Redone,
        };
        if texts.is_empty() {
            return self.end(number, done, settled).map(|()| None);
        }
        let step = texts.iter().map(|text| operation::file_record(self.folder.root(), text)).collect();
        let hold = interrupt::hold();
        self.record.wait(journal.prepare_take(&self.session, number, direction, step))?;
        let written = write(&self.consented(&operation.files), texts);
        let settled = self.settle(number, written, done, settled.as_deref());
        hold.written();
        settled
    }

    /// The folder, where the files of a step that was done may be written, whatever their names.
    fn consented(&self, files: &[FileRecord]) -> Folder {
        let paths = files.iter().flat_map(|file| [Some(file.path.as_str()), file.path_after.as_deref()]);
        self.folder.clone().allowing(ProtectedConsent::recorded(paths.flatten()))
    }

    /// Notes how it ended, and passes on how the writing did. A journal that cannot note it makes nothing undone that is
    /// in the files: it is told.
    fn settle(
        &self,
        number: u64,
        written: Result<(), Problem>,
        done: Settlement,
        files: Option<&[FileRecord]>,
    ) -> Result<Option<Problem>, Problem> {
        match written {
            Ok(()) => {
                let mut ended = self.end(number, done, files.map(<[_]>::to_vec));
                for _ in 1..TRIES {
                    if ended.is_ok() {
                        break;
                    }
                    std::thread::sleep(PAUSE);
                    ended = self.end(number, done, files.map(<[_]>::to_vec));
                }
                Ok(ended.err().map(|problem| behind(number, &problem)))
            }
            // It stays under way, so that the next command finishes it or rolls it back.
            Err(problem) if problem.code == "half-written" => Err(problem),
            Err(problem) => {
                // The next command finds that nothing was written.
                let _ = self.end(number, Settlement::RolledBack, None);
                Err(problem)
            }
        }
    }

    /// Settles an operation.
    fn end(
        &self,
        number: u64,
        settlement: Settlement,
        files: Option<Vec<FileRecord>>,
    ) -> Result<(), Problem> {
        self.record.wait(self.record.journal().settle(&self.session, number, settlement, files))
    }

    /// Notes in the audit log what was done here.
    pub(in crate::cli) fn note(&self, action: Noted, subject: &str) {
        self.record.note(Some(&self.session), action, subject, &self.root);
    }
}
