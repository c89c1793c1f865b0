//! Lines of Python that are not indented as the lines before them ask for.
//!
//! The grammar lets much of it pass: a block that is missing, an indent out of nowhere, a dedent to no level, tabs and blanks
//! that do not compare. The rules are those of the language's own lexer ("Lexical analysis", section 2.1.8). Wherever the
//! text cannot be read for certain (a string or bracket that does not end), nothing is said.

/// Bytes of a replacement field of a formatted string that are read, and how deep strings may nest in it.
const FIELD: usize = 4 << 10;
const NESTED: usize = 16;

/// How far a line is indented, with tabs to the next of eight columns, and with tabs as wide as blanks: levels must
/// compare the same by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Column {
    wide: usize,
    narrow: usize,
}

/// The bytes at which misplaced statements begin; `None` for a text that cannot be read.
pub(super) fn misplaced(text: &str) -> Option<Vec<usize>> {
    let bytes = text.as_bytes();
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut levels = vec![Column::default()];
    let mut found = Vec::new();
    // The statement before, when a block must follow it.
    let mut opener = None;
    while at < bytes.len() {
        let (column, start) = column(bytes, at);
        match bytes.get(start) {
            None => break,
            Some(b'#' | b'\n' | b'\r') => {
                at = line_end(bytes, start) + 1;
                continue;
            }
            // What the indentation of such a line is, versions disagree on.
            Some(b'\\') => return None,
            Some(_) => {}
        }
        let (last, end) = statement(bytes, start)?;
        if !is_placed(column, &mut levels, opener.is_some()) {
            found.push(start);
        }
        opener = (last == b':').then_some(start);
        at = end;
    }
    found.extend(opener);
    Some(found)
}

/// Whether a line may be indented so; the levels are set for the next.
fn is_placed(column: Column, levels: &mut Vec<Column>, after_opener: bool) -> bool {
    let top = levels.last().copied().unwrap_or_default();
    if column.wide > top.wide {
        levels.push(column);
        return after_opener && column.narrow > top.narrow;
    }
    while levels.len() > 1 && levels.last().is_some_and(|level| level.wide > column.wide) {
        levels.pop();
    }
    let is_level = levels.last() == Some(&column);
    if !is_level {
        levels.push(column);
    }
    is_level && !after_opener
}

