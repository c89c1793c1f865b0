//! Edits of text rather than lines: `old_string` and `new_string` of JSON edits and tool calls.
//!
//! An exact occurrence is widened to the whole lines around it, so that the resolver proves it like any other hunk. Text
//! that does not occur exactly is taken for whole lines. Edits of the same lines are joined when their order does not matter.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::haystack::Haystack;
use super::{LineHunk, with_gaps};
use super::{depth, elision};
use crate::diff::tagged::tagged;
use crate::diff::{Nearest, Refusal, RefusalCode};

/// How many places of an ambiguous text are listed.
const LISTED_PLACES: usize = 8;

/// Edits and bytes up to which edits of the same lines are joined: each one costs passes over the text.
const MAX_JOINED: usize = 64;
const MAX_JOINED_BYTES: usize = 4 << 20;

/// Edits of a file that a further one is compared with at most.
const MAX_COMPARED: usize = 1 << 12;

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
}

/// One occurrence of an edit.
struct Occurrence<'e> {
    at: Range<usize>,
    edit: &'e TextEdit,
    /// What comes here.
    new: Cow<'e, str>,
}

impl<'e> Occurrence<'e> {
    fn new(at: usize, edit: &'e TextEdit) -> Self {
        Self { at: at..at + edit.old.len(), edit, new: Cow::Borrowed(&edit.new) }
    }
}

/// The edits of one file's text so far.
#[derive(Debug)]
pub(super) struct TextEdits {
    haystack: Haystack,
    edits: Vec<TextEdit>,
    /// First lines of the places found so far, and the lines behind them; places that overlap are one.
    taken: BTreeMap<usize, usize>,
}

impl TextEdits {
    /// No edits of `text` yet.
    pub(super) fn new(text: &str) -> Self {
        Self { haystack: Haystack::new(text), edits: Vec::new(), taken: BTreeMap::new() }
    }

    /// The hunks of one more edit, and whether they take the place of those of all edits before it: when they change
    /// the same lines, and what they say together is clear.
    ///
    /// # Errors
    /// Those of [`hunks`].
    pub(super) fn add(&mut self, edit: TextEdit) -> Result<(Vec<LineHunk>, bool), Refusal> {
        if self.is_repeated(&edit) {
            return Ok((Vec::new(), false));
        }
        let hunks = hunks(&edit, &mut self.haystack)?;
        self.edits.push(edit);
        let mut shares_lines = false;
        for hunk in &hunks {
            shares_lines |= self.take(hunk);
        }
        let joined = if shares_lines { joined(&self.edits, &self.haystack) } else { None };
        Ok(joined.map_or((hunks, false), |joined| (joined, true)))
    }

    /// Whether `block` is one of the edits.
    pub(super) fn has(&self, block: usize) -> bool {
        self.edits.binary_search_by_key(&block, |edit| edit.block).is_ok()
    }

    /// Whether an edit was made already. One that keeps what it finds could be meant to be made again, and so could one
    /// whose text came back in between.
    fn is_repeated(&self, edit: &TextEdit) -> bool {
        let is_same = |other: &TextEdit| {
            other.old == edit.old && other.new == edit.new && other.everywhere == edit.everywhere
        };
        self.edits.len() <= MAX_COMPARED
            && !edit.new.contains(&edit.old)
            && self
                .edits
                .iter()
                .rposition(is_same)
                .is_some_and(|at| self.edits[at + 1..].iter().all(|between| !between.new.contains(&edit.old)))
    }

    /// Takes the lines of a hunk; whether one of them was taken before.
    fn take(&mut self, hunk: &LineHunk) -> bool {
        let Some(mut first) = hunk.place else { return false };
        let mut end = first + hunk.lines.iter().filter(|line| line.old().is_some()).count();
        if end == first {
            return false;
        }
        let mut shares = false;
        while let Some((&one, &other)) = self.taken.range(..end).next_back()
            && other > first
        {
            shares = true;
            self.taken.remove(&one);
            (first, end) = (first.min(one), end.max(other));
        }
        self.taken.insert(first, end);
        shares
    }
}

