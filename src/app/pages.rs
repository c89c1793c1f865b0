//! Pages on which a request is written, for editors that have no way to ask for text: `tenon.ask` makes one and shows it,
//! `tenon.run` sends what stands on it.
//!
//! Guarantee: a page is about the lines that were meant when it was made, wherever typing carried them since.

use std::ops::Range;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::applying::{self, FileTexts};
use super::commands;
use super::event::{EditRequest, Intent, InternalEvent, Reply, Target};
use super::state::State;
use crate::orchestrator::Region;
use crate::ports::FileError;
use crate::problem::{Category, Problem, plain};
use crate::review::Track;
use crate::text::{Carried, DocumentUri, Position, Span};

/// Pages that are remembered; older ones cannot be sent any more.
const KEPT: usize = 20;

/// What a request is about.
#[derive(Debug)]
pub(super) struct Subject {
    target: DocumentUri,
    /// The lines meant, followed from that moment on; `None` is the whole file.
    place: Option<(Track, Range<usize>)>,
}

#[derive(Debug)]
struct Page {
    uri: DocumentUri,
    subject: Subject,
}

/// All pages, oldest first.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: Vec<Page>,
    n_made: usize,
}

impl Pages {
    pub(super) fn tracks_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.pages.iter_mut().filter_map(|page| page.subject.place.as_mut().map(|(track, _)| track))
    }

    /// Whether a document is a page.
    pub(super) fn is_one(&self, uri: &DocumentUri) -> bool {
        self.pages.iter().any(|page| page.uri.same_file(uri))
    }
}

/// Makes a page and answers `{"page": uri}`; the editor shows it where it can.
pub(super) fn ask(state: &mut State, target: &Target, region: Option<Region>, reply: Reply<Value>) {
    let subject = match subject(state, target, region) {
        Ok(subject) => subject,
        Err(problem) => {
            let _ = reply.send(Err(problem));
            return;
        }
    };
    state.pages.n_made += 1;
    let name = format!("ask-{}.md", state.pages.n_made);
    let text = header(state, &subject);
    let (scratch, send) = (state.parts.scratch.clone(), state.sender());
    tokio::task::spawn_blocking(move || {
        let written = scratch.write(&name, &text);
        send(InternalEvent::PageWritten { subject: Box::new(subject), written, reply });
    });
}

fn subject(state: &State, target: &Target, region: Option<Region>) -> Result<Subject, Problem> {
    let target = commands::resolve(state, target)?;
    state.trusted(&target)?;
    let place = region.map(|region| place(state, &target, region)).transpose()?;
    Ok(Subject { target, place })
}

/// The lines meant, to be followed from now on.
fn place(state: &State, target: &DocumentUri, region: Region) -> Result<(Track, Range<usize>), Problem> {
    let Some(document) = state.live(target) else {
        return Err(Problem::error(
            "unknown-document",
            Category::Request,
            "lines can be meant in an open document only",
        )
        .hint("open it, or ask for a page about the whole file"));
    };
    let text = document.text();
    let range = region.to_bytes(state.client.encoding, text).ok_or_else(|| {
        Problem::error("bad-range", Category::Request, "these lines are not in the document")
            .hint("lines count from 1, the first must not be behind the last")
    })?;
    Ok((Track::open(target.clone(), text.clone()), range))
}

/// Where the lines of a page are now.
fn carried(state: &State, (track, range): &(Track, Range<usize>)) -> Option<Region> {
    let live = state.live(track.uri())?.text();
    let (Carried::Moved(now) | Carried::Changed { new: now, .. }) = track.map(live)?.carry(range.clone());
    if track.is_doubtful(range, live) || now.is_empty() && !range.is_empty() {
        return None;
    }
    Some(Region::Span(state.client.encoding.to_span(live, &now)))
}

/// What a page begins with: one comment, and an empty line to write on.
fn header(state: &State, Subject { target, place, .. }: &Subject) -> String {
    let (root, _) = commands::home_of(state, target);
    let path = target.to_path();
    let shown = path.as_deref().map(|path| path.strip_prefix(&root).unwrap_or(path).display().to_string());
    let name = plain(&shown.unwrap_or_else(|| target.as_str().to_owned())).replace(['<', '>'], "?");
    let lines = place.as_ref().map_or_else(String::new, |(track, range)| {
        let line = |byte: usize| track.base().byte_to_line(byte) + 1;
        match (line(range.start), line(range.end.saturating_sub(1).max(range.start))) {
            (first, last) if first == last => format!(", line {first}"),
            (first, last) => format!(", lines {first} to {last}"),
        }
    });
    format!(
        "<!-- What should change in {name}{lines}? Write it below this comment.\n\
         Then take the code action \"Run this request\" here, or run the command tenon.run. -->\n\n"
    )
}

