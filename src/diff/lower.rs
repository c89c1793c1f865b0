//! Lowers every reply format to tagged lines per file, so that one resolver serves them all.
//!
//! Only lines tagged [`TaggedLine::Add`] are ever written to a file. What a reply quotes on both sides becomes
//! context, which only helps to find the place: a misquoted context line cannot damage a file.

mod depth;
pub(super) mod elision;
mod fill;
mod haystack;
mod path;
mod protected;
mod text_edit;

use std::collections::BTreeMap;

use super::parse::{Block, Reply};
use super::tagged::{Hints, TaggedLine, added, new_side, old_side, tagged};
use super::{FileSet, Refusal, RefusalCode};
use crate::text::Rope;
pub use path::{BadPath, normalise};
pub use protected::{NoConsent, ProtectedConsent, folded, is_protected};
use text_edit::{TextEdit, TextEdits};

/// Hunks of a file that a further one is compared with at most.
const MAX_COMPARED: usize = 1 << 12;

/// One block of a reply: consecutive lines of a file and what becomes of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineHunk {
    /// Zero-based block of the reply.
    pub block: usize,
    /// The lines, in order.
    pub lines: Vec<TaggedLine>,
    /// What the reply says about its place.
    pub hints: Hints,
    /// Index of the line where lowering found its old lines already; it is verified again.
    pub place: Option<usize>,
}

impl LineHunk {
    /// A hunk that says nothing but its lines.
    pub fn new(block: usize, lines: Vec<TaggedLine>) -> Self {
        Self { block, lines, hints: Hints::default(), place: None }
    }

    /// Whether one of the hunks before says the same already. One that only inserts could be meant twice, and so could
    /// one whose lines came back in between.
    fn is_repeated(&self, before: &[Self]) -> bool {
        let brings = |between: &Self, line: &str| {
            between.lines.iter().any(|other| matches!(other, TaggedLine::Add(text) if text == line))
        };
        let mut deleted = self.lines.iter().filter(|line| matches!(line, TaggedLine::Delete(_))).peekable();
        deleted.peek().is_some()
            && before.len() <= MAX_COMPARED
            && before
                .iter()
                .rposition(|other| other.lines == self.lines && other.hints == self.hints)
                .is_some_and(|at| {
                    !deleted.any(|line| before[at + 1..].iter().any(|between| brings(between, line.text())))
                })
    }
}

/// What a reply does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchKind {
    /// Changes lines of a file that exists; in reply order.
    Modify(Vec<LineHunk>),
    /// Makes a file that does not exist, with this text.
    Create(String),
    /// Removes the file; its whole text as the reply quotes it, if it does.
    Delete(Option<LineHunk>),
}

/// All that a reply does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePatch {
    /// Workspace-relative, `/` separators.
    pub path: String,
    /// What it does.
    pub kind: PatchKind,
    /// The file's new path, normalised, when it is renamed.
    pub moved_to: Option<String>,
    /// Whether one block gives the whole file; then no other block may touch it.
    whole: bool,
}

/// Lowers a reply: one patch per file in reply order, and a refusal for each block that has none.
pub fn lower(reply: &Reply, base: &FileSet) -> (Vec<FilePatch>, Vec<Refusal>) {
    let mut lowering =
        Lowering { base, patches: Vec::new(), refusals: Vec::new(), text_edits: BTreeMap::new() };
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
    for (_, path) in named_blocks(reply, default_path) {
        if !names.contains(&path) {
            names.push(path);
        }
    }
    names
}

/// Every path of [`named_paths`] with each block that names it; the new paths of renamed files come last.
pub fn named_blocks(reply: &Reply, default_path: Option<&str>) -> Vec<(usize, String)> {
    let targets = reply.blocks.iter().map(|block| match block {
        Block::Rename { to, .. } => normalise(to).ok(),
        _ => None,
    });
    let named = paths(reply, default_path).map(Result::ok);
    let numbered = named.enumerate().chain(targets.enumerate());
    numbered.filter_map(|(block, path)| Some((block, path?))).collect()
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
        normalise(path).map_err(|reason| bad_path(path, reason))
    })
}

fn bad_path(path: &str, reason: BadPath) -> Refusal {
    Refusal::new(
        RefusalCode::BadPath,
        format!("`{path}` cannot be used as a path: {reason}"),
        "Name files relative to the workspace, with `/` between the parts.",
    )
    .of_file(path)
}

