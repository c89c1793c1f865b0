//! HTTP: one request, its answer as events, with time-outs and retries; the same for every protocol.
//!
//! Nothing is sent before the stream is polled. There is no task behind a stream: dropping it drops the
//! connection. What a server says reaches errors without the key.

mod answer;
mod headers;

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::StreamExt as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use tokio::time::{Instant, sleep, timeout_at};

use self::answer::Answer;
use super::codec::Wire;
use super::failure::{Fault, shortened};
use super::key::{Got, Key};
use super::protocol::{Below, KeyHeader, Protocol};
use super::retry;
use crate::model::{
    ModelError, ModelErrorKind, ModelSettings, Outgoing, ProviderSettings, ReplyStream, StreamEvent, Upstream,
};

/// What an answer may come as.
const ACCEPTED: &str = "text/event-stream, application/x-ndjson, application/json";
/// Bytes of an answer's error body that are read.
const ERROR_BODY_LIMIT: usize = 64 << 10;

/// The longest wait for the body of an error whose status is there.
const ERROR_BODY_PATIENCE: Duration = Duration::from_secs(5);

/// What a model over HTTP is made of.
pub(super) struct Connection {
    pub client: Client,
    /// The base URL; without query and fragment.
    pub base: Url,
    pub key: Option<Key>,
    /// The configured further headers.
    pub headers: HeaderMap,
    pub provider: ProviderSettings,
    pub settings: ModelSettings,
}

/// A model behind HTTP.
pub(super) struct HttpModel(Arc<Connection>);

impl HttpModel {
    pub(super) fn new(connection: Connection) -> Self {
        Self(Arc::new(connection))
    }
}

impl Upstream for HttpModel {
    fn provider(&self) -> &ProviderSettings {
        &self.0.provider
    }

    fn settings(&self) -> &ModelSettings {
        &self.0.settings
    }

    fn send(&self, request: Outgoing) -> ReplyStream {
        let connection = Arc::clone(&self.0);
        let sending = match connection.sending(&request) {
            Ok(sending) => sending,
            Err(fault) => return futures::stream::iter([Err(connection.error(fault))]).boxed(),
        };
        let asking = Asking {
            sending,
            connection,
            answer: None,
            queue: VecDeque::new(),
            failure: None,
            n_retries: 0,
            is_shown: false,
            is_ended: false,
        };
        futures::stream::unfold(asking, |mut asking| async move {
            let item = asking.next().await?;
            Some((item, asking))
        })
        .boxed()
    }
}

/// A request, written.
struct Sending {
    protocol: Protocol,
    /// Below the base URL; names the place in errors.
    path: String,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

/// One request under way.
struct Asking {
    connection: Arc<Connection>,
    sending: Sending,
    answer: Option<Answer>,
    queue: VecDeque<StreamEvent>,
    failure: Option<ModelError>,
    n_retries: u32,
    is_shown: bool,
    is_ended: bool,
}

impl Asking {
    async fn next(&mut self) -> Option<Result<StreamEvent, ModelError>> {
        if self.is_ended {
            return None;
        }
        loop {
            if let Some(event) = self.queue.pop_front() {
                // Nobody has to take usage back: the next total replaces it.
                self.is_shown |= !matches!(event, StreamEvent::Usage(_));
                self.is_ended = matches!(event, StreamEvent::Finished(_));
                if self.is_ended {
                    self.answer = None;
                }
                return Some(Ok(event));
            }
            if let Some(failure) = self.failure.take() {
                self.answer = None;
                let Some(pause) = self.pause_after(&failure) else {
                    self.is_ended = true;
                    return Some(Err(failure));
                };
                self.wait(pause, &failure).await;
            }
            // Events that came before a failure go out first.
            self.failure = self.advance().await.err();
        }
    }

    async fn advance(&mut self) -> Result<(), ModelError> {
        let connection = Arc::clone(&self.connection);
        match &mut self.answer {
            Some(answer) => {
                let read = answer.read(&mut self.queue).await;
                read.map_err(|fault| connection.error_with(fault, answer.headers.clone()))
            }
            None => {
                self.answer = Some(connection.open(&self.sending).await?);
                Ok(())
            }
        }
    }

