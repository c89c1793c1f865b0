//! `tenon.edit`, `tenon.fix` and the code actions: starts a task.

use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use crate::app::event::{EditRequest, Intent, Target};
use crate::app::state::State;
use crate::app::tasks::{self, Queued};
use crate::diff::lower::ProtectedConsent;
use crate::orchestrator::EditJob;
use crate::problem::{Category, Problem, plain};
use crate::prompt;
use crate::text::DocumentUri;

/// Longest title, in characters.
const TITLE: usize = 60;

/// Answers `{"task": id}`.
pub(in crate::app) fn edit(state: &mut State, request: EditRequest) -> Result<Value, Problem> {
    if let Intent::Instruction(text) = &request.intent
        && text.trim().is_empty()
    {
        return Err(Problem::error("no-instruction", Category::Request, "the instruction is empty")
            .hint("say what should change, e.g. `make this function async`"));
    }
    let target = resolve(state, &request.target)?;
    state.trusted(&target)?;
    let (root, alone) = home_of(state, &target);
    if alone && state.live(&target).is_none() && !state.client.folders.is_empty() {
        let message = "the file is in no folder of the workspace and not open; nothing was sent";
        return Err(Problem::error("outside-workspace", Category::Request, message)
            .hint("open the file in the editor, or its folder"));
    }
    let consent = consent(state, &request.consent)?;
    let task = state.tasks.next_id();
    let title = title(&request.intent);
    let instruction = in_words(&request.intent);
    let job = EditJob {
        task: task.clone(),
        root,
        alone,
        target,
        region: request.region,
        intent: request.intent,
        encoding: state.client.encoding,
        documents: Vec::new(),
        also: request.also,
        consent,
    };
    let queued = Queued::new(state, job, title, instruction, request.auto);
    tasks::submit(state, queued);
    Ok(json!({ "task": task }))
}

/// The user's word that a task may write these protected files. It comes with the user's own command and from nowhere
/// else, and counts in a trusted workspace only: what such files decide is what trust is about.
fn consent(state: &State, paths: &[String]) -> Result<ProtectedConsent, Problem> {
    let mut consent = ProtectedConsent::default();
    for path in paths {
        consent.allow(path).map_err(|reason| {
            let message = format!("the consent to {path} cannot be taken: {reason}");
            Problem::error("no-consent", Category::Request, message).hint(
                "name one file by its path below the workspace; change `.git` and tenon's own files by hand",
            )
        })?;
    }
    if !paths.is_empty() && !state.parts.trust.is_trusted() {
        let message = "protected files are not written in a workspace that is not trusted";
        return Err(Problem::error("restricted-workspace", Category::Request, message)
            .hint("look at it with `tenon trust --show`, or change them by hand"));
    }
    Ok(consent)
}

/// The document meant. A path that is open under a URI of another spelling means that document.
pub(in crate::app) fn resolve(state: &State, target: &Target) -> Result<DocumentUri, Problem> {
    let path = match target {
        Target::Uri(uri) if state.documents.contains_key(uri) => return Ok(uri.clone()),
        Target::Uri(uri) if uri.to_path().is_some() => return Ok(state.spelling(uri.clone())),
        Target::Uri(uri) => {
            let message = format!("{} is not open", uri.as_str());
            return Err(Problem::error("unknown-document", Category::Request, message)
                .hint("open the document first"));
        }
        Target::Path(path) if path.is_absolute() => path.clone(),
        Target::Path(path) => {
            let Some(folder) = state.client.folders.first() else {
                let message = format!("{} is relative, and no folder is open", path.display());
                return Err(Problem::error("unknown-document", Category::Request, message)
                    .hint("give an absolute path or a URI"));
            };
            folder.join(path)
        }
    };
    Ok(state.spelling(DocumentUri::from_path(&plain_path(&path))))
}

/// A path without `.` and `..`, as an editor would name it; links are not followed.
fn plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            _ => plain.push(component),
        }
    }
    plain
}

/// The innermost workspace folder of a document; the file's own folder when it lies in none, and whether it does.
pub(in crate::app) fn home_of(state: &State, uri: &DocumentUri) -> (PathBuf, bool) {
    let Some(path) = uri.to_path() else {
        let first = state.client.folders.first();
        return (first.cloned().unwrap_or_default(), first.is_none());
    };
    let folders = state.client.folders.iter().filter(|folder| path.starts_with(folder));
    match folders.max_by_key(|folder| folder.components().count()) {
        Some(innermost) => (innermost.clone(), false),
        None => (path.parent().map(Path::to_owned).unwrap_or_default(), true),
    }
}

/// What is asked, in full.
fn in_words(intent: &Intent) -> String {
    let in_words = match intent {
        Intent::Instruction(text) => return text.clone(),
        // What it says is read with the file.
        Intent::Comment => prompt::Intent::Comment("(the comment)".to_owned()),
        Intent::Fix(findings) => {
            prompt::Intent::Fix(findings.iter().map(|finding| finding.message.clone()).collect())
        }
        Intent::Implement => prompt::Intent::Implement(None),
        Intent::Document => prompt::Intent::Document,
        Intent::Refactor => prompt::Intent::Refactor,
        Intent::Tests => prompt::Intent::Tests,
    };
    in_words.in_words()
}

/// The first line of `text`, shortened, for lists.
pub(super) fn in_short(text: &str) -> String {
    let line = plain(text.lines().next().unwrap_or_default());
    if line.chars().count() > TITLE { line.chars().take(TITLE - 1).chain(['…']).collect() } else { line }
}

fn title(intent: &Intent) -> String {
    let text = match intent {
        Intent::Instruction(text) => text.as_str(),
        Intent::Comment => "do what the comment says",
        Intent::Fix(findings) => {
            findings.first().map_or("fix what is wrong here", |finding| finding.message.as_str())
        }
        Intent::Implement => "implement the stub",
        Intent::Document => "document",
        Intent::Refactor => "refactor",
        Intent::Tests => "write tests",
    };
    in_short(text)
}
