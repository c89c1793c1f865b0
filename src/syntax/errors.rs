//! The places of a text that its grammar does not understand.
//!
//! Grammars also fail on valid files, so a list of errors says nothing by itself: two lists of a text before and
//! after an edit are compared. For that an error is described without its position: what it is, in which
//! definition, and what is written there.

use std::ops::Range;

use tree_sitter::Node;

use super::outline::definition;
use super::{Language, Parsed, gaps, indentation};

/// Characters of the text of an error that are kept.
const SHOWN: usize = 80;

/// Errors of one text that are listed; a text with more is no code of its language.
const LISTED: usize = 1_000;

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SyntaxErrorKind {
    /// Something stands there that does not belong there.
    Unexpected,
    /// Something is missing there.
    Missing,
    /// The line is not indented as those before it ask for.
    Indentation,
}

/// A place that the grammar does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// What stands there up to the end of its line, blanks squeezed and shortened; what is missing, for a missing one.
    pub text: String,
    /// The definition around it as `outer.inner`; empty outside of definitions.
    pub inside: String,
    /// The bytes that are not understood; empty where something is missing.
    pub range: Range<usize>,
    /// The byte to show: a bracket that is never closed rather than all that follows it.
    pub at: usize,
}

impl Parsed {
    /// The outermost errors of the text, in its order. Costs next to nothing for a text without errors.
    pub fn errors(&self) -> Vec<SyntaxError> {
        let mut errors = Vec::new();
        let mut cursor = self.tree.walk();
        // The names of the definitions on the way from the root; by hand, as trees of garbage are deep.
        let mut names: Vec<Option<String>> = Vec::new();
        loop {
            let node = cursor.node();
            let is_root = names.is_empty();
            if node.is_missing() || (node.is_error() && !is_root) {
                errors.extend(Some(self.error(node, &names)).filter(|error| !self.is_gap(error)));
            } else if node.has_error() && errors.len() < LISTED {
                if node.is_error() {
                    errors.push(self.error(node, &names)); // nothing is left of the file as a whole
                }
                names.push(self.name(node));
                if cursor.goto_first_child() {
                    continue;
                }
                names.pop();
            }
            loop {
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return errors;
                }
                names.pop();
            }
        }
    }

    /// Whether it is the grammar that is wrong.
    fn is_gap(&self, error: &SyntaxError) -> bool {
        let (Some(before), Some(after)) =
            (self.text.get_byte_slice(..error.range.start), self.text.get_byte_slice(error.range.end..))
        else {
            return false;
        };
        let mut before: Vec<char> = before.chars_at(before.len_chars()).reversed().take(SHOWN).collect();
        before.reverse();
        let before: String = before.into_iter().collect();
        let after: String = after.chars().take(SHOWN).collect();
        error.kind == SyntaxErrorKind::Unexpected
            && error.at == error.range.start
            && gaps::is_gap(self.language, &before, &error.text, &after)
    }

    /// The lines whose indentation is wrong, in a language where it counts; none for a text that cannot be read for
    /// certain.
    pub fn misplaced_lines(&self) -> Vec<SyntaxError> {
        if self.language != Language::Python {
            return Vec::new();
        }
        let text = String::from(&self.text);
        let found = indentation::misplaced(&text).unwrap_or_default();
        let error = |at: usize| {
            let line = text[at..].lines().next().unwrap_or_default();
            SyntaxError {
                kind: SyntaxErrorKind::Indentation,
                text: line.trim_end().chars().take(SHOWN).collect(),
                inside: String::new(),
                range: at..at + line.len(),
                at,
            }
        };
        found.into_iter().take(LISTED).map(error).collect()
    }

    fn name(&self, node: Node<'_>) -> Option<String> {
        let name = definition(self.language, node)?.name.byte_range();
        Some(self.text.get_byte_slice(name)?.to_string())
    }

    fn error(&self, node: Node<'_>, names: &[Option<String>]) -> SyntaxError {
        let inside: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
        let inside = inside.join(".");
        let range = node.byte_range();
        if node.is_missing() {
            let text = node.kind().to_owned();
            return SyntaxError { kind: SyntaxErrorKind::Missing, text, inside, at: range.start, range };
        }
        let at = culprit(node);
        let text = self.text.get_byte_slice(at..range.end).map_or_else(String::new, |slice| {
            let chars = slice.chars().skip_while(|c| c.is_whitespace());
            let line: String = chars.take_while(|c| !matches!(c, '\n' | '\r')).take(4 * SHOWN).collect();
            let squeezed = line.split_whitespace().collect::<Vec<_>>().join(" ");
            squeezed.chars().take(SHOWN).collect()
        });
        SyntaxError { kind: SyntaxErrorKind::Unexpected, text, inside, range, at }
    }
}

/// Where the trouble of an error begins: at a bracket without its partner, else at the first token not understood.
fn culprit(error: Node<'_>) -> usize {
    let mut open: Vec<Node<'_>> = Vec::new();
    let mut nested = None;
    let mut cursor = error.walk();
    for child in error.children(&mut cursor) {
        match child.kind() {
            "{" | "(" | "[" => open.push(child),
            "}" | ")" | "]" if open.pop().is_none() => return child.start_byte(),
            _ if child.is_error() => nested = nested.or(Some(child.start_byte())),
            _ => {}
        }
    }
    open.last().map(Node::start_byte).or(nested).unwrap_or_else(|| error.start_byte())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Rope;

    /// Errors as `inside: kind text`.
    fn check(language: Language, text: &str, expected: &[&str]) {
        let parsed = Parsed::new(language, &Rope::from_str(text)).expect("within budget");
        let errors = parsed.errors();
        let shown: Vec<String> = errors
            .iter()
            .map(|error| {
                let kind = match error.kind {
                    SyntaxErrorKind::Unexpected => "unexpected",
                    SyntaxErrorKind::Missing => "missing",
                    SyntaxErrorKind::Indentation => "indentation",
                };
                format!("{}: {kind} {}", error.inside, error.text)
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
        assert!(errors.iter().all(|error| error.range.end <= text.len() && error.at <= text.len()));
    }

    #[test]
    fn valid_text_has_none() {
        check(Language::Rust, "fn f() { g(1); }\n", &[]);
        check(Language::Python, "class A:\n    def f(self): pass\n", &[]);
        check(Language::Tsx, "const a = <p>{x}</p>;\n", &[]);
    }

    #[test]
    fn errors_know_their_definition() {
        check(Language::Rust, "impl A { fn f() { let = 1; } }\n", &["A.f: unexpected ="]);
        check(Language::Rust, "fn f() { g(1) h() }\n", &["f: unexpected h"]);
        check(Language::JavaScript, "class A { f() { g(1; } }\n", &["A.f: missing )"]);
        check(Language::Go, "package p\nfunc f() { x := }\n", &["f: missing identifier"]);
    }

    #[test]
    fn a_bracket_without_partner_is_shown() {
        check(Language::Rust, "fn f() {}\n}\n", &[": unexpected }"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(fn |class |def |[a-c(){}\\[\\]:;=\"'\n é]){0,30}") {
            for language in Language::ALL {
                let parsed = Parsed::new(language, &Rope::from_str(&text));
                let _ = parsed.map(|parsed| parsed.errors());
            }
        }
    }
}
