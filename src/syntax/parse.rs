//! Parsing with a budget.
//!
//! Model output and half-typed code can drive a parser's error recovery very far. The budget counts parser
//! operations, not time: the same text always has the same result.

use std::ops::{ControlFlow, Range};

use tree_sitter::{InputEdit, ParseOptions, ParseState, Parser, Point, Tree};

use super::Language;
use crate::text::Rope;

/// Longer texts are not parsed. Outlines of such files (data, bundles) help nobody.
const MAX_BYTES: usize = 1 << 20;

/// The parser frees its stack by recursion, as deep as an ambiguous text nests, and a stack that overflows ends the
/// process. One level takes at least a byte of text and 128 bytes of stack: longer texts get a thread with a stack
/// that holds them. Only the part that is used costs memory.
const STACK_PER_BYTE: usize = 256;
const STACK_AT_LEAST: usize = 1 << 20;
const SHORT: usize = 2 << 10;

/// The parser calls back once in a hundred operations. Measured: real code takes a call for 60 to 250 bytes.
const FREE_CALLS: usize = 2_000;
const BYTES_PER_CALL: usize = 40;

/// More edits than this are not worth the way around: each is placed by counting lines from the start.
const MOST_EDITS: usize = 64;

/// A text with its tree, for several questions to the same tree.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub(super) language: Language,
    pub(super) text: Rope,
    pub(super) tree: Tree,
}

impl Parsed {
    /// Parses a text; `None` when it is too long, or the parser spent its budget.
    pub fn new(language: Language, text: &Rope) -> Option<Self> {
        let tree = parse(language, text, None)?;
        Some(Self { language, text: text.clone(), tree })
    }

    /// The text.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// Its language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Parses the text after an edit, and reads again only what the edit touched. `edits` are the bytes that went and
    /// how many came for them, sorted and disjoint; `None` as for [`Parsed::new`], or when they do not lie in the texts.
    pub fn after(&self, edits: &[(Range<usize>, usize)], text: &Rope) -> Option<Self> {
        if edits.len() > MOST_EDITS {
            return Self::new(self.language, text);
        }
        let mut tree = self.tree.clone();
        // From the last to the first, so that what stands before an edit is still where it was.
        for (old, new_len) in edits.iter().rev() {
            let came = edits
                .iter()
                .take_while(|(other, _)| other.start < old.start)
                .try_fold(old.start, |at, (other, len)| (at + len).checked_sub(other.len()))?;
            tree.edit(&InputEdit {
                start_byte: old.start,
                old_end_byte: old.end,
                new_end_byte: old.start + new_len,
                start_position: point(&self.text, old.start)?,
                old_end_position: point(&self.text, old.end)?,
                new_end_position: moved(&self.text, old.start, text, came, *new_len)?,
            });
        }
        let tree = parse(self.language, text, Some(&tree))?;
        Some(Self { language: self.language, text: text.clone(), tree })
    }
}

/// Row and column as tree-sitter counts them: only line feeds end a row.
fn point(text: &Rope, at: usize) -> Option<Point> {
    let before = text.get_byte_slice(..at)?;
    let mut row = 0;
    let mut line_start = 0;
    let mut done = 0;
    for chunk in before.chunks() {
        for (offset, _) in chunk.bytes().enumerate().filter(|(_, byte)| *byte == b'\n') {
            (row, line_start) = (row + 1, done + offset + 1);
        }
        done += chunk.len();
    }
    Some(Point { row, column: at - line_start })
}

/// Where the `len` bytes at `came` of the new text end, when they stand at `start` of the old one.
fn moved(old: &Rope, start: usize, new: &Rope, came: usize, len: usize) -> Option<Point> {
    let begins = point(old, start)?;
    let inserted = new.get_byte_slice(came..came.checked_add(len)?)?;
    let ends = point(&Rope::from(inserted), len)?;
    Some(match ends.row {
        0 => Point { row: begins.row, column: begins.column + ends.column },
        rows => Point { row: begins.row + rows, column: ends.column },
    })
}

