//! Other readings of a block, for what models put around or into the lines they quote: fences, line numbers, blank
//! edges, HTML entities, escapes that were escaped once more.
//!
//! A reading is only ever taken when it fits exactly, in one place, and the block as written fits nowhere. Every
//! reading treats the lines to find and the lines to write alike.

use crate::diff::tagged::{TaggedLine, added, new_side, old_side, tagged};

/// How many blank lines at an edge may be too many.
const EDGE_BLANKS: usize = 3;

/// A way to read a block.
type Reading = fn(&[TaggedLine]) -> Option<Vec<TaggedLine>>;

/// In order of preference.
const READINGS: [Reading; 5] = [
    without_fences,
    |lines| without_numbers(lines, true),
    |lines| without_numbers(lines, false),
    with_entities_read,
    without_escapes,
];

/// The other readings of a block that differ from it: each alone, then with blank edges taken off too.
pub(super) fn readings(lines: &[TaggedLine]) -> impl Iterator<Item = Vec<TaggedLine>> + '_ {
    let bare = without_edge_blanks(lines);
    bare.into_iter().chain(READINGS.iter().filter_map(|reading| reading(lines)).flat_map(|read| {
        let bare = without_edge_blanks(&read);
        std::iter::once(tagged_again(&read)).chain(bare)
    }))
}

/// The same lines compared again: what differed by its noise may be equal now.
fn tagged_again(lines: &[TaggedLine]) -> Vec<TaggedLine> {
    tagged(&old_side(lines), &new_side(lines))
}

fn is_old(line: &TaggedLine) -> bool {
    line.old().is_some()
}

/// The same change of every line; `None` when no old line changes.
fn each(lines: &[TaggedLine], read: fn(&str) -> Option<String>) -> Option<Vec<TaggedLine>> {
    let mut changed = false;
    let lines = lines
        .iter()
        .map(|line| match read(line.text()) {
            Some(text) => {
                changed |= is_old(line);
                line.with_text(text)
            }
            None => line.clone(),
        })
        .collect();
    changed.then_some(lines)
}

/// Without blank lines that the block begins or ends with: as few as possible first, from the old lines and the new
/// lines alike.
fn without_edge_blanks(lines: &[TaggedLine]) -> Vec<Vec<TaggedLine>> {
    let (old, new) = (old_side(lines), new_side(lines));
    if old.iter().all(|line| line.trim().is_empty()) {
        return Vec::new();
    }
    let (n_first, n_last) = (n_blank(old.iter()), n_blank(old.iter().rev()));
    let mut cuts: Vec<(usize, usize)> = (0..=n_first)
        .flat_map(|from| (0..=n_last).map(move |to| (from, to)))
        .filter(|cut| *cut != (0, 0))
        .collect();
    cuts.sort_by_key(|(from, to)| from + to);
    cuts.into_iter().map(|(from, to)| tagged(&cut(&old, from, to), &cut(&new, from, to))).collect()
}

/// How many of the first lines are blank, up to as many as may be too many.
fn n_blank<'a>(side: impl Iterator<Item = &'a &'a str>) -> usize {
    side.take(EDGE_BLANKS).take_while(|line| line.trim().is_empty()).count()
}

/// Without `from` blank lines at the begin and `to` at the end, as far as there are any.
fn cut<'a>(side: &[&'a str], from: usize, to: usize) -> Vec<&'a str> {
    let behind = &side[n_blank(side.iter()).min(from)..];
    behind[..behind.len() - n_blank(behind.iter().rev()).min(to)].to_vec()
}

/// Without code fences around the old lines, the new lines, or both.
fn without_fences(lines: &[TaggedLine]) -> Option<Vec<TaggedLine>> {
    let is_fence = |line: &TaggedLine| line.text().trim_start().starts_with("```");
    let mut drop = vec![false; lines.len()];
    for wanted in [TaggedLine::old as fn(&TaggedLine) -> Option<&str>, TaggedLine::kept] {
        let side: Vec<usize> = (0..lines.len()).filter(|&at| wanted(&lines[at]).is_some()).collect();
        if let ([first, .., last], true) = (&side[..], side.len() >= 2)
            && is_fence(&lines[*first])
            && lines[*last].text().trim() == "```"
        {
            drop[*first] = true;
            drop[*last] = true;
        }
    }
    if !drop.contains(&true) {
        return None;
    }
    let kept: Vec<TaggedLine> =
        lines.iter().zip(drop).filter(|(_, drop)| !drop).map(|(line, _)| line.clone()).collect();
    kept.iter().any(is_old).then_some(kept)
}

