//! Unified diffs, plain or of git, in fences or bare in prose.
//!
//! The numbers of hunk headers are hints: models miscount. They decide only what cannot be told otherwise: where a
//! bare diff ends and prose goes on, whether lines are missing at the end of the reply, and what lines without a
//! first character are. A `--- x` line begins a file only when `+++ y` follows, so one line is held back.

mod file_head;

use super::fence::Fence;
use super::hunk::OpenHunk;
use super::hunk_header::HunkHeader;
use super::name::NameFinder;
use super::patch_path::{self, Files};
use super::{Block, MAX_REFUSALS, ParseEvent, Reply};
use crate::diff::tagged::TaggedLine;
use crate::diff::{Refusal, RefusalCode};
use file_head::FileHead;

/// The fence that is open.
#[derive(Debug)]
struct OpenFence {
    fence: Fence,
    /// Blanks before its marks; those of its end must be as many, since ` ``` ` is a context line.
    indent: usize,
    /// A line without any header may begin a hunk: the fence says that it is a diff, and nothing came yet.
    begins_hunk: bool,
}

/// Reads unified diffs line by line.
#[derive(Debug, Default)]
pub(super) struct UnifiedParser {
    reply: Reply,
    refusals: Vec<Refusal>,
    names: NameFinder,
    fence: Option<OpenFence>,
    /// A `--- x` line whose next line is not known yet.
    held: Option<String>,
    file: FileHead,
    hunk: Option<OpenHunk>,
    n_begun: usize,
    /// A header so far has counted wrongly.
    miscounted: bool,
}

impl UnifiedParser {
    /// Takes the next line.
    pub(super) fn line(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        if let Some(held) = self.held.take() {
            let old = &held["--- ".len()..];
            if let Some(new) = line.strip_prefix("+++ ") {
                return self.begin_file(old, new, events);
            }
            if self.hunk.is_none() && line.starts_with("@@") && HunkHeader::read(line).is_some() {
                self.begin_file(old, old, events);
            } else {
                self.plain(&held, events);
            }
        }
        if line.strip_prefix("--- ").is_some_and(|name| !name.trim().is_empty()) {
            self.held = Some(line.to_owned());
        } else {
            self.plain(line, events);
        }
    }

    /// The reply, or why it cannot be used.
    pub(super) fn finish(mut self) -> Result<Reply, Vec<Refusal>> {
        let mut events = Vec::new();
        if let Some(held) = self.held.take() {
            self.plain(&held, &mut events);
        }
        let cut_hunk = self.hunk.as_ref().is_some_and(|hunk| {
            !hunk.is_satisfied() && (hunk.is_blank() || (hunk.wants_more() && !self.miscounted))
        });
        let what = if self.fence.is_some() {
            Some("The last code fence does not end")
        } else if cut_hunk {
            Some("The last hunk has fewer lines than its header says")
        } else if self.hunk.as_ref().map_or_else(|| self.file.is_cut(), OpenHunk::ends_in_header) {
            Some("The last file of the diff has no hunk")
        } else {
            None
        };
        if let Some(what) = what {
            let mut refusal = Refusal::new(
                RefusalCode::Truncated,
                what,
                "Send the whole diff again, in one ```diff fence.",
            );
            refusal.block = self.hunk.as_ref().map(|_| self.n_begun.saturating_sub(1));
            refusal.path = self.file.path().map(str::to_owned);
            self.refusals.push(refusal);
        } else {
            self.end_file(&mut events);
        }
        if self.refusals.is_empty() { Ok(self.reply) } else { Err(self.refusals) }
    }

    /// A line that is no `---` and `+++` pair.
    fn plain(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        if self.fence.as_ref().is_some_and(|open| open.is_closed_by(line)) {
            self.end_file(events);
            self.fence = None;
            self.names.line(line);
        } else if let Some(rest) = line.strip_prefix("diff --git ") {
            self.end_file(events);
            self.file = FileHead::of_git(Files::of_git(rest));
        } else if let Some(header) = self.hunk_header(line) {
            self.header(header, events);
        } else if self.hunk.is_some() {
            self.hunk_line(line, events);
        } else if self.file.takes(line) {
        } else if self.begins_hunk(line) {
            self.begin_hunk(OpenHunk::default(), events);
            self.hunk_line(line, events);
        } else {
            self.prose(line);
        }
    }

