//! A session as JSON, to keep elsewhere or to take to another machine, and back.
//!
//! What comes in was written by anybody: nothing of it is believed. Paths stay inside the root, documents are those
//! of the paths, texts have their hashes, sizes are bounded; one thing amiss and nothing of it is kept.

mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::blobs::{self, Hash, Texts};
use super::failure::Failure;
use super::key::from_hex;
use super::operations::{self, Sides, Writer};
use super::records::session_id;
use super::seal::Sealer;
use super::{proposals, sessions, work};
use crate::ports::{
    BaseFile, DecisionRecord, FileChange, FileRecord, FrontDoor, Imported, NewOperation, OperationState,
    ProposalRecord, ProposalStanding, StepRecord, TaskRecord,
};
use crate::text::{Rope, hex};
use checks::{Roots, check, invalid, invalid_at};

/// The version of the form.
const FORM: u32 = 1;

/// An exported session.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    tenon_session: u32,
    /// Of the machine it comes from.
    root: String,
    tasks: Vec<ExportedTask>,
    steps: Vec<ExportedStep>,
    proposals: Vec<ExportedProposal>,
    decisions: Vec<ExportedDecision>,
    operations: Vec<ExportedOperation>,
    /// Texts by their SHA-256.
    texts: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedTask {
    id: String,
    kind: String,
    title: String,
    instruction: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedStep {
    task: String,
    stage: String,
    detail: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedProposal {
    id: String,
    task: String,
    title: String,
    instruction: String,
    model: String,
    role: String,
    target: String,
    body: Value,
    hunks: usize,
    standing: String,
    files: Vec<ExportedBase>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedBase {
    path: String,
    uri: String,
    base: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedDecision {
    proposal: String,
    hunk: usize,
    decision: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedOperation {
    local: u64,
    proposal: String,
    task: String,
    title: String,
    instruction: String,
    model: String,
    hunks: Vec<usize>,
    state: String,
    files: Vec<ExportedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedFile {
    path: String,
    path_after: Option<String>,
    uri: String,
    uri_after: Option<String>,
    kind: String,
    before: Option<String>,
    after: Option<String>,
}

/// Texts on their way out.
#[derive(Default)]
struct Out(BTreeMap<String, String>);

impl Out {
    fn put(&mut self, text: Option<&Rope>) -> Option<String> {
        let text = text?.to_string();
        let hash = hex(&blobs::hash(text.as_bytes()));
        self.0.entry(hash.clone()).or_insert(text);
        Some(hash)
    }
}

/// All of `session`.
pub(super) fn export(connection: &Connection, sealer: &Sealer, session: &str) -> Result<Value, Failure> {
    let root = sessions::root(connection, session)?;
    let mut texts = Texts::new(connection, sealer);
    let mut out = Out::default();
    let proposals = proposals::of_session(connection, &mut texts, sealer, session)?;
    let mut statement =
        connection.prepare("SELECT number FROM operations WHERE session = ?1 ORDER BY number")?;
    let numbers: Vec<i64> = statement.query_map([session], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut operations = Vec::new();
    for number in numbers {
        let operation = operations::get(connection, &mut texts, sealer, number.unsigned_abs())?;
        let head = operation.head;
        operations.push(ExportedOperation {
            local: head.local,
            proposal: head.proposal,
            task: head.task,
            title: head.title,
            instruction: head.instruction,
            model: head.model,
            hunks: head.numbers,
            state: head.state.name().to_owned(),
            files: operation.files.into_iter().map(|file| export_file(file, &mut out)).collect(),
        });
    }
    let exported = Exported {
        tenon_session: FORM,
        root,
        tasks: work::tasks(connection, sealer, session)?.into_iter().map(export_task).collect(),
        steps: work::steps(connection, sealer, session)?.into_iter().map(export_step).collect(),
        proposals: proposals.into_iter().map(|proposal| export_proposal(proposal, &mut out)).collect(),
        decisions: proposals::decisions(connection, session)?.into_iter().map(export_decision).collect(),
        operations,
        texts: out.0,
    };
    serde_json::to_value(exported).map_err(|error| invalid(&error.to_string()))
}

fn export_task(TaskRecord { task, kind, title, instruction }: TaskRecord) -> ExportedTask {
    ExportedTask { id: task, kind, title, instruction }
}

fn export_step(StepRecord { task, stage, detail }: StepRecord) -> ExportedStep {
    ExportedStep { task, stage, detail }
}

fn export_decision((proposal, decision): (String, DecisionRecord)) -> ExportedDecision {
    ExportedDecision { proposal, hunk: decision.number, decision: decision.decision }
}

fn export_proposal(proposal: ProposalRecord, out: &mut Out) -> ExportedProposal {
    let file = |file: BaseFile| ExportedBase {
        base: out.put(file.base.as_ref()),
        uri: file.uri.as_str().to_owned(),
        path: file.path,
    };
    ExportedProposal {
        id: proposal.id,
        task: proposal.task,
        title: proposal.title,
        instruction: proposal.instruction,
        model: proposal.model,
        role: proposal.role,
        target: proposal.target.as_str().to_owned(),
        body: serde_json::from_str(&proposal.body).unwrap_or(Value::String(proposal.body)),
        hunks: proposal.n_hunks,
        standing: proposal.standing.name().to_owned(),
        files: proposal.files.into_iter().map(file).collect(),
    }
}

fn export_file(file: FileRecord, out: &mut Out) -> ExportedFile {
    ExportedFile {
        before: out.put(file.before.as_ref()),
        after: out.put(file.after.as_ref()),
        path: file.path,
        path_after: file.path_after,
        uri: file.uri.as_str().to_owned(),
        uri_after: file.uri_after.map(|uri| uri.as_str().to_owned()),
        kind: file.kind.name().to_owned(),
    }
}

/// Where a session comes to.
pub(super) struct Destination<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sealer: &'a Sealer,
    pub(super) process: &'a str,
    pub(super) root: &'a str,
    pub(super) now: Duration,
}

/// Begins a session there from an exported one. What the tables do not take is as invalid as the rest.
pub(super) fn import(to: &Destination<'_>, exported: Value) -> Result<Imported, Failure> {
    import_all(to, exported).map_err(|failure| match failure {
        Failure::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            invalid("something is in it twice, or belongs to nothing")
        }
        failure => failure,
    })
}

fn import_all(to: &Destination<'_>, exported: Value) -> Result<Imported, Failure> {
    let Destination { connection, sealer, process, root, now } = *to;
    let exported: Exported = serde_json::from_value(exported)
        .map_err(|error| invalid(&format!("its form is not known: {error}")))?;
    check(&exported)?;
    let roots = Roots { old: Path::new(&exported.root).to_owned(), new: Path::new(root).to_owned() };
    let texts = Incoming::new(&exported.texts)?;
    let session = session_id()?;
    sessions::begin(connection, &session, (root, FrontDoor::Imported), now)?;
    texts.keep(connection, sealer, referenced(&exported))?;
    for ExportedTask { id, kind, title, instruction } in exported.tasks {
        let task = TaskRecord { task: id, kind, title, instruction };
        work::record(connection, sealer, &session, &task, now)?;
    }
    for ExportedStep { task, stage, detail } in exported.steps {
        work::record_step(connection, sealer, &session, &StepRecord { task, stage, detail }, now)?;
    }
    let imported = Imported {
        session: session.clone(),
        n_proposals: exported.proposals.len(),
        n_operations: exported.operations.len(),
    };
    for proposal in exported.proposals {
        let (proposal, bases) = import_proposal(proposal, &roots, &texts)?;
        proposals::insert_kept(connection, sealer, &session, (&proposal, &bases), now)?;
    }
    for ExportedDecision { proposal, hunk, decision } in exported.decisions {
        let decision = DecisionRecord { number: hunk, decision };
        let id = (session.as_str(), proposal.as_str());
        proposals::decide(connection, id, &decision, now)
            .map_err(|_| invalid_at("a decision is on no proposal", &proposal))?;
    }
    let writer = Writer { session: &session, process, now };
    for operation in exported.operations {
        let (operation, sides, state) = import_operation(operation, &roots, &texts)?;
        operations::insert_kept(connection, sealer, writer, (&operation, &sides), state)?;
    }
    Ok(imported)
}

fn import_proposal(
    proposal: ExportedProposal,
    roots: &Roots,
    texts: &Incoming<'_>,
) -> Result<(ProposalRecord, Vec<Option<Hash>>), Failure> {
    let standing = ProposalStanding::of(&proposal.standing)
        .ok_or_else(|| invalid_at("a standing is not known", &proposal.standing))?;
    let bases = proposal.files.iter().map(|file| texts.hash(file.base.as_deref()));
    let bases = bases.collect::<Result<_, _>>()?;
    // The texts are kept already, and are told by their hashes.
    let file = |file: ExportedBase| {
        let uri = roots.document(&file.path, &file.uri)?;
        Ok::<_, Failure>(BaseFile { base: None, path: file.path, uri })
    };
    let proposal = ProposalRecord {
        target: roots.moved(&proposal.target)?,
        body: roots.body(proposal.body)?.to_string(),
        id: proposal.id,
        task: proposal.task,
        title: proposal.title,
        instruction: proposal.instruction,
        model: proposal.model,
        role: proposal.role,
        files: proposal.files.into_iter().map(file).collect::<Result<_, _>>()?,
        n_hunks: proposal.hunks,
        standing,
    };
    Ok((proposal, bases))
}

fn import_operation(
    operation: ExportedOperation,
    roots: &Roots,
    texts: &Incoming<'_>,
) -> Result<(NewOperation, Vec<Sides>, OperationState), Failure> {
    let state = OperationState::of(&operation.state)
        .ok_or_else(|| invalid_at("a state is not known", &operation.state))?;
    // What was under way there is not under way here.
    let state = if state.is_under_way() { OperationState::RolledBack } else { state };
    let mut files = Vec::new();
    let mut sides = Vec::new();
    for file in operation.files {
        let kind = FileChange::of(&file.kind)
            .ok_or_else(|| invalid_at("a kind of change is not known", &file.kind))?;
        let uri_after = match (&file.path_after, &file.uri_after) {
            (Some(path), Some(uri)) => Some(roots.document(path, uri)?),
            (None, None) => None,
            _ => return Err(invalid_at("a path after has no document", &file.path)),
        };
        sides.push([texts.hash(file.before.as_deref())?, texts.hash(file.after.as_deref())?]);
        files.push(FileRecord {
            uri: roots.document(&file.path, &file.uri)?,
            uri_after,
            kind,
            before: None,
            after: None,
            path: file.path,
            path_after: file.path_after,
        });
    }
    let operation = NewOperation {
        local: operation.local,
        proposal: operation.proposal,
        task: operation.task,
        title: operation.title,
        instruction: operation.instruction,
        model: operation.model,
        numbers: operation.hunks,
        files,
    };
    Ok((operation, sides, state))
}

/// The names of the texts that something refers to, as often as it does.
fn referenced(exported: &Exported) -> impl Iterator<Item = &str> {
    let bases = exported.proposals.iter().flat_map(|proposal| &proposal.files).map(|file| &file.base);
    let files = exported.operations.iter().flat_map(|operation| &operation.files);
    bases.chain(files.flat_map(|file| [&file.before, &file.after])).flatten().map(String::as_str)
}

/// Texts on their way in, each with the hash that it has.
struct Incoming<'a>(BTreeMap<Hash, &'a str>);

impl<'a> Incoming<'a> {
    fn new(texts: &'a BTreeMap<String, String>) -> Result<Self, Failure> {
        let mut checked = BTreeMap::new();
        for (name, text) in texts {
            let hash = blobs::hash(text.as_bytes());
            if from_hex(name) != Some(hash) {
                return Err(invalid_at("a text does not have its hash", name));
            }
            checked.insert(hash, text.as_str());
        }
        Ok(Self(checked))
    }

    /// Keeps each of the texts named once, however often it is named: it is hashed and sealed no second time.
    fn keep<'b>(
        &self,
        connection: &Connection,
        sealer: &Sealer,
        names: impl Iterator<Item = &'b str>,
    ) -> Result<(), Failure> {
        let names: BTreeSet<&str> = names.collect();
        for name in names {
            let hash = self.known(name)?;
            blobs::keep_as(connection, sealer, hash, self.0[&hash].as_bytes())?;
        }
        Ok(())
    }

    fn hash(&self, name: Option<&str>) -> Result<Option<Hash>, Failure> {
        name.map(|name| self.known(name)).transpose()
    }

    fn known(&self, name: &str) -> Result<Hash, Failure> {
        let hash = from_hex(name).filter(|hash| self.0.contains_key(hash));
        hash.ok_or_else(|| invalid_at("a text is missing", name))
    }
}

#[cfg(test)]
mod tests;
