//! `tenon log FILE`, `tenon status` and what commands count.

use serde_json::{Value, json};

use super::place::Place;

fn patch(body: &str) -> String {
    format!("*** Begin Patch\n{body}*** End Patch\n")
}

fn apply(place: &Place, body: &str) {
    std::fs::write(place.path("reply"), patch(body)).unwrap();
    place.apply();
}

/// The operations that `tenon log` lists for a file, newest first.
fn history(place: &Place, arguments: &[&str]) -> Vec<String> {
    let told = place.must(&[&["log", "--json"], arguments].concat()).json();
    let operations = told["operations"].as_array().unwrap().clone();
    operations.iter().map(|operation| operation["operation"].as_str().unwrap().to_owned()).collect()
}

fn renamed_twice() -> Place {
    let place = Place::new(&[("a.txt", "1\n"), ("other.txt", "1\n")], "apply-patch", "");
    apply(&place, "*** Update File: a.txt\n@@\n-1\n+2\n");
    apply(&place, "*** Update File: other.txt\n@@\n-1\n+2\n");
    apply(&place, "*** Update File: a.txt\n*** Move to: sub/b.txt\n@@\n-2\n+3\n");
    apply(&place, "*** Update File: sub/b.txt\n*** Move to: c.txt\n@@\n-3\n+4\n");
    apply(&place, "*** Add File: a.txt\n+another\n");
    apply(&place, "*** Update File: c.txt\n@@\n-4\n+5\n");
    place
}

#[test]
fn the_history_of_a_file_goes_through_its_renames() {
    let place = renamed_twice();
    assert_eq!(history(&place, &["c.txt"]), ["o6", "o4", "o3", "o1"]);
    assert_eq!(history(&place, &["-n", "3", "c.txt"]), ["o6", "o4", "o3"]);
    // What has its old name now is another file; what is said of the name stays.
    assert_eq!(history(&place, &["a.txt"]), ["o5", "o3", "o1"]);
    assert_eq!(history(&place, &["sub/b.txt"]), ["o4", "o3", "o1"]);
    assert_eq!(history(&place, &["other.txt"]), ["o2"]);
    assert_eq!(history(&place, &["--file", "./c.txt"]), ["o6", "o4", "o3", "o1"]);
    // A rename that was taken back brought nothing there.
    place.must(&["undo", "o6"]);
    place.must(&["undo", "o4"]);
    assert_eq!(history(&place, &["c.txt"]), ["o6", "o4"]);
}

#[test]
fn a_file_is_named_from_where_one_is() {
    let place = renamed_twice();
    let from = |folder: &str, arguments: &[&str]| {
        let mut command = place.command(arguments);
        super::place::Ran::of(&command.current_dir(place.path(folder)).output().unwrap())
    };
    std::fs::create_dir_all(place.workspace().join("sub")).unwrap();
    let whole = place.workspace().join("c.txt");
    for (folder, name) in [
        ("workspace/sub", "../c.txt"),
        ("workspace", "sub/../c.txt"),
        (".", "c.txt"),
        (".", whole.to_str().unwrap()),
    ] {
        let root = place.workspace();
        let told = from(folder, &["log", "--json", "--root", root.to_str().unwrap(), name]);
        assert_eq!(told.json()["operations"].as_array().map(Vec::len), Some(4), "{folder} {name}: {told:?}");
    }
    let outside = place.run(&["log", "../tape.jsonl"]);
    assert_eq!(outside.code, Some(2));
    assert!(outside.stderr.contains("error[outside-workspace]"), "{outside:?}");
    let none = place.must(&["log", "nowhere.txt"]).stdout;
    assert!(none.contains("nowhere.txt") && none.contains("--root"), "{none}");
}

fn status(place: &Place) -> Value {
    place.must(&["status", "--json"]).json()
}

