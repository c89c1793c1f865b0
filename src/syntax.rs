//! What the program knows of programming languages: comment markers, outlines, stubs.
//!
//! Pure. Offsets are bytes of the text given. Parsing is bounded by a budget of parser operations and gives up
//! with `None`; no text makes it panic or run on. A tree is never kept: a result stands for the text it was
//! computed from.

mod comment;
mod language;
mod outline;
mod parse;
mod stub;

pub use comment::{Comment, CommentMarkers};
pub use language::Language;
pub use outline::{Symbol, SymbolKind, enclosing_definition, outline};
pub use stub::{is_stub, line_looks_like_stub};
