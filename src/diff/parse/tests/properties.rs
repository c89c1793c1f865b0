//! What holds for every format, however the stream is cut.

use proptest::prelude::*;

use super::super::*;
use crate::diff::tagged::TaggedLine;

/// Replies whose end is marked, by a fence, a marker or counts.
const SAMPLES: &[(ReplyFormat, &[&str])] = &[
    (
        ReplyFormat::SearchReplace,
        &[
            "Here:\n\na.rs\n```rust\n<<<<<<< SEARCH\nx\n=======\n\u{e9}\nz\n>>>>>>> REPLACE\n```\nDone.\n",
            "a\r\n------- SEARCH\r\nx\r\n=======\r\n+++++++ REPLACE\r\nb\r\n<<<<<<< SEARCH\r\n:start_line:3\r\n-------\r\n=======\r\ny\r\n>>>>>>> REPLACE",
        ],
    ),
    (
        ReplyFormat::Whole,
        &["a.rs\n````rust\nx\n```\n\ny\n```\n````\n\nb.rs\n~~~\n~~~\n", "Here:\n```\n\u{1f980}\n```"],
    ),
    (
        ReplyFormat::UnifiedDiff,
        &[
            "Text\n```diff\n--- a/x\n+++ b/x\n@@ ... @@ fn f\n a\n--- b\n+c\n\n--- a/y\n+++ b/y\n-x\n+y\nz\n```\nText\n",
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n\n@@ -9,2 +9,3 @@ g\n d\n+e\n f\n--- /dev/null\n+++ b/y\n@@ -0,0 +1,2 @@\n+a\n+b\n",
            "diff --git a/x b/y\r\nsimilarity index 9%\r\nrename from x\r\nrename to y\r\n--- a/x\r\n+++ b/y\r\n@@ -1,2 +1,1 @@\r\n-\u{e9}\r\n b\r\n\\ No newline at end of file",
            "diff --git a/o b/o\ndeleted file mode 100644\nindex 1..0\n--- a/o\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n",
        ],
    ),
    (
        ReplyFormat::ApplyPatch,
        &[
            "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: a\n+x\n+\u{e9}\n*** Delete File: b\n*** Update File: c\n*** Move to: d\n@@ class A\n@@ def f\n x\n\n-y\n+z\n*** End of File\n*** End Patch\nEOF\n",
            "```\r\n*** Begin Patch\r\n*** Update File: c\r\n-x\r\n+y\r\n@@\r\n+z\r\n*** End Patch\r\n```",
            "{\"input\": \"*** Begin Patch\\n*** Add File: a\\n+x\\n+y\\n*** End Patch\"}",
        ],
    ),
    (
        ReplyFormat::Json,
        &[
            "{\"path\": \"a\", \"edits\": [{\"old_string\": \"x\\ny\", \"new_string\": \"\u{e9}\"}, {\"old\": \"z\", \"new\": \"\"}]}",
            "Here:\n```json\n[{\"path\": \"a\", \"content\": \"x\\ny\\n\"}]\n```\nDone.\n",
        ],
    ),
];

type Result = (Vec<ParseEvent>, std::result::Result<Reply, Vec<Refusal>>);

fn in_pieces<'a>(format: ReplyFormat, pieces: impl IntoIterator<Item = &'a str>) -> Result {
    let mut parser = ReplyParser::new(format);
    let events = pieces.into_iter().flat_map(|piece| parser.push(piece)).collect();
    (events, parser.finish(Ending::Complete))
}

fn n_lines(block: &Block) -> usize {
    match block {
        Block::SearchReplace { search, replace, .. } => search.len() + replace.len(),
        Block::Text { old, new, .. } => old.lines().count() + new.lines().count(),
        Block::Hunk { lines, .. } => lines.len(),
        Block::Create { lines, .. } | Block::Whole { lines, .. } => lines.len(),
        Block::Delete { lines, .. } => lines.as_ref().map_or(0, Vec::len),
        Block::Rename { .. } => 0,
    }
}

fn samples() -> impl Iterator<Item = (ReplyFormat, &'static str)> {
    SAMPLES.iter().flat_map(|(format, replies)| replies.iter().map(|reply| (*format, *reply)))
}

