//! Whether the brackets of a text are balanced, told by a lexer that knows strings and comments and nothing else.
//!
//! Weaker than a grammar, but known for many more languages. It can be wrong (a regular expression, a macro that opens
//! what another closes), so it only counts when the text before an edit was balanced and the text after is not.

use std::path::Path;

/// How a language writes what is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brackets {
    /// Begins a comment that ends with the line.
    line: &'static [&'static str],
    /// Has comments between `/*` and `*/`.
    block: bool,
    /// Begin and end a string that ends with its line at the latest.
    quotes: &'static [char],
    /// Begins and ends a string that may span lines.
    wide: &'static [&'static str],
    /// `'x'` is a character, and a lone `'` is something else.
    characters: bool,
    /// Lines of `#if`, `#else` and `#endif` choose among branches.
    branches: bool,
}

/// How often over a text is read to find where its branches end, which may nest.
const MOST_READ: usize = 64;

/// Which branch of each `#if` is read; each may open what the others open too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    First,
    Last,
}

/// A bracket without its partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbalanced {
    /// The bracket.
    pub bracket: char,
    /// Its byte.
    pub at: usize,
}

const NONE: Brackets =
    Brackets { line: &[], block: false, quotes: &['"'], wide: &[], characters: false, branches: false };
const CODE: Brackets = Brackets { line: &["//"], block: true, characters: true, ..NONE };
const C: Brackets = Brackets { branches: true, ..CODE };
const TEXT_BLOCKS: Brackets = Brackets { wide: &["\"\"\""], ..CODE };
const BRANCHED_TEXT_BLOCKS: Brackets = Brackets { branches: true, ..TEXT_BLOCKS };
const RUST: Brackets = Brackets { wide: &["\""], quotes: &[], ..CODE };
const SCRIPT: Brackets = Brackets { quotes: &['"', '\''], wide: &["`"], characters: false, ..CODE };
const GO: Brackets = Brackets { wide: &["`"], ..CODE };
const STYLE: Brackets = Brackets { line: &[], quotes: &['"', '\''], characters: false, ..CODE };
const LESS: Brackets = Brackets { line: &["//"], ..STYLE };
const PHP: Brackets =
    Brackets { line: &["//", "#"], quotes: &[], wide: &["\"", "'"], characters: false, ..CODE };
const PYTHON: Brackets = Brackets { line: &["#"], quotes: &['"', '\''], wide: &["\"\"\"", "'''"], ..NONE };
const HCL: Brackets = Brackets { line: &["//", "#"], block: true, ..NONE };

/// Extensions, lower-case.
const TABLE: &[(Brackets, &[&str])] = &[
    (RUST, &["rs"]),
    (PYTHON, &["py", "pyi", "pyw"]),
    (SCRIPT, &["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"]),
    (GO, &["go"]),
    (C, &["c", "h", "cc", "cpp", "cxx", "hpp", "hh", "proto", "glsl", "wgsl", "sol", "zig", "m", "mm"]),
    (TEXT_BLOCKS, &["java", "kt", "kts", "scala", "groovy", "gradle", "dart"]),
    (BRANCHED_TEXT_BLOCKS, &["cs", "swift"]),
    (STYLE, &["css"]),
    (LESS, &["less", "scss"]),
    (PHP, &["php"]),
    (HCL, &["tf", "hcl"]),
    (NONE, &["json"]),
    (SCRIPT, &["jsonc", "json5"]),
];

