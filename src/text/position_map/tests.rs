//! Examples, and properties against carrying a range through one edit after the other.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

fn map(pushes: &[(Range<usize>, usize)]) -> PositionMap {
    let mut map = PositionMap::default();
    for (delete, inserted) in pushes {
        map.push(delete.clone(), *inserted);
    }
    map
}

fn moved(range: Range<usize>) -> Carried {
    Carried::Moved(range)
}

fn changed(old: Range<usize>, new: Range<usize>) -> Carried {
    Carried::Changed { old, new }
}

#[test]
fn ranges_beside_an_insertion_only_move() {
    let map = map(&[(5..5, 3)]);
    assert_eq!(map.carry(0..5), moved(0..5));
    assert_eq!(map.carry(5..9), moved(8..12));
    assert_eq!(map.carry(4..6), changed(4..6, 4..9));
    assert_eq!(map.carry(5..5), changed(5..5, 5..8));
    assert_eq!(map.carry(4..4), moved(4..4));
    assert_eq!(map.carry(6..6), moved(9..9));
}

#[test]
fn ranges_beside_a_replacement_only_move() {
    let map = map(&[(5..8, 1)]);
    assert_eq!(map.carry(2..5), moved(2..5));
    assert_eq!(map.carry(8..9), moved(6..7));
    assert_eq!(map.carry(5..5), moved(5..5));
    assert_eq!(map.carry(8..8), moved(6..6));
    assert_eq!(map.carry(6..6), changed(5..8, 5..6));
    assert_eq!(map.carry(7..20), changed(5..20, 5..18));
}

#[test]
fn a_point_between_two_rewritten_regions_is_changed() {
    let deleted = map(&[(2..4, 0), (2..4, 0)]);
    assert_eq!(deleted.carry(4..4), changed(2..6, 2..2));
    assert_eq!(deleted.carry(2..2), moved(2..2));
    assert_eq!(deleted.carry(6..6), moved(2..2));
    assert_eq!(map(&[(2..4, 3), (5..7, 1)]).carry(4..4), changed(2..6, 2..6));
}

#[test]
fn touching_counts_at_both_ends() {
    let map = map(&[(5..8, 1)]);
    for touched in [5..5, 8..8, 2..5, 8..9, 6..7, 0..20] {
        assert!(map.touched(touched.clone()), "{touched:?}");
    }
    for untouched in [4..4, 9..9, 0..4, 9..20] {
        assert!(!map.touched(untouched.clone()), "{untouched:?}");
    }
    assert!(!PositionMap::default().touched(0..9));
}

#[test]
fn typing_letter_by_letter_is_one_insertion() {
    assert_eq!(map(&[(5..5, 1), (6..6, 1), (7..7, 1)]), map(&[(5..5, 3)]));
    assert_eq!(map(&[(5..5, 1), (5..5, 1)]), map(&[(5..5, 2)]));
    assert_eq!(map(&[(5..6, 0), (5..5, 2)]), map(&[(5..6, 2)]));
}

#[test]
fn overlapping_edits_melt() {
    assert_eq!(map(&[(5..7, 6), (9..13, 0)]), map(&[(5..9, 4)]));
    assert_eq!(map(&[(5..5, 4), (3..7, 1)]), map(&[(3..5, 3)]));
    assert_eq!(map(&[(2..3, 2), (8..9, 2), (0..20, 0)]), map(&[(0..18, 0)]));
}

#[test]
fn an_insertion_beside_a_replacement_is_still_known() {
    let map = map(&[(5..8, 2), (5..5, 1), (8..8, 1)]);
    assert_eq!(map.carry(5..5), changed(5..5, 5..6));
    assert_eq!(map.carry(8..8), changed(8..8, 8..9));
    assert_eq!(map.carry(8..10), moved(9..11));
    assert_eq!(map.carry(3..5), moved(3..5));
}

#[test]
fn typed_and_deleted_again_is_no_change() {
    assert!(map(&[(5..5, 3), (5..8, 0)]).is_identity());
    let mut map = map(&[(2..4, 0), (2..3, 0), (2..2, 3)]);
    let text = Rope::from_str("abcdefg");
    assert!(!map.is_identity());
    map.simplify(&text, &text);
    assert!(map.is_identity());
}

#[test]
fn simplify_trims_at_character_boundaries() {
    let mut map = map(&[(1..5, 4)]);
    map.simplify(&Rope::from_str("aéèb"), &Rope::from_str("aéêb"));
    assert_eq!(map.carry(0..3), moved(0..3));
    assert_eq!(map.carry(3..4), changed(3..5, 3..5));
}

#[test]
fn texts_can_be_compared() {
    let (old, new) = (Rope::from_str("a\nb\nc\n"), Rope::from_str("a\nx\nb\nc\n"));
    let map = PositionMap::from_texts(&old, &new);
    assert_eq!(map.carry(2..6), moved(4..8));
    assert!(PositionMap::from_texts(&old, &old).is_identity());
}

