//! What stands before the hunks of one file: `diff --git` and the lines below it, `---` and `+++`.

use super::super::Block;
use super::super::patch_path::{self, Files};

/// Git's name of an empty text.
const EMPTY_BLOB: &str = "e69de29";

/// How far the head of a file has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is no file yet.
    #[default]
    Nothing,
    /// `diff --git` came.
    Git,
    /// `---` and `+++` came.
    Named,
    /// Hunks without headers.
    Headless,
}

/// What git says about the mode of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    New,
    Deleted,
    Changed,
}

/// The file that the next hunks belong to.
#[derive(Debug, Default)]
pub(super) struct FileHead {
    files: Option<Files>,
    stage: Stage,
    mode: Option<Mode>,
    rename_from: Option<String>,
    rename_to: Option<String>,
    /// The text before or after is not empty, so a hunk has to come.
    has_text: Option<bool>,
    unsupported: Option<&'static str>,
    n_hunks: usize,
}

impl FileHead {
    /// After a `diff --git` line.
    pub(super) fn of_git(files: Option<Files>) -> Self {
        Self { files, stage: Stage::Git, ..Self::default() }
    }

    /// Of hunks without headers.
    pub(super) fn of_name(name: Option<String>) -> Self {
        Self { files: name.map(Files::Same), stage: Stage::Headless, ..Self::default() }
    }

    /// Takes a line below `diff --git`; says whether it was one.
    pub(super) fn takes(&mut self, line: &str) -> bool {
        if !self.is_git_header() {
            return false;
        }
        let value = |label: &str| line.strip_prefix(label).map(str::trim_end);
        if value("new file mode ").is_some() {
            self.mode = Some(Mode::New);
        } else if value("deleted file mode ").is_some() {
            self.mode = Some(Mode::Deleted);
        } else if value("old mode ").is_some() || value("new mode ").is_some() {
            self.mode = Some(Mode::Changed);
        } else if let Some(name) = value("rename from ") {
            self.rename_from = Some(patch_path::name(name));
        } else if let Some(name) = value("rename to ") {
            self.rename_to = Some(patch_path::name(name));
        } else if let Some(blobs) = value("index ") {
            let blobs = blobs.split(' ').next().unwrap_or_default().split_once("..");
            let is_empty = |blob: &str| blob.starts_with(EMPTY_BLOB) || is_zero(blob);
            self.has_text = blobs.map(|(old, new)| !(is_empty(old) && is_empty(new)));
        } else if value("similarity index ").is_some() || value("dissimilarity index ").is_some() {
        } else if line.starts_with("copy from ") || line.starts_with("copy to ") {
            self.unsupported = Some("The diff copies a file");
        } else if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
            self.unsupported = Some("The diff changes a binary file");
        } else {
            return false;
        }
        true
    }

    /// Takes the names of `---` and `+++`.
    pub(super) fn name(&mut self, files: Option<Files>) {
        self.files = files;
        self.stage = Stage::Named;
    }

    /// Whether anything of a file came.
    pub(super) fn is_begun(&self) -> bool {
        self.stage != Stage::Nothing
    }

    /// Whether the lines below `diff --git` are read.
    pub(super) fn is_git_header(&self) -> bool {
        self.stage == Stage::Git && self.n_hunks == 0
    }

    /// Whether `---` and `+++` came and no hunk yet.
    pub(super) fn expects_hunk(&self) -> bool {
        self.stage == Stage::Named && self.n_hunks == 0
    }

    /// Whether rename lines came.
    pub(super) fn is_renamed(&self) -> bool {
        self.rename_from.is_some() && self.rename_to.is_some()
    }

    /// Whether the file is new.
    pub(super) fn is_new(&self) -> bool {
        self.mode == Some(Mode::New) || matches!(self.files, Some(Files::New(_)))
    }

    /// Whether the file goes.
    pub(super) fn is_gone(&self) -> bool {
        self.mode == Some(Mode::Deleted) || matches!(self.files, Some(Files::Gone(_)))
    }

    /// The file's path before the change, as written.
    pub(super) fn path(&self) -> Option<&str> {
        if let Some(from) = &self.rename_from {
            return Some(from);
        }
        match self.files.as_ref()? {
            Files::Same(path) | Files::New(path) | Files::Gone(path) | Files::Two(path, _) => Some(path),
        }
    }

    /// The renaming, the first time.
    pub(super) fn take_rename(&mut self) -> Option<Block> {
        let to = self.rename_to.take_if(|_| self.rename_from.is_some())?;
        Some(Block::Rename { path: self.rename_from.clone()?, to })
    }

    /// Counts a hunk; gives how many came before it.
    pub(super) fn count_hunk(&mut self) -> usize {
        self.n_hunks += 1;
        self.n_hunks - 1
    }

    /// Whether the reply cannot end here.
    pub(super) fn is_cut(&self) -> bool {
        if self.n_hunks > 0 || self.unsupported.is_some() {
            return false;
        }
        match (self.stage, self.mode) {
            (Stage::Nothing | Stage::Headless, _) | (Stage::Git, Some(Mode::Changed)) => false,
            (Stage::Named, _) => true,
            (Stage::Git, Some(Mode::New | Mode::Deleted)) => self.has_text != Some(false),
            (Stage::Git, None) => !self.is_renamed(),
        }
    }

    /// What the file needs no hunk for.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) fn without_hunk(mut self) -> Result<Option<Block>, &'static str> {
        if let Some(message) = self.unsupported {
            return Err(message);
        }
        if self.n_hunks > 0 || !self.is_begun() {
            return Ok(None);
        }
        let has_text = matches!(self.mode, Some(Mode::New | Mode::Deleted)) && self.has_text == Some(true);
        if self.stage == Stage::Named || has_text {
            return Err("A file of the diff has no hunk");
        }
        if let Some(rename) = self.take_rename() {
            return Ok(Some(rename));
        }
        let path = self.path().map(str::to_owned);
        match (path, self.mode) {
            _ if self.rename_from.is_some() || self.rename_to.is_some() => {
                Err("A file is renamed without its other name")
            }
            (Some(path), Some(Mode::New)) => Ok(Some(Block::Create { path, lines: Vec::new() })),
            (Some(path), Some(Mode::Deleted)) => Ok(Some(Block::Delete { path, lines: None })),
            (None, Some(Mode::New | Mode::Deleted)) => Err("The headers of the diff name no file"),
            // Only the mode of the file changes, which is none of ours.
            (_, Some(Mode::Changed)) => Ok(None),
            (_, None) => Err("A file of the diff has no hunk"),
        }
    }
}

/// Git's name of no text at all.
fn is_zero(blob: &str) -> bool {
    !blob.is_empty() && blob.bytes().all(|byte| byte == b'0')
}
