//! True changes from git repositories, read with the `git` binary: texts before and after, of commits chosen by the
//! seed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::generator::script::Tag;
use crate::generator::{Rng, Script};

const MOST_BYTES: usize = 200_000;
const MOST_FILES: usize = 5;
const LANGUAGES: &[&str] = &[
    "py", "rs", "js", "ts", "tsx", "jsx", "go", "java", "c", "h", "cpp", "rb", "css", "html", "vue", "md",
    "json", "yaml", "yml", "toml", "sh",
];
const SKIPPED: &[&str] = &[
    "vendor/",
    "node_modules/",
    "third_party/",
    "dist/",
    ".min.",
    "-lock.",
    ".lock",
    "package-lock",
    "go.sum",
    "CHANGELOG",
    "changelog",
    "snap",
];

/// One commit's change of its text files.
#[derive(Debug)]
pub(crate) struct Change {
    /// Repository and commit, for reports.
    pub(crate) name: String,
    pub(crate) files: Vec<Script>,
}

/// Up to `n` changes, the same number from each repository as far as they go.
pub(crate) fn changes(repositories: &[PathBuf], n: usize, seed: u64) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    for (nth, path) in repositories.iter().enumerate() {
        let share = (n - all.len()) / (repositories.len() - nth);
        match Repository::open(path) {
            Some(mut repository) => all.extend(repository.changes(share, seed)),
            None => eprintln_skipped(path),
        }
    }
    all
}

#[expect(clippy::print_stderr, reason = "a repository that cannot be read is said, not hidden")]
fn eprintln_skipped(path: &Path) {
    eprintln!("skipped: {} has no git history to read", path.display());
}

/// The newest commit of a repository, short.
pub(crate) fn head(path: &Path) -> Option<String> {
    let output =
        Command::new("git").arg("-C").arg(path).args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a repository is called: its folder, or the one above a folder that is called like any.
pub(crate) fn name(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let telling = parts.iter().rev().find(|part| !matches!(part.as_str(), "repo" | ".git" | "repo.git"));
    telling.cloned().unwrap_or_default()
}

struct Repository {
    path: PathBuf,
    name: String,
    commits: Vec<String>,
    objects: Objects,
}

impl Repository {
    fn open(path: &Path) -> Option<Self> {
        let output = Command::new("git")
            .arg("-C")
            .arg(path)
            .args(["rev-list", "--no-merges", "HEAD"])
            .output()
            .ok()?;
        let commits: Vec<String> =
            String::from_utf8(output.stdout).ok()?.lines().map(str::to_owned).collect();
        if !output.status.success() || commits.is_empty() {
            return None;
        }
        Some(Self { path: path.to_owned(), name: name(path), commits, objects: Objects::open(path)? })
    }

    fn changes(&mut self, n: usize, seed: u64) -> Vec<Change> {
        let mut commits = self.commits.clone();
        Rng::fork(seed, &self.name).shuffle(&mut commits);
        let mut changes = Vec::new();
        for commit in commits.iter().take(n * 20) {
            if changes.len() == n {
                break;
            }
            changes.extend(self.change(commit));
        }
        changes
    }

    fn change(&mut self, commit: &str) -> Option<Change> {
        let arguments =
            ["diff-tree", "-r", "--no-commit-id", "--no-renames", "--raw", "-z", "--no-abbrev", commit];
        let output = Command::new("git").arg("-C").arg(&self.path).args(arguments).output().ok()?;
        let listed = String::from_utf8(output.stdout).ok()?;
        let fields: Vec<&str> = listed.split('\0').collect();
        let mut files = Vec::new();
        for pair in fields.chunks_exact(2) {
            let words: Vec<&str> = pair[0].split(' ').collect();
            let &[_, _, old, new, "M"] = words.as_slice() else { continue };
            if is_wanted(pair[1]) {
                files.push((pair[1], old, new));
            }
        }
        if files.is_empty() || files.len() > MOST_FILES {
            return None;
        }
        let scripts: Vec<Script> = files
            .into_iter()
            .filter_map(|(path, old, new)| {
                let (old, new) = (self.objects.text(old)?, self.objects.text(new)?);
                let script = Script::new(path, &old, &new).without_blank_additions();
                is_usual(&script).then_some(script)
            })
            .take(3)
            .collect();
        let name = format!("{}@{}", self.name, &commit[..10]);
        (!scripts.is_empty()).then_some(Change { name, files: scripts })
    }
}

fn is_wanted(path: &str) -> bool {
    let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ext)| ext);
    LANGUAGES.contains(&extension) && !SKIPPED.iter().any(|part| path.contains(part))
}

/// A change that a model could have been asked for: not the whole file, not a formatter's run, and no line of which only
/// the blanks at its end change, since damage to blanks would undo it.
fn is_usual(script: &Script) -> bool {
    let n_changed = script.lines.iter().filter(|line| line.tag != Tag::Keep).count();
    let n_old = script.old_lines().count();
    let of =
        |tag: Tag| script.lines.iter().filter(move |line| line.tag == tag).map(|line| line.text.as_str());
    let old: Vec<&str> = of(Tag::Old).collect();
    let only_blanks =
        of(Tag::New).any(|new| old.iter().any(|old| *old != new && old.trim_end() == new.trim_end()));
    (1..=120).contains(&n_changed) && n_old >= 5 && n_changed <= n_old && !only_blanks
}

/// `git cat-file --batch`.
struct Objects {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Objects {
    fn open(path: &Path) -> Option<Self> {
        let mut child = Command::new("git")
            .arg("-C")
            .arg(path)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let input = child.stdin.take()?;
        let output = BufReader::new(child.stdout.take()?);
        Some(Self { child, input, output })
    }

    /// A text with `\n` only, a final line end and no byte order mark; damage of that kind is made, not found.
    fn text(&mut self, id: &str) -> Option<String> {
        writeln!(self.input, "{id}").ok()?;
        self.input.flush().ok()?;
        let mut header = String::new();
        self.output.read_line(&mut header).ok()?;
        let length: usize = header.trim().rsplit_once(" blob ")?.1.parse().ok()?;
        let mut bytes = vec![0; length + 1];
        self.output.read_exact(&mut bytes).ok()?;
        bytes.pop();
        let text = String::from_utf8(bytes).ok()?;
        let is_plain = text.len() <= MOST_BYTES
            && text.ends_with('\n')
            && !text.contains(['\r', '\0', '\u{feff}', '\u{c}', '\u{85}', '\u{2028}'])
            && text.lines().all(|line| line.len() < 2_000);
        is_plain.then_some(text)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends by itself when its input is closed; a failure to end it earlier changes nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