fn cuts(reply: &str) -> impl Iterator<Item = usize> {
    (0..=reply.len()).filter(|&at| reply.is_char_boundary(at))
}

#[test]
fn a_cut_stream_gives_the_same() {
    for (format, reply) in samples() {
        let whole = in_pieces(format, [reply]);
        assert!(whole.1.is_ok(), "{whole:?}: {reply}");
        for at in cuts(reply) {
            assert_eq!(in_pieces(format, [&reply[..at], &reply[at..]]), whole, "{at}: {reply}");
        }
        let characters = reply.char_indices().map(|(at, c)| &reply[at..at + c.len_utf8()]);
        assert_eq!(in_pieces(format, characters), whole, "{reply}");
    }
}

#[test]
fn every_format_is_told() {
    for (format, reply) in samples() {
        // A patch in JSON is JSON to the eye, and both parsers read it.
        let told = detect(reply).unwrap();
        assert_eq!(told, if reply.starts_with('{') { ReplyFormat::Json } else { format }, "{reply}");
        assert_eq!(
            parse(told, reply).map(|reply| reply.blocks),
            parse(format, reply).map(|reply| reply.blocks)
        );
    }
}

#[test]
fn a_prefix_never_gives_a_shorter_block() {
    for (format, reply) in samples() {
        let whole = parse(format, reply).unwrap();
        for at in cuts(reply) {
            let Ok(part) = parse(format, &reply[..at]) else { continue };
            for (cut, full) in part.blocks.iter().zip(&whole.blocks) {
                assert_eq!(n_lines(cut), n_lines(full), "{at}: {:?}", &reply[..at]);
            }
        }
    }
}

#[test]
fn events_count_the_blocks() {
    for (format, reply) in samples() {
        let (events, parsed) = in_pieces(format, [reply, "\n"]);
        let n_complete =
            events.iter().filter(|event| matches!(event, ParseEvent::BlockComplete { .. })).count();
        let n_blocks = parsed.unwrap().blocks.len();
        // JSON is read at its end, the last hunk of a bare diff ends with the reply, and so does a nameless file.
        let named = events.iter().any(|event| matches!(event, ParseEvent::File(_)));
        if named {
            assert!(n_complete == n_blocks || n_complete + 1 == n_blocks, "{events:?}");
        }
    }
}

/// Lines that mean something to some format, and some that do not.
fn line() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "<<<<<<< SEARCH",
        "=======",
        ">>>>>>> REPLACE",
        "------- SEARCH",
        "+++++++ REPLACE",
        ":start_line:3",
        "-------",
        "```",
        "```diff",
        "````",
        "~~~",
        " ```",
        "```json",
        "a.rs",
        "src/b.rs:",
        "--- a/x",
        "+++ b/x",
        "--- /dev/null",
        "+++ /dev/null",
        "@@",
        "@@ -1,2 +1,2 @@",
        "@@ -0,0 +1 @@ f",
        "@@ ... @@",
        "@@ class A",
        "diff --git a/x b/x",
        "diff --git a/x b/y",
        "new file mode 100644",
        "deleted file mode 100644",
        "rename from x",
        "rename to y",
        "index 1..2",
        "-- ",
        "\\ No newline at end of file",
        "*** Begin Patch",
        "*** End Patch",
        "*** Add File: x",
        "*** Delete File: x",
        "*** Update File: x",
        "*** Move to: y",
        "*** End of File",
        "*** ",
        "{",
        "}",
        "[",
        "]",
        "{\"edits\": [",
        "{\"old\": \"a\", \"new\": \"b\"}",
        "{\"path\": \"a\", \"content\": \"b\"}",
        ",",
        "+a",
        "-a",
        " a",
        "",
        " ",
        "a",
        "+",
        "-",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

