//! `tenon apply` on files in a folder of its own.

use std::fs;
use std::path::Path;

use clap::Parser;

use super::*;

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: ApplyArgs,
}

/// A folder with files, and what a run said.
struct Place(tempfile::TempDir);

struct Ran {
    code: String,
    output: String,
    errors: String,
}

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn run(&self, more: &[&str], reply: &str) -> Ran {
        let root = self.0.path().to_str().unwrap();
        let args = ["apply", "--root", root].into_iter().chain(more.iter().copied());
        let args = Command::try_parse_from(args).unwrap().args;
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut input = reply.as_bytes();
        let mut streams =
            Streams { input: &mut input, output: &mut output, errors: &mut errors, colour: false };
        let code = format!("{:?}", run_with(&args, None, &mut streams));
        Ran { code, output: String::from_utf8(output).unwrap(), errors: String::from_utf8(errors).unwrap() }
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.0.path().join(path)).ok()
    }

    /// Names of all entries, so that nothing left behind goes unseen.
    fn entries(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
                if path.is_dir() && !path.is_symlink() {
                    walk(&path, root, found);
                }
            }
        }
        let mut found = Vec::new();
        walk(self.0.path(), self.0.path(), &mut found);
        found.sort();
        found
    }
}

fn exit(code: u8) -> String {
    format!("{:?}", ExitCode::from(code))
}

fn block(path: &str, search: &str, replace: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
}

#[track_caller]
fn check_refused(place: &Place, more: &[&str], reply: &str, code: &str) {
    let (entries, ran) = (place.entries(), place.run(&[more, &["--json"]].concat(), reply));
    let said: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(said["status"], "refused", "{said}");
    assert_eq!(said["errors"][0]["code"], code, "{said}");
    assert_eq!(ran.code, exit(1));
    assert_eq!(place.entries(), entries);
}

#[test]
fn applies_and_says_so() {
    let place = Place::new(&[("src/a.txt", "a\r\nb\r\n")]);
    let reply = block("src/a.txt", "b\n", "B\n") + &block("new/deep/c.txt", "", "c\n");
    let checked = place.run(&["--check"], &reply);
    assert_eq!((checked.code, place.entries().len()), (exit(0), 2));
    let ran = place.run(&[], &reply);
    assert_eq!(ran.code, exit(0), "{}", ran.errors);
    assert!(ran.output.contains("-b\n+B\n"), "{}", ran.output);
    assert_eq!(place.text("src/a.txt").as_deref(), Some("a\r\nB\r\n"));
    assert_eq!(place.text("new/deep/c.txt").as_deref(), Some("c\n"));
    assert_eq!(place.entries(), ["new", "new/deep", "new/deep/c.txt", "src", "src/a.txt"]);
}

#[test]
fn gates_are_opened_by_flags() {
    let text = "fn f0() {}\n".to_owned() + &"fn f() {}\n".repeat(60);
    let place = Place::new(&[("a.rs", &text)]);
    let whole = |text: &str| format!("a.rs\n```rust\n{text}```\n");
    check_refused(&place, &[], &whole("fn f0() {}\n"), "removes-too-much");
    assert!(place.run(&[], &whole("fn f0() {}\n")).errors.contains("--allow-removal"));
    assert_eq!(place.run(&["--allow-removal"], &whole("fn f0() {}\n")).code, exit(0));
    let broken = block("a.rs", "fn f0() {}\n", "fn f0() {\n");
    check_refused(&place, &["--allow-removal"], &broken, "breaks-syntax");
    let ran = place.run(&["--allow-syntax-errors", "--check"], &broken);
    assert_eq!(ran.code, exit(0), "{}", ran.errors);
    assert!(ran.errors.contains("note: a.rs:1: "), "{}", ran.errors);
    let ran = place.run(&["--allow-syntax-errors", "--json"], &broken);
    let said: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!((&said["status"], &said["notes"][0]["line"]), (&"applied".into(), &1.into()), "{said}");
}

