//! What servers say when they fail, mapped once to the shared kinds. Pure.
//!
//! Vendors agree on little: the error may be an object, a string or the body itself, its code a word or a
//! number, a spend limit may come as 400, 402, 403 or 429. Codes are asked first, then the status, and words of
//! the message only where codes are known to say nothing.

use serde_json::Value;

use crate::model::ModelErrorKind;

/// A failure as the server told it, not yet tied to a provider and a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What went wrong.
    pub kind: ModelErrorKind,
    /// HTTP status, or the number an in-band error gives in its place.
    pub status: Option<u16>,
    /// The server's code, or else its type.
    pub code: Option<String>,
    /// The server's message, or ours.
    pub message: String,
}

impl Fault {
    /// Creates a fault that the server did not tell of.
    pub(super) fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, code: None, message: message.into() }
    }

    /// Finds the error inside an otherwise successful answer: `{"error": …}` that is not null, in an array or
    /// not, or an object that calls itself an error.
    pub(super) fn in_band(answer: &Value) -> Option<Self> {
        let answer = answer.as_array().and_then(|list| list.first()).unwrap_or(answer);
        match answer.get("error") {
            None | Some(Value::Null) if answer["object"] == "error" => Some(Self::told(None, answer)),
            None | Some(Value::Null) => None,
            Some(error) => Some(Self::told(None, error)),
        }
    }

    /// Reads the body of an answer with an error status. `reason` stands in for a missing message.
    pub(super) fn with_status(status: u16, reason: &str, body: &str) -> Self {
        let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let json = json.as_array().and_then(|list| list.first()).unwrap_or(&json);
        let told = match json {
            Value::Object(object) => match object.get("error") {
                // Ollama and others: {"error": "text"}; a sibling "message" says more than {"error": true}.
                Some(error) if error.is_object() || error.is_string() => error,
                _ => json,
            },
            _ => json,
        };
        let mut fault = Self::told(Some(status), told);
        if fault.message.is_empty() {
            let is_text = json.is_null() && !body.trim_start().starts_with('<');
            let text = if is_text { body.trim() } else { "" };
            fault.message = String::from(if text.is_empty() { reason } else { text });
            fault.kind = classify(Some(status), &[], &fault.message);
        }
        fault
    }

    fn told(status: Option<u16>, error: &Value) -> Self {
        let message = match error {
            Value::String(text) => text.as_str(),
            _ => ["message", "detail", "error_description"]
                .iter()
                .find_map(|name| error[*name].as_str())
                .unwrap_or_default(),
        };
        let number = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
        let status = status.or(number.filter(|code| (400..600).contains(code)));
        let words: Vec<&str> =
            ["code", "type", "status"].iter().filter_map(|name| error[*name].as_str()).collect();
        Self {
            kind: classify(status, &words, message),
            status,
            code: words.first().map(|word| (*word).to_owned()).or(number.map(|code| code.to_string())),
            message: message.to_owned(),
        }
    }
}

fn classify(status: Option<u16>, words: &[&str], message: &str) -> ModelErrorKind {
    let message = message.to_lowercase();
    let says = |needles: &[&str]| needles.iter().any(|needle| message.contains(needle));
    let is =
        |codes: &[&str]| words.iter().any(|word| codes.iter().any(|code| word.eq_ignore_ascii_case(code)));
    // Words of a message count only where the status leaves the kind open.
    let is_open = matches!(status, None | Some(400 | 403 | 413 | 422 | 429 | 500));
    let too_large =
        ["context length", "context size", "context window", "prompt is too long", "context overflow"];
    let payment = ["billing", "spend limit", "spending limit", "credit balance", "insufficient"];
    if is(&["context_length_exceeded", "exceed_context_size_error", "request_too_large"])
        || status == Some(413)
        || (is_open && status != Some(429) && says(&too_large))
    {
        ModelErrorKind::PromptTooLarge
    } else if status == Some(402)
        || is(&["insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error"])
        || is(&["insufficient_credits", "insufficient_balance", "spend_limit_exceeded"])
        || (is_open && status != Some(500) && says(&payment))
    {
        ModelErrorKind::Payment
    } else if is(&["content_filter", "content_policy_violation", "moderation_blocked"])
        || (status == Some(403) && says(&["moderation", "flagged"]))
    {
        ModelErrorKind::Refused
    } else {
        match status {
            Some(401 | 403) => ModelErrorKind::Authentication,
            Some(408) => ModelErrorKind::Stalled,
            Some(409) => ModelErrorKind::Server,
            Some(429) => ModelErrorKind::RateLimit,
            Some(503 | 529) => ModelErrorKind::Overloaded,
            Some(400..500) => ModelErrorKind::BadRequest,
            _ => by_code(&is),
        }
    }
}

