//! What the editor gets for each kind of change, mark and notice.

use expect_test::{Expect, expect};

use super::*;

fn all() -> Vec<FileEdit> {
    let edit = SpanEdit { span: Span::default(), new_text: "x".to_owned() };
    vec![
        FileEdit::Delete { uri: DocumentUri::new("file:///old"), base: None },
        FileEdit::Create { uri: DocumentUri::new("file:///new"), text: "n\n".to_owned() },
        FileEdit::Edit {
            uri: DocumentUri::new("file:///[a] é"),
            version: Some(3),
            base: None,
            edits: vec![edit],
        },
    ]
}

fn check(files: Vec<FileEdit>, profile: &Profile, expected: &Expect) {
    let shown = match workspace_edit(files, profile) {
        Ok(edit) => serde_json::to_string(&edit).unwrap(),
        Err(reason) => reason.to_owned(),
    };
    expected.assert_eq(&shown.replace("},", "},\n"));
}

#[test]
fn texts_come_first_and_creations_do_no_harm() {
    let profile =
        Profile { document_changes: true, create_files: true, delete_files: true, ..Profile::default() };
    check(
        all(),
        &profile,
        &expect![[r#"
            {"documentChanges":[{"textDocument":{"version":3,"uri":"file:///[a] é"},
            "edits":[{"range":{"start":{"line":0,"character":0},
            "end":{"line":0,"character":0}},
            "newText":"x"}]},
            {"uri":"file:///new","options":{"ignoreIfExists":true},
            "kind":"create"},
            {"textDocument":{"version":null,"uri":"file:///new"},
            "edits":[{"range":{"start":{"line":0,"character":0},
            "end":{"line":1,"character":0}},
            "newText":"n\n"}]},
            {"uri":"file:///old","options":{"ignoreIfNotExists":true},
            "kind":"delete"}]}"#]],
    );
}

#[test]
fn files_are_renamed_only_to_where_nothing_is() {
    let from = DocumentUri::new("file:///a");
    let rename = || FileEdit::Rename { from: from.clone(), to: DocumentUri::new("file:///b"), base: None };
    let delete = FileEdit::Delete { uri: DocumentUri::new("file:///old"), base: None };
    let profile =
        Profile { document_changes: true, delete_files: true, rename_files: true, ..Profile::default() };
    check(
        vec![delete, rename()],
        &profile,
        &expect![[r#"
            {"documentChanges":[{"oldUri":"file:///a","newUri":"file:///b","options":{"overwrite":false},
            "kind":"rename"},
            {"uri":"file:///old","options":{"ignoreIfNotExists":true},
            "kind":"delete"}]}"#]],
    );
    let profile = Profile { document_changes: true, ..Profile::default() };
    check(vec![rename()], &profile, &expect!["the editor cannot rename files"]);
}

#[test]
fn clients_without_resource_operations() {
    let profile = Profile { document_changes: true, ..Profile::default() };
    check(all(), &profile, &expect!["the editor cannot delete files"]);
    check(
        all().split_off(1),
        &profile,
        &expect![[r#"
        {"documentChanges":[{"textDocument":{"version":null,"uri":"file:///new"},
        "edits":[{"range":{"start":{"line":0,"character":0},
        "end":{"line":1,"character":0}},
        "newText":"n\n"}]},
        {"textDocument":{"version":3,"uri":"file:///[a] é"},
        "edits":[{"range":{"start":{"line":0,"character":0},
        "end":{"line":0,"character":0}},
        "newText":"x"}]}]}"#]],
    );
}

#[test]
fn clients_without_document_changes() {
    check(
        all().split_off(2),
        &Profile::default(),
        &expect![[r#"
        {"changes":{"file:///[a] é":[{"range":{"start":{"line":0,"character":0},
        "end":{"line":0,"character":0}},
        "newText":"x"}]}}"#]],
    );
}

#[test]
fn errors_carry_what_to_do() {
    let problem = Problem::error("ambiguous-place", Category::Edit, "two\u{1b}[1m places").hint("say which");
    let shown = serde_json::to_string(&error(&problem)).unwrap();
    expect![[r#"{"code":-32803,"message":"two\\u{1b}[1m places","data":{"category":"edit","code":"ambiguous-place","hint":"say which","severity":"error"}}"#]].assert_eq(&shown);
}
