//! HTTP: one request, its answer as events, with time-outs and retries; and the client that carries them.
//!
//! Nothing is sent before the stream is polled. There is no task behind a stream: dropping it drops the
//! connection. Redirects are not followed, so a key never travels to another host; loopback addresses are never
//! asked through a proxy. What a server says reaches errors without the key.

mod answer;

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::StreamExt as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, Url, redirect};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use serde_json::Number;
use tokio::time::{Instant, sleep, timeout_at};

use self::answer::Answer;
use super::failure::{Fault, shortened};
use super::key::Key;
use super::{openai_chat, retry};
use crate::model::{
    ModelError, ModelErrorKind, ModelSettings, Outgoing, ProviderSettings, ReplyStream, Request, StreamEvent,
    Upstream,
};

/// Bytes of an answer's error body that are read.
const ERROR_BODY_LIMIT: usize = 64 << 10;

/// What a model over HTTP is made of.
pub(super) struct Connection {
    pub client: Client,
    pub endpoint: Url,
    pub key: Option<Key>,
    pub provider: ProviderSettings,
    pub settings: ModelSettings,
    pub temperature: Option<Number>,
}

/// A model that speaks the `OpenAI` Chat protocol.
pub(super) struct HttpModel(Arc<Connection>);

/// An error on its way out, with what the server says about trying again.
struct Failure {
    error: ModelError,
    advice: Option<bool>,
}

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
        let Request::Chat(request) = request.request() else {
            let fault = Fault::new(ModelErrorKind::BadRequest, "this model cannot fill in a middle");
            return futures::stream::iter([Err(connection.failure(fault).error)]).boxed();
        };
        let body = openai_chat::body(request, &connection.settings, connection.temperature.as_ref());
        let asking = Asking {
            body: Bytes::from(body.to_string()),
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

/// One request under way.
struct Asking {
    connection: Arc<Connection>,
    body: Bytes,
    answer: Option<Answer>,
    queue: VecDeque<StreamEvent>,
    failure: Option<Failure>,
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
                self.is_shown = true;
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
                    return Some(Err(failure.error));
                };
                self.wait(pause, &failure.error).await;
            }
            // Events that came before a failure go out first.
            self.failure = self.advance().await.err();
        }
    }

    async fn advance(&mut self) -> Result<(), Failure> {
        let connection = Arc::clone(&self.connection);
        match &mut self.answer {
            Some(answer) => {
                answer.read(&mut self.queue).await.map_err(|fault| connection.failure(fault))?;
            }
            None => self.answer = Some(connection.open(self.body.clone()).await?),
        }
        Ok(())
    }

    fn pause_after(&self, failure: &Failure) -> Option<Duration> {
        if self.is_shown {
            return None;
        }
        retry::pause(&failure.error, failure.advice, self.n_retries, jitter())
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
    /// Sends the request and waits for the head of a good answer.
    async fn open(&self, body: Bytes) -> Result<Answer, Failure> {
        let authorization = self
            .authorization()
            .await
            .map_err(|message| self.failure(Fault::new(ModelErrorKind::Authentication, message)))?;
        let first_by = Instant::now() + self.provider.timeouts.first_byte;
        let mut request = self
            .client
            .post(self.endpoint.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream, application/json")
            .body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = match timeout_at(first_by, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.failure(answer::broken(error))),
            Err(_) => return Err(self.failure(answer::silent(self.provider.timeouts.first_byte))),
        };
        if !response.status().is_success() {
            return Err(self.refused(response, first_by).await);
        }
        Answer::new(response, self.provider.timeouts, first_by).map_err(|fault| self.failure(fault))
    }

    async fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        let Some(key) = &self.key else { return Ok(None) };
        let key = key.get().await?;
        let text = Zeroizing::new(format!("Bearer {}", key.expose_secret()));
        let mut value =
            HeaderValue::try_from(text.as_str()).map_err(|_| "the key has characters no header can carry")?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Reads an answer with an error status.
    async fn refused(&self, mut response: Response, deadline: Instant) -> Failure {
        let status = response.status();
        let advice = retry::advice(response.headers());
        let retry_after = retry::retry_after(response.headers(), SystemTime::now());
        let mut body = Vec::new();
        // What has come by the deadline is enough: the status alone says the most.
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await
            && body.len() < ERROR_BODY_LIMIT
        {
            body.extend_from_slice(&chunk);
        }
        let reason = if status.is_redirection() {
            "the server redirects, which is not followed"
        } else {
            status.canonical_reason().unwrap_or("the server gave no reason")
        };
        let fault = Fault::with_status(status.as_u16(), reason, &String::from_utf8_lossy(&body));
        let mut failure = self.failure(fault);
        failure.error.retry_after = retry_after;
        failure.advice = advice;
        failure
    }

    fn failure(&self, fault: Fault) -> Failure {
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
            retry_after: None,
            should_retry: None,
            headers: Vec::new(),
        };
        tracing::debug!(
            provider = error.provider,
            model = error.model,
            kind = ?error.kind,
            status = error.status,
            code = error.code,
            "request failed"
        );
        Failure { error, advice: None }
    }
}

/// Builds a client for `url`'s host.
pub(super) fn client(url: &Url, connect: Duration) -> Result<Client, reqwest::Error> {
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(connect)
        .tcp_nodelay(true)
        .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")));
    if is_loopback(url) && url.scheme() == "http" {
        // No certificates are read either: a machine without any can still use its own server.
        builder.no_proxy().tls_certs_only([]).build()
    } else if is_loopback(url) {
        builder.no_proxy().build()
    } else {
        builder.build()
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.map_or_else(|_| host == "localhost" || host.ends_with(".localhost"), |ip| ip.is_loopback())
    })
}

/// A random number from 0 to 1; the standard library's hash seeds are random enough to spread retries.
fn jitter() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback() {
        let check = |url: &str, expected| {
            assert_eq!(is_loopback(&Url::parse(url).expect("a URL")), expected, "{url}");
        };
        check("http://127.0.0.1:1", true);
        check("http://127.9.9.9/v1", true);
        check("http://[::1]:8080/v1", true);
        check("http://LocalHost/v1", true);
        check("http://a.localhost/v1", true);
        check("http://localhost.example.com/v1", false);
        check("http://10.0.0.1", false);
        check("https://[2001:db8::1]", false);
    }

    #[test]
    fn jitter_is_a_fraction() {
        assert!((0..100).map(|_| jitter()).all(|jitter| (0.0..=1.0).contains(&jitter)));
    }
}
