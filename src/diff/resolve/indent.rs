//! Re-bases the indentation of lines that come, when a reply's indentation is not the file's.
//!
//! The lines that were matched show how the reply's indentation maps to the file's. Every rule that explains all of
//! them is asked; a line is re-based only when all rules agree about it.

use super::key::{indentation, weight};
use super::wording::likeness;
use crate::diff::tagged::{self, TaggedLine};

/// Units of indentation that are tried.
const UNITS: [&str; 5] = ["\t", "  ", "   ", "    ", "        "];

/// How much a line must be like the one that it replaces.
const ALIKE: f64 = 0.6;

/// How the reply's indentation becomes the file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule<'a> {
    /// All but the first line of each side are as in the file.
    FirstLineOnly,
    /// The reply lacks this.
    Prefixed(&'a str),
    /// The reply has this too much.
    Stripped(&'a str),
    /// The reply indents by the first, the file by the second.
    Units(&'a str, &'a str),
}

/// The indentations of one matched line.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    reply: &'a str,
    file: &'a str,
    is_first: bool,
    has_words: bool,
}

/// Whether the matched lines can be the lines that the reply quotes: braces alone look alike everywhere, so where no
/// rule explains all indentations, each of them must be indented as in the file. (A reply without any depth has nothing
/// to compare.)
pub(super) fn is_consistent(lines: &[TaggedLine], found: &[Option<&str>]) -> bool {
    let pairs = pairs(lines, found);
    let is_off = |pair: &Pair<'_>| !pair.has_words && pair.reply != pair.file;
    !pairs.iter().any(is_off)
        || is_flat(lines)
        || !fitting(&pairs, may_be_first_line_only(&pairs, lines)).is_empty()
}

/// Whether lines of a reply and of a file are nested alike, each by steps of its own: the same indentation of the one is
/// the same of the other, and a deeper one is deeper. Blanks of two kinds that cannot be compared are not alike.
pub(super) fn is_nested_alike<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let filled = pairs.filter(|(line, _)| !line.trim().is_empty());
    let mut indentations: Vec<_> =
        filled.map(|(line, found)| (indentation(line), indentation(found))).collect();
    indentations.sort_unstable_by_key(|(reply, file)| (reply.len(), file.len()));
    indentations.dedup();
    let is_deeper = |one: &str, other: &str| other.len() > one.len() && other.starts_with(one);
    indentations.windows(2).all(|two| is_deeper(two[0].0, two[1].0) && is_deeper(two[0].1, two[1].1))
}

/// The lines of a block with what comes indented as the file is; `found` has the file's line for each old line that
/// was matched. `None` when it is not clear how.
pub(super) fn rebased(lines: &[TaggedLine], found: &[Option<&str>]) -> Option<Vec<TaggedLine>> {
    let first_new = first_new(lines);
    let mut pairs = pairs(lines, found);
    if pairs.iter().all(|pair| pair.reply == pair.file) {
        return Some(lines.to_vec());
    }
    if is_flat(lines) && opens_without_depth(lines) {
        return None;
    }
    if lines.iter().any(|line| has_other_blanks(line.text())) || ends_a_document(lines) {
        return None;
    }
    if is_lone_line(&pairs) && is_unclear_alone(&pairs[0], lines, first_new) {
        return None;
    }
    let mut fitting = fitting(&pairs, may_be_first_line_only(&pairs, lines));
    let says_more = |pair: &Pair<'_>| pair.has_words;
    if fitting.is_empty() && pairs.iter().any(says_more) {
        // Braces alone are anywhere, and easily taken for each other: the other lines decide.
        pairs.retain(says_more);
        if pairs.iter().all(|pair| pair.reply == pair.file) {
            return Some(lines.to_vec());
        }
        fitting = self::fitting(&pairs, may_be_first_line_only(&pairs, lines));
    }
    let mut rebased = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let TaggedLine::Add(text) = line else {
            rebased.push(line.clone());
            continue;
        };
        let rest = text.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            rebased.push(TaggedLine::Add(String::new()));
            continue;
        }
        let reply = indentation(text);
        let indent = by_rules(&fitting, reply, Some(at) == first_new, &pairs)
            .or_else(|| observed(reply, &pairs, &fitting))
            .or_else(|| counterpart(lines, found, at, Some(reply)))?;
        if indent != reply && counterpart(lines, found, at, None).as_deref() == Some(reply) {
            // It is indented as the line that it replaces is in the file: the rule is not for it.
            return None;
        }
        let is_mixed = |indent: &str| indent.contains('\t') && indent.contains(' ');
        if is_mixed(&indent) && !is_mixed(reply) && !pairs.iter().any(|pair| is_mixed(pair.file)) {
            return None;
        }
        rebased.push(TaggedLine::Add(format!("{indent}{rest}")));
    }
    Some(rebased)
}