struct Lowering<'a> {
    base: &'a FileSet,
    patches: Vec<FilePatch>,
    refusals: Vec<Refusal>,
    /// The edits of texts so far, by path.
    text_edits: BTreeMap<String, TextEdits>,
}

impl Lowering<'_> {
    fn block(&mut self, index: usize, block: &Block, path: &str) -> Result<(), Refusal> {
        let text = self.base.files.get(path);
        match block {
            Block::SearchReplace { search, replace, line, .. } => {
                elision::refuse(replace.iter().map(String::as_str), |line| {
                    search.iter().any(|other| other == line) || has_comment(text, line)
                })?;
                let (search, replace) = (without_byte_order_mark(search), without_byte_order_mark(replace));
                let blank = search.iter().all(|line| line.trim().is_empty());
                let search = match text {
                    None if blank => return self.create(path, &replace),
                    None => return Err(unknown_file(path, self.base)),
                    Some(text) if search.is_empty() && !is_empty(text) => return Err(file_exists()),
                    Some(text) if is_empty(text) && blank => Vec::new(),
                    Some(_) => search,
                };
                let hints = Hints { line: *line, ..Hints::default() };
                let lines = tagged(&search, &replace);
                if !search.iter().any(|line| elision::is_dots(line)) {
                    elision::refuse_dots_for_lines(&lines)?;
                }
                self.modify(path, LineHunk { hints, ..LineHunk::new(index, with_gaps(&lines)) })
            }
            Block::Text { old, new, everywhere, .. } => {
                let Some(text) = text else {
                    return if old.trim().is_empty() {
                        let lines: Vec<&str> = new.lines().collect();
                        self.create(path, &lines)
                    } else {
                        Err(unknown_file(path, self.base))
                    };
                };
                if old.is_empty() && !is_empty(text) {
                    return Err(file_exists());
                }
                self.text_edit(path, text, TextEdit::new(index, old, new, *everywhere))
            }
            Block::Hunk { hints, lines, .. } => {
                if text.is_none() && lines.iter().all(TaggedLine::is_added) {
                    return self.create(path, &new_side(lines));
                }
                if text.is_none() {
                    return Err(unknown_file(path, self.base));
                }
                let old = old_side(lines);
                elision::refuse(added(lines), |line| old.contains(&line) || has_comment(text, line))?;
                let lines = lines.iter().map(with_gap).collect();
                self.modify(path, LineHunk { hints: hints.clone(), ..LineHunk::new(index, lines) })
            }
            Block::Whole { lines, .. } => {
                let lines = without_byte_order_mark(lines);
                refuse_patch_text(path, &lines)?;
                let Some(text) = text else {
                    return self.create(path, &lines);
                };
                let text = String::from(text);
                let old: Vec<&str> =
                    super::resolve::Lines::new(&text).iter().map(|line| &text[line.content()]).collect();
                let lines = fill::filled(&lines, &old)?;
                let hunk = LineHunk { place: Some(0), ..LineHunk::new(index, tagged(&old, &lines)) };
                self.add(path, PatchKind::Modify(vec![hunk]), true)
            }
            Block::Create { lines, .. } => match text {
                Some(text) if !is_empty(text) => Err(file_exists()),
                Some(_) => {
                    let added = without_byte_order_mark(lines).into_iter().map(str::to_owned);
                    self.modify(path, LineHunk::new(index, added.map(TaggedLine::Add).collect()))
                }
                None => self.create(path, &without_byte_order_mark(lines)),
            },
            Block::Delete { lines, .. } => {
                if text.is_none() {
                    return Err(unknown_file(path, self.base));
                }
                let quoted = lines.as_ref().map(|lines| {
                    let lines = without_byte_order_mark(lines).into_iter().map(str::to_owned);
                    LineHunk::new(index, lines.map(TaggedLine::Delete).collect())
                });
                self.add(path, PatchKind::Delete(quoted), true)
            }
            Block::Rename { to, .. } => {
                if text.is_none() {
                    return Err(unknown_file(path, self.base));
                }
                let to = normalise(to).map_err(|reason| bad_path(to, reason))?;
                if self.base.files.contains_key(&to) {
                    return Err(file_exists().of_file(&to));
                }
                let patch = self.patch(path);
                if patch.moved_to.is_some() || patch.whole {
                    return Err(overlapping());
                }
                patch.moved_to = Some(to);
                Ok(())
            }
        }
    }

    fn modify(&mut self, path: &str, hunk: LineHunk) -> Result<(), Refusal> {
        let known = self.patches.iter().find(|patch| patch.path == path);
        if let Some(FilePatch { kind: PatchKind::Modify(before), .. }) = known
            && hunk.is_repeated(before)
        {
            return Ok(());
        }
        self.add(path, PatchKind::Modify(vec![hunk]), false)
    }

    /// Adds an edit of a text; with the ones before it that change the same lines it is joined, if that is clear.
    fn text_edit(&mut self, path: &str, text: &Rope, edit: TextEdit) -> Result<(), Refusal> {
        let edits =
            self.text_edits.entry(path.to_owned()).or_insert_with(|| TextEdits::new(&String::from(text)));
        let (hunks, replaces) = edits.add(edit)?;
        if replaces
            && let Some(patch) = self.patches.iter_mut().find(|patch| patch.path == path)
            && let PatchKind::Modify(before) = &mut patch.kind
        {
            before.retain(|hunk| !edits.has(hunk.block));
        }
        self.add(path, PatchKind::Modify(hunks), false)
    }

    fn create(&mut self, path: &str, lines: &[&str]) -> Result<(), Refusal> {
        elision::refuse(lines.iter().copied(), |_| false)?;
        self.add(path, PatchKind::Create(joined(lines)), true)
    }

    /// The file's patch, made when there is none yet.
    fn patch(&mut self, path: &str) -> &mut FilePatch {
        let at = self.patches.iter().position(|patch| patch.path == path).unwrap_or_else(|| {
            let kind = PatchKind::Modify(Vec::new());
            self.patches.push(FilePatch { path: path.to_owned(), kind, moved_to: None, whole: false });
            self.patches.len() - 1
        });
        &mut self.patches[at]
    }

    /// Adds a block's work to the file's patch.
    fn add(&mut self, path: &str, kind: PatchKind, whole: bool) -> Result<(), Refusal> {
        let is_new = !self.patches.iter().any(|patch| patch.path == path);
        let patch = self.patch(path);
        match (&mut patch.kind, kind) {
            (_, kind) if is_new => (patch.kind, patch.whole) = (kind, whole),
            (PatchKind::Modify(hunks), PatchKind::Modify(more)) if !patch.whole && !whole => {
                hunks.extend(more);
            }
            _ => return Err(overlapping()),
        }
        Ok(())
    }
}

