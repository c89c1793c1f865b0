//! Comment markers of many languages, whether or not there is a grammar, and the comment of one line.
//!
//! This is lexical and cheap: it serves comment instructions (`// AI! make this async`) on every code-action
//! request. A marker counts at the start of a line or after a blank, so that `http://` is none.

use std::ops::Range;
use std::path::Path;

/// How a language writes comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommentMarkers {
    /// Begins a comment that ends with the line; the first is what to write.
    pub line: &'static [&'static str],
    /// Begins and ends a comment that may span lines.
    pub block: Option<(&'static str, &'static str)>,
}

/// The comment of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment<'l> {
    /// Bytes of the line from the marker to the end of the comment.
    pub range: Range<usize>,
    /// What it says, without markers and surrounding blanks.
    pub text: &'l str,
}

const SLASHES: CommentMarkers = CommentMarkers { line: &["//"], block: Some(("/*", "*/")) };
const HASH: CommentMarkers = CommentMarkers { line: &["#"], block: None };
const DASHES: CommentMarkers = CommentMarkers { line: &["--"], block: None };
const SEMICOLON: CommentMarkers = CommentMarkers { line: &[";"], block: None };
const PERCENT: CommentMarkers = CommentMarkers { line: &["%"], block: None };
const MARKUP: CommentMarkers = CommentMarkers { line: &[], block: Some(("<!--", "-->")) };
const STYLES: CommentMarkers = CommentMarkers { line: &[], block: Some(("/*", "*/")) };
const UNKNOWN: CommentMarkers =
    CommentMarkers { line: &["#", "//", "--", ";", "%"], block: Some(("<!--", "-->")) };

/// Language identifiers and extensions, both lower-case.
const TABLE: &[(CommentMarkers, &[&str])] = &[
    (
        SLASHES,
        &[
            "rust",
            "rs",
            "javascript",
            "javascriptreact",
            "js",
            "mjs",
            "cjs",
            "jsx",
            "typescript",
            "typescriptreact",
            "ts",
            "mts",
            "cts",
            "tsx",
            "go",
            "c",
            "h",
            "cpp",
            "cc",
            "cxx",
            "hpp",
            "hh",
            "csharp",
            "cs",
            "java",
            "kotlin",
            "kt",
            "kts",
            "swift",
            "scala",
            "dart",
            "objective-c",
            "objective-cpp",
            "m",
            "mm",
            "groovy",
            "gradle",
            "zig",
            "proto",
            "proto3",
            "jsonc",
            "json5",
            "less",
            "scss",
            "sass",
            "solidity",
            "sol",
            "v",
            "verilog",
            "glsl",
            "hlsl",
            "wgsl",
            "cuda-cpp",
            "cu",
            "d",
            "fsharp",
            "fs",
            "typst",
            "typ",
        ],
    ),
    (CommentMarkers { line: &["//", "#"], block: Some(("/*", "*/")) }, &["php", "hcl", "terraform", "tf"]),
    (
        HASH,
        &[
            "python",
            "py",
            "pyi",
            "pyw",
            "ruby",
            "rb",
            "shellscript",
            "sh",
            "bash",
            "zsh",
            "fish",
            "perl",
            "pl",
            "pm",
            "r",
            "yaml",
            "yml",
            "toml",
            "dockerfile",
            "makefile",
            "make",
            "mk",
            "elixir",
            "ex",
            "exs",
            "julia",
            "jl",
            "nim",
            "crystal",
            "cr",
            "powershell",
            "ps1",
            "cmake",
            "nix",
            "tcl",
            "coffeescript",
            "coffee",
            "gitignore",
            "ignore",
            "properties",
            "dotenv",
            "env",
            "git-commit",
            "just",
            "awk",
            "starlark",
            "bzl",
            "conf",
        ],
    ),
    (CommentMarkers { line: &["--"], block: Some(("/*", "*/")) }, &["sql", "plsql", "pgsql"]),
    (
        DASHES,
        &["lua", "haskell", "hs", "elm", "ada", "adb", "ads", "vhdl", "vhd", "purescript", "purs", "lean"],
    ),
    (
        SEMICOLON,
        &[
            "lisp",
            "el",
            "elisp",
            "emacs-lisp",
            "clojure",
            "clj",
            "cljs",
            "scheme",
            "scm",
            "racket",
            "rkt",
            "asm",
            "s",
            "nasm",
        ],
    ),
    (CommentMarkers { line: &[";", "#"], block: None }, &["ini", "cfg", "editorconfig"]),
    (PERCENT, &["latex", "tex", "bibtex", "bib", "erlang", "erl", "hrl", "prolog", "matlab", "postscript"]),
    (
        MARKUP,
        &["html", "htm", "xml", "xhtml", "svg", "markdown", "md", "mdx", "vue", "svelte", "xsl", "astro"],
    ),
    (STYLES, &["css"]),
];

