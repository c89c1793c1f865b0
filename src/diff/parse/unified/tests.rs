//! Unified diffs as models write them.

use super::super::{ReplyFormat, detect, parse};
use crate::diff::RefusalCode;
use crate::diff::parse::Block;
use crate::diff::tagged::TaggedLine;

/// Blocks in one line each: `path@line !misfit [anchor] -a+b c`.
fn shown(reply: &str) -> Result<Vec<String>, Vec<RefusalCode>> {
    let reply = parse(ReplyFormat::UnifiedDiff, reply)
        .map_err(|refusals| refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>())?;
    Ok(reply.blocks.iter().map(block).collect())
}

fn block(block: &Block) -> String {
    match block {
        Block::Hunk { path, hints, lines } => {
            let mut text = path.clone().unwrap_or_default();
            text.extend(hints.line.map(|line| format!("@{line}")));
            text.push_str(if hints.counts_fit == Some(false) { " !" } else { " " });
            text.extend(hints.anchors.iter().map(|anchor| format!("[{anchor}] ")));
            text.extend(lines.iter().map(|line| {
                let tag = match line {
                    TaggedLine::Context(_) | TaggedLine::Gap(_) => ' ',
                    TaggedLine::Delete(_) => '-',
                    TaggedLine::Add(_) => '+',
                };
                format!("{tag}{}|", line.text())
            }));
            text
        }
        Block::Create { path, lines } => format!("new {path} {lines:?}"),
        Block::Delete { path, lines } => format!("gone {path} {lines:?}"),
        Block::Rename { path, to } => format!("{path} to {to}"),
        other => panic!("{other:?}"),
    }
}

fn check(reply: &str, expected: &[&str]) {
    assert_eq!(
        shown(reply).as_deref(),
        Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
        "{reply}"
    );
    assert_eq!(detect(reply), Ok(ReplyFormat::UnifiedDiff), "{reply}");
}

fn check_refused(reply: &str, code: RefusalCode) {
    assert_eq!(shown(reply).map_err(|codes| codes[0]), Err(code), "{reply}");
}

#[test]
fn headers_of_every_kind() {
    check("--- a/x\n+++ b/x\n@@ -3,2 +3,2 @@ fn f()\n a\n-b\n+c\n", &["x@3 [fn f()]  a|-b|+c|"]);
    check("Text\n```diff\n--- x\t2024\n+++ x\t2025\n@@ ... @@\n-b\n+c\n```\nText\n", &["x -b|+c|"]);
    check("```diff\n--- a/x\n+++ b/x\n-b\n+c\n@@\n+d\n e\n```", &["x -b|+c|", "x +d| e|"]);
    check("```diff\n--- a/x\n+++ b/x\n@@ class A\n@@ def f\n-b\n```", &["x [class A] [def f] -b|"]);
    check(
        "--- a/x\n+++ b/x\n@@ -4,0 +5 @@\n+a\n--- a/y\n+++ b/y\n@@ -1 +0,0 @@\n-a\n",
        &["x@5 +a|", "y@1 -a|"],
    );
    check("```diff\n@@ -1 +1 @@\n-a\n+b\n```", &["@1 -a|+b|"]);
    check("src/x.rs\n```diff\n-a\n+b\n```", &["src/x.rs -a|+b|"]);
    check("--- a/x\n@@ -1 +1 @@\n-a\n+b\n", &["a/x@1 -a|+b|"]);
    check("`x`\r\n```diff\r\n--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n```\r\n", &["x@1 -a|+b|"]);
}

#[test]
fn heads_of_git() {
    let renamed = "diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n";
    check(renamed, &["x to y"]);
    check(
        &format!("{renamed}index 1..2 100644\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"),
        &["x to y", "x@1 -a|+b|"],
    );
    check(
        "diff --git a/n b/n\nnew file mode 100644\nindex 0000000..1234567\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+a\n+\n",
        &["new n [\"a\", \"\"]"],
    );
    check("```diff\n--- /dev/null\n+++ b/n\n@@ -0,0 +0,0 @@\n```\n", &["new n []"]);
    check("diff --git a/n b/n\nnew file mode 100644\nindex 0000000..e69de29\n", &["new n []"]);
    check(
        "diff --git a/o b/o\ndeleted file mode 100644\nindex 1..0\n--- a/o\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
        &["gone o Some([\"a\"])"],
    );
    check(
        "From 1 Mon\nSubject: x\n\ndiff --git a/x b/x\nold mode 100644\nnew mode 100755\nindex 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n-- \n2.40\n",
        &["x@1 -a|+b|"],
    );
    check("--- \"a/\\303\\251\"\n+++ \"b/\\303\\251\"\n@@ -1 +1 @@\n-a\n+b\n", &["\u{e9}@1 -a|+b|"]);
}

#[test]
fn lines_are_what_they_look_like() {
    check("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n--- b\n \n c\n+++ d\n", &["x@1 --- b| | c|+++ d|"]);
    check("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n", &["x@1  a| |-b|+c|"]);
    check(
        "--- a/x\n+++ b/x\n@@ -1,9 +1,3 @@\n-b\n+c\n@@ -20 +20 @@\n-d\n+e\n",
        &["x@1 !-b|+c|", "x@20 -d|+e|"],
    );
    check(
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n",
        &["x@1 -a|+b|"],
    );
    check("```diff\n--- a/x.md\n+++ b/x.md\n@@ -1,2 +1,2 @@\n ```\n-a\n+b\n```\n", &["x.md@1  ```|-a|+b|"]);
    check("```diff\n--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n+b\nforgotten\n```\n", &["x@1  a|+b| forgotten|"]);
}

#[test]
fn prose_ends_a_bare_hunk_whose_counts_are_met() {
    check("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\nThat is all.\n", &["x@1 -a|+b|"]);
    check("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\nThat is all:\n- one\n", &["x@1 -a|+b|"]);
}

#[test]
fn cut_replies_are_refused() {
    for reply in [
        "```diff\n--- a/x\n+++ b/x\n@@ ... @@\n-a\n+b\n",
        "--- a/x\n+++ b/x\n@@ -1,5 +1,5 @@\n a\n-b\n",
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-b\n+c\n@@ -9 +9 @@\n",
        "--- a/x\n+++ b/x\n",
        "diff --git a/x b/x\n",
        "diff --git a/x b/x\ndeleted file mode 100644\n",
        "diff --git a/x b/y\nrename from x\n",
    ] {
        check_refused(reply, RefusalCode::Truncated);
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    for reply in [
        // A fence in the file closed the fence of the diff.
        "```diff\n--- a/x\n+++ b/x\n@@\n-a\n+b\n```\n+c\n```\n+d\n```\n",
        "--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n",
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n@@ -2 +2 @@\n-a\n+b\n",
        "diff --git a/x b/x\nBinary files a/x and b/x differ\n",
        "--- a/x\n+++ b/x\n@@@ -1 -1 +1 @@@\n--a\n++b\n",
        "--- a/o\n+++ /dev/null\n@@ -1,2 +1 @@\n-a\n b\n",
    ] {
        check_refused(reply, RefusalCode::MalformedReply);
    }
    check_refused("Nothing to do.\n---\n", RefusalCode::NoEdit);
}
