//! File names that are missing, rooted elsewhere or wrong, with other files around.

use super::super::case::Expected;
use super::super::render::Draft;
use super::super::script::joined;
use super::super::{Case, Format, Script};
use super::Ask;

/// The reply for one file, beside others of the pool that have other names.
fn beside_others(ask: &mut Ask<'_>) -> Option<Draft> {
    ask.files.truncate(1);
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let blocks = if ask.format == Format::Whole { Vec::new() } else { ask.blocks()? };
    let mut draft = ask.draft(blocks);
    let own = ask.files[0].path.clone();
    for _ in 0..8 {
        let Some(other) = ask.rng.pick(ask.pool) else { break };
        let taken =
            ask.files.iter().any(|file| file.path == other.path || name(&file.path) == name(&other.path));
        if !taken && other.path != own && ask.files.len() < 4 {
            let old = joined(other.old_lines());
            ask.files.push(Script::new(&other.path, &old, &old));
        }
    }
    draft.names.resize(ask.files.len(), None);
    draft.wholes.truncate(1);
    (ask.files.len() > 2).then_some(draft)
}

/// No name, but the caller knows which file was meant.
pub(super) fn missing(ask: &mut Ask<'_>) -> Option<Case> {
    let mut draft = beside_others(ask)?;
    if ask.format == Format::ApplyPatch {
        return None;
    }
    draft.names[0] = None;
    let mut case = ask.case(&draft);
    case.default_path = Some(ask.files[0].path.clone());
    Some(case)
}

/// No name, and nobody knows it; the lines fit one file only.
pub(super) fn missing_of_several(ask: &mut Ask<'_>) -> Option<Case> {
    let mut draft = beside_others(ask)?;
    if matches!(ask.format, Format::ApplyPatch | Format::Whole) {
        return None;
    }
    draft.names[0] = None;
    let case = ask.case(&draft);
    let Expected::Apply(texts) = case.expected.clone() else { return None };
    Some(case.expecting(Expected::Either(texts)))
}

/// The name begins at another folder, or is written with `./`.
pub(super) fn rooted(ask: &mut Ask<'_>) -> Option<Case> {
    let mut draft = beside_others(ask)?;
    let path = ask.files[0].path.clone();
    let without_first = path.split_once('/').map(|(_, rest)| rest.to_owned());
    let name = match ask.rng.below(if ask.format == Format::Whole { 1 } else { 4 }) {
        0 => format!("./{path}"),
        1 => format!("project/{path}"),
        2 => without_first?,
        _ => path.rsplit_once('/')?.1.to_owned(),
    };
    draft.names[0] = Some(name);
    Some(ask.case(&draft))
}

/// The right name in a folder that does not exist; no other file has that name.
pub(super) fn wrong_folder(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format == Format::Whole {
        return None;
    }
    let mut draft = beside_others(ask)?;
    let path = ask.files[0].path.clone();
    let (_, name) = path.rsplit_once('/')?;
    draft.names[0] = Some(format!("lib/core/{name}"));
    Some(ask.case(&draft))
}

/// A letter of the name is wrong: it may be seen through, or refused, but no other file may be touched.
pub(super) fn misspelt(ask: &mut Ask<'_>) -> Option<Case> {
    if ask.format == Format::Whole {
        return None;
    }
    let mut draft = beside_others(ask)?;
    let path = ask.files[0].path.clone();
    let start = path.rfind('/').map_or(0, |at| at + 1);
    let stem = path[start..].split('.').next().filter(|stem| stem.len() > 3 && stem.is_ascii())?;
    let at = start + 1 + ask.rng.below(stem.len() - 2);
    let mut name = path.clone();
    name.remove(at);
    draft.names[0] = Some(name);
    let case = ask.case(&draft);
    let Expected::Apply(texts) = case.expected.clone() else { return None };
    Some(case.expecting(Expected::Either(texts)))
}
