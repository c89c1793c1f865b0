//! First step: which texts the model gets to see, and which part of them the request is about.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::comment::{CommentInstruction, find_comment};
use super::job::{EditJob, Intent, Region, Settings};
use super::put_back::Marks;
use super::withheld::{Withheld, withheld};
use crate::diff::FileSet;
use crate::model::OutgoingFilter;
use crate::ports::{FileBelow, FileError, SourceFiles};
use crate::problem::{Category, Problem};
use crate::prompt;
use crate::syntax::{self, CommentMarkers, Language};
use crate::text::{DocumentUri, Rope};

/// What was gathered.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The texts, by workspace-relative path.
    pub base: FileSet,
    /// The same texts as a model may see them: a secret is a mark of the same length, so every place is the same.
    pub shown: FileSet,
    /// The marks in `shown`.
    pub marks: Marks,
    /// Where they are.
    pub uris: BTreeMap<String, DocumentUri>,
    /// Path of the target in `base`.
    pub target: String,
    /// Bytes of the target the request is about.
    pub focus: Option<Range<usize>>,
    /// What to do, in the prompt's terms.
    pub intent: prompt::Intent,
    /// The comment instruction that the edit must remove.
    pub comment: Option<CommentInstruction>,
    /// Open or named files besides the target, in order of interest.
    pub others: Vec<String>,
}

/// Reads and chooses. Blocking (files, parsing): runs on a blocking thread.
///
/// # Errors
/// The target cannot be read or trusted, the region is not in it, or it holds no comment instruction.
pub(super) fn gather(
    job: &EditJob,
    files: &Arc<dyn SourceFiles>,
    settings: &Settings,
    filter: &OutgoingFilter,
) -> Result<Gathered, Problem> {
    let mut gathered = Gathered {
        base: FileSet::default(),
        shown: FileSet::default(),
        marks: Marks::new(),
        uris: BTreeMap::new(),
        target: String::new(),
        focus: None,
        intent: prompt::Intent::Document,
        comment: None,
        others: Vec::new(),
    };
    let target = relative(&job.root, &job.target);
    may_show(&target, &job.target, job, files, filter, "change it by hand")?;
    add_target(job, files, filter, &target, &mut gathered)?;
    gathered.target.clone_from(&target);
    gathered.base.default_path = Some(target.clone());
    gathered.base.root = Some(job.root.to_string_lossy().into_owned());
    let text = gathered.base.files[&target].clone();
    gathered.focus = job.region.map(|region| to_bytes(job, region, &text)).transpose()?;
    set_intent(job, settings, &text, &mut gathered)?;
    add_others(job, files, settings, filter, &mut gathered)?;
    redact(&mut gathered, filter);
    Ok(gathered)
}

