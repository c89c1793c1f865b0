//! The engine as a whole: reply text in, file texts out.

mod properties;

use super::*;
use crate::text::Rope;

fn file_set(files: &[(&str, &str)]) -> FileSet {
    FileSet {
        files: files.iter().map(|(path, text)| ((*path).to_owned(), Rope::from_str(text))).collect(),
        ..FileSet::default()
    }
}

fn evaluate_text(format: ReplyFormat, reply: &str, base: &FileSet) -> Result<ChangeSet, Vec<Refusal>> {
    evaluate(&parse::parse(format, reply)?, base)
}

/// The text of `a` after the reply; `a` may miss.
fn result(format: ReplyFormat, before: &str, reply: &str) -> Result<String, RefusalCode> {
    let base = file_set(&[("a", before)]);
    let changes = evaluate_text(format, reply, &base).map_err(|refusals| refusals[0].code)?;
    match &changes.files[..] {
        [] => Ok(before.to_owned()),
        [change] => Ok(change.apply(&base.files["a"]).unwrap().to_string()),
        _ => panic!("one file expected"),
    }
}

/// Search and replace in file `a`.
fn check(before: &str, search: &str, replace: &str, expected: &str) {
    let reply = block("a", search, replace);
    assert_eq!(
        result(ReplyFormat::SearchReplace, before, &reply).as_deref(),
        Ok(expected),
        "{before:?}\n{reply}"
    );
}

fn check_refused(before: &str, search: &str, replace: &str, code: RefusalCode) {
    let reply = block("a", search, replace);
    assert_eq!(result(ReplyFormat::SearchReplace, before, &reply), Err(code), "{before:?}\n{reply}");
}

fn check_whole(before: &str, lines: &str, expected: &str) {
    let reply = format!("a\n````\n{lines}````\n");
    assert_eq!(result(ReplyFormat::Whole, before, &reply).as_deref(), Ok(expected), "{before:?}\n{reply}");
}

fn block(path: &str, search: &str, replace: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
}

#[test]
fn looser_rungs_write_what_comes_as_the_file_is() {
    let file = "class A:\n    def f(self):\n        say(\"one\")\n        return 1\n";
    // Dedented.
    check(
        file,
        "def f(self):\n    say(\"one\")\n",
        "def f(self):\n    if self:\n        say(\"two\")\n",
        "class A:\n    def f(self):\n        if self:\n            say(\"two\")\n        return 1\n",
    );
    // Typographic quotes, in what goes and what comes.
    check(
        file,
        "        say(\u{201c}one\u{201d})\n        return 1\n",
        "        say(\u{201c}two\u{201d})\n        return 2\n",
        "class A:\n    def f(self):\n        say(\"two\")\n        return 2\n",
    );
    // Line numbers, fences, blank edges, entities.
    check("a\nb(1)\n", "1 | a\n2 | b(1)\n", "1 | a\n2 | b(2)\n", "a\nb(2)\n");
    check("a\nb(1)\n", "```\na\nb(1)\n```\n", "```\na\nb(2)\n```\n", "a\nb(2)\n");
    check("a\nb(1)\n", "\nb(1)\n\n", "\nb(2)\n\n", "a\nb(2)\n");
    check("a\nb<1>\n", "b&lt;1&gt;\n", "b&lt;2&gt;\n", "a\nb<2>\n");
}

