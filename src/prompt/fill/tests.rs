//! The cursor is `|` in these texts.

use proptest::prelude::*;

use super::*;

fn hole_in(language: &str, text: &str, budget: usize) -> Option<Hole> {
    let at = text.find('|').expect("a cursor");
    Hole::at(&Rope::from_str(&text.replacen('|', "", 1)), at, language, budget)
}

fn hole(text: &str) -> Hole {
    hole_in("rust", text, 4096).expect("a place")
}

fn check(text: &str, answer: &str, expected: Option<&str>) {
    assert_eq!(hole(text).fit(answer, false).as_deref(), expected, "{answer:?} in {text:?}");
}

fn check_shown(text: &str, budget: usize, expected: Option<(&str, &str)>) {
    let hole = hole_in("rust", text, budget);
    assert_eq!(hole.as_ref().map(|hole| (hole.prefix(), hole.suffix())), expected, "{text:?}");
}

#[test]
fn the_text_around_is_cut_at_line_starts() {
    check_shown("one\ntwo\nthr|ee", 4096, None);
    check_shown("one\ntwo\nthree |\nfour\n", 4096, Some(("one\ntwo\nthree ", "\nfour\n")));
    check_shown("one\ntwo\nthree |\nfour\nfive", 16, Some(("two\nthree ", "\n")));
    check_shown("one\ntwo\nthree |\nfour\nfive", 24, Some(("one\ntwo\nthree ", "\nfour\n")));
    check_shown("one\r\ntwo |\r\n\r\nthree", 4096, Some(("one\ntwo ", "\n\nthree")));
}

#[test]
fn a_long_line_is_cut_between_characters() {
    check_shown("ééééé |ééééé", 8, Some(("éé ", "é")));
    check_shown("ééééé\n|\n", 8, Some(("éé\n", "\n")));
    check_shown(" |x", 0, Some(("", "")));
}

#[test]
fn words_are_not_filled() {
    check_shown("fo|o", 99, None);
    check_shown("é|é", 99, None);
    assert!(hole_in("rust", "foo| bar", 99).is_some());
    assert!(hole_in("rust", "foo(|bar)", 99).is_some());
}

#[test]
fn stops_follow_the_place() {
    let check = |text, expected: &[&str]| assert_eq!(hole(text).stops(), expected, "{text:?}");
    check("foo(|)", &["\n"]);
    check("fn a() {\n    |\n}\n", &["\n\n", "\nfn ", "\npub ", "\nimpl "]);
    check("fn a() {\n    |", &["\nfn ", "\npub ", "\nimpl "]);
    check("use a;\n|\nfn b() {}", &["\n\n"]);
}

#[test]
fn text_behind_the_cursor_wants_one_line() {
    check("foo(|);", "a, b);\nbar();", Some("a, b"));
    check("foo(|)", "a", Some("a"));
    check("foo(|)", "\na", None);
    check("let x = | + 1;", "y\n", Some("y"));
}

#[test]
fn what_stands_behind_is_not_repeated() {
    check("fn a() {\n    |\n}\n", "b();\n}\n", Some("b();"));
    check("fn a() {\n    |\n}\n", "b();\n    c();\n}\n\nfn d() {", Some("b();\n    c();"));
    check("fn a() {\n    |\n    return total;\n}\n", "x();\n    return total;\n}", Some("x();"));
    check("fn a() {\n    |\n\n    }\n}\n", "x();\n    }\n}\n", Some("x();"));
    check("let a = [|];", "1, 2];", Some("1, 2"));
    check("a = |\nb", "ab", Some("ab"));
}

#[test]
fn what_stands_before_is_not_repeated() {
    check("    let x = |", "let x = 5;", Some("5;"));
    check("    let x = |", " 5;", Some("5;"));
    check("    let x =|", " 5;", Some(" 5;"));
    check("fn a() {\n    |\n}", "    b();", Some("b();"));
    check("fn a() {\n    |\n}", "\n    b();\n", Some("b();"));
    check("fn a() {|\n}", "\n    b();\n}", Some("\n    b();"));
}

#[test]
fn the_block_ends_where_it_ends() {
    check("fn a() {\n    |\n}\n", "b();\n\n    c();", Some("b();"));
    check("fn a() {\n    |", "b();\n\n    c();\n}\nfn d() {}", Some("b();\n\n    c();\n}"));
    check("fn a() {\n    |\n", "b();\nprintln!();", Some("b();"));
    let python = hole_in("python", "def a():\n    |", 99).expect("a place");
    assert_eq!(python.fit("return 1\n\ndef b():\n", false).as_deref(), Some("return 1"));
}

