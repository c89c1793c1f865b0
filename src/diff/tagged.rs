//! Tagged lines: the one form that every reply format is lowered to.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// One line of a block, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaggedLine {
    /// Stays as the file has it; only helps to find the place.
    Context(String),
    /// Goes.
    Delete(String),
    /// Comes.
    Add(String),
    /// Any number of lines that stay (`... existing code ...`); the line as written, since a file may have it too.
    Gap(String),
}

impl TaggedLine {
    /// The line as the file should have it before the edit; `None` for an added line or a gap.
    pub fn old(&self) -> Option<&str> {
        match self {
            Self::Context(line) | Self::Delete(line) => Some(line),
            Self::Add(_) | Self::Gap(_) => None,
        }
    }

    /// The line as the file should have it after the edit; `None` for a deleted line or a gap.
    pub fn kept(&self) -> Option<&str> {
        match self {
            Self::Context(line) | Self::Add(line) => Some(line),
            Self::Delete(_) | Self::Gap(_) => None,
        }
    }

    /// Whether it goes or comes.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Delete(_) | Self::Add(_))
    }

    /// Whether it comes.
    pub fn is_added(&self) -> bool {
        matches!(self, Self::Add(_))
    }

    /// The line as written.
    pub fn text(&self) -> &str {
        match self {
            Self::Context(line) | Self::Delete(line) | Self::Add(line) | Self::Gap(line) => line,
        }
    }

    /// The same tag with another text.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        match self {
            Self::Context(_) => Self::Context(text),
            Self::Delete(_) => Self::Delete(text),
            Self::Add(_) => Self::Add(text),
            Self::Gap(_) => Self::Gap(text),
        }
    }
}

/// The lines that a block quotes as the file should have them before the edit.
pub fn old_side(lines: &[TaggedLine]) -> Vec<&str> {
    lines.iter().filter_map(TaggedLine::old).collect()
}

/// The lines as the file should have them after the edit.
pub fn new_side(lines: &[TaggedLine]) -> Vec<&str> {
    lines.iter().filter_map(TaggedLine::kept).collect()
}

/// The lines that come.
pub fn added(lines: &[TaggedLine]) -> impl Iterator<Item = &str> {
    lines.iter().filter(|line| line.is_added()).map(TaggedLine::text)
}

/// What a block says about its place besides its lines. None of it is trusted alone: it only chooses among places
/// that fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// One-based line of the first old line.
    pub line: Option<usize>,
    /// Whether the numbers of old and new lines that a header gives are those of the lines below it; `None`
    /// without such numbers.
    pub counts_fit: Option<bool>,
    /// Definitions that the place is in, outermost first, as written behind `@@`.
    pub anchors: Vec<String>,
    /// The last old line is the last of the file (`*** End of File`).
    pub at_end: bool,
}

/// Diffs what is quoted against what shall be there.
pub(super) fn tagged(old: &[&str], new: &[&str]) -> Vec<TaggedLine> {
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    let deleted = |from: usize, len: usize| {
        old[from..from + len].iter().map(|&line| TaggedLine::Delete(line.to_owned()))
    };
    let added =
        |from: usize, len: usize| new[from..from + len].iter().map(|&line| TaggedLine::Add(line.to_owned()));
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                lines.extend(
                    old[old_index..old_index + len].iter().map(|&line| TaggedLine::Context(line.to_owned())),
                );
            }
            DiffOp::Delete { old_index, old_len, .. } => lines.extend(deleted(old_index, old_len)),
            DiffOp::Insert { new_index, new_len, .. } => lines.extend(added(new_index, new_len)),
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                lines.extend(deleted(old_index, old_len));
                lines.extend(added(new_index, new_len));
            }
        }
    }
    lines
}

/// The lines in one, each with its tag in front and `end` behind, for tests.
#[cfg(test)]
pub(crate) fn shown(lines: &[TaggedLine], end: &str) -> String {
    let tag = |line: &TaggedLine| match line {
        TaggedLine::Context(_) | TaggedLine::Gap(_) => ' ',
        TaggedLine::Delete(_) => '-',
        TaggedLine::Add(_) => '+',
    };
    lines.iter().flat_map(|line| [tag(line).to_string(), line.text().to_owned(), end.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_sides_quote_is_context() {
        let lines = tagged(&["a", "b", "c"], &["a", "x", "c", "d"]);
        let tags: String = lines
            .iter()
            .map(|line| match line {
                TaggedLine::Context(line) => format!(" {line}"),
                TaggedLine::Delete(line) => format!("-{line}"),
                TaggedLine::Add(line) => format!("+{line}"),
                TaggedLine::Gap(line) => format!("?{line}"),
            })
            .collect();
        assert_eq!(tags, " a-b+x c+d");
    }
}
