//! Files that are closed, created, protected, outside, or oddly named.

use serde_json::json;
use tenon::model::scripted::Step;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\n";

#[tokio::test]
async fn open_closed_and_created_together_and_back() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let a = session.open("a.rs", TEXT);
        session.write("b.rs", TEXT);
        let b = session.uri("b.rs");
        let reply = block("b.rs", "one\n", "1\n") + &block("new.rs", "", "fn n() {}\n");
        session.propose(&b, &reply).await;
        session.accept(json!({})).await;
        assert_eq!(session.editor.text(&b), "1\ntwo\n", "{peer:?}");
        assert_eq!(session.editor.text(&session.uri("new.rs")), "fn n() {}\n", "{peer:?}");
        assert_eq!(session.editor.text(&a), TEXT);
        session.compare().await;
        session.finish().await;
    }
}

#[tokio::test]
async fn a_closed_file_changed_meanwhile_and_a_created_one_that_exists() {
    let session = Session::start(Peer::VsCode).await;
    session.write("b.rs", TEXT);
    let b = session.uri("b.rs");
    let id = session.propose(&b, &block("b.rs", "one\n", "1\n")).await;
    session.write("b.rs", "o ne\ntwo\n");
    session.run("tenon.accept", json!({})).await;
    assert_eq!(session.failure().await, "stale-proposal");
    assert_eq!(session.state_of(&id).await, "proposed");
    let id = session.propose(&b, &block("new.rs", "", "fn n() {}\n")).await;
    session.write("new.rs", "mine\n");
    session.run("tenon.accept", json!({"proposal": id})).await;
    assert_eq!(session.failure().await, "file-exists");
    assert_eq!(session.state_of(&id).await, "proposed");
    assert_eq!(session.editor.n_applied(), 0);
    session.finish().await;
}

#[tokio::test]
async fn a_closed_file_that_has_the_change_already_is_no_step() {
    let session = Session::start(Peer::VsCode).await;
    session.write("b.rs", TEXT);
    let b = session.uri("b.rs");
    session.propose(&b, &block("b.rs", "one\n", "1\n")).await;
    session.write("b.rs", "1\ntwo\n");
    session.accept(json!({})).await;
    assert_eq!(session.refusal("tenon.undo", json!({})).await, "nothing-to-undo");
    session.finish().await;
}

#[tokio::test]
async fn bad_places_are_refused() {
    let session = Session::start(Peer::VsCode).await;
    let a = session.open("a.rs", TEXT);
    for (path, code) in [
        (".git/hooks/pre-commit", "protected-path"),
        (".env", "protected-path"),
        ("../x.rs", "bad-path"),
        ("/etc/x.rs", "bad-path"),
    ] {
        for _ in 0..2 {
            session.model.push([Step::text(block(path, "", "x\n")), Step::finish()]);
        }
        session.ask(&a).await;
        assert_eq!(session.failure().await, code, "{path}");
    }
    session.finish().await;
}

#[tokio::test]
async fn odd_names_keep_their_spelling() {
    for name in ["[slug].rs", "a b.rs", "é.rs", "%C3%A9.rs"] {
        let session = Session::start(Peer::Helix).await;
        let uri = session.uri(name);
        session.editor.open(&uri, "rust", TEXT);
        let path = if name.starts_with('%') { "é.rs" } else { name };
        session.propose(&uri, &block(path, "one\n", "1\n")).await;
        session.accept(json!({})).await;
        assert_eq!(session.editor.text(&uri), "1\ntwo\n", "{name}");
        session.finish().await;
    }
}