/// The tree of `text`; `None` when it is too long, or the parser spent its budget. `old` is the edited tree of the text
/// before.
fn parse(language: Language, text: &Rope, old: Option<&Tree>) -> Option<Tree> {
    let len = text.len_bytes();
    if len > MAX_BYTES {
        return None;
    }
    if len <= SHORT {
        return parse_here(language, text, old);
    }
    let stack = STACK_AT_LEAST + len * STACK_PER_BYTE;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("parse".into()).stack_size(stack);
        let running = thread.spawn_scoped(scope, || parse_here(language, text, old)).ok()?;
        running.join().ok()?
    })
}

fn parse_here(language: Language, text: &Rope, old: Option<&Tree>) -> Option<Tree> {
    let len = text.len_bytes();
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()).ok()?;
    let mut calls_left = FREE_CALLS + len / BYTES_PER_CALL;
    let mut progress = |_: &ParseState| match calls_left.checked_sub(1) {
        Some(left) => {
            calls_left = left;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let mut read = |at: usize, _| {
        if at >= len {
            return &[][..];
        }
        let (chunk, start, _, _) = text.chunk_at_byte(at);
        &chunk.as_bytes()[at - start..]
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    parser.parse_with_options(&mut read, old, Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_over_the_limit_is_not_parsed() {
        assert!(Parsed::new(Language::Rust, &Rope::from_str(&"x".repeat(MAX_BYTES + 1))).is_none());
    }

    #[test]
    fn deep_ambiguous_nesting_does_not_overflow_the_stack() {
        // 64 KB of it ended the process when it was parsed on a stack of 2 MB.
        let _ = Parsed::new(Language::Rust, &Rope::from_str(&"{[(<".repeat(16 << 10)));
    }

    #[test]
    fn a_rope_of_many_chunks_parses_like_one_string() {
        let text = "fn é() { let x = \"😀\"; }\n".repeat(500);
        let tree = Parsed::new(Language::Rust, &Rope::from_str(&text)).expect("within budget").tree;
        assert!(!tree.root_node().has_error());
        assert_eq!(tree.root_node().named_child_count(), 500);
    }

    #[test]
    fn the_tree_after_an_edit_is_that_of_the_new_text() {
        let check = |text: &str, edits: &[(Range<usize>, &str)]| {
            let before = Parsed::new(Language::Rust, &Rope::from_str(text)).expect("within budget");
            let mut new = text.to_owned();
            for (range, insert) in edits.iter().rev() {
                new.replace_range(range.clone(), insert);
            }
            let new = Rope::from_str(&new);
            let lens: Vec<_> = edits.iter().map(|(range, insert)| (range.clone(), insert.len())).collect();
            let after = before.after(&lens, &new).expect("within budget").tree;
            let fresh = Parsed::new(Language::Rust, &new).expect("within budget").tree;
            assert_eq!(after.root_node().to_sexp(), fresh.root_node().to_sexp());
            let end = after.root_node().end_position();
            assert_eq!(end, fresh.root_node().end_position());
        };
        let text = "fn a() {\n    b();\n}\n\nfn c() {}\n";
        check(text, &[(13..17, "bé();\n    d(1);")]);
        check(text, &[(0..2, "pub fn"), (13..18, ""), (30..30, "// x\n")]);
        check(text, &[(0..text.len(), "struct A;")]);
        check(text, &[]);
    }

    proptest::proptest! {
        #[test]
        fn edits_in_any_text(
            text in "(fn a\\(\\) |[{}();\n é]){0,20}",
            insert in "(fn a\\(\\) |[{}();\n é]){0,5}",
            (start, len) in (0_usize..40, 0_usize..10),
        ) {
            let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let range = floor(start)..floor(start + len);
            let mut new = text.clone();
            new.replace_range(range.clone(), &insert);
            let before = Parsed::new(Language::Rust, &Rope::from_str(&text)).expect("within budget");
            let after = before.after(&[(range, insert.len())], &Rope::from_str(&new)).expect("within budget");
            let fresh = Parsed::new(Language::Rust, &Rope::from_str(&new)).expect("within budget");
            // What is recovered from errors depends on what was there before.
            if !fresh.tree.root_node().has_error() {
                proptest::prop_assert_eq!(after.outline(), fresh.outline(), "{:?}", new);
            }
        }
    }
}
