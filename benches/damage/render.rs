//! Writes blocks in every reply format. This is the generator's own code, so that a mistake of the engine's parsers
//! cannot hide in what they are tested with.

use serde_json::json;

use super::block::Block;
use super::script::{Script, Tag, joined};

/// A reply format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    SearchReplace,
    Udiff,
    ApplyPatch,
    Whole,
    Json,
}

impl Format {
    pub(crate) const ALL: [Self; 5] =
        [Self::SearchReplace, Self::Udiff, Self::ApplyPatch, Self::Whole, Self::Json];

    /// As on the command line of `tenon apply`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SearchReplace => "search-replace",
            Self::Udiff => "udiff",
            Self::ApplyPatch => "apply-patch",
            Self::Whole => "whole",
            Self::Json => "json",
        }
    }
}

/// What a unified diff's headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    Given,
    /// `@@ ... @@`
    Dots,
    /// `@@`
    None,
}

/// A reply still in pieces.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) format: Format,
    /// In reply order; those of one file stand together in the formats that name a file once.
    pub(crate) blocks: Vec<Block>,
    /// File names as written; `None` writes none.
    pub(crate) names: Vec<Option<String>>,
    pub(crate) numbers: Numbers,
    /// Whole texts, for [`Format::Whole`].
    pub(crate) wholes: Vec<Vec<String>>,
    /// Whether a unified diff stands in a fence.
    pub(crate) fenced: bool,
    /// Whether the texts of JSON edits end with a line end.
    pub(crate) ends_lines: bool,
    /// Whether the texts of JSON edits are parts of lines.
    pub(crate) within_lines: bool,
}

impl Draft {
    pub(crate) fn new(format: Format, files: &[Script], blocks: Vec<Block>) -> Self {
        Self {
            format,
            blocks,
            names: files.iter().map(|file| Some(file.path.clone())).collect(),
            numbers: Numbers::Given,
            wholes: files.iter().map(|file| file.new_lines().map(str::to_owned).collect()).collect(),
            fenced: true,
            ends_lines: false,
            within_lines: false,
        }
    }

    /// The reply.
    pub(crate) fn render(&self, files: &[Script]) -> String {
        match self.format {
            Format::SearchReplace => self.search_replace(files),
            Format::Udiff => self.udiff(files),
            Format::ApplyPatch => self.apply_patch(),
            Format::Whole => self.whole(files),
            Format::Json => self.json(files),
        }
    }

    fn search_replace(&self, files: &[Script]) -> String {
        let mut reply = String::from("Here are the changes:\n\n");
        for block in &self.blocks {
            let (old, new) = (block.old(), block.new_lines());
            let fence = fence(old.iter().chain(&new).copied());
            if let Some(name) = &self.names[block.file] {
                reply += &format!("{name}\n");
            }
            reply += &format!("{fence}{}\n<<<<<<< SEARCH\n", language(&files[block.file]));
            reply += &joined(old.iter().copied());
            reply += "=======\n";
            reply += &joined(new.iter().copied());
            reply += &format!(">>>>>>> REPLACE\n{fence}\n\n");
        }
        reply
    }

    fn udiff(&self, files: &[Script]) -> String {
        let mut body = String::new();
        let mut named = None;
        for block in &self.blocks {
            if named != Some(block.file) {
                named = Some(block.file);
                if let Some(name) = &self.names[block.file] {
                    body += &format!("--- a/{name}\n+++ b/{name}\n");
                }
            }
            let [old, n_old, new, n_new] = block.numbers;
            body += &match self.numbers {
                Numbers::Given => format!("@@ -{old},{n_old} +{new},{n_new} @@\n"),
                Numbers::Dots => "@@ ... @@\n".to_owned(),
                Numbers::None => "@@\n".to_owned(),
            };
            body += &tagged(block, self.open_end_of(block, files));
        }
        if self.fenced {
            let fence = fence(body.lines().map(|line| line.get(1..).unwrap_or_default()));
            format!("Here is the diff:\n\n{fence}diff\n{body}{fence}\n")
        } else {
            body
        }
    }

