//! Which words of a changed line differ, for emphasis: only between lines that are alike. In a line that was written
//! anew, emphasis on nearly everything would be noise.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Longer lines, in bytes, are not compared word by word: all between their common ends differs.
const MOST_BYTES: usize = 2_000;

/// A change with more pairs of lines than this is compared line by line in order, or not at all.
const MOST_PAIRS: usize = 144;

/// Share of their characters that two lines must have in common.
const ALIKE: f32 = 0.5;

/// Bytes of a line that are emphasised; sorted and disjoint.
pub(super) type Emphasis = Vec<Range<usize>>;

/// For each line that goes and each that comes, what to emphasise in it; nothing for a line without a partner.
pub(super) fn emphasis(old: &[&str], new: &[&str]) -> (Vec<Emphasis>, Vec<Emphasis>) {
    let mut of_old = vec![Emphasis::new(); old.len()];
    let mut of_new = vec![Emphasis::new(); new.len()];
    for (one, other, words) in partners(old, new) {
        (of_old[one], of_new[other]) = (words.old, words.new);
    }
    (of_old, of_new)
}

/// Two lines compared.
struct Words {
    old: Emphasis,
    new: Emphasis,
    /// 0 (nothing in common) to 1.
    likeness: f32,
}

/// Pairs of alike lines in their order, as much alike as can be in all.
fn partners(old: &[&str], new: &[&str]) -> Vec<(usize, usize, Words)> {
    if old.len() * new.len() > MOST_PAIRS {
        let in_order = old.iter().zip(new).enumerate().filter(|_| old.len() == new.len());
        return in_order.filter_map(|(at, (old, new))| Some((at, at, words(old, new)?))).collect();
    }
    let mut compared: Vec<Vec<Option<Words>>> =
        old.iter().map(|old| new.iter().map(|new| words(old, new)).collect()).collect();
    // best[i][j]: of the lines from i and from j on.
    let mut best = vec![vec![0.0_f32; new.len() + 1]; old.len() + 1];
    let pair = |compared: &[Vec<Option<Words>>], best: &[Vec<f32>], i: usize, j: usize| {
        compared[i][j].as_ref().map_or(-1.0, |words| words.likeness + best[i + 1][j + 1])
    };
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            best[i][j] = pair(&compared, &best, i, j).max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        let paired = pair(&compared, &best, i, j);
        if paired >= best[i + 1][j] && paired >= best[i][j + 1] {
            found.extend(compared[i][j].take().map(|words| (i, j, words)));
            (i, j) = (i + 1, j + 1);
        } else if best[i + 1][j] >= best[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

/// What differs between two lines; `None` when they are not alike.
fn words(old: &str, new: &str) -> Option<Words> {
    if old.len().max(new.len()) > MOST_BYTES {
        return long_lines(old, new);
    }
    let (tokens_old, tokens_new) = (tokens(old), tokens(new));
    let (mut of_old, mut of_new) = (Emphasis::new(), Emphasis::new());
    let (mut at_old, mut at_new, mut common) = (0, 0, 0);
    for op in capture_diff_slices(Algorithm::Myers, &tokens_old, &tokens_new) {
        let len = |tokens: &[&str]| tokens.iter().map(|token| token.len()).sum::<usize>();
        let (went, came) = (len(&tokens_old[op.old_range()]), len(&tokens_new[op.new_range()]));
        if op.tag() == DiffTag::Equal {
            common += n_visible(&old[at_old..at_old + went]);
        } else {
            extend(&mut of_old, at_old..at_old + went, old);
            extend(&mut of_new, at_new..at_new + came, new);
        }
        (at_old, at_new) = (at_old + went, at_new + came);
    }
    #[expect(clippy::cast_precision_loss, reason = "lines are short")]
    let likeness = 2.0 * common as f32 / (n_visible(old) + n_visible(new)).max(1) as f32;
    (likeness >= ALIKE).then_some(Words { old: of_old, new: of_new, likeness })
}

/// Words, runs of blanks, and every other character for itself.
fn tokens(line: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    for ((_, c), (at, next)) in line.char_indices().zip(line.char_indices().skip(1)) {
        if kind(c) != kind(next) || kind(c) == 2 {
            tokens.push(&line[start..at]);
            start = at;
        }
    }
    tokens.extend(Some(&line[start..]).filter(|rest| !rest.is_empty()));
    tokens
}

fn long_lines(old: &str, new: &str) -> Option<Words> {
    let start: usize =
        old.chars().zip(new.chars()).take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum();
    let (rest_old, rest_new) = (&old[start..], &new[start..]);
    let ends = rest_old.chars().rev().zip(rest_new.chars().rev());
    let end: usize = ends.take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let likeness = 2.0 * (start + end) as f32 / (old.len() + new.len()) as f32;
    let differs = |line: &str| Some(start..line.len() - end).filter(|range| !range.is_empty());
    (likeness >= ALIKE).then(|| Words {
        old: Emphasis::from_iter(differs(old)),
        new: Emphasis::from_iter(differs(new)),
        likeness,
    })
}

/// Adds a range; blanks between it and the one before are taken in, so that a phrase is one piece.
fn extend(emphasis: &mut Emphasis, range: Range<usize>, line: &str) {
    match emphasis.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if line[last.end..range.start].trim().is_empty() => last.end = range.end,
        _ => emphasis.push(range),
    }
}

fn n_visible(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Emphasised words in brackets, lines that go before those that come.
    fn check(old: &[&str], new: &[&str], expected: &[&str]) {
        let mark = |line: &str, emphasis: &Emphasis| {
            let mut line = line.to_owned();
            for range in emphasis.iter().rev() {
                line.insert(range.end, ']');
                line.insert(range.start, '[');
            }
            line
        };
        let (of_old, of_new) = emphasis(old, new);
        let shown: Vec<String> =
            old.iter().zip(&of_old).chain(new.iter().zip(&of_new)).map(|(line, e)| mark(line, e)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn words_that_differ_are_marked() {
        check(&["let x = 1;"], &["let x = 2;"], &["let x = [1];", "let x = [2];"]);
        check(&["self.get(a)"], &["self.get(a, é)"], &["self.get(a)", "self.get(a[, é])"]);
        check(&["  x()"], &["    x()"], &["[  ]x()", "[    ]x()"]);
        check(&["x();"], &["x();  "], &["x();", "x();[  ]"]);
    }

    #[test]
    fn a_line_written_anew_is_not_marked() {
        check(&["return None"], &["yield from self.children"], &["return None", "yield from self.children"]);
        check(&[""], &["x"], &["", "x"]);
        let long = "x ".repeat(MOST_BYTES);
        check(&[&long], &["x"], &[&long, "x"]);
        let (one, two) = (format!("{long}é{long}"), format!("{long}è{long}"));
        check(&[&one], &[&two], &[&one.replace('é', "[é]"), &two.replace('è', "[è]")]);
    }

    #[test]
    fn lines_find_their_partners_in_order() {
        check(
            &["fn one(a: u8) {"],
            &["/// Why.", "fn one(a: u16) {"],
            &["fn one(a: [u8]) {", "/// Why.", "fn one(a: [u16]) {"],
        );
        let many: Vec<String> = (0..20).map(|n| format!("let value_{n} = 1;")).collect();
        let old: Vec<&str> = many.iter().map(String::as_str).collect();
        let (of_old, _) = emphasis(&old, &vec!["let value = 1;"; 20]);
        assert_eq!(of_old.len(), 20);
        assert!(emphasis(&old, &["x"; 19]).0.iter().all(Vec::is_empty));
    }

    proptest::proptest! {
        #[test]
        fn ranges_lie_in_their_lines(old in "[ab é.]{0,12}", new in "[ab é.]{0,12}") {
            let (of_old, of_new) = emphasis(&[&old], &[&new]);
            for (line, emphasis) in [(&old, &of_old[0]), (&new, &of_new[0])] {
                let mut reached = 0;
                for range in emphasis {
                    proptest::prop_assert!(reached <= range.start && line.get(range.clone()).is_some());
                    reached = range.end;
                }
            }
        }
    }
}
