//! Random decisions, typing, undo and redo: the text only ever changes where and as it was said.

use proptest::prelude::*;
use serde_json::json;

use crate::support::client::Peer;
use crate::support::session::{Session, block};

const N_LINES: usize = 12;
/// Lines that the proposal changes, `L02` into `H02` and so on; two of them are neighbours.
const TARGETS: [usize; 4] = [2, 5, 6, 11];

#[derive(Debug, Clone)]
enum Act {
    Accept(usize),
    Reject(usize),
    Undo,
    Redo,
    /// Types a piece at a place, given in thousandths of the text.
    Type(usize, &'static str),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..TARGETS.len()).prop_map(Act::Accept),
        1 => (0..TARGETS.len()).prop_map(Act::Reject),
        2 => Just(Act::Undo),
        2 => Just(Act::Redo),
        3 => (0..=1000_usize, prop::sample::select(vec!["x", "\n", "y\n", "\nz", "😀"]))
            .prop_map(|(place, piece)| Act::Type(place, piece)),
    ]
}

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
    let (command, arguments, event, from, to) = match act {
        Act::Type(place, piece) => {
            let mut at = before.len() * place / 1000;
            while !before.is_char_boundary(at) {
                at -= 1;
            }
            session.editor.insert(uri, at, piece);
            return session.compare().await;
        }
        Act::Accept(hunk) => ("tenon.accept", json!({"hunk": hunk}), "applied", 'L', 'H'),
        Act::Reject(hunk) => {
            let _ = session.command("tenon.reject", json!({"hunk": hunk})).await;
            return assert_eq!(session.editor.text(uri), before);
        }
        Act::Undo => ("tenon.undo", json!({}), "undone", 'H', 'L'),
        Act::Redo => ("tenon.redo", json!({}), "applied", 'L', 'H'),
    };
    let answer = session.command(command, arguments).await;
    if answer.is_ok() {
        session.event(event).await;
        session.compare().await;
    }
    let after = session.editor.text(uri);
    let right =
        answer.is_err() && after == before || answer.is_ok() && exchanges_one_line(&before, &after, from, to);
    assert!(right, "{act:?} answered {answer:?} and made {before:?} into {after:?}");
}

async fn story(acts: Vec<Act>) {
    let session = Session::start(Peer::Helix).await;
    let text = (0..N_LINES).map(|line| format!("L{line:02}\n")).collect::<Vec<_>>().concat();
    let uri = session.open("a.rs", &text);
    let reply: String = TARGETS
        .iter()
        .map(|line| block("a.rs", &format!("L{line:02}\n"), &format!("H{line:02}\n")))
        .collect();
    session.propose(&uri, &reply).await;
    for act in &acts {
        step(&session, &uri, act).await;
    }
    session.finish().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_text_changes_only_as_said(acts in prop::collection::vec(act(), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(story(acts));
    }
}
