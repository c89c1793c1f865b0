//! Parsing with a budget.
//!
//! Model output and half-typed code can drive a parser's error recovery very far. The budget counts parser
//! operations, not time: the same text always has the same result.

use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

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

/// The tree of `text`; `None` when it is too long, or the parser spent its budget.
pub(super) fn parse(language: Language, text: &Rope) -> Option<Tree> {
    let len = text.len_bytes();
    if len > MAX_BYTES {
        return None;
    }
    if len <= SHORT {
        return parse_here(language, text);
    }
    let stack = STACK_AT_LEAST + len * STACK_PER_BYTE;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("parse".into()).stack_size(stack);
        let running = thread.spawn_scoped(scope, || parse_here(language, text)).ok()?;
        running.join().ok()?
    })
}

fn parse_here(language: Language, text: &Rope) -> Option<Tree> {
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
    parser.parse_with_options(&mut read, None, Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_over_the_limit_is_not_parsed() {
        assert!(parse(Language::Rust, &Rope::from_str(&"x".repeat(MAX_BYTES + 1))).is_none());
    }

    #[test]
    fn deep_ambiguous_nesting_does_not_overflow_the_stack() {
        // 64 KB of it ended the process when it was parsed on a stack of 2 MB.
        let _ = parse(Language::Rust, &Rope::from_str(&"{[(<".repeat(16 << 10)));
    }

    #[test]
    fn a_rope_of_many_chunks_parses_like_one_string() {
        let text = "fn é() { let x = \"😀\"; }\n".repeat(500);
        let tree = parse(Language::Rust, &Rope::from_str(&text)).expect("within budget");
        assert!(!tree.root_node().has_error());
        assert_eq!(tree.root_node().named_child_count(), 500);
    }
}
