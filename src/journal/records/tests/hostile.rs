//! What a long life, a damaged record, a missing lock and a moved file do not break.

use super::*;
use crate::journal::{Answers, layout};
use crate::model::CacheSettings;

impl Place {
    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join(layout::JOURNAL.file)
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }

    /// A session with an operation that made `text`, by a process that ended.
    fn worked(&self, root: &str, text: &str) -> String {
        let own = File::open(self.dir.path(), Arc::clone(&self.clock)).unwrap();
        let records = own.records().unwrap();
        let session = now(records.resume(root, FrontDoor::Editor)).unwrap().session;
        let number = now(records.prepare(&session, operation(1, vec![file("a", None, Some(text))]))).unwrap();
        now(records.settle(&session, number, Settlement::Applied, None)).unwrap();
        assert!(own.close(Duration::from_secs(60)));
        session
    }
}

/// Before, all of it was done first, in one transaction, and who came back meanwhile got nothing.
#[test]
fn what_waits_goes_before_what_has_time() {
    let place = Place::new();
    for root in ["/1", "/2", "/3"] {
        place.worked(root, root);
    }
    place.later(DAY * 100);
    let records = place.open();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    records.database.look(move |_| {
        let _ = held.recv();
        Ok(())
    });
    let expired = records.expire(Expiry::default());
    let sessions = records.sessions(None);
    drop(hold);
    assert_eq!(now(sessions).unwrap().len(), 3);
    assert_eq!(now(expired).unwrap(), Expired { n_sessions: 3, bytes: 6 });
    assert_eq!(now(records.sessions(None)).unwrap(), []);
}

#[test]
fn the_file_is_smaller_afterwards() {
    let check = |let_go: &dyn Fn(&Records, &str) -> u64| {
        let place = Place::new();
        let large: String = (0..200_000).fold(String::new(), |text, n: u32| text + &n.to_string() + "\n");
        let session = place.worked("/w", &large);
        let size = || std::fs::metadata(place.file()).unwrap().len();
        let before = size();
        place.later(DAY * 100);
        let own = File::open(place.dir.path(), Arc::clone(&place.clock)).unwrap();
        let bytes = let_go(&own.records().unwrap(), &session);
        assert_eq!(bytes, large.len() as u64);
        assert!(own.close(Duration::from_secs(60)));
        assert!(size() < before / 4, "{before} bytes became {}", size());
    };
    check(&|records, _| now(records.expire(Expiry::default())).unwrap().bytes);
    check(&|records, session| now(records.forget(session)).unwrap().bytes);
}

/// Before, nothing of the workspace was recorded any more, at every start.
#[test]
fn a_record_that_cannot_be_read_does_not_take_the_others_along() {
    let place = Place::new();
    let records = place.open();
    let session = now(records.resume("/w", FrontDoor::Editor)).unwrap().session;
    for id in ["p1", "p2"] {
        now(records.propose(&session, proposal(id, ProposalStanding::Proposed))).unwrap();
    }
    let make =
        |local, text| now(records.prepare(&session, operation(local, vec![file("a", None, Some(text))])));
    let numbers: Vec<_> =
        (1..).zip(["1", "2", "3", "4"]).map(|(local, text)| make(local, text).unwrap()).collect();
    for number in &numbers[..2] {
        now(records.settle(&session, *number, Settlement::Applied, None)).unwrap();
    }
    drop(records);
    place.sql(
        "UPDATE proposals SET body = x'00' WHERE id = 'p1';
         UPDATE blobs SET sealed = x'00' WHERE hash IN
            (SELECT after FROM operation_files WHERE operation IN (2, 4));",
    );
    let records = place.open();
    let again = now(records.resume("/w", FrontDoor::Editor)).unwrap();
    assert_eq!(again.proposals, [proposal("p2", ProposalStanding::Proposed)]);
    assert_eq!(again.operations.iter().map(|one| one.head.number).collect::<Vec<_>>(), [numbers[0]]);
    assert_eq!(again.n_unread, 2);
    let left = now(records.unfinished(&again.session)).unwrap();
    assert_eq!(left.iter().map(|one| one.operation.head.number).collect::<Vec<_>>(), [numbers[2]]);
}

/// Before, the session was used without a lock, and another process took its work over while it lived.
#[test]
fn there_is_no_session_without_a_lock() {
    let place = Place::new();
    std::fs::write(place.dir.path().join("sessions"), "in the way").unwrap();
    let records = place.open();
    assert_eq!(now(records.resume("/w", FrontDoor::Editor)).err(), Some("journal-unusable"));
    assert_eq!(now(records.sessions(None)).unwrap(), [], "none was begun");
}

/// Before, opening the answers made a new key while the journal was sealed with the one that was gone.
#[test]
#[cfg(not(feature = "keyring"))]
fn no_key_is_made_while_the_other_file_has_one() {
    let place = Place::new();
    place.worked("/w", "x");
    let key = place.dir.path().join("journal.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let answers = || {
        Answers::open(place.dir.path(), &CacheSettings::default(), Arc::clone(&place.clock))
            .map(drop)
            .map_err(|problem| problem.code)
    };
    assert_eq!(answers(), Err("journal-key-missing"));
    assert!(!key.exists());
    std::fs::write(&key, kept).unwrap();
    assert_eq!(answers(), Ok(()));
    assert!(now(place.open().resume("/w", FrontDoor::Editor)).unwrap().again);
}

/// Before, it was acknowledged, into a file that nobody reads any more.
#[test]
#[cfg(unix)]
fn nothing_is_acknowledged_into_a_file_that_was_set_aside() {
    let place = Place::new();
    let records = place.open();
    let session = now(records.resume("/w", FrontDoor::Editor)).unwrap().session;
    std::fs::rename(place.file(), place.dir.path().join("journal.db.aside-1")).unwrap();
    assert_eq!(now(records.prepare(&session, operation(1, Vec::new()))), Err("journal-unusable"));
    let _other = Place { dir: place.dir, clock: place.clock, hand: place.hand }.open();
    assert_eq!(now(records.prepare(&session, operation(1, Vec::new()))), Err("journal-unusable"));
}
