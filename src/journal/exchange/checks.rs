//! What an imported session must be.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::{Exported, FORM, referenced};
use crate::diff::lower::is_protected;
use crate::journal::failure::Failure;
use crate::problem::{Category, Problem};
use crate::text::DocumentUri;

/// Most things of a kind.
const COUNT: usize = 20_000;

/// Longest text of a file, in bytes.
const TEXT: usize = 16 << 20;

/// All texts, in bytes.
const TEXTS: usize = 256 << 20;

/// All texts as often as something refers to them, in bytes: whoever goes through the records reads so much.
const REFERENCED: usize = 256 << 20;

/// Longest title, instruction or body, in bytes.
const WORDS: usize = 4 << 20;

/// Longest name, id or path, in bytes.
const NAME: usize = 4096;

/// Most characters of a text that a message shows.
const SHOWN: usize = 80;

/// Something in it is not as we write it.
pub(super) fn invalid(what: &str) -> Failure {
    let message = format!("the session cannot be imported: {what}");
    Problem::error("session-invalid", Category::Request, message)
        .hint("only what `tenon sessions export` wrote can be imported; nothing was kept")
        .into()
}

/// The same of what it says at one place, as much of that as fits a line.
pub(super) fn invalid_at(what: &str, text: &str) -> Failure {
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "..." } else { "" };
    invalid(&format!("{what}: {shown:?}{more}"))
}

/// Sizes, paths and ids.
pub(super) fn check(exported: &Exported) -> Result<(), Failure> {
    if exported.tenon_session != FORM {
        return Err(invalid("it is of another version"));
    }
    let counts = [
        exported.tasks.len(),
        exported.steps.len(),
        exported.proposals.len(),
        exported.decisions.len(),
        exported.operations.len(),
        exported.texts.len(),
        exported.proposals.iter().map(|proposal| proposal.files.len()).sum(),
        exported.operations.iter().map(|operation| operation.files.len().max(operation.hunks.len())).sum(),
    ];
    let total = exported.texts.values().map(String::len).fold(0, usize::saturating_add);
    let size = |name: &str| exported.texts.get(name).map_or(0, String::len);
    let referenced = referenced(exported).map(size).fold(0, usize::saturating_add);
    if counts.into_iter().any(|n| n > COUNT) || total > TEXTS || referenced > REFERENCED {
        return Err(invalid("it is too large"));
    }
    if let Some((name, _)) = exported.texts.iter().find(|(_, text)| text.len() > TEXT) {
        return Err(invalid_at("a text is too large", name));
    }
    let long = |word: &str| invalid_at("a title, instruction or detail is too long", word);
    words(exported).try_for_each(|word| if word.len() <= WORDS { Ok(()) } else { Err(long(word)) })?;
    names(exported).try_for_each(name)
}

fn words(exported: &Exported) -> impl Iterator<Item = &str> {
    let tasks = exported.tasks.iter().flat_map(|task| [&task.title, &task.instruction]);
    let steps = exported.steps.iter().map(|step| &step.detail);
    let proposals = exported.proposals.iter().flat_map(|proposal| [&proposal.title, &proposal.instruction]);
    let operations =
        exported.operations.iter().flat_map(|operation| [&operation.title, &operation.instruction]);
    tasks.chain(steps).chain(proposals).chain(operations).map(String::as_str)
}

fn names(exported: &Exported) -> impl Iterator<Item = &str> {
    let tasks = exported.tasks.iter().flat_map(|task| [&task.id, &task.kind]);
    let steps = exported.steps.iter().flat_map(|step| [&step.task, &step.stage]);
    let proposals = exported
        .proposals
        .iter()
        .flat_map(|proposal| [&proposal.id, &proposal.task, &proposal.model, &proposal.role]);
    let decisions = exported.decisions.iter().flat_map(|decision| [&decision.proposal, &decision.decision]);
    let operations = exported
        .operations
        .iter()
        .flat_map(|operation| [&operation.proposal, &operation.task, &operation.model]);
    tasks.chain(steps).chain(proposals).chain(decisions).chain(operations).map(String::as_str)
}

fn name(text: &str) -> Result<(), Failure> {
    let good = text.len() <= NAME && !text.chars().any(char::is_control);
    if good { Ok(()) } else { Err(invalid_at("a name is too long, or has control characters", text)) }
}

/// The root that it comes from, and the one that it goes to.
pub(super) struct Roots {
    pub(super) old: PathBuf,
    pub(super) new: PathBuf,
}

impl Roots {
    /// The document of `path`, which `uri` named at the old root.
    pub(super) fn document(&self, path: &str, uri: &str) -> Result<DocumentUri, Failure> {
        relative(path)?;
        let document = self.moved(uri)?;
        let there = self.new.join(path);
        if document.to_path() == Some(there) {
            Ok(document)
        } else {
            Err(invalid_at("a document is not that of its path", path))
        }
    }

    /// The document that is to the new root what `uri` was to the old one.
    pub(super) fn moved(&self, uri: &str) -> Result<DocumentUri, Failure> {
        let path = DocumentUri::new(uri).to_path();
        let inside = path.as_deref().and_then(|path| path.strip_prefix(&self.old).ok());
        let inside =
            inside.and_then(Path::to_str).ok_or_else(|| invalid_at("a document is outside its root", uri))?;
        relative(inside)?;
        Ok(DocumentUri::from_path(&self.new.join(inside)))
    }

    /// A proposal's body with its documents moved. It is JSON of which only this is known here: documents are `file:`
    /// texts under keys that end in `uri`, paths are under keys that end in `path`, or are `to` or `from`.
    pub(super) fn body(&self, body: Value) -> Result<Value, Failure> {
        if body.to_string().len() > WORDS {
            return Err(invalid("a body is too long"));
        }
        self.moved_body("", body)
    }

    fn moved_body(&self, key: &str, body: Value) -> Result<Value, Failure> {
        Ok(match body {
            Value::String(text) if key.ends_with("uri") || key == "target" => {
                Value::String(self.moved(&text)?.as_str().to_owned())
            }
            Value::String(text) if key.ends_with("path") || key == "to" || key == "from" => {
                relative(&text)?;
                Value::String(text)
            }
            Value::Array(items) => Value::Array(
                items.into_iter().map(|item| self.moved_body(key, item)).collect::<Result<_, _>>()?,
            ),
            Value::Object(fields) => {
                // What is shown is the path, what would be changed is the document.
                for path in ["path", "to"].into_iter().filter_map(|key| fields.get(key)) {
                    if let (Some(path), Some(uri)) = (path.as_str(), fields.get("uri")) {
                        self.document(path, uri.as_str().unwrap_or_default())?;
                    }
                }
                let fields = fields.into_iter().map(|(key, value)| {
                    let value = self.moved_body(&key, value)?;
                    Ok::<_, Failure>((key, value))
                });
                Value::Object(fields.collect::<Result<_, _>>()?)
            }
            other => other,
        })
    }
}

/// Whether `path` stays where it is put, relative, with `/` between parts that are names; and decides neither what runs
/// nor whom to trust: nobody here consented to that.
fn relative(path: &str) -> Result<(), Failure> {
    let plain = !path.is_empty()
        && path.len() <= NAME
        && !path.contains(['\\', ':'])
        && !path.chars().any(char::is_control)
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain {
        return Err(invalid_at("a path leaves its root, or is none", path));
    }
    if is_protected(path) {
        return Err(invalid_at(
            "a protected file is in it, and a consent to write such a file does not come from outside",
            path,
        ));
    }
    Ok(())
}
