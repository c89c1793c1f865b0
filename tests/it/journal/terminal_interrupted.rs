//! What commands make of an operation that a killed command left, and of being interrupted themselves.

use tenon::journal::{Journal, system_clock};
use tenon::ports::{Direction, FileChange, FileRecord, FrontDoor, Journal as _, Kept, NewOperation};
use tenon::text::{DocumentUri, Rope};

use super::place::{Place, files};

const REPLY: &str = "a.txt\n<<<<<<< SEARCH\none\n=======\neins\n>>>>>>> REPLACE\n";

/// `o1` is applied to `a.txt`.
fn place() -> Place {
    let place = Place::new(
        &[("a.txt", "one\n"), ("b.txt", "b\n2\n3\n"), ("c.txt", "c\n2\n3\n")],
        "search-replace",
        REPLY,
    );
    place.apply();
    place
}

fn now<T>(kept: Kept<T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(kept).unwrap()
}

fn changed(place: &Place, path: &str, before: &str, after: &str) -> FileRecord {
    FileRecord {
        path: path.to_owned(),
        path_after: None,
        uri: DocumentUri::from_path(&place.workspace().canonicalize().unwrap().join(path)),
        uri_after: None,
        kind: FileChange::Modified,
        before: Some(Rope::from_str(before)),
        after: Some(Rope::from_str(after)),
    }
}

/// A command is killed that was about to make `o2`, of `b.txt` and `c.txt`.
fn prepared(place: &Place) {
    let records = Journal::open(&place.path("state"), system_clock()).unwrap().records().unwrap();
    let root = place.workspace().canonicalize().unwrap();
    let session = now(records.resume(root.to_str().unwrap(), FrontDoor::Terminal)).session;
    let operation = NewOperation {
        local: 2,
        proposal: String::new(),
        task: String::new(),
        title: "killed".to_owned(),
        instruction: String::new(),
        model: String::new(),
        numbers: Vec::new(),
        files: vec![
            changed(place, "b.txt", "b\n2\n3\n", "B\n2\n3\n"),
            changed(place, "c.txt", "c\n2\n3\n", "C\n2\n3\n"),
        ],
    };
    assert_eq!(now(records.prepare(&session, operation)), 2);
}

/// A command is killed that was about to take `o1` back.
fn taking(place: &Place) {
    let records = Journal::open(&place.path("state"), system_clock()).unwrap().records().unwrap();
    let root = place.workspace().canonicalize().unwrap();
    let session = now(records.resume(root.to_str().unwrap(), FrontDoor::Terminal)).session;
    let step = vec![changed(place, "a.txt", "eins\n", "one\n")];
    now(records.prepare_take(&session, 1, Direction::Undo, step));
}

fn check(place: &Place, texts: [&str; 3], o1: &str) {
    let [a, b, c] = texts;
    assert_eq!(place.files(), files(&[("a.txt", a), ("b.txt", b), ("c.txt", c)]));
    assert_eq!(place.operations().last().unwrap()["state"], o1);
}

#[test]
fn undo_after_a_kill_takes_nothing_older_back() {
    let place = place();
    prepared(&place);
    place.write("b.txt", "B\n2\n3\n");
    let ran = place.must(&["undo"]);
    assert!(
        ran.stderr.ends_with("o2 was interrupted and is rolled back; `tenon undo` again takes back o1.\n"),
        "{ran:?}"
    );
    check(&place, ["eins\n", "b\n2\n3\n", "c\n2\n3\n"], "applied");
    place.must(&["undo"]);
    check(&place, ["one\n", "b\n2\n3\n", "c\n2\n3\n"], "undone");
}

#[test]
fn undo_after_a_kill_means_what_is_finished_now() {
    let place = place();
    prepared(&place);
    place.write("b.txt", "B\n2\n3\n");
    place.write("c.txt", "C\n2\n3\n");
    let ran = place.must(&["undo"]);
    assert!(ran.stderr.contains("finished now") && ran.stderr.contains("o2 is undone"), "{ran:?}");
    check(&place, ["eins\n", "b\n2\n3\n", "c\n2\n3\n"], "applied");
}

#[test]
fn undo_of_what_is_rolled_back_just_now_is_no_error() {
    let place = place();
    prepared(&place);
    place.write("b.txt", "B\n2\n3\n");
    let told = place.must(&["undo", "o2", "--json"]).json();
    assert_eq!((told["status"].as_str(), told["state"].as_str()), (Some("recovered"), Some("rolled-back")));
    check(&place, ["eins\n", "b\n2\n3\n", "c\n2\n3\n"], "applied");
    let ran = place.run(&["undo", "o2"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("operation-taken"), "only once: {ran:?}");
}

/// Commands that only look name what was interrupted, and leave it as it is.
#[test]
fn what_was_interrupted_is_named_by_status_log_and_doctor() {
    let place = place();
    for command in [&["status"][..], &["log"], &["doctor"]] {
        let ran = place.run(command);
        assert!(!format!("{ran:?}").contains("came to an end"), "{ran:?}");
    }
    prepared(&place);
    place.write("b.txt", "B\n2\n3\n");
    for command in [&["status"][..], &["log"], &["log", "a.txt"], &["doctor"]] {
        let ran = place.run(command);
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains("a command ended before o2 in "), "{command:?}: {said}");
        assert!(said.contains("`tenon undo o2` takes back"), "{command:?}: {said}");
    }
    let root = place.workspace().canonicalize().unwrap();
    let left = serde_json::json!([
        { "operation": "o2", "state": "prepared", "door": "terminal", "root": root.to_str().unwrap() }
    ]);
    assert_eq!(place.must(&["log", "--json"]).json()["interrupted"], left);
    assert_eq!(place.must(&["status", "--json"]).json()["workspace"]["interrupted"], left);
    // The other workspaces of a user have nothing to do with it.
    std::fs::create_dir(place.path("elsewhere")).unwrap();
    let other = place.must(&["status", "--json", "--root", "../elsewhere"]).json();
    assert_eq!(other["workspace"]["interrupted"], serde_json::json!([]));
    assert_eq!(place.files()["b.txt"], "B\n2\n3\n");
    place.must(&["undo", "o2"]);
    assert_eq!(place.files()["b.txt"], "b\n2\n3\n");
    assert_eq!(place.must(&["log", "--json"]).json()["interrupted"], serde_json::json!([]));
}