#[test]
fn prints_one_json_object() {
    let place = Place::new(&[("a", "x\ny  \n")]);
    let ran = place.run(&["--json"], &block("a", "y\n", "z\n"));
    let said: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(said["status"], "applied");
    assert_eq!(said["files"][0]["change"], "modified");
    assert_eq!(said["files"][0]["hunks"][0]["tier"], "right-trimmed");
    assert_eq!(said["files"][0]["hunks"][0]["line"], 2);
    assert_eq!(said["errors"], serde_json::json!([]));
    let again = place.run(&["--json"], &block("a", "z\n", "z\n"));
    assert!(again.output.contains("\"unchanged\""), "{}", again.output);
    assert_eq!(again.code, exit(0));
}

#[test]
fn says_what_happens_to_symbols() {
    let place = Place::new(&[("a.py", "def f():\n    return 1\n")]);
    let reply = block("a.py", "    return 1\n", "    return 2\n\n\ndef g():\n    pass\n");
    let ran = place.run(&["--check"], &reply);
    assert!(
        ran.errors.contains("a.py: changes the body of function f\na.py: adds function g\n"),
        "{}",
        ran.errors
    );
    let said: serde_json::Value = serde_json::from_str(&place.run(&["--json"], &reply).output).unwrap();
    let impact = serde_json::json!([
        { "symbol": "f", "kind": "function", "change": "body" },
        { "symbol": "g", "kind": "function", "change": "added" },
    ]);
    assert_eq!(said["files"][0]["impact"], impact);
    assert_eq!(said["files"][0]["hunks"][0]["margin"], 1.0);
}

#[test]
fn a_refusal_says_what_was_tried_and_what_is_there() {
    let place = Place::new(&[("a", "one\ntwo lines\nthree\n")]);
    let reply = block("a", "two line\nthree\n", "2\n");
    let said: serde_json::Value = serde_json::from_str(&place.run(&["--json"], &reply).output).unwrap();
    assert_eq!(said["errors"][0]["found"], serde_json::json!(["two lines", "three"]), "{said}");
    assert!(said["errors"][0]["tier"].is_string(), "{said}");
    let errors = place.run(&[], &reply).errors;
    assert!(
        errors.contains("  near line 2 (distance 0.") && errors.contains("       2 | two lines\n"),
        "{errors}"
    );
}

#[test]
fn all_or_nothing() {
    let place = Place::new(&[("a", "a\n"), ("b", "b\n")]);
    let reply = block("a", "a\n", "x\n") + &block("b", "nowhere\n", "x\n");
    check_refused(&place, &[], &reply, "no-such-place");
    assert_eq!(place.text("a").as_deref(), Some("a\n"));
    let ran = place.run(&[], &reply);
    assert!(ran.errors.contains("error[no-such-place]"), "{}", ran.errors);
}

#[test]
fn the_name_may_come_from_outside() {
    let place = Place::new(&[("a", "a\n")]);
    assert_eq!(place.run(&["--path", "./a"], "Here:\n```\nb\n```\n").code, exit(0));
    assert_eq!(place.text("a").as_deref(), Some("b\n"));
    check_refused(&place, &[], "Here:\n```\nb\n```\n", "unknown-file");
}

#[test]
fn every_format_is_read_named_or_not() {
    let diff = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n";
    let patch = "*** Begin Patch\n*** Update File: a\n@@\n-a\n+b\n*** End Patch\n";
    let json = r#"{"edits": [{"path": "a", "old_string": "a", "new_string": "b"}]}"#;
    for (format, reply) in [("udiff", diff), ("apply-patch", patch), ("json", json)] {
        for format in [format, "auto"] {
            let place = Place::new(&[("a", "a\n")]);
            let ran = place.run(&["--format", format], reply);
            assert_eq!(ran.code, exit(0), "{format}: {}", ran.errors);
            assert_eq!(place.text("a").as_deref(), Some("b\n"), "{format}");
        }
    }
    let place = Place::new(&[("a", "a\n")]);
    check_refused(&place, &[], "Hello.", "no-edit");
    check_refused(&place, &[], &format!("{diff}\n{patch}"), "ambiguous-format");
}

#[test]
fn wrong_arguments_are_the_callers() {
    let place = Place::new(&[]);
    assert_eq!(place.run(&["--base", "/nowhere/at/all"], &block("a", "", "x\n")).code, exit(2));
    assert_eq!(place.run(&["no-such-reply"], "").code, exit(2));
}