/// Makes what a model may see of what was gathered. The gate would do the same to the prompt, but then nobody could tell
/// where in the files the marks are.
fn redact(gathered: &mut Gathered, filter: &OutgoingFilter) {
    let texts: Vec<String> = gathered.base.files.values().map(Rope::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    gathered.shown = FileSet { files: BTreeMap::new(), ..gathered.base.clone() };
    for ((path, text), redacted) in gathered.base.files.iter().zip(filter.sources(&texts)) {
        // Ropes share their nodes: without a secret it is the same text.
        let shown = if redacted.marks.is_empty() { text.clone() } else { Rope::from_str(&redacted.text) };
        gathered.shown.files.insert(path.clone(), shown);
        gathered.marks.insert(path.clone(), redacted.marks);
    }
}

fn add_target(
    job: &EditJob,
    files: &Arc<dyn SourceFiles>,
    filter: &OutgoingFilter,
    name: &str,
    gathered: &mut Gathered,
) -> Result<(), Problem> {
    if let Some(document) = job.documents.iter().find(|document| document.uri == job.target) {
        if let Some(reason) = &document.desynchronised {
            return Err(desynchronised(&job.target, reason));
        }
        gathered.base.files.insert(name.to_owned(), document.text.clone());
        gathered.uris.insert(name.to_owned(), job.target.clone());
        return Ok(());
    }
    let Some(path) = job.target.to_path() else {
        return Err(Problem::error(
            "unknown-document",
            Category::Request,
            format!("{} is not open", job.target.as_str()),
        )
        .hint("open the document, or name a file"));
    };
    gathered.base.files.insert(name.to_owned(), read(&path, job, files, filter, "change it by hand")?);
    gathered.uris.insert(name.to_owned(), job.target.clone());
    Ok(())
}

/// The refusal for a document whose mirror cannot be trusted.
pub(crate) fn desynchronised(uri: &DocumentUri, reason: &crate::text::Desynchronised) -> Problem {
    Problem::error(
        "desynchronised-document",
        Category::Document,
        format!("the text of {} is not known for sure: {reason}", uri.as_str()),
    )
    .hint("close the document and open it again; nothing was changed")
}

fn unreadable(error: &FileError) -> Problem {
    Problem::error("unreadable-file", Category::Storage, error.to_string())
        .hint("check the path and its permissions, or open the file in the editor")
}

/// Workspace-relative path with `/` separators; the last segment alone for documents that are no files.
pub(crate) fn relative(root: &Path, uri: &DocumentUri) -> String {
    let name_of = |text: &str| text.rsplit(['/', ':']).next().unwrap_or("document").to_owned();
    let Some(path) = uri.to_path() else { return name_of(uri.as_str()) };
    let Ok(inside) = path.strip_prefix(root) else { return name_of(&path.to_string_lossy()) };
    let parts: Vec<_> = inside
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_string_lossy()),
            _ => None,
        })
        .collect();
    parts.join("/")
}

fn to_bytes(job: &EditJob, region: Region, text: &Rope) -> Result<Range<usize>, Problem> {
    region.to_bytes(job.encoding, text).ok_or_else(|| {
        let n_lines = text.len_lines();
        let message = match region {
            Region::Lines(first, last) => {
                format!("lines {first} to {last} are not in a file of {n_lines} lines")
            }
            Region::Span(_) => format!("the range is not in a file of {n_lines} lines"),
        };
        Problem::error("bad-range", Category::Request, message)
            .hint("lines count from 1, the first must not be behind the last")
    })
}

fn set_intent(
    job: &EditJob,
    settings: &Settings,
    text: &Rope,
    gathered: &mut Gathered,
) -> Result<(), Problem> {
    gathered.intent = match &job.intent {
        Intent::Instruction(instruction) => prompt::Intent::Instruction(instruction.clone()),
        Intent::Document => prompt::Intent::Document,
        Intent::Refactor => prompt::Intent::Refactor,
        Intent::Tests => prompt::Intent::Tests,
        Intent::Fix(findings) => prompt::Intent::Fix(findings.iter().map(finding_line).collect()),
        Intent::Implement => {
            let definition = enclosing(job, text, gathered);
            let name = definition.as_ref().map(|symbol| symbol.name.clone());
            if let Some(symbol) = definition {
                gathered.focus = Some(symbol.range);
            }
            prompt::Intent::Implement(name)
        }
        Intent::Comment => {
            let lines = gathered.focus.as_ref().map_or(0..=usize::MAX, |focus| lines_of(text, focus));
            let markers =
                CommentMarkers::of(language_id(job, &job.target), Some(Path::new(&gathered.target)));
            let comment = find_comment(text, lines, &markers, &settings.comment_marker).ok_or_else(|| {
                Problem::error(
                    "no-comment-instruction",
                    Category::Request,
                    format!("there is no comment with {} at this place", settings.comment_marker),
                )
                .hint(format!(
                    "write a comment such as `{} {} make this async`",
                    markers.line.first().unwrap_or(&"//"),
                    settings.comment_marker
                ))
            })?;
            let mut focus = whole_lines(text, &comment.lines);
            // A comment of its own speaks of the definition that it stands above.
            if comment.column == 0
                && let Some(symbol) = definition_below(job, text, gathered, *comment.lines.end())
                && symbol.range.end > focus.end
                && symbol.range.start >= focus.start
            {
                focus.end = symbol.range.end;
            }
            gathered.focus = Some(focus);
            let intent = prompt::Intent::Comment(comment.instruction.clone());
            gathered.comment = Some(comment);
            intent
        }
    };
    // "Here" for a bare cursor is the definition around it.
    if gathered.focus.as_ref().is_some_and(Range::is_empty)
        && let Some(symbol) = enclosing(job, text, gathered)
    {
        gathered.focus = Some(symbol.range);
    }
    Ok(())
}

