//! Patch envelopes: `*** Begin Patch`, sections per file, `*** End Patch`.
//!
//! Everything outside of the envelope is prose: fences, here-documents. Inside, markers count at line start only;
//! a blank before one is allowed where no section could take the line as its own. An envelope whose end is missing
//! is truncated. A reply that is JSON around an envelope is read by [`super::json`].

use super::hunk::OpenHunk;
use super::hunk_header::HunkHeader;
use super::{Block, MAX_REFUSALS, ParseEvent, Reply};
use crate::diff::{Refusal, RefusalCode};

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";

/// Whether a text begins with an envelope.
pub(super) fn is_envelope(text: &str) -> bool {
    text.trim_start().starts_with(BEGIN)
}

/// What is read at the moment.
#[derive(Debug, Default)]
enum Section {
    /// Outside of an envelope.
    #[default]
    Prose,
    /// In an envelope, before a section or after one that takes no lines.
    Between,
    /// A new file; blank lines held back, which belong to nothing when the section ends.
    Add { path: String, lines: Vec<String>, n_blank: usize },
    /// A file that changes.
    Update { path: String, n_blocks: usize, hunk: Option<OpenHunk> },
}

/// A line that begins with `*** `.
enum Marker<'a> {
    Begin,
    End,
    Add(&'a str),
    Delete(&'a str),
    Update(&'a str),
    Move(&'a str),
    EndOfFile,
    Unknown,
}

/// Reads patch envelopes line by line.
#[derive(Debug, Default)]
pub(super) struct ApplyPatchParser {
    reply: Reply,
    refusals: Vec<Refusal>,
    section: Section,
    fences: super::fence::FenceState,
    n_begun: usize,
    /// Where a fence around an envelope may still end.
    n_envelopes: usize,
}

impl ApplyPatchParser {
    /// Takes the next line.
    pub(super) fn line(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        let padded = matches!(self.section, Section::Prose | Section::Between);
        let marker = marker(if padded { line.trim_start() } else { line });
        match (&mut self.section, marker) {
            (Section::Prose, Some(Marker::Begin)) => {
                self.section = Section::Between;
                self.n_envelopes += 1;
            }
            (Section::Prose, _) => self.prose(line),
            (_, Some(marker)) => self.marker(&marker, events),
            (Section::Between, None) => {
                if !line.trim().is_empty() {
                    self.malformed("A line of the patch belongs to no file", SECTION_HINT);
                }
            }
            (Section::Add { lines, n_blank, .. }, None) => match line.strip_prefix('+') {
                Some(text) if *n_blank == 0 => lines.push(text.to_owned()),
                None if line.trim().is_empty() => *n_blank += 1,
                _ => {
                    *n_blank = 0;
                    self.malformed(
                        "A line of an added file does not begin with `+`",
                        "Begin every line of an added file with `+`, empty ones too.",
                    );
                }
            },
            (Section::Update { .. }, None) => self.update_line(line, events),
        }
    }

    /// The reply, or why it cannot be used.
    pub(super) fn finish(mut self) -> Result<Reply, Vec<Refusal>> {
        if !matches!(self.section, Section::Prose) || self.fences.is_open() {
            let mut refusal = Refusal::new(
                RefusalCode::Truncated,
                if self.fences.is_open() {
                    "The last code fence does not end"
                } else {
                    "The patch does not end with `*** End Patch`"
                },
                "Send the whole patch again, up to `*** End Patch` on a line of its own.",
            );
            refusal.path = self.path().map(str::to_owned);
            refusal.block = refusal.path.as_ref().and_then(|_| self.n_begun.checked_sub(1));
            self.refusals.push(refusal);
        } else if self.n_envelopes == 0 && self.refusals.is_empty() {
            return match super::json::patch_in(&self.reply.prose) {
                Some(patch) => super::parse(super::ReplyFormat::ApplyPatch, &patch),
                None => Ok(self.reply),
            };
        }
        if self.refusals.is_empty() { Ok(self.reply) } else { Err(self.refusals) }
    }

    fn prose(&mut self, line: &str) {
        self.fences.line(line);
        self.reply.prose.push_str(line);
        self.reply.prose.push('\n');
    }

    fn marker(&mut self, marker: &Marker<'_>, events: &mut Vec<ParseEvent>) {
        if let Marker::Move(to) = *marker {
            return self.rename(to, events);
        }
        if let (Marker::EndOfFile, Section::Update { hunk: Some(open), .. }) = (marker, &mut self.section) {
            open.set_at_end();
            return self.close_hunk(events);
        }
        self.close(events);
        match *marker {
            Marker::End => self.section = Section::Prose,
            Marker::Add(path) => {
                self.begin(path, events);
                self.section = Section::Add { path: path.to_owned(), lines: Vec::new(), n_blank: 0 };
            }
            Marker::Delete(path) => {
                self.begin(path, events);
                self.complete(Block::Delete { path: path.to_owned(), lines: None }, events);
            }
            Marker::Update(path) => {
                events.push(ParseEvent::File(path.to_owned()));
                self.section = Section::Update { path: path.to_owned(), n_blocks: 0, hunk: None };
            }
            Marker::Begin => self.malformed("A patch begins inside of another", SECTION_HINT),
            Marker::EndOfFile => {
                self.malformed("`*** End of File` stands outside of a chunk", SECTION_HINT);
            }
            Marker::Move(_) | Marker::Unknown => {
                self.malformed("A line that begins with `***` is no header of the format", SECTION_HINT);
            }
        }
    }

    fn rename(&mut self, to: &str, events: &mut Vec<ParseEvent>) {
        match &mut self.section {
            Section::Update { path, n_blocks, hunk: None } if *n_blocks == 0 => {
                *n_blocks += 1;
                let rename = Block::Rename { path: path.clone(), to: to.to_owned() };
                events.push(ParseEvent::BlockBegun { block: self.n_begun });
                self.n_begun += 1;
                self.complete(rename, events);
            }
            _ => self.malformed(
                "`*** Move to` does not stand below an `*** Update File` line",
                "Write `*** Move to: <path>` directly below `*** Update File: <path>`.",
            ),
        }
    }

    fn update_line(&mut self, line: &str, events: &mut Vec<ParseEvent>) {
        let Section::Update { n_blocks, hunk, .. } = &mut self.section else { return };
        let header = HunkHeader::read(line);
        match (hunk, header) {
            (hunk, Some(header)) => {
                if !hunk.as_mut().is_some_and(|open| open.nest(header.clone())) {
                    self.close_hunk(events);
                    self.begin_hunk(OpenHunk::new(header), events);
                }
            }
            (Some(open), None) => open.line(line),
            (None, None) if line.trim().is_empty() => {}
            // Only the first chunk of a file needs no `@@`.
            (None, None) => {
                let is_first =
                    *n_blocks == 0 || matches!(self.reply.blocks.last(), Some(Block::Rename { .. }));
                if !is_first {
                    self.malformed("A chunk does not begin with `@@`", SECTION_HINT);
                }
                self.begin_hunk(OpenHunk::default(), events);
                if let Section::Update { hunk: Some(open), .. } = &mut self.section {
                    open.line(line);
                }
            }
        }
    }

    fn begin_hunk(&mut self, open: OpenHunk, events: &mut Vec<ParseEvent>) {
        if let Section::Update { n_blocks, hunk, .. } = &mut self.section {
            *n_blocks += 1;
            *hunk = Some(open);
            events.push(ParseEvent::BlockBegun { block: self.n_begun });
            self.n_begun += 1;
        }
    }

    fn close_hunk(&mut self, events: &mut Vec<ParseEvent>) {
        let Section::Update { path, hunk, .. } = &mut self.section else { return };
        let Some(open) = hunk.take() else { return };
        let path = path.clone();
        if open.is_blank() {
            self.malformed(
                "A chunk has no lines",
                "Write the lines to remove with `-`, those to add with `+`, those that stay with a blank.",
            );
            return;
        }
        let (hints, lines) = open.finish();
        self.complete(Block::Hunk { path: Some(path), hints, lines }, events);
    }

    /// Ends the section that is read.
    fn close(&mut self, events: &mut Vec<ParseEvent>) {
        self.close_hunk(events);
        match std::mem::replace(&mut self.section, Section::Between) {
            Section::Add { path, lines, .. } => self.complete(Block::Create { path, lines }, events),
            Section::Update { n_blocks: 0, .. } => {
                self.malformed("An updated file has no chunk", SECTION_HINT);
            }
            _ => {}
        }
    }

    fn begin(&mut self, path: &str, events: &mut Vec<ParseEvent>) {
        events.push(ParseEvent::File(path.to_owned()));
        events.push(ParseEvent::BlockBegun { block: self.n_begun });
        self.n_begun += 1;
    }

    fn complete(&mut self, block: Block, events: &mut Vec<ParseEvent>) {
        self.reply.blocks.push(block);
        events.push(ParseEvent::BlockComplete { block: self.n_begun - 1 });
    }

    fn path(&self) -> Option<&str> {
        match &self.section {
            Section::Add { path, .. } | Section::Update { path, .. } => Some(path),
            Section::Prose | Section::Between => None,
        }
    }

    fn malformed(&mut self, message: &str, hint: &str) {
        let mut refusal = Refusal::new(RefusalCode::MalformedReply, message, hint);
        refusal.path = self.path().map(str::to_owned);
        refusal.block = self.n_begun.checked_sub(1);
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(refusal);
        }
    }
}

const SECTION_HINT: &str = "A patch is `*** Begin Patch`, then for each file `*** Add File: <path>`, \
     `*** Delete File: <path>` or `*** Update File: <path>` with its lines, then `*** End Patch`.";

/// Reads a marker line; blanks behind it mean nothing.
fn marker(line: &str) -> Option<Marker<'_>> {
    if !line.starts_with("*** ") {
        return None;
    }
    let line = line.trim_end();
    let path = |label: &str| line.strip_prefix(label).map(str::trim).filter(|path| !path.is_empty());
    Some(match line {
        BEGIN => Marker::Begin,
        END => Marker::End,
        "*** End of File" => Marker::EndOfFile,
        _ => path("*** Add File:")
            .map(Marker::Add)
            .or_else(|| path("*** Delete File:").map(Marker::Delete))
            .or_else(|| path("*** Update File:").map(Marker::Update))
            .or_else(|| path("*** Move to:").map(Marker::Move))
            .unwrap_or(Marker::Unknown),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{ReplyFormat, detect, parse};
    use crate::diff::RefusalCode;
    use crate::diff::parse::Block;
    use crate::diff::tagged;

    /// Blocks in one line each.
    fn shown(reply: &str) -> Result<Vec<String>, RefusalCode> {
        let reply = parse(ReplyFormat::ApplyPatch, reply).map_err(|refusals| refusals[0].code)?;
        let block = |block: &Block| match block {
            Block::Hunk { path: Some(path), hints, lines } => {
                let lines = tagged::shown(lines, "|");
                let end = if hints.at_end { "$" } else { "" };
                format!("{path} {:?} {lines}{end}", hints.anchors)
            }
            Block::Create { path, lines } => format!("new {path} {lines:?}"),
            Block::Delete { path, lines: None } => format!("gone {path}"),
            Block::Rename { path, to } => format!("{path} to {to}"),
            other => panic!("{other:?}"),
        };
        Ok(reply.blocks.iter().map(block).collect())
    }

    fn check(body: &str, expected: &[&str]) {
        let reply = format!("*** Begin Patch\n{body}*** End Patch\n");
        let wrapped = serde_json::json!({ "input": reply }).to_string();
        for reply in [
            format!("Here:\n```\n{reply}```\nDone.\n"),
            format!("apply_patch <<'EOF'\n{reply}EOF\n"),
            wrapped,
            reply,
        ] {
            let blocks = shown(&reply);
            let blocks: Vec<&str> = blocks.iter().flatten().map(String::as_str).collect();
            assert_eq!(blocks, expected, "{reply}");
        }
    }

    fn check_refused(reply: &str, code: RefusalCode) {
        assert_eq!(shown(reply), Err(code), "{reply}");
    }

    #[test]
    fn sections() {
        check("*** Add File: a b\n+x\n+\n+ y\n\n", &["new a b [\"x\", \"\", \" y\"]"]);
        check("*** Delete File: a\n*** Update File: b\n@@\n-x\n+y\n", &["gone a", "b [] -x|+y|"]);
        check("*** Update File: a\n*** Move to: b\n", &["a to b"]);
        check("*** Update File: a\n*** Move to: b\n-x\n+y\n", &["a to b", "a [] -x|+y|"]);
        check("  *** Update File: a \n@@\n-x\n", &["a [] -x|"]);
    }

    #[test]
    fn chunks() {
        check(
            "*** Update File: a\n x\n\n-y\n@@ class A\n@@ def f\n+z\n*** End of File\n",
            &["a []  x| |-y|", "a [\"class A\", \"def f\"] +z|$"],
        );
        check(
            "*** Update File: a\n@@\n *** End Patch\n-x\n\n@@ fn b()\n+y\n",
            &["a []  *** End Patch|-x|", "a [\"fn b()\"] +y|"],
        );
    }

    #[test]
    fn bad_patches_are_refused() {
        use RefusalCode::{MalformedReply, NoEdit, Truncated};
        for (body, code) in [
            ("*** Update File: a\n@@\n-x\n", Truncated),
            ("*** Add File: a\n+x\n", Truncated),
            ("", Truncated),
            ("*** End Patch\n", NoEdit),
            ("*** Update File: a\n*** End Patch\n", MalformedReply),
            ("*** Update File: a\n@@\n*** End Patch\n", MalformedReply),
            ("*** Frobnicate File: a\n*** End Patch\n", MalformedReply),
            ("*** Add File: a\n+x\ny\n*** End Patch\n", MalformedReply),
            ("*** Add File: a\n+x\n\n+y\n*** End Patch\n", MalformedReply),
            ("x\n*** End Patch\n", MalformedReply),
            ("*** Update File: a\n@@\n-x\n*** Move to: b\n*** End Patch\n", MalformedReply),
            ("*** Update File: a\n@@\n-x\n*** End of File\n+y\n*** End Patch\n", MalformedReply),
        ] {
            check_refused(&format!("*** Begin Patch\n{body}"), code);
        }
        check_refused("```\n*** Begin Patch\n*** Delete File: a\n*** End Patch\n", Truncated);
        check_refused("Nothing.", NoEdit);
        assert_eq!(detect(" *** Begin Patch\n*** End Patch"), Ok(ReplyFormat::ApplyPatch));
    }
}
