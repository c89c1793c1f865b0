//! Reading a reply takes time in proportion to its length, whatever its lines are.

use std::time::{Duration, Instant};

use tenon::diff::ReplyFormat;
use tenon::diff::parse::{detect, parse};

/// Far above what a line-by-line reader needs, far below what a quadratic one does.
const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn long_runs_of_markers_are_read_in_time() {
    let files = "--- a/x\n+++ b/x\n";
    for (begin, line) in [
        ("", "<<<<<<< SEARCH\n"),
        ("<<<<<<< SEARCH\n", "=======\n"),
        ("", "<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE\n"),
        ("", "```\n"),
        ("", "```diff\n"),
        ("a.rs\n", "```\nx\n```\n"),
        ("", files),
        ("", "--- a/x\n"),
        (files, "@@\n"),
        (files, "@@ class A\n"),
        (files, "@@ -1,9 +1,9 @@\n"),
        ("--- a/x\n+++ b/x\n@@ -1,9999999 +1,9999999 @@\n", "\n"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "x\n\n"),
        ("--- a/x\n+++ b/x\n@@ -1,9999999 +1,9999999 @@\n", "x\n-- \n"),
        (files, "+\n-\n \n"),
        ("", "diff --git a/x b/x\n"),
        ("diff --git a/x b/x\n", "rename from x\n"),
        ("", "*** Begin Patch\n"),
        ("*** Begin Patch\n", "*** Update File: x\n"),
        ("*** Begin Patch\n*** Update File: x\n", "@@ class A\n"),
        ("*** Begin Patch\n*** Add File: x\n", "\n"),
        ("", "{"),
        ("", "["),
        ("", "[]\n"),
        ("", "{}\n"),
        ("", "{\"old\":\"a\",\"new\":\"b\"}\n"),
        ("x\n", "{\"old\":\"a\",\"new\":\"b\"}\n"),
        ("[", "{\"old\":\"a\",\"new\":\"b\"},\n"),
        ("\"", "\\\""),
        ("", "a.rs\n"),
        ("", "\r"),
        ("", " "),
    ] {
        let reply = begin.to_owned() + &line.repeat((1 << 17) / line.len());
        let begun = Instant::now();
        for format in ReplyFormat::ALL {
            let _ = parse(format, &reply);
        }
        let _ = detect(&reply);
        assert!(begun.elapsed() < LIMIT, "{begin:?} {line:?}: {:?}", begun.elapsed());
    }
}
