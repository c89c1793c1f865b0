//! What `tenon apply` says: to people a diff, to programs one JSON object.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{ApplyArgs, Streams};
use crate::cli::output::{Colours, render as render_problem, seen_json};
use crate::diff::gate::Note;
use crate::diff::impact::Impact;
use crate::diff::lower::ProtectedConsent;
use crate::diff::{ChangeSet, FileSet, Hunk, Nearest, Refusal, RefusalCode, Tier, render};
use crate::problem::{Category, Problem, plain};
use crate::workspace::{NewText, WriteError, WriteErrorKind};

/// What a reply does to one file, as texts.
#[derive(Debug)]
pub(super) struct FileOutcome {
    /// Relative to the root.
    pub(super) path: String,
    /// The live text; `None` where there is no file.
    pub(super) old: Option<String>,
    /// The text after; `None` for a file that goes.
    pub(super) new: Option<String>,
    /// The new path of a renamed file.
    pub(super) moved_to: Option<String>,
    hunks: Vec<Hunk>,
    impact: Vec<Impact>,
}

impl FileOutcome {
    /// What is written.
    pub(super) fn new_text(&self) -> NewText {
        NewText {
            path: self.path.clone(),
            moved_to: self.moved_to.clone(),
            old: self.old.clone(),
            new: self.new.clone(),
        }
    }

    /// Where the file is afterwards.
    fn path_after(&self) -> &str {
        self.moved_to.as_deref().unwrap_or(&self.path)
    }

    fn change(&self) -> &'static str {
        match (&self.old, &self.new, &self.moved_to) {
            (_, None, _) => "deleted",
            (_, _, Some(_)) => "renamed",
            (None, ..) => "created",
            (Some(_), ..) => "modified",
        }
    }
}

/// What a reply that fits does.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Files that change, in reply order; empty when nothing does.
    pub(super) files: Vec<FileOutcome>,
    /// What deserves a look.
    notes: Vec<Note>,
    /// What is to be told of the writing.
    warnings: Vec<Problem>,
    /// The number of the operation, where one was made.
    operation: Option<u64>,
}

impl Outcome {
    /// The texts that `changes` make of the live files.
    pub(super) fn new(changes: &ChangeSet, live: &FileSet) -> Result<Self, Failure> {
        let mut files = Vec::with_capacity(changes.files.len());
        for change in &changes.files {
            let old = live.files.get(&change.path);
            let new = change.apply(&old.cloned().unwrap_or_default()).map_err(|error| {
                Failure::refused(Problem::error(
                    "internal",
                    Category::Internal,
                    format!("{}: {error}", change.path),
                ))
            })?;
            let after = change.path_after();
            files.push(FileOutcome {
                path: change.path.clone(),
                moved_to: after.filter(|after| *after != change.path).map(str::to_owned),
                old: old.map(String::from),
                new: after.map(|_| String::from(new)),
                hunks: change.hunks().to_vec(),
                impact: Vec::new(),
            });
        }
        Ok(Self { files, notes: Vec::new(), warnings: Vec::new(), operation: None })
    }

    /// Says which operation it was.
    pub(super) fn made(self, operation: Option<u64>) -> Self {
        Self { operation, ..self }
    }

    /// Adds what the gates noted, and what happens to symbols.
    pub(super) fn with(mut self, notes: Vec<Note>, mut impact: BTreeMap<String, Vec<Impact>>) -> Self {
        self.notes = notes;
        for file in &mut self.files {
            file.impact = impact.remove(&file.path).unwrap_or_default();
        }
        self
    }

    /// Adds what is to be told of the writing.
    pub(super) fn warn(mut self, warnings: impl IntoIterator<Item = Problem>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// How the place of each hunk was found.
    pub(super) fn tiers(&self) -> impl Iterator<Item = Tier> {
        self.files.iter().flat_map(|file| &file.hunks).map(|hunk| hunk.evidence.tier)
    }

    /// `applied` or `unchanged`.
    pub(super) fn status(&self) -> &'static str {
        if self.files.is_empty() { "unchanged" } else { "applied" }
    }
}

