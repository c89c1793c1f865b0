//! What holds for every reply and every text.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::diff::tagged::TaggedLine;
use crate::text::PositionMap;

const FORMATS: [ReplyFormat; 5] = [
    ReplyFormat::SearchReplace,
    ReplyFormat::UnifiedDiff,
    ReplyFormat::ApplyPatch,
    ReplyFormat::Json,
    ReplyFormat::Whole,
];

/// Pieces of replies that meet at all the interesting places.
fn reply_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<<<<<<< SEARCH\n",
        "<<<<<<< SEARCH",
        "=======\n",
        ">>>>>>> REPLACE\n",
        "------- SEARCH\r\n",
        "+++++++ REPLACE\r\n",
        "```\n",
        "```rust\n",
        "````\n",
        "~~~\n",
        "a.rs\n",
        "`b.rs`:\n",
        "a\n",
        "b\r\n",
        "\r",
        "\n",
        "c",
        "é🎉\n",
        "\u{feff}",
        " ",
        ":start_line:1\n-------\n",
        "// ... existing code ...\n",
        "../x\n",
        "--- a/a.rs\n+++ b/a.rs\n",
        "@@ -1,2 +1,2 @@\n",
        "@@ fn x\n",
        " a\n",
        "-b\n",
        "+c\n",
        "*** Begin Patch\n",
        "*** Update File: a.rs\n",
        "*** Delete File: b.rs\n",
        "*** Move to: c.rs\n",
        "*** End of File\n",
        "*** End Patch\n",
        "{\"path\": \"a.rs\", \"old_string\": \"a\", \"new_string\": \"b\"}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Cuts a text at arbitrary characters.
fn chunks<'a>(text: &'a str, cuts: &[prop::sample::Index]) -> Vec<&'a str> {
    let mut at: Vec<usize> = cuts
        .iter()
        .map(|cut| cut.index(text.len() + 1))
        .map(|cut| (0..=cut).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0))
        .collect();
    at.extend([0, text.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn file_text() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec!["a", "b", "  b", "c ", "", "d\t", "é", "fn x() {", "}"]);
    let end = prop::sample::select(vec!["\n", "\r\n"]);
    (prop::collection::vec((line, end), 0..20), any::<bool>(), any::<bool>()).prop_map(
        |(lines, mark, final_end)| {
            let mut text = String::from(if mark { "\u{feff}" } else { "" });
            for (line, end) in lines {
                text.push_str(line);
                text.push_str(end);
            }
            if !final_end {
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
            }
            text
        },
    )
}

/// An edit of file `a` in each format, with the whole file quoted.
fn rendered(format: ReplyFormat, old: &[&str], new: &[&str]) -> String {
    let joined = |lines: &[&str]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let tagged = || {
        tagged::tagged(old, new).iter().fold(String::new(), |mut text, line| {
            let mark = match line {
                TaggedLine::Delete(_) => '-',
                TaggedLine::Add(_) => '+',
                TaggedLine::Context(_) | TaggedLine::Gap(_) => ' ',
            };
            let _ = writeln!(text, "{mark}{}", line.text());
            text
        })
    };
    match format {
        ReplyFormat::SearchReplace => block("a", &joined(old), &joined(new)),
        ReplyFormat::Whole => format!("a\n````\n{}````\n", joined(new)),
        ReplyFormat::UnifiedDiff => {
            let counts = format!("@@ -1,{} +1,{} @@", old.len(), new.len());
            format!("````diff\n--- a/a\n+++ b/a\n{counts}\n{}````\n", tagged())
        }
        ReplyFormat::ApplyPatch => {
            format!("*** Begin Patch\n*** Update File: a\n@@\n{}*** End Patch\n", tagged())
        }
        ReplyFormat::Json => {
            serde_json::json!({"path": "a", "old_string": joined(old), "new_string": joined(new)}).to_string()
        }
    }
}

/// A change of some lines: which of the text's lines go, and what comes.
#[derive(Debug, Clone)]
struct LineEdit {
    from: usize,
    to: usize,
    lines: Vec<String>,
}

/// Two edits of a text of distinct lines, with at least one line between them.
fn two_edits() -> impl Strategy<Value = (usize, LineEdit, LineEdit)> {
    let edit = |name: &'static str| (0_usize..4, prop::collection::vec(0_u8..9, 0..4), Just(name));
    (0_usize..6, edit("one"), 1_usize..4, edit("two"), 0_usize..6)
        .prop_filter("changes something", |(_, one, _, two, _)| {
            (one.0 > 0 || !one.1.is_empty()) && (two.0 > 0 || !two.1.is_empty())
        })
        .prop_map(|(before, one, between, two, after)| {
            let made = |from: usize, (n_gone, lines, name): (usize, Vec<u8>, &str)| LineEdit {
                from,
                to: from + n_gone,
                lines: lines.iter().enumerate().map(|(nth, n)| format!("{name} {n} {nth}")).collect(),
            };
            let first = made(before, one);
            let second = made(first.to + between, two);
            (second.to + after, first, second)
        })
}

/// The edit as a change of file `a`, and as a map of positions.
fn change_and_map(text: &str, edit: &LineEdit) -> (FileChange, PositionMap) {
    let lines = resolve::Lines::new(text);
    let range = lines.start(edit.from)..lines.start(edit.to);
    let insert = edit.lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let mut map = PositionMap::default();
    map.push(range.clone(), insert.len());
    let hunk = Hunk { range, insert, evidence: Evidence::EXACT, line: edit.from + 1, block: 0 };
    (FileChange::modify("a", vec![hunk]).unwrap(), map)
}

