//! Which file a block means, when it does not name one that is there.
//!
//! Models write names under another root, with the prefixes of a diff, in another case, with a typo, or leave them
//! out. Such a name is taken for a known file only when it is like that file's and every block under it fits there,
//! and in no other file whose name is like it. Only blocks that change lines are helped: for one that creates, deletes
//! or renames, or that gives a whole file, a wrong name would be a wrong file, with nothing to prove it by.

mod likeness;
mod mention;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::lower::{self, normalise};
use super::parse::{Block, Reply};
use super::{ChangeKind, FileSet, Refusal, RefusalCode, Tier, resolve};
use crate::text::Rope;
use likeness::{Likeness, likeness};
pub use likeness::{has_same_name, is_like};

/// Bytes of files in which blocks are tried, over a whole reply; each trial counts as at least [`TRIAL`].
const TRIED_BYTES: usize = 80 << 20;
const TRIAL: usize = 256 << 10;
/// Names listed in a refusal.
const LISTED: usize = 5;

/// A reply whose names are those of files, as far as that is certain.
#[derive(Debug)]
pub(super) struct Named<'a> {
    /// The reply; the blocks' names are set where another file was meant.
    pub(super) reply: Cow<'a, Reply>,
    /// The files, with the candidates that are meant among them.
    pub(super) base: Cow<'a, FileSet>,
    /// A refusal for each block that could mean several files, or would make one that differs only in case.
    pub(super) refusals: Vec<Refusal>,
}

/// A name as written, and the blocks under it.
struct Group<'a> {
    name: Option<&'a str>,
    blocks: Vec<usize>,
}

/// Finds the files that the blocks of `reply` mean.
pub(super) fn named<'a>(reply: &'a Reply, base: &'a FileSet) -> Named<'a> {
    let mut named =
        Named { reply: Cow::Borrowed(reply), base: Cow::Borrowed(base), refusals: case_clashes(reply, base) };
    let mut budget = TRIED_BYTES;
    for group in unknown(reply, base) {
        match meant(&group, reply, base, &mut budget) {
            Meant::One(path) => {
                if let Some(text) = base.candidates.get(path) {
                    named.base.to_mut().files.insert(path.to_owned(), text.clone());
                }
                let blocks = &mut named.reply.to_mut().blocks;
                for at in group.blocks {
                    blocks[at] = with_path(&blocks[at], path);
                }
            }
            Meant::Several(paths) => {
                named.refusals.extend(group.blocks.iter().map(|&at| ambiguous(group.name, &paths, at)));
            }
            Meant::None => {}
        }
    }
    let misled = misled(&named.reply, &named.base);
    named.refusals.extend(misled);
    named
}

/// Refuses blocks without a name that would land in another file than the prose before them speaks of.
fn misled(reply: &Reply, base: &FileSet) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut current = base.default_path.as_deref();
    for (at, block) in reply.blocks.iter().enumerate() {
        current = block.path().or(current);
        let (Some(path), Some(lines)) = (current, reply.introductions.get(&at)) else { continue };
        if let Some(other) = mention::other_file(lines, path, base) {
            let refusal = Refusal::new(
                RefusalCode::AmbiguousFile,
                format!(
                    "The block names no file, so it would change `{path}`, but the text before it speaks of `{other}`"
                ),
                "Write the name of the file alone on the line before the block.",
            );
            refusals.push(refusal.of_block(path, at));
        }
    }
    refusals
}

/// The names, cleaned, of blocks that change lines, where no file of `base` has them: a caller that knows more files
/// adds those with [`is_like`] names as [`FileSet::candidates`].
pub fn sought(reply: &Reply, base: &FileSet) -> Vec<String> {
    unknown(reply, base).iter().filter_map(|group| cleaned(group.name?, base)).collect()
}

/// The paths at which a reply makes files: a caller that knows more files adds those as candidates whose paths differ
/// only in case.
pub fn made(reply: &Reply, base: &FileSet) -> Vec<String> {
    new_paths(reply, base).into_iter().map(|(_, path)| path).collect()
}

enum Meant<'a> {
    None,
    One(&'a str),
    Several(Vec<&'a str>),
}

/// The groups of blocks that change lines of a file that is not there, or name none.
fn unknown<'a>(reply: &'a Reply, base: &FileSet) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut of_name: HashMap<&str, usize> = HashMap::new();
    let mut hopeless: HashSet<&str> = HashSet::new();
    for (at, (name, block)) in effective(reply, base).zip(&reply.blocks).enumerate() {
        if name.is_some_and(|name| is_known(name, base)) {
            continue;
        }
        if !changes_lines(block) {
            hopeless.extend(name);
            continue;
        }
        let group = match name {
            Some(name) => *of_name.entry(name).or_insert(groups.len()),
            // Each by itself: nothing says that they are for one file.
            None => groups.len(),
        };
        match groups.get_mut(group) {
            Some(group) => group.blocks.push(at),
            None => groups.push(Group { name, blocks: vec![at] }),
        }
    }
    groups.retain(|group| group.name.is_none_or(|name| !hopeless.contains(name)));
    groups
}