fn finding_line(finding: &super::job::Finding) -> String {
    let source = finding.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
    format!("line {}: {}{source}", finding.span.start.line + 1, finding.message.replace('\n', " "))
}

fn language_id<'a>(job: &'a EditJob, target: &DocumentUri) -> &'a str {
    job.documents.iter().find(|document| document.uri == *target).map_or("", |document| &document.language)
}

fn enclosing(job: &EditJob, text: &Rope, gathered: &Gathered) -> Option<syntax::Symbol> {
    let language = Language::detect(language_id(job, &job.target), Some(Path::new(&gathered.target)))?;
    let at = gathered.focus.as_ref()?.start;
    let line = text.byte_to_line(at);
    if is_comment_line(job, text, gathered, line)
        && let Some(symbol) = definition_below(job, text, gathered, line)
    {
        return Some(symbol);
    }
    syntax::enclosing_definition(language, text, at)
}

/// The definition that the comment ending on or after `line` stands directly above; parsers count such a comment to
/// what is around it.
fn definition_below(job: &EditJob, text: &Rope, gathered: &Gathered, line: usize) -> Option<syntax::Symbol> {
    let language = Language::detect(language_id(job, &job.target), Some(Path::new(&gathered.target)))?;
    let is_above = |line: usize| {
        let is_attribute = text.get_line(line).is_some_and(|text| {
            let start: String = text.chars().skip_while(|c| c.is_whitespace()).take(2).collect();
            start == "#[" || start.starts_with('@')
        });
        is_attribute || is_comment_line(job, text, gathered, line)
    };
    let below = (line + 1..text.len_lines()).find(|&line| !is_above(line))?;
    let blanks: usize = text.line(below).chars().take_while(|c| c.is_whitespace()).map(char::len_utf8).sum();
    let symbol = syntax::enclosing_definition(language, text, text.line_to_byte(below) + blanks)?;
    let own = text.byte_to_line(symbol.range.start);
    ((line..=below).contains(&own)).then_some(symbol)
}

/// Longest line looked at, in bytes.
const LONGEST_COMMENT_LINE: usize = 4_000;

fn is_comment_line(job: &EditJob, text: &Rope, gathered: &Gathered, line: usize) -> bool {
    let markers = CommentMarkers::of(language_id(job, &job.target), Some(Path::new(&gathered.target)));
    let Some(line) = text.get_line(line).filter(|line| line.len_bytes() <= LONGEST_COMMENT_LINE) else {
        return false;
    };
    let line = line.to_string();
    markers.find(&line).is_some_and(|comment| line[..comment.range.start].trim().is_empty())
}

pub(super) fn lines_of(text: &Rope, bytes: &Range<usize>) -> RangeInclusive<usize> {
    let last = bytes.end.saturating_sub(1).max(bytes.start);
    text.byte_to_line(bytes.start)..=text.byte_to_line(last)
}

pub(super) fn whole_lines(text: &Rope, lines: &RangeInclusive<usize>) -> Range<usize> {
    let end = (lines.end() + 1).min(text.len_lines());
    text.line_to_byte(*lines.start())..text.line_to_byte(end)
}

