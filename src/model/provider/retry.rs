//! When to ask again: the rules, without a clock. [`super::transport`] does the waiting.
//!
//! Only before any output, at most [`MAX_RETRIES`] times, and never for an error that the same request will
//! meet again. A 429 without a time may be a spend limit, so it is not repeated.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

use crate::model::{ModelError, ModelErrorKind};

/// Retries of one request.
pub(super) const MAX_RETRIES: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Nobody waits longer for a promised time: a fallback or the person decides.
const LONGEST_PROMISE: Duration = Duration::from_secs(120);

/// Returns the pause before the next attempt, or `None` to give up. `advice` is the server's `x-should-retry`,
/// `jitter` a random number from 0 to 1.
pub(super) fn pause(
    error: &ModelError,
    advice: Option<bool>,
    n_retries: u32,
    jitter: f64,
) -> Option<Duration> {
    let is_final = matches!(error.kind, ModelErrorKind::Payment | ModelErrorKind::Authentication);
    if n_retries >= MAX_RETRIES || is_final {
        return None;
    }
    let is_passing = match error.status {
        Some(429) => error.retry_after.is_some(),
        // What a server cannot do (501) it cannot do later.
        Some(status) => matches!(status, 408 | 409 | 498 | 500..) && status != 501,
        None => match error.kind {
            ModelErrorKind::Network | ModelErrorKind::Overloaded => true,
            ModelErrorKind::RateLimit => error.retry_after.is_some(),
            _ => false,
        },
    } && !is_hopeless(error.kind);
    if !advice.unwrap_or(is_passing) {
        return None;
    }
    if let Some(promise) = error.retry_after {
        return (promise <= LONGEST_PROMISE).then_some(promise);
    }
    let pause = FIRST_PAUSE.saturating_mul(1 << n_retries).min(LONGEST_PAUSE);
    Some(pause.mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0)))
}

/// Whether the same request meets the same error again, whatever its status.
fn is_hopeless(kind: ModelErrorKind) -> bool {
    matches!(kind, ModelErrorKind::PromptTooLarge | ModelErrorKind::Refused)
}

/// Reads `x-should-retry`.
pub(super) fn advice(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.to_str().ok()? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Reads `retry-after-ms`, else `retry-after` in seconds or as a date in any of the three forms of RFC 9110, 5.6.7.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name, unit: f64| {
        let seconds = value(name)?.parse::<f64>().ok()? * unit;
        Duration::try_from_secs_f64(seconds).ok()
    };
    number("retry-after-ms", 0.001).or_else(|| number("retry-after", 1.0)).or_else(|| {
        let date = httpdate::parse_http_date(value("retry-after")?).ok()?;
        Some(date.duration_since(now).unwrap_or(Duration::ZERO))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMISE: Option<Duration> = Some(Duration::from_secs(3));

    fn error(kind: ModelErrorKind, status: Option<u16>, retry_after: Option<Duration>) -> ModelError {
        ModelError { status, retry_after, ..ModelError::new(kind, "p", "m", "") }
    }

    fn check(error: &ModelError, advice: Option<bool>, expected: &[u64]) {
        let pauses = (0..).map_while(|n| pause(error, advice, n, 0.0));
        let pauses: Vec<_> = pauses.map(|pause| u64::try_from(pause.as_millis()).expect("short")).collect();
        assert_eq!(pauses, expected, "{error:?} {advice:?}");
    }

    #[test]
    fn which_errors_and_how_long() {
        use ModelErrorKind::*;
        for (kind, status) in [(Server, 500), (Overloaded, 529), (Stalled, 408), (Server, 409)] {
            check(&error(kind, Some(status), None), None, &[500, 1000]);
            check(&error(kind, Some(status), None), Some(false), &[]);
        }
        check(&error(Network, None, None), None, &[500, 1000]);
        check(&error(RateLimit, Some(429), PROMISE), None, &[3000, 3000]);
        check(&error(RateLimit, Some(429), None), None, &[]);
        check(&error(RateLimit, Some(429), None), Some(true), &[500, 1000]);
        check(&error(RateLimit, None, PROMISE), None, &[3000, 3000]);
        check(&error(RateLimit, None, None), None, &[]);
        check(&error(PromptTooLarge, Some(500), None), None, &[]);
        check(&error(BadRequest, Some(501), None), None, &[]);
        check(&error(RateLimit, Some(429), Some(Duration::from_secs(121))), None, &[]);
        check(&error(Payment, Some(429), PROMISE), Some(true), &[]);
        for (kind, status) in [(BadRequest, Some(404)), (Truncated, None), (Stalled, None), (Server, None)] {
            check(&error(kind, status, None), None, &[]);
        }
    }

    #[test]
    fn jitter_only_shortens() {
        let error = error(ModelErrorKind::Network, None, None);
        assert_eq!(pause(&error, None, 1, 1.0), Some(Duration::from_millis(750)));
        assert_eq!(pause(&error, None, 1, f64::MAX), Some(Duration::from_millis(750)));
    }

    fn check_headers(headers: &[(&'static str, &str)], expected: Option<Duration>) {
        let headers = headers.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, value.parse().expect("a header value"))
        });
        // Sun, 06 Nov 1994 08:49:30 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after(&headers.collect(), now), expected);
    }

    #[test]
    fn promises() {
        check_headers(&[], None);
        check_headers(&[("retry-after", "2")], Some(Duration::from_secs(2)));
        check_headers(&[("retry-after", "0.5")], Some(Duration::from_millis(500)));
        check_headers(&[("retry-after", "9"), ("retry-after-ms", "250")], Some(Duration::from_millis(250)));
        let dates =
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
        for date in dates {
            check_headers(&[("retry-after", date)], Some(Duration::from_secs(7)));
        }
        check_headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")], Some(Duration::ZERO));
        for garbage in ["-1", "NaN", "1e300", "soon", "Sun, 06 Nov 1994", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            check_headers(&[("retry-after", garbage)], None);
        }
    }
}
