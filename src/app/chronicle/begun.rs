//! Asks for the sessions of the workspace's folders.
//!
//! Guarantee: each folder is asked for once, by its name with every link followed, on a thread that may wait for files.

use std::path::PathBuf;
use std::sync::Arc;

use super::{PATIENCE, Word, when};
use crate::app::state::State;
use crate::ports::{FrontDoor, Journal, Kept, Resumed, SourceFiles, Unfinished};
use crate::problem::{Category, Problem};

/// A root and what the journal has of it.
#[derive(Debug)]
pub(in crate::app) struct Found {
    pub(super) name: String,
    pub(super) folders: Vec<PathBuf>,
    pub(super) taken: Result<Taken, Problem>,
}

/// The sessions that were taken over, the one for what is new first, and what was left under way in the root.
#[derive(Debug, Default)]
pub(in crate::app) struct Taken {
    pub(super) sessions: Vec<Resumed>,
    pub(super) unfinished: Vec<Unfinished>,
}

/// Asks for sessions of the folders that were not asked for yet. Without a folder there is nothing to come back to.
pub(in crate::app) fn begin(state: &mut State) {
    let asked = &mut state.chronicle.asked;
    let folders: Vec<PathBuf> =
        state.client.folders.iter().filter(|folder| !asked.contains(folder)).cloned().collect();
    if folders.is_empty() {
        return;
    }
    asked.extend(folders.iter().cloned());
    state.chronicle.n_opening += 1;
    let known: Vec<String> = state.chronicle.roots.iter().map(|root| root.name.clone()).collect();
    let (journal, files, door) =
        (state.parts.journal.clone(), Arc::clone(&state.parts.services.files), state.parts.door);
    let kept: Kept<Vec<Found>> = Box::pin(async move {
        let mut found = Vec::new();
        for (name, folders) in named(files, folders).await {
            let taken = if known.contains(&name) {
                Ok(Taken::default())
            } else {
                take(journal.as_ref(), &name, door).await
            };
            found.push(Found { name, folders, taken });
        }
        Ok(found)
    });
    when(state, kept, Word::Resumed);
}

/// Every folder by its name in the journal; one that comes twice has two spellings.
async fn named(files: Arc<dyn SourceFiles>, folders: Vec<PathBuf>) -> Vec<(String, Vec<PathBuf>)> {
    let wanted = folders.clone();
    let looking = tokio::task::spawn_blocking(move || {
        wanted.iter().map(|folder| files.canonical(folder)).collect::<Vec<_>>()
    });
    let canonical = match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(canonical)) => canonical,
        Ok(Err(_)) | Err(_) => folders.clone(),
    };
    let mut named: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for (canonical, folder) in canonical.into_iter().zip(folders) {
        let name = canonical.to_string_lossy().into_owned();
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, spellings)) => spellings.push(folder),
            None => named.push((name, vec![folder])),
        }
    }
    named
}

async fn take(journal: &dyn Journal, root: &str, door: FrontDoor) -> Result<Taken, Problem> {
    let first = in_time(journal.resume(root, door)).await?;
    let of = first.session.clone();
    let mut taken = Taken { sessions: vec![first], unfinished: Vec::new() };
    // The session is held by now: it is gone on with, whatever else does not come back.
    match in_time(journal.resume_waiting(root, door)).await {
        Ok(more) => taken.sessions.extend(more),
        Err(problem) => tracing::warn!(message = problem.message, "other sessions do not come back"),
    }
    match in_time(journal.unfinished(&of)).await {
        Ok(unfinished) => taken.unfinished = unfinished,
        Err(problem) => tracing::warn!(message = problem.message, "what was left under way is not judged"),
    }
    Ok(taken)
}

async fn in_time<T>(kept: Kept<T>) -> Result<T, Problem> {
    tokio::time::timeout(PATIENCE, kept).await.unwrap_or_else(|_| {
        Err(Problem::error("journal-unusable", Category::Storage, "the journal does not answer"))
    })
}
