//! What each vendor really answers, and the kind it must become.

use ModelErrorKind::*;

use super::*;

fn check(status: u16, body: &str, kind: ModelErrorKind, code: Option<&str>, message: &str) {
    let fault = Fault::with_status(status, "Reason", body);
    let told = (fault.kind, fault.status, fault.code.as_deref(), fault.message.as_str());
    assert_eq!(told, (kind, Some(status), code, message), "{status} {body}");
}

/// Checks `(status, body, kind)`.
fn check_kinds(cases: &[(u16, &str, ModelErrorKind)]) {
    for (status, body, kind) in cases {
        let fault = Fault::with_status(*status, "Reason", body);
        assert_eq!((fault.kind, fault.status), (*kind, Some(*status)), "{status} {body}");
        assert!(!fault.message.is_empty(), "{status} {body}");
    }
}

#[test]
fn openai_and_azure() {
    check_kinds(&[
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            PromptTooLarge,
        ),
        (
            400,
            r#"{"error":{"message":"Invalid 'input': string too long.","type":"invalid_request_error","code":"string_above_max_length"}}"#,
            PromptTooLarge,
        ),
        (
            429,
            r#"{"error":{"message":"Request too large for gpt-x in organization o on tokens per min (TPM): Limit 30000, Requested 40000.","type":"tokens","code":"rate_limit_exceeded"}}"#,
            PromptTooLarge,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-x on requests per min (RPM): Limit 3, Used 3","type":"requests","code":"rate_limit_exceeded"}}"#,
            RateLimit,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-x in organization o on requests per min. Limit: 3 / min. Please try again in 20s. Please add a payment method to your account to increase your rate limit. Visit https://platform.openai.com/account/billing to add a payment method.","type":"requests","param":null,"code":null}}"#,
            RateLimit,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            Payment,
        ),
        (
            400,
            r#"{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","code":"billing_hard_limit_reached"}}"#,
            Payment,
        ),
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-x.","type":"invalid_request_error","code":"invalid_api_key"}}"#,
            Authentication,
        ),
        (
            403,
            r#"{"error":{"message":"You have insufficient permissions for this operation.","type":"invalid_request_error"}}"#,
            Authentication,
        ),
        (
            404,
            r#"{"error":{"message":"The model `x` does not exist or you do not have access to it.","type":"invalid_request_error","code":"model_not_found"}}"#,
            BadRequest,
        ),
        (
            400,
            r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}"#,
            BadRequest,
        ),
        (
            400,
            r#"{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","code":"invalid_prompt"}}"#,
            Refused,
        ),
        (
            400,
            r#"{"error":{"code":"content_filter","message":"filtered","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            Refused,
        ),
        (
            401,
            r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key."}}"#,
            Authentication,
        ),
        (
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist."}}"#,
            BadRequest,
        ),
        (
            500,
            r#"{"error":{"message":"The server had an error while processing your request","type":"server_error"}}"#,
            Server,
        ),
        (
            503,
            r#"{"error":{"message":"That model is currently overloaded","type":"server_error","code":"slow_down"}}"#,
            Overloaded,
        ),
    ]);
}

#[test]
fn anthropic() {
    check_kinds(&[
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            PromptTooLarge,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}}"#,
            PromptTooLarge,
        ),
        (
            413,
            r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
            PromptTooLarge,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
            Payment,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01."}}"#,
            Payment,
        ),
        (402, r#"{"type":"error","error":{"type":"billing_error","message":"m"}}"#, Payment),
        (
            401,
            r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
            Authentication,
        ),
        (
            403,
            r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission"}}"#,
            Authentication,
        ),
        (
            404,
            r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-x"}}"#,
            BadRequest,
        ),
        (
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit"}}"#,
            RateLimit,
        ),
        (500, r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#, Server),
        (504, r#"{"type":"error","error":{"type":"timeout_error","message":"timed out"}}"#, Server),
        (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, Overloaded),
    ]);
}

#[test]
fn gemini() {
    let key = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;
    check(
        400,
        key,
        Authentication,
        Some("INVALID_ARGUMENT"),
        "API key not valid. Please pass a valid API key.",
    );
    check_kinds(&[
        (
            400,
            r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
            PromptTooLarge,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"Gemini API free tier is not available in your country. Please enable billing on your project.","status":"FAILED_PRECONDITION"}}"#,
            Payment,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"Invalid JSON payload received.","status":"INVALID_ARGUMENT"}}]"#,
            BadRequest,
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED"}}"#,
            Authentication,
        ),
        (404, r#"{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}"#, BadRequest),
        (
            429,
            r#"{"error":{"code":429,"message":"Your project has exceeded its monthly spending cap.","status":"RESOURCE_EXHAUSTED"}}"#,
            Payment,
        ),
        (
            500,
            r#"{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}"#,
            Server,
        ),
        (
            503,
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
            Overloaded,
        ),
        (504, r#"{"error":{"code":504,"message":"Deadline exceeded","status":"DEADLINE_EXCEEDED"}}"#, Server),
    ]);
}

