//! Where tenon does otherwise than the peer a case was recorded from, and why.

/// What tenon does instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instead {
    /// It refuses a reply that the peer applies.
    Refuses,
    /// It applies a reply that the peer refuses.
    Applies,
    /// It applies a reply with another result.
    Differs,
}

/// Cases with one reason.
pub(super) struct Group {
    /// What tenon does instead.
    pub(super) instead: Instead,
    /// Why.
    #[expect(dead_code, reason = "for the reader of this list")]
    pub(super) reason: &'static str,
    /// `peer/number`.
    pub(super) cases: &'static [&'static str],
}

/// All known differences.
pub(super) const DIFFERENCES: &[Group] = &[
    Group {
        instead: Instead::Applies,
        reason: "the peer was run dry, or declined to make a new file; the result is what it would have written",
        cases: &["aider/0012", "aider/0026"],
    },
    Group {
        instead: Instead::Applies,
        reason: "the peer takes `path/to/sample.txt` for the `sample.txt` it knows; tenon makes the file that is named, \
                 and changes no other",
        cases: &["aider/0028"],
    },
    Group {
        instead: Instead::Applies,
        reason: "blanks behind a separator mean nothing; other dialects allow them too",
        cases: &["cline/0013"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "several places fit: the peer takes the first, the middle one, or the one between its neighbours",
        cases: &["aider/0015", "mpatch/0107", "mpatch/0108", "mpatch/0116", "mpatch/0142", "roo/0024"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "several places would fit in the looser tier that the peer uses, and it takes the first",
        cases: &["aider/0016"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "needs a looser tier (next issue): indentation",
        cases: &["aider/0019", "cline/0005", "roo/0017"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "needs a looser tier (next issue): lines that differ a little",
        cases: &["mpatch/0106", "roo/0025"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "needs a looser tier (next issue): lines left out as `...`",
        cases: &[
            "mpatch/0047",
            "mpatch/0048",
            "mpatch/0100",
            "mpatch/0213",
            "mpatch/0215",
            "mpatch/0218",
            "mpatch/0219",
            "mpatch/0220",
            "mpatch/0222",
            "mpatch/0226",
            "mpatch/0227",
            "mpatch/0228",
            "mpatch/0229",
            "mpatch/0230",
            "mpatch/0231",
            "mpatch/0232",
            "mpatch/0233",
            "mpatch/0234",
            "mpatch/0236",
            "mpatch/0238",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "two separators in one block; the peer writes the second one to the file",
        cases: &["mpatch/0217"],
    },
    Group {
        instead: Instead::Applies,
        reason: "a blank line that the replacement begins with is written; the peer swallows it",
        cases: &["roo/0037"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the reply is cut off; the peer applies its last block",
        cases: &["cline/0017", "cline/0018"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "markers longer than nine characters are no markers",
        cases: &["cline/0024", "cline/0027", "cline/0028"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the peer guesses file names from sentences, or which of several fences holds the file",
        cases: &["aider/0029", "aider/0034"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "one block is for a file that does not exist: all or nothing",
        cases: &["mpatch/0105"],
    },
];
