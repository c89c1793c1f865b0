//! Any sequence of decisions, typing, undo, redo and restarts leaves the text equal to a model of it.
//!
//! [`random`](super::random) draws from the same acts, but types anywhere, where no model can say what becomes of a hunk.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::client::Peer;
use crate::support::journal::Disk;
use crate::support::session::{Session, block};

const N_LINES: usize = 10;
/// Lines that the proposal changes, `L02` into `H02` and so on; the first, the last, and two that are neighbours.
pub(super) const TARGETS: [usize; 4] = [0, 4, 5, 9];

#[derive(Debug, Clone)]
pub(super) enum Act {
    Accept(usize),
    Reject(usize),
    Undo,
    Redo,
    /// Types a piece; where, says the test.
    Type(usize, &'static str),
    /// The server ends and begins again.
    Restart,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Open,
    /// When it was last taken in either direction.
    In(usize),
    Out(usize),
    Rejected,
}

/// What the text must be, told without any engine: lines, and the fate of each hunk.
#[derive(Debug)]
struct Model {
    /// The text of a line that no hunk is about, or the number of a hunk.
    lines: Vec<Result<String, usize>>,
    fates: [Fate; TARGETS.len()],
    n_turns: usize,
}

impl Model {
    fn new() -> Self {
        let line = |at| TARGETS.iter().position(|target| *target == at).map_or(Ok(format!("L{at:02}")), Err);
        Self { lines: (0..N_LINES).map(line).collect(), fates: [Fate::Open; TARGETS.len()], n_turns: 0 }
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| self.line(line)).collect()
    }

    fn line(&self, line: &Result<String, usize>) -> String {
        match line {
            Ok(text) => format!("{text}\n"),
            Err(hunk) => {
                let letter = if matches!(self.fates[*hunk], Fate::In(_)) { 'H' } else { 'L' };
                format!("{letter}{:02}\n", TARGETS[*hunk])
            }
        }
    }

    /// Types, and says where: the byte of the text.
    fn type_at(&mut self, nth: usize, piece: &str) -> usize {
        let free: Vec<usize> = (0..self.lines.len()).filter(|at| self.lines[*at].is_ok()).collect();
        let at = free[nth % free.len()];
        let before: usize = self.lines[..=at].iter().map(|line| self.line(line).len()).sum();
        let Ok(line) = &mut self.lines[at] else { unreachable!("it is free") };
        line.push_str(piece);
        before - 1
    }

    /// The hunk that was taken last among those on one side.
    fn last(&self, side: fn(&Fate) -> Option<usize>) -> Option<usize> {
        (0..TARGETS.len())
            .filter(|hunk| side(&self.fates[*hunk]).is_some())
            .max_by_key(|hunk| side(&self.fates[*hunk]))
    }

    /// What a command makes of it; `None` where it must be refused.
    fn act(&mut self, act: &Act) -> Option<()> {
        self.n_turns += 1;
        let turn = self.n_turns;
        let inside = |fate: &Fate| if let Fate::In(turn) = fate { Some(*turn) } else { None };
        let outside = |fate: &Fate| if let Fate::Out(turn) = fate { Some(*turn) } else { None };
        let (hunk, fate) = match act {
            Act::Accept(hunk) if self.fates[*hunk] == Fate::Open => (*hunk, Fate::In(turn)),
            Act::Reject(hunk) if self.fates[*hunk] == Fate::Open => (*hunk, Fate::Rejected),
            Act::Undo => (self.last(inside)?, Fate::Out(turn)),
            Act::Redo => (self.last(outside)?, Fate::In(turn)),
            _ => return None,
        };
        self.fates[hunk] = fate;
        Some(())
    }
}

impl Act {
    /// The command that it is, and the event that follows where the text changes. `None` where it is no command.
    pub(super) fn command(&self) -> Option<(&'static str, Value, Option<&'static str>)> {
        match self {
            Self::Accept(hunk) => {
                Some(("tenon.accept", json!({"proposal": "p1", "hunk": hunk}), Some("applied")))
            }
            Self::Reject(hunk) => Some(("tenon.reject", json!({"proposal": "p1", "hunk": hunk}), None)),
            Self::Undo => Some(("tenon.undo", json!({}), Some("undone"))),
            Self::Redo => Some(("tenon.redo", json!({}), Some("applied"))),
            Self::Type(..) | Self::Restart => None,
        }
    }
}

/// Any act but a restart.
pub(super) fn act(
    places: std::ops::Range<usize>,
    pieces: &'static [&'static str],
) -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..TARGETS.len()).prop_map(Act::Accept),
        1 => (0..TARGETS.len()).prop_map(Act::Reject),
        3 => Just(Act::Undo),
        3 => Just(Act::Redo),
        3 => (places, prop::sample::select(pieces)).prop_map(|(place, piece)| Act::Type(place, piece)),
    ]
}

/// The text that nothing was done to yet.
pub(super) fn untouched() -> String {
    Model::new().text()
}

/// Brings the proposal up that the acts decide about.
pub(super) async fn propose(session: &Session, uri: &str) {
    let hunk = |line: &usize| block("a.rs", &format!("L{line:02}\n"), &format!("H{line:02}\n"));
    let reply: String = TARGETS.iter().map(hunk).collect();
    session.propose(uri, &reply).await;
}

async fn story(acts: Vec<Act>) {
    let journal = Arc::new(Disk::default());
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::kept(Peer::Helix, folder, Arc::clone(&journal) as _).await;
    let mut model = Model::new();
    let uri = session.open("a.rs", &model.text());
    propose(&session, &uri).await;
    for act in &acts {
        match act {
            // At the end of the nth line that no hunk is about.
            Act::Type(nth, piece) => session.editor.insert(&uri, model.type_at(*nth, piece), piece),
            Act::Restart => {
                session = Session::kept(Peer::Helix, session.leave().await, Arc::clone(&journal) as _).await;
                session.open("a.rs", &model.text());
            }
            _ => {}
        }
        let Some((command, arguments, event)) = act.command() else { continue };
        let expected = model.act(act);
        let answer = session.command(command, arguments).await;
        assert_eq!(answer.is_ok(), expected.is_some(), "{act:?} answered {answer:?} for {model:?}");
        if let (Some(event), true) = (event, answer.is_ok()) {
            session.event(event).await;
        }
        session.compare().await;
        assert_eq!(session.editor.text(&uri), model.text(), "after {act:?}");
    }
    session.finish().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_text_is_that_of_the_model(acts in prop::collection::vec(
        prop_oneof![14 => act(0..20, &["x", "é😀", "\ny", "\n\n"]), 1 => Just(Act::Restart)], 1..16,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(story(acts));
    }
}
