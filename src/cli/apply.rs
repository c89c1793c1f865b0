//! `tenon apply`: applies a model's reply to files, all or nothing.
//!
//! Reads only the files that the reply names. The reply is resolved on the files as the model saw them (`--base`),
//! carried to the live files (`--root`), and written only when every part of it fits.

mod batch;
mod candidates;
mod count;
pub(in crate::cli) mod report;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use report::{Failure, FileOutcome, Outcome};

use crate::diff::gate::Consent;
use crate::diff::impact::impact;
use crate::diff::parse::{self, detect};
use crate::diff::{
    ChangeKind, ChangeSet, FileChange, FileSet, Hunk, Refusal, RefusalCode, ReplyFormat, evaluate, gate,
    lower, rebase,
};
use crate::problem::{Category, Problem, Severity};
use crate::text::{PositionMap, Rope, TextEdit};
use crate::workspace::{Folder, NewText};

use super::record::{Description, Held, Made, Noted, Record, links};
use super::{Exit, interrupt, output};

/// The format of a reply, as named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Told from the reply.
    #[default]
    Auto,
    /// Search/replace blocks.
    SearchReplace,
    /// Whole files in fences.
    Whole,
    /// Unified diff.
    Udiff,
    /// `*** Begin Patch` envelopes.
    ApplyPatch,
    /// JSON edits.
    Json,
}

/// Arguments of `tenon apply`.
#[derive(Debug, Clone, clap::Args)]
pub struct ApplyArgs {
    /// Folder of the live files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Format of the reply.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Folder of the files as the model saw them; the live ones by default.
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// The file meant when the reply names none, relative to the root.
    #[arg(long, value_name = "P")]
    pub path: Option<String>,
    /// Only say what would happen.
    #[arg(long)]
    pub check: bool,
    /// What the reply may do besides.
    #[command(flatten)]
    pub allowed: Allowed,
    /// Let the reply write this protected file, by its path below the root; the workspace must be trusted.
    #[arg(long, value_name = "PATH")]
    pub allow_protected: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Read JSON lines from the input and answer each, without touching the disk.
    #[arg(long)]
    pub batch: bool,
    /// The reply; `-` reads it from the input.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
}

/// What is refused unless it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::Args)]
pub struct Allowed {
    /// Let the reply remove most of a file.
    #[arg(long)]
    pub allow_removal: bool,
    /// Let the reply bring syntax errors into a file.
    #[arg(long)]
    pub allow_syntax_errors: bool,
}

impl Allowed {
    /// For the gates. A file that exists is never overwritten by one that a reply creates.
    fn consent(self) -> Consent {
        Consent { overwrite: false, removal: self.allow_removal, syntax: self.allow_syntax_errors }
    }
}

/// The streams of one run.
pub struct Streams<'a> {
    /// Where `-` reads from.
    pub input: &'a mut dyn Read,
    /// Takes the diff or the JSON object.
    pub output: &'a mut dyn Write,
    /// Takes what is said to people.
    pub errors: &'a mut dyn Write,
    /// Whether `output` may be coloured.
    pub colour: bool,
}

/// Exit code of a refusal or failure; nothing was changed.
const REFUSED: u8 = 1;
/// Exit code of wrong arguments.
const USAGE: u8 = 2;

/// Runs the command with the process's own streams; colours when the output is a terminal and `NO_COLOR` is not set.
/// What it writes goes into `record` first, where there is one.
pub fn run(args: &ApplyArgs, record: Option<&Record>) -> ExitCode {
    use std::io::IsTerminal as _;
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = !no_colour && std::io::stdout().is_terminal();
    run_with(
        args,
        record,
        &mut Streams {
            input: &mut std::io::stdin().lock(),
            output: &mut std::io::stdout().lock(),
            errors: &mut std::io::stderr().lock(),
            colour,
        },
    )
}

/// Runs the command. An output that cannot be written to fails it, but undoes nothing.
pub fn run_with(args: &ApplyArgs, record: Option<&Record>, streams: &mut Streams<'_>) -> ExitCode {
    let ran = if args.batch {
        batch::run(args, streams).map(|()| ExitCode::SUCCESS)
    } else {
        let outcome = apply(args, record, streams.input);
        count::ended(&outcome);
        let code = match &outcome {
            Ok(_) => ExitCode::SUCCESS,
            Err(failure) if failure.usage => ExitCode::from(USAGE),
            Err(_) => ExitCode::from(REFUSED),
        };
        report::print(args, &outcome, streams).and_then(|()| {
            if !interrupt::came() {
                return Ok(code);
            }
            let said = match &outcome {
                Ok(_) => {
                    "Interrupted while files were written: all of them are; `tenon undo` takes them back."
                }
                Err(_) => "Interrupted; what became of the files is said above.",
            };
            writeln!(streams.errors, "{said}").map(|()| Exit::Cancelled.into())
        })
    };
    ran.unwrap_or(ExitCode::from(REFUSED))
}

