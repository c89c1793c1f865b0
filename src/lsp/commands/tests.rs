use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

fn check(name: &str, arguments: Value, expected: &Expect) {
    let shown = match parse(name, Some(arguments)) {
        Ok(command) => format!("{command:?}"),
        Err(problem) => format!("{}: {problem}", problem.code),
    };
    expected.assert_eq(&shown);
}

#[test]
fn an_edit_as_object_or_as_json_text() {
    let object = json!({"uri": "file:///[a] é", "instruction": "make it async", "mode": "auto",
        "range": {"start": {"line": 1, "character": 2}, "end": {"line": 3, "character": 4}}});
    let expected = expect![[]];
    check("tenon.edit", json!([object]), &expected);
    check("tenon.edit", json!([object.to_string()]), &expected);
    check("tenon.edit", json!([[object]]), &expected);
    check("tenon.edit", object, &expected);
}

#[test]
fn an_edit_in_words() {
    let expected = expect![[]];
    check("tenon.edit", json!(["/a b.rs", 3, 5, "make it", "async"]), &expected);
    check("tenon.edit", json!(["/a b.rs", "3", "5", "make", "it", "async"]), &expected);
    check("tenon.edit", json!([r#"["/a b.rs", 3, 5, "make it async"]"#]), &expected);
    check("tenon.edit", json!(["untitled:1", "add 2", 3]), &expect![[]]);
    check("tenon.edit", json!(["C:\\a.rs", "shorter"]), &expect![[]]);
}

#[test]
fn an_intent_by_name() {
    check("tenon.edit", json!([{"path": "a.rs", "intent": "comment"}]), &expect![[]]);
}

#[test]
fn wrong_edits() {
    check("tenon.edit", json!([]), &expect![[]]);
    check("tenon.edit", json!(["a.rs"]), &expect![[]]);
    check("tenon.edit", json!(["a.rs", 3, "words"]), &expect![[]]);
    check("tenon.edit", json!(["a.rs", 5, 3, "words"]), &expect![[]]);
    check("tenon.edit", json!(["a.rs", 0, 3, "words"]), &expect![[]]);
    check("tenon.edit", json!([{"path": "a.rs", "instuction": "x"}]), &expect![[]]);
    check("tenon.edit", json!([{"instruction": "x"}]), &expect![[]]);
    check("tenon.edit", json!([{"path": "a", "intent": "comment", "instruction": "x"}]), &expect![[]]);
}

#[test]
fn fixes() {
    let diagnostic = json!({"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
        "message": "bad", "source": "lint", "code": 1.5});
    check("tenon.fix", json!([{"uri": "file:///a", "diagnostics": [diagnostic]}]), &expect![[]]);
    check("tenon.fix", json!(["a.rs", 1, 2]), &expect![[]]);
    check("tenon.fix", json!([{"uri": "file:///a", "diagnostics": [{}]}]), &expect![[]]);
}

#[test]
fn decisions() {
    check("tenon.cancel", json!([]), &expect![[]]);
    check("tenon.cancel", json!([7]), &expect![[]]);
    check("tenon.cancel", json!([{"taskId": "t1"}]), &expect![[]]);
    check("tenon.accept", json!([null]), &expect![[]]);
    check("tenon.accept", json!(["p1", "2"]), &expect![[]]);
    check("tenon.accept", json!([{"proposal": "p1", "path": "a.rs", "hunk": 2}]), &expect![[]]);
    check("tenon.accept", json!([{"hnuk": 2}]), &expect![[]]);
    check("tenon.reject", json!([{}]), &expect![[]]);
    check("tenon.undo", json!(["p1"]), &expect![[]]);
    check("tenon.redo", json!([{}]), &expect![[]]);
    check("tenon.show", json!([{"open": true}]), &expect![[]]);
    check("tenon.status", json!([]), &expect![[]]);
    check("tenon.status", json!([1]), &expect![[]]);
    check("tenon.dance", json!([]), &expect![[]]);
}
