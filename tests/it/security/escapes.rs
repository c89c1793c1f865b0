//! Text of models and files drives no terminal and no editor: what is not seen is written out.

use serde_json::{Value, json};
use tenon::problem::is_unseen;

use super::{Machine, ask, leave};

/// Sets a title, clears the screen, writes in a colour of ours, turns the text around, hides.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31m\u{9b}31m\u{202e}\u{200b}\u{fe00}\u{e0041}";

fn hostile_reply() -> String {
    format!("{HOSTILE}\n\na.txt\n<<<<<<< SEARCH\none\n=======\nONE {HOSTILE}\n>>>>>>> REPLACE\n")
}

#[track_caller]
fn check(text: &str) {
    // The marks of the bait by name: the judge is not to be the one who is judged.
    let is_bait = |c: char| {
        (c.is_control() && c != '\t') || ['\u{202e}', '\u{200b}', '\u{fe00}', '\u{e0041}'].contains(&c)
    };
    let unseen = text.chars().find(|c| *c != '\n' && (is_bait(*c) || is_unseen(*c)));
    assert_eq!(unseen, None, "{text:?}");
}

/// Terminal escapes: in a diff, in refusals, in files and names of a workspace, in what is asked about trust.
#[tokio::test]
async fn a_terminal_is_never_driven() {
    let machine =
        Machine::new(&[&hostile_reply(), &format!("{HOSTILE}no edit at all"), &hostile_reply()]).await;
    machine.write("a.txt", &format!("one\n{HOSTILE}\n"));
    machine.write(
        ".tenon.toml",
        &format!("# {HOSTILE}\n\"{HOSTILE}\" = 1\n").replace(['\u{1b}', '\u{7}'], "\u{9b}"),
    );
    let instruction = format!("do it {HOSTILE}");
    let proposed = machine.run(&["edit", "--json", &instruction, "a.txt"]).await;
    assert_eq!(proposed.code, Some(0), "{}", proposed.stderr);
    check(&proposed.stdout);
    for arguments in [
        &["edit", "--yes", &instruction, "a.txt"][..],
        &["edit", &instruction, "a.txt"],
        &["edit", "--show-prompt", &instruction, "a.txt"],
        &["edit", "--show-prompt", "--json", &instruction, "a.txt"],
        &["trust", "--show"],
        &["trust", "--json"],
        &["config"],
        &["doctor"],
    ] {
        let ran = machine.run(arguments).await;
        check(&ran.stdout);
        check(&ran.stderr);
    }
}

/// Editor escapes: in messages, diagnostics, lenses, actions, progress, notices and answers.
#[tokio::test]
async fn an_editor_is_never_driven() {
    let machine = Machine::new(&[&hostile_reply()]).await;
    machine.write("a.txt", &format!("one\n{HOSTILE}\n"));
    let editor = machine.editor(json!({"tenon": {"events": true}})).await;
    let end = ask(&machine, &editor).await;
    assert_eq!(end["kind"], "finished", "{end}");
    let uri = machine.uri("a.txt");
    let document = json!({"uri": uri});
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}});
    let actions = json!({"textDocument": document, "range": range, "context": {"diagnostics": []}});
    let mut seen = editor.client.unclaimed();
    seen.push(editor.client.request("textDocument/codeAction", actions).await.unwrap());
    seen.push(
        editor.client.request("textDocument/codeLens", json!({"textDocument": document})).await.unwrap(),
    );
    seen.push(editor.client.command("tenon.show", json!([])).await.unwrap());
    seen.push(editor.client.command("tenon.status", json!([])).await.unwrap());
    let unknown = json!([{"proposal": HOSTILE}]);
    seen.push(editor.client.command("tenon.show", unknown).await.unwrap_err());
    let mut n_texts = 0;
    for message in &seen {
        every_text(message, &mut n_texts);
    }
    assert!(n_texts > 20, "something was looked at");
    leave(editor).await;
}

/// Checks every text but those that go into a document, or are of one: `before` and `after` are for buffers.
fn every_text(value: &Value, n_texts: &mut usize) {
    match value {
        Value::String(text) => {
            *n_texts += 1;
            check(text);
        }
        Value::Array(items) => items.iter().for_each(|item| every_text(item, n_texts)),
        Value::Object(members) => {
            let is_document = |name: &str| matches!(name, "newText" | "before" | "after");
            let shown = members.iter().filter(|(name, _)| !is_document(name));
            shown.for_each(|(_, item)| every_text(item, n_texts));
        }
        _ => {}
    }
}