fn first_new(lines: &[TaggedLine]) -> Option<usize> {
    lines.iter().position(|line| line.kept().is_some())
}

/// The indentations of the old lines that were matched.
fn pairs<'a>(lines: &'a [TaggedLine], found: &[Option<&'a str>]) -> Vec<Pair<'a>> {
    let first_old = lines.iter().position(|line| line.old().is_some());
    lines
        .iter()
        .zip(found)
        .enumerate()
        .filter_map(|(at, (line, found))| Some((at, line.old()?, (*found)?)))
        .filter(|(_, line, found)| !line.trim().is_empty() && !found.trim().is_empty())
        .map(|(at, line, found)| Pair {
            reply: indentation(line),
            file: indentation(found),
            is_first: Some(at) == first_old,
            has_words: weight(line) > 0,
        })
        .collect()
}

/// The rules that explain all pairs.
fn fitting<'a>(pairs: &[Pair<'a>], first_line_only: bool) -> Vec<Rule<'a>> {
    let explains = |rule: &Rule<'_>| {
        pairs.iter().all(|pair| apply(*rule, pair, pair.is_first, pairs).as_deref() == Some(pair.file))
    };
    let mut fitting: Vec<Rule<'_>> = rules(pairs, first_line_only).into_iter().filter(explains).collect();
    // A unit that does not divide what was seen is a worse explanation than a prefix.
    let divides = |rule: &Rule<'_>| match rule {
        Rule::Units(from, _) => pairs.iter().all(|pair| pair.reply.replace(from, "").is_empty()),
        _ => true,
    };
    if fitting.iter().any(divides) {
        fitting.retain(divides);
    }
    fitting
}

/// The rules that could explain the pairs: those that explain the first, and those that do not depend on one.
fn rules<'a>(pairs: &[Pair<'a>], first_line_only: bool) -> Vec<Rule<'a>> {
    let mut rules = Vec::new();
    if first_line_only {
        rules.push(Rule::FirstLineOnly);
    }
    if let Some(pair) = pairs.first() {
        rules.extend(pair.file.strip_suffix(pair.reply).map(Rule::Prefixed));
        rules.extend(pair.reply.strip_suffix(pair.file).map(Rule::Stripped));
    }
    for from in UNITS {
        rules.extend(UNITS.iter().filter(|&&to| to != from).map(|to| Rule::Units(from, to)));
    }
    rules
}

/// Whether the reply may have lost the indentation of the first line of each side only: another line is indented as in
/// the file, or, where no other line was quoted, every other line that comes could stand in the file as it is.
fn may_be_first_line_only(pairs: &[Pair<'_>], lines: &[TaggedLine]) -> bool {
    let first_new = first_new(lines);
    let [first, others @ ..] = pairs else { return false };
    // A first line loses its indentation; it does not gain any.
    if !first.is_first || first.reply.len() >= first.file.len() {
        return false;
    }
    let is_deep = |line: &str| !line.trim().is_empty() && !indentation(line).is_empty();
    if !others.is_empty() {
        // That the others are right must show, by one that is indented, in the file or in what comes.
        let added = || {
            let is_added = |(at, line): &(usize, &TaggedLine)| line.is_added() && Some(*at) != first_new;
            lines.iter().enumerate().filter(is_added).map(|(_, line)| line.text())
        };
        // What comes is not shallower than all that was there: else its other lines lost something too.
        let floor = pairs.iter().map(|pair| pair.file).min_by_key(|file| file.len()).unwrap_or("");
        let is_floored = |line: &str| line.trim().is_empty() || line.starts_with(floor);
        return others.iter().all(|pair| pair.reply == pair.file)
            && added().all(is_floored)
            && (others.iter().any(|pair| !pair.file.is_empty()) || added().any(is_deep));
    }
    let mut others = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| line.is_added() && Some(*at) != first_new)
        .map(|(_, line)| line.text())
        .filter(|line| !line.trim().is_empty())
        .peekable();
    others.peek().is_some() && others.all(|line| indentation(line).starts_with(first.file))
}

