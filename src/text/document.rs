//! An open document: the mirror of what the client shows, and nothing else.
//!
//! Text changes only by [`Document::change`], fed from `didChange`. A change that does not fit (version not
//! ascending, range outside the text) marks the document desynchronised until it is opened again; edits for
//! it are refused meanwhile.

use ropey::Rope;

use super::edit::replace;
use super::{DocumentUri, Indel, Position, PositionEncoding, Span, TextEdit};

/// One content change of a `didChange` notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentChange {
    /// What is replaced; `None` replaces the whole text.
    pub span: Option<Span>,
    /// By what.
    pub text: String,
}

/// Why the mirror can no longer be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Desynchronised {
    /// A version came that is not higher than the last.
    #[error("version {received} came after version {last}")]
    Version {
        /// The version we had.
        last: i32,
        /// The version that came.
        received: i32,
    },
    /// A change named a range that the text does not have.
    #[error("a change named line {line}, but the document has {lines} lines")]
    Range {
        /// Line named.
        line: u32,
        /// Lines there are.
        lines: usize,
    },
    /// A notification could not be read.
    #[error("a notification could not be read: {0}")]
    Malformed(String),
}

/// The mirror of one open document.
#[derive(Debug, Clone)]
pub struct Document {
    uri: DocumentUri,
    language: String,
    version: i32,
    revision: u64,
    text: Rope,
    n_lone_cr: usize,
    desynchronised: Option<Desynchronised>,
}

/// A document at one moment; cheap to clone (the rope shares its nodes).
#[derive(Debug, Clone)]
pub struct DocumentSnapshot {
    /// The client's URI text.
    pub uri: DocumentUri,
    /// The client's language identifier.
    pub language: String,
    /// The client's version.
    pub version: i32,
    /// Counts every single content change since the document was opened.
    pub revision: u64,
    /// The text.
    pub text: Rope,
    /// Set when the mirror cannot be trusted.
    pub desynchronised: Option<Desynchronised>,
}

impl Document {
    /// Opens a document.
    pub fn open(uri: DocumentUri, language: String, version: i32, text: &str) -> Self {
        let text = Rope::from_str(text);
        let n_lone_cr = n_lone_cr(&text, 0..text.len_bytes());
        Self { uri, language, version, revision: 0, text, n_lone_cr, desynchronised: None }
    }

    /// Applies one content change and returns it as byte replacements (in offsets of the text before it).
    /// A whole-text change is reduced to the parts that differ. The version is set by [`Document::set_version`].
    ///
    /// Columns are clamped to their line, and so is an end behind the text: clients name line 4,294,967,295 for "all of
    /// it". A start behind the last line, or behind the end, cannot be understood.
    ///
    /// # Errors
    /// A range that the text does not have desynchronises the document: nothing is applied, now or later.
    pub fn change(
        &mut self,
        change: &ContentChange,
        encoding: PositionEncoding,
    ) -> Result<Vec<Indel>, Desynchronised> {
        self.check()?;
        let indels = match change.span {
            None => TextEdit::diff(&self.text.to_string(), &change.text).into_indels(),
            Some(span) => {
                if let Err(reason) = self.check_span(span) {
                    self.desynchronise(reason.clone());
                    return Err(reason);
                }
                vec![Indel { delete: encoding.to_range(&self.text, span), insert: change.text.clone() }]
            }
        };
        // From back to front, so that the offsets of what is still to come stay valid.
        for indel in indels.iter().rev() {
            // The byte before belongs to it: what comes or goes behind a `\r` makes or ends a lone one.
            let from = indel.delete.start.saturating_sub(1);
            self.n_lone_cr -= n_lone_cr(&self.text, from..indel.delete.end);
            replace(&mut self.text, indel);
            self.n_lone_cr += n_lone_cr(&self.text, from..indel.delete.start + indel.insert.len());
        }
        self.revision += 1;
        Ok(indels)
    }

    /// Takes the version of a `didChange` before its changes are applied.
    ///
    /// # Errors
    /// A version that is not higher than the last desynchronises the document.
    pub fn set_version(&mut self, version: i32) -> Result<(), Desynchronised> {
        self.check()?;
        if version <= self.version {
            let reason = Desynchronised::Version { last: self.version, received: version };
            self.desynchronise(reason.clone());
            return Err(reason);
        }
        self.version = version;
        Ok(())
    }

    /// Marks the mirror as not to be trusted until the document is opened again.
    pub fn desynchronise(&mut self, reason: Desynchronised) {
        self.desynchronised = Some(reason);
    }

    /// The document at this moment.
    pub fn snapshot(&self) -> DocumentSnapshot {
        DocumentSnapshot {
            uri: self.uri.clone(),
            language: self.language.clone(),
            version: self.version,
            revision: self.revision,
            text: self.text.clone(),
            desynchronised: self.desynchronised.clone(),
        }
    }

    /// The client's URI text.
    pub fn uri(&self) -> &DocumentUri {
        &self.uri
    }

    /// The client's language identifier.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The client's version.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Counts every single content change since the document was opened.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The text.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// Whether the text has a `\r` without `\n`: a line end for the protocol, but not for many editors, so that
    /// positions below it may mean other lines to them.
    pub fn ambiguous_lines(&self) -> bool {
        self.n_lone_cr > 0
    }

    /// Why the mirror cannot be trusted, if so.
    pub fn desynchronised(&self) -> Option<&Desynchronised> {
        self.desynchronised.as_ref()
    }

    /// Lower-case hexadecimal SHA-256 of the text in UTF-8.
    pub fn sha256(&self) -> String {
        super::sha256(&self.text)
    }

    fn check(&self) -> Result<(), Desynchronised> {
        self.desynchronised.clone().map_or(Ok(()), Err)
    }

    fn check_span(&self, Span { start, end }: Span) -> Result<(), Desynchronised> {
        let lines = self.text.len_lines();
        if start.line as usize >= lines {
            return Err(Desynchronised::Range { line: start.line, lines });
        }
        if end < start {
            let show = |position: Position| format!("{}:{}", position.line, position.character);
            let range = format!("a range from {} ends before it starts, at {}", show(start), show(end));
            return Err(Desynchronised::Malformed(range));
        }
        Ok(())
    }
}

/// How many `\r` within `range` have no `\n` behind them.
fn n_lone_cr(text: &Rope, range: std::ops::Range<usize>) -> usize {
    let bytes = text.bytes_at(range.start).take(range.len());
    let is_lone = |at: usize| text.get_byte(at + 1) != Some(b'\n');
    bytes.enumerate().filter(|&(nth, byte)| byte == b'\r' && is_lone(range.start + nth)).count()
}

#[cfg(test)]
mod tests;
