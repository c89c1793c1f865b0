//! What is recorded comes back; what others hold stays theirs.

use std::sync::{Arc, Barrier, Mutex};

mod audited;
mod hostile;

use super::super::{Journal as File, block_on, hand_clock};
use super::*;
use crate::ports::{BaseFile, FileChange, FrontDoor};
use crate::text::{DocumentUri, Rope};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Place {
    dir: tempfile::TempDir,
    clock: Clock,
    hand: Arc<Mutex<Duration>>,
}

impl Place {
    fn new() -> Self {
        let (clock, hand) = hand_clock(DAY * 1000);
        Self { dir: tempfile::tempdir().unwrap(), clock, hand }
    }

    /// What another process would open.
    fn open(&self) -> Records {
        File::open(self.dir.path(), Arc::clone(&self.clock)).unwrap().records().unwrap()
    }

    fn later(&self, time: Duration) {
        *self.hand.lock().unwrap() += time;
    }
}

fn now<T>(kept: Kept<T>) -> Result<T, &'static str> {
    block_on(kept).map_err(|problem| problem.code)
}

fn file(path: &str, before: Option<&str>, after: Option<&str>) -> FileRecord {
    let kind = match (before, after) {
        (None, _) => FileChange::Created,
        (_, None) => FileChange::Deleted,
        _ => FileChange::Modified,
    };
    FileRecord {
        path: path.to_owned(),
        path_after: None,
        uri: DocumentUri::new(format!("file:///w/{path}")),
        uri_after: None,
        kind,
        before: before.map(Rope::from_str),
        after: after.map(Rope::from_str),
    }
}

fn operation(local: u64, files: Vec<FileRecord>) -> NewOperation {
    NewOperation {
        local,
        proposal: format!("p{local}"),
        task: format!("t{local}"),
        title: "Make it async".to_owned(),
        instruction: "make it async, please".to_owned(),
        model: "coder".to_owned(),
        numbers: vec![0, 2],
        files,
    }
}

fn proposal(id: &str, standing: ProposalStanding) -> ProposalRecord {
    let uri = DocumentUri::new("file:///w/a.rs");
    ProposalRecord {
        id: id.to_owned(),
        task: "t4".to_owned(),
        title: "Make it async".to_owned(),
        instruction: "make it async, please".to_owned(),
        model: "coder".to_owned(),
        role: "edit".to_owned(),
        target: uri.clone(),
        files: vec![BaseFile { path: "a.rs".to_owned(), uri, base: Some(Rope::from_str("fn a() {}\n")) }],
        body: "{\"hunks\":[]}".to_owned(),
        n_hunks: 3,
        standing,
    }
}

/// Records an operation that came to its end.
fn done(records: &Records, session: &str, operation: NewOperation) {
    let number = now(records.prepare(session, operation)).unwrap();
    now(records.settle(session, number, Settlement::Applied, None)).unwrap();
}

#[test]
fn a_session_comes_back_after_its_process() {
    let place = Place::new();
    let records = place.open();
    let begun = now(records.resume("/w", FrontDoor::Editor)).unwrap();
    assert!(!begun.again && (begun.next_task, begun.next_proposal, begun.next_operation) == (1, 1, 1));
    let session = begun.session.as_str();
    assert!(session.len() == 32 && session.chars().all(|c| c.is_ascii_hexdigit()));
    now(records.propose(session, proposal("p6", ProposalStanding::Proposed))).unwrap();
    now(records.propose(session, proposal("p7", ProposalStanding::Proposed))).unwrap();
    let decision = DecisionRecord { number: 1, decision: "rejected".to_owned() };
    let update =
        |id| records.update_proposal(session, id, ProposalStanding::Rejected, None, vec![decision.clone()]);
    now(update("p7")).unwrap();
    assert_eq!(now(update("p9")), Err("unknown-proposal"));
    let made = vec![file("a.rs", Some("é\r\n"), Some("b\n")), file("n.rs", None, Some(""))];
    let number = now(records.prepare(session, operation(9, made.clone()))).unwrap();
    now(records.settle(session, number, Settlement::Applied, None)).unwrap();
    drop(records);

    let again = now(place.open().resume("/w", FrontDoor::Editor)).unwrap();
    assert!(again.again && again.session == session);
    assert_eq!((again.next_task, again.next_proposal, again.next_operation), (10, 10, 10));
    assert_eq!(again.proposals, [proposal("p6", ProposalStanding::Proposed)]);
    let [operation] = &again.operations[..] else { panic!("{:?}", again.operations) };
    assert_eq!((operation.head.state, &operation.files), (OperationState::Applied, &made));
    assert_eq!((operation.head.title.as_str(), &operation.head.numbers[..]), ("Make it async", &[0, 2][..]));
}

