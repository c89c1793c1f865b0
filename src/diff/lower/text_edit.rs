//! Edits of text rather than lines: `old_string` and `new_string` of JSON edits and tool calls.
//!
//! An exact occurrence is widened to the whole lines around it, so that the resolver proves it like any other hunk. Text
//! that does not occur exactly is taken for whole lines. Edits of the same lines are joined when their order does not matter.

use std::ops::Range;

use super::{LineHunk, with_gaps};
use crate::diff::resolve::Lines;
use crate::diff::tagged::tagged;
use crate::diff::{Nearest, Refusal, RefusalCode};

/// How many places of an ambiguous text are listed.
const LISTED_PLACES: usize = 8;

/// Edits and bytes up to which edits of the same lines are joined: each one costs passes over the text.
const MAX_JOINED: usize = 64;
const MAX_JOINED_BYTES: usize = 4 << 20;

/// One edit of a text.
#[derive(Debug, Clone)]
pub(super) struct TextEdit {
    /// Zero-based block of the reply.
    pub(super) block: usize,
    /// What goes, with `\n` for line ends.
    old: String,
    /// What comes, with `\n` for line ends.
    new: String,
    /// Whether every occurrence is meant.
    everywhere: bool,
}

impl TextEdit {
    pub(super) fn new(block: usize, old: &str, new: &str, everywhere: bool) -> Self {
        Self { block, old: plain_ends(old), new: plain_ends(new), everywhere }
    }

    /// Where it occurs.
    fn places<'s>(&'s self, haystack: &'s str) -> impl Iterator<Item = usize> + 's {
        haystack.match_indices(&self.old).filter(|_| !self.old.is_empty()).map(|(at, _)| at)
    }
}

/// One occurrence of an edit.
struct Occurrence<'e> {
    at: Range<usize>,
    edit: &'e TextEdit,
}

impl<'e> Occurrence<'e> {
    fn new(at: usize, edit: &'e TextEdit) -> Self {
        Self { at: at..at + edit.old.len(), edit }
    }
}

/// The hunks of an edit of `text`.
///
/// # Errors
/// When what goes occurs more than once and is not to be replaced everywhere.
pub(super) fn hunks(edit: &TextEdit, text: &str) -> Result<Vec<LineHunk>, Refusal> {
    let haystack = plain_text(text);
    let found: Vec<usize> = edit.places(&haystack).collect();
    if found.is_empty() {
        let (old, new): (Vec<&str>, Vec<&str>) = (edit.old.lines().collect(), edit.new.lines().collect());
        return Ok(vec![LineHunk::new(edit.block, with_gaps(&tagged(&old, &new)))]);
    }
    if found.len() > 1 && !edit.everywhere {
        return Err(ambiguous(&haystack, &found));
    }
    let found: Vec<Occurrence<'_>> = found.into_iter().map(|at| Occurrence::new(at, edit)).collect();
    Ok(widened(&haystack, &found))
}

/// The hunks of edits that change the same lines; `None` unless each changes other bytes, and one after the other they
/// say the same as all at once.
pub(super) fn joined(edits: &[TextEdit], text: &str) -> Option<Vec<LineHunk>> {
    if edits.len() > MAX_JOINED || text.len().saturating_mul(edits.len()) > MAX_JOINED_BYTES {
        return None;
    }
    let haystack = plain_text(text);
    let mut found: Vec<Occurrence<'_>> = Vec::new();
    let mut in_turn = haystack.clone();
    for edit in edits {
        let n_now = edit.places(&in_turn).count();
        if n_now == 0 || (n_now > 1 && !edit.everywhere) {
            return None;
        }
        in_turn = in_turn.replace(&edit.old, &edit.new);
        found.extend(edit.places(&haystack).map(|at| Occurrence::new(at, edit)));
    }
    found.sort_by_key(|occurrence| occurrence.at.start);
    if found.windows(2).any(|pair| pair[1].at.start < pair[0].at.end) {
        return None;
    }
    let mut at_once = String::with_capacity(in_turn.len());
    let mut done = 0;
    for Occurrence { at, edit } in &found {
        at_once.push_str(&haystack[done..at.start]);
        at_once.push_str(&edit.new);
        done = at.end;
    }
    at_once.push_str(&haystack[done..]);
    (at_once == in_turn).then(|| widened(&haystack, &found))
}

