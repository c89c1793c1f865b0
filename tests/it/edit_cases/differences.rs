//! Where tenon does otherwise than the peer a case was recorded from, and why.
//!
//! How many agree of each peer is printed by `cargo test --test it edit_cases -- --nocapture`.

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

/// All known differences: by what tenon does instead, then by their first case.
pub(super) const DIFFERENCES: &[Group] = &[
    Group {
        instead: Instead::Applies,
        reason: "the peer refuses blanks behind a separator; they mean nothing, and other dialects allow them",
        cases: &["cline/0013"],
    },
    Group {
        instead: Instead::Applies,
        reason: "the peer's test has a symbolic link or a folder in the way on the disk; the case cannot hold \
                 that",
        cases: &["mpatch/0012", "opencode/0046"],
    },
    Group {
        instead: Instead::Applies,
        reason: "the peer looks for the old lines only and finds none; the new ones are in place already, so \
                 nothing changes",
        cases: &["mpatch/0221"],
    },
    Group {
        instead: Instead::Applies,
        reason: "the peer wants the line named behind `@@` to exist; tenon takes it for a hint that chooses \
                 among places, and here the quoted line is in one place only",
        cases: &["roo/0044", "roo/0045"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the peer did not write what it had understood: it was run dry, or was not allowed to make a \
                 file",
        cases: &["aider/0012", "aider/0026"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the peer takes `path/to/sample.txt` for the `sample.txt` in its chat, a guess; tenon makes \
                 the file that is named, and changes no other",
        cases: &["aider/0028"],
    },
    Group {
        instead: Instead::Differs,
        reason: "line ends are mixed: what comes takes the line end of the line that it replaces, where the \
                 peer takes the most common one",
        cases: &["codex/0024"],
    },
    Group {
        instead: Instead::Differs,
        reason: "a file that is new, or was empty, ends with a line end; the peer writes none where the reply \
                 has none",
        cases: &[
            "continue/0004",
            "continue/0038",
            "continue/0039",
            "opencode/0000",
            "opencode/0001",
            "opencode/0002",
            "opencode/0037",
            "opencode/0057",
            "opencode/0058",
        ],
    },
    Group {
        instead: Instead::Differs,
        reason: "context is never written: a line that the reply repeats with other blanks stays as the file \
                 has it, where the peer reformats it",
        cases: &["continue/0023"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the place is the same but for the line end at its edge, which is the file's and stays",
        cases: &["continue/0065", "continue/0103"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the peer guesses that a reply without elisions is a part of the file, a class; a whole file \
                 was asked for, and tenon takes it as one",
        cases: &["continue/0158"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the peer writes only the file it was called for, or under the name it was called with; tenon \
                 writes the files that are named",
        cases: &["mpatch/0080", "mpatch/0122"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the peer was asked to turn the patch around; read as it is, its change is there already",
        cases: &["mpatch/0121"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the final line end of a file stays as it is, or stays missing; the peer takes it from the \
                 reply, or always adds one",
        cases: &["mpatch/0186", "mpatch/0187", "opencode/0042", "roo/0051"],
    },
    Group {
        instead: Instead::Differs,
        reason: "blanks on a line that comes are written as the reply has them; the peer empties the line",
        cases: &["mpatch/0205"],
    },
    Group {
        instead: Instead::Differs,
        reason: "a blank line that the replacement begins with is written; the peer swallows it",
        cases: &["roo/0037"],
    },
    Group {
        instead: Instead::Differs,
        reason: "the place is the same but for the indentation at its edge: what comes is indented as the \
                 lines that it replaces, where the peer replaces the indentation too",
        cases: &["zed/0013", "zed/0014"],
    },
    Group {
        instead: Instead::Differs,
        reason: "tags around old and new text are no format of tenon: of a reply that has both only the \
                 blocks are read",
        cases: &["zed/0034"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "several places fit: the peer takes the first one",
        cases: &["aider/0015", "continue/0071", "continue/0105", "mpatch/0107"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "several places fit but for their indentation: the peer takes the first one",
        cases: &["aider/0016"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "a few short lines are quoted with another indentation and a blank line that is not in the \
                 file, which the peer drops",
        cases: &["aider/0019"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the peer guesses a file name from a sentence, or which of several nameless fences holds the \
                 file",
        cases: &["aider/0029", "aider/0034"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "one short word is quoted with other blanks around it: too little to be sure that this line \
                 is meant",
        cases: &["cline/0005"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the reply is cut off: the peer applies its last block",
        cases: &["cline/0017", "cline/0018"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "a file that exists is not overwritten without consent; the peer does",
        cases: &["codex/0009", "codex/0010", "opencode/0044", "opencode/0045"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "one block is for a file that does not exist, or does not fit: all or nothing, where the peer \
                 writes the other files",
        cases: &[
            "codex/0014",
            "mpatch/0004",
            "mpatch/0005",
            "mpatch/0006",
            "mpatch/0098",
            "mpatch/0105",
            "mpatch/0133",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "nothing says where the new lines belong: the peer puts them at the end of the file",
        cases: &["codex/0015", "roo/0048"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "a blank before `*** End Patch` makes it a line of context of the last hunk; the peer takes \
                 it for the end",
        cases: &["codex/0020"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "one short line is quoted with another indentation: too little to be sure that this line is \
                 meant",
        cases: &["continue/0021"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the text to replace begins or ends within a word, at least in one place: which is as likely \
                 another name; the peer replaces parts of words too",
        cases: &["continue/0012", "continue/0014", "continue/0025", "continue/0104", "continue/0113"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "nothing, or only blanks, to find in a file that is not empty: the peer takes its begin",
        cases: &[
            "continue/0036",
            "continue/0037",
            "continue/0063",
            "continue/0064",
            "continue/0082",
            "continue/0127",
            "continue/0128",
            "continue/0136",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "what to find differs in its line breaks, or in blanks within lines: the peer compares \
                 without any blanks, where words run together and the layout of what comes is a guess",
        cases: &[
            "continue/0050",
            "continue/0051",
            "continue/0078",
            "continue/0079",
            "continue/0081",
            "continue/0083",
            "continue/0084",
            "continue/0085",
            "continue/0086",
            "continue/0087",
            "continue/0088",
            "continue/0089",
            "continue/0090",
            "continue/0091",
            "continue/0092",
            "continue/0093",
            "continue/0094",
            "continue/0095",
            "continue/0096",
            "continue/0107",
            "continue/0109",
            "continue/0110",
            "continue/0124",
            "continue/0126",
            "continue/0139",
            "continue/0142",
            "gemini-cli/0003",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "what to find differs in upper and lower case: in code that is another name",
        cases: &[
            "continue/0072",
            "continue/0076",
            "continue/0077",
            "continue/0118",
            "continue/0119",
            "continue/0120",
            "continue/0121",
            "continue/0122",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "what to find is only a part of a line, with blanks around it that the file does not have; \
                 the peer cuts them off, and with them what the replacement says about blanks",
        cases: &[
            "continue/0073",
            "continue/0074",
            "continue/0075",
            "continue/0106",
            "continue/0116",
            "continue/0117",
            "continue/0138",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the headers of the diff name two files, and neither is the one given; the peer does not read \
                 them",
        cases: &["continue/0143", "continue/0144", "continue/0145"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "what an elision stands for is not clear, as the line next to it is new: the peer places it \
                 by the likeness of syntax trees, and keeps or drops what is left",
        cases: &["continue/0150", "continue/0151", "continue/0153", "continue/0154", "continue/0155"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "a part of a class is given for the whole file, which would no longer parse; the peer guesses \
                 where it belongs",
        cases: &["continue/0152", "continue/0157"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the reply does not show how far to indent what comes: the peer indents all of it like the \
                 first line, or by the difference of the first line only",
        cases: &[
            "gemini-cli/0001",
            "gemini-cli/0012",
            "gemini-cli/0013",
            "mpatch/0207",
            "mpatch/0208",
            "mpatch/0209",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "lines that go are not as quoted: the peer deletes lines that are like them",
        cases: &[
            "gemini-cli/0004",
            "gemini-cli/0011",
            "mpatch/0044",
            "mpatch/0045",
            "mpatch/0088",
            "mpatch/0106",
            "mpatch/0163",
            "mpatch/0179",
            "opencode/0013",
            "roo/0025",
            "zed/0015",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "all occurrences are meant, but none is exact: which ones count is a guess",
        cases: &["gemini-cli/0009"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "nothing would be left of a file that is not deleted: that needs consent, however small it is",
        cases: &["mpatch/0130", "mpatch/0152", "mpatch/0161", "mpatch/0185"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the last hunk of a bare diff has fewer lines than its header says, so the reply may be cut \
                 off; the peer applies what is there",
        cases: &[
            "mpatch/0000",
            "mpatch/0015",
            "mpatch/0018",
            "mpatch/0019",
            "mpatch/0020",
            "mpatch/0024",
            "mpatch/0041",
            "mpatch/0060",
            "mpatch/0063",
            "mpatch/0068",
            "mpatch/0225",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "context at the end of the hunk is of other code than the file has there; the peer cuts it \
                 off",
        cases: &["mpatch/0001"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "a statement is quoted on several lines, but is on one in the file; the peer writes the lines \
                 of context, and so reformats the file",
        cases: &["mpatch/0016", "mpatch/0038", "mpatch/0039", "mpatch/0040"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "context next to what comes is not in the file, which ends before it; the peer writes it to \
                 the file",
        cases: &["mpatch/0017", "mpatch/0056", "mpatch/0091", "mpatch/0125"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the hunk spans more lines that the file does not have, or has besides, than a fifth of its \
                 own; the peer aligns them by likeness",
        cases: &["mpatch/0023", "mpatch/0094", "mpatch/0095"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "conflict markers without words say nothing about which side is new, or in which file; the \
                 peer takes them for a patch",
        cases: &["mpatch/0049", "mpatch/0143", "mpatch/0147", "mpatch/0148"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "too little of a short hunk fits: a line of context in three or four is worded otherwise or \
                 is not in the file, and the peer makes do with the rest",
        cases: &[
            "mpatch/0053",
            "mpatch/0057",
            "mpatch/0103",
            "mpatch/0165",
            "mpatch/0168",
            "mpatch/0169",
            "mpatch/0171",
            "mpatch/0177",
        ],
    },
    Group {
        instead: Instead::Refuses,
        reason: "what comes is next to a line that the file words otherwise, with other code on it; the peer \
                 inserts it all the same, here with a comma missing before it",
        cases: &["mpatch/0064"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "context at the begin of the hunk is not in the file; the peer drops it",
        cases: &["mpatch/0067"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "what comes follows a blank line that is not in the file; the peer drops that line",
        cases: &["mpatch/0071"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "several places fit: the peer takes the one between, or next to, the places of the other \
                 blocks, as if all blocks came in the order of the file",
        cases: &["mpatch/0108", "mpatch/0116", "mpatch/0142"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "a line that goes is not in the file, which ends before it; the peer only adds what comes in \
                 its place",
        cases: &["mpatch/0132"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "lines of the file that the reply does not quote lie on both sides of the line that goes: too \
                 much for a hunk of three lines",
        cases: &["mpatch/0178"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "paths with `..` are not used, even where they stay in the workspace",
        cases: &["mpatch/0195"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "only a line number says where the new lines belong, and numbers choose among places but \
                 never find one",
        cases: &["mpatch/0201", "mpatch/0202"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "lines are to go that the reply leaves out as `...`: the peer deletes what nobody quoted",
        cases: &["mpatch/0215", "mpatch/0228", "mpatch/0229", "mpatch/0231", "mpatch/0238"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "two separators in one block: the peer takes the first, and writes the second one to the file",
        cases: &["mpatch/0217"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "the quoted block has one line at another depth than the file, so what comes next to it has \
                 no clear depth; the peer writes it as the reply has it, and breaks the indentation of that \
                 line too",
        cases: &["roo/0017"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "several places fit: the peer takes the one in the middle of the file",
        cases: &["roo/0024"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "lines that go are not next to each other in the file: the peer deletes what lies between \
                 them too",
        cases: &["zed/0016"],
    },
    Group {
        instead: Instead::Refuses,
        reason: "tags around old and new text are no format of tenon",
        cases: &[
            "zed/0020", "zed/0021", "zed/0022", "zed/0023", "zed/0025", "zed/0026", "zed/0027", "zed/0028",
            "zed/0029", "zed/0030",
        ],
    },
];
