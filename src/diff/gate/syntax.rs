//! New syntax errors: those of the text after, minus those of the text before.
//!
//! Errors are compared as a multiset of (what, in which definition, written how), so one that only moved is not new, and a
//! grammar that fails on a valid file says nothing about a change elsewhere in it. Where the text before is broken around
//! the edit, as it is while somebody types, new errors are only noted: nobody can tell whose they are.
//!
//! The text after is parsed first; only when it has errors at all, the text before is parsed too.

use std::ops::Range;

use super::{Edited, Note, Place};
use crate::diff::{Nearest, Refusal, RefusalCode};
use crate::syntax::{Brackets, Language, Parsed, SyntaxError, SyntaxErrorKind, Unbalanced};
use crate::text::Rope;

/// Errors that the change brings.
pub(super) enum Found {
    /// Into a text that was fine there.
    New(Refusal),
    /// Into a text that was broken there before.
    Known(Note),
}

/// Compares the text before and after. A text that cannot be parsed within the budget has no errors; a language
/// without a grammar has those of its brackets.
pub(super) fn find(edited: &Edited<'_>) -> Option<Found> {
    let Some(language) = Language::from_path(edited.file()) else {
        return unbalanced(edited).map(|found| Found::New(refuse_bracket(edited, found)));
    };
    let after = Parsed::new(language, &edited.after)?;
    let (mut after, misplaced) = (after.errors(), after.misplaced_lines());
    if after.is_empty() && misplaced.is_empty() {
        return None;
    }
    let before = Parsed::new(language, &edited.before)?;
    // One misplaced line moves the levels of those behind it, and older versions of the language have other rules.
    if before.misplaced_lines().is_empty() {
        after.extend(misplaced);
    }
    let before = before.errors();
    let new = new_errors(edited, &before, &after);
    let refused = new.iter().filter(|error| !was_broken(edited, error, &before));
    // Of many errors the one in what came is the cause; the others follow from it.
    let refused = refused.min_by_key(|error| !is_in_change(edited, error.at));
    match (refused, new.first()) {
        (Some(error), _) => {
            let brackets = unbalanced(edited);
            // A bracket without its partner in what came is the cause wherever the grammar stumbles.
            if let Some(found) = brackets.filter(|found| is_in_change(edited, found.at)) {
                return Some(Found::New(refuse_bracket(edited, found)));
            }
            let mut what = describe(error);
            if new.len() > 1 {
                what.push_str(&format!(" (and {} more)", new.len() - 1));
            }
            let evidence =
                brackets.map(|found| format!("on line {}, {}", edited.line(found.at), unpaired(found)));
            Some(Found::New(refuse(edited, error.at, &error.range, &what, evidence)))
        }
        (None, Some(error)) => Some(Found::Known(Note {
            path: edited.path.to_owned(),
            line: edited.line(error.at),
            message: format!("The syntax was broken here before, and still is: {}", describe(error)),
        })),
        (None, None) => None,
    }
}

/// The errors after that no error before accounts for.
fn new_errors<'e>(
    edited: &Edited<'_>,
    before: &[SyntaxError],
    after: &'e [SyntaxError],
) -> Vec<&'e SyntaxError> {
    let mut known: Vec<&SyntaxError> = before.iter().collect();
    let mut new: Vec<&SyntaxError> = after.iter().collect();
    let same = |one: &SyntaxError, other: &SyntaxError| (one.kind, &one.text) == (other.kind, &other.text);
    cancel(&mut known, &mut new, |old, new| same(old, new) && old.inside == new.inside);
    // Its definition was renamed, or it was moved to another: then the line around it came along.
    cancel(&mut known, &mut new, |old, new| {
        same(old, new) && line_at(&edited.before, old.at) == line_at(&edited.after, new.at)
    });
    new
}

/// Strikes out what is on both lists, each as often as it is on the other.
fn cancel(
    known: &mut Vec<&SyntaxError>,
    new: &mut Vec<&SyntaxError>,
    same: impl Fn(&SyntaxError, &SyntaxError) -> bool,
) {
    new.retain(|error| match known.iter().position(|old| same(old, error)) {
        Some(at) => {
            known.swap_remove(at);
            false
        }
        None => true,
    });
}