#[test]
fn protected_and_outside_names_are_refused() {
    let place = Place::new(&[(".env", "A=1\n"), (".github/workflows/ci.yml", "a\n")]);
    check_refused(&place, &[], &block(".env", "A=1\n", "A=2\n"), "protected-path");
    check_refused(&place, &[], &block(".github/workflows/ci.yml", "a\n", "b\n"), "protected-path");
    check_refused(&place, &[], &block(".GIT/hooks/post-commit", "", "x\n"), "protected-path");
    check_refused(&place, &[], &block("sub/.vscode/tasks.json", "", "x\n"), "protected-path");
    check_refused(&place, &[], &block(".tenon.toml", "", "x\n"), "protected-path");
    check_refused(&place, &[], &block("../x", "", "x\n"), "bad-path");
    check_refused(&place, &[], &block("/tmp/x", "", "x\n"), "bad-path");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let place = Place::new(&[("a/b", "x\n")]);
    fs::write(place.0.path().join("bin"), [0xff, 0xfe, b'\n']).unwrap();
    check_refused(&place, &[], &block("bin", "x\n", "y\n"), "not-text");
    check_refused(&place, &[], &block("a", "x\n", "y\n"), "unreadable-file");
    check_refused(&place, &[], &block("a/b/c", "", "y\n"), "write-failed");
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let outside = Place::new(&[("secret", "s\n")]);
    let place = Place::new(&[("real", "r\n")]);
    let root = place.0.path();
    symlink(outside.0.path().join("secret"), root.join("file")).unwrap();
    symlink(outside.0.path(), root.join("folder")).unwrap();
    symlink(outside.0.path().join("none"), root.join("dangling")).unwrap();
    symlink(root.join("real"), root.join("inside")).unwrap();
    check_refused(&place, &[], &block("file", "s\n", "x\n"), "outside-workspace");
    check_refused(&place, &[], &block("folder/secret", "s\n", "x\n"), "outside-workspace");
    check_refused(&place, &[], &block("folder/new", "", "x\n"), "outside-workspace");
    check_refused(&place, &[], &block("dangling", "", "x\n"), "outside-workspace");
    assert_eq!(outside.entries(), ["secret"]);
    // A link inside stays a link, and permissions stay too.
    fs::set_permissions(root.join("real"), fs::Permissions::from_mode(0o751)).unwrap();
    assert_eq!(place.run(&[], &block("inside", "r\n", "x\n")).code, exit(0));
    assert!(root.join("inside").is_symlink());
    assert_eq!(place.text("real").as_deref(), Some("x\n"));
    assert_eq!(fs::metadata(root.join("real")).unwrap().permissions().mode() & 0o777, 0o751);
}

#[cfg(unix)]
#[test]
fn one_file_under_two_names_is_refused() {
    let place = Place::new(&[("a.py", "1\n2\n")]);
    let root = place.0.path();
    std::os::unix::fs::symlink("a.py", root.join("link.py")).unwrap();
    // Two names of one file, as README.md and Readme.md are where case is folded.
    fs::hard_link(root.join("a.py"), root.join("A.py")).unwrap();
    for other in ["link.py", "A.py"] {
        let reply = block("a.py", "1\n", "one\n") + &block(other, "2\n", "two\n");
        check_refused(&place, &[], &reply, "overlapping-blocks");
        assert_eq!(place.text("a.py").as_deref(), Some("1\n2\n"));
    }
    check_refused(&place, &[], &(block("x", "", "1\n") + &block("x/y", "", "2\n")), "overlapping-blocks");
}

#[cfg(unix)]
#[test]
fn a_check_touches_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new(&[("a", "a\n"), ("sub/b", "b\n")]);
    let modified = || fs::metadata(place.0.path().join("sub")).unwrap().modified().unwrap();
    let before = (modified(), place.entries());
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let reply = block("sub/b", "b\n", "B\n") + &block("sub/deep/c", "", "c\n");
    assert_eq!(place.run(&["--check"], &reply).code, exit(0));
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!((modified(), place.entries()), before);
    check_refused(&place, &["--check"], &block("a/b", "", "y\n"), "write-failed");
}

#[test]
fn a_byte_order_mark_is_kept() {
    let place = Place::new(&[("a", "\u{feff}a\nb\n")]);
    assert_eq!(place.run(&[], &block("a", "a\n", "A\n")).code, exit(0));
    assert_eq!(place.text("a").as_deref(), Some("\u{feff}A\nb\n"));
    assert_eq!(place.run(&["--path", "a"], "```\nwhole\n```\n").code, exit(0));
    assert_eq!(place.text("a").as_deref(), Some("\u{feff}whole\n"));
}

