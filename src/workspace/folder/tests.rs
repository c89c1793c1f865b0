//! Files that go and get another path, together with texts that come.

use super::*;

struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn prepare(&self, files: &[NewText]) -> Result<Writes, String> {
        Folder::open(self.0.path()).unwrap().prepare(files).map_err(|error| error.to_string())
    }

    /// Every file with its text.
    fn texts(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.0.path()).unwrap().to_string_lossy().into_owned();
                    found.push((name, fs::read_to_string(path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

fn deleted(path: &str, old: &str) -> NewText {
    NewText { path: path.to_owned(), moved_to: None, old: Some(old.to_owned()), new: None }
}

fn renamed(path: &str, to: &str, old: &str, new: &str) -> NewText {
    let (old, new) = (Some(old.to_owned()), Some(new.to_owned()));
    NewText { path: path.to_owned(), moved_to: Some(to.to_owned()), old, new }
}

fn created(path: &str, new: &str) -> NewText {
    NewText { path: path.to_owned(), moved_to: None, old: None, new: Some(new.to_owned()) }
}

fn pairs(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn all_at_once() {
    let place = Place::new(&[("a", "a\n"), ("b", "\u{feff}b\n"), ("c", "c\n")]);
    let files = [deleted("a", "a\n"), renamed("b", "sub/b2", "b\n", "B\n"), created("n", "n\n")];
    let writes = place.prepare(&files).unwrap();
    writes.commit().map_err(|error| error.to_string()).unwrap();
    assert_eq!(place.texts(), pairs(&[("c", "c\n"), ("n", "n\n"), ("sub/b2", "\u{feff}B\n")]));
}

#[test]
fn none_when_one_fails() {
    let before = [("a", "a\n"), ("b", "b\n")];
    let files = [deleted("a", "a\n"), renamed("b", "sub/b2", "b\n", "B\n"), created("n", "n\n")];
    // What changed after it was read.
    let place = Place::new(&before);
    let writes = place.prepare(&files).unwrap();
    fs::write(place.0.path().join("a"), "mine\n").unwrap();
    assert!(writes.commit().is_err());
    assert_eq!(place.texts(), pairs(&[("a", "mine\n"), ("b", "b\n")]));
    // A file that came into being meanwhile.
    let place = Place::new(&before);
    let writes = place.prepare(&files).unwrap();
    fs::write(place.0.path().join("n"), "mine\n").unwrap();
    assert!(writes.commit().is_err());
    assert_eq!(place.texts(), pairs(&[("a", "a\n"), ("b", "b\n"), ("n", "mine\n")]));
    // Dropped before it was committed.
    let place = Place::new(&before);
    drop(place.prepare(&files).unwrap());
    assert_eq!(place.texts(), pairs(&before));
    assert!(!place.0.path().join("sub").exists());
}

#[test]
fn places_that_are_refused() {
    let place = Place::new(&[("a", "a\n"), ("b", "b\n"), (".env", "A=1\n")]);
    let check = |file: NewText, expected: &str| {
        let said = place.prepare(&[file]).unwrap_err();
        assert!(said.contains(expected), "{said}");
    };
    check(renamed("a", "b", "a\n", "a\n"), "exists");
    check(renamed("a", ".git/hooks/post-commit", "a\n", "a\n"), "protected");
    check(renamed(".env", "env", "A=1\n", "A=1\n"), "protected");
    check(deleted(".env", "A=1\n"), "protected");
    check(renamed("a", "a/b", "a\n", "a\n"), "Not a directory");
    #[cfg(unix)]
    {
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, place.0.path().join(name)).unwrap();
        link("a", "link");
        link("/tmp", "out");
        check(deleted("link", "a\n"), "is a link");
        check(renamed("link", "c", "a\n", "a\n"), "is a link");
        check(renamed("a", "out/c", "a\n", "a\n"), "leads out");
    }
}
