//! The outline of a text: its definitions, in order, with their nesting.
//!
//! Definitions are found by the kinds of tree-sitter nodes, one table per language. Code with errors has an
//! outline too: of what could be recognised.

use std::ops::Range;

use tree_sitter::{Node, TreeCursor};

use super::{Language, Parsed};
use crate::text::Rope;

/// What a [`Symbol`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymbolKind {
    /// A module or namespace.
    Module,
    /// A class.
    Class,
    /// A structure or union.
    Struct,
    /// An enumeration.
    Enum,
    /// A trait or interface.
    Interface,
    /// An `impl` block; its name is the type's.
    Implementation,
    /// A function outside of types.
    Function,
    /// A function inside of a type.
    Method,
    /// A constant or static.
    Constant,
    /// A type alias or any other named type.
    TypeAlias,
    /// A macro.
    Macro,
}

/// A definition in a text. All ranges are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its name as written.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The whole definition, with its decorators and `export`, without the comments above it.
    pub range: Range<usize>,
    /// Its name.
    pub name_range: Range<usize>,
    /// Its body, with the braces where the language has them; `None` for a declaration without one.
    pub body_range: Option<Range<usize>>,
    /// How many symbols it is nested in.
    pub depth: usize,
}

impl SymbolKind {
    /// The name as it is written outside: the same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Interface => "interface",
            Self::Implementation => "implementation",
            Self::Function => "function",
            Self::Method => "method",
            Self::Constant => "constant",
            Self::TypeAlias => "type-alias",
            Self::Macro => "macro",
        }
    }

    /// Whether it has a body that runs.
    pub fn is_callable(self) -> bool {
        matches!(self, Self::Function | Self::Method)
    }

    fn is_type(self) -> bool {
        matches!(self, Self::Class | Self::Struct | Self::Enum | Self::Interface | Self::Implementation)
    }
}

/// The symbols of `text`, each before those nested in it; `None` when it is too long or too broken to parse within the
/// budget.
pub fn outline(language: Language, text: &Rope) -> Option<Vec<Symbol>> {
    Some(Parsed::new(language, text)?.outline())
}

impl Parsed {
    /// The symbols of the text, each before those nested in it.
    pub fn outline(&self) -> Vec<Symbol> {
        let mut walk =
            Walk { language: self.language, text: &self.text, path: Vec::new(), symbols: Vec::new() };
        let mut cursor = self.tree.walk();
        // By hand, not by recursion: garbage can nest a hundred thousand levels deep.
        loop {
            walk.enter(cursor.node());
            if cursor.goto_first_child() {
                continue;
            }
            walk.path.pop();
            if !next(&mut cursor, &mut walk.path) {
                return walk.symbols;
            }
        }
    }
}

/// The innermost function, method or type around `byte`, or ending at it.
pub fn enclosing_definition(language: Language, text: &Rope, byte: usize) -> Option<Symbol> {
    let is_definition = |kind: SymbolKind| kind.is_callable() || kind.is_type();
    let holds = |symbol: &Symbol| symbol.range.start <= byte && byte <= symbol.range.end;
    let around =
        outline(language, text)?.into_iter().filter(|symbol| is_definition(symbol.kind) && holds(symbol));
    // The later of two equally deep ones begins at `byte`, where the earlier ends.
    around.max_by_key(|symbol| symbol.depth)
}

/// Moves behind the node that was left; `false` at the end of the tree.
fn next(cursor: &mut TreeCursor<'_>, path: &mut Vec<Level>) -> bool {
    loop {
        if cursor.goto_next_sibling() {
            return true;
        }
        if !cursor.goto_parent() {
            return false;
        }
        path.pop();
    }
}

/// A node on the way from the root to where the walk is.
struct Level {
    /// Set when the node only wraps one definition, whose range it extends.
    wraps: Option<Range<usize>>,
    /// The symbols it is nested in, itself included: how many, and the innermost one's kind.
    depth: usize,
    inner: Option<SymbolKind>,
}

struct Walk<'t> {
    language: Language,
    text: &'t Rope,
    path: Vec<Level>,
    symbols: Vec<Symbol>,
}

/// What a node defines, before its name is read.
pub(super) struct Definition<'t> {
    kind: SymbolKind,
    pub(super) name: Node<'t>,
    body: Option<Node<'t>>,
}