#[tokio::test]
async fn what_waits_in_a_session_of_a_server_that_is_ending_is_not_lost_sight_of() {
    let place = Place::new();
    let (ending, next) = (place.open(), place.open());
    let session = ending.resume("/w", FrontDoor::Editor).await.unwrap().session;
    ending.propose(&session, proposal("p1", ProposalStanding::Proposed)).await.unwrap();
    let resumed = tokio::spawn(next.resume("/w", FrontDoor::Editor));
    tokio::time::sleep(HAND_OVER_LOOK * 5).await;
    assert!(!resumed.is_finished());
    // It still writes its last words.
    ending.propose(&session, proposal("p2", ProposalStanding::Proposed)).await.unwrap();
    drop(ending);
    let resumed = resumed.await.unwrap().unwrap();
    assert_eq!((resumed.session, resumed.proposals.len()), (session, 2));
    // One that stays is not waited for without end.
    assert!(!place.open().resume("/w", FrontDoor::Editor).await.unwrap().again);
}

#[test]
fn a_session_that_is_held_old_or_of_another_root_is_not_taken_over() {
    let place = Place::new();
    let (one, two) = (place.open(), place.open());
    let first = now(one.resume("/w", FrontDoor::Editor)).unwrap().session;
    let second = now(two.resume("/w", FrontDoor::Editor)).unwrap().session;
    assert_ne!(first, second);
    place.later(DAY);
    drop((one, two));
    let three = place.open();
    assert!(!now(three.resume("/elsewhere", FrontDoor::Editor)).unwrap().again);
    assert!([first, second].contains(&now(three.resume("/w", FrontDoor::Editor)).unwrap().session));
    drop(three);
    place.later(Expiry::default().age + DAY * 2);
    assert!(!now(place.open().resume("/w", FrontDoor::Editor)).unwrap().again);
}

#[test]
fn no_text_of_the_users_is_in_the_file() {
    let place = Place::new();
    let records = place.open();
    let session = now(records.resume("/w", FrontDoor::Editor)).unwrap().session;
    let task = TaskRecord {
        task: "t1".to_owned(),
        kind: "edit".to_owned(),
        title: "SECRET title".to_owned(),
        instruction: "SECRET words".to_owned(),
    };
    now(records.record_task(&session, task)).unwrap();
    let step = StepRecord { task: "t1".to_owned(), stage: "asking".to_owned(), detail: "SECRET".to_owned() };
    now(records.record_step(&session, step)).unwrap();
    let secret = ProposalRecord {
        title: "SECRET".to_owned(),
        body: "\"SECRET\"".to_owned(),
        ..proposal("p1", ProposalStanding::Proposed)
    };
    now(records.propose(&session, secret)).unwrap();
    let made = NewOperation {
        instruction: "SECRET".to_owned(),
        ..operation(1, vec![file("a", Some("SECRET one"), Some("SECRET two"))])
    };
    now(records.prepare(&session, made)).unwrap();
    let mut n_files = 0;
    for entry in std::fs::read_dir(place.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            n_files += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(6).any(|word| word == b"SECRET"), "{}", path.display());
        }
    }
    assert!(n_files >= 2);
}

