//! The gates, each on a text before and a text after.

use super::*;
use crate::diff::{ChangeSet, Evidence, Hunk, RefusalCode};

/// A change of a file from one text to another, as a reply would make it: whole lines.
fn change(path: &str, before: &str, after: &str) -> ChangeSet {
    let (old, new): (Vec<_>, Vec<_>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let diff = similar::capture_diff_slices(similar::Algorithm::Myers, &old, &new);
    let start = |lines: &[&str], at: usize| lines[..at].iter().map(|line| line.len()).sum::<usize>();
    let hunks =
        diff.iter().filter(|op| op.tag() != similar::DiffTag::Equal).enumerate().map(|(block, op)| {
            let (from, to) = (op.old_range(), op.new_range());
            Hunk {
                range: start(&old, from.start)..start(&old, from.end),
                insert: new[to].concat(),
                evidence: Evidence::EXACT,
                line: from.start + 1,
                block,
            }
        });
    ChangeSet { files: vec![FileChange::modify(path, hunks.collect()).expect("disjoint")] }
}

fn checked(path: &str, before: &str, after: &str) -> Result<Vec<Note>, Vec<Refusal>> {
    let files = [(path.to_owned(), Rope::from_str(before))].into();
    check(&change(path, before, after), &FileSet { files, ..FileSet::default() }, Consent::default())
}

#[track_caller]
fn passes(path: &str, before: &str, after: &str) {
    assert_eq!(checked(path, before, after), Ok(Vec::new()), "{after}");
}

/// Refused with this code; the message holds the words.
#[track_caller]
fn refused(path: &str, before: &str, after: &str, code: RefusalCode, words: &str) {
    let refusals = checked(path, before, after).expect_err(after);
    let refusal = &refusals[0];
    assert_eq!(refusal.code, code, "{}", refusal.message);
    let said = format!("{} {}", refusal.message, refusal.hint);
    assert!(said.contains(words), "{said}");
}

#[track_caller]
fn breaks(path: &str, before: &str, after: &str, words: &str) {
    refused(path, before, after, RefusalCode::BreaksSyntax, words);
}

#[track_caller]
fn noted(path: &str, before: &str, after: &str) {
    assert_eq!(checked(path, before, after).map(|notes| notes.len()), Ok(1), "{after}");
}

const RUST: &str = "fn a() {\n    b(1);\n}\n\nfn c() {\n    d(2);\n}\n";

#[test]
fn a_new_error_is_refused_with_its_place() {
    breaks("a.rs", RUST, &RUST.replace("d(2);", "d(2;"), "on line 6 of the file after it");
    breaks("a.rs", RUST, &RUST.replace("d(2);\n}", "d(2);\n"), "on line 5, the `{` is never closed");
    breaks("a.rs", RUST, &RUST.replace("fn a() {", "fn a() "), "line");
    breaks("a.py", "def f():\n    return 1\n", "def f():\n    return (1\n", "line 2");
    breaks("a.go", "package p\n\nfunc f() {\n\tg()\n}\n", "package p\n\nfunc f() {\n\tg(\n}\n", "line 4");
    breaks("a.tsx", "const a = <p>x</p>;\n", "const a = <p>x;\n", "line 1");
    passes("a.rs", RUST, &RUST.replace("d(2);", "d(3);"));
}

#[test]
fn the_block_is_named() {
    let after = RUST.replace("b(1);", "b(3);").replace("d(2);", "d(2;");
    let refusals = checked("a.rs", RUST, &after).expect_err("it breaks");
    assert_eq!((refusals[0].block, refusals[0].path.as_deref()), (Some(1), Some("a.rs")));
}

#[test]
fn an_error_that_only_moves_is_not_new() {
    let broken = "fn a() {\n    b(1;\n}\n\nfn c() {\n    d(2);\n}\n";
    passes("a.rs", broken, &format!("// one\n\n\n{broken}"));
    passes("a.rs", broken, &broken.replace("d(2);", "d(3);"));
    passes("a.rs", broken, &broken.replace("fn a()", "fn other()"));
    passes("a.rs", broken, "fn c() {\n    d(2);\n}\n\nfn a() {\n    b(1;\n}\n");
    passes("a.rs", broken, RUST);
}

#[test]
fn an_error_elsewhere_excuses_nothing() {
    let broken = "fn a() {\n    b(1;\n}\n\nfn c() {\n    d(2);\n}\n";
    breaks("a.rs", broken, &broken.replace("d(2);", "d(2;"), "line 6");
    // The same error twice is one more than before.
    breaks("a.rs", broken, &broken.replace("d(2);", "b(1;"), "line 6");
}

#[test]
fn a_text_that_is_being_typed_does_not_block() {
    let typed = "fn a() {\n    let x = ;\n    b(1);\n}\n";
    noted("a.rs", typed, &typed.replace("b(1);", "b(1;"));
    noted("a.py", "x = [1\n", "x = 1]\n");
}

#[test]
fn indentation_counts_in_python() {
    let text = "def f(c):\n    if c:\n        x = 1\n    return x\n";
    breaks(
        "a.py",
        text,
        &text.replace("        x", "    x"),
        "on line 3 of the file after it, `x = 1` is not indented",
    );
    breaks("a.py", text, &text.replace("        x = 1\n", "        x = 1\n      y = 2\n"), "line 4");
    breaks("a.py", text, &text.replace("    return", "      return"), "line 4");
    let tabs = "def f(c):\n\tif c:\n\t\tx = 1\n\treturn x\n";
    breaks("a.py", tabs, &tabs.replace("x = 1\n", "x = 1\n\t\t    log()\n"), "line 4");
    breaks("a.py", tabs, &tabs.replace("\treturn", "        return"), "line 4");
    passes("a.py", text, &text.replace("x = 1", "x = (\n1)"));
    // A text that was so before is left alone.
    passes("a.py", "if c:\nx = 1\ny = 1\n", "if c:\nx = 1\ny = 2\n");
}

#[test]
fn brackets_are_counted_where_there_is_no_grammar() {
    let text = "int f() {\n    return g(1);\n}\n";
    breaks(
        "a.c",
        text,
        &text.replace("g(1)", "g(1"),
        "on line 2 of the file after it, the `(` is never closed",
    );
    passes("a.c", text, &text.replace("g(1)", "g(\"(\")"));
    let branches = "#if A\nf() {\n#else\ng() {\n#endif\n}\n";
    passes("a.c", "int x;\n", &format!("int x;\n{branches}"));
    breaks("a.c", branches, &branches.replace("f() {", "f() {{"), "line 2");
    breaks("a.cs", branches, &branches.replace("g() {", "g() {{"), "line 4");
    passes("a.unknown", text, &text.replace("g(1)", "g(1"));
}

#[test]
fn what_only_the_grammar_does_not_know_is_not_refused() {
    passes("a.ts", "", "export default abstract class {\n  a(): void {}\n}\n");
    passes("a.rs", "", "unsafe extern \"C\" {\n    pub safe fn x();\n    safe static Y: u8;\n}\n");
    passes("a.js", "", "class A {\n  accessor x = 1;\n  static accessor #y;\n}\n");
    passes("a.ts", "", "class A {\n  static accessor y = 2;\n}\n");
    breaks("a.rs", "", "unsafe extern \"C\" {\n    pub safe x();\n}\n", "line 2");
    breaks("a.js", "", "class A {\n  accessor x = ;\n}\n", "line 2");
}

#[test]
fn what_a_reply_leaves_behind_is_refused() {
    let markers = "fn a() {}\n<<<<<<< HEAD\nfn b() {}\n=======\nfn c() {}\n>>>>>>> other\n";
    breaks("a.rs", "fn a() {}\n", markers, "conflict marker");
    breaks("Makefile", "a:\n", &markers.replace("fn", "#"), "conflict marker");
    passes("a.md", "# A\n", markers);
    passes("b.sql", "-- a\n", "-- a\n=======\n");
    breaks("a.ts", "f();\n", "```ts\nf();\n```\n", "code fence");
    breaks("a.java", "f();\n", "f();\n```\n", "code fence");
    breaks("a.rs", "fn a() {}\n", "fn a() {}\n```\n", "line 2");
    passes("a.rs", "/** a */\nfn a() {}\n", "/** a\n```\n1\n```\n*/\nfn a() {}\n");
    passes("a.md", "# A\n", "# A\n```\n1\n```\n");
    breaks("a.rs", "fn a() {}\n", "fn a() {}\n// ... existing code ...\n", "left out");
    breaks("a.py", "a()\n", "# rest of the code remains the same\na()\n", "left out");
    breaks("a.py", "a()\n", "# rest of the file unchanged\u{2026}\na()\n", "left out");
    passes("a.py", "a()\n", "# name omitted, as in f(cls=A, ...)\na()\n");
    passes("a.rs", "// ... rest of it ...\n", "// ... rest of it ...\n// ... unchanged ...\n");
}

#[test]
fn a_removal_of_most_of_a_file_is_refused() {
    let text: String = (0..50).flat_map(|n| ["line ".to_owned(), n.to_string(), "\n\n".to_owned()]).collect();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    refused("a.txt", &text, &lines[..38].concat(), RefusalCode::RemovesTooMuch, "31 of the file's 50 lines");
    passes("a.txt", &text, &lines[..40].concat());
    passes("a.txt", &lines[..40].concat(), "x\n");
    passes("a.txt", &text, &text.replace("line", "other"));
}

#[test]
fn a_file_is_not_emptied_unasked_however_small() {
    refused("a.txt", "x\ny\n", "", RefusalCode::RemovesTooMuch, "2 of the file's 2 lines");
    refused("a.txt", "x\n", " \n\n", RefusalCode::RemovesTooMuch, "");
    passes("a.txt", "\n\n", "");
    passes("a.txt", "x\ny\n", "z\n");
}

#[test]
fn consent_opens_each_gate() {
    let text = "fn f() {}\n".repeat(50);
    let files: FileSet =
        FileSet { files: [("a.rs".to_owned(), Rope::from_str(&text))].into(), ..FileSet::default() };
    let sets = [change("a.rs", &text, "fn f() {\n")];
    let asked = |consent| check(&sets[0], &files, consent);
    assert_eq!(asked(Consent::default()).expect_err("both").len(), 2);
    let removal = Consent { removal: true, ..Consent::default() };
    assert_eq!(asked(removal).expect_err("syntax")[0].code, RefusalCode::BreaksSyntax);
    let notes = asked(Consent { syntax: true, ..removal }).expect("all consented");
    assert_eq!(notes[0].line, 1);

    let create = ChangeSet { files: vec![FileChange::create("a.rs", "fn a() {}\n")] };
    assert_eq!(check(&create, &files, removal).expect_err("exists")[0].code, RefusalCode::FileExists);
    assert!(check(&create, &files, Consent { overwrite: true, ..removal }).is_ok());
}

#[test]
fn a_new_file_is_checked_as_a_whole() {
    let create = |path: &str, text: &str| {
        check(
            &ChangeSet { files: vec![FileChange::create(path, text)] },
            &FileSet::default(),
            Consent::default(),
        )
    };
    assert!(create("a.rs", "fn a() {}\n").is_ok());
    assert_eq!(create("a.rs", "fn a() {\n").expect_err("open")[0].code, RefusalCode::BreaksSyntax);
    assert!(create("a.rs", "").is_ok());
}

#[test]
fn a_deletion_is_meant_and_a_renamed_file_is_read_by_its_new_name() {
    let text = "def f():\n    pass\n".repeat(50);
    let files = FileSet { files: [("a.py".to_owned(), Rope::from_str(&text))].into(), ..FileSet::default() };
    let checked = |change| check(&ChangeSet { files: vec![change] }, &files, Consent::default());
    assert_eq!(checked(FileChange::delete("a.py")), Ok(Vec::new()));
    let renamed = |after: &str, to: &str| change("a.py", &text, after).files.remove(0).renamed(to);
    assert_eq!(checked(renamed(&text.replacen("f()", "g()", 1), "b.py")), Ok(Vec::new()));
    let refused = checked(renamed(&text.replacen("f()", "f(", 1), "b.py")).expect_err("it breaks");
    assert_eq!(refused[0].path.as_deref(), Some("b.py"));
}

proptest::proptest! {
    #[test]
    fn no_change_panics(before in "[a(){}\n ;é<=>`]{0,20}", after in "(fn a|[a(){}\n ;é<=>`]|\r\n){0,20}") {
        for path in ["a.rs", "a.py", "a.ts", "a.c", "a"] {
            let _ = checked(path, &before, &after);
        }
    }

    #[test]
    fn an_unchanged_text_has_nothing_new(text in "(fn a|[a(){}\n ;]){0,20}", more in "(// x\n){0,3}") {
        let before = format!("{text}\n");
        let after = format!("{more}{before}");
        proptest::prop_assert!(checked("a.rs", &before, &after).is_ok());
    }
}