/// The name of each block as written: its own, else that of the block before, else the default.
fn effective<'a>(reply: &'a Reply, base: &FileSet) -> impl Iterator<Item = Option<&'a str>> {
    let has_default = base.default_path.is_some();
    let mut current = None;
    reply.blocks.iter().map(move |block| {
        current = block.path().or(current);
        // The default is the caller's word, and never wrong.
        if current.is_none() && has_default { Some("") } else { current }
    })
}

fn is_known(name: &str, base: &FileSet) -> bool {
    name.is_empty()
        || base.files.contains_key(name)
        || normalise(name).is_ok_and(|path| base.files.contains_key(&path))
}

/// Whether a block quotes lines of a file that it changes; by them a file can be told.
fn changes_lines(block: &Block) -> bool {
    let filled = |text: &str| !text.trim().is_empty();
    match block {
        Block::SearchReplace { search, .. } => search.iter().any(|line| filled(line)),
        Block::Text { old, .. } => filled(old),
        Block::Hunk { lines, .. } => lines.iter().filter_map(|line| line.old()).any(filled),
        Block::Whole { .. } | Block::Create { .. } | Block::Delete { .. } | Block::Rename { .. } => false,
    }
}

/// The one file that a group means. Nothing once the budget is spent: what was not tried could fit as well.
fn meant<'a>(group: &Group<'_>, reply: &Reply, base: &'a FileSet, budget: &mut usize) -> Meant<'a> {
    let blocks: Vec<&Block> = group.blocks.iter().map(|&at| &reply.blocks[at]).collect();
    let fitting = match group.name {
        Some(name) => {
            let Some(name) = cleaned(name, base) else { return Meant::None };
            let name = name.as_str();
            if let Some((path, _)) = entry(name, base).or_else(|| entry(without_side(name)?, base)) {
                // It is that file, whether or not the blocks fit.
                return Meant::One(path);
            }
            let known = || base.files.iter().chain(&base.candidates);
            let like = |kind| known().filter(move |(path, _)| likeness(name, path) == Some(kind));
            let Some(mut fitting) = all_fitting(&blocks, like(Likeness::Part), false, budget) else {
                return Meant::None;
            };
            // A name with a typo may as well be that of another file, so the lines must be those of this one.
            let Some(exact) = all_fitting(&blocks, like(Likeness::Typo), true, budget) else {
                return Meant::None;
            };
            fitting.extend(exact);
            let called_so: Vec<_> = known().filter(|(path, _)| has_same_name(name, path)).take(2).collect();
            // In a folder of quite another name it must be the only file that is called so, and be quoted exactly.
            if fitting.is_empty() && called_so.len() == 1 {
                all_fitting(&blocks, called_so.into_iter(), true, budget)
            } else {
                Some(fitting)
            }
        }
        None => all_fitting(&blocks, base.files.iter(), true, budget),
    };
    match fitting.as_deref() {
        None | Some([]) => Meant::None,
        Some([path]) => Meant::One(path),
        Some(paths) => Meant::Several(paths.to_vec()),
    }
}

/// The files in which all blocks fit; `None` when there are too many to try.
fn all_fitting<'a>(
    blocks: &[&Block],
    files: impl Iterator<Item = (&'a String, &'a Rope)>,
    alone: bool,
    budget: &mut usize,
) -> Option<Vec<&'a str>> {
    let mut fitting = Vec::new();
    for (path, text) in files {
        *budget = budget.checked_sub(text.len_bytes().max(TRIAL))?;
        if fits(blocks, path, text, alone) {
            fitting.push(path.as_str());
        }
    }
    Some(fitting)
}

fn entry<'a>(path: &str, base: &'a FileSet) -> Option<(&'a str, &'a Rope)> {
    let found = base.files.get_key_value(path).or_else(|| base.candidates.get_key_value(path));
    found.map(|(path, text)| (path.as_str(), text))
}

/// A name as a path below the root: an absolute one is cut, backslashes are separators. `None` for what cannot be one.
fn cleaned(name: &str, base: &FileSet) -> Option<String> {
    let name = name.replace('\\', "/");
    let inside = base.root.as_deref().and_then(|root| {
        let root = root.replace('\\', "/");
        name.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/').map(str::to_owned)
    });
    normalise(&inside.unwrap_or(name)).ok()
}

/// The path without the side of a diff.
fn without_side(name: &str) -> Option<&str> {
    name.strip_prefix("a/").or_else(|| name.strip_prefix("b/"))
}