/// The hunks of an edit of a text.
///
/// # Errors
/// When what goes occurs more than once and is not to be replaced everywhere, or is nowhere and is; when it would cut a
/// word; and when what comes leaves text out, or does not show how far it is indented.
fn hunks(edit: &TextEdit, haystack: &mut Haystack) -> Result<Vec<LineHunk>, Refusal> {
    elision::refuse(edit.new.lines(), |line| {
        let same = |other: &str| other.trim() == line.trim();
        edit.old.lines().any(same) || (elision::is_phrase(line) && haystack.text().lines().any(same))
    })?;
    let (old, new): (Vec<&str>, Vec<&str>) = (edit.old.lines().collect(), edit.new.lines().collect());
    if new.iter().any(|line| elision::is_dots(line)) && !old.iter().any(|line| elision::is_dots(line)) {
        elision::refuse_dots_for_lines(&tagged(&old, &new))?;
    }
    let found = haystack.places(&edit.old);
    if found.is_empty() && edit.everywhere && !edit.old.is_empty() {
        return Err(nowhere());
    }
    if found.is_empty() {
        return Ok(vec![LineHunk::new(edit.block, with_gaps(&tagged(&old, &new)))]);
    }
    if let [at] = found[..]
        && is_there(edit, at, haystack.text())
    {
        return Ok(Vec::new());
    }
    if found.len() > 1 && !edit.everywhere {
        return Err(ambiguous(haystack, &found));
    }
    if let Some(&at) = found.iter().find(|&&at| cuts_a_word(haystack.text(), at, at + edit.old.len())) {
        return Err(part_of_a_word(haystack.line(at), edit.everywhere));
    }
    let found: Result<Vec<Occurrence<'_>>, Refusal> = found
        .into_iter()
        .map(|at| {
            let new = depth::indented(&edit.old, &edit.new, haystack, at)?;
            Ok(Occurrence { new, ..Occurrence::new(at, edit) })
        })
        .collect();
    Ok(widened(haystack, &found?))
}

/// Whether an occurrence within a line is a part of what comes, which is there already: `# A` in `## A`, to become `## A`.
fn is_there(edit: &TextEdit, at: usize, text: &str) -> bool {
    let in_a_line = at > 0 && !text[..at].ends_with('\n');
    let reads_new = |offset: usize| {
        at.checked_sub(offset)
            .and_then(|from| text.get(from..))
            .is_some_and(|text| text.starts_with(&edit.new))
    };
    in_a_line
        && edit.new.len() > edit.old.len()
        && edit.new.match_indices(&edit.old).any(|(offset, _)| reads_new(offset))
}

/// Whether a word goes on over an edge of `text[start..end]`. Only letters that have a case make words: others are
/// written without blanks between words.
fn cuts_a_word(text: &str, start: usize, end: usize) -> bool {
    let is_word = |c: char| c == '_' || c.is_ascii_digit() || c.is_lowercase() || c.is_uppercase();
    let is_cut = |at: usize| {
        let (before, behind) = text.split_at(at);
        before.ends_with(is_word) && behind.starts_with(is_word)
    };
    is_cut(start) || is_cut(end)
}

/// The hunks of edits that change the same lines; `None` unless each changes other bytes, and one after the other they
/// say the same as all at once.
fn joined(edits: &[TextEdit], haystack: &Haystack) -> Option<Vec<LineHunk>> {
    let text = haystack.text();
    if edits.len() > MAX_JOINED || text.len().saturating_mul(edits.len()) > MAX_JOINED_BYTES {
        return None;
    }
    let mut found: Vec<Occurrence<'_>> = Vec::new();
    let mut in_turn = text.to_owned();
    for edit in edits {
        let n_now = if edit.old.is_empty() { 0 } else { in_turn.matches(&edit.old).count() };
        if n_now == 0 || (n_now > 1 && !edit.everywhere) {
            return None;
        }
        in_turn = in_turn.replace(&edit.old, &edit.new);
        for (at, _) in text.match_indices(&edit.old) {
            let new = depth::indented(&edit.old, &edit.new, haystack, at).ok()?;
            if matches!(new, Cow::Owned(_)) {
                return None;
            }
            found.push(Occurrence::new(at, edit));
        }
    }
    found.sort_by_key(|occurrence| occurrence.at.start);
    if found.windows(2).any(|pair| pair[1].at.start < pair[0].at.end) {
        return None;
    }
    let mut at_once = String::with_capacity(in_turn.len());
    let mut done = 0;
    for Occurrence { at, new, .. } in &found {
        at_once.push_str(&text[done..at.start]);
        at_once.push_str(new);
        done = at.end;
    }
    at_once.push_str(&text[done..]);
    (at_once == in_turn).then(|| widened(haystack, &found))
}

/// Whole lines around occurrences that share lines.
struct Group {
    lines: Range<usize>,
    /// What comes for them, up to what is `done`.
    after: String,
    done: usize,
    block: usize,
}

