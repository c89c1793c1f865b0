//! Lines of an answer: what is no text at all, where another definition begins, what stands behind already.

/// The text without control characters, terminal sequences and characters that turn the reading direction; line ends
/// are `\n`.
pub(super) fn cleaned(answer: &str) -> String {
    let mut text = String::with_capacity(answer.len());
    let mut characters = answer.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\u{1b}' => {
                if characters.next_if_eq(&'[').is_some() {
                    // Parameters, then one letter: ECMA-48, 5.4.
                    while characters.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                    characters.next_if(|c| matches!(c, '@'..='~'));
                }
            }
            '\n' | '\t' => text.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {}
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    text
}

/// What stands in the fence, if there is one: models that chat cannot help it.
pub(super) fn unfenced(answer: &str) -> &str {
    let inside = match answer.trim_start().strip_prefix("```") {
        Some(fenced) => fenced.split_once('\n').map_or("", |(_, inside)| inside),
        None => answer,
    };
    let mut at = 0;
    for line in inside.split_inclusive('\n') {
        if line.trim() == "```" {
            return &inside[..at];
        }
        at += line.len();
    }
    inside
}

/// Words that begin a definition at the start of a line; at most three.
pub(super) fn definitions(language: &str) -> &'static [&'static str] {
    match language {
        "rust" => &["fn ", "pub ", "impl "],
        "python" => &["def ", "class ", "@"],
        "javascript" | "javascriptreact" | "typescript" | "typescriptreact" => {
            &["function ", "class ", "export "]
        }
        "go" => &["func ", "type "],
        "java" | "csharp" => &["public ", "class ", "import "],
        "ruby" => &["def ", "class ", "module "],
        "php" => &["function ", "class "],
        "c" | "cpp" => &["static ", "struct ", "#include"],
        _ => &[],
    }
}

/// Whether a line begins such a definition.
pub(super) fn is_definition(language: &str, line: &str) -> bool {
    definitions(language).iter().any(|word| line.starts_with(word))
}

/// `text` without its last lines where they are the first ones of `behind`, blank ones aside.
pub(super) fn without_shared_end<'a>(text: &'a str, behind: &str) -> &'a str {
    let first: Vec<_> = behind.lines().map(str::trim_end).filter(|line| !line.is_empty()).take(20).collect();
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            starts.push((at, line.trim_end()));
        }
        at += line.len();
    }
    let most = first.len().min(starts.len());
    let shared = (1..=most).rev().find(|&n| {
        let last = &starts[starts.len() - n..];
        last.iter().zip(&first).all(|((_, line), behind)| line == behind)
    });
    // The first line goes on the cursor's own; it is none of those behind.
    let start = shared.map(|n| starts[starts.len() - n].0).filter(|&start| start > 0);
    start.map_or(text, |start| &text[..start])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_goes() {
        let check = |answer: &str, expected: &str| assert_eq!(cleaned(answer), expected);
        check("a\r\n\tb\u{1b}[1;31mc\u{1b}[0m\u{7}\u{1b}d\u{9b}e", "a\n\tbcde");
        check("x\u{202e}y\u{2066}é\u{feff}", "xyé");
        check("\u{1b}[", "");
    }

    #[test]
    fn fences_go() {
        let check = |answer: &str, expected: &str| assert_eq!(unfenced(answer), expected);
        check("```rust\nlet a;\n```\nThis does it.", "let a;\n");
        check("let a;\n```\n", "let a;\n");
        check("let a = \"```\";", "let a = \"```\";");
        check("```", "");
    }

    #[test]
    fn lines_that_stand_behind_go() {
        let check = |text: &str, behind: &str, expected: &str| {
            assert_eq!(without_shared_end(text, behind), expected);
        };
        check("a\n  }\n}", "\n  }\n\n}\n", "a\n");
        check("a\n  }\n}", "}\n", "a\n  }\n");
        check("a\n  }\n}", "b\n", "a\n  }\n}");
        check("}", "}\n", "}");
    }
}
