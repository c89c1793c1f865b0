//! Files whose text is never sent to a model, even when the user has them open or names them: they hold secrets.
//!
//! Paths are compared in lower case and in one Unicode form, with `/` for `\`, so that no other spelling of a name gets
//! past. A name that only looks private costs a question; one that was missed costs a key.

use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use icu_normalizer::ComposingNormalizer;

use crate::problem::{Category, Problem};

/// The built-in names and the user's globs.
#[derive(Debug, Clone, Default)]
pub(super) struct DenyList {
    globs: GlobSet,
}

/// A glob of the user that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadGlob {
    /// Which of the list, counted from 0.
    pub index: usize,
    /// As it is written.
    pub glob: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for BadGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no glob: {}", self.glob, self.reason)
    }
}

impl From<&BadGlob> for Problem {
    fn from(bad: &BadGlob) -> Self {
        Self::error("bad-glob", Category::Configuration, format!("outgoing.deny: {bad}"))
            .hint("write globs like `secrets/**` or `*.sql`, relative to the workspace")
    }
}

impl DenyList {
    /// Reads the user's globs, which only add to the built-in names. A glob without `/` is for names in any folder; one
    /// that names a folder is for all that is in it. Upper and lower case are the same.
    ///
    /// # Errors
    /// The first that is no glob.
    pub(super) fn new(globs: &[String]) -> Result<Self, BadGlob> {
        let mut set = GlobSetBuilder::new();
        for (index, glob) in globs.iter().enumerate() {
            let bad = |reason: String| BadGlob { index, glob: glob.clone(), reason };
            let plain = spelling(glob);
            let plain = plain.trim_matches('/');
            let plain = plain.strip_prefix("./").unwrap_or(plain);
            if plain.is_empty() {
                return Err(bad("it is empty".to_owned()));
            }
            let anywhere = if plain.contains('/') { "" } else { "**/" };
            for below in ["", "/**"] {
                let glob = format!("{anywhere}{plain}{below}");
                let mut builder = GlobBuilder::new(&glob);
                builder.literal_separator(true).case_insensitive(true).backslash_escape(false);
                set.add(builder.build().map_err(|error| bad(error.kind().to_string()))?);
            }
        }
        let too_large = |error: globset::Error| BadGlob {
            index: 0,
            glob: globs.first().cloned().unwrap_or_default(),
            reason: error.to_string(),
        };
        Ok(Self { globs: set.build().map_err(too_large)? })
    }

    /// Whether the text of the file at this path must not be sent. The user's globs speak of the workspace, so an
    /// absolute path is only compared with the built-in names.
    pub(super) fn denies(&self, path: &str) -> bool {
        let path = spelling(path);
        let is_absolute = path.starts_with('/') || path.get(1..3) == Some(":/");
        is_private(&path) || (!is_absolute && self.globs.is_match(path.trim_start_matches("./")))
    }
}

/// The one spelling that stands for all that a file system may take for the same name.
fn spelling(path: &str) -> String {
    // Up and down again: letters that have no small form of their own, such as the long s, fold only upwards.
    let folded = path.to_uppercase().to_lowercase();
    ComposingNormalizer::new_nfc().normalize(&folded).replace('\\', "/")
}

/// Endings of files that hold keys, or variables that are keys.
const ENDINGS: &[&str] = &[
    ".env",
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".p8",
    ".pk8",
    ".ppk",
    ".jks",
    ".jceks",
    ".bks",
    ".keystore",
    ".truststore",
    ".kdb",
    ".kdbx",
    ".tfvars",
    ".tfvars.json",
    ".tfstate",
    ".tfstate.backup",
    ".ovpn",
    ".keytab",
    ".gpg",
    ".pgp",
    ".agekey",
    ".kubeconfig",
    ".publishsettings",
    ".psafe3",
    ".agilekeychain",
];

/// Names of files that hold keys or passwords.
const NAMES: &[&str] = &[
    ".env",
    ".envrc",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
    ".htpasswd",
    ".s3cfg",
    ".boto",
    ".dockercfg",
    ".dockerconfigjson",
    ".vault-token",
    ".terraformrc",
    "terraform.rc",
    "credentials.tfrc.json",
    "kubeconfig",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "master.key",
    "application_default_credentials.json",
    "credentials.json",
    "client_secret.json",
    "client_secrets.json",
    "service-account.json",
    "service_account.json",
    "serviceaccount.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "secrets.toml",
    "vault.yml",
    "keys.txt.age",
    "auth.json",
    ".pass",
    "wallet.dat",
    "key.properties",
    "keystore.properties",
    "signing.properties",
    "logins.json",
    "key3.db",
    "key4.db",
    ".rhosts",
    ".msmtprc",
    ".fetchmailrc",
    ".erlang.cookie",
    ".cargo-credentials",
];

