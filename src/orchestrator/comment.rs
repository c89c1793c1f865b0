//! Comment instructions: `// AI! make this async`.
//!
//! Purely lexical, so that it costs nothing on a code-action request: the marker must stand right behind a
//! comment introducer of the language.

use std::ops::RangeInclusive;

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
}

/// Longest line looked at, in bytes: generated files have lines of megabytes.
const LONGEST_LINE: usize = 4_000;

/// Finds the first comment instruction on `lines` (zero-based, clamped). `introducers` are the language's comment
/// introducers, e.g. `//` and `/*`; `marker` is what makes a comment an instruction, e.g. `AI!`.
pub fn find_comment(
    text: &Rope,
    lines: RangeInclusive<usize>,
    introducers: &[&str],
    marker: &str,
) -> Option<CommentInstruction> {
    let last = (*lines.end()).min(text.len_lines().saturating_sub(1));
    (*lines.start()..=last).find_map(|line| instruction_at(text, line, introducers, marker))
}

fn instruction_at(text: &Rope, line: usize, introducers: &[&str], marker: &str) -> Option<CommentInstruction> {
    let content = line_text(text, line)?;
    let (column, introducer) = introducers
        .iter()
        .flat_map(|introducer| content.match_indices(introducer).map(move |(at, _)| (at, *introducer)))
        .find(|(at, introducer)| body(&content[at + introducer.len()..]).starts_with(marker))?;
    let first = body(&content[column + introducer.len()..]).strip_prefix(marker)?;
    let alone = content[..column].trim().is_empty();
    let mut instruction = vec![strip_closer(first, introducer).to_owned()];
    let mut last = line;
    // A comment on lines of its own goes on as long as comment lines follow; block comments end on their line.
    while alone && closer(introducer).is_none() {
        let Some(next) = line_text(text, last + 1) else { break };
        let Some(rest) = next.trim_start().strip_prefix(introducer) else { break };
        instruction.push(body(rest).trim_end().to_owned());
        last += 1;
    }
    let instruction = instruction.join(" ").trim().to_owned();
    let column = if alone { 0 } else { column };
    (!instruction.is_empty()).then_some(CommentInstruction { lines: line..=last, column, instruction })
}

/// The text of a comment behind its introducer: `/// x`, `/** x` and `## x` are comments too.
fn body(rest: &str) -> &str {
    rest.trim_start_matches(['/', '*', '#', '-', ';', '!', '%']).trim_start()
}

fn closer(introducer: &str) -> Option<&'static str> {
    match introducer {
        "/*" => Some("*/"),
        "<!--" => Some("-->"),
        "(*" => Some("*)"),
        "{-" => Some("-}"),
        _ => None,
    }
}

fn strip_closer<'a>(text: &'a str, introducer: &str) -> &'a str {
    let text = text.trim_end();
    closer(introducer).and_then(|closer| text.strip_suffix(closer)).unwrap_or(text).trim()
}

fn line_text(text: &Rope, line: usize) -> Option<String> {
    let slice = text.get_line(line)?;
    (slice.len_bytes() <= LONGEST_LINE).then(|| slice.to_string().trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(RangeInclusive<usize>, usize, &str)>) {
        let found = find_comment(&Rope::from_str(text), 0..=usize::MAX, &["//", "/*", "#", "<!--"], "AI!");
        let expected = expected.map(|(lines, column, instruction)| CommentInstruction {
            lines,
            column,
            instruction: instruction.to_owned(),
        });
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_comment_of_its_own() {
        check("a\n  // AI! make this async\nb\n", Some((1..=1, 0, "make this async")));
        check("# AI! sort\r\nx\r\n", Some((0..=0, 0, "sort")));
        check("/// AI! doc\n", Some((0..=0, 0, "doc")));
    }

    #[test]
    fn it_goes_on_in_following_comment_lines() {
        check("// AI! make this\n// async\nfn a() {}\n", Some((0..=1, 0, "make this async")));
    }

    #[test]
    fn behind_code_only_the_comment_counts() {
        check("let a = 1; // AI! rename\n// other\n", Some((0..=0, 11, "rename")));
    }

    #[test]
    fn block_comments_lose_their_closer() {
        check("/* AI! shorten */\n", Some((0..=0, 0, "shorten")));
        check("<!-- AI! add a title -->\n", Some((0..=0, 0, "add a title")));
    }

    #[test]
    fn not_an_instruction() {
        check("// about AI! things\n", None);
        check("// AI!\n", None);
        check("let s = \"AI! x\";\n", None);
    }
}
