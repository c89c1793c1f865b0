//! A [`Proposal`] as text that outlives the process: one JSON body, and the texts it was proved against beside it.
//!
//! Guarantees: [`read`] gives back exactly what [`write()`] was given, but for the tracks, which begin anew as those of
//! closed files. Nothing is guessed: an unknown version or field, a text that is not the one named, a hunk that does
//! not lie inside its text, and a path that leaves the workspace are errors.

use serde::{Deserialize, Serialize};

use super::{Decision, Proposal, ProposalId, ProposedChange, ProposedFile, ProposedHunk, Track};
use crate::diff::Hunk;
use crate::diff::gate::Note;
use crate::diff::impact::Impact;
use crate::text::{DocumentUri, Rope, sha256};

#[cfg(test)]
mod tests;

/// The form that this program writes and reads.
const VERSION: u64 = 1;

/// A proposal on its way to the disk.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProposal {
    /// JSON.
    pub body: String,
    /// The texts it was proved against, each once, in the order in which the body first names them.
    pub texts: Vec<Rope>,
}

/// What belongs to a proposal and lives beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// Name of what the model was asked for.
    pub role: String,
    /// What the answer behind it is kept under.
    pub answer: Option<String>,
}

/// Why a stored proposal cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// It is not the JSON that [`write()`] makes.
    #[error("a stored proposal cannot be read: {0}")]
    Malformed(String),
    /// Another version of tenon wrote it.
    #[error("a stored proposal has version {0}, which this tenon does not know")]
    UnknownVersion(u64),
    /// A text that it was proved against is not there.
    #[error("the text of {0} is not there")]
    MissingText(String),
    /// A path is not inside the workspace.
    #[error("{0} is no path inside a workspace")]
    BadPath(String),
    /// Its hunks are not those of its text, or not numbered as they are in a proposal.
    #[error("the changes of {0} do not belong to its text")]
    Inconsistent(String),
}

/// Writes a proposal.
pub fn write(proposal: &Proposal, aside: &Aside) -> StoredProposal {
    let mut texts: Vec<(String, Rope)> = Vec::new();
    let mut names = Vec::with_capacity(proposal.files.len());
    for file in &proposal.files {
        let name = sha256(file.track.base());
        if !texts.iter().any(|(known, _)| *known == name) {
            texts.push((name.clone(), file.track.base().clone()));
        }
        names.push(name);
    }
    let body = body(proposal, aside, &names);
    StoredProposal { body, texts: texts.into_iter().map(|(_, text)| text).collect() }
}

/// The body alone, where the names of the files' texts are known: no text is looked at.
pub fn body(proposal: &Proposal, aside: &Aside, names: &[String]) -> String {
    let files = proposal
        .files
        .iter()
        .zip(names)
        .map(|(file, name)| File {
            path: file.path.clone(),
            uri: file.uri().as_str().to_owned(),
            text: name.clone(),
            change: Change::of(&file.change),
            impact: file.impact.clone(),
        })
        .collect();
    let body = Body {
        version: VERSION,
        id: proposal.id.as_str().to_owned(),
        task: proposal.task.clone(),
        title: proposal.title.clone(),
        instruction: proposal.instruction.clone(),
        target: proposal.target.as_str().to_owned(),
        model: proposal.model.clone(),
        role: aside.role.clone(),
        answer: aside.answer.clone(),
        files,
        notes: proposal.notes.clone(),
    };
    // Only maps with other keys than text cannot be written; an empty body is refused when it is read.
    serde_json::to_string(&body).unwrap_or_default()
}

