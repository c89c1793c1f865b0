//! Paths as models write them: only plain relative ones get through.
//!
//! What is accepted here names, on every platform, one file below the workspace: no root, no parent, no drive, no
//! device, no stream, nothing a file system would silently rewrite.

use crate::problem::is_unseen;

/// Why a path is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// Nothing is left of it.
    #[error("it is empty")]
    Empty,
    /// It starts at a root, a drive or a home directory.
    #[error("it is absolute")]
    Absolute,
    /// It has a `..` part.
    #[error("it leaves the workspace")]
    Parent,
    /// It has an empty part.
    #[error("it has an empty part")]
    EmptyPart,
    /// It holds a character that file names cannot or should not have.
    #[error("it holds a character that file names cannot have")]
    Character,
    /// A part begins with a blank, or ends with a dot or blank, which some systems drop.
    #[error("a part of it begins or ends with a blank, or ends with a dot")]
    Trailing,
    /// A part is the name of a device on some systems.
    #[error("a part of it is the name of a device")]
    Device,
}

/// The path in its one normal form: `./` taken off, parts separated by `/`.
///
/// # Errors
/// When it is not a plain relative path.
pub fn normalise(path: &str) -> Result<String, BadPath> {
    if path.is_empty() {
        return Err(BadPath::Empty);
    }
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.starts_with(['/', '\\']) || path == "~" || path.starts_with("~/") || drive {
        return Err(BadPath::Absolute);
    }
    if path.chars().any(is_forbidden) {
        return Err(BadPath::Character);
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" => return Err(BadPath::EmptyPart),
            "." => {}
            ".." => return Err(BadPath::Parent),
            _ if part.ends_with(['.', ' ']) || part.starts_with(' ') => return Err(BadPath::Trailing),
            _ if is_device(part) => return Err(BadPath::Device),
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { Err(BadPath::Empty) } else { Ok(parts.join("/")) }
}

/// Control characters, separators of other systems, stream marks, wildcards, and characters that are not seen.
fn is_forbidden(c: char) -> bool {
    c == '\t' || is_unseen(c) || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// Names that Windows takes for a device with any ending, superscript digits included
/// (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_lowercase();
    if matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "clock$" | "conin$" | "conout$") {
        return true;
    }
    let number = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    number.is_some_and(|number| {
        let mut chars = number.chars();
        let digit =
            chars.next().is_some_and(|c| c.is_ascii_digit() || matches!(c, '\u{b9}' | '\u{b2}' | '\u{b3}'));
        digit && chars.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_get_through() {
        for (path, expected) in [
            ("a.rs", "a.rs"),
            ("./src/a.rs", "src/a.rs"),
            ("a/./b c", "a/b c"),
            ("[slug]/\u{e9}.ts", "[slug]/\u{e9}.ts"),
        ] {
            assert_eq!(normalise(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn tricks_do_not() {
        use BadPath::{Absolute, Character, Device, Empty, EmptyPart, Parent, Trailing};
        for (path, expected) in [
            ("", Empty),
            (".", Empty),
            ("/etc/passwd", Absolute),
            ("~/.ssh/id", Absolute),
            ("C:/x", Absolute),
            ("\\\\server\\x", Absolute),
            ("../x", Parent),
            ("a/../../x", Parent),
            ("a//b", EmptyPart),
            ("a/", EmptyPart),
            ("a\0b", Character),
            ("a\\b", Character),
            ("a.txt:stream", Character),
            ("a\u{202e}txt.sh", Character),
            ("a.rs.", Trailing),
            ("a /b", Trailing),
            ("nul.txt", Device),
            ("x/COM1", Device),
            ("lpt\u{b2}.rs", Device),
            ("CON .txt", Device),
            ("a\u{ad}b", Character),
            ("a\u{61c}b", Character),
            ("a\tb", Character),
            ("file:///etc/passwd", Character),
            ("a/b:c", Character),
            ("a./b", Trailing),
            (".git /x", Trailing),
            ("\u{3}", Character),
        ] {
            assert_eq!(normalise(path), Err(expected), "{path:?}");
        }
    }
}