#[test]
fn what_was_written_as_the_file_is_indented_is_seen_again() {
    // Like functions, blanks at line ends, and another step of indentation than the reply's.
    let function = |name: &str, indent: &str| {
        let body = ["if wert is None:", "\treturn None   ", "summe = 0", "return summe"];
        let body: String = body.map(|line| format!("{indent}{}\r\n", line.replace('\t', indent))).concat();
        format!("def pr\u{fc}fe_{name}(wert):\r\n{body}\r\n")
    };
    let file = [function("3", "\t"), function("4", "   "), function("14", "    ")].concat();
    let search = "def pr\u{fc}fe_4(wert):\n    if wert is None:\n        return None\n    summe = 0\n";
    let replace = search.replace("return None", "raise ValueError(\"gr\u{f6}\u{df}e fehlt\")");
    let four = function("4", "   ");
    let done = four.replace("return None   ", "raise ValueError(\"gr\u{f6}\u{df}e fehlt\")");
    let after = file.replace(&four, &done);
    check(&file, search, &replace, &after);
    check(&after, search, &replace, &after);
    // The lines are there, but nested otherwise: that is not what the reply wants.
    let nested = after.replace("   summe = 0\r\n   return summe", "      summe = 0\r\n   return summe");
    check_refused(&nested, search, &replace, RefusalCode::NoSuchPlace);
    // A like place that has it already says nothing of the one that is meant.
    let other = "class A:\n        if user is None:\n            raise ValueError(\"missing\")\n        total = 0\n\n\n";
    let body = |line: &str| format!("    if user is None:\n        {line}\n    total = 0\n");
    let comment = "    # Load the user from the table.\n";
    let file =
        format!("{other}def load(user):\n    # Loads the user from the table.\n{}", body("return None"));
    let (old, new) = (comment.to_owned() + &body("return None"), body("raise ValueError(\"missing\")"));
    check_refused(&file, &old, &new, RefusalCode::NoSuchPlace);
    // Still to be done elsewhere.
    let search = "def prüfe_4(wert):\n    if wert is None:\n        return None\n    summe = 0\n";
    let replace = search.replace("return None", "raise ValueError(\"größe fehlt\")");
    let both = format!("{after}{}", function("4", "  "));
    let one = done.replace("   ", "  ");
    check(&both, search, &replace, &format!("{after}{one}"));
}

#[test]
fn loose_rungs_need_one_place_and_a_clear_indentation() {
    let twice = "if a:\n    call_it(value)\nif b:\n        call_it(value)\n";
    check_refused(twice, "call_it(value)\n", "call_it(other)\n", RefusalCode::AmbiguousPlace);
    let file = "    let value = compute();\n";
    let (search, replace) = ("  let value = compute();\n", "  if x {\n    let value = compute();\n  }\n");
    check_refused(file, search, replace, RefusalCode::UnclearIndentation);
}

#[test]
fn dots_alone_are_an_elision_unless_the_file_has_them() {
    let file =
        "def first():\n    one()\n    two()\n    value = 1\n\ndef g():\n    value = 1\n    return value\n";
    let (search, replace) =
        ("def first():\n    ...\n    value = 1\n", "def first():\n    ...\n    value = 2\n");
    check(file, search, replace, &file.replacen("value = 1", "value = 2", 1));
    // What is left out does not reach into the next definition, and dots are not written for what they stand for.
    let (search, replace) =
        ("def first():\n    ...\n    return value\n", "def first():\n    ...\n    return 0\n");
    check_refused(file, search, replace, RefusalCode::NoSuchPlace);
    let (search, replace) =
        ("def first():\n    ...\n    value = 1\n", "def first():\n    ...\n    value = 2\n    ...\n");
    check_refused(file, search, replace, RefusalCode::MalformedReply);
    let file = "def first():\n    ...\n\ndef g():\n    ...\n";
    check(
        file,
        "def first():\n    ...\n",
        "def first(a):\n    ...\n",
        &file.replacen("first()", "first(a)", 1),
    );
}

#[test]
fn an_anchor_in_flat_text_says_what_comes_before() {
    let patch = |anchor: &str| {
        format!("*** Begin Patch\n*** Update File: a\n@@ {anchor}\n-x=10\n+x=11\n*** End Patch\n")
    };
    let file = "fn a\nx=10\ny=2\nfn b\nx=10\ny=20\n";
    let after = |anchor: &str| result(ReplyFormat::ApplyPatch, file, &patch(anchor));
    assert_eq!(after("fn b").as_deref(), Ok("fn a\nx=10\ny=2\nfn b\nx=11\ny=20\n"));
    assert_eq!(after("fn a"), Err(RefusalCode::AmbiguousPlace));
}

#[test]
fn markers_may_be_long() {
    let reply = "a\n----------- SEARCH\nb\n==========\nc\n+++++++ REPLACE\n";
    assert_eq!(result(ReplyFormat::SearchReplace, "b\n", reply).as_deref(), Ok("c\n"));
    // An underlined title does not end what to find.
    check("T\n==========\nb\n", "T\n==========\nb\n", "T\n==========\nc\n", "T\n==========\nc\n");
}