/// Why nothing was changed.
#[derive(Debug)]
pub(in crate::cli) struct Failure {
    /// Whether the arguments are to blame.
    pub(super) usage: bool,
    errors: Vec<ErrorJson>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let messages: Vec<_> = self.errors.iter().map(|error| error.problem.message.as_str()).collect();
        f.write_str(&messages.join("; "))
    }
}

impl Failure {
    /// The reply, or something outside, is to blame.
    pub(super) fn refused(problem: Problem) -> Self {
        Self { usage: false, errors: vec![ErrorJson::from(problem)] }
    }

    /// The arguments are to blame.
    pub(super) fn usage(problem: Problem) -> Self {
        Self { usage: true, ..Self::refused(problem) }
    }

    /// Says which file is meant.
    pub(super) fn in_file(mut self, path: &str) -> Self {
        for error in &mut self.errors {
            error.path = Some(plain(path));
        }
        self
    }

    /// Says which block is meant, where only its file is known.
    pub(super) fn in_blocks(mut self, blocks: &[(usize, String)]) -> Self {
        for error in self.errors.iter_mut().filter(|error| error.block.is_none()) {
            let named = blocks.iter().find(|(_, path)| Some(plain(path)) == error.path);
            error.block = named.map(|(block, _)| *block);
        }
        self
    }

    /// The code of each error, and whether the reply is to blame for it.
    pub(super) fn codes(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.errors.iter().map(|error| (error.problem.code, error.problem.category == Category::Edit))
    }

    /// The errors as they are written to JSON.
    pub(super) fn errors(&self) -> &[ErrorJson] {
        &self.errors
    }
}

impl From<Vec<Refusal>> for Failure {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self { usage: false, errors: refusals.iter().map(ErrorJson::from).collect() }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let mut problem = Problem::from(&error);
        if let WriteErrorKind::Protected(path) = &error.kind
            && ProtectedConsent::recorded([path.as_str()]).permits(path)
        {
            problem = problem.hint(format!(
                "Change it by hand, or let it be written, once, with `--allow-protected {path}`."
            ));
        }
        let failure = Self::refused(problem);
        match error {
            WriteError { path: Some(path), .. } => failure.in_file(&path),
            WriteError { kind: WriteErrorKind::NoFolder(_), .. } => Self { usage: true, ..failure },
            WriteError { .. } => failure,
        }
    }
}

/// A [`Problem`] with its place.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ErrorJson {
    #[serde(flatten)]
    problem: Problem,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nearest: Vec<Nearest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    found: Vec<String>,
    /// Whether the hint speaks to who wrote the reply, and has to write it anew.
    #[serde(skip)]
    is_for_model: bool,
}

impl From<Problem> for ErrorJson {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            path: None,
            block: None,
            tier: None,
            nearest: Vec::new(),
            found: Vec::new(),
            is_for_model: false,
        }
    }
}

impl From<&Refusal> for ErrorJson {
    fn from(refusal: &Refusal) -> Self {
        Self {
            problem: Problem::from(refusal),
            path: refusal.path.as_deref().map(plain),
            block: refusal.block,
            tier: refusal.tier,
            nearest: refusal.nearest.clone(),
            found: refusal.found.iter().map(|line| plain(line)).collect(),
            is_for_model: matches!(
                refusal.code,
                RefusalCode::NoEdit | RefusalCode::MalformedReply | RefusalCode::Truncated
            ),
        }
    }
}

#[derive(Serialize)]
struct ReportJson<'a> {
    status: &'static str,
    /// As `tenon undo` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    files: Vec<FileJson<'a>>,
    #[serde(skip_serializing_if = "<[Note]>::is_empty")]
    notes: &'a [Note],
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    warnings: &'a [Problem],
    errors: &'a [ErrorJson],
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: &'a str,
    /// The new path of a renamed file.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    change: &'static str,
    hunks: Vec<HunkJson>,
    impact: &'a [Impact],
}

#[derive(Serialize)]
struct HunkJson {
    index: usize,
    tier: Tier,
    line: usize,
    confidence: f32,
    cost: f32,
    margin: f32,
}

