//! Follows one text from the moment something was proved against it.
//!
//! Guarantee: where the way from there to the text as it is now was found by comparing, a place that could as well be
//! another one, because its lines stand there more often than before, is told to be doubtful.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::diff::rebase::Copies;
use crate::text::{DocumentUri, Indel, PositionMap, Rope};

/// A text as it was, and the exact map from there to the text as it is now.
#[derive(Debug, Clone)]
pub struct Track {
    uri: DocumentUri,
    base: Rope,
    map: Option<PositionMap>,
    /// What the text that was compared has more often than `base`; `None` where they were the same.
    copies: Option<Arc<Compared>>,
}

/// What a text that was compared has more often, and what was asked of it: the same is asked at every pause.
#[derive(Debug)]
struct Compared {
    copies: Copies,
    answers: Mutex<HashMap<(usize, usize), bool>>,
}

impl Compared {
    fn could_be_elsewhere(&self, range: &Range<usize>) -> bool {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((range.start, range.end)).or_insert_with(|| self.copies.could_be_elsewhere(range))
    }
}

impl Track {
    /// Follows an open document from this moment on.
    pub fn open(uri: DocumentUri, base: Rope) -> Self {
        Self { uri, base, map: Some(PositionMap::default()), copies: None }
    }

    /// Remembers the text of a file that is not open.
    pub fn closed(uri: DocumentUri, base: Rope) -> Self {
        Self { uri, base, map: None, copies: None }
    }

    /// The document.
    pub fn uri(&self) -> &DocumentUri {
        &self.uri
    }

    /// The text as it was.
    pub fn base(&self) -> &Rope {
        &self.base
    }

    /// The document changed by `indels`, as [`crate::text::Document::change`] returns them.
    pub fn changed(&mut self, indels: &[Indel]) {
        if let Some(map) = &mut self.map {
            map.push_all(indels);
        }
    }

    /// The client names the document by this URI from now on: another spelling of the same file.
    pub fn rename(&mut self, uri: &DocumentUri) {
        self.uri = uri.clone();
    }

    /// The document was opened with this text: the map is found again by comparing.
    pub fn opened(&mut self, text: &Rope) {
        self.map = Some(PositionMap::from_texts(&self.base, text));
        let compared = || Compared { copies: Copies::new(&self.base, text), answers: Mutex::default() };
        self.copies = (self.base != *text).then(|| Arc::new(compared()));
    }

    /// Whether `range` of the text as it was could as well be at another place now, see [`Copies::could_be_elsewhere`].
    pub fn is_doubtful(&self, range: &Range<usize>, live: &Rope) -> bool {
        let copies = self.copies.as_ref().filter(|_| self.base != *live);
        copies.is_some_and(|copies| copies.could_be_elsewhere(range))
    }

    /// The document was closed, or its mirror cannot be trusted: nothing is known of its text any more.
    pub fn lost(&mut self) {
        self.map = None;
        self.copies = None;
    }

    /// Whether nothing is known of the text as it is now.
    pub fn is_lost(&self) -> bool {
        self.map.is_none()
    }

    /// The map to `live`, with what was typed and taken back removed; `None` while the text is not mirrored.
    pub fn map(&self, live: &Rope) -> Option<PositionMap> {
        let mut map = self.map.clone()?;
        map.simplify(&self.base, live);
        Some(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Carried;

    fn track() -> Track {
        Track::open(DocumentUri::new("file:///a"), Rope::from_str("a\nb\n"))
    }

    #[test]
    fn what_is_typed_and_taken_back_leaves_no_trace() {
        let mut track = track();
        track.changed(&[Indel { delete: 2..3, insert: "xyz".to_owned() }]);
        track.changed(&[Indel { delete: 2..5, insert: "b".to_owned() }]);
        assert!(track.map(&Rope::from_str("a\nb\n")).unwrap().is_identity());
    }

    #[test]
    fn a_lost_text_is_found_again_when_it_is_opened() {
        let mut track = track();
        track.lost();
        track.changed(&[Indel { delete: 0..1, insert: String::new() }]);
        assert!(track.map(&Rope::from_str("\nb\n")).is_none());
        let live = Rope::from_str("x\na\nb\n");
        track.opened(&live);
        assert_eq!(track.map(&live).unwrap().carry(2..4), Carried::Moved(4..6));
    }

    fn check(live: &str, range: Range<usize>, expected: bool) {
        let base = Rope::from_str("one\nzwei\nthree\nfour\n");
        let mut track = Track::closed(DocumentUri::new("file:///a"), base);
        let live = Rope::from_str(live);
        track.opened(&live);
        assert_eq!(track.is_doubtful(&range, &live), expected, "{live}");
    }

    #[test]
    fn a_place_that_is_there_twice_is_doubtful() {
        check("zero\none\nzwei\nthree\nfour\n", 4..9, false);
        check("zwei\none\nzwei\nthree\none\nzwei\nthree\n", 4..9, true);
        check("one\nzwei\nthree\none\nzwei\nthree\nfour\n", 4..6, true);
        check("one\nzwei\nthree\none\nzwei\nthree\nfour\n", 15..19, false);
        check("one\nzwei\nthree\nfour\n", 4..9, false);
        // Copied, and the line beside the original changed.
        check("eins\nzwei\nthree\nfour\nzwei\n", 4..9, true);
    }
}
