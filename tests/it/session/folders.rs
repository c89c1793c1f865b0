//! The folders of a workspace: two of them, one under several spellings, none; and sessions that lie behind a newer one.
//! All with the journal's file, as servers that follow each other have it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tempfile::TempDir;
use tenon::journal::{Journal as File, Records, system_clock};
use tenon::ports::{FrontDoor, Journal, OperationQuery, OperationSummary, TaskRecord};

use crate::support::client::Peer;
use crate::support::journal::Disk;
use crate::support::session::{Session, block};

const TEXT: &str = "one\ntwo\nthree\n";

fn records(state: &TempDir) -> Records {
    File::open(state.path(), system_clock()).unwrap().records().unwrap()
}

/// A server's own way to the journal, once nobody holds a session any more.
async fn free(state: &TempDir) -> Arc<dyn Journal> {
    let records = records(state);
    while records.sessions(None).await.unwrap().iter().any(|session| session.held) {
        tokio::task::yield_now().await;
    }
    Arc::new(records)
}

async fn begin(folder: TempDir, state: &TempDir, roots: &[&str]) -> Session {
    let uris: Vec<String> =
        roots.iter().map(|root| format!("file://{}/{root}", folder.path().display())).collect();
    let journal = free(state).await;
    Session::kept_with(Peer::Neovim, folder, journal, |parameters| {
        parameters["rootUri"] = json!(uris.first());
        let folders = uris.iter().map(|uri| json!({"uri": uri, "name": "f"})).collect::<Vec<_>>();
        parameters["workspaceFolders"] = json!(folders);
    })
    .await
}

async fn of_root(state: &TempDir, folder: &TempDir, root: &str) -> Vec<OperationSummary> {
    let root = folder.path().canonicalize().unwrap().join(root);
    let root = Some(root.to_string_lossy().into_owned());
    records(state).operations(OperationQuery { root, limit: 10, ..OperationQuery::default() }).await.unwrap()
}

#[tokio::test]
async fn each_folder_has_its_own_record_and_all_come_back() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("one")).unwrap();
    std::fs::create_dir(folder.path().join("two")).unwrap();
    let roots = ["one", "two"];
    let session = begin(folder, &state, &roots).await;
    let uri = session.open("two/a.rs", TEXT);
    let first =
        session.propose(&uri, &(block("a.rs", "one\n", "1\n") + &block("a.rs", "three\n", "3\n"))).await;
    session.accept(json!({"hunk": 0})).await;
    let other = session.open("one/a.rs", TEXT);
    let second = session.propose(&other, &block("a.rs", "two\n", "2\n")).await;
    let folder = session.leave().await;
    assert_eq!(of_root(&state, &folder, "one").await.len(), 0);
    let operations = of_root(&state, &folder, "two").await;
    assert_eq!(operations.len(), 1);
    let operation = records(&state).operation(operations[0].head.number).await.unwrap();
    assert!(operation.files[0].uri.as_str().ends_with("/two/a.rs"), "{operation:?}");

    let session = begin(folder, &state, &roots).await;
    assert_eq!(session.state_of(&first).await, "proposed");
    assert_eq!(session.state_of(&second).await, "proposed");
    let history = session.run("tenon.history", json!({})).await;
    assert_eq!(history["operations"].as_array().unwrap().len(), 1, "{history}");
    let uri = session.open("two/a.rs", "1\ntwo\nthree\n");
    session.accept(json!({"proposal": first})).await;
    assert_eq!(session.editor.text(&uri), "1\ntwo\n3\n");
    session.undo().await;
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    let other = session.open("one/a.rs", TEXT);
    session.accept(json!({"proposal": second})).await;
    assert_eq!(session.editor.text(&other), "one\n2\nthree\n");
    let third = session.propose(&other, &block("a.rs", "one\n", "1\n")).await;
    assert!(third != first && third != second, "{third}");
    session.finish().await;
}