fn apply(args: &ApplyArgs, record: Option<&Record>, input: &mut dyn Read) -> Result<Outcome, Failure> {
    let reply = read_reply(args, input)?;
    let mut writer = Writer::open(args, record)?;
    let base_folder = args.base.as_deref().map(Folder::open).transpose()?;
    if reply.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty() {
        return Err(empty_reply());
    }
    let reply = parse_reply(args.format, &reply)?;
    let named = lower::named_blocks(&reply, args.path.as_deref());
    apply_reply(args, &reply, &mut writer, base_folder.as_ref()).map_err(|failure| failure.in_blocks(&named))
}

fn apply_reply(
    args: &ApplyArgs,
    reply: &parse::Reply,
    writer: &mut Writer<'_>,
    base_folder: Option<&Folder>,
) -> Result<Outcome, Failure> {
    let root = writer.folder();
    let names = lower::named_paths(reply, args.path.as_deref());
    let mut live = read_all(root, &names, args.path.clone())?;
    let changes = match base_folder {
        None => {
            candidates::add(root, reply, &mut live);
            let changes = evaluate(reply, &live)?;
            live.adopt(&changes);
            changes
        }
        Some(folder) => {
            let mut base = read_all(folder, &names, args.path.clone())?;
            candidates::add(folder, reply, &mut base);
            let changes = evaluate(reply, &base)?;
            base.adopt(&changes);
            read_more(root, &changes, &mut live)?;
            carried(changes, &base, &live)?
        }
    };
    let notes = gate::check(&changes, &live, args.allowed.consent()).map_err(allowable)?;
    let outcome = Outcome::new(&changes, &live)?.with(notes, impact(&changes, &live));
    let mut texts: Vec<_> = outcome.files.iter().map(FileOutcome::new_text).collect();
    for text in texts.iter_mut().filter(|text| text.new.is_none()) {
        // With its byte order mark, so that it can come back byte by byte.
        if let (Some(old), Some(whole)) = (&text.old, root.read_whole(&text.path)?)
            && whole.strip_prefix('\u{feff}') == Some(old)
        {
            text.old = Some(whole);
        }
    }
    let linked = links::broken(root.root(), &texts);
    if args.check {
        root.check(&texts)?;
        return Ok(outcome.warn(linked));
    }
    let made = writer.write(args, &texts)?;
    Ok(outcome.made(made.operation).warn(linked.into_iter().chain(made.warning)))
}

/// Reads the files of these names that exist.
fn read_all(folder: &Folder, names: &[String], default_path: Option<String>) -> Result<FileSet, Failure> {
    let root = folder.root().to_str().map(str::to_owned);
    let mut files = FileSet { default_path, root, ..FileSet::default() };
    for name in names {
        if let Some(text) = folder.read(name)? {
            files.files.insert(name.clone(), Rope::from_str(&text));
        }
    }
    Ok(files)
}

/// Reads the files of `changes` as well, those that exist.
fn read_more(folder: &Folder, changes: &ChangeSet, files: &mut FileSet) -> Result<(), Failure> {
    for change in &changes.files {
        if !files.files.contains_key(&change.path)
            && let Some(text) = folder.read(&change.path)?
        {
            files.files.insert(change.path.clone(), Rope::from_str(&text));
        }
    }
    Ok(())
}

/// Where the texts go: with a journal, or without where there is none.
enum Writer<'r> {
    Recorded(Held<'r>),
    Plain(Folder),
}

impl<'r> Writer<'r> {
    /// Opens the live files. What an earlier process left under way there is settled first.
    fn open(args: &ApplyArgs, record: Option<&'r Record>) -> Result<Self, Failure> {
        let consent = super::consent::protected(&args.allow_protected, &args.root).map_err(Failure::usage)?;
        let folder = Folder::open(&args.root)?.allowing(consent.clone());
        let Some(record) = record.filter(|_| !args.check) else { return Ok(Self::Plain(folder)) };
        match record.hold(folder) {
            Ok((held, told)) => {
                told.iter().for_each(output::tell);
                Ok(Self::Recorded(held))
            }
            Err(problem) => {
                output::tell(&Problem { severity: Severity::Warning, ..problem });
                Ok(Self::Plain(Folder::open(&args.root)?.allowing(consent)))
            }
        }
    }

    fn folder(&self) -> &Folder {
        match self {
            Self::Recorded(held) => held.folder(),
            Self::Plain(folder) => folder,
        }
    }

