//! Brackets that an answer closes and nobody opened, or that the text behind closes already.
//!
//! Counting only: double-quoted strings of one line are skipped, comments and other quotes are not. Where the count is
//! wrong, the answer becomes shorter than it could be.

/// Whether a line begins with something that closes what was opened above it.
pub(super) fn closes(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with([')', ']', '}']) || matches!(line.trim_end(), "end" | "end;" | "fi" | "done" | "esac")
}

/// `text` up to the first bracket that closes more than `prefix` has open and `suffix` does not close itself.
pub(super) fn without_surplus<'a>(prefix: &str, text: &'a str, suffix: &str) -> &'a str {
    let mut open = Vec::new();
    each(prefix, |_, bracket| match matching(bracket) {
        Some(opener) => {
            // What was opened before the text that is known.
            if open.last() == Some(&opener) {
                open.pop();
            }
        }
        None => open.push(bracket),
    });
    let mut closed = 0_usize;
    let mut depth = 0_usize;
    each(suffix, |_, bracket| match matching(bracket) {
        Some(_) if depth == 0 => closed += 1,
        Some(_) => depth -= 1,
        None => depth += 1,
    });
    let mut free = open.len().saturating_sub(closed);
    let mut inner = Vec::new();
    let mut end = None;
    each(text, |at, bracket| {
        let Some(opener) = matching(bracket) else { return inner.push(bracket) };
        if end.is_some() || inner.pop().is_some() {
            return;
        }
        if free > 0 && open.pop() == Some(opener) {
            free -= 1;
        } else {
            end = Some(at);
        }
    });
    end.map_or(text, |end| &text[..end])
}

fn matching(bracket: char) -> Option<char> {
    match bracket {
        ')' => Some('('),
        ']' => Some('['),
        '}' => Some('{'),
        _ => None,
    }
}

/// Calls `found` with every bracket and its place.
fn each(text: &str, mut found: impl FnMut(usize, char)) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\n' => quoted = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' | ')' | ']' | '}' if !quoted => found(at, c),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prefix: &str, text: &str, suffix: &str, expected: &str) {
        assert_eq!(without_surplus(prefix, text, suffix), expected);
    }

    #[test]
    fn what_is_open_may_be_closed_once() {
        check("fn a() {\n    ", "b();\n}", "\n\nfn c() {}\n", "b();\n}");
        check("fn a() {\n    ", "b();\n}", "\n}\n", "b();\n");
        check("impl A {\n    fn a() {\n        ", "b();\n    }\n}", "\n}\n", "b();\n    }\n");
        check("f(", "x) + g(y)", ");", "x");
        check("f(", "x) + g(y)", "", "x) + g(y)");
    }

    #[test]
    fn another_kind_ends_the_answer() {
        check("f([", "1}", "", "1");
        check("x = ", "y)", "", "y");
    }

    #[test]
    fn strings_do_not_count() {
        check("f(", "\")\", \"\\\"]\", x", ");", "\")\", \"\\\"]\", x");
        check("let s = \"(\"; g(", "a)", ")", "a");
    }
}