#[test]
fn what_is_there_already_is_no_change() {
    let after = "fn main() {\n    let value = compute();\n    report(value);\n}\n";
    check(after, "    let value = guess();\n", "    let value = compute();\n", after);
    check(after, "    let value = compute();\n", "    let value = compute();\n    report(value);\n", after);
}

#[test]
fn what_is_there_already_hides_no_other_place() {
    // The old line is there too, indented otherwise: which one is meant is said by its text, not by what is done.
    let file = "timeout_seconds = 30\n\ndef g():\n    timeout_seconds = 10\n    run()\n";
    check(
        file,
        "timeout_seconds = 10\n",
        "timeout_seconds = 30\n",
        &file.replace("timeout_seconds = 10", "timeout_seconds = 30"),
    );
    // A second block takes back the first.
    let blocks = block("a", "count_total = 1\n", "count_total = 2\n")
        + &block("a", "count_total = 2\n", "count_total = 1\n");
    assert_eq!(
        result(ReplyFormat::SearchReplace, "count_total = 1\nrest = 0\n", &blocks).as_deref(),
        Ok("count_total = 1\nrest = 0\n")
    );
}

#[test]
fn other_readings_are_for_the_whole_block() {
    use RefusalCode::NoSuchPlace;
    // Only the old lines are escaped: what comes may be meant as it is.
    check_refused("say(\"hi\");\n", "say(\\\"hi\\\");\n", "say(\"hi\\n\");\n", NoSuchPlace);
    check_refused("a = \"<b>\"\n", "a = \"&lt;b&gt;\"\n", "a = '<b>' + esc(\"&lt;\")\n", NoSuchPlace);
    // A numbered list is no list of line numbers.
    check("Steps follow here\n", "12 | Steps follow here\n", "1: open\n2: close\n", "1: open\n2: close\n");
    // Only what was typographic by mistake is made plain.
    check(
        "say_something(\"\u{4f60}\") - 1\n",
        "say_something(\u{201c}\u{4f60}\u{201d}) - 1\n",
        "say_something(\u{201c}\u{4f60}\u{ff0c}\u{201d}) \u{2014} 1\n",
        "say_something(\"\u{4f60}\u{ff0c}\") \u{2014} 1\n",
    );
}

#[test]
fn the_definition_named_is_the_one_changed() {
    let file = "class A:\n    def run(self):\n        one_call(1)\n\n\nclass B:\n    def run(self):\n        two_call(1)\n\n\n\n";
    let patch = |class: &str| {
        format!(
            "*** Begin Patch\n*** Update File: a\n@@ class {class}:\n-        one_call(1)\n+        three()\n*** End Patch\n"
        )
    };
    assert_eq!(
        result(ReplyFormat::ApplyPatch, file, &patch("A")).as_deref(),
        Ok(&*file.replace("one_call(1)", "three()"))
    );
    assert_eq!(result(ReplyFormat::ApplyPatch, file, &patch("B")), Err(RefusalCode::NoSuchPlace));
}

#[test]
fn blocks_may_build_on_each_other() {
    let reply = block("a", "a\n", "first\nx\n") + &block("a", "first\n", "second\n");
    assert_eq!(result(ReplyFormat::SearchReplace, "a\nb\n", &reply).as_deref(), Ok("second\nx\nb\n"));
    // Not so when one of them fits nowhere.
    let reply = block("a", "a\n", "first\nx\n") + &block("a", "third\n", "second\n");
    assert_eq!(result(ReplyFormat::SearchReplace, "a\nb\n", &reply), Err(RefusalCode::NoSuchPlace));
}

#[test]
fn replaces_inserts_deletes() {
    check("a\nb\nc\n", "b\n", "B\n", "a\nB\nc\n");
    check("a\nb\nc\n", "a\nb\n", "a\nx\nb\n", "a\nx\nb\nc\n");
    check("a\nb\nc\n", "a\nb\nc\n", "a\nc\n", "a\nc\n");
    check("a\nb\n", "a\n", "x\na\n", "x\na\nb\n");
}

#[test]
fn context_is_never_written() {
    check("a  \nb\nc\t\n", "a\nb\nc\n", "a\nB\nc\n", "a  \nB\nc\t\n");
    check("a\nb\n", "a   \nb\n", "a   \nB\n", "a\nB\n");
    // What only looks like a change because a context line is misquoted is none.
    check("a\nb\n", "a  \nb\n", "a\nB\n", "a\nB\n");
    check("a\nb\n", "a  \n", "a\n", "a\nb\n");
}

