//! The event that comes for each token, and says nothing else: read without building its JSON, which would take most of
//! a token's time. Whatever says more, or is unusual in any way, is left to the whole reader.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// An event with one choice. A member that is there but must not be makes another event of it.
#[derive(Deserialize)]
struct Chunk<'a> {
    choices: [Choice; 1],
    object: Option<&'a str>,
    error: Option<IgnoredAny>,
    usage: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<u64>,
    delta: Delta,
    text: Option<IgnoredAny>,
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta {
    content: String,
    reasoning_content: Option<IgnoredAny>,
    reasoning: Option<IgnoredAny>,
    refusal: Option<IgnoredAny>,
    tool_calls: Option<IgnoredAny>,
}

/// The piece of text that an event says, if that is all it says.
pub(super) fn read(data: &str) -> Option<String> {
    // A list would be read as the members in their order.
    if !data.starts_with('{') {
        return None;
    }
    let Chunk { choices: [choice], object, error, usage } = serde_json::from_str(data).ok()?;
    let Choice { index, delta, text, finish_reason } = choice;
    let Delta { content, reasoning_content, reasoning, refusal, tool_calls } = delta;
    let members = [error, usage, text, finish_reason, reasoning_content, reasoning, refusal, tool_calls];
    let is_all = object != Some("error") && index.unwrap_or(0) == 0 && members.iter().all(Option::is_none);
    is_all.then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &str, expected: Option<&str>) {
        assert_eq!(read(data).as_deref(), expected, "{data}");
    }

    #[test]
    fn text_and_nothing_else() {
        let plain = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"né\n\u00e9\ud83d\ude00"},"logprobs":null,"finish_reason":null}],"usage":null}"#;
        check(plain, Some("né\né😀"));
        check(r#"{"choices":[{"delta":{"role":"assistant","content":"","refusal":null}}]}"#, Some(""));
    }

    #[test]
    fn whatever_says_more_is_left_to_the_whole_reader() {
        for data in [
            "",
            "[DONE]",
            r#"{"choices":[]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"error":{"message":"no"}}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"error":false}"#,
            r#"{"object":"error","choices":[{"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"index":"0","delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"delta":{"content":"a"},"text":"b"}]}"#,
            r#"{"choices":[{"delta":{"content":null}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"}]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","reasoning_content":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","refusal":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","tool_calls":[]}}]}"#,
            r#"{"choices":[{"delta":{"content":"a","content":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}]} {}"#,
            r#"{"choices":[{"delta":{"content":"\ud800"}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}]"#,
            r#"[[{"delta":{"content":"a"}}],null,null,null]"#,
        ] {
            check(data, None);
        }
    }
}