#[test]
fn reversed_and_distant_ranges_do_not_panic() {
    let mut map = map(&[(5..5, 1)]);
    #[expect(clippy::reversed_empty_ranges, reason = "the point of the test")]
    {
        map.push(9..3, 2);
        assert_eq!(map.carry(3..1), moved(3..3));
    }
    assert_eq!(map.carry(1000..2000), moved(1003..2003));
}

/// Carries a range through single edits; `None` as soon as one meets it.
fn step_by_step(edits: &[(Range<usize>, usize)], range: &Range<usize>) -> Option<Range<usize>> {
    let mut range = range.clone();
    for (delete, inserted) in edits {
        let shift = |at: usize| at - delete.len() + inserted;
        let before = delete.end <= range.start;
        let behind = delete.start >= range.end;
        let same_point = delete.is_empty() && range.is_empty() && delete.start == range.start;
        range = match (before, behind) {
            _ if same_point => return None,
            (true, _) => shift(range.start)..shift(range.end),
            (_, true) => range,
            _ => return None,
        };
    }
    Some(range)
}

/// A random letter-by-letter history: the texts and the edits between them.
fn history(seeds: &[(usize, usize, String)]) -> (String, String, Vec<(Range<usize>, usize)>) {
    let old = String::from("one two\nthree four\nfive six\n");
    let mut new = old.clone();
    let mut edits = Vec::new();
    for (at, len, insert) in seeds {
        let start = at % (new.len() + 1);
        let end = (start + len).min(new.len());
        new.replace_range(start..end, insert);
        edits.push((start..end, insert.len()));
    }
    (old, new, edits)
}

fn seeds() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    prop::collection::vec((0usize..60, 0usize..5, "[a-f\n]{0,4}"), 0..12)
}

proptest! {
    #[test]
    fn carrying_agrees_with_one_edit_after_the_other(seeds in seeds(), start in 0usize..28, len in 0usize..6) {
        let (old, new, edits) = history(&seeds);
        let range = start..(start + len).min(old.len());
        let map = map(&edits);
        if let Some(expected) = step_by_step(&edits, &range) {
            let at = range.start;
            let between = range.is_empty()
                && map.regions.windows(2).any(|pair| pair[0].old.end == at && pair[1].old.start == at);
            if between {
                let is_changed = matches!(map.carry(range.clone()), Carried::Changed { .. });
                prop_assert!(is_changed);
            } else {
                prop_assert_eq!(map.carry(range.clone()), moved(expected));
            }
        }
        match map.carry(range.clone()) {
            Carried::Moved(now) => prop_assert_eq!(&old[range], &new[now]),
            Carried::Changed { old: o, new: n } => {
                prop_assert!(o.start <= range.start && o.end >= range.end);
                prop_assert!(n.end <= new.len());
            }
        }
    }

    #[test]
    fn regions_rebuild_the_new_text(seeds in seeds()) {
        let (old, new, edits) = history(&seeds);
        let mut map = map(&edits);
        for simplified in [false, true] {
            if simplified {
                map.simplify(&Rope::from_str(&old), &Rope::from_str(&new));
            }
            let (mut text, mut at) = (String::new(), 0);
            for region in &map.regions {
                prop_assert!(at <= region.old.start);
                text.push_str(&old[at..region.old.start]);
                prop_assert_eq!(text.len(), region.new.start);
                text.push_str(&new[region.new.clone()]);
                at = region.old.end;
            }
            text.push_str(&old[at..]);
            prop_assert_eq!(&text, &new);
        }
    }

    #[test]
    fn simplify_keeps_untouched_ranges(seeds in seeds(), start in 0usize..28, len in 1usize..6) {
        let (old, new, edits) = history(&seeds);
        let range = start..(start + len).min(old.len());
        let mut map = map(&edits);
        let before = map.carry(range.clone());
        map.simplify(&Rope::from_str(&old), &Rope::from_str(&new));
        if matches!(before, Carried::Moved(_)) && !range.is_empty() {
            prop_assert_eq!(map.carry(range), before);
        }
    }

    #[test]
    fn an_edit_and_its_single_replacements_agree(
        old in "([abc]|\n){0,30}", new in "([abc]|\n){0,30}", start in 0usize..30, len in 0usize..6,
    ) {
        let edit = TextEdit::diff(&old, &new);
        let mut pushed = PositionMap::default();
        pushed.push_all(&edit.clone().into_indels());
        prop_assert_eq!(&pushed, &PositionMap::from_edit(&edit));
        let range = start.min(old.len())..(start + len).min(old.len());
        if let Carried::Moved(now) = pushed.carry(range.clone()) {
            prop_assert_eq!(&old[range], &new[now]);
        }
    }
}
