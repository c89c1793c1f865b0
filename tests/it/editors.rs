//! Editors that no registry has, played from what they were recorded or read to do: Helix, Kate and Zed, each from its
//! first request to an accepted change, by the means that it has.

use std::time::Instant;

use serde_json::{Value, json};
use tenon::model::scripted::{Gate, Step};

use crate::support::client::{Peer, within};
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo 😀\nthree\nfour\nfive\n";

/// The code actions of a line, from zero.
async fn actions(session: &Session, uri: &str, line: usize) -> Vec<Value> {
    let at = json!({"line": line, "character": 0});
    let params = json!({"textDocument": {"uri": uri}, "range": {"start": at, "end": at},
        "context": {"diagnostics": [], "triggerKind": 1}});
    let answer = session.editor.client.request("textDocument/codeAction", params).await.unwrap();
    answer.as_array().unwrap().clone()
}

fn titled<'a>(actions: &'a [Value], title: &str) -> &'a Value {
    actions.iter().find(|action| action["title"] == title).unwrap_or_else(|| panic!("{title}: {actions:#?}"))
}

fn gone(message: &Value) -> bool {
    message["params"]["diagnostics"].as_array().is_some_and(Vec::is_empty)
}

/// Helix gives every request 20 seconds, commands too; what is typed into its command line comes as words; every action
/// is resolved before it is shown.
#[tokio::test]
async fn helix_asks_by_its_command_line_and_decides_by_actions() {
    let session = Session::start(Peer::Helix).await;
    let uri = session.open("a.txt", TEXT);
    let path = session.folder.path().join("a.txt").display().to_string();
    let gate = Gate::default();
    session.model.push([
        Step::Wait(gate.clone()),
        Step::text(block("a.txt", "two 😀\n", "2\n") + &block("new.txt", "", "made\n")),
        Step::finish(),
    ]);
    // The macro of `editors/helix/config.toml`, and what was typed behind it; numbers come as text.
    let words = json!([path, "2", "3", "make", "it", "a", "number"]);
    let begun = Instant::now();
    let answer = session.editor.client.command("tenon.edit", words).await.unwrap();
    assert!(answer["task"].is_string() && begun.elapsed().as_secs() < 5, "{answer}");
    // While the model is slow, everything else is answered too.
    within("the gate", gate.reached()).await;
    assert_eq!(
        titled(&actions(&session, &uri, 0).await, "Cancel: make it a number")["disabled"],
        json!(null)
    );
    session.editor.replace(&uri, "one\n", "zero\none\n");
    gate.open();
    session.proposal().await;

    let place = json!([format!("file://{path}"), "1"]);
    let next = session.editor.client.command("tenon.next", place).await.unwrap();
    assert_eq!((&next["line"], &next["hunk"]), (&json!(3), &json!(0)), "{next}");

    let offered = actions(&session, &uri, 2).await;
    for action in &offered {
        let resolved = session.editor.client.request("codeAction/resolve", action.clone()).await;
        assert_eq!(resolved.as_ref(), Ok(action), "it is complete as it is");
    }
    let all = titled(&offered, "Apply all 2 changes: make it a number");
    let command = &all["command"];
    session
        .editor
        .client
        .command(command["command"].as_str().unwrap(), command["arguments"].clone())
        .await
        .unwrap();
    session.event("applied").await;
    assert_eq!(session.editor.text(&uri), TEXT.replace("two 😀", "2").replace("one", "zero\none"));
    assert_eq!(session.text("new.txt").as_deref(), Some("made\n"), "created, and not emptied");
    // `:lsp-workspace-command tenon.undo` sends no arguments at all.
    session
        .editor
        .client
        .request("workspace/executeCommand", json!({"command": "tenon.undo"}))
        .await
        .unwrap();
    session.event("undone").await;
    assert_eq!(session.editor.text(&uri), TEXT.replace("one", "zero\none"));
    assert_eq!(session.text("new.txt"), None);
    session.compare().await;
    session.finish().await;
}

