//! Whatever a model, a file, a name, an argument or an imported session says: it is shown, and drives no terminal.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use tenon::problem::is_unseen;

use super::place::{Place, Ran};

/// Control sequences, marks that turn text around, tags, characters without width, and what begins one at an end.
const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{90}q\u{9c}\u{85}\u{1b}Pq\u{1b}\\\u{8}\u{7f}",
    "\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{180e}\u{2028}\u{fff9}",
    "\u{e0041}\u{e007f}\u{3164}\u{115f}\u{1b}]8;;http:evil\u{1b}\\x\u{1b}[31m\u{1b}[0mred\u{1b}",
];

#[track_caller]
fn check(ran: &Ran, what: &str) {
    for text in [&ran.stdout, &ran.stderr] {
        let unseen = text.chars().find(|c| *c != '\n' && is_unseen(*c));
        assert_eq!(unseen, None, "{what}: {text:?}");
    }
}

/// A workspace with a file of the hostile name and text, and a model that answers with `reply`.
fn place(hostile: &str, reply: &str) -> Place {
    let place = Place::new(&[("a.txt", "one\ntwo\n")], "search-replace", reply);
    place.write(&format!("n{hostile}.txt").replace(['/', '\0'], "_"), &format!("one {hostile}\n"));
    place
}

fn good(hostile: &str) -> String {
    format!("{hostile}\n\na.txt\n<<<<<<< SEARCH\none\n=======\nONE {hostile}\n>>>>>>> REPLACE\n")
}

#[test]
fn replies_drive_nothing() {
    for hostile in HOSTILE {
        let replies = [
            good(hostile),
            format!("a.txt\n<<<<<<< SEARCH\n{hostile} nowhere\n=======\nx\n>>>>>>> REPLACE\n"),
            format!("{hostile}.txt\n<<<<<<< SEARCH\none\n=======\nx\n>>>>>>> REPLACE\n"),
            format!("../{hostile}\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n"),
            format!("*** Begin Patch\n*** Delete File: {hostile}\n*** End Patch\n"),
            format!("*** Begin Patch\n*** Update File: a.txt\n*** Move to: {hostile}\n*** End Patch\n"),
            format!("--- a/{hostile}\n+++ b/{hostile}\n@@ -1 +1 @@ {hostile}\n-one\n+{hostile}\n"),
            format!("{{\"edits\": [{{\"path\": \"{hostile}\", \"{hostile}\": 1}}]}}"),
            format!("{hostile} and no edit at all"),
        ];
        let place = place(hostile, &good(hostile));
        for reply in &replies {
            std::fs::write(place.path("reply"), reply).unwrap();
            for arguments in [
                &["apply", "../reply"][..],
                &["apply", "--json", "../reply"],
                &["apply", "--check", "../reply"],
            ] {
                check(&place.run(arguments), reply);
            }
        }
        let requests =
            replies.iter().map(|reply| json!({"id": hostile, "files": {"a.txt": "one\n"}, "reply": reply}));
        let lines: String = requests.map(|request| format!("{request}\n")).collect();
        let mut child = place.command(&["apply", "--batch"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all((lines + "{" + hostile + "\n").as_bytes()).unwrap();
        let ran = Ran::of(&child.wait_with_output().unwrap());
        check(&ran, "batch");
        let ids = ran.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        assert_eq!(ids.filter(|answer| answer["id"] == *hostile).count(), replies.len(), "{hostile:?}");
    }
}

#[test]
fn names_instructions_and_arguments_drive_nothing() {
    for hostile in HOSTILE {
        let place = place(hostile, &good(hostile));
        let name = format!("n{hostile}.txt").replace('/', "_");
        check(&place.run(&["edit", "--yes", hostile, "a.txt", &name]), "edit");
        check(&place.run(&["edit", "--yes", hostile, &name]), "edit of a name");
        place.write("a.txt", "ONE mine\ntwo\n");
        std::fs::create_dir_all(place.path(&name)).unwrap();
        let folder = place.path(&name);
        let folder = folder.to_str().unwrap();
        for arguments in [
            &["log"][..],
            &["log", "--json"],
            &["log", &name],
            &["log", "--audit"],
            &["show", "o1"],
            &["show", "o1", "--json"],
            &["undo"],
            &["undo", "--json"],
            &["undo", "--merge", "--conflicts"],
            &["redo"],
            &["redo", "--root", folder],
            &["log", "--root", folder],
            &["status", "--root", folder],
            &["status", "--root", folder, "--json"],
            &["trust", "--show", "--root", folder],
            &["trust", "--yes", "--root", folder],
            &["trust", "--revoke", "--root", folder],
            &["log", "--audit", "--json"],
            &["apply", "--root", hostile, hostile],
            &["apply", "--allow-protected", hostile, "../reply"],
            &["sessions", "export", hostile],
            &["sessions", "import", hostile],
            &["sessions", "expire", "--days", hostile],
            &["undo", hostile],
            &["show", hostile, hostile],
            &["log", "-n", hostile],
            &["models", hostile],
            &[hostile],
        ] {
            check(&place.run(arguments), &format!("{arguments:?}"));
        }
    }
}

#[test]
fn an_imported_session_drives_nothing() {
    for hostile in HOSTILE {
        let place = place(hostile, &good(hostile));
        place.must(&["edit", "--yes", "INSTRUCTION", "a.txt"]);
        let list = place.must(&["sessions", "--json"]).json();
        let id = list["sessions"][0]["id"].as_str().unwrap().to_owned();
        let mut session = place.must(&["sessions", "export", &id]).json();
        for key in ["title", "instruction"] {
            session["operations"][0][key] = json!(format!("{key} {hostile}"));
            session["proposals"][0][key] = json!(format!("{key} {hostile}"));
        }
        session["tasks"][0]["title"] = json!(hostile);
        let write = |session: &Value| std::fs::write(place.path("s.json"), session.to_string()).unwrap();
        write(&session);
        place.must(&["sessions", "import", "../s.json"]);
        for arguments in [&["log"][..], &["log", "--json"], &["show", "o2"], &["undo", "o2"], &["sessions"]] {
            let ran = place.run(arguments);
            check(&ran, &format!("{arguments:?}"));
        }
        // Nor does one that is refused, wherever it is wrong.
        let mut wrong = session.clone();
        wrong["operations"][0]["model"] = json!(format!("\u{1b}{hostile}"));
        write(&wrong);
        let ran = place.run(&["sessions", "import", "../s.json"]);
        assert_eq!(ran.code, Some(2), "a name without control characters: {ran:?}");
        check(&ran, "a model's name");
        for key in ["root", "operations", "texts", hostile] {
            let mut wrong = session.clone();
            wrong[key] = json!({ *hostile: hostile });
            write(&wrong);
            check(&place.run(&["sessions", "import", "../s.json"]), key);
        }
        session["operations"][0]["files"][0]["path"] = json!(format!(".vscode/{hostile}"));
        write(&session);
        check(&place.run(&["sessions", "import", "../s.json", "--json"]), "a protected name");
    }
}
