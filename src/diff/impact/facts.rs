//! What is compared of a symbol: its names, its signature and its body, blanks squeezed.

use std::ops::Range;

use crate::syntax::{Language, Parsed, Symbol, SymbolKind};

/// A symbol without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// Its name, with those of the symbols around it before it.
    pub(super) path: Vec<String>,
    pub(super) kind: SymbolKind,
    /// What stands before the body, its own name left out.
    pub(super) signature: String,
    /// The body, its own name and the symbols listed for themselves left out.
    pub(super) body: String,
}

impl Fact {
    /// The names of the symbols around it.
    pub(super) fn parent(&self) -> &[String] {
        &self.path[..self.path.len() - 1]
    }
}

/// The symbols of a text in its order. What is inside of a function is part of its body.
pub(super) fn facts(parsed: &Parsed) -> Vec<Fact> {
    let text = String::from(parsed.text());
    let language = parsed.language();
    let symbols = parsed.outline();
    let mut around: Vec<(&Symbol, String)> = Vec::new();
    let mut facts = Vec::new();
    for (at, symbol) in symbols.iter().enumerate() {
        around.truncate(symbol.depth);
        let is_local = around.iter().any(|(outer, _)| outer.kind.is_callable());
        let name = segment(language, symbol, &text);
        if !is_local {
            let mut path: Vec<String> = around.iter().map(|(_, name)| name.clone()).collect();
            path.extend(receiver(language, symbol, &text));
            let (signature, body) = parts(symbol, &symbols[at + 1..]);
            let signature = slice(&text, signature);
            // An `impl` has no name of its own but its header.
            let is_header = symbol.kind == SymbolKind::Implementation;
            path.push(if is_header { squeezed(&[signature], None, true) } else { name.clone() });
            let signature = squeezed(&[signature], Some(&name), true);
            let body: Vec<&str> = body.into_iter().map(|range| slice(&text, range)).collect();
            let body = squeezed(&body, Some(&name), language != Language::Python);
            facts.push(Fact { path, kind: symbol.kind, signature, body });
        }
        around.push((symbol, name));
    }
    facts
}

/// What a symbol adds to the names of those inside of it: an `impl` is known by its type.
fn segment(language: Language, symbol: &Symbol, text: &str) -> String {
    let name = slice(text, symbol.name_range.clone());
    if language == Language::Rust && symbol.kind == SymbolKind::Implementation {
        return name.split('<').next().unwrap_or(name).trim().to_owned();
    }
    name.to_owned()
}

/// The type that a method of Go stands outside of.
fn receiver(language: Language, symbol: &Symbol, text: &str) -> Option<String> {
    if language != Language::Go || symbol.kind != SymbolKind::Method {
        return None;
    }
    let header = slice(text, symbol.range.start..symbol.name_range.start);
    let inside = header.split_once('(')?.1.split(')').next()?;
    let name = inside.split('[').next()?.rsplit([' ', '*', '\t']).find(|word| !word.is_empty())?;
    Some(name.to_owned())
}

/// The signature and the pieces of the body between the symbols nested in it.
fn parts(symbol: &Symbol, behind: &[Symbol]) -> (Range<usize>, Vec<Range<usize>>) {
    let range = symbol.range.clone();
    let Some(body) =
        symbol.body_range.clone().filter(|body| range.start <= body.start && body.end <= range.end)
    else {
        return (range, Vec::new());
    };
    let mut pieces = Vec::new();
    let mut from = body.start;
    if !symbol.kind.is_callable() {
        let nested = behind.iter().take_while(|inner| inner.depth > symbol.depth);
        for inner in nested.filter(|inner| inner.depth == symbol.depth + 1) {
            if inner.range.start >= from {
                pieces.push(from..inner.range.start);
                from = inner.range.end;
            }
        }
    }
    pieces.push(from.min(body.end)..body.end);
    (range.start..body.start, pieces)
}

fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// The pieces with runs of blanks as one (or, where indentation means something, lines as they are) and `own` as `_`.
fn squeezed(pieces: &[&str], own: Option<&str>, indentation_is_free: bool) -> String {
    let mut squeezed = String::new();
    for piece in pieces {
        if indentation_is_free {
            for word in piece.split_whitespace() {
                squeezed.push_str(word);
                squeezed.push(' ');
            }
        } else {
            for line in piece.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
                squeezed.push_str(line);
                squeezed.push('\n');
            }
        }
    }
    let squeezed = squeezed.trim_end();
    own.map_or_else(|| squeezed.to_owned(), |own| without_name(squeezed, own))
}

/// The text with the word `name` as `_`.
fn without_name(text: &str, name: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(name) {
        let end = at + name.len();
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        if at >= done && !before.is_some_and(is_word) && !after.is_some_and(is_word) {
            result.push_str(&text[done..at]);
            result.push('_');
            done = end;
        }
    }
    result.push_str(&text[done..]);
    result
}
