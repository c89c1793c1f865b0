//! `tenon apply` on files, bases and replies that are broken or mean harm: a typed refusal that names the block, exit
//! code 1, and not a byte changed anywhere.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::{Place, Ran};

const TEXT: &str = "one\ntwo\nthree\n";

/// A folder of live files; what lies beside it is watched as well.
struct Hostile(Place);

impl Hostile {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let place = Self(Place::new(""));
        place.write("workspace/fine.txt", TEXT.as_bytes());
        for (name, bytes) in files {
            place.write(&format!("workspace/{name}"), bytes);
        }
        place.write("outside/secret.txt", TEXT.as_bytes());
        place
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[cfg(unix)]
    fn link(&self, to: &str, name: &str) {
        std::os::unix::fs::symlink(to, self.0.path("workspace").join(name)).unwrap();
    }

    fn apply(&self, more: &[&str], reply: &[u8]) -> Ran {
        let mut command = self.0.command(&[&["apply", "--json"], more].concat());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let reply = reply.to_owned();
        let writing = std::thread::spawn(move || drop(stdin.write_all(&reply)));
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap();
        Ran::of(&output)
    }

    /// Every entry below the place with its bytes, links by where they lead.
    fn entries(&self) -> Vec<(String, Vec<u8>)> {
        fn walk(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let kind = entry.file_type().unwrap();
                let bytes = if kind.is_symlink() {
                    fs::read_link(&path).unwrap().to_string_lossy().as_bytes().to_vec()
                } else if kind.is_file() {
                    fs::read(&path).unwrap_or_default()
                } else {
                    Vec::new()
                };
                found.push((path.to_string_lossy().into_owned(), bytes));
                if kind.is_dir() {
                    walk(&path, found);
                }
            }
        }
        let mut found = Vec::new();
        for name in ["workspace", "outside", "base"] {
            walk(&self.0.path(name), &mut found);
        }
        found.sort();
        found
    }

    /// The block is the second of the reply; the first one would fit.
    #[track_caller]
    fn check(&self, more: &[&str], block: &str, code: &str) {
        let reply = self::block("fine.txt", "one\n", "1\n") + block;
        self.check_reply(more, reply.as_bytes(), code, Some(1));
    }

    #[track_caller]
    fn check_reply(&self, more: &[&str], reply: &[u8], code: &str, block: Option<usize>) {
        let before = self.entries();
        let ran = self.apply(more, reply);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let said = ran.json();
        assert_eq!(said["status"], "refused", "{said}");
        let error = &said["errors"][0];
        assert_eq!(error["code"], code, "{said}");
        assert_eq!(error["block"].as_u64(), block.map(|block| block as u64), "{said}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{said}");
        assert!(self.entries() == before, "something changed: {code}");
    }
}

fn block(path: &str, search: &str, replace: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n\n")
}

fn patch(sections: &str) -> String {
    format!("*** Begin Patch\n*** Update File: fine.txt\n@@\n-one\n+1\n two\n{sections}*** End Patch\n")
}

#[test]
fn files_that_are_no_text() {
    let utf16: Vec<u8> = "one\ntwo\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let place = Hostile::new(&[
        ("latin1.txt", b"one\ncaf\xe9\n"),
        ("utf16.txt", &utf16),
        ("marked.txt", &[&[0xff, 0xfe], &utf16[..]].concat()),
        ("zero.txt", b"one\n\0two\n"),
        ("half.txt", b"one\n\xf0\x9f\x98"),
    ]);
    for name in ["latin1.txt", "utf16.txt", "marked.txt", "zero.txt", "half.txt"] {
        place.check(&[], &block(name, "one\n", "1\n"), "not-text");
        place.check_reply(&[], patch(&format!("*** Delete File: {name}\n")).as_bytes(), "not-text", Some(1));
    }
}

#[test]
fn what_is_no_file_or_cannot_be_read() {
    let place = Hostile::new(&[("folder/in.txt", b"x\n"), ("locked.txt", TEXT.as_bytes())]);
    place.check(&[], &block("folder", "x\n", "y\n"), "unreadable-file");
    place.check(&[], &block("fine.txt/below", "", "y\n"), "write-failed");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let locked = place.0.path("workspace/locked.txt");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&locked).is_ok() {
            let skipped =
                "SKIPPED: a file without read permission, since this user reads it all the same (root)";
            writeln!(std::io::stderr(), "{skipped}").unwrap();
        } else {
            place.check(&[], &block("locked.txt", "one\n", "1\n"), "unreadable-file");
        }
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o644)).unwrap();
    }
}