/// The whole lines around sorted occurrences. Those that share a line make one hunk.
fn widened(haystack: &str, found: &[Occurrence<'_>]) -> Vec<LineHunk> {
    let mut groups: Vec<(usize, usize, String, usize)> = Vec::new();
    for Occurrence { at: Range { start, end }, edit } in found {
        // A line end that both begin with says that a line begins there; the line before it is not touched.
        let n_lead = usize::from(edit.old.starts_with('\n') && edit.new.starts_with('\n'));
        let (start, end, new) = (start + n_lead, *end, &edit.new[n_lead..]);
        let from = haystack[..start].rfind('\n').map_or(0, |at| at + 1);
        let closed = haystack[..end].ends_with('\n') && new.ends_with('\n') && end > from;
        let to =
            if closed { end } else { haystack[end..].find('\n').map_or(haystack.len(), |at| end + at + 1) };
        match groups.last_mut() {
            Some((_, reached, after, block)) if from < *reached => {
                // The rest of the shared line was taken over as it is; it goes on behind this occurrence.
                after.truncate(after.len() - (*reached - start));
                after.push_str(new);
                after.push_str(&haystack[end..to]);
                (*reached, *block) = (to, edit.block.max(*block));
            }
            _ => {
                let after = format!("{}{new}{}", &haystack[from..start], &haystack[end..to]);
                groups.push((from, to, after, edit.block));
            }
        }
    }
    groups
        .into_iter()
        .map(|(from, to, after, block)| {
            let before: Vec<&str> = haystack[from..to].lines().collect();
            let after: Vec<&str> = after.lines().collect();
            let place = Some(haystack[..from].matches('\n').count());
            LineHunk { place, ..LineHunk::new(block, tagged(&before, &after)) }
        })
        .collect()
}

/// The text with `\n` for line ends, whatever they are.
fn plain_text(text: &str) -> String {
    let lines = Lines::new(text);
    let contents: Vec<&str> = (0..lines.len()).map(|at| lines.content(at)).collect();
    contents.join("\n") + "\n"
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
        let shown = hunks(&TextEdit::new(0, old, new, everywhere), text).ok().map(|hunks| shown(&hunks));
        assert_eq!(shown.as_deref(), expected, "{old:?} in {text:?}");
    }

    fn check_joined(text: &str, edits: &[(&str, &str, bool)], expected: Option<&str>) {
        let edits: Vec<TextEdit> = edits
            .iter()
            .enumerate()
            .map(|(block, (old, new, everywhere))| TextEdit::new(block, old, new, *everywhere))
            .collect();
        let shown = joined(&edits, text).map(|hunks| shown(&hunks));
        assert_eq!(shown.as_deref(), expected, "{edits:?} in {text:?}");
    }

    fn shown(hunks: &[LineHunk]) -> String {
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

    #[test]
    fn edits_of_one_line_are_joined_when_their_order_does_not_matter() {
        check_joined("x y x\n", &[("x", "a", true), ("y", "b", false)], Some("@0 -x y x+a b a"));
        check_joined(
            "foo(a, b)\nc\n",
            &[("foo", "bar", false), (", b", "", false)],
            Some("@0 -foo(a, b)+bar(a)"),
        );
        // The second one would change what the first one wrote, or meets bytes that the first one takes.
        check_joined("foo bar\n", &[("foo", "bar foo", false), ("bar", "x", true)], None);
        check_joined("foo bar\n", &[("foo b", "x", false), ("bar", "y", false)], None);
    }
}