/// A page was written, or could not be.
pub(super) fn written(
    state: &mut State,
    subject: Subject,
    written: Result<PathBuf, FileError>,
    reply: Reply<Value>,
) {
    let path = match written {
        Ok(path) => path,
        Err(error) => {
            let problem = Problem::error("unwritable-page", Category::Storage, error.to_string())
                .hint("give the instruction as an argument of tenon.edit");
            let _ = reply.send(Err(problem));
            return;
        }
    };
    let uri = DocumentUri::from_path(&path);
    let below = Position { line: 2, character: 0 };
    state.parts.services.editor.show(&uri, Some(Span { start: below, end: below }));
    let _ = reply.send(Ok(json!({ "page": uri.as_str() })));
    let pages = &mut state.pages.pages;
    pages.push(Page { uri, subject });
    let n_old = pages.len().saturating_sub(KEPT);
    pages.drain(..n_old);
}

/// Sends what stands on a page, by default the latest; answers `{"task": id}`.
pub(super) fn run(state: &mut State, page: Option<&Target>, auto: Option<bool>, reply: Reply<Value>) {
    let uri = match find(state, page) {
        Ok(uri) => uri,
        Err(problem) => {
            let _ = reply.send(Err(problem));
            return;
        }
    };
    let open = state.spelling(uri.clone());
    let result = match state.live(&open).map(|document| document.text().to_string()) {
        Some(text) => begin(state, (&uri, auto), &text),
        // Its mirror cannot be trusted, and what was saved is older.
        None if state.documents.contains_key(&open) => state.trusted(&open).map(|()| Value::Null),
        // The editor has it open without telling the server, or closed it: what was saved counts.
        None => {
            return applying::read_then(state, vec![uri.clone()], move |texts| InternalEvent::PageRead {
                uri,
                auto,
                texts,
                reply,
            });
        }
    };
    let _ = reply.send(result);
}

/// The saved text of a page was read.
pub(super) fn read(
    state: &mut State,
    (uri, auto): (&DocumentUri, Option<bool>),
    mut texts: FileTexts,
    reply: Reply<Value>,
) {
    let result = match texts.remove(uri) {
        Some(Ok(Some(text))) => begin(state, (uri, auto), &text),
        _ => Err(Problem::error("unreadable-file", Category::Storage, "the page cannot be read")
            .hint("save it, or ask for a new one with tenon.ask")),
    };
    let _ = reply.send(result);
}

fn find(state: &State, page: Option<&Target>) -> Result<DocumentUri, Problem> {
    let none = |message: String| {
        Problem::error("no-page", Category::Request, message)
            .hint("tenon.ask makes one; only the last 20 of this process can be sent")
    };
    let Some(page) = page else {
        let last = state.pages.pages.last().map(|page| page.uri.clone());
        return last.ok_or_else(|| none("there is no page with a request".to_owned()));
    };
    let uri = commands::resolve(state, page)?;
    let found = state.pages.pages.iter().find(|page| page.uri.same_file(&uri));
    found
        .map(|page| page.uri.clone())
        .ok_or_else(|| none(format!("{} is no page with a request", uri.as_str())))
}

fn begin(state: &mut State, (uri, auto): (&DocumentUri, Option<bool>), text: &str) -> Result<Value, Problem> {
    let Some(Page { subject, .. }) = state.pages.pages.iter().find(|page| page.uri == *uri) else {
        return Err(Problem::error("no-page", Category::Request, "that page is not kept any more"));
    };
    let region = match &subject.place {
        None => None,
        Some(place) => Some(carried(state, place).ok_or_else(|| {
            let message = "the lines that this page is about are not known any more";
            Problem::error("stale-page", Category::Edit, message)
                .hint("they went, or the file was closed and changed; select them and ask for a new page")
        })?),
    };
    let asked = instruction(text)?;
    if asked.is_empty() {
        return Err(Problem::error(
            "no-instruction",
            Category::Request,
            "there is no request on the page yet",
        )
        .hint("write it below the comment, and save the page"));
    }
    let request = EditRequest {
        target: Target::Uri(subject.target.clone()),
        region,
        intent: Intent::Instruction(asked.to_owned()),
        auto,
        also: Vec::new(),
        consent: Vec::new(),
    };
    commands::edit(state, request)
}

/// The text of a page without the comment that it begins with.
fn instruction(page: &str) -> Result<&str, Problem> {
    let Some(comment) = page.trim_start().strip_prefix("<!--") else { return Ok(page.trim()) };
    let Some((_, rest)) = comment.split_once("-->") else {
        let message = "the comment that the page begins with does not end";
        return Err(Problem::error("no-instruction", Category::Request, message)
            .hint("end it with `-->`, and write the request below"));
    };
    Ok(rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_of_a_page_is_no_part_of_the_request() {
        let check = |page: &str, expected: &str| assert_eq!(instruction(page), Ok(expected));
        check("<!-- What?\nWrite. -->\n\nmake it\nasync\n", "make it\nasync");
        check("make it async", "make it async");
        check("<!-- a --> x <!-- b -->", "x <!-- b -->");
        check("<!-- What? -->\n\n", "");
        assert!(instruction("<!-- What?\n\nmake it async\n").is_err());
    }
}
