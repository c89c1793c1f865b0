//! As typed → resolved: fills in defaults, follows names, judges URLs and key sources.
//!
//! Shapes, types and ranges have been checked before; what is left needs two places of the file at once, or a rule
//! that a schema cannot say. Every fault is collected.

mod model;
mod policy;
mod provider;
mod roles;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

pub(super) use self::model::PRICE_PLACES;
pub(super) use self::policy::MONEY_PLACES;
use super::check::{Lines, join};
use super::error::{Fault, FaultKind};
use super::raw;
use super::resolved::{Config, DEFAULT_COMMENT_MARKER, Limits, Origins, ReviewMode};
use crate::ports::OwnAction;

/// Resolves a checked file; `path` is where it stands.
pub(super) fn resolve(file: &raw::File, path: &Path, lines: Lines) -> Result<Config, Vec<Fault>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut resolver = Resolver { file, folder, lines: &lines, faults: Vec::new() };
    let providers = resolver.providers();
    let models = resolver.models();
    let roles = resolver.roles();
    let config = Config {
        providers,
        models,
        splits: resolver.splits(&roles),
        review_mode: match file.review.mode {
            None | Some(raw::ReviewMode::Review) => ReviewMode::Review,
            Some(raw::ReviewMode::Auto) => ReviewMode::Auto,
        },
        limits: limits(&file.limits),
        comment_marker: resolver.comment_marker(),
        actions: resolver.actions(),
        budget: resolver.budget(&roles),
        cache: policy::cache(&file.cache),
        outgoing: resolver.outgoing(),
        completion: policy::completion(&file.completion),
        recordings: file.recorder.folder.as_ref().map(|to| folder.join(to)),
        alerts: policy::alerts(&file.alerts),
        roles,
        ..Config::default()
    };
    let mut faults = resolver.faults;
    if faults.is_empty() {
        return Ok(Config { origins: Origins::of_file(path.to_owned(), lines, file.clone()), ..config });
    }
    faults.sort_by_key(|fault| fault.line);
    Err(faults)
}

struct Resolver<'a> {
    file: &'a raw::File,
    /// What relative paths are relative to.
    folder: &'a Path,
    lines: &'a Lines,
    faults: Vec<Fault>,
}

impl Resolver<'_> {
    fn fault(&mut self, key: &str, kind: FaultKind) {
        self.fault_at(key, key, kind);
    }

    /// A fault of a key that is shown where another one stands.
    fn fault_at(&mut self, key: &str, place: &str, kind: FaultKind) {
        let line = self.lines.get(place).copied().unwrap_or(0);
        self.faults.push(Fault { key: key.to_owned(), line, kind });
    }

    fn comment_marker(&mut self) -> String {
        let marker = self.file.edit.comment_marker.as_deref().unwrap_or(DEFAULT_COMMENT_MARKER).trim();
        if marker.is_empty() || marker.chars().any(char::is_control) {
            let limits = "visible text on one line".to_owned();
            self.fault("edit.comment_marker", FaultKind::OutOfRange(limits));
        }
        marker.to_owned()
    }

    fn actions(&mut self) -> BTreeMap<String, OwnAction> {
        let file = self.file;
        for (name, action) in &file.actions {
            if action.title.trim().is_empty() || action.title.chars().any(char::is_control) {
                let limits = "visible text on one line".to_owned();
                self.fault(&join(&join("actions", name), "title"), FaultKind::OutOfRange(limits));
            }
            if action.instruction.trim().is_empty() {
                let limits = "some words".to_owned();
                self.fault(&join(&join("actions", name), "instruction"), FaultKind::OutOfRange(limits));
            }
        }
        let own = |action: &raw::Action| OwnAction {
            title: action.title.trim().to_owned(),
            instruction: action.instruction.clone(),
            languages: action.languages.clone().unwrap_or_default(),
            selection: action.selection.unwrap_or(false),
        };
        file.actions.iter().map(|(name, action)| (name.clone(), own(action))).collect()
    }
}

fn limits(raw: &raw::Limits) -> Limits {
    let default = Limits::default();
    Limits {
        concurrent_tasks: raw.concurrent_tasks.map_or(default.concurrent_tasks, |n| n as usize),
        files: raw.files.map_or(default.files, |n| n as usize),
        file_bytes: raw.file_bytes.unwrap_or(default.file_bytes),
        task: raw.task_seconds.map_or(default.task, |n| Duration::from_secs(n.into())),
        repair_rounds: raw.repair_rounds.unwrap_or(default.repair_rounds),
    }
}
