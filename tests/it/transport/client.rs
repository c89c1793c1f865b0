//! What the application says to the client, and what the client can take.

use tenon::app::event::{OfferedAction, OfferedLens};
use tenon::ports::{Hint, Mark, MarkKind, Progress, ProgressStage, TaskNotice};
use tenon::problem::{Category, Problem, Severity};
use tenon::text::Position;

use super::*;

fn report(percent: u8) -> Progress {
    Progress::Report { stage: ProgressStage::Stream, message: format!("\u{1b}[1m{percent} lines"), percent }
}

fn begin() -> Progress {
    Progress::Begin { title: "Editing".to_owned() }
}

fn end() -> Progress {
    Progress::End { message: "done".to_owned() }
}

#[tokio::test]
async fn progress_is_created_reported_in_steps_and_ended() {
    let (client, app) = App::start(Peer::VsCode.parameters()).await;
    app.editor.progress("t1", begin());
    let create = client.expect("window/workDoneProgress/create").await;
    assert_eq!(create["params"], json!({"token": "t1"}));
    for percent in 0..=100 {
        app.editor.progress("t1", report(percent));
    }
    assert!(client.unclaimed().is_empty(), "nothing before the token is accepted");
    client.reply(&create, Value::Null);
    let mut seen = Vec::new();
    while seen.last().is_none_or(|value: &Value| value["percentage"] != 100) {
        seen.push(client.expect("$/progress").await["params"]["value"].clone());
    }
    app.editor.progress("t1", end());
    let last = client.expect("$/progress").await;
    assert_eq!(last["params"], json!({"token": "t1", "value": {"kind": "end", "message": "done"}}));
    assert_eq!(seen[0], json!({"kind": "begin", "title": "Editing", "cancellable": true, "percentage": 0}));
    assert!(seen.len() < 10, "100 reports at once are a few messages, not {}", seen.len());
    assert_eq!(seen.last().unwrap()["message"], r"\u{1b}[1m100 lines");
    client.shutdown().await;
}

#[tokio::test]
async fn progress_that_the_client_refuses_is_not_sent() {
    let (client, app) = App::start(Peer::VsCode.parameters()).await;
    app.editor.progress("t1", begin());
    let create = client.expect("window/workDoneProgress/create").await;
    client.refuse(&create, "no");
    app.editor.progress("t1", report(1));
    app.editor.progress("t1", end());
    app.editor.message(Severity::Info, "barrier");
    client.expect("window/showMessage").await;
    client.shutdown().await;
}

#[tokio::test]
async fn a_client_without_extras_gets_none() {
    let (client, app) = App::start(Peer::Emacs.parameters()).await;
    app.editor.progress("t1", begin());
    app.editor.notice("t1", TaskNotice::Finished);
    app.editor.hint(Hint::RefreshLenses);
    app.editor.show(&DocumentUri::new("file:///a"), None);
    app.editor.message(Severity::Warning, "look\u{7} here");
    let message = client.expect("window/showMessage").await;
    assert_eq!(message["params"], json!({"type": 2, "message": r"look\u{7} here"}));
    client.shutdown().await;
}

#[tokio::test]
async fn documents_are_shown_and_lenses_refreshed() {
    let (client, app) = App::start(Peer::VsCode.parameters()).await;
    app.editor.show(&DocumentUri::new("file:///a b"), Some(Span::default()));
    let show = client.expect("window/showDocument").await;
    let zero = json!({"line": 0, "character": 0});
    let selection = json!({"start": zero, "end": zero});
    assert_eq!(show["params"], json!({"uri": "file:///a b", "takeFocus": true, "selection": selection}));
    app.editor.hint(Hint::RefreshLenses);
    let refresh = client.expect("workspace/codeLens/refresh").await;
    assert_eq!(refresh.get("params"), None);
    client.reply(&refresh, Value::Null);
    client.refuse(&show, "no");
    client.shutdown().await;
}

