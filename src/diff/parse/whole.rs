//! Whole files in code fences, each after its file name.
//!
//! A fence ends at the first line that closes it, so a file with fences inside needs a longer fence around it.
//! A reply whose fences could also be read as nested is refused: half a file must never pass for a whole one.

use super::fence::Fence;
use super::name::{NameFinder, is_patch_file};
use super::{Block, ParseEvent, Reply};
use crate::diff::{Refusal, RefusalCode};

/// The fence being read.
#[derive(Debug)]
struct OpenFence {
    fence: Fence,
    path: Option<String>,
    introduction: Vec<String>,
    lines: Vec<String>,
}

/// A fence without a name: the file, when the reply has no other, or an example.
#[derive(Debug)]
struct Unnamed {
    introduction: Vec<String>,
    lines: Vec<String>,
    is_diff: bool,
}

/// Reads whole-file replies line by line.
#[derive(Debug, Default)]
pub(super) struct WholeParser {
    reply: Reply,
    open: Option<OpenFence>,
    unnamed: Vec<Unnamed>,
    names: NameFinder,
    n_begun: usize,
    refusals: Vec<Refusal>,
}

impl WholeParser {
    /// Takes the next line.
    pub(super) fn line(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        match &mut self.open {
            Some(open) if open.fence.is_closed_by(line) => {
                self.close(events);
                self.names.line(line);
            }
            Some(open) => open.lines.push(line.to_owned()),
            None => match Fence::open(line) {
                Some(fence) => self.begin(line, fence, events),
                None => {
                    self.names.line(line);
                    self.reply.prose.push_str(line);
                    self.reply.prose.push('\n');
                }
            },
        }
    }

    /// The reply, or why it cannot be used.
    pub(super) fn finish(mut self) -> Result<Reply, Vec<Refusal>> {
        if let Some(open) = self.open {
            let mut refusal = Refusal::new(
                RefusalCode::Truncated,
                "The last code fence does not end",
                "Send the whole file again; put a longer fence around a file that has fences inside.",
            );
            refusal.path = open.path;
            self.refusals.push(refusal);
        }
        if self.reply.blocks.is_empty() && self.refusals.is_empty() {
            match self.unnamed.len() {
                0 => {}
                1 if self.unnamed[0].is_diff => self.refusals.push(diff_for_file()),
                1 => {
                    let Unnamed { introduction, lines, .. } = self.unnamed.remove(0);
                    self.reply.introductions.insert(0, introduction);
                    self.reply.blocks.push(Block::Whole { path: None, lines });
                }
                _ => self.refusals.push(Refusal::new(
                    RefusalCode::MalformedReply,
                    "The reply has several code fences and names no file",
                    "Write the file name on the line before the fence that holds the file.",
                )),
            }
        }
        if self.refusals.is_empty() { Ok(self.reply) } else { Err(self.refusals) }
    }

    fn begin(&mut self, line: &str, fence: Fence, events: &mut Vec<ParseEvent>) {
        let after_block = !self.reply.blocks.is_empty();
        let follows_fence = self.names.follows_fence();
        let introduction = self.names.introduction();
        // The opening line is taken too: its info string may hold the name.
        self.names.line(line);
        let path = self.names.take();
        // A fence that reads as an opening one may be the true end of the file before it, which itself was cut
        // short by a fence inside.
        if after_block && (path.is_none() && fence.info.is_empty() || path.is_some() && follows_fence) {
            self.refusals.push(nested(self.n_begun));
        }
        if let Some(path) = &path {
            events.push(ParseEvent::File(path.clone()));
            events.push(ParseEvent::BlockBegun { block: self.n_begun });
            self.n_begun += 1;
        }
        self.open = Some(OpenFence { fence, path, introduction, lines: Vec::new() });
    }

    fn close(&mut self, events: &mut Vec<ParseEvent>) {
        let Some(OpenFence { fence, path, introduction, lines }) = self.open.take() else { return };
        let Some(path) = path else {
            self.unnamed.push(Unnamed { introduction, lines, is_diff: fence.is_diff() });
            return;
        };
        if fence.is_diff() && !is_patch_file(&path) {
            self.refusals.push(diff_for_file().of_file(&path));
        }
        if has_open_fence(&lines) {
            self.refusals.push(nested(self.n_begun));
        }
        self.reply.blocks.push(Block::Whole { path: Some(path), lines });
        events.push(ParseEvent::BlockComplete { block: self.n_begun - 1 });
    }
}

/// Whether a fence that opens inside the text does not close there. Marks under a line of text underline it, as
/// headings in `reStructuredText` do.
fn has_open_fence(lines: &[String]) -> bool {
    let mut fences = super::fence::FenceState::default();
    let mut before = "";
    for line in lines {
        let underlines = line.starts_with('~') && line.trim_end().len() >= before.len() && !before.is_empty();
        if fences.is_open() || !underlines {
            fences.line(line);
        }
        before = line.trim();
    }
    fences.is_open()
}

fn diff_for_file() -> Refusal {
    Refusal::new(
        RefusalCode::MalformedReply,
        "The fence holds a diff, not the whole file",
        "Answer with the whole text of the file.",
    )
}

fn nested(n_begun: usize) -> Refusal {
    let mut refusal = Refusal::new(
        RefusalCode::MalformedReply,
        "The code fences of the reply could be nested, so the end of a file is unclear",
        "Put a longer fence (four backticks or more) around each whole file.",
    );
    refusal.block = n_begun.checked_sub(1);
    refusal
}
