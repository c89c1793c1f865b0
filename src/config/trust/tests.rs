//! Trust is given to content, in one folder, by a record that no workspace reaches.

use tempfile::TempDir;

use super::*;

struct Place {
    dir: TempDir,
    store: TrustStore,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("work")).unwrap();
        let state = StateDir::at(&dir.path().join("state")).unwrap();
        Self { store: TrustStore::new(&state), dir }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    fn write(&self, text: &str) {
        fs::write(self.root().join(SETTINGS), text).unwrap();
    }

    fn grant(&self) {
        self.store.grant(&Look::at(&self.root()).unwrap()).unwrap();
    }

    fn check(&self, expected: Trust, changes: &[&str]) {
        let judged = self.store.judge(&self.root());
        assert_eq!((judged.trust, judged.problem), (expected, None));
        assert_eq!(judged.changes, changes);
    }

    fn problem(&self) -> Option<&'static str> {
        let judged = self.store.judge(&self.root());
        assert_eq!(judged.trust, Trust::Restricted);
        judged.problem.map(|problem| problem.code)
    }
}

#[test]
fn a_workspace_is_restricted_until_it_is_trusted_and_after_it_is_not_any_more() {
    let place = Place::new();
    place.check(Trust::Restricted, &[]);
    place.grant();
    place.check(Trust::Trusted, &[]);
    assert_eq!(place.store.revoke(&place.root()), Ok(true));
    assert_eq!(place.store.revoke(&place.root()), Ok(false));
    place.check(Trust::Restricted, &[]);
}

#[test]
fn any_change_of_what_counts_is_asked_about_again() {
    let place = Place::new();
    place.grant();
    place.write("a");
    place.check(Trust::Changed, &[".tenon.toml appeared"]);
    assert_eq!(place.store.judge(&place.root()).settings(), None);
    place.grant();
    place.check(Trust::Trusted, &[]);
    assert_eq!(place.store.judge(&place.root()).settings(), Some("a"));
    place.write("b");
    place.check(Trust::Changed, &[".tenon.toml changed"]);
    place.write("a");
    place.check(Trust::Trusted, &[]);
    fs::remove_file(place.root().join(SETTINGS)).unwrap();
    place.check(Trust::Changed, &[".tenon.toml is gone"]);
}

#[test]
fn what_was_looked_at_is_trusted_and_not_what_came_after() {
    let place = Place::new();
    place.write("shown");
    let look = Look::at(&place.root()).unwrap();
    place.write("swapped");
    place.store.grant(&look).unwrap();
    place.check(Trust::Changed, &[".tenon.toml changed"]);
}

#[cfg(unix)]
#[test]
fn another_folder_at_the_same_path_is_not_trusted() {
    let place = Place::new();
    place.grant();
    fs::rename(place.root(), place.dir.path().join("old")).unwrap();
    fs::create_dir(place.root()).unwrap();
    place.check(Trust::Changed, &["the folder is another one"]);
    // The number of a folder that is gone is given to the next one.
    let place = Place::new();
    place.grant();
    fs::remove_dir_all(place.root()).unwrap();
    fs::create_dir(place.root()).unwrap();
    place.check(Trust::Changed, &["the folder is another one"]);
    let record = fs::read_to_string(place.dir.path().join("state/trust.json")).unwrap();
    let owner = rustix::process::getuid().as_raw();
    let record = record.replace(&format!("\"owner\": {owner}"), "\"owner\": 4242");
    fs::write(place.dir.path().join("state/trust.json"), record).unwrap();
    place.check(Trust::Changed, &["the folder has another owner"]);
}

#[cfg(unix)]
#[test]
fn a_link_or_a_pipe_is_never_read_nor_trusted() {
    let place = Place::new();
    let settings = place.root().join(SETTINGS);
    fs::write(place.dir.path().join("elsewhere"), "x").unwrap();
    std::os::unix::fs::symlink(place.dir.path().join("elsewhere"), &settings).unwrap();
    let look = Look::at(&place.root()).unwrap();
    assert!(matches!(look.file(SETTINGS), Found::Unusable(_)));
    assert_eq!(place.store.grant(&look).unwrap_err().code, "cannot-trust");
    fs::remove_file(&settings).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&settings).status();
    if made.is_ok_and(|made| made.success()) {
        assert!(matches!(Look::at(&place.root()).unwrap().file(SETTINGS), Found::Unusable(_)));
    }
    place.check(Trust::Restricted, &[]);
}

#[cfg(unix)]
#[test]
fn the_record_is_private_and_one_that_others_could_write_is_not_believed() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.grant();
    let record = place.dir.path().join("state/trust.json");
    assert_eq!(fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&record, fs::Permissions::from_mode(0o622)).unwrap();
    assert_eq!(place.problem(), Some("trust-damaged"));
}

#[test]
fn a_damaged_record_gives_no_trust_and_is_left_as_it_is() {
    let place = Place::new();
    let record = place.dir.path().join("state/trust.json");
    for text in ["", "{}", "[1", r#"{"version": 9, "workspaces": []}"#] {
        fs::write(&record, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&record, fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert_eq!(place.problem(), Some("trust-damaged"), "{text}");
        assert!(place.store.grant(&Look::at(&place.root()).unwrap()).is_err());
        assert_eq!(fs::read_to_string(&record).unwrap(), text);
    }
}

#[test]
fn a_workspace_that_holds_the_record_is_not_trusted() {
    let place = Place::new();
    let root = place.dir.path().to_owned();
    let look = Look::at(&root).unwrap();
    assert_eq!(place.store.grant(&look).unwrap_err().code, "state-inside-workspace");
    let judged = place.store.judge(&root);
    assert_eq!((judged.trust, judged.problem.unwrap().code), (Trust::Restricted, "state-inside-workspace"));
}

#[test]
fn what_is_told_names_what_changed_and_what_to_do() {
    let place = Place::new();
    assert_eq!(place.store.judge(&place.root()).notice(), None);
    place.write("x");
    let notice = place.store.judge(&place.root()).notice().unwrap();
    assert_eq!((notice.code, notice.severity), ("workspace-untrusted", Severity::Warning));
    place.grant();
    assert_eq!(place.store.judge(&place.root()).notice(), None);
    place.write("y");
    let notice = place.store.judge(&place.root()).notice().unwrap();
    assert_eq!(notice.code, "workspace-changed");
    assert!(notice.message.contains(".tenon.toml changed"), "{notice}");
    assert!(notice.hint.unwrap().contains("tenon trust"));
}

#[test]
fn no_folder_no_trust() {
    let place = Place::new();
    let judged = place.store.judge(&place.dir.path().join("nowhere"));
    assert_eq!((judged.trust, judged.problem.unwrap().code), (Trust::Restricted, "no-such-folder"));
}