    fn pause_after(&self, failure: &ModelError) -> Option<Duration> {
        if self.is_shown {
            return None;
        }
        retry::pause(failure, failure.should_retry, self.n_retries, jitter())
    }

    async fn wait(&mut self, pause: Duration, error: &ModelError) {
        self.n_retries += 1;
        tracing::debug!(
            provider = error.provider,
            model = error.model,
            kind = ?error.kind,
            status = error.status,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            retry = self.n_retries,
            "asking again"
        );
        sleep(pause).await;
    }
}

impl Connection {
    /// Writes the request.
    fn sending(&self, request: &Outgoing) -> Result<Sending, Fault> {
        let protocol = Protocol::of(self.provider.api, request.request(), &self.settings)?;
        let Wire { path, body, headers } = (protocol.wire)(request.request(), &self.settings)?;
        let mut map = HeaderMap::new();
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        map.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        for (name, value) in headers {
            let value = HeaderValue::try_from(value).map_err(|_| {
                let message = format!("the header {name} cannot carry what the settings ask for");
                Fault::new(ModelErrorKind::BadRequest, message)
            })?;
            map.insert(HeaderName::from_static(name), value);
        }
        // The configuration may replace what the protocol says, such as a version.
        for (name, value) in &self.headers {
            map.insert(name.clone(), value.clone());
        }
        let url = below(&self.base, protocol.below, &path);
        Ok(Sending { protocol, path, url, headers: map, body: Bytes::from(body.to_string()) })
    }

    /// Sends the request and waits for the head of a good answer. With a key that may be had anew, a refusal of the old
    /// one is tried again at once.
    async fn open(&self, sending: &Sending) -> Result<Answer, ModelError> {
        let (mut response, mut first_by, used) = self.send(sending).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let (Some(key), Some(used)) = (&self.key, used)
            && key.forget(&used)
        {
            (response, first_by, _) = self.send(sending).await?;
        }
        if !response.status().is_success() {
            return Err(self.refused(response, &sending.path, first_by).await);
        }
        let told = headers::telling(response.headers());
        Answer::new(response, sending.protocol, self.provider.timeouts, first_by)
            .map_err(|fault| self.error_with(fault, told))
    }

    /// Sends the request with the key and waits for the head of the answer. Also tells by when its first byte is due,
    /// and the key.
    async fn send(&self, sending: &Sending) -> Result<(Response, Instant, Option<Got>), ModelError> {
        let unusable = |message: String| self.error(Fault::new(ModelErrorKind::Authentication, message));
        let mut headers = sending.headers.clone();
        let mut used = None;
        if let Some(key) = &self.key {
            let got = key.get().await.map_err(unusable)?;
            let (name, value) = key_header(&got, sending.protocol.key).map_err(unusable)?;
            headers.insert(name, value);
            used = Some(got);
        }
        // A password store may have asked the person: its time is not the server's.
        let first_by = Instant::now() + self.provider.timeouts.first_byte;
        let request = self.client.post(sending.url.clone()).headers(headers).body(sending.body.clone());
        match timeout_at(first_by, request.send()).await {
            Ok(Ok(response)) => Ok((response, first_by, used)),
            Ok(Err(error)) => Err(self.error(answer::broken(error))),
            Err(_) => Err(self.error(answer::silent(self.provider.timeouts.first_byte))),
        }
    }

    /// Reads an answer with an error status.
    async fn refused(&self, mut response: Response, path: &str, deadline: Instant) -> ModelError {
        let status = response.status();
        let should_retry = retry::advice(response.headers());
        let retry_after = retry::retry_after(response.headers(), SystemTime::now());
        let told = headers::telling(response.headers());
        let is_page = headers::is_page(response.headers());
        let mut body = Vec::new();
        let patience = ERROR_BODY_PATIENCE.min(self.provider.timeouts.idle_bytes);
        let deadline = deadline.min(Instant::now() + patience);
        // What has come by the deadline is enough: the status alone says the most.
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await
            && body.len() < ERROR_BODY_LIMIT
        {
            body.extend_from_slice(&chunk);
        }
        let standard = status.canonical_reason().unwrap_or("the server gave no reason");
        let reason = match status.as_u16() {
            300..400 => "the server redirects, which is not followed".to_owned(),
            404 | 405 => format!("the server has nothing at {path} below `base_url`"),
            _ if is_page => format!("a web page came instead of an answer ({standard})"),
            _ => standard.to_owned(),
        };
        let mut fault = Fault::with_status(status.as_u16(), &reason, &String::from_utf8_lossy(&body));
        if matches!(status.as_u16(), 404 | 405) && says_no_more(&fault.message) {
            fault.message = reason;
        }
        let retry_after = retry_after.or(fault.retry_after);
        ModelError { retry_after, should_retry, ..self.error_with(fault, told) }
    }

