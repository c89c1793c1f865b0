//! Comment instructions: `// AI! make this async`.
//!
//! Purely lexical, so that it costs nothing on a code-action request: the marker must be the first word of a comment.

use std::ops::{Range, RangeInclusive};

use crate::syntax::CommentMarkers;
use crate::text::Rope;

/// A comment that asks for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentInstruction {
    /// Zero-based lines of the comment: more than one when it goes on in following comment lines.
    pub lines: RangeInclusive<usize>,
    /// Byte column where the comment begins in its first line; 0 when nothing but blanks stands before it.
    pub column: usize,
    /// What it asks for, without introducer and marker.
    pub instruction: String,
    /// Bytes of the comment in its first line; `None` for a block comment that goes on behind it.
    pub range: Option<Range<usize>>,
}

/// Longest line looked at, in bytes: generated files have lines of megabytes.
const LONGEST_LINE: usize = 4_000;

/// Finds the first comment instruction on `lines` (zero-based, clamped); `marker` is what makes a comment an
/// instruction, e.g. `AI!`.
pub fn find_comment(
    text: &Rope,
    lines: RangeInclusive<usize>,
    markers: &CommentMarkers,
    marker: &str,
) -> Option<CommentInstruction> {
    let last = (*lines.end()).min(text.len_lines().saturating_sub(1));
    (*lines.start()..=last).find_map(|line| instruction_at(text, line, markers, marker))
}

fn instruction_at(
    text: &Rope,
    line: usize,
    markers: &CommentMarkers,
    marker: &str,
) -> Option<CommentInstruction> {
    let content = line_text(text, line)?;
    let comment = markers.find(&content)?;
    let mut instruction = vec![comment.text.strip_prefix(marker)?.trim().to_owned()];
    let alone = content[..comment.range.start].trim().is_empty();
    let mut last = line;
    // A line comment on a line of its own goes on as long as such lines follow; a block comment ends on its line.
    let written = &content[comment.range.clone()];
    let block = markers.block.filter(|(open, _)| written.starts_with(open));
    if alone && block.is_none() {
        let head =
            &content[..content.len() - written.trim_start_matches(|c: char| c.is_ascii_punctuation()).len()];
        while let Some(more) = continuation(text, last + 1, head) {
            instruction.push(more);
            last += 1;
        }
    }
    let instruction = instruction.join(" ").trim().to_owned();
    let column = if alone { 0 } else { comment.range.start };
    let range = block.is_none_or(|(_, close)| written.ends_with(close)).then(|| comment.range.clone());
    (!instruction.is_empty()).then_some(CommentInstruction { lines: line..=last, column, instruction, range })
}

/// The text of `line` if it is a comment of the same kind at the same indentation: a documentation comment below an
/// instruction is none of it.
fn continuation(text: &Rope, line: usize, head: &str) -> Option<String> {
    let content = line_text(text, line)?;
    let rest = content.strip_prefix(head)?;
    (!rest.starts_with(|c: char| c.is_ascii_punctuation())).then(|| rest.trim().to_owned())
}

fn line_text(text: &Rope, line: usize) -> Option<String> {
    let slice = text.get_line(line)?;
    (slice.len_bytes() <= LONGEST_LINE).then(|| slice.to_string().trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: &str, text: &str, expected: Option<(RangeInclusive<usize>, usize, &str)>) {
        let markers = CommentMarkers::of(language, None);
        let found = find_comment(&Rope::from_str(text), 0..=usize::MAX, &markers, "AI!");
        let found =
            found.as_ref().map(|found| (found.lines.clone(), found.column, found.instruction.as_str()));
        match expected {
            Some(expected) => assert_eq!(found, Some(expected), "{text:?}"),
            None => assert_eq!(found, None, "{text:?}"),
        }
    }

    #[test]
    fn a_comment_of_its_own() {
        check("rust", "a\n  // AI! make this async\nb\n", Some((1..=1, 0, "make this async")));
        check("python", "# AI! sort\r\nx\r\n", Some((0..=0, 0, "sort")));
        check("rust", "/// AI! doc\n", Some((0..=0, 0, "doc")));
    }

    #[test]
    fn it_goes_on_in_following_comment_lines() {
        check("rust", "// AI! make this\n// async\nfn a() {}\n", Some((0..=1, 0, "make this async")));
    }

    #[test]
    fn behind_code_only_the_comment_counts() {
        check("rust", "let a = 1; // AI! rename\n// other\n", Some((0..=0, 11, "rename")));
    }

    #[test]
    fn block_comments_lose_their_closer() {
        check("rust", "/* AI! shorten */\n", Some((0..=0, 0, "shorten")));
        check("html", "<!-- AI! add a title -->\n", Some((0..=0, 0, "add a title")));
    }

    #[test]
    fn not_an_instruction() {
        check("rust", "// about AI! things\n", None);
        check("rust", "// AI!\n", None);
        check("rust", "let s = \"AI! x\";\n", None);
    }
}
