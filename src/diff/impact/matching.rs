//! Which symbol before is which symbol after.
//!
//! By name first. Of those that are left, two are one that was renamed when they are of one kind, stand in one place
//! and are alike, and nothing else is as like to either: a wrong guess would hide a removal.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Fact;
use super::{Effect, Impact};
use crate::syntax::SymbolKind;

/// A body of fewer bytes (`{ todo!() }`) is too common to tell a renamed symbol by.
const TELLING_BODY: usize = 24;

/// More symbols than this that are left are not compared with each other.
const MOST_LEFT: usize = 200;

/// Compares the symbols of two texts.
pub(super) fn compare(before: &[Fact], after: &[Fact], separator: &str) -> Vec<Impact> {
    let pairs = pairs(before, after);
    let partner: BTreeMap<usize, usize> = pairs.iter().map(|(old, new)| (*new, *old)).collect();
    let matched: BTreeSet<usize> = pairs.iter().map(|(old, _)| *old).collect();
    let named = |fact: &Fact| fact.path.join(separator);
    let plain = |fact: &Fact, change| Impact { symbol: named(fact), kind: fact.kind, change, from: None };
    let mut impacts = Vec::new();
    for (at, new) in after.iter().enumerate() {
        let Some(old) = partner.get(&at).map(|old| &before[*old]) else {
            impacts.push(plain(new, Effect::Added));
            continue;
        };
        let renamed = old.path.last() != new.path.last();
        if renamed && new.kind != SymbolKind::Implementation {
            impacts.push(Impact { from: Some(named(old)), ..plain(new, Effect::Renamed) });
        } else if old.kind != new.kind || (old.signature != new.signature && !renamed) {
            impacts.push(plain(new, Effect::Signature));
        } else if old.body != new.body {
            impacts.push(plain(new, Effect::Body));
        }
    }
    let gone = before.iter().enumerate().filter(|(at, _)| !matched.contains(at));
    impacts.extend(gone.map(|(_, old)| plain(old, Effect::Removed)));
    impacts
}

/// Pairs of indices; each index is in one pair at most.
fn pairs(before: &[Fact], after: &[Fact]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    // Names before of what was renamed → names after: its own symbols went with it.
    let mut renamed: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    let deepest = before.iter().chain(after).map(|fact| fact.path.len()).max().unwrap_or(0);
    for depth in 1..=deepest {
        let at_depth = |facts: &[Fact]| -> Vec<usize> {
            (0..facts.len()).filter(|at| facts[*at].path.len() == depth).collect()
        };
        let mut old: Vec<(usize, Vec<String>)> = at_depth(before)
            .into_iter()
            .map(|at| {
                let parent = before[at].parent();
                (at, renamed.get(parent).cloned().unwrap_or_else(|| parent.to_vec()))
            })
            .collect();
        let mut new = at_depth(after);
        by_name(before, after, &mut old, &mut new, &mut pairs);
        if old.len().max(new.len()) > MOST_LEFT {
            continue;
        }
        for alike in [same_body, same_signature] {
            for (one, other) in only_matches(before, after, &old, &new, alike) {
                old.retain(|(at, _)| *at != one);
                new.retain(|at| *at != other);
                renamed.insert(before[one].path.clone(), after[other].path.clone());
                pairs.push((one, other));
            }
        }
    }
    pairs
}

/// Pairs what has one name: equal ones first, then those of one kind, then any, each in their order.
fn by_name(
    before: &[Fact],
    after: &[Fact],
    old: &mut Vec<(usize, Vec<String>)>,
    new: &mut Vec<usize>,
    pairs: &mut Vec<(usize, usize)>,
) {
    let mut names: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for at in new.iter() {
        names.entry(after[*at].path.clone()).or_default().push(*at);
    }
    let rules: [fn(&Fact, &Fact) -> bool; 3] = [
        |old, new| old.kind == new.kind && old.signature == new.signature && old.body == new.body,
        |old, new| old.kind == new.kind,
        |_, _| true,
    ];
    for same in rules {
        old.retain(|(one, parent)| {
            let name = before[*one].path.last();
            let path: Vec<String> = parent.iter().chain(name).cloned().collect();
            let Some(others) = names.get_mut(&path) else { return true };
            let Some(found) = others.iter().position(|other| same(&before[*one], &after[*other])) else {
                return true;
            };
            pairs.push((*one, others.remove(found)));
            false
        });
    }
    let paired: BTreeSet<usize> = pairs.iter().map(|(_, new)| *new).collect();
    new.retain(|at| !paired.contains(at));
}

/// The pairs that are alike while neither is like another.
fn only_matches(
    before: &[Fact],
    after: &[Fact],
    old: &[(usize, Vec<String>)],
    new: &[usize],
    alike: fn(&Fact, &Fact) -> bool,
) -> Vec<(usize, usize)> {
    let mut of_old: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut n_of_new: BTreeMap<usize, usize> = BTreeMap::new();
    for (one, parent) in old {
        for other in new {
            let (was, is) = (&before[*one], &after[*other]);
            if was.kind == is.kind && parent.as_slice() == is.parent() && alike(was, is) {
                of_old.entry(*one).or_default().push(*other);
                *n_of_new.entry(*other).or_default() += 1;
            }
        }
    }
    let only = |(one, others): (usize, Vec<usize>)| match others[..] {
        [other] if n_of_new.get(&other) == Some(&1) => Some((one, other)),
        _ => None,
    };
    of_old.into_iter().filter_map(only).collect()
}

fn same_body(old: &Fact, new: &Fact) -> bool {
    old.body == new.body && (old.body.len() >= TELLING_BODY || old.signature == new.signature)
}

/// The same but for the name, and at least half of the words of the bodies.
fn same_signature(old: &Fact, new: &Fact) -> bool {
    if old.signature != new.signature {
        return false;
    }
    let count = |body: &str| {
        let mut words: BTreeMap<String, usize> = BTreeMap::new();
        for word in body.split_whitespace() {
            *words.entry(word.to_owned()).or_default() += 1;
        }
        words
    };
    let (one, other) = (count(&old.body), count(&new.body));
    let shared: usize = one.iter().map(|(word, n)| (*n).min(other.get(word).copied().unwrap_or(0))).sum();
    let most = one.values().sum::<usize>().max(other.values().sum());
    shared * 2 >= most
}