fn line_at(text: &Rope, at: usize) -> String {
    let line = text.byte_to_line(at.min(text.len_bytes()));
    text.get_line(line).map(|line| line.to_string().trim().to_owned()).unwrap_or_default()
}

/// Whether the text before had an error in the same definition, or right where the change is.
fn was_broken(edited: &Edited<'_>, error: &SyntaxError, before: &[SyntaxError]) -> bool {
    let place = culprit(edited, error.at, &error.range);
    let near = |old: &SyntaxError| touches(&edited.before, &old.range, &place.before);
    before.iter().any(|old| (!old.inside.is_empty() && old.inside == error.inside) || near(old))
}

/// Whether two ranges share a line, or are on neighbouring ones.
fn touches(text: &Rope, one: &Range<usize>, other: &Range<usize>) -> bool {
    let line = |at: usize| text.byte_to_line(at.min(text.len_bytes()));
    line(one.start) <= line(other.end) + 1 && line(other.start) <= line(one.end) + 1
}

/// Whether a byte of the text after is on a line that came.
fn is_in_change(edited: &Edited<'_>, at: usize) -> bool {
    let line = edited.line(at);
    edited.places.iter().any(|place| {
        let last = place.after.end.max(place.after.start + 1) - 1;
        (edited.line(place.after.start)..=edited.line(last)).contains(&line)
    })
}

/// The hunk that an error comes from: the one around it, else the last before it, else the first.
fn culprit<'p>(edited: &'p Edited<'_>, at: usize, range: &Range<usize>) -> &'p Place {
    let nearest = |at: usize| {
        let behind = edited.places.partition_point(|place| place.after.start <= at);
        &edited.places[behind.saturating_sub(1)]
    };
    let found = nearest(at);
    let in_error = |place: &&Place| place.after.start <= range.end && range.start <= place.after.end;
    if in_error(&found) { found } else { edited.places.iter().find(in_error).unwrap_or(found) }
}

/// The bracket without a partner in the text after, when every bracket of the text before had one.
fn unbalanced(edited: &Edited<'_>) -> Option<Unbalanced> {
    let brackets = Brackets::of(edited.file())?;
    brackets.new_unbalanced(&String::from(&edited.before), &String::from(&edited.after))
}

fn unpaired(found: Unbalanced) -> String {
    let state = if matches!(found.bracket, '(' | '[' | '{') { "never closed" } else { "never opened" };
    format!("the `{}` is {state}", found.bracket)
}

fn describe(error: &SyntaxError) -> String {
    match error.kind {
        SyntaxErrorKind::Missing => format!("`{}` is missing", error.text),
        SyntaxErrorKind::Unexpected if error.text.is_empty() => "something does not belong there".to_owned(),
        SyntaxErrorKind::Unexpected => format!("`{}` does not belong there", error.text),
        SyntaxErrorKind::Indentation => {
            format!("`{}` is not indented as the lines around it ask for", error.text)
        }
    }
}

fn refuse_bracket(edited: &Edited<'_>, found: Unbalanced) -> Refusal {
    refuse(edited, found.at, &(found.at..found.at + 1), &unpaired(found), None)
}

fn refuse(
    edited: &Edited<'_>,
    at: usize,
    range: &Range<usize>,
    what: &str,
    evidence: Option<String>,
) -> Refusal {
    let place = culprit(edited, at, range);
    let (line, by) = (edited.line(at), edited.line(place.after.start));
    let mut message =
        format!("The change would break the syntax: on line {line} of the file after it, {what}");
    if !is_in_change(edited, at) {
        message.push_str(&format!("; the change is at line {by}"));
    }
    let evidence = evidence.map_or_else(String::new, |evidence| format!("; {evidence}"));
    let hint = format!(
        "Line {line} would read `{}`{evidence}. Write the whole change so that every bracket, quote and statement is \
         complete.",
        edited.shown(line)
    );
    let mut refusal = Refusal::new(RefusalCode::BreaksSyntax, message, hint);
    refusal.nearest = vec![Nearest { line, distance: 0.0 }];
    edited.refuse(refusal, place.block)
}
