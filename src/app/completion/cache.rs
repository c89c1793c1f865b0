//! Answers kept by the text before them: what the user types of a completion needs no second question, and neither
//! does what is taken back.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Filled;
use crate::text::{DocumentUri, Rope};

/// Answers kept, over all documents.
const CAPACITY: usize = 64;

/// A place in a text at a moment; cheap, because ropes share their nodes.
#[derive(Debug, Clone)]
pub(super) struct Place {
    uri: DocumentUri,
    text: Rope,
    at: usize,
    /// Bytes before the cursor that count.
    n_before: usize,
    /// Hash of what stands behind.
    behind: u64,
}

impl Place {
    /// Byte `at` of `text`, of which so many bytes around it count.
    pub(super) fn new(uri: &DocumentUri, text: Rope, at: usize, context_bytes: usize) -> Self {
        let mut hash = DefaultHasher::new();
        // One by one, because equal texts may come in different chunks.
        text.bytes_at(at).take(context_bytes / 4).for_each(|byte| byte.hash(&mut hash));
        Self { uri: uri.clone(), text, at, n_before: context_bytes, behind: hash.finish() }
    }

    /// The text, and the byte of it.
    pub(super) fn of(&self) -> (&Rope, usize) {
        (&self.text, self.at)
    }
}

/// An answer, and where it belongs. It keeps no rope alive.
#[derive(Debug)]
struct Answer {
    uri: DocumentUri,
    at: usize,
    /// What stood before, last byte first.
    before: Vec<u8>,
    behind: u64,
    filled: Filled,
}

impl Answer {
    /// What was typed since then, up to a `later` place; `None` where anything else differs.
    fn typed_until(&self, later: &Place) -> Option<String> {
        if self.uri != later.uri || self.behind != later.behind || later.at < self.at {
            return None;
        }
        let before = later.text.get_bytes_at(self.at)?.reversed();
        if !before.take(self.before.len()).eq(self.before.iter().copied()) {
            return None;
        }
        Some(later.text.get_byte_slice(self.at..later.at)?.to_string())
    }
}

/// The answers, most recently used first.
#[derive(Debug, Default)]
pub(super) struct Cache(VecDeque<Answer>);

impl Cache {
    /// What is known of a place: the rest of an answer whose beginning was typed, or that there is nothing to say.
    pub(super) fn get(&mut self, place: &Place) -> Option<Filled> {
        let (at, filled) = self.0.iter().enumerate().find_map(|(at, answer)| {
            let insert = rest(&answer.filled, &answer.typed_until(place)?)?;
            Some((at, Filled { insert, model: answer.filled.model.clone(), stopped: None }))
        })?;
        let used = self.0.remove(at)?;
        self.0.push_front(used);
        Some(filled)
    }

    /// Keeps an answer.
    pub(super) fn put(&mut self, place: &Place, filled: Filled) {
        let before = place.text.bytes_at(place.at).reversed().take(place.n_before).collect();
        let (uri, at, behind) = (place.uri.clone(), place.at, place.behind);
        self.0.push_front(Answer { uri, at, before, behind, filled });
        self.0.truncate(CAPACITY);
    }

    /// Forgets a document.
    pub(super) fn forget(&mut self, uri: &DocumentUri) {
        self.0.retain(|answer| answer.uri != *uri);
    }
}

/// What is left of an answer behind what was typed; the outer `None` when that is no part of it, or all of it.
#[expect(clippy::option_option, reason = "nothing known and nothing to say differ")]
fn rest(filled: &Filled, typed: &str) -> Option<Option<String>> {
    let Some(insert) = &filled.insert else { return typed.is_empty().then_some(None) };
    let rest = insert.strip_prefix(typed)?;
    (!rest.trim().is_empty()).then(|| Some(rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        let at = text.find('|').expect("a cursor");
        Place::new(&DocumentUri::new("file:///a"), Rope::from_str(&text.replacen('|', "", 1)), at, 40)
    }

    #[expect(clippy::option_option, reason = "known to be nothing is not unknown")]
    fn check(asked: &str, insert: Option<&str>, later: &str, expected: Option<Option<&str>>) {
        let mut cache = Cache::default();
        let filled = Filled { insert: insert.map(str::to_owned), model: "m".to_owned(), stopped: None };
        cache.put(&place(asked), filled);
        let known = cache.get(&place(later)).map(|filled| filled.insert);
        assert_eq!(known.as_ref().map(Option::as_deref), expected, "{later:?}");
    }

    #[test]
    fn what_is_typed_of_it_needs_no_question() {
        check("let |;", Some("é = 1"), "let |;", Some(Some("é = 1")));
        check("let |;", Some("é = 1"), "let é |;", Some(Some("= 1")));
        check("let |;", Some("é = 1"), "let é = 1|;", None);
        check("let |;", Some("é = 1"), "let e|;", None);
        check("let |;", Some("é = 1"), "let| ;", None);
        check("let |;", Some("é = 1"), "let é|", None);
        check("let |;", Some("é = 1"), "LET é|;", None);
        check("let |;", None, "let |;", Some(None));
        check("let |;", None, "let x|;", None);
    }

    #[test]
    fn the_oldest_go() {
        let mut cache = Cache::default();
        let filled = Filled { insert: Some("x".to_owned()), model: "m".to_owned(), stopped: None };
        let first = place("|0");
        cache.put(&first, filled.clone());
        for n in 1..CAPACITY {
            cache.put(&place(&format!("{n}|")), filled.clone());
        }
        // Used, so that the second one is the oldest.
        assert!(cache.get(&first).is_some());
        cache.put(&place("more|"), filled);
        assert!(cache.get(&first).is_some());
        assert!(cache.get(&place("1|")).is_none());
        cache.forget(&DocumentUri::new("file:///a"));
        assert!(cache.get(&first).is_none());
    }
}
