//! Impact, each on a text before and a text after.

use super::*;
use crate::diff::{Evidence, Hunk};

#[track_caller]
fn check(path: &str, before: &str, after: &str, expected: &[&str]) {
    let hunk = Hunk {
        range: 0..before.len(),
        insert: after.to_owned(),
        evidence: Evidence::EXACT,
        line: 1,
        block: 0,
    };
    let changes = ChangeSet { files: vec![FileChange::modify(path, vec![hunk]).expect("one hunk")] };
    let files = [(path.to_owned(), Rope::from_str(before))].into();
    let mut found = impact(&changes, &FileSet { files, ..FileSet::default() });
    let found: Vec<String> = found.remove(path).unwrap_or_default().iter().map(Impact::to_string).collect();
    assert_eq!(found, expected);
}

const STORE: &str = "struct Store {\n    a: u8,\n}\n\nimpl Store {\n    fn get(&self) -> u8 {\n        self.a\n    }\n}\n\nfn main() {}\n";

#[test]
fn what_is_not_touched_has_no_impact() {
    check("a.rs", STORE, STORE, &[]);
    check("a.rs", STORE, &STORE.replace("    ", "\t"), &[]);
    check("a.rs", STORE, &format!("// why\n{STORE}"), &[]);
    check("a.txt", STORE, "", &[]);
}

#[test]
fn methods_have_their_type_before_their_name() {
    let body = STORE.replace("self.a\n", "self.a + 1\n");
    check("a.rs", STORE, &body, &["changes the body of method Store::get"]);
    let signature = STORE.replace("(&self)", "(&mut self)");
    check("a.rs", STORE, &signature, &["changes the signature of method Store::get"]);
    let field = STORE.replace("a: u8,", "a: u8, b: u8,");
    check("a.rs", STORE, &field, &["changes the body of struct Store"]);
    let more = STORE.replace("fn main", "fn more() {}\n\nfn main");
    check("a.rs", STORE, &more, &["adds function more"]);
    check("a.rs", &more, STORE, &["removes function more"]);
    check(
        "a.rs",
        STORE,
        &format!("{STORE}\nimpl Default for Store {{\n    fn default() -> Self {{ todo!() }}\n}}\n"),
        &["adds impl Default for Store", "adds method Store::default"],
    );
}

#[test]
fn other_languages() {
    let python = "class A:\n    def f(self):\n        return 1\n\ndef g():\n    pass\n";
    check("a.py", python, &python.replace("return 1", "return 2"), &["changes the body of method A.f"]);
    check("a.py", python, &python.replace("def g()", "def g(x)"), &["changes the signature of function g"]);
    let indented = python.replace("        return 1", "        if x:\n            return 1");
    check("a.py", python, &indented, &["changes the body of method A.f"]);
    let go = "package p\n\nfunc (s *Store[K]) Get(k K) int {\n\treturn 1\n}\n";
    check("a.go", go, &go.replace("return 1", "return 2"), &["changes the body of method Store.Get"]);
    let script = "class A { m() { return 1; } }\nexport const f = (x: number) => x + 1;\n";
    let changed = script.replace("return 1", "return 2").replace("x + 1", "x + 2");
    let expected = ["changes the body of method A.m", "changes the body of function f"];
    check("a.ts", script, &changed, &expected);
}

#[test]
fn renames_are_told_when_there_is_no_doubt() {
    check("a.rs", STORE, &STORE.replace("get", "value"), &["renames method Store::get to Store::value"]);
    check("a.rs", STORE, &STORE.replace("Store", "Shop"), &["renames struct Store to Shop"]);
    let recursive = "fn count(n: u8) -> u8 {\n    if n == 0 { 0 } else { count(n - 1) }\n}\n";
    check("a.rs", recursive, &recursive.replace("count", "sum"), &["renames function count to sum"]);
    // Two that are alike: nobody can tell which is which.
    let two = recursive.replace("count", "b") + &recursive.replace("count", "c");
    check("a.rs", recursive, &two, &["adds function b", "adds function c", "removes function count"]);
    check("a.rs", "fn a(x: u8) {}\n", "fn b(y: &str) {}\n", &["adds function b", "removes function a"]);
}

#[test]
fn a_created_file_adds_its_symbols() {
    let changes = ChangeSet { files: vec![FileChange::create("a.py", "def f(): pass\n")] };
    let found = impact(&changes, &FileSet::default());
    let json = serde_json::to_value(&found["a.py"]).unwrap();
    assert_eq!(json, serde_json::json!([{ "symbol": "f", "kind": "function", "change": "added" }]));
}

#[test]
fn a_deleted_file_takes_its_symbols_along() {
    let changes = ChangeSet { files: vec![FileChange::delete("a.rs")] };
    let files = [("a.rs".to_owned(), Rope::from_str("fn f() {}\n"))].into();
    let found = impact(&changes, &FileSet { files, ..FileSet::default() });
    assert_eq!(summary(&found["a.rs"]), "removes function f");
}

#[test]
fn a_summary_is_short() {
    let one = |name: &str| Impact {
        symbol: name.to_owned(),
        kind: SymbolKind::Function,
        change: Effect::Added,
        from: None,
    };
    assert_eq!(summary(&[]), "");
    let many: Vec<Impact> = ["a", "b", "c", "d", "e"].map(one).into();
    assert_eq!(summary(&many), "adds function a, adds function b, adds function c, and 2 more");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(
        before in "(fn [a-c]\\(\\)|impl [a-c]|struct [a-c]|[{};\n é]){0,20}",
        after in "(fn [a-c]\\(\\)|impl [a-c]|struct [a-c]|[{};\n é]){0,20}",
    ) {
        for path in ["a.rs", "a.go", "a.py", "a.tsx"] {
            let changes = ChangeSet { files: vec![FileChange::create(path, after.clone())] };
            let files = [(path.to_owned(), Rope::from_str(&before))].into();
            let _ = impact(&changes, &FileSet { files, ..FileSet::default() });
        }
    }
}