    /// Reads a hunk header, where one can stand.
    fn hunk_header(&mut self, line: &str) -> Option<HunkHeader> {
        if line.starts_with("@@@") && (self.hunk.is_some() || self.file.is_begun()) {
            self.malformed(
                "A combined diff of several parents cannot be applied",
                "Send a diff against the file that was shown.",
            );
        }
        HunkHeader::read(line).filter(|header| {
            header.spans.is_some() || self.fence.is_some() || self.hunk.is_some() || self.file.is_begun()
        })
    }

    fn header(&mut self, header: HunkHeader, events: &mut Vec<ParseEvent>) {
        if self.hunk.as_mut().is_some_and(|hunk| hunk.nest(header.clone())) {
            return;
        }
        self.close_hunk(events);
        self.begin_hunk(OpenHunk::new(header), events);
    }

    /// A line while a hunk is open. Without a fence around it a hunk ends where its counts are met and something
    /// else follows.
    fn hunk_line(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        let Some(hunk) = &mut self.hunk else { return };
        let is_bare = !line.is_empty() && !line.starts_with([' ', '-', '+']) && !line.starts_with("\\ ");
        let ends = self.fence.is_none()
            && ((is_bare && Fence::open(line).is_some())
                || ((is_bare || line == "-- ") && hunk.is_satisfied()));
        if ends {
            self.end_file(events);
            if line != "-- " {
                self.prose(line);
            }
        } else {
            hunk.line(line);
        }
    }

    /// Whether a line without a header before it begins a hunk: directly behind `+++`, or in a fence of diffs.
    fn begins_hunk(&self, line: &str) -> bool {
        let tagged = line.starts_with([' ', '-', '+']);
        let in_fence = self.fence.is_some();
        (self.file.expects_hunk() && (tagged || (in_fence && !line.is_empty())))
            || (tagged && self.fence.as_ref().is_some_and(|open| open.begins_hunk))
    }

    fn prose(&mut self, line: &str) {
        match &mut self.fence {
            None => {
                self.fence = Fence::open(line).map(|fence| OpenFence {
                    indent: line.len() - line.trim_start_matches(' ').len(),
                    begins_hunk: fence.is_diff(),
                    fence,
                });
            }
            Some(open) => open.begins_hunk &= line.is_empty(),
        }
        let is_example = self.fence.as_ref().is_some_and(|open| !open.fence.info.is_empty());
        if self.n_begun > 0 && !is_example && is_stray(line) {
            self.malformed(
                "Lines of a diff stand outside of its hunks",
                "Begin each hunk with `@@`, and put one fence around the whole diff; a line of context that begins \
                 a fence needs a blank before it.",
            );
        }
        self.names.line(line);
        self.reply.prose.push_str(line);
        self.reply.prose.push('\n');
    }

    fn begin_file(&mut self, old: &str, new: &str, events: &mut Vec<ParseEvent>) {
        let files = Files::of(&patch_path::name(old), &patch_path::name(new));
        self.close_hunk(events);
        if !self.file.is_git_header() {
            self.end_file(events);
        }
        if let Some(open) = &mut self.fence {
            open.begins_hunk = false;
        }
        match &files {
            Some(Files::Two(..)) if !self.file.is_renamed() => self.malformed(
                "The headers of the diff name two files",
                "Write the same file behind `---` and `+++`; write `rename from` and `rename to` lines to rename it.",
            ),
            None => self.malformed("The headers of the diff name no file", "Name the file behind `+++`."),
            Some(_) => {}
        }
        self.file.name(files);
        events.extend(self.file.path().map(|path| ParseEvent::File(path.to_owned())));
    }