/// Lines of a hunk that are easily taken for something else.
fn tagged_lines() -> impl Strategy<Value = Vec<TaggedLine>> {
    let text = prop::sample::select(vec![
        "",
        " ",
        "a",
        "-- x",
        "- x",
        "++ y",
        "+ y",
        "@@ z",
        "@@",
        "--",
        "*** End Patch",
        "\\ a",
        "```",
        "=======",
        "diff --git a/x b/x",
        "\u{e9}",
        "\tb",
        "--- x",
        "+++ y",
    ]);
    let line = (0..3_u8, text).prop_map(|(tag, text): (u8, &str)| match tag {
        0 => TaggedLine::Context(text.to_owned()),
        1 => TaggedLine::Delete(text.to_owned()),
        _ => TaggedLine::Add(text.to_owned()),
    });
    prop::collection::vec(line, 1..8).prop_filter("reads as the headers of another file", |lines| {
        !lines.windows(2).any(|pair| match pair {
            [TaggedLine::Delete(old), TaggedLine::Add(new)] => {
                old.starts_with("-- ") && new.starts_with("++ ")
            }
            _ => false,
        })
    })
}

fn rendered(lines: &[TaggedLine]) -> String {
    let tag = |line: &TaggedLine| match line {
        TaggedLine::Context(_) | TaggedLine::Gap(_) => " ",
        TaggedLine::Delete(_) => "-",
        TaggedLine::Add(_) => "+",
    };
    lines.iter().flat_map(|line| [tag(line), line.text(), "\n"]).collect()
}

fn lines_of(reply: &Reply) -> Vec<Vec<TaggedLine>> {
    let lines = |block: &Block| match block {
        Block::Hunk { lines, .. } => lines.clone(),
        other => panic!("{other:?}"),
    };
    reply.blocks.iter().map(lines).collect()
}

proptest! {
    #[test]
    fn a_rendered_diff_comes_back(hunks in prop::collection::vec(tagged_lines(), 1..4), fenced in any::<bool>()) {
        let mut diff = "--- a/x\n+++ b/x\n".to_owned();
        for lines in &hunks {
            let n_old = lines.iter().filter(|line| line.old().is_some()).count();
            let n_new = lines.iter().filter(|line| line.kept().is_some()).count();
            diff.push_str(&format!("@@ -1,{n_old} +1,{n_new} @@\n{}", rendered(lines)));
        }
        let diff = if fenced { format!("```diff\n{diff}```\n") } else { diff };
        let reply = parse(ReplyFormat::UnifiedDiff, &diff).unwrap();
        prop_assert_eq!(lines_of(&reply), hunks);
        let fit = |block: &Block| matches!(block, Block::Hunk { hints, .. } if hints.counts_fit == Some(true));
        prop_assert!(reply.blocks.iter().all(fit));
        prop_assert_eq!(detect(&diff), Ok(ReplyFormat::UnifiedDiff));
    }

    #[test]
    fn a_rendered_patch_comes_back(hunks in prop::collection::vec(tagged_lines(), 1..4)) {
        let chunks: String = hunks.iter().flat_map(|lines| ["@@\n".to_owned(), rendered(lines)]).collect();
        let patch = format!("*** Begin Patch\n*** Update File: x\n{chunks}*** End Patch\n");
        prop_assert_eq!(lines_of(&parse(ReplyFormat::ApplyPatch, &patch).unwrap()), hunks);
        prop_assert_eq!(detect(&patch), Ok(ReplyFormat::ApplyPatch));
    }

    #[test]
    fn any_reply_gives_the_same_in_any_pieces(
        lines in prop::collection::vec((line(), prop::sample::select(vec!["\n", "\r\n", "\r"])), 0..24),
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let reply: String = lines.iter().flat_map(|(line, end)| [line.as_str(), end]).collect();
        let mut at: Vec<usize> = at.iter().map(|at| at.index(reply.len() + 1)).collect();
        at.extend([0, reply.len()]);
        at.sort_unstable();
        at.retain(|&at| reply.is_char_boundary(at));
        for format in ReplyFormat::ALL {
            let whole = in_pieces(format, [reply.as_str()]);
            prop_assert_eq!(in_pieces(format, at.windows(2).map(|pair| &reply[pair[0]..pair[1]])), whole);
        }
        let _ = detect(&reply);
    }

    #[test]
    fn no_bytes_panic(reply in any::<String>()) {
        for format in ReplyFormat::ALL {
            let _ = parse(format, &reply);
        }
        let _ = detect(&reply);
    }
}
