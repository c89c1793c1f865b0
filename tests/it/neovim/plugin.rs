//! The plugin in a real Neovim: the stories of `plugin/`, played as those of the plain client are.

use std::collections::HashMap;
use std::fs;

use super::{block, configuration, play, play_all, play_with, stories, story};
use crate::support::fake_provider::Act;

/// Two changes of `main.py`, the text behind the first words after a gate.
fn two_changes() -> [String; 3] {
    let first = "main.py\n\n<<<<<<< SEARCH\n    return \"é😀\"\n";
    let rest = "=======\n    return \"É😀\"\n>>>>>>> REPLACE\n\n".to_owned()
        + &block("main.py", "\tpass\n", "\treturn 2\n");
    [first.to_owned(), "@typed".to_owned(), rest]
}

#[tokio::test]
async fn asking_reviewing_undoing() {
    let [first, gate, rest] = two_changes();
    story("plugin/story", &[&[&first, &gate, &rest]]).await;
}

#[tokio::test]
async fn several_files() {
    let files = [
        block("open.py", "def a():\n", "def aé():\n"),
        block("closed.py", "x = 1\n", "x = 2\n"),
        block("new/made.py", "", "y = \"é\"\n\nz = 3\n"),
    ]
    .join("\n");
    let again = block("open.py", "def a():\n", "def aé():\n");
    let other = block("open.py", "def a():\n", "def b():\n");
    let hangs = ["open.py\n\n<<<<<<< SEARCH\n", "@never"];
    story("plugin/files", &[&[&files], &[&again], &[&other], &hangs]).await;
}

#[tokio::test]
async fn restarts_in_the_middle_of_a_review() {
    let [first, gate, rest] = two_changes();
    stories(&["plugin/restart", "plugin/restart"], &[&[&first, &gate, &rest]]).await;
}

#[tokio::test]
async fn nothing_works_and_then_it_does() {
    let [first, gate, rest] = two_changes();
    story("plugin/nothing_works", &[&[&first, &gate, &rest]]).await;
}

#[tokio::test]
async fn buffers_that_are_no_files_or_locked() {
    let [first, gate, rest] = two_changes();
    let other = block("main.py", "    return 3\n", "    return 4\n");
    story("plugin/unfit", &[&[&first, &gate, &rest], &[&other]]).await;
}

#[tokio::test]
async fn looking_and_trusting() {
    let [first, gate, rest] = two_changes();
    let other = block("main.py", "    return 3\n", "    return 4\n");
    story("plugin/looking", &[&[&first, &gate, &rest], &[&other]]).await;
}

#[tokio::test]
async fn providers_that_fail() {
    let body = r#"{"error":{"message":"the key \u001b[31mis wrong"}}"#;
    let refuses = Act::answer(401, "content-type: application/json\r\n", body);
    play("search-replace", "plugin/failing", vec![vec![refuses]], HashMap::new()).await;
    // Port 9 of this machine: nothing listens there.
    let unreachable = |_: &str| configuration("search-replace", "http://127.0.0.1:9/v1");
    play_with(unreachable, "plugin/failing", Vec::new(), HashMap::new()).await;
    // A role without a model, as on a machine on which nothing is configured and nothing found.
    let none = |_: &str| "[roles]\nedit = []\n".to_owned();
    play_with(none, "plugin/failing", Vec::new(), HashMap::new()).await;
}

#[tokio::test]
async fn completing_at_the_cursor() {
    let place = tempfile::tempdir().unwrap();
    let recording = place.path().join("replies.jsonl");
    let reply = r#"{"match": "// rows", "chunks": ["let é = ", "b(\n        c,\n    );", "\n}\n"]}"#;
    fs::write(&recording, reply.to_owned() + "\n" + reply).unwrap();
    let config = |_: &str| {
        format!(
            "[providers.tape]\napi = \"replay\"\nbase_url = '{}'\n\
             [models.filler]\nprovider = \"tape\"\nmodel = \"filler\"\nfill = \"infill\"\n\
             [roles]\ncompletion = [\"filler\"]\n",
            recording.display()
        )
    };
    play_all(config, &["plugin/complete", "plugin/complete"], Vec::new(), HashMap::new()).await;
}

#[tokio::test]
async fn typing_in_a_second_editor() {
    let place = tempfile::tempdir().unwrap();
    let recording = place.path().join("replies.jsonl");
    let reply = r#"{"match": "// rows", "chunks": ["let é = ", "b(\n        c,\n    );", "\n}\n"]}"#;
    fs::write(&recording, [reply; 6].join("\n")).unwrap();
    let config = |_: &str| {
        format!(
            "[providers.tape]\napi = \"replay\"\nbase_url = '{}'\n\
             [models.filler]\nprovider = \"tape\"\nmodel = \"filler\"\nfill = \"infill\"\n\
             [roles]\ncompletion = [\"filler\"]\n",
            recording.display()
        )
    };
    play_all(config, &["plugin/keys"], Vec::new(), HashMap::new()).await;
}

#[tokio::test]
async fn two_folders_with_a_server_each() {
    let change = block("main.py", "    return \"é😀\"\n", "    return \"É😀\"\n");
    let other = block("main.py", "    return 3\n", "    return 4\n");
    story("plugin/two_folders", &[&[&change], &[&other]]).await;
}

#[tokio::test]
async fn buffers_that_come_and_go() {
    let odd = block("[id].py", "x = 1\n", "x = 2\n");
    let both = block("main.py", "    return \"é😀\"\n", "    return \"É😀\"\n")
        + "\n"
        + &block("main.py", "\tpass\n", "\treturn 2\n");
    let long = block("long.txt", "word\n", &format!("{}end\n", "a long line of words ".repeat(20)));
    story("plugin/buffers", &[&[&odd], &[&both], &[&both], &[&long]]).await;
}

#[tokio::test]
async fn a_server_that_goes_at_a_bad_moment() {
    let [first, gate, rest] = two_changes();
    let hangs = ["main.py\n\n<<<<<<< SEARCH\n", "@never"];
    story("plugin/gone", &[&[&first, &gate, &rest], &hangs]).await;
}

#[tokio::test]
async fn its_parts() {
    story("plugin/specs", &[]).await;
}
