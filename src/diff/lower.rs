//! Lowers every reply format to tagged lines per file, so that one resolver serves them all.
//!
//! Only lines tagged [`TaggedLine::Add`] are ever written to a file. What a reply quotes on both sides becomes
//! context, which only helps to find the place: a misquoted context line cannot damage a file.

mod path;
mod protected;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::parse::{Block, Reply};
use super::{FileSet, Refusal, RefusalCode};
use crate::text::Rope;
pub use path::{BadPath, normalise};
pub use protected::is_protected;

/// One line of a [`LineHunk`], without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaggedLine {
    /// Stays as the file has it.
    Context(String),
    /// Goes.
    Delete(String),
    /// Comes.
    Add(String),
}

impl TaggedLine {
    /// The line as the file should have it before the edit; `None` for an added line.
    pub fn old(&self) -> Option<&str> {
        match self {
            Self::Context(line) | Self::Delete(line) => Some(line),
            Self::Add(_) => None,
        }
    }
}

/// One block of a reply: consecutive lines of a file and what becomes of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineHunk {
    /// Zero-based block of the reply.
    pub block: usize,
    /// The lines, in order.
    pub lines: Vec<TaggedLine>,
}

/// What a reply does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchKind {
    /// Changes lines of a file that exists; in reply order.
    Modify(Vec<LineHunk>),
    /// Makes a file that does not exist, with this text.
    Create(String),
}

/// All that a reply does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePatch {
    /// Workspace-relative, `/` separators.
    pub path: String,
    /// What it does.
    pub kind: PatchKind,
    /// Whether one block gives the whole file; then no other block may touch it.
    whole: bool,
}

/// Lowers a reply: one patch per file in reply order, and a refusal for each block that has none.
pub fn lower(reply: &Reply, base: &FileSet) -> (Vec<FilePatch>, Vec<Refusal>) {
    let mut lowering = Lowering { base, patches: Vec::new(), refusals: Vec::new() };
    for (index, (block, path)) in
        reply.blocks.iter().zip(paths(reply, base.default_path.as_deref())).enumerate()
    {
        let result = match path {
            Ok(path) => lowering.block(index, block, &path).map_err(|refusal| refusal.of_block(&path, index)),
            Err(mut refusal) => {
                refusal.block = Some(index);
                Err(refusal)
            }
        };
        lowering.refusals.extend(result.err());
    }
    (lowering.patches, lowering.refusals)
}

/// The files a reply names, normalised, each once: what a caller has to read before [`super::evaluate`]. Paths
/// that must not be used are left out; [`lower`] refuses them.
pub fn named_paths(reply: &Reply, default_path: Option<&str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for path in paths(reply, default_path).flatten() {
        if !names.contains(&path) {
            names.push(path);
        }
    }
    names
}

/// The path of each block: as named, else that of the block before, else the default.
fn paths<'a>(
    reply: &'a Reply,
    default_path: Option<&'a str>,
) -> impl Iterator<Item = Result<String, Refusal>> + 'a {
    let mut current = default_path;
    reply.blocks.iter().map(move |block| {
        current = block.path().or(current);
        let Some(path) = current else {
            return Err(Refusal::new(
                RefusalCode::UnknownFile,
                "The block names no file",
                "Write the file name on the line before the block.",
            ));
        };
        normalise(path).map_err(|reason| {
            let mut refusal = Refusal::new(
                RefusalCode::BadPath,
                format!("`{path}` cannot be used as a path: {reason}"),
                "Name files relative to the workspace, with `/` between the parts.",
            );
            refusal.path = Some(path.to_owned());
            refusal
        })
    })
}

struct Lowering<'a> {
    base: &'a FileSet,
    patches: Vec<FilePatch>,
    refusals: Vec<Refusal>,
}

