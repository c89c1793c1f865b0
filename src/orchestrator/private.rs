//! Files whose text is never shown to a model, even when the user has them open: they hold secrets.

/// Whether a workspace-relative path names such a file. A name that only looks so costs a question; one that was
/// missed costs a key.
pub(super) fn is_private(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    name == ".env"
        || (name.starts_with(".env.") && !ends(&[".example", ".sample", ".template"]))
        || ends(&[".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx"])
        || ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"].contains(&name.as_str())
        || [".netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".htpasswd"]
            .contains(&name.as_str())
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
        check(".env.example", false);
        check("src/env.rs", false);
        check("src/key.rs", false);
    }
}
