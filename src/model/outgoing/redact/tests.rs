//! Marks: as long as the secret, one for each, stable.

use super::*;

const LONG: &str = "Xy7kPq2Lm9Rt4Wv8Zb3Nc6";

fn source(redactor: &Redactor, text: &str) -> String {
    redactor.sources(&[text]).remove(0).text
}

#[test]
fn one_mark_for_a_secret_in_all_texts() {
    let redactor = Redactor::default();
    let texts = [format!("a {LONG} b"), format!("password = '{LONG}'\nsecret = 'Kj4h5Gf6d7S8a9Q1'")];
    let texts = redactor.sources(&texts.each_ref().map(String::as_str));
    assert_eq!(texts[0].text, "a REDACTED-1-xxxxxxxxxxx b");
    assert_eq!(texts[1].text, "password = 'REDACTED-1-xxxxxxxxxxx'\nsecret = 'REDACTED-2-xxxxx'");
    // Later, in another form.
    assert_eq!(source(&redactor, &format!("{LONG}?")), "REDACTED-1-xxxxxxxxxxx?");
    // As a part of a word it is another word.
    assert_eq!(source(&redactor, &format!("{LONG}z")), format!("{LONG}z"));
}

#[test]
fn short_secrets_have_short_marks() {
    let redactor = Redactor::default();
    let check = |password: &str, expected: &str| {
        let text = format!("ftp://me:{password}@h");
        assert_eq!(source(&redactor, &text), format!("ftp://me:{expected}@h"));
        assert_eq!(password.len(), expected.len());
    };
    check("q7Zp9!kLm2", "\u{a4}1-------");
    check("q7Z.", "\u{a4}2-");
    check("q7Z.9!kLm2é", "REDACTED-3-x");
}

#[test]
fn what_looks_like_a_mark_in_a_source_has_a_mark() {
    let redactor = Redactor::default();
    let text = format!("REDACTED-1-xxxxx \u{a4}7-- \u{a4}9 password = '{LONG}'");
    let redacted = source(&redactor, &text);
    assert_eq!(redacted, "REDACTED-2-xxxxx \u{a4}3-- \u{a4}9 password = 'REDACTED-4-xxxxxxxxxxx'");
}

#[test]
fn marks_in_what_a_model_wrote() {
    let redactor = Redactor::default();
    source(&redactor, &format!("password = '{LONG}' ftp://me:q7Z.@h"));
    let check = |text: &str, expected: &[Option<u32>]| {
        let numbers: Vec<_> = redactor.written(text).into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, expected, "{text}");
    };
    check("REDACTED-1-xxxxxxxxxxx REDACTED-1-xxxxxxxxxxxyz", &[Some(1), Some(1)]);
    check("REDACTED-1-xxxxxxxxxxxxx REDACTED-1-xxxxxxxxxxxX \u{a4}2---", &[None, None, None]);
    check("\u{a4}2-, \u{a4}2 and \u{a4}3 cost", &[Some(2)]);
    // Cut, in another case, of no secret: never text for a file.
    check("REDACTED-1-xxx redacted-1-xxxxxxxxxxx REDACTED-9-xxxx \u{a4}--", &[None, None, None, None]);
    check("REDACTED and [REDACTED-]", &[]);
}

#[test]
fn secrets_without_room_for_a_number_have_no_name() {
    let redactor = Redactor::default();
    redactor.known().last = 99;
    let redacted = redactor.sources(&["ftp://me:q7Z.@h ftp://me:q7Z,@h"]).remove(0);
    assert_eq!(redacted.text, "ftp://me:\u{a4}--@h ftp://me:\u{a4}--@h");
    assert!(redacted.marks.iter().all(|mark| mark.number.is_none()));
}
