//! What the program knows of programming languages: comment markers, brackets, outlines, syntax errors, stubs.
//!
//! Pure. Offsets are bytes of the text given. Parsing is bounded by a budget of parser operations and gives up
//! with `None`; no text makes it panic or run on. A result stands for the text it was computed from; a [`Parsed`] text
//! carries its tree and is not kept longer than it takes to ask it.

mod brackets;
mod comment;
mod errors;
mod gaps;
mod indentation;
mod language;
mod outline;
mod parse;
mod stub;

pub use brackets::{Brackets, Unbalanced};
pub use comment::{Comment, CommentMarkers};
pub use errors::{SyntaxError, SyntaxErrorKind};
pub use language::Language;
pub use outline::{Symbol, SymbolKind, enclosing_definition, outline};
pub use parse::Parsed;
pub use stub::{is_stub, line_looks_like_stub};