impl Brackets {
    /// What is known of the language of a file, by the extension of its name.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        TABLE.iter().find(|(_, names)| names.contains(&extension.as_str())).map(|(rules, _)| *rules)
    }

    /// Reads a text; one pass for each way through its branches.
    ///
    /// # Errors
    /// The first bracket that closes nothing, or the outermost one that is never closed.
    pub fn check(self, text: &str) -> Result<(), Unbalanced> {
        self.check_each(text).into_iter().collect()
    }

    /// The bracket without a partner that comes with `after`, in a way through the branches that had none in `before`.
    pub fn new_unbalanced(self, before: &str, after: &str) -> Option<Unbalanced> {
        let after = self.check_each(after);
        if after.iter().all(Result::is_ok) {
            return None;
        }
        let both = self.check_each(before).into_iter().zip(after);
        both.filter(|(before, _)| before.is_ok()).find_map(|(_, after)| after.err())
    }

    fn check_each(self, text: &str) -> [Result<(), Unbalanced>; 2] {
        let first = self.check_branch(text, Branch::First);
        let last = if self.branches { self.check_branch(text, Branch::Last) } else { first };
        [first, last]
    }

    fn check_branch(self, text: &str, branch: Branch) -> Result<(), Unbalanced> {
        let mut open: Vec<Unbalanced> = Vec::new();
        let mut at = 0;
        let mut begins_line = self.branches;
        let mut budget = MOST_READ.saturating_mul(text.len());
        while let Some(bracket) = text[at..].chars().next() {
            if begins_line {
                let Some(len) = skipped_branches(&text[at..], branch, &mut budget) else { return Ok(()) };
                if len > 0 {
                    at += len;
                    continue;
                }
            }
            begins_line = self.branches && matches!(bracket, '\n' | '\r');
            let len = self.skipped(&text[at..]);
            if len > 0 {
                at += len;
                continue;
            }
            let here = Unbalanced { bracket, at };
            match bracket {
                '(' | '[' | '{' => open.push(here),
                ')' | ']' | '}' => match open.pop() {
                    Some(partner) if closes(partner.bracket, bracket) => {}
                    // The opened one is to blame when what stands here closes an outer one.
                    Some(partner) if open.iter().any(|outer| closes(outer.bracket, bracket)) => {
                        return Err(partner);
                    }
                    _ => return Err(here),
                },
                _ => {}
            }
            at += bracket.len_utf8();
        }
        open.first().map_or(Ok(()), |first| Err(*first))
    }

    /// Bytes of the comment or string that `rest` begins with; 0 for code.
    fn skipped(self, rest: &str) -> usize {
        let line_end = || rest.find(['\n', '\r']).unwrap_or(rest.len());
        if self.line.iter().any(|marker| rest.starts_with(marker)) {
            return line_end();
        }
        if self.block && rest.starts_with("/*") {
            return rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
        }
        if let Some(len) = raw(rest).filter(|_| self == RUST) {
            return len;
        }
        if let Some(quote) = self.wide.iter().find(|quote| rest.starts_with(**quote)) {
            return string(rest, quote, rest.len());
        }
        // It holds text without quotes.
        if (self == STYLE || self == LESS) && rest.starts_with("url(data:") {
            return rest[..line_end()].find(')').map_or(0, |end| end + 1);
        }
        match rest.chars().next() {
            Some(quote) if self.quotes.contains(&quote) => {
                string(rest, quote.encode_utf8(&mut [0; 4]), line_end())
            }
            Some('\'') if self.characters => character(rest),
            _ => 0,
        }
    }
}

/// What a line with `#` tells of branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    If,
    Else,
    End,
}

impl Directive {
    fn read(line: &str) -> Option<Self> {
        let word = line.trim_start().strip_prefix('#')?.trim_start();
        let word = &word[..word.bytes().take_while(u8::is_ascii_alphabetic).count()];
        Some(match word {
            "if" | "ifdef" | "ifndef" => Self::If,
            "else" | "elif" | "elseif" | "elifdef" | "elifndef" => Self::Else,
            "endif" => Self::End,
            _ => return None,
        })
    }
}

/// Bytes of the branches that are not read, where `rest` begins with the line that begins them; `None` when they do not
/// end, or the budget of bytes is spent.
fn skipped_branches(rest: &str, branch: Branch, budget: &mut usize) -> Option<usize> {
    let begins = match branch {
        Branch::First => Directive::Else,
        Branch::Last => Directive::If,
    };
    let mut lines = rest.split_inclusive(['\n', '\r']);
    let Some(first) = lines.next().filter(|line| Directive::read(line) == Some(begins)) else {
        return Some(0);
    };
    let mut at = first.len();
    let mut depth = 0_usize;
    // The last `#else` of an `#if` begins its last branch; without one, all of it is read.
    let mut last = 0;
    for line in lines {
        match Directive::read(line) {
            Some(Directive::If) => depth += 1,
            Some(Directive::End) if depth == 0 => {
                return Some(if branch == Branch::First { at } else { last });
            }
            Some(Directive::End) => depth -= 1,
            Some(Directive::Else) if depth == 0 => last = at + line.len(),
            _ => {}
        }
        at += line.len();
        *budget = budget.checked_sub(line.len())?;
    }
    None
}