#[tokio::test]
async fn the_same_names_in_two_folders_are_kept_apart() {
    let (mut folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for root in ["one", "two"] {
        std::fs::create_dir(folder.path().join(root)).unwrap();
        let session = begin(folder, &state, &[root]).await;
        let uri = session.open(&format!("{root}/a.rs"), TEXT);
        assert_eq!(session.propose(&uri, &block("a.rs", "two\n", &format!("of {root}\n"))).await, "p1");
        folder = session.leave().await;
    }
    let session = begin(folder, &state, &["one", "two"]).await;
    let (one, two) = (session.open("one/a.rs", TEXT), session.open("two/a.rs", TEXT));
    let status = session.status().await;
    let ids: Vec<&str> =
        status["proposals"].as_array().unwrap().iter().map(|known| known["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["p1", "p2"]);
    session.accept(json!({"proposal": "p2"})).await;
    assert_eq!(session.editor.text(&one), TEXT);
    assert_eq!(session.editor.text(&two), "one\nof two\nthree\n");
    session.run("tenon.reject", json!({"proposal": "p1"})).await;
    let folder = session.leave().await;
    let session = begin(folder, &state, &["two", "one"]).await;
    assert_eq!(session.status().await["proposals"].as_array().unwrap().len(), 0);
    session.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_root_has_one_name_under_every_spelling() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("real")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("real"), folder.path().join("link")).unwrap();
    let session = begin(folder, &state, &["link/"]).await;
    let uri = session.open("link/a.rs", TEXT);
    let id = session.propose(&uri, &(block("a.rs", "one\n", "1\n") + &block("a.rs", "three\n", "3\n"))).await;
    session.accept(json!({"hunk": 0})).await;
    let folder = session.leave().await;
    let operations = of_root(&state, &folder, "real").await;
    assert_eq!(operations.len(), 1, "`tenon log` finds it by the folder's own name");
    let operation = records(&state).operation(operations[0].head.number).await.unwrap();
    assert!(operation.files[0].uri.as_str().ends_with("/real/a.rs"), "{operation:?}");
    let session = begin(folder, &state, &["real"]).await;
    assert_eq!(session.state_of(&id).await, "proposed");
    let uri = session.open("real/a.rs", "1\ntwo\nthree\n");
    session.accept(json!({"proposal": id})).await;
    session.undo().await;
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    let folder = session.leave().await;
    assert_eq!(records(&state).sessions(None).await.unwrap().len(), 1);
    let session = begin(folder, &state, &["link"]).await;
    let uri = session.open("link/a.rs", TEXT);
    session.redo().await;
    assert_eq!(session.editor.text(&uri), "1\ntwo\nthree\n");
    session.finish().await;
}

#[tokio::test]
async fn what_waits_comes_back_from_behind_a_newer_session() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("one")).unwrap();
    let session = begin(folder, &state, &["one"]).await;
    let uri = session.open("one/a.rs", TEXT);
    let id = session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    // A second window of the same folder, used later.
    let second = records(&state);
    let root = session.folder.path().canonicalize().unwrap().join("one");
    let newer = second.resume(&root.to_string_lossy(), FrontDoor::Editor).await.unwrap();
    assert!(!newer.again);
    let folder = session.leave().await;
    let words = || "t".to_owned();
    let task = TaskRecord { task: "t1".to_owned(), kind: words(), title: words(), instruction: words() };
    second.record_task(&newer.session, task).await.unwrap();
    drop(second);
    let session = begin(folder, &state, &["one"]).await;
    assert_eq!(session.state_of(&id).await, "proposed");
    let uri = session.open("one/a.rs", TEXT);
    session.accept(json!({})).await;
    assert_eq!(session.editor.text(&uri), "one\n2\nthree\n");
    let folder = session.leave().await;
    let session = begin(folder, &state, &["one"]).await;
    assert_eq!(session.status().await["proposals"].as_array().unwrap().len(), 0);
    session.finish().await;
}