#[tokio::test]
async fn events_are_for_those_who_ask() {
    let mut parameters = Peer::Neovim.parameters();
    parameters["initializationOptions"] = json!({"tenon": {"events": true}});
    let (client, app) = App::start(parameters).await;
    let error = Problem::error("overloaded", Category::Model, "busy").hint("wait");
    app.editor.notice("t1", TaskNotice::Stage { stage: ProgressStage::Gather, percent: 10 });
    app.editor.notice("t1", TaskNotice::Failed { error });
    let stage = client.expect("tenon/event").await;
    assert_eq!(stage["params"], json!({"task": "t1", "kind": "stage", "stage": "gather", "percent": 10}));
    let failed = client.expect("tenon/event").await;
    assert_eq!(
        (&failed["params"]["kind"], &failed["params"]["error"]["code"]),
        (&json!("failed"), &json!("overloaded"))
    );
    client.shutdown().await;
}

#[tokio::test]
async fn marks_are_diagnostics() {
    let (client, app) = App::start(Peer::Helix.parameters()).await;
    let mark = |kind| Mark {
        span: Span { start: Position::default(), end: Position { line: 1, character: 2 } },
        kind,
        message: "Pending\u{1b} change".to_owned(),
        proposal: "p1".to_owned(),
        hunk: 3,
    };
    let marks = vec![mark(MarkKind::Pending), mark(MarkKind::Stale)];
    app.editor.mark(&DocumentUri::new("file:///a"), Some(5), marks);
    let params = client.expect("textDocument/publishDiagnostics").await["params"].clone();
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 2}});
    let expected = |severity, code| {
        json!({"range": range, "severity": severity, "code": code, "source": "tenon",
            "message": r"Pending\u{1b} change", "data": {"proposal": "p1", "hunk": 3}})
    };
    let diagnostics = [expected(3, "pending-change"), expected(2, "stale-change")];
    assert_eq!(params, json!({"uri": "file:///a", "version": 5, "diagnostics": diagnostics}));
    client.shutdown().await;
}

#[tokio::test]
async fn commands_are_answered_with_results_and_problems() {
    let (client, mut app) = App::start(Peer::Neovim.parameters()).await;
    let asked = client.ask(
        "workspace/executeCommand",
        json!({"command": "tenon.edit", "arguments": ["/a b.rs", "3", 5, "make", "it", "async"]}),
    );
    let (command, reply) = app.command().await;
    assert!(matches!(command, Command::Edit(_)), "{command:?}");
    reply.send(Ok(json!({"task": "t1"}))).unwrap();
    assert_eq!(asked.answer().await, Ok(json!({"task": "t1"})));
    let asked = client.ask("workspace/executeCommand", json!({"command": "tenon.undo", "arguments": null}));
    let problem =
        Problem::error("nothing-to-undo", Category::Edit, "nothing was applied").hint("accept first");
    app.command().await.1.send(Err(problem)).unwrap();
    let expected = json!({"code": -32803, "message": "nothing was applied",
        "data": {"code": "nothing-to-undo", "category": "edit", "severity": "error", "hint": "accept first"}});
    assert_eq!(asked.answer().await, Err(expected));
    client.shutdown().await;
}

fn offered() -> Vec<OfferedAction> {
    let action = |title: &str, command, edit| OfferedAction {
        title: title.to_owned(),
        kind: "refactor.rewrite",
        preferred: true,
        command,
        edit,
    };
    vec![
        action("Implement\u{7}", Some(("tenon.edit", json!({"uri": "file:///a"}))), None),
        action("Apply", None, Some(change("file:///a", 4).files)),
        action("Nothing", None, None),
    ]
}

async fn actions(parameters: Value) -> Value {
    let (client, mut app) = App::start(parameters).await;
    let zero = json!({"line": 0, "character": 0});
    let range = json!({"start": zero, "end": zero});
    let diagnostics = json!([{"range": range, "message": "bad", "code": 1.5}, {"odd": true}]);
    let asked = client.ask(
        "textDocument/codeAction",
        json!({"textDocument": {"uri": "file:///a"}, "range": range,
            "context": {"diagnostics": diagnostics, "only": ["refactor"]}}),
    );
    let Event::Query(Query::Actions { uri, findings, only, reply, .. }) = app.next().await else {
        panic!("a question")
    };
    assert_eq!((uri.as_str(), findings.len(), only), ("file:///a", 1, vec!["refactor".to_owned()]));
    reply.send(Ok(offered())).unwrap();
    let actions = asked.answer().await.unwrap();
    for action in actions.as_array().unwrap() {
        assert_eq!(client.request("codeAction/resolve", action.clone()).await.as_ref(), Ok(action));
    }
    client.shutdown().await;
    actions
}

