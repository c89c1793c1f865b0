//! Secrets come back exactly where they may, and nowhere else.

use proptest::prelude::*;

use super::*;
use crate::diff::Evidence;
use crate::text::Rope;

const PASSWORD: &str = "Xy7kPq2Lm9Rt4Wv8";
const TOKEN: &str = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";

fn file() -> String {
    format!("a = 1\npassword = \"{PASSWORD}\"\nb = 2\ntoken = \"{TOKEN}\"\nc = 3\n")
}

/// The file as a model sees it, its marks, and the filter that knows them.
fn shown(text: &str) -> (String, Marks, OutgoingFilter) {
    let filter = OutgoingFilter::default();
    let redacted = filter.sources(&[text]).remove(0);
    (redacted.text, Marks::from([("f".to_owned(), redacted.marks)]), filter)
}

/// A hunk that replaces whole zero-based lines.
fn hunk(text: &str, lines: std::ops::Range<usize>, insert: &str) -> Hunk {
    let rope = Rope::from_str(text);
    let range = rope.line_to_byte(lines.start)..rope.line_to_byte(lines.end);
    Hunk { range, insert: insert.to_owned(), evidence: Evidence::EXACT, line: lines.start + 1, block: 0 }
}

/// Replaces lines of the shown file; what comes is written with `@1` and `@2` for the marks.
fn check(hunks: &[(std::ops::Range<usize>, &str)], expected: Option<&str>) {
    let (text, marks, filter) = shown(&file());
    let mark = |n: usize| &text[marks["f"][n - 1].range.clone()];
    let with = |insert: &str| insert.replace("@1", mark(1)).replace("@2", mark(2));
    let hunks = hunks.iter().map(|(lines, insert)| hunk(&text, lines.clone(), &with(insert))).collect();
    let mut changes = ChangeSet { files: vec![FileChange::modify("f", hunks).unwrap()] };
    match (put_back(&mut changes, &marks, &filter), expected) {
        (Ok(()), Some(expected)) => {
            let after = changes.files[0].apply(&Rope::from_str(&file())).unwrap().to_string();
            assert_eq!(after, expected.replace("$1", PASSWORD).replace("$2", TOKEN));
        }
        (Err(refusals), None) => {
            assert!(refusals.iter().all(|refusal| refusal.code == RefusalCode::MovesSecret));
            assert!(!format!("{refusals:?}").contains(PASSWORD));
        }
        (result, _) => panic!("{result:?}"),
    }
}

#[test]
fn a_line_with_a_secret_may_be_changed_moved_within_its_file_and_deleted() {
    check(&[(1..2, "secret = '@1'\n")], Some("a = 1\nsecret = '$1'\nb = 2\ntoken = \"$2\"\nc = 3\n"));
    check(&[(0..4, "t = '@2'\np = '@1'\n")], Some("t = '$2'\np = '$1'\nc = 3\n"));
    check(&[(1..2, ""), (4..5, "p = '@1'\n")], Some("a = 1\nb = 2\ntoken = \"$2\"\np = '$1'\n"));
    check(&[(1..2, "password = env()\n")], Some("a = 1\npassword = env()\nb = 2\ntoken = \"$2\"\nc = 3\n"));
    check(&[(2..3, "")], Some("a = 1\npassword = \"$1\"\ntoken = \"$2\"\nc = 3\n"));
}

#[test]
fn a_secret_is_not_copied_and_not_damaged() {
    check(&[(2..3, "b = '@1'\n")], None);
    check(&[(1..2, "a = '@1'\nb = '@1'\n")], None);
    check(&[(1..2, "a = '@2'\n")], None);
    check(&[(1..2, "a = 'REDACTED-1-x'\n")], None);
    check(&[(1..2, "a = 'REDACTED-9-xxxxx'\n")], None);
    // One sign too many: it would stand behind the secret.
    check(&[(1..2, "a = '@1x'\n")], None);
}

#[test]
fn no_mark_gets_into_a_new_file_another_file_or_a_path() {
    let (text, marks, filter) = shown(&file());
    let mark = text[marks["f"][0].range.clone()].to_owned();
    let insert = format!("x = '{mark}'\n");
    let other = FileChange::modify("g", vec![hunk("b\n", 0..1, &insert)]).unwrap();
    let gone = FileChange::modify("f", vec![hunk(&text, 1..2, "")]).unwrap();
    let renamed = FileChange::modify("g", Vec::new()).unwrap().renamed(mark);
    for change in [FileChange::create("n", insert), other, renamed] {
        let mut changes = ChangeSet { files: vec![gone.clone(), change] };
        assert!(put_back(&mut changes, &marks, &filter).is_err(), "{changes:?}");
    }
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z é]{0,8}",
        Just(format!("password = \"{PASSWORD}\"")),
        Just(format!("x('{TOKEN}')")),
        Just("ftp://me:q7Z.@host".to_owned()),
        Just("REDACTED-2-xxxx".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nab==".to_owned()),
    ]
}

proptest! {
    /// A model that rearranges the lines it saw, in any way, and replaces any of them by that.
    #[test]
    fn whatever_a_model_does_with_the_lines_it_saw(
        lines in prop::collection::vec(line(), 1..10),
        from in any::<prop::sample::Index>(),
        length in 0usize..6,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let text = lines.join("\n") + "\n";
        let (seen, marks, filter) = shown(&text);
        let seen_lines: Vec<&str> = seen.split_inclusive('\n').collect();
        let start = from.index(seen_lines.len());
        let end = (start + length).min(seen_lines.len());
        let insert: String = picks.iter().map(|pick| *pick.get(&seen_lines)).collect();
        let hunk = hunk(&seen, start..end, &insert);
        let range = hunk.range.clone();
        let mut changes = ChangeSet { files: vec![FileChange::modify("f", vec![hunk]).unwrap()] };
        if put_back(&mut changes, &marks, &filter).is_err() {
            return Ok(());
        }
        let after = changes.files[0].apply(&Rope::from_str(&text)).unwrap().to_string();
        prop_assert!(after.starts_with(&text[..range.start]) && after.ends_with(&text[range.end..]));
        // What came is made of lines of the file as it is.
        let middle = &after[range.start..after.len() - (text.len() - range.end)];
        let own: Vec<&str> = text.split_inclusive('\n').collect();
        for line in middle.split_inclusive('\n') {
            prop_assert!(own.contains(&line), "{line:?} is no line of {text:?}");
        }
    }
}
