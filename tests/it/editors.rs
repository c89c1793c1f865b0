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

/// A key of `editors/helix/config.toml` below `space t`.
fn helix_key(mode: &str, key: &str) -> String {
    let config: toml::Table = include_str!("../../editors/helix/config.toml").parse().unwrap();
    config["keys"][mode]["space"]["t"][key].as_str().unwrap().to_owned()
}

/// What Helix sends for a key after which the user typed something: a macro is typed into the command line, variables
/// are put in, the first word is the command, and the rest is read as one JSON value after the other. Read in its
/// sources: `lsp_workspace_command` in helix-term/src/commands/typed.rs, revision 079a789.
fn helix_sends(key: &str, typed: &str, variables: &[(&str, String)]) -> (String, Option<Vec<Value>>) {
    let line = match key.strip_prefix("@:") {
        None => key.strip_prefix(':').unwrap().to_owned(),
        Some(keys) => {
            let keys = keys.replace("<space>", " ");
            match keys.strip_suffix("<ret>") {
                Some(whole) => whole.to_owned(),
                // The cursor went one to the left, and there the user types.
                None => format!("{}{typed}\"", keys.strip_suffix("\"<left>").unwrap()),
            }
        }
    };
    let (_, rest) = line.split_once(' ').unwrap();
    let (command, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut rest = rest.to_owned();
    for (name, value) in variables {
        rest = rest.replace(&format!("%{{{name}}}"), value);
    }
    assert!(!rest.contains("%{"), "a variable that Helix does not know: {rest}");
    let arguments = serde_json::Deserializer::from_str(&rest).into_iter().collect::<Result<Vec<Value>, _>>();
    (command.to_owned(), Some(arguments.unwrap()).filter(|arguments| !arguments.is_empty()))
}

/// Helix gives every request 20 seconds, commands too; what is typed into its command line comes as JSON values; every
/// action is resolved before it is shown.
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
    let send = async |key: &str, typed: &str, line: &str| {
        let variables = [
            ("file_path_absolute", path.clone()),
            ("cursor_line", line.to_owned()),
            ("selection_line_start", "2".to_owned()),
            ("selection_line_end", "3".to_owned()),
        ];
        let (command, arguments) = helix_sends(key, typed, &variables);
        let mut params = json!({ "command": command });
        if let Some(arguments) = arguments {
            params["arguments"] = json!(arguments);
        }
        session.editor.client.request("workspace/executeCommand", params).await.unwrap()
    };
    let begun = Instant::now();
    let answer = send(&helix_key("select", "a"), "make it a number", "2").await;
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

    let prompt = session.model.requests()[0].messages[0].text.clone();
    assert!(
        prompt.contains("It is about lines 2 to 3") && prompt.contains("Task: make it a number"),
        "{prompt}"
    );
    let next = send(&helix_key("normal", "n"), "", "1").await;
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
    send(&helix_key("normal", "u"), "", "1").await;
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
    for mode in ["normal", "select"] {
        for (name, key) in config["keys"][mode]["space"]["t"].as_table().unwrap() {
            let key = key.as_str().unwrap();
            let known = ["file_path_absolute", "cursor_line", "selection_line_start", "selection_line_end"];
            let (command, _) = helix_sends(key, "x", &known.map(|known| (known, "1".to_owned())));
            assert!(tenon::lsp::protocol::COMMANDS.contains(&command.as_str()), "{command}");
            assert!(
                page.contains(key) && page.contains(&format!("`space t {name}`")),
                "the page has not {key}"
            );
        }
    }
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
