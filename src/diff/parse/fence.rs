//! Markdown code fences (`CommonMark` 0.31, section 4.5).

/// An opening fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    mark: char,
    length: usize,
    /// The info string behind the marks, trimmed.
    pub(super) info: String,
}

impl Fence {
    /// Reads a line as an opening fence: at least three backticks or tildes after at most three blanks.
    pub(super) fn open(line: &str) -> Option<Self> {
        let body = line.trim_start_matches(' ');
        if line.len() - body.len() > 3 {
            return None;
        }
        let mark = body.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = body.trim_start_matches(mark);
        let length = body.len() - info.len();
        if length < 3 || (mark == '`' && info.contains('`')) {
            return None;
        }
        Some(Self { mark, length, info: info.trim().to_owned() })
    }

    /// Whether the info string says that it holds a diff.
    pub(super) fn is_diff(&self) -> bool {
        let word = self.info.split([' ', ':']).next().unwrap_or_default();
        ["diff", "patch", "udiff"].iter().any(|name| word.eq_ignore_ascii_case(name))
    }

    /// Whether `line` closes this fence: the same mark, at least as often, and nothing else.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        Self::open(line).is_some_and(|other| {
            other.mark == self.mark && other.length >= self.length && other.info.is_empty()
        })
    }
}

/// Follows which fence a line of prose is in.
#[derive(Debug, Default)]
pub(super) struct FenceState(Option<Fence>);

impl FenceState {
    /// Takes the next line; returns whether it opens or closes a fence.
    pub(super) fn line(&mut self, line: &str) -> bool {
        match &self.0 {
            Some(fence) if fence.is_closed_by(line) => {
                self.0 = None;
                true
            }
            Some(_) => false,
            None => {
                self.0 = Fence::open(line);
                self.0.is_some()
            }
        }
    }

    /// Whether a fence is open.
    pub(super) fn is_open(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens() {
        assert_eq!(Fence::open("```rs").map(|fence| fence.info), Some("rs".to_owned()));
        assert_eq!(Fence::open("  ~~~~").map(|fence| fence.length), Some(4));
        for line in ["``", "```a```", "    ```", "x```", ""] {
            assert_eq!(Fence::open(line), None, "{line}");
        }
    }

    #[test]
    fn closes_only_with_as_many_of_its_own_marks() {
        let fence = Fence::open("````md").unwrap();
        assert!(fence.is_closed_by("````"));
        assert!(fence.is_closed_by("````` "));
        for line in ["```", "~~~~", "````md"] {
            assert!(!fence.is_closed_by(line), "{line}");
        }
    }
}
