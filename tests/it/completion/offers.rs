//! What editors are offered: the capability, the edit, the item of the list.

use super::*;

async fn announced(peer: Peer, completes: bool) -> (Value, Value) {
    let client = crate::support::client::Client::connect(move |editor| {
        let events = mpsc::unbounded_channel().0;
        drop(editor);
        Entrance { events, completes }
    });
    let result = client.initialize(peer.parameters()).await;
    client.hang_up().await;
    let capabilities = &result["capabilities"];
    (capabilities["inlineCompletionProvider"].clone(), capabilities["completionProvider"].clone())
}

#[tokio::test]
async fn a_client_is_offered_what_it_shows_best() {
    for peer in Peer::ALL {
        assert_eq!(announced(peer, false).await, (Value::Null, Value::Null), "{peer:?}");
        let expected =
            if peer == Peer::VsCode { (json!(true), Value::Null) } else { (Value::Null, json!({})) };
        assert_eq!(announced(peer, true).await, expected, "{peer:?}");
    }
}

#[test]
fn only_a_model_that_fills_completes() {
    let provider = "[providers.p]\napi = \"openai-chat\"\nbase_url = \"http://127.0.0.1:1\"\n";
    let config = |rest: &str| {
        tenon::config::from_text(&format!("{provider}{rest}"), std::path::Path::new("c.toml")).unwrap()
    };
    assert!(!assembly::completes(&Config::default()));
    let mut config = config("[models.m]\nprovider = \"p\"\nmodel = \"m\"\n[roles]\nedit = [\"m\"]\n");
    assert!(!assembly::completes(&config));
    config.roles.insert(Role::Completion, vec!["m".to_owned()]);
    assert!(!assembly::completes(&config));
    config.models.get_mut("m").unwrap().capabilities.fill = Some(FillForm::Infill);
    assert!(assembly::completes(&config));
}

#[tokio::test]
async fn nothing_is_offered_without_a_model() {
    let start = |editor| {
        let (config, filter) = (Config::default(), OutgoingFilter::default());
        let (upstreams, books) = (Arc::new(Upstreams(Vec::new())), assembly::books_in_memory());
        let models = Arc::new(assembly::gateway(&config, upstreams, filter.clone(), books));
        app::spawn(assembly::parts(&config, models, filter, editor, None)).0
    };
    let editor = FakeEditor::start(Peer::VsCode, Peer::VsCode.parameters(), start).await;
    editor.open("file:///a.rs", "rust", "x");
    for method in [INLINE, LIST] {
        let position = json!({"line": 0, "character": 1});
        let params = json!({"textDocument": {"uri": "file:///a.rs"}, "position": position, "context": null});
        let answer = editor.client.request(method, params).await.unwrap();
        assert_eq!(answer["items"], json!([]));
    }
    editor.shutdown().await;
}

#[tokio::test]
async fn the_edit_is_at_the_cursor() {
    for peer in Peer::ALL {
        let desk = Desk::start(peer).await;
        let cursor = desk.open("src/a.rs", "// é😀\nfn a() {\n    let é😀 = fo|;\n}\n");
        desk.says("o(\"é\");\n}");
        let text = cursor.completed().await;
        assert_eq!(text.as_deref(), Some("// é😀\nfn a() {\n    let é😀 = foo(\"é\");\n}\n"), "{peer:?}");
        let [asked] = desk.asked().try_into().unwrap();
        assert_eq!(asked.prefix, "// é😀\nfn a() {\n    let é😀 = fo");
        assert_eq!(asked.suffix, ";\n}\n");
        assert_eq!(asked.path, "src/a.rs");
        assert_eq!((asked.max_output, asked.stop), (128, vec!["\n".to_owned()]));
        desk.end().await;
    }
}

#[tokio::test]
async fn line_ends_and_indentation_are_those_of_the_document() {
    for peer in Peer::ALL {
        let desk = Desk::start(peer).await;
        let cursor = desk.open("a.rs", "fn a() {\r\n\tb();\r\n\t|\r\n}\r\n");
        desk.says("c(|| {\n        d()\n    });\n}\n");
        let expected = "fn a() {\r\n\tb();\r\n\tc(|| {\r\n\t\td()\r\n\t});\r\n}\r\n";
        assert_eq!(cursor.completed().await.as_deref(), Some(expected), "{peer:?}");
        desk.end().await;
    }
}

#[tokio::test]
async fn a_list_has_one_item_that_is_not_filtered_out() {
    let desk = Desk::start(Peer::Helix).await;
    let cursor = desk.open("a.rs", "fn a() {\n    le|\n}\n");
    desk.says("t x = 1;\n    y(x);");
    let answer = cursor.ask(INVOKED).answer().await.unwrap();
    let range = json!({"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 6}});
    let item = json!({
        "label": "let x = 1;…",
        "kind": 1,
        "detail": "tenon · first",
        "filterText": "le",
        "insertTextFormat": 1,
        "insertTextMode": 1,
        "textEdit": {"range": range, "newText": "let x = 1;\n    y(x);"},
    });
    assert_eq!(answer, json!({"isIncomplete": true, "items": [item]}));
    desk.end().await;
}

#[tokio::test]
async fn what_is_chosen_in_the_list_counts_as_typed() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursor = desk.open("a.rs", "let x = s.pu|;\n");
    desk.says("(1)");
    let chosen = |from, to| {
        let range = json!({"start": {"line": 0, "character": from}, "end": {"line": 0, "character": to}});
        json!({"triggerKind": INVOKED, "selectedCompletionInfo": {"range": range, "text": "push"}})
    };
    let edit = offered(cursor.ask_with(INLINE, chosen(10, 12))).await.expect("an offer");
    assert_eq!(edit["newText"], "push(1)");
    assert_eq!(edit["range"], chosen(10, 12)["selectedCompletionInfo"]["range"]);
    assert_eq!(desk.asked()[0].prefix, "let x = s.push");
    // Somewhere else, it says nothing about this place.
    assert_eq!(offered(cursor.ask_with(INLINE, chosen(8, 10))).await, None);
    assert_eq!(desk.asked().len(), 1);
    desk.end().await;
}
