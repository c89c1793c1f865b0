//! One damaged reply: the texts it is for, and what a careful person would do with it.

use std::collections::BTreeMap;

use super::render::Draft;
use super::script::{Script, Text, UserEdit};

/// The texts of all files in the end.
pub(crate) type Texts = BTreeMap<String, Text>;

/// What is right.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// Exactly these texts.
    Apply(Texts),
    /// A refusal: nobody can know what was meant, or the reply is broken.
    Refuse,
    /// The change is there already: nothing happens, and that is no failure.
    NoOp,
    /// These texts or a refusal: it can be guessed, but not known.
    Either(Texts),
}

/// A damaged reply.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The files as the model saw them.
    pub(crate) base: BTreeMap<String, String>,
    /// The files now.
    pub(crate) live: BTreeMap<String, String>,
    /// What the user did in between, in offsets of the base, ascending.
    pub(crate) edits: BTreeMap<String, Vec<UserEdit>>,
    /// The file meant when the reply names none.
    pub(crate) default_path: Option<String>,
    pub(crate) reply: String,
    pub(crate) expected: Expected,
}

/// What an engine made of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// As expected.
    Right,
    /// Refused, where applying was right.
    Refused,
    /// Refused, where that was one of two right answers.
    RightlyUnsure,
    /// Another text than the right one was returned as success.
    Wrong,
    /// Applied, where refusing was right.
    Applied,
}

impl Case {
    /// A case that has to be applied.
    pub(crate) fn new(files: &[Script], draft: &Draft) -> Self {
        let texts =
            |of: fn(&Script) -> String| files.iter().map(|file| (file.path.clone(), of(file))).collect();
        Self {
            base: texts(Script::base),
            live: texts(Script::live),
            edits: files.iter().map(|file| (file.path.clone(), file.user_edits())).collect(),
            default_path: None,
            reply: draft.render(files),
            expected: Expected::Apply(after(files)),
        }
    }

    #[must_use]
    pub(crate) fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// Judges what came out: the texts of all files, or `None` for a refusal.
    pub(crate) fn judge(&self, got: Option<&BTreeMap<String, String>>) -> Verdict {
        match (&self.expected, got) {
            (Expected::Refuse, None) => Verdict::Right,
            (Expected::Refuse, Some(got)) if *got == self.live => Verdict::Right,
            (Expected::Refuse, Some(_)) => Verdict::Applied,
            (Expected::Apply(_) | Expected::NoOp, None) => Verdict::Refused,
            (Expected::Either(_), None) => Verdict::RightlyUnsure,
            (Expected::NoOp, Some(got)) => {
                if *got == self.live {
                    Verdict::Right
                } else {
                    Verdict::Wrong
                }
            }
            (Expected::Apply(texts) | Expected::Either(texts), Some(got)) => {
                let same = texts.len() == got.len()
                    && texts.iter().all(|(path, text)| got.get(path).is_some_and(|got| same_text(text, got)));
                if same { Verdict::Right } else { Verdict::Wrong }
            }
        }
    }
}

/// The texts in the end.
pub(crate) fn after(files: &[Script]) -> Texts {
    files.iter().map(|file| (file.path.clone(), file.after())).collect()
}

fn same_text(expected: &Text, got: &str) -> bool {
    if expected.text == got {
        return true;
    }
    if expected.free_ends.is_empty() {
        return false;
    }
    let (wanted, got): (Vec<&str>, Vec<&str>) =
        (expected.text.split_inclusive('\n').collect(), got.split_inclusive('\n').collect());
    wanted.len() == got.len()
        && wanted.iter().zip(&got).enumerate().all(|(at, (wanted, got))| {
            wanted == got || (expected.free_ends.contains(&at) && wanted.trim_end() == got.trim_end())
        })
}