/// The indentation of the line at `at`, and where its text begins.
fn column(bytes: &[u8], mut at: usize) -> (Column, usize) {
    let mut column = Column::default();
    loop {
        match bytes.get(at) {
            Some(b' ') => column = Column { wide: column.wide + 1, narrow: column.narrow + 1 },
            Some(b'\t') => column = Column { wide: (column.wide / 8 + 1) * 8, narrow: column.narrow + 1 },
            Some(b'\x0c') => column = Column::default(),
            _ => return (column, at),
        }
        at += 1;
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count()
}

/// The last byte of the statement line at `at`, over brackets, strings and continued lines, and where the next begins.
fn statement(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    let mut depth = 0_usize;
    let mut last = b' ';
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' if depth == 0 => return Some((last, at + 1)),
            b'#' => {
                at = line_end(bytes, at);
                continue;
            }
            b'\\' => {
                at += 1;
                match (bytes.get(at), bytes.get(at + 1)) {
                    (Some(b'\r'), Some(b'\n')) => at += 1,
                    (Some(b'\n' | b'\r'), _) => {}
                    _ => return None,
                }
            }
            b'"' | b'\'' => {
                let formatted = is_formatted(bytes, at).then(|| string(bytes, at, Some(0))).flatten();
                at = formatted.or_else(|| string(bytes, at, None))?;
                last = byte;
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
        at += 1;
    }
    (depth == 0).then_some((last, at))
}

/// Whether the quote at `at` has a prefix by which its string has replacement fields.
fn is_formatted(bytes: &[u8], at: usize) -> bool {
    let prefix =
        bytes[..at].iter().rev().take(3).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
    let prefix: Vec<u8> = prefix.map(u8::to_ascii_lowercase).collect();
    prefix.len() <= 2 && prefix.iter().any(|byte| matches!(byte, b'f' | b't'))
}

/// Where the string at `at` ends; its replacement fields are read when `nested` says how deep it is.
fn string(bytes: &[u8], at: usize, nested: Option<usize>) -> Option<usize> {
    let quote = bytes[at];
    let triple = [quote; 3];
    let mark = if bytes[at..].starts_with(&triple) { &triple[..] } else { &triple[..1] };
    let mut at = at + mark.len();
    loop {
        match *bytes.get(at)? {
            _ if bytes[at..].starts_with(mark) => return Some(at + mark.len()),
            b'\n' | b'\r' if mark.len() == 1 => return None,
            b'\\' if nested.is_some() && bytes.get(at + 1) == Some(&b'{') => at += 1,
            b'\\' if bytes[at + 1..].starts_with(b"\r\n") => at += 3,
            b'\\' => at += 2,
            b'{' if nested.is_some() && bytes.get(at + 1) == Some(&b'{') => at += 2,
            b'{' => match nested {
                Some(nested) => {
                    let most = bytes.len().min(at + FIELD);
                    at = field(&bytes[..most], at + 1, mark, nested + 1)?;
                }
                None => at += 1,
            },
            _ => at += 1,
        }
    }
}

/// Where the replacement field, whose text begins at `at`, ends in a string with these marks.
fn field(bytes: &[u8], mut at: usize, mark: &[u8], nested: usize) -> Option<usize> {
    if nested > NESTED {
        return None;
    }
    let mut depth = 0_usize;
    let mut in_format = false;
    loop {
        match *bytes.get(at)? {
            b'\n' | b'\r' if mark.len() == 1 => return None,
            b'}' if depth == 0 => return Some(at + 1),
            b'{' if in_format => {
                at = field(bytes, at + 1, mark, nested + 1)?;
                continue;
            }
            _ if in_format && bytes[at..].starts_with(mark) => return None,
            _ if in_format => {}
            b'"' | b'\'' => {
                at = string(bytes, at, is_formatted(bytes, at).then_some(nested))?;
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b':' if depth == 0 => in_format = true,
            b'#' => {
                at = line_end(bytes, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first words of the misplaced lines.
    fn check(text: &str, expected: Option<&[&str]>) {
        let found = misplaced(text);
        let words = |at: &usize| text[*at..].lines().next().unwrap_or_default();
        let found: Option<Vec<&str>> = found.as_ref().map(|found| found.iter().map(words).collect());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn valid_text_has_none() {
        let check = |text: &str| check(text, Some(&[]));
        check("if c:\n    x = 1\n  # odd\n\nelse: y\ntry:\n\tz\nfinally:\n  w\n");
        check("def f(\n  a,\n        b):  # c\n    return {\n1: 2}\n");
        check("x = '''\n    if:\n''' + \"a:\" \\\n        + 'b'\nif x: \\\n  y\n");
        check("\u{feff}class A:\r\n    a = 1\r\n\r\n    b = lambda: 1\r\n");
        check("s = f\"{x['a']:>{n}}{{\" f'{d[\"k\"]!r:\\'>3}'\nt = rf'\\{x}' + f\"{d[\"k\"]}\"\ny\n");
        check("u = f'''{\n x # '\n}'''\ny\n");
        check("if c:\n\ta\n        b\n    # c\n".replace("        b", "\tb").as_str());
        check("");
        check("x");
    }

    #[test]
    fn misplaced_lines_are_found() {
        check("if c:\nx = 1\n", Some(&["x = 1"]));
        check("x = 1\n    y = 2\n", Some(&["y = 2"]));
        check("def f():\n        a = 1\n    b = 2\n", Some(&["b = 2"]));
        check("def f():\n\tif c:\n\t\tlog()\n\t\t    log(2)\n", Some(&["log(2)"]));
        check("if c:\n\ta\n        b\n", Some(&["b"]));
        check("def f():\n    # only this\n", Some(&["def f():"]));
        check("if c:\n    if d:\n    x\n", Some(&["x"]));
    }

    #[test]
    fn what_cannot_be_read_is_left() {
        for text in ["x = '\n  y\n", "x = (\n  y\n", "x)\n  y\n", "x = '''\n  y\n", "\\\n  x\n", "x \\ y\n"] {
            check(text, None);
        }
    }

    #[test]
    fn deep_fields_cost_little() {
        let _ = misplaced(&"f\"{".repeat(100_000));
        let _ = misplaced(&"f'''{'''\n".repeat(100_000));
        let _ = misplaced(&"f'''{f'{':'}}".repeat(50_000));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(if |f|'''|\r\n|[:a('\"){}#\\\\\t\n\u{c} é]){0,40}") {
            for at in misplaced(&text).unwrap_or_default() {
                proptest::prop_assert!(text.is_char_boundary(at));
            }
        }
    }
}