/// Names that are private only in this folder.
const IN_FOLDER: &[(&str, &[&str])] = &[
    (".aws", &["credentials", "config"]),
    (
        ".azure",
        &[
            "accesstokens.json",
            "azureprofile.json",
            "msal_token_cache.json",
            "service_principal_entries.json",
        ],
    ),
    (".cargo", &["credentials", "credentials.toml"]),
    (".config", &["hub"]),
    (".docker", &["config.json"]),
    (".gem", &["credentials"]),
    (".kube", &["config"]),
    (".m2", &["settings.xml", "settings-security.xml"]),
    (".gradle", &["gradle.properties"]),
    (".composer", &["auth.json"]),
    ("doctl", &["config.yaml"]),
    ("gcloud", &["credentials.db", "access_tokens.db", "legacy_credentials"]),
    ("gh", &["hosts.yml"]),
    ("glab-cli", &["config.yml"]),
    ("huggingface", &["token"]),
    ("rclone", &["rclone.conf"]),
];

/// Folders in which everything is private.
const FOLDERS: &[&str] = &[".ssh", ".gnupg", ".password-store", ".aws-sso", "legacy_credentials", ".vault"];

/// Parts of a name that make it a sample, to be read by everyone.
const SAMPLES: &[&str] = &[".example", ".sample", ".template", ".dist", ".defaults"];

/// Whether a path in its one spelling has a built-in private name.
fn is_private(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    // Windows drops them at the end of a name.
    let name = name.trim_end_matches(['.', ' ']);
    let folder = folders.rsplit('/').next().unwrap_or_default();
    // What stands behind a colon is a stream of the same file there.
    let name = name.split(':').next().unwrap_or_default();
    if folders.split('/').any(|folder| FOLDERS.contains(&folder)) {
        return true;
    }
    if SAMPLES.iter().any(|sample| name.ends_with(sample)) {
        return false;
    }
    NAMES.contains(&name)
        || name.starts_with(".env.")
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || IN_FOLDER.iter().any(|(place, names)| *place == folder && names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: bool) {
        assert_eq!(DenyList::default().denies(path), expected, "{path}");
    }

    #[test]
    fn files_with_secrets() {
        for path in [
            ".env",
            "sub/.ENV.local",
            "prod.env",
            "certs/server.key",
            "home/.ssh/id_ed25519",
            "app/.envrc",
            ".aws/credentials",
            "home\\.Docker\\config.json",
            "infra/prod.tfvars",
            "infra/prod.auto.tfvars.json",
            "terraform.tfstate",
            "terraform.tfstate.backup",
            ".kube/config",
            "office.ovpn",
            ".ssh/keys/work",
            "deploy/KUBECONFIG",
            "_netrc",
            "config/master.key",
            "a/release.KeyStore",
            ".env ",
            ".\u{17f}\u{17f}h/x",
            ".env::$DATA",
            "config/gcloud/credentials.db",
            "/home/me/.aws/credentials",
        ] {
            check(path, true);
        }
    }

    #[test]
    fn files_without() {
        for path in [
            ".env.example",
            ".env.local.sample",
            "src/credentials",
            "src/config.json",
            "docs/ssh/config",
            "src/env.rs",
            "src/key.rs",
            "src/auth.rs",
            "tfstate.md",
            "environment.env.rs",
            "src/config",
            "hosts.yml",
        ] {
            check(path, false);
        }
    }

    #[test]
    fn every_built_in_name_is_in_its_one_spelling() {
        let names = NAMES.iter().chain(ENDINGS).chain(FOLDERS).chain(SAMPLES);
        let names = names.chain(IN_FOLDER.iter().flat_map(|(folder, names)| names.iter().chain([folder])));
        for name in names {
            assert_eq!(spelling(name), **name, "it could never be equal");
        }
    }

    fn check_glob(glob: &str, path: &str, expected: bool) {
        let list = DenyList::new(&[glob.to_owned()]).unwrap();
        assert_eq!(list.denies(path), expected, "{glob} {path}");
    }

    #[test]
    fn the_users_globs() {
        check_glob("*.sql", "a/b/Dump.SQL", true);
        check_glob("*.sql", "a/sql", false);
        check_glob("secrets", "deep/secrets/x.txt", true);
        check_glob("data/", "data/a/b.csv", true);
        check_glob("data/*.csv", "data/a/b.csv", false);
        check_glob("data/*.csv", "sub/data/b.csv", false);
        check_glob("data\\**\\*.csv", "data\\a\\b.csv", true);
        check_glob("*.{pem,txt}", "x.txt", true);
        check_glob("site", "/srv/site/a.rs", false);
        check_glob("site", "C:\\site\\a.rs", false);
        // A letter and its accent as two characters are the same name as one.
        check_glob("caf\u{e9}/*", "cafe\u{301}/x", true);
    }

    #[test]
    fn a_glob_never_permits_what_is_built_in() {
        check_glob("!.env", ".env", true);
    }

    #[test]
    fn bad_globs_are_named() {
        for glob in ["[", "{a", "", "/"] {
            let bad = DenyList::new(&["*.ok".to_owned(), glob.to_owned()]).unwrap_err();
            assert_eq!((bad.index, bad.glob.as_str()), (1, glob));
            assert_eq!(Problem::from(&bad).code, "bad-glob");
        }
    }
}
