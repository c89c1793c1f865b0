//! Names as models write them, against the files that are there.

use super::*;
use crate::diff::evaluate;

const ONE: &str = "fn one() {}\n";
const TWO: &str = "fn two() {}\n";

fn file_set(files: &[(&str, &str)]) -> FileSet {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), Rope::from_str(text))).collect();
    FileSet { files, root: Some("/home/me/project".to_owned()), ..FileSet::default() }
}

fn block(path: &str, search: &str, replace: &str) -> Block {
    let lines = |text: &str| text.lines().map(str::to_owned).collect();
    let path = Some(path.to_owned()).filter(|path| !path.is_empty());
    Block::SearchReplace { path, search: lines(search), replace: lines(replace), line: None }
}

fn outcome(blocks: Vec<Block>, base: &FileSet) -> Result<Vec<String>, (RefusalCode, String)> {
    let reply = Reply { blocks, ..Reply::default() };
    match evaluate(&reply, base) {
        Ok(changes) => Ok(changes.files.into_iter().map(|change| change.path).collect()),
        Err(refusals) => Err((refusals[0].code, format!("{} {}", refusals[0].message, refusals[0].hint))),
    }
}

/// A block for `fn one` under this name changes `expected`, among two files.
#[track_caller]
fn check(name: &str, expected: &str) {
    let base = file_set(&[("src/one.rs", ONE), ("src/two.rs", TWO)]);
    assert_eq!(outcome(vec![block(name, ONE, "x\n")], &base), Ok(vec![expected.to_owned()]), "{name}");
}

