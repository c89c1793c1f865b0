//! Tokens that their vendors gave a form of their own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Find, byte_before, is_random, run};

/// The form of a token: how it begins, and what follows.
struct Form {
    kind: &'static str,
    prefix: &'static str,
    /// Bytes that follow.
    part: fn(u8) -> bool,
    /// How many of them at least.
    least: usize,
    /// Whether what follows must look drawn by chance: the prefix alone says little.
    random: bool,
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn dotted(byte: u8) -> bool {
    url_safe(byte) || byte == b'.'
}

fn capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/'
}

const fn form(kind: &'static str, prefix: &'static str, part: fn(u8) -> bool, least: usize) -> Form {
    Form { kind, prefix, part, least, random: false }
}

const fn random(kind: &'static str, prefix: &'static str, part: fn(u8) -> bool, least: usize) -> Form {
    Form { kind, prefix, part, least, random: true }
}

/// The forms, as the vendors' pages and their tokens show them.
const FORMS: &[Form] = &[
    form("AWS key", "AKIA", capital, 16),
    form("AWS key", "ASIA", capital, 16),
    form("AWS key", "ABIA", capital, 16),
    form("AWS key", "ACCA", capital, 16),
    form("GitHub token", "ghp_", word, 36),
    form("GitHub token", "gho_", word, 36),
    form("GitHub token", "ghu_", word, 36),
    form("GitHub token", "ghs_", word, 36),
    form("GitHub token", "ghr_", word, 36),
    form("GitHub token", "github_pat_", name, 22),
    form("GitLab token", "glpat-", dotted, 20),
    form("GitLab token", "gldt-", dotted, 20),
    form("GitLab token", "glrt-", dotted, 20),
    form("GitLab token", "glptt-", dotted, 20),
    form("GitLab token", "glcbt-", dotted, 20),
    form("GitLab token", "gloas-", dotted, 20),
    form("GitLab token", "glagent-", dotted, 20),
    form("Slack token", "xoxb-", url_safe, 20),
    form("Slack token", "xoxa-", url_safe, 20),
    form("Slack token", "xoxp-", url_safe, 20),
    form("Slack token", "xoxr-", url_safe, 20),
    form("Slack token", "xoxs-", url_safe, 20),
    form("Slack token", "xoxe", dotted, 20),
    form("Slack token", "xapp-", url_safe, 20),
    form("Slack webhook", "hooks.slack.com/services/", path, 24),
    form("Stripe key", "sk_live_", name, 16),
    form("Stripe key", "rk_live_", name, 16),
    form("Stripe key", "sk_test_", name, 16),
    form("Stripe key", "rk_test_", name, 16),
    random("Stripe key", "whsec_", name, 24),
    form("Anthropic key", "sk-ant-", url_safe, 20),
    form("OpenAI key", "sk-proj-", url_safe, 20),
    form("OpenAI key", "sk-svcacct-", url_safe, 20),
    form("OpenAI key", "sk-admin-", url_safe, 20),
    form("API key", "sk-or-", url_safe, 20),
    random("API key", "sk-", url_safe, 20),
    form("API key", "gsk_", word, 32),
    random("API key", "xai-", word, 32),
    random("API key", "pplx-", word, 32),
    random("API key", "nvapi-", url_safe, 32),
    random("API key", "r8_", word, 32),
    form("Google key", "AIza", url_safe, 35),
    random("Google key", "ya29.", dotted, 20),
    form("Google key", "GOCSPX-", url_safe, 20),
    form("npm token", "npm_", word, 36),
    form("PyPI token", "pypi-", url_safe, 50),
    form("Hugging Face token", "hf_", word, 30),
    random("crates.io token", "cio", word, 32),
    form("Docker token", "dckr_pat_", url_safe, 20),
    form("RubyGems key", "rubygems_", word, 40),
    random("SendGrid key", "SG.", dotted, 40),
    form("DigitalOcean token", "dop_v1_", word, 40),
    form("Shopify token", "shpat_", word, 32),
    form("Shopify token", "shpss_", word, 32),
    random("Grafana token", "glsa_", name, 30),
    random("Vault token", "hvs.", dotted, 24),
    form("age key", "AGE-SECRET-KEY-1", capital, 40),
];

static PREFIXES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let prefixes = FORMS.iter().map(|form| form.prefix).chain(["eyJ"]);
    AhoCorasick::new(prefixes).expect("the prefixes are few and short")
});

/// Tokens of known forms, and JSON web tokens.
pub(super) fn find(text: &str) -> Vec<Find> {
    let mut found = Vec::new();
    // How far each form was read: what begins within a piece that was refused is not read again.
    let mut read_to: BTreeMap<usize, usize> = BTreeMap::new();
    for hit in PREFIXES.find_overlapping_iter(text) {
        let index = hit.pattern().as_usize();
        let begins_a_word = byte_before(text, hit.start()).is_none_or(|byte| !name(byte));
        if !begins_a_word || read_to.get(&index).is_some_and(|end| hit.start() < *end) {
            continue;
        }
        let Some(form) = FORMS.get(index) else {
            let (end, whole) = web_token(text, hit.start());
            read_to.insert(index, end);
            if whole {
                found.push(Find { range: hit.start()..end, kind: "JSON web token" });
            }
            continue;
        };
        let end = run(text, hit.end(), form.part);
        read_to.insert(index, end);
        let rest = &text[hit.end()..end];
        if rest.len() >= form.least && is_token(rest) && (!form.random || is_random(rest)) {
            found.push(Find { range: hit.start()..end, kind: form.kind });
        }
    }
    found
}

/// No placeholder, and of enough different characters; what follows a known prefix need not look drawn by chance.
fn is_token(rest: &str) -> bool {
    let distinct: std::collections::BTreeSet<u8> = rest.bytes().take(64).collect();
    let lower = rest.to_ascii_lowercase();
    let is_placeholder = ["example", "placeholder", "xxxx", "your-", "your_", "redacted-"]
        .iter()
        .any(|word| lower.contains(word));
    !is_placeholder && distinct.len() >= 8
}

/// Reads `eyJ….….…` from `start`: how far, and whether it is one.
fn web_token(text: &str, start: usize) -> (usize, bool) {
    let mut end = start;
    for part in 0..3 {
        let begun = end;
        end = run(text, begun, url_safe);
        let is_last = part == 2;
        let follows = text.as_bytes().get(end) == Some(&b'.');
        if end - begun < 10 || !(is_last || follows) {
            return (end, false);
        }
        end += usize::from(!is_last);
    }
    (end, true)
}
