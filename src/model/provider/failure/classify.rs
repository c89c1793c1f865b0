//! The kind of a failure, from what the server told.
//!
//! Codes are asked first, then words of the message where the status leaves the kind open, and the status last: the
//! same 400 is a prompt that is too large, a spent balance, a refusal or a wrong parameter.

use crate::model::ModelErrorKind;

/// What a server told of a failure.
pub(super) struct Told<'a> {
    /// HTTP status, or what stands for it.
    pub status: Option<u16>,
    /// Codes, in any case.
    pub words: &'a [&'a str],
    /// For people.
    pub message: &'a str,
}

const TOO_LARGE_CODES: &[&str] = &[
    "context_length_exceeded",
    "exceed_context_size_error",
    "request_too_large",
    "string_above_max_length",
    "model_max_prompt_tokens_exceeded",
];
const TOO_LARGE: &[&str] = &[
    "context length",
    "context size",
    "context window",
    "context limit",
    "context overflow",
    "contextwindowexceeded",
    "prompt is too long",
    "input is too long",
    "maximum number of tokens allowed",
    "maximum model length",
    "maximum allowed length",
    "too many input tokens",
    "reduce the length of the messages",
    "`inputs` tokens",
    "`inputs` must have less",
];
/// Requests that are above the limit of a minute will never get through.
const TOO_LARGE_FOR_RATE: &[&str] = &["request too large"];

const PAYMENT_CODES: &[&str] = &[
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "insufficient_credits",
    "insufficient_balance",
    "spend_limit_exceeded",
    "budget_exceeded",
];
const PAYMENT: &[&str] = &[
    "spend limit",
    "spending limit",
    "spend cap",
    "spending cap",
    "credit balance",
    "insufficient balance",
    "insufficient credit",
    "insufficient funds",
    "more credits",
    "available credits",
    "out of credits",
    "credits are depleted",
    "budget has been exceeded",
    "api usage limits",
    "payment required",
];

const REFUSED_CODES: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "moderation_blocked",
    "responsibleaipolicyviolation",
    "invalid_prompt",
];
const REFUSED: &[&str] =
    &["contentpolicyviolation", "content exists risk", "flagged as potentially violating"];

const KEY: &[&str] = &["api key not valid", "invalid api key", "incorrect api key", "invalid x-api-key"];

const OVERLOADED_CODES: &[&str] = &[
    "overloaded_error",
    "overloaded",
    "server_overloaded",
    "engine_overloaded",
    "unavailable_error",
    "unavailable",
    "slow_down",
    "capacity_exceeded",
    "service_tier_capacity_exceeded",
];
const OVERLOADED: &[&str] = &["overloaded", "server busy"];

/// Judges a failure.
pub(super) fn classify(told: &Told<'_>) -> ModelErrorKind {
    let message = told.message.to_lowercase();
    let says = |needles: &[&str]| needles.iter().any(|needle| message.contains(needle));
    let is = |codes: &[&str]| {
        told.words.iter().any(|word| codes.iter().any(|code| word.eq_ignore_ascii_case(code)))
    };
    let status = told.status;
    // Words of a message count only where the status leaves the kind open.
    let is_open = matches!(status, None | Some(400 | 403 | 413 | 422 | 429 | 500));
    if is(TOO_LARGE_CODES)
        || status == Some(413)
        || (is_open && says(if status == Some(429) { TOO_LARGE_FOR_RATE } else { TOO_LARGE }))
    {
        ModelErrorKind::PromptTooLarge
    } else if status == Some(402)
        || is(PAYMENT_CODES)
        || (is_open && says(PAYMENT))
        // Google's text for every quota, that of a minute too, mentions billing, and so does OpenAI's for every rate.
        || (is_open
            && status != Some(500)
            && !is(&["resource_exhausted", "rate_limit_exceeded"])
            && !says(&["rate limit"])
            && says(&["billing"]))
    {
        ModelErrorKind::Payment
    } else if is(REFUSED_CODES)
        || (is_open && says(REFUSED))
        || (status == Some(403) && says(&["moderation", "flagged"]))
    {
        ModelErrorKind::Refused
    } else if is(&["api_key_invalid"]) || (matches!(status, None | Some(400 | 500)) && says(KEY)) {
        ModelErrorKind::Authentication
    } else if matches!(status, None | Some(429 | 500)) && (is(OVERLOADED_CODES) || says(OVERLOADED)) {
        ModelErrorKind::Overloaded
    } else {
        by_status(status).unwrap_or_else(|| by_code(&is))
    }
}

fn by_status(status: Option<u16>) -> Option<ModelErrorKind> {
    Some(match status? {
        401 | 403 => ModelErrorKind::Authentication,
        408 => ModelErrorKind::Stalled,
        429 => ModelErrorKind::RateLimit,
        409 | 502 | 504 => ModelErrorKind::Server,
        // 498 is Groq's.
        498 | 503 | 529 => ModelErrorKind::Overloaded,
        400..=499 | 501 => ModelErrorKind::BadRequest,
        _ => return None,
    })
}

/// Without a telling status there is only the code.
fn by_code(is: &impl Fn(&[&str]) -> bool) -> ModelErrorKind {
    const AUTHENTICATION: &[&str] = &[
        "invalid_api_key",
        "authentication_error",
        "permission_error",
        "permission_denied",
        "unauthenticated",
        "unauthorized",
        "authenticationerror",
    ];
    const RATE_LIMIT: &[&str] = &[
        "rate_limit_exceeded",
        "rate_limit_error",
        "rate_limited",
        "resource_exhausted",
        "ratelimiterror",
        "throttling_error",
    ];
    const BAD_REQUEST: &[&str] = &[
        "invalid_request_error",
        "model_not_found",
        "not_found_error",
        "not_found",
        "invalid_argument",
        "failed_precondition",
        "not_supported_error",
        "badrequesterror",
        "notfounderror",
    ];
    if is(AUTHENTICATION) {
        ModelErrorKind::Authentication
    } else if is(RATE_LIMIT) {
        ModelErrorKind::RateLimit
    } else if is(BAD_REQUEST) {
        ModelErrorKind::BadRequest
    } else {
        ModelErrorKind::Server
    }
}
