//! What happens on the bare framework's weak points: order, cancellation, floods, garbage.

use super::*;

#[tokio::test]
async fn a_cancelled_request_is_answered_at_once_while_four_others_run() {
    let (client, mut app) = App::start(Peer::Neovim.parameters()).await;
    let mut asked = Vec::new();
    let mut replies = Vec::new();
    for _ in 0..5 {
        asked.push(client.ask("workspace/executeCommand", json!({"command": "tenon.status"})));
        replies.push(app.command().await.1);
    }
    let last = asked.pop().unwrap();
    client.notify("$/cancelRequest", json!({"id": last.id}));
    assert_eq!(last.answer().await.unwrap_err()["code"], -32800);
    for (number, reply) in replies.into_iter().enumerate() {
        // The fifth comes too late and is dropped.
        let _ = reply.send(Ok(json!(number)));
    }
    for (number, asked) in asked.into_iter().enumerate() {
        assert_eq!(asked.answer().await, Ok(json!(number)));
    }
    assert_eq!(client.shutdown().await, 0);
}

#[tokio::test]
async fn a_request_does_not_wait_for_slow_ones() {
    let (client, mut app) = App::start(Peer::Neovim.parameters()).await;
    let mut held = Vec::new();
    for _ in 0..50 {
        held.push(client.ask("workspace/executeCommand", json!({"command": "tenon.status"})));
    }
    let mut replies = Vec::new();
    for _ in 0..50 {
        replies.push(app.command().await.1);
    }
    let lenses = client.ask("textDocument/codeLens", json!({"textDocument": {"uri": "file:///a"}}));
    let Event::Query(Query::Lenses { reply, .. }) = app.next().await else { panic!("a question") };
    reply.send(Ok(Vec::new())).unwrap();
    assert_eq!(lenses.answer().await, Ok(json!([])));
    drop(replies);
    for asked in held {
        let error = asked.answer().await.unwrap_err();
        assert_eq!((&error["code"], &error["data"]["category"]), (&json!(-32603), &json!("internal")));
    }
    client.shutdown().await;
}

#[tokio::test]
async fn edits_waiting_for_the_client_and_a_flood_of_changes_do_not_lock() {
    let (client, mut app) = App::start(Peer::VsCode.parameters()).await;
    open(&client, "file:///a", &"long line\n".repeat(50_000));
    let Event::Opened { .. } = app.next().await else { panic!("it opens") };
    for id in 0..5 {
        app.editor.apply(ApplyId(id), change("file:///a", 1));
    }
    for version in 2..1_002 {
        type_x(&client, "file:///a", version);
    }
    for version in 2..1_002 {
        let Event::Changed { version: seen, .. } = app.next().await else { panic!("a change") };
        assert_eq!(seen, version);
    }
    for id in 0..5 {
        let request = client.expect("workspace/applyEdit").await;
        assert!(
            client.claim(|message| message["method"] == "workspace/applyEdit").is_none(),
            "one at a time"
        );
        client.reply(&request, json!({"applied": id % 2 == 0}));
        assert_eq!(app.edit_answered().await.0, ApplyId(id));
    }
    client.shutdown().await;
}

#[tokio::test]
async fn messages_reach_the_application_in_order() {
    let (client, mut app) = App::start(Peer::Helix.parameters()).await;
    open(&client, "file:///a", "");
    let mut asked = Vec::new();
    for version in 2..2_002 {
        type_x(&client, "file:///a", version);
        if version % 100 == 0 {
            asked.push(client.ask("workspace/executeCommand", json!({"command": "tenon.status"})));
        }
    }
    let Event::Opened { .. } = app.next().await else { panic!("it opens") };
    for expected in 2..2_002 {
        let Event::Changed { version, .. } = app.next().await else { panic!("a change") };
        assert_eq!(version, expected);
        if expected % 100 == 0 {
            app.command().await.1.send(Ok(json!(expected))).unwrap();
        }
    }
    for (asked, version) in asked.into_iter().zip((100..).step_by(100)) {
        assert_eq!(asked.answer().await, Ok(json!(version)));
    }
    client.shutdown().await;
}

#[tokio::test]
async fn late_double_and_unknown_replies_are_ignored() {
    let (client, mut app) = App::start(Peer::Neovim.parameters()).await;
    app.editor.apply(ApplyId(1), change("file:///a", 1));
    let request = client.expect("workspace/applyEdit").await;
    for _ in 0..3 {
        client.reply(&request, json!({"applied": true}));
    }
    for id in [json!(4_711), json!("text"), json!(null), json!(1.5)] {
        client.reply(&json!({ "id": id }), json!({}));
    }
    assert_eq!(app.edit_answered().await, (ApplyId(1), true, None));
    for _ in 0..2 {
        // Replies without a readable id cannot be meant for anyone.
        assert_eq!(client.expect_where("an error", |m| m["id"].is_null()).await["error"]["code"], -32600);
    }
    client.shutdown().await;
}