#[test]
fn only_real_changes_become_hunks() {
    let base = file_set(&[("a", "1\n2\n3\n4\n5\n")]);
    let reply = block("a", "1\n2\n3\n4\n5\n", "1\nII\n3\n4\nV\n");
    let changes = evaluate_text(ReplyFormat::SearchReplace, &reply, &base).unwrap();
    let ChangeKind::Modify { hunks } = &changes.files[0].kind else { panic!("a change") };
    let seen: Vec<_> =
        hunks.iter().map(|hunk| (hunk.range.clone(), hunk.insert.as_str(), hunk.line)).collect();
    assert_eq!(seen, [(2..4, "II\n", 2), (8..10, "V\n", 5)]);
    let same = evaluate_text(ReplyFormat::SearchReplace, &block("a", "1\n", "1\n"), &base);
    assert_eq!(same, Ok(ChangeSet::default()));
}

#[test]
fn inserted_lines_take_the_files_line_ends() {
    check("a\r\nb\r\n", "b\n", "x\ny\n", "a\r\nx\r\ny\r\n");
    check("a\r\nb\nc\n", "a\n", "x\ny\n", "x\r\ny\r\nb\nc\n");
    check("a\r\nb\nc\n", "b\n", "x\n", "a\r\nx\nc\n");
    check("a\nb\r\nc\n", "b\nc\n", "b\nx\nc\n", "a\nb\r\nx\r\nc\n");
    check("a\rb\rc", "b\n", "x\ny\n", "a\rx\ry\rc");
}

#[test]
fn a_missing_final_line_end_stays_missing() {
    check("a\nb", "b\n", "B\n", "a\nB");
    check("a\nb", "b\n", "x\ny\n", "a\nx\ny");
    check("a\nb", "b\n", "b\nc\n", "a\nb\nc");
    check("a\r\nb", "b\n", "b\nc\nd\n", "a\r\nb\r\nc\r\nd");
    check("a", "a\n", "a\nb\n", "a\nb");
    check("a\nb\nc", "b\nc\n", "x\n", "a\nx");
    // The line end of the line before belongs to that line.
    check("a\nb", "b\n", "", "a\n");
    check("a\nb", "a\n", "x\n", "x\nb");
    check_whole("a\nb", "a\nB\n", "a\nB");
    check_whole("a\nb", "a\nb\n", "a\nb");
}

#[test]
fn a_byte_order_mark_stays() {
    check("\u{feff}a\nb\n", "a\n", "x\n", "\u{feff}x\nb\n");
    check("\u{feff}a\n", "a\n", "x\na\n", "\u{feff}x\na\n");
    check_whole("\u{feff}a\r\nb\r\n", "a\nx\n", "\u{feff}a\r\nx\r\n");
}

#[test]
fn no_place_or_several_are_refused() {
    check_refused("a\nb\na\n", "a\n", "x\n", RefusalCode::AmbiguousPlace);
    check_refused("a\nb\na  \n", "a\n", "x\n", RefusalCode::AmbiguousPlace);
    check_refused("a\nb\n", "c\n", "x\n", RefusalCode::NoSuchPlace);
    check_refused("  a\n", "a\n", "x\n", RefusalCode::NoSuchPlace);
    check_refused("a\nb\nc\n", "a\nc\n", "x\n", RefusalCode::NoSuchPlace);
    check_refused("a\n", "a\nb\n", "x\n", RefusalCode::NoSuchPlace);
}

#[test]
fn a_refusal_says_what_was_nearest() {
    let base = file_set(&[("a", "fn one() {\n    let x = 1;\n}\n\nfn two() {\n    let y = 2;\n}\n")]);
    let refusal = |search| {
        evaluate_text(ReplyFormat::SearchReplace, &block("a", search, ""), &base).unwrap_err().remove(0)
    };
    let near = refusal("fn two() {\n    let y = 3;\n}\n");
    assert_eq!(near.nearest[0].line, 5);
    assert!(near.hint.contains("line 6 there reads `    let y = 2;`"), "{}", near.hint);
    let indented = refusal("  let y = 2;\n");
    assert_eq!(indented.hint, "Line 6 differs only in its indentation; copy it as it is in the file.");
    let twice =
        evaluate_text(ReplyFormat::SearchReplace, &block("a", "}\n", ""), &base).unwrap_err().remove(0);
    assert_eq!(twice.nearest.iter().map(|place| place.line).collect::<Vec<_>>(), [3, 7]);
}

