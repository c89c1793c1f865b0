//! The indentation of an answer, written as the document writes it.

/// Columns of a line's indentation; a tab counts four.
pub(super) fn width(line: &str) -> usize {
    line.chars()
        .map_while(|c| match c {
            ' ' => Some(1),
            '\t' => Some(4),
            _ => None,
        })
        .sum()
}

/// `body` with its lines below the first indented by tabs or by spaces as the text around it is. Where that has
/// neither, nothing changes.
pub(super) fn as_in(prefix: &str, suffix: &str, body: &str) -> String {
    let around = || prefix.lines().chain(suffix.lines());
    let n_tabs = around().filter(|line| line.starts_with('\t')).count();
    let n_spaces = around().filter(|line| line.starts_with("  ")).count();
    let (from, to) = match n_tabs.cmp(&n_spaces) {
        std::cmp::Ordering::Greater => (" ".repeat(unit(body.lines().skip(1))), "\t".to_owned()),
        std::cmp::Ordering::Less => ("\t".to_owned(), " ".repeat(unit(around()))),
        std::cmp::Ordering::Equal => return body.to_owned(),
    };
    let lines: Vec<_> = body
        .split('\n')
        .enumerate()
        .map(|(n, line)| if n == 0 { line.to_owned() } else { converted(line, &from, &to) })
        .collect();
    lines.join("\n")
}

/// Replaces each leading `from` by `to`.
fn converted(line: &str, from: &str, to: &str) -> String {
    let mut rest = line;
    let mut indentation = String::new();
    loop {
        let next = [from, to].into_iter().find_map(|step| rest.strip_prefix(step));
        let Some(next) = next else { return indentation + rest };
        rest = next;
        indentation.push_str(to);
    }
}

/// Spaces of one step, judged by the line that is indented least.
fn unit<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let widths = lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .filter(|&n| n > 1);
    match widths.min() {
        Some(n) if n % 4 == 0 => 4,
        Some(n) if n % 2 == 0 => 2,
        Some(n) => n,
        None => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prefix: &str, body: &str, expected: &str) {
        assert_eq!(as_in(prefix, "", body), expected);
    }

    #[test]
    fn the_document_decides() {
        check("a\n\tb\n\t", "if c:\n        d\n    e", "if c:\n\t\td\n\te");
        check("a\n\tb\n\t", "if c:\n\t\td", "if c:\n\t\td");
        check("a\n  b\n  ", "if c:\n\t\td\n\te", "if c:\n    d\n  e");
        check("a\n    b\n", "c\n\td\n        e", "c\n    d\n        e");
        check("a\nb\n", "c\n\td\n  e", "c\n\td\n  e");
    }

    #[test]
    fn a_tab_is_four_wide() {
        assert_eq!(width("\t  x"), 6);
        assert_eq!(width(""), 0);
    }
}
