//! The one gate for everything that is sent to a model: what may not leave is refused, secrets are taken out, sizes
//! are capped.
//!
//! The gate is a type: a provider takes only an [`Outgoing`], and only [`OutgoingFilter::pass`] makes one. A secret is
//! replaced by a mark of the same length, so that a place in the text that the model saw is the same place in the text
//! as it is; [`OutgoingFilter::written`] finds the marks in what the model answers.

mod parts;
mod private;
mod redact;
mod secrets;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::{ModelErrorKind, OutgoingRules, Request};
pub use private::BadGlob;
use private::DenyList;
use redact::Redactor;
pub use redact::{Mark, Redacted};

/// A request that passed the filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    request: Request,
    redactions: Vec<Redaction>,
}

/// A secret that was taken out of a request; nothing of the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redaction {
    /// What it looks like.
    pub kind: &'static str,
    /// The part of the request, such as `system` or `message 1`.
    pub part: String,
    /// One-based line of that part.
    pub line: usize,
}

impl Outgoing {
    /// What is sent.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// What was taken out of it, in the order of its parts.
    pub fn redactions(&self) -> &[Redaction] {
        &self.redactions
    }
}

/// Why a request is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// What kind of error this is for the asker.
    pub kind: ModelErrorKind,
    /// One sentence that names what is in the way.
    pub message: String,
}

impl Withheld {
    fn new(message: String) -> Self {
        Self { kind: ModelErrorKind::Withheld, message }
    }
}

/// The rules, and the secrets that were seen in this session. Clones share both.
#[derive(Clone)]
pub struct OutgoingFilter(Arc<Inner>);

struct Inner {
    deny: DenyList,
    redact: bool,
    max_bytes: u64,
    redactor: Redactor,
}

impl OutgoingRules {
    /// Whether every glob can be read.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), BadGlob> {
        DenyList::new(&self.deny).map(drop)
    }
}

impl Default for OutgoingFilter {
    /// Built-in names only.
    fn default() -> Self {
        Self::with(DenyList::default(), &OutgoingRules::default())
    }
}

impl fmt::Debug for OutgoingFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutgoingFilter")
    }
}

impl OutgoingFilter {
    /// Creates a filter that has seen no secret yet.
    ///
    /// # Errors
    /// A glob of the rules that is none.
    pub fn new(rules: &OutgoingRules) -> Result<Self, BadGlob> {
        Ok(Self::with(DenyList::new(&rules.deny)?, rules))
    }

    fn with(deny: DenyList, rules: &OutgoingRules) -> Self {
        let (redact, max_bytes) = (rules.redact, rules.max_bytes);
        Self(Arc::new(Inner { deny, redact, max_bytes, redactor: Redactor::default() }))
    }

    /// Whether the text of the file at this path, relative to the workspace or absolute, is never sent, however it
    /// was asked for.
    pub fn denies(&self, path: &str) -> bool {
        self.0.deny.denies(path)
    }

    /// Lets a request pass, without its secrets.
    ///
    /// # Errors
    /// The request holds a file that must not be sent, or is larger than the cap.
    pub fn pass(&self, mut request: Request) -> Result<Outgoing, Withheld> {
        let sources = match &request {
            Request::Chat(chat) => chat.sources.as_slice(),
            Request::Fill(fill) => std::slice::from_ref(&fill.path),
        };
        if let Some(denied) = sources.iter().find(|path| self.denies(path)) {
            return Err(Withheld::new(format!("{denied} is never sent to a model")));
        }
        let size = parts::size(&request);
        if size > self.0.max_bytes {
            let cap = self.0.max_bytes;
            return Err(Withheld::new(format!("the request has {size} bytes of text; the cap is {cap}")));
        }
        let redactions = if self.0.redact { self.redact_parts(&mut request) } else { Vec::new() };
        Ok(Outgoing { request, redactions })
    }

    fn redact_parts(&self, request: &mut Request) -> Vec<Redaction> {
        let mut parts = parts::of(request);
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        let redacted = self.0.redactor.again(&texts);
        let mut redactions = Vec::new();
        for ((part, text), redacted) in parts.iter_mut().zip(redacted) {
            redactions.extend(listed(part, &redacted));
            **text = redacted.text;
        }
        redactions
    }

    /// Texts of files without their secrets. Whatever looks like a mark in the result is one.
    pub fn sources(&self, texts: &[&str]) -> Vec<Redacted> {
        if self.0.redact { self.0.redactor.sources(texts) } else { untouched(texts) }
    }

    /// Texts that may hold marks already, such as what a model wrote, without their secrets.
    pub fn again(&self, texts: &[&str]) -> Vec<Redacted> {
        if self.0.redact { self.0.redactor.again(texts) } else { untouched(texts) }
    }

    /// The marks in a text that a model wrote, in order: the number of each, or `None` for one that is damaged or
    /// stands for nothing. Text with a mark in it must not get into a file.
    pub fn written(&self, text: &str) -> Vec<(Range<usize>, Option<u32>)> {
        if self.0.redact { self.0.redactor.written(text) } else { Vec::new() }
    }

    /// The secret behind a mark, to be put back where it was.
    pub fn secret(&self, number: u32) -> Option<String> {
        self.0.redactor.secret(number)
    }
}

fn untouched(texts: &[&str]) -> Vec<Redacted> {
    texts.iter().map(|text| Redacted { text: (*text).to_owned(), marks: Vec::new() }).collect()
}

/// The marks of a part, those of neighbouring lines that are of one kind as one.
fn listed(part: &str, redacted: &Redacted) -> Vec<Redaction> {
    let mut listed: Vec<Redaction> = Vec::new();
    let (mut line, mut at, mut last_line) = (1, 0, 0);
    for mark in &redacted.marks {
        line += redacted.text[at..mark.range.start].matches('\n').count();
        at = mark.range.start;
        let goes_on = listed.last().is_some_and(|last| last.kind == mark.kind && mark.kind == "private key")
            && line <= last_line + 1;
        if !goes_on {
            listed.push(Redaction { kind: mark.kind, part: part.to_owned(), line });
        }
        last_line = line;
    }
    listed
}

#[cfg(test)]
mod tests;