#[test]
fn names_that_lead_elsewhere() {
    let place = Hostile::new(&[]);
    let absolute = place.0.path("outside/secret.txt").to_string_lossy().into_owned();
    let long = format!("{}x", "../".repeat(50));
    for name in [
        "../outside/secret.txt",
        "a/../../outside/secret.txt",
        "./../outside/secret.txt",
        "..\\outside\\secret.txt",
        absolute.as_str(),
        long.as_str(),
        "/etc/passwd",
        "~/secret.txt",
        "C:/secret.txt",
        "fine.txt:stream",
        "con.txt",
    ] {
        place.check(&[], &block(name, "one\n", "1\n"), "bad-path");
        place.check(&[], &block(name, "", "1\n"), "bad-path");
        let reply = patch(&format!("*** Delete File: {name}\n"));
        place.check_reply(&[], reply.as_bytes(), "bad-path", Some(1));
        let reply = patch(&format!("*** Add File: {name}\n+x\n"));
        place.check_reply(&[], reply.as_bytes(), "bad-path", Some(1));
        let to = format!(
            "*** Begin Patch\n*** Update File: fine.txt\n*** Move to: {name}\n@@\n-one\n+1\n*** End Patch\n"
        );
        place.check_reply(&[], to.as_bytes(), "bad-path", Some(0));
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_elsewhere() {
    let place = Hostile::new(&[("sub/a.txt", TEXT.as_bytes())]);
    let outside = place.0.path("outside").to_string_lossy().into_owned();
    place.link(&format!("{outside}/secret.txt"), "file");
    place.link(&outside, "folder");
    place.link("../outside", "relative");
    place.link("nowhere", "dangling");
    place.link("loop", "loop");
    place.link("sub/a.txt", "inside");
    for name in ["file", "folder/secret.txt", "relative/secret.txt", "dangling", "loop"] {
        place.check(&[], &block(name, "one\n", "1\n"), "outside-workspace");
        let reply = patch(&format!("*** Delete File: {name}\n"));
        place.check_reply(&[], reply.as_bytes(), "outside-workspace", Some(1));
    }
    for name in ["folder/new.txt", "relative/new.txt", "dangling"] {
        place.check(&[], &block(name, "", "1\n"), "outside-workspace");
        let to = format!("*** Begin Patch\n*** Update File: fine.txt\n*** Move to: {name}\n*** End Patch\n");
        place.check_reply(&[], to.as_bytes(), "outside-workspace", Some(0));
    }
    place.check_reply(&[], patch("*** Delete File: inside\n").as_bytes(), "is-a-link", Some(1));
}

#[test]
fn protected_names() {
    let place = Hostile::new(&[(".env", TEXT.as_bytes()), (".github/workflows/ci.yml", TEXT.as_bytes())]);
    for name in [".env", ".github/workflows/ci.yml"] {
        place.check(&[], &block(name, "one\n", "1\n"), "protected-path");
        let reply = patch(&format!("*** Delete File: {name}\n"));
        place.check_reply(&[], reply.as_bytes(), "protected-path", Some(1));
        let reply = patch(&format!("*** Update File: {name}\n*** Move to: moved.txt\n"));
        place.check_reply(&[], reply.as_bytes(), "protected-path", Some(1));
    }
    for name in [".git/hooks/pre-commit", ".VSCode/tasks.json", "sub/.env.local", ".tenon.toml"] {
        place.check(&[], &block(name, "", "1\n"), "protected-path");
        let to = format!("*** Begin Patch\n*** Update File: fine.txt\n*** Move to: {name}\n*** End Patch\n");
        place.check_reply(&[], to.as_bytes(), "protected-path", Some(0));
    }
    #[cfg(unix)]
    {
        fs::create_dir(place.0.path("workspace/.git")).unwrap();
        place.link(".git", "innocent");
        place.check(&[], &block("innocent/config", "", "1\n"), "protected-path");
    }
}

/// The lines were copied since, and the original changed around them: no place is the one that was meant.
#[test]
fn a_place_that_was_copied_since() {
    let place = Hostile::new(&[("a.rs", b"fn new\nx\ny\nfn z\nx\nw\nfn b\n")]);
    let base = place.0.path("base").to_string_lossy().into_owned();
    place.write("base/fine.txt", TEXT.as_bytes());
    place.write("base/a.rs", b"fn a\nx\ny\nfn b\n");
    place.check(&["--base", base.as_str()], &block("a.rs", "x\n", "1\n"), "conflict");
}

#[test]
fn a_base_of_other_files() {
    let live: String = (0..60).map(|n| format!("fn f{n}() {{ {n} }}\n")).collect::<Vec<_>>().concat();
    let other: String = (0..60)
        .map(|n| format!("line {n} of something else, with {} words\n", n * 7))
        .collect::<Vec<_>>()
        .concat();
    let place = Hostile::new(&[("a.rs", live.as_bytes())]);
    let base = place.0.path("base").to_string_lossy().into_owned();
    let with_base = ["--base", base.as_str()];
    place.write("base/fine.txt", TEXT.as_bytes());
    place.write("base/a.rs", other.as_bytes());
    let line = |n: usize| format!("line {n} of something else, with {} words\n", n * 7);
    for n in [0, 1, 30, 59] {
        place.check(&with_base, &block("a.rs", &line(n), "x\n"), "conflict");
        // An insertion has nothing that must be there: the lines around it must.
        let inserted = format!("{}x\n", line(n));
        place.check(&with_base, &block("a.rs", &line(n), &inserted), "conflict");
    }
    let whole = patch("*** Delete File: a.rs\n");
    place.check_reply(&with_base, whole.as_bytes(), "conflict", Some(1));
    let to = "*** Update File: a.rs\n*** Move to: b.rs\n@@\n-line 0 of something else, with 0 words\n+x\n";
    // The rename is the second block, its hunk the third.
    place.check_reply(&with_base, patch(to).as_bytes(), "conflict", Some(2));
    // Braces and blank lines are in every file: they say nothing.
    let code = |name: &str| -> String {
        (0..20)
            .map(|n| format!("fn {name}{n}() {{\n    {name}(\"{name}\", {n});\n}}\n\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    let place = Hostile::new(&[("a.rs", code("entirely").as_bytes())]);
    place.write("base/fine.txt", TEXT.as_bytes());
    place.write("base/a.rs", code("one").as_bytes());
    let base = place.0.path("base").to_string_lossy().into_owned();
    let with_base = ["--base", base.as_str()];
    let body = "    one(\"one\", 7);\n}\n";
    place.check(&with_base, &block("a.rs", body, &format!("{body}x\n")), "conflict");
    place.check(&with_base, &block("a.rs", body, "    one(\"one\", 7);\n"), "conflict");
    // Nothing in common at all, or nothing there.
    place.write("base/a.rs", b"\0".repeat(3).as_slice());
    place.check(&with_base, &block("a.rs", "x\n", "y\n"), "not-text");
    place.write("base/gone.rs", TEXT.as_bytes());
    place.check(&with_base, &block("gone.rs", "one\n", "y\n"), "conflict");
}

#[test]
fn replies_that_are_garbage() {
    let place = Hostile::new(&[]);
    let long_name = "x/".repeat(500_000);
    place.check(&[], &block(&long_name, "one\n", "1\n"), "bad-path");
    let refused = |reply: &[u8]| {
        let before = place.entries();
        let ran = place.apply(&[], reply);
        assert!(matches!(ran.code, Some(1 | 2)), "{ran:?}");
        assert_eq!(ran.json()["status"], "refused");
        assert!(place.entries() == before);
    };
    refused(b"");
    refused(b"\xff\xfe\x00");
    refused(b"\0\0\0\0");
    refused("<<<<<<< SEARCH\n".repeat(100_000).as_bytes());
    refused("[".repeat(100_000).as_bytes());
    refused(format!("{{\"edits\": {}", "[{".repeat(50_000)).as_bytes());
    refused("@@ -999999999999999999999,1 +1,1 @@\n".repeat(1000).as_bytes());
    refused("*** Begin Patch\n*** Update File: fine.txt\n@@\n".as_bytes());
}

/// Runs with a cap on memory, so that more than a multiple of what comes in is a failure.
#[cfg(target_os = "linux")]
#[test]
fn long_lines_are_read_in_bounded_memory() {
    const LINE: usize = 10 << 20;
    let (long, other) = ("x".repeat(LINE), "y".repeat(LINE));
    let place = Hostile::new(&[("long.txt", format!("one\n{long}\ntwo\n").as_bytes())]);
    // Thirty times the file and the reply, and what any program needs.
    let capped = |reply: &str| -> (Option<i32>, Value) {
        let kilobytes = (30 * (LINE + reply.len()) + (512 << 20)) >> 10;
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", "ulimit -v \"$0\" && exec \"$@\""])
            .arg(kilobytes.to_string())
            .arg(env!("CARGO_BIN_EXE_tenon"))
            .args(["apply", "--json", "reply"])
            .current_dir(place.0.path("workspace"))
            .env("TENON_CONFIG", place.0.path("config.toml"))
            .env("TENON_STATE_DIR", place.0.path("state"));
        fs::write(place.0.path("workspace/reply"), reply).unwrap();
        let ran = Ran::of(&command.output().unwrap());
        (ran.code, ran.json())
    };
    let (code, said) = capped(&block("long.txt", "two\n", "2\n"));
    assert_eq!((code, &said["status"]), (Some(0), &"applied".into()), "{}", said["errors"]);
    let (code, said) = capped(&block("long.txt", &format!("{other}\n"), "2\n"));
    assert_eq!((code, &said["errors"][0]["code"]), (Some(1), &"no-such-place".into()));
    let (code, said) = capped(&block("long.txt", &format!("{long}\n"), "short\n"));
    assert_eq!((code, &said["status"]), (Some(0), &"applied".into()), "{}", said["errors"]);
    let text = fs::read_to_string(place.0.path("workspace/long.txt")).unwrap();
    assert_eq!(text, "one\nshort\n2\n");
}