/// What is written for a user's configuration is TOML that Helix reads, with the commands that the server has.
#[test]
fn the_settings_for_helix_are_well_formed() {
    let languages: toml::Table = include_str!("../../editors/helix/languages.toml").parse().unwrap();
    assert_eq!(languages["language-server"]["tenon"]["args"], toml::Value::from(vec!["lsp"]));
    let config: toml::Table = include_str!("../../editors/helix/config.toml").parse().unwrap();
    let page = include_str!("../../docs/editors/helix.md");
    let mut n_keys = 0;
    for keys in config["keys"].as_table().unwrap().values() {
        for key in keys.as_table().unwrap().values() {
            let key = key.as_str().unwrap();
            let command = key.split(['<', '>', ' ']).find(|word| word.starts_with("tenon.")).unwrap();
            assert!(tenon::lsp::protocol::COMMANDS.contains(&command), "{command}");
            assert!(page.contains(key), "the page has another key than {key}");
            n_keys += 1;
        }
    }
    assert_eq!(n_keys, 5);
}

/// Kate announces no `workspace/applyEdit`, and accepts one within two seconds of a command only; it knows neither
/// resource operations nor versions. So edits travel inside the actions, and what cannot is refused with a reason.
#[tokio::test]
async fn kate_takes_edits_inside_the_actions() {
    let session =
        Session::speaking(Peer::Helix, include_str!("../../fixtures/capabilities/kate-25.json")).await;
    let uri = session.open("a.txt", &format!("{TEXT}// AI! make it a number\n"));
    let reply = block("a.txt", "two 😀\n", "2\n") + &block("a.txt", "// AI! make it a number\n", "");
    session.model.push([Step::text(reply + &block("new.txt", "", "made\n")), Step::finish()]);
    let offered = actions(&session, &uri, 5).await;
    let command = &titled(&offered, "Do what this comment says")["command"];
    let begun = Instant::now();
    session
        .editor
        .client
        .command(command["command"].as_str().unwrap(), command["arguments"].clone())
        .await
        .unwrap();
    assert!(begun.elapsed().as_secs() < 2, "its window for edits is not even needed");
    let id = session.proposal().await;

    let offered = actions(&session, &uri, 1).await;
    let apply = titled(&offered, "Apply this change");
    assert_eq!(apply["command"], json!(null), "{apply}");
    let edits = apply["edit"]["changes"][&uri].as_array().unwrap();
    assert_eq!(edits.len(), 1, "{apply}");
    session.editor.put_in(&uri, edits[0].clone());
    let comment = actions(&session, &uri, 5).await;
    let edit = titled(&comment, "Apply this change")["edit"]["changes"][&uri][0].clone();
    session.editor.put_in(&uri, edit);
    assert_eq!(session.editor.text(&uri), TEXT.replace("two 😀", "2"));

    // The new file is all that is left, and it needs the server's own edit.
    let one = |message: &Value| message["params"]["diagnostics"].as_array().is_some_and(|d| d.len() == 1);
    session.editor.client.expect_where("the mark of the new file alone", one).await;
    let refused = session.refusal("tenon.accept", json!({"proposal": id})).await;
    assert_eq!((refused.as_str(), session.text("new.txt")), ("unsupported-operation", None));
    session.run("tenon.reject", json!({"proposal": id})).await;
    session.editor.client.expect_where("no marks", gone).await;
    assert_eq!(session.state_of(&id).await, "applied");
    assert_eq!(session.editor.n_applied(), 0, "it was never asked to apply anything");
    session.compare().await;
    session.finish().await;
}

/// Zed takes an edit for an earlier version, and puts it where its text is now. That is a step like any other.
#[tokio::test]
async fn zed_moves_an_edit_that_comes_late() {
    let session = Session::start(Peer::Zed).await;
    let uri = session.open("a.txt", TEXT);
    let both = block("a.txt", "two 😀\n", "2\n") + &block("a.txt", "four\n", "4\n");
    session.propose(&uri, &both).await;
    session.editor.replace_before_apply(&uri, "one\n", "zero\none\n");
    session.accept(json!({})).await;
    let typed = TEXT.replace("one", "zero\none");
    assert_eq!(session.editor.text(&uri), typed.replace("two 😀", "2").replace("four", "4"));
    session.undo().await;
    assert_eq!(session.editor.text(&uri), typed);
    session.redo().await;
    assert_eq!(session.editor.text(&uri), typed.replace("two 😀", "2").replace("four", "4"));
    session.undo().await;
    session.compare().await;

    // An edit in time is as in any editor.
    session.propose(&uri, &block("a.txt", "five\n", "5\n")).await;
    session.editor.replace(&uri, "zero\n", "");
    session.accept(json!({})).await;
    let text = TEXT;
    assert_eq!(session.editor.text(&uri), text.replace("five", "5"));
    session.undo().await;
    assert_eq!(session.editor.text(&uri), text);
    session.compare().await;
    session.finish().await;
}
