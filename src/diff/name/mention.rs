//! Files that the prose before a block speaks of.
//!
//! A block without a name of its own is for the file before it, or for the default. Where the prose that leads to it speaks
//! of another file, both readings are plausible, and the block is refused. What a sentence says is never a name by itself.

use crate::diff::FileSet;
use crate::diff::lower::normalise;

/// Last parts of names by which a word is a file and no identifier, when it stands alone. Letters alone are left out: they
/// are members (`point.c`) as often.
const KINDS: &[&str] = &[
    "bash", "cc", "cjs", "clj", "conf", "cpp", "cs", "css", "cts", "cxx", "dart", "ex", "exs", "go",
    "gradle", "hh", "hpp", "hs", "htm", "html", "ini", "ipynb", "java", "js", "json", "jsx", "kt", "kts",
    "less", "lua", "md", "mdx", "mjs", "ml", "mts", "php", "pl", "pm", "proto", "ps1", "py", "pyi", "rb",
    "rs", "rst", "scala", "scss", "sh", "sol", "sql", "svelte", "swift", "tf", "toml", "ts", "tsx", "txt",
    "vue", "xml", "yaml", "yml", "zig", "zsh",
];

/// Kinds that count only below a folder.
const SHORT_KINDS: &[&str] = &["c", "h", "m", "r", "d", "s", "v"];

/// Names of libraries that end like files.
const LIBRARIES: &[&str] = &[
    "node.js",
    "next.js",
    "nuxt.js",
    "vue.js",
    "react.js",
    "express.js",
    "three.js",
    "d3.js",
    "chart.js",
    "socket.io",
];

/// A file other than `path` that the nearest line which speaks of files at all speaks of, when it does not name `path`
/// too. `lines` are those before a block, nearest first.
pub(super) fn other_file(lines: &[String], path: &str, base: &FileSet) -> Option<String> {
    lines
        .iter()
        .find_map(|line| {
            let files: Vec<&str> = words(line).filter(|word| is_file(word, base)).collect();
            (!files.is_empty()).then_some(files)
        })?
        .into_iter()
        .try_fold(
            None,
            |other, file| if is_same(file, path) { Err(()) } else { Ok(other.or(Some(file.to_owned()))) },
        )
        .ok()?
}

/// The words of a line that could be names, without what encloses them and without places in the file.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| {
        c.is_whitespace() || matches!(c, '`' | '"' | '\'' | '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';')
    };
    line.split(separates).map(|word| {
        let word = word.trim_matches(|c| matches!(c, '*' | ':' | '!' | '?')).trim_end_matches('.');
        let word = word.split_once('#').map_or(word, |(name, _)| name);
        let is_place = |place: &str| {
            !place.is_empty()
                && place.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':'))
        };
        let word = word.split_once(':').filter(|(_, place)| is_place(place)).map_or(word, |(name, _)| name);
        word.strip_prefix("./").unwrap_or(word)
    })
}

/// Whether a word is the name of a file: one that is known, or a path of a kind of file.
fn is_file(word: &str, base: &FileSet) -> bool {
    if word.is_empty() || word.contains("://") || word.contains('*') || word.starts_with(['@', '$', '-']) {
        return false;
    }
    let known = || base.files.keys().chain(base.candidates.keys());
    if base.files.contains_key(word) || base.candidates.contains_key(word) {
        return true;
    }
    let (folder, name) = word.rsplit_once('/').map_or(("", word), |(folder, name)| (folder, name));
    let Some((stem, kind)) = name.rsplit_once('.') else {
        // A name without a kind, in a folder that is there.
        return !name.is_empty()
            && known().any(|path| path.rsplit_once('/').is_some_and(|(known, _)| known == folder))
            && !known().any(|path| path.strip_prefix(word).is_some_and(|rest| rest.starts_with('/')));
    };
    let kind = kind.to_ascii_lowercase();
    let in_folder = word.contains('/');
    (!stem.is_empty() || in_folder)
        && !LIBRARIES.contains(&word.to_ascii_lowercase().as_str())
        && (KINDS.contains(&kind.as_str()) || (in_folder && SHORT_KINDS.contains(&kind.as_str())))
}

/// Whether a word can stand for the file at `path`: one is the end of the other, in any case.
fn is_same(word: &str, path: &str) -> bool {
    let word = normalise(&word.replace('\\', "/")).unwrap_or_else(|_| word.to_owned()).to_lowercase();
    let path = path.to_lowercase();
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    ends(&word, &path) || ends(&path, &word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Rope;

    fn check(lines: &[&str], expected: Option<&str>) {
        let files = ["src/a.py", "src/b.py", "bin/run"].map(|path| (path.to_owned(), Rope::new())).into();
        let base = FileSet { files, ..FileSet::default() };
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(other_file(&lines, "src/a.py", &base).as_deref(), expected, "{lines:?}");
    }

    #[test]
    fn files_that_prose_speaks_of() {
        check(&["Here is the new `src/b.py`:"], Some("src/b.py"));
        check(&["**src/b.py** (same change):"], Some("src/b.py"));
        check(&["In src/b.py:12, change:"], Some("src/b.py"));
        check(&["In `lib/new.c` and `b.py`:"], Some("lib/new.c"));
        check(&["Change it:", "Then, in `bin/run`,"], Some("bin/run"));
        check(&["and `bin/walk`:"], Some("bin/walk"));
    }

    #[test]
    fn the_file_itself_and_what_is_no_file() {
        check(&["In `src/a.py`, as in `src/b.py`:"], None);
        check(&["In `./src/a.py`:", "After `src/b.py`"], None);
        check(&["In project/src/a.py#L3 or `a.py`."], None);
        check(&["Call `foo.bar()`, `os.path`, `self.c` and/or `point.h`, e.g. in Node.js or `a/b`."], None);
        check(&["Serve `/api/users` from https://x.org/a.py as `text/html` in `src/` (bin/)."], None);
        check(&["Here is the change:"], None);
        check(&[], None);
    }
}
