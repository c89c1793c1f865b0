//! On which side of a step a file is, after the process that made the step ended in its middle.
//!
//! Guarantee: a text into which the user wrote since is on the side to which carrying the change leads without a
//! conflict and without a difference; where that says both or neither, it is on no side that could be known.

use crate::diff::merge::merge;
use crate::ports::{FileRecord, OperationState};
use crate::text::{DocumentUri, Rope};

/// A file's text as it is now: `None` inside where it does not exist, outside where that is not known.
pub(super) type Now = Option<Option<Rope>>;

/// Where a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
    Unknown,
}

/// What a step became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It happened.
    Done,
    /// It happened in some of its files.
    Partly,
    /// It did not, or it is as good to say so: what was taken back or made again half is where it was before, and can
    /// be taken once more, if need be with a merge.
    Not,
    /// Nothing can be known.
    Open,
}

/// The side of a file.
pub(super) fn side(file: &FileRecord, now: impl Fn(&DocumentUri) -> Now) -> Side {
    let Some(here) = now(&file.uri) else { return Side::Unknown };
    let Some(to) = &file.uri_after else {
        return of_text(file.before.as_ref(), file.after.as_ref(), here.as_ref());
    };
    match (here, now(to)) {
        (Some(_), Some(None)) => Side::Before,
        (None, Some(Some(_))) => Side::After,
        _ => Side::Unknown,
    }
}

fn of_text(before: Option<&Rope>, after: Option<&Rope>, now: Option<&Rope>) -> Side {
    if now == after {
        return Side::After;
    }
    if now == before {
        return Side::Before;
    }
    match (before, after, now) {
        (Some(before), Some(after), Some(now)) => {
            match (leads_back(before, now, after), leads_back(after, now, before)) {
                (true, false) => Side::After,
                (false, true) => Side::Before,
                _ => Side::Unknown,
            }
        }
        // Some editors create the file empty and keep its text unsaved.
        (None, Some(_), Some(now)) if now.chars().all(char::is_whitespace) => Side::Before,
        (None, Some(_), Some(_)) => Side::After,
        (Some(_), None, Some(_)) => Side::Before,
        _ => Side::Unknown,
    }
}

/// Whether the change from `base` to `other`, made in `now`, changes nothing: it is there already.
fn leads_back(base: &Rope, now: &Rope, other: &Rope) -> bool {
    let merged = merge(base, now, other);
    merged.is_clean() && *now == merged.text.as_str()
}

/// What a step in `state` became.
pub(super) fn verdict(state: OperationState, sides: &[Side]) -> Verdict {
    let all = |side: Side| !sides.is_empty() && sides.iter().all(|is| *is == side);
    if all(Side::After) {
        Verdict::Done
    } else if state != OperationState::Prepared || all(Side::Before) {
        Verdict::Not
    } else if sides.contains(&Side::After) {
        Verdict::Partly
    } else {
        Verdict::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: Option<&str>, after: Option<&str>, now: Option<&str>, expected: Side) {
        let rope = |text: Option<&str>| text.map(Rope::from_str);
        let (before, after, now) = (rope(before), rope(after), rope(now));
        assert_eq!(of_text(before.as_ref(), after.as_ref(), now.as_ref()), expected, "{now:?}");
    }

    const BEFORE: Option<&str> = Some("1\n2\n3\n4\n5\n6\n");
    const AFTER: Option<&str> = Some("1\nzwei\n3\n4\n5\n6\n");

    #[test]
    fn what_the_user_wrote_since_does_not_hide_it() {
        check(BEFORE, AFTER, BEFORE, Side::Before);
        check(BEFORE, AFTER, AFTER, Side::After);
        check(BEFORE, AFTER, Some("1\nzwei\n3\n4\n5\nsix\n"), Side::After);
        check(BEFORE, AFTER, Some("1\n2\n3\n4\n5\nsix\n"), Side::Before);
        check(BEFORE, AFTER, Some("1\ndeux\n3\n4\n5\n6\n"), Side::Unknown);
        check(BEFORE, AFTER, Some("something else\n"), Side::Unknown);
        check(BEFORE, AFTER, None, Side::Unknown);
    }

    #[test]
    fn files_that_come_and_go() {
        check(None, AFTER, None, Side::Before);
        check(None, AFTER, Some(" \n"), Side::Before);
        check(None, AFTER, Some("1\n"), Side::After);
        check(BEFORE, None, None, Side::After);
        check(BEFORE, None, Some("1\n"), Side::Before);
    }

    #[test]
    fn only_what_was_never_told_may_stay_open() {
        use OperationState::{Prepared, Undoing};
        let check =
            |state, sides: &[Side], expected| assert_eq!(verdict(state, sides), expected, "{sides:?}");
        check(Prepared, &[Side::After, Side::After], Verdict::Done);
        check(Prepared, &[Side::After, Side::Before], Verdict::Partly);
        check(Prepared, &[Side::Before, Side::Before], Verdict::Not);
        check(Prepared, &[Side::Before, Side::Unknown], Verdict::Open);
        check(Undoing, &[Side::Unknown], Verdict::Not);
        check(Undoing, &[Side::After], Verdict::Done);
    }
}
