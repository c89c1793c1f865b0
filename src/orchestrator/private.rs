//! Files whose text is never shown to a model, even when the user has them open: they hold secrets.

/// Whether a workspace-relative path names such a file. A name that only looks so costs a question; one that was
/// missed costs a key.
pub(super) fn is_private(path: &str) -> bool {
    let path = path.replace('\\', "/").to_lowercase();
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let folder = folders.rsplit('/').next().unwrap_or_default();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    matches!(name, ".env" | ".envrc")
        || (name.starts_with(".env.") && !ends(&[".example", ".sample", ".template"]))
        || ends(&[
            ".pem",
            ".key",
            ".p12",
            ".pfx",
            ".jks",
            ".keystore",
            ".kdbx",
            ".tfvars",
            ".tfvars.json",
            ".ovpn",
        ])
        || folders.split('/').any(|folder| folder == ".ssh")
        || matches!(
            (folder, name),
            (".aws", "credentials") | (".docker", "config.json") | (".kube", "config")
        )
        || ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"].contains(&name)
        || [".netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".htpasswd"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::is_private;

    fn check(path: &str, expected: bool) {
        assert_eq!(is_private(path), expected, "{path}");
    }

    #[test]
    fn files_with_secrets() {
        check(".env", true);
        check("sub/.ENV.local", true);
        check("certs/server.key", true);
        check("home/.ssh/id_ed25519", true);
        check("app/.envrc", true);
        check(".aws/credentials", true);
        check("home\\.Docker\\config.json", true);
        check("infra/prod.tfvars", true);
        check("infra/prod.auto.tfvars.json", true);
        check(".kube/config", true);
        check("office.ovpn", true);
        check(".ssh/keys/work", true);
        check(".env.example", false);
        check("src/credentials", false);
        check("src/config.json", false);
        check("docs/ssh/config", false);
        check("src/env.rs", false);
        check("src/key.rs", false);
    }
}
