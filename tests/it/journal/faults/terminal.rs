//! `tenon apply`, `undo` and `redo` over a disk that fails.

use super::{BEFORE, Fault, Files, MOST, Place, Ran, files, is_told_of_loss, nothing_aside, stride, tell};

const REPLY: &str = "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+zwei é\n three\n\
    *** Delete File: b.txt\n*** Add File: sub/new.txt\n+made\n*** End Patch\n";

const APPLY: &[&str] = &["apply", "../reply"];
const UNDO: &[&str] = &["undo", "--json"];
const REDO: &[&str] = &["redo", "--json"];

fn place() -> Place {
    Place::new(&BEFORE, "apply-patch", REPLY)
}

fn after() -> Files {
    files(&[("a.txt", "one\nzwei é\nthree\n"), ("sub/new.txt", "made\n")])
}

fn states(place: &Place) -> Vec<String> {
    let states = place.operations().into_iter();
    states.map(|operation| operation["state"].as_str().unwrap().to_owned()).collect()
}

/// Runs a command that leads `from` one side `to` the other over a fault, and checks what it left; whether it got there.
/// `None` when nothing failed.
fn strike(
    place: &Place,
    command: &[&str],
    fault: Fault,
    (from, to): (&Files, &Files),
) -> Option<(Ran, bool)> {
    let mut run = place.command(command);
    fault.strike(place, &mut run);
    let ran = Ran::of(&run.output().unwrap());
    let struck = Fault::struck(place);
    let context = format!("{command:?} {fault:?} struck {struck:?}: {ran:?}");
    if struck.is_empty() {
        assert_eq!(ran.code, Some(0), "{context}");
        return None;
    }
    assert!(!ran.stderr.contains("panicked"), "{context}");
    let is_typed =
        ["error[", "\"code\": \""].iter().any(|mark| (ran.stderr.clone() + &ran.stdout).contains(mark));
    assert!(ran.code == Some(0) || ran.code == Some(1) && is_typed, "{context}");
    for (path, text) in place.files() {
        let is_whole = [from, to].iter().any(|side| side.get(&path) == Some(&text));
        assert!(is_whole, "{path} is torn: {text:?}; {context}");
    }
    // Whatever writes here next settles it first; this one then finds nothing to do.
    let settled = place.run(&["undo", "o999999"]);
    assert!(settled.stderr.contains("unknown-operation"), "{settled:?}; {context}");
    assert!(!settled.stderr.contains("journal-"), "{settled:?}; {context}");
    nothing_aside(place, &context);
    let now = place.files();
    assert!(now == *from || now == *to, "half: {now:?}; {settled:?}; {context}");
    assert!(now == *to || ran.code != Some(0), "told, and not done; {context}");
    let states = states(place);
    let is_settled = |state: &String| matches!(state.as_str(), "applied" | "undone" | "rolled-back");
    assert!(states.iter().all(is_settled), "stuck: {states:?}; {context}");
    Some((ran, now == *to))
}

/// A run over an empty state directory, which begins the journal.
#[test]
fn beginning_a_journal_and_applying() {
    let (mut n_runs, mut at) = (0, 0);
    let (before, after) = (files(&BEFORE), after());
    'calls: while at < MOST {
        at += stride();
        for fault in Fault::ways(at) {
            let place = place();
            let Some((ran, is_done)) = strike(&place, APPLY, fault, (&before, &after)) else { break 'calls };
            n_runs += 1;
            let context = format!("{fault:?} {ran:?}");
            let states = states(&place);
            assert!(states.len() < 2, "{states:?}; {context}");
            let is_recorded = states.first().is_some_and(|state| state == "applied");
            if is_done && !is_recorded {
                assert!(is_told_of_loss(&ran.stderr), "it is lost, and nobody was told; {context}");
                continue;
            }
            assert_eq!(is_recorded, is_done, "{context}");
            if !is_done {
                place.must(APPLY);
            }
            assert_eq!(place.files(), after, "{context}");
            place.must(UNDO);
            assert_eq!(place.files(), before, "{context}");
        }
    }
    assert!((20..MOST).contains(&at), "{at}");
    tell("apply with a new journal", n_runs, at - 1);
}

/// Runs over a journal that holds something.
#[test]
fn undoing_and_making_again() {
    let place = place();
    let (before, after) = (files(&BEFORE), after());
    place.must(APPLY);
    for (command, (from, to), state) in
        [(UNDO, (&after, &before), "undone"), (REDO, (&before, &after), "applied")]
    {
        let (mut n_runs, mut at) = (0, 0);
        'calls: while at < MOST {
            at += stride();
            for fault in Fault::ways(at) {
                let Some((ran, is_done)) = strike(&place, command, fault, (from, to)) else { break 'calls };
                n_runs += 1;
                let states = states(&place);
                let expected = match (is_done, state) {
                    (true, state) => state,
                    (false, "undone") => "applied",
                    (false, _) => "undone",
                };
                assert_eq!(states, [expected], "{fault:?} {ran:?}");
                if is_done {
                    place.must(if state == "undone" { REDO } else { UNDO });
                }
                assert_eq!(place.files(), *from, "{fault:?} {ran:?}");
            }
        }
        assert!((20..MOST).contains(&at), "{at}");
        tell(command[0], n_runs, at - 1);
    }
}
