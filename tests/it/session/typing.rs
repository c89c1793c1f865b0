//! The user types while the model writes, while a proposal waits, and while an edit is under way.

use serde_json::json;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

fn reply() -> String {
    block("a.rs", "three\n", "3\n")
}

async fn check(typed: &[(&str, &str)], expected: Result<&str, &str>) {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        let gate = session.stream(&uri, &reply()).await;
        for (old, new) in typed {
            session.editor.replace(&uri, old, new);
        }
        let before = session.editor.text(&uri);
        session.status().await;
        gate.open();
        let id = session.proposal().await;
        match expected {
            Ok(expected) => {
                session.accept(json!({})).await;
                assert_eq!(session.editor.text(&uri), expected, "{peer:?}");
            }
            Err(code) => {
                assert_eq!(session.refusal("tenon.accept", json!({"proposal": id})).await, code, "{peer:?}");
                assert_eq!(session.editor.text(&uri), before);
            }
        }
        session.finish().await;
    }
}

#[tokio::test]
async fn elsewhere_it_is_kept() {
    check(&[("one\n", "zero\none 😀\n")], Ok("zero\none 😀\ntwo\n3\nfour\nfive\n")).await;
    check(&[("five", "five!"), ("two", "2")], Ok("one\n2\n3\nfour\nfive!\n")).await;
}

#[tokio::test]
async fn inside_it_makes_the_hunk_stale() {
    check(&[("three", "thr ee")], Err("stale-proposal")).await;
}

#[tokio::test]
async fn typed_and_deleted_again_it_fits() {
    check(&[("three", "thrxee"), ("thrxee", "three")], Ok("one\ntwo\n3\nfour\nfive\n")).await;
}

#[tokio::test]
async fn the_same_change_by_hand_is_applied() {
    check(&[("three\n", "3\n")], Err("already-decided")).await;
}

#[tokio::test]
async fn a_race_with_the_edit_is_won_or_lost_but_never_mixed() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        session.editor.replace(&uri, "two", "TWO");
        session.propose(&uri, &reply()).await;
        session.editor.replace_before_apply(&uri, "one", "zero\none");
        session.accept(json!({})).await;
        assert_eq!(session.editor.text(&uri), "zero\none\nTWO\n3\nfour\nfive\n", "{peer:?}");
        session.undo().await;
        assert_eq!(session.editor.text(&uri), "zero\none\nTWO\nthree\nfour\nfive\n", "{peer:?}");
        session.finish().await;
    }
}

#[tokio::test]
async fn a_race_in_the_target_is_refused_and_pending() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        session.editor.replace(&uri, "two", "TWO");
        let id = session.propose(&uri, &reply()).await;
        session.editor.replace_before_apply(&uri, "three", "thr ee");
        session.run("tenon.accept", json!({})).await;
        session.failure().await;
        assert_eq!(session.editor.text(&uri), "one\nTWO\nthr ee\nfour\nfive\n", "{peer:?}");
        assert_eq!(session.state_of(&id).await, "proposed");
        session.finish().await;
    }
}

#[tokio::test]
async fn a_document_closed_meanwhile_is_read_from_the_disk() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        let gate = session.stream(&uri, &reply()).await;
        session.editor.replace(&uri, "one", "lost");
        session.editor.close(&uri);
        session.status().await;
        gate.open();
        session.proposal().await;
        session.accept(json!({})).await;
        session.compare().await;
        assert_eq!(session.editor.text(&uri), "one\ntwo\n3\nfour\nfive\n", "{peer:?}");
        session.undo().await;
        assert_eq!(session.editor.text(&uri), TEXT, "{peer:?}");
        session.finish().await;
    }
}

#[tokio::test]
async fn a_race_over_several_files_is_never_mixed() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let (a, b) = (session.open("a.rs", TEXT), session.open("b.rs", TEXT));
        session.editor.replace(&b, "two", "TWO");
        let id = session.propose(&a, &(reply() + &block("b.rs", "five\n", "5\n"))).await;
        session.editor.replace_before_apply(&b, "one", "1");
        session.run("tenon.accept", json!({})).await;
        let settled = |m: &serde_json::Value| {
            let kind = &m["params"]["kind"];
            m["method"] == "tenon/event" && (kind == "applied" || kind == "failed")
        };
        let outcome = session.editor.client.expect_where("an outcome", settled).await;
        if outcome["params"]["kind"] == "failed" {
            session.event("undone").await;
            session.compare().await;
            assert_eq!(session.state_of(&id).await, "proposed", "{peer:?}");
            assert_eq!(session.editor.text(&a), TEXT, "{peer:?}");
            assert_eq!(session.editor.text(&b), "1\nTWO\nthree\nfour\nfive\n", "{peer:?}");
            session.accept(json!({})).await;
        }
        session.compare().await;
        assert_eq!(session.editor.text(&a), "one\ntwo\n3\nfour\nfive\n", "{peer:?}");
        assert_eq!(session.editor.text(&b), "1\nTWO\nthree\nfour\n5\n", "{peer:?}");
        session.finish().await;
    }
}