#[test]
fn creates_files_and_never_overwrites_one() {
    let base = file_set(&[("a", "text\n"), ("empty", "")]);
    let create = |path: &str| evaluate_text(ReplyFormat::SearchReplace, &block(path, "", "x\ny\n"), &base);
    assert_eq!(create("new/b.rs").unwrap().files, [FileChange::create("new/b.rs", "x\ny\n")]);
    assert_eq!(create("a").unwrap_err()[0].code, RefusalCode::FileExists);
    let filled = create("empty").unwrap();
    assert_eq!(filled.files[0].apply(&Rope::new()).unwrap().to_string(), "x\ny\n");
}

#[test]
fn whole_files_become_their_differences() {
    check_whole("a\nb  \nc\n", "a\nB\nc\n", "a\nB\nc\n");
    check_whole("a\n", "", "");
    check_whole("", "a\n", "a\n");
    let base = file_set(&[("a", "a\nb\nc\n")]);
    let changes = evaluate_text(ReplyFormat::Whole, "a\n```\na\nc\nd\n```\n", &base).unwrap();
    let ChangeKind::Modify { hunks } = &changes.files[0].kind else { panic!("a change") };
    assert_eq!(hunks.iter().map(|hunk| hunk.range.clone()).collect::<Vec<_>>(), [2..4, 6..6]);
}

#[test]
fn left_out_code_and_patches_are_no_text() {
    let refused = |format, before, reply: &str| result(format, before, reply).unwrap_err();
    assert_eq!(
        refused(ReplyFormat::Whole, "a\nb\nc\n", "a\n```\nA\n// ... existing code ...\n```\n"),
        RefusalCode::MalformedReply
    );
    assert_eq!(
        refused(ReplyFormat::Whole, "a\n", "a\n```diff\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n```\n"),
        RefusalCode::MalformedReply
    );
    check_refused("a\n", "a\n", "# ... rest of the code ...\n", RefusalCode::MalformedReply);
    check("# ... unchanged\na\n", "# ... unchanged\na\n", "# ... unchanged\nb\n", "# ... unchanged\nb\n");
}

#[test]
fn all_blocks_meet_the_same_base() {
    let twice = block("a", "a\n", "b\n") + &block("a", "b\n", "c\n");
    assert_eq!(result(ReplyFormat::SearchReplace, "a\nb\n", &twice).as_deref(), Ok("b\nc\n"));
    let overlapping = block("a", "a\nb\n", "x\n") + &block("a", "b\n", "y\n");
    assert_eq!(
        result(ReplyFormat::SearchReplace, "a\nb\n", &overlapping),
        Err(RefusalCode::OverlappingBlocks)
    );
    let same_point = block("a", "a\n", "a\nx\n") + &block("a", "b\n", "y\nb\n");
    assert_eq!(
        result(ReplyFormat::SearchReplace, "a\nb\n", &same_point),
        Err(RefusalCode::OverlappingBlocks)
    );
    let shared_context = block("a", "a\nb\n", "A\nb\n") + &block("a", "b\nc\n", "b\nC\n");
    assert_eq!(result(ReplyFormat::SearchReplace, "a\nb\nc\n", &shared_context).as_deref(), Ok("A\nb\nC\n"));
}

#[test]
fn one_bad_block_refuses_all() {
    let base = file_set(&[("a", "a\n"), ("b", "b\n")]);
    let reply = block("a", "a\n", "x\n") + &block("b", "nowhere\n", "x\n") + &block("../c", "", "x\n");
    let codes: Vec<_> = evaluate_text(ReplyFormat::SearchReplace, &reply, &base)
        .unwrap_err()
        .into_iter()
        .map(|refusal| (refusal.block, refusal.code))
        .collect();
    assert_eq!(codes, [(Some(1), RefusalCode::NoSuchPlace), (Some(2), RefusalCode::BadPath)]);
}