/// What a rule makes of an indentation; `None` when it cannot be applied.
fn apply(rule: Rule<'_>, line: &Pair<'_>, is_first: bool, pairs: &[Pair<'_>]) -> Option<String> {
    match rule {
        Rule::FirstLineOnly if is_first => {
            // The lines that come begin where the lines to find begin.
            pairs
                .iter()
                .find(|pair| pair.is_first && pair.reply == line.reply)
                .map(|pair| pair.file.to_owned())
        }
        Rule::FirstLineOnly => Some(line.reply.to_owned()),
        Rule::Prefixed(prefix) => Some(format!("{prefix}{}", line.reply)),
        Rule::Stripped(prefix) => line.reply.strip_prefix(prefix).map(str::to_owned),
        Rule::Units(from, to) => {
            let mut rest = line.reply;
            let mut indent = String::new();
            while let Some(inner) = rest.strip_prefix(from) {
                indent.push_str(to);
                rest = inner;
            }
            // What is left aligns the line, so it is less than a unit, and never a tab.
            (!rest.contains('\t')).then(|| indent + rest)
        }
    }
}

/// What all rules that can be applied make of it, when they agree.
fn by_rules(rules: &[Rule<'_>], reply: &str, is_first: bool, pairs: &[Pair<'_>]) -> Option<String> {
    let line = Pair { reply, file: "", is_first, has_words: true };
    let mut results = rules.iter().filter_map(|rule| apply(*rule, &line, is_first, pairs));
    let first = results.next()?;
    results.all(|other| other == first).then_some(first)
}

/// What the same indentation became in every line that was matched, when no rule explains them all.
fn observed(reply: &str, pairs: &[Pair<'_>], rules: &[Rule<'_>]) -> Option<String> {
    // A first line that lost its indentation says nothing about the others.
    let is_lost = |pair: &Pair<'_>| pair.is_first && pair.reply.len() < pair.file.len() && pairs.len() > 1;
    if pairs.iter().any(|pair| pair.reply == reply && is_lost(pair)) {
        return None;
    }
    let mut files = pairs.iter().filter(|pair| pair.reply == reply).map(|pair| pair.file);
    let first = files.next().filter(|_| rules.is_empty())?;
    files.all(|other| other == first).then(|| first.to_owned())
}

/// Whether a line begins with blanks that are no indentation for any language, like non-breaking ones.
fn has_other_blanks(line: &str) -> bool {
    line.trim_start_matches([' ', '\t']).starts_with(char::is_whitespace) && !line.trim().is_empty()
}

/// Whether what comes holds a here-document, whose last line must stay where it is.
fn ends_a_document(lines: &[TaggedLine]) -> bool {
    let added = || tagged::added(lines);
    added().filter_map(|line| line.split_once("<<")).any(|(_, behind)| {
        let word = behind.trim_start_matches(['-', '~', '<', '\'', '"', '\\', ' ']);
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        !word[..end].is_empty() && added().any(|line| line.trim_end() == &word[..end])
    })
}

/// Whether only one line shows how the reply is indented, and it is the first one without any indentation.
fn is_lone_line(pairs: &[Pair<'_>]) -> bool {
    matches!(pairs, [pair] if pair.is_first && pair.reply.is_empty())
}

/// Whether the lines that come for a lone line without indentation may be indented as the file is, all but the first:
/// they go deeper without a line that opens a block, one that stands at no depth opens one behind a blank line, or the
/// first has the depth that the file has there.
fn is_unclear_alone(pair: &Pair<'_>, lines: &[TaggedLine], first_new: Option<usize>) -> bool {
    if first_new.is_some_and(|at| {
        matches!(&lines[at], TaggedLine::Add(text) if !text.trim().is_empty() && indentation(text) == pair.file)
    }) {
        return true;
    }
    let mut before: Option<&str> = None;
    let mut is_apart = false;
    for line in lines.iter().filter_map(TaggedLine::kept) {
        if line.trim().is_empty() {
            is_apart = before.is_some();
            continue;
        }
        let depth = indentation(line).len();
        let opens = |line: &str| line.trim_end().ends_with(['{', '(', '[', ':', ',', '\\', '=', '>']);
        if let Some(before) = before
            && (depth > indentation(before).len() && !opens(before) || is_apart && depth == 0 && opens(line))
        {
            return true;
        }
        (before, is_apart) = (Some(line), false);
    }
    false
}

/// The file's indentation of the deleted line that the line at `at` plainly replaces: the one in the same place of a
/// run that gives a line for a line, when the two are much alike, and when it is indented by `reply`, if given.
fn counterpart(
    lines: &[TaggedLine],
    found: &[Option<&str>],
    at: usize,
    reply: Option<&str>,
) -> Option<String> {
    let is_change = |line: &&TaggedLine| line.is_change();
    let from = at - lines[..at].iter().rev().take_while(is_change).count();
    let to = at + lines[at..].iter().take_while(is_change).count();
    let (adds, deletes): (Vec<usize>, Vec<usize>) = (from..to).partition(|&other| lines[other].is_added());
    if adds.len() != deletes.len() {
        return None;
    }
    let other = deletes[adds.iter().position(|&add| add == at)?];
    let (old, new) = (lines[other].text(), lines[at].text());
    let alike = likeness(old, new) >= ALIKE;
    (alike && reply.is_none_or(|reply| indentation(old) == reply))
        .then(|| found[other].map(|line| indentation(line).to_owned()))
        .flatten()
}

/// Whether no line of the block is indented.
fn is_flat(lines: &[TaggedLine]) -> bool {
    lines.iter().all(|line| indentation(line.text()).is_empty() || line.text().trim().is_empty())
}

/// Whether a line that opens a block is followed by one that is not indented more: the depth was lost.
fn opens_without_depth(lines: &[TaggedLine]) -> bool {
    let mut new = lines.iter().filter_map(TaggedLine::kept).filter(|line| !line.trim().is_empty());
    let Some(mut before) = new.next() else { return false };
    for line in new {
        let opens = before.trim_end().ends_with(['{', '(', '[', ':']);
        let closes = line.starts_with(['}', ')', ']', '-']) || line.starts_with("end");
        if opens && !closes && indentation(line).len() <= indentation(before).len() {
            return true;
        }
        before = line;
    }
    false
}

/// Whether the reply lost the depth of this block's lines: none is indented, and the file's are, by more than one depth.
pub(super) fn lost_depth(lines: &[TaggedLine], found: &[Option<&str>]) -> bool {
    let mut depths: Vec<&str> =
        found.iter().flatten().filter(|line| weight(line) > 0).map(|line| indentation(line)).collect();
    depths.sort_unstable();
    depths.dedup();
    is_flat(lines) && depths.len() > 1
}

/// Whether a block shows no depth at all though it has new lines: in a reply that lost it elsewhere, nobody knows how
/// far to indent them.
pub(super) fn shows_no_depth(lines: &[TaggedLine]) -> bool {
    is_flat(lines)
        && lines.iter().any(|line| matches!(line, TaggedLine::Add(text) if !text.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Old lines are `(reply, file)`, lines that come have no file line.
    fn check(lines: &[(&str, Option<&str>)], expected: Option<&[&str]>) {
        let tagged: Vec<TaggedLine> = lines
            .iter()
            .map(|(line, file)| match file {
                Some(_) => TaggedLine::Delete((*line).to_owned()),
                None => TaggedLine::Add((*line).to_owned()),
            })
            .collect();
        let found: Vec<Option<&str>> = lines.iter().map(|(_, file)| *file).collect();
        let added = rebased(&tagged, &found).map(|lines| {
            lines
                .iter()
                .filter(|line| matches!(line, TaggedLine::Add(_)))
                .map(|line| line.text().to_owned())
                .collect::<Vec<_>>()
        });
        let expected = expected.map(|lines| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>());
        assert_eq!(added, expected, "{lines:?}");
    }

    #[test]
    fn a_constant_prefix() {
        check(&[("a", Some("    a")), ("  b", Some("      b")), ("    c", None)], Some(&["        c"]));
        check(&[("    a", Some("a")), ("      b", None), ("    c", None)], Some(&["  b", "c"]));
    }

    #[test]
    fn units() {
        check(
            &[("    a", Some("\ta")), ("        b", Some("\t\tb")), ("            c", None)],
            Some(&["\t\t\tc"]),
        );
        check(&[("\ta", Some("  a")), ("\t\tb", Some("    b")), ("\t\t\tc", None)], Some(&["      c"]));
        check(&[("a", Some("a")), ("  b", Some("    b")), ("    c", None)], Some(&["        c"]));
    }

    #[test]
    fn the_first_line_only() {
        check(
            &[("a", Some("    a")), ("x", None), ("    b", Some("    b")), ("    c", None)],
            Some(&["    x", "    c"]),
        );
    }

    #[test]
    fn braces_say_little() {
        check(&[("\t}", Some("}")), ("word", Some("word")), ("\tc", None)], Some(&["\tc"]));
        check(&[("  a", Some("a")), ("      b", Some("    b")), ("          c", None)], Some(&["        c"]));
        check(
            &[
                ("            a", Some("        a")),
                ("        b", Some("    b")),
                ("                c", None),
            ],
            Some(&["            c"]),
        );
    }

    #[test]
    fn a_line_that_is_replaced_by_its_like() {
        let old = [("aa = 1;", Some("    aa = 1;")), ("let b = 8;", Some("let b = 8;"))];
        let lines = [old[0], old[1], ("aa = 2;", None), ("let b = 10;", None)];
        check(&lines, Some(&["    aa = 2;", "let b = 10;"]));
        check(&lines[..3], None);
    }

    #[test]
    fn what_is_not_clear_is_left_alone() {
        // Two blanks more, or twice as many?
        check(&[("  a", Some("    a")), ("    b", None)], None);
        // Only the first line lost its indentation, or all?
        check(&[("a", Some("  a")), ("x", None), ("    b", None)], None);
        check(&[("a", Some("  a")), ("a", Some("    a")), ("b", None)], None);
        check(&[("a", Some("  a")), ("    b", Some("  b")), ("  c", None)], None);
        // A first line that lost its depth is no pattern for others.
        let (first, second) =
            (("return a", Some("            return a")), ("    return b", Some("    return b")));
        check(&[first, ("return z", None), second, ("def f():", None)], None);
        // Lost its depth in the old lines only.
        check(&[("call(one)", Some("  call(one)")), ("  call(two)", None)], None);
        // Deeper than what? A member of the same class, or a line of this block?
        check(&[("a()", Some("        a()")), ("a()", None), ("", None), ("    def g(self):", None)], None);
        check(&[("a()", Some("\ta()")), ("a()", None), ("", None), ("clean:", None), ("\trm", None)], None);
        check(&[("old_thing(alpha, beta)", Some("    old_thing(alpha, beta)")), ("    new()", None)], None);
        // Tabs and blanks, here-documents, other blanks.
        check(&[("if a:", Some("\tif a:")), ("if b:", None), ("    log()", None)], None);
        check(&[("run", Some("    run")), ("cat <<EOF", None), ("EOF", None), ("run", None)], None);
        check(&[("\u{a0}a()", Some("  a()")), ("\u{a0}b()", None)], None);
        // The depth was lost.
        check(&[("a()", Some("  a()")), ("if b:", None), ("c()", None)], None);
    }
}
