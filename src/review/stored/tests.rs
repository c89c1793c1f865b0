//! What is written is read back, and nothing else.

use proptest::prelude::*;

use super::*;
use crate::diff::impact::Effect;
use crate::diff::{Evidence, Tier};
use crate::syntax::SymbolKind;

const TEXT: &str = "zero\néin\r\n\ntwo\nthree\nfour\n";

fn decision() -> impl Strategy<Value = Decision> {
    use Decision::{Accepted, Applied, Proposed, Rejected, Undone};
    prop::sample::select(vec![Proposed, Accepted, Applied, Rejected, Undone])
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let tiers = vec![Tier::Exact, Tier::RightTrimmed, Tier::Trimmed, Tier::Canonical, Tier::Aligned];
    (prop::sample::select(tiers), 0.0_f32..1.0, 0.0_f32..1.0).prop_map(|(tier, cost, margin)| Evidence {
        tier,
        cost,
        margin,
    })
}

/// Hunks of whole lines of [`TEXT`], sorted and disjoint.
fn hunks() -> impl Strategy<Value = Vec<(Hunk, Decision)>> {
    let starts: Vec<usize> =
        std::iter::once(0).chain(TEXT.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let lines = prop::collection::btree_set(0..starts.len() - 1, 0..4);
    let parts = prop::collection::vec((any::<bool>(), ".{0,6}", evidence(), decision(), 0_usize..9), 8);
    (lines, parts).prop_map(move |(lines, parts)| {
        lines
            .into_iter()
            .zip(parts)
            .map(|(line, (empty, insert, evidence, decision, block))| {
                let end = if empty { starts[line] } else { starts[line + 1] };
                let hunk = Hunk { range: starts[line]..end, insert, evidence, line: line + 1, block };
                (hunk, decision)
            })
            .collect()
    })
}

fn file() -> impl Strategy<Value = (ProposedFile, usize)> {
    let impact = (".{0,5}", prop::option::of(".{0,5}")).prop_map(|(symbol, from)| Impact {
        symbol,
        kind: SymbolKind::TypeAlias,
        change: Effect::Signature,
        from,
    });
    (0_usize..4, hunks(), decision(), ".{0,9}", prop::collection::vec(impact, 0..3)).prop_map(
        |(kind, hunks, decision, text, impact)| {
            let number = 0;
            let change = match kind {
                0 => ProposedChange::Modify(
                    hunks
                        .into_iter()
                        .map(|(hunk, decision)| ProposedHunk { number, hunk, decision })
                        .collect(),
                ),
                1 => ProposedChange::Create { number, text, decision },
                2 => ProposedChange::Delete { number, decision },
                _ => ProposedChange::Rename {
                    number,
                    to: "sub/b.rs".to_owned(),
                    uri: DocumentUri::new("file:///w/sub/b.rs"),
                    hunks: hunks.into_iter().map(|(hunk, _)| hunk).collect(),
                    decision,
                },
            };
            let base = if kind == 1 { Rope::new() } else { Rope::from_str(TEXT) };
            let track = Track::closed(DocumentUri::new("file:///w/a%20b.rs"), base);
            (ProposedFile { path: "a b.rs".to_owned(), track, change, impact }, kind)
        },
    )
}

fn proposal() -> impl Strategy<Value = Proposal> {
    (prop::collection::vec(file(), 0..4), ".*", ".*", 1_u64..99).prop_map(|(files, title, instruction, n)| {
        let mut number = 0;
        let mut next = || {
            number += 1;
            number - 1
        };
        let files = files.into_iter().map(|(mut file, _)| {
            match &mut file.change {
                ProposedChange::Modify(hunks) => hunks.iter_mut().for_each(|hunk| hunk.number = next()),
                ProposedChange::Create { number, .. }
                | ProposedChange::Delete { number, .. }
                | ProposedChange::Rename { number, .. } => *number = next(),
            }
            file
        });
        Proposal {
            id: ProposalId::nth(n),
            task: "t7".to_owned(),
            title,
            instruction,
            target: DocumentUri::new("file:///w/a%20b.rs"),
            model: "coder".to_owned(),
            files: files.collect(),
            notes: vec![Note { path: "a".to_owned(), line: 3, message: "look".to_owned() }],
        }
    })
}

fn read_back(stored: &StoredProposal) -> Result<(Proposal, Aside), StoredError> {
    let find = |name: &str| stored.texts.iter().find(|text| sha256(text) == name).cloned();
    read(&stored.body, find)
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(proposal in proposal(), answer in prop::option::of("[0-9a-f]{64}")) {
        let aside = Aside { role: "edit".to_owned(), answer };
        let stored = write(&proposal, &aside);
        let (read, read_aside) = read_back(&stored).expect("it was just written");
        prop_assert_eq!(read_aside, aside);
        // A proposal has no equality of its own: ropes inside of tracks are compared by what is shown of them.
        prop_assert_eq!(format!("{read:?}"), format!("{proposal:?}"));
    }
}

/// A proposal of one file with one hunk, whose body is changed by `change`.
fn check(change: impl Fn(&mut serde_json::Value), expected: &StoredError) {
    let hunk =
        Hunk { range: 0..5, insert: "null\n".to_owned(), evidence: Evidence::EXACT, line: 1, block: 0 };
    let hunks = vec![ProposedHunk { number: 0, hunk, decision: Decision::Proposed }];
    let track = Track::closed(DocumentUri::new("file:///w/a.rs"), Rope::from_str(TEXT));
    let change_of = ProposedChange::Modify(hunks);
    let file = ProposedFile { path: "a.rs".to_owned(), track, change: change_of, impact: Vec::new() };
    let proposal = Proposal {
        id: ProposalId::nth(1),
        task: String::new(),
        title: String::new(),
        instruction: String::new(),
        target: DocumentUri::new("file:///w/a.rs"),
        model: String::new(),
        files: vec![file],
        notes: Vec::new(),
    };
    let mut stored = write(&proposal, &Aside::default());
    let mut body = serde_json::from_str(&stored.body).expect("JSON");
    change(&mut body);
    stored.body = body.to_string();
    assert_eq!(read_back(&stored).map(|_| ()).expect_err("it is refused"), *expected);
}

#[test]
fn nothing_is_guessed() {
    check(
        |body| {
            body["version"] = 2.into();
            body["new"] = 1.into();
        },
        &StoredError::UnknownVersion(2),
    );
    let hunk = |body: &mut serde_json::Value, at: &str, value: serde_json::Value| {
        *body.pointer_mut(&format!("/files/0/change/modify/0/{at}")).expect("a hunk") = value;
    };
    let inconsistent = StoredError::Inconsistent("a.rs".to_owned());
    check(|body| hunk(body, "hunk/range/end", 999.into()), &inconsistent);
    check(|body| hunk(body, "hunk/range/end", 6.into()), &inconsistent); // inside a character
    check(|body| hunk(body, "hunk/range/start", 6.into()), &inconsistent);
    check(|body| hunk(body, "number", 1.into()), &inconsistent);
    check(|body| body["files"][0]["path"] = "../a.rs".into(), &StoredError::BadPath("../a.rs".to_owned()));
    check(|body| body["files"][0]["path"] = "/etc/x".into(), &StoredError::BadPath("/etc/x".to_owned()));
    let missing = StoredError::MissingText("a.rs".to_owned());
    check(|body| body["files"][0]["text"] = "00".into(), &missing);
}

#[test]
fn what_is_no_such_json_is_malformed() {
    let malformed = |body: &str| matches!(read(body, |_| None), Err(StoredError::Malformed(_)));
    assert!(malformed("") && malformed("{}") && malformed("{\"version\": 1}") && malformed("[1]"));
    let stored = write(
        &Proposal {
            id: ProposalId::nth(1),
            task: String::new(),
            title: String::new(),
            instruction: String::new(),
            target: DocumentUri::new("x"),
            model: String::new(),
            files: Vec::new(),
            notes: Vec::new(),
        },
        &Aside::default(),
    );
    assert!(malformed(&stored.body.replacen('{', "{\"more\": 1, ", 1)));
    assert!(read_back(&stored).is_ok());
}
