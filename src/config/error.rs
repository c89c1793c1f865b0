//! What can be wrong with a configuration file, and what is said about it.
//!
//! No message repeats a value that could be a key: values are shown only where a word from a short list belongs.

use std::path::{Path, PathBuf};

use crate::model::Role;
use crate::problem::{Category, Problem};

/// One thing that is wrong, at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The key's path, such as `models.coder.context`; empty where the file as a whole is meant.
    pub key: String,
    /// Line of the file, from 1; 0 where there is none.
    pub line: usize,
    /// What is wrong.
    pub kind: FaultKind,
}

/// Kinds of [`Fault`].
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// The file cannot be read; the system's words.
    Unreadable(String),
    /// It is not TOML; the parser's words.
    Syntax(String),
    /// No such key; the known ones of this table.
    UnknownKey {
        /// The last part of the path, as typed.
        name: String,
        /// What is known there.
        known: Vec<String>,
    },
    /// A table lacks a key it needs.
    MissingKey,
    /// A value of another type.
    WrongType {
        /// What belongs there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A number, a text or a list outside its limits; the limits in words.
    OutOfRange(String),
    /// A word that is not one of the known ones.
    UnknownValue {
        /// As typed.
        value: String,
        /// What is known there.
        known: Vec<String>,
    },
    /// A role names a model that is not there.
    UnknownModel {
        /// As typed.
        name: String,
        /// The models of this file.
        known: Vec<String>,
    },
    /// A model names a provider that is not there.
    UnknownProvider {
        /// As typed.
        name: String,
        /// The providers of this file.
        known: Vec<String>,
    },
    /// A URL that is none, or not of the permitted kind; why.
    BadUrl(&'static str),
    /// Plain HTTP to another machine.
    InsecureUrl,
    /// What looks like a key stands where only a name may stand.
    KeyInConfig,
    /// Not the name of an environment variable.
    BadVariableName,
    /// Two keys of a table that exclude each other.
    Conflicting(&'static str, &'static str),
    /// A header that cannot be sent; what it is or has.
    BadHeader(&'static str),
    /// A proxy with a user name or a password.
    PasswordInProxy,
    /// A member of the body that tenon writes itself.
    ReservedMember,
    /// A model that cannot fill in a middle has the role `completion`.
    CannotFill(String),
    /// A split names a model that the role does not have.
    NotInRole {
        /// The role.
        role: Role,
        /// As typed.
        name: String,
        /// The models of the role.
        known: Vec<String>,
    },
    /// A pattern that is no glob; why.
    BadGlob(String),
    /// A model that a budget cannot count.
    NoPrice,
    /// A key that only the user's own file may have.
    NotFromWorkspace,
}

/// A configuration file that cannot be used: at least one [`Fault`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{} has {} mistake(s)", file.display(), faults.len())]
pub struct ConfigError {
    file: PathBuf,
    faults: Vec<Fault>,
}

impl ConfigError {
    /// Gathers the faults of one file.
    pub(super) fn new(file: &Path, faults: Vec<Fault>) -> Self {
        Self { file: file.to_owned(), faults }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is wrong, in the order of the file.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// One problem per fault.
    pub fn problems(&self) -> Vec<Problem> {
        self.faults.iter().map(|fault| fault.problem(&self.file)).collect()
    }
}

impl From<ConfigError> for Problem {
    /// The first fault; the message says how many more there are.
    fn from(error: ConfigError) -> Self {
        let n_more = error.faults.len().saturating_sub(1);
        // A key that is missing may be one that is misspelt: then that is what helps.
        let tells = |fault: &&Fault| !matches!(fault.kind, FaultKind::MissingKey);
        let Some(first) = error.faults.iter().find(tells).or(error.faults.first()) else {
            return Problem::error("config-unreadable", Category::Configuration, error.to_string());
        };
        let mut problem = first.problem(&error.file);
        if n_more > 0 {
            problem.message += &format!(" ({n_more} more: `tenon config` lists them)");
        }
        problem
    }
}

impl Fault {
    /// What people and programs see.
    fn problem(&self, file: &Path) -> Problem {
        let place = if self.line == 0 {
            file.display().to_string()
        } else {
            format!("{}:{}", file.display(), self.line)
        };
        self.kind.problem(&place, &self.key)
    }
}

impl FaultKind {
    fn problem(&self, place: &str, key: &str) -> Problem {
        match self {
            Self::Unreadable(_) | Self::Syntax(_) => self.file_problem(place),
            Self::NotFromWorkspace => not_from_workspace(place, key),
            Self::UnknownKey { .. }
            | Self::MissingKey
            | Self::WrongType { .. }
            | Self::OutOfRange(_)
            | Self::BadGlob(_) => self.shape_problem(place, key),
            Self::UnknownValue { .. } | Self::UnknownModel { .. } | Self::UnknownProvider { .. } => {
                self.name_problem(place, key)
            }
            Self::CannotFill(_) | Self::NotInRole { .. } | Self::NoPrice | Self::ReservedMember => {
                self.model_problem(place, key)
            }
            Self::Conflicting(..)
            | Self::BadUrl(_)
            | Self::InsecureUrl
            | Self::BadHeader(_)
            | Self::PasswordInProxy => self.provider_problem(place, key),
            Self::KeyInConfig | Self::BadVariableName => self.key_problem(place, key),
        }
    }

    /// The file as a whole.
    fn file_problem(&self, place: &str) -> Problem {
        let category = Category::Configuration;
        match self {
            Self::Syntax(why) => Problem::error("config-syntax", category, format!("{place}: {why}"))
                .hint("the file is TOML; text values need quotes"),
            Self::Unreadable(why) => Problem::error("config-unreadable", category, format!("{place}: {why}"))
                .hint("TENON_CONFIG names another file"),
            other => unreachable_kind(place, other),
        }
    }

    /// Keys, types and ranges.
    fn shape_problem(&self, place: &str, key: &str) -> Problem {
        let category = Category::Configuration;
        match self {
            Self::UnknownKey { name, known } => {
                let message = format!("{place}: `{key}` is not a known key");
                Problem::error("unknown-key", category, message).hint(unknown_key_hint(name, known))
            }
            Self::MissingKey => {
                Problem::error("missing-key", category, format!("{place}: `{key}` is missing"))
                    .hint("`tenon config --schema` describes every key")
            }
            Self::WrongType { expected, found } => {
                let message = format!("{place}: `{key}` must be {expected}, not {found}");
                Problem::error("wrong-type", category, message)
            }
            Self::OutOfRange(limits) => {
                Problem::error("out-of-range", category, format!("{place}: `{key}` must be {limits}"))
            }
            Self::BadGlob(why) => {
                Problem::error("bad-glob", category, format!("{place}: `{key}` is no glob: {why}"))
                    .hint("write globs like `secrets/**` or `*.sql`, relative to the workspace")
            }
            other => unreachable_kind(place, other),
        }
    }

    /// Words that stand for something.
    fn name_problem(&self, place: &str, key: &str) -> Problem {
        let category = Category::Configuration;
        match self {
            Self::UnknownValue { value, known } => {
                let message = format!("{place}: `{value}` is not a known value of `{key}`");
                Problem::error("unknown-value", category, message).hint(nearest_hint(value, known))
            }
            Self::UnknownModel { name, known } => {
                let message = format!("{place}: `{key}` names the model `{name}`, which is not in [models]");
                Problem::error("unknown-model", category, message).hint(nearest_hint(name, known))
            }
            Self::UnknownProvider { name, known } => {
                let message =
                    format!("{place}: `{key}` names the provider `{name}`, which is not in [providers]");
                Problem::error("unknown-provider", category, message).hint(nearest_hint(name, known))
            }
            other => unreachable_kind(place, other),
        }
    }

    /// URLs and keys. Values are never repeated here.
    fn provider_problem(&self, place: &str, key: &str) -> Problem {
        let category = Category::Configuration;
        match self {
            Self::BadUrl(why) => {
                Problem::error("bad-url", category, format!("{place}: `{key}` is no usable URL: {why}"))
                    .hint("for example http://127.0.0.1:8080/v1")
            }
            Self::InsecureUrl => {
                let message = format!("{place}: `{key}` is plain http to another machine");
                Problem::error("insecure-url", category, message).hint(
                    "your text and key would travel unencrypted: use https, or set `allow_http = true` for this provider",
                )
            }
            Self::BadHeader(why) => Problem::error(
                "bad-header",
                category,
                format!("{place}: the header `{key}` {why}"),
            )
            .hint(
                "leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header",
            ),
            Self::PasswordInProxy => {
                let message = format!("{place}: `{key}` has a user name or a password");
                Problem::error("password-in-proxy", category, message)
                    .hint("leave `proxy` out and set HTTPS_PROXY in the environment: it may hold them")
            }
            Self::Conflicting(one, other) => {
                let message = format!("{place}: `{key}` has both {one} and {other}");
                Problem::error("conflicting-keys", category, message).hint("keep one of them")
            }
            other => unreachable_kind(place, other),
        }
    }

    /// Keys of providers. Values are never repeated here.
    fn key_problem(&self, place: &str, key: &str) -> Problem {
        let category = Category::Configuration;
        match self {
            Self::KeyInConfig => {
                let message = format!("{place}: `{key}` looks like a key itself");
                Problem::error("key-in-config", category, message).hint(
                    "put the key into an environment variable and name that in the provider's `key_env`, \
                     such as key_env = \"OPENAI_API_KEY\"; then replace the key, since it has been in a file",
                )
            }
            Self::BadVariableName => {
                let message = format!("{place}: `{key}` is not the name of an environment variable");
                Problem::error("bad-variable-name", category, message)
                    .hint("letters, digits and `_`, such as OPENAI_API_KEY")
            }
            other => unreachable_kind(place, other),
        }
    }

    /// What models can do and cost.
    fn model_problem(&self, place: &str, key: &str) -> Problem {
        let category = Category::Configuration;
        match self {
            Self::CannotFill(name) => {
                let message =
                    format!("{place}: `{key}` names the model `{name}`, which cannot fill in a middle");
                Problem::error("cannot-fill", category, message)
                    .hint("if it can, say how with `fill` or `fill_template` in its table")
            }
            Self::NotInRole { role, name, known } => {
                let message = format!("{place}: `{name}` is not among the models of `roles.{role}`");
                Problem::error("not-in-role", category, message).hint(nearest_hint(name, known))
            }
            Self::NoPrice => {
                let message = format!("{place}: `{key}` has no price, so a budget in money cannot count it");
                Problem::error("no-price", category, message).hint(
                    "add its `price` (`price = { input = 0, output = 0 }` where it costs nothing), \
                     or set `day_tokens` instead, which needs no price",
                )
            }
            Self::ReservedMember => {
                let message = format!("{place}: `{key}` is written by tenon itself");
                Problem::error("reserved-member", category, message)
                    .hint("leave it out; `max_output` limits the answer, `context` is the window")
            }
            other => unreachable_kind(place, other),
        }
    }
}

/// What could lead text, keys or processes elsewhere is never a workspace's to say.
fn not_from_workspace(place: &str, key: &str) -> Problem {
    let message = format!("{place}: `{key}` may not come from a workspace");
    Problem::error("not-from-workspace", Category::Configuration, message).hint(
        "providers, models, keys, commands, budgets and recordings come from your own configuration file only; \
         take it out",
    )
}

/// Keeps the grouped matches total without a panic; a fault sent to the wrong group still shows its place.
fn unreachable_kind(place: &str, kind: &FaultKind) -> Problem {
    Problem::error("config-defect", Category::Internal, format!("{place}: unexpected {kind:?}"))
}

/// A key that wants to hold a secret gets the answer to the question behind it.
fn unknown_key_hint(name: &str, known: &[String]) -> String {
    let lower = name.to_lowercase();
    let secret = ["key", "token", "secret", "password"].iter().any(|word| lower.contains(word));
    if secret && known.iter().any(|key| key == "key_env") {
        return "keys never go into this file: name a variable with `key_env`, or a command with `key_command`"
            .to_owned();
    }
    nearest_hint(name, known)
}

/// Names the nearest known word, or all of them when none is near.
fn nearest_hint(name: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .map(|word| (strsim::jaro_winkler(name, word), word))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness >= 0.75);
    match nearest {
        Some((_, word)) => format!("did you mean `{word}`?"),
        None if known.is_empty() => "there is none yet".to_owned(),
        None => format!("known: {}", known.join(", ")),
    }
}
