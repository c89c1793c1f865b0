//! The languages whose syntax is understood, and how a document's language is found.

use std::path::Path;

/// A language with a grammar in this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// JavaScript, with JSX.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Go.
    Go,
}

impl Language {
    /// Every language, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Rust, Self::Python, Self::JavaScript, Self::TypeScript, Self::Tsx, Self::Go];

    /// The language of an LSP language identifier.
    pub fn from_id(id: &str) -> Option<Self> {
        Some(match id {
            "rust" => Self::Rust,
            "python" => Self::Python,
            "javascript" | "javascriptreact" | "js" | "jsx" => Self::JavaScript,
            "typescript" | "ts" => Self::TypeScript,
            "typescriptreact" | "tsx" => Self::Tsx,
            "go" | "golang" => Self::Go,
            _ => return None,
        })
    }

    /// The language of a file, by the extension of its name.
    pub fn from_path(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "rs" => Self::Rust,
            "py" | "pyi" | "pyw" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "go" => Self::Go,
            _ => return None,
        })
    }

    /// The language of a document: by its identifier, else by its path. Editors send `typescript` for a `.tsx` file
    /// when they do not know better, so there the path decides.
    pub fn detect(id: &str, path: Option<&Path>) -> Option<Self> {
        let by_path = path.and_then(Self::from_path);
        match (Self::from_id(id), by_path) {
            (Some(Self::TypeScript), Some(Self::Tsx)) => Some(Self::Tsx),
            (by_id, by_path) => by_id.or(by_path),
        }
    }

    /// The LSP language identifier.
    pub fn id(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Tsx => "typescriptreact",
            Self::Go => "go",
        }
    }

    /// What begins a comment that ends with its line.
    pub fn line_comment(self) -> &'static str {
        match self {
            Self::Python => "#",
            Self::Rust | Self::JavaScript | Self::TypeScript | Self::Tsx | Self::Go => "//",
        }
    }

    pub(super) fn grammar(self) -> tree_sitter::Language {
        match self {
            Self::Rust => tree_sitter_rust::LANGUAGE,
            Self::Python => tree_sitter_python::LANGUAGE,
            Self::JavaScript => tree_sitter_javascript::LANGUAGE,
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
            Self::Go => tree_sitter_go::LANGUAGE,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, path: &str, expected: Option<Language>) {
        assert_eq!(Language::detect(id, Some(Path::new(path))), expected, "{id} {path}");
    }

    #[test]
    fn the_identifier_comes_before_the_path() {
        check("rust", "a.txt", Some(Language::Rust));
        check("python", "a.rs", Some(Language::Python));
        check("", "src/A.PY", Some(Language::Python));
        check("typescript", "a.tsx", Some(Language::Tsx));
        check("typescript", "a.ts", Some(Language::TypeScript));
        check("plaintext", "Makefile", None);
    }

    #[test]
    fn identifiers_round_trip() {
        for language in Language::ALL {
            assert_eq!(Language::from_id(language.id()), Some(language));
        }
    }
}
