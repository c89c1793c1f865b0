//! The configuration as the program uses it: every value present, in range and consistent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::check::Lines;
use super::raw;
use crate::model::{
    Budget, CacheSettings, CompletionSettings, ModelSettings, OutgoingRules, ProviderSettings, Role,
};
use crate::ports::{OwnAction, Thresholds};
pub use crate::review::ReviewMode;

/// What ends a comment that is an instruction, unless the user says otherwise.
pub const DEFAULT_COMMENT_MARKER: &str = "AI!";

/// Caps on work and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tasks that run at the same time.
    pub concurrent_tasks: usize,
    /// Files that one request shows to the model, its own among them; further ones that were asked for are left out.
    /// Files that a proposal creates are not counted.
    pub files: usize,
    /// Largest file that is read or edited, in bytes.
    pub file_bytes: u64,
    /// Longest run of one task.
    pub task: Duration,
    /// How often refused edits go back to the model, 1 to 3.
    pub repair_rounds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrent_tasks: 10,
            files: 50,
            file_bytes: 1_000_000,
            task: Duration::from_secs(300),
            repair_rounds: 1,
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line (from 1) of a file.
    File(PathBuf, usize),
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// Where each value came from, by key path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origins {
    file: PathBuf,
    lines: Lines,
    /// The file as typed, for a layer above it.
    typed: Arc<raw::File>,
    workspace: Option<(PathBuf, Lines)>,
    flags: BTreeMap<String, &'static str>,
}

impl Origins {
    pub(super) fn of_file(file: PathBuf, lines: Lines, typed: raw::File) -> Self {
        Self { file, lines, typed: Arc::new(typed), ..Self::default() }
    }

    /// The same below the layer of a workspace.
    pub(super) fn below(&self, workspace: PathBuf, lines: Lines) -> Self {
        Self { workspace: Some((workspace, lines)), ..self.clone() }
    }

    /// The user's file; empty where none was read.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The user's file as typed.
    pub(super) fn typed(&self) -> &raw::File {
        &self.typed
    }

    /// Where the value at a key path, such as `limits.files`, came from.
    pub fn of(&self, key: &str) -> Origin {
        if let Some(flag) = self.flags.get(key) {
            return Origin::Flag(flag);
        }
        let layers =
            self.workspace.iter().map(|(file, lines)| (file, lines)).chain([(&self.file, &self.lines)]);
        let mut set = layers.filter_map(|(file, lines)| Some(Origin::File(file.clone(), *lines.get(key)?)));
        set.next().unwrap_or(Origin::Default)
    }
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Providers by name.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Models by name; each names a provider that exists.
    pub models: BTreeMap<String, ModelSettings>,
    /// Models by role, preferred first; each is in `models`. No entry is empty.
    pub roles: BTreeMap<Role, Vec<String>>,
    /// Models of a role that share its first place, each with its weight; the session decides for one of them.
    pub splits: BTreeMap<Role, BTreeMap<String, u32>>,
    /// Who decides about proposals.
    pub review_mode: ReviewMode,
    /// Caps on work and size.
    pub limits: Limits,
    /// A comment that ends in this is an instruction; never blank.
    pub comment_marker: String,
    /// Limits on what is spent.
    pub budget: Budget,
    /// How complete answers are kept.
    pub cache: CacheSettings,
    /// What must not be sent.
    pub outgoing: OutgoingRules,
    /// Requests of the user's own, by name.
    pub actions: BTreeMap<String, OwnAction>,
    /// How text is completed at the cursor.
    pub completion: CompletionSettings,
    /// Folder that every reply is recorded in, for reports and tests; `None` records nothing.
    pub recordings: Option<PathBuf>,
    /// From when on the user is warned.
    pub alerts: Thresholds,
    /// Where each value came from.
    pub origins: Origins,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            providers: BTreeMap::new(),
            models: BTreeMap::new(),
            roles: BTreeMap::new(),
            splits: BTreeMap::new(),
            review_mode: ReviewMode::default(),
            limits: Limits::default(),
            comment_marker: DEFAULT_COMMENT_MARKER.to_owned(),
            actions: BTreeMap::new(),
            budget: Budget::default(),
            cache: CacheSettings::default(),
            outgoing: OutgoingRules::default(),
            completion: CompletionSettings::default(),
            recordings: None,
            alerts: Thresholds::default(),
            origins: Origins::default(),
        }
    }
}

impl Config {
    /// Sets the review mode from a flag, over what the file says.
    pub fn override_review_mode(&mut self, mode: ReviewMode, flag: &'static str) {
        self.review_mode = mode;
        self.origins.flags.insert("review.mode".to_owned(), flag);
    }

    /// The models of a role with their providers, preferred first.
    pub fn models_of(&self, role: Role) -> Vec<(&ProviderSettings, &ModelSettings)> {
        let names = self.roles.get(&role).map(Vec::as_slice).unwrap_or_default();
        names
            .iter()
            .filter_map(|name| {
                let model = self.models.get(name)?;
                Some((self.providers.get(&model.provider)?, model))
            })
            .collect()
    }
}
