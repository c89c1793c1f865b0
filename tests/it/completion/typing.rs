//! The user goes on typing: questions are dropped, answers are used again.

use tenon::text::{ContentChange, DocumentUri};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_model_is_asked_when_the_typing_rests() {
    for peer in Peer::ALL {
        let desk = Desk::start(peer).await;
        let mut cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
        let mut dropped = Vec::new();
        for letter in ["l", "e", "t"] {
            cursor.write(letter);
            dropped.push(cursor.ask(AUTOMATIC));
            tokio::time::sleep(DEBOUNCE - Duration::from_millis(1)).await;
        }
        let last = dropped.pop().unwrap();
        for asked in dropped {
            assert_eq!(offered(asked).await, None, "{peer:?}");
        }
        assert_eq!(desk.asked().len(), 0, "{peer:?}");
        desk.says(" x = 1;");
        assert!(offered(last).await.is_some());
        assert_eq!(desk.asked().len(), 1);
        desk.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn by_hand_it_is_asked_at_once() {
    for peer in Peer::ALL {
        let desk = Desk::start(peer).await;
        let mut cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
        desk.says("let x = 1;");
        let begun = Instant::now();
        assert!(cursor.complete().await.is_some());
        assert_eq!(begun.elapsed(), Duration::ZERO, "{peer:?}");
        // Typing may count as invoked too: only the rest tells them apart.
        cursor.write("if");
        desk.says(" x {");
        assert!(cursor.complete().await.is_some());
        assert_eq!(begun.elapsed(), DEBOUNCE, "{peer:?}");
        // In an older numbering, there is no doubt.
        cursor.write("!");
        desk.says("y {");
        let inline = cursor.ask_with(INLINE, json!({"triggerKind": 0}));
        assert!(offered(inline).await.is_some());
        assert_eq!(begun.elapsed(), DEBOUNCE, "{peer:?}");
        desk.end().await;
    }
}

#[tokio::test]
async fn a_keystroke_closes_the_connection() {
    for peer in Peer::ALL {
        let desk = Desk::start(peer).await;
        let mut cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
        let gate = desk.hang("late();");
        let asked = cursor.ask(INVOKED);
        within("the model", gate.reached()).await;
        cursor.write("x");
        assert_eq!(offered(asked).await, None, "{peer:?}");
        within("the end of the stream", desk.model.dropped().passed()).await;
        desk.end().await;
    }
}

#[tokio::test]
async fn an_answer_that_meets_a_keystroke_is_dropped() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    let gate = desk.hang("late();");
    let asked = cursor.ask(INVOKED);
    within("the model", gate.reached()).await;
    // The change is in the queue before the model's task gets to run.
    gate.open();
    let change = ContentChange { span: None, text: "fn a() {\n    x\n}\n".to_owned() };
    let uri = DocumentUri::new(cursor.uri.clone());
    desk.events.send(Event::Changed { uri, version: 9, changes: vec![change] }).unwrap();
    assert_eq!(offered(asked).await, None);
    assert!(!desk.model.dropped().is_open(), "it was read to its end");
    desk.end().await;
}

#[tokio::test]
async fn a_newer_question_closes_the_connection() {
    let desk = Desk::start(Peer::VsCode).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    let gate = desk.hang("late();");
    let asked = cursor.ask(INVOKED);
    within("the model", gate.reached()).await;
    desk.says("new();");
    let elsewhere = Cursor { desk: &desk, uri: cursor.uri.clone(), at: 0 };
    assert!(elsewhere.complete().await.is_some());
    assert_eq!(offered(asked).await, None);
    within("the end of the stream", desk.model.dropped().passed()).await;
    desk.end().await;
}

#[tokio::test]
async fn a_cancelled_request_closes_the_connection() {
    let desk = Desk::start(Peer::Neovim).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    let gate = desk.hang("late();");
    let asked = cursor.ask(INVOKED);
    within("the model", gate.reached()).await;
    desk.editor.client.notify("$/cancelRequest", json!({ "id": asked.id }));
    assert_eq!(asked.answer().await.expect_err("it is cancelled")["code"], -32800);
    within("the end of the stream", desk.model.dropped().passed()).await;
    desk.end().await;
}

#[tokio::test]
async fn a_closed_document_closes_the_connection() {
    let desk = Desk::start(Peer::Neovim).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    let gate = desk.hang("late();");
    let asked = cursor.ask(INVOKED);
    within("the model", gate.reached()).await;
    desk.editor.close(&cursor.uri);
    assert_eq!(offered(asked).await, None);
    within("the end of the stream", desk.model.dropped().passed()).await;
    desk.end().await;
}

#[tokio::test]
async fn the_end_closes_the_connection() {
    let desk = Desk::start(Peer::Neovim).await;
    let cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
    let gate = desk.hang("late();");
    let _asked = cursor.ask(INVOKED);
    within("the model", gate.reached()).await;
    let dropped = desk.model.dropped();
    desk.end().await;
    within("the end of the stream", dropped.passed()).await;
}

#[tokio::test]
async fn what_is_typed_of_it_is_not_asked_for_again() {
    for peer in Peer::ALL {
        let desk = Desk::start(peer).await;
        let mut cursor = desk.open("a.rs", "fn a() {\n    |\n}\n");
        desk.says("let é = 1;");
        let expected = "fn a() {\n    let é = 1;\n}\n";
        assert_eq!(cursor.completed().await.as_deref(), Some(expected));
        for text in ["l", "et ", "é"] {
            cursor.write(text);
            assert_eq!(cursor.completed().await.as_deref(), Some(expected), "{peer:?} {text}");
        }
        // Back again.
        desk.editor.replace(&cursor.uri, "let é", "le");
        cursor.at -= "t é".len();
        assert_eq!(cursor.completed().await.as_deref(), Some(expected), "{peer:?}");
        assert_eq!(desk.asked().len(), 1);
        // Something else.
        cursor.write("x");
        desk.says("();");
        assert_eq!(cursor.completed().await.as_deref(), Some("fn a() {\n    lex();\n}\n"), "{peer:?}");
        assert_eq!(desk.asked().len(), 2);
        desk.end().await;
    }
}

#[tokio::test]
async fn what_is_taken_is_what_stands_there() {
    for peer in Peer::ALL {
        let desk = Desk::start(peer).await;
        let cursor = desk.open("a.rs", "fn a() {\n    é😀 = |\n}\n");
        desk.says("b(\n        c,\n    );");
        let edit = cursor.complete().await.expect("an offer");
        desk.editor.put_in(&cursor.uri, edit);
        let text = desk.editor.text(&cursor.uri);
        assert_eq!(text, "fn a() {\n    é😀 = b(\n        c,\n    );\n}\n", "{peer:?}");
        desk.end().await;
    }
}
