//! Which questions are asked, of whom, and what becomes of failures.

use super::*;

#[tokio::test]
async fn nothing_waits_for_a_completion() {
    let desk = Desk::start(Peer::Neovim).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    let gate = desk.hang("late();");
    let asked = cursor.ask(INVOKED);
    within("the model", gate.reached()).await;
    for _ in 0..20 {
        let status = desk.editor.client.command("tenon.status", json!([])).await.unwrap();
        assert_eq!(status["tasks"], json!([]), "it is no task");
    }
    let range = desk.editor.range(&cursor.uri, 0..0);
    let document = json!({ "uri": cursor.uri });
    let params = json!({"textDocument": document, "range": range, "context": {"diagnostics": []}});
    desk.editor.client.request("textDocument/codeAction", params).await.unwrap();
    gate.open();
    assert!(offered(asked).await.is_some());
    desk.end().await;
}

#[tokio::test]
async fn two_are_under_way_at_most_and_the_oldest_goes() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursors = ["a.rs", "b.rs", "c.rs"].map(|name| desk.open(name, "fn a() {\n    |\n}\n"));
    let mut asked = Vec::new();
    for cursor in &cursors {
        let gate = desk.hang("b();");
        asked.push((cursor.ask(INVOKED), gate.clone()));
        within("the model", gate.reached()).await;
    }
    let mut answers = Vec::new();
    for (asked, gate) in asked {
        gate.open();
        answers.push(offered(asked).await.is_some());
    }
    assert_eq!(answers, [false, true, true]);
    assert!(desk.model.dropped().is_open());
    desk.end().await;
}

#[tokio::test]
async fn the_next_model_is_asked_where_the_first_fails() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    desk.model.push([Step::Error(ModelErrorKind::Network, "gone".to_owned())]);
    desk.fallback.push([Step::text("b();"), Step::finish()]);
    assert_eq!(cursor.completed().await.as_deref(), Some("fn a() {\n    b();\n}\n"));
    desk.end().await;
}

#[tokio::test]
async fn a_failure_is_told_once() {
    let desk = Desk::start(Peer::VsCode).await;
    let mut cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    for _ in 0..3 {
        desk.model.push([Step::Error(ModelErrorKind::Authentication, "who?".to_owned())]);
        cursor.write("x");
        assert_eq!(cursor.complete().await, None);
    }
    let message = desk.editor.client.expect("window/showMessage").await;
    let text = message["params"]["message"].as_str().unwrap();
    assert!(text.contains("first") && text.contains("valid key"), "{text}");
    desk.end().await;
}

#[tokio::test]
async fn a_provider_that_takes_no_key_is_told_of_though_another_one_answers() {
    let desk = Desk::with(Peer::VsCode, ["one", "two"]).await;
    let mut cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    for text in ["b();", "c();"] {
        desk.model.push([Step::Error(ModelErrorKind::Authentication, "who?".to_owned())]);
        desk.fallback.push([Step::text(text), Step::finish()]);
        cursor.write("x");
        assert!(cursor.complete().await.is_some());
    }
    let message = desk.editor.client.expect("window/showMessage").await;
    let text = message["params"]["message"].as_str().unwrap();
    assert!(text.contains("first of one") && text.contains("valid key"), "{text}");
    desk.end().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    desk.model.push([Step::text("b(")]);
    assert_eq!(cursor.complete().await, None);
    assert_eq!(desk.fallback.fills().len(), 0);
    desk.editor.client.expect("window/showMessage").await;
    desk.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_that_never_answers_is_left() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    let gate = desk.hang("late();");
    // The client of these tests has no more patience than the server.
    let asked = cursor.ask(INVOKED);
    gate.reached().await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(!desk.model.dropped().is_open());
    assert_eq!(offered(asked).await, None);
    assert!(desk.model.dropped().is_open());
    desk.end().await;
}

#[tokio::test]
async fn what_has_come_is_enough() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursor = desk.open("a.rs", "foo(|);\n");
    let never = Gate::default();
    desk.model.push([Step::text("a, b);\nbar"), Step::Wait(never), Step::text("()"), Step::finish()]);
    assert_eq!(cursor.completed().await.as_deref(), Some("foo(a, b);\n"));
    assert!(desk.model.dropped().is_open());
    desk.end().await;
}

#[tokio::test]
async fn some_places_are_not_asked_about() {
    let desk = Desk::start(Peer::VsCode).await;
    for (name, text) in [("word.rs", "let fo|o = 1;\n"), ("bare.rs", "one\rtwo |\n")] {
        assert_eq!(desk.open(name, text).complete().await, None, "{name}");
    }
    let lost = desk.open("lost.rs", "fn a() {\n    |\n}\n");
    let id = json!({"uri": lost.uri, "version": 0});
    desk.editor.client.notify("textDocument/didChange", json!({"textDocument": id, "contentChanges": []}));
    assert_eq!(lost.complete().await, None);
    desk.editor.client.expect("window/showMessage").await;
    let unknown =
        json!({"textDocument": {"uri": "file:///unknown.rs"}, "position": {"line": 0, "character": 0}});
    assert_eq!(desk.editor.client.request(INLINE, unknown).await.unwrap()["items"], json!([]));
    assert_eq!(desk.asked(), []);
    desk.end().await;
}