#[test]
fn two_processes_never_take_the_same_operation() {
    let place = Place::new();
    let records: Vec<_> = (0..4).map(|_| place.open()).collect();
    let sessions: Vec<_> =
        records.iter().map(|own| now(own.resume("/w", FrontDoor::Editor)).unwrap().session).collect();
    let made = vec![file("a", Some("1"), Some("2"))];
    let number = now(records[0].prepare(&sessions[0], operation(1, made.clone()))).unwrap();
    now(records[0].settle(&sessions[0], number, Settlement::Applied, None)).unwrap();
    let barrier = Arc::new(Barrier::new(4));
    let threads: Vec<_> = records
        .into_iter()
        .zip(sessions)
        .map(|(own, session)| {
            let (barrier, made) = (Arc::clone(&barrier), made.clone());
            std::thread::spawn(move || {
                barrier.wait();
                let taken = now(own.prepare_take(&session, number, Direction::Undo, made));
                let settled = now(own.settle(&session, number, Settlement::Undone, None));
                assert_eq!(taken, settled);
                taken
            })
        })
        .collect();
    let taken: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1, "{taken:?}");
    assert!(taken.iter().all(|taken| matches!(taken, Ok(()) | Err("operation-taken"))));
    assert_eq!(now(place.open().operation(number)).unwrap().head.state, OperationState::Undone);
}

#[test]
fn what_a_process_left_under_way_is_somebody_elses_once() {
    let place = Place::new();
    let (living, dying) = (place.open(), place.open());
    let mine = now(living.resume("/w", FrontDoor::Editor)).unwrap().session;
    let theirs = now(dying.resume("/w", FrontDoor::Editor)).unwrap().session;
    let made = vec![file("a", Some("1"), Some("2"))];
    let own = now(living.prepare(&mine, operation(1, made.clone()))).unwrap();
    let left = now(dying.prepare(&theirs, operation(1, made.clone()))).unwrap();
    let undone = now(dying.prepare(&theirs, operation(2, made.clone()))).unwrap();
    now(dying.settle(&theirs, undone, Settlement::Applied, None)).unwrap();
    let back = vec![file("a", Some("2 typed"), Some("1 typed"))];
    now(dying.prepare_take(&theirs, undone, Direction::Undo, back.clone())).unwrap();
    assert_eq!(now(living.unfinished(&mine)).unwrap(), []);
    assert_eq!(now(living.settle(&mine, left, Settlement::RolledBack, None)), Err("operation-taken"));
    drop(dying);
    let third = place.open();
    let session = now(third.resume("/w", FrontDoor::Editor)).unwrap();
    assert!(session.again);
    let found = now(third.unfinished(&session.session)).unwrap();
    let steps: Vec<_> = found.iter().map(|one| (one.operation.head.number, one.step.clone())).collect();
    assert_eq!(steps, [(left, made.clone()), (undone, back.clone())]);
    assert_eq!(now(living.unfinished(&mine)).unwrap(), []);
    now(third.settle(&session.session, left, Settlement::RolledBack, None)).unwrap();
    now(third.settle(&session.session, undone, Settlement::Undone, Some(back.clone()))).unwrap();
    now(living.settle(&mine, own, Settlement::Applied, None)).unwrap();
    let state = |number| now(living.operation(number)).unwrap();
    assert_eq!(state(left).head.state, OperationState::RolledBack);
    assert_eq!((state(undone).head.state, state(undone).files), (OperationState::Undone, back));
    assert_eq!(state(own).head.state, OperationState::Applied);
    drop((living, third));
    let last = place.open();
    let session = now(last.resume("/w", FrontDoor::Editor)).unwrap().session;
    assert_eq!(now(last.unfinished(&session)).unwrap(), []);
}

