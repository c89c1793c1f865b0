//! Follows one text from the moment something was proved against it.
//!
//! Guarantee: where the way from there to the text as it is now was found by comparing, a place that could as well be
//! another one, because its lines stand there more often than before, is told to be doubtful.

use std::collections::HashMap;
use std::ops::Range;

use crate::text::{DocumentUri, Indel, PositionMap, Rope};

/// A text as it was, and the exact map from there to the text as it is now.
#[derive(Debug, Clone)]
pub struct Track {
    uri: DocumentUri,
    base: Rope,
    map: Option<PositionMap>,
    /// Lines of `base` that, with their neighbours, occur more often in the text that was compared.
    doubtful: Vec<usize>,
}

impl Track {
    /// Follows an open document from this moment on.
    pub fn open(uri: DocumentUri, base: Rope) -> Self {
        Self { uri, base, map: Some(PositionMap::default()), doubtful: Vec::new() }
    }

    /// Remembers the text of a file that is not open.
    pub fn closed(uri: DocumentUri, base: Rope) -> Self {
        Self { uri, base, map: None, doubtful: Vec::new() }
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
        self.doubtful = if self.base == *text { Vec::new() } else { repeated(&self.base, text) };
    }

    /// Whether `range` of the text as it was could as well be at another place now: all its lines (for an empty range,
    /// one of those around it) are there more often than they were, with the same neighbours.
    pub fn is_doubtful(&self, range: &Range<usize>, live: &Rope) -> bool {
        if self.doubtful.is_empty() || self.base == *live || range.end > self.base.len_bytes() {
            return false;
        }
        let is_doubtful = |line: usize| self.doubtful.binary_search(&line).is_ok();
        let first = self.base.byte_to_line(range.start);
        if range.is_empty() {
            // Between two lines, either of them tells.
            let is_between = self.base.line_to_byte(first) == range.start;
            return is_doubtful(first) || is_between && first.checked_sub(1).is_some_and(is_doubtful);
        }
        (first..=self.base.byte_to_line(range.end - 1)).all(is_doubtful)
    }

    /// The document was closed, or its mirror cannot be trusted: nothing is known of its text any more.
    pub fn lost(&mut self) {
        self.map = None;
        self.doubtful.clear();
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

/// Lines of `base` that are in `text` more often than in `base`, each with the lines before and behind it; ascending.
fn repeated(base: &Rope, text: &Rope) -> Vec<usize> {
    let (old, new) = (base.to_string(), text.to_string());
    let (old, new) = (windows(&old), windows(&new));
    let mut counts: HashMap<[Option<&str>; 3], (usize, usize)> = HashMap::new();
    for window in &old {
        counts.entry(*window).or_default().0 += 1;
    }
    for window in &new {
        counts.entry(*window).or_default().1 += 1;
    }
    let is_repeated = |window: &[Option<&str>; 3]| counts.get(window).is_some_and(|(old, new)| new > old);
    (0..old.len()).filter(|line| is_repeated(&old[*line])).collect()
}

/// Every line between its neighbours.
fn windows(text: &str) -> Vec<[Option<&str>; 3]> {
    let lines: Vec<&str> = text.lines().collect();
    let at = |at: Option<usize>| at.and_then(|at| lines.get(at)).copied();
    (0..lines.len()).map(|line| [at(line.checked_sub(1)), at(Some(line)), at(Some(line + 1))]).collect()
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
    }
}