impl CommentMarkers {
    /// The markers of a document, by its language identifier, else by the extension or name of its path; for an
    /// unknown language every usual marker counts.
    pub fn of(id: &str, path: Option<&Path>) -> Self {
        let name = path.and_then(|path| path.extension().or(path.file_name())).and_then(|name| name.to_str());
        Self::known(id).or_else(|| Self::known(name?)).unwrap_or(UNKNOWN)
    }

    fn known(name: &str) -> Option<Self> {
        let name = name.trim_start_matches('.').to_ascii_lowercase();
        TABLE.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(markers, _)| *markers)
    }

    /// The first comment that begins on `line`, whose line break does not matter. Inside a string literal the answer
    /// may be wrong: nothing is parsed.
    pub fn find<'l>(&self, line: &'l str) -> Option<Comment<'l>> {
        let by_line = self.line.iter().filter_map(|marker| line_comment(line, marker));
        let by_block = self.block.iter().filter_map(|(open, close)| block_comment(line, open, close));
        by_line.chain(by_block).min_by_key(|comment| comment.range.start)
    }
}

fn line_comment<'l>(line: &'l str, marker: &str) -> Option<Comment<'l>> {
    let content = line.trim_end();
    let start = marker_start(content, marker)?;
    // `///`, `//!` and `##` are comments too.
    let sign = marker.chars().next()?;
    let text = content[start + marker.len()..].trim_start_matches(sign).trim();
    Some(Comment { range: start..content.len(), text })
}

fn block_comment<'l>(line: &'l str, open: &str, close: &str) -> Option<Comment<'l>> {
    let content = line.trim_end();
    let start = marker_start(content, open)?;
    let inside = start + open.len();
    let (end, behind) = match content[inside..].find(close) {
        Some(at) => (inside + at, inside + at + close.len()),
        None => (content.len(), content.len()),
    };
    Some(Comment { range: start..behind, text: content[inside..end].trim_start_matches('*').trim() })
}

/// Where `marker` first stands at the start of the line or after something that is no word.
fn marker_start(line: &str, marker: &str) -> Option<usize> {
    let opens =
        |at: usize| line[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "{}();,>".contains(c));
    line.match_indices(marker).map(|(at, _)| at).find(|&at| opens(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, path: &str, line: &str, expected: Option<(&str, &str)>) {
        let markers = CommentMarkers::of(id, Some(Path::new(path)));
        let found = markers.find(line);
        let actual = found.as_ref().map(|comment| (&line[comment.range.clone()], comment.text));
        assert_eq!(actual, expected, "{line:?}");
    }

    #[test]
    fn each_language_has_its_markers() {
        check("rust", "a.rs", "let x = 1; // AI! rename\r\n", Some(("// AI! rename", "AI! rename")));
        check("rust", "a.rs", "/// Says what.", Some(("/// Says what.", "Says what.")));
        check("python", "a.py", "    # AI! é", Some(("# AI! é", "AI! é")));
        check("sql", "a.sql", "select 1 -- one", Some(("-- one", "one")));
        check("", "a.clj", ";; AI! x", Some((";; AI! x", "AI! x")));
        check("latex", "a.tex", "% AI! x", Some(("% AI! x", "AI! x")));
        check("html", "a.html", "<p> <!-- AI! x --> </p>", Some(("<!-- AI! x -->", "AI! x")));
        check("css", "a.css", "a { } /* AI! x */", Some(("/* AI! x */", "AI! x")));
        check("c", "a.c", "int a; /* open", Some(("/* open", "open")));
        check("ini", "a.ini", "# x", Some(("# x", "x")));
        check("", "Makefile", "# x", Some(("# x", "x")));
        check("unheard-of", "a.zzz", "-- x", Some(("-- x", "x")));
    }

    #[test]
    fn a_marker_inside_a_word_is_none() {
        check("rust", "a.rs", "see http://x.y/z", None);
        check("python", "a.py", "a = b#c", None);
        check("python", "a.py", "// not here", None);
        check("rust", "a.rs", "", None);
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line in "[-/*#;%<!> é\n]{0,20}") {
            let _ = UNKNOWN.find(&line);
        }
    }
}
