//! The line that begins a hunk: `@@ -1,2 +1,3 @@ fn name`, `@@ ... @@`, `@@ class Name`, or `@@` alone.
//!
//! Every such line is read; what cannot be read as numbers is an anchor, or nothing.

/// One side of a numbered header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// One-based first line; the line before it when there is none.
    pub(super) first: usize,
    /// Number of lines.
    pub(super) len: usize,
}

/// A hunk header, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HunkHeader {
    /// Lines before and after the change, if the header says so.
    pub(super) spans: Option<(Span, Span)>,
    /// The definition named behind the marks.
    pub(super) anchor: Option<String>,
}

impl HunkHeader {
    /// Reads a line that begins with `@@` and then a blank or a number: `@@name` is a variable of Ruby.
    pub(super) fn read(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("@@")?;
        if !(rest.is_empty() || rest.starts_with([' ', '\t', '-', '.'])) {
            return None;
        }
        let rest = rest.trim();
        if rest.is_empty() {
            return Some(Self::default());
        }
        let (numbers, section) = match rest.split_once("@@") {
            Some((numbers, section)) => (numbers.trim(), section.trim()),
            None => (rest, ""),
        };
        if let Some(spans) = spans(numbers) {
            return Some(Self { spans: Some(spans), anchor: anchor(section) });
        }
        let anchor = if says_nothing(numbers) { anchor(section) } else { anchor(numbers) };
        Some(Self { spans: None, anchor })
    }

    /// One-based line of the first old line, or of the line that comes behind a pure insertion.
    pub(super) fn line(&self) -> Option<usize> {
        let (old, _) = self.spans?;
        if old.len == 0 { old.first.checked_add(1) } else { Some(old.first).filter(|&first| first > 0) }
    }
}

/// `-1,2 +1,3`; a missing count is 1.
fn spans(text: &str) -> Option<(Span, Span)> {
    let mut words = text.split_whitespace();
    let (old, new) = (words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    Some((span(old.strip_prefix('-')?)?, span(new.strip_prefix('+')?)?))
}

fn span(text: &str) -> Option<Span> {
    let (first, len) = text.split_once(',').unwrap_or((text, "1"));
    Some(Span { first: number(first)?, len: number(len)? })
}

fn number(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// `...`, `-X,Y +X,Y` and the like stand for numbers that the model does not know.
fn says_nothing(text: &str) -> bool {
    text.split_whitespace().all(|word| {
        matches!(word, "..." | "\u{2026}")
            || word.strip_prefix(['-', '+']).is_some_and(|number| {
                number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ',' | '?' | '.'))
            })
    })
}

fn anchor(text: &str) -> Option<String> {
    (!says_nothing(text)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, numbers: Option<[usize; 4]>, anchor: Option<&str>) {
        let header = HunkHeader::read(line).unwrap();
        assert_eq!(header.spans.map(|(a, b)| [a.first, a.len, b.first, b.len]), numbers, "{line}");
        assert_eq!(header.anchor.as_deref(), anchor, "{line}");
    }

    #[test]
    fn every_spelling_is_read() {
        check("@@ -1,2 +3,4 @@", Some([1, 2, 3, 4]), None);
        check("@@ -1 +1 @@ fn a() {", Some([1, 1, 1, 1]), Some("fn a() {"));
        check("@@ -1,2 +1,2", Some([1, 2, 1, 2]), None);
        check("@@", None, None);
        check("@@ @@", None, None);
        check("@@ ... @@", None, None);
        check("@@ ... @@ class B", None, Some("class B"));
        check("@@ -X,Y +X,Y @@", None, None);
        check("@@ def foo(self):", None, Some("def foo(self):"));
        check("@@ def foo @@", None, Some("def foo"));
        check("@@ -1,99999999999999999999999 +1 @@", None, None);
        assert_eq!(HunkHeader::read("@@@ -1 -1 +1 @@@"), None);
        assert_eq!(HunkHeader::read(" @@"), None);
        assert_eq!(HunkHeader::read("@@count = 0"), None);
    }

    #[test]
    fn an_insertion_gives_the_line_before_it() {
        for (header, line) in
            [("@@ -4,0 +5,2 @@", Some(5)), ("@@ -4,1 +5,2 @@", Some(4)), ("@@ -0,2 +1 @@", None)]
        {
            assert_eq!(HunkHeader::read(header).unwrap().line(), line, "{header}");
        }
    }
}
