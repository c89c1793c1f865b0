//! The workspace's folders and what is trusted of them, looked at again whenever something depends on it.
//!
//! Guarantees: trust is never remembered longer than from one such moment to the next, and the user hears of its loss.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::chronicle;
use super::commands;
use super::event::{Command, InternalEvent, Reply};
use super::state::State;
use crate::ports::{TrustJudge, Verdict};
use crate::problem::{Category, Problem, Severity};

/// Takes what was found just now.
pub(super) fn know(state: &mut State, verdict: Verdict) {
    let Verdict { trust, notices } = verdict;
    let was_trusted = state.parts.trust.is_trusted();
    state.parts.trust = trust;
    if !was_trusted || trust.is_trusted() {
        return;
    }
    if notices.is_empty() {
        let message = "the workspace is not trusted any more: it is restricted again";
        let problem = Problem::error("workspace-changed", Category::Configuration, message)
            .hint("look at it with `tenon trust --show`");
        return state.tell(&Problem { severity: Severity::Warning, ..problem });
    }
    for notice in &notices {
        state.tell(notice);
    }
}

/// The status, with the trust as it is now.
pub(super) fn status(state: &mut State, reply: Reply<Value>) {
    look_again(state, Some(reply));
}

/// Folders came or went.
pub(super) fn folders_changed(state: &mut State, added: Vec<PathBuf>, removed: &[PathBuf]) {
    state.client.folders.retain(|folder| !removed.contains(folder));
    for folder in added {
        if !state.client.folders.contains(&folder) {
            state.client.folders.push(folder);
        }
    }
    chronicle::begin(state);
    look_again(state, None);
}

/// The folders were looked at.
pub(super) fn judged(state: &mut State, verdict: Option<Verdict>, reply: Option<Reply<Value>>) {
    if let Some(verdict) = verdict {
        know(state, verdict);
    }
    if let Some(reply) = reply {
        // Nobody waits any more when the request was cancelled.
        let _ = reply.send(commands::run(state, Command::Status));
    }
}

/// Has the folders looked at, where somebody can.
fn look_again(state: &mut State, reply: Option<Reply<Value>>) {
    let Some((judge, folders)) = question(state) else { return judged(state, None, reply) };
    let send = state.sender();
    tokio::spawn(async move {
        let looking = tokio::task::spawn_blocking(move || judge.judge(&folders));
        send(InternalEvent::Judged { verdict: looking.await.ok(), reply });
    });
}

impl State {
    /// Whether what was made for `root` may be applied without a decision, as far as is known before it is looked at
    /// again; that it may not is said once.
    pub(super) fn may_apply_unasked(&mut self, root: &Path) -> bool {
        let is_folder = self.client.folders.iter().any(|folder| folder == root);
        let may = is_folder && self.parts.trust.is_trusted();
        if !may && !std::mem::replace(&mut self.told_restricted, true) {
            self.tell(&restricted(is_folder));
        }
        may
    }
}

/// Why a change waits for a decision.
pub(super) fn restricted(is_folder: bool) -> Problem {
    let (message, hint) = if is_folder {
        (
            "the workspace is not trusted, so changes wait for your decision",
            "look at it and trust it with `tenon trust`",
        )
    } else {
        (
            "the file is in no folder of the workspace, so changes of it wait for your decision",
            "open its folder and trust that, or decide by hand",
        )
    };
    let problem = Problem::error("restricted", Category::Configuration, message).hint(hint);
    Problem { severity: Severity::Warning, ..problem }
}

/// Whoever says what is trusted, with the folders there are.
pub(super) fn question(state: &State) -> Option<(Arc<dyn TrustJudge>, Vec<PathBuf>)> {
    Some((state.parts.judge.clone()?, state.client.folders.clone()))
}
