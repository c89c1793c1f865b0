//! The true change of one file, line by line: the old text, the new one and what the user typed meanwhile are all
//! read from one list, so that what is expected of a damaged reply is never computed by the engine under test.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// In both texts.
    Keep,
    /// In the old text only.
    Old,
    /// In the new text only.
    New,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) tag: Tag,
    /// Without its line end.
    pub(crate) text: String,
    pub(crate) end: &'static str,
}

impl Line {
    pub(crate) fn new(tag: Tag, text: impl Into<String>) -> Self {
        Self { tag, text: text.into(), end: "\n" }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// What the user did at one line since the snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    /// Lines typed before it.
    pub(crate) before: Vec<String>,
    pub(crate) line: Fate,
}

/// What the user made of a line.
#[derive(Debug, Clone, Default)]
pub(crate) enum Fate {
    #[default]
    Stays,
    Becomes(String),
    Goes,
}

/// One edit of the user: bytes of the old text that went, and what came.
pub(crate) type UserEdit = (std::ops::Range<usize>, String);

/// The true change of one file.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) path: String,
    pub(crate) lines: Vec<Line>,
    /// The last line has no line end, in both texts.
    pub(crate) open_end: bool,
    pub(crate) byte_order_mark: bool,
    /// By index into `lines`; of lines that are kept or old.
    pub(crate) typed: BTreeMap<usize, Typed>,
    /// How lines end that repeat a line of the change (blanks and line end) is free: when equal lines end otherwise,
    /// nobody can say which of them stayed.
    pub(crate) free_ends: bool,
}

/// A text to be expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// Zero-based lines that may as well end with other blanks and another line end.
    pub(crate) free_ends: Vec<usize>,
}

impl Script {
    /// The change from `old` to `new`, both with `\n` only and a final line end.
    pub(crate) fn new(path: &str, old: &str, new: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let mut lines = Vec::with_capacity(old.len() + 8);
        let mut push = |tag: Tag, of: &[&str]| lines.extend(of.iter().map(|&text| Line::new(tag, text)));
        for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
            match op {
                DiffOp::Equal { old_index, len, .. } => push(Tag::Keep, &old[old_index..old_index + len]),
                DiffOp::Delete { old_index, old_len, .. } => {
                    push(Tag::Old, &old[old_index..old_index + old_len]);
                }
                DiffOp::Insert { new_index, new_len, .. } => {
                    push(Tag::New, &new[new_index..new_index + new_len]);
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    push(Tag::Old, &old[old_index..old_index + old_len]);
                    push(Tag::New, &new[new_index..new_index + new_len]);
                }
            }
        }
        Self {
            path: path.to_owned(),
            lines,
            open_end: false,
            byte_order_mark: false,
            typed: BTreeMap::new(),
            free_ends: false,
        }
    }

    /// The same change without blanks on the empty lines that it adds: nobody could say whether damage took them.
    #[must_use]
    pub(crate) fn without_blank_additions(mut self) -> Self {
        for line in self.lines.iter_mut().filter(|line| line.tag == Tag::New && line.is_blank()) {
            line.text.clear();
        }
        self
    }

    /// The text the model saw.
    pub(crate) fn base(&self) -> String {
        self.text(Tag::New, false).text
    }

    /// The text as it is now.
    pub(crate) fn live(&self) -> String {
        self.text(Tag::New, true).text
    }

    /// The text as it should be in the end.
    pub(crate) fn after(&self) -> Text {
        self.text(Tag::Old, true)
    }

    fn text(&self, without: Tag, typed: bool) -> Text {
        let mut text = String::new();
        let (mut n_lines, mut free_ends) = (0, Vec::new());
        let changed: Vec<&str> = self
            .lines
            .iter()
            .filter(|line| self.free_ends && line.tag != Tag::Keep)
            .map(|line| line.text.trim_end())
            .collect();
        if self.byte_order_mark {
            text.push('\u{feff}');
        }
        let mut push = |line: &str, end: &str, is_free: bool| {
            text.push_str(line);
            text.push_str(end);
            if is_free {
                free_ends.push(n_lines);
            }
            n_lines += 1;
        };
        for (at, line) in self.lines.iter().enumerate() {
            let user = self.typed.get(&at).filter(|_| typed);
            for line in user.iter().flat_map(|user| &user.before) {
                push(line, "\n", false);
            }
            if line.tag == without {
                continue;
            }
            match user.map_or(&Fate::Stays, |user| &user.line) {
                Fate::Goes => {}
                Fate::Becomes(instead) => push(instead, line.end, false),
                Fate::Stays => push(&line.text, line.end, changed.contains(&line.text.trim_end())),
            }
        }
        if self.open_end {
            let without =
                text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).map_or(text.len(), str::len);
            text.truncate(without);
        }
        Text { text, free_ends }
    }

    /// What the user did, from the first line to the last, in offsets of the base.
    pub(crate) fn user_edits(&self) -> Vec<UserEdit> {
        let mut edits = Vec::new();
        let mut offset = if self.byte_order_mark { '\u{feff}'.len_utf8() } else { 0 };
        for (at, line) in self.lines.iter().enumerate() {
            if let Some(user) = self.typed.get(&at) {
                let before = joined(user.before.iter().map(String::as_str));
                if !before.is_empty() {
                    edits.push((offset..offset, before));
                }
                match &user.line {
                    Fate::Goes => {
                        edits.push((offset..offset + line.text.len() + line.end.len(), String::new()));
                    }
                    Fate::Becomes(instead) => edits.push(narrowed(offset, &line.text, instead)),
                    Fate::Stays => {}
                }
            }
            if line.tag != Tag::New {
                offset += line.text.len() + line.end.len();
            }
        }
        edits
    }

    /// Lines of the base.
    pub(crate) fn old_lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(|line| line.tag != Tag::New).map(|line| line.text.as_str())
    }

    /// Lines of the new text.
    pub(crate) fn new_lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(|line| line.tag != Tag::Old).map(|line| line.text.as_str())
    }

    /// The file name's extension.
    pub(crate) fn extension(&self) -> &str {
        self.path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ext)| ext)
    }

    /// The characters that begin a comment in this language.
    pub(crate) fn comment(&self) -> (&'static str, &'static str) {
        match self.extension() {
            "py" | "rb" | "sh" | "yaml" | "yml" | "toml" => ("#", ""),
            "html" | "md" | "vue" | "xml" => ("<!--", " -->"),
            "css" => ("/*", " */"),
            _ => ("//", ""),
        }
    }
}

/// Lines as text, each with its line end.
pub(crate) fn joined<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    lines.into_iter().flat_map(|line| [line, "\n"]).collect()
}

/// The smallest edit of one line: what a person who types does.
fn narrowed(offset: usize, old: &str, new: &str) -> UserEdit {
    let prefix: usize =
        old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix: usize = old_rest
        .chars()
        .rev()
        .zip(new_rest.chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    (offset + prefix..offset + old.len() - suffix, new_rest[..new_rest.len() - suffix].to_owned())
}