    fn write(&mut self, args: &ApplyArgs, texts: &[NewText]) -> Result<Made, Failure> {
        match self {
            Self::Plain(folder) => {
                let hold = interrupt::hold();
                folder.prepare(texts)?.commit()?;
                hold.written();
                Ok(Made::default())
            }
            Self::Recorded(_) if texts.is_empty() => Ok(Made::default()),
            Self::Recorded(held) => {
                // What cannot be written is no operation, and is told with its file.
                held.folder().check(texts)?;
                for path in &args.allow_protected {
                    held.note(Noted::Consented, path);
                }
                let from = args.file.display();
                let description = Description { title: format!("apply {from}"), ..Description::default() };
                held.make(description, texts).map_err(Failure::refused)
            }
        }
    }
}

/// Adds to what a gate refused how to allow it.
fn allowable(refusals: Vec<Refusal>) -> Failure {
    let with_flag = |mut refusal: Refusal| {
        let flag = match refusal.code {
            RefusalCode::RemovesTooMuch => "--allow-removal",
            RefusalCode::BreaksSyntax => "--allow-syntax-errors",
            _ => return refusal,
        };
        refusal.hint.push_str(&format!(" If it is meant, allow it with `{flag}`."));
        refusal
    };
    refusals.into_iter().map(with_flag).collect::<Vec<_>>().into()
}

fn read_reply(args: &ApplyArgs, input: &mut dyn Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if args.file.as_os_str() == "-" {
        input.read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(&args.file).map(|read| bytes = read)
    };
    let name = args.file.display();
    read.map_err(|error| {
        Failure::usage(
            Problem::error("unreadable-reply", Category::Request, format!("{name}: {error}"))
                .hint("Name a file that holds the reply, or `-` for the input."),
        )
    })?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::usage(
            Problem::error("unreadable-reply", Category::Request, format!("{name} is not UTF-8 text"))
                .hint("Save the reply as UTF-8."),
        )
    })
}

fn empty_reply() -> Failure {
    let code = RefusalCode::NoEdit.as_str();
    Failure::refused(
        Problem::error(code, Category::Edit, "The reply is empty")
            .hint("Look whether all that the model wrote came to this file, or through the pipe."),
    )
}

/// Reads the reply in the format named, or in the one told from it.
fn parse_reply(format: Format, reply: &str) -> Result<parse::Reply, Failure> {
    let format = match format {
        Format::SearchReplace => ReplyFormat::SearchReplace,
        Format::Whole => ReplyFormat::Whole,
        Format::Udiff => ReplyFormat::UnifiedDiff,
        Format::ApplyPatch => ReplyFormat::ApplyPatch,
        Format::Json => ReplyFormat::Json,
        Format::Auto => detect(reply).map_err(|refusal| vec![refusal])?,
    };
    Ok(parse::parse(format, reply)?)
}

/// Carries changes of `base` to `live`, all or none.
fn carried(changes: ChangeSet, base: &FileSet, live: &FileSet) -> Result<ChangeSet, Vec<Refusal>> {
    let mut files = Vec::new();
    let mut refusals = Vec::new();
    for change in changes.files {
        match carried_file(&change, base, live) {
            Ok(change) => files.extend(change),
            Err(found) => refusals.extend(found),
        }
    }
    if refusals.is_empty() { Ok(ChangeSet { files }) } else { Err(refusals) }
}

fn carried_file(
    change: &FileChange,
    base: &FileSet,
    live: &FileSet,
) -> Result<Option<FileChange>, Vec<Refusal>> {
    if let ChangeKind::Rename { to, .. } = &change.kind
        && live.files.contains_key(to)
    {
        return Err(vec![Refusal::file_exists(to)]);
    }
    let live = live.files.get(&change.path);
    let nothing = Rope::new();
    let old = base.files.get(&change.path).unwrap_or(&nothing);
    let map = match (&change.kind, live) {
        (ChangeKind::Modify { .. } | ChangeKind::Rename { .. }, Some(live)) if old != live => {
            PositionMap::from_edit(&TextEdit::diff(&old.to_string(), &live.to_string()))
        }
        _ => PositionMap::default(),
    };
    let carried = rebase::rebase_file(change, old, &map, live)?;
    // The map is a comparison: it may have taken a copy for the place.
    if let (ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. }, Some(live)) =
        (&change.kind, live)
        && old != live
        && carried.is_some()
    {
        let fits =
            |hunk: &Hunk| matches!(rebase::rebase(hunk, old, &map, live), Ok(rebase::Rebased::Fits(_)));
        let copies = rebase::Copies::new(old, live);
        let doubtful: Vec<Refusal> = hunks
            .iter()
            .filter(|hunk| copies.could_be_elsewhere(&hunk.range) && fits(hunk))
            .map(|hunk| Refusal::conflict(&change.path).of_block(&change.path, hunk.block))
            .collect();
        if !doubtful.is_empty() {
            return Err(doubtful);
        }
    }
    Ok(carried)
}

#[cfg(test)]
mod tests;
