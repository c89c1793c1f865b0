//! Files that a reply may mean by a name that no file has.
//!
//! The folder is walked only when there is such a name, and only so far: what a walk did not get to the end of is no
//! basis for *the only file that fits*, so then there are no candidates at all. Links are not followed.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::diff::parse::Reply;
use crate::diff::{FileSet, name};
use crate::text::Rope;
use crate::workspace::Folder;

/// Most entries that are looked at.
const ENTRIES: usize = 50_000;
/// Most names that files are looked for by.
const NAMES: usize = 256;
/// Most candidates, and most bytes of them in all.
const CANDIDATES: usize = 64;
const BYTES: usize = 64 << 20;
/// Folders that hold no sources.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// Adds the files of `folder` that blocks of `reply` could mean, and those that differ only in case from files that
/// it makes.
pub(super) fn add(folder: &Folder, reply: &Reply, files: &mut FileSet) {
    let mut listings = Listings::default();
    for path in name::made(reply, files) {
        for twin in listings.in_other_case(folder.root(), &path) {
            // Its text does not matter: it is not touched.
            if !files.files.contains_key(&twin) {
                files.candidates.insert(twin, Rope::new());
            }
        }
    }
    let sought = name::sought(reply, files);
    if sought.is_empty() || sought.len() > NAMES {
        return;
    }
    let Some(paths) = alike(folder.root(), &sought) else { return };
    let mut read = Vec::new();
    let mut n_bytes = 0;
    for path in paths {
        // What cannot be read as text cannot be what the blocks quote.
        let Ok(Some(text)) = folder.read(&path) else { continue };
        n_bytes += text.len();
        if n_bytes > BYTES {
            return;
        }
        read.push((path, Rope::from_str(&text)));
    }
    read.retain(|(path, _)| !files.files.contains_key(path));
    files.candidates.extend(read);
}

/// The files whose paths are like one of the names; `None` when the walk did not get to its end.
fn alike(root: &Path, names: &[String]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut n_entries = 0;
    let mut folders = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, below)) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            n_entries += 1;
            if n_entries > ENTRIES {
                return None;
            }
            let Ok(file_name) = entry.file_name().into_string() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            let path = format!("{below}{file_name}");
            if kind.is_dir() && !file_name.starts_with('.') && !SKIPPED.contains(&file_name.as_str()) {
                folders.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() && names.iter().any(|name| means(name, &path)) {
                found.push(path);
            }
        }
        if found.len() > CANDIDATES {
            return None;
        }
    }
    Some(found)
}

/// Whether a name could be meant for this path.
fn means(name: &str, path: &str) -> bool {
    name::is_like(name, path) || name::has_same_name(name, path)
}

/// The names in folders, each read once.
#[derive(Debug, Default)]
struct Listings(HashMap<PathBuf, Vec<String>>);

impl Listings {
    fn of(&mut self, folder: &Path) -> &[String] {
        self.0.entry(folder.to_path_buf()).or_insert_with(|| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES);
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
        })
    }

    /// The paths that differ from `path` only in case.
    fn in_other_case(&mut self, root: &Path, path: &str) -> Vec<String> {
        let mut found = vec![String::new()];
        for part in path.split('/') {
            let folded = part.to_lowercase();
            let mut next = Vec::new();
            for below in found {
                let names = self.of(&root.join(&below)).iter().filter(|name| name.to_lowercase() == folded);
                next.extend(names.map(|name| match below.as_str() {
                    "" => name.clone(),
                    below => format!("{below}/{name}"),
                }));
            }
            found = next;
        }
        found.retain(|twin| twin != path);
        found
    }
}
