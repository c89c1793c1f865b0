//! Replies in every format, whole and in pieces.

use super::*;

mod properties;

fn search_replace(path: Option<&str>, search: &[&str], replace: &[&str]) -> Block {
    at_line(None, path, search, replace)
}

fn at_line(line: Option<usize>, path: Option<&str>, search: &[&str], replace: &[&str]) -> Block {
    let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    Block::SearchReplace {
        path: path.map(str::to_owned),
        search: owned(search),
        replace: owned(replace),
        line,
    }
}

fn whole(path: Option<&str>, lines: &[&str]) -> Block {
    Block::Whole { path: path.map(str::to_owned), lines: lines.iter().map(|&line| line.to_owned()).collect() }
}

fn check(format: ReplyFormat, reply: &str, expected: &[Block]) {
    let blocks = parse(format, reply).map(|reply| reply.blocks);
    assert_eq!(blocks.as_deref(), Ok(expected), "{reply}");
    assert_eq!(detect(reply), Ok(format), "{reply}");
}

fn check_refused(format: ReplyFormat, reply: &str, code: RefusalCode) {
    let codes: Vec<RefusalCode> =
        parse(format, reply).unwrap_err().iter().map(|refusal| refusal.code).collect();
    assert!(codes.contains(&code), "{codes:?} in {reply}");
}

#[test]
fn search_replace_blocks() {
    let check = |reply, expected: &[Block]| check(ReplyFormat::SearchReplace, reply, expected);
    check(
        "Here:\n\na.rs\n```rust\n<<<<<<< SEARCH\nx\n=======\ny\nz\n>>>>>>> REPLACE\n```\nDone.\n",
        &[search_replace(Some("a.rs"), &["x"], &["y", "z"])],
    );
    check(
        "```\na.rs\n<<<<<<< SEARCH\r\nx\r\n=======\r\n>>>>>>> REPLACE\r\n\n...\n\n<<<<<<< SEARCH\n=======\ny\n>>>>>>> REPLACE\n```",
        &[search_replace(Some("a.rs"), &["x"], &[]), search_replace(None, &[], &["y"])],
    );
    check(
        "a.rs\n------- SEARCH\nx\n=======\ny\n+++++++ REPLACE\n",
        &[search_replace(Some("a.rs"), &["x"], &["y"])],
    );
    check(
        "a.rs\n<<<<<<< ORIGINAL\nx\n=======\n>>>>>>> REPLACE\n>>>>>>> UPDATED\n",
        &[search_replace(Some("a.rs"), &["x"], &[">>>>>>> REPLACE"])],
    );
    check(
        "a.rs\n<<<<< SEARCH\n:start_line:3\n-------\nx\n=====\ny\n>>>>>>>>> REPLACE",
        &[at_line(Some(3), Some("a.rs"), &["x"], &["y"])],
    );
}

#[test]
fn markers_count_at_line_start_only_and_fences_inside_are_content() {
    check(
        ReplyFormat::SearchReplace,
        "a.md\n<<<<<<< SEARCH\n```\n >>>>>>> REPLACE\n=====\n=======\n  =======\n```sh\n>>>>>>> REPLACE\n",
        &[search_replace(Some("a.md"), &["```", " >>>>>>> REPLACE", "====="], &["  =======", "```sh"])],
    );
}

#[test]
fn malformed_search_replace_is_refused() {
    use RefusalCode::{MalformedReply, NoEdit, Truncated};
    for (reply, code) in [
        ("<<<<<<< SEARCH\nx\n=======\ny\n", Truncated),
        ("<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLAC", Truncated),
        ("```\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n", Truncated),
        ("a.rs\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n\nsrc/b", Truncated),
        ("a.rs\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n\nb.rs\n``", Truncated),
        ("<<<<<<< SEARCH\nx\n>>>>>>> REPLACE\n", MalformedReply),
        ("<<<<<<< SEARCH\nx\n=======\ny\n=======\nz\n>>>>>>> REPLACE\n", MalformedReply),
        ("<<<<<<< SEARCH\nx\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n", MalformedReply),
        ("x\n>>>>>>> REPLACE\n", MalformedReply),
        ("-- SEARCH\nx\n=======\ny\n+++++++ REPLACE\n", MalformedReply),
        ("Nothing to do.", NoEdit),
        ("", NoEdit),
    ] {
        check_refused(ReplyFormat::SearchReplace, reply, code);
    }
}

#[test]
fn whole_files() {
    let check = |reply, expected: &[Block]| check(ReplyFormat::Whole, reply, expected);
    check("a.rs\n```rust\nx\n\ny\n```\nDone.\n", &[whole(Some("a.rs"), &["x", "", "y"])]);
    check(
        "### a.rs\n```\nx\n```\n\n### b.rs\n~~~\ny\n~~~",
        &[whole(Some("a.rs"), &["x"]), whole(Some("b.rs"), &["y"])],
    );
    check("a.md\n````markdown\n```sh\nls\n```\n````\n", &[whole(Some("a.md"), &["```sh", "ls", "```"])]);
    check("Here you are:\n```\nx\n```\n", &[whole(None, &["x"])]);
    check("a.rs\n```\n```\n", &[whole(Some("a.rs"), &[])]);
    check("a.py\n```\nname\n~~~~\n```\n", &[whole(Some("a.py"), &["name", "~~~~"])]);
    check("a.py\n```\nx\n```\n\nRun it:\n```sh\npython a.py\n```\n", &[whole(Some("a.py"), &["x"])]);
}

