//! Document URIs, kept exactly as the client wrote them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A URI, byte for byte as the client wrote it: `[slug]`, spaces, `é` and `{}` come back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentUri(Arc<str>);

impl DocumentUri {
    /// Takes the client's text as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// A `file:` URI for an absolute path, percent-encoded as RFC 8089 asks.
    pub fn from_path(path: &Path) -> Self {
        todo!()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of a `file:` URI (percent-decoded when the encoding is valid, else taken literally); `None` for other schemes.
    pub fn to_path(&self) -> Option<PathBuf> {
        todo!()
    }
}