    fn error(&self, fault: Fault) -> ModelError {
        self.error_with(fault, Vec::new())
    }

    /// Ties a fault to the provider and the model. `headers` are those of the answer.
    fn error_with(&self, fault: Fault, headers: Vec<(String, String)>) -> ModelError {
        let redacted = |text: String| match &self.key {
            Some(key) => key.redact(&text),
            None => text,
        };
        let error = ModelError {
            kind: fault.kind,
            provider: self.settings.provider.clone(),
            model: self.settings.name.clone(),
            status: fault.status,
            code: fault.code.map(redacted),
            message: shortened(&redacted(fault.message)),
            retry_after: fault.retry_after,
            should_retry: None,
            headers: headers.into_iter().map(|(name, value)| (name, redacted(value))).collect(),
        };
        tracing::debug!(
            provider = error.provider,
            model = error.model,
            kind = ?error.kind,
            status = error.status,
            code = error.code,
            "request failed"
        );
        error
    }
}

/// Whether a message says of a missing path only what the status said already.
fn says_no_more(message: &str) -> bool {
    let message = message.trim().trim_end_matches('.').to_lowercase();
    matches!(
        &*message,
        "not found" | "404 page not found" | "404 not found" | "method not allowed" | "file not found"
    )
}

/// `path`, which may have a query, below the base URL.
fn below(base: &Url, below: Below, path: &str) -> Url {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let root = base.path().trim_end_matches('/');
    let root = match below {
        Below::Base => root,
        Below::Root => root.strip_suffix("/v1").unwrap_or(root),
    };
    let mut url = base.clone();
    url.set_path(&format!("{root}/{path}"));
    url.set_query(query);
    url
}

/// A random number from 0 to 1; the standard library's hash seeds are random enough to spread retries.
fn jitter() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

/// The header that carries a key.
fn key_header(got: &Got, form: KeyHeader) -> Result<(HeaderName, HeaderValue), String> {
    let key = got.secret.expose_secret();
    let (name, value) = match form {
        KeyHeader::Bearer => {
            let text = Zeroizing::new(format!("Bearer {key}"));
            (AUTHORIZATION, HeaderValue::try_from(text.as_str()))
        }
        KeyHeader::Named(name) => (HeaderName::from_static(name), HeaderValue::try_from(key)),
    };
    let mut value = value.map_err(|_| "the key has characters no header can carry")?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let check = |base: &str, root, path: &str, expected: &str| {
            let base = Url::parse(base).expect("a URL");
            assert_eq!(below(&base, root, path).as_str(), expected);
        };
        check("http://h:1/v1", Below::Base, "chat/completions", "http://h:1/v1/chat/completions");
        check("https://h/a/v1/", Below::Base, "m:x?alt=sse", "https://h/a/v1/m:x?alt=sse");
        check("http://h/v1/", Below::Root, "infill", "http://h/infill");
        check("http://h", Below::Root, "api/chat", "http://h/api/chat");
        check("http://h", Below::Base, "chat/completions", "http://h/chat/completions");
        check("http://h/api/v1", Below::Root, "infill", "http://h/api/infill");
    }

    #[test]
    fn messages_that_say_no_more_than_the_status() {
        assert!(["Not Found", "404 page not found\n", "Method Not Allowed."].into_iter().all(says_no_more));
        assert!(!says_no_more("model 'x' not found"));
    }

    #[test]
    fn jitter_is_a_fraction() {
        assert!((0..100).map(|_| jitter()).all(|jitter| (0.0..=1.0).contains(&jitter)));
    }
}