impl Lowering<'_> {
    fn block(&mut self, index: usize, block: &Block, path: &str) -> Result<(), Refusal> {
        let text = self.base.files.get(path);
        match block {
            Block::SearchReplace { search, replace, .. } => {
                refuse_elision(replace, |line| search.iter().any(|other| other == line))?;
                let search = without_byte_order_mark(search);
                let replace = without_byte_order_mark(replace);
                match text {
                    None if search.iter().all(|line| line.trim().is_empty()) => {
                        self.add(path, PatchKind::Create(joined(&replace)), false)
                    }
                    None => Err(unknown_file(path, self.base)),
                    Some(text) if search.is_empty() && !is_empty(text) => Err(Refusal::new(
                        RefusalCode::FileExists,
                        "The block would create a file that exists",
                        "Put the lines next to which the new text belongs into the SEARCH part.",
                    )),
                    Some(text) => {
                        let creates = is_empty(text) && search.iter().all(|line| line.trim().is_empty());
                        let search = if creates { Vec::new() } else { search };
                        let hunk = LineHunk { block: index, lines: tagged(&search, &replace) };
                        self.add(path, PatchKind::Modify(vec![hunk]), false)
                    }
                }
            }
            Block::Whole { lines, .. } => {
                let lines = without_byte_order_mark(lines);
                refuse_patch_text(path, &lines)?;
                let Some(text) = text else {
                    refuse_elision(block_lines(block), |_| false)?;
                    return self.add(path, PatchKind::Create(joined(&lines)), true);
                };
                let text = String::from(text);
                let old: Vec<&str> =
                    super::resolve::Lines::new(&text).iter().map(|line| &text[line.content()]).collect();
                refuse_elision(block_lines(block), |line| old.contains(&line))?;
                let hunk = LineHunk { block: index, lines: tagged(&old, &lines) };
                self.add(path, PatchKind::Modify(vec![hunk]), true)
            }
        }
    }

    /// Adds a block's work to the file's patch.
    fn add(&mut self, path: &str, kind: PatchKind, whole: bool) -> Result<(), Refusal> {
        let Some(patch) = self.patches.iter_mut().find(|patch| patch.path == path) else {
            self.patches.push(FilePatch { path: path.to_owned(), kind, whole });
            return Ok(());
        };
        match (&mut patch.kind, kind) {
            (PatchKind::Modify(hunks), PatchKind::Modify(more)) if !patch.whole && !whole => {
                hunks.extend(more);
                Ok(())
            }
            _ => Err(Refusal::new(
                RefusalCode::OverlappingBlocks,
                "Two blocks give the whole file, or one gives it and another changes it",
                "Give each file either once as a whole, or in blocks.",
            )),
        }
    }
}

fn block_lines(block: &Block) -> &[String] {
    match block {
        Block::SearchReplace { replace, .. } => replace,
        Block::Whole { lines, .. } => lines,
    }
}

/// Diffs what is quoted against what shall be there.
fn tagged(old: &[&str], new: &[&str]) -> Vec<TaggedLine> {
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    let deleted = |from: usize, len: usize| {
        old[from..from + len].iter().map(|&line| TaggedLine::Delete(line.to_owned()))
    };
    let added =
        |from: usize, len: usize| new[from..from + len].iter().map(|&line| TaggedLine::Add(line.to_owned()));
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                lines.extend(
                    old[old_index..old_index + len].iter().map(|&line| TaggedLine::Context(line.to_owned())),
                );
            }
            DiffOp::Delete { old_index, old_len, .. } => lines.extend(deleted(old_index, old_len)),
            DiffOp::Insert { new_index, new_len, .. } => lines.extend(added(new_index, new_len)),
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                lines.extend(deleted(old_index, old_len));
                lines.extend(added(new_index, new_len));
            }
        }
    }
    lines
}

/// A byte order mark belongs to the file, not to its first line.
fn without_byte_order_mark(lines: &[String]) -> Vec<&str> {
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    if let Some(first) = lines.first_mut() {
        *first = first.strip_prefix('\u{feff}').unwrap_or(first);
    }
    lines
}

