//! Edits of text rather than lines: `old_string` and `new_string` of JSON edits and tool calls.
//!
//! An exact occurrence is widened to the whole lines around it, so that the resolver proves it like any other hunk. Text
//! that does not occur exactly is taken for whole lines.

use super::{LineHunk, with_gaps};
use crate::diff::resolve::Lines;
use crate::diff::tagged::tagged;
use crate::diff::{Nearest, Refusal, RefusalCode};

/// How many places of an ambiguous text are listed.
const LISTED_PLACES: usize = 8;

/// The hunks that replace `old` by `new` in `text`.
///
/// # Errors
/// When `old` occurs more than once and is not to be replaced `everywhere`, or nowhere though it is.
pub(super) fn hunks(
    block: usize,
    text: &str,
    old: &str,
    new: &str,
    everywhere: bool,
) -> Result<Vec<LineHunk>, Refusal> {
    let lines = Lines::new(text);
    let contents: Vec<&str> = (0..lines.len()).map(|at| lines.content(at)).collect();
    // Line ends are compared as such, whatever they are.
    let (haystack, old, new) = (contents.join("\n") + "\n", plain_ends(old), plain_ends(new));
    let places: Vec<usize> =
        if old.is_empty() { Vec::new() } else { haystack.match_indices(&old).map(|(at, _)| at).collect() };
    if places.is_empty() || (places.len() > 1 && !everywhere) {
        if places.len() > 1 {
            return Err(ambiguous(&haystack, &places));
        }
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        return Ok(vec![LineHunk::new(block, with_gaps(&tagged(&old, &new)))]);
    }
    // A line end that both begin with says that a line begins there; the line before it is not touched.
    let n_lead = usize::from(old.starts_with('\n') && new.starts_with('\n'));
    let (old, new) = (&old[n_lead..], &new[n_lead..]);
    // Occurrences that share a line make one hunk.
    let mut groups: Vec<(usize, usize, String)> = Vec::new();
    for place in places.iter().map(|place| place + n_lead) {
        let end = place + old.len();
        let from = haystack[..place].rfind('\n').map_or(0, |at| at + 1);
        let closed = haystack[..end].ends_with('\n') && new.ends_with('\n') && end > from;
        let to =
            if closed { end } else { haystack[end..].find('\n').map_or(haystack.len(), |at| end + at + 1) };
        match groups.last_mut() {
            Some((_, reached, after)) if from < *reached => {
                // The rest of the shared line was taken over as it is; it goes on behind this occurrence.
                after.truncate(after.len() - (*reached - place));
                after.push_str(new);
                after.push_str(&haystack[end..to]);
                *reached = to;
            }
            _ => groups.push((from, to, format!("{}{new}{}", &haystack[from..place], &haystack[end..to]))),
        }
    }
    Ok(groups
        .into_iter()
        .map(|(from, to, after)| {
            let before: Vec<&str> = haystack[from..to].lines().collect();
            let after: Vec<&str> = after.lines().collect();
            let place = Some(haystack[..from].matches('\n').count());
            LineHunk { place, ..LineHunk::new(block, tagged(&before, &after)) }
        })
        .collect())
}

fn ambiguous(haystack: &str, places: &[usize]) -> Refusal {
    let lines = || places.iter().take(LISTED_PLACES).map(|&at| haystack[..at].matches('\n').count() + 1);
    let listed: Vec<String> = lines().map(|line| line.to_string()).collect();
    let mut refusal = Refusal::new(
        RefusalCode::AmbiguousPlace,
        format!("The text to replace is in several places: lines {}", listed.join(", ")),
        "Quote more of the text around it, or ask for all places.",
    );
    refusal.nearest = lines().map(|line| Nearest { line, distance: 0.0 }).collect();
    refusal
}

fn plain_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tagged::TaggedLine;

    fn check(text: &str, old: &str, new: &str, everywhere: bool, expected: Option<&str>) {
        let shown = hunks(0, text, old, new, everywhere).ok().map(|hunks| {
            let lines = |hunk: &LineHunk| -> String {
                hunk.lines
                    .iter()
                    .map(|line| match line {
                        TaggedLine::Context(line) | TaggedLine::Gap(line) => format!(" {line}"),
                        TaggedLine::Delete(line) => format!("-{line}"),
                        TaggedLine::Add(line) => format!("+{line}"),
                    })
                    .collect()
            };
            hunks
                .iter()
                .map(|hunk| format!("@{} {}", hunk.place.map_or(-1, usize::cast_signed), lines(hunk)))
                .collect::<Vec<_>>()
                .join("|")
        });
        assert_eq!(shown.as_deref(), expected, "{old:?} in {text:?}");
    }

    #[test]
    fn an_occurrence_becomes_whole_lines() {
        check("a\nb c d\ne\n", "c", "x", false, Some("@1 -b c d+b x d"));
        check("a\nb\nc\n", "b\n", "", false, Some("@1 -b c"));
        check("a\r\nb\r\nc\r\n", "a\nb", "a\nx", false, Some("@0  a-b+x"));
        check("a\nb\nc\n", "b\n", "x\ny\n", false, Some("@1 -b+x+y"));
        check("a\nb", "b", "c", false, Some("@1 -b+c"));
    }

    #[test]
    fn several_occurrences_need_an_explicit_word() {
        check("a a\nb\na\n", "a", "x", false, None);
        check("a a\nb\na\n", "a", "x", true, Some("@0 -a a+x x|@2 -a+x"));
    }

    #[test]
    fn other_text_is_taken_for_lines() {
        check("  a\n  b\n", "a\nb\n", "a\nc\n", false, Some("@-1  a-b+c"));
    }
}