fn change_folders(session: &Session, added: &[&str], removed: &[&str]) {
    let folders = |names: &[&str]| -> Vec<Value> {
        let top = session.folder.path().display();
        names.iter().map(|name| json!({"uri": format!("file://{top}{name}"), "name": "f"})).collect()
    };
    let event = json!({"added": folders(added), "removed": folders(removed)});
    session.editor.client.notify("workspace/didChangeWorkspaceFolders", json!({"event": event}));
}

#[tokio::test]
async fn an_added_folder_does_not_bring_what_is_undone_first() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for root in ["one", "two"] {
        std::fs::create_dir(folder.path().join(root)).unwrap();
    }
    let session = begin(folder, &state, &["one"]).await;
    let uri = session.open("one/a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "one\n", "1\n")).await;
    session.accept(json!({})).await;
    let folder = session.leave().await;
    let session = begin(folder, &state, &["two"]).await;
    let uri = session.open("two/a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.accept(json!({})).await;
    let other = session.open("one/a.rs", "1\ntwo\nthree\n");
    change_folders(&session, &["/one"], &[]);
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    assert_eq!(session.editor.text(&other), "1\ntwo\nthree\n");
    session.undo().await;
    assert_eq!(session.editor.text(&other), TEXT, "then the older one");
    session.finish().await;
}

#[tokio::test]
async fn a_step_is_undone_when_its_folder_has_another_name_by_now() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("two")).unwrap();
    let session = begin(folder, &state, &["two"]).await;
    let uri = session.open("two/a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.accept(json!({})).await;
    change_folders(&session, &[""], &["/two"]);
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    session.finish().await;
}

#[tokio::test]
async fn a_session_is_gone_on_with_when_what_was_left_cannot_be_read() {
    let journal = Arc::new(Disk::default());
    journal.unfinished_fails.store(true, Ordering::SeqCst);
    let session = Session::kept(Peer::Neovim, tempfile::tempdir().unwrap(), journal.clone()).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.accept(json!({})).await;
    assert_eq!(journal.memory.proposals().len(), 1, "it is recorded");
    assert_eq!(journal.memory.all_operations().len(), 1);
    session.finish().await;
}

#[tokio::test]
async fn the_last_decision_is_recorded_when_the_editor_leaves_at_once() {
    let journal = Arc::new(Disk::default());
    let session = Session::kept(Peer::Neovim, tempfile::tempdir().unwrap(), journal.clone()).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &(block("a.rs", "one\n", "1\n") + &block("a.rs", "three\n", "3\n"))).await;
    journal.decides_late.store(true, Ordering::SeqCst);
    session.run("tenon.reject", json!({"hunk": 0})).await;
    session.run("tenon.reject", json!({"hunk": 1})).await;
    session.leave().await;
    // The loop lets go of the journal when it ends.
    while Arc::strong_count(&journal) > 1 {
        tokio::task::yield_now().await;
    }
    assert!(!journal.memory.proposals()[0].standing.is_open(), "the second one is there as well");
}

#[tokio::test]
async fn without_a_folder_it_is_said_once_that_nothing_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Disk::default());
    let session = Session::kept_with(Peer::Neovim, folder, journal.clone(), |parameters| {
        parameters["rootUri"] = Value::Null;
        parameters["workspaceFolders"] = Value::Null;
    })
    .await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("a.rs", "two\n", "2\n")).await;
    session.accept(json!({})).await;
    session.undo().await;
    assert_eq!(session.editor.text(&uri), TEXT);
    assert!(journal.memory.proposals().is_empty());
    let is_said = |message: &Value| {
        message["method"] == "window/showMessage"
            && message["params"]["message"].as_str().is_some_and(|text| text.contains("is not recorded"))
    };
    assert!(session.editor.client.claim(is_said).is_some());
    assert!(session.editor.client.claim(is_said).is_none());
    session.finish().await;
}