/// Whether all blocks have their place in this file; exactly or right-trimmed, and with something to change, when
/// `alone`: then the lines are all that tells the file.
fn fits(blocks: &[&Block], path: &str, text: &Rope, alone: bool) -> bool {
    if alone && !blocks.iter().all(|block| is_quoted(block, text)) {
        return false;
    }
    let reply =
        Reply { blocks: blocks.iter().map(|block| with_path(block, path)).collect(), ..Reply::default() };
    let files = BTreeMap::from([(path.to_owned(), text.clone())]);
    let base = FileSet { files, ..FileSet::default() };
    let (patches, refusals) = lower::lower(&reply, &base);
    refusals.is_empty()
        && patches.iter().all(|patch| match resolve::resolve(patch, &base) {
            Ok(change) if alone => {
                let hunks = change.as_ref().map_or(&[][..], |change| change.hunks());
                !hunks.is_empty() && hunks.iter().all(|hunk| hunk.evidence.tier <= Tier::RightTrimmed)
            }
            Ok(change) => change.is_none_or(|change| matches!(change.kind, ChangeKind::Modify { .. })),
            Err(_) => false,
        })
}

/// Whether every line that a block quotes is somewhere in the file: a look that costs little.
fn is_quoted(block: &Block, text: &Rope) -> bool {
    let text = String::from(text);
    let quoted: Vec<&str> = match block {
        Block::SearchReplace { search, .. } => search.iter().map(String::as_str).collect(),
        Block::Hunk { lines, .. } => lines.iter().filter_map(|line| line.old()).collect(),
        // The first and the last line of a piece of text may be parts of lines.
        Block::Text { old, .. } => return old.lines().all(|line| text.contains(line.trim_end())),
        _ => return true,
    };
    quoted.into_iter().all(|line| text.contains(line.trim_end()))
}

fn with_path(block: &Block, path: &str) -> Block {
    let mut block = block.clone();
    match &mut block {
        Block::SearchReplace { path: name, .. }
        | Block::Text { path: name, .. }
        | Block::Hunk { path: name, .. }
        | Block::Whole { path: name, .. } => *name = Some(path.to_owned()),
        Block::Create { .. } | Block::Delete { .. } | Block::Rename { .. } => {}
    }
    block
}

fn ambiguous(name: Option<&str>, paths: &[&str], block: usize) -> Refusal {
    let mut listed: Vec<String> = paths.iter().take(LISTED).map(|path| format!("`{path}`")).collect();
    if paths.len() > LISTED {
        listed.push("others".to_owned());
    }
    let listed = listed.join(", ");
    let message = match name {
        Some(name) => format!("There is no file `{name}`, and the block fits in {listed}"),
        None => format!("The block names no file, and fits in {listed}"),
    };
    let mut refusal = Refusal::new(
        RefusalCode::AmbiguousFile,
        message,
        "Name the file by its whole path, as it was shown.",
    );
    refusal.block = Some(block);
    refusal.path = name.map(str::to_owned);
    refusal
}

/// The paths at which blocks make files, each with its block.
fn new_paths(reply: &Reply, base: &FileSet) -> Vec<(usize, String)> {
    let blocks = reply.blocks.iter().zip(effective(reply, base)).enumerate();
    let path = |(at, (block, name)): (usize, (&Block, Option<&str>))| {
        let name = match block {
            Block::Rename { to, .. } => to,
            Block::Delete { .. } => return None,
            block if changes_lines(block) => return None,
            _ => name.filter(|name| !name.is_empty())?,
        };
        Some((at, normalise(name).ok().filter(|path| !base.files.contains_key(path))?))
    };
    blocks.filter_map(path).collect()
}

/// Refuses to make files beside others whose paths differ only in case: many file systems take them for the same.
fn case_clashes(reply: &Reply, base: &FileSet) -> Vec<Refusal> {
    let made = new_paths(reply, base);
    if made.is_empty() {
        return Vec::new();
    }
    let mut known: HashMap<String, Vec<&String>> = HashMap::new();
    for path in base.files.keys().chain(base.candidates.keys()) {
        known.entry(lower::folded(path)).or_default().push(path);
    }
    let mut refusals = Vec::new();
    for (at, path) in made {
        let own = match &reply.blocks[at] {
            Block::Rename { path, .. } => normalise(path).ok(),
            _ => None,
        };
        let others = known.get(&lower::folded(&path)).into_iter().flatten();
        if let Some(there) = others.copied().find(|known| **known != path && Some(*known) != own.as_ref()) {
            let refusal = Refusal::new(
                RefusalCode::FileExists,
                format!(
                    "There is `{there}`, whose name differs only in case; many systems take both for one file"
                ),
                format!("Use the name `{there}`, or quite another one."),
            );
            refusals.push(refusal.of_block(&path, at));
        }
    }
    refusals
}

#[cfg(test)]
mod tests;