#[test]
fn blank_answers_are_none() {
    for answer in ["", " \n\t", "\u{1b}[0m", "```\n```", "}"] {
        check("fn a() {\n    |\n}\n", answer, None);
    }
}

#[test]
fn fences_and_sequences_go() {
    check("let a = |", "```rust\n\u{1b}[1m5;\u{1b}[0m\n```\nIt is five.", Some("5;"));
}

#[test]
fn half_a_line_goes() {
    let check = |text, answer, expected: Option<&str>| {
        assert_eq!(hole(text).fit(answer, true).as_deref(), expected);
    };
    check("fn a() {\n    |", "b();\n    c(", Some("b();"));
    check("fn a() {\n    |", "b(", Some("b("));
    check("fn a() {\n    |\n}\n", "b();\n}\nfn c", Some("b();"));
}

#[test]
fn line_ends_are_those_of_the_document() {
    check("fn a() {\r\n\t|\r\n}\r\n", "b();\n        c();\r\n    d();", Some("b();\r\n\t\tc();\r\n\td();"));
    check("a\r\n|", "b\nc", Some("b\r\nc"));
    check("a\n|", "b\r\nc", Some("b\nc"));
}

#[test]
fn reading_ends_when_nothing_more_is_of_use() {
    let check = |text, answer, expected| {
        assert_eq!(hole(text).is_enough(answer), expected, "{answer:?} in {text:?}");
    };
    check("foo(|)", "a, b", false);
    check("foo(|)", "a, b)\n", true);
    check("foo(|)", "```rust\na", false);
    check("fn a() {\n    |\n    total();\n}\n", "b();\n    total", false);
    check("fn a() {\n    |\n    total();\n}\n", "b();\n    total();\n", true);
    check("fn a() {\n    |\n}\n", "b();\n\n", true);
    check("fn a() {\n    |", "b();\nfn c", true);
}

proptest! {
    #[test]
    fn what_fits_is_clean_and_goes_where_the_cursor_is(
        before in "([a-z(){} \té😀]|\r?\n|\n){0,60}",
        behind in "([a-z(){} \té😀]|\r?\n|\n){0,60}",
        answer in "([a-z(){} \té😀`]|\r?\n|\u{1b}\\[1m|\u{7}){0,60}",
        budget in 0usize..80,
        cut: bool,
    ) {
        let text = Rope::from_str(&format!("{before}{behind}"));
        let Some(hole) = Hole::at(&text, before.len(), "rust", budget) else { return Ok(()) };
        prop_assert!(before.replace("\r\n", "\n").ends_with(hole.prefix()));
        prop_assert!(behind.replace("\r\n", "\n").starts_with(hole.suffix()));
        prop_assert!(hole.prefix().len() + hole.suffix().len() <= budget);
        let stops = hole.stops();
        prop_assert!(stops.len() <= 4 && stops.iter().all(|stop| !stop.is_empty()));
        if let Some(fit) = hole.fit(&answer, cut) {
            prop_assert!(!fit.trim().is_empty());
            prop_assert_eq!(fit.trim_end(), fit.as_str());
            let plain = if hole.crlf { fit.replace("\r\n", "\n") } else { fit.clone() };
            prop_assert!(!plain.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
            prop_assert!(!hole.is_single_line() || !plain.contains('\n'));
            prop_assert!(!hole.crlf || plain.matches('\n').count() == fit.matches("\r\n").count());
            prop_assert!(!hole.crlf || !plain.contains('\r'));
        }
    }

    #[test]
    fn enough_is_enough(
        before in "([a-z(){} ]|\n){0,40}",
        behind in "([a-z(){} ]|\n){0,40}",
        answer in "([a-z(){} ]|\n){0,60}",
        more in "([a-z(){} ]|\n){0,20}",
    ) {
        let text = Rope::from_str(&format!("{before}{behind}"));
        let Some(hole) = Hole::at(&text, before.len(), "rust", 4096) else { return Ok(()) };
        if hole.is_enough(&answer) {
            prop_assert_eq!(hole.fit(&answer, false), hole.fit(&(answer.clone() + &more), false));
        }
    }
}