#[tokio::test]
async fn files_with_secrets_are_not_sent() {
    let desk = Desk::start(Peer::VsCode).await;
    for name in [".env", "sub/.env.local", "certs/server.key"] {
        let cursor = desk.open(name, "KEY=1\nNAME=|\n");
        assert_eq!(cursor.complete().await, None, "{name}");
        assert_eq!(offered(cursor.ask(AUTOMATIC)).await, None, "{name}");
    }
    assert_eq!(desk.asked(), []);
    desk.end().await;
}

#[tokio::test]
async fn a_secret_is_neither_sent_nor_written_as_its_mark() {
    let desk = Desk::start(Peer::VsCode).await;
    let secret = "ghp_0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R";
    let text = format!("let a = \"{secret}\";\nlet b = |\n");
    let cursor = desk.open("a.rs", &text);
    desk.says("5;");
    assert!(cursor.complete().await.is_some());
    let seen = desk.asked()[0].prefix.clone();
    assert!(!seen.contains(secret), "{seen}");
    // The model repeats what it saw.
    let mark = seen.lines().next().unwrap().trim_start_matches("let a = ").to_owned();
    let cursor = Cursor { desk: &desk, uri: cursor.uri.clone(), at: text.find('\n').unwrap() };
    desk.says(&format!("\nlet c = {mark}"));
    assert_eq!(cursor.complete().await, None);
    assert_eq!(desk.asked().len(), 2);
    desk.end().await;
}

#[tokio::test]
async fn a_part_of_a_secret_is_not_sent() {
    let desk = Desk::start(Peer::VsCode).await;
    let check = async |name: &str, text: &str, asked: bool| {
        desk.says("5;");
        desk.open(name, text).complete().await;
        let fills = desk.asked();
        for request in &fills {
            let seen = format!("{}|{}", request.prefix, request.suffix);
            assert!(!seen.contains("Xy7kPq2Lm9") && !seen.contains("Rt4Wv8Zb3Nc6"), "{seen}");
        }
        assert_eq!(fills.iter().any(|fill| fill.path == name), asked, "{name}");
    };
    check("within.rs", "let password = \"Xy7kPq2Lm9-|Rt4Wv8Zb3Nc6\";\n", false).await;
    check("at_its_end.rs", "let password = \"Xy7kPq2Lm9-Rt4Wv8Zb3Nc6|\";\n", true).await;
    check("unfinished.rs", "let password = \"Xy7kPq2Lm9-Rt4Wv8Zb3Nc6|\n}\n", true).await;
    // The head of the key is further away than what is shown.
    let line = "b3BlbnNzaC1rZXktdjEAAAAABG5Rt4Wv8Zb3Nc6vbmUAAAAEbm9uZQAAAAAAAAAB\n";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n", line.repeat(200));
    check("behind.rs", &format!("{key}let a = |\n"), true).await;
    desk.end().await;
}

/// A private key as files have them: lines of base64, `n` of them.
fn private_key(n: usize) -> String {
    let mut seed = 7_u32;
    let mut letter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char::from(letters[(seed >> 26) as usize])
    };
    let lines = (0..n).map(|_| (0..64).map(|_| letter()).collect::<String>() + "\n");
    let (begin, end) = ("-----BEGIN RSA PRIVATE KEY-----\n", "-----END RSA PRIVATE KEY-----\n");
    format!("{begin}{}{end}", lines.collect::<String>())
}

#[tokio::test]
async fn a_key_whose_beginning_is_out_of_sight_is_not_sent() {
    let desk = Desk::start(Peer::VsCode).await;
    // Most of what is shown before the cursor is the key.
    let key = private_key(120);
    let text = format!("let key = \"\n{key}\";\nlet b = |\n");
    let cursor = desk.open("a.rs", &text);
    desk.says("5;");
    assert!(cursor.complete().await.is_some());
    let seen = desk.asked()[0].prefix.clone();
    assert!(seen.len() > 4000, "{}", seen.len());
    let leaked = key.lines().filter(|line| !line.starts_with('-')).filter(|line| seen.contains(line)).count();
    assert_eq!(leaked, 0, "{seen}");
    desk.end().await;
}

#[tokio::test]
async fn nothing_is_asked_inside_a_secret() {
    let desk = Desk::start(Peer::VsCode).await;
    for text in ["password = \"Xy7k-|Pq2Lm9Rt4Wv8Zb3Nc6\"\n", "password = \"Xy7kPq2Lm9Rt4Wv8-|Zb3Nc6\"\n"] {
        assert_eq!(desk.open("a.py", text).complete().await, None);
        desk.says("5;");
    }
    assert_eq!(desk.asked(), []);
    desk.end().await;
}