/// Without ascending line numbers: `12 | x`, `12: x`, `12<tab>x`, `12→x`; one blank behind every mark goes with it if
/// `blank` says so. Every old line has one; of the lines that come, all or none, with the same mark and numbers that
/// follow on the old ones.
fn without_numbers(lines: &[TaggedLine], blank: bool) -> Option<Vec<TaggedLine>> {
    fn read(line: &TaggedLine, blank: bool) -> Option<Numbered<'_>> {
        numbered(line.text(), blank)
    }
    let is_bare = |rest: &str| !rest.is_empty() && !rest.starts_with(' ');
    let old: Vec<Numbered<'_>> =
        lines.iter().filter(|line| is_old(line)).map(|line| read(line, blank)).collect::<Option<_>>()?;
    let (first, last) = (old.first()?, old.last()?);
    let follow = old.windows(2).all(|pair| pair[1].number == pair[0].number + 1);
    if !follow || old.iter().any(|line| line.mark != first.mark) {
        return None;
    }
    if blank && old.iter().any(|line| is_bare(line.all)) {
        return None;
    }
    let is_added = |line: &&TaggedLine| line.is_added() && !line.text().is_empty();
    let n_added = lines.iter().filter(is_added).count() as u64;
    let goes_on = |line: &TaggedLine| {
        read(line, blank).is_some_and(|added| {
            added.mark == first.mark && (first.number..=last.number + n_added).contains(&added.number)
        })
    };
    let n_numbered = lines.iter().filter(is_added).filter(|line| goes_on(line)).count() as u64;
    if n_numbered != 0 && n_numbered != n_added {
        return None;
    }
    let without = |line: &TaggedLine| match read(line, blank) {
        Some(found) if is_old(line) || goes_on(line) => line.with_text(found.rest.to_owned()),
        _ => line.clone(),
    };
    Some(lines.iter().map(without).collect())
}

/// A line with a number in front.
struct Numbered<'a> {
    number: u64,
    mark: char,
    /// What is behind the mark.
    all: &'a str,
    /// The same without the blank that may belong to the mark.
    rest: &'a str,
}

fn numbered(line: &str, blank: bool) -> Option<Numbered<'_>> {
    let body = line.trim_start_matches(' ');
    let digits = body.len() - body.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = body[..digits].parse().ok()?;
    let behind = body[digits..].trim_start_matches(' ');
    let mark = behind.chars().next().filter(|c| matches!(c, '|' | ':' | '\t' | '\u{2192}' | '\u{2502}'))?;
    let all = &behind[mark.len_utf8()..];
    Some(Numbered { number, mark, all, rest: if blank { all.strip_prefix(' ').unwrap_or(all) } else { all } })
}

/// With HTML entities read, unless the lines that come have a character as such that is an entity in the old ones.
fn with_entities_read(lines: &[TaggedLine]) -> Option<Vec<TaggedLine>> {
    let read = each(lines, without_entities)?;
    let is_read = |mark: char| {
        lines
            .iter()
            .zip(&read)
            .filter(|(line, _)| is_old(line))
            .any(|(line, read)| read.text().matches(mark).count() > line.text().matches(mark).count())
    };
    let is_written = |mark: char| {
        added(lines).any(|text| match mark {
            '&' => text.split('&').skip(1).any(|rest| !rest.contains(';')),
            mark => text.contains(mark),
        })
    };
    let both = |mark: &char| is_read(*mark) && is_written(*mark);
    (!['<', '>', '"', '\'', '&'].iter().any(both)).then_some(read)
}

