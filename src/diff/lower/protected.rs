//! Names that decide what runs, or whom to trust: no model writes them without a consent of its own.
//!
//! A name is judged in the one spelling that stands for all that some file system takes for the same name: case
//! folded, composed (NFC), without what is dropped or not seen. Consent is per file, by its exact path; for `.git` and
//! for the settings and the trust of tenon itself there is none.

use std::collections::BTreeSet;

use icu_normalizer::ComposingNormalizer;

use super::path::{BadPath, normalise};

/// Folders in which everything is protected: version control, settings of editors and agents, pipelines, hooks.
const FOLDERS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".vscode",
    ".vscode-server",
    ".idea",
    ".fleet",
    ".zed",
    ".nvim",
    ".devcontainer",
    ".claude",
    ".cursor",
    ".codex",
    ".gemini",
    ".aider",
    ".continue",
    ".windsurf",
    ".roo",
    ".kiro",
    ".amazonq",
    ".tenon",
    ".ci",
    ".circleci",
    ".buildkite",
    ".woodpecker",
    ".husky",
    ".githooks",
    ".cargo",
    ".direnv",
];

/// Folders that are protected inside of another one.
const NESTED: &[(&str, &[&str])] = &[
    (".github", &["workflows", "actions", "instructions"]),
    (".gitea", &["workflows"]),
    (".forgejo", &["workflows"]),
];

/// Files of these names, in any folder.
const FILES: &[&str] = &[
    ".tenon.toml",
    ".git",
    ".gitmodules",
    ".gitattributes",
    ".gitconfig",
    ".envrc",
    ".mcp.json",
    "mcp.json",
    ".exrc",
    ".nvimrc",
    ".nvim.lua",
    ".vimrc",
    ".lvimrc",
    ".dir-locals.el",
    ".dir-locals-2.el",
    ".projectile",
    ".helix.toml",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".roorules",
    ".aider.conf.yml",
    ".goosehints",
    "agents.md",
    "claude.md",
    "gemini.md",
    "copilot-instructions.md",
    ".gitlab-ci.yml",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    ".cirrus.yml",
    ".appveyor.yml",
    "appveyor.yml",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    "jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "cloudbuild.yaml",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
];

/// Whether a workspace-relative path has such a name, in any spelling that a file system takes for it.
pub fn is_protected(path: &str) -> bool {
    let path = folded(path);
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts.last().copied().unwrap_or_default();
    parts.iter().any(|part| FOLDERS.contains(part) || is_git(part))
        || FILES.contains(&name)
        || name == ".env"
        || name.starts_with(".env.")
        || name.starts_with(".env-")
        || parts
            .windows(2)
            .any(|pair| NESTED.iter().any(|(folder, inside)| pair[0] == *folder && inside.contains(&pair[1])))
}

/// Whether no consent helps: a repository's own records, and what decides about consent.
fn is_never(path: &str) -> bool {
    let path = folded(path);
    path.split('/').any(|part| is_git(part) || part == ".tenon" || part == ".tenon.toml")
}

