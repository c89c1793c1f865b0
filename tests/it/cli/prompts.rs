//! `tenon edit --show-prompt` and `--record`: what is sent can be seen, and what came back can be played again.

use std::fs;

use super::{Place, Ran};

const PASSWORD: &str = "Xy7kPq2Lm9Rt4Wv8";
const MARK: &str = "REDACTED-1-xxxxx";

fn text() -> String {
    format!("fn a() {{}}\nconst PASSWORD: &str = \"{PASSWORD}\";\n")
}

/// A place with a file, and a model that answers from `recording`.
fn place(recording: &str) -> Place {
    let place = Place::new("");
    let tape = place.path("tape.jsonl");
    fs::write(&tape, recording).unwrap();
    let config = format!(
        "[providers.tape]\napi = \"replay\"\nbase_url = {:?}\n[models.coder]\nprovider = \"tape\"\nmodel = \"coder\"\n\
         [roles]\nedit = [\"coder\"]\n",
        tape.to_str().unwrap()
    );
    fs::write(place.path("config.toml"), config).unwrap();
    fs::write(place.path("workspace/a.rs"), text()).unwrap();
    place
}

fn reply() -> String {
    let line = format!("const PASSWORD: &str = \"{MARK}\";");
    let new = line.replace("const", "static");
    let block = format!("a.rs\n<<<<<<< SEARCH\n{line}\n=======\n{new}\n>>>>>>> REPLACE\n");
    let (first, rest) = block.split_at(60);
    serde_json::json!({ "chunks": [first, rest] }).to_string() + "\n"
}

fn edit(place: &Place, flags: &[&str]) -> Ran {
    let instruction = format!("make it static, not {PASSWORD}");
    place.run(&[&["edit"], flags, &[&instruction, "a.rs"]].concat())
}

#[test]
fn the_prompt_is_shown_and_nothing_is_sent() {
    let place = place(&reply());
    let shown = edit(&place, &["--show-prompt"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.starts_with("Would be sent to coder of tape, about "), "{shown:?}");
    for part in
        ["Redacted: secret value, message 1, line ", "----- system -----", MARK, "make it static, not RED"]
    {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
    assert!(!format!("{shown:?}").contains(PASSWORD), "{shown:?}");
    let json = edit(&place, &["--show-prompt", "--json"]).json();
    assert_eq!(json["status"], "shown");
    assert_eq!(json["prompts"][0]["sent"], false);
    assert!(json["prompts"][0]["messages"][0]["text"].as_str().unwrap().contains(MARK));
    assert_eq!(fs::read_to_string(place.path("workspace/a.rs")).unwrap(), text());
    // The one reply is still there: it was not asked for.
    assert_eq!(edit(&place, &["--yes"]).code, Some(0));
}

#[test]
fn a_private_file_is_not_even_shown() {
    let place = place(&reply());
    fs::write(place.path("workspace/.env"), "A=1\n").unwrap();
    let refused = place.run(&["edit", "--show-prompt", "--json", "do it", ".env"]);
    assert_eq!((refused.code, &refused.json()["errors"][0]["code"]), (Some(2), &"private-file".into()));
}

#[test]
fn a_recorded_session_plays_the_same_edit_again() {
    let first = place(&reply());
    let recorded = edit(&first, &["--yes", "--record", "../session.jsonl"]);
    assert_eq!(recorded.code, Some(0), "{recorded:?}");
    assert!(recorded.stderr.contains("every reply is recorded in ../session.jsonl"), "{recorded:?}");
    let after = fs::read_to_string(first.path("workspace/a.rs")).unwrap();
    assert_eq!(after, text().replace("const", "static"));
    let recording = fs::read_to_string(first.path("session.jsonl")).unwrap();
    assert!(!recording.contains(PASSWORD) && recording.contains(MARK), "{recording}");
    let again = place(&recording);
    let played = edit(&again, &["--yes"]);
    assert_eq!(played.code, Some(0), "{played:?}");
    assert_eq!(fs::read_to_string(again.path("workspace/a.rs")).unwrap(), after);
    // Another request is not answered by it.
    let other = place(&recording).run(&["edit", "--yes", "--json", "something else", "a.rs"]);
    assert_eq!(other.json()["errors"][0]["code"], "model-no-recording");
}

#[test]
fn a_recording_is_never_overwritten_and_then_nothing_is_asked() {
    let place = place(&reply());
    fs::write(place.path("old.jsonl"), "mine").unwrap();
    let refused = edit(&place, &["--yes", "--json", "--record", "../old.jsonl"]);
    assert_eq!(refused.json()["errors"][0]["code"], "recording-failed");
    assert_eq!(fs::read_to_string(place.path("old.jsonl")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(place.path("workspace/a.rs")).unwrap(), text());
}

#[test]
fn a_folder_for_recordings_gets_a_file_for_each_session() {
    let place = place(&reply());
    let config = fs::read_to_string(place.path("config.toml")).unwrap();
    fs::write(place.path("config.toml"), config + "[recorder]\nfolder = \"tapes\"\n").unwrap();
    let edited = edit(&place, &["--yes"]);
    assert_eq!(edited.code, Some(0), "{edited:?}");
    let files: Vec<_> = fs::read_dir(place.path("tapes")).unwrap().collect();
    let file = files[0].as_ref().unwrap().path();
    let name = file.file_stem().unwrap().to_str().unwrap();
    assert!(files.len() == 1 && name.starts_with("recording-2"), "{name}");
    assert_eq!(file.extension().unwrap(), "jsonl");
}

#[test]
fn a_file_that_was_named_is_sent_or_refused_never_left_out() {
    let place = place(&reply());
    fs::write(place.path(".env"), "A=1\n").unwrap();
    for (name, code) in [(".env", "private-file"), ("gone.rs", "unknown-document")] {
        let ran = place.run(&["edit", "make it static", "a.rs", name, "--show-prompt"]);
        assert_ne!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains(&format!("error[{code}]")) && ran.stderr.contains(name), "{ran:?}");
    }
}

#[test]
fn a_recording_that_changed_plays_the_new_reply() {
    let place = place(&reply());
    assert_eq!(edit(&place, &["--yes"]).code, Some(0));
    fs::write(place.path("workspace/a.rs"), text()).unwrap();
    fs::write(place.path("tape.jsonl"), reply().replace("static PASS", "pub const PASS")).unwrap();
    assert_eq!(edit(&place, &["--yes"]).code, Some(0));
    let after = fs::read_to_string(place.path("workspace/a.rs")).unwrap();
    assert_eq!(after, text().replace("const", "pub const"));
}