    /// The script's last line when the block reaches it and it has no line end.
    fn open_end_of(&self, block: &Block, files: &[Script]) -> bool {
        let script = &files[block.file];
        self.format == Format::Udiff && script.open_end && block.range.end == script.lines.len()
    }

    fn apply_patch(&self) -> String {
        let mut reply = String::from("*** Begin Patch\n");
        let mut named = None;
        for block in &self.blocks {
            if named != Some(block.file) {
                named = Some(block.file);
                if let Some(name) = &self.names[block.file] {
                    reply += &format!("*** Update File: {name}\n");
                }
            }
            match &block.anchor {
                Some(anchor) => reply += &format!("@@ {anchor}\n"),
                None => reply += "@@\n",
            }
            reply += &tagged(block, false);
        }
        reply + "*** End Patch\n"
    }

    fn whole(&self, files: &[Script]) -> String {
        let mut reply = String::new();
        for (file, text) in self.wholes.iter().enumerate() {
            if let Some(name) = &self.names[file] {
                reply += &format!("{name}\n");
            }
            let fence = fence(text.iter().map(String::as_str));
            reply += &format!(
                "{fence}{}\n{}{fence}\n\n",
                language(&files[file]),
                joined(text.iter().map(String::as_str))
            );
        }
        reply
    }

    fn json(&self, files: &[Script]) -> String {
        let edits: Vec<_> = self
            .blocks
            .iter()
            .map(|block| {
                let (mut old, mut new) = (block.old().join("\n"), block.new_lines().join("\n"));
                let script = &files[block.file];
                // With a blank last line on one side only, nobody could tell a line from a line end.
                let is_blank = |text: &str| text.is_empty() || text.ends_with('\n');
                let ends_lines = !self.within_lines && (self.ends_lines || is_blank(&old) != is_blank(&new));
                if ends_lines && !(script.open_end && block.range.end == script.lines.len()) {
                    old.push('\n');
                    new.push('\n');
                }
                match &self.names[block.file] {
                    Some(name) => json!({"path": name, "old_string": old, "new_string": new}),
                    None => json!({"old_string": old, "new_string": new}),
                }
            })
            .collect();
        serde_json::to_string_pretty(&json!({ "edits": edits })).expect("it is JSON") + "\n"
    }
}

fn tagged(block: &Block, open_end: bool) -> String {
    let mut text = String::new();
    let last = |without: Tag| block.lines.iter().rposition(|line| line.tag != without);
    for (at, line) in block.lines.iter().enumerate() {
        let sign = match line.tag {
            Tag::Keep => " ",
            Tag::Old => "-",
            Tag::New => "+",
        };
        if block.without_plus != Some(at) {
            text += sign;
        }
        text += &line.text;
        text.push('\n');
        if open_end && (last(Tag::New) == Some(at) || last(Tag::Old) == Some(at)) {
            text += "\\ No newline at end of file\n";
        }
    }
    text
}

/// A fence longer than any that the lines begin with.
fn fence<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let ticks = |line: &str| {
        let line = line.trim_start();
        line.len() - line.trim_start_matches('`').len()
    };
    let longest = lines.map(ticks).max().unwrap_or(0);
    "`".repeat(if longest < 3 { 3 } else { longest + 1 })
}

/// The info string of the file's fence.
fn language(file: &Script) -> &'static str {
    match file.extension() {
        "py" => "python",
        "rs" => "rust",
        "js" => "javascript",
        "ts" => "typescript",
        "tsx" => "tsx",
        "go" => "go",
        "java" => "java",
        "c" | "h" => "c",
        "cpp" => "cpp",
        "rb" => "ruby",
        "css" => "css",
        "html" => "html",
        "md" => "markdown",
        "json" => "json",
        "yaml" | "yml" => "yaml",
        _ => "",
    }
}