    /// Ends the file that is read, with what needs no hunk.
    fn end_file(&mut self, events: &mut Vec<ParseEvent>) {
        self.close_hunk(events);
        let file = std::mem::take(&mut self.file);
        match file.without_hunk() {
            Ok(Some(block)) => {
                events.push(ParseEvent::File(block.path().unwrap_or_default().to_owned()));
                events.push(ParseEvent::BlockBegun { block: self.n_begun });
                self.n_begun += 1;
                self.complete(block, events);
            }
            Ok(None) => {}
            Err(message) => self.malformed(message, "Send the diff of each file with its hunks."),
        }
    }

    fn begin_hunk(&mut self, hunk: OpenHunk, events: &mut Vec<ParseEvent>) {
        if let Some(open) = &mut self.fence {
            open.begins_hunk = false;
        }
        if !self.file.is_begun() {
            // A hunk without file names: the file may be named before the fence.
            let introduction = self.names.introduction();
            self.file = FileHead::of_name(self.names.take());
            if self.file.path().is_none() {
                self.reply.introductions.insert(self.reply.blocks.len(), introduction);
            }
            events.extend(self.file.path().map(|path| ParseEvent::File(path.to_owned())));
        }
        self.names = NameFinder::default();
        if let Some(rename) = self.file.take_rename() {
            events.push(ParseEvent::BlockBegun { block: self.n_begun });
            self.n_begun += 1;
            self.complete(rename, events);
        }
        events.push(ParseEvent::BlockBegun { block: self.n_begun });
        self.n_begun += 1;
        self.hunk = Some(hunk);
    }

    fn close_hunk(&mut self, events: &mut Vec<ParseEvent>) {
        let Some(hunk) = self.hunk.take() else { return };
        // A new file may be empty.
        if hunk.is_blank() && !(self.file.is_new() && hunk.is_satisfied()) {
            self.malformed(
                "A hunk has no lines",
                "Write the lines to remove with `-`, those to add with `+`, those that stay with a blank.",
            );
            return;
        }
        let (hints, lines) = hunk.finish();
        self.miscounted |= hints.counts_fit == Some(false);
        let all = |is: fn(&TaggedLine) -> bool| lines.iter().all(is);
        let texts = || lines.iter().map(|line| line.text().to_owned()).collect();
        let path = self.file.path().map(str::to_owned);
        let is_first = self.file.count_hunk() == 0;
        let block = match path {
            Some(path) if self.file.is_new() && is_first && all(TaggedLine::is_added) => {
                Block::Create { path, lines: texts() }
            }
            Some(path) if self.file.is_gone() => {
                if !is_first || !all(|line| matches!(line, TaggedLine::Delete(_))) {
                    self.malformed(
                        "A file that is deleted has other lines than those that go",
                        "Quote the whole file with `-` in one hunk, or only write its `deleted file mode` line.",
                    );
                }
                Block::Delete { path, lines: Some(texts()) }
            }
            path => Block::Hunk { path, hints, lines },
        };
        self.complete(block, events);
    }

    fn complete(&mut self, block: Block, events: &mut Vec<ParseEvent>) {
        self.reply.blocks.push(block);
        events.push(ParseEvent::BlockComplete { block: self.n_begun - 1 });
    }

    fn malformed(&mut self, message: &str, hint: &str) {
        let mut refusal = Refusal::new(RefusalCode::MalformedReply, message, hint);
        refusal.block = self.n_begun.checked_sub(1);
        refusal.path = self.file.path().map(str::to_owned);
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(refusal);
        }
    }
}

impl OpenFence {
    fn is_closed_by(&self, line: &str) -> bool {
        line.len() - line.trim_start_matches(' ').len() == self.indent && self.fence.is_closed_by(line)
    }
}

/// Whether a line outside of all hunks reads as a changed line: an item of a list has one blank behind its mark.
fn is_stray(line: &str) -> bool {
    match line.as_bytes() {
        [b'+', rest @ ..] => !rest.is_empty(),
        [b'-', b'\t', ..] => true,
        [b'-', b' ', rest @ ..] => rest.starts_with(b"   "),
        [b'-', next, ..] => *next != b'-' && *next != b'>',
        _ => false,
    }
}

#[cfg(test)]
mod tests;