#[test]
fn the_status_knows_what_commands_did() {
    let place = Place::new(&[("a.txt", "1\n")], "apply-patch", "");
    let before = status(&place);
    assert_eq!((&before["servers"], &before["workspace"]["operations"]), (&json!([]), &json!({})));
    for n in 1..4 {
        apply(&place, &format!("*** Update File: a.txt\n@@\n-{n}\n+{}\n", n + 1));
    }
    place.must(&["undo"]);
    std::fs::write(place.path("reply"), patch("*** Update File: a.txt\n@@\n-nowhere\n+x\n")).unwrap();
    let reply = place.path("reply");
    let reply = reply.to_str().unwrap();
    for _ in 0..2 {
        assert_eq!(place.run(&["apply", reply]).code, Some(1));
    }
    assert_eq!(place.run(&["apply", "--check", reply]).code, Some(1));
    assert_eq!(place.run(&["undo", "o9"]).code, Some(2));
    let told = status(&place);
    assert_eq!(told["workspace"]["operations"], json!({"applied": 2, "undone": 1}));
    assert_eq!(told["workspace"]["trust"], "restricted");
    let counters = &told["metrics"]["counters"];
    assert_eq!(counters["tenon_hunks_total"]["fitted"], 3);
    assert_eq!(counters["tenon_hunks_total"]["refused"], 2, "what only looks is not counted");
    assert_eq!(counters["tenon_diff_refusals_total"], json!({"no-such-place": 2}));
    assert_eq!(counters["tenon_problems_total"], json!({"no-such-place": 2, "unknown-operation": 1}));
    let text = place.must(&["status"]).stdout;
    assert!(text.contains("No server is running.") && text.contains("2 applied, 1 undone"), "{text}");
    assert!(text.contains("2 no-such-place"), "{text}");
    let prometheus = place.must(&["metrics"]).stdout;
    assert!(prometheus.contains("tenon_diff_refusals_total{code=\"no-such-place\"} 2\n"), "{prometheus}");
}

#[test]
fn commands_at_the_same_time_all_count() {
    let place = Place::new(&[("a.txt", "1\n")], "apply-patch", "");
    let children: Vec<_> = (0..6).map(|_| place.command(&["undo", "o9"]).spawn().unwrap()).collect();
    for child in children {
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(2));
    }
    assert_eq!(status(&place)["metrics"]["counters"]["tenon_problems_total"]["unknown-operation"], 6);
}

#[test]
fn a_workspace_that_is_gone_has_still_a_history() {
    let place = Place::new(&[("a.txt", "1\n")], "apply-patch", "");
    let gone = place.path("gone");
    std::fs::create_dir(&gone).unwrap();
    std::fs::write(gone.join("b.txt"), "1\n").unwrap();
    std::fs::write(place.path("reply"), patch("*** Update File: b.txt\n@@\n-1\n+2\n")).unwrap();
    place.must(&["apply", "--root", "../gone", "../reply"]);
    place.must(&["trust", "--yes", "--root", "../gone"]);
    std::fs::remove_dir_all(&gone).unwrap();
    assert_eq!(history(&place, &["--root", "../gone"]), ["o1"]);
    let shown = place.must(&["show", "o1", "--root", "../gone"]).stdout;
    assert!(shown.contains("+2") && shown.contains("made      "), "{shown}");
    let told = place.must(&["status", "--json", "--root", "../gone"]).json();
    assert_eq!(told["workspace"]["operations"], json!({"applied": 1}));
    let undone = place.run(&["undo", "--root", "../gone"]);
    assert!(undone.code == Some(2) && undone.stderr.contains("no-such-folder"), "{undone:?}");
    assert!(place.must(&["trust", "--revoke", "--root", "../gone"]).stdout.contains("not trusted any more"));
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_is() {
    let place = Place::new(&[("a.txt", "1\n"), ("b.txt", "1\n")], "apply-patch", "");
    apply(&place, "*** Update File: a.txt\n@@\n-1\n+2\n*** Update File: b.txt\n@@\n-1\n+2\n");
    let after = place.files();
    let path = place.workspace().join("b.txt");
    let writable = std::fs::metadata(&path).unwrap().permissions();
    let mut read_only = writable.clone();
    read_only.set_readonly(true);
    std::fs::set_permissions(&path, read_only).unwrap();
    let ran = place.run(&["undo"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("error[read-only-file]: b.txt"), "{ran:?}");
    assert_eq!((place.files(), &place.operations()[0]["state"]), (after.clone(), &json!("applied")));
    std::fs::set_permissions(&path, writable).unwrap();
    std::fs::remove_file(&path).unwrap();
    for arguments in [&["undo"][..], &["undo", "--merge"]] {
        let ran = place.run(arguments);
        assert!(ran.code == Some(1) && ran.stderr.contains("b.txt went since operation o1"), "{ran:?}");
        assert!(!ran.stderr.contains("both sides"), "there are none: {ran:?}");
        assert_eq!(place.files().len(), after.len() - 1);
    }
    place.must(&["undo", "--merge", "--conflicts"]);
    assert_eq!(place.files().values().collect::<Vec<_>>(), ["1\n", "1\n"]);
    let noted = place.must(&["log", "--audit", "--json"]).json();
    let noted: Vec<_> =
        noted["entries"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(noted, ["undone", "applied"], "what failed is no deed");
}
