//! Names that decide what runs, or whom to trust: no model writes them without a consent of its own.

/// Whether a workspace-relative path has such a name, in any spelling that a case-folding file system takes for it.
pub fn is_protected(path: &str) -> bool {
    let path = path.replace('\\', "/").to_lowercase();
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts.last().copied().unwrap_or_default();
    parts.iter().any(|part| {
        matches!(*part, ".git" | ".vscode" | ".idea" | ".ci" | ".circleci" | ".buildkite" | ".husky")
    }) || matches!(
        name,
        ".tenon.toml"
            | ".gitmodules"
            | ".gitlab-ci.yml"
            | ".travis.yml"
            | "jenkinsfile"
            | "azure-pipelines.yml"
    ) || name == ".env"
        || name.starts_with(".env.")
        || parts
            .windows(2)
            .any(|pair| matches!(pair, [".github" | ".gitea" | ".forgejo", "workflows" | "actions"]))
}

#[cfg(test)]
mod tests {
    use super::is_protected;

    fn check(path: &str, expected: bool) {
        assert_eq!(is_protected(path), expected, "{path}");
    }

    #[test]
    fn what_runs_or_is_trusted_is_protected() {
        check(".git/hooks/pre-commit", true);
        check("sub/.GIT/config", true);
        check(".env.local", true);
        check(".github/workflows/ci.yml", true);
        check(".vscode/tasks.json", true);
    }

    #[test]
    fn source_is_not() {
        check("src/git.rs", false);
        check("environment.py", false);
        check(".github/README.md", false);
    }
}