fn is_empty(text: &Rope) -> bool {
    text.len_bytes() == 0 || *text == "\u{feff}"
}

fn joined(lines: &[&str]) -> String {
    let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Refuses a line that stands for code left out (`// ... existing code ...`), unless the old text has it too:
/// written to a file it would delete what it stands for.
fn refuse_elision(lines: &[String], is_old: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    match lines.iter().find(|line| is_elision(line) && !is_old(line)) {
        None => Ok(()),
        Some(line) => Err(Refusal::new(
            RefusalCode::MalformedReply,
            format!("The line `{}` stands for text that is left out", line.trim()),
            "Write every line in full, or use smaller blocks.",
        )),
    }
}

fn is_elision(line: &str) -> bool {
    let line = line.trim();
    let is_comment = ["//", "#", "/*", "--", "<!--", "{/*", "\"\"\"", "...", "\u{2026}", ";", "%"]
        .iter()
        .any(|lead| line.starts_with(lead));
    if !is_comment || !(line.contains("...") || line.contains('\u{2026}')) {
        return false;
    }
    let line = line.to_lowercase();
    [
        "existing",
        "rest of",
        "unchanged",
        "remaining",
        "omitted",
        "same as before",
        "other code",
        "previous code",
    ]
    .iter()
    .any(|word| line.contains(word))
}

/// Refuses a diff that was sent where a whole file was asked for.
fn refuse_patch_text(path: &str, lines: &[&str]) -> Result<(), Refusal> {
    let is_patch_file = std::path::Path::new(path).extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("diff") || extension.eq_ignore_ascii_case("patch")
    });
    let mut filled = lines.iter().filter(|line| !line.trim().is_empty());
    let (first, second) = (filled.next().unwrap_or(&""), filled.next().unwrap_or(&""));
    let is_patch = first.starts_with("*** Begin Patch")
        || first.starts_with("@@ -")
        || (first.starts_with("--- ") && second.starts_with("+++ "));
    if is_patch_file || !is_patch {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::MalformedReply,
        "The fence holds a patch, not the whole file",
        "Answer with the whole text of the file.",
    ))
}

fn unknown_file(path: &str, base: &FileSet) -> Refusal {
    let mut near: Vec<(f64, &String)> = base
        .files
        .keys()
        .map(|known| {
            let same_name = known.rsplit('/').next() == path.rsplit('/').next();
            (strsim::jaro_winkler(known, path) + f64::from(u8::from(same_name)), known)
        })
        .filter(|(likeness, _)| *likeness > 0.7)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<String> = near.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
    let hint = if names.is_empty() {
        "Name a file that was shown, or leave the SEARCH part empty to create it.".to_owned()
    } else {
        format!("Did you mean {}? Leave the SEARCH part empty to create a file.", names.join(" or "))
    };
    Refusal::new(RefusalCode::UnknownFile, format!("There is no file `{path}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_sides_quote_is_context() {
        let lines = tagged(&["a", "b", "c"], &["a", "x", "c", "d"]);
        let tags: String = lines
            .iter()
            .map(|line| match line {
                TaggedLine::Context(line) => format!(" {line}"),
                TaggedLine::Delete(line) => format!("-{line}"),
                TaggedLine::Add(line) => format!("+{line}"),
            })
            .collect();
        assert_eq!(tags, " a-b+x c+d");
    }

    #[test]
    fn elisions_are_known() {
        for line in [
            "// ... existing code ...",
            "  # ... rest of the file ...",
            "/* \u{2026} unchanged */",
            "... existing ...",
        ] {
            assert!(is_elision(line), "{line}");
        }
        for line in ["// ... and so on", "let rest = [...existing];", "f(...args)", "# existing users"] {
            assert!(!is_elision(line), "{line}");
        }
    }
}