#[track_caller]
fn check_refused(files: &[(&str, &str)], blocks: Vec<Block>, code: RefusalCode, said: &[&str]) {
    let (found, message) = outcome(blocks, &file_set(files)).expect_err("it is refused");
    assert_eq!(found, code, "{message}");
    for said in said {
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn another_root() {
    check("project/src/one.rs", "src/one.rs");
    check("one.rs", "src/one.rs");
    check("/home/me/project/src/one.rs", "src/one.rs");
    check("/home/me/project/one.rs", "src/one.rs");
}

#[test]
fn other_spellings() {
    check("a/src/one.rs", "src/one.rs");
    check("b/src/one.rs", "src/one.rs");
    check("src\\one.rs", "src/one.rs");
    check("SRC/One.rs", "src/one.rs");
    check("src/noe.rs", "src/one.rs");
    check("", "src/one.rs");
}

#[test]
fn another_folder() {
    check("lib/core/one.rs", "src/one.rs");
    let refused = |files: &[(&str, &str)], search: &str| {
        check_refused(
            files,
            vec![block("lib/one.rs", search, "x\n")],
            RefusalCode::UnknownFile,
            &["one.rs`"],
        );
    };
    // Not the only file of that name; nor quoted exactly.
    refused(&[("src/one.rs", ONE), ("tests/one.rs", TWO)], ONE);
    refused(&[("src/one.rs", "    fn one() {}\n")], ONE);
}

#[test]
fn a_typo_needs_lines_that_are_quoted_exactly() {
    check_refused(
        &[("src/one.rs", "    fn one() {}\n")],
        vec![block("src/noe.rs", ONE, "x\n")],
        RefusalCode::UnknownFile,
        &[],
    );
    check_refused(
        &[("migrations/0001_init.sql", ONE)],
        vec![block("migrations/0002_init.sql", ONE, "x\n")],
        RefusalCode::UnknownFile,
        &[],
    );
}

#[test]
fn the_blocks_must_fit_there() {
    use RefusalCode::{BadPath, NoSuchPlace, UnknownFile};
    let files = [("src/one.rs", ONE), ("src/two.rs", TWO)];
    check_refused(&files, vec![block("one.rs", "gone\n", "x\n")], UnknownFile, &["`src/one.rs`"]);
    check_refused(&files, vec![block("project/src/one.rs", TWO, "x\n")], UnknownFile, &[]);
    check_refused(&files, vec![block("three.rs", ONE, "x\n")], UnknownFile, &[]);
    check_refused(&files, vec![block("", "gone\n", "x\n")], UnknownFile, &[]);
    // There is no doubt about the file, so it is said what does not fit in it.
    check_refused(&files, vec![block("a/src/one.rs", TWO, "x\n")], NoSuchPlace, &[]);
    // One block that fits does not help another of the same name.
    let both = vec![block("one.rs", ONE, "x\n"), block("one.rs", TWO, "x\n")];
    check_refused(&files, both, UnknownFile, &[]);
    check_refused(&files, vec![block("/etc/src/one.rs", ONE, "x\n")], BadPath, &[]);
    check_refused(&files, vec![block("/home/me/projects/src/one.rs", ONE, "x\n")], BadPath, &[]);
    check_refused(&files, vec![block("../src/one.rs", ONE, "x\n")], BadPath, &[]);
}

#[test]
fn several_that_fit_are_named() {
    use RefusalCode::AmbiguousFile;
    let files = [("one/src/lib.rs", ONE), ("two/src/lib.rs", ONE), ("other.rs", TWO)];
    let named = ["`one/src/lib.rs`", "`two/src/lib.rs`"];
    check_refused(&files, vec![block("src/lib.rs", ONE, "x\n")], AmbiguousFile, &named);
    check_refused(&files, vec![block("", ONE, "x\n")], AmbiguousFile, &named);
    // The text tells them apart.
    let base = file_set(&[("one/src/lib.rs", ONE), ("two/src/lib.rs", TWO)]);
    assert_eq!(outcome(vec![block("src/lib.rs", TWO, "x\n")], &base), Ok(vec!["two/src/lib.rs".to_owned()]));
}

#[test]
fn a_default_is_never_guessed_away() {
    let mut base = file_set(&[("src/one.rs", ONE), ("src/two.rs", TWO)]);
    base.default_path = Some("src/two.rs".to_owned());
    let found = outcome(vec![block("", ONE, "x\n")], &base);
    assert_eq!(found.map_err(|(code, _)| code), Err(RefusalCode::NoSuchPlace));
}

#[test]
fn a_file_in_the_prose_is_not_passed_over() {
    use crate::diff::ReplyFormat::{self, SearchReplace, UnifiedDiff, Whole};
    let refusal = |format: ReplyFormat, reply: &str, default: bool| {
        let mut base = file_set(&[("src/a.py", "x_value = 1\n"), ("src/b.py", "x_value = 1\n")]);
        base.default_path = default.then(|| "src/a.py".to_owned());
        let reply = crate::diff::parse::parse(format, reply).expect("it is well-formed");
        evaluate(&reply, &base).err().map(|refusals| refusals[0].code)
    };
    let misled = Some(RefusalCode::AmbiguousFile);
    let whole = "```python\nimport os\nx_value = 3\n```\n";
    assert_eq!(refusal(Whole, &format!("Here is the new `src/b.py`:\n\n{whole}"), true), misled);
    assert_eq!(refusal(Whole, &format!("Here is the new `a.py`:\n\n{whole}"), true), None);
    assert_eq!(refusal(Whole, &format!("`src/b.py` uses it.\n\nHere it is:\n{whole}"), true), None);
    let hunk = "```diff\n@@\n-x_value = 1\n+x_value = 2\n```\n";
    assert_eq!(refusal(UnifiedDiff, &format!("In `src/b.py`:\n{hunk}"), true), misled);
    assert_eq!(refusal(UnifiedDiff, &format!("Set the value:\n{hunk}"), true), None);
    let block = "<<<<<<< SEARCH\nx_value = 1\n=======\nx_value = 2\n>>>>>>> REPLACE\n";
    for between in ["Then, in `src/b.py`, do the same:", "**src/b.py** (same change):"] {
        assert_eq!(refusal(SearchReplace, &format!("src/a.py\n{block}\n{between}\n{block}"), false), misled);
    }
    let other = "<<<<<<< SEARCH\nx_value = 1\n=======\ny = 2\n>>>>>>> REPLACE\n";
    assert_eq!(refusal(SearchReplace, &format!("As `src/a.py` says:\n\nsrc/b.py\n{other}"), true), None);
}

#[test]
fn without_a_name_nothing_loose_counts() {
    let files = [("a.rs", "    fn one() {}\n"), ("b.rs", TWO)];
    check_refused(&files, vec![block("", ONE, "x\n")], RefusalCode::UnknownFile, &[]);
}

#[test]
fn what_creates_deletes_renames_or_gives_all_means_what_it_says() {
    use RefusalCode::{FileExists, UnknownFile};
    let files = [("src/one.rs", ONE)];
    let lines = || vec!["fn one() {}".to_owned()];
    let path = || "project/src/one.rs".to_owned();
    let delete = Block::Delete { path: path(), lines: Some(lines()) };
    check_refused(&files, vec![delete], UnknownFile, &["`src/one.rs`"]);
    let rename = || Block::Rename { path: path(), to: "src/two.rs".to_owned() };
    check_refused(&files, vec![rename()], UnknownFile, &[]);
    check_refused(&files, vec![block("project/src/one.rs", ONE, "x\n"), rename()], UnknownFile, &[]);
    let base = file_set(&files);
    let whole = Block::Whole { path: Some(path()), lines: lines() };
    assert_eq!(outcome(vec![whole], &base), Ok(vec![path()]));
    // Files that differ only in case are one on many systems.
    let create = |path: &str| Block::Create { path: path.to_owned(), lines: lines() };
    check_refused(&files, vec![create("src/One.rs")], FileExists, &["`src/one.rs`"]);
    check_refused(&files, vec![block("SRC/one.rs", "", "x\n")], FileExists, &["`src/one.rs`"]);
    let to = |to: &str| Block::Rename { path: "src/one.rs".to_owned(), to: to.to_owned() };
    assert_eq!(outcome(vec![to("src/One.rs")], &base), Ok(vec!["src/one.rs".to_owned()]));
    let files = [("src/one.rs", ONE), ("two.rs", TWO)];
    check_refused(&files, vec![to("Two.rs")], FileExists, &["`two.rs`"]);
}

#[test]
fn many_names_cost_a_bounded_time() {
    let text = "fn one() {}\n".repeat(2_000) + TWO;
    let mut base = file_set(&[("src/one.rs", &text)]);
    let blocks = |name: &dyn Fn(usize) -> String| (0..5_000).map(|n| block(&name(n), TWO, "x\n")).collect();
    assert!(outcome(blocks(&|n| format!("p{n}/src/one.rs")), &base).is_err());
    // The same block again says nothing new.
    assert!(outcome(blocks(&|_| String::new()), &base).is_ok());
    base.files.clear();
    assert!(outcome(blocks(&|n| format!("p{n}/src/one.rs")), &base).is_err());
}

#[test]
fn one_path_is_made_once() {
    use RefusalCode::OverlappingBlocks;
    let files = [("a", ONE), ("b", TWO)];
    let to = |path: &str, to: &str| Block::Rename { path: path.to_owned(), to: to.to_owned() };
    let create = |path: &str| Block::Create { path: path.to_owned(), lines: vec!["x".to_owned()] };
    check_refused(&files, vec![to("a", "c"), to("b", "c")], OverlappingBlocks, &[]);
    check_refused(&files, vec![to("a", "c"), create("c")], OverlappingBlocks, &[]);
    check_refused(&files, vec![create("x"), create("X")], OverlappingBlocks, &[]);
}

#[test]
fn candidates_are_looked_at_only_for_names_like_theirs() {
    let mut base = file_set(&[]);
    base.candidates.insert("src/one.rs".to_owned(), Rope::from_str(ONE));
    assert_eq!(outcome(vec![block("one.rs", ONE, "x\n")], &base), Ok(vec!["src/one.rs".to_owned()]));
    let (code, _) = outcome(vec![block("", ONE, "x\n")], &base).unwrap_err();
    assert_eq!(code, RefusalCode::UnknownFile);
    let (code, message) = outcome(vec![block("one.rs", TWO, "x\n")], &base).unwrap_err();
    assert!(code == RefusalCode::UnknownFile && message.contains("`src/one.rs`"), "{message}");
}
