//! An open document: the mirror of what the client shows, and nothing else.
//!
//! Text changes only by [`Document::change`], fed from `didChange`. A change that does not fit (version not
//! ascending, range outside the text) marks the document desynchronised until it is opened again; edits for
//! it are refused meanwhile.

use ropey::Rope;

use super::{DocumentUri, Indel, PositionEncoding, Span};

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
        todo!()
    }

    /// Applies one content change and returns it as byte replacements (in offsets of the text before it).
    /// A whole-text change is reduced to the parts that differ. The version is set by [`Document::set_version`].
    ///
    /// # Errors
    /// A range that the text does not have desynchronises the document: nothing is applied, now or later.
    pub fn change(
        &mut self,
        change: &ContentChange,
        encoding: PositionEncoding,
    ) -> Result<Vec<Indel>, Desynchronised> {
        todo!()
    }

    /// Takes the version of a `didChange` before its changes are applied.
    ///
    /// # Errors
    /// A version that is not higher than the last desynchronises the document.
    pub fn set_version(&mut self, version: i32) -> Result<(), Desynchronised> {
        todo!()
    }

    /// Marks the mirror as not to be trusted until the document is opened again.
    pub fn desynchronise(&mut self, reason: Desynchronised) {
        self.desynchronised = Some(reason);
    }

    /// The document at this moment.
    pub fn snapshot(&self) -> DocumentSnapshot {
        todo!()
    }

    /// The client's URI text.
    pub fn uri(&self) -> &DocumentUri {
        &self.uri
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

    /// Why the mirror cannot be trusted, if so.
    pub fn desynchronised(&self) -> Option<&Desynchronised> {
        self.desynchronised.as_ref()
    }

    /// Lower-case hexadecimal SHA-256 of the text in UTF-8.
    pub fn sha256(&self) -> String {
        todo!()
    }
}