#[test]
fn edits_of_an_older_base_are_carried_to_the_live_files() {
    let base = Place::new(&[("a", "1\n2\n3\n4\n5\n")]);
    let base_args = ["--base", base.0.path().to_str().unwrap()];
    let place = Place::new(&[("a", "0\n1\n2\n3\n4\n5\n")]);
    assert_eq!(place.run(&base_args, &block("a", "3\n", "III\n")).code, exit(0));
    assert_eq!(place.text("a").as_deref(), Some("0\n1\n2\nIII\n4\n5\n"));
    let place = Place::new(&[("a", "1\n2\nthree\n4\n5\n")]);
    check_refused(&place, &base_args, &block("a", "3\n", "III\n"), "conflict");
    // The twin: the true line changed, and an identical one was pasted elsewhere.
    let place = Place::new(&[("a", "1\n2\nthree\n4\n5\n3\n")]);
    check_refused(&place, &base_args, &block("a", "3\n", "III\n"), "conflict");
}

#[test]
fn batches_answer_line_by_line() {
    let place = Place::new(&[]);
    let request =
        |reply: &str| serde_json::json!({"id": 7, "files": {"a": "x\n"}, "format": "auto", "reply": reply});
    let input =
        format!("{}\nnonsense\n{}\n", request(&block("a", "x\n", "y\n")), request(&block("", "z\n", "")));
    let ran = place.run(&["--batch"], &input);
    let said: Vec<serde_json::Value> =
        ran.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&said[0]["id"], &said[0]["status"]), (&7.into(), &"applied".into()));
    assert_eq!(said[0]["files"]["a"], "y\n");
    assert!(said[0]["micros"].is_u64() && said[0]["gate_micros"].is_u64());
    assert_eq!(said[1]["errors"][0]["code"], "malformed-request");
    assert_eq!(said[2]["errors"][0]["code"], "no-such-place");
    assert_eq!(said[2]["files"]["a"], "x\n");
}

#[test]
fn names_that_no_file_has_are_looked_for() {
    let files = [("src/one.rs", "fn one() {}\n"), ("src/two.rs", "fn two() {}\n")];
    let place = Place::new(&files);
    let absolute = format!("{}/src/one.rs", fs::canonicalize(place.0.path()).unwrap().display());
    for (n, name) in ["one.rs", "project/src/one.rs", "b/src/one.rs", "SRC/One.rs", "src/noe.rs", &absolute]
        .iter()
        .enumerate()
    {
        let text =
            |n: usize| if n == 0 { "fn one() {}\n".to_owned() } else { format!("fn one() {{ {n}; }}\n") };
        let ran = place.run(&["--json"], &block(name, &text(n), &text(n + 1)));
        assert_eq!(ran.code, exit(0), "{name}: {}", ran.output);
        assert_eq!(place.text("src/one.rs"), Some(text(n + 1)), "{name}");
    }
    check_refused(&place, &[], &block("one.rs", "gone\n", "x\n"), "unknown-file");
    check_refused(&place, &[], &block("/etc/src/two.rs", "fn two() {}\n", "x\n"), "bad-path");
    check_refused(&place, &[], &block("src/Two.rs", "", "x\n"), "file-exists");
}

#[test]
fn a_name_for_several_files_is_refused_and_hidden_ones_are_no_candidates() {
    let text = "fn one() {}\n";
    let place = Place::new(&[("a/lib.rs", text), ("b/lib.rs", text)]);
    check_refused(&place, &[], &block("lib.rs", text, "x\n"), "ambiguous-file");
    let place = Place::new(&[(".git/lib.rs", text), ("target/lib.rs", text), ("node_modules/lib.rs", text)]);
    check_refused(&place, &[], &block("lib.rs", text, "x\n"), "unknown-file");
    let place = Place::new(&[(".env", "A=1\n")]);
    check_refused(&place, &[], &block("project/.env", "A=1\n", "A=2\n"), "protected-path");
    // The file as the model saw it tells which one is meant.
    let base = Place::new(&[("a/lib.rs", text), ("b/lib.rs", "fn two() {}\n")]);
    let place = Place::new(&[("a/lib.rs", "// new\nfn one() {}\n"), ("b/lib.rs", text)]);
    let ran = place.run(&["--base", base.0.path().to_str().unwrap()], &block("lib.rs", text, "fn x() {}\n"));
    assert_eq!(ran.code, exit(0), "{}", ran.errors);
    assert_eq!(place.text("a/lib.rs").as_deref(), Some("// new\nfn x() {}\n"));
    assert_eq!(place.text("b/lib.rs").as_deref(), Some(text));
}

