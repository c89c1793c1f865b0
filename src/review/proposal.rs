//! A proposal and the decisions on its hunks.

use std::fmt;

use super::Track;
use crate::diff::gate::Note;
use crate::diff::impact::Impact;
use crate::diff::rebase::{Rebased, rebase};
use crate::diff::{Hunk, Refusal, RefusalCode};
use crate::text::{DocumentUri, Rope};

/// Identifies a proposal: `p1`, `p2`, …
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProposalId(String);

impl ProposalId {
    /// The `n`th proposal.
    pub fn nth(n: u64) -> Self {
        Self(format!("p{n}"))
    }

    /// Takes an id as a client wrote it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProposalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was decided on a hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Nothing yet.
    Proposed,
    /// Accepted; the edit is on its way to the editor.
    Accepted,
    /// It is in the text.
    Applied,
    /// It is not wanted.
    Rejected,
    /// It was in the text and was taken back.
    Undone,
}

/// Where a hunk is in the text as it is now.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// It fits here.
    Fits(Hunk),
    /// The same change is in the text already.
    AlreadyThere,
    /// The text changed where it belongs.
    Stale(Refusal),
    /// The text is not mirrored (the file is not open).
    Unknown,
}

/// One hunk under review.
#[derive(Debug, Clone)]
pub struct ProposedHunk {
    /// Zero-based over the whole proposal.
    pub number: usize,
    /// In the coordinates of the text the model saw.
    pub hunk: Hunk,
    /// What was decided.
    pub decision: Decision,
}

/// What a proposal does to a file.
#[derive(Debug, Clone)]
pub enum ProposedChange {
    /// Changes it.
    Modify(Vec<ProposedHunk>),
    /// Creates it.
    Create {
        /// Zero-based over the whole proposal: a created file counts as one hunk.
        number: usize,
        /// Its whole text.
        text: String,
        /// What was decided.
        decision: Decision,
    },
    /// Deletes it, as long as its text is the one the model saw.
    Delete {
        /// Zero-based over the whole proposal: a deleted file counts as one hunk.
        number: usize,
        /// What was decided.
        decision: Decision,
    },
    /// Gives it another path, and changes lines on the way; all of that is one decision.
    Rename {
        /// Zero-based over the whole proposal.
        number: usize,
        /// The new path, workspace-relative, `/` separators.
        to: String,
        /// Where that is.
        uri: DocumentUri,
        /// In the coordinates of the text the model saw.
        hunks: Vec<Hunk>,
        /// What was decided.
        decision: Decision,
    },
}

impl ProposedChange {
    /// The number and the decision of a change of the file as a whole.
    pub fn whole(&self) -> Option<(usize, Decision)> {
        match self {
            Self::Modify(_) => None,
            Self::Create { number, decision, .. }
            | Self::Delete { number, decision }
            | Self::Rename { number, decision, .. } => Some((*number, *decision)),
        }
    }

    fn decide(&mut self, numbers: &[usize], decided: Decision) {
        match self {
            Self::Modify(hunks) => {
                for hunk in hunks.iter_mut().filter(|hunk| numbers.contains(&hunk.number)) {
                    hunk.decision = decided;
                }
            }
            Self::Create { number, decision, .. }
            | Self::Delete { number, decision }
            | Self::Rename { number, decision, .. } => {
                if numbers.contains(number) {
                    *decision = decided;
                }
            }
        }
    }
}

/// One file of a proposal.
#[derive(Debug, Clone)]
pub struct ProposedFile {
    /// Workspace-relative, `/` separators; the old path of a renamed file.
    pub path: String,
    /// The text the model saw, and what happened to it since.
    pub track: Track,
    /// What the proposal does to it.
    pub change: ProposedChange,
    /// What the whole of it does to the file's symbols.
    pub impact: Vec<Impact>,
}

/// A change waiting for a decision, whole or by hunk.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// The task that made it.
    pub task: String,
    /// What was asked, shortened to one line.
    pub title: String,
    /// What was asked, in full.
    pub instruction: String,
    /// The document the request pointed to; marks of created files are shown there.
    pub target: DocumentUri,
    /// Name of the model that wrote it.
    pub model: String,
    /// The files, in reply order.
    pub files: Vec<ProposedFile>,
    /// What deserves a look.
    pub notes: Vec<Note>,
}

/// A proposal as a whole, for status and lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalState {
    /// Some hunk waits for a decision.
    Proposed,
    /// An edit is on its way.
    Accepted,
    /// Every hunk is decided and at least one is in the text.
    Applied,
    /// Every hunk was rejected.
    Rejected,
    /// Everything that was applied was taken back.
    Undone,
}

impl ProposedHunk {
    /// Where this hunk is now, in `live`.
    pub fn place(&self, track: &Track, live: &Rope) -> Place {
        let Some(map) = track.map(live) else { return Place::Unknown };
        place(&self.hunk, track, &map, live)
    }
}

