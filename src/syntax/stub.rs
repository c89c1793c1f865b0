//! Stubs: bodies that only say that they are not written yet.

use super::{Language, Symbol};
use crate::text::Rope;

/// A body longer than this is more than a stub and its comments.
const MAX_BODY: usize = 16 << 10;

/// Whether the body of a function or method is empty, or a single statement that stands for "not written yet": `todo!()`,
/// `unimplemented!()`, `pass`, `...`, `raise NotImplementedError`, `throw new Error("not implemented")`,
/// `panic("not implemented")`. Comments and a docstring do not count. Types are never stubs.
pub fn is_stub(language: Language, text: &Rope, symbol: &Symbol) -> bool {
    let Some(body) =
        symbol.body_range.clone().filter(|body| symbol.kind.is_callable() && body.len() <= MAX_BODY)
    else {
        return false;
    };
    let Some(body) = text.get_byte_slice(body) else { return false };
    let body = without_comments(language, &body.to_string());
    let body = body.trim();
    let inner = match body.strip_prefix('{').and_then(|body| body.strip_suffix('}')) {
        Some(inner) => inner,
        None if language == Language::Python => without_docstring(body),
        None => body,
    };
    is_stub_statement(inner)
}

/// Whether a line of any language reads like a stub or holds one: cheap enough for every code-action request.
pub fn line_looks_like_stub(line: &str) -> bool {
    let code = before_comment(line).trim();
    if code.is_empty() {
        return false;
    }
    let inside_braces = || Some(code.split_once('{')?.1.rsplit_once('}')?.0);
    let is_header = |header: &str| {
        let word = header.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        header.trim_end().ends_with(|c: char| !",=(".contains(c))
            && header.contains('(')
            && !["if", "for", "while", "switch", "match", "else", "catch", "try", "return", "use"]
                .contains(&word)
    };
    if let Some(inner) = inside_braces() {
        let header = code.split('{').next().unwrap_or_default();
        return is_stub_statement(inner) && is_header(header);
    }
    let behind = |mark: &str| code.rsplit_once(mark).map(|(_, rest)| rest.trim());
    let is_def = code.starts_with("def ") || code.starts_with("async def ");
    is_stub_statement(code)
        || (is_def && behind(":").is_some_and(|rest| !rest.is_empty() && is_stub_statement(rest)))
        || behind("=>").is_some_and(|rest| !rest.is_empty() && is_stub_statement(rest))
}

/// Whether one statement (or nothing) stands for "not written yet", in any language.
fn is_stub_statement(statement: &str) -> bool {
    let statement = statement.trim().trim_end_matches(';').trim_end();
    if matches!(statement, "" | "pass" | "..." | "raise NotImplementedError") {
        return true;
    }
    let statement = statement.strip_prefix("return ").unwrap_or(statement).trim_start();
    let statement =
        ["std::", "core::"].iter().find_map(|path| statement.strip_prefix(path)).unwrap_or(statement);
    ["todo!", "unimplemented!", "raise NotImplementedError", "throw new NotImplementedError"]
        .iter()
        .any(|call| statement.strip_prefix(call).is_some_and(|rest| arguments(rest).is_some()))
        || ["panic!", "panic", "throw new Error", "throw Error", "raise Exception", "errors.New"]
            .iter()
            .any(|call| statement.strip_prefix(call).and_then(arguments).is_some_and(says_unwritten))
}

fn says_unwritten(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["not implemented", "not yet implemented", "unimplemented", "notimplemented", "todo", "implement me"]
        .iter()
        .any(|words| text.contains(words))
}

/// What stands between the brackets, if `text` is one bracketed list and nothing more.
fn arguments(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_open = |c: char| matches!(c, '(' | '[' | '{');
    if !text.starts_with(is_open) {
        return None;
    }
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '`' | '\'') => quote = Some(c),
            (None, c) if is_open(c) => depth += 1,
            (None, ')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                let end = at + c.len_utf8();
                if depth == 0 {
                    return (end == text.len()).then(|| &text[1..at]);
                }
            }
            _ => {}
        }
    }
    None
}

/// The text without comments; strings are passed over.
fn without_comments(language: Language, text: &str) -> String {
    let quotes: &[char] = match language {
        Language::Rust => &['"'], // `'` also begins a lifetime
        Language::Python => &['"', '\''],
        _ => &['"', '\'', '`'],
    };
    let (mut result, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with(language.line_comment()) {
            Some(rest.find(['\n', '\r']).unwrap_or(rest.len()))
        } else if language != Language::Python && rest.starts_with("/*") {
            Some(rest.find("*/").map_or(rest.len(), |at| at + 2))
        } else {
            None
        };
        if let Some(len) = skipped {
            rest = &rest[len..];
            continue;
        }
        let len = if quotes.contains(&c) { string_len(language, rest, c) } else { c.len_utf8() };
        result.push_str(&rest[..len]);
        rest = &rest[len..];
    }
    result
}