fn after(change: &FileChange, text: &Rope) -> Rope {
    change.apply(text).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn chunking_does_not_matter(reply in reply_text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        for format in FORMATS {
            let mut at_once = ReplyParser::new(format);
            let events = at_once.push(&reply);
            let mut in_pieces = ReplyParser::new(format);
            let piece_events: Vec<_> =
                chunks(&reply, &cuts).into_iter().flat_map(|piece| in_pieces.push(piece)).collect();
            prop_assert_eq!(events, piece_events);
            prop_assert_eq!(at_once.finish(Ending::Complete), in_pieces.finish(Ending::Complete));
        }
    }

    #[test]
    fn garbage_never_panics_nor_leaves_the_base(reply in reply_text(), text in file_text(), any_text in any::<String>()) {
        let base = file_set(&[("a.rs", &text), ("b.rs", "a\nb\n")]);
        for reply in [&reply, &any_text] {
            let _ = parse::detect(reply);
            for format in FORMATS {
                if let Ok(changes) = evaluate_text(format, reply, &base) {
                    for change in &changes.files {
                        let old = base.files.get(&change.path).cloned().unwrap_or_default();
                        prop_assert!(change.apply(&old).is_ok());
                    }
                }
            }
        }
    }

    #[test]
    fn a_rendered_edit_comes_back(old in file_text(), new in prop::collection::vec("[a-d ]{0,3}", 1..12), at in any::<prop::sample::Index>(), n_gone in 0_usize..4) {
        let lines = resolve::Lines::new(&old);
        prop_assume!(!lines.is_empty());
        let from = at.index(lines.len());
        let to = (from + n_gone).min(lines.len());
        // With the whole file as context the place is unique.
        let quoted: Vec<&str> = (0..lines.len()).map(|at| lines.content(at)).collect();
        let mut edited: Vec<&str> = quoted.clone();
        edited.splice(from..to, new.iter().map(String::as_str));
        prop_assume!(quoted != edited);
        prop_assume!(!quoted.iter().all(|line| line.trim().is_empty()));
        for format in FORMATS {
            let reply = rendered(format, &quoted, &edited);
            let after = result(format, &old, &reply);
            prop_assert!(after.is_ok(), "{:?}\n{}", after, reply);
            let after = after.unwrap();
            let after_lines = resolve::Lines::new(&after);
            let seen: Vec<&str> = (0..after_lines.len()).map(|at| after_lines.content(at)).collect();
            // A last line that is empty cannot be told from a final line end.
            let trimmed = |lines: &[&str]| lines.iter().rev().skip_while(|line| line.is_empty()).count();
            prop_assert_eq!(&seen[..trimmed(&seen)], &edited[..trimmed(&edited)]);
        }
    }

    #[test]
    fn bytes_outside_of_hunks_stay(old in file_text(), at in any::<prop::sample::Index>(), new in "[a-d]{0,3}") {
        let lines = resolve::Lines::new(&old);
        prop_assume!(!lines.is_empty());
        let at = at.index(lines.len());
        let reply = block("a", &format!("{}\n", lines.content(at)), &format!("{new}\n"));
        if let Ok(after) = result(ReplyFormat::SearchReplace, &old, &reply) {
            prop_assert_eq!(after, format!("{}{}{}{}", &old[..lines.start(at)], new, lines.end(at), &old[lines.start(at + 1)..]));
        }
    }

    #[test]
    fn disjoint_edits_commute((n_lines, one, other) in two_edits()) {
        let text = (0..n_lines).fold(String::new(), |text, n| text + &format!("line {n}\n"));
        let base = Rope::from_str(&text);
        let ((one, map_one), (other, map_other)) = (change_and_map(&text, &one), change_and_map(&text, &other));
        let (live_one, live_other) = (after(&one, &base), after(&other, &base));
        let carried = |change, map, live: &Rope| {
            rebase::rebase_file(change, &base, map, Some(live)).map(|change| after(&change.unwrap(), live))
        };
        let (first, second) = (carried(&other, &map_one, &live_one), carried(&one, &map_other, &live_other));
        prop_assert!(first.is_ok(), "{:?}", first);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn the_same_change_made_meanwhile_is_nothing_to_do((n_lines, one, _) in two_edits()) {
        let text = (0..n_lines).fold(String::new(), |text, n| text + &format!("line {n}\n"));
        let base = Rope::from_str(&text);
        let (change, map) = change_and_map(&text, &one);
        let live = after(&change, &base);
        prop_assert_eq!(rebase::rebase_file(&change, &base, &map, Some(&live)), Ok(None));
    }

    #[test]
    fn a_quoted_place_is_never_left(old in file_text(), at in any::<prop::sample::Index>(), n_quoted in 1_usize..5, seed in any::<u64>()) {
        // Any lines of the file, bent a little: refused, or changed between the lines that were quoted.
        let lines = resolve::Lines::new(&old);
        prop_assume!(!lines.is_empty());
        let from = at.index(lines.len());
        let to = (from + n_quoted).min(lines.len());
        let bent: Vec<String> = (from..to)
            .map(|at| match (seed >> (8 * (at - from))) % 4 {
                0 => format!("  {}", lines.content(at)),
                1 => lines.content(at).trim().to_owned(),
                2 => format!("{} ", lines.content(at)),
                _ => lines.content(at).to_owned(),
            })
            .collect();
        let bent: Vec<&str> = bent.iter().map(String::as_str).collect();
        let mut edited = bent.clone();
        edited.push("something new is here");
        let base = file_set(&[("a", &old)]);
        if let Ok(changes) = evaluate_text(ReplyFormat::SearchReplace, &rendered(ReplyFormat::SearchReplace, &bent, &edited), &base) {
            for change in &changes.files {
                let now = after(change, &base.files["a"]).to_string();
                let rest = now.replacen("something new is here", "", 1);
                let filled = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                prop_assert_eq!(filled(&rest), filled(&old));
            }
        }
    }
}
