//! Re-bases the indentation of lines that come, when a reply's indentation is not the file's.
//!
//! The lines that were matched show how the reply's indentation maps to the file's. Every rule that explains all of
//! them is asked; a line is re-based only when all rules agree about it.

use super::key::indentation;
use crate::diff::tagged::TaggedLine;

/// Units of indentation that are tried.
const UNITS: [&str; 5] = ["\t", "  ", "   ", "    ", "        "];

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
}

/// The lines of a block with what comes indented as the file is; `found` has the file's line for each old line that
/// was matched. `None` when it is not clear how.
pub(super) fn rebased(lines: &[TaggedLine], found: &[Option<&str>]) -> Option<Vec<TaggedLine>> {
    let first_old = lines.iter().position(|line| line.old().is_some());
    let first_new = lines.iter().position(|line| line.kept().is_some());
    let pairs: Vec<Pair<'_>> = lines
        .iter()
        .zip(found)
        .enumerate()
        .filter_map(|(at, (line, found))| Some((at, line.old()?, (*found)?)))
        .filter(|(_, line, found)| !line.trim().is_empty() && !found.trim().is_empty())
        .map(|(at, line, found)| Pair {
            reply: indentation(line),
            file: indentation(found),
            is_first: Some(at) == first_old,
        })
        .collect();
    if pairs.iter().all(|pair| pair.reply == pair.file) {
        return Some(lines.to_vec());
    }
    let fitting: Vec<Rule<'_>> = rules(&pairs, may_be_first_line_only(&pairs, lines, first_new))
        .into_iter()
        .filter(|rule| {
            pairs.iter().all(|pair| apply(*rule, pair, pair.is_first, &pairs).as_deref() == Some(pair.file))
        })
        .collect();
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
            .or_else(|| observed(reply, &pairs, &fitting))?;
        rebased.push(TaggedLine::Add(format!("{indent}{rest}")));
    }
    Some(rebased)
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
fn may_be_first_line_only(pairs: &[Pair<'_>], lines: &[TaggedLine], first_new: Option<usize>) -> bool {
    let [first, others @ ..] = pairs else { return false };
    // A first line loses its indentation; it does not gain any.
    if !first.is_first || first.reply.len() >= first.file.len() {
        return false;
    }
    if !others.is_empty() {
        return others.iter().any(|pair| !pair.file.is_empty() && pair.reply == pair.file);
    }
    let mut others = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| matches!(line, TaggedLine::Add(_)) && Some(*at) != first_new)
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
    let line = Pair { reply, file: "", is_first };
    let mut results = rules.iter().filter_map(|rule| apply(*rule, &line, is_first, pairs));
    let first = results.next()?;
    results.all(|other| other == first).then_some(first)
}

/// What the same indentation became in every line that was matched, when no rule explains them all.
fn observed(reply: &str, pairs: &[Pair<'_>], rules: &[Rule<'_>]) -> Option<String> {
    let mut files = pairs.iter().filter(|pair| pair.reply == reply).map(|pair| pair.file);
    let first = files.next().filter(|_| rules.is_empty())?;
    files.all(|other| other == first).then(|| first.to_owned())
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
    fn what_is_not_clear_is_left_alone() {
        // Two blanks more, or twice as many?
        check(&[("  a", Some("    a")), ("    b", None)], None);
        // Only the first line lost its indentation, or all?
        check(&[("a", Some("  a")), ("x", None), ("    b", None)], None);
        check(&[("a", Some("  a")), ("a", Some("    a")), ("b", None)], None);
        check(&[("a", Some("  a")), ("    b", Some("  b")), ("  c", None)], None);
    }
}