fn overlapping() -> Refusal {
    Refusal::new(
        RefusalCode::OverlappingBlocks,
        "Two blocks give the whole file, or one gives it and another changes it",
        "Give each file either once as a whole, or in blocks.",
    )
}

fn file_exists() -> Refusal {
    Refusal::new(
        RefusalCode::FileExists,
        "The block would create a file that exists",
        "Quote the lines next to which the new text belongs.",
    )
}

/// Whether the file has a comment that only reads as if text were left out; then it may be moved.
fn has_comment(text: Option<&Rope>, line: &str) -> bool {
    elision::is_phrase(line)
        && text.is_some_and(|text| text.lines().any(|other| other.to_string().trim() == line.trim()))
}

fn with_gaps(lines: &[TaggedLine]) -> Vec<TaggedLine> {
    lines.iter().map(with_gap).collect()
}

/// A context line that stands for text left out is a gap. Dots alone are one as well: where the file has them as a line
/// of its own, that reading is taken back when the place is looked for.
fn with_gap(line: &TaggedLine) -> TaggedLine {
    match line {
        TaggedLine::Context(text) if elision::is_elision(text) || elision::is_dots(text) => {
            TaggedLine::Gap(text.clone())
        }
        line => line.clone(),
    }
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

/// The paths that are most like one that is not among them, best first; at most three.
pub fn near_names<'a>(path: &str, known: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = known
        .map(|known| {
            let same_name = known.rsplit('/').next() == path.rsplit('/').next();
            (strsim::jaro_winkler(known, path) + f64::from(u8::from(same_name)), known.as_str())
        })
        .filter(|(likeness, _)| *likeness > 0.7)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

fn unknown_file(path: &str, base: &FileSet) -> Refusal {
    let near = near_names(path, base.files.keys().chain(base.candidates.keys()));
    let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    let hint = if names.is_empty() {
        "Name a file that was shown, or leave the SEARCH part empty to create it.".to_owned()
    } else {
        format!("Did you mean {}? Leave the SEARCH part empty to create a file.", names.join(" or "))
    };
    Refusal::new(RefusalCode::UnknownFile, format!("There is no file `{path}`"), hint)
}