/// The whole lines around sorted occurrences. Those that share a line make one hunk.
fn widened(haystack: &Haystack, found: &[Occurrence<'_>]) -> Vec<LineHunk> {
    let text = haystack.text();
    let mut groups: Vec<Group> = Vec::new();
    for Occurrence { at: Range { start, end }, edit, new } in found {
        // A line end that both begin with says that a line begins there; the line before it is not touched.
        let n_lead = usize::from(edit.old.starts_with('\n') && new.starts_with('\n'));
        let (start, end, new) = (start + n_lead, *end, &new[n_lead..]);
        let from = haystack.line_around(start).start;
        let closed = text[..end].ends_with('\n') && new.ends_with('\n') && end > from;
        let to = if closed { end } else { haystack.line_around(end).end };
        let is_shared = groups.last().is_some_and(|group| from < group.lines.end);
        if !is_shared {
            groups.push(Group { lines: from..to, after: String::new(), done: from, block: edit.block });
        }
        let Some(group) = groups.last_mut() else { continue };
        group.after.push_str(&text[group.done..start]);
        group.after.push_str(new);
        (group.lines.end, group.done) = (to.max(group.lines.end), end);
        group.block = group.block.max(edit.block);
    }
    groups.into_iter().map(|group| group.hunk(haystack)).collect()
}

impl Group {
    fn hunk(mut self, haystack: &Haystack) -> LineHunk {
        let text = haystack.text();
        self.after.push_str(&text[self.done..self.lines.end]);
        let before: Vec<&str> = text[self.lines.clone()].lines().collect();
        let after: Vec<&str> = self.after.lines().collect();
        let place = Some(haystack.line(self.lines.start));
        LineHunk { place, ..LineHunk::new(self.block, tagged(&before, &after)) }
    }
}

fn ambiguous(haystack: &Haystack, places: &[usize]) -> Refusal {
    let lines = || places.iter().take(LISTED_PLACES).map(|&at| haystack.line(at) + 1);
    let listed: Vec<String> = lines().map(|line| line.to_string()).collect();
    let mut refusal = Refusal::new(
        RefusalCode::AmbiguousPlace,
        format!("The text to replace is in several places: lines {}", listed.join(", ")),
        "Quote more of the text around it, or ask for all places.",
    );
    refusal.nearest = lines().map(|line| Nearest { line, distance: 0.0 }).collect();
    refusal
}

fn nowhere() -> Refusal {
    Refusal::new(
        RefusalCode::NoSuchPlace,
        "The text to replace everywhere is not in the file as it is quoted",
        "Copy it exactly: only exact occurrences are replaced everywhere.",
    )
}

fn part_of_a_word(line: usize, everywhere: bool) -> Refusal {
    let which = if everywhere { "one of the places" } else { "the only place" };
    let mut refusal = Refusal::new(
        RefusalCode::NoSuchPlace,
        format!("The text to replace begins or ends within a word in {which}, on line {}", line + 1),
        "Quote whole words, and more of the text around them.",
    );
    refusal.nearest = vec![Nearest { line: line + 1, distance: 0.0 }];
    refusal
}

fn plain_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tagged;

    fn check(text: &str, old: &str, new: &str, everywhere: bool, expected: Option<&str>) {
        let shown = hunks(&TextEdit::new(0, old, new, everywhere), &mut Haystack::new(text))
            .ok()
            .map(|hunks| shown(&hunks));
        assert_eq!(shown.as_deref(), expected, "{old:?} in {text:?}");
    }

    fn check_joined(text: &str, edits: &[(&str, &str, bool)], expected: Option<&str>) {
        let edits: Vec<TextEdit> = edits
            .iter()
            .enumerate()
            .map(|(block, (old, new, everywhere))| TextEdit::new(block, old, new, *everywhere))
            .collect();
        let shown = joined(&edits, &Haystack::new(text)).map(|hunks| shown(&hunks));
        assert_eq!(shown.as_deref(), expected, "{edits:?} in {text:?}");
    }

    fn shown(hunks: &[LineHunk]) -> String {
        let lines = |hunk: &LineHunk| tagged::shown(&hunk.lines, "");
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
        check("## A\nb\n", "# A", "## A", false, Some(""));
    }

    #[test]
    fn several_occurrences_need_an_explicit_word() {
        check("a a\nb\na\n", "a", "x", false, None);
        check("a a\nb\na\n", "a", "x", true, Some("@0 -a a+x x|@2 -a+x"));
    }

    #[test]
    fn words_are_not_cut() {
        check("max = 10\n", "x = 1", "x = 2", false, None);
        check("max = 10\n", "x = 10", "x = 2", false, None);
        check("max = 10\n", "max = 1", "max = 2", false, None);
        check("max = 10\n", "max", "min", false, Some("@0 -max = 10+min = 10"));
        check("max\nx\n", "x", "y", true, None);
        check("x.x\nx\n", "x", "y", true, Some("@0 -x.x+y.y|@1 -x+y"));
        check(
            "\u{6700}\u{5927}\n",
            "\u{5927}",
            "\u{5c0f}",
            false,
            Some("@0 -\u{6700}\u{5927}+\u{6700}\u{5c0f}"),
        );
    }

    #[test]
    fn everywhere_means_exact_places() {
        check("a(b)\n  c(d)\n", "a(b)\nc(d)", "x", true, None);
    }

    #[test]
    fn what_is_left_out_is_not_written() {
        let file = "f() {\n  a\n  b\n}\n";
        check(file, "  a\n  b\n", "  x\n  // ... existing code ...\n", false, None);
        check("# existing code\na\n", "a", "b\n# existing code", false, Some("@1 -a+b+# existing code"));
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
