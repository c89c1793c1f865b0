use expect_test::{Expect, expect};

use super::*;

fn all() -> Vec<FileEdit> {
    let edit = SpanEdit { span: Span::default(), new_text: "x".to_owned() };
    vec![
        FileEdit::Delete { uri: DocumentUri::new("file:///old") },
        FileEdit::Create { uri: DocumentUri::new("file:///new"), text: "n\n".to_owned() },
        FileEdit::Edit { uri: DocumentUri::new("file:///[a] é"), version: Some(3), edits: vec![edit] },
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
    let profile = Profile {
        document_changes: true,
        create_files: true,
        delete_files: true,
        ..Profile::default()
    };
    check(all(), &profile, &expect![[]]);
}

#[test]
fn clients_without_resource_operations() {
    let profile = Profile { document_changes: true, ..Profile::default() };
    check(all(), &profile, &expect![[]]);
    check(all().split_off(1), &profile, &expect![[]]);
}

#[test]
fn clients_without_document_changes() {
    check(all().split_off(2), &Profile::default(), &expect![[]]);
}

#[test]
fn errors_carry_what_to_do() {
    let problem = Problem::error("ambiguous-place", Category::Edit, "two\u{1b}[1m places").hint("say which");
    let shown = serde_json::to_string(&error(&problem)).unwrap();
    expect![[]].assert_eq(&shown);
}