#[test]
fn operations_are_found_by_root_path_and_page() {
    let place = Place::new();
    let records = place.open();
    let one = now(records.resume("/1", FrontDoor::Editor)).unwrap().session;
    let two = now(records.resume("/2", FrontDoor::Editor)).unwrap().session;
    for (session, path) in [(&one, "a"), (&two, "a"), (&one, "b"), (&one, "a")] {
        now(records.prepare(session, operation(1, vec![file(path, Some("x"), None)]))).unwrap();
    }
    let moved = FileRecord {
        path_after: Some("a".to_owned()),
        uri_after: Some(DocumentUri::new("file:///w/a")),
        kind: FileChange::Renamed,
        ..file("old", Some("x"), Some("y"))
    };
    now(records.prepare(&one, operation(2, vec![moved]))).unwrap();
    let list = |root: Option<&str>, path: Option<&str>, before, limit| {
        let (root, path) = (root.map(str::to_owned), path.map(str::to_owned));
        let found = now(records.operations(OperationQuery { root, path, before, limit })).unwrap();
        found.into_iter().map(|operation| operation.head.number).collect::<Vec<_>>()
    };
    assert_eq!(list(Some("/1"), None, None, 2), [5, 4]);
    assert_eq!(list(Some("/1"), None, Some(4), 2), [3, 1]);
    assert_eq!(list(Some("/1"), Some("a"), None, 9), [5, 4, 1]);
    assert_eq!(list(None, Some("a"), None, 9), [5, 4, 2, 1]);
    assert!(list(Some("/none"), None, None, 9).is_empty());
    assert_eq!(now(records.operation(99)), Err("unknown-operation"));
}

#[test]
fn old_and_large_sessions_go_with_their_texts_and_held_ones_stay() {
    let place = Place::new();
    let keep = |text: &str| {
        let records = place.open();
        let session = now(records.resume(text, FrontDoor::Editor)).unwrap().session;
        done(&records, &session, operation(1, vec![file("a", Some("shared"), Some(text))]));
        (records, session)
    };
    drop(keep("old"));
    place.later(DAY * 100);
    drop(keep("aaaa"));
    place.later(DAY);
    drop(keep("bbbbbb"));
    let (held, session) = keep("held");
    let expire = |age: Duration, bytes| now(held.expire(Expiry { age, bytes })).unwrap();
    assert_eq!(expire(DAY * 90, 1000), Expired { n_sessions: 1, bytes: 3 });
    // 6 are shared, then 4 + 6 + 4.
    assert_eq!(expire(DAY * 90, 20), Expired::default());
    assert_eq!(expire(DAY * 90, 19), Expired { n_sessions: 1, bytes: 4 });
    assert_eq!(expire(Duration::ZERO, 0).n_sessions, 1);
    let left = now(held.sessions(None)).unwrap();
    assert_eq!(
        left.iter().map(|one| (one.id.as_str(), one.held, one.bytes)).collect::<Vec<_>>(),
        [(session.as_str(), true, 10)]
    );
}

#[test]
fn a_session_that_is_not_there_is_told() {
    let place = Place::new();
    let records = place.open();
    assert_eq!(now(records.prepare("00", operation(1, Vec::new()))), Err("unknown-session"));
    assert_eq!(
        now(records.propose("00", proposal("p1", ProposalStanding::Proposed))),
        Err("unknown-session")
    );
    assert_eq!(now(records.export("00")), Err("unknown-session"));
    assert_eq!(now(records.unfinished("00")).err(), Some("unknown-session"));
    assert_eq!(
        now(records.operations(OperationQuery { limit: 9, ..OperationQuery::default() })).unwrap(),
        []
    );
}

#[test]
fn what_cannot_be_written_is_not_acknowledged() {
    let place = Place::new();
    let file = File::open(place.dir.path(), Arc::clone(&place.clock)).unwrap();
    let records = file.records().unwrap();
    let session = now(records.resume("/w", FrontDoor::Editor)).unwrap().session;
    assert!(file.close(Duration::from_secs(60)));
    assert_eq!(now(records.prepare(&session, operation(1, Vec::new()))), Err("journal-unusable"));
}