/// Reads a proposal back; `text` finds a text by its [`sha256`].
///
/// # Errors
/// [`StoredError`]; nothing of it is to be shown then.
pub fn read(body: &str, text: impl Fn(&str) -> Option<Rope>) -> Result<(Proposal, Aside), StoredError> {
    let malformed = |error: serde_json::Error| StoredError::Malformed(error.to_string());
    // Fields of other versions may be anything; the version says so before they are looked at.
    let Versioned { version } = serde_json::from_str(body).map_err(malformed)?;
    if version != VERSION {
        return Err(StoredError::UnknownVersion(version));
    }
    let body: Body = serde_json::from_str(body).map_err(malformed)?;
    let mut files = Vec::with_capacity(body.files.len());
    let mut number = 0;
    for file in body.files {
        files.push(file.read(&text, &mut number)?);
    }
    let proposal = Proposal {
        id: ProposalId::new(body.id),
        task: body.task,
        title: body.title,
        instruction: body.instruction,
        target: DocumentUri::new(body.target),
        model: body.model,
        files,
        notes: body.notes,
    };
    Ok((proposal, Aside { role: body.role, answer: body.answer }))
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    version: u64,
    id: String,
    task: String,
    title: String,
    instruction: String,
    target: String,
    model: String,
    role: String,
    answer: Option<String>,
    files: Vec<File>,
    notes: Vec<Note>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    uri: String,
    /// Name of the text that the model saw.
    text: String,
    change: Change,
    impact: Vec<Impact>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Change {
    Modify(Vec<Numbered>),
    Create { number: usize, text: String, decision: Decision },
    Delete { number: usize, decision: Decision },
    Rename { number: usize, to: String, uri: String, hunks: Vec<Hunk>, decision: Decision },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbered {
    number: usize,
    hunk: Hunk,
    decision: Decision,
}

impl Change {
    fn of(change: &ProposedChange) -> Self {
        match change.clone() {
            ProposedChange::Modify(hunks) => Self::Modify(hunks.into_iter().map(Numbered::from).collect()),
            ProposedChange::Create { number, text, decision } => Self::Create { number, text, decision },
            ProposedChange::Delete { number, decision } => Self::Delete { number, decision },
            ProposedChange::Rename { number, to, uri, hunks, decision } => {
                Self::Rename { number, to, uri: uri.as_str().to_owned(), hunks, decision }
            }
        }
    }

    fn read(self) -> ProposedChange {
        match self {
            Self::Modify(hunks) => {
                ProposedChange::Modify(hunks.into_iter().map(ProposedHunk::from).collect())
            }
            Self::Create { number, text, decision } => ProposedChange::Create { number, text, decision },
            Self::Delete { number, decision } => ProposedChange::Delete { number, decision },
            Self::Rename { number, to, uri, hunks, decision } => {
                ProposedChange::Rename { number, to, uri: DocumentUri::new(uri), hunks, decision }
            }
        }
    }
}

impl From<ProposedHunk> for Numbered {
    fn from(ProposedHunk { number, hunk, decision }: ProposedHunk) -> Self {
        Self { number, hunk, decision }
    }
}

impl From<Numbered> for ProposedHunk {
    fn from(Numbered { number, hunk, decision }: Numbered) -> Self {
        Self { number, hunk, decision }
    }
}

impl File {
    fn read(
        self,
        text: impl Fn(&str) -> Option<Rope>,
        number: &mut usize,
    ) -> Result<ProposedFile, StoredError> {
        let path = self.path;
        inside(&path)?;
        if let Change::Rename { to, .. } = &self.change {
            inside(to)?;
        }
        let missing = || StoredError::MissingText(path.clone());
        let base = text(&self.text).ok_or_else(missing)?;
        if sha256(&base) != self.text {
            return Err(missing());
        }
        let change = self.change.read();
        let fits = match &change {
            ProposedChange::Modify(hunks) => fit(hunks.iter().map(|hunk| &hunk.hunk), &base),
            ProposedChange::Rename { hunks, .. } => fit(hunks, &base),
            ProposedChange::Create { .. } | ProposedChange::Delete { .. } => true,
        };
        let track = Track::closed(DocumentUri::new(self.uri), base);
        let file = ProposedFile { path, track, change, impact: self.impact };
        let numbered = file.decisions().iter().all(|(found, _)| {
            *number += 1;
            *found == *number - 1
        });
        if fits && numbered { Ok(file) } else { Err(StoredError::Inconsistent(file.path)) }
    }
}

fn inside(path: &str) -> Result<(), StoredError> {
    let plain = !path.starts_with(['/', '\\'])
        && !path.contains('\0')
        && path.split(['/', '\\']).all(|part| !matches!(part, "" | "." | ".."));
    if plain { Ok(()) } else { Err(StoredError::BadPath(path.to_owned())) }
}

/// Whether hunks are sorted, disjoint, and between characters of `base`.
fn fit<'h>(hunks: impl IntoIterator<Item = &'h Hunk>, base: &Rope) -> bool {
    let mut last: Option<&Hunk> = None;
    for hunk in hunks {
        let range = &hunk.range;
        let disjoint = last
            .is_none_or(|last| last.range.end <= range.start && !(range.is_empty() && last.range == *range));
        if range.start > range.end || !disjoint || base.get_byte_slice(range.clone()).is_none() {
            return false;
        }
        last = Some(hunk);
    }
    true
}
