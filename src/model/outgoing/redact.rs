//! Puts marks in the place of secrets, and knows them again.
//!
//! A mark has as many bytes as its secret, so that every place in the text stays where it is, and each secret of a
//! session has one mark of its own. In a text that was [redacted as a source](Redactor::sources) every mark is ours:
//! what only looked like one before is replaced as well, so that putting back can never go wrong.

mod mark;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};

use super::secrets::{self, Find, SHORTEST};
use mark::Written;

/// A text without its secrets: as long as it was, the marks in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redacted {
    /// The text.
    pub text: String,
    /// Where the secrets were.
    pub marks: Vec<Mark>,
}

/// A mark in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its bytes, in the text with the secret and in the one without.
    pub range: Range<usize>,
    /// The secret's number; `None` for one too short for a mark of its own.
    pub number: Option<u32>,
    /// What the secret looks like.
    pub kind: &'static str,
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redacted").field("text", &self.text).field("marks", &self.marks).finish()
    }
}

/// The secrets of a session and their marks. Says nothing of them in debug output.
#[derive(Default)]
pub(super) struct Redactor(Mutex<Known>);

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

#[derive(Default)]
struct Known {
    numbers: HashMap<String, u32>,
    entries: HashMap<u32, Entry>,
    last: u32,
    /// Finds secrets that were seen before, wherever they stand; of so many entries.
    finder: Option<(usize, AhoCorasick, Vec<u32>)>,
}

struct Entry {
    secret: String,
    mark: String,
    kind: &'static str,
}

/// What only looks like a mark.
const LOOK_ALIKE: &str = "text like a mark";

/// Shortest secret that is looked for in other places than where its form showed it.
const SHORTEST_KNOWN: usize = 8;

/// Most secrets that are looked for everywhere, the latest: a file of nothing but keys is no reason to look for each.
const MOST_KNOWN: usize = 2048;

impl Redactor {
    /// Redacts texts as they stand in files.
    pub(super) fn sources(&self, texts: &[&str]) -> Vec<Redacted> {
        self.redact(texts, true)
    }

    /// Redacts texts that may hold marks already; those stay, and are among the marks of the result.
    pub(super) fn again(&self, texts: &[&str]) -> Vec<Redacted> {
        self.redact(texts, false)
    }

    fn redact(&self, texts: &[&str], fresh: bool) -> Vec<Redacted> {
        let mut known = self.known();
        let mut marks: Vec<Vec<Mark>> = texts.iter().map(|text| known.marks_in(text, fresh)).collect();
        // A secret that one text shows may stand in another without what shows it.
        known.look_everywhere(texts, &mut marks);
        texts.iter().zip(marks).map(|(text, marks)| known.redacted(text, marks)).collect()
    }

    /// The marks in a text that a model wrote: the number of each, `None` for one that is not whole or was not ours.
    pub(super) fn written(&self, text: &str) -> Vec<(Range<usize>, Option<u32>)> {
        let known = self.known();
        let of_model = |written: Written| {
            let (range, number) = known.resolved(text, &written)?;
            // Models count such signs badly: what is too many would stay behind the secret.
            let is_whole = range.end == written.range.end;
            Some((written.range, number.filter(|_| is_whole)))
        };
        mark::written(text).filter_map(of_model).collect()
    }