/// Prints the outcome in the form asked for.
pub(super) fn print(
    args: &ApplyArgs,
    outcome: &Result<Outcome, Failure>,
    streams: &mut Streams<'_>,
) -> io::Result<()> {
    if args.json {
        return print_json(outcome, streams);
    }
    match outcome {
        Ok(outcome) => {
            for file in &outcome.files {
                let (old, new) = (file.old.as_deref(), file.new.as_deref());
                let shown = render::file(&file.path, file.path_after(), old, new, streams.colour);
                streams.output.write_all(shown.as_bytes())?;
            }
            streams.output.flush()?;
            for file in &outcome.files {
                for impact in &file.impact {
                    let (path, said) = (render::visible(&file.path), impact.to_string());
                    writeln!(streams.errors, "{path}: {}", render::visible(&said))?;
                }
            }
            for note in &outcome.notes {
                let message = render::visible(&note.message);
                writeln!(streams.errors, "note: {}:{}: {message}", render::visible(&note.path), note.line)?;
            }
            for warning in &outcome.warnings {
                streams.errors.write_all(render_problem(warning, Colours::NONE).as_bytes())?;
            }
            let said = match (outcome.files.len(), args.check) {
                (0, _) => "Nothing to change: all is already as the reply wants it.".to_owned(),
                (n_files, true) => format!("Fits: {n_files} file(s) would change."),
                (n_files, false) => format!("Applied: {n_files} file(s) changed."),
            };
            writeln!(streams.errors, "{said}")
        }
        Err(failure) => {
            for error in &failure.errors {
                print_error(error, streams.errors)?;
            }
            writeln!(streams.errors, "Nothing was changed.")
        }
    }
}

fn print_error(error: &ErrorJson, errors: &mut dyn io::Write) -> io::Result<()> {
    let message = render::visible(&error.problem.message);
    writeln!(errors, "error[{}]: {message}", error.problem.code)?;
    if let Some(tier) = error.tier {
        writeln!(errors, "  {}", tier.tried())?;
    }
    for place in &error.nearest {
        writeln!(errors, "  near {place}")?;
    }
    if let (Some(place), false) = (error.nearest.first(), error.found.is_empty()) {
        for (offset, line) in error.found.iter().enumerate() {
            writeln!(errors, "  {:>6} | {}", place.line + offset, render::visible(line))?;
        }
    }
    if let Some(hint) = &error.problem.hint {
        let whose = if error.is_for_model { "for the model" } else { "hint" };
        writeln!(errors, "  {whose}: {}", render::visible(hint))?;
    }
    Ok(())
}

fn print_json(outcome: &Result<Outcome, Failure>, streams: &mut Streams<'_>) -> io::Result<()> {
    let report = match outcome {
        Ok(outcome) => ReportJson {
            status: outcome.status(),
            operation: outcome.operation.map(|number| format!("o{number}")),
            files: outcome.files.iter().map(file_json).collect(),
            notes: &outcome.notes,
            warnings: &outcome.warnings,
            errors: &[],
        },
        Err(failure) => {
            let (files, errors) = (Vec::new(), failure.errors.as_slice());
            ReportJson { status: "refused", operation: None, files, notes: &[], warnings: &[], errors }
        }
    };
    let text = serde_json::to_string(&report)?;
    streams.output.write_all(seen_json(&text).as_bytes())?;
    writeln!(streams.output)?;
    streams.output.flush()
}

fn file_json(file: &FileOutcome) -> FileJson<'_> {
    FileJson {
        path: &file.path,
        to: file.moved_to.as_deref(),
        change: file.change(),
        hunks: file
            .hunks
            .iter()
            .enumerate()
            .map(|(index, hunk)| HunkJson {
                index,
                tier: hunk.evidence.tier,
                line: hunk.line,
                confidence: hunk.evidence.confidence(),
                cost: hunk.evidence.cost,
                margin: hunk.evidence.margin,
            })
            .collect(),
        impact: &file.impact,
    }
}
