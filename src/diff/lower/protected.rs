//! Names that decide what runs, or whom to trust: no model writes them without a consent of its own.
//!
//! A name is judged in the one spelling that stands for all that some file system takes for the same name: case
//! folded, composed (NFC), without what is dropped or not seen. Consent is per file, by its exact path; for `.git` and
//! for the settings and the trust of tenon itself there is none.

use std::collections::BTreeSet;

use icu_normalizer::ComposingNormalizer;

use super::path::{BadPath, normalise};

/// Names that are protected in any folder, whether they are a file or a folder with everything in it: version control,
/// settings of editors and agents, pipelines, hooks, what a shell or a package manager reads.
const NAMES: &[&str] = &[
    // Version control.
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".gitmodules",
    ".gitattributes",
    ".gitconfig",
    ".hgrc",
    ".githooks",
    // Editors.
    ".vscode",
    ".vscode-server",
    ".vs",
    ".idea",
    ".fleet",
    ".zed",
    ".nvim",
    ".nvim.lua",
    ".nvimrc",
    ".vim",
    ".vimrc",
    ".exrc",
    ".lvimrc",
    ".helix",
    ".helix.toml",
    ".emacs",
    ".emacs.d",
    ".dir-locals.el",
    ".dir-locals-2.el",
    ".projectile",
    ".devcontainer",
    ".devcontainer.json",
    // Agents.
    ".claude",
    ".claude.json",
    ".cursor",
    ".cursorrules",
    ".codex",
    ".gemini",
    ".aider",
    ".aider.conf.yml",
    ".continue",
    ".windsurf",
    ".windsurfrules",
    ".clinerules",
    ".roo",
    ".roorules",
    ".kiro",
    ".amazonq",
    ".opencode",
    "opencode.json",
    "opencode.jsonc",
    ".junie",
    ".trae",
    ".rules",
    ".agents",
    ".goosehints",
    ".mcp.json",
    "mcp.json",
    "agent.md",
    "agents.md",
    "agents.override.md",
    "claude.md",
    "claude.local.md",
    "gemini.md",
    "copilot-instructions.md",
    // tenon.
    ".tenon",
    ".tenon.toml",
    // Pipelines and hooks.
    ".ci",
    ".circleci",
    ".buildkite",
    ".woodpecker",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    ".husky",
    ".lefthook",
    ".lefthook.yml",
    ".lefthook.yaml",
    ".lefthook.toml",
    "lefthook.yml",
    "lefthook.yaml",
    "lefthook.toml",
    ".lefthook-local.yml",
    "lefthook-local.yml",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".gitlab",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".travis.yml",
    ".drone.yml",
    ".drone.star",
    ".cirrus.yml",
    ".cirrus.star",
    ".appveyor.yml",
    "appveyor.yml",
    ".teamcity",
    ".azure-pipelines",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    "bitbucket-pipelines.yml",
    "cloudbuild.yaml",
    "cloudbuild.yml",
    "jenkinsfile",
    // What runs when a folder is entered, or a package manager or a compiler is called.
    ".envrc",
    ".env",
    ".direnv",
    "mise.toml",
    ".mise.toml",
    "mise.local.toml",
    ".mise",
    ".cargo",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".yarn",
    ".pnp.cjs",
    ".pnp.loader.mjs",
    ".pnpmfile.cjs",
    ".pypirc",
    ".gdbinit",
    ".lldbinit",
    // A home that is kept as a workspace.
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".xprofile",
    ".xinitrc",
    ".xsession",
    ".inputrc",
    ".tmux.conf",
    ".netrc",
    ".ssh",
    ".gnupg",
    ".aws",
    ".kube",
    ".docker",
    ".config",
    ".local",
    "authorized_keys",
];

/// Endings of files that open as a whole workspace, with its tasks.
const ENDINGS: &[&str] = &[".code-workspace", ".sublime-project", ".sublime-workspace"];

/// Folders of a forge, in which everything is protected but what only people read.
const FORGES: &[&str] = &[".github", ".gitea", ".forgejo"];
/// What only people read there.
const FOR_PEOPLE: &[&str] = &[
    "readme.md",
    "contributing.md",
    "code_of_conduct.md",
    "security.md",
    "support.md",
    "funding.yml",
    "issue_template",
    "issue_template.md",
    "pull_request_template",
    "pull_request_template.md",
];

/// Whether a workspace-relative path has such a name, in any spelling that a file system takes for it.
pub fn is_protected(path: &str) -> bool {
    // What makes a folder a repository; folders of that name in small letters are everywhere.
    if path.rsplit('/').next() == Some("HEAD") {
        return true;
    }
    let path = folded(path);
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts.last().copied().unwrap_or_default();
    parts.iter().any(|part| NAMES.contains(part) || is_short(part) || is_environment(part))
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || parts.windows(2).any(|pair| FORGES.contains(&pair[0]) && !FOR_PEOPLE.contains(&pair[1]))
}

/// `.env.local`, `.env-production` and so on, but not those that show people what to fill in.
fn is_environment(part: &str) -> bool {
    let rest = part.strip_prefix(".env.").or_else(|| part.strip_prefix(".env-"));
    rest.is_some_and(|rest| !["example", "sample", "template", "dist"].contains(&rest))
}

/// The short name, such as `VSCODE~1`, under which some file systems have any longer one as well.
fn is_short(part: &str) -> bool {
    let (name, ending) = part.split_once('.').unwrap_or((part, ""));
    let Some((stem, n)) = name.rsplit_once('~') else { return false };
    !stem.is_empty()
        && name.len() <= 8
        && ending.len() <= 3
        && !n.is_empty()
        && n.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether no consent helps: a repository's own records, and what decides about consent.
fn is_never(path: &str) -> bool {
    let path = folded(path);
    path.split('/').any(|part| matches!(part, ".git" | ".tenon" | ".tenon.toml") || is_git(part))
}

/// The short name of `.git`.
fn is_git(part: &str) -> bool {
    is_short(part) && part.starts_with("git~")
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

    /// Takes over what another consents to.
    pub fn add(&mut self, other: &Self) {
        self.paths.extend(other.paths.iter().cloned());
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
            ".devcontainer.json",
            "a.code-workspace",
            ".clinerules/x.md",
            "CLAUDE.local.md",
            ".github/agents/a.md",
            ".github/dependabot.yml",
            "lefthook.yaml",
            "mise.toml",
            ".bashrc",
            ".ssh/authorized_keys",
            ".config/nvim/init.lua",
            "sub/HEAD",
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
            "VSCODE~1/tasks.json",
            "ENV~1",
            "TENON~1.TOM",
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
            ".github/ISSUE_TEMPLATE/bug.md",
            "src/components/Head/index.tsx",
            "layouts/partials/head/meta.html",
            "tests/head",
            ".env.example",
            "src/head.rs",
            "notes~",
            "backup.~1~",
            "a_longer_name~1",
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
