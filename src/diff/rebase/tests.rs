//! Edits carried over what was typed meanwhile, and the conflicts.

use std::ops::Range;

use super::*;
use crate::diff::Evidence;

/// One replacement the user typed.
type Typed<'a> = (Range<usize>, &'a str);

fn hunk(base: &str, range: Range<usize>, insert: &str) -> Hunk {
    let line = base[..range.start].matches('\n').count() + 1;
    Hunk { range, insert: insert.to_owned(), evidence: Evidence::EXACT, line, block: 0 }
}

/// What the hunk makes of the text after the user's typing; `None` when the user made the same change.
fn rebased(
    base: &str,
    typed: &[Typed<'_>],
    range: Range<usize>,
    insert: &str,
) -> Result<Option<String>, RefusalCode> {
    let mut map = PositionMap::default();
    let mut live = base.to_owned();
    for (range, text) in typed {
        map.push(range.clone(), text.len());
        live.replace_range(range.clone(), text);
    }
    let (base_rope, live_rope) = (Rope::from_str(base), Rope::from_str(&live));
    match rebase(&hunk(base, range, insert), &base_rope, &map, &live_rope) {
        Ok(Rebased::AlreadyThere) => Ok(None),
        Ok(Rebased::Fits(hunk)) => {
            assert_eq!(hunk.line, live[..hunk.range.start].matches('\n').count() + 1);
            live.replace_range(hunk.range, &hunk.insert);
            Ok(Some(live))
        }
        Err(refusal) => Err(refusal.code),
    }
}

#[track_caller]
fn check(base: &str, typed: &[Typed<'_>], range: Range<usize>, insert: &str, expected: &str) {
    assert_eq!(rebased(base, typed, range, insert), Ok(Some(expected.to_owned())));
}

#[track_caller]
fn check_conflict(base: &str, typed: &[Typed<'_>], range: Range<usize>, insert: &str) {
    assert_eq!(rebased(base, typed, range, insert), Err(RefusalCode::Conflict));
}

/// What a change of a whole file becomes when `base` has become `live`.
fn rebased_file(
    change: &FileChange,
    base: &str,
    live: Option<&str>,
) -> Result<Option<FileChange>, RefusalCode> {
    let map = PositionMap::from_texts(&Rope::from_str(base), &Rope::from_str(live.unwrap_or_default()));
    let live = live.map(Rope::from_str);
    rebase_file(change, &Rope::from_str(base), &map, live.as_ref()).map_err(|refusals| refusals[0].code)
}

#[test]
fn a_file_goes_only_as_it_was() {
    let change = FileChange::delete("a");
    assert_eq!(rebased_file(&change, "a\n", Some("a\n")), Ok(Some(change.clone())));
    assert_eq!(rebased_file(&change, "a\n", None), Ok(None));
    assert_eq!(rebased_file(&change, "a\n", Some("a\nb\n")), Err(RefusalCode::Conflict));
}

#[test]
fn a_renamed_file_takes_its_hunks_along() {
    let base = "a\nb\n";
    let change = FileChange::modify("a", vec![hunk(base, 2..4, "B\n")]).unwrap().renamed("b");
    let carried = rebased_file(&change, base, Some("x\na\nb\n")).unwrap().unwrap();
    assert_eq!((carried.path_after(), carried.hunks()[0].range.clone()), (Some("b"), 4..6));
    assert_eq!(rebased_file(&change, base, Some("a\nbb\n")), Err(RefusalCode::Conflict));
    assert_eq!(rebased_file(&change, base, None), Err(RefusalCode::Conflict));
    let there = rebased_file(&change, base, Some("a\nB\n")).unwrap().unwrap();
    assert_eq!((there.path_after(), there.hunks().len()), (Some("b"), 0));
}

#[test]
fn nothing_typed_moves_nothing() {
    check("a\nb\n", &[], 2..4, "B\n", "a\nB\n");
}

#[test]
fn an_insertion_needs_a_line_beside_it_that_stayed() {
    check("a\nb\n", &[(0..1, "A")], 2..2, "x\n", "A\nx\nb\n");
    check("a\nb\n", &[(2..3, "B")], 2..2, "x\n", "a\nx\nB\n");
    check_conflict("a\nb\n", &[(0..1, "A"), (2..3, "B")], 2..2, "x\n");
    check_conflict("a\nb\n", &[(2..3, "B")], 4..4, "x\n");
    check_conflict("a\nb\n", &[(0..1, "A")], 0..0, "x\n");
}

#[test]
fn typing_elsewhere_moves_the_hunk() {
    check("a\nb\nc\n", &[(0..0, "x\n")], 2..4, "B\n", "x\na\nB\nc\n");
    check("a\nb\nc\n", &[(0..2, "")], 2..4, "B\n", "B\nc\n");
    check("a\nb\nc\n", &[(5..5, "!")], 2..4, "B\n", "a\nB\nc!\n");
}

#[test]
fn typing_in_the_target_is_a_conflict() {
    check_conflict("a\nb\nc\n", &[(3..3, "!")], 2..4, "B\n");
    check_conflict("a\nb\nc\n", &[(2..4, "")], 2..4, "B\n");
    check_conflict("a\nb\nc\n", &[(2..2, "// ")], 2..4, "B\n");
}

#[test]
fn typing_that_only_touches_a_replacement_is_fine() {
    check("a\nb\nc\n", &[(2..2, "x\n")], 2..4, "B\n", "a\nx\nB\nc\n");
    check("a\nb\nc\n", &[(4..4, "x\n")], 2..4, "B\n", "a\nB\nx\nc\n");
}

#[test]
fn two_insertions_at_one_point_are_a_conflict() {
    check_conflict("a\nb\n", &[(2..2, "x\n")], 2..2, "y\n");
    // A new line typed at the end of the line before is the same point.
    check_conflict("a\nb\n", &[(1..1, "\nx")], 2..2, "y\n");
    check("a\nb\n", &[(1..1, "!")], 2..2, "y\n", "a!\ny\nb\n");
}

#[track_caller]
fn check_there(base: &str, typed: &[Typed<'_>], range: Range<usize>, insert: &str) {
    assert_eq!(rebased(base, typed, range, insert), Ok(None));
}

#[test]
fn an_insertion_reported_together_with_typing_is_there() {
    let base = "a\nb\nc\nd\n";
    check_there(base, &[(2..5, "NEW\nb\nc!")], 2..2, "NEW\n");
    check_there(base, &[(2..5, "NEW\nb\nc")], 2..2, "NEW\n");
    check_there(base, &[(2..3, "NEW\nb!")], 2..2, "NEW\n");
    check_there(base, &[(0..1, "a!\nNEW")], 2..2, "NEW\n");
    check_there(base, &[(0..2, "a!\nNEW\n")], 2..2, "NEW\n");
    check_there(base, &[(1..1, "\nNEW")], 2..2, "NEW\n");
    assert_ne!(rebased("a\nb", &[(2..3, "b!\nNEW")], 3..3, "\nNEW"), Ok(Some("a\nb!\nNEW\nNEW".into())));
}

#[test]
fn an_insertion_reported_behind_an_indentation_is_there() {
    let base = "a\n    b\n";
    check_there(base, &[(6..6, "n\n    ")], 2..2, "    n\n");
    check_there(base, &[(6..7, "n\n    b!")], 2..2, "    n\n");
    check_there(base, &[(6..6, "n\n    "), (0..0, "!")], 2..2, "    n\n");
    check_conflict(base, &[(6..6, "other\n    ")], 2..2, "    n\n");
    check(base, &[(6..6, "n")], 2..2, "    n\n", "a\n    n\n    nb\n");
    check(base, &[(7..7, "\n    n")], 2..2, "    n\n", "a\n    n\n    b\n    n\n");
}

#[test]
fn an_insertion_beside_a_rewritten_line() {
    let base = "a\nb\nc\nd\n";
    check(base, &[(2..3, "B")], 2..2, "NEW\n", "a\nNEW\nB\nc\nd\n");
    check(base, &[(2..4, "")], 2..2, "NEW\n", "a\nNEW\nc\nd\n");
    check(base, &[(2..4, "x\ny\n")], 2..2, "NEW\n", "a\nNEW\nx\ny\nc\nd\n");
    check(base, &[(0..1, "A")], 2..2, "NEW\n", "A\nNEW\nb\nc\nd\n");
    check(base, &[(6..7, "NEW")], 2..2, "NEW\n", "a\nNEW\nb\nc\nNEW\n");
    // The line was rewritten to the very text, or lines came between it and the point.
    check_conflict(base, &[(2..3, "NEW")], 2..2, "NEW\n");
    check_conflict(base, &[(0..1, "NEW")], 2..2, "NEW\n");
    check_conflict(base, &[(2..5, "NEW!\nb\nc!")], 2..2, "NEW\n");
    check_conflict(base, &[(0..3, "!\nb\nNEW!")], 4..4, "NEW\n");
}

#[test]
fn an_insertion_whose_neighbours_both_went_is_a_conflict() {
    check_conflict("a\nb\nc\nd\n", &[(2..4, ""), (2..4, "")], 4..4, "NEW\n");
    check_conflict("a\nb\nc\nd\n", &[(4..6, ""), (2..4, "")], 4..4, "NEW\n");
}

#[test]
fn typing_where_an_insertion_could_slide_is_a_conflict() {
    // The inserted `b` could stand at 2, 4 or 6.
    check_conflict("a\nb\nb\nc\n", &[(4..4, "x\n")], 2..2, "b\n");
    check_conflict("a\nb\nb\nc\n", &[(6..6, "x\n")], 2..2, "b\n");
    check_conflict("a\nb\nb\nc\n", &[(2..2, "x\n")], 6..6, "b\n");
    check("a\nb\nb\nc\n", &[(8..8, "x\n")], 2..2, "b\n", "a\nb\nb\nb\nc\nx\n");
}

#[test]
fn typing_where_a_deletion_could_slide_is_a_conflict() {
    check_conflict("a\nb\nb\nc\n", &[(5..5, "!")], 2..4, "");
    check_conflict("a\nb\nb\nc\n", &[(4..4, "x\n")], 2..4, "");
    check("a\nb\nb\nc\n", &[(6..6, "x\n")], 2..4, "", "a\nb\nx\nc\n");
}

#[test]
fn the_same_change_is_there_already() {
    assert_eq!(rebased("a\nb\nc\n", &[(2..3, "B")], 2..4, "B\n"), Ok(None));
    assert_eq!(rebased("a\nb\n", &[(2..2, "x\n")], 2..2, "x\n"), Ok(None));
    assert_eq!(rebased("a\nb\nc\n", &[(2..4, "")], 2..4, ""), Ok(None));
}

#[test]
fn typing_behind_an_open_last_line_is_never_glued_to_the_edit() {
    check_conflict("a\nb", &[(3..3, "!")], 2..3, "B");
    check("a\nb", &[(3..3, "\nc")], 2..3, "B", "a\nB\nc");
    check_conflict("a\nb", &[(3..3, "\nc")], 3..3, "\nx");
    check("a\nb", &[(0..0, "x\n")], 3..3, "\nc", "x\na\nb\nc");
}

#[test]
fn a_map_of_other_texts_is_a_conflict() {
    let (base, live) = (Rope::from_str("a\nb\n"), Rope::from_str("a\nc\nd\n"));
    let refused = rebase(&hunk("a\nb\n", 2..4, "B\n"), &base, &PositionMap::default(), &live);
    assert_eq!(refused.unwrap_err().code, RefusalCode::Conflict);
    assert!(rebase(&hunk("", 0..0, ""), &base, &PositionMap::default(), &base).is_ok());
    let outside = Hunk { range: 9..12, ..hunk("", 0..0, "") };
    assert!(rebase(&outside, &base, &PositionMap::default(), &base).is_err());
}

#[test]
fn files_are_carried_as_a_whole() {
    let text = Rope::from_str("a\n");
    let map = PositionMap::default();
    let create = FileChange::create("n", "x\n");
    assert_eq!(rebase_file(&create, &Rope::new(), &map, None), Ok(Some(create.clone())));
    assert_eq!(rebase_file(&create, &Rope::new(), &map, Some(&Rope::from_str("x\n"))), Ok(None));
    assert_eq!(
        rebase_file(&create, &Rope::new(), &map, Some(&text)).unwrap_err()[0].code,
        RefusalCode::FileExists
    );
    let modify = FileChange::modify("a", vec![hunk("a\n", 0..2, "b\n")]).unwrap();
    assert_eq!(rebase_file(&modify, &text, &map, None).unwrap_err()[0].code, RefusalCode::Conflict);
    assert_eq!(rebase_file(&modify, &text, &map, Some(&text)), Ok(Some(modify.clone())));
}