/// `.git` and the short name that some file systems give it.
fn is_git(part: &str) -> bool {
    part == ".git"
        || part.strip_prefix("git~").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The one spelling that stands for all that some file system takes for the same path: two paths may be one file when
/// their folded forms are equal.
pub fn folded(path: &str) -> String {
    // Up and down again: letters without a small form of their own fold only upwards.
    let seen: String = path.chars().filter(|c| !is_dropped(*c)).collect();
    let cased = seen.to_uppercase().to_lowercase();
    let composed = ComposingNormalizer::new_nfc().normalize(&cased).replace('\\', "/");
    let parts = composed.split('/').map(|part| {
        // A stream of a file is that file, and dots and blanks at the end are not kept.
        let part = part.split(':').next().unwrap_or(part);
        let trimmed = part.trim_end_matches(['.', ' ']);
        if trimmed.is_empty() { part } else { trimmed }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What HFS+ leaves out when it compares names, and what no name should have.
fn is_dropped(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The protected files that the user consented to, one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProtectedConsent {
    /// Folded.
    paths: BTreeSet<String>,
}

/// Why a consent is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoConsent {
    /// It is not the path of a file below the workspace.
    #[error("{0}")]
    Bad(#[from] BadPath),
    /// No consent helps there.
    #[error("no model ever writes there")]
    Never,
}

impl ProtectedConsent {
    /// Consents to one file, by its path below the workspace: neither a folder nor a pattern.
    ///
    /// # Errors
    /// It is no such path, or one that no model ever writes.
    pub fn allow(&mut self, path: &str) -> Result<(), NoConsent> {
        let path = normalise(path)?;
        if is_never(&path) {
            return Err(NoConsent::Never);
        }
        self.paths.insert(folded(&path));
        Ok(())
    }

    /// The consent that was given when an operation was made, from the paths that are on record for it: what it wrote
    /// may be taken back, made again and recovered. What no consent helps for is left out, whatever the record says.
    pub fn recorded<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut consent = Self::default();
        for path in paths {
            // A record may come from outside; a path that is refused is refused by `permits` as well.
            let _ = consent.allow(path);
        }
        consent
    }

    /// Whether this path may be written: it is not protected, or it was consented to.
    pub fn permits(&self, path: &str) -> bool {
        !is_protected(path) || (!is_never(path) && self.paths.contains(&folded(path)))
    }

    /// The paths, folded.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: bool) {
        assert_eq!(is_protected(path), expected, "{path:?}");
    }

    #[test]
    fn what_runs_or_is_trusted_is_protected() {
        for path in [
            ".git/hooks/pre-commit",
            ".git",
            ".env.local",
            "sub/.env",
            ".github/workflows/ci.yml",
            ".vscode/tasks.json",
            "sub/.vscode/settings.json",
            ".idea/workspace.xml",
            ".tenon.toml",
            "sub/.tenon.toml",
            ".mcp.json",
            "AGENTS.md",
            ".claude/settings.json",
            ".cursor/mcp.json",
            ".nvim.lua",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            ".husky/pre-commit",
            ".cargo/config.toml",
        ] {
            check(path, true);
        }
    }

    #[test]
    fn no_other_spelling_gets_past() {
        for path in [
            "sub/.GIT/config",
            ".Git/config",
            ".g\u{200c}it/config",
            "GIT~1/config",
            ".git./config",
            ".git /config",
            ".git::$INDEX_ALLOCATION/config",
            ".git\\config",
            ".ENV",
            ".env ",
            ".tenon.toml.",
            ".tenon.tom\u{200b}l",
            ".\u{fb01}t/../.vscode/x",
            ".v\u{17f}code/tasks.json",
        ] {
            check(path, true);
        }
    }

    #[test]
    fn source_is_not() {
        for path in [
            "src/git.rs",
            "environment.py",
            ".github/README.md",
            "git~",
            "git~a",
            "src/.gitkeep",
            "docs/env.md",
            "workflows/a.yml",
            "src/vscode/tasks.json",
        ] {
            check(path, false);
        }
    }

    #[test]
    fn what_is_on_record_was_consented_to_but_never_git() {
        let consent =
            ProtectedConsent::recorded(["src/a.rs", ".env", ".git/config", "../.env", ".tenon.toml"]);
        for (path, expected) in [
            (".env", true),
            ("src/a.rs", true),
            (".env.local", false),
            (".git/config", false),
            (".tenon.toml", false),
        ] {
            assert_eq!(consent.permits(path), expected, "{path}");
        }
    }

    #[test]
    fn two_spellings_of_one_name_fold_to_one() {
        assert_eq!(folded("E\u{301}t\u{e9}"), folded("\u{c9}te\u{301}"));
        assert_eq!(folded("A/b. "), "a/b");
        assert_eq!(folded(".."), "..");
    }

    #[test]
    fn consent_is_for_one_file_and_never_for_git_or_our_own() {
        let mut consent = ProtectedConsent::default();
        consent.allow(".vscode/tasks.json").unwrap();
        assert!(consent.permits(".vscode/tasks.json") && consent.permits("src/a.rs"));
        assert!(consent.permits(".VSCode/tasks.json"), "the same file where case is folded");
        for path in [".vscode/settings.json", ".vscode", "sub/.vscode/tasks.json", ".env", ".git/config"] {
            assert!(!consent.permits(path), "{path}");
        }
        for path in [".git", ".git/hooks/x", "sub/.GIT/config", ".git~1/../.git/x", "git~1/x", ".tenon.toml"]
        {
            assert!(consent.allow(path).is_err(), "{path}");
        }
        let recorded =
            ProtectedConsent::recorded([".vscode/tasks.json", ".git/config", "../.env", "src/a.rs"]);
        assert!(recorded.permits(".vscode/tasks.json") && !recorded.permits(".vscode/settings.json"));
        assert!(!recorded.permits(".git/config") && !recorded.permits(".env"));
        for path in ["/etc/passwd", "../.env", ".env\0", ".vscode/*"] {
            assert!(matches!(consent.allow(path), Err(NoConsent::Bad(_))), "{path:?}");
        }
    }
}