fn closes(open: char, close: char) -> bool {
    matches!((open, close), ('(', ')') | ('[', ']') | ('{', '}'))
}

/// Bytes of the string that `rest` begins with, at most `end`; one that never ends takes the quote only.
fn string(rest: &str, quote: &str, end: usize) -> usize {
    let mut at = quote.len();
    while at < end {
        if rest[at..].starts_with(quote) {
            return at + quote.len();
        }
        let mut chars = rest[at..].chars();
        let escaped = if chars.next() == Some('\\') { chars.next().map_or(0, char::len_utf8) + 1 } else { 0 };
        at += if escaped > 0 { escaped } else { rest[at..].chars().next().map_or(1, char::len_utf8) };
    }
    quote.len()
}

/// Bytes of a character literal; the quote only where it is a lifetime or a separator of digits.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            let close = rest[from..].char_indices().take(12).find(|(_, c)| *c == '\'');
            close.map_or(1, |(offset, _)| from + offset + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// Bytes of a raw string (`r#"…"#`) that `rest` begins with.
fn raw(rest: &str) -> Option<usize> {
    let hashes = rest.strip_prefix('r')?.bytes().take_while(|byte| *byte == b'#').count();
    let inner = rest[1 + hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inner.find(&close)?;
    Some(rest.len() - inner.len() + end + close.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: Option<&str>) {
        let brackets = Brackets::of(Path::new(path)).expect("a known language");
        let found = brackets.check(text).err().map(|found| text[found.at..].to_owned());
        assert_eq!(found.as_deref(), expected, "{path}: {text}");
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        check("a.c", "f(\"(\", '(', '\\'', '\\\\'); // (\n/* { */", None);
        check("a.rs", "fn f<'a>(x: &'a str) { g('{', b'\\'', r#\"(\"#, \"a\n(\") }", None);
        check("a.cpp", "int x = 1'000; f({1'0});", None);
        check("a.ts", "f(`${a} (\n`, \"it's (\", '(')", None);
        check("a.java", "f(\"\"\"\n \" ( \"\"\")", None);
        check("a.json", "{\"a\": [\"]\\\"\", 1]}", None);
        check("a.css", "a { background: url(http://x); }", None);
        check("a.css", "a { background: url(data:image/svg+xml,(x) }", None);
        check("a.php", "f(\"(\n\"); # (\n", None);
        check("a.py", "f(\"(\", '''\n(''') # (", None);
    }

    #[test]
    fn each_way_through_the_branches_is_read() {
        check("a.c", "#ifdef X\nint f(void) {\n#else\nint g(void) {\n#endif\n}\n", None);
        check("a.cs", "#if X\n  void F() {\n  #elif Y\n  void G() {\n#else\nvoid H() {\n#endif\n}\n", None);
        check("a.c", "# if A\n# if B\nf(\n# else\ng(\n# endif\n)\n#else\nh();\n# endif\n", None);
        check("a.h", "#ifdef __cplusplus\nextern \"C\" {\n#endif\n#ifdef __cplusplus\n}\n#endif\n", None);
        check("a.c", "#if X\nf(\n#else\ng()\n#endif\n", Some("(\n#else\ng()\n#endif\n"));
        check("a.c", "#if X\nf()\n#else\ng(\n#endif\n", Some("(\n#endif\n"));
        // A text whose branches do not end is not judged.
        check("a.c", "#if X\nf()\n#else\n(", None);
        let _ = C.check(&("#if\n".repeat(50_000) + &"#endif\n".repeat(50_000)));
        let _ = C.check(&"#else\n".repeat(50_000));
    }

    #[test]
    fn the_bracket_without_partner_is_found() {
        check("a.c", "f() { g(1; }", Some("(1; }"));
        check("a.c", "f() { if (x) { g(); }", Some("{ if (x) { g(); }"));
        check("a.c", "f() {} }", Some("}"));
        check("a.json", "[1, 2", Some("[1, 2"));
        check("a.c", "f() \" { ", Some("{ "));
    }

    #[test]
    fn other_files_are_not_read() {
        assert_eq!(Brackets::of(Path::new("a.md")), None);
        assert_eq!(Brackets::of(Path::new("Makefile")), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(r#*\"|\n#(if|else|endif)|/\\*|\\*/|//|[a'\"`\\\\(){}#\n\ré]){0,30}") {
            for (brackets, _) in TABLE {
                let _ = brackets.check(&text);
            }
        }
    }
}