#[tokio::test]
async fn code_actions_are_literals_or_commands() {
    let command =
        json!({"title": r"Implement\u{7}", "command": "tenon.edit", "arguments": [{"uri": "file:///a"}]});
    assert_eq!(actions(json!({"capabilities": {}})).await, json!([command]));
    let actions = actions(Peer::Helix.parameters()).await;
    assert_eq!(
        actions[0],
        json!({"title": r"Implement\u{7}", "kind": "refactor.rewrite", "isPreferred": true, "command": command})
    );
    assert_eq!(actions[1]["edit"]["documentChanges"][0]["textDocument"]["version"], 4);
    assert_eq!(actions.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn code_lenses_carry_their_command() {
    let (client, mut app) = App::start(Peer::VsCode.parameters()).await;
    let asked = client.ask("textDocument/codeLens", json!({"textDocument": {"uri": "file:///a"}}));
    let Event::Query(Query::Lenses { reply, .. }) = app.next().await else { panic!("a question") };
    let command = ("tenon.accept", json!({"proposal": "p1", "hunk": 0}));
    reply.send(Ok(vec![OfferedLens { span: Span::default(), title: "Apply".to_owned(), command }])).unwrap();
    let lens = asked.answer().await.unwrap()[0].clone();
    assert_eq!(lens["command"]["arguments"], json!([{"proposal": "p1", "hunk": 0}]));
    assert_eq!(client.request("codeLens/resolve", lens.clone()).await, Ok(lens));
    client.shutdown().await;
}

#[tokio::test]
async fn only_a_clear_yes_is_an_applied_edit() {
    let (client, mut app) = App::start(Peer::Helix.parameters()).await;
    for (answer, applied, reason) in [
        (Ok(json!({"applied": true})), true, None),
        (Ok(json!({"applied": false, "failureReason": "stale\u{7}"})), false, Some(r"stale\u{7}")),
        (Ok(json!({"applied": false})), false, Some("the editor refused the edit without a reason")),
        (Ok(json!({})), false, Some("the editor did not say whether it applied the edit")),
        (Ok(Value::Null), false, Some("the editor did not say whether it applied the edit")),
        (Err("no such method"), false, Some("no such method")),
    ] {
        app.editor.apply(ApplyId(9), change("file:///a", 1));
        let request = client.expect("workspace/applyEdit").await;
        assert_eq!(request["params"]["label"], "tenon: edit");
        match answer {
            Ok(result) => client.reply(&request, result),
            Err(message) => client.refuse(&request, message),
        }
        assert_eq!(app.edit_answered().await, (ApplyId(9), applied, reason.map(str::to_owned)));
    }
    client.shutdown().await;
}

#[tokio::test]
async fn clients_that_take_no_edits_are_not_asked() {
    let (client, mut app) = App::start(json!({"capabilities": {}})).await;
    app.editor.apply(ApplyId(1), change("file:///a", 1));
    let (_, applied, reason) = app.edit_answered().await;
    assert_eq!((applied, reason.as_deref()), (false, Some("the editor does not take edits")));
    client.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_answers_an_edit_is_not_waited_for() {
    let (client, mut app) = App::start(json!({"capabilities": {"workspace": {"applyEdit": true}}})).await;
    app.editor.apply(ApplyId(1), change("file:///a", 1));
    app.editor.apply(ApplyId(2), change("file:///a", 1));
    let first = client.expect("workspace/applyEdit").await;
    let answered = tokio::time::timeout(PATIENCE * 4, app.events.recv()).await.unwrap();
    let Some(Event::EditAnswered { id: ApplyId(1), applied: false, reason: Some(reason) }) = answered else {
        panic!("{answered:?}")
    };
    assert_eq!(reason, "no answer");
    let second = client.expect("workspace/applyEdit").await;
    client.reply(&first, json!({"applied": true}));
    client.reply(&second, json!({"applied": true}));
    assert_eq!(app.edit_answered().await, (ApplyId(2), true, None));
    client.shutdown().await;
}
