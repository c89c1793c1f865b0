//! File names as models write them: alone on the line before a block, with or without decoration.
//!
//! A name is read only from a line of its own. Names inside sentences are not guessed at, and the lines that may hold
//! one are kept: a block without a name of its own must not land in another file than they speak of. A line that is too
//! odd to be a name is prose.

use super::fence::Fence;

/// Lines looked back over; a name stands directly before its block, with fences and blank lines between at most.
const LOOK_BACK: usize = 4;

/// Remembers the lines since the last block, to find the name of the next.
#[derive(Debug, Default)]
pub(super) struct NameFinder {
    recent: Vec<Recent>,
}

#[derive(Debug)]
struct Recent {
    line: String,
    blank_after: bool,
}

impl NameFinder {
    /// Takes a line of prose.
    pub(super) fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            if let Some(last) = self.recent.last_mut() {
                last.blank_after = true;
            }
            return;
        }
        if self.recent.len() == LOOK_BACK {
            self.recent.remove(0);
        }
        self.recent.push(Recent { line: line.to_owned(), blank_after: false });
    }

    /// A block begins after the lines taken so far: the name it was given, if any. Forgets the lines.
    pub(super) fn take(&mut self) -> Option<String> {
        let mut direct = true;
        let recent = std::mem::take(&mut self.recent);
        for Recent { line, blank_after } in recent.into_iter().rev() {
            direct &= !blank_after;
            if let Some(fence) = Fence::open(&line) {
                if let Some(name) = in_info(&fence.info) {
                    return Some(name);
                }
                continue;
            }
            return on_line(&line, direct);
        }
        None
    }

    /// The prose that a block without a name follows, nearest line first: the paragraph before it, and lines further up
    /// that are headings or names by themselves.
    pub(super) fn introduction(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut is_near = true;
        for Recent { line, blank_after } in self.recent.iter().rev() {
            // A blank line before the block ends no paragraph yet.
            is_near &= !blank_after || lines.is_empty();
            let is_heading = || {
                line.trim_start().starts_with('#')
                    || line.trim_start().starts_with("**")
                    || on_line(line, false).is_some()
            };
            if Fence::open(line).is_none() && (is_near || is_heading()) {
                lines.push(line.clone());
            }
        }
        lines
    }

    /// Whether the nearest line taken closes or opens a fence, with no blank line behind it.
    pub(super) fn follows_fence(&self) -> bool {
        self.recent.len() >= 2 && {
            let before = &self.recent[self.recent.len() - 2];
            !before.blank_after && Fence::open(&before.line).is_some()
        }
    }
}

/// A name in a fence's info string: `src/a.rs` or `rust:src/a.rs`.
fn in_info(info: &str) -> Option<String> {
    let name = info.rsplit_once(':').map_or(info, |(_, name)| name);
    (is_one_word(name) && has_path_shape(name)).then(|| name.to_owned())
}

/// A name on a line of its own. With blank lines between it and its block (`direct` is false) it must look like a
/// path; directly before its block any single word is a name.
fn on_line(line: &str, direct: bool) -> Option<String> {
    let (name, decorated) = undecorated(line);
    if name.is_empty() || name.ends_with(['.', ',', ';', '!', '?', ')']) {
        return None;
    }
    let path_shape = has_path_shape(name);
    let accepted = if is_one_word(name) {
        path_shape || (direct && !line.trim_end().ends_with(':'))
    } else {
        // Names with blanks exist, and so do sentences: the name must end like one.
        (direct || decorated) && has_extension(name)
    };
    accepted.then(|| name.to_owned())
}

/// Takes heading marks, emphasis, backticks, labels and a closing colon off a line; says whether backticks or
/// emphasis enclosed all of the rest.
fn undecorated(line: &str) -> (&str, bool) {
    let mut name = line.trim().trim_start_matches('#').trim();
    let mut decorated = false;
    loop {
        let before = name;
        name = name.strip_suffix(':').unwrap_or(name).trim();
        for mark in ["**", "`"] {
            if let Some(inner) = name.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)) {
                name = inner.trim();
                decorated = true;
            }
        }
        for label in ["File:", "file:", "Path:", "path:", "Filename:", "filename:", "**File:**", "**Path:**"]
        {
            name = name.strip_prefix(label).unwrap_or(name).trim();
        }
        if name == before {
            return (name, decorated && !name.contains('`'));
        }
    }
}

/// Whether a name is that of a file which itself holds a diff.
pub(super) fn is_patch_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        extension.eq_ignore_ascii_case("diff") || extension.eq_ignore_ascii_case("patch")
    })
}

/// Whether the last line of a reply, which no line end ends, begins what should go on: a path on its own, or a fence of
/// too few marks.
pub(super) fn begins_another_block(line: &str) -> bool {
    let line = line.trim();
    let cut_fence = matches!(line, "`" | "``" | "~" | "~~");
    let cut_path = is_one_word(line) && (line.contains('/') || has_extension(line)) && !line.contains("://");
    cut_fence || cut_path
}

fn is_one_word(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(|c: char| c.is_whitespace() || matches!(c, '`' | '<' | '>' | '(' | '"'))
}

fn has_path_shape(name: &str) -> bool {
    name.contains('/') || has_extension(name) || (name.starts_with('.') && name.len() > 1 && name != "...")
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && !stem.ends_with('.')
            && (1..=10).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: Option<&str>) {
        let mut finder = NameFinder::default();
        for line in lines {
            finder.line(line);
        }
        assert_eq!(finder.take().as_deref(), expected, "{lines:?}");
    }

    #[test]
    fn names_on_their_own_line() {
        check(&["src/a.rs"], Some("src/a.rs"));
        check(&["Makefile"], Some("Makefile"));
        check(&["### `src/a.rs`:"], Some("src/a.rs"));
        check(&["**File:** `a b.txt`"], Some("a b.txt"));
        check(&["File: a.txt"], Some("a.txt"));
        check(&["my notes.txt"], Some("my notes.txt"));
        check(&[".gitignore"], Some(".gitignore"));
    }

    #[test]
    fn fences_and_blank_lines_may_stand_between() {
        check(&["a.rs", "```rust"], Some("a.rs"));
        check(&["```rust", "a.rs"], Some("a.rs"));
        check(&[" ```python", "foo.txt", "```", "```python"], Some("foo.txt"));
        check(&["a.rs", "", "```"], Some("a.rs"));
        check(&["```src/a.rs"], Some("src/a.rs"));
        check(&["```rust:src/a.rs"], Some("src/a.rs"));
    }

    #[test]
    fn what_introduces_a_block_without_a_name() {
        let check = |lines: &[&str], expected: &[&str]| {
            let mut finder = NameFinder::default();
            for line in lines {
                finder.line(line);
            }
            assert_eq!(finder.introduction(), expected, "{lines:?}");
        };
        check(&["See `b.rs`.", "", "In `a.rs`", "do this:", "", "```"], &["do this:", "In `a.rs`"]);
        check(&["### In `a.rs`", "", "Change it:", "```"], &["Change it:", "### In `a.rs`"]);
        check(&["a.rs", "", "Change it:"], &["Change it:", "a.rs"]);
        check(&["```", "", "```"], &[]);
    }

    #[test]
    fn prose_is_no_name() {
        check(&["Here is the change:"], None);
        check(&["Done."], None);
        check(&["Changes:"], None);
        check(&["..."], None);
        check(&["word", ""], None);
        check(&["a.rs", "Now the other place:"], None);
        check(&[], None);
    }
}