fn without_entities(line: &str) -> Option<String> {
    const ENTITIES: [(&str, &str); 8] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        // Last, so that an escaped entity is taken back one step only.
        ("&amp;", "&"),
    ];
    if !line.contains('&') {
        return None;
    }
    let mut read = line.to_owned();
    for (entity, plain) in ENTITIES {
        read = read.replace(entity, plain);
    }
    (read != line).then_some(read)
}

/// With one level of backslash escapes taken back; an escaped line end cuts the line. Not so when the lines that come have
/// a quote as such that is escaped in the old ones, or would get line ends or tabs that the old ones do not get.
fn without_escapes(lines: &[TaggedLine]) -> Option<Vec<TaggedLine>> {
    let old = || lines.iter().filter_map(TaggedLine::old);
    let bare = |line: &str, mark: char| {
        let mut escaped = false;
        line.chars().any(|c| {
            let is_bare = c == mark && !escaped;
            escaped = c == '\\' && !escaped;
            is_bare
        })
    };
    let is_escaped = |mark: char| old().any(|line| line.contains(&format!("\\{mark}")));
    if ['"', '\'', '`'].iter().any(|&mark| is_escaped(mark) && added(lines).any(|line| bare(line, mark))) {
        return None;
    }
    let gets = |line: &str, mark: char| unescaped(line).matches(mark).count() > line.matches(mark).count();
    if ['\n', '\t']
        .iter()
        .any(|&mark| added(lines).any(|line| gets(line, mark)) && !old().any(|line| gets(line, mark)))
    {
        return None;
    }
    let mut changed = false;
    let mut read = Vec::with_capacity(lines.len());
    for line in lines {
        if !line.text().contains('\\') {
            read.push(line.clone());
            continue;
        }
        let text = unescaped(line.text());
        changed |= is_old(line) && text != line.text();
        read.extend(text.split('\n').map(|part| line.with_text(part.to_owned())));
    }
    changed.then_some(read)
}

fn unescaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => {}
            Some(escaped @ ('"' | '\'' | '\\' | '/' | '`' | '$')) => text.push(escaped),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines with their tag in front.
    fn tagged(lines: &[&str]) -> Vec<TaggedLine> {
        lines
            .iter()
            .map(|line| match line.split_at(1) {
                ("-", text) => TaggedLine::Delete(text.to_owned()),
                ("+", text) => TaggedLine::Add(text.to_owned()),
                (_, text) => TaggedLine::Context(text.to_owned()),
            })
            .collect()
    }

    fn check(lines: &[&str], expected: &[&str]) {
        let read: Vec<_> = readings(&tagged(lines)).collect();
        assert!(read.contains(&tagged(expected)), "{read:?}");
    }

    #[test]
    fn noise_is_read_away() {
        check(&[" ", " a", "-b", "+c", " "], &[" a", "-b", "+c"]);
        check(&[" a", "-b", "-", " ", " "], &[" a", "-b", "-", " "]);
        check(&[" ```py", "-a", "+b", " ```"], &["-a", "+b"]);
        check(&["-```", "-a", "-```", "+```py", "+b", "+```"], &["-a", "+b"]);
        check(&[" 9 | a", "- 10 |   b", "+ 10 |   c"], &[" a", "-  b", "+  c"]);
        check(&[" 9:\ta", "-10:\tb", "+c"], &[" \ta", "-\tb", "+c"]);
        check(&["-if a &lt; b &amp;&amp; c", "+if a &gt; b"], &["-if a < b && c", "+if a > b"]);
        check(&["-say(\\\"a\\\\n\\\")", "+say(\\\"b\\\")"], &["-say(\"a\\n\")", "+say(\"b\")"]);
        check(&["-a\\n\\tb", "+c"], &["-a", "-\tb", "+c"]);
    }

    #[test]
    fn other_lines_have_no_other_reading() {
        for lines in
            [&[" a", "+", "-b"][..], &["-1: a", "-3: b"], &["-1: a", "+2: b", "+c"], &["+&lt;", "-a"]]
        {
            assert_eq!(readings(&tagged(lines)).count(), 0, "{lines:?}");
        }
    }
}