#[test]
fn an_undo_that_was_killed_is_done_once() {
    for (a, is_written) in [("one\n", true), ("eins\n", false)] {
        let place = place();
        taking(&place);
        place.write("a.txt", a);
        let ran = place.must(&["undo"]);
        assert_eq!(ran.stderr.contains("o1 was interrupted and is finished"), is_written, "{ran:?}");
        check(&place, ["one\n", "b\n2\n3\n", "c\n2\n3\n"], "undone");
    }
}

#[test]
fn what_is_torn_is_named_with_the_command_that_takes_it_back() {
    let place = place();
    prepared(&place);
    place.write("b.txt", "B\n2\n3\nmine\n");
    place.write("c.txt", "c\n2\n3\nmine\n");
    let ran = place.run(&["undo", "o999"]);
    assert!(ran.stderr.contains("warning[half-applied]"), "{ran:?}");
    assert!(ran.stderr.contains("it is in b.txt and not in c.txt"), "{ran:?}");
    assert!(ran.stderr.contains("`tenon undo o2 --merge`"), "{ran:?}");
    place.must(&["undo", "o2", "--merge"]);
    check(&place, ["eins\n", "b\n2\n3\nmine\n", "c\n2\n3\nmine\n"], "applied");
}

#[test]
fn what_is_only_a_warning_elsewhere_is_an_error_where_a_command_fails_of_it() {
    let place = place();
    std::fs::remove_file(place.path("state/journal.key")).unwrap();
    let ran = place.run(&["undo"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("error["), "{ran:?}");
    assert_eq!(place.files()["a.txt"], "eins\n");
}

#[test]
fn an_edit_that_nobody_can_be_asked_about_says_so() {
    let place = place();
    place.write("a.txt", "one\n");
    let ran = place.run(&["edit", "do it", "a.txt"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains("+eins") && ran.stderr.contains("error[needs-consent]"), "{ran:?}");
    assert!(ran.stderr.contains("nothing was changed") && ran.stderr.contains("`--yes`"), "{ran:?}");
    assert_eq!(place.files()["a.txt"], "one\n");
}

/// Sends a signal to a command as soon as it wrote the first of many files; whether the command noticed it.
#[cfg(unix)]
fn signalled(place: &Place, arguments: &[&str], is_begun: impl Fn() -> bool, n: usize) -> bool {
    use rustix::process::{Pid, Signal, kill_process};
    let child = place.command(arguments).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let late = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_begun() && std::time::Instant::now() < late {
        std::hint::spin_loop();
    }
    let _ = kill_process(pid, if n.is_multiple_of(2) { Signal::INT } else { Signal::TERM });
    let ran = super::place::Ran::of(&child.wait_with_output().unwrap());
    let said = "Interrupted while files were written: all of them are";
    let is_noticed = ran.code == Some(130) && ran.stderr.contains(said);
    assert!(is_noticed || ran.code == Some(0), "{arguments:?}: {:?} {}", ran.code, ran.stderr);
    is_noticed
}

#[cfg(unix)]
#[test]
fn a_signal_waits_until_all_files_are_written() {
    const N: usize = 400;
    let names: Vec<String> = (0..N).map(|n| format!("f{n:03}.txt")).collect();
    let list: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "old\n")).collect();
    let block = |name: &String| format!("*** Update File: {name}\n@@\n-old\n+new\n");
    let reply: String = names.iter().map(block).collect();
    let place = Place::new(&list, "apply-patch", &format!("*** Begin Patch\n{reply}*** End Patch\n"));
    let is = |text: &str| {
        names.iter().any(|name| {
            std::fs::read_to_string(place.workspace().join(name)).is_ok_and(|there| there == text)
        })
    };
    let mut noticed = [false; 2];
    for n in 0..4 {
        noticed[0] |= signalled(&place, &["apply", "../reply"], || is("new\n"), n);
        assert!(place.files().values().all(|text| text == "new\n"), "half applied");
        noticed[1] |= signalled(&place, &["undo", "--json"], || is("old\n"), n);
        assert!(place.files().values().all(|text| text == "old\n"), "half undone");
        assert_eq!(place.operations()[0]["state"], "undone");
        if noticed == [true; 2] {
            break;
        }
    }
    assert_eq!(noticed, [true; 2], "the writes were over before the signal each time");
}