/// Without a telling status there is only the code.
fn by_code(is: &impl Fn(&[&str]) -> bool) -> ModelErrorKind {
    if is(&["invalid_api_key", "authentication_error", "permission_error", "permission_denied"]) {
        ModelErrorKind::Authentication
    } else if is(&["rate_limit_exceeded", "rate_limit_error", "resource_exhausted"]) {
        ModelErrorKind::RateLimit
    } else if is(&["overloaded_error", "server_overloaded", "engine_overloaded", "unavailable_error"]) {
        ModelErrorKind::Overloaded
    } else if is(&["invalid_request_error", "model_not_found", "not_found_error", "invalid_argument"]) {
        ModelErrorKind::BadRequest
    } else {
        ModelErrorKind::Server
    }
}

/// At most 1000 characters of `text`: some servers answer with their whole stack, or with our prompt. Keys must
/// be taken out before, as half a key would not be recognised.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(1000) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ModelErrorKind::*;

    use super::*;

    fn check(status: u16, body: &str, kind: ModelErrorKind, code: Option<&str>, message: &str) {
        let fault = Fault::with_status(status, "Reason", body);
        let expected =
            Fault { kind, status: Some(status), code: code.map(str::to_owned), message: message.to_owned() };
        assert_eq!(fault, expected, "{status} {body}");
    }

    #[test]
    fn too_large_in_the_words_of_each_server() {
        let openai =
            r#"{"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}}"#;
        check(400, openai, PromptTooLarge, Some("context_length_exceeded"), "m");
        let llama = r#"{"error":{"code":400,"message":"m","type":"exceed_context_size_error","n_ctx":4096}}"#;
        check(400, llama, PromptTooLarge, Some("exceed_context_size_error"), "m");
        let vllm = r#"{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}"#;
        let message = "This model's maximum context length is 4096 tokens.";
        check(400, vllm, PromptTooLarge, Some("BadRequestError"), message);
        check(413, "", PromptTooLarge, None, "Reason");
    }

    #[test]
    fn money_is_told_from_speed() {
        let quota = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        check(429, quota, Payment, Some("insufficient_quota"), "You exceeded your current quota");
        check(429, r#"{"error":{"message":"Rate limit reached"}}"#, RateLimit, None, "Rate limit reached");
        check(
            429,
            r#"{"error":{"message":"Monthly spend limit reached"}}"#,
            Payment,
            None,
            "Monthly spend limit reached",
        );
        check(
            400,
            r#"{"error":{"message":"Your credit balance is too low"}}"#,
            Payment,
            None,
            "Your credit balance is too low",
        );
        check(402, "", Payment, None, "Reason");
    }

    #[test]
    fn statuses() {
        check(
            401,
            r#"{"error":{"message":"no","code":"invalid_api_key"}}"#,
            Authentication,
            Some("invalid_api_key"),
            "no",
        );
        check(403, "", Authentication, None, "Reason");
        check(
            403,
            r#"{"error":{"code":403,"message":"input flagged"}}"#,
            Refused,
            Some("403"),
            "input flagged",
        );
        check(404, r#"{"error":"model 'x' not found"}"#, BadRequest, None, "model 'x' not found");
        check(404, r#"{"detail":"Not Found"}"#, BadRequest, None, "Not Found");
        check(408, "", Stalled, None, "Reason");
        check(409, "", Server, None, "Reason");
        check(500, "<html>nginx</html>", Server, None, "Reason");
        check(502, "upstream gone", Server, None, "upstream gone");
        check(
            503,
            r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#,
            Overloaded,
            Some("unavailable_error"),
            "Loading model",
        );
        check(529, "", Overloaded, None, "Reason");
        check(
            429,
            r#"[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}]"#,
            RateLimit,
            Some("RESOURCE_EXHAUSTED"),
            "slow",
        );
        check(301, "", Server, None, "Reason");
    }

    fn check_in_band(answer: &str, expected: Option<(ModelErrorKind, Option<u16>)>) {
        let answer = serde_json::from_str(answer).expect("valid JSON");
        assert_eq!(Fault::in_band(&answer).map(|fault| (fault.kind, fault.status)), expected, "{answer}");
    }

    #[test]
    fn in_band() {
        check_in_band(r#"{"error":null,"choices":[]}"#, None);
        check_in_band(r#"{"choices":[]}"#, None);
        check_in_band("[]", None);
        check_in_band("3", None);
        check_in_band(r#"{"error":{"code":502,"message":"x"}}"#, Some((Server, Some(502))));
        check_in_band(r#"{"error":{"code":429,"message":"x"}}"#, Some((RateLimit, Some(429))));
        check_in_band(r#"{"error":{"type":"overloaded_error","message":"x"}}"#, Some((Overloaded, None)));
        check_in_band(r#"{"error":"broken"}"#, Some((Server, None)));
        check_in_band(r#"{"error":{}}"#, Some((Server, None)));
        check_in_band(r#"{"object":"error","code":404,"message":"x"}"#, Some((BadRequest, Some(404))));
        check_in_band(r#"[{"error":{"code":400,"message":"x"}}]"#, Some((BadRequest, Some(400))));
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(5000)).chars().count(), 1001);
    }
}