    /// The secret behind a mark.
    pub(super) fn secret(&self, number: u32) -> Option<String> {
        self.known().entries.get(&number).map(|entry| entry.secret.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The marks that belong into a text, by what the text itself shows.
    fn marks_in(&mut self, text: &str, fresh: bool) -> Vec<Mark> {
        let mut found = secrets::find(text);
        let mut marks = Vec::new();
        if fresh {
            let like = mark::written(text).filter(|written| written.range.len() >= SHORTEST);
            found.extend(like.map(|written| Find { range: written.range, kind: LOOK_ALIKE }));
            found = secrets::joined(found);
        } else {
            marks = self.issued_in(text);
            found = without(found, &marks);
        }
        for Find { range, kind } in found {
            let number = self.number(&text[range.clone()], kind);
            marks.push(Mark { range, number, kind });
        }
        marks.sort_by_key(|mark| mark.range.start);
        marks
    }

    /// The marks that stand in a text.
    fn issued_in(&self, text: &str) -> Vec<Mark> {
        let issued = mark::written(text).filter_map(|written| {
            let (range, number) = self.resolved(text, &written)?;
            let kind = number.map_or(Some("secret"), |number| Some(self.entries.get(&number)?.kind))?;
            // One that is not whole says nothing.
            (number.is_some() || written.is_nameless).then_some(Mark { range, number, kind })
        });
        issued.collect()
    }

    /// What a mark in a text stands for; `None` when it is just text.
    fn resolved(&self, text: &str, written: &Written) -> Option<(Range<usize>, Option<u32>)> {
        let start = written.range.start;
        let whole = written.number.and_then(|number| {
            let mark = &self.entries.get(&number)?.mark;
            text[start..].starts_with(mark.as_str()).then(|| (start..start + mark.len(), Some(number)))
        });
        whole.or_else(|| written.is_telling.then(|| (written.range.clone(), None)))
    }

    /// The number of a secret; `None` when it is too short for a mark of its own.
    fn number(&mut self, secret: &str, kind: &'static str) -> Option<u32> {
        if let Some(number) = self.numbers.get(secret) {
            return Some(*number);
        }
        loop {
            self.last = self.last.checked_add(1)?;
            let mark = mark::of(self.last, secret.len())?;
            // A text that only looked like this mark has another mark.
            if mark != secret && !self.numbers.contains_key(&mark) {
                self.numbers.insert(secret.to_owned(), self.last);
                self.entries.insert(self.last, Entry { secret: secret.to_owned(), mark, kind });
                return Some(self.last);
            }
        }
    }

    fn look_everywhere(&mut self, texts: &[&str], marks: &mut [Vec<Mark>]) {
        self.update_finder();
        let Some((_, finder, numbers)) = &self.finder else { return };
        for (text, marks) in texts.iter().zip(marks) {
            let is_inside = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
            let bytes = text.as_bytes();
            let more: Vec<Mark> = finder
                .find_iter(text)
                .filter(|hit| {
                    !is_inside(hit.start().checked_sub(1).and_then(|at| bytes.get(at)))
                        && !is_inside(bytes.get(hit.end()))
                })
                .filter_map(|hit| {
                    let number = numbers[hit.pattern().as_usize()];
                    let range = hit.start()..hit.end();
                    let after = marks.partition_point(|mark| mark.range.end <= range.start);
                    let is_free = marks.get(after).is_none_or(|mark| mark.range.start >= range.end);
                    let kind = self.entries.get(&number)?.kind;
                    is_free.then_some(Mark { range, number: Some(number), kind })
                })
                .collect();
            marks.extend(more);
            marks.sort_by_key(|mark| mark.range.start);
        }
    }

    fn update_finder(&mut self) {
        if self.finder.as_ref().is_some_and(|(n_entries, ..)| *n_entries == self.entries.len()) {
            return;
        }
        let is_wanted = |entry: &Entry| {
            entry.kind != LOOK_ALIKE
                && entry.secret.len() >= SHORTEST_KNOWN
                && secrets::is_random(&entry.secret)
        };
        let mut numbers: Vec<u32> =
            self.entries.iter().filter(|(_, entry)| is_wanted(entry)).map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.drain(..numbers.len().saturating_sub(MOST_KNOWN));
        let wanted = numbers.iter().filter_map(|number| Some(&self.entries.get(number)?.secret));
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(wanted);
        // The patterns are few and short; without a finder the forms still show the secrets.
        self.finder = finder.ok().map(|finder| (self.entries.len(), finder, numbers));
    }

    fn redacted(&self, text: &str, marks: Vec<Mark>) -> Redacted {
        let mut redacted = String::with_capacity(text.len());
        let mut at = 0;
        for mark in &marks {
            redacted.push_str(&text[at..mark.range.start]);
            match mark.number.and_then(|number| self.entries.get(&number)) {
                Some(entry) => redacted.push_str(&entry.mark),
                None => redacted.push_str(&mark::nameless(mark.range.len())),
            }
            at = mark.range.end;
        }
        redacted.push_str(&text[at..]);
        Redacted { text: redacted, marks }
    }
}

/// What is left of `found` outside of `marks`; both in order and disjoint.
fn without(found: Vec<Find>, marks: &[Mark]) -> Vec<Find> {
    let mut left = Vec::with_capacity(found.len());
    for Find { mut range, kind } in found {
        let first = marks.partition_point(|mark| mark.range.end <= range.start);
        for mark in marks[first..].iter().take_while(|mark| mark.range.start < range.end) {
            left.push(Find { range: range.start..mark.range.start.max(range.start), kind });
            range.start = mark.range.end.min(range.end);
        }
        left.push(Find { range, kind });
    }
    left.retain(|find| find.range.len() >= SHORTEST);
    left
}

#[cfg(test)]
mod tests;
