//! What the headers of an answer tell besides the body: the ids to find it again, rate limits, a web page.

use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// Headers kept of one answer, and characters kept of each.
const MOST: usize = 32;
const LONGEST: usize = 256;

/// The request ids and rate limits among the headers of an answer, with lower-cased names.
pub(super) fn telling(headers: &HeaderMap) -> Vec<(String, String)> {
    let names = headers.iter().filter(|(name, _)| is_telling(name.as_str()));
    let readable = names.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    readable
        .take(MOST)
        .map(|(name, value)| (name.to_owned(), value.chars().take(LONGEST).collect()))
        .collect()
}

/// Whether the body is a web page: no API answers so, but proxies and other servers do.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.trim_start().to_lowercase().starts_with("text/html")
}

fn is_telling(name: &str) -> bool {
    let families = ["retry-after", "x-ratelimit-", "anthropic-ratelimit-"];
    matches!(name, "x-request-id" | "request-id") || families.iter().any(|family| name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_what_tells_and_not_too_much() {
        let mut headers = HeaderMap::new();
        let mut add = |name: &str, value: &str| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        };
        add("X-Request-Id", "req_1");
        add("set-cookie", "secret");
        add("request-id", "req_2");
        add("retry-after-ms", "5");
        add("anthropic-ratelimit-requests-remaining", &"9".repeat(1000));
        let found = telling(&headers);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["x-request-id", "request-id", "retry-after-ms", "anthropic-ratelimit-requests-remaining"]
        );
        assert_eq!(found[3].1.len(), LONGEST);

        for n in 0..100 {
            headers.append("x-request-id", HeaderValue::from(n));
        }
        assert_eq!(telling(&headers).len(), MOST);
    }
}
