//! What became of each file of an edit: by the mirror where it shows it, by the disk where the editor refused, and by
//! the editor's word only where it says yes.
//!
//! Guarantee: a text that was typed into a file while it was being deleted is kept for as long as the edit is judged.

use super::{FileTexts, FlightFile, FlightKind, is_observable, plan};
use crate::app::state::State;
use crate::review::Track;
use crate::text::{DocumentUri, PositionMap, Rope, TextEdit};

/// The files of an edit, by what became of them.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// They are as the edit makes them.
    pub(super) there: Vec<FlightFile>,
    /// They got their new path, but not the changes of lines.
    pub(super) halves: Vec<FlightFile>,
    /// They went with a text newer than the one that was to go, which is their text before now.
    pub(super) overtaken: Vec<FlightFile>,
    /// They are not.
    pub(super) missing: Vec<FlightFile>,
}

/// Sorts the files of an edit that the editor says it `applied`, or not.
pub(super) fn judge(state: &State, files: Vec<FlightFile>, applied: bool) -> Judged {
    let mut judged = Judged::default();
    for mut file in files {
        let there = if is_observable(state, &file) || !applied {
            // The text of a deleted file that is still open is not lost, and it need not ever have been on the disk.
            file.seen || (file.on_disk == Some(true) && !may_close(state, &file))
        } else {
            true
        };
        if !there {
            if take_half(state, &mut file) {
                judged.halves.push(file);
            } else {
                judged.missing.push(file);
            }
        } else if take_newer(state, &mut file) {
            judged.overtaken.push(file);
        } else {
            judged.there.push(file);
        }
    }
    judged
}

/// Whether an open document that was deleted may still be closed by the editor: some do, and only then it is known
/// which text went.
pub(super) fn may_close(state: &State, file: &FlightFile) -> bool {
    let is_open = || state.documents.contains_key(file.track.uri());
    file.goes() && file.version.is_some() && is_open()
}

/// Where to look for the files that the mirror does not show.
pub(super) fn places_to_look(state: &State, files: &[FlightFile]) -> Vec<DocumentUri> {
    files
        .iter()
        .filter(|file| !file.seen && !is_observable(state, file))
        .flat_map(|file| {
            let renamed = file.renamed.as_ref().map(|renamed| renamed.to.clone());
            [Some(file.uri_before().clone()), renamed].into_iter().flatten()
        })
        .collect()
}

/// Notes what the disk says of a file that the mirror does not show.
pub(super) fn look(file: &mut FlightFile, texts: &FileTexts) {
    let text = |uri| {
        texts.get(uri).and_then(|text| text.as_ref().ok()).map(|text| text.as_deref().map(Rope::from_str))
    };
    let Some(here) = text(file.uri_before()) else { return };
    let to = file.renamed.as_ref().map(|renamed| text(&renamed.to));
    file.on_disk = match (file.kind, here, to) {
        (FlightKind::Delete | FlightKind::Uncreate, here, _) => Some(here.is_none()),
        (FlightKind::Modify | FlightKind::Fill, here, _) => Some(here.as_ref() == Some(&file.after)),
        // Some editors create it empty and never come to write its text.
        (FlightKind::Create, Some(here), _) if here == file.after || is_blank(&here) => {
            file.after = here;
            Some(true)
        }
        (FlightKind::Create, _, _) => Some(false),
        (FlightKind::Rename, None, Some(Some(Some(there)))) => {
            if there == file.after {
                Some(true)
            } else if there == file.before {
                file.keep_lines(there);
                Some(true)
            } else {
                None
            }
        }
        (FlightKind::Rename, here, _) => here.is_some().then_some(false),
    };
}

/// Takes over the text with which a deleted document was closed, when that was not the one to go.
fn take_newer(state: &State, file: &mut FlightFile) -> bool {
    if !file.goes() {
        return false;
    }
    let live = || state.live(file.track.uri()).map(|document| document.text().clone());
    let Some(last) = file.last.clone().or_else(live) else { return false };
    // What the edit itself emptied is blank; so is what an editor shows of a file that is gone.
    if last == file.before || is_blank(&last) {
        return false;
    }
    file.edit = plan::replace_all(&last, "");
    file.before = last;
    true
}

/// Takes a file that was renamed without its changes of lines for one of which nothing else was asked.
fn take_half(state: &State, file: &mut FlightFile) -> bool {
    let Some(renamed) = &file.renamed else { return false };
    let to = state.spelling(renamed.to.clone());
    let (from_open, Some(document)) = (state.documents.contains_key(&renamed.from), state.live(&to)) else {
        return false;
    };
    let text = document.text().clone();
    let map = PositionMap::from_texts(&file.before, &text);
    if from_open || file.edit.iter().any(|indel| map.touched(indel.delete.clone())) {
        return false;
    }
    file.keep_lines(text.clone());
    file.seen = true;
    file.track = Track::open(to, text);
    true
}

fn is_blank(text: &Rope) -> bool {
    text.chars().all(char::is_whitespace)
}

impl FlightFile {
    /// Whether the edit removes it.
    pub(super) fn goes(&self) -> bool {
        matches!(self.kind, FlightKind::Delete | FlightKind::Uncreate)
    }

    /// Only the path changed, and `text` is the text before and after.
    fn keep_lines(&mut self, text: Rope) {
        self.edit = TextEdit::builder(text.len_bytes()).finish().expect("no replacement can overlap another");
        self.before = text.clone();
        self.after = text;
    }
}
