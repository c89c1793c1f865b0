//! Text as editors and the engine see it: documents, positions, edits.
//!
//! Pure. Inside the program a place in a text is a **byte offset**; a [`Position`] in the client's encoding
//! exists only in messages and is converted once, by the [`Document`] it belongs to.

mod diff;
mod digest;
mod document;
mod edit;
mod position;
mod position_map;
mod uri;

pub use digest::{hex, sha256};
pub use document::{ContentChange, Desynchronised, Document, DocumentSnapshot};
pub use edit::{EditError, Indel, TextEdit, TextEditBuilder};
pub use position::{Position, PositionEncoding, Span, SpanEdit};
pub use position_map::{Carried, PositionMap};
pub use ropey::Rope;
pub use uri::DocumentUri;