#[test]
fn a_session_is_taken_over_through_its_own_door_only() {
    let place = Place::new();
    let begun = [FrontDoor::Editor, FrontDoor::Terminal].map(|door| {
        let resumed = now(place.open().resume("/w", door)).unwrap();
        assert!(!resumed.again, "{door:?}");
        (door, resumed.session)
    });
    let one = place.open();
    for (door, session) in &begun {
        assert_eq!(&now(one.resume("/w", *door)).unwrap().session, session);
    }
    let listed = now(one.sessions(None)).unwrap();
    assert!(listed.iter().all(|one| begun.contains(&(one.door, one.id.clone()))), "{listed:?}");
}

#[test]
fn a_forgotten_session_leaves_what_others_refer_to_and_a_line() {
    let place = Place::new();
    let keep = |root: &str, text: &str| {
        let records = place.open();
        let session = now(records.resume(root, FrontDoor::Editor)).unwrap().session;
        now(records.propose(&session, proposal("p4", ProposalStanding::Proposed))).unwrap();
        done(&records, &session, operation(1, vec![file("a", Some("shared"), Some(text))]));
        (records, session)
    };
    let (gone, stays) = (keep("/1", "mine").1, keep("/2", "theirs"));
    let records = place.open();
    assert_eq!(now(records.forget(&stays.1)), Err("session-held"));
    assert_eq!(now(stays.0.forget(&stays.1)), Err("session-held"), "by itself");
    let expected = Forgotten { n_proposals: 1, n_operations: 1, bytes: 4 };
    assert_eq!(now(records.forget(&gone)), Ok(expected));
    assert_eq!(now(records.forget(&gone)), Err("unknown-session"));
    assert_eq!(now(records.export(&gone)).err(), Some("unknown-session"));
    let [line] = now(records.audits(1)).unwrap().try_into().unwrap();
    assert_eq!((line.action.as_str(), line.subject.as_str()), ("forgotten", gone.as_str()));
    assert!(now(records.export(&stays.1)).unwrap().to_string().contains("shared"));
}

/// Before, its texts went with it, and what was half written stayed so for good.
#[test]
fn a_session_with_something_under_way_stays() {
    let place = Place::new();
    let check = |begin: &dyn Fn(&Records, &str, u64), end: Settlement| {
        let records = place.open();
        let session = now(records.resume("/w", FrontDoor::Editor)).unwrap().session;
        let files = vec![file("a", Some("a"), Some("b"))];
        let number = now(records.prepare(&session, operation(1, files.clone()))).unwrap();
        begin(&records, &session, number);
        drop(records);
        let other = place.open();
        let problem = block_on(other.forget(&session)).unwrap_err();
        assert_eq!(problem.code, "session-unfinished");
        assert!(problem.message.ends_with(&format!(": o{number}")), "{problem:?}");
        assert!(problem.hint.unwrap().contains(&format!("`tenon undo o{number}`")));
        for expiry in [Expiry { age: Duration::ZERO, bytes: 0 }, Expiry { age: DAY * 400, bytes: 0 }] {
            assert_eq!(now(other.expire(expiry)).unwrap().n_sessions, 0);
        }
        let resumed = now(other.resume("/w", FrontDoor::Editor)).unwrap();
        assert_eq!((resumed.session.as_str(), resumed.again), (session.as_str(), true));
        let [left] = now(other.unfinished(&session)).unwrap().try_into().unwrap();
        assert_eq!(left.step, files);
        now(other.settle(&session, number, end, None)).unwrap();
        drop(other);
        place.later(DAY);
        assert_eq!(now(place.open().expire(Expiry { age: Duration::ZERO, bytes: 0 })).unwrap().n_sessions, 1);
    };
    let take = |direction| {
        move |records: &Records, session: &str, number| {
            let files = vec![file("a", Some("a"), Some("b"))];
            now(records.settle(session, number, Settlement::Applied, None)).unwrap();
            if direction == Direction::Redo {
                now(records.settle(session, number, Settlement::Undone, None)).unwrap();
            }
            now(records.prepare_take(session, number, direction, files)).unwrap();
        }
    };
    check(&|_, _, _| {}, Settlement::RolledBack);
    check(&take(Direction::Undo), Settlement::Undone);
    check(&take(Direction::Redo), Settlement::Redone);
}
