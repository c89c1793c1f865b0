//! What is done to files is in the audit log, whoever does it.

use super::*;

#[test]
fn what_is_settled_is_noted_with_it() {
    let place = Place::new();
    let records = place.open();
    let session = now(records.resume("/w", FrontDoor::Editor)).unwrap().session;
    let make = |local| now(records.prepare(&session, operation(local, vec![file("a", None, Some("x"))])));
    let settle = |number, settlement| now(records.settle(&session, number, settlement, None));
    let (done, not) = (make(1).unwrap(), make(2).unwrap());
    for settlement in [Settlement::Applied, Settlement::Undone, Settlement::Redone] {
        settle(done, settlement).unwrap();
    }
    settle(not, Settlement::RolledBack).unwrap();
    assert_eq!(settle(not, Settlement::Undone), Err("operation-taken"));
    let noted: Vec<_> = now(records.audits(9)).unwrap().into_iter().rev().collect();
    let words: Vec<_> = noted.iter().map(|one| [&*one.action, &*one.subject, &*one.detail]).collect();
    assert_eq!(words, [["applied", "o1", "/w"], ["undone", "o1", "/w"], ["redone", "o1", "/w"]]);
    assert!(noted.iter().all(|one| one.session.as_ref() == Some(&session)));
}