/// Refuses a file whose text must not be sent.
fn may_show(
    name: &str,
    uri: &DocumentUri,
    job: &EditJob,
    files: &Arc<dyn SourceFiles>,
    filter: &OutgoingFilter,
    advice: &str,
) -> Result<(), Problem> {
    let why = withheld(files.as_ref(), filter, (&job.root, job.alone), (name, uri));
    why.map_or(Ok(()), |why| Err(private(name, why, advice)))
}

fn private(name: &str, why: Withheld, advice: &str) -> Problem {
    let why = match why {
        Withheld::Private => "it usually holds secrets, or your `outgoing.deny` names it",
        Withheld::LeadsOut => "a link on its way leads out of the workspace, or nowhere",
    };
    let message = format!("{name} is never sent to a model");
    Problem::error("private-file", Category::Request, message).hint(format!("{why}; {advice}"))
}

/// Adds the files that were named, then the open ones.
///
/// # Errors
/// A file that was named must not be sent, or is not there. An open one is left out then: nobody asked for it.
fn add_others(
    job: &EditJob,
    files: &Arc<dyn SourceFiles>,
    settings: &Settings,
    filter: &OutgoingFilter,
    gathered: &mut Gathered,
) -> Result<(), Problem> {
    for path in &job.also {
        let uri = DocumentUri::from_path(&absolute(&job.root, path));
        add_other(&uri, job, files, settings, filter, gathered)?;
    }
    for document in job.documents.iter().filter(|document| document.desynchronised.is_none()) {
        let _ = add_other(&document.uri, job, files, settings, filter, gathered);
    }
    Ok(())
}

fn add_other(
    uri: &DocumentUri,
    job: &EditJob,
    files: &Arc<dyn SourceFiles>,
    settings: &Settings,
    filter: &OutgoingFilter,
    gathered: &mut Gathered,
) -> Result<(), Problem> {
    if gathered.base.files.len() >= settings.files || gathered.uris.values().any(|known| known == uri) {
        return Ok(());
    }
    // Only files of the workspace: what lies elsewhere was not meant by this request.
    let Some(path) = uri.to_path().filter(|path| path.starts_with(&job.root)) else { return Ok(()) };
    let name = relative(&job.root, uri);
    // A document that is no file may have a file's name.
    if gathered.base.files.contains_key(&name) {
        return Ok(());
    }
    may_show(&name, uri, job, files, filter, "leave it out")?;
    let text = match job.documents.iter().find(|document| document.uri == *uri) {
        Some(document) => document.text.clone(),
        None => read(&path, job, files, filter, "leave it out")?,
    };
    gathered.base.files.insert(name.clone(), text);
    gathered.uris.insert(name.clone(), uri.clone());
    gathered.others.push(name);
    Ok(())
}

/// Reads a file that is not open. What lies below the root is read through the root's own handle, and where it lies by
/// that handle is judged once more: the names were judged before, and links may have changed since.
fn read(
    path: &Path,
    job: &EditJob,
    files: &Arc<dyn SourceFiles>,
    filter: &OutgoingFilter,
    advice: &str,
) -> Result<Rope, Problem> {
    let text = if path.starts_with(&job.root) {
        let found = files.read_below(&job.root, path).map_err(|error| unreadable(&error))?;
        if let Some(FileBelow { leads_to, .. }) = &found
            && filter.denies(&leads_to.to_string_lossy())
        {
            return Err(private(&path.to_string_lossy(), Withheld::Private, advice));
        }
        found.map(|found| found.text)
    } else {
        files.read(path).map_err(|error| unreadable(&error))?
    };
    let text = text.ok_or_else(|| {
        Problem::error("unknown-document", Category::Request, format!("{} does not exist", path.display()))
            .hint("check the path; to create a file, ask for it from a file that exists")
    })?;
    Ok(Rope::from_str(&text))
}

fn absolute(root: &Path, path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { root.join(path) }
}