const COMINGS_AND_GOINGS: &str = "*** Begin Patch\n\
    *** Delete File: old.txt\n\
    *** Update File: a.txt\n*** Move to: sub/b.txt\n@@\n 1\n-2\n+II\n\
    *** Update File: c.txt\n*** Move to: d.txt\n\
    *** Add File: new.txt\n+n\n\
    *** End Patch\n";

#[test]
fn files_go_and_get_other_paths() {
    let place = Place::new(&[("old.txt", "o\n"), ("a.txt", "1\n2\n"), ("c.txt", "c\n")]);
    let before = place.entries();
    let checked = place.run(&["--check", "--json"], COMINGS_AND_GOINGS);
    let said: serde_json::Value = serde_json::from_str(&checked.output).unwrap();
    let changes: Vec<_> = said["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (&file["path"], &file["change"], &file["to"]))
        .collect();
    let expected = serde_json::json!([
        ["old.txt", "deleted", null],
        ["a.txt", "renamed", "sub/b.txt"],
        ["c.txt", "renamed", "d.txt"],
        ["new.txt", "created", null]
    ]);
    assert_eq!(serde_json::to_value(changes).unwrap(), expected);
    assert_eq!(place.entries(), before);
    let ran = place.run(&[], COMINGS_AND_GOINGS);
    assert_eq!(ran.code, exit(0), "{}", ran.errors);
    for part in [
        "+++ /dev/null\n",
        "-o\n",
        "rename from a.txt\nrename to sub/b.txt\n",
        "rename to d.txt\n",
        "-2\n+II\n",
    ] {
        assert!(ran.output.contains(part), "{part} in {}", ran.output);
    }
    assert_eq!(place.entries(), ["d.txt", "new.txt", "sub", "sub/b.txt"]);
    assert_eq!(place.text("sub/b.txt").as_deref(), Some("1\nII\n"));
    check_refused(&place, &[], COMINGS_AND_GOINGS, "unknown-file");
}

#[test]
fn what_goes_must_be_what_the_model_saw() {
    let base = Place::new(&[("old.txt", "o\n"), ("a.txt", "1\n2\n"), ("c.txt", "c\n")]);
    let base_args = ["--base", base.0.path().to_str().unwrap()];
    let live = |old: &str, more: &[(&str, &str)]| {
        Place::new(&[&[("old.txt", old), ("a.txt", "0\n1\n2\n"), ("c.txt", "c\n")], more].concat())
    };
    check_refused(&live("mine\n", &[]), &base_args, COMINGS_AND_GOINGS, "conflict");
    check_refused(&live("o\n", &[("sub/b.txt", "mine\n")]), &base_args, COMINGS_AND_GOINGS, "file-exists");
    let place = live("o\n", &[]);
    assert_eq!(place.run(&base_args, COMINGS_AND_GOINGS).code, exit(0));
    assert_eq!(place.text("sub/b.txt").as_deref(), Some("0\n1\nII\n"));
    let quoted = |line: &str| format!("--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-{line}\n");
    check_refused(&base, &[], &quoted("another"), "no-such-place");
    assert_eq!(base.run(&[], &quoted("o")).code, exit(0));
    assert_eq!(base.text("old.txt"), None);
}

#[test]
fn a_batch_says_what_is_gone() {
    let request = serde_json::json!({
        "files": {"old.txt": "o\n", "a.txt": "1\n2\n", "c.txt": "c\n"},
        "format": "apply-patch",
        "reply": COMINGS_AND_GOINGS,
    });
    let ran = Place::new(&[]).run(&["--batch"], &format!("{request}\n"));
    let said: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    let expected = serde_json::json!({
        "old.txt": null, "a.txt": null, "c.txt": null, "d.txt": "c\n", "sub/b.txt": "1\nII\n", "new.txt": "n\n"
    });
    assert_eq!((&said["status"], &said["files"]), (&"applied".into(), &expected), "{said}");
}