#[test]
fn gemini_says_in_the_body_when_to_try_again() {
    let check = |quota: &str, delay: &str, expected: Option<Duration>| {
        let body = serde_json::json!({"error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your plan and billing details.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]},
                {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
            ],
        }});
        let fault = Fault::with_status(429, "Reason", &body.to_string());
        assert_eq!((fault.kind, fault.retry_after), (RateLimit, expected), "{quota} {delay}");
        assert_eq!(Fault::in_band(&body).map(|fault| fault.retry_after), Some(expected));
    };
    let per_minute = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
    check(per_minute, "34s", Some(Duration::from_secs(34)));
    check(per_minute, "1.5s", Some(Duration::from_millis(1500)));
    for garbage in ["", "s", "-3s", "NaNs", "34", "1e300s"] {
        check(per_minute, garbage, None);
    }
    check("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "34s", None);
}

#[test]
fn local_servers() {
    // llama-server
    let large = r#"{"error":{"code":400,"message":"m","type":"exceed_context_size_error","n_ctx":4096}}"#;
    check(400, large, PromptTooLarge, Some("exceed_context_size_error"), "m");
    check_kinds(&[
        (
            500,
            r#"{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}"#,
            PromptTooLarge,
        ),
        (
            401,
            r#"{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}"#,
            Authentication,
        ),
        (404, r#"{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}"#, BadRequest),
        (
            501,
            r#"{"error":{"code":501,"message":"This server does not support it","type":"not_supported_error"}}"#,
            BadRequest,
        ),
        (503, r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#, Overloaded),
        // Ollama
        (400, r#"{"error":"the input length exceeds the context length"}"#, PromptTooLarge),
        (404, r#"{"error":"model 'x' not found"}"#, BadRequest),
        (500, r#"{"error":"llama runner process has terminated: signal: killed"}"#, Server),
        (503, r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#, Overloaded),
        // vLLM, before and after it wrapped its errors; SGLang; text-generation-inference
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.","type":"BadRequestError","param":null,"code":400}}"#,
            PromptTooLarge,
        ),
        (
            400,
            r#"{"object":"error","message":"The decoder prompt (length 5000) is longer than the maximum model length of 4096.","type":"BadRequestError","param":null,"code":400}"#,
            PromptTooLarge,
        ),
        (401, r#"{"error":"Unauthorized"}"#, Authentication),
        (
            404,
            r#"{"error":{"message":"The model `x` does not exist.","type":"NotFoundError","param":"model","code":404}}"#,
            BadRequest,
        ),
        (
            500,
            r#"{"error":{"message":"EngineCore encountered an issue.","type":"InternalServerError","param":null,"code":500}}"#,
            Server,
        ),
        (
            422,
            r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000","error_type":"validation"}"#,
            PromptTooLarge,
        ),
        (429, r#"{"error":"Model is overloaded","error_type":"overloaded"}"#, Overloaded),
    ]);
    let fastapi =
        r#"{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":{}}]}"#;
    check(422, fastapi, BadRequest, None, "body.messages: Field required");
    check(404, r#"{"detail":"Not Found"}"#, BadRequest, None, "Not Found");
}

#[test]
fn routers_and_other_vendors() {
    check_kinds(&[
        // OpenRouter
        (
            402,
            r#"{"error":{"code":402,"message":"This request requires more credits, or fewer max_tokens."},"user_id":"u"}"#,
            Payment,
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"]}}}"#,
            Refused,
        ),
        (404, r#"{"error":{"code":404,"message":"No endpoints found that support tool use."}}"#, BadRequest),
        (408, r#"{"error":{"code":408,"message":"Request timed out"}}"#, Stalled),
        (429, r#"{"error":{"code":429,"message":"Rate limit exceeded: free-models-per-day"}}"#, RateLimit),
        (502, r#"{"error":{"code":502,"message":"The model is down"}}"#, Server),
        // Mistral
        (
            400,
            r#"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","param":null,"code":"3051"}"#,
            PromptTooLarge,
        ),
        (401, r#"{"detail":"Unauthorized"}"#, Authentication),
        (
            429,
            r#"{"object":"error","message":"Requests rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}"#,
            RateLimit,
        ),
        (
            429,
            r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}"#,
            Overloaded,
        ),
        // DeepSeek
        (
            402,
            r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}"#,
            Payment,
        ),
        (
            400,
            r#"{"error":{"message":"Content Exists Risk","type":"invalid_request_error","code":"invalid_request_error"}}"#,
            Refused,
        ),
        // LiteLLM
        (
            400,
            r#"{"error":{"message":"litellm.ContextWindowExceededError: m","type":null,"param":null,"code":"400"}}"#,
            PromptTooLarge,
        ),
        (
            400,
            r#"{"error":{"message":"Budget has been exceeded! Current cost: 2, Max budget: 1","type":"budget_exceeded","param":null,"code":"400"}}"#,
            Payment,
        ),
        (
            400,
            r#"{"error":{"message":"litellm.ContentPolicyViolationError: m","type":"None","code":"400"}}"#,
            Refused,
        ),
        (
            429,
            r#"{"error":{"message":"No deployments available for selected model, Try again in 60 seconds.","type":"None","param":"None","code":"429"}}"#,
            RateLimit,
        ),
        // Groq, xAI, Cloudflare
        (
            498,
            r#"{"error":{"message":"Flex tier capacity exceeded","type":"capacity_exceeded"}}"#,
            Overloaded,
        ),
        (
            403,
            r#"{"code":"The caller does not have permission","error":"Your team has used all available credits or reached its monthly spending limit."}"#,
            Payment,
        ),
        (
            401,
            r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#,
            Authentication,
        ),
    ]);
    let behind = r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"This endpoint's maximum context length is 8192 tokens.\"}}","provider_name":"P"}}}"#;
    let message = "Provider returned error: This endpoint's maximum context length is 8192 tokens.";
    check(400, behind, PromptTooLarge, Some("400"), message);
    let upstream = r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"x is temporarily rate-limited upstream."}}}"#;
    check(
        429,
        upstream,
        RateLimit,
        Some("429"),
        "Provider returned error: x is temporarily rate-limited upstream.",
    );
    let mistral = r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}"#;
    let message = "body.stream_options: Extra inputs are not permitted";
    check(422, mistral, BadRequest, Some("invalid_request_error"), message);
    let litellm = r#"{"error":{"message":"m","type":"None","param":"None","code":"404"}}"#;
    check(404, litellm, BadRequest, Some("404"), "m");
}

#[test]
fn bodies_that_say_nothing() {
    for (status, kind) in [
        (301, Server),
        (400, BadRequest),
        (401, Authentication),
        (402, Payment),
        (403, Authentication),
        (404, BadRequest),
        (408, Stalled),
        (409, Server),
        (413, PromptTooLarge),
        (422, BadRequest),
        (429, RateLimit),
        (500, Server),
        (502, Server),
        (503, Overloaded),
        (504, Server),
        (529, Overloaded),
    ] {
        for body in
            ["", "{}", "[]", "null", "3", "<html>nginx</html>", r#"{"error":{}}"#, r#"{"error":null}"#]
        {
            check(status, body, kind, None, "Reason");
        }
    }
    check(502, " upstream gone\n", Server, None, "upstream gone");
    check(500, r#"{"error":true,"message":"m"}"#, Server, None, "m");
    check(500, r#"{"error":{"type":"x"}}"#, Server, Some("x"), "Reason");
}

fn check_in_band(answer: &str, expected: Option<(ModelErrorKind, Option<u16>)>) {
    let answer = serde_json::from_str(answer).expect("valid JSON");
    assert_eq!(Fault::in_band(&answer).map(|fault| (fault.kind, fault.status)), expected, "{answer}");
}

#[test]
fn in_band() {
    check_in_band(r#"{"error":null,"choices":[]}"#, None);
    check_in_band(r#"{"error":false,"choices":[]}"#, None);
    check_in_band(r#"{"choices":[]}"#, None);
    check_in_band("[]", None);
    check_in_band("3", None);
    check_in_band(r#"{"error":{"code":502,"message":"x"}}"#, Some((Server, Some(502))));
    check_in_band(r#"{"error":{"code":429,"message":"x"}}"#, Some((RateLimit, Some(429))));
    check_in_band(r#"{"error":{"code":"429","message":"x"}}"#, Some((RateLimit, Some(429))));
    check_in_band(r#"{"error":{"type":"overloaded_error","message":"x"}}"#, Some((Overloaded, None)));
    check_in_band(r#"{"error":{"status":"UNAVAILABLE","message":"x"}}"#, Some((Overloaded, None)));
    check_in_band(r#"{"error":{"type":"RateLimitError","message":"x"}}"#, Some((RateLimit, None)));
    check_in_band(r#"{"error":{"type":"authentication_error","message":"x"}}"#, Some((Authentication, None)));
    check_in_band(r#"{"error":{"message":"prompt is too long"}}"#, Some((PromptTooLarge, None)));
    check_in_band(r#"{"error":"broken"}"#, Some((Server, None)));
    check_in_band(r#"{"error":"unauthorized","code":401}"#, Some((Authentication, Some(401))));
    check_in_band(r#"{"error":true,"message":"x"}"#, Some((Server, None)));
    check_in_band(r#"{"error":{}}"#, Some((Server, None)));
    check_in_band(r#"{"object":"error","code":404,"message":"x"}"#, Some((BadRequest, Some(404))));
    check_in_band(
        r#"{"object":"error","error":null,"code":404,"message":"x"}"#,
        Some((BadRequest, Some(404))),
    );
    check_in_band(r#"[{"error":{"code":400,"message":"x"}}]"#, Some((BadRequest, Some(400))));
}

#[test]
fn long_messages_are_cut_between_characters() {
    assert_eq!(shortened(&"é".repeat(5000)).chars().count(), 1001);
}