fn place(hunk: &Hunk, track: &Track, map: &crate::text::PositionMap, live: &Rope) -> Place {
    match rebase(hunk, track.base(), map, live) {
        Ok(Rebased::Fits(_)) if track.is_doubtful(&hunk.range, live) => Place::Stale(doubtful(hunk)),
        Ok(Rebased::Fits(hunk)) => Place::Fits(hunk),
        Ok(Rebased::AlreadyThere) => Place::AlreadyThere,
        Err(refusal) => Place::Stale(refusal),
    }
}

/// The place of a hunk could as well be another one.
fn doubtful(hunk: &Hunk) -> Refusal {
    let refusal = Refusal::new(
        RefusalCode::Conflict,
        "The lines around this change are there more than once by now",
        "Ask again, so that the change is made for the file as it is now.",
    );
    Refusal { block: Some(hunk.block), ..refusal }
}

impl ProposedFile {
    /// The document.
    pub fn uri(&self) -> &DocumentUri {
        self.track.uri()
    }

    /// The path of the file once the change is made; `None` when it is gone then.
    pub fn path_after(&self) -> Option<&str> {
        match &self.change {
            ProposedChange::Modify(_) | ProposedChange::Create { .. } => Some(&self.path),
            ProposedChange::Rename { to, .. } => Some(to),
            ProposedChange::Delete { .. } => None,
        }
    }

    /// The hunks that are decided one by one, empty for a file that comes, goes or gets another path.
    pub fn hunks(&self) -> &[ProposedHunk] {
        match &self.change {
            ProposedChange::Modify(hunks) => hunks,
            ProposedChange::Create { .. } | ProposedChange::Delete { .. } | ProposedChange::Rename { .. } => {
                &[]
            }
        }
    }

