//! The arguments of every command, right and wrong.

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
    let expected = expect![[
        r#"Edit(EditRequest { target: Uri(DocumentUri("file:///[a] é")), region: Some(Span(Span { start: Position { line: 1, character: 2 }, end: Position { line: 3, character: 4 } })), intent: Instruction("make it async"), auto: Some(true), also: [], consent: [] })"#
    ]];
    check("tenon.edit", json!([object]), &expected);
    check("tenon.edit", json!([object.to_string()]), &expected);
    check("tenon.edit", json!([[object]]), &expected);
    check("tenon.edit", object, &expected);
}

#[test]
fn an_edit_in_words() {
    let expected = expect![[
        r#"Edit(EditRequest { target: Path("/a b.rs"), region: Some(Lines(3, 5)), intent: Instruction("make it async"), auto: None, also: [], consent: [] })"#
    ]];
    check("tenon.edit", json!(["/a b.rs", 3, 5, "make it", "async"]), &expected);
    check("tenon.edit", json!(["/a b.rs", "3", "5", "make", "it", "async"]), &expected);
    check("tenon.edit", json!([r#"["/a b.rs", 3, 5, "make it async"]"#]), &expected);
    check(
        "tenon.edit",
        json!(["untitled:1", "add 2", 3]),
        &expect![[
            r#"Edit(EditRequest { target: Uri(DocumentUri("untitled:1")), region: None, intent: Instruction("add 2 3"), auto: None, also: [], consent: [] })"#
        ]],
    );
    check(
        "tenon.edit",
        json!(["C:\\a.rs", "shorter"]),
        &expect![[
            r#"Edit(EditRequest { target: Path("C:\\a.rs"), region: None, intent: Instruction("shorter"), auto: None, also: [], consent: [] })"#
        ]],
    );
}

#[test]
fn an_intent_by_name() {
    check(
        "tenon.edit",
        json!([{"path": "a.rs", "intent": "comment"}]),
        &expect![[
            r#"Edit(EditRequest { target: Path("a.rs"), region: None, intent: Comment, auto: None, also: [], consent: [] })"#
        ]],
    );
}

#[test]
fn wrong_edits() {
    check(
        "tenon.edit",
        json!([]),
        &expect![
            "invalid-arguments: wrong arguments for `tenon.edit`: the first argument must be a path or a URI"
        ],
    );
    check(
        "tenon.edit",
        json!(["a.rs"]),
        &expect!["invalid-arguments: wrong arguments for `tenon.edit`: the instruction is empty"],
    );
    check(
        "tenon.edit",
        json!(["a.rs", 3, "words"]),
        &expect!["invalid-arguments: wrong arguments for `tenon.edit`: a start line needs an end line"],
    );
    check(
        "tenon.edit",
        json!(["a.rs", 5, 3, "words"]),
        &expect![
            "invalid-arguments: wrong arguments for `tenon.edit`: lines are counted from 1, the first before the last"
        ],
    );
    check(
        "tenon.edit",
        json!(["a.rs", 0, 3, "words"]),
        &expect![
            "invalid-arguments: wrong arguments for `tenon.edit`: lines are counted from 1, the first before the last"
        ],
    );
    check(
        "tenon.edit",
        json!([{"path": "a.rs", "instuction": "x"}]),
        &expect![
            "invalid-arguments: wrong arguments for `tenon.edit`: unknown field `instuction`, expected one of `uri`, `path`, `range`, `instruction`, `intent`, `mode`, `consent`"
        ],
    );
    check(
        "tenon.edit",
        json!([{"instruction": "x"}]),
        &expect!["invalid-arguments: wrong arguments for `tenon.edit`: one of `uri` and `path` is needed"],
    );
    check(
        "tenon.edit",
        json!([{"path": "a", "intent": "comment", "instruction": "x"}]),
        &expect![
            "invalid-arguments: wrong arguments for `tenon.edit`: one of `instruction` and `intent` is needed"
        ],
    );
}

#[test]
fn fixes() {
    let diagnostic = json!({"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
        "message": "bad", "source": "lint", "code": 1.5});
    check(
        "tenon.fix",
        json!([{"uri": "file:///a", "diagnostics": [diagnostic]}]),
        &expect![[
            r#"Edit(EditRequest { target: Uri(DocumentUri("file:///a")), region: None, intent: Fix([Finding { span: Span { start: Position { line: 0, character: 0 }, end: Position { line: 0, character: 1 } }, message: "bad", source: Some("lint") }]), auto: None, also: [], consent: [] })"#
        ]],
    );
    check(
        "tenon.fix",
        json!(["a.rs", 1, 2]),
        &expect![[
            r#"Edit(EditRequest { target: Path("a.rs"), region: Some(Lines(1, 2)), intent: Fix([]), auto: None, also: [], consent: [] })"#
        ]],
    );
    check(
        "tenon.fix",
        json!([{"uri": "file:///a", "diagnostics": [{}]}]),
        &expect![
            "invalid-arguments: wrong arguments for `tenon.fix`: a diagnostic has no range or no message"
        ],
    );
}

#[test]
fn decisions() {
    check("tenon.cancel", json!([]), &expect!["Cancel { task: None }"]);
    check("tenon.cancel", json!([7]), &expect![[r#"Cancel { task: Some("7") }"#]]);
    check("tenon.cancel", json!([{"taskId": "t1"}]), &expect![[r#"Cancel { task: Some("t1") }"#]]);
    check(
        "tenon.accept",
        json!([null]),
        &expect!["Accept(Selection { proposal: None, path: None, hunk: None })"],
    );
    check(
        "tenon.accept",
        json!(["p1", "2"]),
        &expect![[r#"Accept(Selection { proposal: Some("p1"), path: None, hunk: Some(2) })"#]],
    );
    check(
        "tenon.accept",
        json!([{"proposal": "p1", "path": "a.rs", "hunk": 2}]),
        &expect![[r#"Accept(Selection { proposal: Some("p1"), path: Some("a.rs"), hunk: Some(2) })"#]],
    );
    check(
        "tenon.accept",
        json!([{"hnuk": 2}]),
        &expect![
            "invalid-arguments: wrong arguments for `tenon.accept`: unknown field `hnuk`, expected one of `proposal`, `path`, `hunk`, `confirm`"
        ],
    );
    check(
        "tenon.reject",
        json!([{}]),
        &expect!["Reject(Selection { proposal: None, path: None, hunk: None })"],
    );
    let which = |json, expected: &Expect| check("tenon.undo", json, expected);
    which(
        json!(["p1"]),
        &expect![[r#"Undo(Which { proposal: Some("p1"), operation: None, merge: false })"#]],
    );
    which(json!(["o17"]), &expect!["Undo(Which { proposal: None, operation: Some(17), merge: false })"]);
    which(
        json!([{"operation": 17, "merge": true}]),
        &expect!["Undo(Which { proposal: None, operation: Some(17), merge: true })"],
    );
    check(
        "tenon.redo",
        json!([{}]),
        &expect!["Redo(Which { proposal: None, operation: None, merge: false })"],
    );
    check(
        "tenon.accept",
        json!([{"confirm": true}]),
        &expect!["Preview(Selection { proposal: None, path: None, hunk: None })"],
    );
    check("tenon.history", json!(["a.rs"]), &expect![[r#"History { path: Some("a.rs") }"#]]);
    check("tenon.previous", json!([]), &expect!["Step(Step { from: None, line: 0, back: true })"]);
    check(
        "tenon.show",
        json!([{"open": true}]),
        &expect!["Show { proposal: None, open: true, texts: false }"],
    );
    check("tenon.status", json!([]), &expect!["Status"]);
    check("tenon.prompt", json!([]), &expect!["Prompt { task: None, open: false }"]);
    check("tenon.prompt", json!(["t2"]), &expect![[r#"Prompt { task: Some("t2"), open: false }"#]]);
    check(
        "tenon.status",
        json!([1]),
        &expect!["invalid-arguments: wrong arguments for `tenon.status`: too many arguments"],
    );
    check("tenon.dance", json!([]), &expect!["unknown-command: there is no command `tenon.dance`"]);
}
