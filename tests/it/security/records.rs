//! A record may be anybody's: what is in a journal, or was imported, writes nothing that a model could not.

use std::sync::Arc;

use serde_json::{Value, json};
use tenon::ports::{
    FileChange, FileRecord, FrontDoor, Journal as _, NewOperation, ProposalStanding, Settlement,
};
use tenon::text::{DocumentUri, Rope};

use super::Machine;
use crate::support::client::Peer;
use crate::support::journal::Disk;
use crate::support::session::{Session, block};

const TEXT: &str = "one\n";

/// A session with one pending proposal of a new file, whose record is `forged` before the editor comes back.
async fn forged(forge: impl Fn(&str, &str) -> String) -> Session {
    let journal = Arc::new(Disk::default());
    let folder = tempfile::tempdir().unwrap();
    let session = Session::kept(Peer::VsCode, folder, Arc::clone(&journal) as _).await;
    let uri = session.open("a.rs", TEXT);
    session.propose(&uri, &block("sub/n.txt", "", "evil\n")).await;
    let folder = session.leave().await;
    let known = journal.memory.proposals().remove(0);
    let root = format!("file://{}", folder.path().display());
    let body = forge(&known.body, &root);
    assert_ne!(body, known.body, "it was forged");
    let standing = ProposalStanding::Proposed;
    let session = journal.resume("", FrontDoor::Editor).await.unwrap().session;
    journal.memory.update_proposal(&session, &known.id, standing, Some(body), Vec::new()).await.unwrap();
    Session::kept(Peer::VsCode, folder, Arc::clone(&journal) as _).await
}

/// Everything of the forged proposal is refused, in the command's answer or after it.
async fn check(expected: &str, forge: impl Fn(&str, &str) -> String) {
    let session = forged(forge).await;
    let answer = session.command("tenon.accept", json!({})).await;
    let code = match answer {
        Ok(_) => session.failure().await,
        Err(error) => error["data"]["code"].as_str().unwrap().to_owned(),
    };
    assert_eq!(code, expected);
    assert_eq!(session.editor.n_applied(), 0);
    session.finish().await;
}

#[tokio::test]
async fn a_forged_proposal_writes_nothing() {
    for path in [".git/hooks/post-checkout", ".env", ".tenon.toml", ".vscode/tasks.json"] {
        check("protected-path", |body, _| body.replace("sub/n.txt", path)).await;
    }
    // What is shown is not what would be written: it does not even come back.
    check("no-proposal", |body, root| {
        body.replace(&format!("{root}/sub/n.txt"), &format!("{root}/.git/hooks/post-checkout"))
    })
    .await;
    check("no-proposal", |body, root| body.replace(&format!("{root}/sub/n.txt"), &format!("{root}/x.txt")))
        .await;

    check("no-proposal", |body, _| body.replace("\"sub/n.txt\"", "\"sub/../sub/n.txt\"")).await;
}

/// One that was made here, with files that were never written here.
#[tokio::test]
async fn a_forged_operation_writes_nothing() {
    let journal = Arc::new(Disk::default());
    let folder = tempfile::tempdir().unwrap();
    let session = Session::kept(Peer::VsCode, folder, Arc::clone(&journal) as _).await;
    session.status().await;
    let folder = session.leave().await;
    let text = |text: &str| Some(Rope::from_str(text));
    let known = journal.resume("", FrontDoor::Editor).await.unwrap().session;
    for (local, path, uri) in
        [(1, ".git/config", ".git/config"), (2, "docs/README.md", ".git/config"), (3, "a.rs", "b.rs")]
    {
        let file = FileRecord {
            path: path.to_owned(),
            path_after: None,
            uri: DocumentUri::from_path(&folder.path().join(uri)),
            uri_after: None,
            kind: FileChange::Modified,
            before: text("[core]\n\tfsmonitor = evil\n"),
            after: text("[core]\n"),
        };
        let operation = NewOperation { local, files: vec![file], ..nothing() };
        let number = journal.memory.prepare(&known, operation).await.unwrap();
        journal.memory.settle(&known, number, Settlement::Applied, None).await.unwrap();
    }
    for name in [".git/config", "a.rs", "b.rs"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "[core]\n").unwrap();
    }
    let session = Session::kept(Peer::VsCode, folder, Arc::clone(&journal) as _).await;
    for (number, expected) in [(1, "protected-path"), (2, "unknown-operation"), (3, "unknown-operation")] {
        let answer = session.command("tenon.undo", json!({"operation": format!("o{number}")})).await;
        let code = match answer {
            Ok(_) => session.failure().await,
            Err(error) => error["data"]["code"].as_str().unwrap().to_owned(),
        };
        assert_eq!(code, expected, "o{number}");
    }
    assert_eq!(session.editor.n_applied(), 0);
    for name in [".git/config", "a.rs", "b.rs"] {
        assert_eq!(session.read(name).as_deref(), Some("[core]\n"), "{name}");
    }
    session.finish().await;
}

fn nothing() -> NewOperation {
    let text = String::new;
    NewOperation {
        local: 0,
        proposal: "p1".to_owned(),
        task: "t1".to_owned(),
        title: text(),
        instruction: text(),
        model: text(),
        numbers: Vec::new(),
        files: Vec::new(),
    }
}

/// An imported session is looked at, and nothing else: it is not the step that `undo` means, nor what an editor finds
/// pending.
#[tokio::test]
async fn an_imported_step_is_taken_only_by_its_number_and_when_seen() {
    let machine = Machine::new(&[super::GOOD]).await;
    let applied = machine.run(&["edit", "--yes", "do it", "a.txt"]).await;
    assert_eq!(applied.code, Some(0), "{}", applied.stderr);
    let sessions: Value = serde_json::from_str(&machine.run(&["sessions", "--json"]).await.stdout).unwrap();
    let id = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let exported = machine.run(&["sessions", "export", &id]).await.stdout;
    assert_eq!(machine.run(&["undo"]).await.code, Some(0));
    assert_eq!(machine.read("a.txt").unwrap(), "one\ntwo\n");
    std::fs::write(machine.dir.path().join("s.json"), &exported).unwrap();
    let imported = machine.run(&["sessions", "import", "../s.json"]).await;
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    machine.write("a.txt", "ONE\ntwo\n");
    let ran = machine.run(&["undo"]).await;
    assert!(ran.code != Some(0) && ran.stderr.contains("nothing-to-undo"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`tenon undo o2 --imported`"), "{}", ran.stderr);
    assert!(machine.run(&["log"]).await.stdout.contains(" (imported) do it"));
    assert!(machine.run(&["show", "o2"]).await.stdout.starts_with("operation o2, applied, imported"));
    let ran = machine.run(&["undo", "o2"]).await;
    assert!(ran.code != Some(0) && ran.stderr.contains("imported-operation"), "{}", ran.stderr);
    assert!(ran.stdout.contains("-ONE") && ran.stdout.contains("+one"), "it is shown: {}", ran.stdout);
    assert_eq!(machine.read("a.txt").unwrap(), "ONE\ntwo\n");
    let ran = machine.run(&["undo", "o2", "--imported"]).await;
    assert_eq!((ran.code, machine.read("a.txt").as_deref()), (Some(0), Some("one\ntwo\n")), "{}", ran.stderr);
}
