//! Merges as people see them, and what holds for every merge.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn merged(base: &str, ours: &str, theirs: &str) -> Merged {
    merge(&Rope::from_str(base), &Rope::from_str(ours), &Rope::from_str(theirs))
}

/// Every letter is a line.
fn lines(letters: &str) -> String {
    letters.chars().flat_map(|letter| [letter, '\n']).collect()
}

/// `expected` as letters, `None` for a conflict.
fn check(base: &str, ours: &str, theirs: &str, expected: Option<&str>) {
    for (ours, theirs) in [(ours, theirs), (theirs, ours)] {
        let merged = merged(&lines(base), &lines(ours), &lines(theirs));
        let clean = merged.is_clean().then(|| merged.text.replace('\n', ""));
        assert_eq!(clean.as_deref(), expected, "{base}: {ours} and {theirs}");
    }
}

fn check_marked(base: &str, ours: &str, theirs: &str, expected: &Expect) {
    let marked = merged(base, ours, theirs).marked("yours", "before o17");
    expected.assert_eq(&marked.replace('\r', "\\r"));
}

#[test]
fn changes_of_different_lines_come_together() {
    check("abcdef", "aBcdef", "abcdEf", Some("aBcdEf"));
    check("abcdef", "bcdef", "abcdefg", Some("bcdefg"));
    check("abcdef", "Abcdef", "aBcdef", Some("ABcdef"));
    check("abcdef", "axbcdef", "abcdeyf", Some("axbcdeyf"));
    check("abcdef", "abef", "abcdeF", Some("abeF"));
}

#[test]
fn the_same_change_is_made_once() {
    check("abc", "aXc", "aXc", Some("aXc"));
    check("abcdef", "aXcdef", "aXcdeF", Some("aXcdeF"));
    check("abc", "axbc", "axbc", Some("axbc"));
}

#[test]
fn what_cannot_be_told_is_a_conflict() {
    check("abc", "aXc", "aYc", None);
    check("abc", "ac", "aYc", None);
    check("abc", "abxc", "abyc", None);
    // An insertion where the other side changed the line beside it.
    check("abc", "abxc", "abC", None);
    check("", "a", "b", None);
}

#[test]
fn what_could_stand_elsewhere_with_the_same_result_reaches_that_far() {
    // One of two equal lines went, the other was changed: which one was meant?
    check("abbc", "abc", "aXbc", None);
    check("abbc", "abc", "abXc", None);
    check("abbc", "abbbc", "aXbc", None);
    check("abbcdef", "abcdef", "abbcdEf", Some("abcdEf"));
}

#[test]
fn both_sides_are_shown_between_markers() {
    check_marked(
        "a\nb\nc\n",
        "a\nours\nc\n",
        "a\ntheirs\nand more\nc\n",
        &expect![[r"
            a
            <<<<<<< yours
            ours
            =======
            theirs
            and more
            >>>>>>> before o17
            c
        "]],
    );
    check_marked(
        "a\r\nb",
        "a\r\nours",
        "a\r\n",
        &expect![[r"
            a\r
            <<<<<<< yours\r
            ours\r
            =======\r
            >>>>>>> before o17\r
        "]],
    );
    let named = merged("b\n", "x\n", "y\n").marked("a\x1b[2J\nb", "c");
    assert!(named.starts_with("<<<<<<< a [2J b\n"), "{named:?}");
}

#[test]
fn a_conflict_says_where_it_is() {
    let merged = merged("a\nb\nc\nd\n", "a\nX\nc\nd\n", "a\nY\nc\nD\n");
    assert_eq!(merged.text, "a\nX\nc\nD\n");
    let [conflict] = merged.conflicts.as_slice() else { panic!("{merged:?}") };
    assert_eq!(&merged.text[conflict.range.clone()], conflict.ours);
    assert_eq!(
        (conflict.ours.as_str(), conflict.base.as_str(), conflict.theirs.as_str()),
        ("X\n", "b\n", "Y\n")
    );
}

#[test]
fn line_ends_and_marks_stay() {
    let clean = merged("\u{feff}a\r\nb\nc\rd", "\u{feff}A\r\nb\nc\rd", "\u{feff}a\r\nb\nc\rd\n");
    assert_eq!(clean, Merged { text: "\u{feff}A\r\nb\nc\rd\n".to_owned(), conflicts: Vec::new() });
    assert!(merged("\u{feff}", "\u{feff}a", "\u{feff}").is_clean());
}

#[test]
fn the_sides_may_be_swapped() {
    // Three changes meet at one line; which of them comes first must not decide what belongs together.
    let (one, two) = (merged("\n\r", "\n", "\r\r"), merged("\n\r", "\r\r", "\n"));
    assert_eq!(one.conflicts.len(), 1);
    assert_eq!(
        (&one.conflicts[0].ours, &one.conflicts[0].theirs),
        (&two.conflicts[0].theirs, &two.conflicts[0].ours)
    );
}

fn text() -> impl Strategy<Value = String> {
    "([abcé]{0,2}(\r\n|\r|\n)){0,8}[ab]{0,1}"
}

proptest! {
    #[test]
    fn one_side_alone_is_taken_whole(base in text(), other in text()) {
        for (ours, theirs) in [(&base, &other), (&other, &base), (&other, &other)] {
            let merged = merged(&base, ours, theirs);
            prop_assert!(merged.is_clean());
            prop_assert_eq!(&merged.text, &other);
        }
    }

    #[test]
    fn conflicts_are_symmetric_and_their_sides_are_kept(base in text(), ours in text(), theirs in text()) {
        let (one, two) = (merged(&base, &ours, &theirs), merged(&base, &theirs, &ours));
        prop_assert_eq!(one.conflicts.len(), two.conflicts.len());
        for (one_side, two_side) in one.conflicts.iter().zip(&two.conflicts) {
            prop_assert_eq!(&one_side.ours, &two_side.theirs);
            prop_assert_eq!(&one_side.theirs, &two_side.ours);
            prop_assert_eq!(&one_side.base, &two_side.base);
            prop_assert_eq!(&one.text[one_side.range.clone()], one_side.ours.as_str());
        }
        if one.is_clean() {
            prop_assert_eq!(&one.text, &two.text);
        }
        // With the text of the other side in every conflict, nothing of the swapped merge is missing.
        let mut swapped = one.text.clone();
        for conflict in one.conflicts.iter().rev() {
            swapped.replace_range(conflict.range.clone(), &conflict.theirs);
        }
        prop_assert_eq!(swapped, two.text);
    }

    #[test]
    fn changes_of_different_lines_never_conflict(n in 2..30_usize, picks in prop::collection::vec(0..3_u8, 30)) {
        let line = |at: usize, is_changed: bool| {
            if is_changed { format!("{at} by {}\n", picks[at]) } else { format!("{at}\n") }
        };
        let side = |mine: u8| (0..n).map(|at| line(at, picks[at] == mine)).collect::<Vec<_>>().concat();
        let both = (0..n).map(|at| line(at, picks[at] != 0)).collect::<Vec<_>>().concat();
        let base = side(3);
        let merged = merged(&base, &side(1), &side(2));
        prop_assert!(merged.is_clean());
        prop_assert_eq!(merged.text, both);
    }
}
