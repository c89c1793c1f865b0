//! Tells keys from names, so that a key pasted into the configuration is refused and not repeated anywhere.
//!
//! It errs on the side of calling a strange name a key: the user then renames a variable, which costs little.

/// Prefixes that vendors put before their keys.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk-",
    "gsk_",
    "xai-",
    "ghp_",
    "gho_",
    "github_pat_",
    "hf_",
    "AIza",
    "Bearer ",
    "Basic ",
    "eyJ",
];

/// Whether `text` looks like a key rather than like a name.
pub(super) fn looks_like_key(text: &str) -> bool {
    PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random_run)
}

/// Whether `text` can be the name of an environment variable.
pub(super) fn is_variable_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A long run in which letters and digits alternate often: words do not look like that.
fn is_random_run(run: &str) -> bool {
    let kinds = run.chars().map(kind).collect::<Vec<_>>();
    let n_changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let n_digits = run.chars().filter(char::is_ascii_digit).count();
    run.len() >= 20 && n_digits >= 3 && n_changes * 5 >= run.len()
}

fn kind(c: char) -> u8 {
    match c {
        '0'..='9' => 0,
        'A'..='Z' => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_seen() {
        for text in [
            "sk-proj-abc",
            "gsk_x",
            "AIzaSyA-0123456789",
            "4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c",
            "Xy7kPq2Lm9Rt4Wv8Zb3Nc6",
            "--key=Xy7kPq2Lm9Rt4Wv8Zb3Nc6",
        ] {
            assert!(looks_like_key(text), "{text}");
        }
    }

    #[test]
    fn names_are_not_keys() {
        for text in
            ["OPENAI_API_KEY", "KEY", "MY_COMPANY_PROXY_TOKEN_2024", "AzureOpenAiKey1", "pass", "show"]
        {
            assert!(!looks_like_key(text), "{text}");
        }
    }

    #[test]
    fn variable_names() {
        assert!(is_variable_name("OPENAI_API_KEY"));
        assert!(is_variable_name("_x9"));
        for text in ["", "9X", "A-B", "A B", "A=B", "É"] {
            assert!(!is_variable_name(text), "{text}");
        }
    }
}