impl Walk<'_> {
    fn enter(&mut self, node: Node<'_>) {
        let (depth, inner, wrapper) = match self.path.last() {
            Some(level) => (level.depth, level.inner, level.wraps.clone()),
            None => (0, None, None),
        };
        let mut level = Level { wraps: None, depth, inner };
        if node.is_named() && is_wrapper(node) {
            level.wraps = Some(wrapper.unwrap_or(node.byte_range()));
        } else if node.is_named()
            && let Some(symbol) = self.symbol(node, depth, inner, wrapper)
        {
            (level.depth, level.inner) = (depth + 1, Some(symbol.kind));
            self.symbols.push(symbol);
        }
        self.path.push(level);
    }

    fn symbol(
        &self,
        node: Node<'_>,
        depth: usize,
        inner: Option<SymbolKind>,
        wrapper: Option<Range<usize>>,
    ) -> Option<Symbol> {
        let Definition { mut kind, name, body } = definition(self.language, node)?;
        let is_local = inner.is_some_and(SymbolKind::is_callable);
        if is_local && kind == SymbolKind::Constant {
            return None;
        }
        if kind == SymbolKind::Function && inner.is_some_and(SymbolKind::is_type) {
            kind = SymbolKind::Method;
        }
        let name_range = name.byte_range();
        let name = self.text.get_byte_slice(name_range.clone())?.to_string();
        if name.is_empty() {
            return None; // the parser made it up
        }
        let range = wrapper.unwrap_or(node.byte_range());
        let body_range = body.filter(|body| !body.is_missing()).map(|body| body.byte_range());
        Some(Symbol { name, kind, range, name_range, body_range, depth })
    }
}

fn is_wrapper(node: Node<'_>) -> bool {
    match node.kind() {
        "decorated_definition" | "export_statement" | "ambient_declaration" => true,
        "lexical_declaration" | "variable_declaration" | "type_declaration" => node.named_child_count() == 1,
        _ => false,
    }
}

pub(super) fn definition(language: Language, node: Node<'_>) -> Option<Definition<'_>> {
    match language {
        Language::Rust => rust(node),
        Language::Python => python(node),
        Language::JavaScript | Language::TypeScript | Language::Tsx => script(node),
        Language::Go => go(node),
    }
}

fn named<'t>(node: Node<'t>, kind: SymbolKind, name: &str) -> Option<Definition<'t>> {
    Some(Definition { kind, name: node.child_by_field_name(name)?, body: node.child_by_field_name("body") })
}

fn rust(node: Node<'_>) -> Option<Definition<'_>> {
    let kind = match node.kind() {
        "function_item" | "function_signature_item" => SymbolKind::Function,
        "struct_item" | "union_item" => SymbolKind::Struct,
        "enum_item" => SymbolKind::Enum,
        "trait_item" => SymbolKind::Interface,
        "impl_item" => return named(node, SymbolKind::Implementation, "type"),
        "mod_item" => SymbolKind::Module,
        "const_item" | "static_item" => SymbolKind::Constant,
        "type_item" => SymbolKind::TypeAlias,
        "macro_definition" => SymbolKind::Macro,
        _ => return None,
    };
    named(node, kind, "name")
}

fn python(node: Node<'_>) -> Option<Definition<'_>> {
    match node.kind() {
        "function_definition" => named(node, SymbolKind::Function, "name"),
        "class_definition" => named(node, SymbolKind::Class, "name"),
        _ => None,
    }
}

fn script(node: Node<'_>) -> Option<Definition<'_>> {
    let kind = match node.kind() {
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            SymbolKind::Function
        }
        "method_definition" | "method_signature" | "abstract_method_signature" => SymbolKind::Method,
        "class_declaration" | "abstract_class_declaration" => SymbolKind::Class,
        "interface_declaration" => SymbolKind::Interface,
        "enum_declaration" => SymbolKind::Enum,
        "type_alias_declaration" => SymbolKind::TypeAlias,
        "internal_module" | "module" => SymbolKind::Module,
        "variable_declarator" | "public_field_definition" => return function_value(node, "name"),
        "field_definition" => return function_value(node, "property"),
        _ => return None,
    };
    named(node, kind, "name")
}

/// `const name = () => …` and the like.
fn function_value<'t>(node: Node<'t>, name: &str) -> Option<Definition<'t>> {
    let value = node.child_by_field_name("value")?;
    if !matches!(value.kind(), "arrow_function" | "function_expression" | "generator_function") {
        return None;
    }
    let name = node.child_by_field_name(name)?;
    Some(Definition { kind: SymbolKind::Function, name, body: value.child_by_field_name("body") })
}

fn go(node: Node<'_>) -> Option<Definition<'_>> {
    match node.kind() {
        "function_declaration" => named(node, SymbolKind::Function, "name"),
        "method_declaration" | "method_elem" => named(node, SymbolKind::Method, "name"),
        "const_spec" => named(node, SymbolKind::Constant, "name"),
        "type_alias" => named(node, SymbolKind::TypeAlias, "name"),
        "type_spec" => {
            let body = node.child_by_field_name("type")?;
            let kind = match body.kind() {
                "struct_type" => SymbolKind::Struct,
                "interface_type" => SymbolKind::Interface,
                _ => SymbolKind::TypeAlias,
            };
            Some(Definition { kind, name: node.child_by_field_name("name")?, body: Some(body) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
