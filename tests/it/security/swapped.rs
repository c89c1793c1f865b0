//! Trust is in content: what was approved cannot be swapped for something else, from one process to the next. Within one
//! session, `outside` tells it.

use serde_json::{Value, json};

use super::{GOOD, Machine, leave};

/// CVE-2025-54136: approved once, swapped later. A changed file is asked about again, and does not count until then.
#[tokio::test]
async fn what_was_trusted_cannot_be_swapped() {
    let machine = Machine::new(&[GOOD]).await;
    machine.write(".tenon.toml", "[limits]\nfiles = 7\n");
    assert_eq!(machine.run(&["trust", "--yes"]).await.code, Some(0));
    machine.write(".tenon.toml", "[limits]\nfiles = 8\n[review]\nmode = 'auto'\n");
    let config = machine.run(&["config"]).await.stdout;
    assert!(config.contains("limits.files = 50") && config.contains("review.mode = \"review\""), "{config}");
    let report: Value = serde_json::from_str(&machine.run(&["trust", "--json"]).await.stdout).unwrap();
    assert_eq!((&report["trust"], &report["changes"]), (&json!("changed"), &json!([".tenon.toml changed"])));
    let ran = machine.run(&["edit", "--yes", "do it", "a.txt"]).await;
    assert!(ran.stderr.contains(".tenon.toml changed since you trusted"), "{}", ran.stderr);
    let editor = machine.editor(json!({})).await;
    let told = editor.client.expect("window/showMessage").await;
    assert!(told["params"]["message"].as_str().unwrap().contains(".tenon.toml changed"), "{told}");
    let status = editor.client.command("tenon.status", json!([])).await.unwrap();
    assert_eq!(status["trust"], "changed");
    leave(editor).await;
    machine.asked(1);
}

/// CVE-2025-54136: a folder that comes to lie at a trusted path is another one.
#[cfg(unix)]
#[tokio::test]
async fn another_folder_at_the_path_is_not_trusted() {
    let machine = Machine::new(&[]).await;
    machine.trust();
    let root = machine.root();
    std::fs::rename(&root, machine.dir.path().join("moved")).unwrap();
    std::fs::create_dir(&root).unwrap();
    let report: Value = serde_json::from_str(&machine.run(&["trust", "--json"]).await.stdout).unwrap();
    assert_eq!(report["trust"], "changed");
}

/// CVE-2025-53773: policy in the workspace. A repository that brings a record of trust along, or is the folder that
/// holds it, is not trusted.
#[tokio::test]
async fn a_repository_cannot_bring_its_own_trust() {
    let machine = Machine::new(&[]).await;
    machine.trust();
    let record = std::fs::read_to_string(machine.dir.path().join("state/trust.json")).unwrap();
    std::fs::remove_file(machine.dir.path().join("state/trust.json")).unwrap();
    for place in ["trust.json", ".tenon/trust.json", "state/trust.json"] {
        machine.write(place, &record);
    }
    let report: Value = serde_json::from_str(&machine.run(&["trust", "--json"]).await.stdout).unwrap();
    assert_eq!(report["trust"], "restricted");
    let above = machine.dir.path().to_string_lossy().into_owned();
    let ran = machine.run(&["trust", "--yes", "--root", &above]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("state-inside-workspace"), "{}", ran.stderr);
}
