//! Valid code that the grammars do not know: what looks like an error there is none.
//!
//! Only what the grammar trips over is named, not the whole construct, so that an error beside it still counts.

use super::Language;

/// Whether the grammar stumbles over `error`, the text of an error, only because it does not know what is written. `before`
/// and `after` are what stands around it.
pub(super) fn is_gap(language: Language, before: &str, error: &str, after: &str) -> bool {
    let follows = |words: &str| ends_with_words(before, words);
    match language {
        // Functions and statics of an `unsafe extern` block (Rust 1.82).
        Language::Rust => {
            let next = after.split_whitespace().next();
            error == "safe" && matches!(next, Some("fn" | "static"))
        }
        Language::TypeScript | Language::Tsx if error == "abstract class" => follows("export default"),
        // Accessors that decorators can wrap.
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            let name = error.strip_prefix('#').unwrap_or(error);
            follows("accessor")
                && !name.is_empty()
                && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
        }
        Language::Python | Language::Go => false,
    }
}

/// Whether a text ends with these words, however far they are apart.
fn ends_with_words(text: &str, words: &str) -> bool {
    let mut text = text.split_whitespace().rev();
    words.split_whitespace().rev().all(|word| text.next() == Some(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: Language, before: &str, error: &str, after: &str, expected: bool) {
        assert_eq!(is_gap(language, before, error, after), expected, "{before}|{error}|{after}");
    }

    #[test]
    fn only_what_is_known_is_a_gap() {
        check(Language::Rust, "    pub ", "safe", " fn x();", true);
        check(Language::Rust, "    pub ", "safe", " x();", false);
        check(Language::TypeScript, "export  default ", "abstract class", " {", true);
        check(Language::TypeScript, "export ", "abstract class", " {", false);
        check(Language::JavaScript, "{\n  static accessor ", "#a", " = 1;", true);
        check(Language::JavaScript, "{\n  accessor ", "a b", " = 1;", false);
        check(Language::JavaScript, "{\n  get ", "a", " = 1;", false);
        check(Language::Go, "accessor ", "a", "", false);
    }
}