    /// The places in `live`, to which `track` leads, of what is decided as a whole: each hunk of a renamed file, and for a deleted one whether
    /// it is as it was. Empty for every other change.
    pub fn whole_places(&self, track: &Track, live: &Rope) -> Vec<Place> {
        match &self.change {
            ProposedChange::Delete { .. } if live != track.base() => {
                vec![Place::Stale(Refusal::conflict(&self.path))]
            }
            ProposedChange::Rename { hunks, .. } if !hunks.is_empty() => {
                let map = track.map(live);
                let in_live = |hunk| map.as_ref().map_or(Place::Unknown, |map| place(hunk, track, map, live));
                hunks.iter().map(in_live).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Every undecided hunk with its place in `live`; the map is computed once.
    pub fn open_hunks<'a>(&'a self, live: &'a Rope) -> Vec<(&'a ProposedHunk, Place)> {
        let open: Vec<_> = self.hunks().iter().filter(|hunk| hunk.decision == Decision::Proposed).collect();
        // Most files of a session are decided: they cost nothing while the user types.
        let map = if open.is_empty() { None } else { self.track.map(live) };
        open.into_iter()
            .map(|hunk| {
                let place =
                    map.as_ref().map_or(Place::Unknown, |map| place(&hunk.hunk, &self.track, map, live));
                (hunk, place)
            })
            .collect()
    }

    /// Every `(number, decision)`.
    pub fn decisions(&self) -> Vec<(usize, Decision)> {
        match &self.change {
            ProposedChange::Modify(hunks) => hunks.iter().map(|h| (h.number, h.decision)).collect(),
            whole => whole.whole().into_iter().collect(),
        }
    }
}

impl Proposal {
    /// Numbers of the hunks (and of files that come, go or get another path) of `path` (all files if `None`) that match `hunk`, with their decisions.
    pub fn select(&self, path: Option<&str>, hunk: Option<usize>) -> Vec<(usize, Decision)> {
        self.files
            .iter()
            .filter(|file| path.is_none_or(|path| file.path == path))
            .flat_map(ProposedFile::decisions)
            .filter(|(number, _)| hunk.is_none_or(|hunk| hunk == *number))
            .collect()
    }

    /// Records a decision on each of `numbers`.
    pub fn decide(&mut self, numbers: &[usize], decision: Decision) {
        for file in &mut self.files {
            file.change.decide(numbers, decision);
        }
    }

    /// Number of hunks; a file that comes, goes or gets another path counts as one.
    pub fn n_hunks(&self) -> usize {
        self.files.iter().map(|file| file.decisions().len()).sum()
    }

    /// The state of the whole.
    pub fn state(&self) -> ProposalState {
        let decisions: Vec<_> = self.files.iter().flat_map(ProposedFile::decisions).map(|(_, d)| d).collect();
        let any = |wanted| decisions.contains(&wanted);
        if any(Decision::Proposed) {
            ProposalState::Proposed
        } else if any(Decision::Accepted) {
            ProposalState::Accepted
        } else if any(Decision::Applied) {
            ProposalState::Applied
        } else if any(Decision::Undone) {
            ProposalState::Undone
        } else {
            ProposalState::Rejected
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Evidence;

    fn proposal() -> Proposal {
        let hunk = |number: usize, at: usize, insert: &str| ProposedHunk {
            number,
            hunk: Hunk {
                range: at..at + 2,
                insert: insert.to_owned(),
                evidence: Evidence::EXACT,
                line: at / 2 + 1,
                block: number,
            },
            decision: Decision::Proposed,
        };
        let uri = |name: &str| DocumentUri::new(format!("file:///{name}"));
        let modified = ProposedFile {
            path: "a".to_owned(),
            track: Track::open(uri("a"), Rope::from_str("a\nb\nc\n")),
            change: ProposedChange::Modify(vec![hunk(0, 0, "A\n"), hunk(1, 4, "C\n")]),
            impact: Vec::new(),
        };
        let created = ProposedFile {
            path: "n".to_owned(),
            track: Track::closed(uri("n"), Rope::new()),
            change: ProposedChange::Create {
                number: 2,
                text: "new\n".to_owned(),
                decision: Decision::Proposed,
            },
            impact: Vec::new(),
        };
        Proposal {
            id: ProposalId::nth(1),
            task: "t1".to_owned(),
            title: String::new(),
            instruction: String::new(),
            target: uri("a"),
            model: String::new(),
            files: vec![modified, created],
            notes: Vec::new(),
        }
    }

    fn numbers(proposal: &Proposal, path: Option<&str>, hunk: Option<usize>) -> Vec<usize> {
        proposal.select(path, hunk).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn hunks_are_selected_by_file_and_number() {
        let proposal = proposal();
        assert_eq!(numbers(&proposal, None, None), [0, 1, 2]);
        assert_eq!(numbers(&proposal, Some("n"), None), [2]);
        assert_eq!(numbers(&proposal, Some("a"), Some(1)), [1]);
        assert!(numbers(&proposal, Some("n"), Some(1)).is_empty());
    }

    #[test]
    fn the_state_is_that_of_what_is_left_to_do() {
        let mut proposal = proposal();
        let mut check = |numbers: &[usize], decision, expected| {
            proposal.decide(numbers, decision);
            assert_eq!(proposal.state(), expected);
        };
        check(&[0], Decision::Applied, ProposalState::Proposed);
        check(&[1], Decision::Rejected, ProposalState::Proposed);
        check(&[2], Decision::Accepted, ProposalState::Accepted);
        check(&[2], Decision::Undone, ProposalState::Applied);
        check(&[0], Decision::Undone, ProposalState::Undone);
        check(&[0, 2], Decision::Rejected, ProposalState::Rejected);
    }

    #[test]
    fn a_file_that_goes_or_moves_is_one_decision() {
        let mut proposal = proposal();
        let Proposal { files, .. } = &mut proposal;
        let ProposedChange::Modify(hunks) = &files[0].change else { panic!("a change") };
        let hunks = hunks.iter().map(|hunk| hunk.hunk.clone()).collect();
        let uri = DocumentUri::new("file:///b");
        files[0].change = ProposedChange::Rename {
            number: 0,
            to: "b".to_owned(),
            uri,
            hunks,
            decision: Decision::Proposed,
        };
        files[1].change = ProposedChange::Delete { number: 1, decision: Decision::Proposed };
        assert_eq!((files[0].path_after(), files[1].path_after()), (Some("b"), None));
        let live = Rope::from_str("x\na\nb\nc\n");
        files[0].track.opened(&live);
        let whole_places = |file: &ProposedFile, live: &Rope| file.whole_places(&file.track, live);
        assert!(whole_places(&files[0], &live).iter().all(|place| matches!(place, Place::Fits(_))));
        assert!(whole_places(&files[1], &Rope::new()).is_empty());
        assert!(matches!(whole_places(&files[1], &live)[..], [Place::Stale(_)]));
        assert_eq!(numbers(&proposal, None, None), [0, 1]);
        proposal.decide(&[0], Decision::Applied);
        proposal.decide(&[1], Decision::Rejected);
        assert_eq!(proposal.state(), ProposalState::Applied);
    }

    #[test]
    fn a_hunk_knows_where_it_is_now() {
        let mut proposal = proposal();
        let file = &mut proposal.files[0];
        file.track.opened(&Rope::from_str("x\na\nb\nC\n"));
        let live = Rope::from_str("x\na\nb\nC\n");
        let places = file.open_hunks(&live);
        assert!(matches!(&places[0].1, Place::Fits(hunk) if hunk.range == (2..4)), "{places:?}");
        assert_eq!(places[1].1, Place::AlreadyThere);
        file.track.opened(&Rope::from_str("aa\nb\nc\n"));
        let live = Rope::from_str("aa\nb\nc\n");
        assert!(matches!(file.open_hunks(&live)[0].1, Place::Stale(_)));
        file.track.lost();
        assert_eq!(file.open_hunks(&live)[0].1, Place::Unknown);
    }
}