/// How many bytes the string literal takes that `text` begins with.
fn string_len(language: Language, text: &str, quote: char) -> usize {
    let triple = [quote; 3].iter().collect::<String>();
    if language == Language::Python && text.starts_with(&triple) {
        return text[3..].find(&triple).map_or(text.len(), |at| at + 6);
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// A Python body without the string that it begins with.
fn without_docstring(body: &str) -> &str {
    let body = body.trim_start();
    let literal = body.trim_start_matches(['r', 'R', 'u', 'U']);
    match literal.chars().next() {
        Some(quote @ ('"' | '\'')) => &literal[string_len(Language::Python, literal, quote)..],
        _ => body,
    }
}

/// A line up to where a comment may begin, in any of the usual languages.
fn before_comment(line: &str) -> &str {
    let opens = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
    let marks = ["//", "#", "--", "/*", "<!--", "*"];
    let starts =
        marks.iter().filter_map(|mark| line.match_indices(mark).map(|(at, _)| at).find(|&at| opens(at)));
    &line[..starts.min().unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::super::outline;
    use super::*;
    use Language::{Go, JavaScript, Python, Rust, TypeScript};

    /// Whether the first function of `text` is a stub.
    fn check(language: Language, text: &str, expected: bool) {
        let rope = Rope::from_str(text);
        let symbols = outline(language, &rope).expect("within budget");
        let symbol = symbols.iter().find(|symbol| symbol.kind.is_callable()).expect("a function");
        assert_eq!(is_stub(language, &rope, symbol), expected, "{text}");
    }

    #[test]
    fn rust_stubs() {
        check(Rust, "fn f() {}", true);
        check(Rust, "fn f() -> u8 { // later ()\n    todo!(\"a (b\") /* x */\n}", true);
        check(Rust, "fn f() { std::unimplemented!(); }", true);
        check(Rust, "fn f() { panic!(\"not implemented\") }", true);
        check(Rust, "fn f() { panic!(\"no\") }", false);
        check(Rust, "fn f() { todo!(); g() }", false);
        check(Rust, "fn f() { if a { todo!() } else { 1 } }", false);
        check(Rust, "trait T { fn f(); }", false);
        check(Rust, "fn f() -> &'static str { \"// todo!()\" }", false);
    }

    #[test]
    fn python_stubs() {
        check(Python, "def f(): pass", true);
        check(Python, "def f():\n    ...\n", true);
        check(Python, "def f():\n    \"\"\"It's\n    said.\n    \"\"\"\n", true);
        check(
            Python,
            "def f():\n    '''Doc # x'''\n    # TODO\n    raise NotImplementedError(\"f\")\n",
            true,
        );
        check(Python, "def f():\n    raise NotImplementedError\n", true);
        check(Python, "def f():\n    return 1\n", false);
        check(Python, "def f():\n    x = 1\n    pass\n", false);
    }

    #[test]
    fn script_stubs() {
        check(JavaScript, "function f() {\n  throw new Error('Not implemented');\n}", true);
        check(JavaScript, "const f = () => {};", true);
        check(TypeScript, "class A { m(): void { /* later */ } }", true);
        check(TypeScript, "function f() { throw new Error(`TODO`) }", true);
        check(TypeScript, "const f = () => 1;", false);
        check(TypeScript, "function f() { throw new Error('bad input'); }", false);
        check(TypeScript, "declare function f(): void;", false);
    }

    #[test]
    fn go_stubs() {
        check(Go, "package p\nfunc f() int {\n\tpanic(\"unimplemented\")\n}\n", true);
        check(Go, "package p\nfunc f() {\n\t// later\n}\n", true);
        check(Go, "package p\nfunc f() error { return errors.New(\"not implemented\") }\n", true);
        check(Go, "package p\nfunc f() { panic(err) }\n", false);
    }

    #[test]
    fn lines_that_look_like_stubs() {
        for line in [
            "    todo!()",
            "fn f() -> u8 { todo!() }",
            "    pass  # TODO",
            "def f(self) -> int: ...",
            "    raise NotImplementedError(\"x\")",
            "  throw new Error(\"not implemented\");\r\n",
            "const f = () => { throw new Error('TODO') }",
            "func f() {}",
            "\tpanic(\"not implemented\")",
        ] {
            assert!(line_looks_like_stub(line), "{line}");
        }
        for line in [
            "",
            "// todo!()",
            "let x = 1;",
            "if (a) {}",
            "f(...args)",
            "let a = [];",
            "bypass",
            "for x in y: pass",
            "use a::{};",
            "struct A {}",
            "}",
            "let m = f({});",
            "# pass",
        ] {
            assert!(!line_looks_like_stub(line), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line in "(todo!|panic|pass|\\.\\.\\.|=>|def |[-/*#(){}\\[\\]\"'`:; é\\\\]){0,12}") {
            let _ = line_looks_like_stub(&line);
            for language in Language::ALL {
                let _ = without_docstring(&without_comments(language, &line));
            }
        }
    }
}