#[tokio::test]
async fn what_is_no_text_is_refused_and_what_is_only_open_works() {
    let session = Session::start(Peer::VsCode).await;
    session.editor.open("untitled:Untitled-1", "rust", TEXT);
    session.propose("untitled:Untitled-1", &block("Untitled-1", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    assert_eq!(session.editor.text("untitled:Untitled-1"), "1\ntwo\n");
    let edit = |uri: String| json!({"uri": uri, "instruction": "x"});
    assert_eq!(session.refusal("tenon.edit", edit("untitled:none".to_owned())).await, "unknown-document");
    session.write("big.rs", &"x".repeat(1_000_001));
    session.write("binary.rs", "a\0b");
    for name in ["big.rs", "binary.rs"] {
        session.run("tenon.edit", edit(session.uri(name))).await;
        assert_eq!(session.failure().await, "unreadable-file");
    }
    session.run("tenon.edit", edit(session.uri("none.rs"))).await;
    assert_eq!(session.failure().await, "unknown-document");
    session.finish().await;
}

#[tokio::test]
async fn a_file_proposed_by_path_is_followed_under_the_editors_spelling() {
    let session = Session::start(Peer::VsCode).await;
    session.write("+page.rs", TEXT);
    // Asked for while closed, by its plain name; then opened as VS Code spells it, and typed in without saving.
    session.propose(&session.uri("+page.rs"), &block("+page.rs", "two\n", "2\n")).await;
    let spelled = session.uri("%2Bpage.rs");
    session.editor.open(&spelled, "rust", TEXT);
    session.editor.insert(&spelled, 0, "typed\n");
    session.accept(json!({})).await;
    assert_eq!(session.editor.text(&spelled), "typed\none\n2\n");
    session.undo().await;
    assert_eq!(session.editor.text(&spelled), "typed\none\ntwo\n");
    session.finish().await;
}

#[tokio::test]
async fn a_byte_order_mark_of_a_closed_file_is_no_column() {
    let session = Session::start(Peer::VsCode).await;
    session.write("a.rs", "\u{feff}one\ntwo\n");
    let a = session.uri("a.rs");
    session.propose(&a, &block("a.rs", "one\n", "1\n")).await;
    let shown = session.run("tenon.show", json!({})).await;
    assert!(shown["diff"].as_str().unwrap().contains("-one\n+1\n"), "{shown}");
    // As an editor shows it: the mark is no part of the text.
    session.editor.open(&a, "rust", TEXT);
    session.accept(json!({})).await;
    assert_eq!(session.editor.text(&a), "1\ntwo\n");
    session.finish().await;
}

#[tokio::test]
async fn lone_carriage_returns_are_not_edited_around() {
    let session = Session::start(Peer::Helix).await;
    let a = session.open("a.rs", "one\rtwo\nthree\n");
    let edit = json!({"uri": a, "instruction": "x"});
    assert_eq!(session.refusal("tenon.edit", edit).await, "ambiguous-lines");
    session.finish().await;
}

#[tokio::test]
<<<<<<< HEAD
=======
async fn a_protected_file_is_written_by_consent_to_that_file_only() {
    let session = Session::start(Peer::VsCode).await;
    let a = session.open("a.rs", TEXT);
    let ask = |consent: &[&str]| json!({"uri": a, "instruction": "do it", "consent": consent});
    for consent in [vec![], vec![".env.local"], vec!["a.rs"]] {
        for _ in 0..2 {
            session.model.push([Step::text(block(".env", "", "A=1\n")), Step::finish()]);
        }
        session.run("tenon.edit", ask(&consent)).await;
        assert_eq!(session.failure().await, "protected-path", "{consent:?}");
    }
    for never in [".git/hooks/pre-commit", ".tenon.toml", "../.env", "/etc/passwd"] {
        assert_eq!(session.refusal("tenon.edit", ask(&[never])).await, "no-consent", "{never}");
    }
    session.model.push([Step::text(block(".env", "", "A=1\n")), Step::finish()]);
    session.run("tenon.edit", ask(&[".env"])).await;
    session.proposal().await;
    session.accept(json!({})).await;
    assert_eq!(session.text(".env").as_deref(), Some("A=1\n"));
    session.undo().await;
    session.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_out_is_not_read_for_a_prompt() {
    let session = Session::start(Peer::VsCode).await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("secret.rs"), "secret\n").unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("secret.rs"), session.folder.path().join("a.rs"))
        .unwrap();
    session.run("tenon.edit", json!({"uri": session.uri("a.rs"), "instruction": "x"})).await;
    assert_eq!(session.failure().await, "unreadable-file");
    assert_eq!(session.model.requests().len(), 0);
    session.finish().await;
}

#[tokio::test]
>>>>>>> editor
async fn a_review_can_be_drawn_from_what_is_told() {
    let session = Session::start(Peer::VsCode).await;
    let a = session.open("a.rs", "é one\ntwo\nthree\n");
    let blocks =
        block("a.rs", "é one\n", "1\n") + &block("a.rs", "three\n", "3\n") + &block("new.txt", "", "new\n");
    session.propose(&a, &blocks).await;
    session.editor.insert(&a, 0, "typed\n");
    let shown = session.run("tenon.show", json!({"texts": true})).await;
    let [one, new] = shown["files"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    assert_eq!((&one["uri"], &one["change"], &one["version"]), (&json!(a), &json!("modify"), &json!(2)));
    assert_eq!(
        one["hunks"][0],
        json!({
            "hunk": 0, "decision": "proposed", "stale": null, "doubt": null, "before": "é one\n", "after": "1\n",
            "range": {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}},
        })
    );
    assert_eq!(
        (&one["before"], &one["after"]),
        (&json!("typed\né one\ntwo\nthree\n"), &json!("typed\n1\ntwo\n3\n"))
    );
    assert_eq!(new["hunks"], json!([{"hunk": 2, "decision": "proposed", "stale": null}]));
    assert_eq!(
        (&new["change"], &new["before"], &new["after"]),
        (&json!("create"), &json!(null), &json!("new\n"))
    );

    // What is decided has no place any more, and a hunk whose lines changed says so.
    session.run("tenon.reject", json!({"hunk": 0})).await;
    let third = session.editor.text(&a).find("three").unwrap();
    session.editor.insert(&a, third, "x");
    let shown = session.run("tenon.show", json!({})).await;
    let hunks = &shown["files"][0]["hunks"];
    assert_eq!((&hunks[0]["decision"], &hunks[0]["range"]), (&json!("rejected"), &json!(null)));
    assert!(hunks[1]["stale"].is_string() && hunks[1]["range"].is_null(), "{hunks}");
    assert_eq!(shown["files"][0].get("before"), None);
<<<<<<< HEAD
    session.finish().await;
}

#[tokio::test]
async fn a_protected_file_is_written_by_consent_to_that_file_only() {
    let session = Session::start(Peer::VsCode).await;
    let a = session.open("a.rs", TEXT);
    let ask = |consent: &[&str]| json!({"uri": a, "instruction": "do it", "consent": consent});
    for consent in [vec![], vec![".env.local"], vec!["a.rs"]] {
        for _ in 0..2 {
            session.model.push([Step::text(block(".env", "", "A=1\n")), Step::finish()]);
        }
        session.run("tenon.edit", ask(&consent)).await;
        assert_eq!(session.failure().await, "protected-path", "{consent:?}");
    }
    for never in [".git/hooks/pre-commit", ".tenon.toml", "../.env", "/etc/passwd"] {
        assert_eq!(session.refusal("tenon.edit", ask(&[never])).await, "no-consent", "{never}");
    }
    session.model.push([Step::text(block(".env", "", "A=1\n")), Step::finish()]);
    session.run("tenon.edit", ask(&[".env"])).await;
    session.proposal().await;
    session.accept(json!({})).await;
    assert_eq!(session.text(".env").as_deref(), Some("A=1\n"));
    session.undo().await;
    session.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_out_is_not_read_for_a_prompt() {
    let session = Session::start(Peer::VsCode).await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("secret.rs"), "secret\n").unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("secret.rs"), session.folder.path().join("a.rs"))
        .unwrap();
    session.run("tenon.edit", json!({"uri": session.uri("a.rs"), "instruction": "x"})).await;
    assert_eq!(session.failure().await, "unreadable-file");
    assert_eq!(session.model.requests().len(), 0);
=======
>>>>>>> editor
    session.finish().await;
}
