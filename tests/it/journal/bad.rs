//! Bad input: journals that cannot be used, sessions that were tampered with, a workspace that is another's by now. Each
//! is a typed error with a hint, the old file keeps every byte, and work without a journal is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::place::{Place, Ran, files};
use crate::support::session::{Session, able, patch};

const REPLY: &str = "a.txt\n<<<<<<< SEARCH\none\n=======\neins\n>>>>>>> REPLACE\n";

fn place() -> Place {
    Place::new(&[("a.txt", "one\ntwo\n")], "search-replace", REPLY)
}

/// One whose journal has an operation in it.
fn used() -> Place {
    let place = place();
    place.apply();
    place.write("a.txt", "one\ntwo\n");
    place
}

fn journal(place: &Place) -> PathBuf {
    place.path("state/journal.db")
}

/// A problem with this code was told, with a hint of these words.
fn check_told(ran: &Ran, code: &str, words: &str) {
    let (_, told) = ran.stderr.split_once(&format!("[{code}]")).unwrap_or_else(|| panic!("{code}: {ran:?}"));
    let told = told.split_once("\nwarning[").map_or(told, |(told, _)| told);
    assert!(told.contains("hint") && told.contains(words), "{words}: {ran:?}");
}

/// It is told and left as it is; what needs it is refused, and work goes on without.
fn check_without(place: &Place, code: &str, words: &str) {
    let before = fs::read(journal(place)).unwrap();
    let ran = place.run(&["log"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    check_told(&ran, code, words);
    check_told(&ran, "no-journal", "tenon doctor");
    let reply = place.path("reply");
    let ran = place.must(&["apply", reply.to_str().unwrap()]);
    check_told(&ran, code, words);
    assert_eq!(place.files(), files(&[("a.txt", "eins\ntwo\n")]));
    assert!(fs::read(journal(place)).unwrap() == before);
    let doctor = place.run(&["doctor", "--json"]).json();
    let line =
        |check: &Value| check["name"] == "journal" && check["hint"].as_str().unwrap_or("").contains(words);
    assert!(doctor["checks"].as_array().unwrap().iter().any(line), "{doctor}");
}

/// It is told and set aside with every byte, and the new one works.
fn check_aside(place: &Place, ran: &Ran, before: &[u8]) {
    check_told(ran, "journal-damaged", "set aside");
    let asides: Vec<_> = fs::read_dir(place.path("state"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("journal.db.aside-"))
        .filter(|path| !path.to_string_lossy().ends_with("-wal") && !path.to_string_lossy().ends_with("-shm"))
        .collect();
    let [aside] = asides.as_slice() else { panic!("{asides:?}") };
    assert!(fs::read(aside).unwrap() == before);
    place.apply();
    assert_eq!(place.operations().len(), 1);
    place.must(&["undo"]);
}

#[test]
fn a_journal_of_a_newer_version_is_left_alone() {
    let place = used();
    let connection = Connection::open(journal(&place)).unwrap();
    connection.pragma_update(None, "user_version", 1000).unwrap();
    drop(connection);
    check_without(&place, "journal-newer", "use the newer tenon");
}

#[test]
fn a_cut_journal_is_set_aside() {
    let length = fs::metadata(journal(&used())).unwrap().len();
    for cut in [1, 4096, length / 2, length - 50] {
        let place = used();
        let whole = fs::read(journal(&place)).unwrap();
        let before = &whole[..whole.len() - usize::try_from(cut).unwrap()];
        fs::write(journal(&place), before).unwrap();
        let ran = place.must(&["log"]);
        check_aside(&place, &ran, before);
    }
}

#[test]
fn damage_inside_is_seen_by_doctor_and_then_set_aside() {
    let place = used();
    let healthy = place.must(&["doctor", "--json"]).json();
    let line = |report: &Value| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == "journal").unwrap().clone()
    };
    assert_eq!(line(&healthy)["status"], "ok");
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'requests'";
    let connection = Connection::open(journal(&place)).unwrap();
    let page: i64 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    drop(connection);
    let mut bytes = fs::read(journal(&place)).unwrap();
    let start = usize::try_from(page - 1).unwrap() * 4096;
    bytes[start..start + 64].fill(0xff);
    fs::write(journal(&place), &bytes).unwrap();
    let damaged = line(&place.run(&["doctor", "--json"]).json());
    assert_eq!(damaged["status"], "warn");
    assert!(damaged["message"].as_str().unwrap().contains("is damaged"), "{damaged}");
    assert!(damaged["hint"].as_str().unwrap().contains("who opens it next"), "{damaged}");
    assert!(fs::read(journal(&place)).unwrap() == bytes, "doctor only looks");
    let ran = place.must(&["log"]);
    check_aside(&place, &ran, &bytes);
}

#[test]
fn a_locked_journal_is_told_before_anything_is_written_without_it() {
    let place = used();
    let other = Connection::open(journal(&place)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    place.must(&["log"]);
    let reply = place.path("reply");
    let ran = place.run(&["apply", reply.to_str().unwrap()]);
    check_told(&ran, "journal-unusable", "another process");
    assert_eq!((ran.code, place.files()), (Some(0), files(&[("a.txt", "eins\ntwo\n")])), "{ran:?}");
    let refused = place.run(&["undo", "o1"]);
    check_told(&refused, "journal-unusable", "another process");
    assert_eq!(refused.code, Some(1));
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert_eq!(place.operations().len(), 1);
    place.must(&["undo"]);
    assert_eq!(place.files(), files(&[("a.txt", "one\ntwo\n")]));
}

/// Runs the program with the state directory on a disk of its own, which `setup` made full or read-only. `None` where this
/// system lets nobody make one.
#[cfg(target_os = "linux")]
fn on_own_disk(place: &Place, setup: &str, arguments: &str) -> Option<Ran> {
    let state = place.path("state");
    let script = format!(
        "cd \"$STATE\" && mkdir ../aside && cp -p journal.* ../aside && \
         mount -t tmpfs -o size=1m none \"$STATE\" && cp -p ../aside/* \"$STATE\" && rm -r ../aside && \
         cd \"$STATE\" && {setup} && cd ../workspace && echo mounted >&2 && exec \"$TENON\" {arguments}"
    );
    let tried = Command::new("unshare").args(["-rm", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        return None;
    }
    let command = place.command(&[]);
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .env("STATE", state)
        .env("TENON", command.get_program())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let ran = Ran::of(&output);
    ran.stderr.contains("mounted").then_some(ran)
}

#[cfg(target_os = "linux")]
#[test]
fn a_journal_on_a_read_only_disk_is_told_and_apply_works_without() {
    let place = used();
    let Some(ran) = on_own_disk(&place, "mount -o remount,ro \"$STATE\"", "log") else { return };
    check_told(&ran, "journal-unusable", "permissions");
    check_told(&ran, "no-journal", "tenon doctor");
    let ran = on_own_disk(&place, "mount -o remount,ro \"$STATE\"", "apply ../reply").unwrap();
    check_told(&ran, "journal-unusable", "permissions");
    assert_eq!((ran.code, place.files()), (Some(0), files(&[("a.txt", "eins\ntwo\n")])), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_journal_on_a_full_disk_is_told_and_nothing_is_half_done() {
    let fill = "{ dd if=/dev/zero of=filler bs=1k 2>/dev/null; true; }";
    let place = used();
    let Some(ran) = on_own_disk(&place, fill, "apply ../reply") else { return };
    assert!(ran.stderr.contains("[journal-unusable]") && ran.stderr.contains("hint"), "{ran:?}");
    let done = place.files() == files(&[("a.txt", "eins\ntwo\n")]);
    let undone = place.files() == files(&[("a.txt", "one\ntwo\n")]);
    assert!((ran.code == Some(0) && done) || (ran.code == Some(1) && undone), "{ran:?}");
}

#[test]
fn a_session_that_was_tampered_with_is_not_let_in() {
    let place = used();
    let id = place.must(&["sessions", "--json"]).json()["sessions"][0]["id"].as_str().unwrap().to_owned();
    let exported = place.must(&["sessions", "export", &id]).json();
    let check = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut tampered = exported.clone();
        change(&mut tampered);
        assert_ne!(tampered, exported, "{name}: nothing changed");
        let file = place.path("tampered.json");
        fs::write(&file, tampered.to_string()).unwrap();
        let ran = place.run(&["sessions", "import", file.to_str().unwrap()]);
        assert_eq!(ran.code, Some(2), "{name}: {ran:?}");
        check_told(&ran, "session-invalid", "`tenon sessions export`");
        let kept = place.must(&["sessions", "--json"]).json();
        assert_eq!(kept["sessions"].as_array().unwrap().len(), 1, "{name}: something of it was kept");
    };
    for hostile in [
        "../../outside.txt",
        "/etc/passwd",
        ".git/hooks/pre-commit",
        "a/../../b",
        "C:\\Windows\\x",
        "nul\0byte",
    ] {
        check(hostile, &|session| session["operations"][0]["files"][0]["path"] = json!(hostile));
    }
    check("another document", &|session| {
        session["operations"][0]["files"][0]["uri"] = json!("file:///etc/passwd");
    });
    check("a text that is another", &|session| {
        let texts = session["texts"].as_object_mut().unwrap();
        *texts.values_mut().next().unwrap() = json!("something else");
    });
    check("a hash that is none", &|session| {
        session["operations"][0]["files"][0]["after"] = json!("00");
    });
    check("another form", &|session| session["tenon_session"] = json!(99));
    check("more than there is", &|session| session["more"] = json!(1));
    fs::write(place.path("tampered.json"), exported.to_string()).unwrap();
    let file = place.path("tampered.json");
    place.must(&["sessions", "import", file.to_str().unwrap()]);
}

#[cfg(unix)]
#[test]
fn a_workspace_that_is_another_s_by_now_is_not_trusted_any_more_and_keeps_its_owner() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let place = place();
    place.must(&["trust", "--yes"]);
    place.apply();
    // Only the superuser can give a folder away.
    if chown(place.workspace(), Some(4242), Some(4242)).is_err() {
        return;
    }
    chown(place.workspace().join("a.txt"), Some(4242), Some(4242)).unwrap();
    let shown = place.run(&["trust", "--show", "--json"]).json();
    assert_eq!(shown["trust"], "changed", "{shown}");
    place.must(&["undo"]);
    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    assert_eq!((owner(&place.workspace()), owner(&place.workspace().join("a.txt"))), (4242, 4242));
    assert_eq!(place.files(), files(&[("a.txt", "one\ntwo\n")]));
}

#[tokio::test]
async fn a_workspace_that_vanished_in_the_middle_is_told_and_open_text_goes_on() {
    for peer in able() {
        let session = Session::with_patches(peer).await;
        let open = session.open("a.rs", "one\ntwo\n");
        session.write("b.rs", "one\ntwo\n");
        let closed = session.uri("b.rs");
        let update = |name: &str| patch(&format!("*** Update File: {name}\n@@\n-one\n+1\n two\n"));
        session.propose(&closed, &update("b.rs")).await;
        fs::remove_dir_all(session.folder.path()).unwrap();
        let answer = session.command("tenon.accept", json!({})).await;
        let code = match answer {
            Ok(_) => session.failure().await,
            Err(error) => error["data"]["code"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned(),
        };
        assert_eq!(code, "unreadable-file", "{peer:?}");
        assert!(!session.folder.path().exists(), "{peer:?}: nothing is made again");
        session.propose(&open, &update("a.rs")).await;
        session.accept(json!({})).await;
        assert_eq!(session.editor.text(&open), "1\ntwo\n", "{peer:?}");
        session.undo().await;
        assert_eq!(session.editor.text(&open), "one\ntwo\n", "{peer:?}");
        session.finish().await;
    }
}