#[test]
fn names_carry_on_and_unknown_ones_get_a_hint() {
    let base = file_set(&[("src/main.rs", "a\nb\n")]);
    let reply = block("./src/main.rs", "a\n", "A\n") + "\n" + &block("", "b\n", "B\n");
    let changes = evaluate_text(ReplyFormat::SearchReplace, &reply, &base).unwrap();
    assert_eq!(changes.files[0].apply(&base.files["src/main.rs"]).unwrap().to_string(), "A\nB\n");
    let refusal =
        evaluate_text(ReplyFormat::SearchReplace, &block("main.rs", "c\n", "b\n"), &base).unwrap_err();
    assert_eq!(refusal[0].code, RefusalCode::UnknownFile);
    assert!(refusal[0].hint.contains("`src/main.rs`"), "{}", refusal[0].hint);
    let nameless = evaluate_text(ReplyFormat::SearchReplace, &block("", "c\n", "b\n"), &base).unwrap_err();
    assert_eq!(nameless[0].code, RefusalCode::UnknownFile);
}

#[test]
fn many_edits_of_a_text_stay_cheap() {
    let block = |old: &str, new: &str, everywhere: bool| parse::Block::Text {
        path: Some("a".to_owned()),
        old: old.to_owned(),
        new: new.to_owned(),
        everywhere,
    };
    // Quadratic work would take minutes here.
    let check = |text: &str, blocks: Vec<parse::Block>, n_hunks: usize| {
        let reply = parse::Reply { blocks, ..parse::Reply::default() };
        let changes = evaluate(&reply, &file_set(&[("a", text)])).expect("every edit has its place");
        assert_eq!(changes.files[0].hunks().len(), n_hunks);
    };
    let lines: Vec<String> =
        (0..40_000).map(|nth| format!("    let value_{nth} = compute({nth});\n")).collect();
    let edit = |line: &String| block(line.trim(), &line.trim().replace("compute", "guess"), false);
    check(&lines.concat(), lines.iter().step_by(10).map(edit).collect(), 4_000);
    check(&"ab cd\n".repeat(100_000), vec![block("ab", "x", true)], 100_000);
    check(&"ab cd ".repeat(40_000), vec![block("ab", "x", true)], 1);
}

#[test]
fn the_same_block_twice_is_made_once() {
    let twice = |one: &str, other: &str| {
        result(ReplyFormat::SearchReplace, "a\nb\nc\n", &(block("a", one, other) + &block("a", one, other)))
    };
    assert_eq!(twice("a\nb\n", "a\nx\n").as_deref(), Ok("a\nx\nc\n"));
    assert_eq!(twice("b\n", "b\nx\n"), Err(RefusalCode::OverlappingBlocks));
    let edit = r#"{"path": "a", "old_string": "b", "new_string": "x"}"#;
    let edits = format!("[{edit}, {edit}]");
    assert_eq!(result(ReplyFormat::Json, "a\nb\nc\n", &edits).as_deref(), Ok("a\nx\nc\n"));
}

#[test]
fn dots_do_not_replace_a_body() {
    let file = "def f():\n    one()\n    two()\n";
    check_refused(file, file, "def f():\n    ...\n", RefusalCode::MalformedReply);
    check_refused(file, file, "def f():\n    one()\n    # existing code\n", RefusalCode::MalformedReply);
    check("def f():\n    pass\n", "def f():\n    pass\n", "def f():\n    ...\n", "def f():\n    ...\n");
}

#[test]
fn a_text_behind_its_indentation_is_replaced_at_its_depth() {
    let file = "def f():\n    for x in y:\n        total += x\n    return total\n";
    let after = |old: &str, new: &str| {
        let edit = serde_json::json!({"path": "a", "old_string": old, "new_string": new});
        result(ReplyFormat::Json, file, &edit.to_string())
    };
    let indented = file.replace("        total", "        if x:\n            total");
    assert_eq!(after("total += x", "if x:\n    total += x"), Ok(indented));
    let added = file.replace("    return total", "    total *= 2\n    return total");
    assert_eq!(after("return total", "total *= 2\nreturn total"), Ok(added));
    assert_eq!(after("turn total", "turn 0"), Err(RefusalCode::NoSuchPlace));
}