#[test]
fn whole_files_that_could_be_cut_short_are_refused() {
    use RefusalCode::{MalformedReply, Truncated};
    for (reply, code) in [
        ("a.rs\n```\nx\n", Truncated),
        ("a.md\n```\n# x\n```sh\nls\n```\nrest\n```\n", Truncated),
        ("a.md\n```\n# x\n```\nls\n```\nrest\n```\n", MalformedReply),
        ("a.md\n```\n# x\n```sh\nls\n```\nrest\n```\ncode\n```\n", MalformedReply),
        ("README.md\n```\n# x\n```\nsrc/main.rs\n```\nrest\n```\n", MalformedReply),
        ("```\nx\n```\n```\ny\n```\n", MalformedReply),
        ("a.rs\n```diff\n x\n```\n", MalformedReply),
        ("```diff\n x\n```\n", MalformedReply),
    ] {
        check_refused(ReplyFormat::Whole, reply, code);
    }
}

#[test]
fn a_cut_stream_is_refused_whatever_came() {
    let mut parser = ReplyParser::new(ReplyFormat::SearchReplace);
    parser.push("a.rs\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n");
    assert_eq!(parser.finish(Ending::Truncated).unwrap_err()[0].code, RefusalCode::Truncated);
}

#[test]
fn events_come_as_the_reply_streams() {
    let mut parser = ReplyParser::new(ReplyFormat::SearchReplace);
    assert_eq!(parser.push("a.rs\n<<<<<<< SEAR"), []);
    assert_eq!(
        parser.push("CH\nx\n"),
        [ParseEvent::File("a.rs".to_owned()), ParseEvent::BlockBegun { block: 0 }]
    );
    assert_eq!(parser.push("=======\ny\n>>>>>>> REPLACE\n"), [ParseEvent::BlockComplete { block: 0 }]);
}

#[test]
fn formats_are_told_apart_by_where_markers_stand() {
    use ReplyFormat::{ApplyPatch, Json, SearchReplace, UnifiedDiff, Whole};
    let sr = "b.rs\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n";
    let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
    for (reply, expected) in [
        ("*** Begin Patch\n*** End Patch".to_owned(), ApplyPatch),
        (format!("```diff\n{diff}```"), UnifiedDiff),
        (diff.to_owned(), UnifiedDiff),
        ("```diff\n-a\n+b\n```".to_owned(), UnifiedDiff),
        ("a.rs\n```diff\nx\n```".to_owned(), UnifiedDiff),
        ("{\"edits\": []}".to_owned(), Json),
        ("Here:\n```json\n{\"edits\": [{\"old\": \"a\", \"new\": \"b\"}]}\n```".to_owned(), Json),
        ("a.json\n```json\n{\"edits\": [{\"old\": \"a\", \"new\": \"b\"}]}\n```".to_owned(), Whole),
        ("```json\n{\"a\": 1}\n```".to_owned(), Whole),
        // What stands inside a block or an inner fence is content.
        (format!("a.md\n````markdown\n# A\n```diff\n{diff}```\n````\n"), Whole),
        (format!("a.md\n````markdown\n# A\n```\n{sr}```\n````\n"), Whole),
        ("a.md\n<<<<<<< SEARCH\nx\n=======\n*** Begin Patch\n>>>>>>> REPLACE\n".to_owned(), SearchReplace),
        ("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+<<<<<<< SEARCH\n".to_owned(), UnifiedDiff),
        (format!("*** Begin Patch\n*** Add File: x\n+a\n{diff}*** End Patch"), ApplyPatch),
        (format!("```python\n{sr}```\nAn example:\n```sh\nls\n```\n"), SearchReplace),
    ] {
        assert_eq!(detect(&reply), Ok(expected), "{reply}");
    }
    for reply in [
        format!("a.rs\n```\nx\n```\n\n{sr}"),
        format!("{sr}\n```diff\n{diff}```\n"),
        format!("{diff}\nor:\n*** Begin Patch\n*** End Patch\n"),
        format!("fix.patch\n```\n{diff}```\n"),
        format!("a.py\n```\nimport a\n{sr}```\n"),
    ] {
        assert_eq!(
            detect(&reply).map_err(|refusal| refusal.code),
            Err(RefusalCode::AmbiguousFormat),
            "{reply}"
        );
    }
    assert_eq!(detect("Hello.").map_err(|refusal| refusal.code), Err(RefusalCode::NoEdit));
}
