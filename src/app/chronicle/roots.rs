//! The workspace's folders as the journal names them, each with the session in which what is done there is recorded.
//!
//! Guarantees: a root has one name, however the client spells the folder (links, a slash at its end). What is recorded
//! names its documents below that root, what comes back names them as the client does. What is not the document of its
//! path below a root belongs to no root.

use std::path::{Component, Path, PathBuf};

use crate::ports::{FileRecord, OperationRecord};
use crate::review::{Proposal, ProposedChange};
use crate::text::DocumentUri;

/// A folder that things are recorded of.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// Its path with every link followed: its name in the journal, which a terminal finds as well.
    pub(super) name: String,
    /// The client's spellings of it; the first one is used.
    pub(super) folders: Vec<PathBuf>,
    /// Where what is new is recorded.
    pub(super) session: String,
}

impl Root {
    /// The path of a document below the root.
    fn below(&self, uri: &DocumentUri) -> Option<PathBuf> {
        let path = uri.to_path()?;
        let mut tops = self.folders.iter().map(PathBuf::as_path).chain([Path::new(&self.name)]);
        let below = tops.find_map(|top| path.strip_prefix(top).ok())?;
        let is_plain = below.components().all(|part| matches!(part, Component::Normal(_)));
        is_plain.then(|| below.to_owned())
    }

    /// Whether `uri` is the document of `path`; a document that is no file is good in any root.
    fn is_at(&self, path: &str, uri: &DocumentUri) -> bool {
        uri.to_path().is_none() || self.below(uri).is_some_and(|below| below == Path::new(path))
    }

    /// Whether these files are all of this root.
    pub(super) fn holds(&self, files: &[FileRecord]) -> bool {
        files.iter().all(|file| file.is_in_place(|path, uri| self.is_at(path, uri)))
    }

    /// Whether what a proposal changes is all of this root.
    pub(super) fn holds_proposal(&self, proposal: &Proposal) -> bool {
        proposal.files.iter().all(|file| {
            let is_there = match &file.change {
                ProposedChange::Rename { to, uri, .. } => self.is_at(to, uri),
                _ => true,
            };
            is_there && self.is_at(&file.path, file.uri())
        })
    }

    /// A document as the journal names it.
    pub(super) fn kept(&self, uri: &DocumentUri) -> DocumentUri {
        self.respelled(uri, Path::new(&self.name))
    }

    /// A document as the client names it.
    pub(super) fn shown(&self, uri: &DocumentUri) -> DocumentUri {
        match self.folders.first() {
            Some(folder) => self.respelled(uri, folder),
            None => uri.clone(),
        }
    }

    fn respelled(&self, uri: &DocumentUri, top: &Path) -> DocumentUri {
        let is_spelled_so = uri.to_path().is_some_and(|path| path.starts_with(top));
        match self.below(uri) {
            Some(below) if !is_spelled_so => DocumentUri::from_path(&top.join(below)),
            _ => uri.clone(),
        }
    }

    /// Files as the journal names them.
    pub(super) fn keep(&self, files: &mut [FileRecord]) {
        each_uri(files, |uri| self.kept(uri));
    }

    /// An operation as the client names its files.
    pub(super) fn show(&self, mut operation: OperationRecord) -> OperationRecord {
        self.show_files(&mut operation.files);
        operation
    }

    /// Files as the client names them.
    pub(super) fn show_files(&self, files: &mut [FileRecord]) {
        each_uri(files, |uri| self.shown(uri));
    }
}

fn each_uri(files: &mut [FileRecord], spelled: impl Fn(&DocumentUri) -> DocumentUri) {
    for file in files {
        file.uri = spelled(&file.uri);
        file.uri_after = file.uri_after.as_ref().map(&spelled);
    }
}

/// Gives every document of a proposal another spelling.
pub(super) fn respell(proposal: &mut Proposal, spelled: impl Fn(&DocumentUri) -> DocumentUri) {
    proposal.target = spelled(&proposal.target);
    for file in &mut proposal.files {
        let uri = spelled(file.uri());
        file.track.rename(&uri);
        if let ProposedChange::Rename { uri, .. } = &mut file.change {
            *uri = spelled(uri);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::FileChange;

    fn root() -> Root {
        Root {
            name: "/real/one".to_owned(),
            folders: vec!["/link/one".into(), "/other".into()],
            session: String::new(),
        }
    }

    fn check(path: &str, uri: &str, expected: bool) {
        let uri = DocumentUri::new(uri);
        let file = FileRecord {
            path: path.to_owned(),
            path_after: None,
            uri,
            uri_after: None,
            kind: FileChange::Modified,
            before: None,
            after: None,
        };
        assert_eq!(root().holds(&[file]), expected, "{path}");
    }

    #[test]
    fn a_path_is_that_of_its_document() {
        check("a.txt", "file:///link/one/a.txt", true);
        check("a.txt", "file:///real/one/a.txt", true);
        check("sub/a.txt", "file:///other/sub/a.txt", true);
        check("a.txt", "untitled:a", true);
        check("a.txt", "file:///link/two/a.txt", false);
        check("a.txt", "file:///link/one/b.txt", false);
        check("../two/a.txt", "file:///link/one/../two/a.txt", false);
    }

    #[test]
    fn one_name_in_the_journal_and_the_clients_own_outside() {
        let (link, real) =
            (DocumentUri::new("file:///link/one/a b.txt"), DocumentUri::new("file:///real/one/a%20b.txt"));
        assert_eq!(root().kept(&link), real);
        assert_eq!(root().shown(&real), DocumentUri::new("file:///link/one/a%20b.txt"));
        assert_eq!(root().shown(&link), link, "the client's own spelling stays");
        let elsewhere = DocumentUri::new("file:///elsewhere/a");
        assert_eq!(root().kept(&elsewhere), elsewhere);
    }
}
