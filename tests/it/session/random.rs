//! Random decisions, typing, undo and redo: the text only ever changes where and as it was said.

use proptest::prelude::*;

use super::model::{Act, TARGETS, act, propose, untouched};
use crate::support::client::Peer;
use crate::support::session::Session;

/// Whether `after` is `before` with one target's whole line exchanged.
fn exchanges_one_line(before: &str, after: &str, from: char, to: char) -> bool {
    TARGETS.iter().any(|line| {
        let (old, new) = (format!("{from}{line:02}"), format!("{to}{line:02}"));
        let lines: Vec<&str> =
            before.split('\n').map(|line| if line == old { new.as_str() } else { line }).collect();
        after != before && lines.join("\n") == after
    })
}

async fn step(session: &Session, uri: &str, act: &Act) {
    let before = session.editor.text(uri);
    if let Act::Type(place, piece) = act {
        // Anywhere: in thousandths of the text.
        let mut at = before.len() * place / 1000;
        while !before.is_char_boundary(at) {
            at -= 1;
        }
        session.editor.insert(uri, at, piece);
        return session.compare().await;
    }
    let (command, arguments, event) = act.command().expect("all others are commands");
    let answer = session.command(command, arguments).await;
    let (Some(event), true) = (event, answer.is_ok()) else {
        return assert_eq!(session.editor.text(uri), before, "{act:?} answered {answer:?}");
    };
    session.event(event).await;
    session.compare().await;
    let after = session.editor.text(uri);
    let (from, to) = if event == "undone" { ('H', 'L') } else { ('L', 'H') };
    let is_right = exchanges_one_line(&before, &after, from, to);
    assert!(is_right, "{act:?} answered {answer:?} and made {before:?} into {after:?}");
}

async fn story(acts: Vec<Act>) {
    let session = Session::start(Peer::Helix).await;
    let uri = session.open("a.rs", &untouched());
    propose(&session, &uri).await;
    for act in &acts {
        step(&session, &uri, act).await;
    }
    session.finish().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_text_changes_only_as_said(acts in prop::collection::vec(
        act(0..1001, &["x", "\n", "y\n", "\nz", "😀"]), 1..20,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(story(acts));
    }
}