#[tokio::test]
async fn a_malformed_body_is_answered_and_the_next_message_is_read() {
    let (client, mut app) = App::start(Peer::Neovim.parameters()).await;
    for (garbage, is_lost) in [
        ("Content-Length: 5\r\n\r\n{\"a\":", false),
        ("Content-Length: 1\r\n\r\n\u{7f}", false),
        ("nonsense\r\n\r\n", true),
        ("Content-Length: 99999999999999\r\n\r\n{}", true),
        ("Content-Length: many\r\n\r\n", true),
    ] {
        client.wire().bytes(garbage.into());
        if is_lost {
            // It may have held a change of any document.
            let event = app.next().await;
            assert!(matches!(event, Event::Malformed { uri: None, .. }), "{garbage:?}: {event:?}");
        }
        let asked = client.ask("workspace/executeCommand", json!({"command": "tenon.status"}));
        app.command().await.1.send(Ok(json!({}))).unwrap();
        asked.answer().await.unwrap();
        let error = client.expect_where("a parse error", |message| message["id"].is_null()).await;
        assert_eq!(error["error"]["code"], -32700, "{garbage:?}");
    }
    let cut = r#"{"method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///a"},"text":"\ud800"}}"#;
    client.wire().bytes(format!("Content-Length: {}\r\n\r\n{cut}", cut.len()).into());
    let Event::Malformed { uri, .. } = app.next().await else { panic!("the document is not trusted") };
    assert_eq!(uri, Some(DocumentUri::new("file:///a")));
    client.expect_where("a parse error", |message| message["id"].is_null()).await;
    client.shutdown().await;
}

#[tokio::test]
async fn bad_parameters_of_a_notification_are_reported() {
    let (client, mut app) = App::start(Peer::Neovim.parameters()).await;
    let uri = Some(DocumentUri::new("file:///a"));
    let backwards = json!({"range": {"start": {"line": -1, "character": 0}, "end": {"line": 0, "character": 0}}, "text": ""});
    for (method, params, expected) in [
        ("textDocument/didOpen", json!({"textDocument": {"uri": "file:///a", "version": 1}}), &uri),
        ("textDocument/didChange", json!({"textDocument": {"uri": "file:///a", "version": 1}}), &uri),
        (
            "textDocument/didChange",
            json!({"textDocument": {"uri": "file:///a", "version": 1}, "contentChanges": [backwards]}),
            &uri,
        ),
        ("textDocument/didChange", json!([1]), &None),
        ("textDocument/didClose", Value::Null, &None),
    ] {
        client.notify(method, params);
        let Event::Malformed { uri, reason } = app.next().await else { panic!("{method} is reported") };
        assert_eq!(&uri, expected, "{method}: {reason}");
    }
    client.shutdown().await;
}

#[tokio::test]
async fn bad_parameters_of_a_request_are_answered() {
    let (client, _app) = App::start(Peer::Neovim.parameters()).await;
    for (method, params, code) in [
        ("textDocument/codeAction", json!({}), "invalid-parameters"),
        ("textDocument/codeLens", Value::Null, "invalid-parameters"),
        ("workspace/executeCommand", json!({"command": "tenon.dance"}), "unknown-command"),
        (
            "workspace/executeCommand",
            json!({"command": "tenon.edit", "arguments": ["a.rs"]}),
            "invalid-arguments",
        ),
    ] {
        let error = client.request(method, params).await.unwrap_err();
        assert_eq!((&error["code"], &error["data"]["code"]), (&json!(-32602), &json!(code)), "{error}");
        assert_eq!(
            (&error["data"]["category"], &error["data"]["severity"]),
            (&json!("request"), &json!("error"))
        );
    }
    client.shutdown().await;
}

#[tokio::test]
async fn odd_uris_come_back_byte_for_byte() {
    let (client, mut app) = App::start(Peer::VsCode.parameters()).await;
    for odd in ["file:///a/[slug]/é {x}.rs", "file:///c%3A/a%20b.rs", "untitled:Untitled-1", ""] {
        open(&client, odd, "");
        let Event::Opened { uri, .. } = app.next().await else { panic!("{odd} opens") };
        assert_eq!(uri.as_str(), odd);
        app.editor.mark(&uri, Some(1), Vec::new());
        let marks = client.expect("textDocument/publishDiagnostics").await;
        assert_eq!(marks["params"]["uri"], odd);
        app.editor.apply(ApplyId(1), change(odd, 1));
        let request = client.expect("workspace/applyEdit").await;
        assert_eq!(request["params"]["edit"]["documentChanges"][0]["textDocument"]["uri"], odd);
        client.reply(&request, json!({"applied": true}));
        app.edit_answered().await;
    }
    client.shutdown().await;
}

#[tokio::test]
async fn nothing_is_served_before_the_introduction() {
    let (client, mut app) = App::connect().await;
    let error = client.command("tenon.status", json!([])).await.unwrap_err();
    assert_eq!(error["code"], -32002);
    open(&client, "file:///early", "");
    client.initialize(Peer::Helix.parameters()).await;
    let Event::Initialized(_) = app.next().await else { panic!("what came early is not served later") };
    let error = client.request("initialize", Peer::Helix.parameters()).await.unwrap_err();
    assert_eq!(error["code"], -32600);
    client.shutdown().await;
}

#[tokio::test]
async fn progress_is_cancelled_by_its_token() {
    let (client, mut app) = App::start(Peer::VsCode.parameters()).await;
    client.notify("window/workDoneProgress/cancel", json!({"token": "task-7"}));
    let Event::ProgressCancelled { task } = app.next().await else { panic!("it is cancelled") };
    assert_eq!(task, "task-7");
    client.notify("window/workDoneProgress/cancel", json!({"token": 7}));
    client.notify("$/setTrace", json!({"value": "verbose"}));
    client.notify("workspace/didChangeConfiguration", json!({"settings": {}}));
    client.notify("textDocument/didSave", json!({"textDocument": {"uri": "file:///a"}}));
    client.shutdown().await;
    let Event::Shutdown = app.next().await else { panic!("the rest is ignored") };
}
